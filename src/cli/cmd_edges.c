#include <inttypes.h>
#include <stdio.h>

#include "cli/session.h"
#include "cli/shape.h"

static bool is_wanted(const struct session *session, const struct graph_edge *edge)
{
	return edge->edge.begun >= session->options->new_since && session_wants_edge(session, edge);
}

static json_t *edges_json(const struct session *session)
{
	json_t *array = json_array();

	for (size_t i = 0; i < session->graph->edge_count; i++)
		if (is_wanted(session, &session->graph->edges[i]) &&
		    shape_append(array, shape_edge(session->graph, &session->graph->edges[i])) <
			0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static int edge_row(const struct session *session, struct output_table *table,
		    const struct graph_edge *edge)
{
	const struct edge_key *key = &edge->edge.key;
	const struct totals *totals = &edge->edge.totals;
	char from[SHAPE_CELL_MAX], to[SHAPE_CELL_MAX], port[16], service[PREFIX_TEXT_MAX + 8];
	char connections[24], sent[24], received[24];

	snprintf(connections, sizeof(connections), "%" PRId64, totals->connections);
	const char *cells[] = {
	    shape_end_cell(&edge->from, from),
	    shape_end_cell(&edge->to, to),
	    shape_port_cell(key->protocol, key->has_port, key->port, port),
	    shape_address_port_cell(key->service, edge->service_prefix, key->service_port, service),
	    verdict_name((enum verdict)key->verdict),
	    connections,
	    shape_bytes_cell(totals, totals->bytes_sent, session->options->format, sent),
	    shape_bytes_cell(totals, totals->bytes_received, session->options->format, received),
	};
	return output_table_row(table, cells);
}

static int run(const struct options *options)
{
	static const char *const titles[] = {"FROM",    "TO",          "PORT", "SERVICE",
					     "VERDICT", "CONNECTIONS", "SENT", "RECEIVED"};
	struct session session;

	if (!session_begin(&session, options) || !session_build(&session))
		return session_end(&session);
	session_check_filters(&session);
	record_end(session.record);
	if (options->format == FORMAT_JSON || options->format == FORMAT_JSONL)
		session_print_array(&session, edges_json(&session));
	else
		session_print_edges(&session, titles, 8, edge_row, is_wanted);
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
	       "unanswered, denied (dropped on this node), unknown (something was lost meanwhile). "
	       "With --inventory\n"
	       "ends carry their workload.\n",
    .takes = TAKES_FILTERS | TAKES_INVENTORY | TAKES_NEW_SINCE | TAKES_STRICT,
    .formats = FORMAT_TABLE | FORMAT_JSON | FORMAT_JSONL | FORMAT_CSV,
    .format = FORMAT_TABLE,
    .run = run,
};
