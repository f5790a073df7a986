#include "policy/reason.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "policy/peer_evidence.h"
#include "policy/peers.h"

/* How many services a reason names. */
#define SERVICES_MAX 3

static void put_where(struct buf *buf, const char *namespace, const char *own)
{
	if (strcmp(namespace, own) == 0)
		return;
	buf_puts(buf, " in ");
	buf_puts(buf, namespace);
}

static void put_node(struct buf *buf, const struct end *end)
{
	buf_puts(buf, *end->name ? "node " : "a node");
	buf_puts(buf, end->name);
}

/* Ports may be of several pods, or of none. */
static bool is_one(const struct atom *atoms, size_t count, const struct end *end)
{
	for (size_t i = 0; i < count; i++)
		if (atoms[i].end &&
		    (atoms[i].end->class != end->class || atoms[i].end->workload != end->workload))
			return false;
	return true;
}

static void put_node_end(struct buf *buf, const struct end *end, bool is_told,
			 const struct graph *graph)
{
	const struct workload *workload =
	    end->workload == GRAPH_NONE ? NULL : &graph->workloads[end->workload];

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

static void put_addresses(struct buf *buf, const struct end *end, bool are_many)
{
	buf_puts(buf, end->class);
	buf_puts(buf, are_many ? " addresses" : " address");
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
	else if (end->kind == END_UNKNOWN)
		buf_puts(buf, end->prefix ? "addresses, some of pods or nodes"
					  : "an address, it is not known whose");
	else
		put_addresses(buf, end, end->prefix);
}

static const char *entity_text(enum entity entity)
{
	static const char *const texts[] = {[ENTITY_HOST] = "the pod's own node",
					    [ENTITY_NODES] = "nodes",
					    [ENTITY_API_SERVER] = "the API server",
					    [ENTITY_WORLD] = "whoever is outside the cluster"};

	return texts[entity];
}

static void put_service(struct buf *buf, const struct graph_edge *edge)
{
	if (edge->service)
		buf_printf(buf, "service %s.%s", edge->service->name, edge->service->namespace);
	else
		buf_puts(buf, "address of a service");
}

/* Is it a block that holds more than what the one end has? */
static bool is_joined(const struct policy_peer *peer, const struct end *end)
{
	return peer->known_network || !end || peer->block.length < block_of(end).length;
}

static void put_block(struct buf *buf, const struct policy_peer *peer, const struct end *end)
{
	if (peer->wider & WIDER_ANY_CLIENT)
		buf_puts(buf, "any client");
	else if (peer->known_network)
		buf_printf(buf, "known network %s", peer->known_network);
	else
		put_addresses(buf, end, true);
}

/* Whose pods the labels pick besides. */
static void put_held(struct buf *buf, const struct basis *basis, const struct atom *atoms,
		     size_t count)
{
	const struct groups *groups = basis->groups;
	size_t held = GROUP_NONE;
	bool more = false;

	for (size_t i = 0; i < count; i++) {
		const struct end *end = atoms[i].end;
		size_t group = end && end->kind == END_POD && end->workload != GRAPH_NONE
				   ? groups->of_workload[end->workload]
				   : GROUP_NONE;

		if (group == GROUP_NONE || group == atoms->group)
			continue;
		more |= held != GROUP_NONE && held != group;
		held = group < held ? group : held;
	}
	if (held != GROUP_NONE)
		buf_printf(buf, " (with %s%s, which has its labels)", groups->items[held].subject,
			   more ? " and others" : "");
}

static void put_who(struct buf *buf, const struct basis *basis, const struct atom *atoms,
		    size_t count, const struct policy_peer *peer)
{
	const struct atom *atom = atoms_first_seen(atoms, count);
	const char *own = basis->groups->items[atom->subject].namespace;
	const struct group *groups = basis->groups->items;
	const struct dns *dns = basis->dns;

	if (atom->peer == ATOM_ALL) {
		buf_puts(buf, "all pods");
	} else if (atom->peer == ATOM_ENTITY) {
		buf_puts(buf, entity_text(atom->entity));
	} else if (atom->peer == ATOM_NAMESPACE) {
		buf_printf(buf, "all pods of namespace %s", atom->namespace);
	} else if (atom->peer == ATOM_GROUP) {
		buf_puts(buf, groups[atom->group].subject);
		put_where(buf, groups[atom->group].namespace, own);
		put_held(buf, basis, atoms, count);
	} else if (atom->peer == ATOM_BLOCK && atom->wider & WIDER_SERVICE_PORT) {
		put_service(buf, atom->edge);
	} else if (atom->peer == ATOM_BLOCK && !atom->edge && atom->wider & WIDER_ENDPOINTS) {
		buf_printf(buf, "service %s.%s", atom->service->name, atom->service->namespace);
	} else if (atom->peer == ATOM_BLOCK && !atom->edge && atom->wider & WIDER_SOURCE_NAT) {
		buf_puts(buf, "an address of a node");
	} else if (atom->peer == ATOM_BLOCK && is_joined(peer, atom->end)) {
		put_block(buf, peer, atom->end);
	} else if (atom->peer == ATOM_BLOCK && atom->end->kind == END_NODE) {
		put_node_end(buf, atom->end, is_one(atoms, count, atom->end), basis->graph);
	} else if (atom->peer == ATOM_BLOCK) {
		put_address_end(buf, atom->end, atom->edge ? atom->edge->service : NULL);
	} else if (dns->origin == DNS_INVENTORY) {
		buf_printf(buf, "service %s", dns->service->name);
		put_where(buf, dns->service->namespace, own);
	} else {
		buf_puts(buf, "the usual DNS pods");
	}
}

static bool is_counted(const struct atom *atom)
{
	return atom->edge && !atom->again;
}

/* One that is not answered says so. */
static void put_verdicts(struct buf *buf, const struct atom *atoms, size_t count, int64_t all)
{
	int64_t parts[VERDICT_MAX + 1] = {0};

	for (size_t i = 0; i < count; i++) {
		const struct edge_record *edge =
		    is_counted(&atoms[i]) ? &atoms[i].edge->edge : NULL;

		if (edge && edge->totals.connections > 0)
			parts[edge->key.verdict] += edge->totals.connections;
	}
	for (enum verdict verdict = VERDICT_ANSWERED + 1; verdict <= VERDICT_MAX; verdict++)
		if (parts[verdict] > 0 && parts[verdict] == all)
			buf_printf(buf, ", %s", verdict_name(verdict));
		else if (parts[verdict] > 0)
			buf_printf(buf, ", %" PRId64 " of them %s", parts[verdict],
				   verdict_name(verdict));
}

static void put_connections(struct buf *buf, const struct atom *atoms, size_t count,
			    const struct policy_peer *peer)
{
	if (peer->connections == 0) {
		buf_puts(buf, "connections opened before");
	} else {
		buf_put_number(buf, (uint64_t)peer->connections);
		buf_puts(buf, peer->connections == 1 ? " connection" : " connections");
	}
	put_verdicts(buf, atoms, count, peer->connections);
}

/* ---- services ---- */

static void put_service_asked(struct buf *buf, const struct graph_edge *edge)
{
	const struct edge_key *key = &edge->edge.key;
	const bool is_ipv6 = key->service.family == ADDR_IPV6;
	char address[ADDR_TEXT_MAX];

	if (edge->service) {
		buf_puts(buf, edge->service->name);
		buf_putc(buf, '.');
		buf_puts(buf, edge->service->namespace);
	} else {
		buf_puts(buf, is_ipv6 ? "[" : "");
		buf_puts(buf, addr_format(key->service, address));
		if (edge->service_prefix)
			buf_printf(buf, "/%u", edge->service_prefix);
		buf_puts(buf, is_ipv6 ? "]" : "");
	}
	buf_putc(buf, ':');
	buf_put_number(buf, key->service_port);
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

/* The next that asked another service than the last; NULL: none. */
static const struct graph_edge *next_asked(const struct atom *atoms, size_t count, size_t *at,
					   const struct graph_edge *last)
{
	for (; *at < count; ++*at) {
		const struct graph_edge *edge = atoms[*at].edge;
		const struct edge_key *key = edge ? &edge->edge.key : NULL;

		if (is_counted(&atoms[*at]) && addr_is_set(key->service) &&
		    (!last || key->service_port != last->edge.key.service_port ||
		     !addr_equal(key->service, last->edge.key.service)))
			return edge;
	}
	return NULL;
}

/* Several addresses may be of one name. at: of the first. */
static void put_services(struct buf *buf, const struct atom *atoms, size_t count, size_t at)
{
	char **texts = calloc(count + 1, sizeof(*texts));
	const struct graph_edge *edge = NULL;
	size_t text_count = 0;

	if (!texts)
		buf->error = -ENOMEM;
	while (!buf->error && (edge = next_asked(atoms, count, &at, edge))) {
		struct buf text = {0};

		put_service_asked(&text, edge);
		buf->error = text.error;
		texts[text_count++] = text.data;
	}
	if (!buf->error)
		put_names(buf, texts, text_count);
	for (size_t i = 0; i < text_count; i++)
		free(texts[i]);
	free(texts);
}

static void put_asked(struct buf *buf, const struct atom *atoms, size_t count)
{
	size_t first = 0, other;
	const struct graph_edge *edge = next_asked(atoms, count, &first, NULL);

	other = first;
	if (!edge)
		return;
	if (next_asked(atoms, count, &other, edge)) {
		put_services(buf, atoms, count, first);
		return;
	}
	buf_puts(buf, ", via ");
	put_service_asked(buf, edge);
}

/* ---- what was not seen ---- */

/* Of the ports that were added for DNS's sake, was any asked? */
static bool was_asked(const struct atom *atoms, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; !is_counted(&atoms[i]) && j < count; j++)
			if (is_counted(&atoms[j]) && atoms[j].port == atoms[i].port)
				return true;
	return false;
}

static void put_dns(struct buf *buf, const struct basis *basis, const struct atom *atoms,
		    size_t count)
{
	if (atoms->peer == ATOM_ALL)
		buf_puts(buf, "names stay resolvable for pods without a policy, too");
	else if (was_asked(atoms, count))
		buf_puts(buf, "DNS over UDP and TCP");
	else if (!atoms->egress)
		buf_puts(buf, "names stay resolvable on nodes, too");
	else if (dns_is_assumed(basis->dns, atoms->end))
		buf_puts(buf, "DNS, from the inventory");
	else if (atoms->peer == ATOM_BLOCK || atoms->peer == ATOM_ENTITY ||
		 basis->dns->origin == DNS_OBSERVED ||
		 (basis->dns->origin == DNS_CONVENTION && atoms->peer == ATOM_GROUP))
		buf_puts(buf, "DNS, as others ask it");
	else if (basis->dns->origin == DNS_INVENTORY)
		buf_puts(buf, "DNS, from the inventory");
	else
		buf_puts(buf, "DNS, a guess");
}

static void put_part(struct buf *buf, const struct policy_peer *peer)
{
	if (peer->seen_more)
		buf_printf(buf, "more than %zu of its addresses were seen", peer->seen_count);
	else
		buf_printf(buf, "only %zu of its addresses %s seen", peer->seen_count,
			   peer->seen_count == 1 ? "was" : "were");
}

static void put_wider(struct buf *buf, unsigned bit, const struct basis *basis,
		      const struct atom *atoms, size_t count, const struct policy_peer *peer)
{
	static const struct {
		unsigned bit;
		const char *text;
	} texts[] = {
	    {WIDER_ANY_CLIENT, "open to all, as tomorrow's client has another address"},
	    {WIDER_FOLDED, "the record has a prefix in place of addresses"},
	    {WIDER_OWN_NODE, "the own node of a pod that was seen, which needs no rule there"},
	    {WIDER_INCLUDED, "brought in by --include"},
	    {WIDER_ENTITY, "in place of the addresses that were seen"},
	    {WIDER_ALL_OF, "for pods that no known label picks"},
	};

	if (bit == WIDER_DNS)
		put_dns(buf, basis, atoms, count);
	else if (bit == WIDER_AGGREGATED)
		put_part(buf, peer);
	else if (bit == WIDER_KNOWN_NETWORK)
		buf_printf(buf, "%sone of its published ranges",
			   peer->edges > 0 ? "" : "not seen, ");
	else if (bit == WIDER_SERVICE_PORT)
		buf_printf(buf, "%s for plugins that look before translation",
			   peer->kind == PEER_BLOCK ? "the service's address"
						    : "also the service's own port");
	else if (bit == WIDER_ENDPOINTS)
		buf_puts(buf, peer->kind == PEER_BLOCK
				  ? "another of its endpoints"
				  : "another replica behind the service that they ask");
	else if (bit == WIDER_SOURCE_NAT)
		buf_puts(
		    buf,
		    peer->kind == PEER_BLOCK
			? "clients that run on it come with its address"
			: "a client whose node puts its own address in, which not all plugins see");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].bit == bit)
			buf_puts(buf, texts[i].text);
	if (bit == WIDER_ANY_CLIENT && peer->kind == PEER_BLOCK)
		buf_puts(buf, ", and to pods where ipBlock covers them");
}

void reason_put(const struct basis *basis, const struct atom *atoms, size_t count,
		const struct policy_peer *peer, struct buf *buf)
{
	const char *separator = ": ";
	unsigned wider = peer->wider;

	/* All the world tells of its parts. */
	if (wider & WIDER_ANY_CLIENT)
		wider &= ~(unsigned)(WIDER_FOLDED | WIDER_AGGREGATED | WIDER_OWN_NODE);
	put_who(buf, basis, atoms, count, peer);
	if (peer->edges > 0) {
		buf_puts(buf, separator);
		put_connections(buf, atoms, count, peer);
		put_asked(buf, atoms, count);
		separator = "; ";
	}
	for (unsigned bit = 1; bit <= wider; bit <<= 1) {
		if (!(wider & bit))
			continue;
		buf_puts(buf, separator);
		put_wider(buf, bit, basis, atoms, count, peer);
		separator = "; ";
	}
}
