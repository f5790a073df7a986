/* Traffic between a pod and its own node, which NetworkPolicy always allows; private to policy/. */
#ifndef NETPOL_POLICY_OWN_NODE_H
#define NETPOL_POLICY_OWN_NODE_H

#include "policy/atom.h"
#include "policy/basis.h"

/*
 * Of the atoms of own nodes, those are left out whose subject was seen with no other node in that
 * direction and at that port: probes, agents. The others are marked, for the pod may move to
 * another node, from which the node that it was seen with is one like any other; so are those that
 * name the API server, which does not move with the pod, or a resolver that all are to ask. Where
 * nothing beyond what was seen is asked for, all are left out; where own nodes are included, none.
 * -ENOMEM.
 */
int own_nodes_leave(const struct basis *basis, struct atoms *atoms);

#endif
