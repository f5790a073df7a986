#include "policy/rule_rows.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/array.h"
#include "policy/bits.h"

/* A walk over the places. */
struct sweep {
	uint64_t *set;
	uint64_t hash;  /* of the set: of each rule in it, each of them added or taken by XOR */
	uint32_t *open; /* by rule: how many of its runs have begun and not ended */
	struct hash_seed seed;
};

/* Rules in the order of the places where their runs begin, or end. */
struct edges {
	size_t *first; /* by place, and one more */
	uint32_t *rules;
};

int rule_rows_add(struct rule_rows *rows, size_t first, size_t last, size_t rule)
{
	if (array_grow(&rows->runs, sizeof(*rows->runs), rows->run_count, &rows->run_capacity) < 0)
		return -ENOMEM;
	rows->runs[rows->run_count++] = (struct rule_run){first, last + 1, (uint32_t)rule};
	return 0;
}

static size_t place_of_edge(const struct rule_run *run, bool ends)
{
	return ends ? run->end : run->first;
}

/* Runs may end where the places do. */
static int sort_edges(const struct rule_rows *rows, size_t places, bool ends, struct edges *edges)
{
	size_t *first = calloc(places + 2, sizeof(*first));

	*edges = (struct edges){first, calloc(rows->run_count + 1, sizeof(*edges->rules))};
	if (!first || !edges->rules)
		return -ENOMEM;
	for (size_t i = 0; i < rows->run_count; i++)
		first[place_of_edge(&rows->runs[i], ends)]++;
	for (size_t i = 1; i <= places + 1; i++)
		first[i] += first[i - 1];
	for (size_t i = rows->run_count; i-- > 0;)
		edges->rules[--first[place_of_edge(&rows->runs[i], ends)]] = rows->runs[i].rule;
	return 0;
}

static void edges_clear(struct edges *edges)
{
	free(edges->first);
	free(edges->rules);
}

static void toggle(struct sweep *sweep, uint32_t rule)
{
	sweep->set[rule / BITS_WORD] ^= UINT64_C(1) << rule % BITS_WORD;
	sweep->hash ^= hash_bytes(sweep->seed, &rule, sizeof(rule));
}

static void step(struct sweep *sweep, const struct edges *begins, const struct edges *ends,
		 size_t place)
{
	for (size_t i = begins->first[place]; i < begins->first[place + 1]; i++)
		if (sweep->open[begins->rules[i]]++ == 0)
			toggle(sweep, begins->rules[i]);
	for (size_t i = ends->first[place]; i < ends->first[place + 1]; i++)
		if (--sweep->open[ends->rules[i]] == 0)
			toggle(sweep, ends->rules[i]);
}

static int walk(struct rule_rows *rows, struct sweep *sweep, const struct edges *begins,
		const struct edges *ends, size_t places, size_t room)
{
	for (size_t i = 0; i < places; i++) {
		size_t set;

		step(sweep, begins, ends, i);
		if (intern_add_hashed(&rows->sets, sweep->hash, sweep->set,
				      rows->words * sizeof(*sweep->set), &set) < 0)
			return -ENOMEM;
		if (rows->sets.used > room)
			return -E2BIG;
		rows->set_of[i] = (uint32_t)set;
	}
	return 0;
}

int rule_rows_finish(struct rule_rows *rows, size_t places, size_t rules, size_t *room)
{
	struct sweep sweep = {.seed = hash_seed_random()};
	struct edges begins = {0}, ends = {0};
	int r;

	rows->words = bits_words(rules) + 1;
	rows->set_of = calloc(places + 1, sizeof(*rows->set_of));
	sweep.set = calloc(rows->words, sizeof(*sweep.set));
	sweep.open = calloc(rules + 1, sizeof(*sweep.open));
	r = rows->set_of && sweep.set && sweep.open ? 0 : -ENOMEM;
	if (r == 0)
		r = sort_edges(rows, places, false, &begins);
	if (r == 0)
		r = sort_edges(rows, places, true, &ends);
	if (r == 0)
		r = walk(rows, &sweep, &begins, &ends, places, *room);
	if (r == 0)
		*room -= rows->sets.used;
	edges_clear(&begins);
	edges_clear(&ends);
	free(sweep.set);
	free(sweep.open);
	free(rows->runs);
	rows->runs = NULL;
	rows->run_count = rows->run_capacity = 0;
	return r;
}

void rule_rows_clear(struct rule_rows *rows)
{
	free(rows->runs);
	free(rows->set_of);
	intern_clear(&rows->sets);
	*rows = (struct rule_rows){0};
}
