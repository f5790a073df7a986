/* Directions of which a policy is to say nothing; private to policy/. */
#ifndef NETPOL_POLICY_WITHHOLD_H
#define NETPOL_POLICY_WITHHOLD_H

#include "policy/basis.h"

/* Those that were not asked for, and those of workloads that are not ready or of which too little
 * is known, where the request has it so; those of whom their policies would isolate, too. Sets what
 * is partial, and how ready the groups are. -ENOMEM. */
int withhold_directions(const struct basis *basis);

#endif
