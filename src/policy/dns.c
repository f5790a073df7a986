#include "policy/dns.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "policy/order.h"

#define DNS_PORT 53

/* Beyond that many resolvers outside somebody resolves recursively; what they ask is not what
 * everybody needs. Each counts twice, for UDP and TCP. */
#define OUTSIDE_MAX 64

static const struct label conventional[] = {{(char *)"k8s-app", (char *)"kube-dns"}};

static bool is_dns(const struct edge_key *key)
{
	if (key->verdict != VERDICT_ANSWERED || key->direction_uncertain || !key->has_port ||
	    (key->protocol != IPPROTO_UDP && key->protocol != IPPROTO_TCP))
		return false;
	return key->port == DNS_PORT ||
	       (addr_is_set(key->service) && key->service_port == DNS_PORT);
}

static size_t group_of(const struct groups *groups, const struct end *end)
{
	if (end->kind != END_POD || end->workload == GRAPH_NONE)
		return GROUP_NONE;
	return groups->of_workload[end->workload];
}

static bool is_picked(const struct graph_pod *pod, const char *namespace,
		      const struct labels *selector)
{
	return pod->labels && strcmp(pod->namespace, namespace) == 0 &&
	       labels_match(pod->labels, selector);
}

/*
 * Where the cluster's own service is known, a pod resolves names for everybody only if it stands
 * behind that service; any other that answers on port 53 is a peer of those who ask it.
 */
static bool is_for_all(const struct graph *graph, const struct inventory_service *service,
		       const struct graph_edge *edge)
{
	if (!service || edge->to.kind != END_POD || edge->service == service)
		return true;
	return edge->to.pod != GRAPH_NONE &&
	       is_picked(&graph->pods[edge->to.pod], service->namespace, &service->selector);
}

/*
 * A pod that no label picks cannot be a peer; it is reported with the edges that name it. A prefix
 * holds more addresses than were asked: those who asked are allowed to, nobody else.
 */
static bool is_usable(const struct groups *groups, const struct end *end)
{
	if (end->kind == END_NODE || end->kind == END_EXTERNAL)
		return end->prefix == 0;
	return group_of(groups, end) != GROUP_NONE;
}

static int compare_resolvers(const void *a, const void *b)
{
	const struct resolver *x = a, *y = b;
	int r = order_numbers(x->group, y->group);

	if (r == 0 && (!x->end || !y->end))
		r = (x->end != NULL) - (y->end != NULL);
	else if (r == 0 && x->group == GROUP_NONE)
		r = addr_compare(x->end->address, y->end->address);
	r = r ? r : order_numbers(x->port, y->port);
	return r ? r : order_numbers(x->protocol, y->protocol);
}

static void sort_resolvers(struct dns *dns)
{
	size_t kept = 0;

	if (dns->count == 0)
		return;
	qsort(dns->resolvers, dns->count, sizeof(*dns->resolvers), compare_resolvers);
	for (size_t i = 0; i < dns->count; i++)
		if (kept == 0 ||
		    compare_resolvers(&dns->resolvers[kept - 1], &dns->resolvers[i]) != 0)
			dns->resolvers[kept++] = dns->resolvers[i];
	dns->count = kept;
}

static int add_resolver(struct dns *dns, size_t *capacity, struct resolver resolver)
{
	struct resolver *grown;
	size_t larger = *capacity ? *capacity * 2 : 16;

	/* Many edges, few resolvers: dropping repetitions mostly makes room enough. */
	if (dns->count == *capacity) {
		sort_resolvers(dns);
		if (dns->count * 2 >= *capacity) {
			grown = reallocarray(dns->resolvers, larger, sizeof(*grown));
			if (!grown)
				return -ENOMEM;
			dns->resolvers = grown;
			*capacity = larger;
		}
	}
	dns->resolvers[dns->count++] = resolver;
	return 0;
}

/* Who answers over UDP is asked over TCP when the answer is long. */
static int add_both(struct dns *dns, size_t *capacity, struct resolver resolver)
{
	int r;

	resolver.protocol = IPPROTO_TCP;
	r = add_resolver(dns, capacity, resolver);
	resolver.protocol = IPPROTO_UDP;
	return r < 0 ? r : add_resolver(dns, capacity, resolver);
}

/* What a resolver itself asks upstream is its own business. */
static bool *find_resolving_groups(const struct graph *graph, const struct groups *groups,
				   const struct inventory_service *service)
{
	bool *resolves = calloc(groups->count + 1, sizeof(*resolves));

	for (size_t i = 0; resolves && i < graph->edge_count; i++) {
		size_t group = group_of(groups, &graph->edges[i].to);

		if (group != GROUP_NONE && is_dns(&graph->edges[i].edge.key) &&
		    is_for_all(graph, service, &graph->edges[i]))
			resolves[group] = true;
	}
	return resolves;
}

static int find_observed(const struct graph *graph, const struct groups *groups, struct dns *dns)
{
	bool *resolves = find_resolving_groups(graph, groups, dns->service);
	size_t capacity = 0;
	int r = resolves ? 0 : -ENOMEM;

	for (size_t i = 0; i < graph->edge_count && r == 0; i++) {
		const struct graph_edge *edge = &graph->edges[i];
		size_t asker = group_of(groups, &edge->from);

		if (edge->from.kind != END_POD || !is_dns(&edge->edge.key) ||
		    !is_usable(groups, &edge->to) || !is_for_all(graph, dns->service, edge) ||
		    (asker != GROUP_NONE && resolves[asker]))
			continue;
		r = add_both(dns, &capacity,
			     (struct resolver){.group = group_of(groups, &edge->to),
					       .end = &edge->to,
					       .port = edge->edge.key.port});
	}
	free(resolves);
	sort_resolvers(dns);
	return r;
}

/* Nodes' and link-local addresses are where caches of the cluster's own resolver listen. */
static bool is_outside(const struct resolver *resolver)
{
	return resolver->group == GROUP_NONE && strcmp(resolver->end->class, "external") == 0;
}

static size_t count_outside(const struct dns *dns)
{
	size_t count = 0;

	for (size_t i = 0; i < dns->count; i++)
		count += is_outside(&dns->resolvers[i]);
	return count;
}

static void drop_outside(struct dns *dns)
{
	size_t kept = 0;

	for (size_t i = 0; i < dns->count; i++)
		if (!is_outside(&dns->resolvers[i]))
			dns->resolvers[kept++] = dns->resolvers[i];
	dns->count = kept;
}

/* Whom one pod asks in the world is its own affair, unless the cluster seems to have no resolver.
 */
static void choose_observed(struct dns *dns, struct problems *problems)
{
	size_t outside = count_outside(dns);
	bool is_inside = outside < dns->count || dns->service;

	if (!is_inside && outside <= OUTSIDE_MAX)
		return;
	if (!is_inside)
		problem_add(problems, PROBLEM_WARNING, "DNS",
			    "many addresses outside the cluster were asked for names; only those "
			    "who asked are allowed to");
	drop_outside(dns);
}

static uint16_t parse_port(const char *text)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	return *text >= '0' && *text <= '9' && !*end && port <= UINT16_MAX ? (uint16_t)port : 0;
}

/* What the service's endpoints have under the port's name; 0: nothing is known of them. */
static uint16_t endpoint_port(const struct inventory *inventory,
			      const struct inventory_service *service,
			      const struct inventory_port *port)
{
	for (size_t i = 0; i < inventory->endpoints_count; i++) {
		const struct inventory_endpoints *endpoints = &inventory->endpoints[i];

		if (strcmp(endpoints->namespace, service->namespace) != 0 ||
		    strcmp(endpoints->service, service->name) != 0)
			continue;
		for (size_t j = 0; j < endpoints->port_count; j++)
			if (strcmp(endpoints->ports[j].name, port->name) == 0 &&
			    endpoints->ports[j].protocol == port->protocol)
				return endpoints->ports[j].port;
	}
	return 0;
}

/* A port's name means what the selected pods' containers say; 0 if none says anything. */
static uint16_t named_port(const struct inventory *inventory,
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

static int use_service(const struct inventory *inventory, struct problems *problems,
		       struct dns *dns)
{
	const struct inventory_service *service = dns->service;
	size_t capacity = dns->count;
	int r = 0;

	dns->origin = DNS_INVENTORY;
	dns->namespace = service->namespace;
	dns->selector = service->selector;
	for (size_t i = 0; i < service->port_count && r == 0; i++) {
		const struct inventory_port *port = &service->ports[i];
		uint16_t target = parse_port(port->target);

		if (port->port != DNS_PORT)
			continue;
		if (target == 0)
			target = endpoint_port(inventory, service, port);
		if (target == 0 && *port->target)
			target = named_port(inventory, service, port);
		if (target == 0 && *port->target)
			problem_add(problems, PROBLEM_WARNING, "DNS",
				    "no endpoint and no pod of service %s in %s tells the number "
				    "of its port "
				    "\"%s\"; 53 is assumed",
				    service->name, service->namespace, port->target);
		r = add_resolver(dns, &capacity,
				 (struct resolver){.group = GROUP_NONE,
						   .port = target ? target : DNS_PORT,
						   .protocol = port->protocol});
	}
	sort_resolvers(dns);
	return r;
}

static int use_convention(struct problems *problems, struct dns *dns)
{
	size_t capacity = 0;

	dns->origin = DNS_CONVENTION;
	problem_add(
	    problems, PROBLEM_NOTE, "DNS",
	    "no resolver was seen and the inventory has none: pods with k8s-app=kube-dns in "
	    "kube-system are assumed, at port 53");
	dns->namespace = "kube-system";
	dns->selector = (struct labels){.items = (struct label *)conventional, .count = 1};
	return add_both(dns, &capacity, (struct resolver){.group = GROUP_NONE, .port = DNS_PORT});
}

static int find_picked(const struct graph *graph, const struct groups *groups, struct dns *dns)
{
	dns->picked = calloc(groups->count + 1, sizeof(*dns->picked));
	if (!dns->picked)
		return -ENOMEM;
	for (size_t i = 0; i < graph->pod_count; i++) {
		const struct graph_pod *pod = &graph->pods[i];
		size_t group =
		    pod->workload == GRAPH_NONE ? GROUP_NONE : groups->of_workload[pod->workload];

		if (group != GROUP_NONE && is_picked(pod, dns->namespace, &dns->selector))
			dns->picked[group] = true;
	}
	return 0;
}

static bool has_pods(const struct dns *dns)
{
	for (size_t i = 0; i < dns->count; i++)
		if (dns->resolvers[i].group != GROUP_NONE)
			return true;
	return false;
}

/* Its traffic is not tracked (NOTRACK), so nothing of it can have been seen. */
static void note_local_cache(const struct inventory *inventory, struct problems *problems)
{
	for (size_t i = 0; inventory && i < inventory->pod_count; i++) {
		const struct inventory_pod *pod = &inventory->pods[i];
		const char *label = labels_get(&pod->labels, "k8s-app");

		if (pod->finished || !label || strcmp(label, "node-local-dns") != 0)
			continue;
		problem_add(
		    problems, PROBLEM_NOTE, "DNS",
		    "the cluster has a cache on each node (k8s-app=node-local-dns) whose traffic "
		    "conntrack does not show; traffic to the own node is always allowed, but if "
		    "your "
		    "plugin holds it to policies, allow 169.254.20.10 and the DNS service's "
		    "addresses");
		return;
	}
}

int dns_find(const struct graph *graph, const struct groups *groups, struct problems *problems,
	     struct dns *ret)
{
	struct dns dns = {.origin = DNS_OBSERVED,
			  .namespace = "",
			  .service = graph_dns_service(graph->inventory)};
	int r = find_observed(graph, groups, &dns);

	if (r == 0)
		choose_observed(&dns, problems);
	if (r == 0 && dns.service && !has_pods(&dns))
		r = use_service(graph->inventory, problems, &dns);
	if (r == 0 && dns.count == 0)
		r = use_convention(problems, &dns);
	if (r == 0 && dns.origin != DNS_OBSERVED)
		r = find_picked(graph, groups, &dns);
	if (r < 0) {
		dns_clear(&dns);
		return r;
	}
	note_local_cache(graph->inventory, problems);
	*ret = dns;
	return 0;
}

void dns_clear(struct dns *dns)
{
	free(dns->resolvers);
	free(dns->picked);
	*dns = (struct dns){0};
}

bool dns_is_by(const struct dns *dns, const struct resolver *resolver, size_t group)
{
	if (resolver->group != GROUP_NONE || resolver->end)
		return resolver->group == group;
	return dns->picked[group];
}

bool dns_is_at(const struct dns *dns, size_t group, uint8_t protocol, uint16_t port)
{
	for (size_t i = 0; i < dns->count; i++) {
		const struct resolver *resolver = &dns->resolvers[i];

		if (resolver->protocol == protocol && resolver->port == port &&
		    dns_is_by(dns, resolver, group))
			return true;
	}
	return false;
}
