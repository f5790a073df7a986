/* Traffic from a pod's own node, which NetworkPolicy always lets in; private to policy/. */
#ifndef NETPOL_POLICY_OWN_NODE_H
#define NETPOL_POLICY_OWN_NODE_H

#include "policy/atom.h"
#include "policy/basis.h"

/*
 * Ingress from the pod's own node is left out: probes. It stays, and is marked as not needed, where
 * it may come from another node tomorrow:
 * - the subject was seen with another node at that port, too;
 * - the client asked for a service, which picks any of its pods;
 * - a workload that is bound to no node has a pod on the network of this one, and may be the
 * client. Where nothing beyond what was seen is asked for, all of it is left out; where own nodes
 * are included, nothing is. Egress to the own node stays as it was seen: network plugins hold it to
 * policy. -ENOMEM.
 */
int own_nodes_leave(const struct basis *basis, struct atoms *atoms);

#endif
