/*
 * What a set of NetworkPolicies (networking.k8s.io/v1) allows: exact, over sets.
 *
 * The rules, from the API reference: a pod is isolated in a direction by each policy of its
 * namespace that selects it and has that policy type; isolated, it may do what any rule of these
 * policies allows, and else everything. A connection needs egress of its source and ingress of its
 * destination. A pod always reaches itself, and traffic between a pod and its own node is always
 * allowed. A named port is the destination pod's container port of that name and protocol; where
 * containers have several it is perhaps any of them, as plugins take the first, the last or all;
 * what is no pod has none. ipBlock is for addresses that are no pods'.
 *
 * Where labels, ports or addresses are not known the answer has two bounds: sure, what is allowed
 * whatever they are, and possible, what may be.
 */
#ifndef NETPOL_POLICY_EVALUATE_H
#define NETPOL_POLICY_EVALUATE_H

#include "policy/manifest.h"
#include "policy/port_set.h"
#include "policy/scene.h"

struct addr_range {
	struct addr first, last; /* of one family */
};

enum party_kind { PARTY_POD, PARTY_NODE, PARTY_ADDRESSES };

/* One end of a connection. */
struct party {
	enum party_kind kind;
	size_t index; /* of the scene's pods or nodes; a node may be SCENE_NONE: one not known. A
			 pod on_node is as PARTY_NODE with its node */
	bool another; /* POD: not that pod itself, but one like it */
	struct addr_range range; /* ADDRESSES: all of them, which are outside: no node is taken to
				    have one, though it may; NODE: those it used, not set: any of
				    its own */
};

struct evaluator_options {
	bool ipblock_pods; /* ipBlock selects pods by their addresses too */
};

enum answer {
	ANSWER_ALLOWED,
	ANSWER_DENIED,
	ANSWER_UNKNOWN,
	ANSWER_UNDEFINED /* a protocol without ports, of a pod that is surely isolated, and surely
			    no rule for whatever it is: "the behaviour is undefined" (API
			    reference) */
};

/* Why one end lets a connection through or not. */
struct side {
	enum answer answer;
	bool isolated; /* by some policy, surely or perhaps */
	/* Allowed: whose rule allows it. Denied or undefined: the first that surely isolates.
	 * Unknown: one that it depends on: whose the rule is if there is one, else one that
	 * isolates or may. NULL: none does, or it does not matter. */
	const struct netpol *policy;
	/* Allowed: that allows it. Unknown: one that may, or that allows a part of the addresses.
	 * NULL: none. */
	const struct netpol_rule *rule;
};

struct decision {
	enum answer answer;            /* denied if either is, else unknown if either is, … */
	struct side sides[DIRECTIONS]; /* EGRESS: of the source; INGRESS: of the destination */
};

/* The policies, the scene and all they point to outlive the evaluator. */
struct evaluator;

/* Bytes for all sets of rules: of those that name a pod, an address, a port. They grow with what
 * policies tell apart times their rules: 10,000 rules of a direction and 10,000 pods take 25 MB. */
#define EVALUATOR_TABLES_MAX ((size_t)1 << 30)

/* -ENOMEM; -E2BIG: they would take more than EVALUATOR_TABLES_MAX. */
int evaluator_new(const struct netpol *policies, size_t policy_count, const struct scene *scene,
		  struct evaluator_options options, struct evaluator **ret);
struct evaluator *evaluator_free(struct evaluator *evaluator); /* NULL is allowed; returns NULL */

/*
 * The whole space of each family in order, IPv4 first, cut where any block or except of the
 * policies begins or ends: within a range no policy tells addresses apart.
 */
const struct addr_range *evaluator_ranges(const struct evaluator *evaluator, size_t *ret_count);

/* Does the policy, by index, select any pod of its namespace? Those whose namespace is not known
 * are left aside, and those on_node are not selected. */
enum match evaluator_selects(const struct evaluator *evaluator, size_t policy);

/*
 * Is any of the scene's first pods one that a peer of the policy means by its selectors? Those
 * on_node are left aside. policy and peer are of the evaluator. -ENOMEM.
 */
int evaluator_means(struct evaluator *evaluator, const struct netpol *policy,
		    const struct netpol_peer *peer, size_t pods, enum match *ret);

/* The first policy from that index on that is for the pods of a class, or may be: SIZE_MAX if there
 * is none. *ret_match: MATCH_MAYBE, MATCH_YES. */
size_t evaluator_next_policy(const struct evaluator *evaluator, size_t class, size_t from,
			     enum match *ret_match);

/* Pods of one number are told apart by no policy. pod is not on_node. */
size_t evaluator_pod_class(const struct evaluator *evaluator, size_t pod);

/* One connection, without allocating. port is the destination's (host order), 0 for a protocol
 * without ports. from as the destination's side sees it may differ (source NAT): seen_as, or NULL.
 */
void evaluator_connection(const struct evaluator *evaluator, const struct party *from,
			  const struct party *seen_as, const struct party *to, uint8_t protocol,
			  uint16_t port, struct decision *ret);

/* All connections from one to another. sure and possible are replaced, to be cleared by the caller.
 * -ENOMEM. */
int evaluator_pair(struct evaluator *evaluator, const struct party *from, const struct party *to,
		   struct port_set *sure, struct port_set *possible);

/*
 * What decides about a pair: each policy that isolates the end of that direction (rule NULL, ports
 * NULL), and each of its rules that names the other end, with its ports for this destination.
 * is_sure: it is selected, named, and so are the ports; for a policy, that it matters: the other
 * end is not perhaps the pod's own node.
 */
typedef void evaluator_reason_fn(void *context, enum direction direction,
				 const struct netpol *policy, const struct netpol_rule *rule,
				 const struct port_set *ports, bool is_sure);
int evaluator_explain(struct evaluator *evaluator, const struct party *from, const struct party *to,
		      evaluator_reason_fn *reason, void *context);

#endif
