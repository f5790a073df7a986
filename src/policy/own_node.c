#include "policy/own_node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/admit.h"
#include "policy/order.h"

/* Where a subject was seen with a node that is not its pod's own. */
struct meeting {
	size_t subject;
	bool egress;
	uint16_t port;
	uint8_t protocol;
};

struct meetings {
	struct meeting *items;
	size_t count;
};

static int compare_meetings(const void *a, const void *b)
{
	const struct meeting *x = a, *y = b;
	int r = order_numbers(x->subject, y->subject);

	r = r ? r : order_numbers(x->egress, y->egress);
	r = r ? r : order_numbers(x->port, y->port);
	return r ? r : order_numbers(x->protocol, y->protocol);
}

static struct meeting meeting_of(const struct atom *atom)
{
	return (struct meeting){.subject = atom->subject,
				.egress = atom->egress,
				.port = atom->port,
				.protocol = atom->protocol};
}

static bool is_another_node(const struct atom *atom)
{
	return atom->peer == ATOM_BLOCK && atom->edge && !atom->own_node &&
	       (atom->end->kind == END_NODE || atom->end->kind == END_POD);
}

static int find_meetings(const struct atoms *atoms, struct meetings *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < atoms->count; i++)
		count += is_another_node(&atoms->items[i]);
	ret->items = calloc(count + 1, sizeof(*ret->items));
	if (!ret->items)
		return -ENOMEM;
	for (size_t i = 0; i < atoms->count; i++)
		if (is_another_node(&atoms->items[i]))
			ret->items[ret->count++] = meeting_of(&atoms->items[i]);
	qsort(ret->items, count, sizeof(*ret->items), compare_meetings);
	return 0;
}

static bool is_resolver(const struct dns *dns, const struct atom *atom)
{
	for (size_t i = 0; atom->egress && i < dns->count; i++) {
		const struct resolver *resolver = &dns->resolvers[i];

		if (resolver->group == GROUP_NONE && resolver->end &&
		    resolver->port == atom->port && resolver->protocol == atom->protocol &&
		    addr_equal(resolver->end->address, atom->end->address))
			return true;
	}
	return false;
}

static bool stays(const struct basis *basis, const struct meetings *meetings,
		  const struct atom *atom)
{
	const struct meeting meeting = meeting_of(atom);

	if (admit_is_included(basis->request->include, LEFT_OWN_NODE))
		return true;
	if (basis->request->exact)
		return false;
	return strcmp(atom->end->class, "api-server") == 0 || is_resolver(basis->dns, atom) ||
	       bsearch(&meeting, meetings->items, meetings->count, sizeof(meeting),
		       compare_meetings);
}

int own_nodes_leave(const struct basis *basis, struct atoms *atoms)
{
	struct meetings meetings = {0};

	if (find_meetings(atoms, &meetings) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < atoms->count; i++) {
		struct atom *atom = &atoms->items[i];

		if (!atom->own_node)
			continue;
		atom->wider |= WIDER_OWN_NODE;
		if (!stays(basis, &meetings, atom))
			atom->left = LEFT_OWN_NODE;
	}
	free(meetings.items);
	return 0;
}
