#include "policy/replay_edge.h"

#include "policy/replay_service.h"
#include "policy/replay_why.h"

bool replay_is_evidence(const struct graph_edge *edge)
{
	const struct counts *totals = &edge->edge.totals;

	return edge->edge.key.verdict == VERDICT_ANSWERED ||
	       (edge->edge.key.verdict == VERDICT_ONE_WAY &&
		(totals->connections > 0 || totals->packets_sent > 0));
}

bool replay_is_denied(const struct graph_edge *edge)
{
	return edge->edge.key.verdict == VERDICT_DENIED &&
	       !(edge->to->service_address && edge->to->kind == END_EXTERNAL);
}

static bool has_all_ports(const struct port_set *set, uint8_t protocol)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->items[i].protocol == protocol)
			return set->items[i].first == 1 && set->items[i].last == UINT16_MAX;
	return false;
}

static bool has_any_port(const struct port_set *set, uint8_t protocol)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->items[i].protocol == protocol)
			return true;
	return false;
}

/* What both could say to each other the other way round: may all of it surely pass, any of it
 * perhaps? */
struct reverse {
	bool all, any;
};

static int judge_reverse(const struct replay *replay, const struct replay_parties *parties,
			 uint8_t protocol, struct reverse *ret)
{
	struct port_set sure = {0}, possible = {0};
	int r = 0;

	*ret = (struct reverse){.all = true};
	for (size_t i = 0; i < parties->to_count && r == 0; i++)
		for (size_t j = 0; j < parties->from_count && r == 0; j++) {
			r = evaluator_pair(replay->evaluator, &parties->to[i], &parties->from[j],
					   &sure, &possible);
			ret->all &= r == 0 && has_all_ports(&sure, protocol);
			ret->any |= r == 0 && has_any_port(&possible, protocol);
			port_set_clear(&sure);
			port_set_clear(&possible);
		}
	return r;
}

static int judge_midstream(const struct replay *replay, const struct graph_edge *edge,
			   const struct replay_parties *parties, struct replayed *ret)
{
	const enum answer forward = ret->decision.answer;
	struct reverse reverse;
	int r = judge_reverse(replay, parties, edge->edge.key.protocol, &reverse);

	if (r < 0 || (forward == ANSWER_ALLOWED && reverse.all) ||
	    (forward == ANSWER_DENIED && !reverse.any && !replay_is_service(edge->to)))
		return r;
	for (size_t i = 0; i < DIRECTIONS; i++)
		ret->decision.sides[i].answer = ANSWER_UNKNOWN;
	ret->decision.answer = ANSWER_UNKNOWN;
	ret->why = "it was picked up in mid-stream and may run the other way";
	return 0;
}

static void judge_portless(struct decision *decision)
{
	for (size_t i = 0; i < DIRECTIONS; i++)
		if (decision->sides[i].answer != ANSWER_ALLOWED)
			decision->sides[i].answer = ANSWER_UNDEFINED;
	decision->answer = replay_together(decision);
}

int replay_judge_whole(const struct replay *replay, const struct graph_edge *edge,
		       struct replayed *ret)
{
	const struct edge_key *key = &edge->edge.key;
	struct replay_parties parties;

	*ret = (struct replayed){.uncovered = edge->from->secondary || edge->to->secondary};
	if (ret->uncovered)
		return 0;
	replay_parties_find(replay, edge, &parties);
	replay_decide(replay, edge, &parties, &ret->decision);
	if (replay_has_ports(key->protocol) && replay_is_service(edge->to))
		replay_judge_service(replay, edge, &parties, ret);
	if (!replay_has_ports(key->protocol))
		judge_portless(&ret->decision);
	else if (key->direction_uncertain)
		return judge_midstream(replay, edge, &parties, ret);
	else if (ret->decision.answer == ANSWER_UNKNOWN && !ret->why)
		ret->why = replay_why(replay, edge, &parties, &ret->decision);
	return 0;
}

void replay_leave_to_others(const struct graph_edge *edge, struct replayed *replayed)
{
	struct side *sides = replayed->decision.sides;

	if (edge->told_elsewhere[0])
		sides[DIRECTION_EGRESS] = (struct side){.answer = ANSWER_ALLOWED};
	if (edge->told_elsewhere[1])
		sides[DIRECTION_INGRESS] = (struct side){.answer = ANSWER_ALLOWED};
	replayed->decision.answer = replay_together(&replayed->decision);
	if (replayed->decision.answer != ANSWER_UNKNOWN)
		replayed->why = NULL;
}

int replay_edge(const struct replay *replay, const struct graph_edge *edge, struct replayed *ret)
{
	int r = replay_judge_whole(replay, edge, ret);

	if (r == 0)
		replay_leave_to_others(edge, ret);
	return r;
}
