/*
 * What is known today of the pods of a record: policies meet the pods that there are, not those
 * that were. Private to policy/.
 *
 * Of a pod that is there it is what is told of itself; of one that is gone what is told of the
 * pods of its workload that are there: of one that took its name, else of all of them; only where
 * there is none, its own. What is not told of itself is that of its workload's. Templates and
 * pods in manifests are pods of their workload that are to be, and always asked, too. Where those
 * who are asked differ in a label or named port that the policies ask for, it is not known.
 *
 * There is a pod whose object the inventory has, unless that is finished; and one without object
 * that still had an address at the end of its node's record, but then those with objects are asked
 * besides itself.
 */
#ifndef NETPOL_POLICY_LIKENESS_H
#define NETPOL_POLICY_LIKENESS_H

#include "model/graph.h"
#include "policy/manifest.h"

struct likeness {
	const struct labels *labels; /* NULL: not known */
	bool labels_differ;          /* that is why */
	const struct inventory_port *ports;
	size_t port_count;
	bool ports_known;
	bool ports_differ; /* that is why they are not */
};

struct likeness_request {
	const struct graph *graph;
	const struct inventory *manifests; /* may be NULL */
	const struct netpol *policies;     /* whose selectors and ports ask */
	size_t policy_count;
};

/* By the graph's pods; what it points to is the graph's and the inventories'. Of a pod in
 * contradiction nothing is known. ret: malloc'd. -ENOMEM. */
int likeness_find(const struct likeness_request *request, struct likeness **ret);

#endif
