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
	if (r || a->peer != ATOM_BLOCK)
		return r;
	r = addr_compare(a->block.addr, b->block.addr);
	return r ? r : order_numbers(a->block.length, b->block.length);
}

static int compare_atoms(const void *a, const void *b)
{
	const struct atom *x = a, *y = b;
	int r = compare_peers(x, y);

	r = r ? r : order_numbers(x->edge == NULL, y->edge == NULL);
	r = r ? r : order_numbers(x->port, y->port);
	r = r ? r : order_numbers(x->protocol, y->protocol);
	/* One array, sorted: its order is the edges' order. */
	return r ? r : (x->edge > y->edge) - (x->edge < y->edge);
}

void atoms_sort(struct atoms *atoms)
{
	if (atoms->count > 0)
		qsort(atoms->items, atoms->count, sizeof(*atoms->items), compare_atoms);
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
