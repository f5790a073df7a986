#include "policy/entities.h"

#include <stdlib.h>
#include <string.h>

#include "policy/order.h"

static bool is_on_node(const struct graph *graph, const struct end *end)
{
	return end->kind == END_NODE || (end->kind == END_POD && end->workload != GRAPH_NONE &&
					 graph->workloads[end->workload].host_network);
}

/* False: an address says it better. */
static bool find_entity(const struct graph *graph, const struct atom *atom, enum entity *ret)
{
	/* A service's own address is nobody's whom a plugin knows. */
	if (atom->peer != ATOM_BLOCK || (atom->wider & WIDER_SERVICE_PORT))
		return false;
	if (atom->wider & WIDER_ANY_CLIENT)
		*ret = ENTITY_WORLD;
	else if (atom->end && strcmp(atom->end->class, "api-server") == 0)
		*ret = ENTITY_API_SERVER;
	else if (atom->egress && atom->own_node)
		*ret = ENTITY_HOST;
	else if (atom->end && is_on_node(graph, atom->end))
		*ret = ENTITY_NODES;
	else
		return false;
	return true;
}

static int compare_grains(const void *a, const void *b)
{
	const struct atom *x = a, *y = b;
	int r = atom_compare_peers(x, y);

	r = r ? r : order_numbers(x->port, y->port);
	return r ? r : order_numbers(x->protocol, y->protocol);
}

/* Where other nodes are allowed, too, all are one. */
static void join_nodes(struct atoms *atoms)
{
	for (size_t i = 0; i < atoms->count; i++) {
		struct atom *atom = &atoms->items[i];
		struct atom nodes = *atom;

		if (atom->peer != ATOM_ENTITY || atom->entity != ENTITY_HOST)
			continue;
		nodes.entity = ENTITY_NODES;
		/* They come after it: none has changed yet. */
		if (bsearch(&nodes, atom, atoms->count - i, sizeof(*atom), compare_grains))
			atom->entity = ENTITY_NODES;
	}
}

void entities_replace(const struct graph *graph, struct atoms *atoms)
{
	for (size_t i = 0; i < atoms->count; i++) {
		struct atom *atom = &atoms->items[i];

		if (!find_entity(graph, atom, &atom->entity))
			continue;
		atom->peer = ATOM_ENTITY;
		atom->wider |= WIDER_ENTITY;
	}
	atoms_sort(atoms);
	join_nodes(atoms);
	atoms_sort(atoms);
}
