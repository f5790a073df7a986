/* Which labels pick a workload's pods and no others; private to model/. */
#ifndef NETPOL_MODEL_SELECTOR_H
#define NETPOL_MODEL_SELECTOR_H

#include "model/workload.h"

/*
 * Sets selector, selector_proven and also_picks of every workload from the inventory's labels.
 *
 * What all living pods of the workload have in common (all, where none lives) picks them, less
 * volatile, ignored and invalid labels, and those that were seen changing in the namespace, which
 * becomes a note for each label. Where the selector of the workload's own object picks the same of
 * all known pods of the namespace, it is taken instead; else, where that picks no others, the first
 * of these that does the same: app.kubernetes.io/name with instance, with component, with both,
 * alone; k8s-app; app. Pods in conflict take no part.
 */
int selectors_choose(struct workloads *workloads, const struct inventory *inventory,
		     const struct ignored_labels *ignored, struct strings *strings,
		     struct problems *problems);

#endif
