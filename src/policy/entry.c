#include "policy/entry.h"

#include <stdlib.h>
#include <string.h>

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
