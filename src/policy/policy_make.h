/* From atoms to a policy; private to policy/. */
#ifndef NETPOL_POLICY_POLICY_MAKE_H
#define NETPOL_POLICY_POLICY_MAKE_H

#include "policy/compiler.h"

/* The policy of a subject that is no default-deny, which is marked as used. On -ENOMEM *policy,
 * which is {0} before, is to be cleared all the same. */
int policy_make(struct compiler *compiler, const struct subject *subject, struct policy *policy);

#endif
