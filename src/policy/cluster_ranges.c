#include "policy/cluster_ranges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/array.h"
#include "policy/prefixes.h"

#define RECENT 256

/* Ranges as they are found, in no order. */
struct finds {
	struct prefix recent[RECENT]; /* by the last bytes of their addresses */
	struct prefix *items;
	size_t count;
	size_t capacity;
	int error;
};

/* Many edges, few services: dropping repetitions mostly makes room enough. */
static void make_room(struct finds *finds)
{
	if (finds->count < finds->capacity)
		return;
	finds->count = prefixes_tidy(finds->items, finds->count);
	if (finds->count >= finds->capacity / 2)
		finds->error = array_grow(&finds->items, sizeof(*finds->items), finds->capacity,
					  &finds->capacity);
}

/* Most are found again and again. */
static bool is_recent(struct finds *finds, struct prefix prefix)
{
	const uint8_t *end = prefix.addr.bytes + addr_length(prefix.addr);
	struct prefix *recent = &finds->recent[(end[-1] + 31 * end[-2]) % RECENT];

	if (prefix_compare(*recent, prefix) == 0)
		return true;
	*recent = prefix;
	return false;
}

static void add(struct finds *finds, struct prefix prefix)
{
	if (!addr_is_set(prefix.addr) || is_recent(finds, prefix))
		return;
	if (!finds->error)
		make_room(finds);
	if (!finds->error)
		finds->items[finds->count++] = prefix;
}

static void add_addresses(struct finds *finds, const struct addr *addresses, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add(finds, prefix_of(addresses[i]));
}

static void add_turns(struct finds *finds, const struct pod_address *turns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add(finds, prefix_of(turns[i].address));
}

static void add_node(struct finds *finds, const struct inventory_node *node)
{
	for (size_t i = 0; i < node->pod_range_count; i++)
		add(finds, node->pod_ranges[i]);
	add_addresses(finds, node->addresses, node->address_count);
	add_addresses(finds, node->external, node->external_count);
	add_addresses(finds, node->tunnels, node->tunnel_count);
}

/* What a service leads to need be no pod: the API server of a cluster that others run. */
static void add_endpoints(struct finds *finds, const struct inventory_endpoints *endpoints)
{
	for (size_t i = 0; i < endpoints->count; i++)
		add(finds, prefix_of(endpoints->items[i].address));
}

static void add_ranges(struct finds *finds, const struct inventory_ranges *ranges)
{
	for (size_t i = 0; i < ranges->count; i++)
		add(finds, ranges->items[i]);
}

/* What was seen before a range was deleted may have been of it. */
static bool counts(const struct inventory_ranges *ranges, const struct graph *graph)
{
	return ranges->until == INTERVAL_OPEN || ranges->until > graph->seen.from;
}

static void add_inventory(struct finds *finds, const struct graph *graph)
{
	const struct inventory *inventory = graph->inventory;

	for (size_t i = 0; i < inventory->node_count; i++)
		add_node(finds, &inventory->nodes[i]);
	for (size_t i = 0; i < inventory->pod_count; i++) {
		const struct inventory_pod *pod = &inventory->pods[i];

		add_addresses(finds, pod->addresses, pod->address_count);
		add_addresses(finds, pod->secondary, pod->secondary_count);
		add_turns(finds, pod->turns, pod->turn_count);
	}
	for (size_t i = 0; i < inventory->service_count; i++)
		add_addresses(finds, inventory->services[i].addresses,
			      inventory->services[i].address_count);
	for (size_t i = 0; i < inventory->endpoints_count; i++)
		add_endpoints(finds, &inventory->endpoints[i]);
	for (size_t i = 0; i < inventory->ranges_count; i++)
		if (counts(&inventory->ranges[i], graph))
			add_ranges(finds, &inventory->ranges[i]);
}

static void add_special(struct finds *finds)
{
	for (size_t i = 0; addr_is_set(graph_special_address(i)); i++)
		add(finds, prefix_of(graph_special_address(i)));
}

/* Pods are there already, and so is what makes a folded prefix more than external. */
static void add_end(struct finds *finds, const struct end *end)
{
	if (end->kind != END_POD && end->prefix == 0 && strcmp(end->class, "external") != 0)
		add(finds, prefix_of(end->address));
}

static void add_edges(struct finds *finds, const struct graph *graph)
{
	struct addr last = {0};

	for (size_t i = 0; i < graph->edge_count; i++) {
		const struct graph_edge *edge = &graph->edges[i];
		const struct addr service = edge->edge.key.service;

		add_end(finds, edge->from);
		add_end(finds, edge->to);
		if (edge->translated)
			add_end(finds, edge->translated);
		if (edge->service_prefix || addr_equal(service, last))
			continue;
		add(finds, prefix_of(service));
		last = service;
	}
}

static bool has_family(const struct prefix *ranges, size_t count, enum addr_family family)
{
	for (size_t i = 0; i < count; i++)
		if (ranges[i].addr.family == family)
			return true;
	return false;
}

/* Those of some nodes show what the others' are like: they are of one plan. */
static bool knows_pods(const struct inventory *inventory, enum addr_family family)
{
	for (size_t i = 0; i < inventory->node_count; i++) {
		const struct inventory_node *node = &inventory->nodes[i];

		if (has_family(node->pod_ranges, node->pod_range_count, family))
			return true;
	}
	for (size_t i = 0; i < inventory->ranges_count; i++) {
		const struct inventory_ranges *ranges = &inventory->ranges[i];

		if (ranges->of_pods && ranges->until == INTERVAL_OPEN &&
		    has_family(ranges->items, ranges->count, family))
			return true;
	}
	return false;
}

int cluster_ranges_build(const struct graph *graph, struct cluster_ranges *ret)
{
	struct finds finds = {0};

	for (size_t i = 0; i < graph->pod_count; i++)
		add_turns(&finds, graph->pods[i].addresses, graph->pods[i].address_count);
	add_addresses(&finds, graph->node_addresses, graph->node_address_count);
	if (graph->inventory)
		add_inventory(&finds, graph);
	add_special(&finds);
	add_edges(&finds, graph);
	if (finds.error) {
		free(finds.items);
		return finds.error;
	}
	ret->knows_pods[0] = graph->inventory && knows_pods(graph->inventory, ADDR_IPV4);
	ret->knows_pods[1] = graph->inventory && knows_pods(graph->inventory, ADDR_IPV6);
	ret->items = finds.items;
	ret->count = prefixes_tidy(finds.items, finds.count);
	return 0;
}

void cluster_ranges_clear(struct cluster_ranges *ranges)
{
	free(ranges->items);
	*ranges = (struct cluster_ranges){0};
}

const struct prefix *cluster_ranges_touching(const struct cluster_ranges *ranges,
					     struct prefix prefix)
{
	return prefixes_touching(ranges->items, ranges->count, prefix);
}
