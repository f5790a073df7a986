/* Counts of edges: the few that are always there, and the rest where it was asked for; private to
 * model/. */
#ifndef NETPOL_MODEL_COUNTS_H
#define NETPOL_MODEL_COUNTS_H

#include "model/graph.h"

struct rest_block;

/* The rests of a graph's edges. Start from {0}; release with rests_clear(). */
struct rests {
	bool wanted;
	struct rest_block *blocks; /* the newest first: what is in one does not move */
};

void rests_clear(struct rests *rests);

/* With a rest of its own if rests are wanted. -ENOMEM. */
int counts_init(struct counts *counts, struct totals totals, struct rests *rests);
/* Whose rest is in the totals, as long as these live. */
struct counts counts_within(struct totals *totals);
void counts_add(struct counts *counts, const struct counts *more);
/* The same counts, in rests of their own. */
void counts_copy(struct counts *counts, const struct counts *from);
/* As many connections, and as much of everything else. */
void counts_reduce(struct counts *counts, int64_t connections);
/* Nothing becomes less than zero. False: nothing is left. */
bool counts_take_away(struct counts *counts, const struct counts *what);
/* In a total order. */
int counts_compare(const struct counts *a, const struct counts *b);

#endif
