/*
 * ▷ How much the record knows of a workload: may a policy be made of it yet?
 *
 * The share of its traffic that is still unseen is estimated after Good and Turing (I. J. Good,
 * "The population frequencies of species and the estimation of population parameters", Biometrika
 * 40, 1953): the connections whose edge was seen once, of all its connections.
 */
#ifndef NETPOL_POLICY_READINESS_H
#define NETPOL_POLICY_READINESS_H

#include <stddef.h>
#include <stdint.h>

#include "model/graph.h"

enum readiness_state { READINESS_LEARNING, READINESS_SETTLING, READINESS_READY };

/* Thresholds: below one of the first two it is learning; at both and not beyond the others, ready.
 */
#define READINESS_OBSERVED_MIN (24 * 3600 * INT64_C(1000)) /* ms */
#define READINESS_CONNECTIONS_MIN 100
#define READINESS_UNSEEN_MAX 0.01
#define READINESS_NEW_EDGES_MAX 0 /* in the last day */

struct readiness {
	enum readiness_state state;
	const char *reason; /* why not ready yet, one line; "" for ready */
	int64_t since;      /* ms: since when it is observed; INT64_MIN: never */
	int64_t observed;   /* ms: for how long, less the gaps inside */
	size_t gaps;
	int64_t missing; /* ms: together */
	int64_t connections;
	size_t edges;
	size_t pods_seen, pods_known;
	size_t new_edges;         /* first seen in the last day of the record */
	double new_edges_per_day; /* over all its days after the first */
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
	const struct readiness_node *nodes; /* by name */
	size_t node_count;
	const struct readiness_gap *gaps; /* by node, from; may overlap */
	size_t gap_count;
};

struct readinesses {
	struct readiness *items; /* one for each of graph.workloads */
	size_t count;
};

/* *ret is released with readinesses_free(). -ENOMEM. */
int readinesses_build(const struct graph *graph, const struct readiness_evidence *evidence,
		      struct readinesses **ret);
struct readinesses *
readinesses_free(struct readinesses *readinesses); /* NULL is allowed; returns NULL */
/* "learning", "settling", "ready". */
const char *readiness_state_name(enum readiness_state state);

#endif
