/* What two sets answer of a pair, compared; private to policy/diff*.c. */
#ifndef NETPOL_POLICY_DIFF_COMPARE_H
#define NETPOL_POLICY_DIFF_COMPARE_H

#include "policy/diff_units.h"
#include "policy/intern.h"

#define DIFF_NO_PORTS UINT32_MAX

/* Two answers. */
struct diff_comparison {
	uint32_t ports[DIFF_SIDES]; /* of diff.ports, that only this side has; or DIFF_NO_PORTS */
	bool is_unchanged;          /* something is in both */
};

/* Each two answers once. Start from {.units, .diff, .pairs = intern_make()}. */
struct diff_comparisons {
	const struct diff_units *units;
	struct diff *diff; /* gets the ports */
	struct diff_comparison *items;
	struct intern pairs; /* of answers; their numbers are those of items */
	size_t capacity, port_capacity;
};

/* *ret: of items, which may have moved. -ENOMEM. */
int diff_compare(struct diff_comparisons *all, const struct diff_cell *cell, size_t *ret);
void diff_comparisons_clear(struct diff_comparisons *all);

void diff_ports_clear(struct diff_ports *ports);

#endif
