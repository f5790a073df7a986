#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/json_list.h"
#include "cli/session.h"
#include "cli/shape.h"

static bool is_wanted(const struct session *session, const struct graph_edge *edge)
{
	return edge->edge.begun >= session->options->new_since && session_wants_edge(session, edge);
}

static json_t *edge_json(const struct session *session, const struct graph_edge *edge)
{
	return shape_edge(session->graph, edge);
}

/* The last ones only in CSV, where width is no matter. */
static const char *const titles[] = {"FROM",          "TO",          "PORT",       "SERVICE",
				     "VERDICT",       "CONNECTIONS", "SENT",       "RECEIVED",
				     "FROM WORKLOAD", "TO WORKLOAD", "FIRST SEEN", "LAST SEEN"};
#define COLUMNS 8
#define CSV_COLUMNS (sizeof(titles) / sizeof(titles[0]))

/* "Deployment/web"; "" for none. */
static const char *workload_cell(const struct graph *graph, const struct end *end,
				 char cell[static SHAPE_CELL_MAX])
{
	*cell = '\0';
	if (end->workload != GRAPH_NONE)
		snprintf(cell, SHAPE_CELL_MAX, "%s/%s", graph->workloads[end->workload].kind,
			 graph->workloads[end->workload].name);
	return cell;
}

static int edge_row(const struct session *session, struct output_table *table,
		    const struct graph_edge *edge)
{
	const struct edge_key *key = &edge->edge.key;
	const struct totals totals = graph_totals(&edge->edge.totals);
	char from[SHAPE_CELL_MAX], to[SHAPE_CELL_MAX], port[16], service[PREFIX_TEXT_MAX + 8];
	char connections[24], sent[24], received[24];
	char from_workload[SHAPE_CELL_MAX], to_workload[SHAPE_CELL_MAX];
	char first[CLOCK_TEXT_MAX], last[CLOCK_TEXT_MAX];

	snprintf(connections, sizeof(connections), "%" PRId64, totals.connections);
	const char *cells[] = {
	    shape_end_cell(edge->from, from),
	    shape_end_cell(edge->to, to),
	    shape_port_cell(key->protocol, key->has_port, key->port, port),
	    shape_address_port_cell(key->service, edge->service_prefix, key->service_port, service),
	    verdict_name((enum verdict)key->verdict),
	    connections,
	    shape_bytes_cell(&totals, totals.bytes_sent, session->options->format, sent),
	    shape_bytes_cell(&totals, totals.bytes_received, session->options->format, received),
	    workload_cell(session->graph, edge->from, from_workload),
	    workload_cell(session->graph, edge->to, to_workload),
	    clock_format(edge->edge.first_seen, first),
	    clock_format(edge->edge.last_seen, last),
	};
	return output_table_row(table, cells);
}

static int run(const struct options *options)
{
	struct session session;

	if (!session_begin(&session, options))
		return session_end(&session);
	session.wants_rests = true;
	if (!session_build(&session))
		return session_end(&session);
	session_check_filters(&session);
	record_end(session.record);
	if (options->format == FORMAT_JSON || options->format == FORMAT_JSONL)
		json_list_edges(&session, edge_json, is_wanted);
	else
		session_print_edges(&session, titles,
				    options->format == FORMAT_CSV ? CSV_COLUMNS : COLUMNS, edge_row,
				    is_wanted);
	return session_end(&session);
}

const struct command command_edges = {
    .name = "edges",
    .summary = "who talks to whom, for what, how often, and how it went",
    .operands = "",
    .details = "One row per source, destination, port and verdict; the destination is who really "
	       "answered, the\n"
	       "service is what was asked for. Verdicts: answered, one-way (needs no answer and "
	       "got none), refused,\n"
	       "unanswered, denied (dropped on the node that recorded it), unknown (something was "
	       "lost meanwhile). "
	       "With --inventory\n"
	       "ends carry their workload.\n",
    .takes = TAKES_FILTERS | TAKES_INVENTORY | TAKES_NEW_SINCE | TAKES_STRICT,
    .formats = FORMAT_TABLE | FORMAT_JSON | FORMAT_JSONL | FORMAT_CSV,
    .format = FORMAT_TABLE,
    .run = run,
};
