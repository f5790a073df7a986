#include "policy/atom.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/array.h"
#include "policy/order.h"

/* Fewer are sorted at once. */
#define SHELVED_MIN 65536

int atoms_add(struct atoms *atoms, const struct atom *atom)
{
	size_t capacity = atoms->capacity ? atoms->capacity + atoms->capacity / 2 : 64;
	struct atom *items;

	if (atoms->count == atoms->capacity) {
		items = reallocarray(atoms->items, capacity, sizeof(*items));
		if (!items)
			return -ENOMEM;
		atoms->items = items;
		atoms->capacity = capacity;
	}
	atoms->items[atoms->count++] = *atom;
	return 0;
}

int atom_compare_peers(const struct atom *a, const struct atom *b)
{
	int r = order_numbers(a->subject, b->subject);

	r = r ? r : order_numbers(a->egress, b->egress);
	r = r ? r : order_numbers(a->peer, b->peer);
	r = r ? r : order_numbers(a->group, b->group);
	r = r ? r : order_numbers(a->entity, b->entity);
	if (!r && a->peer == ATOM_NAMESPACE)
		return strcmp(a->namespace, b->namespace);
	if (r || a->peer != ATOM_BLOCK)
		return r;
	r = addr_compare(a->block.addr, b->block.addr);
	return r ? r : order_numbers(a->block.length, b->block.length);
}

/* What was seen comes before what was added. */
static int compare_grains(const struct atom *a, const struct atom *b)
{
	int r = atom_compare_peers(a, b);

	r = r ? r : order_numbers(a->port, b->port);
	r = r ? r : order_numbers(a->protocol, b->protocol);
	return r ? r : order_numbers(a->edge == NULL, b->edge == NULL);
}

static int compare_atoms(const void *a, const void *b)
{
	const struct atom *x = a, *y = b;
	int r = compare_grains(x, y);

	/* One array, sorted: its order is the edges' order. */
	r = r ? r : (x->edge > y->edge) - (x->edge < y->edge);
	return r ? r : order_numbers(x->wider, y->wider);
}

static int compare_indexes(const void *a, const void *b, void *context)
{
	const struct atom *items = context;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int r = compare_atoms(&items[x], &items[y]);

	return r ? r : (x > y) - (x < y);
}

/* One for each subject and direction. */
static size_t shelf_of(const struct atom *atom)
{
	return 2 * atom->subject + atom->egress;
}

static size_t count_shelves(const struct atoms *atoms)
{
	size_t count = 0;

	for (size_t i = 0; i < atoms->count; i++)
		if (shelf_of(&atoms->items[i]) >= count)
			count = shelf_of(&atoms->items[i]) + 1;
	return count;
}

/* The order of their indexes. first: where each shelf begins, and at first 0. */
static void order_atoms(const struct atoms *atoms, size_t *order, size_t *first, size_t shelves)
{
	for (size_t i = 0; i < atoms->count; i++)
		first[shelf_of(&atoms->items[i])]++;
	for (size_t i = 1; i < shelves; i++)
		first[i] += first[i - 1];
	for (size_t i = atoms->count; i-- > 0;)
		order[--first[shelf_of(&atoms->items[i])]] = i;
	for (size_t i = 0; i < shelves; i++) {
		size_t end = i + 1 < shelves ? first[i + 1] : atoms->count;

		if (end - first[i] > 1)
			qsort_r(&order[first[i]], end - first[i], sizeof(*order), compare_indexes,
				atoms->items);
	}
}

/* Each moves once, along the circles of those that take one another's places. */
static void move_atoms(struct atom *items, size_t *order, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct atom first = items[i];
		size_t at = i;

		for (size_t next = order[at]; next != i; next = order[at]) {
			items[at] = items[next];
			order[at] = at;
			at = next;
		}
		items[at] = first;
		order[at] = at;
	}
}

/* By subject and direction first: then few are to be compared. False: nothing was done. */
static bool sort_on_shelves(struct atoms *atoms)
{
	size_t shelves = count_shelves(atoms);
	size_t *order = calloc(atoms->count, sizeof(*order));
	size_t *first = calloc(shelves, sizeof(*first));
	bool can = order && first;

	if (can) {
		order_atoms(atoms, order, first, shelves);
		move_atoms(atoms->items, order, atoms->count);
	}
	free(order);
	free(first);
	return can;
}

void atoms_sort(struct atoms *atoms)
{
	if (array_is_sorted(atoms->items, sizeof(*atoms->items), atoms->count, compare_atoms))
		return;
	if (atoms->count <= SHELVED_MIN || !sort_on_shelves(atoms))
		qsort(atoms->items, atoms->count, sizeof(*atoms->items), compare_atoms);
}

/* Where the run of one grain ends; *ret_least: the one of it that is left out least. */
static size_t find_least(const struct atoms *atoms, size_t first, const struct atom **ret_least)
{
	size_t end = first + 1;

	*ret_least = &atoms->items[first];
	for (; end < atoms->count && compare_grains(&atoms->items[first], &atoms->items[end]) == 0;
	     end++)
		if ((*ret_least)->left > atoms->items[end].left)
			*ret_least = &atoms->items[end];
	return end;
}

const struct atom *atoms_find_next(struct atoms_search *search, const struct atom *wanted)
{
	const struct atoms *atoms = search->atoms;

	if (search->found && compare_grains(search->found, wanted) == 0)
		return search->found;
	while (search->at < atoms->count && compare_grains(&atoms->items[search->at], wanted) < 0)
		search->at++;
	search->found = NULL;
	if (search->at < atoms->count && compare_grains(&atoms->items[search->at], wanted) == 0)
		search->at = find_least(atoms, search->at, &search->found);
	return search->found;
}

void atoms_drop_left(struct atoms *atoms)
{
	size_t kept = 0;

	for (size_t i = 0; i < atoms->count; i++)
		if (atoms->items[i].left == LEFT_NONE)
			atoms->items[kept++] = atoms->items[i];
	atoms->count = kept;
}

bool atom_same_peer(const struct atom *a, const struct atom *b)
{
	return atom_compare_peers(a, b) == 0;
}

static bool same_port(const struct atom *a, const struct atom *b)
{
	return a->port == b->port && a->protocol == b->protocol;
}

unsigned atoms_wider(const struct atom *atoms, size_t count, size_t *ret_end)
{
	unsigned wider = 0;
	bool exact = false;
	size_t i = 0;

	for (; i < count && same_port(atoms, &atoms[i]); i++) {
		wider |= atoms[i].wider;
		exact |= atoms[i].wider == 0;
	}
	*ret_end = i;
	return exact ? 0 : wider;
}

void atoms_clear(struct atoms *atoms)
{
	free(atoms->items);
	*atoms = (struct atoms){0};
}
