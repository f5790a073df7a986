/* The space of addresses, cut where the policies' blocks begin and end; private to policy/. */
#ifndef NETPOL_POLICY_BLOCKS_H
#define NETPOL_POLICY_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "policy/evaluate.h"

/* Start from {0}; add all blocks, then finish. */
struct blocks {
	struct addr_range *items; /* in order, without gaps: IPv4, then IPv6 */
	size_t count;
	size_t capacity;
	struct block_key *keys; /* of their beginnings, to search in */
	size_t count4;          /* how many are of IPv4 */
};

/* An address as a number. */
struct block_key {
	uint64_t high, low;
};

/* Until it is finished only the beginnings are kept. -ENOMEM. */
int blocks_cut(struct blocks *blocks, struct prefix prefix);
int blocks_finish(struct blocks *blocks);
/* Which of them has the address, which is set. */
size_t blocks_find(const struct blocks *blocks, struct addr address);
void blocks_clear(struct blocks *blocks);

/* First and last address of a prefix. */
struct addr_range prefix_range(struct prefix prefix);

#endif
