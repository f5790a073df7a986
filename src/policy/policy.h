/*
 * ▷ Policies before they have a syntax: one per workload, derived from the graph.
 *
 * Plain and sorted. kind.h turns them into objects.
 */
#ifndef NETPOL_POLICY_POLICY_H
#define NETPOL_POLICY_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "base/problem.h"
#include "model/graph.h"
#include "policy/coverage.h"
#include "policy/direction.h"
#include "policy/known_networks.h"
#include "policy/readiness.h"

enum peer_kind {
	PEER_PODS,
	PEER_BLOCK,
	PEER_ALL_PODS, /* of all namespaces */
	PEER_ENTITY    /* only where policy_request.entities */
};

/* What a network plugin knows by itself, whatever its addresses. */
enum entity {
	ENTITY_HOST,       /* the pod's own node */
	ENTITY_NODES,      /* the pod's own node and all others */
	ENTITY_API_SERVER, /* wherever it runs */
	ENTITY_WORLD       /* all that is outside of the cluster */
};

/* In what a peer, or its ports, allow more than was seen. */
enum {
	WIDER_AGGREGATED = 1 << 0,    /* a block in which only some addresses were seen */
	WIDER_KNOWN_NETWORK = 1 << 1, /* the published ranges of a network, one of which was seen */
	WIDER_ANY_CLIENT = 1 << 2,    /* clients that were not seen, as tomorrow's will not be */
	WIDER_FOLDED = 1 << 3,        /* the record has a prefix where there were addresses */
	WIDER_DNS = 1 << 4,           /* a resolver that others ask, or all pods that may ask one */
	WIDER_SERVICE_PORT = 1 << 5,  /* a service's own port or address */
	WIDER_OWN_NODE = 1 << 6,      /* ingress from the pod's own node, which needs no rule */
	WIDER_INCLUDED = 1 << 7,      /* evidence that would be left out without --include */
	WIDER_ENTITY = 1 << 8,        /* an entity where there were addresses */
	WIDER_ALL_OF = 1 << 9,        /* all pods of a namespace for pods without labels */
	WIDER_ENDPOINTS = 1 << 10,    /* endpoints of the same service that were not seen */
	WIDER_SOURCE_NAT = 1 << 11    /* a client whose node put its address in, and other nodes */
};

/* How many addresses a peer remembers. */
#define PEER_SEEN_MAX 16

struct policy_peer {
	enum peer_kind kind;
	const char *namespace;  /* PEER_PODS: the peer's namespace; else, and where it is the
				   policy's own, "" */
	struct labels selector; /* PEER_PODS; borrowed: graph, inventory or static text. Count 0:
				   all pods of the namespace */
	struct prefix block;    /* PEER_BLOCK; canonical: no bit beyond the length */
	enum entity entity;     /* PEER_ENTITY */
	char *reason;           /* why it is there, one line, never NULL */
	unsigned wider;         /* WIDER_… bits; 0: exactly what was seen */
	/* The evidence. Connections of all ports; 0 edges: not seen from this workload. */
	size_t edges;
	int64_t connections;
	int64_t first_seen, last_seen; /* ms; first > last if there are no edges */
	const char *class;             /* struct end's of the first that was seen; "": not seen */
	const char *known_network;     /* name of the network whose range it is; NULL */
	struct addr *seen;             /* PEER_BLOCK: addresses that were seen in it, sorted */
	size_t seen_count;             /* at most PEER_SEEN_MAX */
	bool seen_more;                /* than these */
};

struct policy_port {
	uint8_t protocol;
	uint16_t port;
	uint16_t end_port; /* 0: no range, else greater than port */
};

/* Any of the peers on any of the ports. Neither is ever empty. */
struct policy_rule {
	struct policy_peer *peers;
	size_t peer_count;
	struct policy_port *ports;
	size_t port_count;
};

struct policy {
	char *namespace;
	char *name;    /* "WORKLOAD-netpol", lower case, at most 253 bytes */
	char *subject; /* "Deployment/api"; all of them where no label tells workloads apart; of a
			  default-deny "all pods" */
	const struct workload *workload; /* the one it is named after; NULL: a default-deny */
	bool shared;                     /* the subject is several, and they are not told apart */
	struct labels selector;    /* borrowed from the graph; count 0: all pods of the namespace */
	bool isolates[DIRECTIONS]; /* false: withheld or not asked for, and without rules */
	char *partial[DIRECTIONS]; /* why there may be more than is known; NULL: nothing is known of
				      more */
	char *withheld[DIRECTIONS]; /* why a direction that was asked for is not isolated; NULL: it
				       is, or was not asked for */
	const struct readiness *readiness;  /* borrowed; NULL: not asked */
	const struct workload *least_ready; /* whose it is, if the subject is several; else NULL */
	struct policy_rule *rules[DIRECTIONS];
	size_t rule_count[DIRECTIONS];
};

/* Which of the graph's workloads: NULL or "" means any. */
struct policy_filter {
	const char *namespace;
	const char *workload_kind;
	const char *workload_name;
};

/*
 * Why an edge is in no rule of an end's. Where there are several reasons, or two for the two
 * ends, the first of these is told; of ends that policies isolate and of others, that of the
 * former.
 */
enum left_reason {
	LEFT_NONE, /* it is in one, and kept out nowhere */
	LEFT_REFUSED,
	LEFT_UNANSWERED,
	LEFT_DENIED,
	LEFT_UNKNOWN,   /* what became of the attempts was lost */
	LEFT_ITSELF,    /* a pod's with itself, which no policy keeps out */
	LEFT_SECONDARY, /* over a further network, which no policy covers */
	LEFT_UNCERTAIN, /* which end began is not certain */
	LEFT_PORTLESS,  /* ICMP and other protocols without ports: cannot be said */
	/* No rule can name the peer: */
	LEFT_AMBIGUOUS,    /* the address was not one pod's all the time */
	LEFT_UNLABELLED,   /* no label of it is known or of use */
	LEFT_CONTRADICTED, /* what is told of the pod contradicts itself, or what a cluster can be
			    */
	LEFT_FOLDED,       /* a prefix that holds addresses of the cluster */
	/* The rule is not made: */
	LEFT_OWN_NODE,      /* ingress from the pod's own node, which no policy keeps out */
	LEFT_BELOW_MINIMUM, /* fewer connections than were asked for */
	LEFT_BEYOND_LIMIT,  /* more blocks than were asked for */
	LEFT_PARTIAL,       /* the direction is withheld, as more may be used than is known */
	LEFT_NOT_READY,     /* not enough is known of the workload yet */
	LEFT_DIRECTION,     /* it was not asked for */
	LEFT_NO_POLICY,     /* at neither end is a workload that gets one */
	LEFT_REASONS
};

/* "refused", "own-node", … as --include has them. */
const char *left_reason_name(enum left_reason reason);
/* What "3 edges" goes on with: "refused", "from the pod's own node". */
const char *left_reason_phrase(enum left_reason reason);
/* Can --include bring it in? */
bool left_reason_can_be_included(enum left_reason reason);

enum external_ingress {
	EXTERNAL_INGRESS_ANY,
	EXTERNAL_INGRESS_OBSERVED,
	EXTERNAL_INGRESS_LEARNED_CIDR
};

struct policy_request {
	struct policy_filter filter;
	bool directions[DIRECTIONS];
	unsigned include; /* 1 << LEFT_… */
	int64_t min_connections;
	bool exact; /* nothing but what was seen: no blocks, ranges, resolvers that were not asked,
		       clients that were not seen */
	bool service_ports; /* for plugins that check before translation */
	bool entities;
	bool default_deny;
	size_t range_threshold; /* more neighbouring ports than this become a range */
	size_t block_threshold; /* more addresses than this on one port are aggregated */
	uint8_t block_floor[2]; /* the shortest prefixes that are made, of IPv4 and IPv6 */
	size_t max_blocks;      /* of one port, after aggregation */
	enum external_ingress external_ingress;
	const struct known_networks *known_networks; /* NULL: none */
	const struct coverage *coverage;             /* NULL: nothing is partial */
	bool withhold_partial;
	const struct readinesses *readinesses; /* by workload of the graph; NULL: not asked */
	bool ready_only;                       /* needs readinesses */
};

/* Both directions, and the defaults that the manual tells. */
void policy_request_init(struct policy_request *request);

/*
 * What becomes of the edges that the filter lets through: those with a pod of its workloads at an
 * end, whether that gets a policy or not. Of connections that two nodes recorded the record counts
 * that has them. edges is used_edges and all of left_edges together; so it is with connections.
 */
struct policy_summary {
	size_t edges;
	int64_t connections;
	size_t used_edges; /* in a rule at every end that a policy isolates, and at one at least */
	int64_t used_connections;
	size_t left_edges[LEFT_REASONS]; /* each under one reason; of LEFT_NONE 0 */
	int64_t left_connections[LEFT_REASONS];
};

struct compiler;

/*
 * Policies one by one, by namespace and name, a default-deny last of its namespace; so that a great
 * many need not be held at once. The graph and all that the request points to outlive the compiler
 * and its policies. Problems say which workloads got none and what to supply; those of a policy
 * come when it does, the others before compiler_next() returns 0.
 */
int compiler_new(const struct graph *graph, const struct policy_request *request,
		 struct problems *problems, struct compiler **ret);
struct compiler *compiler_free(struct compiler *compiler); /* NULL is allowed; returns NULL */
const struct policy_summary *compiler_summary(const struct compiler *compiler);
/* 1: *ret is the next one, to be released with policy_clear(); 0: that was all; negative errno. */
int compiler_next(struct compiler *compiler, struct policy *ret);
void policy_clear(struct policy *policy);
/* The policy that compiler_next() gave last is not printed. Problems tell of no default-deny that
 * is not. */
void compiler_refuse(struct compiler *compiler);

/* What the summary says is used, and is in no rule of a policy that was printed. */
struct policy_refused {
	size_t policies; /* of workloads */
	size_t given;    /* of all so many */
	size_t edges;
	int64_t connections;
};

/* After the last policy. -ENOMEM. */
int compiler_refused(const struct compiler *compiler, struct policy_refused *ret);

#endif
