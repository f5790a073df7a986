/* The scene of what manifests hold: pods as they are, and those that workload objects make. */
#ifndef NETPOL_POLICY_SCENE_INVENTORY_H
#define NETPOL_POLICY_SCENE_INVENTORY_H

#include "identity/inventory.h"
#include "policy/scene.h"

/*
 * Its pods are those of the inventory, then its templates, each in the inventory's order, finished
 * ones too. host_network_on_node: a pod with its node's network is on_node; else it is like others.
 * The inventory, which is finished, outlives the scene. -ENOMEM.
 */
int scene_of_inventory(const struct inventory *inventory, bool host_network_on_node,
		       struct scene **ret);
struct scene *scene_free(struct scene *scene); /* NULL is allowed; returns NULL */

#endif
