/* What policies allow that nothing in the record needed. */
#ifndef NETPOL_POLICY_UNUSED_H
#define NETPOL_POLICY_UNUSED_H

#include "model/graph.h"
#include "policy/evaluate.h"
#include "policy/scene_graph.h"
#include "policy/subjects.h"

/* One of a rule's peers on one of its ports; all of either that are alike are one item. */
struct unused_item {
	const struct netpol *policy;
	enum direction direction;
	const struct netpol_rule *rule; /* NULL: all of the policy */
	const struct netpol_peer *peer; /* NULL: all of the rule's */
	const struct netpol_port *port; /* NULL: all of the rule's */
	bool perhaps;                   /* it cannot be said whether it was used */
	const char *why;       /* static text: what is not known, or where it was surely not
				  used, why it cannot be; NULL: there is no more to say */
	const char *wider;     /* netpol_peer.wider of all the peers it is of; NULL: of none */
	size_t pods, recorded; /* where not all of the policy's were: how many it has, and how many
				  of these were recorded on their own node; else 0 */
};

struct unused_request {
	const struct graph *graph;
	const struct scene_graph *scene;
	const struct netpol *policies; /* by namespace and name */
	size_t policy_count;
	struct evaluator_options options;
	struct evaluator *evaluator; /* of all this */
	/* Likewise. Policies that are for pods none of which is wanted are left out. */
	const struct subjects *subjects;
};

#define UNUSED_RULE_MAX (1u << 22) /* peers times ports that are told apart in one rule */

/*
 * Items by policy, direction, rule, as written; malloc'd. Peers of which netpol_peer.wider is not
 * the same are never one item. Used is what an edge that worked may pass by, whether or not
 * something else lets it pass, too: also by the records that others supersede. What was picked up
 * in mid-stream may have used either direction, and any port of the other. For certain nothing was
 * used only if all of the policy's pods were recorded on their own nodes. -ENOMEM.
 */
int unused_find(const struct unused_request *request, struct unused_item **ret, size_t *ret_count);

#endif
