/* Why it cannot be decided; private to policy/replay*.c. */
#ifndef NETPOL_POLICY_REPLAY_WHY_H
#define NETPOL_POLICY_REPLAY_WHY_H

#include "policy/replay_parties.h"

/* What is not known of the first side whose answer is unknown: the first that may be the reason, in
 * static text. */
const char *replay_why(const struct replay *replay, const struct graph_edge *edge,
		       const struct replay_parties *parties, const struct decision *decision);

#endif
