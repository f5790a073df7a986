#include "cli/import_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST 64u

int array_grow(void *array, size_t item_size, size_t count, size_t *capacity)
{
	size_t wanted = *capacity ? *capacity * 2 : 16;
	void *grown;

	if (count < *capacity)
		return 0;
	grown = reallocarray(*(void **)array, wanted, item_size);
	if (!grown)
		return -ENOMEM;
	*(void **)array = grown;
	*capacity = wanted;
	return 0;
}

static uint32_t *head_of(const struct index *index, uint64_t hash)
{
	return &index->heads[hash & (index->capacity - 1)];
}

static void push(struct index *index, uint32_t item)
{
	uint32_t *head = head_of(index, index->items[item].hash);

	index->items[item].next = *head;
	*head = item;
}

/* Those of one hash keep their order: lists are turned over, then pushed in turn. */
static void push_all(struct index *index, uint32_t item)
{
	uint32_t turned = 0;

	while (item) {
		uint32_t next = index->items[item].next;

		index->items[item].next = turned;
		turned = item;
		item = next;
	}
	while (turned) {
		uint32_t next = index->items[turned].next;

		push(index, turned);
		turned = next;
	}
}

static int grow_heads(struct index *index, size_t items)
{
	size_t capacity = index->capacity ? index->capacity : CAPACITY_FIRST;
	size_t old_capacity = index->capacity;
	uint32_t *old = index->heads, *heads;

	while (capacity < items)
		capacity *= 2;
	if (capacity == old_capacity)
		return 0;
	heads = calloc(capacity, sizeof(*heads));
	if (!heads)
		return -ENOMEM;
	index->heads = heads;
	index->capacity = capacity;
	for (size_t i = 0; i < old_capacity; i++)
		push_all(index, old[i]);
	free(old);
	return 0;
}

int index_put(struct index *index, uint64_t hash, uint32_t item)
{
	while (item >= index->room)
		if (array_grow(&index->items, sizeof(*index->items), index->room, &index->room) < 0)
			return -ENOMEM;
	if (grow_heads(index, item) < 0)
		return -ENOMEM;
	index->items[item].hash = hash;
	push(index, item);
	return 0;
}

void index_remove(struct index *index, uint32_t item)
{
	uint32_t *at = head_of(index, index->items[item].hash);

	while (*at != item)
		at = &index->items[*at].next;
	*at = index->items[item].next;
}

static uint32_t skip(const struct index *index, uint32_t item, uint64_t hash)
{
	while (item && index->items[item].hash != hash)
		item = index->items[item].next;
	return item;
}

uint32_t index_first(const struct index *index, uint64_t hash)
{
	return index->capacity ? skip(index, *head_of(index, hash), hash) : 0;
}

uint32_t index_next(const struct index *index, uint32_t item)
{
	return skip(index, index->items[item].next, index->items[item].hash);
}

void index_clear(struct index *index)
{
	free(index->heads);
	free(index->items);
	*index = (struct index){.seed = index->seed};
}
