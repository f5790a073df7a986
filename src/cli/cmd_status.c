#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/dataplane.h"
#include "cli/mesh_notes.h"
#include "cli/session.h"
#include "cli/shape.h"
#include "cli/workloads_print.h"

/* What the record holds, summed over the interval and the nodes asked for. */
struct summary {
	const struct options *options;
	struct totals verdicts[VERDICT_MAX + 1];
	struct totals all; /* but for what never opened */
	int64_t first, last;
	json_t *nodes;
	json_t *gaps;
	json_t *sources;
	json_t *sysctls;
	json_t *excluded;
	json_t *collector;
	json_t *limits;
	json_t *stores;
	json_t *mesh;
	size_t pods, labelled, ambiguous;
	struct store_figures figures; /* of all databases */
	struct dataplanes dataplanes;
};

static bool is_wanted(const struct summary *summary, const char *node)
{
	return !summary->options->node || strcmp(summary->options->node, node) == 0;
}

static int add_node(void *context, const char *node, int64_t first, int64_t heartbeat)
{
	struct summary *summary = context;

	if (!is_wanted(summary, node))
		return 0;
	return shape_append(summary->nodes,
			    json_pack("{s:s, s:o, s:o}", "name", node, "from", shape_time(first),
				      "until", shape_time(heartbeat)));
}

static void add_edge(struct summary *summary, const struct edge_record *edge)
{
	const struct totals totals = graph_totals(&edge->totals);

	totals_add(&summary->verdicts[edge->key.verdict], &totals);
	if (edge->key.verdict != VERDICT_DENIED)
		totals_add(&summary->all, &totals);
	if (edge->first_seen < summary->first)
		summary->first = edge->first_seen;
	if (edge->last_seen > summary->last)
		summary->last = edge->last_seen;
}

/* A connection that two nodes recorded counts once. */
static void add_edges(struct summary *summary, const struct graph *graph)
{
	for (size_t i = 0; i < graph->edge_count; i++)
		if (graph->edges[i].standing == STANDING_COUNTS &&
		    is_wanted(summary, graph->edges[i].edge.node))
			add_edge(summary, &graph->edges[i].edge);
}

static int add_gap(void *context, const char *node, const struct gap *gap)
{
	struct summary *summary = context;

	return is_wanted(summary, node) ? shape_append(summary->gaps, shape_gap(node, gap)) : 0;
}

/* What each node says of it. */
static int set_fact(json_t *object, const char *name, const struct stored_fact *fact)
{
	json_t *values = json_object_get(object, name);

	if (!values) {
		values = json_object();
		if (shape_set(object, name, values) < 0)
			return -ENOMEM;
	}
	return shape_set(values, fact->node, json_string(fact->value));
}

static bool are_equal(json_t *values)
{
	const char *node, *first = NULL;
	json_t *value;

	json_object_foreach(values, node, value)
	{
		if (first && strcmp(first, json_string_value(value)) != 0)
			return false;
		first = json_string_value(value);
	}
	return true;
}

/* The value, or each node's where they differ: "n1: 1, n2: 0". */
static json_t *one_text(json_t *values)
{
	const bool equal = are_equal(values);
	struct buf buf = {0};
	const char *node;
	json_t *value, *text;

	json_object_foreach(values, node, value)
	{
		if (equal) {
			buf_clear(&buf);
			buf_puts(&buf, json_string_value(value));
		} else {
			buf_printf(&buf, "%s%s: %s", buf.length > 0 ? ", " : "", node,
				   json_string_value(value));
		}
	}
	text = buf.error ? NULL : json_string(buf.data ? buf.data : "");
	buf_clear(&buf);
	return text;
}

static int settle_facts(json_t *object)
{
	const char *name;
	json_t *values;
	void *next;
	int r = 0;

	json_object_foreach_safe(object, next, name, values) if (r == 0) r =
	    shape_set(object, name, one_text(values));
	return r;
}

static int add_fact(void *context, const struct stored_fact *fact)
{
	struct summary *summary = context;
	const char *dot = strchr(fact->name, '.');

	if (!is_wanted(summary, fact->node) || !dot)
		return 0;
	if (strncmp(fact->name, "sysctl.", 7) == 0)
		return set_fact(summary->sysctls, dot + 1, fact);
	if (strncmp(fact->name, "source.", 7) == 0)
		return shape_append(summary->sources,
				    json_pack("{s:s, s:s, s:s}", "node", fact->node, "name",
					      dot + 1, "place", fact->value));
	if (strncmp(fact->name, "excluded.", 9) == 0)
		return shape_append(summary->excluded,
				    json_pack("{s:s, s:s, s:s}", "node", fact->node, "name",
					      dot + 1, "what", fact->value));
	if (strncmp(fact->name, "collector.", 10) == 0)
		return set_fact(summary->collector, dot + 1, fact);
	if (strncmp(fact->name, "limit.", 6) == 0)
		return set_fact(summary->limits, dot + 1, fact);
	return dataplanes_take(&summary->dataplanes, fact);
}

static void count_pods(struct summary *summary, const struct graph *graph)
{
	for (size_t i = 0; i < graph->pod_count; i++) {
		if (!graph->pods[i].local || !is_wanted(summary, graph->pods[i].node))
			continue;
		summary->pods++;
		summary->labelled += graph->pods[i].labels != NULL;
		summary->ambiguous += graph->pods[i].ambiguous;
	}
}

static int add_figures(void *context, const char *path, const struct store_figures *figures)
{
	struct summary *summary = context;
	struct store_figures *sum = &summary->figures;

	sum->file_bytes += figures->file_bytes;
	sum->wal_bytes += figures->wal_bytes;
	sum->edges += figures->edges;
	sum->flows += figures->flows;
	sum->schema = figures->schema;
	return shape_append(summary->stores,
			    json_pack("{s:s, s:I, s:I, s:I, s:I, s:i}", "path", path, "bytes",
				      (json_int_t)figures->file_bytes, "wal_bytes",
				      (json_int_t)figures->wal_bytes, "edges",
				      (json_int_t)figures->edges, "flows",
				      (json_int_t)figures->flows, "schema", figures->schema));
}

static int collect(struct session *session, struct summary *summary)
{
	struct record *record = session->record;
	int r = record_nodes(record, add_node, summary);

	if (r == 0)
		r = record_gaps(record, session->options->interval, add_gap, summary);
	if (r == 0)
		r = record_facts(record, add_fact, summary);
	r = r ? r : settle_facts(summary->sysctls);
	r = r ? r : settle_facts(summary->collector);
	r = r ? r : settle_facts(summary->limits);
	if (r == 0)
		r = record_figures(record, add_figures, summary);
	record_end(record);
	add_edges(summary, session->graph);
	count_pods(summary, session->graph);
	summary->mesh = mesh_json(session->graph);
	return r == 0 && !summary->mesh ? -ENOMEM : r;
}

/* The one database's; with several there is none. */
static json_t *path_json(const struct options *options)
{
	return options->db_count == 1 ? json_string(options->db[0]) : json_null();
}

static json_t *connections_json(const struct summary *summary)
{
	const struct totals *verdicts = summary->verdicts;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "opened",
			 (json_int_t)summary->all.connections, "closed",
			 (json_int_t)summary->all.closed, "answered",
			 (json_int_t)verdicts[VERDICT_ANSWERED].connections, "one_way",
			 (json_int_t)verdicts[VERDICT_ONE_WAY].connections, "refused",
			 (json_int_t)verdicts[VERDICT_REFUSED].connections, "unanswered",
			 (json_int_t)verdicts[VERDICT_UNANSWERED].connections, "denied",
			 (json_int_t)verdicts[VERDICT_DENIED].connections, "unknown",
			 (json_int_t)verdicts[VERDICT_UNKNOWN].connections);
}

static json_t *counters_json(const struct summary *summary, int64_t sent, int64_t received)
{
	return json_pack("{s:o, s:o}", "sent", shape_counter(&summary->all, sent), "received",
			 shape_counter(&summary->all, received));
}

/* A number as far as it is one: a fact may be of another version. */
static json_t *limit_json(const char *text)
{
	char *end = NULL;
	long long value;

	if (!text)
		return json_null();
	errno = 0;
	value = strtoll(text, &end, 10);
	return errno || end == text || *end ? json_string(text) : json_integer(value);
}

/* Those that the daemon keeps to; null where it said nothing of one. */
static json_t *limits_json(const struct summary *summary)
{
	static const char *const names[] = {"max_size", "max_edges", "wal"};
	json_t *object = json_object();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *text = json_string_value(json_object_get(summary->limits, names[i]));

		if (shape_set(object, names[i], limit_json(text)) < 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static bool is_heard_of(json_t *node)
{
	return !json_is_null(json_object_get(node, "until"));
}

/* A node that was heard of may have had nothing to record. */
static bool is_empty(const struct summary *summary)
{
	bool empty = summary->first > summary->last;

	for (size_t i = 0; i < json_array_size(summary->nodes); i++)
		empty = empty && !is_heard_of(json_array_get(summary->nodes, i));
	return empty;
}

static bool is_complete(const struct summary *summary)
{
	return !is_empty(summary) && json_array_size(summary->gaps) == 0 &&
	       dataplanes_are_complete(&summary->dataplanes, summary->options->interval);
}

/* Nodes that told nothing of their dataplane are not known either. */
static const char *completeness(const struct summary *summary)
{
	if (is_empty(summary))
		return "no: nothing is recorded";
	if (!is_complete(summary))
		return "no";
	return summary->dataplanes.count >= json_array_size(summary->nodes) &&
		       dataplanes_are_known(&summary->dataplanes)
		   ? "yes"
		   : "yes, as far as is known";
}

static json_t *status_json(const struct session *session, const struct summary *summary)
{
	const struct store_figures *figures = &summary->figures;

	return json_pack(
	    "{s:{s:o, s:o}, s:O, s:o, s:o, s:o, s:o, s:{s:I, s:I, s:I}, s:O, s:O, s:O, s:O, "
	    "s:{s:o, s:I, s:I, s:I, s:I, s:i, s:o}, s:O, s:O, s:O, s:o, s:b}",
	    "interval", "from",
	    shape_time(summary->first == INT64_MAX ? INT64_MIN : summary->first), "until",
	    shape_time(summary->last), "nodes", summary->nodes, "connections",
	    connections_json(summary), "ended", shape_ended(&summary->all), "packets",
	    counters_json(summary, summary->all.packets_sent, summary->all.packets_received),
	    "bytes", counters_json(summary, summary->all.bytes_sent, summary->all.bytes_received),
	    "pods", "known", (json_int_t)summary->pods, "labelled", (json_int_t)summary->labelled,
	    "ambiguous", (json_int_t)summary->ambiguous, "gaps", summary->gaps, "sources",
	    summary->sources, "sysctls", summary->sysctls, "excluded", summary->excluded, "store",
	    "path", path_json(session->options), "bytes", (json_int_t)figures->file_bytes,
	    "wal_bytes", (json_int_t)figures->wal_bytes, "edges", (json_int_t)figures->edges,
	    "flows", (json_int_t)figures->flows, "schema", figures->schema, "limits",
	    limits_json(summary), "mesh", summary->mesh, "stores", summary->stores, "collector",
	    summary->collector, "dataplane",
	    dataplanes_json(&summary->dataplanes, session->options->interval), "complete",
	    is_complete(summary));
}

static const char *text_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void put_counter(struct buf *buf, const struct summary *summary, const char *name,
			int64_t sent, int64_t received)
{
	if (summary->all.counted || sent || received)
		buf_line(buf, "%-12s sent %" PRId64 ", received %" PRId64, name, sent, received);
	else
		buf_line(buf, "%-12s not counted", name);
}

static void put_ended(struct buf *buf, const struct totals *all)
{
	buf_line(buf,
		 "ended        %" PRId64 " in order, %" PRId64 " timed out, %" PRId64
		 " reset, %" PRId64 " evicted, %" PRId64 " deleted, %" PRId64 " vanished",
		 shape_closed_in_order(all), all->timed_out, all->reset, all->evicted, all->deleted,
		 all->vanished);
}

static void put_connections(struct buf *buf, const struct summary *summary)
{
	static const char *const names[VERDICT_MAX + 1] = {
	    "", "answered", "one-way", "refused", "unanswered", "denied", "unknown"};

	buf_line(buf, "connections  opened %" PRId64 ", closed %" PRId64, summary->all.connections,
		 summary->all.closed);
	for (unsigned i = 1; i <= VERDICT_MAX; i++)
		buf_line(buf, "  %-10s %" PRId64, names[i], summary->verdicts[i].connections);
	put_ended(buf, &summary->all);
	put_counter(buf, summary, "packets", summary->all.packets_sent,
		    summary->all.packets_received);
	put_counter(buf, summary, "bytes", summary->all.bytes_sent, summary->all.bytes_received);
}

static void put_object(struct buf *buf, const char *title, json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	    buf_line(buf, "%-12s %s: %s", title, key, json_string_value(value));
}

static void put_places(struct buf *buf, const char *title, json_t *array, const char *what)
{
	size_t i;
	json_t *item;

	json_array_foreach(array, i, item)
	    buf_line(buf, "%-12s %s: %s", title, text_of(item, "name"), text_of(item, what));
}

static void put_gaps(struct buf *buf, const struct summary *summary)
{
	size_t i;
	json_t *gap;

	json_array_foreach(summary->gaps, i, gap)
	{
		json_t *at_most = json_object_get(gap, "at_most");
		char bound[48] = "";

		if (json_is_integer(at_most))
			snprintf(bound, sizeof(bound), " (at most %" JSON_INTEGER_FORMAT ")",
				 json_integer_value(at_most));
		buf_line(buf, "gap          %s on %s, %s to %s: %s%s", text_of(gap, "source"),
			 text_of(gap, "node"), text_of(gap, "from"), text_of(gap, "until"),
			 text_of(gap, "reason"), bound);
	}
}

static void put_stores(struct buf *buf, const struct summary *summary)
{
	size_t i;
	json_t *store;

	json_array_foreach(summary->stores, i, store) buf_line(
	    buf,
	    "store        %s: %" JSON_INTEGER_FORMAT " edges, %" JSON_INTEGER_FORMAT
	    " flow rows, %" JSON_INTEGER_FORMAT " bytes and %" JSON_INTEGER_FORMAT " in the log",
	    text_of(store, "path"), json_integer_value(json_object_get(store, "edges")),
	    json_integer_value(json_object_get(store, "flows")),
	    json_integer_value(json_object_get(store, "bytes")),
	    json_integer_value(json_object_get(store, "wal_bytes")));
}

static void put_text(struct buf *buf, const struct summary *summary)
{
	char from[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX];
	size_t i;
	json_t *node;

	if (summary->first <= summary->last)
		buf_line(buf, "interval     %s to %s", clock_format(summary->first, from),
			 clock_format(summary->last, until));
	else
		buf_puts(buf, "interval     nothing recorded\n");
	json_array_foreach(summary->nodes, i, node)
	    buf_line(buf, "node         %s, last heard %s", text_of(node, "name"),
		     is_heard_of(node) ? text_of(node, "until") : "never");
	put_connections(buf, summary);
	buf_line(buf, "pods         known %zu, labelled %zu, ambiguous %zu", summary->pods,
		 summary->labelled, summary->ambiguous);
	put_places(buf, "source", summary->sources, "place");
	put_object(buf, "sysctl", summary->sysctls);
	put_object(buf, "collector", summary->collector);
	put_places(buf, "excluded", summary->excluded, "what");
	mesh_put(buf, summary->mesh);
	put_stores(buf, summary);
	put_object(buf, "limit", summary->limits);
	put_gaps(buf, summary);
	dataplanes_put(buf, &summary->dataplanes, summary->options->interval);
	buf_line(buf, "complete     %s", completeness(summary));
}

static void print_status(struct session *session, const struct summary *summary)
{
	struct buf buf = {0};
	json_t *tree;

	if (session->options->format == FORMAT_JSON) {
		tree = status_json(session, summary);
		if (tree)
			output_json(&buf, tree);
		else
			buf.error = -ENOMEM;
		json_decref(tree);
	} else {
		put_text(&buf, summary);
	}
	session_print(session, &buf);
}

static void answer_status(struct session *session)
{
	struct summary summary = {.options = session->options,
				  .first = INT64_MAX,
				  .last = INT64_MIN,
				  .nodes = json_array(),
				  .gaps = json_array(),
				  .sources = json_array(),
				  .sysctls = json_object(),
				  .excluded = json_array(),
				  .collector = json_object(),
				  .limits = json_object(),
				  .stores = json_array()};
	int r;

	session_check_node(session);
	r = collect(session, &summary);
	if (r != 0)
		session_fail(session, "status", r);
	else
		print_status(session, &summary);
	dataplanes_clear(&summary.dataplanes);
	json_decref(summary.nodes);
	json_decref(summary.gaps);
	json_decref(summary.sources);
	json_decref(summary.sysctls);
	json_decref(summary.excluded);
	json_decref(summary.collector);
	json_decref(summary.limits);
	json_decref(summary.stores);
	json_decref(summary.mesh);
}

static void answer_workloads(struct session *session)
{
	int r;

	session_check_filters(session);
	r = workloads_print(session);
	if (r < 0)
		session_fail(session, "status", r);
}

/* What is of the record as a whole has no workload, and is no table. */
static bool fits(const struct options *options)
{
	const char *option = NULL;

	if (options->workloads)
		return true;
	if (options->namespace)
		option = "--namespace";
	else if (options->workload_name)
		option = "--workload";
	else if (options->format == FORMAT_CSV)
		option = "--format csv";
	if (option)
		fprintf(stderr, "%s status: %s needs --workloads\n", PROGRAM, option);
	return !option;
}

static int run(const struct options *options)
{
	struct session session;

	if (!fits(options))
		return EXIT_USAGE;
	if (!session_begin(&session, options))
		return session_end(&session);
	session.wants_rests = !options->workloads;
	if (!session_build(&session))
		return session_end(&session);
	if (options->workloads)
		answer_workloads(&session);
	else
		answer_status(&session);
	return session_end(&session);
}

const struct command command_status = {
    .name = "status",
    .summary = "what was recorded, from where, and what is missing",
    .operands = "",
    .details =
	"Connections by how they went, pods, sources, kernel settings, and every gap: a time in "
	"which something was\n"
	"missed, with the most that it can have been. The record is complete if there is none, "
	"if anything is recorded\n"
	"at all, and if no node's dataplane hides connections or denied attempts from it; as far "
	"as is known, where a node\n"
	"cannot tell that.\n"
	"With --workloads a row for each workload: since when and how long it is observed, and "
	"whether that is enough to\n"
	"make a policy of it: learning, settling or ready. --namespace, --workload and the format "
	"csv are for these rows.\n",
    .takes = TAKES_FILTERS | TAKES_INVENTORY | TAKES_STRICT | TAKES_WORKLOADS,
    .formats = FORMAT_TABLE | FORMAT_JSON | FORMAT_CSV,
    .format = FORMAT_TABLE,
    .run = run,
};
