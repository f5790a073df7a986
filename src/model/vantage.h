/*
 * A connection between two nodes is recorded by both: which of the records counts; private to
 * model/.
 *
 * A record departs where its node is not the destination's, and arrives where it is. A departing
 * one, as it left (after source NAT), meets those that arrived so (before destination NAT).
 */
#ifndef NETPOL_MODEL_VANTAGE_H
#define NETPOL_MODEL_VANTAGE_H

#include "model/bind.h"

/* A time in which a node recorded, or in which it may have missed something. */
struct watched {
	const char *node; /* interned */
	int64_t from;
	int64_t until;
};

/* Start from {0}; release with vantage_clear(). */
struct vantages {
	struct watched *nodes;
	size_t node_count, node_capacity;
	struct watched *gaps;
	size_t gap_count, gap_capacity;
};

int vantage_add_node(struct vantages *vantages, const char *node, int64_t first, int64_t heartbeat);
/* Gaps that can hide connections; none without length or that missed nothing. */
int vantage_add_gap(struct vantages *vantages, const char *node, const struct gap *gap);
/* No more of either after this. */
void vantage_sort(struct vantages *vantages);
void vantage_clear(struct vantages *vantages);

/* Did the node record throughout [from, until], and miss nothing? */
bool vantage_covers(const struct vantages *vantages, const char *node, int64_t from, int64_t until);
/* Where the recording node stands, once the ends are bound. */
enum vantage vantage_of(const struct graph_edge *edge);
/*
 * Sets which records count. The edges must be in an order of their own; 1: those that count may
 * have taken over what the destination's node has, which is another order. 0: nothing changed.
 */
int vantage_merge(const struct vantages *vantages, const struct binder *binder,
		  struct graph_edge *edges, size_t count);

#endif
