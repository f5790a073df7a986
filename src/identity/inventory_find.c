#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity/inventory_whole.h"

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

int inventory_index(struct whole *whole)
{
	int r = index_uids(whole);

	return r < 0 ? r : index_addresses(whole);
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

size_t inventory_pods_of(const struct inventory *inventory, const char *namespace)
{
	return pods_from(inventory, namespace, "");
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

/* The first of that service, or what comes after it. */
static size_t backends_from(const struct inventory *inventory,
			    const struct inventory_service *service)
{
	size_t low = 0, high = inventory->backend_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct inventory_backend *backend = &inventory->backends[middle];
		int order = strcmp(backend->namespace, service->namespace);

		if (order < 0 || (order == 0 && strcmp(backend->service, service->name) < 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool inventory_is_backend(const struct inventory *inventory,
			  const struct inventory_service *service,
			  const struct inventory_port *port)
{
	char number[6];

	snprintf(number, sizeof(number), "%u", port->port);
	for (size_t i = backends_from(inventory, service); i < inventory->backend_count; i++) {
		const struct inventory_backend *backend = &inventory->backends[i];

		if (strcmp(backend->namespace, service->namespace) != 0 ||
		    strcmp(backend->service, service->name) != 0)
			return false;
		if (strcmp(backend->port, number) == 0 || strcmp(backend->port, port->name) == 0)
			return true;
	}
	return false;
}

bool inventory_label_changes(const struct inventory *inventory, const char *namespace,
			     const char *key)
{
	size_t low = 0, high = inventory->change_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct inventory_change *change = &inventory->changes[middle];
		int order = strcmp(change->namespace, namespace);

		order = order ? order : strcmp(change->key, key);
		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}
