/*
 * Peers that a network plugin knows by itself, in the place of their addresses; private to policy/.
 *
 * Cilium matches CIDRs against what is outside of the cluster only: nodes and the API server on
 * them are entities (docs.cilium.io, Layer 3 Policies).
 */
#ifndef NETPOL_POLICY_ENTITIES_H
#define NETPOL_POLICY_ENTITIES_H

#include "policy/atom.h"

/*
 * Every block that is a node's, the API server's or any client's becomes the entity, tagged
 * WIDER_ENTITY. Egress to the pod's own node, where agents are found, is that node alone, unless
 * another node was asked at that port, too. The atoms are sorted, and stay so.
 */
void entities_replace(const struct graph *graph, struct atoms *atoms);

#endif
