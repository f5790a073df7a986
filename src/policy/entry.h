/* Ways into the cluster from outside that lead to a port of a pod; private to policy/. */
#ifndef NETPOL_POLICY_ENTRY_H
#define NETPOL_POLICY_ENTRY_H

#include "model/graph.h"

/*
 * Does the inventory have one? A Service of type NodePort or LoadBalancer or with externalIPs whose
 * selector picks the pod and one of whose target ports this is (by name where the pod's containers
 * tell the number), or a hostPort. end is a pod.
 */
bool entry_leads_to(const struct graph *graph, const struct end *end, uint8_t protocol,
		    uint16_t port);

#endif
