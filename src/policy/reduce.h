/* Fewer rules that allow the same; private to policy/. */
#ifndef NETPOL_POLICY_REDUCE_H
#define NETPOL_POLICY_REDUCE_H

#include "policy/policy.h"

/*
 * Every rule comes with one peer and its ports, which may repeat, as may the peers. Then each peer
 * is in one rule with all of its ports, and those with the same ports share one: any further merge
 * would open a port to a peer that had it not. All is sorted. *count becomes smaller. On -ENOMEM
 * the rules are still valid and allow the same.
 */
int reduce_rules(struct policy_rule *rules, size_t *count);
/* Frees what the rule owns. */
void rule_clear(struct policy_rule *rule);

#endif
