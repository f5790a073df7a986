/* A namespace's policy that isolates all of its pods; private to policy/. */
#ifndef NETPOL_POLICY_DEFAULT_DENY_H
#define NETPOL_POLICY_DEFAULT_DENY_H

#include "policy/group.h"

/* No workload's policy is called so: their names end with "netpol". */
#define DEFAULT_DENY "default-deny"

/*
 * Which of the directions asked for it isolates: not those that a workload of the namespace has
 * withheld, for what is too uncertain to be enforced must not be enforced in another way. False:
 * none.
 */
bool default_deny_directions(const struct groups *groups, const char *namespace,
			     const bool asked[DIRECTIONS], bool ret[DIRECTIONS]);
/* With those directions; it says of the others that were asked for that they are withheld. On
 * -ENOMEM *ret is to be cleared all the same. */
int default_deny_init(const char *namespace, const bool directions[DIRECTIONS],
		      const bool asked[DIRECTIONS], struct policy *ret);
/* Says whom it cuts off, workloads of the namespace without a policy, and for whose sake it leaves
 * a direction open. The groups know which were given one. */
int default_deny_warn(const struct graph *graph, const struct groups *groups, const char *namespace,
		      const bool asked[DIRECTIONS], struct problems *problems);

#endif
