/* The smallest grains of permission: one subject, one direction, one peer, one port; private to
 * policy/. */
#ifndef NETPOL_POLICY_ATOM_H
#define NETPOL_POLICY_ATOM_H

#include "policy/dns.h"
#include "policy/group.h"

enum atom_peer {
	ATOM_GROUP,     /* pods of a group */
	ATOM_DNS,       /* pods of the DNS selector that was not observed */
	ATOM_NAMESPACE, /* all pods of the end's namespace */
	ATOM_BLOCK,     /* an address, or a prefix that stands for many */
	ATOM_ALL,       /* all pods: who may ask a resolver */
	ATOM_ENTITY     /* what was a block, where the request has entities */
};

struct atom {
	size_t subject; /* group */
	bool egress;
	enum atom_peer peer;
	size_t group;                  /* ATOM_GROUP, else GROUP_NONE */
	const struct end *end;         /* who it was; NULL if nobody certain */
	const struct graph_edge *edge; /* NULL: for the sake of DNS, not seen from this subject */
	struct prefix block;           /* ATOM_BLOCK */
	enum entity entity;            /* ATOM_ENTITY */
	unsigned wider;                /* WIDER_… */
	enum left_reason left;         /* why no rule is made of it; LEFT_NONE: one is */
	const char *known_network;     /* ATOM_BLOCK: whose range it is; NULL */
	uint16_t port;
	uint8_t protocol;
};

/* Start from {0}; release with atoms_clear(). */
struct atoms {
	struct atom *items;
	size_t count;
	size_t capacity;
};

int atoms_add(struct atoms *atoms, const struct atom *atom);
/* By subject, direction, peer, port; what was seen before what was added, in the order of the
 * edges. */
void atoms_sort(struct atoms *atoms);
/* One of the same peer, port and protocol that was seen; NULL: none. They must be sorted. */
const struct atom *atoms_find(const struct atoms *atoms, const struct atom *wanted);
/* Drops those that are left out; the order stays. */
void atoms_drop_left(struct atoms *atoms);
/* Do they differ in the port alone? */
bool atom_same_peer(const struct atom *a, const struct atom *b);
void atoms_clear(struct atoms *atoms);

/*
 * Why a peer is there, in one line: who it is, how many connections, which service was asked,
 * whether it resolves names. The atoms are all of one subject, direction and peer. malloc'd; NULL:
 * out of memory.
 */
char *atoms_reason(const struct atom *atoms, size_t count, const struct graph *graph,
		   const struct groups *groups, const struct dns *dns);

#endif
