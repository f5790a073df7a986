/* The smallest grains of permission: one subject, one direction, one peer, one port; private to
 * policy/. */
#ifndef NETPOL_POLICY_ATOM_H
#define NETPOL_POLICY_ATOM_H

#include <string.h>

#include "policy/dns.h"
#include "policy/group.h"

enum atom_peer {
	ATOM_GROUP,     /* pods of a group */
	ATOM_DNS,       /* pods of the DNS selector that was not observed */
	ATOM_NAMESPACE, /* all pods of a namespace */
	ATOM_BLOCK,     /* an address, or a prefix that stands for many */
	ATOM_ALL,       /* all pods: who may ask a resolver */
	ATOM_ENTITY     /* what was a block, where the request has entities */
};

/* Millions of them are held at once: what is small stands together. */
struct atom {
	size_t subject;                /* group */
	size_t group;                  /* ATOM_GROUP, else GROUP_NONE */
	const char *namespace;         /* ATOM_NAMESPACE; else NULL */
	const struct end *end;         /* who it was; NULL if nobody certain */
	const struct graph_edge *edge; /* NULL: not seen from this subject, such as a resolver */
	const struct inventory_service
	    *service;              /* WIDER_ENDPOINTS: whose endpoint it is, or NULL */
	const char *known_network; /* ATOM_BLOCK: whose range it is; NULL */
	struct prefix block;       /* ATOM_BLOCK */
	uint16_t port;
	unsigned wider;     /* WIDER_… */
	enum entity entity; /* ATOM_ENTITY */
	uint8_t protocol;
	enum atom_peer peer : 8;
	enum left_reason left : 8; /* why no rule is made of it; LEFT_NONE: one is */
	bool egress;
	bool own_node; /* end is the node of the very pod that was seen */
	bool again;    /* the edge has another atom with this peer, which counts it */
};

/* Start from {0}; release with atoms_clear(). */
struct atoms {
	struct atom *items;
	size_t count;
	size_t capacity;
};

int atoms_add(struct atoms *atoms, const struct atom *atom);
/* The same; where it is, until the next is added. NULL: out of memory. */
struct atom *atoms_push(struct atoms *atoms, const struct atom *atom);
/* By subject, direction, peer, port; of one port what was seen before what was added, in the order
 * of the edges. */
int atom_compare(const struct atom *a, const struct atom *b);
/* So, and equal ones stay in their order. O(n log n), and nearly linear where they come in few
 * runs that are in order. */
void atoms_sort(struct atoms *atoms);
/* The same where the first so many are in order and few came after them. */
void atoms_sort_added(struct atoms *atoms, size_t sorted);
/* Looks for one atom after the other, in their order, among others that are sorted, too. Start from
 * these and 0. */
struct atoms_search {
	const struct atoms *atoms;
	size_t at;
	const struct atom *found; /* the last */
};

/* One of the same peer, port and protocol that was seen, in a rule if any is; NULL: none. */
const struct atom *atoms_find_next(struct atoms_search *search, const struct atom *wanted);
/* Drops those that are left out; the order stays. */
void atoms_drop_left(struct atoms *atoms);
/* By subject, direction, peer. Of blocks one comes before those that it holds. */
int atom_compare_peers(const struct atom *a, const struct atom *b);
/* Do they differ in the port alone? */
static inline bool atom_same_peer(const struct atom *a, const struct atom *b);
/* In what a run of atoms of one peer and port is wider than what was seen: not at all if any of
 * them was seen so. *ret_end: where the run ends. */
unsigned atoms_wider(const struct atom *atoms, size_t count, size_t *ret_end);
void atoms_clear(struct atoms *atoms);

static inline bool atom_same_peer(const struct atom *a, const struct atom *b)
{
	if (a->peer != b->peer || a->group != b->group || a->subject != b->subject ||
	    a->egress != b->egress || a->entity != b->entity)
		return false;
	if (a->peer == ATOM_BLOCK)
		return a->block.length == b->block.length &&
		       addr_equal(a->block.addr, b->block.addr);
	return a->peer != ATOM_NAMESPACE || strcmp(a->namespace, b->namespace) == 0;
}

#endif
