#include "policy/atom.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/order.h"

struct atom *atoms_push(struct atoms *atoms, const struct atom *atom)
{
	size_t capacity = atoms->capacity ? atoms->capacity + atoms->capacity / 2 : 64;
	struct atom *items;

	if (atoms->count == atoms->capacity) {
		items = reallocarray(atoms->items, capacity, sizeof(*items));
		if (!items)
			return NULL;
		atoms->items = items;
		atoms->capacity = capacity;
	}
	atoms->items[atoms->count] = *atom;
	return &atoms->items[atoms->count++];
}

int atoms_add(struct atoms *atoms, const struct atom *atom)
{
	return atoms_push(atoms, atom) ? 0 : -ENOMEM;
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

int atom_compare(const struct atom *a, const struct atom *b)
{
	int r = compare_grains(a, b);

	/* One array, sorted: its order is the edges' order. */
	r = r ? r : (a->edge > b->edge) - (a->edge < b->edge);
	return r ? r : order_numbers(a->wider, b->wider);
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
