/* Which labels pick a workload's pods and no others; private to model/. */
#ifndef NETPOL_MODEL_SELECTOR_H
#define NETPOL_MODEL_SELECTOR_H

#include "model/workload.h"

/*
 * Sets selector, selector_proven and also_picks of every workload from the inventory's labels. The
 * selector is what all living pods of the workload have in common (all, where none lives), less
 * volatile and invalid labels, and those that were seen changing in the namespace, which becomes a
 * note for each label. Pods in conflict take no part.
 */
int selectors_choose(struct workloads *workloads, const struct inventory *inventory,
		     struct strings *strings, struct problems *problems);

#endif
