/* Who a rule's peer is: from the end of an edge to an atom, from atoms to a peer; private to
 * policy/. */
#ifndef NETPOL_POLICY_PEERS_H
#define NETPOL_POLICY_PEERS_H

#include "policy/atom.h"
#include "policy/dns.h"
#include "policy/group.h"

/* What peers are made from; all of it borrowed. */
struct basis {
	const struct graph *graph;
	const struct policy_request *request;
	struct groups *groups; /* those that become peers are marked as used */
	const struct dns *dns;
};

/* The address or prefix of an end, as a block. */
struct prefix block_of(const struct end *end);
/*
 * Sets the atom's peer to what the end is; its subject, direction, protocol and port are known.
 * Why no rule can name it, unless the request includes those: then as well as one can.
 */
enum left_reason peer_init(const struct basis *basis, const struct end *end, struct atom *atom);
/* A rule for atoms of one subject, direction and peer, whose ports may repeat. -ENOMEM: *ret is to
 * be cleared all the same. */
int rule_init(const struct basis *basis, const struct atom *atoms, size_t count,
	      struct policy_rule *ret);

#endif
