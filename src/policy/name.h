/* What policies are called; private to policy/. */
#ifndef NETPOL_POLICY_NAME_H
#define NETPOL_POLICY_NAME_H

#include "policy/policy.h"

#define POLICY_NAME_MAX 253 /* a DNS subdomain (Kubernetes, object names) */

/*
 * For each workload of the graph the name of its policy: "NAME-netpol", or "KIND-NAME-netpol" where
 * another kind has the name in the namespace too; lower case, and what a DNS subdomain cannot hold
 * becomes "-". Where that is too long, or the same for two, a hash of kind and name takes the end's
 * place. -ENOMEM.
 */
int policy_names(const struct graph *graph, char ***ret);
void policy_names_free(char **names, const struct graph *graph);

#endif
