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
	/* Index of the workload that it is named after: one with an owner before a bare pod, one
	 * that lives before one that does not, then the first. */
	size_t first;
	char *subject;          /* "Deployment/api", or several, and that they are one */
	bool shared;            /* they are several */
	const char *also_picks; /* of its first workload */
	bool recorded;          /* any of its workloads was recorded on its own node */
	bool wanted;            /* the filter lets any of them through */
	bool used;              /* subject or peer of a rule */
	/* Why its policy has nothing to say of a direction; LEFT_NONE: it has. All that decides it
	 * does so before atoms become rules. */
	enum left_reason withheld[DIRECTIONS];
	/* Withheld only because it is of this group, whose pods the labels pick, too. */
	const struct group *because[DIRECTIONS];
	char *partial; /* why it may use more than is known; NULL: nothing is known of more */
	const struct readiness *readiness;  /* of the least ready of its workloads; NULL: not asked
					     */
	const struct workload *least_ready; /* that one, if there are several; else NULL */
	bool seen;                          /* something it did is allowed, or would be */
	bool given;                         /* it gets a policy */
};

/* A pod that is not of the workloads of a group that picks it all the same. */
struct pick {
	size_t pod;
	size_t picker; /* group; a subject */
};

struct groups {
	struct group *items; /* by namespace, selector */
	size_t count;
	size_t *of_workload; /* GROUP_NONE: host network, or no usable label */
	struct pick *picks;  /* by picker, pod */
	size_t pick_count;
	/* By pod, for those of no subject: the one whose policy is to tell what they did, as it
	 * isolates them. GROUP_NONE: there is none. See picks.h. */
	size_t *holders[DIRECTIONS];
};

int groups_build(const struct graph *graph, const struct policy_filter *filter, struct groups *ret);
void groups_clear(struct groups *groups);
/* May a policy be made for it? */
bool group_is_subject(const struct group *group);
/* Does the filter let the workload through? */
bool filter_matches(const struct policy_filter *filter, const struct workload *workload);

#endif
