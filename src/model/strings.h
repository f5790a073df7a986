/* Every text once: a set that owns copies, so that equal texts are equal pointers. */
#ifndef NETPOL_MODEL_STRINGS_H
#define NETPOL_MODEL_STRINGS_H

#include <stddef.h>

#include "base/hash.h"

/* Start from {0}; release with strings_clear(). */
struct strings {
	struct hash_seed seed;
	char **slots; /* open addressing; capacity is a power of two */
	size_t capacity;
	size_t count;
};

/* The set's own copy, valid until strings_clear(). NULL: out of memory. */
const char *strings_intern(struct strings *strings, const char *text);
void strings_clear(struct strings *strings);

#endif
