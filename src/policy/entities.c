#include "policy/entities.h"

#include <string.h>

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
	else if (atom->end && is_on_node(graph, atom->end))
		*ret = ENTITY_NODES;
	else
		return false;
	return true;
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
}
