#include "policy/atom.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* How many services a reason names. */
#define SERVICES_MAX 3

static void put_where(struct buf *buf, const char *namespace, const char *own)
{
	if (strcmp(namespace, own) != 0)
		buf_printf(buf, " in %s", namespace);
}

static void put_node(struct buf *buf, const struct end *end)
{
	if (*end->name)
		buf_printf(buf, "node %s", end->name);
	else
		buf_puts(buf, "a node");
}

/* Ports may be of several pods, or of none. */
static bool is_one(const struct atom *atoms, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (atoms[i].end && (atoms[i].end->class != atoms[0].end->class ||
				     atoms[i].end->workload != atoms[0].end->workload))
			return false;
	return true;
}

static void put_node_end(struct buf *buf, const struct atom *atoms, size_t count,
			 const struct graph *graph)
{
	const struct end *end = atoms->end;
	const struct workload *workload =
	    end->workload == GRAPH_NONE ? NULL : &graph->workloads[end->workload];
	const bool is_told = is_one(atoms, count);

	if (is_told && strcmp(end->class, "api-server") == 0)
		buf_puts(buf, "the API server on ");
	else if (is_told && strcmp(end->class, "node-local-dns") == 0)
		buf_puts(buf, "the DNS cache of ");
	else if (is_told && strcmp(end->class, "node-port") == 0)
		buf_puts(buf, "a node port of ");
	else if (is_told && workload)
		buf_printf(buf, "%s/%s in %s on %s ", workload->kind, workload->name,
			   workload->namespace,
			   strcmp(end->class, "host-port") == 0 ? "a port of" : "the network of");
	put_node(buf, end);
}

static void put_address_end(struct buf *buf, const struct end *end,
			    const struct inventory_service *service)
{
	if (end->kind == END_POD)
		buf_printf(buf, "Pod/%s in %s on the network of its node", end->name,
			   end->namespace);
	else if (end->service_address && service)
		buf_printf(buf, "service %s.%s itself", service->name, service->namespace);
	else if (strcmp(end->class, "api-server") == 0)
		buf_puts(buf, "the API server");
	else if (strcmp(end->class, "node-local-dns") == 0)
		buf_puts(buf, "the DNS cache of each node");
	else if (strcmp(end->class, "multicast") == 0)
		buf_puts(buf, "multicast group");
	else if (end->prefix)
		buf_printf(buf, "many %s addresses, folded into this prefix", end->class);
	else
		buf_printf(buf, "%s address", end->class);
}

static const char *entity_text(enum entity entity)
{
	static const char *const texts[] = {[ENTITY_NODES] = "nodes",
					    [ENTITY_API_SERVER] = "the API server",
					    [ENTITY_WORLD] = "whoever is outside the cluster"};

	return texts[entity];
}

/* The atoms have one peer, so the first speaks for all, but for what depends on the port. */
static void put_who(struct buf *buf, const struct atom *atoms, size_t count,
		    const struct graph *graph, const struct groups *groups, const struct dns *dns)
{
	const struct atom *atom = atoms;
	const char *own = groups->items[atom->subject].namespace;

	if (atom->peer == ATOM_ALL) {
		buf_puts(buf, "all pods");
	} else if (atom->peer == ATOM_ENTITY) {
		buf_puts(buf, entity_text(atom->entity));
	} else if (atom->peer == ATOM_GROUP) {
		buf_puts(buf, groups->items[atom->group].subject);
		put_where(buf, groups->items[atom->group].namespace, own);
	} else if (atom->peer == ATOM_NAMESPACE) {
		buf_puts(buf, "all pods");
		put_where(buf, atom->end->namespace, own);
		buf_puts(buf, ", as no label picks those that were seen");
	} else if (atom->peer == ATOM_BLOCK && atom->end->kind == END_NODE) {
		put_node_end(buf, atoms, count, graph);
	} else if (atom->peer == ATOM_BLOCK) {
		put_address_end(buf, atom->end, atom->edge ? atom->edge->service : NULL);
	} else if (dns->origin == DNS_INVENTORY) {
		buf_printf(buf, "service %s", dns->service->name);
		put_where(buf, dns->service->namespace, own);
	} else {
		buf_puts(buf, "the usual DNS pods");
	}
}

static void put_connections(struct buf *buf, const struct atom *atoms, size_t seen)
{
	int64_t count = 0, one_way = 0;

	for (size_t i = 0; i < seen; i++) {
		const struct edge *edge = &atoms[i].edge->edge;
		int64_t connections = edge->totals.connections > 0 ? edge->totals.connections : 0;

		count += connections;
		one_way += edge->key.verdict == VERDICT_ONE_WAY ? connections : 0;
	}
	if (count == 0)
		buf_puts(buf, "connections opened before");
	else
		buf_printf(buf, "%" PRId64 " connection%s", count, count == 1 ? "" : "s");
	if (one_way > 0 && one_way == count)
		buf_puts(buf, ", one-way");
	else if (one_way > 0)
		buf_printf(buf, ", %" PRId64 " of them one-way", one_way);
}

static char *service_text(const struct graph_edge *edge)
{
	const struct edge_key *key = &edge->edge.key;
	const bool is_ipv6 = key->service.family == ADDR_IPV6;
	char address[ADDR_TEXT_MAX];
	struct buf buf = {0};

	if (edge->service) {
		buf_printf(&buf, "%s.%s:%u", edge->service->name, edge->service->namespace,
			   key->service_port);
	} else {
		buf_printf(&buf, "%s%s", is_ipv6 ? "[" : "", addr_format(key->service, address));
		if (edge->service_prefix)
			buf_printf(&buf, "/%u", edge->service_prefix);
		buf_printf(&buf, "%s:%u", is_ipv6 ? "]" : "", key->service_port);
	}
	if (buf.error)
		buf_clear(&buf);
	return buf.data;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void put_names(struct buf *buf, char **texts, size_t count)
{
	size_t named = 0;

	if (count > 0)
		qsort(texts, count, sizeof(*texts), compare_texts);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && strcmp(texts[i], texts[i - 1]) == 0)
			continue;
		if (named < SERVICES_MAX)
			buf_printf(buf, "%s%s", named == 0 ? ", via " : " and ", texts[i]);
		named++;
	}
	if (named > SERVICES_MAX)
		buf_printf(buf, " and %zu more", named - SERVICES_MAX);
}

static bool same_service(const struct edge_key *a, const struct edge_key *b)
{
	return addr_equal(a->service, b->service) && a->service_port == b->service_port;
}

static void put_services(struct buf *buf, const struct atom *atoms, size_t seen)
{
	char **texts = calloc(seen + 1, sizeof(*texts));
	const struct edge_key *last = NULL;
	size_t count = 0;

	if (!texts)
		buf->error = -ENOMEM;
	for (size_t i = 0; i < seen && !buf->error; i++) {
		const struct edge_key *key = &atoms[i].edge->edge.key;

		if (!addr_is_set(key->service) || (last && same_service(last, key)))
			continue;
		last = key;
		texts[count] = service_text(atoms[i].edge);
		if (!texts[count])
			buf->error = -ENOMEM;
		else
			count++;
	}
	if (!buf->error)
		put_names(buf, texts, count);
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	free(texts);
}

static void put_dns(struct buf *buf, bool seen, bool is_address, enum dns_origin origin)
{
	if (seen)
		buf_puts(buf, ", DNS");
	else if (is_address || origin == DNS_OBSERVED)
		buf_puts(buf, "DNS, as others ask it");
	else if (origin == DNS_INVENTORY)
		buf_puts(buf, "DNS, from the inventory");
	else
		buf_puts(buf, "DNS, a guess");
}

char *atoms_reason(const struct atom *atoms, size_t count, const struct graph *graph,
		   const struct groups *groups, const struct dns *dns)
{
	struct buf buf = {0};
	size_t seen = 0;

	/* What was seen comes first. */
	while (seen < count && atoms[seen].edge)
		seen++;
	put_who(&buf, atoms, count, graph, groups, dns);
	buf_puts(&buf, ": ");
	if (seen > 0) {
		put_connections(&buf, atoms, seen);
		put_services(&buf, atoms, seen);
	}
	if (atoms->peer == ATOM_ALL)
		buf_printf(&buf, "%snames stay resolvable for pods without a policy, too",
			   seen > 0 ? "; " : "");
	else if (seen < count)
		put_dns(&buf, seen > 0, atoms->peer == ATOM_BLOCK || atoms->peer == ATOM_ENTITY,
			dns->origin);
	if (buf.error)
		buf_clear(&buf);
	return buf.data;
}
