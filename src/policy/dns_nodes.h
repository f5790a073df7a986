/* What runs on nodes and asks resolvers; private to policy/. */
#ifndef NETPOL_POLICY_DNS_NODES_H
#define NETPOL_POLICY_DNS_NODES_H

#include "policy/dns.h"

/*
 * Sets dns->nodes, when the resolvers are known: the addresses of all nodes that graph and
 * inventory know, but for link-local and loopback ones and services' (IPVS has those on each node);
 * of a family with more than 256, and where there are entities, one for all. A problem says that
 * further nodes need another run where somebody on a node was seen to ask, or must, being a cache.
 * -ENOMEM.
 */
int dns_nodes_find(const struct graph *graph, const struct groups *groups,
		   const struct policy_request *request, struct problems *problems,
		   struct dns *dns);

#endif
