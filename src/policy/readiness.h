/*
 * ▷ How much the record knows of a workload: may a policy be made of it yet?
 *
 * An edge is here what a policy can allow: the workload, a direction, a peer, a protocol and a
 * port. The peer is a workload, whichever of its pods; or an address; or a known network, whichever
 * of its addresses; or all clients, where policies let all of them in; so with who asks a resolver
 * for names. Of a client that the pod's own node forwards it is the client. Only what worked
 * counts, and what a policy can say: nothing uncertain, without a port, with a peer that cannot be
 * named, or from the pod's own node.
 *
 * The share of its traffic that is still unseen is estimated after Good and Turing (I. J. Good,
 * "The population frequencies of species and the estimation of population parameters", Biometrika
 * 40, 1953): the edges that were seen once, by all its connections.
 */
#ifndef NETPOL_POLICY_READINESS_H
#define NETPOL_POLICY_READINESS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/graph.h"

enum readiness_state { READINESS_LEARNING, READINESS_SETTLING, READINESS_READY };

#define READINESS_DAY (24 * 3600 * INT64_C(1000)) /* ms */

/* Thresholds: below one of the first two it is learning; at both and not beyond the others, ready.
 */
#define READINESS_OBSERVED_MIN READINESS_DAY
#define READINESS_CONNECTIONS_MIN 100
#define READINESS_UNSEEN_MAX 0.01
#define READINESS_NEW_EDGES_MAX 0 /* in the last day */
/* An edge was seen once if all of its life is within so long (ms), however many connections: those
 * of a client that comes and goes are no independent samples. Or with a single connection. */
#define READINESS_ONCE_MAX (60 * INT64_C(1000))

/*
 * Time is the record's own. A node watches a workload while a pod of it has an address there,
 * between its own first and last word. The workload is observed while any node watches it, but not
 * in a gap of one that does. A pause between two runs, of which one ended and the next one began
 * while their nodes recorded, counts as observed for its last day: a job of every day or week
 * becomes ready by its runs, and what ran once for as long as it ran. A day is a day of such time:
 * neither gaps nor what nobody recorded are in it.
 */
struct readiness {
	enum readiness_state state;
	const char *reason; /* why not ready yet, one line, static; "" for ready */
	int64_t since;      /* ms: since when it is observed; INT64_MIN: never */
	int64_t observed;   /* ms: for how long, less the gaps inside */
	size_t gaps;        /* those that touch or overlap, on one node or several, are one */
	int64_t missing;    /* ms: together */
	int64_t connections;
	size_t edges;
	size_t edges_once; /* see READINESS_ONCE_MAX */
	size_t pods_seen;  /* of known, with an address while a node that has a record had them */
	size_t pods_known;
	size_t new_edges;         /* first seen in the last day */
	double new_edges_per_day; /* after the first day; 0 if that is not over. Over a day at least
				   */
	double unseen;            /* 0 to 1; 1 where there is no connection */
};

/* A time in which a node did not record everything, or nothing. */
struct readiness_gap {
	const char *node;
	int64_t from, until; /* ms */
};

/* A node's record. */
struct readiness_node {
	const char *name;
	int64_t from, until; /* ms: its first and its last word */
};

struct readiness_evidence {
	const struct readiness_node *nodes; /* by name, each once */
	size_t node_count;
	const struct readiness_gap *gaps; /* by node, from; may overlap */
	size_t gap_count;
};

struct readinesses {
	struct readiness *items; /* one for each of graph.workloads */
	size_t count;
};

struct policy_request;

/* For policies of that request: whose clients, networks and resolvers are one peer. *ret is
 * released with readinesses_free(). -ENOMEM. Linear in the edges. */
int readinesses_build(const struct graph *graph, const struct policy_request *request,
		      const struct readiness_evidence *evidence, struct readinesses **ret);
struct readinesses *
readinesses_free(struct readinesses *readinesses); /* NULL is allowed; returns NULL */
/* "learning", "settling", "ready". */
const char *readiness_state_name(enum readiness_state state);
/* All of it in one line, without a line's end: "ready: observed since 2026-01-31T12:00:00Z for 3d
 * 4h; 3 of 3 pods seen; …". */
void readiness_text(const struct readiness *readiness, struct buf *buf);

#endif
