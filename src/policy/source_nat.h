/* Clients in the cluster whose nodes put their own addresses in the place of theirs; private to
 * policy/. */
#ifndef NETPOL_POLICY_SOURCE_NAT_H
#define NETPOL_POLICY_SOURCE_NAT_H

#include "policy/atom.h"
#include "policy/basis.h"

/* With more addresses of nodes than these, none is added. */
#define SOURCE_NAT_NODES_MAX 16

/* Is it ingress from a node that stands for a client's pod? */
bool source_nat_is_masked(const struct atom *atom);
/*
 * For each of those, which are sorted and have a rule: the client is allowed, too, as some plugins
 * see it, and so are all other known nodes by their addresses of that family, as the client is on
 * another one tomorrow; tagged WIDER_SOURCE_NAT. Where they are too many a warning says so; where
 * nodes are an entity that is all of them. The atoms are sorted, and stay so. -ENOMEM.
 */
int source_nat_add(const struct basis *basis, const struct atoms *masked, struct problems *problems,
		   struct atoms *atoms);

#endif
