/* Pieces of memory that all go at once. */
#ifndef NETPOL_BASE_ARENA_H
#define NETPOL_BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;

/* Start from {0}; release with arena_clear(). */
struct arena {
	struct arena_chunk *chunks;
	size_t used; /* of the first */
};

/* alignment: a power of two, at most 8. NULL: out of memory. */
void *arena_take(struct arena *arena, size_t size, size_t alignment);
/* A copy with a NUL at its end. */
char *arena_copy(struct arena *arena, const char *text, size_t length);
/* Takes back all pieces and keeps memory for others. */
void arena_reset(struct arena *arena);
/* Frees and zeroes. */
void arena_clear(struct arena *arena);

#endif
