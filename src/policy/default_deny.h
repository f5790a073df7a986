/* A namespace's policy that isolates all of its pods; private to policy/. */
#ifndef NETPOL_POLICY_DEFAULT_DENY_H
#define NETPOL_POLICY_DEFAULT_DENY_H

#include "policy/group.h"

/* No workload's policy is called so: their names end with "netpol". */
#define DEFAULT_DENY "default-deny"

/* On -ENOMEM *ret is to be cleared all the same. */
int default_deny_init(const char *namespace, const bool directions[DIRECTIONS], struct policy *ret);
/* Says whom it cuts off: workloads of the namespace without a policy, or with one that leaves a
 * direction out. The groups know which were given one. */
int default_deny_warn(const struct graph *graph, const struct groups *groups, const char *namespace,
		      const bool directions[DIRECTIONS], struct problems *problems);

#endif
