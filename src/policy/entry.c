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

/* A port of a pod, and what is known of the pod. */
struct door {
	const struct inventory *inventory;
	const char *namespace;
	const struct labels *labels;     /* NULL: not known */
	const struct inventory_pod *pod; /* NULL: not known */
	uint16_t port;
	uint8_t protocol;
};

static struct door door_of(const struct graph *graph, const struct end *end, uint8_t protocol,
			   uint16_t port)
{
	return (struct door){
	    .inventory = graph->inventory,
	    .namespace = end->namespace,
	    .labels = end->pod == GRAPH_NONE ? NULL : graph->pods[end->pod].labels,
	    .pod = inventory_find_pod(graph->inventory, end->namespace, end->name, end->uid),
	    .port = port,
	    .protocol = protocol};
}

/* To nodes, which lead on to pods. */
static bool is_by_nodes(const struct inventory_service *service)
{
	return service->external_ips || strcmp(service->type, "NodePort") == 0 ||
	       strcmp(service->type, "LoadBalancer") == 0;
}

/* ---- target ports ---- */

static bool has_name(const struct inventory_pod *pod, const char *name, const struct door *door)
{
	for (size_t i = 0; i < pod->port_count; i++)
		if (pod->ports[i].port == door->port && pod->ports[i].protocol == door->protocol &&
		    strcmp(pod->ports[i].name, name) == 0)
			return true;
	return false;
}

/* One that has been replaced is like those that the service picks now. */
static bool is_named(const struct inventory_service *service, const char *name,
		     const struct door *door)
{
	const struct inventory *inventory = door->inventory;

	if (door->pod && door->pod->ports_told)
		return has_name(door->pod, name, door);
	for (size_t i = inventory_pods_of(inventory, door->namespace);
	     i < inventory->pod_count && strcmp(inventory->pods[i].namespace, door->namespace) == 0;
	     i++)
		if (labels_match(&inventory->pods[i].labels, &service->selector) &&
		    has_name(&inventory->pods[i], name, door))
			return true;
	return false;
}

static bool is_target(const struct inventory_service *service, const struct inventory_port *target,
		      const struct door *door)
{
	char *end = NULL;
	unsigned long number = strtoul(target->target, &end, 10);

	if (target->protocol != door->protocol)
		return false;
	if (!*target->target)
		return target->port == door->port;
	return *end ? is_named(service, target->target, door) : number == door->port;
}

/* port: what was asked for; 0: not known. */
static bool has_node_port(const struct inventory_service *service, uint16_t port)
{
	for (size_t i = 0; i < service->port_count; i++)
		if (port == 0 || service->ports[i].node_port == port)
			return true;
	return false;
}

static bool has_host_port(const struct door *door)
{
	const struct inventory_pod *pod = door->pod;

	for (size_t i = 0; pod && i < pod->port_count; i++)
		if (pod->ports[i].host_port && pod->ports[i].port == door->port &&
		    pod->ports[i].protocol == door->protocol)
			return true;
	return false;
}

/* ---- services ---- */

/* Does the service lead there, and from outside? */
static bool is_entry(const struct inventory_service *service, const struct door *door)
{
	const bool by_nodes = is_by_nodes(service);

	for (size_t i = 0; i < service->port_count; i++)
		if ((by_nodes ||
		     inventory_is_backend(door->inventory, service, &service->ports[i])) &&
		    is_target(service, &service->ports[i], door))
			return true;
	return false;
}

/* Does it at all? */
static bool leads_there(const struct inventory_service *service, const struct door *door)
{
	for (size_t i = 0; i < service->port_count; i++)
		if (is_target(service, &service->ports[i], door))
			return true;
	return false;
}

/* The next from that one on, of the same namespace, that picks the pod and is such; NULL: none. */
static const struct inventory_service *
next_service(const struct inventory_service *service, const struct door *door,
	     bool (*is_such)(const struct inventory_service *, const struct door *))
{
	const struct inventory *inventory = door->inventory;
	const struct inventory_service *last = inventory->services + inventory->service_count;

	for (; door->labels && service < last && strcmp(service->namespace, door->namespace) == 0;
	     service++)
		if (service->selector.count > 0 && labels_match(door->labels, &service->selector) &&
		    is_such(service, door))
			return service;
	return NULL;
}

bool entry_leads_to(const struct graph *graph, const struct end *end, uint8_t protocol,
		    uint16_t port)
{
	struct door door;

	if (!graph->inventory)
		return false;
	door = door_of(graph, end, protocol, port);
	return has_host_port(&door) ||
	       next_service(services_from(graph->inventory, end->namespace), &door, is_entry);
}

const struct inventory_service *entry_service_of(const struct graph *graph, const struct end *end,
						 uint8_t protocol, uint16_t port)
{
	struct door door;

	if (!graph->inventory)
		return NULL;
	door = door_of(graph, end, protocol, port);
	return next_service(services_from(graph->inventory, end->namespace), &door, leads_there);
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

static int collect_ranges(const struct door *door, struct prefix **ranges, size_t *count)
{
	const struct inventory_service *service = services_from(door->inventory, door->namespace);
	int r = 0;

	while (r == 0 && (service = next_service(service, door, is_entry))) {
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
	struct door door;
	size_t count = 0;
	int r = 0;

	if (graph->inventory) {
		door = door_of(graph, end, protocol, port);
		if (!has_host_port(&door))
			r = collect_ranges(&door, &ranges, &count);
	}
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
	struct door door;

	if (!graph->inventory)
		return false;
	door = door_of(graph, edge->to, key->protocol, key->port);
	service = services_from(graph->inventory, edge->to->namespace);
	while ((service = next_service(service, &door, is_entry))) {
		if (is_by_nodes(service) && !service->external_local &&
		    has_node_port(service, key->service_port))
			return true;
		service++;
	}
	return false;
}
