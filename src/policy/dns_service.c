#include "policy/dns_internal.h"

#include <stdlib.h>
#include <string.h>

#include "policy/manifest_value.h"

bool dns_service_has(const struct inventory_endpoints *endpoints,
		     const struct inventory_service *service)
{
	return strcmp(endpoints->namespace, service->namespace) == 0 &&
	       strcmp(endpoints->service, service->name) == 0;
}

bool dns_service_is_at(const struct inventory *inventory, const struct inventory_service *service,
		       struct addr address)
{
	for (size_t i = 0; i < inventory->endpoints_count; i++)
		for (size_t j = 0; dns_service_has(&inventory->endpoints[i], service) &&
				   j < inventory->endpoints[i].count;
		     j++)
			if (addr_equal(inventory->endpoints[i].items[j].address, address))
				return true;
	return false;
}

static bool has_endpoints(const struct inventory *inventory,
			  const struct inventory_service *service)
{
	for (size_t i = 0; i < inventory->endpoints_count; i++)
		if (dns_service_has(&inventory->endpoints[i], service) &&
		    inventory->endpoints[i].count > 0)
			return true;
	return false;
}

/* Rules name its namespace. */
static bool is_possible(const struct inventory_service *service)
{
	return text_is_dns_label(service->namespace);
}

/* One that somebody has given its endpoints by hand. */
static const struct inventory_service *find_manual(const struct inventory *inventory)
{
	const struct inventory_service *labelled = NULL;

	for (size_t i = 0; inventory && i < inventory->service_count; i++) {
		const struct inventory_service *service = &inventory->services[i];
		const char *label = labels_get(&service->labels, "k8s-app");

		if (service->selector.count > 0 || !is_possible(service) ||
		    !has_endpoints(inventory, service))
			continue;
		if (strcmp(service->namespace, "kube-system") == 0 &&
		    strcmp(service->name, "kube-dns") == 0)
			return service;
		if (!labelled && label && strcmp(label, "kube-dns") == 0)
			labelled = service;
	}
	return labelled;
}

static uint16_t parse_port(const char *text)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	return *text >= '0' && *text <= '9' && !*end && port <= UINT16_MAX ? (uint16_t)port : 0;
}

/* What the service's endpoints have under the port's name; 0: nothing is known of them. */
static uint16_t port_of_endpoints(const struct inventory *inventory,
				  const struct inventory_service *service,
				  const struct inventory_port *port)
{
	for (size_t i = 0; i < inventory->endpoints_count; i++) {
		const struct inventory_endpoints *endpoints = &inventory->endpoints[i];

		if (!dns_service_has(endpoints, service))
			continue;
		for (size_t j = 0; j < endpoints->port_count; j++)
			if (strcmp(endpoints->ports[j].name, port->name) == 0 &&
			    endpoints->ports[j].protocol == port->protocol)
				return endpoints->ports[j].port;
	}
	return 0;
}

/* A port's name means what the selected pods' containers say; 0 if none says anything. */
static uint16_t port_of_pods(const struct inventory *inventory,
			     const struct inventory_service *service,
			     const struct inventory_port *port)
{
	for (size_t i = 0; i < inventory->pod_count; i++) {
		const struct inventory_pod *pod = &inventory->pods[i];

		if (pod->finished || *pod->conflict ||
		    strcmp(pod->namespace, service->namespace) != 0 ||
		    !labels_match(&pod->labels, &service->selector))
			continue;
		for (size_t j = 0; j < pod->port_count; j++)
			if (strcmp(pod->ports[j].name, port->target) == 0 &&
			    pod->ports[j].protocol == port->protocol)
				return pod->ports[j].port;
	}
	return 0;
}

uint16_t dns_service_target(const struct inventory *inventory,
			    const struct inventory_service *service,
			    const struct inventory_port *port)
{
	uint16_t target = parse_port(port->target);

	if (target == 0)
		target = port_of_endpoints(inventory, service, port);
	if (target == 0 && *port->target)
		target = port_of_pods(inventory, service, port);
	return target;
}

const struct inventory_service *dns_service_find(const struct inventory *inventory)
{
	const struct inventory_service *service = graph_dns_service(inventory);

	return service && is_possible(service) ? service : find_manual(inventory);
}
