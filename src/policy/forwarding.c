#include "policy/forwarding.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "policy/entry.h"
#include "policy/order.h"

/* How many nodes a warning names. */
#define NAMED_MAX 3

bool end_is_outside(const struct end *end)
{
	return end->kind == END_EXTERNAL && strcmp(end->class, "external") == 0;
}

/* ---- who asked ---- */

static int compare_ports(const struct atom *a, const struct atom *b)
{
	int r = order_numbers(a->port, b->port);

	return r ? r : order_numbers(a->protocol, b->protocol);
}

static int compare_places(const struct atom *a, const struct atom *b)
{
	int r = atom_compare_peers(a, b);

	return r ? r : compare_ports(a, b);
}

/* The first of the same peer and port, if there is one. */
static size_t find_place(const struct atoms *atoms, const struct atom *wanted)
{
	size_t low = 0, high = atoms->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_places(&atoms->items[middle], wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static enum forwarding told_elsewhere(const struct atoms *elsewhere, const struct atom *atom,
				      const struct end **ret_client)
{
	enum forwarding sum = FORWARDING_NONE;

	for (size_t i = find_place(elsewhere, atom);
	     i < elsewhere->count && compare_places(&elsewhere->items[i], atom) == 0; i++) {
		const struct atom *other = &elsewhere->items[i];

		if (other->end != other->edge->translated)
			continue;
		sum = FORWARDING_INSIDE;
		if (!end_is_outside(other->edge->from))
			continue;
		*ret_client = other->edge->from;
		return FORWARDING_OUTSIDE;
	}
	return sum;
}

/* What the node itself asked, its own record has as its own. */
static bool is_told_by_itself(const struct basis *basis, const struct atom *atom)
{
	const struct atoms *elsewhere = basis->elsewhere;
	const size_t at = find_place(elsewhere, atom);

	return atom->edge->vantage == VANTAGE_SOURCE || atom->edge->vantage == VANTAGE_BOTH ||
	       (at < elsewhere->count && compare_places(&elsewhere->items[at], atom) == 0);
}

/* A process of the node is not known to be the client. */
static bool may_forward(const struct basis *basis, const struct atom *atom)
{
	return !atom->own_node && atom->end->kind == END_NODE &&
	       strcmp(atom->end->class, "node") == 0 && atom->end->workload == GRAPH_NONE &&
	       atom->edge->to->kind == END_POD && !is_told_by_itself(basis, atom) &&
	       entry_forwards_to(basis->graph, atom->edge);
}

enum forwarding forwarding_of(const struct basis *basis, const struct atom *atom,
			      const struct end **ret_client)
{
	const struct graph_edge *edge = atom->edge;
	const struct end *client = atom->end;
	enum forwarding forwarding = FORWARDING_NONE;

	if (atom->egress || atom->peer != ATOM_BLOCK || !edge || !atom->end)
		return FORWARDING_NONE;
	if (atom->end == edge->translated) {
		client = edge->from;
		forwarding = end_is_outside(client) ? FORWARDING_OUTSIDE : FORWARDING_INSIDE;
	} else if (!end_is_outside(atom->end)) {
		forwarding = told_elsewhere(basis->elsewhere, atom, &client);
		if (forwarding == FORWARDING_NONE && may_forward(basis, atom))
			forwarding = FORWARDING_OUTSIDE;
	}
	if (ret_client)
		*ret_client = client;
	return forwarding;
}

/* ---- what is not open ---- */

bool is_open_to_all(const struct atoms *atoms, const struct atom *atom)
{
	struct atom all = *atom;
	size_t at;

	all.block = prefix_around(atom->block.addr, 0);
	for (at = find_place(atoms, &all);
	     at < atoms->count && compare_places(&atoms->items[at], &all) == 0; at++)
		if (atoms->items[at].left == LEFT_NONE)
			return true;
	return false;
}

static bool is_own_node(const struct atom *atom)
{
	return atom->own_node || (atom->end->kind == END_NODE && *atom->end->name &&
				  strcmp(atom->end->name, atom->edge->to->node) == 0);
}

static bool is_closed(const struct basis *basis, const struct atoms *atoms, const struct atom *atom)
{
	const struct group *group = &basis->groups->items[atom->subject];

	return atom->left == LEFT_NONE && !atom->egress &&
	       group->withheld[DIRECTION_INGRESS] == LEFT_NONE &&
	       forwarding_of(basis, atom, NULL) == FORWARDING_OUTSIDE && !is_own_node(atom) &&
	       !is_open_to_all(atoms, atom);
}

static int compare_closed(const void *a, const void *b)
{
	const struct atom *const *x = a, *const *y = b;
	int r = order_numbers((*x)->subject, (*y)->subject);

	r = r ? r : compare_ports(*x, *y);
	return r ? r : (*x > *y) - (*x < *y);
}

static void put_node(struct buf *buf, const struct end *end)
{
	char text[ADDR_TEXT_MAX];

	buf_puts(buf, *end->name ? end->name : addr_format(end->address, text));
}

static void put_nodes(struct buf *buf, const struct atom *const *atoms, size_t count)
{
	size_t nodes = 0;

	for (size_t i = 0; i < count; i++) {
		if (i > 0 && atom_same_peer(atoms[i - 1], atoms[i]))
			continue;
		if (nodes++ >= NAMED_MAX)
			continue;
		buf_puts(buf, nodes > 1 ? ", " : "");
		put_node(buf, atoms[i]->end);
	}
	if (nodes > NAMED_MAX)
		buf_printf(buf, " and %zu more", nodes - NAMED_MAX);
}

/* The atoms are of one subject and port. */
static void warn(const struct basis *basis, const struct atom *const *atoms, size_t count,
		 struct problems *problems)
{
	const struct group *group = &basis->groups->items[atoms[0]->subject];
	struct buf subject = {0}, nodes = {0};
	char number[4];

	buf_printf(&subject, "%s in %s", group->subject, group->namespace);
	put_nodes(&nodes, atoms, count);
	if (!subject.error && !nodes.error)
		problem_add(problems, PROBLEM_WARNING, subject.data,
			    "clients outside seem to come to %s %u by way of nodes that show their "
			    "own address: %s; these are allowed, and no other by which one comes "
			    "tomorrow; %s, or externalTrafficPolicy: Local keeps the clients' "
			    "addresses",
			    protocol_name(atoms[0]->protocol, number), atoms[0]->port, nodes.data,
			    basis->request->exact ? "without --exact the port is open to all"
						  : "--external-ingress any opens the port to all");
	buf_clear(&subject);
	buf_clear(&nodes);
}

static bool same_place(const struct atom *a, const struct atom *b)
{
	return a->subject == b->subject && compare_ports(a, b) == 0;
}

int forwarding_warn(const struct basis *basis, const struct atoms *atoms, struct problems *problems)
{
	const struct atom **closed = NULL;
	size_t count = 0, capacity = 0;

	for (size_t i = 0; i < atoms->count; i++)
		capacity += is_closed(basis, atoms, &atoms->items[i]);
	if (capacity == 0)
		return 0;
	closed = calloc(capacity, sizeof(*closed));
	if (!closed)
		return -ENOMEM;
	for (size_t i = 0; i < atoms->count && count < capacity; i++)
		if (is_closed(basis, atoms, &atoms->items[i]))
			closed[count++] = &atoms->items[i];
	qsort(closed, count, sizeof(const struct atom *), compare_closed);
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && same_place(closed[i], closed[end]); end++)
			;
		warn(basis, closed + i, end - i, problems);
	}
	free(closed);
	return 0;
}
