/* Total orders of the parts of a policy; private to policy/. */
#ifndef NETPOL_POLICY_ORDER_H
#define NETPOL_POLICY_ORDER_H

#include "policy/policy.h"

static inline int order_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* By key and value, label by label; a prefix comes first. */
int order_labels(const struct labels *a, const struct labels *b);
/* Pods before blocks before all pods before entities, the own namespace before others. The reason
 * takes no part. */
int order_peers(const struct policy_peer *a, const struct policy_peer *b);
int order_ports(const struct policy_port *a, const struct policy_port *b);

#endif
