#include "model/classes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define DNS_PORT 53

/* ---- what the inventory tells ---- */

static void *reserve(void *items, size_t count, size_t *capacity, size_t size)
{
	size_t larger = *capacity ? *capacity * 2 : 16;
	void *grown;

	if (count < *capacity)
		return items;
	grown = reallocarray(items, larger, size);
	if (grown)
		*capacity = larger;
	return grown;
}

/* Takes the buffer. */
static const char *intern(struct strings *strings, struct buf *buf)
{
	const char *text = buf->error ? NULL : strings_intern(strings, buf->data);

	buf_clear(buf);
	return text;
}

static int add_port(struct classes *classes, struct strings *strings, struct port_claim claim,
		    struct buf *reason)
{
	struct port_claim *ports;

	claim.reason = intern(strings, reason);
	ports =
	    reserve(classes->ports, classes->port_count, &classes->port_capacity, sizeof(*ports));
	if (!ports)
		return -ENOMEM;
	classes->ports = ports;
	if (!claim.reason || !claim.node)
		return -ENOMEM;
	ports[classes->port_count++] = claim;
	return 0;
}

/* Ports that a pod holds on its node. */
static int add_pod_port(struct classes *classes, struct strings *strings,
			const struct inventory_pod *pod, const struct inventory_port *port,
			size_t index)
{
	uint16_t number = pod->host_network ? port->port : port->host_port;
	struct port_claim claim = {.node = strings_intern(strings, pod->node),
				   .address = port->host_address,
				   .protocol = port->protocol,
				   .port = number,
				   .class = pod->host_network ? "host-network" : "host-port",
				   .pod = index};
	char text[4];
	struct buf reason = {0};

	if (number == 0 || !*pod->node)
		return 0;
	buf_printf(&reason, "%s %u of Pod/%s in %s, %s", protocol_name(port->protocol, text),
		   number, pod->name, pod->namespace,
		   pod->host_network ? "on the network of its node" : "a port of its node");
	return add_port(classes, strings, claim, &reason);
}

static int add_pods(struct classes *classes, const struct inventory *inventory,
		    const size_t *of_inventory, struct strings *strings)
{
	int r = 0;

	for (size_t i = 0; i < inventory->pod_count && r == 0; i++) {
		const struct inventory_pod *pod = &inventory->pods[i];

		for (size_t j = 0; j < pod->port_count && !pod->finished && r == 0; j++)
			r = add_pod_port(classes, strings, pod, &pod->ports[j], of_inventory[i]);
	}
	return r;
}

static int add_service_ports(struct classes *classes, const struct inventory_service *service,
			     struct strings *strings)
{
	int r = 0;

	for (size_t i = 0; i < service->port_count && r == 0; i++) {
		const struct inventory_port *port = &service->ports[i];
		struct port_claim claim = {.node = "",
					   .protocol = port->protocol,
					   .port = port->node_port,
					   .class = "node-port",
					   .pod = GRAPH_NONE};
		struct buf reason = {0};

		if (port->node_port == 0)
			continue;
		buf_printf(&reason, "node port %u of %s/%s", port->node_port, service->namespace,
			   service->name);
		r = add_port(classes, strings, claim, &reason);
	}
	return r;
}

static bool is_api(const char *namespace, const char *name)
{
	return strcmp(namespace, "default") == 0 && strcmp(name, "kubernetes") == 0;
}

static int add_services(struct classes *classes, const struct inventory *inventory,
			struct strings *strings)
{
	int r = 0;

	for (size_t i = 0; i < inventory->service_count && r == 0; i++) {
		const struct inventory_service *service = &inventory->services[i];

		if (is_api(service->namespace, service->name))
			classes->api = service;
		r = add_service_ports(classes, service, strings);
	}
	return r;
}

static int add_server(struct classes *classes, struct server_claim claim)
{
	struct server_claim *servers = reserve(classes->servers, classes->server_count,
					       &classes->server_capacity, sizeof(*servers));

	if (!servers)
		return -ENOMEM;
	classes->servers = servers;
	servers[classes->server_count++] = claim;
	return 0;
}

static int add_servers(struct classes *classes, const struct inventory_endpoints *endpoints)
{
	int r = 0;

	for (size_t i = 0; i < endpoints->count; i++) {
		const struct inventory_endpoint *endpoint = &endpoints->items[i];

		for (size_t j = 0; j < endpoint->port_count && r == 0; j++) {
			const struct inventory_port *port =
			    &endpoints->ports[endpoint->first_port + j];

			r = add_server(classes, (struct server_claim){.address = endpoint->address,
								      .protocol = port->protocol,
								      .port = port->port});
		}
	}
	return r;
}

static int find_servers(struct classes *classes, const struct inventory *inventory)
{
	int r = 0;

	for (size_t i = 0; i < inventory->endpoints_count && r == 0; i++)
		if (is_api(inventory->endpoints[i].namespace, inventory->endpoints[i].service))
			r = add_servers(classes, &inventory->endpoints[i]);
	return r;
}

static int find_resolvers(struct classes *classes, size_t pod_count)
{
	const struct inventory_service *dns = classes->dns;

	classes->resolvers = calloc(pod_count + 1, sizeof(*classes->resolvers));
	if (!classes->resolvers)
		return -ENOMEM;
	for (size_t i = 0; dns && i < pod_count; i++) {
		const struct graph_pod *pod = &classes->pods[i];

		classes->resolvers[i] = pod->labels &&
					strcmp(pod->namespace, dns->namespace) == 0 &&
					labels_match(pod->labels, &dns->selector);
	}
	return 0;
}

static int compare_ports(const void *a, const void *b)
{
	const struct port_claim *x = a, *y = b;
	int r = strcmp(x->node, y->node);

	r = r ? r : (x->protocol > y->protocol) - (x->protocol < y->protocol);
	return r ? r : (x->port > y->port) - (x->port < y->port);
}

static int sort_ports(const void *a, const void *b)
{
	const struct port_claim *x = a, *y = b;
	int r = compare_ports(a, b);

	r = r ? r : strcmp(x->class, y->class);
	r = r ? r : strcmp(x->reason, y->reason);
	return r ? r : addr_compare(x->address, y->address);
}

static int compare_servers(const void *a, const void *b)
{
	const struct server_claim *x = a, *y = b;

	return addr_compare(x->address, y->address);
}

int classes_build(struct classes *classes, const struct inventory *inventory,
		  const struct graph_pod *pods, size_t pod_count, const size_t *of_inventory,
		  struct strings *strings)
{
	int r;

	classes->pods = pods;
	if (!inventory)
		return 0;
	classes->dns = graph_dns_service(inventory);
	r = add_pods(classes, inventory, of_inventory, strings);
	if (r == 0)
		r = add_services(classes, inventory, strings);
	if (r == 0)
		r = find_servers(classes, inventory);
	if (r == 0)
		r = find_resolvers(classes, pod_count);
	if (classes->port_count > 0)
		qsort(classes->ports, classes->port_count, sizeof(*classes->ports), sort_ports);
	if (classes->server_count > 0)
		qsort(classes->servers, classes->server_count, sizeof(*classes->servers),
		      compare_servers);
	return r;
}

void classes_clear(struct classes *classes)
{
	free(classes->ports);
	free(classes->servers);
	free(classes->resolvers);
	*classes = (struct classes){0};
}

/* ---- addresses with a meaning of their own ---- */

/*
 * As the clouds document them: Amazon (EC2, instance metadata; ECS, task role; EKS, Pod Identity),
 * Google (Compute Engine, metadata over IPv6), Alibaba (ECS, instance metadata), Microsoft ("What
 * is IP address 168.63.129.16?"). Others use Amazon's address.
 */
static const struct named {
	struct addr address;
	const char *class;
	const char *reason;
} named[] = {
    {{ADDR_IPV4, {169, 254, 169, 254}}, "metadata", "metadata server of the cloud"},
    {{ADDR_IPV6, {0xfd, 0, 0x0e, 0xc2, [14] = 0x02, 0x54}},
     "metadata",
     "metadata server of the cloud"},
    {{ADDR_IPV6, {0xfd, 0x20, 0, 0xce, [14] = 0x02, 0x54}},
     "metadata",
     "metadata server of the cloud"},
    {{ADDR_IPV4, {100, 100, 100, 200}}, "metadata", "metadata server of the cloud"},
    {{ADDR_IPV4, {168, 63, 129, 16}}, "metadata", "server of the cloud for each of its machines"},
    {{ADDR_IPV4, {169, 254, 170, 2}}, "metadata", "credentials of the cloud for containers"},
    {{ADDR_IPV4, {169, 254, 170, 23}}, "metadata", "credentials of the cloud for pods"},
    {{ADDR_IPV6, {0xfd, 0, 0x0e, 0xc2, [15] = 0x23}},
     "metadata",
     "credentials of the cloud for pods"},
    {{ADDR_IPV4, {169, 254, 20, 10}},
     "node-local-dns",
     "the usual address of a DNS cache on each node"},
    {{ADDR_IPV4, {169, 254, 25, 10}},
     "node-local-dns",
     "the usual address of a DNS cache on each node"},
    {{ADDR_IPV4, {255, 255, 255, 255}}, "broadcast", "broadcast"},
};

#define NAMED_COUNT (sizeof(named) / sizeof(named[0]))

struct addr graph_special_address(size_t index)
{
	return index < NAMED_COUNT ? named[index].address : (struct addr){0};
}

bool classes_name(struct addr address, const char **ret_class, const char **ret_reason)
{
	for (size_t i = 0; i < NAMED_COUNT; i++) {
		if (!addr_equal(named[i].address, address))
			continue;
		*ret_class = named[i].class;
		*ret_reason = named[i].reason;
		return true;
	}
	if (!addr_is_link_local(address) && !addr_is_multicast(address))
		return false;
	*ret_class = addr_is_link_local(address) ? "link-local" : "multicast";
	*ret_reason = *ret_class;
	return true;
}

/* ---- ends of edges ---- */

static void set_class(struct end *end, const char *class, const char *reason)
{
	end->class = class;
	end->reason = reason;
}

static bool is_server(const struct classes *classes, const struct end *end,
		      const struct edge_key *key)
{
	size_t low = 0, high = classes->server_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addr_compare(classes->servers[middle].address, end->address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (;
	     low < classes->server_count && addr_equal(classes->servers[low].address, end->address);
	     low++)
		if (classes->servers[low].protocol == key->protocol &&
		    (classes->servers[low].port == 0 || classes->servers[low].port == key->port))
			return true;
	return false;
}

/* Claims on the port of one node, or of every node. */
struct port_claims {
	const struct port_claim *items;
	size_t count;
};

static struct port_claims find_ports(const struct classes *classes, const char *node,
				     const struct edge_key *key)
{
	const struct port_claim wanted = {
	    .node = node, .protocol = key->protocol, .port = key->port};
	size_t low = 0, high = classes->port_count, count = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_ports(&classes->ports[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low + count < classes->port_count &&
	       compare_ports(&classes->ports[low + count], &wanted) == 0)
		count++;
	return (struct port_claims){.items = count > 0 ? &classes->ports[low] : NULL,
				    .count = count};
}

/* The first that holds at the address; NULL: none does. *ret_several: another's do, too. */
static const struct port_claim *claim_at(struct port_claims claims, struct addr address,
					 bool *ret_several)
{
	const struct port_claim *found = NULL;

	*ret_several = false;
	for (size_t i = 0; i < claims.count; i++) {
		const struct port_claim *claim = &claims.items[i];

		if (addr_is_set(claim->address) && !addr_equal(claim->address, address))
			continue;
		*ret_several |= found && found->pod != claim->pod;
		found = found ? found : claim;
	}
	return found;
}

/* Whose port it is: the pod is named if it is one only. */
static void refine_port(const struct classes *classes, const struct edge_key *key, struct end *end)
{
	const struct port_claim *claim = NULL;
	bool several = false;

	if (*end->name)
		claim = claim_at(find_ports(classes, end->name, key), end->address, &several);
	if (!claim)
		claim = claim_at(find_ports(classes, "", key), end->address, &several);
	if (!claim)
		return;
	end->class = claim->class;
	end->reason = claim->reason;
	if (claim->pod == GRAPH_NONE)
		return;
	if (several) {
		end->reason = "a port that several pods on the node's network declare";
		return;
	}
	end->pod = claim->pod;
	end->namespace = classes->pods[claim->pod].namespace;
	end->workload = classes->pods[claim->pod].workload;
}

/* A cache on the node answers at an address of its own, or at the DNS service's. */
static bool is_local_resolver(const struct edge_key *key, const struct end *end)
{
	return key->has_port && key->port == DNS_PORT &&
	       (end->service_address || addr_is_link_local(end->address));
}

/* IPVS keeps services' addresses on a device of each node. */
static void make_service(struct end *end)
{
	end->kind = END_EXTERNAL;
	end->name = "";
	set_class(end, "service", GRAPH_REASON_SERVICE);
}

static void refine_server(const struct classes *classes, const struct graph_edge *edge,
			  struct end *end)
{
	const struct edge_key *key = &edge->edge.key;

	if (!key->has_port)
		return;
	if (is_server(classes, end, key))
		set_class(end, "api-server", "endpoint of default/kubernetes");
	else if (!end->service_address && edge->service && edge->service == classes->api)
		set_class(end, "api-server", "answers for default/kubernetes");
	else if (end->kind == END_NODE && is_local_resolver(key, end))
		set_class(end, "node-local-dns", "the node itself answers names at this address");
	else if (end->kind == END_NODE && end->service_address)
		make_service(end);
	else if (end->kind == END_NODE)
		refine_port(classes, key, end);
}

static bool is_resolver(const struct classes *classes, const struct end *end)
{
	return end->kind == END_POD && classes->resolvers && classes->resolvers[end->pod];
}

bool classes_concern(const struct classes *classes, const struct end *end, bool destination)
{
	const bool is_pod = end->kind == END_POD, is_unknown = end->kind == END_UNKNOWN;

	if (end->prefix)
		return false;
	if (is_pod || is_unknown)
		return is_resolver(classes, end);
	return destination || end->service_address;
}

void classes_refine(const struct classes *classes, const struct graph_edge *edge, bool destination,
		    struct end *end)
{
	const struct inventory_service *own = end->service_address ? edge->service : NULL;

	if (destination && end->kind == END_EXTERNAL && !is_local_resolver(&edge->edge.key, end) &&
	    strcmp(end->class, "node-local-dns") == 0)
		set_class(end, "link-local", "link-local");
	if (destination && (end->kind == END_NODE || end->kind == END_EXTERNAL))
		refine_server(classes, edge, end);
	if (is_resolver(classes, end))
		end->class = "cluster-dns";
	else if (own && own == classes->dns && end->kind == END_EXTERNAL)
		set_class(end, "cluster-dns", "address of the service that resolves names");
	else if (own && own == classes->api && end->kind == END_EXTERNAL)
		set_class(end, "api-server", "address of default/kubernetes");
}
