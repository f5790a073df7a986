/* Sets of rules by place: by block of addresses, by span of ports, by name. Equal sets are kept
 * once. Private to policy/evaluate*.c. */
#ifndef NETPOL_POLICY_RULE_ROWS_H
#define NETPOL_POLICY_RULE_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "policy/intern.h"

struct rule_run {
	size_t first, end; /* places */
	uint32_t rule;
};

/* Start from {0}; add all runs, then finish, then ask. */
struct rule_rows {
	struct rule_run *runs;
	size_t run_count;
	size_t run_capacity;
	struct intern sets; /* all of one length */
	size_t words;       /* of a set */
	uint32_t *set_of;   /* by place */
};

/* Runs of one rule may overlap. -ENOMEM. */
int rule_rows_add(struct rule_rows *rows, size_t first, size_t last, size_t rule);
/* room: bytes that the sets may take, and then those that are left; -E2BIG: too few. -ENOMEM. */
int rule_rows_finish(struct rule_rows *rows, size_t places, size_t rules, size_t *room);
void rule_rows_clear(struct rule_rows *rows);

static inline const uint64_t *rule_rows_at(const struct rule_rows *rows, size_t place)
{
	const uint64_t *sets = (const void *)rows->sets.bytes;

	return sets + rows->set_of[place] * rows->words;
}

#endif
