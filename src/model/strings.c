#include "model/strings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char **slot_of(const struct strings *strings, const char *text)
{
	size_t i = (size_t)hash_bytes(strings->seed, text, strlen(text));

	for (;; i++) {
		char **slot = &strings->slots[i & (strings->capacity - 1)];

		if (!*slot || strcmp(*slot, text) == 0)
			return slot;
	}
}

static int grow(struct strings *strings)
{
	struct strings larger = {.capacity = strings->capacity ? strings->capacity * 2 : 64};

	if (strings->count * 4 < strings->capacity * 3)
		return 0;
	larger.seed = strings->capacity ? strings->seed : hash_seed_random();
	larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < strings->capacity; i++)
		if (strings->slots[i])
			*slot_of(&larger, strings->slots[i]) = strings->slots[i];
	larger.count = strings->count;
	free(strings->slots);
	*strings = larger;
	return 0;
}

const char *strings_intern(struct strings *strings, const char *text)
{
	char **slot;

	if (grow(strings) < 0)
		return NULL;
	slot = slot_of(strings, text);
	if (!*slot) {
		*slot = strdup(text);
		strings->count += *slot != NULL;
	}
	return *slot;
}

void strings_clear(struct strings *strings)
{
	for (size_t i = 0; i < strings->capacity; i++)
		free(strings->slots[i]);
	free(strings->slots);
	*strings = (struct strings){0};
}
