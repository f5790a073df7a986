/* Services whose endpoints are known by address alone, and those that were not seen; private to
 * policy/. */
#ifndef NETPOL_POLICY_ENDPOINTS_H
#define NETPOL_POLICY_ENDPOINTS_H

#include "policy/atom.h"
#include "policy/basis.h"

/*
 * Where a subject asked the API server, or a service without a selector, and one endpoint answered,
 * it is allowed to ask the others at that port, too, tagged WIDER_ENDPOINTS: those that are ready
 * and no pods by the service's EndpointSlices and Endpoints, of the API server those of
 * default/kubernetes. Where these are more than request.max_blocks, none, with a warning. The atoms
 * are sorted, in rules, and stay so; those of entities and of services' own addresses are left
 * alone. -ENOMEM.
 */
int endpoints_add(const struct basis *basis, struct problems *problems, struct atoms *atoms);

/*
 * A pod that asked a service and was led to itself is led to another replica tomorrow: adds its own
 * group as a peer, tagged so. The atom is of the edge, which is with itself; the subject has a
 * selector. -ENOMEM.
 */
int endpoints_add_itself(const struct atom *atom, struct atoms *atoms);

#endif
