/* Addresses of services that nobody was seen to translate; private to policy/replay*.c. */
#ifndef NETPOL_POLICY_REPLAY_SERVICE_H
#define NETPOL_POLICY_REPLAY_SERVICE_H

#include "policy/replay_parties.h"

/* Does the record end at a service? A pod behind it answered all the same. */
bool replay_is_service(const struct end *end);
/*
 * replayed: of the address. Some plugins judge that, others the pod: what all say is so, and where
 * none of the service's pods is known, what lets the address pass.
 */
void replay_judge_service(const struct replay *replay, const struct graph_edge *edge,
			  const struct replay_parties *parties, struct replayed *replayed);

#endif
