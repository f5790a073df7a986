/* Which workloads may do more than the record can show; private to policy/. */
#ifndef NETPOL_POLICY_PARTIAL_H
#define NETPOL_POLICY_PARTIAL_H

#include "policy/group.h"

/*
 * Sets partial of the groups that could be subjects: pods of them that live are on nodes without a
 * record or with one that ended early, or on nodes where the dataplane hides connections. Pods live
 * unless the inventory has them finished; those of no node yet do nothing that could be missed.
 * -ENOMEM.
 */
int partial_find(const struct graph *graph, const struct coverage *coverage, struct groups *groups);
/* Why the direction, which was asked for, is withheld: one line, to be free()d. -ENOMEM. */
int withheld_text(const struct group *group, enum direction direction,
		  const struct policy_request *request, char **ret);

#endif
