/*
 * What becomes of addresses outside of the cluster, of which there may be a great many and others
 * tomorrow; private to policy/.
 */
#ifndef NETPOL_POLICY_EXTERNALS_H
#define NETPOL_POLICY_EXTERNALS_H

#include "policy/atom.h"
#include "policy/peers.h"

/*
 * Widens, as the request has it, the blocks of atoms whose end is of class "external"; nodes, the
 * API server, services' addresses, link-local ones and metadata servers stay as they are. Per
 * subject, direction, protocol, port and family:
 *
 * 1. Ingress, EXTERNAL_INGRESS_ANY: all addresses, if one that came is public, if a client asked
 *    for an address of a service or node, or if the inventory has an entry there; else they stay.
 *    All addresses, too, beside another node than the pod's that forwards for a client outside
 *    (forwarding.h), whatever its class. With EXTERNAL_INGRESS_OBSERVED they stay.
 *    Where all entries are load balancers with source ranges, and no client was of another address,
 *    these ranges take the place of all addresses, as a known network "loadBalancerSourceRanges".
 * 2. Where a known network has an address, all its blocks; atoms without an edge and without an end
 *    are added for those in which nothing was seen. A block with addresses of the cluster is none.
 * 3. The others are aggregated (aggregate.h), but for what stays by 1. Private ones stay, and a
 * note says so, where no range is known that pods of the family get addresses from.
 *
 * Every atom of a block that is not exactly what was seen has the bits of wider of all. Where a
 * port then needs more blocks than allowed the direction of the group is withheld, unless it is
 * already, as LEFT_BEYOND_LIMIT, with a warning; its atoms are to be dropped.
 *
 * The atoms are sorted, and stay so; those that are left out take no part. With request.exact
 * they stay as they are. Ports that are open to nodes that forward and not to all are warned of.
 * -ENOMEM: the atoms are good for nothing.
 */
int externals_apply(const struct basis *basis, struct atoms *atoms, struct problems *problems);

#endif
