/* Who a rule's peer is: from the end of an edge to an atom, from atoms to a peer; private to
 * policy/. */
#ifndef NETPOL_POLICY_PEERS_H
#define NETPOL_POLICY_PEERS_H

#include "base/buf.h"
#include "policy/atom.h"
#include "policy/basis.h"
#include "policy/reduce.h"

/* The address or prefix of an end, as a block. */
struct prefix block_of(const struct end *end);

/*
 * Whom a rule of that direction has to name for the edge, one or two: the destination; or the
 * source as the destination sees it. Where that is the destination's own node, which forwards for
 * somebody else, it is the client, too: plugins differ in whether they look before or after the
 * node puts its address in the client's place.
 */
#define EDGE_PEERS_MAX 2
size_t edge_peers(const struct graph_edge *edge, bool egress,
		  const struct end *ret[static EDGE_PEERS_MAX]);
/*
 * Sets the atom's peer to what the end is; its subject, direction, edge, protocol and port are
 * known. Why no rule can name it, unless the request includes those: then as well as one can.
 */
enum left_reason peer_init(const struct basis *basis, const struct end *end, struct atom *atom);
/* Adds what lets the subject ask the resolvers, and where its pods are one, what lets others ask
 * them: all pods, and what runs on nodes. -ENOMEM. */
int peer_add_resolvers(const struct basis *basis, size_t subject, struct atoms *atoms);
/* What atoms of one subject, direction and peer permit. ports has room for as many, and outlives
 * the permit; scratch may hold anything. -ENOMEM: *ret is to be cleared all the same. */
int permit_init(const struct basis *basis, const struct atom *atoms, size_t count,
		struct policy_port *ports, struct buf *scratch, struct permit *ret);

#endif
