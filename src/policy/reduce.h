/* Fewer rules that allow the same; private to policy/. */
#ifndef NETPOL_POLICY_REDUCE_H
#define NETPOL_POLICY_REDUCE_H

#include "policy/policy.h"

/* A peer, which owns its reason and what was seen of it; and ports. */
struct permit {
	struct policy_peer peer;
	const struct policy_port *ports; /* borrowed; in any order, and may repeat */
	size_t port_count;
};

/*
 * The rules that permit so much. Each peer is in one of them with all of its ports, whichever
 * permits have it, and those with the same ports share one: any further merge would open a port to
 * a peer that had it not. All is sorted. Takes over what the peers own and leaves the permits good
 * for permits_clear() alone, also on -ENOMEM, when there are no rules.
 */
int permits_reduce(struct permit *permits, size_t count, struct policy_rule **ret,
		   size_t *ret_count);
/* Frees what the peers still own. */
void permits_clear(struct permit *permits, size_t count);
/* Frees what the rule owns. */
void rule_clear(struct policy_rule *rule);

#endif
