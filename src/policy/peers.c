#include "policy/peers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/admit.h"

/* A resolver is open to all pods: those without a policy ask it, too, seen or not. */
static bool is_open_to(const struct basis *basis, const struct atom *atom, const struct end *end)
{
	const struct workload *workloads = basis->graph->workloads;

	if (atom->egress || !dns_is_at(basis->dns, atom->subject, atom->protocol, atom->port))
		return false;
	if (end->kind == END_POD)
		return end->workload == GRAPH_NONE || !workloads[end->workload].host_network;
	return end->kind == END_UNKNOWN;
}

struct prefix block_of(const struct end *end)
{
	if (end->prefix)
		return (struct prefix){.addr = end->address, .length = end->prefix};
	return prefix_of(end->address);
}

/* No selector and no address is certain to be its own: its namespace, else the address as seen. */
static enum left_reason include_unnamed(const struct basis *basis, const struct end *end,
					struct atom *atom)
{
	enum left_reason left = admit_unnamed(end);

	if (!admit_is_included(basis->request->include, left))
		return left;
	atom->wider |= WIDER_INCLUDED;
	if (end->kind == END_POD) {
		atom->peer = ATOM_NAMESPACE;
		atom->wider |= WIDER_ALL_OF;
	} else if (end->prefix) {
		atom->wider |= WIDER_FOLDED;
	}
	return LEFT_NONE;
}

enum left_reason peer_init(const struct basis *basis, const struct end *end, struct atom *atom)
{
	const struct graph *graph = basis->graph;

	atom->end = end;
	atom->group = GROUP_NONE;
	atom->peer = ATOM_BLOCK;
	atom->block = block_of(end);
	if (is_open_to(basis, atom, end)) {
		atom->peer = ATOM_ALL;
		return LEFT_NONE;
	}
	if (end->kind == END_UNKNOWN)
		return include_unnamed(basis, end, atom);
	if (end->kind != END_POD)
		return LEFT_NONE;
	if (end->workload == GRAPH_NONE)
		return include_unnamed(basis, end, atom);
	if (graph->workloads[end->workload].host_network)
		return LEFT_NONE;
	atom->group = basis->groups->of_workload[end->workload];
	if (atom->group == GROUP_NONE)
		return include_unnamed(basis, end, atom);
	atom->peer = ATOM_GROUP;
	return LEFT_NONE;
}

static struct policy_peer peer_of(const struct basis *basis, const struct atom *atom)
{
	const struct dns *dns = basis->dns;
	struct group *groups = basis->groups->items;
	struct policy_peer peer = {.kind = PEER_PODS, .namespace = ""};

	if (atom->peer == ATOM_ALL)
		return (struct policy_peer){.kind = PEER_ALL_PODS, .namespace = ""};
	if (atom->peer == ATOM_ENTITY)
		return (struct policy_peer){
		    .kind = PEER_ENTITY, .namespace = "", .entity = atom->entity};
	if (atom->peer == ATOM_BLOCK)
		return (struct policy_peer){
		    .kind = PEER_BLOCK, .namespace = "", .block = atom->block};
	if (atom->peer == ATOM_GROUP) {
		groups[atom->group].used = true;
		peer.namespace = groups[atom->group].namespace;
		peer.selector = *groups[atom->group].selector;
	} else if (atom->peer == ATOM_NAMESPACE) {
		peer.namespace = atom->end->namespace;
	} else {
		peer.namespace = dns->namespace;
		peer.selector = dns->selector;
	}
	if (strcmp(peer.namespace, groups[atom->subject].namespace) == 0)
		peer.namespace = "";
	return peer;
}

int rule_init(const struct basis *basis, const struct atom *atoms, size_t count,
	      struct policy_rule *ret)
{
	struct policy_rule rule = {.peer_count = 1};

	rule.peers = calloc(1, sizeof(*rule.peers));
	rule.ports = calloc(count, sizeof(*rule.ports));
	if (!rule.peers || !rule.ports) {
		free(rule.peers);
		free(rule.ports);
		return -ENOMEM;
	}
	rule.peers[0] = peer_of(basis, atoms);
	rule.peers[0].reason = atoms_reason(atoms, count, basis->graph, basis->groups, basis->dns);
	for (size_t i = 0; i < count; i++)
		rule.ports[rule.port_count++] =
		    (struct policy_port){.protocol = atoms[i].protocol, .port = atoms[i].port};
	*ret = rule;
	return rule.peers[0].reason ? 0 : -ENOMEM;
}
