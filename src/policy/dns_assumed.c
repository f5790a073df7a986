#include "policy/dns_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "policy/array.h"

static const struct label usual_label = {(char *)"k8s-app", (char *)"kube-dns"};
static const struct label openshift_label = {(char *)"dns.operator.openshift.io/daemonset-dns",
					     (char *)"default"};
const struct dns_convention dns_convention_usual = {
    .namespace = "kube-system",
    .labels = {.items = (struct label *)&usual_label, .count = 1},
    .port = DNS_PORT};
/* OpenShift's DNS operator, assets/dns: the daemon set's selector and its container's port. */
static const struct dns_convention openshift = {
    .namespace = "openshift-dns",
    .labels = {.items = (struct label *)&openshift_label, .count = 1},
    .port = 5353};

const struct dns_convention *dns_convention_of(const struct graph_pod *pod)
{
	if (dns_is_picked(pod, dns_convention_usual.namespace, &dns_convention_usual.labels))
		return &dns_convention_usual;
	return dns_is_picked(pod, openshift.namespace, &openshift.labels) ? &openshift : NULL;
}

size_t dns_group_of_workload(const struct groups *groups, size_t workload)
{
	return workload == GRAPH_NONE ? GROUP_NONE : groups->of_workload[workload];
}

bool dns_is_picked(const struct graph_pod *pod, const char *namespace,
		   const struct labels *selector)
{
	return pod->labels && selector->count > 0 && strcmp(pod->namespace, namespace) == 0 &&
	       labels_match(pod->labels, selector);
}

int dns_add_assumed(struct dns_work *work, struct end end, uint8_t protocol, uint16_t port)
{
	struct dns *dns = &work->dns;
	struct end *copy;

	if (resolvers_have(&work->all, end.address, protocol, port))
		return 0;
	if (dns->assumed_count == work->assumed_capacity &&
	    array_grow(&dns->assumed, sizeof(*dns->assumed), work->assumed_capacity,
		       &work->assumed_capacity) < 0)
		return -ENOMEM;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*copy = end;
	dns->assumed[dns->assumed_count++] = copy;
	return resolvers_add(&work->all, (struct resolver){.asker = GROUP_NONE,
							   .group = GROUP_NONE,
							   .end = copy,
							   .port = port,
							   .protocol = protocol});
}

struct end dns_end_at(enum end_kind kind, const char *class, struct addr address)
{
	return (struct end){.kind = kind,
			    .class = class,
			    .namespace = "",
			    .name = "",
			    .uid = "",
			    .node = "",
			    .address = address,
			    .pod = GRAPH_NONE,
			    .workload = GRAPH_NONE};
}

static int use_selector(struct dns_work *work)
{
	const struct inventory *inventory = work->graph->inventory;
	const struct inventory_service *service = work->dns.service;
	int r = 0;

	work->dns.origin = DNS_INVENTORY;
	work->dns.namespace = service->namespace;
	work->dns.selector = service->selector;
	for (size_t i = 0; i < service->port_count && r == 0; i++) {
		const struct inventory_port *port = &service->ports[i];
		uint16_t target;

		if (port->port != DNS_PORT)
			continue;
		target = dns_service_target(inventory, service, port);
		if (target == 0 && *port->target && work->problems)
			problem_add(work->problems, PROBLEM_WARNING, "DNS",
				    "no endpoint and no pod of service %s in %s tells the number "
				    "of its port "
				    "\"%s\"; 53 is assumed",
				    service->name, service->namespace, port->target);
		r = dns_add_selected(work, (struct resolver){.asker = GROUP_NONE,
							     .group = GROUP_NONE,
							     .port = target ? target : DNS_PORT,
							     .protocol = port->protocol});
	}
	return r;
}

static bool has_port(const struct inventory_service *service, const struct inventory_port *port)
{
	for (size_t i = 0; i < service->port_count; i++)
		if (service->ports[i].port == DNS_PORT &&
		    service->ports[i].protocol == port->protocol &&
		    strcmp(service->ports[i].name, port->name) == 0)
			return true;
	return false;
}

static size_t group_at(const struct dns_work *work, struct addr address)
{
	for (size_t i = 0; i < work->graph->pod_count; i++) {
		const struct graph_pod *pod = &work->graph->pods[i];

		for (size_t j = 0; j < pod->address_count; j++)
			if (addr_equal(pod->addresses[j].address, address) && !pod->host_network &&
			    !pod->ambiguous)
				return dns_group_of_workload(work->groups, pod->workload);
	}
	return GROUP_NONE;
}

static int add_endpoint(struct dns_work *work, struct addr address,
			const struct inventory_port *port)
{
	const struct inventory_node *node = inventory_find_node(work->graph->inventory, address);
	struct end end =
	    dns_end_at(node ? END_NODE : END_EXTERNAL, node ? "node" : "cluster-dns", address);
	const struct resolver pods = {.asker = GROUP_NONE,
				      .group = group_at(work, address),
				      .end = NULL,
				      .port = port->port,
				      .protocol = port->protocol};

	if (pods.group != GROUP_NONE)
		return resolvers_have_group(&work->all, &pods) ? 0
							       : resolvers_add(&work->all, pods);
	if (node)
		end.name = node->name;
	return dns_add_assumed(work, end, port->protocol, port->port);
}

/* What is left when there is room for no more. */
static void warn_of_endpoints(const struct dns_work *work)
{
	if (work->problems)
		problem_add(work->problems, PROBLEM_WARNING, "DNS",
			    "service %s in %s has more endpoints than are used: some are allowed "
			    "only to those who were seen to ask them",
			    work->dns.service->name, work->dns.service->namespace);
}

/* Somebody has told by hand who answers. */
static int use_endpoints(struct dns_work *work)
{
	const struct inventory *inventory = work->graph->inventory;
	const struct inventory_service *service = work->dns.service;
	const size_t most = work->all.count + DNS_BLOCKS_MAX;
	int r = 0;

	work->dns.origin = DNS_INVENTORY;
	for (size_t i = 0; i < inventory->endpoints_count && r == 0; i++) {
		const struct inventory_endpoints *endpoints = &inventory->endpoints[i];

		for (size_t j = 0; dns_service_has(endpoints, service) && j < endpoints->count;
		     j++) {
			const struct inventory_endpoint *item = &endpoints->items[j];

			for (size_t k = 0; k < item->port_count && r == 0; k++) {
				const struct inventory_port *port =
				    &endpoints->ports[item->first_port + k];

				if (!has_port(service, port))
					continue;
				if (work->all.count < most)
					r = add_endpoint(work, item->address, port);
				else
					warn_of_endpoints(work);
			}
		}
	}
	return r;
}

static const char *why_assumed(const struct dns_work *work)
{
	if (work->has_resolvers)
		return "the cluster's resolvers were not seen to be asked, and the inventory has "
		       "no service for them";
	return work->has_private
		   ? "pods were asked for names from their own namespaces only, and the inventory "
		     "has no service for the cluster's resolvers"
		   : "no resolver was seen and the inventory has none";
}

/* Where pods have the labels that resolvers have by convention, others do not make up for them. */
static bool is_answered(const struct dns_work *work)
{
	for (size_t i = 0; i < work->all.count; i++)
		if (work->dns.service || !work->has_resolvers ||
		    work->all.items[i].group == GROUP_NONE)
			return true;
	return work->own.count > 0 || dns_has_selected(work);
}

static int use_convention(struct dns_work *work)
{
	const struct dns_convention *convention =
	    work->convention ? work->convention : &dns_convention_usual;
	struct resolver usual = {.asker = GROUP_NONE,
				 .group = GROUP_NONE,
				 .port = convention->port,
				 .protocol = IPPROTO_TCP};
	int r;

	work->dns.origin = DNS_CONVENTION;
	if (work->problems)
		problem_add(work->problems, PROBLEM_NOTE, "DNS",
			    "%s: pods with %s=%s in %s are assumed, at port %u", why_assumed(work),
			    convention->labels.items[0].key, convention->labels.items[0].value,
			    convention->namespace, convention->port);
	work->dns.namespace = convention->namespace;
	work->dns.selector = convention->labels;
	r = dns_add_selected(work, usual);
	usual.protocol = IPPROTO_UDP;
	return r < 0 ? r : dns_add_selected(work, usual);
}

static int find_picked(struct dns_work *work)
{
	const struct graph *graph = work->graph;
	struct dns *dns = &work->dns;

	dns->picked = calloc(work->groups->count + 1, sizeof(*dns->picked));
	if (!dns->picked)
		return -ENOMEM;
	for (size_t i = 0; i < graph->pod_count; i++) {
		const struct graph_pod *pod = &graph->pods[i];
		size_t group = dns_group_of_workload(work->groups, pod->workload);

		if (group != GROUP_NONE && dns_is_picked(pod, dns->namespace, &dns->selector))
			dns->picked[group] = true;
	}
	return 0;
}

/* What came to others by way of the service, as an address changed hands, is not enough. */
bool dns_has_selected(const struct dns_work *work)
{
	for (size_t i = 0; i < work->all.count; i++) {
		const size_t group = work->all.items[i].group;

		if (group != GROUP_NONE && work->selected[group])
			return true;
	}
	return false;
}

int dns_assume(struct dns_work *work)
{
	const struct inventory_service *service = work->dns.service;
	int r = 0;

	if (service && service->selector.count == 0)
		r = use_endpoints(work);
	else if (service && !dns_has_selected(work))
		r = use_selector(work);
	if (r == 0 && !is_answered(work) && !work->hosts_unknown)
		r = use_convention(work);
	dns_warn_of_hosts(work);
	return r < 0 || work->dns.selector.count == 0 ? r : find_picked(work);
}
