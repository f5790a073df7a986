#include "policy/rare.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/forwarding.h"
#include "policy/order.h"

static int64_t connections_of(const struct graph_edge *edge)
{
	/* One that was opened before, if none was seen to begin. */
	return edge->edge.totals.connections > 0 ? edge->edge.totals.connections : 1;
}

static bool same_place(const struct atom *a, const struct atom *b)
{
	return atom_same_peer(a, b) && a->port == b->port && a->protocol == b->protocol;
}

/* The atoms are of one place. */
static void leave_place(int64_t minimum, struct atom *atoms, size_t count)
{
	int64_t connections = 0;

	for (size_t i = 0; i < count; i++)
		connections += atoms[i].edge ? connections_of(atoms[i].edge) : minimum;
	for (size_t i = 0; i < count && connections < minimum; i++)
		if (atoms[i].left == LEFT_NONE)
			atoms[i].left = LEFT_BELOW_MINIMUM;
}

static void leave_places(int64_t minimum, struct atoms *atoms)
{
	for (size_t i = 0, end; i < atoms->count; i = end) {
		for (end = i + 1;
		     end < atoms->count && same_place(&atoms->items[i], &atoms->items[end]); end++)
			;
		leave_place(minimum, &atoms->items[i], end - i);
	}
}

/* ---- those that are counted together ---- */

static bool is_one_of_many(const struct basis *basis, const struct atom *atom)
{
	return atom->peer == ATOM_BLOCK && atom->edge &&
	       (atom->left == LEFT_NONE || atom->left == LEFT_BELOW_MINIMUM) &&
	       (end_is_outside(atom->end) || forwarding_of(basis, atom, NULL) != FORWARDING_NONE);
}

static int compare_many(const void *a, const void *b)
{
	const struct atom *x = *(struct atom *const *)a, *y = *(struct atom *const *)b;
	int r = order_numbers(x->subject, y->subject);

	r = r ? r : order_numbers(x->egress, y->egress);
	r = r ? r : order_numbers(x->port, y->port);
	r = r ? r : order_numbers(x->protocol, y->protocol);
	return r ? r : order_numbers(x->block.addr.family, y->block.addr.family);
}

/* The client behind the pod's own node is of the node's edge, which has counted. */
static bool has_counted(const struct atom *atom)
{
	return atom->edge->translated && atom->end == atom->edge->from && !atom->egress;
}

/* With all that is of its place, which is in the rule then. */
static void bring_back(struct atoms *atoms, struct atom *atom)
{
	struct atom *first = atom, *last = atom + 1;

	while (first > atoms->items && same_place(first - 1, atom))
		first--;
	while (last < atoms->items + atoms->count && same_place(last, atom))
		last++;
	for (; first < last; first++)
		if (first->left == LEFT_BELOW_MINIMUM)
			first->left = LEFT_NONE;
}

static void keep_many(int64_t minimum, struct atoms *atoms, struct atom *const *many, size_t count)
{
	int64_t connections = 0;

	for (size_t i = 0; i < count; i++)
		if (!has_counted(many[i]))
			connections += connections_of(many[i]->edge);
	for (size_t i = 0; i < count && connections >= minimum; i++)
		if (many[i]->left == LEFT_BELOW_MINIMUM)
			bring_back(atoms, many[i]);
}

int rare_leave(const struct basis *basis, struct atoms *atoms)
{
	const int64_t minimum = basis->request->min_connections;
	struct atom **many;
	size_t count = 0;

	if (minimum <= 1 || atoms->count == 0)
		return 0;
	many = calloc(atoms->count, sizeof(*many));
	if (!many)
		return -ENOMEM;
	leave_places(minimum, atoms);
	for (size_t i = 0; i < atoms->count; i++)
		if (is_one_of_many(basis, &atoms->items[i]))
			many[count++] = &atoms->items[i];
	if (count > 0)
		qsort(many, count, sizeof(*many), compare_many);
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && compare_many(&many[i], &many[end]) == 0; end++)
			;
		keep_many(minimum, atoms, many + i, end - i);
	}
	free(many);
	return 0;
}
