/*
 * A connection between two nodes is recorded by both: which of the records counts; private to
 * model/.
 *
 * A record departs where its node is not the destination's, and arrives where it is. A departing
 * one, as it left (after source NAT), meets those that arrived so (before destination NAT); what
 * becomes of them is said in meeting.h. What a router between the two recorded gives way to the
 * source's record. A record picked up under way that leads from the server to the client's port
 * gives way to the other node's, which saw the connections begin, if that has as many more.
 */
#ifndef NETPOL_MODEL_VANTAGE_H
#define NETPOL_MODEL_VANTAGE_H

#include "model/bind.h"
#include "model/ends.h"

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

/* How much of [from, until] the node recorded and missed nothing of. */
enum cover { COVER_WHOLE, COVER_BEGINNING /* all but the end */, COVER_PART };
enum cover vantage_cover(const struct vantages *vantages, const char *node, int64_t from,
			 int64_t until);
/* Is it a pod of that node? Names of nodes are interned. */
bool end_is_on(const struct end *end, const char *node);
/* Where the recording node stands, once the ends are bound. */
enum vantage vantage_of(const struct graph_edge *edge);
/*
 * Sets which records count and whose policy each tells, and gives each what the other nodes know
 * better. Records that do not count keep their place for what they tell of their own node's end.
 * The edges must be in an order of their own, and their ends in ends; 1: they may be in none now.
 * 0: nothing changed. -ENOMEM.
 */
int vantage_merge(const struct vantages *vantages, const struct binder *binder, struct ends *ends,
		  struct graph_edge *edges, size_t count);

#endif
