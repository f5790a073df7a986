#include "policy/aggregate.h"

#include "base/special_range.h"
#include "policy/prefixes.h"

#define BITS_MAX 128

/* If a prefix may not be made, no shorter one that holds it may. */
static bool is_allowed(const struct aggregate_limits *limits, struct addr addr, uint8_t length)
{
	struct prefix prefix;

	if (length < limits->floor)
		return false;
	prefix = prefix_around(addr, length);
	return !prefix_is_mixed(prefix) &&
	       !(limits->private_stay && addr_is_private(prefix.addr)) &&
	       !prefixes_touching(limits->reserved, limits->reserved_count, prefix);
}

static bool are_halves(const struct aggregate_block *a, const struct aggregate_block *b)
{
	return a->prefix.length == b->prefix.length && a->prefix.length > 0 &&
	       prefix_shared(a->prefix, b->prefix) == a->prefix.length - 1;
}

static size_t join_halves(struct aggregate_block *blocks, size_t count,
			  const struct aggregate_limits *limits)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		blocks[kept++] = blocks[i];
		while (kept > 1 && are_halves(&blocks[kept - 2], &blocks[kept - 1])) {
			struct aggregate_block *low = &blocks[kept - 2];
			const uint8_t length = low->prefix.length - 1;

			if (!is_allowed(limits, low->prefix.addr, length))
				break;
			low->prefix = prefix_around(low->prefix.addr, length);
			low->wider |= low[1].wider;
			kept--;
		}
	}
	return kept;
}

/* How many neighbours share how many bits, where these may be a block. */
static void count_shared(struct aggregate_block *blocks, size_t count,
			 const struct aggregate_limits *limits, size_t counts[BITS_MAX + 1])
{
	for (size_t i = 1; i < count; i++) {
		const struct prefix prefix = blocks[i].prefix;
		const uint8_t shared = prefix_shared(blocks[i - 1].prefix, prefix);

		blocks[i].shared = is_allowed(limits, prefix.addr, shared) ? shared : 0;
		counts[blocks[i].shared]++;
	}
}

/*
 * Neighbours that share more bits than the least are joined, and of those that share just that
 * many as many as are wanted. What is between two that are joined shares more with them than they
 * do with one another, so that it is joined, too, and one pass suffices.
 */
static size_t join_neighbours(struct aggregate_block *blocks, size_t count, unsigned least,
			      size_t wanted)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		const struct aggregate_block block = blocks[i];
		struct aggregate_block *low = kept > 0 ? &blocks[kept - 1] : NULL;

		if (!low || block.shared == 0 || block.shared < least ||
		    (block.shared == least && wanted == 0)) {
			blocks[kept++] = block;
			continue;
		}
		wanted -= block.shared == least;
		if (block.shared < low->prefix.length)
			low->prefix = prefix_around(low->prefix.addr, block.shared);
		low->wider = true;
	}
	return kept;
}

static size_t widen(struct aggregate_block *blocks, size_t count,
		    const struct aggregate_limits *limits)
{
	size_t counts[BITS_MAX + 1] = {0};
	size_t wanted = count - limits->threshold;
	unsigned least = BITS_MAX;

	count_shared(blocks, count, limits, counts);
	while (least > 0 && counts[least] < wanted)
		wanted -= counts[least--];
	return join_neighbours(blocks, count, least, wanted);
}

size_t aggregate(const struct prefix *items, size_t count, const struct aggregate_limits *limits,
		 struct aggregate_block *ret)
{
	size_t kept = count;

	for (size_t i = 0; i < count; i++)
		ret[i] = (struct aggregate_block){.prefix = items[i], .first = i};
	if (kept > limits->threshold)
		kept = join_halves(ret, kept, limits);
	if (kept > limits->threshold) {
		kept = widen(ret, kept, limits);
		kept = join_halves(ret, kept, limits);
	}
	return kept;
}
