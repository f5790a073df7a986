/* What became of each edge, so that each is counted once; private to policy/. */
#ifndef NETPOL_POLICY_TALLY_H
#define NETPOL_POLICY_TALLY_H

#include "policy/policy.h"

/* Start from {0}; release with tally_clear(). */
struct tally {
	const struct graph *graph;
	/* Two an edge, one for each direction: enum left_reason, or that it is not asked for. */
	uint8_t *fates;
};

int tally_init(const struct graph *graph, struct tally *ret);
void tally_clear(struct tally *tally);
/* The filter lets the edge through; until it is marked, no end of it gets a policy. */
void tally_expect(struct tally *tally, const struct graph_edge *edge);
/* What becomes of it at that end. Of several the first of enum left_reason stays. */
void tally_mark(struct tally *tally, const struct graph_edge *edge, enum direction direction,
		enum left_reason left);
/*
 * isolated: of each of the graph's pods 1 << direction for those that a policy isolates. An edge is
 * used if it is in a rule wherever it needs one; else it is left out for what keeps it out there.
 * Call once; nothing can be marked afterwards.
 */
void tally_sum(struct tally *tally, const uint8_t *isolated, struct policy_summary *ret);
/* After tally_sum(): is the edge one of those used? */
bool tally_is_used(const struct tally *tally, const struct graph_edge *edge);

#endif
