/* The parts of a NetworkPolicy, for kinds that hold one; private to policy/. */
#ifndef NETPOL_POLICY_KIND_NETWORKPOLICY_H
#define NETPOL_POLICY_KIND_NETWORKPOLICY_H

#include "policy/kind.h"

/* A NetworkPolicySpec of networking.k8s.io/v1: 1. 0: the kind cannot say it, with a problem.
 * -ENOMEM. */
int networkpolicy_spec(const struct policy *policy, const struct kind_options *options,
		       struct problems *problems, json_t **ret);
/* Appends the object of that kind, of the policy's own name, in options->api_version. Takes spec.
 * -ENOMEM. */
int networkpolicy_object(const struct policy *policy, const struct kind_options *options,
			 const char *kind, json_t *spec, json_t *objects);

#endif
