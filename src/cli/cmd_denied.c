#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/json_list.h"
#include "cli/session.h"
#include "cli/shape.h"

static bool is_wanted(const struct session *session, const struct graph_edge *edge)
{
	return edge->edge.key.verdict == VERDICT_DENIED && session_wants_edge(session, edge);
}

/* A service address that was not translated has nobody behind it. */
static const char *cause_of(const struct graph_edge *edge)
{
	return edge->to->service_address && edge->to->kind == END_EXTERNAL ? "no endpoints"
									   : "policy";
}

static json_t *denied_json(const struct session *session, const struct graph_edge *edge)
{
	json_t *object = shape_edge(session->graph, edge);

	if (shape_set(object, "cause", json_string(cause_of(edge))) < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static int denied_row(const struct session *session, struct output_table *table,
		      const struct graph_edge *edge)
{
	const struct edge_key *key = &edge->edge.key;
	char from[SHAPE_CELL_MAX], to[SHAPE_CELL_MAX], port[16], attempts[24];
	char first[CLOCK_TEXT_MAX], last[CLOCK_TEXT_MAX];

	(void)session;

	snprintf(attempts, sizeof(attempts), "%" PRId64, edge->edge.totals.connections);
	const char *cells[] = {
	    shape_end_cell(edge->from, from),
	    shape_end_cell(edge->to, to),
	    shape_port_cell(key->protocol, key->has_port, key->port, port),
	    cause_of(edge),
	    attempts,
	    clock_format(edge->edge.first_seen, first),
	    clock_format(edge->edge.last_seen, last),
	};
	return output_table_row(table, cells);
}

static int run(const struct options *options)
{
	static const char *const titles[] = {"FROM",     "TO",         "PORT",     "CAUSE",
					     "ATTEMPTS", "FIRST SEEN", "LAST SEEN"};
	struct session session;

	if (!session_begin(&session, options))
		return session_end(&session);
	session.wants_rests = true;
	if (!session_build(&session))
		return session_end(&session);
	session_check_filters(&session);
	record_end(session.record);
	if (options->format == FORMAT_JSON || options->format == FORMAT_JSONL)
		json_list_edges(&session, denied_json, is_wanted);
	else
		session_print_edges(&session, titles, 7, denied_row, is_wanted);
	return session_end(&session);
}

const struct command command_denied = {
    .name = "denied",
    .summary = "attempts that were dropped on the node that recorded them",
    .operands = "",
    .details = "Forwarded connections whose first packet was seen and that were never confirmed, "
	       "with nothing lost\n"
	       "meanwhile. The cause is \"policy\" for any rule that drops, \"no endpoints\" for a "
	       "service address that\n"
	       "nobody stands behind (known with --inventory). Retransmissions within 130 s are "
	       "one attempt.\n",
    .takes = TAKES_FILTERS | TAKES_INVENTORY | TAKES_STRICT,
    .formats = FORMAT_TABLE | FORMAT_JSON | FORMAT_JSONL | FORMAT_CSV,
    .format = FORMAT_TABLE,
    .run = run,
};
