/* Whom the policies isolate; private to policy/. */
#ifndef NETPOL_POLICY_ISOLATED_H
#define NETPOL_POLICY_ISOLATED_H

#include "policy/compiler.h"

/* Of each of the graph's pods 1 << direction, once the subjects are known; malloc'd. NULL: out of
 * memory. */
uint8_t *isolated_find(const struct compiler *compiler);

#endif
