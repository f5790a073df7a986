#include "identity/inventory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity/inventory_object.h"
#include "identity/inventory_table.h"
#include "identity/inventory_whole.h"

struct inventory *inventory_new(void)
{
	struct whole *whole = calloc(1, sizeof(*whole));

	return whole ? &whole->inventory : NULL;
}

static void change_clear(struct inventory_change *change)
{
	free(change->namespace);
	free(change->key);
	free(change->pod);
}

struct inventory *inventory_free(struct inventory *inventory)
{
	struct whole *whole = whole_of(inventory);

	if (!inventory)
		return NULL;
	for (size_t i = 0; i < inventory->pod_count; i++)
		inventory_pod_clear(&inventory->pods[i]);
	for (size_t i = 0; i < inventory->template_count; i++)
		inventory_template_clear(&inventory->templates[i]);
	for (size_t i = 0; i < inventory->namespace_count; i++)
		inventory_namespace_clear(&inventory->namespaces[i]);
	for (size_t i = 0; i < inventory->service_count; i++)
		inventory_service_clear(&inventory->services[i]);
	for (size_t i = 0; i < inventory->endpoints_count; i++)
		inventory_endpoints_clear(&inventory->endpoints[i]);
	for (size_t i = 0; i < inventory->node_count; i++)
		inventory_node_clear(&inventory->nodes[i]);
	for (size_t i = 0; i < inventory->ranges_count; i++)
		inventory_ranges_clear(&inventory->ranges[i]);
	for (size_t i = 0; i < inventory->backend_count; i++)
		inventory_backend_clear(&inventory->backends[i]);
	for (size_t i = 0; i < inventory->change_count; i++)
		change_clear(&inventory->changes[i]);
	for (size_t i = 0; i < inventory->file_count; i++)
		free(inventory->files[i]);
	for (size_t i = 0; i < whole->owner_count; i++)
		inventory_owner_clear(&whole->owners[i]);
	for (size_t i = 0; i < whole->static_uid_count; i++) {
		free(whole->static_uids[i].kubelet);
		free(whole->static_uids[i].api);
	}
	free(inventory->pods);
	free(inventory->templates);
	free(inventory->namespaces);
	free(inventory->services);
	free(inventory->endpoints);
	free(inventory->nodes);
	free(inventory->ranges);
	free(inventory->backends);
	free(inventory->changes);
	free(inventory->files);
	free(whole->owners);
	free(whole->static_uids);
	free(whole->uids);
	free(whole->services.entries);
	free(whole->nodes.entries);
	free(whole);
	return NULL;
}

int inventory_grow(void *items, size_t item_size, size_t count, size_t *capacity)
{
	size_t wanted = *capacity ? *capacity * 2 : 16;
	void *grown;

	if (count < *capacity)
		return 0;
	grown = reallocarray(*(void **)items, wanted, item_size);
	if (!grown)
		return -ENOMEM;
	*(void **)items = grown;
	*capacity = wanted;
	return 0;
}

static int add_static_uid(struct whole *whole, char *kubelet, const char *api)
{
	struct static_uid uid = {kubelet, strdup(api)};

	if (!uid.api || inventory_grow(&whole->static_uids, sizeof(uid), whole->static_uid_count,
				       &whole->static_uid_capacity) < 0) {
		free(uid.kubelet);
		free(uid.api);
		return -ENOMEM;
	}
	whole->static_uids[whole->static_uid_count++] = uid;
	return 0;
}

static int add_pod(struct whole *whole, struct object_reader *reader, const struct node *object)
{
	struct inventory *inventory = &whole->inventory;
	struct inventory_pod pod = {0};
	char *static_uid = NULL;
	int r;

	object_read_pod(reader, object, &pod, &static_uid);
	r = reader->error;
	if (r == 0)
		r = inventory_grow(&inventory->pods, sizeof(pod), inventory->pod_count,
				   &whole->pod_capacity);
	if (r == 0 && static_uid) {
		r = add_static_uid(whole, static_uid, pod.uid);
		static_uid = NULL;
	}
	if (r == 0)
		inventory->pods[inventory->pod_count++] = pod;
	else
		inventory_pod_clear(&pod);
	free(static_uid);
	return r;
}

static int add_namespace(struct whole *whole, struct object_reader *reader,
			 const struct node *object)
{
	struct inventory *inventory = &whole->inventory;
	struct inventory_namespace namespace = {0};
	int r;

	object_read_namespace(reader, object, &namespace);
	r = reader->error;
	if (r == 0)
		r = inventory_grow(&inventory->namespaces, sizeof(namespace),
				   inventory->namespace_count, &whole->namespace_capacity);
	if (r == 0)
		inventory->namespaces[inventory->namespace_count++] = namespace;
	else
		inventory_namespace_clear(&namespace);
	return r;
}

typedef void read_backends(struct object_reader *reader, const struct node *object,
			   struct inventory_backend **backends, size_t *count);

static int add_backends(struct whole *whole, struct object_reader *reader,
			const struct node *object, read_backends *read)
{
	struct inventory *inventory = &whole->inventory;
	struct inventory_backend *backends = NULL;
	size_t count = 0;
	int r;

	read(reader, object, &backends, &count);
	r = reader->error;
	for (size_t i = 0; i < count; i++) {
		if (r == 0)
			r = inventory_grow(&inventory->backends, sizeof(*backends),
					   inventory->backend_count, &whole->backend_capacity);
		if (r == 0)
			inventory->backends[inventory->backend_count++] = backends[i];
		else
			inventory_backend_clear(&backends[i]);
	}
	free(backends);
	return r;
}

static int add_ingress(struct whole *whole, struct object_reader *reader, const struct node *object)
{
	return add_backends(whole, reader, object, object_read_ingress);
}

static int add_target_group(struct whole *whole, struct object_reader *reader,
			    const struct node *object)
{
	return add_backends(whole, reader, object, object_read_target_group);
}

static int add_service(struct whole *whole, struct object_reader *reader, const struct node *object)
{
	struct inventory *inventory = &whole->inventory;
	struct inventory_service service = {0};
	int r;

	object_read_service(reader, object, &service);
	r = reader->error;
	if (r == 0)
		r = inventory_grow(&inventory->services, sizeof(service), inventory->service_count,
				   &whole->service_capacity);
	if (r == 0)
		inventory->services[inventory->service_count++] = service;
	else
		inventory_service_clear(&service);
	return r < 0 ? r : add_backends(whole, reader, object, object_read_endpoint_groups);
}

static int add_endpoints(struct whole *whole, struct object_reader *reader,
			 struct inventory_endpoints *endpoints)
{
	struct inventory *inventory = &whole->inventory;
	int r = reader->error;

	if (r == 0)
		r = inventory_grow(&inventory->endpoints, sizeof(*endpoints),
				   inventory->endpoints_count, &whole->endpoints_capacity);
	if (r == 0)
		inventory->endpoints[inventory->endpoints_count++] = *endpoints;
	else
		inventory_endpoints_clear(endpoints);
	return r;
}

static int add_slice(struct whole *whole, struct object_reader *reader, const struct node *object)
{
	struct inventory_endpoints endpoints = {0};

	object_read_slice(reader, object, &endpoints);
	return add_endpoints(whole, reader, &endpoints);
}

static int add_v1_endpoints(struct whole *whole, struct object_reader *reader,
			    const struct node *object)
{
	struct inventory_endpoints endpoints = {0};

	object_read_endpoints(reader, object, &endpoints);
	return add_endpoints(whole, reader, &endpoints);
}

static int keep_node(struct whole *whole, struct object_reader *reader, struct inventory_node *node)
{
	struct inventory *inventory = &whole->inventory;
	int r = reader->error;

	if (r == 0)
		r = inventory_grow(&inventory->nodes, sizeof(*node), inventory->node_count,
				   &whole->node_capacity);
	if (r == 0)
		inventory->nodes[inventory->node_count++] = *node;
	else
		inventory_node_clear(node);
	return r;
}

static int add_node(struct whole *whole, struct object_reader *reader, const struct node *object)
{
	struct inventory_node node = {0};

	object_read_node(reader, object, &node);
	return keep_node(whole, reader, &node);
}

static int keep_ranges(struct whole *whole, struct object_reader *reader,
		       struct inventory_ranges *ranges)
{
	struct inventory *inventory = &whole->inventory;
	int r = reader->error;

	if (r == 0)
		r = inventory_grow(&inventory->ranges, sizeof(*ranges), inventory->ranges_count,
				   &whole->ranges_capacity);
	if (r == 0)
		inventory->ranges[inventory->ranges_count++] = *ranges;
	else
		inventory_ranges_clear(ranges);
	return r;
}

static int add_service_range(struct whole *whole, struct object_reader *reader,
			     const struct node *object)
{
	struct inventory_ranges ranges = {0};

	object_read_service_range(reader, object, &ranges);
	return keep_ranges(whole, reader, &ranges);
}

static int add_pool(struct whole *whole, struct object_reader *reader, const struct node *object)
{
	struct inventory_ranges ranges = {0};

	object_read_pool(reader, object, &ranges);
	return keep_ranges(whole, reader, &ranges);
}

static int add_subnets(struct whole *whole, struct object_reader *reader, const struct node *object)
{
	struct inventory_ranges ranges = {0};

	object_read_subnets(reader, object, &ranges);
	if (ranges.count > 0 || reader->error < 0)
		return keep_ranges(whole, reader, &ranges);
	inventory_ranges_clear(&ranges);
	return 0;
}

static int add_cilium_node(struct whole *whole, struct object_reader *reader,
			   const struct node *object)
{
	struct inventory_node node = {0};
	int r;

	object_read_cilium_node(reader, object, &node);
	r = keep_node(whole, reader, &node);
	return r < 0 ? r : add_subnets(whole, reader, object);
}

static int add_cilium_pool(struct whole *whole, struct object_reader *reader,
			   const struct node *object)
{
	struct inventory_ranges ranges = {0};

	object_read_cilium_pool(reader, object, &ranges);
	return keep_ranges(whole, reader, &ranges);
}

static const struct kind {
	const char *version;
	const char *kind;
	bool namespaced;
	int (*add)(struct whole *, struct object_reader *, const struct node *);
} kinds[] = {
    {"v1", "Pod", true, add_pod},
    {"v1", "Namespace", false, add_namespace},
    {"v1", "Service", true, add_service},
    {"v1", "Endpoints", true, add_v1_endpoints},
    {"v1", "Node", false, add_node},
    {"discovery.k8s.io/v1", "EndpointSlice", true, add_slice},
    {"discovery.k8s.io/v1beta1", "EndpointSlice", true, add_slice},
    {"cilium.io/v2", "CiliumNode", false, add_cilium_node},
    {"cilium.io/v2", "CiliumPodIPPool", false, add_cilium_pool},
    {"cilium.io/v2alpha1", "CiliumPodIPPool", false, add_cilium_pool},
    {"networking.k8s.io/v1", "Ingress", true, add_ingress},
    {"elbv2.k8s.aws/v1beta1", "TargetGroupBinding", true, add_target_group},
    {"eks.amazonaws.com/v1", "TargetGroupBinding", true, add_target_group},
    {"networking.k8s.io/v1", "ServiceCIDR", false, add_service_range},
    {"networking.k8s.io/v1beta1", "ServiceCIDR", false, add_service_range},
    {"networking.k8s.io/v1alpha1", "ServiceCIDR", false, add_service_range},
    {"projectcalico.org/v3", "IPPool", false, add_pool},
    {"crd.projectcalico.org/v1", "IPPool", false, add_pool},
};

static bool kind_is(const char *text, size_t length, const char *kind)
{
	return strlen(kind) == length && memcmp(text, kind, length) == 0;
}

static int add_object(struct whole *whole, struct object_reader *reader, const struct node *object,
		      const char *version, const char *kind, size_t kind_length)
{
	const struct node *metadata = node_get(object, "metadata");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *name = node_get_text(metadata, "name");
		const char *namespace = node_get_text(metadata, "namespace");

		if (strcmp(version, kinds[i].version) != 0 ||
		    !kind_is(kind, kind_length, kinds[i].kind))
			continue;
		if (!name || !*name)
			object_problem(reader, object, "%s without metadata.name: left out",
				       kinds[i].kind);
		else if (kinds[i].namespaced && !reader->namespace && (!namespace || !*namespace))
			object_problem(reader, object, "%s %s without metadata.namespace: left out",
				       kinds[i].kind, name);
		else
			return kinds[i].add(whole, reader, object);
		return 0;
	}
	if (reader->namespace) {
		int r = inventory_add_template(whole, reader, object, version, kind, kind_length);

		if (r < 0)
			return r;
	}
	return inventory_add_owner(whole, object, kind, kind_length);
}

static bool ends_with(const char *text, size_t length, const char *suffix)
{
	size_t suffix_length = strlen(suffix);

	return length >= suffix_length &&
	       memcmp(text + length - suffix_length, suffix, suffix_length) == 0;
}

/* list_kind: what the items of the list around it are ("" outside of a typed list); they need not
 * say it themselves. */
static int add_any(struct whole *whole, struct object_reader *reader, const struct node *object,
		   const char *list_kind, size_t list_kind_length, const char *list_version)
{
	const char *kind = node_get_text(object, "kind");
	const char *version = node_get_text(object, "apiVersion");
	size_t length = kind ? strlen(kind) : list_kind_length;

	if (node_kind(object) != NODE_MAPPING) {
		object_problem(reader, object, "expected a Kubernetes object");
		return 0;
	}
	kind = kind ? kind : list_kind;
	version = version ? version : list_version;
	if (length == 0) {
		object_problem(reader, object, "expected a Kubernetes object: there is no kind");
		return 0;
	}
	if (kind_is(kind, length, "List") ||
	    (ends_with(kind, length, "List") &&
	     !node_get_text(node_get(object, "metadata"), "name"))) {
		const struct node *items = node_get(object, "items");
		int r = 0;

		if (node_kind(items) == NODE_MAPPING || node_kind(items) == NODE_SCALAR)
			object_problem(reader, items, "items: expected a list");
		for (size_t i = 0; i < node_count(items) && r == 0; i++)
			if (node_kind(items) == NODE_SEQUENCE)
				r = add_any(whole, reader, node_item(items, i), kind,
					    length - strlen("List"), version);
		return r;
	}
	return add_object(whole, reader, object, version, kind, length);
}

static const char *add_file(struct whole *whole, const char *name)
{
	struct inventory *inventory = &whole->inventory;
	char *file;

	/* Of what a node stored there are many documents of one name. */
	if (inventory->file_count > 0 &&
	    strcmp(inventory->files[inventory->file_count - 1], name) == 0)
		return inventory->files[inventory->file_count - 1];
	file = strdup(name);
	if (!file || inventory_grow(&inventory->files, sizeof(char *), inventory->file_count,
				    &whole->file_capacity) < 0) {
		free(file);
		return NULL;
	}
	inventory->files[inventory->file_count++] = file;
	return file;
}

size_t inventory_size(const struct inventory *inventory)
{
	return inventory->pod_count + inventory->template_count + inventory->namespace_count +
	       inventory->service_count + inventory->endpoints_count + inventory->node_count +
	       inventory->ranges_count + inventory->backend_count +
	       whole_of_const(inventory)->owner_count;
}

static void add_turns(struct inventory_pod *pod, const struct addr *addresses, size_t count,
		      struct pod_address turn)
{
	for (size_t i = 0; i < count; i++) {
		turn.address = addresses[i];
		pod->turns[pod->turn_count++] = turn;
	}
}

/* A pod has its address from its start on, unless it is known to have had another before. */
static int tell_turns(struct inventory_pod *pod, const struct inventory_told *told)
{
	size_t count = pod->address_count + pod->secondary_count;
	struct pod_address turn = {.since = told->since, .until = told->until};

	if (pod->finished || pod->host_network || count == 0)
		return 0;
	if (pod->started > told->since || (told->first && pod->started != INT64_MIN))
		turn.since = pod->started;
	if (turn.since >= turn.until)
		return 0;
	pod->turns = calloc(count, sizeof(*pod->turns));
	if (!pod->turns)
		return -ENOMEM;
	add_turns(pod, pod->addresses, pod->address_count, turn);
	turn.secondary = true;
	add_turns(pod, pod->secondary, pod->secondary_count, turn);
	return 0;
}

static int add_document(struct inventory *inventory, const struct document *document,
			const struct inventory_told *told, const char *namespace,
			struct problems *problems)
{
	struct whole *whole = whole_of(inventory);
	struct object_reader reader = {.file = add_file(whole, document_name(document)),
				       .problems = problems,
				       .namespace = namespace};
	size_t first = inventory->pod_count, before = inventory_size(inventory);
	size_t first_ranges = inventory->ranges_count;
	int r = reader.file ? 0 : -ENOMEM;

	whole->of_manifests |= namespace != NULL;
	for (size_t i = 0; i < document_count(document) && r == 0; i++) {
		const struct node *root = document_root(document, i);

		if (node_kind(root) != NODE_NULL)
			r = add_any(whole, &reader, root, "", 0, "v1");
	}
	for (size_t i = first; i < inventory->pod_count && r == 0; i++) {
		struct inventory_pod *pod = &inventory->pods[i];

		r = tell_turns(pod, told);
		pod->source = told->source;
		pod->finished |= told->source < INVENTORY_STORED;
	}
	for (size_t i = first_ranges; i < inventory->ranges_count; i++)
		inventory->ranges[i].until =
		    told->source < INVENTORY_STORED ? told->until : INTERVAL_OPEN;
	inventory->has_objects |= inventory_size(inventory) > before;
	return r;
}

int inventory_add_stored(struct inventory *inventory, const struct document *document,
			 const struct inventory_told *told, struct problems *problems)
{
	return add_document(inventory, document, told, NULL, problems);
}

static const struct inventory_told told_now = {
    .source = INVENTORY_FILE, .since = INT64_MIN, .until = INTERVAL_OPEN, .first = true};

int inventory_add(struct inventory *inventory, const struct document *document,
		  struct problems *problems)
{
	return add_document(inventory, document, &told_now, NULL, problems);
}

int inventory_add_manifest(struct inventory *inventory, const struct document *document,
			   struct problems *problems)
{
	return add_document(inventory, document, &told_now, "default", problems);
}

static char *copy_text(const char *text, int *error)
{
	char *copy = strdup(text);

	if (!copy)
		*error = -ENOMEM;
	return copy;
}

/* What the kubelet and the runtime give the sandbox for themselves is no label of the pod. */
static void drop_own_labels(struct labels *labels)
{
	static const char own[] = "io.kubernetes.";
	size_t kept = 0;

	for (size_t i = 0; i < labels->count; i++) {
		struct label label = labels->items[i];

		if (strncmp(label.key, own, strlen(own)) != 0) {
			labels->items[kept++] = label;
			continue;
		}
		free(label.key);
		free(label.value);
	}
	labels->count = kept;
}

static int copy_pod(const char *node, const struct pod *pod, struct inventory_pod *ret)
{
	int r = 0;

	*ret = (struct inventory_pod){
	    .source = INVENTORY_RECORDED,
	    .namespace = copy_text(pod->namespace, &r),
	    .name = copy_text(pod->name, &r),
	    .uid = copy_text(pod->uid, &r),
	    .node = copy_text(node, &r),
	    .owner_kind = copy_text("", &r),
	    .owner_name = copy_text("", &r),
	    .top_kind = copy_text("", &r),
	    .top_name = copy_text("", &r),
	    .generate_name = copy_text("", &r),
	    .conflict = copy_text("", &r),
	    .container = copy_text("", &r),
	    .sidecar = "",
	    .file = "",
	    .host_network = pod->host_network,
	    .network_told = pod->host_network,
	    .finished = pod->ended != 0 && pod->ended != INTERVAL_OPEN,
	    .started = INT64_MIN,
	    .moment = pod->created,
	};
	if (r == 0)
		r = labels_copy(&pod->labels, &ret->labels);
	drop_own_labels(&ret->labels);
	return r < 0 ? r : inventory_prove_owner(ret);
}

int inventory_add_pod(struct inventory *inventory, const char *node, const struct pod *pod)
{
	struct whole *whole = whole_of(inventory);
	struct inventory_pod copy;
	int r;

	if (!pod->labelled || *pod->conflict || !*pod->name)
		return 0;
	r = copy_pod(node, pod, &copy);
	if (r == 0)
		r = inventory_grow(&inventory->pods, sizeof(copy), inventory->pod_count,
				   &whole->pod_capacity);
	if (r == 0)
		inventory->pods[inventory->pod_count++] = copy;
	else
		inventory_pod_clear(&copy);
	return r;
}

static int compare_namespaces(const void *left, const void *right)
{
	const struct inventory_namespace *a = left, *b = right;

	return strcmp(a->name, b->name);
}

static int compare_services(const void *left, const void *right)
{
	const struct inventory_service *a = left, *b = right;
	int order = strcmp(a->namespace, b->namespace);

	return order ? order : strcmp(a->name, b->name);
}

static int compare_endpoints(const void *left, const void *right)
{
	const struct inventory_endpoints *a = left, *b = right;
	int order = strcmp(a->namespace, b->namespace);

	order = order ? order : strcmp(a->name, b->name);
	return order ? order : a->slice - b->slice;
}

static int compare_nodes(const void *left, const void *right)
{
	const struct inventory_node *a = left, *b = right;

	return strcmp(a->name, b->name);
}

static int compare_ranges(const void *left, const void *right)
{
	const struct inventory_ranges *a = left, *b = right;
	int order = strcmp(a->kind, b->kind);

	order = order ? order : strcmp(a->name, b->name);
	return order ? order : (a->until > b->until) - (a->until < b->until);
}

static int compare_backends(const void *left, const void *right)
{
	const struct inventory_backend *a = left, *b = right;
	int order = strcmp(a->namespace, b->namespace);

	order = order ? order : strcmp(a->service, b->service);
	return order ? order : strcmp(a->port, b->port);
}

static void fill_addresses(struct addr **kept, size_t *kept_count, struct addr **other,
			   size_t *other_count)
{
	struct addr *addresses = *kept;

	if (*kept_count > 0)
		return;
	*kept = *other;
	*other = addresses;
	*kept_count = *other_count;
	*other_count = 0;
}

/* What a Node has and what its CiliumNode has are both true: the one of them may be unused. */
static int join_ranges(struct inventory_node *kept, const struct inventory_node *other)
{
	size_t count = kept->pod_range_count + other->pod_range_count;
	struct prefix *ranges;

	if (other->pod_range_count == 0 || (kept->pod_ranges_of & other->pod_ranges_of) != 0)
		return 0;
	ranges = reallocarray(kept->pod_ranges, count, sizeof(*ranges));
	if (!ranges)
		return -ENOMEM;
	kept->pod_ranges = ranges;
	memcpy(ranges + kept->pod_range_count, other->pod_ranges,
	       other->pod_range_count * sizeof(*ranges));
	kept->pod_range_count = count;
	object_settle_ranges(kept->pod_ranges, &kept->pod_range_count);
	kept->pod_ranges_of |= other->pod_ranges_of;
	return 0;
}

/* context: the first error. */
static void fill_node(void *context, void *kept, void *other)
{
	struct inventory_node *a = kept, *b = other;
	int *error = context, r;

	fill_addresses(&a->addresses, &a->address_count, &b->addresses, &b->address_count);
	fill_addresses(&a->external, &a->external_count, &b->external, &b->external_count);
	fill_addresses(&a->tunnels, &a->tunnel_count, &b->tunnels, &b->tunnel_count);
	r = join_ranges(a, b);
	*error = *error < 0 ? *error : r;
}

void inventory_compare_namesakes(struct problems *problems, const struct namesake *believed,
				 const struct namesake *other)
{
	char *subject;

	if (labels_equal(believed->labels, other->labels) ||
	    asprintf(&subject, "%s:%u", other->file, other->line) < 0)
		return;
	problem_add(problems, PROBLEM_WARNING, subject,
		    "%s %s%s%s is there twice, with different labels: those in %s:%u are believed",
		    other->kind, other->namespace ? other->namespace : "",
		    other->namespace ? "/" : "", other->name, believed->file, believed->line);
	free(subject);
}

static struct namesake namesake_of(const struct inventory_namespace *namespace)
{
	return (struct namesake){"Namespace",     NULL,
				 namespace->name, &namespace->labels,
				 namespace->file, namespace->line};
}

static void compare_namesakes(void *context, void *kept, void *other)
{
	const struct namesake believed = namesake_of(kept), another = namesake_of(other);

	inventory_compare_namesakes(context, &believed, &another);
}

static int sort_all(struct whole *whole, struct problems *problems)
{
	struct inventory *inventory = &whole->inventory;
	int filled = 0;
	struct table namespaces = {.items = inventory->namespaces,
				   .size = sizeof(*inventory->namespaces),
				   .count = inventory->namespace_count,
				   .compare = compare_namespaces,
				   .clear = inventory_namespace_clear,
				   .fill = whole->of_manifests ? compare_namesakes : NULL,
				   .context = problems};
	struct table services = {.items = inventory->services,
				 .size = sizeof(*inventory->services),
				 .count = inventory->service_count,
				 .compare = compare_services,
				 .clear = inventory_service_clear};
	struct table endpoints = {.items = inventory->endpoints,
				  .size = sizeof(*inventory->endpoints),
				  .count = inventory->endpoints_count,
				  .compare = compare_endpoints,
				  .clear = inventory_endpoints_clear};
	struct table nodes = {.items = inventory->nodes,
			      .size = sizeof(*inventory->nodes),
			      .count = inventory->node_count,
			      .compare = compare_nodes,
			      .clear = inventory_node_clear,
			      .fill = fill_node,
			      .context = &filled};
	struct table ranges = {.items = inventory->ranges,
			       .size = sizeof(*inventory->ranges),
			       .count = inventory->ranges_count,
			       .compare = compare_ranges,
			       .clear = inventory_ranges_clear};
	struct table backends = {.items = inventory->backends,
				 .size = sizeof(*inventory->backends),
				 .count = inventory->backend_count,
				 .compare = compare_backends,
				 .clear = inventory_backend_clear};
	struct table *const all[] = {&namespaces, &services, &endpoints,
				     &nodes,      &ranges,   &backends};
	int r = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && r == 0; i++)
		r = table_finish(all[i]);
	inventory->namespaces = namespaces.items;
	inventory->namespace_count = namespaces.count;
	inventory->services = services.items;
	inventory->service_count = services.count;
	inventory->endpoints = endpoints.items;
	inventory->endpoints_count = endpoints.count;
	inventory->nodes = nodes.items;
	inventory->node_count = nodes.count;
	inventory->ranges = ranges.items;
	inventory->ranges_count = ranges.count;
	inventory->backends = backends.items;
	inventory->backend_count = backends.count;
	return r < 0 ? r : filled;
}

/* Two nodes with one address are no cluster: the files do not belong together. */
static void check_nodes(const struct whole *whole, struct problems *problems)
{
	for (size_t i = 1; i < whole->nodes.count; i++) {
		const struct address_entry *a = &whole->nodes.entries[i - 1], *b = a + 1;
		char text[ADDR_TEXT_MAX];

		if (addr_equal(a->address, b->address))
			problem_add(problems, PROBLEM_WARNING, addr_format(a->address, text),
				    "is the address of node %s and of node %s",
				    whole->inventory.nodes[a->index].name,
				    whole->inventory.nodes[b->index].name);
	}
}

/* Where pods come from a record as well, it is told of what is made of them. */
static void tell_conflicts(const struct inventory *inventory, struct problems *problems)
{
	for (size_t i = 0; i < inventory->pod_count; i++) {
		const struct inventory_pod *pod = &inventory->pods[i];
		char *subject;

		if (!*pod->conflict || asprintf(&subject, "%s:%u", pod->file, pod->line) < 0)
			continue;
		problem_add(problems, PROBLEM_WARNING, subject,
			    "Pod %s/%s: what is told of it contradicts itself (%s): what it may do "
			    "is not known",
			    pod->namespace, pod->name, pod->conflict);
		free(subject);
	}
}

int inventory_finish(struct inventory *inventory, struct problems *problems)
{
	struct whole *whole = whole_of(inventory);
	int r = inventory_merge_pods(whole, problems);

	if (r == 0)
		r = inventory_sort_templates(whole, problems);
	if (r == 0)
		r = sort_all(whole, problems);
	if (r == 0)
		r = inventory_find_owners(whole);
	if (r == 0)
		r = inventory_index(whole);
	if (r == 0)
		check_nodes(whole, problems);
	if (r == 0 && whole->of_manifests)
		tell_conflicts(inventory, problems);
	return r;
}
