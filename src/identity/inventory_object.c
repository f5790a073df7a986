#include "identity/inventory_object.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

const struct node *object_controller(const struct node *object)
{
	const struct node *list = node_get(node_get(object, "metadata"), "ownerReferences");
	bool controls = false;

	for (size_t i = 0; node_kind(list) == NODE_SEQUENCE && i < node_count(list); i++) {
		const struct node *entry = node_item(list, i);

		if (node_boolean(node_get(entry, "controller"), &controls) && controls)
			return entry;
	}
	return NULL;
}

static void read_owner(struct object_reader *reader, const struct node *metadata,
		       struct inventory_pod *pod)
{
	const struct node *list = object_get(reader, metadata, "ownerReferences", NODE_SEQUENCE);
	const struct node *owner = NULL;

	for (size_t i = 0; i < node_count(list) && !owner; i++) {
		const struct node *entry = object_entry(reader, list, i, "ownerReferences");

		if (object_boolean(reader, entry, "controller"))
			owner = entry;
	}
	pod->owner_kind = object_copy(reader, owner, "kind");
	pod->owner_name = object_copy(reader, owner, "name");
}

static void read_pod_addresses(struct object_reader *reader, const struct node *status,
			       struct inventory_pod *pod)
{
	const struct node *list = object_get(reader, status, "podIPs", NODE_SEQUENCE);
	const struct node *single = object_get(reader, status, "podIP", NODE_SCALAR);

	for (size_t i = 0; i < node_count(list); i++) {
		const struct node *entry = object_entry(reader, list, i, "podIPs");

		if (entry)
			object_add_address(reader, node_get(entry, "ip"), "ip", &pod->addresses,
					   &pod->address_count);
	}
	if (node_count(list) == 0 && single && *node_text(single))
		object_add_address(reader, single, "podIP", &pod->addresses, &pod->address_count);
	object_settle(pod->addresses, &pod->address_count);
}

/* An entry of Multus' list: a network, and the pod's addresses in it. */
static void read_network(struct object_reader *reader, const struct node *value,
			 const json_t *network, struct inventory_pod *pod)
{
	const json_t *addresses = json_object_get(network, "ips"), *item;
	size_t i;

	if (json_is_true(json_object_get(network, "default")))
		return;
	json_array_foreach(addresses, i, item)
	{
		const char *text = json_string_value(item);
		struct addr address;

		if (!text || addr_parse(text, &address) < 0)
			object_problem(reader, value, "network-status: \"%s\" is no address",
				       text ? text : "");
		else if (object_grow(reader, &pod->secondary, sizeof(address),
				     pod->secondary_count))
			pod->secondary[pod->secondary_count++] = address;
	}
}

static bool has_address(const struct inventory_pod *pod, struct addr address)
{
	for (size_t i = 0; i < pod->address_count; i++)
		if (addr_equal(pod->addresses[i], address))
			return true;
	return false;
}

static void read_networks(struct object_reader *reader, const struct node *annotations,
			  struct inventory_pod *pod)
{
	static const char key[] = "k8s.v1.cni.cncf.io/network-status";
	const struct node *value = object_get(reader, annotations, key, NODE_SCALAR);
	json_t *list = value ? json_loads(node_text(value), 0, NULL) : NULL;
	const json_t *network;
	size_t i, kept = 0;

	if (value && !json_is_array(list))
		object_problem(reader, value, "%s: expected a list in JSON", key);
	json_array_foreach(list, i, network) read_network(reader, value, network, pod);
	json_decref(list);
	object_settle(pod->secondary, &pod->secondary_count);
	for (i = 0; i < pod->secondary_count; i++)
		if (!has_address(pod, pod->secondary[i]))
			pod->secondary[kept++] = pod->secondary[i];
	pod->secondary_count = kept;
}

/* What the meshes call the containers that they put in. */
static const char *sidecar_of(const char *container)
{
	static const struct {
		const char *container;
		const char *mesh;
	} sidecars[] = {{"istio-proxy", "Istio"},
			{"linkerd-proxy", "Linkerd"},
			{"consul-dataplane", "Consul"},
			{"envoy-sidecar", "Consul"},
			{"kuma-sidecar", "Kuma"}};

	for (size_t i = 0; i < sizeof(sidecars) / sizeof(sidecars[0]); i++)
		if (strcmp(container, sidecars[i].container) == 0)
			return sidecars[i].mesh;
	return "";
}

static int container_rank(const char *name)
{
	if (!*name)
		return 0;
	return *sidecar_of(name) ? 1 : 2;
}

/* The application's, as far as that can be told. */
static void take_container(struct object_reader *reader, const char *name,
			   struct inventory_pod *pod)
{
	if (!pod->container || container_rank(name) <= container_rank(pod->container))
		return;
	free(pod->container);
	pod->container = object_dup(reader, name);
}

/* false: not all of them can be read. */
static bool read_list(struct object_reader *reader, const struct node *spec, const char *key,
		      bool sidecars_only, struct inventory_pod *pod)
{
	const struct node *list = object_get(reader, spec, key, NODE_SEQUENCE);
	bool all = list || node_kind(node_get(spec, key)) == NODE_NULL;

	for (size_t i = 0; i < node_count(list); i++) {
		const struct node *entry = object_entry(reader, list, i, key);
		const char *policy = object_text(reader, entry, "restartPolicy");

		all &= entry != NULL;
		if (!entry || (sidecars_only && strcmp(policy, "Always") != 0))
			continue;
		if (!*pod->sidecar)
			pod->sidecar = sidecar_of(object_text(reader, entry, "name"));
		if (!sidecars_only)
			take_container(reader, object_text(reader, entry, "name"), pod);
		all &=
		    object_ports(reader, entry, PORT_OF_CONTAINER, &pod->ports, &pod->port_count);
	}
	return all;
}

/* Init containers that never end are sidecars and listen like any other. */
static void read_containers(struct object_reader *reader, const struct node *spec,
			    struct inventory_pod *pod)
{
	bool all = read_list(reader, spec, "containers", false, pod);

	all &= read_list(reader, spec, "initContainers", true, pod);
	pod->ports_told = all && node_count(node_get(spec, "containers")) > 0;
}

static bool read_moment(struct object_reader *reader, const struct node *object, const char *key,
			int64_t *ret)
{
	const struct node *value = object_get(reader, object, key, NODE_SCALAR);

	if (!value || !*node_text(value))
		return false;
	if (clock_parse(node_text(value), ret) == 0)
		return true;
	object_problem(reader, value, "%s: \"%s\" is no time", key, node_text(value));
	return false;
}

static int64_t read_start(struct object_reader *reader, const struct node *metadata,
			  const struct node *status)
{
	int64_t start;

	return read_moment(reader, status, "startTime", &start) ||
		       read_moment(reader, metadata, "creationTimestamp", &start)
		   ? start
		   : INT64_MIN;
}

void object_read_pod(struct object_reader *reader, const struct node *object,
		     struct inventory_pod *ret, char **ret_static_uid)
{
	const struct node *metadata = object_get(reader, object, "metadata", NODE_MAPPING);
	const struct node *spec = object_get(reader, object, "spec", NODE_MAPPING);
	const struct node *status = object_get(reader, object, "status", NODE_MAPPING);
	const struct node *annotations = object_get(reader, metadata, "annotations", NODE_MAPPING);
	const char *phase = object_text(reader, status, "phase");
	const char *mirror = node_get_text(annotations, "kubernetes.io/config.mirror");
	const char *ambient = node_get_text(annotations, "ambient.istio.io/redirection");

	ret->namespace = object_namespace(reader, metadata);
	ret->name = object_copy(reader, metadata, "name");
	ret->uid = object_copy(reader, metadata, "uid");
	ret->generate_name = object_copy(reader, metadata, "generateName");
	ret->node = object_copy(reader, spec, "nodeName");
	ret->host_network = object_boolean(reader, spec, "hostNetwork");
	ret->network_told = spec != NULL;
	ret->finished = strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0;
	ret->started = read_start(reader, metadata, status);
	ret->file = reader->file;
	ret->line = node_line(object);
	read_owner(reader, metadata, ret);
	ret->top_kind = object_dup(reader, "");
	ret->top_name = object_dup(reader, "");
	ret->conflict = object_dup(reader, "");
	ret->container = object_dup(reader, "");
	ret->mirror =
	    (mirror && *mirror) || (ret->owner_kind && strcmp(ret->owner_kind, "Node") == 0);
	ret->ambient = ambient && strcmp(ambient, "enabled") == 0;
	ret->sidecar = "";
	object_labels(reader, metadata, "labels", &ret->labels);
	read_pod_addresses(reader, status, ret);
	read_networks(reader, annotations, ret);
	read_containers(reader, spec, ret);
	*ret_static_uid = mirror && *mirror ? object_dup(reader, mirror) : NULL;
}

void object_read_template(struct object_reader *reader, const struct node *object,
			  const struct node *template, struct inventory_template *ret)
{
	const struct node *metadata = object_get(reader, object, "metadata", NODE_MAPPING);
	const struct node *spec = object_get(reader, template, "spec", NODE_MAPPING);
	struct inventory_pod pod = {.sidecar = "", .container = object_dup(reader, "")};

	ret->namespace = object_namespace(reader, metadata);
	ret->name = object_copy(reader, metadata, "name");
	object_labels(reader, object_get(reader, template, "metadata", NODE_MAPPING), "labels",
		      &ret->labels);
	ret->host_network = object_boolean(reader, spec, "hostNetwork");
	ret->network_told = spec != NULL;
	read_containers(reader, spec, &pod);
	free(pod.container);
	ret->ports = pod.ports;
	ret->port_count = pod.port_count;
	ret->ports_told = pod.ports_told;
	ret->file = reader->file;
	ret->line = node_line(object);
}

void object_read_namespace(struct object_reader *reader, const struct node *object,
			   struct inventory_namespace *ret)
{
	const struct node *metadata = object_get(reader, object, "metadata", NODE_MAPPING);

	ret->name = object_copy(reader, metadata, "name");
	object_labels(reader, metadata, "labels", &ret->labels);
	ret->file = reader->file;
	ret->line = node_line(object);
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
	free(pod->top_kind);
	free(pod->top_name);
	free(pod->generate_name);
	free(pod->conflict);
	free(pod->container);
	labels_clear(&pod->labels);
	free(pod->addresses);
	free(pod->secondary);
	free(pod->turns);
	object_ports_free(pod->ports, pod->port_count);
}

void inventory_template_clear(void *cleared)
{
	struct inventory_template *template = cleared;

	free(template->namespace);
	free(template->kind);
	free(template->name);
	labels_clear(&template->labels);
	object_ports_free(template->ports, template->port_count);
}

void inventory_namespace_clear(void *cleared)
{
	struct inventory_namespace *namespace = cleared;

	free(namespace->name);
	labels_clear(&namespace->labels);
}
