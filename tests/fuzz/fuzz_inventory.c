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

static void check(const struct inventory *inventory)
{
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problems problems = {0};
	struct document *document = NULL;
	struct inventory *inventory = inventory_new();

	if (inventory &&
	    document_parse((const char *)data, size, "input", &problems, &document) == 0 &&
	    inventory_add(inventory, document, &problems) == 0 &&
	    inventory_finish(inventory, &problems) == 0)
		check(inventory);
	inventory_free(inventory);
	document_free(document);
	problems_clear(&problems);
	return 0;
}
