#include "policy/diff_weigh.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy/blocks.h"

/* first > last: none. */
struct span {
	size_t first, last;
};

static const struct span no_span = {1, 0};

static struct span span_of(size_t row)
{
	return row == DIFF_NONE ? no_span : (struct span){row, row};
}

static bool is_empty(struct span span)
{
	return span.first > span.last;
}

static int find_owner(const struct diff *diff, const char *namespace, const char *name,
		      const char *kind, size_t *ret)
{
	char *text;

	if (asprintf(&text, "%s/%s[%s]", namespace, name, kind) < 0)
		return -ENOMEM;
	*ret = diff_find_row(diff, text);
	free(text);
	return 0;
}

/* The row of what controls the pod. */
static int find_controller(const struct diff *diff, const struct graph *graph,
			   const struct graph_pod *pod, size_t *ret)
{
	const struct inventory_pod *object =
	    graph->inventory
		? inventory_find_pod(graph->inventory, pod->namespace, pod->name, pod->uid)
		: NULL;
	int r = 0;

	*ret = DIFF_NONE;
	if (object && object->owner_kind[0])
		r = find_owner(diff, pod->namespace, object->owner_name, object->owner_kind, ret);
	if (r == 0 && *ret == DIFF_NONE && pod->workload != GRAPH_NONE) {
		const struct workload *workload = &graph->workloads[pod->workload];

		r = find_owner(diff, workload->namespace, workload->name, workload->kind, ret);
	}
	return r;
}

/* By the graph's pods. NULL: out of memory. */
static size_t *place_pods(const struct diff *diff, const struct graph *graph)
{
	size_t *rows = calloc(graph->pod_count + 1, sizeof(*rows));
	int r = rows ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < graph->pod_count; i++) {
		const struct graph_pod *pod = &graph->pods[i];

		rows[i] = diff_find_pod(diff, pod->namespace, pod->name);
		if (rows[i] == DIFF_NONE)
			r = find_controller(diff, graph, pod, &rows[i]);
	}
	if (r == 0)
		return rows;
	free(rows);
	return NULL;
}

static struct span place_address(const struct diff *diff, struct addr address, uint8_t bits)
{
	struct addr_range range = {address, address};

	if (!addr_is_set(address))
		return no_span;
	if (bits > 0)
		range = prefix_range(prefix_around(address, bits));
	return (struct span){diff_find_address(diff, range.first),
			     diff_find_address(diff, range.last)};
}

static struct span place_end(const struct diff *diff, const size_t *pods, const struct end *end)
{
	if (end->pod != GRAPH_NONE && pods[end->pod] != DIFF_NONE)
		return span_of(pods[end->pod]);
	if (end->kind == END_POD || end->kind == END_UNKNOWN)
		return no_span;
	return place_address(diff, end->address, end->prefix);
}

static bool has(const struct diff_ports *ports, const struct edge_key *key)
{
	return port_set_has(&ports->allows, key->protocol, key->port) ||
	       port_set_has(&ports->unknown, key->protocol, key->port);
}

static void weigh_pair(const struct diff *diff, size_t from, size_t to,
		       const struct graph_edge *edge, struct diff_weights *weights)
{
	const struct edge_key *key = &edge->edge.key;

	for (int side = 0; side < DIFF_SIDES; side++) {
		const struct diff_change *change = diff_find_change(diff, from, to, side);
		struct diff_weight *weight;

		if (!change || !has(diff_ports_of(diff, change), key))
			continue;
		weight = &weights->items[change - diff->changes];
		if (key->verdict == VERDICT_DENIED)
			weight->denied += edge->edge.totals.connections;
		else
			weight->connections += edge->edge.totals.connections;
		if (edge->edge.last_seen > weight->last_seen)
			weight->last_seen = edge->edge.last_seen;
	}
}

static void weigh_spans(const struct diff *diff, struct span from, struct span to,
			const struct graph_edge *edge, struct diff_weights *weights)
{
	for (size_t i = from.first; i <= from.last; i++)
		for (size_t j = to.first; j <= to.last; j++)
			weigh_pair(diff, i, j, edge, weights);
}

static void weigh_edge(const struct diff *diff, const size_t *pods, const struct graph_edge *edge,
		       struct diff_weights *weights)
{
	struct span from = place_end(diff, pods, edge->from);
	struct span to = place_end(diff, pods, edge->to), seen_as = no_span;

	if (edge->translated)
		seen_as = place_end(diff, pods, edge->translated);
	if (is_empty(to) || (is_empty(from) && is_empty(seen_as)))
		weights->unplaced += edge->edge.totals.connections;
	weigh_spans(diff, from, to, edge, weights);
	if (seen_as.first != from.first)
		weigh_spans(diff, seen_as, to, edge, weights);
}

int diff_weigh(const struct diff *diff, const struct graph *graph, struct diff_weights *ret)
{
	size_t *pods = place_pods(diff, graph);

	ret->unplaced = 0;
	ret->items = calloc(diff->change_count + 1, sizeof(*ret->items));
	if (!pods || !ret->items) {
		free(pods);
		diff_weights_clear(ret);
		return -ENOMEM;
	}
	for (size_t i = 0; i < graph->edge_count; i++)
		if (graph->edges[i].standing == STANDING_COUNTS)
			weigh_edge(diff, pods, &graph->edges[i], ret);
	free(pods);
	return 0;
}

void diff_weights_clear(struct diff_weights *weights)
{
	free(weights->items);
	*weights = (struct diff_weights){0};
}
