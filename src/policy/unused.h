/* What policies allow that nothing in the record needed. */
#ifndef NETPOL_POLICY_UNUSED_H
#define NETPOL_POLICY_UNUSED_H

#include "model/graph.h"
#include "policy/evaluate.h"
#include "policy/scene_graph.h"

/* One of a rule's peers on one of its ports; all of either that are alike are one item. */
struct unused_item {
	const struct netpol *policy;
	enum direction direction;
	const struct netpol_rule *rule; /* NULL: all of the policy */
	const struct netpol_peer *peer; /* NULL: all of the rule's */
	const struct netpol_port *port; /* NULL: all of the rule's */
	bool perhaps;                   /* it cannot be said whether it was used */
	const char *why;                /* static text; NULL: it was not used */
};

struct unused_request {
	const struct graph *graph;
	const struct scene_graph *scene;
	const struct netpol *policies; /* by namespace and name */
	size_t policy_count;
	struct evaluator_options options;
	/* Policies that select none of these are left out; NULL: none is. */
	bool (*wants_pod)(const void *context, const struct graph_pod *pod);
	const void *context;
};

#define UNUSED_RULE_MAX (1u << 22) /* peers times ports that are told apart in one rule */

/*
 * Items by policy, direction, rule, as written; malloc'd. Used is what an edge that worked may pass
 * by, whether or not something else lets it pass, too: also by the records that others supersede.
 * Of a policy none of whose pods was recorded on its own node nothing can be said. -ENOMEM.
 */
int unused_find(const struct unused_request *request, struct unused_item **ret, size_t *ret_count);

#endif
