/* A hash map from keys of one fixed size to database numbers. Hashed with a random seed: keys come
 * from the network. */
#ifndef NETPOL_STORE_IDMAP_H
#define NETPOL_STORE_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

/* Start with idmap_init(); release with idmap_clear(). */
struct idmap {
	struct hash_seed seed;
	size_t key_size;
	size_t limit; /* entries; 0: none */
	size_t count;
	size_t capacity; /* slots: 0 or a power of two */
	uint8_t *slots;  /* int64_t number, then the key; number 0: empty */
};

/* At limit entries the map is emptied before the next is added: it is a cache then. */
void idmap_init(struct idmap *map, size_t key_size, size_t limit);
/* 0 if there is none. */
int64_t idmap_get(const struct idmap *map, const void *key);
/* number is not 0. Replaces what is there. False: out of memory, and not added. */
bool idmap_put(struct idmap *map, const void *key, int64_t number);
/* Does nothing where there is none. No memory is given back. */
void idmap_remove(struct idmap *map, const void *key);
/* Numbers one by one, in no order; start from *position = 0. They may be changed through
 * *ret_number, not to 0. */
bool idmap_next(const struct idmap *map, size_t *position, int64_t **ret_number);
/* Empties it and frees its memory; ready to be used again. */
void idmap_clear(struct idmap *map);

#endif
