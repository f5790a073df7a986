/*
 * What the pods of a scene are called where workloads are printed: NAMESPACE/NAME[KIND].
 *
 * A pod's NAME and KIND are of the ownerReference that controls it, as it is written (without a
 * kind: "Pod"); of a pod that nothing or a Node controls its own, "Pod". A workload object has its
 * own name and kind, whatever controls it.
 */
#ifndef NETPOL_POLICY_PARTY_H
#define NETPOL_POLICY_PARTY_H

#include <stddef.h>

#include "identity/inventory.h"

struct party_name {
	const char *namespace;
	const char *name;
	const char *kind;
	const char *pod; /* the pod's own name; "": the pods that a workload object makes */
};

/* What it points to is the inventory's. */
struct party_names {
	struct party_name *items; /* as the scene that scene_of_inventory() makes: by pod */
	size_t count;
};

/* -ENOMEM. */
int party_names_of_inventory(const struct inventory *inventory, struct party_names *ret);
void party_names_clear(struct party_names *names);

#endif
