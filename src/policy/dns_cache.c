#include "policy/dns_internal.h"

#include <netinet/in.h>
#include <string.h>

/* Where NodeLocal DNSCache listens unless it is told otherwise (Kubernetes documentation, "Using
 * NodeLocal DNSCache in Kubernetes Clusters"). */
#define CACHE_ADDRESS "169.254.20.10"

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
static bool has_cache(const struct dns_work *work)
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

static bool has_link_local(const struct resolver_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].group == GROUP_NONE && list->items[i].end &&
		    addr_is_link_local(list->items[i].end->address))
			return true;
	return false;
}

static int add_both(struct dns_work *work, struct end end)
{
	int r = dns_add_assumed(work, end, IPPROTO_TCP, DNS_PORT);

	return r < 0 ? r : dns_add_assumed(work, end, IPPROTO_UDP, DNS_PORT);
}

static int add_service(struct dns_work *work)
{
	const struct inventory_service *service = work->dns.service;
	int r = 0;

	for (size_t i = 0; service && i < service->cluster_address_count && r == 0; i++)
		r = add_both(
		    work, dns_end_at(END_EXTERNAL, "cluster-dns", service->cluster_addresses[i]));
	return r;
}

/* It answers at the service's own addresses, too. */
int dns_add_cache(struct dns_work *work)
{
	struct addr address;
	int r = 0;

	work->dns.cache = has_cache(work);
	if (!work->dns.cache)
		return 0;
	if (!has_link_local(&work->all)) {
		r = addr_parse(CACHE_ADDRESS, &address);
		if (r == 0)
			r = add_both(work, dns_end_at(END_NODE, "node-local-dns", address));
	}
	return r < 0 ? r : add_service(work);
}

/* Behind the service, and known by address alone. */
static bool is_behind(const struct resolver *resolver)
{
	const struct end *end = resolver->group == GROUP_NONE ? resolver->end : NULL;

	return end && !end->service_address && !addr_is_link_local(end->address) &&
	       strcmp(end->class, "external") != 0;
}

int dns_add_service(struct dns_work *work)
{
	bool behind = false;

	for (size_t i = 0; i < work->all.count && !behind; i++)
		behind = is_behind(&work->all.items[i]);
	for (size_t i = 0; i < work->own.count && !behind; i++)
		behind = is_behind(&work->own.items[i]);
	return behind ? add_service(work) : 0;
}
