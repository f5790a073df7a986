/* What a NetworkPolicy says, for kinds that hold one; private to policy/. */
#ifndef NETPOL_POLICY_KIND_NETWORKPOLICY_H
#define NETPOL_POLICY_KIND_NETWORKPOLICY_H

#include "policy/kind.h"

/* A NetworkPolicySpec of networking.k8s.io/v1, of a policy with a subject, as the object's spec. */
struct tree_node *networkpolicy_add_spec(struct tree_node *object, const struct policy *policy,
					 const struct kind_options *options);

#endif
