/* All that the ends of an edge may be, and what policies say to each of it; private to
 * policy/replay*.c. */
#ifndef NETPOL_POLICY_REPLAY_PARTIES_H
#define NETPOL_POLICY_REPLAY_PARTIES_H

#include "policy/replay.h"

struct replay_parties {
	struct party from[SCENE_GRAPH_PARTIES], to[SCENE_GRAPH_PARTIES];
	struct party seen[SCENE_GRAPH_PARTIES + 1]; /* the source as the destination saw it */
	size_t from_count, seen_count, to_count;    /* seen_count 0: as it was */
	bool is_forwarded; /* by the destination's own node, which put its address in place of the
			      source's */
};

void replay_parties_find(const struct replay *replay, const struct graph_edge *edge,
			 struct replay_parties *ret);
/* What is said to all of them: where they differ, unknown. */
void replay_decide(const struct replay *replay, const struct graph_edge *edge,
		   const struct replay_parties *parties, struct decision *ret);
/* One more answer to the same question; sum->answer is left to replay_together(). */
void replay_merge(struct decision *sum, const struct decision *more);
/* What both sides make of it. */
enum answer replay_together(const struct decision *decision);

/* NULL: it is no pod. */
const struct scene_pod *replay_pod_at(const struct replay *replay, const struct party *party);
bool replay_has_ports(uint8_t protocol);

#endif
