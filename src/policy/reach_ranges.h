/* Addresses outside, cut where pods tell them apart; private to policy/. */
#ifndef NETPOL_POLICY_REACH_RANGES_H
#define NETPOL_POLICY_REACH_RANGES_H

#include "policy/answers.h"
#include "policy/evaluate.h"

/* From here to the next piece the answer is the same. */
struct reach_piece {
	struct addr first;
	uint32_t answer;
};

/* Of one pod in one direction; all of both families. Start from {0}. */
struct reach_pieces {
	struct reach_piece *items;
	size_t count;
	size_t capacity;
};

/* EGRESS: from the pod to the addresses; INGRESS: the other way round. -ENOMEM. */
int reach_pieces_make(struct answers *answers, size_t pod, enum direction direction,
		      struct reach_pieces *ret);
uint32_t reach_pieces_find(const struct reach_pieces *pieces, struct addr address);
/* Of the same answers: is it everywhere the same? */
bool reach_pieces_equal(const struct reach_pieces *a, const struct reach_pieces *b);
void reach_pieces_clear(struct reach_pieces *pieces);

/* Where ranges begin. Start from {0}. */
struct reach_cuts {
	struct addr *items;
	size_t count;
	size_t capacity;
};

/* -ENOMEM. */
int reach_cuts_add(struct reach_cuts *cuts, struct addr first);
/* Where the range begins, and where what comes after it does. */
int reach_cuts_around(struct reach_cuts *cuts, struct addr_range range);
/* Sorts them, each once. */
void reach_cuts_sort(struct reach_cuts *cuts);
/* The range that begins there. */
struct addr_range reach_cuts_range(const struct reach_cuts *cuts, size_t index);
void reach_cuts_clear(struct reach_cuts *cuts);

#endif
