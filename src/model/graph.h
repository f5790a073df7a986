/*
 * ▷ The cluster as the evidence shows it: workloads, their pods, and who spoke with whom.
 *
 * Built from stored rows and an optional inventory. Everything in it is owned by the graph and
 * sorted, so that the same evidence gives the same bytes. Times are ms since the epoch.
 */
#ifndef NETPOL_MODEL_GRAPH_H
#define NETPOL_MODEL_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/problem.h"
#include "identity/inventory.h"
#include "model/record.h"
#include "store/store.h"

enum end_kind { END_POD, END_NODE, END_EXTERNAL, END_UNKNOWN };

/* One side of edges. Strings are never NULL; "" is "does not apply" or "not known". What every walk
 * over the edges looks at comes first, and fits a line of the processor's cache. */
struct end {
	/*
	 * END_POD: "pod", "cluster-dns". END_NODE: "node", "host-network", "host-port",
	 * "node-port", "api-server", "node-local-dns". END_EXTERNAL: "service", "cluster-dns",
	 * "api-server", "node-local-dns", "metadata", "link-local", "multicast", "broadcast",
	 * "external". END_UNKNOWN: "ambiguous" (several had the address), "pod" (an address of the
	 * pod network, but not known whose), "node" (of a node at another time).
	 *
	 * What listens at a port is of the destination alone: as a client the same API server, or
	 * pod on the node's network, is "node" or "external".
	 */
	const char *class;
	const char *name; /* of the pod or node */
	const char *node; /* on which the pod runs */
	size_t pod;      /* index into graph.pods, or GRAPH_NONE; for "host-network" and "host-port"
			    the pod whose port it is */
	size_t workload; /* index into graph.workloads, or GRAPH_NONE */
	uint32_t rank;   /* among the graph's ends in the order of edges; equal ones share it */
	struct addr address;
	uint8_t prefix; /* bits of address that hold: many external addresses, seen as one end; 0:
			   one address */
	enum end_kind kind : 8;
	bool service_address : 1; /* a service's own: nobody answers there */
	bool secondary : 1; /* the pod's address on a further network (Multus), which no policy
			       covers */
	const char *reason; /* why it is of this class, one line; NULL: graph_put_reason() tells */
	const char *namespace;
	const char *uid;
};
#define GRAPH_NONE SIZE_MAX
#define GRAPH_REASON_CONFLICT "what is told of its pod contradicts itself"
#define GRAPH_REASON_FOLDED                                                                        \
	"many addresses, recorded as one prefix; pods or nodes have some of them"
#define GRAPH_REASON_SERVICE "address of a service, which was not translated"

/* Pods of one owner. Without an inventory, or for a pod it does not know, there is no workload. */
struct workload {
	const char *namespace;
	const char *kind; /* "Deployment", … "Pod" */
	const char *name;
	struct labels selector; /* picks its pods; count 0: no usable label */
	const char *also_picks; /* workloads whose pods it picks so: "Job/a, Pod/b"; "" if none */
	bool host_network;
	bool recorded;         /* at least one of its pods was local to a recording node */
	const char *sidecar;   /* whose proxy is one of its containers; "": none */
	bool ambient;          /* Istio's ambient mode takes its traffic, as its pods tell */
	bool met;              /* an edge has one of its pods at an end */
	const char *container; /* inventory_pod's of the first pod of which it is told; "": none */
	const char *revision;  /* the pod-template-hash or controller-revision-hash of all its pods
				  that live; "": none, or several */
	size_t pods;           /* known in inventory or store */
};

/* Where the node stands that recorded an edge. */
enum vantage { VANTAGE_NEITHER, VANTAGE_SOURCE, VANTAGE_DESTINATION, VANTAGE_BOTH };

/* A connection between two nodes is recorded by both: it counts once. */
enum standing {
	STANDING_COUNTS,     /* with a part of its connections where others have the rest */
	STANDING_SUPERSEDED, /* others have all its connections; this one knows what its node saw */
	STANDING_OVERRIDDEN  /* so, and the destination's node denied them all */
};

/* What was counted of an edge, as in struct totals; rest: what else there is, with these at zero,
 * or NULL where it was not asked for. */
struct counts {
	int64_t connections;
	int64_t closed;
	int64_t packets_sent;
	struct totals *rest; /* owned by the graph */
};

/* As stored by its node; or with what the other node's record knows better: see vantage.h. */
struct edge_record {
	int64_t id;
	const char *node; /* owned by the graph */
	struct edge_key key;
	struct counts totals;
	int64_t first_seen;
	int64_t last_seen;
	int64_t begun; /* first_seen of the whole edge, where an interval cuts it */
};

/* Millions of them are held at once: ends that are equal are one, owned by the graph. */
struct graph_edge {
	const struct end *from;
	const struct end *to;
	const struct end
	    *translated; /* from as the destination sees it after source NAT; or NULL */
	const struct inventory_service
	    *service;               /* the service asked for, if the inventory has it */
	const char *recorded_by[2]; /* one node, and NULL; or the source's and the destination's,
				       if both have connections of it */
	uint8_t service_prefix; /* of edge.key.service: folded like the destination; 0: one address
				 */
	enum vantage vantage : 8; /* of the node whose counts these are */
	enum standing standing : 8;
	/* The recording node bound from, bound to itself, to a pod of its own; also where that pod
	 * is in contradiction: then it is not said which. */
	bool local[2];
	/* Another edge tells the policy of the source's, of the destination's workload. */
	bool told_elsewhere[2];
	struct edge_record edge;
};

struct graph_pod {
	const char *node;
	const char *namespace;
	const char *name;
	const char *uid;
	const char *source;          /* sorted: "cni-result,inventory" */
	const struct labels *labels; /* NULL: not known */
	size_t workload;             /* or GRAPH_NONE */
	bool local;                  /* from a node's own record */
	bool ambiguous;              /* shares an address in time with another live pod */
	bool host_network;           /* shares its node's network */
	const char *conflict; /* what its sources contradict one another in; "": nothing. Whose its
				 addresses are cannot be said then, and its labels prove nothing */
	const struct pod_word *words; /* what each source of the record said; by source, place */
	size_t word_count;
	const struct pod_address *addresses; /* ms; since INT64_MIN: not known */
	size_t address_count;
};

struct graph {
	struct workload *workloads; /* by namespace, kind, name */
	size_t workload_count;
	struct graph_pod *pods; /* by namespace, name, uid, node */
	size_t pod_count;
	struct graph_edge *edges; /* by from, to, protocol, port, … */
	size_t edge_count;
	struct addr *node_addresses; /* that any node ever had, as it recorded or the inventory
					tells; sorted */
	size_t node_address_count;
	const struct inventory *inventory; /* borrowed; may be NULL */
	struct interval seen; /* first and last moment of any edge; from > until if there is none */
};

struct ignored_labels {
	const char *const *keys;
	size_t count;
};

struct graph_request {
	struct interval interval;
	const struct inventory *inventory; /* outlives the graph; may be NULL */
	bool apart;                        /* every record counts, as its own node has it */
	bool rests;                        /* edges come with all that was counted of them */
	struct ignored_labels ignored;     /* no selector uses them */
};

/*
 * Reads nodes, pods, addresses, gaps and the edges of the interval. What does not fit together goes
 * to problems (contradicting identities, ambiguous addresses). Flow rows are read only of
 * edges whose address changed hands; that ends the record's snapshots.
 */
int graph_build(struct record *record, const struct graph_request *request,
		struct problems *problems, struct graph **ret);
/* The same in two parts, for an inventory that is made of pods: the first reads all but edges, and
 * shows its pods to the visitor, too. What that returns but 0 ends the reading and is returned;
 * *ret is NULL then, as on failure. */
struct graph_start;
int graph_begin(struct record *record, reader_pod_fn *visit, void *context,
		struct problems *problems, struct graph_start **ret);
/* Frees the start. */
int graph_finish(struct graph_start *start, const struct graph_request *request,
		 struct graph **ret);
struct graph_start *graph_start_free(struct graph_start *start); /* NULL is allowed */
struct graph *graph_free(struct graph *graph);                   /* NULL is allowed; returns NULL */

/* All that is known of what was counted. */
struct totals graph_totals(const struct counts *counts);

/* What to tell who lacks labels or workloads. */
#define GRAPH_SUPPLY                                                                               \
	"give an inventory that has them (--inventory, from kubectl get "                          \
	"pods,namespaces,services,endpointslices,nodes -A -o json)"

/* What the Kubernetes API takes as key and value of a label. */
bool label_is_valid(const char *key, const char *value);
/* Why the end of that edge is of its class, in one line. */
struct buf;
void graph_put_reason(const struct graph *graph, const struct graph_edge *edge,
		      const struct end *end, struct buf *buf);
/* The service that resolves names for the cluster, with a selector; NULL: not known. */
const struct inventory_service *graph_dns_service(const struct inventory *inventory);
/* The addresses that mean the same in every cluster, such as the metadata servers' of clouds, one
 * by one; not set: there is no further one. */
struct addr graph_special_address(size_t index);
/* "neither", "source", "destination", "both". */
const char *vantage_name(enum vantage vantage);
/* "pod", "node", "external", "unknown". */
const char *end_kind_name(enum end_kind kind);

#endif
