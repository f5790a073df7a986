#include "policy/entry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/prefixes.h"

static const struct inventory_service *services_from(const struct inventory *inventory,
						     const char *namespace)
{
	size_t low = 0, high = inventory->service_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(inventory->services[middle].namespace, namespace) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return inventory->services + low;
}

static bool is_entry(const struct inventory_service *service)
{
	return service->external_ips || strcmp(service->type, "NodePort") == 0 ||
	       strcmp(service->type, "LoadBalancer") == 0;
}

static bool is_named(const struct inventory_pod *pod, const char *name, uint8_t protocol,
		     uint16_t port)
{
	for (size_t i = 0; pod && i < pod->port_count; i++)
		if (pod->ports[i].port == port && pod->ports[i].protocol == protocol &&
		    strcmp(pod->ports[i].name, name) == 0)
			return true;
	return false;
}

static bool is_target(const struct inventory_port *target, const struct inventory_pod *pod,
		      uint8_t protocol, uint16_t port)
{
	char *end = NULL;
	unsigned long number = strtoul(target->target, &end, 10);

	if (target->protocol != protocol)
		return false;
	if (!*target->target)
		return target->port == port;
	return *end ? is_named(pod, target->target, protocol, port) : number == port;
}

static bool has_target(const struct inventory_service *service, const struct inventory_pod *pod,
		       uint8_t protocol, uint16_t port)
{
	for (size_t i = 0; i < service->port_count; i++)
		if (is_target(&service->ports[i], pod, protocol, port))
			return true;
	return false;
}

/* port: what was asked for; 0: not known. */
static bool has_node_port(const struct inventory_service *service, uint16_t port)
{
	for (size_t i = 0; i < service->port_count; i++)
		if (port == 0 || service->ports[i].node_port == port)
			return true;
	return false;
}

static bool has_host_port(const struct inventory_pod *pod, uint8_t protocol, uint16_t port)
{
	for (size_t i = 0; pod && i < pod->port_count; i++)
		if (pod->ports[i].host_port && pod->ports[i].port == port &&
		    pod->ports[i].protocol == protocol)
			return true;
	return false;
}

/* The next from that one on, of the same namespace, that leads to the pod's port; NULL: none. */
static const struct inventory_service *next_entry(const struct graph *graph,
						  const struct inventory_service *service,
						  const struct end *end, uint8_t protocol,
						  uint16_t port)
{
	const struct inventory *inventory = graph->inventory;
	const struct inventory_service *last = inventory->services + inventory->service_count;
	const struct labels *labels = end->pod == GRAPH_NONE ? NULL : graph->pods[end->pod].labels;
	const struct inventory_pod *pod =
	    inventory_find_pod(inventory, end->namespace, end->name, end->uid);

	for (; labels && service < last && strcmp(service->namespace, end->namespace) == 0;
	     service++)
		if (is_entry(service) && service->selector.count > 0 &&
		    labels_match(labels, &service->selector) &&
		    has_target(service, pod, protocol, port))
			return service;
	return NULL;
}

bool entry_leads_to(const struct graph *graph, const struct end *end, uint8_t protocol,
		    uint16_t port)
{
	const struct inventory *inventory = graph->inventory;
	const struct inventory_pod *pod;

	if (!inventory)
		return false;
	pod = inventory_find_pod(inventory, end->namespace, end->name, end->uid);
	return has_host_port(pod, protocol, port) ||
	       next_entry(graph, services_from(inventory, end->namespace), end, protocol, port);
}

static bool is_limited(const struct inventory_service *service)
{
	for (size_t i = 0; i < service->source_range_count; i++)
		if (service->source_ranges[i].length == 0)
			return false;
	return service->source_range_count > 0 && !service->external_ips &&
	       strcmp(service->type, "LoadBalancer") == 0;
}

static int add_ranges(const struct inventory_service *service, struct prefix **ranges,
		      size_t *count)
{
	const size_t more = service->source_range_count;
	struct prefix *grown = reallocarray(*ranges, *count + more, sizeof(**ranges));

	if (!grown)
		return -ENOMEM;
	memcpy(grown + *count, service->source_ranges, more * sizeof(*grown));
	*ranges = grown;
	*count += more;
	return 0;
}

static int collect_ranges(const struct graph *graph, const struct end *end, uint8_t protocol,
			  uint16_t port, struct prefix **ranges, size_t *count)
{
	const struct inventory_service *service = services_from(graph->inventory, end->namespace);
	int r = 0;

	while (r == 0 && (service = next_entry(graph, service, end, protocol, port))) {
		if (!is_limited(service)) {
			*count = 0;
			return 0;
		}
		r = add_ranges(service++, ranges, count);
	}
	if (*count > 0)
		*count = prefixes_tidy(*ranges, *count);
	return r;
}

int entry_source_ranges(const struct graph *graph, const struct end *end, uint8_t protocol,
			uint16_t port, struct prefix **ret, size_t *ret_count)
{
	struct prefix *ranges = NULL;
	size_t count = 0;
	int r = 0;

	if (graph->inventory && !has_host_port(inventory_find_pod(graph->inventory, end->namespace,
								  end->name, end->uid),
					       protocol, port))
		r = collect_ranges(graph, end, protocol, port, &ranges, &count);
	if (r < 0) {
		free(ranges);
		return r;
	}
	*ret = ranges;
	*ret_count = count;
	return 0;
}

bool entry_forwards_to(const struct graph *graph, const struct graph_edge *edge)
{
	const struct edge_key *key = &edge->edge.key;
	const struct inventory_service *service;

	if (!graph->inventory)
		return false;
	service = services_from(graph->inventory, edge->to.namespace);
	while ((service = next_entry(graph, service, &edge->to, key->protocol, key->port))) {
		if (!service->external_local && has_node_port(service, key->service_port))
			return true;
		service++;
	}
	return false;
}
