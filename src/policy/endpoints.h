/* Services whose endpoints are known by address alone, and those that were not seen; private to
 * policy/. */
#ifndef NETPOL_POLICY_ENDPOINTS_H
#define NETPOL_POLICY_ENDPOINTS_H

#include "policy/atom.h"
#include "policy/basis.h"

/*
 * Where a subject asked the API server, or another service, and an endpoint that is known by its
 * address alone answered, it is allowed to ask the others at that port, too, tagged
 * WIDER_ENDPOINTS: those that are ready and no pods, or pods on the network of their node, by the
 * service's EndpointSlices and Endpoints, of the API server those of default/kubernetes. A service
 * without a selector that is headless is asked at the addresses of its endpoints. Where an API
 * server by one of these addresses asked a subject, as for a webhook, the others may at that port,
 * but for what comes from the pod's own node. Where these are more than request.max_blocks, none,
 * with a warning. The atoms are sorted, in rules, and stay so; those of entities and of services'
 * own addresses are left alone. -ENOMEM.
 */
int endpoints_add(const struct basis *basis, struct problems *problems, struct atoms *atoms);

/*
 * A pod that asked a service and was led to itself is led to another replica tomorrow: adds its own
 * group as a peer, tagged so; service_ports: in egress at the service's port, too (service_ports.h
 * has no edge to know it from). The atom is of the edge, which is with itself; the subject has a
 * selector. -ENOMEM.
 */
int endpoints_add_itself(const struct atom *atom, bool service_ports, struct atoms *atoms);

#endif
