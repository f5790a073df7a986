/* What is the cluster's own: ranges and addresses of its pods, services and nodes; private to
 * policy/. */
#ifndef NETPOL_POLICY_CLUSTER_RANGES_H
#define NETPOL_POLICY_CLUSTER_RANGES_H

#include <stddef.h>

#include "base/addr.h"
#include "model/graph.h"

/*
 * Nodes' pod ranges, pools and services' ranges, also those that were deleted since the first
 * moment of the graph; every address that a pod or node of record or inventory ever had; services'
 * addresses: the inventory's, and those that the record shows to have been asked; their endpoints,
 * pods or not; every address of an edge that is of another class than "external"; and what means
 * the same in every cluster, as metadata servers.
 */
struct cluster_ranges {
	struct prefix *items; /* as prefixes_tidy() leaves them */
	size_t count;
	bool knows_pods[2]; /* IPv4, IPv6: a range is known that new pods get addresses from */
};

/* -ENOMEM leaves *ret untouched. */
int cluster_ranges_build(const struct graph *graph, struct cluster_ranges *ret);
void cluster_ranges_clear(struct cluster_ranges *ranges);
/* One of them that shares addresses with the prefix; NULL: none. O(log n). */
const struct prefix *cluster_ranges_touching(const struct cluster_ranges *ranges,
					     struct prefix prefix);

#endif
