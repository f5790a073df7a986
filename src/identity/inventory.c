#include "identity/inventory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "identity/inventory_object.h"

#define CRON_SUFFIX_MIN 8

struct uid_entry {
	const char *uid;
	const struct inventory_pod *pod;
};

struct address_entry {
	struct addr address;
	size_t index; /* of the service or node */
};

struct static_uid {
	char *kubelet;
	char *api;
};

struct index {
	struct address_entry *entries;
	size_t count;
};

/* What inventory_new() really makes: the public part and what finding needs. */
struct whole {
	struct inventory inventory;
	size_t pod_capacity, namespace_capacity, service_capacity, endpoints_capacity,
	    node_capacity, file_capacity;
	struct static_uid *static_uids;
	size_t static_uid_count, static_uid_capacity;
	struct uid_entry *uids; /* by uid, those of static pods included */
	size_t uid_count;
	struct index services;
	struct index nodes;
};

static struct whole *whole_of(struct inventory *inventory)
{
	return (struct whole *)inventory;
}

static const struct whole *whole_of_const(const struct inventory *inventory)
{
	return (const struct whole *)inventory;
}

struct inventory *inventory_new(void)
{
	struct whole *whole = calloc(1, sizeof(*whole));

	return whole ? &whole->inventory : NULL;
}

struct inventory *inventory_free(struct inventory *inventory)
{
	struct whole *whole = whole_of(inventory);

	if (!inventory)
		return NULL;
	for (size_t i = 0; i < inventory->pod_count; i++)
		inventory_pod_clear(&inventory->pods[i]);
	for (size_t i = 0; i < inventory->namespace_count; i++)
		inventory_namespace_clear(&inventory->namespaces[i]);
	for (size_t i = 0; i < inventory->service_count; i++)
		inventory_service_clear(&inventory->services[i]);
	for (size_t i = 0; i < inventory->endpoints_count; i++)
		inventory_endpoints_clear(&inventory->endpoints[i]);
	for (size_t i = 0; i < inventory->node_count; i++)
		inventory_node_clear(&inventory->nodes[i]);
	for (size_t i = 0; i < inventory->file_count; i++)
		free(inventory->files[i]);
	for (size_t i = 0; i < whole->static_uid_count; i++) {
		free(whole->static_uids[i].kubelet);
		free(whole->static_uids[i].api);
	}
	free(inventory->pods);
	free(inventory->namespaces);
	free(inventory->services);
	free(inventory->endpoints);
	free(inventory->nodes);
	free(inventory->files);
	free(whole->static_uids);
	free(whole->uids);
	free(whole->services.entries);
	free(whole->nodes.entries);
	free(whole);
	return NULL;
}

static int grow(void *items, size_t item_size, size_t count, size_t *capacity)
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

	if (!uid.api || grow(&whole->static_uids, sizeof(uid), whole->static_uid_count,
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
	pod.source = INVENTORY_FILE;
	r = reader->error;
	if (r == 0)
		r = grow(&inventory->pods, sizeof(pod), inventory->pod_count, &whole->pod_capacity);
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
		r = grow(&inventory->namespaces, sizeof(namespace), inventory->namespace_count,
			 &whole->namespace_capacity);
	if (r == 0)
		inventory->namespaces[inventory->namespace_count++] = namespace;
	else
		inventory_namespace_clear(&namespace);
	return r;
}

static int add_service(struct whole *whole, struct object_reader *reader, const struct node *object)
{
	struct inventory *inventory = &whole->inventory;
	struct inventory_service service = {0};
	int r;

	object_read_service(reader, object, &service);
	r = reader->error;
	if (r == 0)
		r = grow(&inventory->services, sizeof(service), inventory->service_count,
			 &whole->service_capacity);
	if (r == 0)
		inventory->services[inventory->service_count++] = service;
	else
		inventory_service_clear(&service);
	return r;
}

static int add_endpoints(struct whole *whole, struct object_reader *reader,
			 struct inventory_endpoints *endpoints)
{
	struct inventory *inventory = &whole->inventory;
	int r = reader->error;

	if (r == 0)
		r = grow(&inventory->endpoints, sizeof(*endpoints), inventory->endpoints_count,
			 &whole->endpoints_capacity);
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
		r = grow(&inventory->nodes, sizeof(*node), inventory->node_count,
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

static int add_cilium_node(struct whole *whole, struct object_reader *reader,
			   const struct node *object)
{
	struct inventory_node node = {0};

	object_read_cilium_node(reader, object, &node);
	return keep_node(whole, reader, &node);
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
		else if (kinds[i].namespaced && (!namespace || !*namespace))
			object_problem(reader, object, "%s %s without metadata.namespace: left out",
				       kinds[i].kind, name);
		else
			return kinds[i].add(whole, reader, object);
	}
	return 0;
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
	if (ends_with(kind, length, "List") &&
	    !node_get_text(node_get(object, "metadata"), "name")) {
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

	for (size_t i = 0; i < inventory->file_count; i++)
		if (strcmp(inventory->files[i], name) == 0)
			return inventory->files[i];
	file = strdup(name);
	if (!file || grow(&inventory->files, sizeof(char *), inventory->file_count,
			  &whole->file_capacity) < 0) {
		free(file);
		return NULL;
	}
	inventory->files[inventory->file_count++] = file;
	return file;
}

int inventory_add(struct inventory *inventory, const struct document *document,
		  struct problems *problems)
{
	struct whole *whole = whole_of(inventory);
	struct object_reader reader = {.file = add_file(whole, document_name(document)),
				       .problems = problems};
	int r = reader.file ? 0 : -ENOMEM;

	for (size_t i = 0; i < document_count(document) && r == 0; i++) {
		const struct node *root = document_root(document, i);

		if (node_kind(root) != NODE_NULL)
			r = add_any(whole, &reader, root, "", 0, "v1");
	}
	return r;
}

static int compare_pods(const void *left, const void *right)
{
	const struct inventory_pod *a = left, *b = right;
	int order = strcmp(a->namespace, b->namespace);

	if (order == 0)
		order = strcmp(a->name, b->name);
	return order ? order : strcmp(a->uid, b->uid);
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

static int compare_uids(const void *left, const void *right)
{
	return strcmp(((const struct uid_entry *)left)->uid,
		      ((const struct uid_entry *)right)->uid);
}

static int compare_addresses(const void *left, const void *right)
{
	const struct address_entry *a = left, *b = right;
	int order = addr_compare(a->address, b->address);

	return order ? order : (a->index > b->index) - (a->index < b->index);
}

/* An array of anything. */
struct table {
	void *items;
	size_t size;
	size_t count;
	int (*compare)(const void *, const void *);
	void (*clear)(void *);
};

static char *table_item(const struct table *table, size_t index)
{
	return (char *)table->items + index * table->size;
}

/* Of equals the one read last comes first. */
static int compare_order(const void *left, const void *right, void *context)
{
	const struct table *table = context;
	size_t a = *(const size_t *)left, b = *(const size_t *)right;
	int order = table->compare(table_item(table, a), table_item(table, b));

	return order ? order : (a < b) - (a > b);
}

/* Sorts; of equals the first stays, the others are cleared. */
static int table_finish(struct table *table)
{
	size_t *order = calloc(table->count + 1, sizeof(*order));
	char *sorted = calloc(table->count + 1, table->size);
	size_t kept = 0;

	if (!order || !sorted) {
		free(order);
		free(sorted);
		return -ENOMEM;
	}
	for (size_t i = 0; i < table->count; i++)
		order[i] = i;
	qsort_r(order, table->count, sizeof(*order), compare_order, table);
	for (size_t i = 0; i < table->count; i++) {
		char *item = table_item(table, order[i]);

		if (kept > 0 && table->compare(sorted + (kept - 1) * table->size, item) == 0)
			table->clear(item);
		else
			memcpy(sorted + kept++ * table->size, item, table->size);
	}
	free(order);
	free(table->items);
	table->items = sorted;
	table->count = kept;
	return 0;
}

#define TABLE(kind)                                                                                \
	struct table kind##s = {inventory->kind##s, sizeof(*inventory->kind##s),                   \
				inventory->kind##_count, compare_##kind##s,                        \
				inventory_##kind##_clear}

static int sort_all(struct inventory *inventory)
{
	TABLE(pod);
	TABLE(namespace);
	TABLE(service);
	TABLE(node);
	struct table endpoints = {inventory->endpoints, sizeof(*inventory->endpoints),
				  inventory->endpoints_count, compare_endpoints,
				  inventory_endpoints_clear};
	struct table *const all[] = {&pods, &namespaces, &services, &endpoints, &nodes};
	int r = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && r == 0; i++)
		r = table_finish(all[i]);
	inventory->pods = pods.items;
	inventory->pod_count = pods.count;
	inventory->namespaces = namespaces.items;
	inventory->namespace_count = namespaces.count;
	inventory->services = services.items;
	inventory->service_count = services.count;
	inventory->endpoints = endpoints.items;
	inventory->endpoints_count = endpoints.count;
	inventory->nodes = nodes.items;
	inventory->node_count = nodes.count;
	return r;
}

static const struct inventory_pod *find_uid(const struct whole *whole, const char *uid)
{
	struct uid_entry wanted = {.uid = uid};
	const struct uid_entry *found = whole->uid_count == 0
					    ? NULL
					    : bsearch(&wanted, whole->uids, whole->uid_count,
						      sizeof(*whole->uids), compare_uids);

	return found ? found->pod : NULL;
}

static int index_uids(struct whole *whole)
{
	const struct inventory *inventory = &whole->inventory;
	size_t count = 0, found = 0;

	whole->uids =
	    calloc(inventory->pod_count + whole->static_uid_count + 1, sizeof(*whole->uids));
	if (!whole->uids)
		return -ENOMEM;
	for (size_t i = 0; i < inventory->pod_count; i++)
		if (*inventory->pods[i].uid)
			whole->uids[count++] =
			    (struct uid_entry){inventory->pods[i].uid, &inventory->pods[i]};
	if (count > 0)
		qsort(whole->uids, count, sizeof(*whole->uids), compare_uids);
	whole->uid_count = count;
	for (size_t i = 0; i < whole->static_uid_count; i++) {
		const struct static_uid *uid = &whole->static_uids[i];
		const struct inventory_pod *pod = find_uid(whole, uid->api);

		if (pod)
			whole->uids[count + found++] = (struct uid_entry){uid->kubelet, pod};
	}
	whole->uid_count = count + found;
	if (found > 0)
		qsort(whole->uids, whole->uid_count, sizeof(*whole->uids), compare_uids);
	return 0;
}

static void index_fill(struct index *index, const struct addr *addresses, size_t count, size_t at)
{
	for (size_t i = 0; i < count; i++)
		index->entries[index->count++] = (struct address_entry){addresses[i], at};
}

static int index_reserve(struct index *index, size_t count)
{
	index->entries = calloc(count + 1, sizeof(*index->entries));
	return index->entries ? 0 : -ENOMEM;
}

static int index_addresses(struct whole *whole)
{
	const struct inventory *inventory = &whole->inventory;
	size_t services = 0, nodes = 0;

	for (size_t i = 0; i < inventory->service_count; i++)
		services += inventory->services[i].address_count;
	for (size_t i = 0; i < inventory->node_count; i++)
		nodes += inventory->nodes[i].address_count;
	if (index_reserve(&whole->services, services) < 0 ||
	    index_reserve(&whole->nodes, nodes) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < inventory->service_count; i++)
		index_fill(&whole->services, inventory->services[i].addresses,
			   inventory->services[i].address_count, i);
	for (size_t i = 0; i < inventory->node_count; i++)
		index_fill(&whole->nodes, inventory->nodes[i].addresses,
			   inventory->nodes[i].address_count, i);
	qsort(whole->services.entries, services, sizeof(*whole->services.entries),
	      compare_addresses);
	qsort(whole->nodes.entries, nodes, sizeof(*whole->nodes.entries), compare_addresses);
	return 0;
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

int inventory_finish(struct inventory *inventory, struct problems *problems)
{
	struct whole *whole = whole_of(inventory);
	int r = sort_all(inventory);

	if (r == 0)
		r = index_uids(whole);
	if (r == 0)
		r = index_addresses(whole);
	if (r == 0)
		check_nodes(whole, problems);
	return r;
}

/* The first pod that is not before namespace and name. */
static size_t pods_from(const struct inventory *inventory, const char *namespace, const char *name)
{
	size_t low = 0, high = inventory->pod_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct inventory_pod *pod = &inventory->pods[middle];
		int order = strcmp(pod->namespace, namespace);

		if (order < 0 || (order == 0 && strcmp(pod->name, name) < 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool pod_is(const struct inventory *inventory, size_t index, const char *namespace,
		   const char *name)
{
	return index < inventory->pod_count &&
	       strcmp(inventory->pods[index].namespace, namespace) == 0 &&
	       strcmp(inventory->pods[index].name, name) == 0;
}

const struct inventory_pod *inventory_find_pod(const struct inventory *inventory,
					       const char *namespace, const char *name,
					       const char *uid)
{
	size_t at;

	if (*uid)
		return find_uid(whole_of_const(inventory), uid);
	at = pods_from(inventory, namespace, name);
	if (!pod_is(inventory, at, namespace, name) || pod_is(inventory, at + 1, namespace, name))
		return NULL;
	return &inventory->pods[at];
}

/* The first of those who have the address; SIZE_MAX if none has. */
static size_t index_find(const struct index *index, struct addr address)
{
	size_t low = 0, high = index->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addr_compare(index->entries[middle].address, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == index->count || !addr_equal(index->entries[low].address, address))
		return SIZE_MAX;
	return index->entries[low].index;
}

const struct inventory_service *inventory_find_service(const struct inventory *inventory,
						       struct addr address)
{
	size_t at = index_find(&whole_of_const(inventory)->services, address);

	return at == SIZE_MAX ? NULL : &inventory->services[at];
}

const struct inventory_node *inventory_find_node(const struct inventory *inventory,
						 struct addr address)
{
	size_t at = index_find(&whole_of_const(inventory)->nodes, address);

	return at == SIZE_MAX ? NULL : &inventory->nodes[at];
}

/* Length of text before "-suffix"; 0 if it does not end so or nothing is before it. */
static size_t length_before(const char *text, const char *suffix)
{
	size_t length = strlen(text), suffix_length = strlen(suffix);

	if (suffix_length == 0 || length < suffix_length + 2 || !ends_with(text, length, suffix) ||
	    text[length - suffix_length - 1] != '-')
		return 0;
	return length - suffix_length - 1;
}

/* A CronJob's jobs end in the scheduled minute, older ones in the second. */
static size_t length_before_time(const char *text)
{
	const char *dash = strrchr(text, '-');

	if (!dash || dash == text || strlen(dash + 1) < CRON_SUFFIX_MIN ||
	    dash[1 + strspn(dash + 1, "0123456789")])
		return 0;
	return (size_t)(dash - text);
}

/* The owner's owner, as far as names tell; *ret_length is how much of the owner's name is its name.
 */
static const char *grand_owner(const struct inventory_pod *pod, size_t *ret_length)
{
	static const struct {
		const char *label;
		const char *kind;
	} hashes[] = {{"pod-template-hash", "Deployment"},
		      {"rollouts-pod-template-hash", "Rollout"}};

	if (strcmp(pod->owner_kind, "Job") == 0) {
		*ret_length = length_before_time(pod->owner_name);
		return "CronJob";
	}
	*ret_length = 0;
	for (size_t i = 0; i < 2 && strcmp(pod->owner_kind, "ReplicaSet") == 0; i++) {
		const char *hash = labels_get(&pod->labels, hashes[i].label);

		*ret_length = hash ? length_before(pod->owner_name, hash) : 0;
		if (*ret_length > 0)
			return hashes[i].kind;
	}
	return NULL;
}

int inventory_workload(const struct inventory_pod *pod, char **ret_kind, char **ret_name)
{
	const char *name = pod->owner_name, *kind = pod->owner_kind, *above;
	size_t length = strlen(name), above_length;
	char *kind_copy, *name_copy;

	above = grand_owner(pod, &above_length);
	if (above_length > 0) {
		kind = above;
		length = above_length;
	} else if (!*kind || !*name || strcmp(kind, "Node") == 0) {
		kind = "Pod";
		name = pod->name;
		length = strlen(name);
	}
	kind_copy = strdup(kind);
	name_copy = strndup(name, length);
	if (!kind_copy || !name_copy) {
		free(kind_copy);
		free(name_copy);
		return -ENOMEM;
	}
	*ret_kind = kind_copy;
	*ret_name = name_copy;
	return 0;
}
