/*
 * What is compared before rows are made of it: pods that neither set tells apart are one unit, and
 * so is a range of addresses; private to policy/diff*.c.
 */
#ifndef NETPOL_POLICY_DIFF_UNITS_H
#define NETPOL_POLICY_DIFF_UNITS_H

#include "policy/answers.h"
#include "policy/diff.h"

/* A pod of either set. */
struct diff_member {
	const struct scene_owner *name;
	size_t pods[DIFF_SIDES];    /* of the scenes; SCENE_NONE: it is not there */
	size_t classes[DIFF_SIDES]; /* equal: no policy of that set tells them apart */
};

struct diff_unit {
	size_t first, count;           /* of members; count 0: a range */
	struct addr_range range;       /* if it is one */
	bool is_in[DIFF_SIDES];        /* at all */
	size_t pod[DIFF_SIDES];        /* one of its pods, or SCENE_NONE */
	bool is_several;               /* either set has more of them, or may have */
	size_t owner_first, owner_end; /* the units of its owner */
};

struct diff_cell {
	uint32_t other;
	uint32_t answers[DIFF_SIDES]; /* numbers of diff_units.answers */
};

/* By other; those with any answer. */
struct diff_line {
	struct diff_cell *items;
	size_t count, capacity;
};

struct diff_units {
	struct diff_member *members; /* by owner, unit, pod */
	size_t member_count;
	struct diff_unit *items; /* by owner; then the ranges */
	size_t count;
	size_t range_first;
	/* Of each unit: to others, and from them. Pods of one unit are others to one another. */
	struct diff_line *out, *in;
	struct answers answers[DIFF_SIDES];
};

/* *ret is to be cleared in any case. -ENOMEM. */
int diff_units_make(const struct diff_set sets[static DIFF_SIDES], struct diff_units *ret);
/* Asks for all pairs. */
int diff_units_ask(struct diff_units *units);
/* NULL: no answers. */
const struct diff_cell *diff_line_find(const struct diff_line *line, size_t other);
void diff_units_clear(struct diff_units *units);

#endif
