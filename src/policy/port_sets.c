#include "policy/port_sets.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "policy/array.h"
#include "policy/intern.h"

struct port_sets {
	struct intern texts; /* of the sets */
	struct port_set *sets;
	size_t count;
	size_t capacity;
	struct buf text;
	struct memo unions;
	struct memo meets;
};

static int begin(struct port_sets *sets)
{
	struct port_set set = {0};
	size_t number;
	int r = port_sets_add(sets, &set, &number);

	if (r == 0)
		r = port_set_add_all(&set);
	if (r == 0)
		r = port_sets_add(sets, &set, &number);
	port_set_clear(&set);
	return r;
}

struct port_sets *port_sets_new(void)
{
	struct port_sets *sets = calloc(1, sizeof(*sets));

	if (!sets)
		return NULL;
	sets->texts = intern_make();
	return begin(sets) < 0 ? port_sets_free(sets) : sets;
}

struct port_sets *port_sets_free(struct port_sets *sets)
{
	if (!sets)
		return NULL;
	for (size_t i = 0; i < sets->count; i++)
		port_set_clear(&sets->sets[i]);
	free(sets->sets);
	intern_clear(&sets->texts);
	buf_clear(&sets->text);
	memo_clear(&sets->unions);
	memo_clear(&sets->meets);
	free(sets);
	return NULL;
}

const struct port_set *port_sets_get(const struct port_sets *sets, size_t number)
{
	return &sets->sets[number];
}

int port_sets_add(struct port_sets *sets, const struct port_set *set, size_t *ret_number)
{
	struct port_set copy = {0};
	size_t number;

	sets->text.length = 0;
	for (size_t i = 0; i < set->count; i++) {
		const struct port_range *range = &set->items[i];
		const uint16_t words[] = {range->protocol, range->first, range->last};

		buf_put(&sets->text, words, sizeof(words));
	}
	if (sets->text.error < 0 || port_set_copy(set, &copy) < 0)
		return -ENOMEM;
	if (array_grow(&sets->sets, sizeof(copy), sets->count, &sets->capacity) < 0 ||
	    intern_add(&sets->texts, sets->text.data, sets->text.length, &number) < 0) {
		port_set_clear(&copy);
		return -ENOMEM;
	}
	if (number == sets->count)
		sets->sets[sets->count++] = copy;
	else
		port_set_clear(&copy);
	*ret_number = number;
	return 0;
}

typedef int combine_fn(struct port_set *set, const struct port_set *other);

static int combine(struct port_sets *sets, size_t a, size_t b, combine_fn *combine_two,
		   size_t *ret_number)
{
	struct port_set set = {0};
	int r = port_set_copy(&sets->sets[a], &set);

	if (r == 0)
		r = combine_two(&set, &sets->sets[b]);
	if (r == 0)
		r = port_sets_add(sets, &set, ret_number);
	port_set_clear(&set);
	return r;
}

static int combine_once(struct port_sets *sets, struct memo *memo, size_t a, size_t b,
			combine_fn *combine_two, size_t *ret_number)
{
	const size_t pair[] = {a < b ? a : b, a < b ? b : a};
	size_t *answer;
	int r = memo_find(memo, pair, sizeof(pair), &answer);

	if (r == 0 && *answer == MEMO_NEW)
		r = combine(sets, a, b, combine_two, answer);
	if (r == 0)
		*ret_number = *answer;
	return r;
}

int port_sets_unite(struct port_sets *sets, size_t a, size_t b, size_t *ret_number)
{
	if (a != b && a != PORT_SETS_EMPTY && b != PORT_SETS_EMPTY && a != PORT_SETS_ALL &&
	    b != PORT_SETS_ALL)
		return combine_once(sets, &sets->unions, a, b, port_set_unite, ret_number);
	*ret_number = a == PORT_SETS_EMPTY || b == PORT_SETS_ALL ? b : a;
	return 0;
}

int port_sets_intersect(struct port_sets *sets, size_t a, size_t b, size_t *ret_number)
{
	if (a != b && a != PORT_SETS_EMPTY && b != PORT_SETS_EMPTY && a != PORT_SETS_ALL &&
	    b != PORT_SETS_ALL)
		return combine_once(sets, &sets->meets, a, b, port_set_intersect, ret_number);
	*ret_number = a == PORT_SETS_ALL || b == PORT_SETS_EMPTY ? b : a;
	return 0;
}
