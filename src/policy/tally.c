#include "policy/tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NOT_ASKED_FOR UINT8_MAX

int tally_init(const struct graph *graph, struct tally *ret)
{
	uint8_t *fates = malloc(graph->edge_count + 1);

	if (!fates)
		return -ENOMEM;
	memset(fates, NOT_ASKED_FOR, graph->edge_count + 1);
	*ret = (struct tally){.graph = graph, .fates = fates};
	return 0;
}

void tally_clear(struct tally *tally)
{
	free(tally->fates);
	*tally = (struct tally){0};
}

static uint8_t *fate_of(struct tally *tally, const struct graph_edge *edge)
{
	return &tally->fates[edge - tally->graph->edges];
}

void tally_expect(struct tally *tally, const struct graph_edge *edge)
{
	*fate_of(tally, edge) = LEFT_NO_POLICY;
}

void tally_mark(struct tally *tally, const struct graph_edge *edge, enum left_reason left)
{
	uint8_t *fate = fate_of(tally, edge);

	if (*fate != NOT_ASKED_FOR && left < *fate)
		*fate = (uint8_t)left;
}

void tally_sum(const struct tally *tally, struct policy_summary *ret)
{
	struct policy_summary sum = {0};

	for (size_t i = 0; i < tally->graph->edge_count; i++) {
		const struct totals *totals = &tally->graph->edges[i].edge.totals;
		const int64_t connections = totals->connections > 0 ? totals->connections : 0;
		const uint8_t fate = tally->fates[i];

		if (fate == NOT_ASKED_FOR)
			continue;
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
