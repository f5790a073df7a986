/* Which labels pick a workload's pods and no others; private to model/. */
#ifndef NETPOL_MODEL_SELECTOR_H
#define NETPOL_MODEL_SELECTOR_H

#include "model/workload.h"

/*
 * Sets selector and also_picks of every workload from the inventory's labels.
 *
 * What all living pods of the workload have in common (all, where none lives) picks them, less
 * volatile, ignored and invalid labels, and those that were seen changing in the namespace, which
 * becomes a note for each label. Of all known pods of the namespace, and of what its objects are to
 * make, fewer labels may pick the same: those of the workload's own object where they pick its pods
 * and no others; else, where the whole picks no others either, the first of these that does the
 * same: app.kubernetes.io/name with instance, with component, with both, alone; k8s-app; app. Pods
 * in conflict take no part.
 */
int selectors_choose(struct workloads *workloads, const struct inventory *inventory,
		     const struct ignored_labels *ignored, struct strings *strings,
		     struct problems *problems);

#endif
