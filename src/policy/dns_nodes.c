#include "policy/dns_nodes.h"

#include <errno.h>
#include <stdlib.h>

/* 64 nodes, each with an address of its own, a bridge, and the ends of two tunnels. */
#define ADDRESSES_MAX 256

static bool is_a_nodes(const struct graph *graph, struct addr address)
{
	return addr_is_set(address) && !addr_is_link_local(address) && !addr_is_loopback(address) &&
	       !addr_is_multicast(address) &&
	       !(graph->inventory && inventory_find_service(graph->inventory, address));
}

static struct end end_of(const struct graph *graph, struct addr address)
{
	const struct inventory_node *node =
	    graph->inventory ? inventory_find_node(graph->inventory, address) : NULL;

	return (struct end){.kind = END_NODE,
			    .class = "node",
			    .namespace = "",
			    .name = node ? node->name : "",
			    .uid = "",
			    .node = "",
			    .address = address,
			    .pod = GRAPH_NONE,
			    .workload = GRAPH_NONE};
}

static void add_node(struct dns *dns, const struct graph *graph, struct addr address)
{
	dns->nodes[dns->node_count++] =
	    (struct dns_node){.end = end_of(graph, address), .block = prefix_of(address)};
}

static size_t count_family(const struct graph *graph, uint8_t family)
{
	size_t count = 0;

	for (size_t i = 0; i < graph->node_address_count; i++)
		count += graph->node_addresses[i].family == family &&
			 is_a_nodes(graph, graph->node_addresses[i]);
	return count;
}

static void add_family(struct dns *dns, const struct graph *graph, uint8_t family, bool is_open)
{
	for (size_t i = 0; i < graph->node_address_count; i++) {
		const struct addr address = graph->node_addresses[i];

		if (address.family != family || !is_a_nodes(graph, address))
			continue;
		add_node(dns, graph, address);
		if (!is_open)
			continue;
		dns->nodes[dns->node_count - 1].block = prefix_around(address, 0);
		return;
	}
}

/* A pod on its node's network is its node. */
static bool is_on_node(const struct graph *graph, const struct end *end)
{
	return end->kind == END_NODE || (end->kind == END_POD && end->workload != GRAPH_NONE &&
					 graph->workloads[end->workload].host_network);
}

/* Has a subject resolved names for somebody on a node, or may one of its caches ask it? */
static bool is_asked(const struct graph *graph, const struct groups *groups, const struct dns *dns)
{
	for (size_t i = 0; i < dns->count && dns->cache; i++)
		for (size_t j = 0; j < groups->count; j++)
			if (group_is_subject(&groups->items[j]) &&
			    dns_is_by(dns, &dns->resolvers[i], j))
				return true;
	for (size_t i = 0; i < graph->edge_count; i++) {
		const struct graph_edge *edge = &graph->edges[i];
		const struct edge_key *key = &edge->edge.key;
		const size_t group = edge->to->kind == END_POD &&
					     edge->to->workload != GRAPH_NONE && dns_is_asked(key)
					 ? groups->of_workload[edge->to->workload]
					 : GROUP_NONE;

		if (group != GROUP_NONE && is_on_node(graph, edge->from) &&
		    group_is_subject(&groups->items[group]) &&
		    dns_is_at(dns, group, key->protocol, key->port))
			return true;
	}
	return false;
}

int dns_nodes_find(const struct graph *graph, const struct groups *groups,
		   const struct policy_request *request, struct problems *problems, struct dns *dns)
{
	static const uint8_t families[] = {ADDR_IPV4, ADDR_IPV6};
	bool is_listed = false;

	dns->nodes = calloc(2 * ADDRESSES_MAX, sizeof(*dns->nodes));
	if (!dns->nodes)
		return -ENOMEM;
	for (size_t i = 0; i < 2; i++) {
		const size_t count = count_family(graph, families[i]);
		const bool is_open = count > ADDRESSES_MAX || request->entities;

		add_family(dns, graph, families[i], is_open);
		is_listed |= count > 0 && !is_open;
	}
	if (is_listed && request->directions[DIRECTION_INGRESS] && is_asked(graph, groups, dns))
		problem_add(problems, PROBLEM_WARNING, "DNS",
			    "what runs on nodes asks resolvers, whose policies let in the "
			    "addresses of the nodes that are known: when nodes are added, generate "
			    "again");
	return 0;
}
