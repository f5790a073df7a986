#include "policy/replay_parties.h"

#include <netinet/in.h>

bool replay_has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

const struct scene_pod *replay_pod_at(const struct replay *replay, const struct party *party)
{
	return party->kind == PARTY_POD ? &scene_graph_scene(replay->scene)->pods[party->index]
					: NULL;
}

static bool is_own_node(const struct replay *replay, const struct party *node,
			const struct party *party)
{
	const struct scene_pod *pod = replay_pod_at(replay, party);

	return pod && node->kind == PARTY_NODE && node->index != SCENE_NONE &&
	       node->index == pod->node;
}

/* A node's own traffic is let through, not what it forwards; and on one node it is the plugin's
 * matter whether it looks before or after the address is replaced. */
static void see_both(const struct replay *replay, struct replay_parties *parties)
{
	parties->is_forwarded = is_own_node(replay, &parties->seen[0], &parties->to[0]) &&
				!is_own_node(replay, &parties->from[0], &parties->to[0]);
	if (!parties->is_forwarded)
		return;
	parties->seen[0].kind = PARTY_ADDRESSES;
	for (size_t i = 0; i < parties->from_count; i++)
		parties->seen[parties->seen_count++] = parties->from[i];
}

void replay_parties_find(const struct replay *replay, const struct graph_edge *edge,
			 struct replay_parties *ret)
{
	ret->from_count = scene_graph_parties(replay->scene, edge->from, false, ret->from);
	ret->to_count = scene_graph_parties(replay->scene, edge->to, true, ret->to);
	ret->seen_count = 0;
	ret->is_forwarded = false;
	if (!edge->translated)
		return;
	ret->seen_count = scene_graph_parties(replay->scene, edge->translated, false, ret->seen);
	see_both(replay, ret);
}

void replay_merge(struct decision *sum, const struct decision *more)
{
	for (size_t i = 0; i < DIRECTIONS; i++) {
		struct side *side = &sum->sides[i];

		if (side->answer == more->sides[i].answer)
			continue;
		if (!side->policy)
			*side = more->sides[i];
		side->answer = ANSWER_UNKNOWN;
	}
}

enum answer replay_together(const struct decision *decision)
{
	static const enum answer by_weight[] = {ANSWER_DENIED, ANSWER_UNKNOWN, ANSWER_UNDEFINED};

	for (size_t i = 0; i < sizeof(by_weight) / sizeof(by_weight[0]); i++)
		for (size_t j = 0; j < DIRECTIONS; j++)
			if (decision->sides[j].answer == by_weight[i])
				return by_weight[i];
	return ANSWER_ALLOWED;
}

void replay_decide(const struct replay *replay, const struct graph_edge *edge,
		   const struct replay_parties *parties, struct decision *ret)
{
	const struct edge_key *key = &edge->edge.key;
	const uint16_t port = key->has_port && replay_has_ports(key->protocol) ? key->port : 0;
	const size_t seen_count = parties->seen_count ? parties->seen_count : 1;
	struct decision decision;

	for (size_t i = 0; i < parties->from_count; i++)
		for (size_t j = 0; j < parties->to_count; j++)
			for (size_t k = 0; k < seen_count; k++) {
				evaluator_connection(replay->evaluator, &parties->from[i],
						     parties->seen_count ? &parties->seen[k] : NULL,
						     &parties->to[j], key->protocol, port,
						     &decision);
				if (i + j + k == 0)
					*ret = decision;
				else
					replay_merge(ret, &decision);
			}
	ret->answer = replay_together(ret);
}

void replay_row_parties(const struct replay *replay, const struct replay_row *row,
			struct party *ret_from, struct party *ret_to)
{
	struct replay_parties parties;

	replay_parties_find(replay, row->edge, &parties);
	*ret_from = row->direction == DIRECTION_INGRESS && parties.seen_count ? parties.seen[0]
									      : parties.from[0];
	*ret_to = parties.to[0];
}
