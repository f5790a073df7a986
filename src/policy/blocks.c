#include "policy/blocks.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "policy/array.h"

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
	if (array_grow(&blocks->items, sizeof(*blocks->items), blocks->count, &blocks->capacity) <
	    0)
		return -ENOMEM;
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

static struct block_key key_of(struct addr address)
{
	struct block_key key;

	memcpy(&key, address.bytes, sizeof(key));
	return (struct block_key){be64toh(key.high), be64toh(key.low)};
}

static int make_keys(struct blocks *blocks)
{
	blocks->keys = calloc(blocks->count, sizeof(*blocks->keys));
	if (!blocks->keys)
		return -ENOMEM;
	for (size_t i = 0; i < blocks->count; i++) {
		blocks->keys[i] = key_of(blocks->items[i].first);
		blocks->count4 += blocks->items[i].first.family == ADDR_IPV4;
	}
	return 0;
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
	return make_keys(blocks);
}

size_t blocks_find(const struct blocks *blocks, struct addr address)
{
	bool is4 = address.family == ADDR_IPV4;
	size_t low = is4 ? 0 : blocks->count4, high = (is4 ? blocks->count4 : blocks->count) - 1;
	struct block_key key = key_of(address);

	while (low < high) {
		size_t middle = low + (high - low + 1) / 2;
		const struct block_key *first = &blocks->keys[middle];

		if (first->high < key.high || (first->high == key.high && first->low <= key.low))
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

void blocks_clear(struct blocks *blocks)
{
	free(blocks->items);
	free(blocks->keys);
	*blocks = (struct blocks){0};
}
