#include "policy/dns.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "policy/array.h"
#include "policy/dns_nodes.h"
#include "policy/order.h"

#define DNS_PORT 53

/* Beyond that many resolvers outside somebody resolves recursively, and beyond that many nodes
 * each has its own; what they ask is not what everybody needs. Each counts twice, for UDP and TCP.
 */
#define BLOCKS_MAX 64

/* Where NodeLocal DNSCache listens unless it is told otherwise (Kubernetes documentation, "Using
 * NodeLocal DNSCache in Kubernetes Clusters"). */
#define CACHE_ADDRESS "169.254.20.10"

static const struct label conventional[] = {{(char *)"k8s-app", (char *)"kube-dns"}};
static const struct labels convention = {.items = (struct label *)conventional, .count = 1};

struct list {
	struct resolver *items;
	size_t count;
	size_t capacity;
};

struct work {
	const struct graph *graph;
	const struct groups *groups;
	struct problems *problems; /* NULL: nothing of it is told */
	bool has_entities;
	bool *resolves;     /* by group */
	bool has_resolvers; /* pods that service or convention picks */
	struct list all;
	struct list own;
	size_t assumed_capacity;
	struct dns dns;
};

bool dns_is_asked(const struct edge_key *key)
{
	if (key->verdict != VERDICT_ANSWERED || key->direction_uncertain || !key->has_port ||
	    (key->protocol != IPPROTO_UDP && key->protocol != IPPROTO_TCP))
		return false;
	return key->port == DNS_PORT ||
	       (addr_is_set(key->service) && key->service_port == DNS_PORT);
}

static size_t group_of_workload(const struct groups *groups, size_t workload)
{
	return workload == GRAPH_NONE ? GROUP_NONE : groups->of_workload[workload];
}

static size_t group_of(const struct groups *groups, const struct end *end)
{
	return end->kind == END_POD ? group_of_workload(groups, end->workload) : GROUP_NONE;
}

static bool is_picked(const struct graph_pod *pod, const char *namespace,
		      const struct labels *selector)
{
	return pod->labels && selector->count > 0 && strcmp(pod->namespace, namespace) == 0 &&
	       labels_match(pod->labels, selector);
}

/* ---- endpoints ---- */

static bool is_of_service(const struct inventory_endpoints *endpoints,
			  const struct inventory_service *service)
{
	return strcmp(endpoints->namespace, service->namespace) == 0 &&
	       strcmp(endpoints->service, service->name) == 0;
}

static bool has_endpoint(const struct inventory *inventory, const struct inventory_service *service,
			 struct addr address)
{
	for (size_t i = 0; i < inventory->endpoints_count; i++)
		for (size_t j = 0; is_of_service(&inventory->endpoints[i], service) &&
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
		if (is_of_service(&inventory->endpoints[i], service) &&
		    inventory->endpoints[i].count > 0)
			return true;
	return false;
}

/* One that somebody has given its endpoints by hand. */
static const struct inventory_service *find_manual(const struct inventory *inventory)
{
	const struct inventory_service *labelled = NULL;

	for (size_t i = 0; inventory && i < inventory->service_count; i++) {
		const struct inventory_service *service = &inventory->services[i];
		const char *label = labels_get(&service->labels, "k8s-app");

		if (service->selector.count > 0 || !has_endpoints(inventory, service))
			continue;
		if (strcmp(service->namespace, "kube-system") == 0 &&
		    strcmp(service->name, "kube-dns") == 0)
			return service;
		if (!labelled && label && strcmp(label, "kube-dns") == 0)
			labelled = service;
	}
	return labelled;
}

/*
 * Where the cluster's own service is known, a pod resolves names for everybody only if it stands
 * behind that service; any other that answers on port 53 is a peer of those who ask it.
 */
static bool is_for_all(const struct work *work, const struct graph_edge *edge)
{
	const struct inventory_service *service = work->dns.service;
	const struct graph *graph = work->graph;

	if (!service || edge->to.kind != END_POD || edge->service == service)
		return true;
	if (service->selector.count == 0)
		return has_endpoint(graph->inventory, service, edge->to.address);
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

/* ---- lists ---- */

static int compare_resolvers(const void *a, const void *b)
{
	const struct resolver *x = a, *y = b;
	int r = order_numbers(x->asker, y->asker);

	r = r ? r : order_numbers(x->group, y->group);
	if (r == 0 && x->group == GROUP_NONE && x->end && y->end)
		r = addr_compare(x->end->address, y->end->address);
	else if (r == 0 && x->group == GROUP_NONE)
		r = (x->end != NULL) - (y->end != NULL);
	r = r ? r : order_numbers(x->port, y->port);
	return r ? r : order_numbers(x->protocol, y->protocol);
}

static void sort_list(struct list *list)
{
	size_t kept = 0;

	if (list->count == 0)
		return;
	qsort(list->items, list->count, sizeof(*list->items), compare_resolvers);
	for (size_t i = 0; i < list->count; i++)
		if (kept == 0 || compare_resolvers(&list->items[kept - 1], &list->items[i]) != 0)
			list->items[kept++] = list->items[i];
	list->count = kept;
}

static int add_resolver(struct list *list, struct resolver resolver)
{
	/* Many edges, few resolvers: dropping repetitions mostly makes room enough. */
	if (list->count == list->capacity) {
		sort_list(list);
		if (list->count * 2 >= list->capacity &&
		    array_grow(&list->items, sizeof(*list->items), list->capacity,
			       &list->capacity) < 0)
			return -ENOMEM;
	}
	list->items[list->count++] = resolver;
	return 0;
}

/* Who answers over UDP is asked over TCP when the answer is long. */
static int add_both(struct list *list, struct resolver resolver)
{
	int r;

	resolver.protocol = IPPROTO_TCP;
	r = add_resolver(list, resolver);
	resolver.protocol = IPPROTO_UDP;
	return r < 0 ? r : add_resolver(list, resolver);
}

static bool has_address(const struct list *list, struct addr address, uint8_t protocol,
			uint16_t port)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct resolver *resolver = &list->items[i];

		if (resolver->group == GROUP_NONE && resolver->end &&
		    resolver->protocol == protocol && resolver->port == port &&
		    addr_equal(resolver->end->address, address))
			return true;
	}
	return false;
}

/* ---- what was seen ---- */

/* What a resolver itself asks upstream is its own business. */
static int find_resolving_groups(struct work *work)
{
	const struct inventory_service *service = work->dns.service;
	const struct graph *graph = work->graph;

	work->resolves = calloc(work->groups->count + 1, sizeof(*work->resolves));
	if (!work->resolves)
		return -ENOMEM;
	for (size_t i = 0; i < graph->edge_count; i++) {
		size_t group = group_of(work->groups, &graph->edges[i].to);

		if (group != GROUP_NONE && dns_is_asked(&graph->edges[i].edge.key) &&
		    is_for_all(work, &graph->edges[i]))
			work->resolves[group] = true;
	}
	for (size_t i = 0; i < graph->pod_count; i++) {
		const struct graph_pod *pod = &graph->pods[i];
		size_t group = group_of_workload(work->groups, pod->workload);

		if (group == GROUP_NONE ||
		    (!is_picked(pod, "kube-system", &convention) &&
		     !(service && is_picked(pod, service->namespace, &service->selector))))
			continue;
		work->resolves[group] = true;
		work->has_resolvers = true;
	}
	return 0;
}

static bool counts(const struct work *work, const struct graph_edge *edge)
{
	size_t asker = group_of(work->groups, &edge->from);

	return edge->from.kind == END_POD && dns_is_asked(&edge->edge.key) &&
	       is_usable(work->groups, &edge->to) && is_for_all(work, edge) &&
	       (asker == GROUP_NONE || !work->resolves[asker]);
}

static int find_observed(struct work *work)
{
	const struct graph *graph = work->graph;
	int r = find_resolving_groups(work);

	for (size_t i = 0; i < graph->edge_count && r == 0; i++) {
		const struct graph_edge *edge = &graph->edges[i];

		if (counts(work, edge))
			r = add_both(&work->all,
				     (struct resolver){.asker = GROUP_NONE,
						       .group = group_of(work->groups, &edge->to),
						       .end = &edge->to,
						       .port = edge->edge.key.port});
	}
	sort_list(&work->all);
	return r;
}

/* Nodes' and link-local addresses are where caches of the cluster's own resolver listen. */
static bool is_outside(const struct end *end)
{
	return end->kind == END_EXTERNAL && strcmp(end->class, "external") == 0;
}

static bool is_on_node(const struct end *end)
{
	return end->kind == END_NODE && strcmp(end->class, "node-local-dns") != 0;
}

static size_t count_ends(const struct list *list, bool (*is_such)(const struct end *end))
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += is_such(list->items[i].end);
	return count;
}

static void drop_ends(struct list *list, bool (*is_such)(const struct end *end))
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (!is_such(list->items[i].end))
			list->items[kept++] = list->items[i];
	list->count = kept;
}

/* Whom one pod asks in the world is its own affair, unless the cluster seems to have no resolver.
 */
static void choose_outside(struct work *work)
{
	size_t outside = count_ends(&work->all, is_outside);
	bool is_inside = outside < work->all.count || work->dns.service || work->has_resolvers;

	if (!is_inside && outside <= BLOCKS_MAX)
		return;
	if (!is_inside && work->problems)
		problem_add(work->problems, PROBLEM_WARNING, "DNS",
			    "many addresses outside the cluster were asked for names; only those "
			    "who asked are allowed to");
	drop_ends(&work->all, is_outside);
}

/* Is there another one on a node before it, at that port? */
static bool is_another(const struct list *list, size_t index)
{
	const struct resolver *resolver = &list->items[index];

	for (size_t i = 0; i < index; i++)
		if (is_on_node(list->items[i].end) && list->items[i].port == resolver->port &&
		    list->items[i].protocol == resolver->protocol)
			return true;
	return false;
}

/* An entity is all nodes. */
static void keep_one_on_nodes(struct list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		list->items[kept] = list->items[i];
		if (!is_on_node(list->items[kept].end) || !is_another(list, kept))
			kept++;
	}
	list->count = kept;
}

/* A pod that gets to another node asks there: so few of them are for all. */
static int choose_on_nodes(struct work *work)
{
	const struct graph *graph = work->graph;
	bool is_own = true;
	int r = 0;

	if (work->has_entities)
		keep_one_on_nodes(&work->all);
	if (count_ends(&work->all, is_on_node) <= BLOCKS_MAX)
		return 0;
	drop_ends(&work->all, is_on_node);
	for (size_t i = 0; i < graph->edge_count && r == 0; i++) {
		const struct graph_edge *edge = &graph->edges[i];
		size_t asker = group_of(work->groups, &edge->from);

		if (!counts(work, edge) || !is_on_node(&edge->to))
			continue;
		is_own &= strcmp(edge->to.name, edge->from.node) == 0;
		if (asker != GROUP_NONE)
			r = add_both(&work->own, (struct resolver){.asker = asker,
								   .group = GROUP_NONE,
								   .end = &edge->to,
								   .port = edge->edge.key.port});
	}
	sort_list(&work->own);
	if (work->problems)
		problem_add(work->problems, PROBLEM_WARNING, "DNS",
			    "%s on many nodes were asked for names; only those who asked are "
			    "allowed to: when pods get to other nodes, generate again",
			    is_own ? "resolvers on the pods' own nodes" : "resolvers");
	return r;
}

/* ---- what is assumed ---- */

static int add_assumed(struct work *work, const struct end *end, uint8_t protocol, uint16_t port)
{
	struct dns *dns = &work->dns;
	struct end *copy;

	if (has_address(&work->all, end->address, protocol, port))
		return 0;
	if (dns->assumed_count == work->assumed_capacity &&
	    array_grow(&dns->assumed, sizeof(*dns->assumed), work->assumed_capacity,
		       &work->assumed_capacity) < 0)
		return -ENOMEM;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*copy = *end;
	dns->assumed[dns->assumed_count++] = copy;
	return add_resolver(&work->all, (struct resolver){.asker = GROUP_NONE,
							  .group = GROUP_NONE,
							  .end = copy,
							  .port = port,
							  .protocol = protocol});
}

static struct end end_at(enum end_kind kind, const char *class, struct addr address)
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

static int add_assumed_both(struct work *work, struct end end)
{
	int r = add_assumed(work, &end, IPPROTO_TCP, DNS_PORT);

	return r < 0 ? r : add_assumed(work, &end, IPPROTO_UDP, DNS_PORT);
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

		if (!is_of_service(endpoints, service))
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

static int use_selector(struct work *work)
{
	const struct inventory *inventory = work->graph->inventory;
	const struct inventory_service *service = work->dns.service;
	int r = 0;

	work->dns.origin = DNS_INVENTORY;
	work->dns.namespace = service->namespace;
	work->dns.selector = service->selector;
	for (size_t i = 0; i < service->port_count && r == 0; i++) {
		const struct inventory_port *port = &service->ports[i];
		uint16_t target = parse_port(port->target);

		if (port->port != DNS_PORT)
			continue;
		if (target == 0)
			target = endpoint_port(inventory, service, port);
		if (target == 0 && *port->target)
			target = named_port(inventory, service, port);
		if (target == 0 && *port->target && work->problems)
			problem_add(work->problems, PROBLEM_WARNING, "DNS",
				    "no endpoint and no pod of service %s in %s tells the number "
				    "of its port "
				    "\"%s\"; 53 is assumed",
				    service->name, service->namespace, port->target);
		r = add_resolver(&work->all, (struct resolver){.asker = GROUP_NONE,
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

static size_t group_at(const struct work *work, struct addr address)
{
	for (size_t i = 0; i < work->graph->pod_count; i++) {
		const struct graph_pod *pod = &work->graph->pods[i];

		for (size_t j = 0; j < pod->address_count; j++)
			if (addr_equal(pod->addresses[j].address, address) && !pod->host_network &&
			    !pod->ambiguous)
				return group_of_workload(work->groups, pod->workload);
	}
	return GROUP_NONE;
}

static int add_endpoint(struct work *work, struct addr address, const struct inventory_port *port)
{
	const struct inventory_node *node = inventory_find_node(work->graph->inventory, address);
	struct end end =
	    end_at(node ? END_NODE : END_EXTERNAL, node ? "node" : "cluster-dns", address);
	const struct resolver pods = {.asker = GROUP_NONE,
				      .group = group_at(work, address),
				      .end = NULL,
				      .port = port->port,
				      .protocol = port->protocol};

	if (pods.group != GROUP_NONE)
		return add_resolver(&work->all, pods);
	if (node)
		end.name = node->name;
	return add_assumed(work, &end, port->protocol, port->port);
}

/* What is left when there is room for no more. */
static void warn_of_endpoints(const struct work *work)
{
	if (work->problems)
		problem_add(work->problems, PROBLEM_WARNING, "DNS",
			    "service %s in %s has more endpoints than are used: some are allowed "
			    "only to those who were seen to ask them",
			    work->dns.service->name, work->dns.service->namespace);
}

/* Somebody has told by hand who answers. */
static int use_endpoints(struct work *work)
{
	const struct inventory *inventory = work->graph->inventory;
	const struct inventory_service *service = work->dns.service;
	int r = 0;

	work->dns.origin = DNS_INVENTORY;
	for (size_t i = 0; i < inventory->endpoints_count && r == 0; i++) {
		const struct inventory_endpoints *endpoints = &inventory->endpoints[i];

		for (size_t j = 0; is_of_service(endpoints, service) && j < endpoints->count; j++) {
			const struct inventory_endpoint *item = &endpoints->items[j];

			for (size_t k = 0; k < item->port_count && r == 0; k++) {
				const struct inventory_port *port =
				    &endpoints->ports[item->first_port + k];

				if (!has_port(service, port))
					continue;
				if (work->dns.assumed_count < BLOCKS_MAX)
					r = add_endpoint(work, item->address, port);
				else
					warn_of_endpoints(work);
			}
		}
	}
	return r;
}

static int use_convention(struct work *work)
{
	work->dns.origin = DNS_CONVENTION;
	if (work->problems)
		problem_add(work->problems, PROBLEM_NOTE, "DNS",
			    "%s: pods with k8s-app=kube-dns in kube-system are assumed, at port 53",
			    work->has_resolvers
				? "the cluster's resolvers were not seen to be asked, and the "
				  "inventory has no service for them"
				: "no resolver was seen and the inventory has none");
	work->dns.namespace = "kube-system";
	work->dns.selector = convention;
	return add_both(
	    &work->all,
	    (struct resolver){.asker = GROUP_NONE, .group = GROUP_NONE, .port = DNS_PORT});
}

static int find_picked(struct work *work)
{
	const struct graph *graph = work->graph;
	struct dns *dns = &work->dns;

	dns->picked = calloc(work->groups->count + 1, sizeof(*dns->picked));
	if (!dns->picked)
		return -ENOMEM;
	for (size_t i = 0; i < graph->pod_count; i++) {
		const struct graph_pod *pod = &graph->pods[i];
		size_t group = group_of_workload(work->groups, pod->workload);

		if (group != GROUP_NONE && is_picked(pod, dns->namespace, &dns->selector))
			dns->picked[group] = true;
	}
	return 0;
}

static bool has_pods(const struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].group != GROUP_NONE)
			return true;
	return false;
}

static int assume(struct work *work)
{
	const struct inventory_service *service = work->dns.service;
	int r = 0;

	if (service && service->selector.count == 0)
		r = use_endpoints(work);
	else if (service && !has_pods(&work->all))
		r = use_selector(work);
	if (r == 0 && work->all.count == 0 && work->own.count == 0)
		r = use_convention(work);
	return r < 0 || work->dns.origin == DNS_OBSERVED ? r : find_picked(work);
}

/* ---- caches on nodes ---- */

static bool is_cache(const struct inventory_pod *pod)
{
	const char *label = labels_get(&pod->labels, "k8s-app");

	if (pod->finished)
		return false;
	return (label && strcmp(label, "node-local-dns") == 0) ||
	       (pod->host_network && strcmp(pod->owner_kind, "DaemonSet") == 0 &&
		strcmp(pod->owner_name, "node-local-dns") == 0);
}

/* Mostly its traffic is not tracked (NOTRACK), so that nothing of it can have been seen. */
static bool has_cache(const struct work *work)
{
	const struct inventory *inventory = work->graph->inventory;

	for (size_t i = 0; inventory && i < inventory->pod_count; i++)
		if (is_cache(&inventory->pods[i]))
			return true;
	for (size_t i = 0; i < work->all.count; i++)
		if (work->all.items[i].end &&
		    strcmp(work->all.items[i].end->class, "node-local-dns") == 0)
			return true;
	return false;
}

static bool has_link_local(const struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].group == GROUP_NONE && list->items[i].end &&
		    addr_is_link_local(list->items[i].end->address))
			return true;
	return false;
}

/* It answers at the service's own addresses, too. */
static int add_cache(struct work *work)
{
	const struct inventory_service *service = work->dns.service;
	struct addr address;
	int r = 0;

	work->dns.cache = has_cache(work);
	if (!work->dns.cache)
		return 0;
	if (!has_link_local(&work->all)) {
		r = addr_parse(CACHE_ADDRESS, &address);
		if (r == 0)
			r = add_assumed_both(work, end_at(END_NODE, "node-local-dns", address));
	}
	for (size_t i = 0; service && i < service->address_count && r == 0; i++)
		r = add_assumed_both(work,
				     end_at(END_EXTERNAL, "cluster-dns", service->addresses[i]));
	return r;
}

/* ---- all of it ---- */

static int find(struct work *work)
{
	int r = find_observed(work);

	if (r < 0)
		return r;
	choose_outside(work);
	r = choose_on_nodes(work);
	if (r == 0)
		r = assume(work);
	if (r == 0)
		r = add_cache(work);
	sort_list(&work->all);
	work->dns.resolvers = work->all.items;
	work->dns.count = work->all.count;
	work->dns.own = work->own.items;
	work->dns.own_count = work->own.count;
	return r;
}

int dns_find(const struct graph *graph, const struct groups *groups,
	     const struct policy_request *request, struct problems *problems, struct dns *ret)
{
	struct work work = {.graph = graph,
			    .groups = groups,
			    .problems = request->directions[DIRECTION_EGRESS] ? problems : NULL,
			    .has_entities = request->entities,
			    .dns = {.origin = DNS_OBSERVED,
				    .namespace = "",
				    .service = graph_dns_service(graph->inventory)}};
	int r;

	if (!work.dns.service)
		work.dns.service = find_manual(graph->inventory);
	r = find(&work);
	if (r == 0)
		r = dns_nodes_find(graph, groups, request, problems, &work.dns);
	free(work.resolves);
	if (r < 0)
		dns_clear(&work.dns);
	else
		*ret = work.dns;
	return r;
}

void dns_clear(struct dns *dns)
{
	for (size_t i = 0; i < dns->assumed_count; i++)
		free(dns->assumed[i]);
	free(dns->assumed);
	free(dns->resolvers);
	free(dns->own);
	free(dns->nodes);
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

const struct resolver *dns_own(const struct dns *dns, size_t group, size_t *ret_count)
{
	size_t first = 0, last = dns->own_count, end;

	while (first < last) {
		size_t middle = first + (last - first) / 2;

		if (dns->own[middle].asker < group)
			first = middle + 1;
		else
			last = middle;
	}
	for (end = first; end < dns->own_count && dns->own[end].asker == group; end++)
		;
	*ret_count = end - first;
	return *ret_count > 0 ? &dns->own[first] : NULL;
}

bool dns_is_assumed(const struct dns *dns, const struct end *end)
{
	for (size_t i = 0; i < dns->assumed_count; i++)
		if (dns->assumed[i] == end)
			return true;
	return false;
}
