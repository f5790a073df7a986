#include "policy/atom.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static int compare_peers(const struct atom *a, const struct atom *b)
{
	int r = order_numbers(a->subject, b->subject);

	r = r ? r : order_numbers(a->egress, b->egress);
	r = r ? r : order_numbers(a->peer, b->peer);
	r = r ? r : order_numbers(a->group, b->group);
	r = r ? r : order_numbers(a->entity, b->entity);
	if (r == 0 && a->peer == ATOM_NAMESPACE)
		return strcmp(a->end->namespace, b->end->namespace);
	if (r || a->peer != ATOM_BLOCK)
		return r;
	r = addr_compare(a->block.addr, b->block.addr);
	return r ? r : order_numbers(a->block.length, b->block.length);
}

static int compare_grains(const struct atom *a, const struct atom *b)
{
	int r = compare_peers(a, b);

	r = r ? r : order_numbers(a->edge == NULL, b->edge == NULL);
	r = r ? r : order_numbers(a->port, b->port);
	return r ? r : order_numbers(a->protocol, b->protocol);
}

static int compare_atoms(const void *a, const void *b)
{
	const struct atom *x = a, *y = b;
	int r = compare_grains(x, y);

	/* One array, sorted: its order is the edges' order. */
	return r ? r : (x->edge > y->edge) - (x->edge < y->edge);
}

void atoms_sort(struct atoms *atoms)
{
	if (atoms->count > 0)
		qsort(atoms->items, atoms->count, sizeof(*atoms->items), compare_atoms);
}

const struct atom *atoms_find(const struct atoms *atoms, const struct atom *wanted)
{
	size_t low = 0, high = atoms->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int r = compare_grains(&atoms->items[middle], wanted);

		if (r == 0)
			return &atoms->items[middle];
		if (r < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
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
	return compare_peers(a, b) == 0;
}

void atoms_clear(struct atoms *atoms)
{
	free(atoms->items);
	*atoms = (struct atoms){0};
}
