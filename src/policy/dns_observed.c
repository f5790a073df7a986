#include "policy/dns_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t group_of(const struct groups *groups, const struct end *end)
{
	return end->kind == END_POD ? dns_group_of_workload(groups, end->workload) : GROUP_NONE;
}

/*
 * Where the cluster's own service is known, a pod resolves names for everybody only if it stands
 * behind that service; any other that answers on port 53 is a peer of those who ask it.
 */
static bool is_for_all(const struct dns_work *work, const struct graph_edge *edge)
{
	const struct inventory_service *service = work->dns.service;
	const struct graph *graph = work->graph;

	if (!service || edge->to->kind != END_POD || edge->service == service)
		return true;
	if (service->selector.count == 0)
		return dns_service_is_at(graph->inventory, service, edge->to->address);
	return edge->to->pod != GRAPH_NONE &&
	       dns_is_picked(&graph->pods[edge->to->pod], service->namespace, &service->selector);
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

/* Those that all installers but OpenShift's use come first. */
static const struct dns_convention *find_convention(const struct graph *graph)
{
	const struct dns_convention *found = NULL;

	for (size_t i = 0; i < graph->pod_count && found != &dns_convention_usual; i++) {
		const struct dns_convention *other = dns_convention_of(&graph->pods[i]);

		found = other ? other : found;
	}
	return found;
}

/* What a resolver itself asks upstream is its own business. */
static int find_resolving_groups(struct dns_work *work)
{
	const struct inventory_service *service = work->dns.service;
	const struct graph *graph = work->graph;
	const struct dns_convention *convention = find_convention(graph);

	work->convention = convention;
	work->resolves = calloc(work->groups->count + 1, sizeof(*work->resolves));
	work->selected = calloc(work->groups->count + 1, sizeof(*work->selected));
	if (!work->resolves || !work->selected)
		return -ENOMEM;
	for (size_t i = 0; i < graph->edge_count; i++) {
		size_t group = group_of(work->groups, graph->edges[i].to);

		if (group != GROUP_NONE && dns_is_asked(&graph->edges[i].edge.key) &&
		    is_for_all(work, &graph->edges[i]))
			work->resolves[group] = true;
	}
	for (size_t i = 0; i < graph->pod_count; i++) {
		const struct graph_pod *pod = &graph->pods[i];
		const size_t group = dns_group_of_workload(work->groups, pod->workload);
		const bool is_usual =
		    convention && dns_is_picked(pod, convention->namespace, &convention->labels);
		const bool is_behind =
		    service && dns_is_picked(pod, service->namespace, &service->selector);

		if (!is_usual && !is_behind)
			continue;
		work->has_resolvers = true;
		if (group == GROUP_NONE)
			continue;
		work->resolves[group] = true;
		if (is_behind || !service)
			work->selected[group] = true;
	}
	return 0;
}

static bool is_resolving(const struct dns_work *work, const struct end *end)
{
	const size_t group = group_of(work->groups, end);

	return group != GROUP_NONE && work->resolves[group];
}

static bool is_to_resolver(const struct dns_work *work, const struct graph_edge *edge)
{
	return edge->from->kind == END_POD && dns_is_asked(&edge->edge.key) &&
	       is_usable(work->groups, edge->to) && is_for_all(work, edge);
}

static bool counts(const struct dns_work *work, const struct graph_edge *edge)
{
	return is_to_resolver(work, edge) && !is_resolving(work, edge->from);
}

/* Does a pod that resolves names ask another one, which labels do not tell to be as much? */
static bool is_forwarded(const struct dns_work *work, const struct graph_edge *edge)
{
	const size_t asker = group_of(work->groups, edge->from);

	return is_to_resolver(work, edge) && is_resolving(work, edge->from) &&
	       !work->selected[asker] && group_of(work->groups, edge->to) != GROUP_NONE;
}

static int add_observed(struct dns_work *work, const struct graph_edge *edge)
{
	const struct resolver resolver = {.asker = GROUP_NONE,
					  .group = group_of(work->groups, edge->to),
					  .end = edge->to,
					  .port = edge->edge.key.port};
	int r = resolvers_add_both(&work->all, resolver);

	if (r < 0 || resolver.group == GROUP_NONE || work->dns.service)
		return r;
	return dns_add_foreigner(work, resolver.group, edge->from->namespace);
}

static int find_observed(struct dns_work *work, bool (*is_such)(const struct dns_work *work,
								const struct graph_edge *edge))
{
	const struct graph *graph = work->graph;
	int r = 0;

	for (size_t i = 0; i < graph->edge_count && r == 0; i++)
		if (is_such(work, &graph->edges[i]))
			r = add_observed(work, &graph->edges[i]);
	resolvers_sort(&work->all);
	return r < 0 ? r : dns_choose_pods(work);
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

static size_t count_ends(const struct resolver_list *list, bool (*is_such)(const struct end *end))
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += list->items[i].end && is_such(list->items[i].end);
	return count;
}

static void drop_ends(struct resolver_list *list, bool (*is_such)(const struct end *end))
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (!list->items[i].end || !is_such(list->items[i].end))
			list->items[kept++] = list->items[i];
	list->count = kept;
}

/* Whom one pod asks in the world is its own affair, unless the cluster seems to have no resolver.
 */
static void choose_outside(struct dns_work *work)
{
	size_t outside = count_ends(&work->all, is_outside);
	bool is_inside = outside < work->all.count || work->dns.service || work->has_resolvers;

	if (!is_inside && outside <= DNS_BLOCKS_MAX)
		return;
	if (!is_inside && work->problems)
		problem_add(work->problems, PROBLEM_WARNING, "DNS",
			    "many addresses outside the cluster were asked for names; only those "
			    "who asked are allowed to");
	drop_ends(&work->all, is_outside);
}

/* Is there another one on a node before it, at that port? */
static bool is_another(const struct resolver_list *list, size_t index)
{
	const struct resolver *resolver = &list->items[index];

	for (size_t i = 0; i < index; i++)
		if (list->items[i].end && is_on_node(list->items[i].end) &&
		    list->items[i].port == resolver->port &&
		    list->items[i].protocol == resolver->protocol)
			return true;
	return false;
}

/* An entity is all nodes. */
static void keep_one_on_nodes(struct resolver_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		list->items[kept] = list->items[i];
		if (!list->items[kept].end || !is_on_node(list->items[kept].end) ||
		    !is_another(list, kept))
			kept++;
	}
	list->count = kept;
}

/* A pod that gets to another node asks there: so few of them are for all. */
static int choose_on_nodes(struct dns_work *work)
{
	const struct graph *graph = work->graph;
	bool is_own = true;
	int r = 0;

	if (work->has_entities)
		keep_one_on_nodes(&work->all);
	if (count_ends(&work->all, is_on_node) <= DNS_BLOCKS_MAX)
		return 0;
	drop_ends(&work->all, is_on_node);
	for (size_t i = 0; i < graph->edge_count && r == 0; i++) {
		const struct graph_edge *edge = &graph->edges[i];
		size_t asker = group_of(work->groups, edge->from);

		if (!counts(work, edge) || !is_on_node(edge->to))
			continue;
		is_own &= strcmp(edge->to->name, edge->from->node) == 0;
		if (asker != GROUP_NONE)
			r = resolvers_add_both(&work->own,
					       (struct resolver){.asker = asker,
								 .group = GROUP_NONE,
								 .end = edge->to,
								 .port = edge->edge.key.port});
	}
	resolvers_sort(&work->own);
	if (work->problems)
		problem_add(work->problems, PROBLEM_WARNING, "DNS",
			    "%s on many nodes were asked for names; only those who asked are "
			    "allowed to: when pods get to other nodes, generate again",
			    is_own ? "resolvers on the pods' own nodes" : "resolvers");
	return r;
}

int dns_observe(struct dns_work *work)
{
	int r = find_resolving_groups(work);

	if (r == 0)
		r = find_observed(work, counts);
	/* Where all ask a resolver of their own, the cluster's is asked by these. */
	if (r == 0 && work->has_private && !dns_has_pods(work))
		r = find_observed(work, is_forwarded);
	if (r < 0)
		return r;
	choose_outside(work);
	return choose_on_nodes(work);
}
