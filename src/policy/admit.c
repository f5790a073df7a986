#include "policy/admit.h"

#include <netinet/in.h>
#include <string.h>

#include "policy/manifest_value.h"

static const struct {
	const char *name;
	const char *phrase;
	bool can_be_included;
} reasons[LEFT_REASONS] = {
    [LEFT_NONE] = {"none", "allowed", false},
    [LEFT_REFUSED] = {"refused", "refused", true},
    [LEFT_UNANSWERED] = {"unanswered", "unanswered", true},
    [LEFT_DENIED] = {"denied", "denied", true},
    [LEFT_UNKNOWN] = {"unknown", "whose outcome is not known", true},
    [LEFT_ITSELF] = {"itself", "of a pod with itself", false},
    [LEFT_SECONDARY] = {"secondary", "over further networks", false},
    [LEFT_UNCERTAIN] = {"uncertain", "of uncertain direction", true},
    [LEFT_PORTLESS] = {"portless", "of protocols without ports", false},
    [LEFT_AMBIGUOUS] = {"ambiguous", "with an address that was not one pod's all the time", true},
    [LEFT_UNLABELLED] = {"unlabelled", "with pods of which no usable label is known", true},
    [LEFT_CONTRADICTED] = {"contradicted", "with pods that are told of in contradiction", false},
    [LEFT_FOLDED] = {"folded", "with prefixes that hold addresses of the cluster", true},
    [LEFT_OWN_NODE] = {"own-node", "from the pod's own node", true},
    [LEFT_BELOW_MINIMUM] = {"below-minimum", "with too few connections", false},
    [LEFT_BEYOND_LIMIT] = {"beyond-limit", "of directions that need too many blocks", false},
    [LEFT_PARTIAL] = {"partial", "of directions that are partial", false},
    [LEFT_NOT_READY] = {"not-ready", "of workloads that are not ready", false},
    [LEFT_DIRECTION] = {"direction", "of the other direction", false},
    [LEFT_NO_POLICY] = {"no-policy", "of pods that get no policy", false},
};

const char *left_reason_name(enum left_reason reason)
{
	return reasons[reason].name;
}

const char *left_reason_phrase(enum left_reason reason)
{
	return reasons[reason].phrase;
}

bool left_reason_can_be_included(enum left_reason reason)
{
	return reasons[reason].can_be_included;
}

bool admit_is_included(unsigned include, enum left_reason reason)
{
	return reasons[reason].can_be_included && (include & 1u << reason) != 0;
}

static enum left_reason judge_verdict(const struct graph_edge *edge)
{
	const struct counts *totals = &edge->edge.totals;

	switch (edge->edge.key.verdict) {
	case VERDICT_ANSWERED:
		return LEFT_NONE;
	case VERDICT_ONE_WAY:
		if (edge->standing == STANDING_OVERRIDDEN)
			return LEFT_DENIED;
		return totals->connections > 0 || totals->packets_sent > 0 ? LEFT_NONE
									   : LEFT_UNKNOWN;
	case VERDICT_REFUSED:
		return LEFT_REFUSED;
	case VERDICT_UNANSWERED:
		return edge->standing == STANDING_OVERRIDDEN ? LEFT_DENIED : LEFT_UNANSWERED;
	case VERDICT_DENIED:
		return LEFT_DENIED;
	default:
		return edge->standing == STANDING_OVERRIDDEN ? LEFT_DENIED : LEFT_UNKNOWN;
	}
}

/* Through a service, too. */
static bool is_with_itself(const struct graph_edge *edge)
{
	return edge->from->kind == END_POD && edge->to->kind == END_POD &&
	       edge->from->pod == edge->to->pod;
}

static bool has_port(const struct edge_key *key)
{
	return key->has_port && key->port > 0 &&
	       (key->protocol == IPPROTO_TCP || key->protocol == IPPROTO_UDP ||
		key->protocol == IPPROTO_SCTP);
}

struct admission admit_edge(const struct graph_edge *edge, unsigned include)
{
	const struct edge_key *key = &edge->edge.key;
	struct admission admission = {.left = judge_verdict(edge)};

	if (admission.left != LEFT_NONE && !admit_is_included(include, admission.left))
		return admission;
	admission.included = admission.left != LEFT_NONE;
	admission.left = LEFT_NONE;
	if (is_with_itself(edge))
		admission.left = LEFT_ITSELF;
	else if (edge->from->secondary || edge->to->secondary)
		admission.left = LEFT_SECONDARY;
	else if (key->direction_uncertain && !admit_is_included(include, LEFT_UNCERTAIN))
		admission.left = LEFT_UNCERTAIN;
	else if (!has_port(key))
		admission.left = LEFT_PORTLESS;
	admission.included |= key->direction_uncertain;
	return admission;
}

enum left_reason admit_unnamed(const struct end *end)
{
	if (end->kind == END_POD && !text_is_dns_label(end->namespace))
		return LEFT_CONTRADICTED;
	if (end->prefix)
		return LEFT_FOLDED;
	if (strcmp(end->class, "ambiguous") == 0)
		return strcmp(end->reason, GRAPH_REASON_CONFLICT) == 0 ? LEFT_CONTRADICTED
								       : LEFT_AMBIGUOUS;
	return strcmp(end->class, "node") == 0 ? LEFT_AMBIGUOUS : LEFT_UNLABELLED;
}
