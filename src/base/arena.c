#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_MIN ((size_t)16 << 10)
#define CHUNK_MAX ((size_t)1 << 20)

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	char bytes[] __attribute__((aligned(8)));
};

static void free_chunks(struct arena_chunk *chunk)
{
	while (chunk) {
		struct arena_chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
}

static struct arena_chunk *chunk_new(const struct arena *arena, size_t wanted)
{
	size_t size = arena->chunks ? arena->chunks->size * 2 : CHUNK_MIN;
	struct arena_chunk *chunk;

	if (size > CHUNK_MAX)
		size = CHUNK_MAX;
	if (size < wanted)
		size = wanted;
	chunk = malloc(sizeof(*chunk) + size);
	if (chunk)
		chunk->size = size;
	return chunk;
}

static void *take_from_new(struct arena *arena, size_t size)
{
	struct arena_chunk *chunk = chunk_new(arena, size);

	if (!chunk)
		return NULL;
	/* A large piece gets a chunk of its own, behind the one that still has room. */
	if (arena->chunks && size >= CHUNK_MAX / 2) {
		chunk->next = arena->chunks->next;
		arena->chunks->next = chunk;
	} else {
		chunk->next = arena->chunks;
		arena->chunks = chunk;
		arena->used = size;
	}
	return chunk->bytes;
}

void *arena_take(struct arena *arena, size_t size, size_t alignment)
{
	const size_t at = (arena->used + alignment - 1) & ~(alignment - 1);
	struct arena_chunk *chunk = arena->chunks;

	if (!chunk || at > chunk->size || size > chunk->size - at)
		return take_from_new(arena, size);
	arena->used = at + size;
	return chunk->bytes + at;
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_take(arena, length + 1, 1);

	if (copy) {
		if (length > 0)
			memcpy(copy, text, length);
		copy[length] = '\0';
	}
	return copy;
}

void arena_reset(struct arena *arena)
{
	if (arena->chunks) {
		free_chunks(arena->chunks->next);
		arena->chunks->next = NULL;
	}
	arena->used = 0;
}

void arena_clear(struct arena *arena)
{
	free_chunks(arena->chunks);
	*arena = (struct arena){0};
}
