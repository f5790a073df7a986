#include "policy/replay_why.h"

static const struct scene_namespace *namespace_at(const struct replay *replay,
						  const struct scene_pod *pod)
{
	return pod->namespace == SCENE_NONE
		   ? NULL
		   : &scene_graph_scene(replay->scene)->namespaces[pod->namespace];
}

static bool rule_names_ports(const struct netpol_rule *rule)
{
	for (size_t i = 0; rule && i < rule->port_count; i++)
		if (rule->ports[i].name)
			return true;
	return false;
}

static bool rule_asks_pods(const struct netpol_rule *rule)
{
	for (size_t i = 0; rule && i < rule->peer_count; i++)
		if (rule->peers[i].pods.count > 0)
			return true;
	return false;
}

static bool rule_asks_namespaces(const struct netpol_rule *rule)
{
	for (size_t i = 0; rule && i < rule->peer_count; i++)
		if (rule->peers[i].namespaces.count > 0)
			return true;
	return false;
}

static const char *explain_labels(const struct replay *replay, const struct party *party,
				  bool destination)
{
	if (scene_graph_labels_differ(replay->scene, party->index))
		return destination ? "the pods of the destination's workload differ in their labels"
				   : "the pods of the source's workload differ in their labels";
	return destination ? "the labels of the destination are not known"
			   : "the labels of the source are not known";
}

static const char *explain_ports(const struct replay *replay, const struct party *destination)
{
	return scene_graph_ports_differ(replay->scene, destination->index)
		   ? "the pods of the destination's workload differ in their named ports"
		   : "the destination's ports are not known by name";
}

/* The first that may be the reason; the record itself comes before what the inventory lacks. */
static const char *explain(const struct replay *replay, const struct graph_edge *edge,
			   const struct replay_parties *parties, enum direction direction,
			   const struct side *side)
{
	const bool ingress = direction == DIRECTION_INGRESS;
	const struct end *source = ingress && edge->translated ? edge->translated : edge->from;
	const struct party *from =
	    ingress && parties->seen_count ? &parties->seen[0] : &parties->from[0];
	const struct party *to = &parties->to[0];
	const struct scene_pod *subject = replay_pod_at(replay, ingress ? to : from);
	const struct scene_pod *peer = replay_pod_at(replay, ingress ? from : to);
	const struct netpol_rule *rule = side->rule;

	if (source->kind == END_UNKNOWN)
		return "it is not known who had the source's address";
	if (edge->to->kind == END_UNKNOWN)
		return "it is not known who had the destination's address";
	if (subject && !subject->labels && (!side->policy || side->policy->pods.count > 0))
		return explain_labels(replay, ingress ? to : from, ingress);
	if (peer && !peer->labels && rule_asks_pods(rule))
		return explain_labels(replay, ingress ? from : to, !ingress);
	if (ingress && parties->is_forwarded)
		return "source NAT on the pod's own node: plugins differ in when they look";
	if (source->prefix || edge->to->prefix)
		return "a prefix stands for many addresses, and only some of them are allowed";
	if (rule_names_ports(rule) && to->kind == PARTY_POD &&
	    !replay_pod_at(replay, to)->ports_known)
		return explain_ports(replay, to);
	if (rule_asks_namespaces(rule) && peer && namespace_at(replay, peer) &&
	    !namespace_at(replay, peer)->labels)
		return "the labels of the peer's namespace are not known";
	return "the node of the pod is not known";
}

const char *replay_why(const struct replay *replay, const struct graph_edge *edge,
		       const struct replay_parties *parties, const struct decision *decision)
{
	for (size_t i = 0; i < DIRECTIONS; i++)
		if (decision->sides[i].answer == ANSWER_UNKNOWN)
			return explain(replay, edge, parties, (enum direction)i,
				       &decision->sides[i]);
	return "it is not known what the ends are";
}
