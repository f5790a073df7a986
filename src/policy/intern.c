#include "policy/intern.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "policy/array.h"

struct intern intern_make(void)
{
	return (struct intern){.seed = hash_seed_random()};
}

/* Where it is, or would be. */
static size_t find_slot(const struct intern *intern, uint64_t hash, const void *bytes,
			size_t length)
{
	size_t slot = hash & (intern->slot_count - 1);

	for (; intern->slots[slot]; slot = (slot + 1) & (intern->slot_count - 1)) {
		const struct intern_entry *entry = &intern->entries[intern->slots[slot] - 1];

		if (entry->hash == hash && entry->length == length &&
		    (length == 0 || memcmp(intern->bytes + entry->at, bytes, length) == 0))
			break;
	}
	return slot;
}

/* At most half of the slots are taken. */
static int grow_slots(struct intern *intern)
{
	size_t wanted = intern->slot_count ? intern->slot_count * 2 : 64;
	uint32_t *slots;

	if (intern->count * 2 < intern->slot_count)
		return 0;
	slots = calloc(wanted, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < intern->count; i++) {
		size_t slot = intern->entries[i].hash & (wanted - 1);

		while (slots[slot])
			slot = (slot + 1) & (wanted - 1);
		slots[slot] = (uint32_t)(i + 1);
	}
	free(intern->slots);
	intern->slots = slots;
	intern->slot_count = wanted;
	return 0;
}

static int grow_entries(struct intern *intern)
{
	if (intern->count >= UINT32_MAX / 2)
		return -ENOMEM;
	return array_grow(&intern->entries, sizeof(*intern->entries), intern->count,
			  &intern->capacity);
}

static int grow_bytes(struct intern *intern, size_t length)
{
	size_t wanted = (intern->used + length) * 2;
	uint8_t *bytes;

	if (intern->used + length <= intern->size)
		return 0;
	bytes = realloc(intern->bytes, wanted);
	if (!bytes)
		return -ENOMEM;
	intern->bytes = bytes;
	intern->size = wanted;
	return 0;
}

int intern_add_hashed(struct intern *intern, uint64_t hash, const void *bytes, size_t length,
		      size_t *ret_number)
{
	size_t slot;

	if (grow_slots(intern) < 0 || grow_entries(intern) < 0 || grow_bytes(intern, length) < 0)
		return -ENOMEM;
	slot = find_slot(intern, hash, bytes, length);
	if (!intern->slots[slot]) {
		intern->entries[intern->count++] =
		    (struct intern_entry){.hash = hash, .at = intern->used, .length = length};
		if (length > 0)
			memcpy(intern->bytes + intern->used, bytes, length);
		intern->used += length;
		intern->slots[slot] = (uint32_t)intern->count;
	}
	*ret_number = intern->slots[slot] - 1;
	return 0;
}

int intern_add(struct intern *intern, const void *bytes, size_t length, size_t *ret_number)
{
	return intern_add_hashed(intern, hash_bytes(intern->seed, bytes, length), bytes, length,
				 ret_number);
}

size_t intern_find(const struct intern *intern, const void *bytes, size_t length)
{
	size_t slot;

	if (intern->count == 0)
		return SIZE_MAX;
	slot = find_slot(intern, hash_bytes(intern->seed, bytes, length), bytes, length);
	return intern->slots[slot] ? intern->slots[slot] - 1 : SIZE_MAX;
}

void intern_clear(struct intern *intern)
{
	free(intern->entries);
	free(intern->slots);
	free(intern->bytes);
	*intern = (struct intern){0};
}

void memo_clear(struct memo *memo)
{
	intern_clear(&memo->questions);
	free(memo->answers);
	*memo = (struct memo){0};
}

int memo_find(struct memo *memo, const void *question, size_t length, size_t **ret_answer)
{
	size_t before, number;

	if (memo->questions.used > MEMO_BYTES_MAX)
		memo_clear(memo);
	if (memo->questions.count == 0)
		memo->questions.seed = hash_seed_random();
	before = memo->questions.count;
	if (array_grow(&memo->answers, sizeof(*memo->answers), before, &memo->capacity) < 0 ||
	    intern_add(&memo->questions, question, length, &number) < 0)
		return -ENOMEM;
	if (number == before)
		memo->answers[number] = MEMO_NEW;
	*ret_answer = &memo->answers[number];
	return 0;
}
