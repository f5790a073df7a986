/* What a NetworkPolicy says, for kinds that hold one; private to policy/. */
#ifndef NETPOL_POLICY_KIND_NETWORKPOLICY_H
#define NETPOL_POLICY_KIND_NETWORKPOLICY_H

#include "policy/kind.h"

/* A NetworkPolicySpec of networking.k8s.io/v1: 1. 0: the kind cannot say it, with a problem.
 * -ENOMEM. */
int networkpolicy_spec(const struct policy *policy, const struct kind_options *options,
		       struct problems *problems, json_t **ret);

#endif
