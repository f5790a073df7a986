#include "policy/dns_internal.h"

#include <string.h>

/*
 * Pods that are known to have ended say nothing of tomorrow. Those that no object tells of may have
 * ended unseen, which they have where whoever listed the cluster's resolvers did not find them.
 */
static bool lives(const struct inventory_pod *known, bool listed)
{
	if (known && (known->finished || known->source >= INVENTORY_STORED))
		return !known->finished;
	return !listed;
}

static const struct inventory_pod *known_of(const struct graph *graph, const struct graph_pod *pod)
{
	return graph->inventory
		   ? inventory_find_pod(graph->inventory, pod->namespace, pod->name, pod->uid)
		   : NULL;
}

static const struct inventory_node *find_node(const struct inventory *inventory, const char *name)
{
	for (size_t i = 0; inventory && i < inventory->node_count; i++)
		if (strcmp(inventory->nodes[i].name, name) == 0)
			return &inventory->nodes[i];
	return NULL;
}

static int add_addresses(struct dns_work *work, struct end end, const struct addr *addresses,
			 size_t count, const struct resolver *resolver)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		if (work->dns.assumed_count >= DNS_BLOCKS_MAX) {
			work->hosts_beyond = true;
			return 0;
		}
		end.address = addresses[i];
		r = dns_add_assumed(work, end, resolver->protocol, resolver->port);
	}
	return r;
}

static int add_host(struct dns_work *work, const struct graph_pod *pod,
		    const struct resolver *resolver)
{
	const struct inventory_pod *known = known_of(work->graph, pod);
	const struct inventory_node *node = find_node(work->graph->inventory, pod->node);
	struct end end = dns_end_at(END_NODE, "host-network", (struct addr){0});

	end.name = pod->node;
	end.workload = pod->workload;
	if (known && known->address_count > 0)
		return add_addresses(work, end, known->addresses, known->address_count, resolver);
	if (node && node->address_count > 0)
		return add_addresses(work, end, node->addresses, node->address_count, resolver);
	work->hosts_unknown = true;
	return 0;
}

static bool is_picked(const struct dns_work *work, const struct graph_pod *pod)
{
	return dns_is_picked(pod, work->dns.namespace, &work->dns.selector);
}

static bool are_listed(const struct dns_work *work)
{
	for (size_t i = 0; i < work->graph->pod_count; i++) {
		const struct graph_pod *pod = &work->graph->pods[i];
		const struct inventory_pod *known =
		    is_picked(work, pod) ? known_of(work->graph, pod) : NULL;

		if (known && known->source == INVENTORY_FILE && !known->finished)
			return true;
	}
	return false;
}

static bool is_selected(const struct dns_work *work, const struct graph_pod *pod, bool listed)
{
	return is_picked(work, pod) && lives(known_of(work->graph, pod), listed);
}

static bool has_hosts_only(const struct dns_work *work, bool listed)
{
	bool has_hosts = false;

	for (size_t i = 0; i < work->graph->pod_count; i++) {
		const struct graph_pod *pod = &work->graph->pods[i];

		if (!is_selected(work, pod, listed))
			continue;
		if (!pod->host_network)
			return false;
		has_hosts = true;
	}
	return has_hosts;
}

int dns_add_selected(struct dns_work *work, struct resolver resolver)
{
	const bool listed = are_listed(work);
	int r = has_hosts_only(work, listed) ? 0 : resolvers_add(&work->all, resolver);

	for (size_t i = 0; i < work->graph->pod_count && r == 0; i++) {
		const struct graph_pod *pod = &work->graph->pods[i];

		if (pod->host_network && is_selected(work, pod, listed))
			r = add_host(work, pod, &resolver);
	}
	return r;
}

void dns_warn_of_hosts(const struct dns_work *work)
{
	if (!work->problems)
		return;
	if (work->hosts_unknown)
		problem_add(work->problems, PROBLEM_CAVEAT, "DNS",
			    "resolvers are on the network of nodes whose addresses are not known, "
			    "and no selector picks them: they are allowed only to those who were "
			    "seen to ask them; " GRAPH_SUPPLY);
	if (work->hosts_beyond && !work->has_entities)
		problem_add(work->problems, PROBLEM_WARNING, "DNS",
			    "resolvers are on the network of more nodes than are used: the others "
			    "are allowed only to those who were seen to ask them");
}
