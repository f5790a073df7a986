/* Pods of one owner, and which labels pick them; private to model/. */
#ifndef NETPOL_MODEL_WORKLOAD_H
#define NETPOL_MODEL_WORKLOAD_H

#include <stddef.h>

#include "identity/inventory.h"
#include "model/graph.h"
#include "model/strings.h"

struct workloads {
	struct workload *items; /* by namespace, kind, name; labels borrowed from the inventory, the
				   arrays owned */
	size_t count;
	size_t *of_pod; /* for each pod of the inventory its index in items */
};

/*
 * Groups the inventory's pods by owner and chooses selectors. Texts go to strings. On success *ret
 * is released with workloads_clear(); pods and recorded are left 0. An inventory of NULL gives
 * none.
 */
int workloads_build(const struct inventory *inventory, const struct ignored_labels *ignored,
		    struct strings *strings, struct problems *problems, struct workloads *ret);
void workloads_clear(struct workloads *workloads);

/* GRAPH_NONE if there is none. */
size_t workloads_find(const struct workloads *workloads, const char *namespace, const char *kind,
		      const char *name);
/*
 * The workload whose controller would have made up this pod's name: NAME-HASH-XXXXX of a
 * Deployment, NAME-XXXXX of a DaemonSet, Job, ReplicaSet or ReplicationController,
 * NAME-DIGITS-XXXXX of a CronJob, NAME-ORDINAL of a StatefulSet (Kubernetes' SimpleNameGenerator).
 * GRAPH_NONE unless exactly one fits.
 */
size_t workloads_guess(const struct workloads *workloads, const char *namespace, const char *pod);

/* Does the label name a replica, a run, a zone or a version instead of the workload? */
bool label_is_volatile(const char *key);

#endif
