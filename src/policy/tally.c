#include "policy/tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NOT_ASKED_FOR UINT8_MAX

int tally_init(const struct graph *graph, struct tally *ret)
{
	uint8_t *fates = malloc(DIRECTIONS * graph->edge_count + 1);

	if (!fates)
		return -ENOMEM;
	memset(fates, NOT_ASKED_FOR, DIRECTIONS * graph->edge_count + 1);
	*ret = (struct tally){.graph = graph, .fates = fates};
	return 0;
}

void tally_clear(struct tally *tally)
{
	free(tally->fates);
	*tally = (struct tally){0};
}

static uint8_t *fates_of(const struct tally *tally, const struct graph_edge *edge)
{
	return &tally->fates[DIRECTIONS * (size_t)(edge - tally->graph->edges)];
}

void tally_expect(struct tally *tally, const struct graph_edge *edge)
{
	memset(fates_of(tally, edge), LEFT_NO_POLICY, DIRECTIONS);
}

void tally_mark(struct tally *tally, const struct graph_edge *edge, enum direction direction,
		enum left_reason left)
{
	uint8_t *fate = &fates_of(tally, edge)[direction];

	if (*fate != NOT_ASKED_FOR && left < *fate)
		*fate = (uint8_t)left;
}

static bool is_isolated(const struct graph_edge *edge, enum direction direction,
			const uint8_t *isolated)
{
	const struct end *end = direction == DIRECTION_EGRESS ? edge->from : edge->to;

	return end->kind == END_POD && end->pod != GRAPH_NONE &&
	       (isolated[end->pod] & 1u << direction) != 0;
}

/* Does a policy of the end deny what is left out of it so? */
static bool is_denied(enum left_reason fate)
{
	return fate != LEFT_NONE && fate != LEFT_ITSELF && fate != LEFT_SECONDARY &&
	       fate != LEFT_OWN_NODE;
}

static enum left_reason judge(const struct graph_edge *edge, const uint8_t fates[DIRECTIONS],
			      const uint8_t *isolated)
{
	enum left_reason denied = LEFT_REASONS, least = LEFT_NO_POLICY;

	for (enum direction d = 0; d < DIRECTIONS; d++) {
		enum left_reason fate = (enum left_reason)fates[d];

		if (is_isolated(edge, d, isolated)) {
			if (is_denied(fate) && fate < denied)
				denied = fate;
		} else if (fate == LEFT_NONE) {
			fate = LEFT_NO_POLICY;
		}
		if (fate < least)
			least = fate;
	}
	return denied < LEFT_REASONS ? denied : least;
}

void tally_sum(struct tally *tally, const uint8_t *isolated, struct policy_summary *ret)
{
	struct policy_summary sum = {0};

	for (size_t i = 0; i < tally->graph->edge_count; i++) {
		const struct graph_edge *edge = &tally->graph->edges[i];
		const struct counts *totals = &edge->edge.totals;
		const int64_t connections = totals->connections > 0 ? totals->connections : 0;
		uint8_t *fates = fates_of(tally, edge);
		enum left_reason fate;

		if (*fates == NOT_ASKED_FOR)
			continue;
		fate = judge(edge, fates, isolated);
		memset(fates, fate, DIRECTIONS);
		sum.edges++;
		sum.connections += connections;
		if (fate == LEFT_NONE) {
			sum.used_edges++;
			sum.used_connections += connections;
		} else {
			sum.left_edges[fate]++;
			sum.left_connections[fate] += connections;
		}
	}
	*ret = sum;
}

bool tally_is_used(const struct tally *tally, const struct graph_edge *edge)
{
	return *fates_of(tally, edge) == LEFT_NONE;
}
