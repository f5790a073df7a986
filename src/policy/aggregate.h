/* Many addresses as fewer blocks, without taking in what must stay out; private to policy/. */
#ifndef NETPOL_POLICY_AGGREGATE_H
#define NETPOL_POLICY_AGGREGATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

struct aggregate_limits {
	size_t threshold;              /* so many stay as they are */
	uint8_t floor;                 /* no shorter prefix is made */
	const struct prefix *reserved; /* no prefix is made that has an address of these; tidy */
	size_t reserved_count;
	bool private_stay; /* no prefix of private addresses is made */
};

struct aggregate_block {
	struct prefix prefix;
	size_t first;   /* index of the first item in it; the next block's is the end */
	bool wider;     /* it holds more than the items do */
	uint8_t shared; /* used while they are made */
};

/*
 * Blocks for the items, which are prefixes of one family as prefixes_tidy() leaves them. Up to the
 * threshold they are the items themselves. Beyond, halves of one prefix become that prefix, which
 * adds nothing; then, until the threshold holds, the two neighbours that share most leading bits
 * become the prefix that they share, of equals the first by address; and halves once more.
 *
 * Never made is a prefix shorter than the floor, one with reserved addresses, with private_stay one
 * of private addresses (addr_is_private()), and one that is mixed as special_range.h has it, so
 * that private and public stay apart; so there may be more blocks than the threshold. Items stay,
 * whatever they are.
 *
 * ret has room for count blocks. Returns their number. O(n log n) in items and reserved ranges.
 */
size_t aggregate(const struct prefix *items, size_t count, const struct aggregate_limits *limits,
		 struct aggregate_block *ret);

#endif
