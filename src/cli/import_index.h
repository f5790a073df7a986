/* Finds the numbers of items by a hash of what identifies them; who asks compares the items. */
#ifndef NETPOL_CLI_IMPORT_INDEX_H
#define NETPOL_CLI_IMPORT_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

struct index_item {
	uint64_t hash;
	uint32_t next;
};

/* Start from {.seed = hash_seed_random()}; release with index_clear(). Items are 1, 2, …; 0: none.
 */
struct index {
	struct hash_seed seed;
	uint32_t *heads; /* capacity of them, a power of two */
	struct index_item *items;
	size_t capacity;
	size_t room; /* of items */
};

/* -ENOMEM. The item must not be in it. */
int index_put(struct index *index, uint64_t hash, uint32_t item);
void index_remove(struct index *index, uint32_t item);
/* Items of one hash, the last put first; 0: no more. */
uint32_t index_first(const struct index *index, uint64_t hash);
uint32_t index_next(const struct index *index, uint32_t item);
/* Frees and zeroes all but the seed. */
void index_clear(struct index *index);

/* Room for one more in an array; -ENOMEM. */
int array_grow(void *array, size_t item_size, size_t count, size_t *capacity);

#endif
