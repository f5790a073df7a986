#include "identity/inventory_object.h"

#include <stdlib.h>
#include <string.h>

/* A list of addresses; "None" and "" are none. */
static void read_service_addresses(struct object_reader *reader, const struct node *spec,
				   const char *key, struct inventory_service *service)
{
	const struct node *list = object_get(reader, spec, key, NODE_SEQUENCE);

	for (size_t i = 0; i < node_count(list); i++) {
		const struct node *entry = node_item(list, i);
		const char *text = node_text(entry);

		if (!text || (*text && strcmp(text, "None") != 0))
			object_add_address(reader, entry, key, &service->addresses,
					   &service->address_count);
	}
}

/* After these alone were read. */
static void copy_cluster_addresses(struct object_reader *reader, struct inventory_service *service)
{
	for (size_t i = 0; i < service->address_count; i++)
		if (object_grow(reader, &service->cluster_addresses,
				sizeof(*service->cluster_addresses),
				service->cluster_address_count))
			service->cluster_addresses[service->cluster_address_count++] =
			    service->addresses[i];
	object_settle(service->cluster_addresses, &service->cluster_address_count);
}

static void read_load_balancer(struct object_reader *reader, const struct node *status,
			       struct inventory_service *service)
{
	const struct node *balancer = object_get(reader, status, "loadBalancer", NODE_MAPPING);
	const struct node *list = object_get(reader, balancer, "ingress", NODE_SEQUENCE);

	for (size_t i = 0; i < node_count(list); i++) {
		const struct node *entry = object_entry(reader, list, i, "ingress");

		if (*object_text(reader, entry, "ip"))
			object_add_address(reader, node_get(entry, "ip"), "ip", &service->addresses,
					   &service->address_count);
	}
}

static void read_source_ranges(struct object_reader *reader, const struct node *spec,
			       struct inventory_service *service)
{
	const char *key = "loadBalancerSourceRanges";

	object_ranges(reader, spec, key, &service->source_ranges, &service->source_range_count);
	if (service->source_range_count < node_count(node_get(spec, key)))
		service->source_range_count = 0;
}

void object_read_service(struct object_reader *reader, const struct node *object,
			 struct inventory_service *ret)
{
	const struct node *metadata = object_get(reader, object, "metadata", NODE_MAPPING);
	const struct node *spec = object_get(reader, object, "spec", NODE_MAPPING);
	const struct node *status = object_get(reader, object, "status", NODE_MAPPING);
	const char *single = object_text(reader, spec, "clusterIP");
	const char *type = object_text(reader, spec, "type");

	ret->namespace = object_namespace(reader, metadata);
	ret->name = object_copy(reader, metadata, "name");
	ret->type = object_dup(reader, *type ? type : "ClusterIP");
	ret->external_name = object_copy(reader, spec, "externalName");
	ret->external_local =
	    strcmp(object_text(reader, spec, "externalTrafficPolicy"), "Local") == 0;
	ret->health_port = object_port_number(reader, spec, "healthCheckNodePort");
	object_labels(reader, metadata, "labels", &ret->labels);
	object_labels(reader, spec, "selector", &ret->selector);
	read_service_addresses(reader, spec, "clusterIPs", ret);
	if (ret->address_count == 0 && *single && strcmp(single, "None") != 0)
		object_add_address(reader, node_get(spec, "clusterIP"), "clusterIP",
				   &ret->addresses, &ret->address_count);
	copy_cluster_addresses(reader, ret);
	ret->external_ips = node_count(node_get(spec, "externalIPs")) > 0;
	read_service_addresses(reader, spec, "externalIPs", ret);
	read_load_balancer(reader, status, ret);
	read_source_ranges(reader, spec, ret);
	object_settle(ret->addresses, &ret->address_count);
	object_ports(reader, spec, PORT_OF_SERVICE, &ret->ports, &ret->port_count);
}

static struct inventory_endpoint *add_endpoint(struct object_reader *reader,
					       const struct node *value, const char *key,
					       struct inventory_endpoints *endpoints)
{
	const char *text = node_text(value);
	struct inventory_endpoint endpoint = {0};

	/* A slice of address type FQDN has names. */
	if (!text || addr_parse(text, &endpoint.address) < 0) {
		object_problem(reader, value, "%s: \"%s\" is no address", key, text ? text : "");
		return NULL;
	}
	if (!object_grow(reader, &endpoints->items, sizeof(endpoint), endpoints->count))
		return NULL;
	endpoints->items[endpoints->count] = endpoint;
	return &endpoints->items[endpoints->count++];
}

/* Whose address it is; entry is where targetRef and nodeName stand. */
static void read_target(struct object_reader *reader, const struct node *entry,
			struct inventory_endpoint *endpoint)
{
	const struct node *target = object_get(reader, entry, "targetRef", NODE_MAPPING);

	if (strcmp(object_text(reader, target, "kind"), "Pod") != 0)
		target = NULL;
	endpoint->pod = object_copy(reader, target, "name");
	endpoint->pod_uid = object_copy(reader, target, "uid");
	endpoint->node = object_copy(reader, entry, "nodeName");
}

static int compare_endpoints(const void *a, const void *b)
{
	const struct inventory_endpoint *x = a, *y = b;
	int order = addr_compare(x->address, y->address);

	return order ? order : (x->first_port > y->first_port) - (x->first_port < y->first_port);
}

static void sort_endpoints(struct inventory_endpoints *endpoints)
{
	if (endpoints->count > 0)
		qsort(endpoints->items, endpoints->count, sizeof(*endpoints->items),
		      compare_endpoints);
}

static void read_slice_entry(struct object_reader *reader, const struct node *entry,
			     struct inventory_endpoints *slice)
{
	const struct node *addresses = object_get(reader, entry, "addresses", NODE_SEQUENCE);
	const struct node *conditions = object_get(reader, entry, "conditions", NODE_MAPPING);
	bool unready = node_kind(node_get(conditions, "ready")) != NODE_NULL &&
		       !object_boolean(reader, conditions, "ready");

	for (size_t i = 0; i < node_count(addresses); i++) {
		struct inventory_endpoint *endpoint =
		    add_endpoint(reader, node_item(addresses, i), "addresses", slice);

		if (!endpoint)
			continue;
		endpoint->ready = !unready;
		endpoint->port_count = slice->port_count;
		read_target(reader, entry, endpoint);
	}
}

void object_read_slice(struct object_reader *reader, const struct node *object,
		       struct inventory_endpoints *ret)
{
	const struct node *metadata = object_get(reader, object, "metadata", NODE_MAPPING);
	const struct node *labels = object_get(reader, metadata, "labels", NODE_MAPPING);
	const struct node *list = object_get(reader, object, "endpoints", NODE_SEQUENCE);
	bool named = strcmp(object_text(reader, object, "addressType"), "FQDN") == 0;

	ret->slice = true;
	ret->namespace = object_namespace(reader, metadata);
	ret->name = object_copy(reader, metadata, "name");
	ret->service = object_copy(reader, labels, "kubernetes.io/service-name");
	object_ports(reader, object, PORT_OF_ENDPOINTS, &ret->ports, &ret->port_count);
	for (size_t i = 0; i < node_count(list) && !named; i++) {
		const struct node *entry = object_entry(reader, list, i, "endpoints");

		if (entry)
			read_slice_entry(reader, entry, ret);
	}
	sort_endpoints(ret);
}

static void read_subset_addresses(struct object_reader *reader, const struct node *subset,
				  const char *key, size_t first_port,
				  struct inventory_endpoints *endpoints)
{
	const struct node *list = object_get(reader, subset, key, NODE_SEQUENCE);

	for (size_t i = 0; i < node_count(list); i++) {
		const struct node *entry = object_entry(reader, list, i, key);
		struct inventory_endpoint *endpoint =
		    entry ? add_endpoint(reader, node_get(entry, "ip"), "ip", endpoints) : NULL;

		if (!endpoint)
			continue;
		endpoint->ready = strcmp(key, "addresses") == 0;
		endpoint->first_port = first_port;
		endpoint->port_count = endpoints->port_count - first_port;
		read_target(reader, entry, endpoint);
	}
}

void object_read_endpoints(struct object_reader *reader, const struct node *object,
			   struct inventory_endpoints *ret)
{
	const struct node *metadata = object_get(reader, object, "metadata", NODE_MAPPING);
	const struct node *list = object_get(reader, object, "subsets", NODE_SEQUENCE);

	ret->namespace = object_namespace(reader, metadata);
	ret->name = object_copy(reader, metadata, "name");
	ret->service = object_copy(reader, metadata, "name");
	for (size_t i = 0; i < node_count(list); i++) {
		const struct node *subset = object_entry(reader, list, i, "subsets");
		size_t first_port = ret->port_count;

		if (!subset)
			continue;
		object_ports(reader, subset, PORT_OF_ENDPOINTS, &ret->ports, &ret->port_count);
		read_subset_addresses(reader, subset, "addresses", first_port, ret);
		read_subset_addresses(reader, subset, "notReadyAddresses", first_port, ret);
	}
	sort_endpoints(ret);
}

static void read_node_addresses(struct object_reader *reader, const struct node *status,
				struct inventory_node *node)
{
	const struct node *list = object_get(reader, status, "addresses", NODE_SEQUENCE);
	struct addr address;

	for (size_t i = 0; i < node_count(list); i++) {
		const struct node *entry = object_entry(reader, list, i, "addresses");
		const struct node *value = node_get(entry, "address");

		/* Host names stand in the same list. */
		if (addr_parse(object_text(reader, entry, "address"), &address) < 0)
			continue;
		object_add_address(reader, value, "address", &node->addresses,
				   &node->address_count);
		if (strcmp(object_text(reader, entry, "type"), "ExternalIP") == 0)
			object_add_address(reader, value, "address", &node->external,
					   &node->external_count);
	}
}

/* Network plugins note on a node what is its own; addresses of both kinds are a node's, but only
 * the tunnel's are of the pod network. */
static const struct {
	const char *key;
	bool tunnel;
} node_annotations[] = {
    {"flannel.alpha.coreos.com/public-ip", false},
    {"flannel.alpha.coreos.com/public-ipv6", false},
    {"projectcalico.org/IPv4Address", false},
    {"projectcalico.org/IPv6Address", false},
    {"k3s.io/internal-ip", false},
    {"k3s.io/external-ip", false},
    {"alpha.kubernetes.io/provided-node-ip", false},
    {"projectcalico.org/IPv4VXLANTunnelAddr", true},
    {"projectcalico.org/IPv6VXLANTunnelAddr", true},
    {"projectcalico.org/IPv4IPIPTunnelAddr", true},
    {"projectcalico.org/IPv4WireguardInterfaceAddr", true},
    {"projectcalico.org/IPv6WireguardInterfaceAddr", true},
    {"network.cilium.io/ipv4-cilium-host", true},
    {"network.cilium.io/ipv6-cilium-host", true},
    {"io.cilium.network.ipv4-cilium-host", true},
    {"io.cilium.network.ipv6-cilium-host", true},
};

/* Some are lists, with a comma between, and some have the length of their network behind. */
static void read_annotation(struct object_reader *reader, const struct node *value, const char *key,
			    struct addr **addresses, size_t *count)
{
	const char *text = node_text(value);

	while (text && *text) {
		size_t length = strcspn(text, ",");
		char one[ADDR_TEXT_MAX] = "";
		struct addr address;

		if (strcspn(text, ",/") < sizeof(one))
			memcpy(one, text, strcspn(text, ",/"));
		if (addr_parse(one, &address) < 0)
			object_problem(reader, value, "%s: \"%.*s\" is no address", key,
				       (int)length, text);
		else if (object_grow(reader, addresses, sizeof(address), *count))
			(*addresses)[(*count)++] = address;
		text += length + (text[length] == ',');
	}
}

static void read_node_annotations(struct object_reader *reader, const struct node *annotations,
				  struct inventory_node *node)
{
	for (size_t i = 0; i < sizeof(node_annotations) / sizeof(node_annotations[0]); i++) {
		const char *key = node_annotations[i].key;
		const struct node *value = object_get(reader, annotations, key, NODE_SCALAR);

		if (node_annotations[i].tunnel)
			read_annotation(reader, value, key, &node->tunnels, &node->tunnel_count);
		else
			read_annotation(reader, value, key, &node->addresses, &node->address_count);
	}
}

static void settle_node(struct inventory_node *node)
{
	object_settle(node->addresses, &node->address_count);
	object_settle(node->external, &node->external_count);
	object_settle(node->tunnels, &node->tunnel_count);
}

void object_read_node(struct object_reader *reader, const struct node *object,
		      struct inventory_node *ret)
{
	const struct node *metadata = object_get(reader, object, "metadata", NODE_MAPPING);
	const struct node *spec = object_get(reader, object, "spec", NODE_MAPPING);

	ret->name = object_copy(reader, metadata, "name");
	read_node_addresses(reader, object_get(reader, object, "status", NODE_MAPPING), ret);
	read_node_annotations(reader, object_get(reader, metadata, "annotations", NODE_MAPPING),
			      ret);
	object_ranges(reader, spec, "podCIDRs", &ret->pod_ranges, &ret->pod_range_count);
	if (ret->pod_range_count == 0 && *object_text(reader, spec, "podCIDR"))
		object_add_range(reader, node_get(spec, "podCIDR"), "podCIDR", &ret->pod_ranges,
				 &ret->pod_range_count);
	ret->pod_ranges_of = ret->pod_range_count > 0 ? POD_RANGES_OF_NODE : 0;
	settle_node(ret);
}

/* Of all modes but those of clouds (inventory_ranges.c): the pools' are this node's alone, too. */
static void read_ipam(struct object_reader *reader, const struct node *ipam,
		      struct inventory_node *node)
{
	const struct node *pools = object_get(reader, ipam, "pools", NODE_MAPPING);
	const struct node *list = object_get(reader, pools, "allocated", NODE_SEQUENCE);

	object_ranges(reader, ipam, "podCIDRs", &node->pod_ranges, &node->pod_range_count);
	for (size_t i = 0; i < node_count(list); i++)
		object_ranges(reader, object_entry(reader, list, i, "allocated"), "cidrs",
			      &node->pod_ranges, &node->pod_range_count);
	node->pod_ranges_of = node->pod_range_count > 0 ? POD_RANGES_OF_PLUGIN : 0;
}

void object_read_cilium_node(struct object_reader *reader, const struct node *object,
			     struct inventory_node *ret)
{
	const struct node *metadata = object_get(reader, object, "metadata", NODE_MAPPING);
	const struct node *spec = object_get(reader, object, "spec", NODE_MAPPING);
	const struct node *list = object_get(reader, spec, "addresses", NODE_SEQUENCE);

	ret->name = object_copy(reader, metadata, "name");
	for (size_t i = 0; i < node_count(list); i++) {
		const struct node *entry = object_entry(reader, list, i, "addresses");

		if (strcmp(object_text(reader, entry, "type"), "CiliumInternalIP") == 0)
			object_add_address(reader, node_get(entry, "ip"), "ip", &ret->tunnels,
					   &ret->tunnel_count);
	}
	read_ipam(reader, object_get(reader, spec, "ipam", NODE_MAPPING), ret);
	settle_node(ret);
}

void inventory_service_clear(void *cleared)
{
	struct inventory_service *service = cleared;

	free(service->namespace);
	free(service->name);
	free(service->type);
	free(service->external_name);
	labels_clear(&service->labels);
	labels_clear(&service->selector);
	free(service->addresses);
	free(service->cluster_addresses);
	free(service->source_ranges);
	object_ports_free(service->ports, service->port_count);
}

void inventory_endpoints_clear(void *cleared)
{
	struct inventory_endpoints *endpoints = cleared;

	for (size_t i = 0; i < endpoints->count; i++) {
		free(endpoints->items[i].pod);
		free(endpoints->items[i].pod_uid);
		free(endpoints->items[i].node);
	}
	free(endpoints->items);
	free(endpoints->namespace);
	free(endpoints->name);
	free(endpoints->service);
	object_ports_free(endpoints->ports, endpoints->port_count);
}

void inventory_node_clear(void *cleared)
{
	struct inventory_node *node = cleared;

	free(node->name);
	free(node->addresses);
	free(node->external);
	free(node->tunnels);
	free(node->pod_ranges);
}
