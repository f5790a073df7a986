/*
 * A scene of what manifests say: every pod, and for every workload object one more that is made of
 * its template, and stands for however many there are to be.
 */
#ifndef NETPOL_POLICY_SCENE_INVENTORY_H
#define NETPOL_POLICY_SCENE_INVENTORY_H

#include <stdbool.h>

#include "identity/inventory.h"
#include "policy/scene.h"

/* What a pod belongs to. */
struct scene_owner {
	const char *namespace;
	/* Of the controller, as the pod's ownerReferences write them. Without a kind "Pod"; without
	 * a controller, and where it is the pod's node, "Pod" and the pod's name. A template's are
	 * its object's. */
	const char *kind;
	const char *name;
	const char *pod; /* its own name; "": a template */
};

struct scene_inventory {
	struct scene scene;
	struct scene_owner *owners; /* by scene.pods: the inventory's pods, then its templates */
	struct scene_port *ports;   /* of all pods */
};

struct scene_inventory_options {
	bool hosts_are_nodes; /* pods with their node's network are taken for the node */
};

/*
 * The inventory outlives the scene. Namespaces are those of objects and those that pods are in,
 * nodes likewise: of what has no object neither labels nor addresses are known. Of pods that were
 * recorded the ports are not known, of those in contradiction nothing but the namespace, and of
 * those that may be on their node's network, where that makes them the node, nothing.
 * -ENOMEM.
 */
int scene_of_inventory(const struct inventory *inventory, struct scene_inventory_options options,
		       struct scene_inventory **ret);
/* NULL is allowed; returns NULL */
struct scene_inventory *scene_inventory_free(struct scene_inventory *scene);

#endif
