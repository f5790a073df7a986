/* Peers that another peer holds already; private to policy/. */
#ifndef NETPOL_POLICY_COVER_H
#define NETPOL_POLICY_COVER_H

#include "policy/atom.h"
#include "policy/basis.h"

/*
 * Where a port is open to a peer that holds another, what was seen of the other counts for the one,
 * and it alone is named: all pods hold those of a namespace, these hold workloads, a workload with
 * fewer labels those that have these and more, a block the blocks inside. Of the atoms of one edge
 * that are of one peer and port then, all but one are marked. The atoms are sorted and stay so.
 * -ENOMEM: nothing has changed.
 */
int atoms_cover(const struct basis *basis, struct atoms *atoms);

#endif
