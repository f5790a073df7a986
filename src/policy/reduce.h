/* Fewer rules that allow the same; private to policy/. */
#ifndef NETPOL_POLICY_REDUCE_H
#define NETPOL_POLICY_REDUCE_H

#include "policy/policy.h"

/*
 * Joins rules with the same peers (their ports together) and rules with the same ports (their peers
 * together) until none are left that could be joined, and sorts all. Every rule has peers and
 * ports. *count becomes smaller. On -ENOMEM the rules are still valid and allow the same.
 */
int reduce_rules(struct policy_rule *rules, size_t *count);
/* Frees what the rule owns. */
void rule_clear(struct policy_rule *rule);

#endif
