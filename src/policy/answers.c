#include "policy/answers.h"

#include <errno.h>
#include <stdlib.h>

static uint64_t pack(struct port_range range)
{
	return (uint64_t)range.protocol << 32 | (uint64_t)range.first << 16 | range.last;
}

/* Both sets as bytes without holes. */
static int make_key(struct answers *answers, const struct port_set *a, const struct port_set *b,
		    size_t *ret_length)
{
	size_t wanted = 1 + a->count + b->count;
	size_t at = 0;

	if (wanted > answers->key_capacity) {
		uint64_t *grown = reallocarray(answers->key, wanted * 2, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		answers->key = grown;
		answers->key_capacity = wanted * 2;
	}
	answers->key[at++] = a->count;
	for (size_t i = 0; i < a->count; i++)
		answers->key[at++] = pack(a->items[i]);
	for (size_t i = 0; i < b->count; i++)
		answers->key[at++] = pack(b->items[i]);
	*ret_length = at * sizeof(*answers->key);
	return 0;
}

static void sets_clear(struct answer_sets *sets)
{
	port_set_clear(&sets->allows);
	port_set_clear(&sets->unknown);
}

/* The answer in hand, as it is told. */
static int narrow(const struct answers *answers, struct answer_sets *ret)
{
	struct answer_sets sets = {0};
	int r = port_set_copy(&answers->sure, &sets.allows);

	if (r == 0)
		r = port_set_copy(&answers->possible, &sets.unknown);
	if (r == 0)
		r = port_set_subtract(&sets.unknown, &answers->sure);
	if (r == 0 && answers->ports)
		r = port_set_intersect(&sets.allows, answers->ports);
	if (r == 0 && answers->ports)
		r = port_set_intersect(&sets.unknown, answers->ports);
	if (r < 0)
		sets_clear(&sets);
	else
		*ret = sets;
	return r;
}

static int room(struct answers *answers)
{
	size_t wanted = answers->count ? answers->count * 2 : 16;
	struct answer_sets *grown;

	if (answers->count < answers->capacity)
		return 0;
	grown = reallocarray(answers->items, wanted, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	answers->items = grown;
	answers->capacity = wanted;
	return 0;
}

static int number_of(struct answers *answers, uint32_t *ret_number)
{
	struct answer_sets sets;
	size_t length, number;
	int r = narrow(answers, &sets);

	if (r < 0)
		return r;
	r = make_key(answers, &sets.allows, &sets.unknown, &length);
	if (r == 0)
		r = room(answers);
	if (r == 0)
		r = intern_add(&answers->narrowed, answers->key, length, &number);
	if (r == 0 && number == answers->count)
		answers->items[answers->count++] = sets;
	else
		sets_clear(&sets);
	if (r == 0)
		*ret_number = (uint32_t)number;
	return r;
}

/* A new raw answer. */
static int add_raw(struct answers *answers, size_t raw)
{
	size_t wanted = answers->number_capacity ? answers->number_capacity * 2 : 16;

	if (raw >= answers->number_capacity) {
		uint32_t *grown = reallocarray(answers->numbers, wanted, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		answers->numbers = grown;
		answers->number_capacity = wanted;
	}
	return number_of(answers, &answers->numbers[raw]);
}

/* The number of what is in answers->sure and answers->possible. */
static int find(struct answers *answers, uint32_t *ret_number)
{
	size_t known = answers->raw.count;
	size_t length, raw;
	int r = make_key(answers, &answers->sure, &answers->possible, &length);

	if (r == 0)
		r = intern_add(&answers->raw, answers->key, length, &raw);
	if (r == 0 && raw == known)
		r = add_raw(answers, raw);
	if (r == 0)
		*ret_number = answers->numbers[raw];
	return r;
}

int answers_make(struct answers *answers, struct evaluator *evaluator, const struct port_set *ports)
{
	uint32_t nothing;

	*answers = (struct answers){.evaluator = evaluator,
				    .ports = ports,
				    .raw = intern_make(),
				    .narrowed = intern_make()};
	return find(answers, &nothing);
}

int answers_ask(struct answers *answers, const struct party *from, const struct party *to,
		uint32_t *ret_number)
{
	int r = evaluator_pair(answers->evaluator, from, to, &answers->sure, &answers->possible);

	return r < 0 ? r : find(answers, ret_number);
}

void answers_clear(struct answers *answers)
{
	for (size_t i = 0; i < answers->count; i++)
		sets_clear(&answers->items[i]);
	port_set_clear(&answers->sure);
	port_set_clear(&answers->possible);
	intern_clear(&answers->raw);
	intern_clear(&answers->narrowed);
	free(answers->numbers);
	free(answers->items);
	free(answers->key);
	*answers = (struct answers){0};
}
