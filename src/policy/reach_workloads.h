/* The rows of `reach` that are workloads: pods of one owner, joined where nothing tells them apart;
 * private to policy/. */
#ifndef NETPOL_POLICY_REACH_WORKLOADS_H
#define NETPOL_POLICY_REACH_WORKLOADS_H

#include "policy/scene_inventory.h"
#include "policy/pod_classes.h"
#include "policy/reach.h"

/* Start from {0}. */
struct reach_workloads {
	struct reach_workload *items; /* by text */
	size_t count;
	size_t capacity;
	size_t *pods; /* theirs, one after the other */
};

/* owners are those of the scene's pods, and outlive it. -ENOMEM. */
int reach_workloads_make(struct evaluator *evaluator, const struct pod_classes *classes,
			 const struct scene *scene, const struct scene_owner *owners,
			 struct reach_workloads *ret);
void reach_workloads_clear(struct reach_workloads *workloads);

#endif
