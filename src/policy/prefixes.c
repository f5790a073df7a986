#include "policy/prefixes.h"

#include "policy/array.h"

int prefix_compare(struct prefix a, struct prefix b)
{
	int r = addr_compare(a.addr, b.addr);

	return r ? r : (a.length > b.length) - (a.length < b.length);
}

bool prefix_covers(struct prefix a, struct prefix b)
{
	return a.length <= b.length && prefix_contains(a, b.addr);
}

/* Of 64. */
static unsigned shared_bits(const uint8_t *a, const uint8_t *b)
{
	const uint64_t others = addr_half(a) ^ addr_half(b);

	return others ? (unsigned)__builtin_clzll(others) : 64;
}

uint8_t prefix_shared(struct prefix a, struct prefix b)
{
	const unsigned most = a.length < b.length ? a.length : b.length;
	unsigned bits = shared_bits(a.addr.bytes, b.addr.bytes);

	if (bits == 64)
		bits += shared_bits(a.addr.bytes + 8, b.addr.bytes + 8);
	return (uint8_t)(bits < most ? bits : most);
}

static int compare(const void *a, const void *b)
{
	return prefix_compare(*(const struct prefix *)a, *(const struct prefix *)b);
}

size_t prefixes_tidy(struct prefix *items, size_t count)
{
	size_t kept = 0;

	array_sort(items, sizeof(*items), count, compare);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || !prefix_covers(items[kept - 1], items[i]))
			items[kept++] = items[i];
	return kept;
}

const struct prefix *prefixes_touching(const struct prefix *items, size_t count,
				       struct prefix prefix)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addr_compare(items[middle].addr, prefix.addr) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low > 0 && prefix_contains(items[low - 1], prefix.addr))
		return &items[low - 1];
	if (low < count && prefix_contains(prefix, items[low].addr))
		return &items[low];
	return NULL;
}
