#include "policy/blocks.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct addr_range prefix_range(struct prefix prefix)
{
	struct addr_range range = {prefix.addr, prefix.addr};
	size_t bits = addr_length(prefix.addr) * 8;

	for (size_t bit = prefix.length; bit < bits; bit++)
		range.last.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return range;
}

/* false: it was the last of its family. */
static bool addr_next(struct addr *addr)
{
	for (size_t i = addr_length(*addr); i-- > 0;)
		if (++addr->bytes[i] != 0)
			return true;
	return false;
}

static struct addr addr_before(struct addr addr)
{
	for (size_t i = addr_length(addr); i-- > 0;)
		if (addr.bytes[i]-- != 0)
			break;
	return addr;
}

static int add_beginning(struct blocks *blocks, struct addr first)
{
	if (blocks->count == blocks->capacity) {
		size_t wanted = blocks->capacity ? blocks->capacity * 2 : 16;
		struct addr_range *items = reallocarray(blocks->items, wanted, sizeof(*items));

		if (!items)
			return -ENOMEM;
		blocks->items = items;
		blocks->capacity = wanted;
	}
	blocks->items[blocks->count++] = (struct addr_range){.first = first};
	return 0;
}

int blocks_cut(struct blocks *blocks, struct prefix prefix)
{
	struct addr_range range = prefix_range(prefix);
	int r = add_beginning(blocks, range.first);

	if (r == 0 && addr_next(&range.last))
		r = add_beginning(blocks, range.last);
	return r;
}

static int compare(const void *left, const void *right)
{
	const struct addr_range *a = left, *b = right;

	return addr_compare(a->first, b->first);
}

int blocks_finish(struct blocks *blocks)
{
	static const enum addr_family families[] = {ADDR_IPV4, ADDR_IPV6};
	size_t kept = 0;

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		int r = add_beginning(blocks, (struct addr){.family = (uint8_t)families[i]});

		if (r < 0)
			return r;
	}
	qsort(blocks->items, blocks->count, sizeof(*blocks->items), compare);
	for (size_t i = 0; i < blocks->count; i++)
		if (kept == 0 || compare(&blocks->items[kept - 1], &blocks->items[i]) != 0)
			blocks->items[kept++] = blocks->items[i];
	blocks->count = kept;
	for (size_t i = 0; i < kept; i++) {
		struct addr_range *range = &blocks->items[i];

		if (i + 1 < kept && range[1].first.family == range->first.family)
			range->last = addr_before(range[1].first);
		else
			range->last =
			    prefix_range((struct prefix){.addr = {.family = range->first.family}})
				.last;
	}
	return 0;
}

size_t blocks_find(const struct blocks *blocks, struct addr address)
{
	size_t low = 0, high = blocks->count - 1;

	while (low < high) {
		size_t middle = low + (high - low + 1) / 2;

		if (addr_compare(blocks->items[middle].first, address) <= 0)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

void blocks_clear(struct blocks *blocks)
{
	free(blocks->items);
	*blocks = (struct blocks){0};
}
