/* Workloads that no label tells apart are one subject and one peer; private to policy/. */
#ifndef NETPOL_POLICY_GROUP_H
#define NETPOL_POLICY_GROUP_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/policy.h"

#define GROUP_NONE SIZE_MAX

struct group {
	const char *namespace;
	const struct labels *selector; /* borrowed from the graph */
	size_t first;                  /* index of its first workload; names come from it */
	char *subject;                 /* "Deployment/api", or several, and that they are one */
	const char *also_picks;        /* of its first workload */
	bool recorded;                 /* any of its workloads was recorded on its own node */
	bool wanted;                   /* the filter lets any of them through */
	bool used;                     /* subject or peer of a rule */
};

struct groups {
	struct group *items; /* by namespace, selector */
	size_t count;
	size_t *of_workload; /* GROUP_NONE: host network, or no usable label */
};

int groups_build(const struct graph *graph, const struct policy_filter *filter, struct groups *ret);
void groups_clear(struct groups *groups);
/* Does the filter let the workload through? */
bool filter_matches(const struct policy_filter *filter, const struct workload *workload);

#endif
