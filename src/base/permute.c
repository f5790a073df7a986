#include "base/permute.h"

#include <string.h>

/* Where the walk along a circle will be after so many moves is fetched from memory by then. */
#define MOVES_AHEAD 8
#define CACHE_LINE 64

static void fetch(const char *item, size_t size)
{
	for (size_t at = 0; at < size; at += CACHE_LINE)
		__builtin_prefetch(item + at);
}

/* Along the circle of those that take one another's places, of which this one is the first. */
static void move_circle(char *items, size_t size, uint32_t *order, uint32_t start)
{
	char first[PERMUTE_SIZE_MAX];
	uint32_t at = start, ahead = start;

	memcpy(first, items + start * size, size);
	for (int i = 0; i < MOVES_AHEAD; i++)
		ahead = order[ahead];
	while (order[at] != start) {
		uint32_t next = order[at];

		ahead = order[ahead];
		fetch(items + ahead * size, size);
		memcpy(items + at * size, items + next * size, size);
		order[at] = at;
		at = next;
	}
	memcpy(items + at * size, first, size);
	order[at] = at;
}

void permute(void *items, uint32_t count, size_t size, uint32_t *order)
{
	for (uint32_t i = 0; i < count; i++)
		if (order[i] != i)
			move_circle(items, size, order, i);
}
