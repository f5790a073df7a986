/* Policies as a compiler might give them, at random: within the API's limits, and up to them. */
#ifndef NETPOL_TESTS_RANDOM_POLICY_H
#define NETPOL_TESTS_RANDOM_POLICY_H

#include "policy/policy.h"

/* The same for the same seed; entities: among its peers. Release with policy_clear(). */
void random_policy(uint64_t seed, bool entities, struct policy *ret);

#endif
