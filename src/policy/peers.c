#include "policy/peers.h"

#include <errno.h>
#include <string.h>

#include "policy/admit.h"
#include "policy/peer_evidence.h"
#include "policy/reason.h"

struct prefix block_of(const struct end *end)
{
	if (end->prefix)
		return (struct prefix){.addr = end->address, .length = end->prefix};
	return prefix_of(end->address);
}

/* ---- whom an edge names ---- */

/* Is the peer the node on which the end's pod runs? */
static bool is_own_node(const struct end *pod, const struct end *peer)
{
	return peer->kind == END_NODE && *peer->name && strcmp(peer->name, pod->node) == 0;
}

static bool is_forwarded(const struct graph_edge *edge)
{
	return edge->translated && is_own_node(edge->to, edge->translated) &&
	       !is_own_node(edge->to, edge->from);
}

size_t edge_peers(const struct graph_edge *edge, bool egress,
		  const struct end *ret[static EDGE_PEERS_MAX])
{
	ret[0] = edge->translated ? edge->translated : edge->from;
	ret[1] = edge->from;
	if (!egress)
		return is_forwarded(edge) ? 2 : 1;
	ret[0] = edge->to;
	return 1;
}

/* ---- from an end to an atom ---- */

/* What the node forwards is not its own traffic. */
static bool is_on_own_node(const struct basis *basis, const struct atom *atom,
			   const struct end *peer)
{
	const struct graph_edge *edge = atom->edge;
	const struct end *pod = atom->egress ? edge->from : edge->to;

	if (peer->kind != END_POD)
		return is_own_node(pod, peer) && (atom->egress || !is_forwarded(edge));
	return peer->workload != GRAPH_NONE &&
	       basis->graph->workloads[peer->workload].host_network && *peer->node &&
	       strcmp(peer->node, pod->node) == 0;
}

/* A resolver is open to all pods: those without a policy ask it, too, seen or not. */
static bool is_open_to(const struct basis *basis, const struct atom *atom, const struct end *end)
{
	const struct workload *workloads = basis->graph->workloads;

	if (basis->request->exact || atom->egress ||
	    !dns_is_at(basis->dns, atom->subject, atom->protocol, atom->port))
		return false;
	if (end->kind == END_POD)
		return end->workload == GRAPH_NONE || !workloads[end->workload].host_network;
	return end->kind == END_UNKNOWN;
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
		atom->namespace = end->namespace;
		atom->wider |= WIDER_ALL_OF;
	} else if (end->prefix) {
		atom->wider |= WIDER_FOLDED;
	}
	return LEFT_NONE;
}

static enum left_reason init_pod(const struct basis *basis, const struct end *end,
				 struct atom *atom)
{
	if (end->workload == GRAPH_NONE)
		return include_unnamed(basis, end, atom);
	if (basis->graph->workloads[end->workload].host_network)
		return LEFT_NONE;
	atom->group = basis->groups->of_workload[end->workload];
	if (atom->group == GROUP_NONE)
		return include_unnamed(basis, end, atom);
	atom->peer = ATOM_GROUP;
	return LEFT_NONE;
}

enum left_reason peer_init(const struct basis *basis, const struct end *end, struct atom *atom)
{
	atom->end = end;
	atom->group = GROUP_NONE;
	atom->peer = ATOM_BLOCK;
	atom->block = block_of(end);
	atom->own_node = is_on_own_node(basis, atom, end);
	if (is_open_to(basis, atom, end)) {
		atom->peer = ATOM_ALL;
		atom->wider |= WIDER_DNS;
		return LEFT_NONE;
	}
	if (end->kind == END_UNKNOWN)
		return include_unnamed(basis, end, atom);
	if (end->kind == END_POD)
		return init_pod(basis, end, atom);
	if (end->prefix)
		atom->wider |= WIDER_FOLDED;
	return LEFT_NONE;
}

/* ---- resolvers ---- */

/* What runs on a node is no pod to a selector. */
static int open_to_nodes(const struct basis *basis, const struct atom *asked, struct atoms *atoms)
{
	int r = 0;

	for (size_t i = 0; i < basis->dns->node_count && r == 0; i++) {
		struct atom atom = *asked;

		atom.peer = ATOM_BLOCK;
		atom.end = &basis->dns->nodes[i].end;
		atom.block = basis->dns->nodes[i].block;
		r = atoms_add(atoms, &atom);
	}
	return r;
}

/* What it asks itself is its own affair. */
static int open_resolver(const struct basis *basis, size_t subject, const struct resolver *resolver,
			 struct atoms *atoms)
{
	const struct atom asked = {.subject = subject,
				   .peer = ATOM_ALL,
				   .group = GROUP_NONE,
				   .wider = WIDER_DNS,
				   .port = resolver->port,
				   .protocol = resolver->protocol};
	int r = atoms_add(atoms, &asked);

	return r < 0 ? r : open_to_nodes(basis, &asked, atoms);
}

static int add_resolver(const struct basis *basis, size_t subject, const struct resolver *resolver,
			struct atoms *atoms)
{
	struct atom atom = {.subject = subject,
			    .egress = true,
			    .group = resolver->group,
			    .end = resolver->end,
			    .wider = WIDER_DNS,
			    .port = resolver->port,
			    .protocol = resolver->protocol};

	if (dns_is_by(basis->dns, resolver, subject))
		return open_resolver(basis, subject, resolver, atoms);
	if (resolver->group != GROUP_NONE)
		atom.peer = ATOM_GROUP;
	else
		atom.peer = resolver->end ? ATOM_BLOCK : ATOM_DNS;
	if (atom.peer == ATOM_BLOCK)
		atom.block = block_of(resolver->end);
	return atoms_add(atoms, &atom);
}

int peer_add_resolvers(const struct basis *basis, size_t subject, struct atoms *atoms)
{
	const struct dns *dns = basis->dns;
	size_t count;
	const struct resolver *own = dns_own(dns, subject, &count);
	int r = 0;

	for (size_t i = 0; i < dns->count && r == 0; i++)
		r = add_resolver(basis, subject, &dns->resolvers[i], atoms);
	for (size_t i = 0; i < count && r == 0; i++)
		r = add_resolver(basis, subject, &own[i], atoms);
	return r;
}

/* ---- from atoms to a peer ---- */

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
		peer.namespace = atom->namespace;
	} else {
		peer.namespace = dns->namespace;
		peer.selector = dns->selector;
	}
	if (strcmp(peer.namespace, groups[atom->subject].namespace) == 0)
		peer.namespace = "";
	return peer;
}

int permit_init(const struct basis *basis, const struct atom *atoms, size_t count,
		struct policy_port *ports, struct buf *scratch, struct permit *ret)
{
	struct policy_peer *peer = &ret->peer;

	*ret = (struct permit){.peer = peer_of(basis, atoms), .ports = ports, .port_count = count};
	for (size_t i = 0; i < count; i++)
		ports[i] =
		    (struct policy_port){.protocol = atoms[i].protocol, .port = atoms[i].port};
	if (peer_evidence_take(peer, atoms, count) < 0)
		return -ENOMEM;
	scratch->length = 0;
	reason_put(basis, atoms, count, peer, scratch);
	if (!scratch->error)
		peer->reason = strdup(scratch->data);
	return peer->reason ? 0 : -ENOMEM;
}
