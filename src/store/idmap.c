#include "store/idmap.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64

void idmap_init(struct idmap *map, size_t key_size, size_t limit)
{
	*map = (struct idmap){.seed = hash_seed_random(), .key_size = key_size, .limit = limit};
}

/* Rounded up so that the number of the next slot is aligned. */
static size_t slot_size(const struct idmap *map)
{
	return sizeof(int64_t) + (map->key_size + 7) / 8 * 8;
}

static int64_t *slot_at(const struct idmap *map, size_t index)
{
	return (int64_t *)(void *)(map->slots + index * slot_size(map));
}

/* The key's slot, or the empty one where it belongs. There is always an empty one. */
static int64_t *find(const struct idmap *map, const void *key)
{
	size_t index = hash_bytes(map->seed, key, map->key_size) & (map->capacity - 1);
	int64_t *slot = slot_at(map, index);

	while (*slot && memcmp(slot + 1, key, map->key_size) != 0) {
		index = (index + 1) & (map->capacity - 1);
		slot = slot_at(map, index);
	}
	return slot;
}

int64_t idmap_get(const struct idmap *map, const void *key)
{
	return map->capacity ? *find(map, key) : 0;
}

static bool grow(struct idmap *map)
{
	struct idmap larger = *map;

	larger.capacity = map->capacity ? map->capacity * 2 : FIRST_CAPACITY;
	larger.slots = calloc(larger.capacity, slot_size(map));
	if (!larger.slots)
		return false;
	for (size_t i = 0; i < map->capacity; i++) {
		const int64_t *slot = slot_at(map, i);

		if (*slot)
			memcpy(find(&larger, slot + 1), slot, slot_size(map));
	}
	free(map->slots);
	*map = larger;
	return true;
}

static void empty(struct idmap *map)
{
	if (map->capacity)
		memset(map->slots, 0, map->capacity * slot_size(map));
	map->count = 0;
}

bool idmap_put(struct idmap *map, const void *key, int64_t number)
{
	int64_t *slot = map->capacity ? find(map, key) : NULL;

	if (slot && *slot) {
		*slot = number;
		return true;
	}
	if (map->limit && map->count >= map->limit)
		empty(map);
	if ((map->count + 1) * 4 > map->capacity * 3 && !grow(map))
		return false;
	slot = find(map, key);
	map->count++;
	memcpy(slot + 1, key, map->key_size);
	*slot = number;
	return true;
}

/* What stands behind it and would no longer be found moves up. */
void idmap_remove(struct idmap *map, const void *key)
{
	const size_t mask = map->capacity - 1, size = slot_size(map);
	int64_t *slot = map->capacity ? find(map, key) : NULL;
	size_t hole;

	if (!slot || !*slot)
		return;
	hole = (size_t)((uint8_t *)slot - map->slots) / size;
	for (size_t i = (hole + 1) & mask; *slot_at(map, i); i = (i + 1) & mask) {
		size_t home = hash_bytes(map->seed, slot_at(map, i) + 1, map->key_size) & mask;

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		memcpy(slot_at(map, hole), slot_at(map, i), size);
		hole = i;
	}
	memset(slot_at(map, hole), 0, size);
	map->count--;
}

bool idmap_next(const struct idmap *map, size_t *position, int64_t **ret_number)
{
	while (*position < map->capacity) {
		int64_t *slot = slot_at(map, (*position)++);

		if (*slot) {
			*ret_number = slot;
			return true;
		}
	}
	return false;
}

void idmap_clear(struct idmap *map)
{
	free(map->slots);
	map->slots = NULL;
	map->capacity = 0;
	map->count = 0;
}
