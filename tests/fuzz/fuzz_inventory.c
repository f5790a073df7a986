#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "identity/inventory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_pod(const struct inventory *inventory, const struct inventory_pod *pod)
{
	const struct inventory_pod *found = inventory_find_pod(inventory, "", "", pod->uid);
	char *kind = NULL, *name = NULL;

	if (*pod->uid && !found)
		abort();
	inventory_find_pod(inventory, pod->namespace, pod->name, "");
	if (!labels_match(&pod->labels, &pod->labels) ||
	    inventory_workload(pod, &kind, &name) < 0 || !*kind || !*name)
		abort();
	free(kind);
	free(name);
}

static void check_endpoints(const struct inventory_endpoints *endpoints)
{
	for (size_t i = 0; i < endpoints->count; i++)
		if (endpoints->items[i].first_port > endpoints->port_count ||
		    endpoints->items[i].port_count >
			endpoints->port_count - endpoints->items[i].first_port)
			abort();
}

static void check(const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->endpoints_count; i++)
		check_endpoints(&inventory->endpoints[i]);
	for (size_t i = 0; i < inventory->change_count; i++)
		if (!inventory_label_changes(inventory, inventory->changes[i].namespace,
					     inventory->changes[i].key))
			abort();
	for (size_t i = 0; i < inventory->pod_count; i++)
		check_pod(inventory, &inventory->pods[i]);
	for (size_t i = 0; i < inventory->service_count; i++)
		for (size_t j = 0; j < inventory->services[i].address_count; j++)
			if (!inventory_find_service(inventory, inventory->services[i].addresses[j]))
				abort();
	for (size_t i = 0; i < inventory->node_count; i++)
		for (size_t j = 0; j < inventory->nodes[i].address_count; j++)
			if (!inventory_find_node(inventory, inventory->nodes[i].addresses[j]))
				abort();
}

/* A record of each pod that is there so far. */
static int record_pods(struct inventory *inventory)
{
	size_t count = inventory->pod_count;
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		const struct inventory_pod *pod = &inventory->pods[i];
		struct pod recorded = {.namespace = pod->namespace,
				       .name = pod->name,
				       .uid = pod->uid,
				       .conflict = pod->conflict,
				       .labelled = true,
				       .labels = pod->labels,
				       .host_network = i % 2,
				       .ended = i % 3 ? INTERVAL_OPEN : 1,
				       .created = (int64_t)(i % 5)};

		r = inventory_add_pod(inventory, i % 7 ? pod->node : "n", &recorded);
	}
	return r;
}

/* The same from all sources, and the first half once more: so everything has something to be merged
 * with. */
static int add_all(struct inventory *inventory, const uint8_t *data, size_t size,
		   struct problems *problems)
{
	static const enum inventory_source sources[] = {INVENTORY_PAST, INVENTORY_STORED,
							INVENTORY_FILE};
	int r = 0;

	for (size_t i = 0; i < 3 && r == 0; i++) {
		const struct inventory_told told = {.source = sources[i],
						    .since = (int64_t)i * 1000,
						    .until = i == 2 ? INTERVAL_OPEN : 5000,
						    .first = i != 1};
		struct document *document = NULL;

		r = document_parse((const char *)data, i == 1 ? size / 2 : size, "input", problems,
				   &document);
		if (r == 0)
			r = inventory_add_stored(inventory, document, &told, problems);
		else if (i == 1 && r != -ENOMEM)
			r = 0;
		document_free(document);
		if (r == 0 && i == 0)
			r = record_pods(inventory);
	}
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problems problems = {0};
	struct inventory *inventory = inventory_new();

	if (inventory && add_all(inventory, data, size, &problems) == 0 &&
	    inventory_finish(inventory, &problems) == 0)
		check(inventory);
	inventory_free(inventory);
	problems_clear(&problems);
	return 0;
}
