#include "identity/inventory_object.h"

#include <stdlib.h>
#include <string.h>

void object_read_service_range(struct object_reader *reader, const struct node *object,
			       struct inventory_ranges *ret)
{
	const struct node *metadata = object_get(reader, object, "metadata", NODE_MAPPING);
	const struct node *spec = object_get(reader, object, "spec", NODE_MAPPING);

	ret->kind = "ServiceCIDR";
	ret->name = object_copy(reader, metadata, "name");
	object_ranges(reader, spec, "cidrs", &ret->items, &ret->count);
}

/* Where nothing is said, Calico takes a pool for workloads and tunnels. */
static bool is_for_workloads(struct object_reader *reader, const struct node *spec)
{
	const struct node *uses = object_get(reader, spec, "allowedUses", NODE_SEQUENCE);

	for (size_t i = 0; i < node_count(uses); i++) {
		const char *use = node_text(node_item(uses, i));

		if (use && strcmp(use, "Workload") == 0)
			return true;
	}
	return node_count(uses) == 0;
}

void object_read_pool(struct object_reader *reader, const struct node *object,
		      struct inventory_ranges *ret)
{
	const struct node *metadata = object_get(reader, object, "metadata", NODE_MAPPING);
	const struct node *spec = object_get(reader, object, "spec", NODE_MAPPING);

	ret->kind = "IPPool";
	ret->name = object_copy(reader, metadata, "name");
	ret->of_pods = is_for_workloads(reader, spec);
	if (*object_text(reader, spec, "cidr"))
		object_add_range(reader, node_get(spec, "cidr"), "cidr", &ret->items, &ret->count);
}

void object_read_cilium_pool(struct object_reader *reader, const struct node *object,
			     struct inventory_ranges *ret)
{
	static const char *const families[] = {"ipv4", "ipv6"};
	const struct node *metadata = object_get(reader, object, "metadata", NODE_MAPPING);
	const struct node *spec = object_get(reader, object, "spec", NODE_MAPPING);

	ret->kind = "CiliumPodIPPool";
	ret->name = object_copy(reader, metadata, "name");
	ret->of_pods = true;
	for (size_t i = 0; i < 2; i++)
		object_ranges(reader, object_get(reader, spec, families[i], NODE_MAPPING), "cidrs",
			      &ret->items, &ret->count);
}

/* ---- subnets of clouds ---- */

static void read_cidr(struct object_reader *reader, const struct node *subnet, const char *key,
		      struct inventory_ranges *ret)
{
	if (*object_text(reader, subnet, key))
		object_add_range(reader, node_get(subnet, key), key, &ret->items, &ret->count);
}

/* Interfaces by their names; those of one node are mostly of one subnet. */
static void read_interfaces(struct object_reader *reader, const struct node *status,
			    const char *cloud, const char *subnet, struct inventory_ranges *ret)
{
	const struct node *all = object_get(reader, object_get(reader, status, cloud, NODE_MAPPING),
					    "enis", NODE_MAPPING);

	for (size_t i = 0; i < node_count(all); i++) {
		const struct node *entry = object_entry(reader, all, i, "enis");
		const struct node *at = object_get(reader, entry, subnet, NODE_MAPPING);

		read_cidr(reader, at, "cidr", ret);
		read_cidr(reader, at, "ipv6-cidr", ret);
	}
}

void object_read_subnets(struct object_reader *reader, const struct node *object,
			 struct inventory_ranges *ret)
{
	const struct node *metadata = object_get(reader, object, "metadata", NODE_MAPPING);
	const struct node *status = object_get(reader, object, "status", NODE_MAPPING);
	const struct node *azure = object_get(reader, status, "azure", NODE_MAPPING);
	const struct node *list = object_get(reader, azure, "interfaces", NODE_SEQUENCE);

	ret->kind = "CiliumNode";
	ret->name = object_copy(reader, metadata, "name");
	ret->of_pods = true;
	read_interfaces(reader, status, "eni", "subnet", ret);
	read_interfaces(reader, status, "alibaba-cloud", "vswitch", ret);
	for (size_t i = 0; i < node_count(list); i++)
		read_cidr(reader, object_entry(reader, list, i, "interfaces"), "cidr", ret);
	object_settle_ranges(ret->items, &ret->count);
}

void inventory_ranges_clear(void *cleared)
{
	struct inventory_ranges *ranges = cleared;

	free(ranges->name);
	free(ranges->items);
}
