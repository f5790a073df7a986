#include "policy/atom.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/array.h"
#include "policy/order.h"

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

	r = r ? r : order_numbers(x->left, y->left);
	/* One array, sorted: its order is the edges' order. */
	r = r ? r : (x->edge > y->edge) - (x->edge < y->edge);
	return r ? r : order_numbers(x->wider, y->wider);
}

void atoms_sort(struct atoms *atoms)
{
	array_sort(atoms->items, sizeof(*atoms->items), atoms->count, compare_atoms);
}

const struct atom *atoms_find(const struct atoms *atoms, const struct atom *wanted)
{
	size_t low = 0, high = atoms->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_grains(&atoms->items[middle], wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == atoms->count || compare_grains(&atoms->items[low], wanted) != 0)
		return NULL;
	return &atoms->items[low];
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
