#include "model/ends.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ENDS_PER_BLOCK 256
#define CACHE_LINE 64

struct end_place {
	_Alignas(CACHE_LINE) struct end end;
};

struct end_block {
	struct end_place places[ENDS_PER_BLOCK];
	struct end_block *next;
	size_t used;
};

static bool is_same(const struct end *a, const struct end *b)
{
	return addr_equal(a->address, b->address) && a->pod == b->pod && a->class == b->class &&
	       a->kind == b->kind && a->name == b->name && a->reason == b->reason &&
	       a->prefix == b->prefix && a->secondary == b->secondary &&
	       a->service_address == b->service_address && a->workload == b->workload &&
	       a->namespace == b->namespace && a->uid == b->uid && a->node == b->node;
}

/* Of what mostly tells ends apart. */
static uint64_t hash_of(const struct ends *ends, const struct end *end)
{
	uint64_t words[4];

	memcpy(words, end->address.bytes, sizeof(end->address.bytes));
	words[2] = end->pod;
	words[3] = (uint64_t)(uintptr_t)end->class ^ end->prefix;
	return hash_bytes(ends->seed, words, sizeof(words));
}

static const struct end **slot_of(const struct ends *ends, const struct end *end)
{
	for (size_t i = (size_t)hash_of(ends, end);; i++) {
		const struct end **slot = &ends->slots[i & (ends->capacity - 1)];

		if (!*slot || is_same(*slot, end))
			return slot;
	}
}

static bool grow(struct ends *ends)
{
	struct ends larger = *ends;

	if (ends->count * 2 < ends->capacity)
		return true;
	if (!ends->capacity)
		larger.seed = hash_seed_random();
	larger.capacity = ends->capacity ? ends->capacity * 2 : 64;
	larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
	if (!larger.slots)
		return false;
	for (size_t i = 0; i < ends->capacity; i++)
		if (ends->slots[i])
			*slot_of(&larger, ends->slots[i]) = ends->slots[i];
	free(ends->slots);
	*ends = larger;
	return true;
}

static struct end *new_end(struct ends *ends)
{
	struct end_block *block = ends->blocks;

	if (!block || block->used == ENDS_PER_BLOCK) {
		block = aligned_alloc(_Alignof(struct end_block), sizeof(*block));
		if (!block)
			return NULL;
		block->used = 0;
		block->next = ends->blocks;
		ends->blocks = block;
	}
	return &block->places[block->used++].end;
}

const struct end *ends_intern(struct ends *ends, const struct end *end)
{
	const struct end **slot;
	struct end *copy;

	if (ends->count == UINT32_MAX || !grow(ends))
		return NULL;
	slot = slot_of(ends, end);
	if (*slot)
		return *slot;
	copy = new_end(ends);
	if (!copy)
		return NULL;
	*copy = *end;
	*slot = copy;
	ends->count++;
	return copy;
}

/* ---- their order ---- */

static int compare_numbers(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* Most are the same text at the same place. */
static int compare_texts(const char *a, const char *b)
{
	return a == b ? 0 : strcmp(a, b);
}

static int compare_ends(const void *left, const void *right)
{
	const struct end *a = *(const struct end *const *)left;
	const struct end *b = *(const struct end *const *)right;
	int r = compare_numbers(a->kind, b->kind);

	/* Pods are sorted by what they are called; none comes first. */
	if (r == 0 && a->kind != END_NODE)
		r = compare_numbers((int64_t)a->pod, (int64_t)b->pod);
	if (r == 0 && a->kind == END_NODE)
		r = compare_texts(a->name, b->name);
	r = r ? r : addr_compare(a->address, b->address);
	r = r ? r : compare_numbers(a->prefix, b->prefix);
	if (r == 0 && a->kind == END_UNKNOWN)
		r = compare_texts(a->class, b->class);
	return r;
}

int ends_rank(struct ends *ends)
{
	struct end **sorted;
	size_t count = 0;
	uint32_t rank = 0;

	if (ends->ranked == ends->count)
		return 0;
	sorted = calloc(ends->count, sizeof(struct end *));
	if (!sorted)
		return -ENOMEM;
	ends->ranked = ends->count;
	for (struct end_block *block = ends->blocks; block; block = block->next)
		for (size_t i = 0; i < block->used; i++)
			sorted[count++] = &block->places[i].end;
	qsort(sorted, count, sizeof(*sorted), compare_ends);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && compare_ends(&sorted[i - 1], &sorted[i]) != 0)
			rank++;
		sorted[i]->rank = rank;
	}
	free(sorted);
	return 0;
}

void ends_clear(struct ends *ends)
{
	while (ends->blocks) {
		struct end_block *next = ends->blocks->next;

		free(ends->blocks);
		ends->blocks = next;
	}
	free(ends->slots);
	*ends = (struct ends){0};
}
