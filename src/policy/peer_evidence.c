#include "policy/peer_evidence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct atom *atoms_first_seen(const struct atom *atoms, size_t count)
{
	const struct atom *first = atoms;

	for (size_t i = 0; i < count; i++) {
		if (atoms[i].edge && !(atoms[i].wider & WIDER_SERVICE_PORT))
			return &atoms[i];
		if (atoms[i].edge && !first->edge)
			first = &atoms[i];
	}
	return first;
}

/* Keeps the lowest, in order. */
static void add_seen(struct policy_peer *peer, struct addr address)
{
	size_t at = peer->seen_count;

	while (at > 0 && addr_compare(peer->seen[at - 1], address) > 0)
		at--;
	if (at > 0 && addr_equal(peer->seen[at - 1], address))
		return;
	if (peer->seen_count == PEER_SEEN_MAX)
		peer->seen_more = true;
	else
		peer->seen_count++;
	if (at == PEER_SEEN_MAX)
		return;
	memmove(peer->seen + at + 1, peer->seen + at,
		(peer->seen_count - at - 1) * sizeof(*peer->seen));
	peer->seen[at] = address;
}

static void add_edge(struct policy_peer *peer, const struct edge_record *edge)
{
	peer->edges++;
	if (edge->totals.connections > 0)
		peer->connections += edge->totals.connections;
	if (edge->first_seen < peer->first_seen)
		peer->first_seen = edge->first_seen;
	if (edge->last_seen > peer->last_seen)
		peer->last_seen = edge->last_seen;
}

/* Behind a service's address nobody's own was seen. */
static void add_address(struct policy_peer *peer, const struct atom *atom)
{
	if (atom->wider & WIDER_SERVICE_PORT)
		return;
	if (atom->end->prefix)
		peer->seen_more = true;
	else
		add_seen(peer, atom->end->address);
}

static const char *class_of(const struct atom *first)
{
	if (!first->edge)
		return "";
	if (first->peer == ATOM_BLOCK && first->wider & WIDER_SERVICE_PORT)
		return "service";
	return first->end->class;
}

int peer_evidence_take(struct policy_peer *peer, const struct atom *atoms, size_t count)
{
	peer->first_seen = INT64_MAX;
	peer->last_seen = INT64_MIN;
	peer->class = class_of(atoms_first_seen(atoms, count));
	peer->known_network = atoms->known_network;
	if (peer->kind == PEER_BLOCK) {
		peer->seen =
		    calloc(count < PEER_SEEN_MAX ? count : PEER_SEEN_MAX, sizeof(*peer->seen));
		if (!peer->seen)
			return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		if (!atoms[i].edge || atoms[i].again)
			continue;
		add_edge(peer, &atoms[i].edge->edge);
		if (peer->kind == PEER_BLOCK)
			add_address(peer, &atoms[i]);
	}
	for (size_t i = 0, length; i < count; i += length)
		peer->wider |= atoms_wider(atoms + i, count - i, &length);
	return 0;
}

static int join_seen(struct policy_peer *peer, struct policy_peer *other)
{
	struct addr *grown;

	if (!other->seen)
		return 0;
	grown = reallocarray(peer->seen, PEER_SEEN_MAX, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	peer->seen = grown;
	for (size_t i = 0; i < other->seen_count; i++)
		add_seen(peer, other->seen[i]);
	peer->seen_more |= other->seen_more;
	free(other->seen);
	other->seen = NULL;
	return 0;
}

int peer_evidence_join(struct policy_peer *peer, struct policy_peer *other)
{
	if (join_seen(peer, other) < 0)
		return -ENOMEM;
	peer->edges += other->edges;
	peer->connections += other->connections;
	if (other->first_seen < peer->first_seen)
		peer->first_seen = other->first_seen;
	if (other->last_seen > peer->last_seen)
		peer->last_seen = other->last_seen;
	if (!*peer->class)
		peer->class = other->class;
	if (!peer->known_network)
		peer->known_network = other->known_network;
	peer->wider |= other->wider;
	return 0;
}
