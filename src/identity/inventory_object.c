#include "identity/inventory_object.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void object_problem(struct object_reader *reader, const struct node *node, const char *format, ...)
{
	char *subject = NULL, *message = NULL;
	va_list arguments;

	if (asprintf(&subject, "%s:%u", reader->file, node_line(node)) < 0)
		subject = NULL;
	va_start(arguments, format);
	if (vasprintf(&message, format, arguments) < 0)
		message = NULL;
	va_end(arguments);
	problem_add(reader->problems, PROBLEM_WARNING, subject ? subject : reader->file, "%s",
		    message ? message : "out of memory");
	free(subject);
	free(message);
}

static const char *const kind_names[] = {[NODE_NULL] = "nothing",
					 [NODE_SCALAR] = "a single value",
					 [NODE_SEQUENCE] = "a list",
					 [NODE_MAPPING] = "a mapping"};

/* The value under the key if it has this kind; NULL where it is absent or null, and with a problem
 * where it is another. */
static const struct node *get(struct object_reader *reader, const struct node *object,
			      const char *key, enum node_kind kind)
{
	const struct node *value = node_get(object, key);

	if (node_kind(value) == NODE_NULL)
		return NULL;
	if (node_kind(value) == kind)
		return value;
	object_problem(reader, value, "%s: expected %s, not %s", key, kind_names[kind],
		       kind_names[node_kind(value)]);
	return NULL;
}

/* The index-th entry if it is a mapping; likewise. */
static const struct node *get_entry(struct object_reader *reader, const struct node *list,
				    size_t index, const char *name)
{
	const struct node *entry = node_item(list, index);

	if (node_kind(entry) == NODE_MAPPING)
		return entry;
	object_problem(reader, entry, "%s: expected %s, not %s", name, kind_names[NODE_MAPPING],
		       kind_names[node_kind(entry)]);
	return NULL;
}

const char *object_text(struct object_reader *reader, const struct node *object, const char *key)
{
	const char *text = node_text(get(reader, object, key, NODE_SCALAR));

	return text ? text : "";
}

static bool get_boolean(struct object_reader *reader, const struct node *object, const char *key)
{
	const struct node *value = get(reader, object, key, NODE_SCALAR);
	bool truth = false;

	if (value && !node_boolean(value, &truth))
		object_problem(reader, value, "%s: expected true or false, not \"%s\"", key,
			       node_text(value));
	return truth;
}

static char *copy(struct object_reader *reader, const char *text)
{
	char *fresh = strdup(text);

	if (!fresh)
		reader->error = -ENOMEM;
	return fresh;
}

static char *copy_text(struct object_reader *reader, const struct node *object, const char *key)
{
	return copy(reader, object_text(reader, object, key));
}

/* Room for one more item: there is room for the next power of two. */
static bool grow(struct object_reader *reader, void *items, size_t item_size, size_t count)
{
	void *grown;

	if (count & (count - 1))
		return true;
	grown = reallocarray(*(void **)items, count ? count * 2 : 1, item_size);
	if (!grown) {
		reader->error = -ENOMEM;
		return false;
	}
	*(void **)items = grown;
	return true;
}

static int compare_labels(const void *a, const void *b)
{
	return strcmp(((const struct label *)a)->key, ((const struct label *)b)->key);
}

static void read_labels(struct object_reader *reader, const struct node *object, const char *key,
			struct labels *ret)
{
	const struct node *map = get(reader, object, key, NODE_MAPPING);

	if (node_count(map) == 0)
		return;
	ret->items = calloc(node_count(map), sizeof(*ret->items));
	if (!ret->items) {
		reader->error = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < node_count(map); i++) {
		const struct node *value = node_item(map, i);

		if (node_kind(value) != NODE_SCALAR && node_kind(value) != NODE_NULL) {
			object_problem(reader, value, "%s: the value of \"%s\" must be text", key,
				       node_key(map, i));
			continue;
		}
		ret->items[ret->count++] =
		    (struct label){copy(reader, node_key(map, i)),
				   copy(reader, node_text(value) ? node_text(value) : "")};
	}
	if (!reader->error)
		qsort(ret->items, ret->count, sizeof(*ret->items), compare_labels);
}

static void add_address(struct object_reader *reader, const struct node *value, const char *key,
			struct addr **addresses, size_t *count)
{
	const char *text = node_text(value);
	struct addr address;

	if (!text || addr_parse(text, &address) < 0) {
		object_problem(reader, value, "%s: \"%s\" is no address", key, text ? text : "");
		return;
	}
	if (grow(reader, addresses, sizeof(**addresses), *count))
		(*addresses)[(*count)++] = address;
}

static int compare_addresses(const void *a, const void *b)
{
	return addr_compare(*(const struct addr *)a, *(const struct addr *)b);
}

/* Sorted, each once. */
static void settle_addresses(struct addr *addresses, size_t *count)
{
	size_t kept = 0;

	if (*count == 0)
		return;
	qsort(addresses, *count, sizeof(*addresses), compare_addresses);
	for (size_t i = 0; i < *count; i++)
		if (i == 0 || !addr_equal(addresses[i], addresses[kept - 1]))
			addresses[kept++] = addresses[i];
	*count = kept;
}

static bool read_protocol(const char *text, uint8_t *ret)
{
	if (!*text || strcmp(text, "TCP") == 0)
		*ret = IPPROTO_TCP;
	else if (strcmp(text, "UDP") == 0)
		*ret = IPPROTO_UDP;
	else if (strcmp(text, "SCTP") == 0)
		*ret = IPPROTO_SCTP;
	else
		return false;
	return true;
}

/* number_key: what the port's number is called. */
static void add_port(struct object_reader *reader, const struct node *entry, const char *number_key,
		     struct inventory_port **ports, size_t *count)
{
	const struct node *number = node_get(entry, number_key);
	struct inventory_port port = {0};
	int64_t value = 0;

	if (!node_integer(number, &value) || value < 1 || value > UINT16_MAX) {
		object_problem(reader, number ? number : entry,
			       "%s: expected a port number, 1 to 65535", number_key);
		return;
	}
	if (!read_protocol(object_text(reader, entry, "protocol"), &port.protocol)) {
		object_problem(reader, node_get(entry, "protocol"),
			       "protocol: expected TCP, UDP or SCTP");
		return;
	}
	if (!grow(reader, ports, sizeof(**ports), *count))
		return;
	port.port = (uint16_t)value;
	port.name = copy_text(reader, entry, "name");
	port.target = copy_text(reader, entry, "targetPort");
	(*ports)[(*count)++] = port;
}

static void read_ports(struct object_reader *reader, const struct node *object,
		       const char *number_key, struct inventory_port **ports, size_t *count)
{
	const struct node *list = get(reader, object, "ports", NODE_SEQUENCE);

	for (size_t i = 0; i < node_count(list); i++) {
		const struct node *entry = get_entry(reader, list, i, "ports");

		if (entry)
			add_port(reader, entry, number_key, ports, count);
	}
}

static void read_owner(struct object_reader *reader, const struct node *metadata,
		       struct inventory_pod *pod)
{
	const struct node *list = get(reader, metadata, "ownerReferences", NODE_SEQUENCE);
	const struct node *owner = NULL;

	for (size_t i = 0; i < node_count(list) && !owner; i++) {
		const struct node *entry = get_entry(reader, list, i, "ownerReferences");

		if (get_boolean(reader, entry, "controller"))
			owner = entry;
	}
	pod->owner_kind = copy_text(reader, owner, "kind");
	pod->owner_name = copy_text(reader, owner, "name");
}

static void read_pod_addresses(struct object_reader *reader, const struct node *status,
			       struct inventory_pod *pod)
{
	const struct node *list = get(reader, status, "podIPs", NODE_SEQUENCE);
	const struct node *single = get(reader, status, "podIP", NODE_SCALAR);

	for (size_t i = 0; i < node_count(list); i++) {
		const struct node *entry = get_entry(reader, list, i, "podIPs");

		if (entry)
			add_address(reader, node_get(entry, "ip"), "ip", &pod->addresses,
				    &pod->address_count);
	}
	if (node_count(list) == 0 && single && *node_text(single))
		add_address(reader, single, "podIP", &pod->addresses, &pod->address_count);
	settle_addresses(pod->addresses, &pod->address_count);
}

/* Init containers that never end are sidecars and listen like any other. */
static void read_containers(struct object_reader *reader, const struct node *spec, const char *key,
			    bool sidecars_only, struct inventory_pod *pod)
{
	const struct node *list = get(reader, spec, key, NODE_SEQUENCE);

	for (size_t i = 0; i < node_count(list); i++) {
		const struct node *entry = get_entry(reader, list, i, key);
		const char *policy = object_text(reader, entry, "restartPolicy");

		if (entry && (!sidecars_only || strcmp(policy, "Always") == 0))
			read_ports(reader, entry, "containerPort", &pod->ports, &pod->port_count);
	}
}

void object_read_pod(struct object_reader *reader, const struct node *object,
		     struct inventory_pod *ret, char **ret_static_uid)
{
	const struct node *metadata = get(reader, object, "metadata", NODE_MAPPING);
	const struct node *spec = get(reader, object, "spec", NODE_MAPPING);
	const struct node *status = get(reader, object, "status", NODE_MAPPING);
	const struct node *annotations = get(reader, metadata, "annotations", NODE_MAPPING);
	const char *phase = object_text(reader, status, "phase");
	const char *mirror = node_get_text(annotations, "kubernetes.io/config.mirror");

	ret->namespace = copy_text(reader, metadata, "namespace");
	ret->name = copy_text(reader, metadata, "name");
	ret->uid = copy_text(reader, metadata, "uid");
	ret->generate_name = copy_text(reader, metadata, "generateName");
	ret->node = copy_text(reader, spec, "nodeName");
	ret->host_network = get_boolean(reader, spec, "hostNetwork");
	ret->finished = strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0;
	ret->file = reader->file;
	ret->line = node_line(object);
	read_owner(reader, metadata, ret);
	read_labels(reader, metadata, "labels", &ret->labels);
	read_pod_addresses(reader, status, ret);
	read_containers(reader, spec, "containers", false, ret);
	read_containers(reader, spec, "initContainers", true, ret);
	*ret_static_uid = mirror && *mirror ? copy(reader, mirror) : NULL;
}

void object_read_namespace(struct object_reader *reader, const struct node *object,
			   struct inventory_namespace *ret)
{
	const struct node *metadata = get(reader, object, "metadata", NODE_MAPPING);

	ret->name = copy_text(reader, metadata, "name");
	read_labels(reader, metadata, "labels", &ret->labels);
}

/* A list of addresses; "None" and "" are none. */
static void read_service_addresses(struct object_reader *reader, const struct node *spec,
				   const char *key, struct inventory_service *service)
{
	const struct node *list = get(reader, spec, key, NODE_SEQUENCE);

	for (size_t i = 0; i < node_count(list); i++) {
		const struct node *entry = node_item(list, i);
		const char *text = node_text(entry);

		if (!text || (*text && strcmp(text, "None") != 0))
			add_address(reader, entry, key, &service->addresses,
				    &service->address_count);
	}
}

static void read_load_balancer(struct object_reader *reader, const struct node *status,
			       struct inventory_service *service)
{
	const struct node *balancer = get(reader, status, "loadBalancer", NODE_MAPPING);
	const struct node *list = get(reader, balancer, "ingress", NODE_SEQUENCE);

	for (size_t i = 0; i < node_count(list); i++) {
		const struct node *entry = get_entry(reader, list, i, "ingress");

		if (*object_text(reader, entry, "ip"))
			add_address(reader, node_get(entry, "ip"), "ip", &service->addresses,
				    &service->address_count);
	}
}

void object_read_service(struct object_reader *reader, const struct node *object,
			 struct inventory_service *ret)
{
	const struct node *metadata = get(reader, object, "metadata", NODE_MAPPING);
	const struct node *spec = get(reader, object, "spec", NODE_MAPPING);
	const struct node *status = get(reader, object, "status", NODE_MAPPING);
	const char *single = object_text(reader, spec, "clusterIP");

	ret->namespace = copy_text(reader, metadata, "namespace");
	ret->name = copy_text(reader, metadata, "name");
	read_labels(reader, metadata, "labels", &ret->labels);
	read_labels(reader, spec, "selector", &ret->selector);
	read_service_addresses(reader, spec, "clusterIPs", ret);
	if (ret->address_count == 0 && *single && strcmp(single, "None") != 0)
		add_address(reader, node_get(spec, "clusterIP"), "clusterIP", &ret->addresses,
			    &ret->address_count);
	read_service_addresses(reader, spec, "externalIPs", ret);
	read_load_balancer(reader, status, ret);
	settle_addresses(ret->addresses, &ret->address_count);
	read_ports(reader, spec, "port", &ret->ports, &ret->port_count);
}

static void read_node_addresses(struct object_reader *reader, const struct node *status,
				struct inventory_node *node)
{
	const struct node *list = get(reader, status, "addresses", NODE_SEQUENCE);
	struct addr address;

	for (size_t i = 0; i < node_count(list); i++) {
		const struct node *entry = get_entry(reader, list, i, "addresses");

		/* Host names stand in the same list. */
		if (addr_parse(object_text(reader, entry, "address"), &address) == 0)
			add_address(reader, node_get(entry, "address"), "address", &node->addresses,
				    &node->address_count);
	}
	settle_addresses(node->addresses, &node->address_count);
}

static void add_range(struct object_reader *reader, const struct node *value, const char *key,
		      struct inventory_node *node)
{
	const char *text = node_text(value);
	struct prefix range;

	if (!text || prefix_parse(text, &range) < 0)
		object_problem(reader, value, "%s: \"%s\" is no address range", key,
			       text ? text : "");
	else if (grow(reader, &node->pod_ranges, sizeof(range), node->pod_range_count))
		node->pod_ranges[node->pod_range_count++] = range;
}

void object_read_node(struct object_reader *reader, const struct node *object,
		      struct inventory_node *ret)
{
	const struct node *metadata = get(reader, object, "metadata", NODE_MAPPING);
	const struct node *spec = get(reader, object, "spec", NODE_MAPPING);
	const struct node *ranges = get(reader, spec, "podCIDRs", NODE_SEQUENCE);

	ret->name = copy_text(reader, metadata, "name");
	read_node_addresses(reader, get(reader, object, "status", NODE_MAPPING), ret);
	for (size_t i = 0; i < node_count(ranges); i++)
		add_range(reader, node_item(ranges, i), "podCIDRs", ret);
	if (node_count(ranges) == 0 && *object_text(reader, spec, "podCIDR"))
		add_range(reader, node_get(spec, "podCIDR"), "podCIDR", ret);
}

static void ports_free(struct inventory_port *ports, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(ports[i].name);
		free(ports[i].target);
	}
	free(ports);
}

void inventory_pod_clear(void *cleared)
{
	struct inventory_pod *pod = cleared;

	free(pod->namespace);
	free(pod->name);
	free(pod->uid);
	free(pod->node);
	free(pod->owner_kind);
	free(pod->owner_name);
	free(pod->generate_name);
	labels_clear(&pod->labels);
	free(pod->addresses);
	ports_free(pod->ports, pod->port_count);
}

void inventory_namespace_clear(void *cleared)
{
	struct inventory_namespace *namespace = cleared;

	free(namespace->name);
	labels_clear(&namespace->labels);
}

void inventory_service_clear(void *cleared)
{
	struct inventory_service *service = cleared;

	free(service->namespace);
	free(service->name);
	labels_clear(&service->labels);
	labels_clear(&service->selector);
	free(service->addresses);
	ports_free(service->ports, service->port_count);
}

void inventory_node_clear(void *cleared)
{
	struct inventory_node *node = cleared;

	free(node->name);
	free(node->addresses);
	free(node->pod_ranges);
}
