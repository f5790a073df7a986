#include "policy/peers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

bool peer_init(const struct basis *basis, const struct end *end, struct atom *atom)
{
	const struct graph *graph = basis->graph;

	atom->end = end;
	atom->group = GROUP_NONE;
	atom->peer = ATOM_BLOCK;
	atom->block = block_of(end);
	if (is_open_to(basis, atom, end)) {
		atom->peer = ATOM_ALL;
		return true;
	}
	if (end->kind == END_UNKNOWN)
		return false;
	if (end->kind != END_POD)
		return true;
	if (end->workload == GRAPH_NONE)
		return false;
	if (graph->workloads[end->workload].host_network)
		return true;
	atom->peer = ATOM_GROUP;
	atom->group = basis->groups->of_workload[end->workload];
	return atom->group != GROUP_NONE;
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
