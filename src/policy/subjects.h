/* Which pods of a record policies are for; private to policy/ but for the counts. */
#ifndef NETPOL_POLICY_SUBJECTS_H
#define NETPOL_POLICY_SUBJECTS_H

#include "model/graph.h"
#include "policy/evaluate.h"
#include "policy/scene_graph.h"

struct subjects_request {
	const struct graph *graph;
	const struct scene_graph *scene;
	const struct evaluator *evaluator; /* of these policies and that scene */
	const struct netpol *policies;     /* by namespace and name */
	size_t policy_count;
	/* NULL: each is. */
	bool (*wants_pod)(const void *context, const struct graph_pod *pod);
	const void *context;
};

/* Of one policy. */
struct policy_subjects {
	size_t pods;     /* of the graph that it is or may be for */
	size_t sure;     /* of these those that it is for */
	size_t recorded; /* of these those that were recorded on their own node */
	bool wanted;     /* one of these is */
};

/* A policy that is, or may be, for a pod. */
struct chosen {
	size_t policy;
	enum match match; /* not NO */
};

/* Pods that the same policies choose alike. */
struct subject_group {
	size_t first, count; /* of chosen, in the order of the policies */
};

struct subjects {
	struct policy_subjects *policies; /* in their order */
	struct chosen *chosen;
	struct subject_group *groups;
	size_t group_count;
	size_t *group_of; /* by the scene's pods; those on_node are in the one of no policy */
};

/* -ENOMEM. */
int subjects_find(const struct subjects_request *request, struct subjects *ret);
void subjects_clear(struct subjects *subjects);

#endif
