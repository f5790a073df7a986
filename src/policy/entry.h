/* Ways into the cluster from outside that lead to a port of a pod; private to policy/. */
#ifndef NETPOL_POLICY_ENTRY_H
#define NETPOL_POLICY_ENTRY_H

#include "model/graph.h"

/*
 * Does the inventory have one? A Service of type NodePort or LoadBalancer or with externalIPs, or a
 * port of any Service to which a load balancer outside leads straight (struct inventory_backend),
 * whose selector picks the pod and one of whose target ports this is (by name where the pod's
 * containers tell the number; of a pod whose containers are not known those of others that the
 * selector picks), or a hostPort. end is a pod.
 */
bool entry_leads_to(const struct graph *graph, const struct end *end, uint8_t protocol,
		    uint16_t port);
/* The first Service of any type that leads there; NULL: none that is known. */
const struct inventory_service *entry_service_of(const struct graph *graph, const struct end *end,
						 uint8_t protocol, uint16_t port);
/*
 * The ranges whose clients alone the load balancers in front of the port let in: of all Services of
 * type LoadBalancer that lead to it, if these are the only entries and each has such ranges.
 * *ret is malloc'd, and as prefixes_tidy() leaves it; no ranges: all clients may come. -ENOMEM.
 */
int entry_source_ranges(const struct graph *graph, const struct end *end, uint8_t protocol,
			uint16_t port, struct prefix **ret, size_t *ret_count);
/*
 * Is the edge to such a Service's target of which the client's address may be that of another node,
 * which forwards (externalTrafficPolicy Cluster)? The edge is to a pod; where it has the port that
 * was asked for, that is a node port of the Service.
 */
bool entry_forwards_to(const struct graph *graph, const struct graph_edge *edge);

#endif
