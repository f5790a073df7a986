/*
 * A second opinion on what NetworkPolicies allow: one connection at a time, line by line as the API
 * reference (networking.k8s.io/v1) says it. Everything is known here: labels, ports, namespaces,
 * and the one address each end uses.
 */
#ifndef NETPOL_TESTS_NAIVE_H
#define NETPOL_TESTS_NAIVE_H

#include "policy/evaluate.h"

struct naive_end {
	const struct scene_pod *pod; /* NULL: no pod, or one that is taken for its node */
	size_t node;                 /* it is this node, or the pod runs there; SCENE_NONE: none */
	struct addr address;
};

struct naive_world {
	const struct netpol *policies;
	size_t policy_count;
	const struct scene *scene;
	bool ipblock_pods;
};

struct naive_connection {
	struct naive_end from, seen_as, to; /* seen_as: from, as the destination sees it */
	uint8_t protocol;
	uint16_t port;
};

bool naive_block_has(const struct netpol_peer *peer, struct addr address);
/* Policies do not matter to this side: its end is no pod, the pod itself is the other, or the
 * other is the pod's own node. */
bool naive_is_exempt(const struct naive_connection *connection, enum direction direction);
bool naive_isolates(const struct naive_world *world, const struct naive_connection *connection,
		    enum direction direction, const struct netpol *policy);
/* The policy is taken to isolate. */
bool naive_rule_allows(const struct naive_world *world, const struct naive_connection *connection,
		       enum direction direction, const struct netpol *policy,
		       const struct netpol_rule *rule);
/* Never ANSWER_UNKNOWN. */
enum answer naive_side(const struct naive_world *world, const struct naive_connection *connection,
		       enum direction direction);
enum answer naive_answer(const struct naive_world *world,
			 const struct naive_connection *connection);

#endif
