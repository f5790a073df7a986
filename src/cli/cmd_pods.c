#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/json_list.h"
#include "cli/session.h"
#include "cli/shape.h"

static bool is_wanted(const struct session *session, const struct graph_pod *pod)
{
	const struct options *options = session->options;
	const struct end end = {.kind = END_POD,
				.namespace = pod->namespace,
				.name = pod->name,
				.workload = pod->workload};

	if (options->node && strcmp(options->node, pod->node) != 0)
		return false;
	return session_wants_end(session, &end);
}

static json_t *address_json(const struct pod_address *owned)
{
	return json_pack("{s:o, s:o, s:o, s:b}", "address", shape_address(owned->address), "from",
			 shape_time(owned->since), "until", shape_time(owned->until), "secondary",
			 owned->secondary);
}

static json_t *addresses_json(const struct graph_pod *pod)
{
	json_t *array = json_array();

	for (size_t i = 0; i < pod->address_count; i++)
		if (shape_append(array, address_json(&pod->addresses[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *sources_json(const char *sources)
{
	json_t *array = json_array();

	while (*sources) {
		size_t length = strcspn(sources, ",");

		if (shape_append(array, json_stringn(sources, length)) < 0) {
			json_decref(array);
			return NULL;
		}
		sources += length + (sources[length] == ',');
	}
	return array;
}

/* What was said is JSON by itself. */
static json_t *word_json(const struct pod_word *word)
{
	json_t *said = json_loads(word->said, 0, NULL);

	return json_pack("{s:o, s:o, s:o}", "source", shape_text(word->source), "place",
			 shape_text(word->place), "said", said ? said : shape_text(word->said));
}

static json_t *said_json(const struct graph_pod *pod)
{
	json_t *array = json_array();

	for (size_t i = 0; i < pod->word_count; i++)
		if (shape_append(array, word_json(&pod->words[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *workload_json(const struct graph *graph, const struct graph_pod *pod)
{
	if (pod->workload == GRAPH_NONE)
		return json_null();
	return json_sprintf("%s/%s", graph->workloads[pod->workload].kind,
			    graph->workloads[pod->workload].name);
}

static json_t *pod_json(const struct graph *graph, const struct graph_pod *pod)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:b, s:o}",
			 "namespace", shape_text(pod->namespace), "name", shape_text(pod->name),
			 "uid", shape_text(pod->uid), "node", shape_text(pod->node), "workload",
			 workload_json(graph, pod), "host_network", pod->host_network, "addresses",
			 addresses_json(pod), "labels", shape_labels(pod->labels), "sources",
			 sources_json(pod->source), "said", said_json(pod), "ambiguous",
			 pod->ambiguous, "conflict", shape_text(pod->conflict));
}

static void print_json(struct session *session)
{
	const struct graph *graph = session->graph;
	struct json_list list;
	int r = 0;

	json_list_begin(&list, session);
	for (size_t i = 0; r == 0 && i < graph->pod_count; i++)
		if (is_wanted(session, &graph->pods[i]))
			r = json_list_add(&list, pod_json(graph, &graph->pods[i]));
	r = json_list_end(&list, r);
	if (r < 0)
		session_fail(session, "answer", r);
}

/* Why nothing is made of a pod stands with who told of it. */
static const char *source_cell(const struct graph_pod *pod, char cell[static SHAPE_CELL_MAX])
{
	if (!pod->ambiguous && !*pod->conflict)
		return pod->source;
	snprintf(cell, SHAPE_CELL_MAX, "%.300s (%s)", pod->source,
		 *pod->conflict ? "contradictory" : "ambiguous");
	return cell;
}

/* In CSV an address is nothing but that. */
static const char *address_cell(const struct graph_pod *pod, const struct pod_address *owned,
				enum format format, char cell[static SHAPE_CELL_MAX])
{
	char text[ADDR_TEXT_MAX];
	bool plain = format == FORMAT_CSV;

	if (!addr_is_set(owned->address))
		return pod->host_network && !plain ? "(the node's)" : "";
	snprintf(cell, SHAPE_CELL_MAX, "%s%s", addr_format(owned->address, text),
		 owned->secondary && !plain ? " (secondary)" : "");
	return cell;
}

static int pod_rows(struct output_table *table, const struct session *session,
		    const struct graph_pod *pod)
{
	const struct graph *graph = session->graph;
	static const struct pod_address none = {.until = INTERVAL_OPEN};
	char workload[SHAPE_CELL_MAX] = "", address[SHAPE_CELL_MAX], since[CLOCK_TEXT_MAX],
	     until[CLOCK_TEXT_MAX], source[SHAPE_CELL_MAX];
	size_t rows = pod->address_count ? pod->address_count : 1;
	int r = 0;

	if (pod->workload != GRAPH_NONE)
		snprintf(workload, sizeof(workload), "%s/%s", graph->workloads[pod->workload].kind,
			 graph->workloads[pod->workload].name);
	for (size_t i = 0; r == 0 && i < rows; i++) {
		const struct pod_address *owned = pod->address_count ? &pod->addresses[i] : &none;
		const char *cells[] = {
		    pod->namespace,
		    pod->name,
		    workload,
		    pod->node,
		    address_cell(pod, owned, session->options->format, address),
		    owned->since > 0 ? clock_format(owned->since, since) : "",
		    owned->until == INTERVAL_OPEN ? "" : clock_format(owned->until, until),
		    source_cell(pod, source),
		};

		r = output_table_row(table, cells);
	}
	return r;
}

static void print_table(struct session *session)
{
	static const char *const titles[] = {"NAMESPACE", "NAME", "WORKLOAD", "NODE",
					     "ADDRESS",   "FROM", "UNTIL",    "SOURCES"};
	struct output_table *table = output_table_new(titles, 8);
	int r = 0;

	for (size_t i = 0; table && r == 0 && i < session->graph->pod_count; i++)
		if (is_wanted(session, &session->graph->pods[i]))
			r = pod_rows(table, session, &session->graph->pods[i]);
	if (r < 0)
		table = output_table_free(table);
	session_print_table(session, table);
}

static int run(const struct options *options)
{
	struct session session;
	bool as_json = options->format == FORMAT_JSON || options->format == FORMAT_JSONL;

	if (!session_begin(&session, options))
		return session_end(&session);
	if (as_json)
		record_want_words(session.record);
	if (!session_build(&session))
		return session_end(&session);
	session_check_filters(&session);
	record_end(session.record);
	if (as_json)
		print_json(&session);
	else
		print_table(&session);
	return session_end(&session);
}

const struct command command_pods = {
    .name = "pods",
    .summary = "pods and the time during which each address was theirs",
    .operands = "",
    .details = "Pods that a node recorded, and those of the inventory. An address without UNTIL is "
	       "still owned.\n",
    .takes = TAKES_NAMESPACE | TAKES_WORKLOAD | TAKES_NODE | TAKES_INVENTORY | TAKES_STRICT,
    .formats = FORMAT_TABLE | FORMAT_JSON | FORMAT_JSONL | FORMAT_CSV,
    .format = FORMAT_TABLE,
    .run = run,
};
