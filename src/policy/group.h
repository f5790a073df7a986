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
	/* Why its policy has nothing to say of a direction; LEFT_NONE: it has. All that decides it
	 * does so before atoms become rules. */
	enum left_reason withheld[DIRECTIONS];
	char *partial; /* why it may use more than is known; NULL: nothing is known of more */
	const struct readiness *readiness;  /* of the least ready of its workloads; NULL: not asked
					     */
	const struct workload *least_ready; /* that one, if there are several; else NULL */
	bool seen;                          /* something it did is allowed, or would be */
	bool given;                         /* it gets a policy */
};

struct groups {
	struct group *items; /* by namespace, selector */
	size_t count;
	size_t *of_workload; /* GROUP_NONE: host network, or no usable label */
	/* By pod: the subject whose policy isolates it, though it is not of its workloads and gets
	 * no policy of its own. GROUP_NONE: there is none. */
	size_t *holders;
};

int groups_build(const struct graph *graph, const struct policy_filter *filter, struct groups *ret);
void groups_clear(struct groups *groups);
/* May a policy be made for it? */
bool group_is_subject(const struct group *group);
/* Does the filter let the workload through? */
bool filter_matches(const struct policy_filter *filter, const struct workload *workload);

#endif
