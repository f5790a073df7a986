#include "cli/verify_words.h"

#include <stdio.h>

#include "base/clock.h"

/* Less than what a week's work may need says little of what is never needed. */
#define SHORT_MSEC (7 * 24 * 3600 * MSEC_PER_SEC)

const char *verify_end_cell(const struct graph *graph, const struct end *end,
			    char cell[static SHAPE_CELL_MAX])
{
	if (end->kind != END_POD)
		return shape_end_cell(end, cell);
	if (end->workload == GRAPH_NONE)
		snprintf(cell, SHAPE_CELL_MAX, "%s/%s[Pod]", end->namespace, end->name);
	else
		snprintf(
		    cell, SHAPE_CELL_MAX, "%s/%s[%s]", graph->workloads[end->workload].namespace,
		    graph->workloads[end->workload].name, graph->workloads[end->workload].kind);
	return cell;
}

/* Of the edge seen last, and of the side that the row is about. */
int verify_explain(const struct verification *verification, const struct replay_row *row,
		   struct because *because)
{
	struct party from, to;
	int r;

	replay_row_parties(&verification->replay, row, &from, &to);
	r = evaluator_explain(verification->replay.evaluator, &from, &to, because_add, because);
	return r < 0 ? r : because->error;
}

struct because_ends verify_ends(const struct replay_row *row, const char *subject)
{
	struct because_ends ends = {0};

	ends.texts[row->direction] = subject;
	return ends;
}

unsigned verify_row_line(const struct replay_row *row)
{
	if (row->rule)
		return row->rule->line;
	return row->policy ? row->policy->line : 0;
}

unsigned verify_item_line(const struct unused_item *item)
{
	if (item->peer)
		return item->peer->line;
	if (item->port)
		return item->port->line;
	return item->rule ? item->rule->line : item->policy->line;
}

void verify_put_why_unused(struct buf *buf, const struct unused_item *item)
{
	if (item->why)
		buf_puts(buf, item->why);
	else if (item->pods > 0)
		buf_printf(buf, "%zu of the policy's %zu pod%s %s recorded on %s own node",
			   item->recorded, item->pods, item->pods == 1 ? "" : "s",
			   item->recorded == 1 ? "was" : "were",
			   item->recorded == 1 ? "its" : "their");
}

const struct netpol_peer *verify_item_peer(const struct unused_item *item)
{
	if (item->peer || !item->rule || item->rule->peer_count != 1)
		return item->peer;
	return &item->rule->peers[0];
}

const struct netpol_port *verify_item_port(const struct unused_item *item)
{
	if (item->port || !item->rule || item->rule->port_count != 1)
		return item->port;
	return &item->rule->ports[0];
}

void verify_put_more(struct buf *buf, const char *separator, size_t count)
{
	if (count > VERIFY_NAMED)
		buf_printf(buf, "%s%zu more in --format csv", separator, count - VERIFY_NAMED);
}

struct verify_unused verify_count_unused(const struct verification *verification)
{
	struct verify_unused counts = {0};

	for (size_t i = 0; i < verification->unused_count; i++) {
		const struct unused_item *item = &verification->unused[i];

		if (item->wider)
			counts.wider++;
		else if (item->perhaps)
			counts.perhaps++;
		else
			counts.unused++;
	}
	return counts;
}

bool verify_has_edges(const struct graph *graph)
{
	return graph->seen.from <= graph->seen.until;
}

bool verify_is_short(const struct graph *graph)
{
	return !verify_has_edges(graph) || graph->seen.until - graph->seen.from < SHORT_MSEC;
}
