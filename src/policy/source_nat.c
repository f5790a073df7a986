#include "policy/source_nat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

bool source_nat_is_masked(const struct atom *atom)
{
	const struct graph_edge *edge = atom->edge;

	return edge && !atom->egress && atom->peer == ATOM_BLOCK && edge->translated &&
	       atom->end == edge->translated && edge->translated->kind == END_NODE &&
	       edge->from->kind == END_POD;
}

static struct atom like(const struct atom *atom, enum atom_peer peer, const struct end *end)
{
	return (struct atom){.subject = atom->subject,
			     .peer = peer,
			     .group = GROUP_NONE,
			     .end = end,
			     .wider = WIDER_SOURCE_NAT,
			     .port = atom->port,
			     .protocol = atom->protocol};
}

/* Where the pod's own node put its address in, the client is named already. */
static int add_client(const struct basis *basis, const struct atom *node, struct atoms *atoms)
{
	const struct end *client = node->edge->from;
	struct atom atom = like(node, ATOM_GROUP, client);

	if (client->workload == GRAPH_NONE ||
	    basis->graph->workloads[client->workload].host_network)
		return 0;
	atom.group = basis->groups->of_workload[client->workload];
	return atom.group == GROUP_NONE ? 0 : atoms_add(atoms, &atom);
}

static bool is_candidate(struct addr address, uint8_t family)
{
	return address.family == family && !addr_is_loopback(address) &&
	       !addr_is_link_local(address);
}

static size_t count_nodes(const struct graph *graph, uint8_t family)
{
	size_t count = 0;

	for (size_t i = 0; i < graph->node_address_count; i++)
		count += is_candidate(graph->node_addresses[i], family);
	return count;
}

static int add_nodes(const struct graph *graph, const struct atom *node, struct atoms *atoms)
{
	struct atom atom = like(node, ATOM_BLOCK, node->end);
	int r = 0;

	for (size_t i = 0; i < graph->node_address_count && r == 0; i++) {
		if (!is_candidate(graph->node_addresses[i], node->end->address.family) ||
		    addr_equal(graph->node_addresses[i], node->end->address))
			continue;
		atom.block = prefix_of(graph->node_addresses[i]);
		r = atoms_add(atoms, &atom);
	}
	return r;
}

static void warn(const struct basis *basis, const struct atom *atom, struct problems *problems)
{
	const struct group *group = &basis->groups->items[atom->subject];
	struct buf subject = {0};

	buf_printf(&subject, "%s in %s", group->subject, group->namespace);
	problem_add(problems, PROBLEM_WARNING, subject.error ? group->subject : subject.data,
		    "its clients come with the addresses of their nodes, and nodes have %zu "
		    "addresses, more than %d: only those that were seen are allowed, and new nodes "
		    "need a new run",
		    count_nodes(basis->graph, atom->end->address.family), SOURCE_NAT_NODES_MAX);
	buf_clear(&subject);
}

/* Has another atom at this port the nodes of that family already? They come one after another. */
static bool is_same(const struct atom *a, const struct atom *b)
{
	return a && a->subject == b->subject && a->port == b->port && a->protocol == b->protocol &&
	       a->end->address.family == b->end->address.family;
}

int source_nat_add(const struct basis *basis, const struct atoms *masked, struct problems *problems,
		   struct atoms *atoms)
{
	const size_t before = atoms->count;
	const struct atom *last = NULL;
	size_t warned = GROUP_NONE;
	int r = 0;

	for (size_t i = 0; i < masked->count && r == 0; i++) {
		const struct atom *atom = &masked->items[i];

		r = add_client(basis, atom, atoms);
		if (r < 0 || basis->request->entities || is_same(last, atom))
			continue;
		last = atom;
		if (count_nodes(basis->graph, atom->end->address.family) <= SOURCE_NAT_NODES_MAX) {
			r = add_nodes(basis->graph, atom, atoms);
		} else if (warned != atom->subject) {
			warn(basis, atom, problems);
			warned = atom->subject;
		}
	}
	if (atoms->count > before)
		atoms_sort(atoms);
	return r;
}
