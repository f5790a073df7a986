/* What becomes of one edge; private to policy/replay*.c. */
#ifndef NETPOL_POLICY_REPLAY_EDGE_H
#define NETPOL_POLICY_REPLAY_EDGE_H

#include "policy/replay_parties.h"

/* As replay_edge(), of both sides, as this record has them. */
int replay_judge_whole(const struct replay *replay, const struct graph_edge *edge,
		       struct replayed *ret);
/* The sides that other records tell better are allowed. */
void replay_leave_to_others(const struct graph_edge *edge, struct replayed *replayed);

#endif
