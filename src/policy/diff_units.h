/*
 * What is compared before rows are made of it: pods that neither set tells apart are of one class,
 * and those of one owner are one unit; private to policy/diff*.c.
 */
#ifndef NETPOL_POLICY_DIFF_UNITS_H
#define NETPOL_POLICY_DIFF_UNITS_H

#include "policy/answers.h"
#include "policy/diff.h"
#include "policy/reach_ranges.h"

/* A pod of either set. */
struct diff_member {
	const struct scene_owner *name;
	size_t pods[DIFF_SIDES];    /* of the scenes; SCENE_NONE: it is not there */
	size_t classes[DIFF_SIDES]; /* equal: no policy of that set tells them apart */
};

struct diff_unit {
	size_t first, count;           /* of members */
	size_t pod[DIFF_SIDES];        /* one of its pods, or SCENE_NONE: it is not there */
	size_t classes[DIFF_SIDES];    /* that pod's */
	bool is_several;               /* either set has more of them, or may have */
	size_t owner_first, owner_end; /* the units of its owner */
	size_t class;                  /* of diff_units.classes */
};

/* Units whose classes are the same in both sets. */
struct diff_class {
	size_t pod[DIFF_SIDES]; /* or SCENE_NONE */
	size_t first, last;     /* of its units */
	struct reach_pieces pieces[DIFF_SIDES][DIRECTIONS];
};

struct diff_units {
	struct diff_member *members; /* by owner, unit, pod */
	size_t member_count;
	struct diff_unit *items; /* by owner */
	size_t count;
	struct diff_class *classes;
	size_t class_count;
	struct reach_cuts ranges; /* of addresses, cut where a class' answers change */
	struct answers answers[DIFF_SIDES];
};

/* What is allowed from one to another, in both sets: numbers of diff_units.answers. */
struct diff_cell {
	uint32_t answers[DIFF_SIDES];
};

/* *ret is to be cleared in any case. -ENOMEM. */
int diff_units_make(const struct diff_set sets[static DIFF_SIDES], struct diff_units *ret);
/* From a pod of the one class to another pod of the other one. -ENOMEM. */
int diff_units_ask(struct diff_units *units, size_t from, size_t to, struct diff_cell *ret);
void diff_units_clear(struct diff_units *units);

#endif
