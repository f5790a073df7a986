#include "policy/dns.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "policy/dns_internal.h"
#include "policy/dns_nodes.h"

bool dns_is_asked(const struct edge_key *key)
{
	if (key->verdict != VERDICT_ANSWERED || key->direction_uncertain || !key->has_port ||
	    (key->protocol != IPPROTO_UDP && key->protocol != IPPROTO_TCP))
		return false;
	return key->port == DNS_PORT ||
	       (addr_is_set(key->service) && key->service_port == DNS_PORT);
}

static int find(struct dns_work *work, bool service_ports)
{
	int r = dns_observe(work);

	if (r == 0)
		r = dns_assume(work);
	if (r == 0)
		r = dns_add_cache(work);
	if (r == 0 && service_ports)
		r = dns_add_service(work);
	resolvers_sort(&work->all);
	work->dns.resolvers = work->all.items;
	work->dns.count = work->all.count;
	work->dns.own = work->own.items;
	work->dns.own_count = work->own.count;
	return r;
}

int dns_find(const struct graph *graph, const struct groups *groups,
	     const struct policy_request *request, struct problems *problems, struct dns *ret)
{
	struct dns_work work = {
	    .graph = graph,
	    .groups = groups,
	    .problems = request->directions[DIRECTION_EGRESS] ? problems : NULL,
	    .has_entities = request->entities,
	    .dns = {.origin = DNS_OBSERVED,
		    .namespace = "",
		    .service = dns_service_find(graph->inventory)},
	};
	int r;

	r = find(&work, request->service_ports);
	if (r == 0)
		r = dns_nodes_find(graph, groups, request, problems, &work.dns);
	free(work.resolves);
	free(work.selected);
	free(work.foreigners.items);
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
