#include "cli/workloads_print.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/extent.h"
#include "cli/shape.h"
#include "policy/policy.h"

#define CELL_MAX 48

static bool is_wanted(const struct session *session, size_t workload)
{
	const struct workload *known = &session->graph->workloads[workload];
	const struct end end = {
	    .kind = END_UNKNOWN, .namespace = known->namespace, .name = "", .workload = workload};

	return session_wants_end(session, &end);
}

/* A share or rate to four decimals: more would be noise. */
static double rounded(double value)
{
	return (double)(int64_t)(value * 10000 + 0.5) / 10000;
}

static bool has_later_days(const struct readiness *readiness)
{
	return readiness->observed > READINESS_DAY;
}

/* ---- JSON ---- */

static json_t *observed_json(const struct readiness *readiness)
{
	return json_pack("{s:o, s:I, s:I, s:I}", "since", shape_time(readiness->since), "seconds",
			 (json_int_t)(readiness->observed / MSEC_PER_SEC), "gaps",
			 (json_int_t)readiness->gaps, "gap_seconds",
			 (json_int_t)(readiness->missing / MSEC_PER_SEC));
}

static json_t *edges_json(const struct readiness *readiness)
{
	return json_pack("{s:I, s:I, s:I, s:o}", "distinct", (json_int_t)readiness->edges, "once",
			 (json_int_t)readiness->edges_once, "new_in_last_day",
			 (json_int_t)readiness->new_edges, "new_a_day",
			 has_later_days(readiness)
			     ? json_real(rounded(readiness->new_edges_per_day))
			     : json_null());
}

static json_t *workload_json(const struct workload *workload, const struct readiness *readiness)
{
	return json_pack(
	    "{s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:o, s:o, s:{s:I, s:I}}", "namespace",
	    workload->namespace, "kind", workload->kind, "name", workload->name, "state",
	    readiness_state_name(readiness->state), "reason", shape_text(readiness->reason),
	    "observed", observed_json(readiness), "connections", (json_int_t)readiness->connections,
	    "edges", edges_json(readiness), "unseen",
	    readiness->connections > 0 ? json_real(rounded(readiness->unseen)) : json_null(),
	    "pods", "seen", (json_int_t)readiness->pods_seen, "known",
	    (json_int_t)readiness->pods_known);
}

static json_t *workloads_json(const struct session *session, const struct readinesses *readinesses)
{
	const struct graph *graph = session->graph;
	json_t *array = json_array();

	for (size_t i = 0; i < graph->workload_count; i++)
		if (is_wanted(session, i) &&
		    shape_append(array,
				 workload_json(&graph->workloads[i], &readinesses->items[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

/* ---- tables ---- */

/* What fits a terminal; CSV and JSON have all. */
static const char *const titles[] = {"NAMESPACE",   "WORKLOAD", "STATE",  "OBSERVED",
				     "CONNECTIONS", "PODS",     "UNSEEN", "WHY NOT READY"};
#define COLUMNS (sizeof(titles) / sizeof(titles[0]))

static const char *const csv_titles[] = {"NAMESPACE", "WORKLOAD",  "STATE",      "SINCE",
					 "OBSERVED",  "GAPS",      "MISSING",    "CONNECTIONS",
					 "EDGES",     "ONCE",      "NEW EDGES",  "NEW A DAY",
					 "UNSEEN",    "PODS SEEN", "PODS KNOWN", "WHY NOT READY"};
#define CSV_COLUMNS (sizeof(csv_titles) / sizeof(csv_titles[0]))

/* Room for what is no text of the graph's. */
struct cells {
	char workload[SHAPE_CELL_MAX], since[CLOCK_TEXT_MAX];
	char numbers[CSV_COLUMNS][CELL_MAX];
};

static const char *count_cell(size_t count, char cell[static CELL_MAX])
{
	snprintf(cell, CELL_MAX, "%zu", count);
	return cell;
}

static const char *seconds_cell(int64_t msec, char cell[static CELL_MAX])
{
	snprintf(cell, CELL_MAX, "%" PRId64, msec / MSEC_PER_SEC);
	return cell;
}

/* With a point whatever the locale. decimals: at most 4. */
static const char *fixed_cell(double value, int decimals, const char *unit,
			      char cell[static CELL_MAX])
{
	int64_t scale = 1, scaled;

	for (int i = 0; i < decimals; i++)
		scale *= 10;
	scaled = (int64_t)(value * (double)scale + 0.5);
	snprintf(cell, CELL_MAX, "%" PRId64 ".%0*" PRId64 "%s", scaled / scale, decimals,
		 scaled % scale, unit);
	return cell;
}

static int add_csv_row(struct output_table *table, const struct workload *workload,
		       const struct readiness *readiness)
{
	const bool never = readiness->since == INT64_MIN;
	struct cells room;
	const char *cells[CSV_COLUMNS] = {
	    workload->namespace,
	    room.workload,
	    readiness_state_name(readiness->state),
	    never ? "" : clock_format(readiness->since, room.since),
	    seconds_cell(readiness->observed, room.numbers[0]),
	    count_cell(readiness->gaps, room.numbers[1]),
	    seconds_cell(readiness->missing, room.numbers[2]),
	    count_cell((size_t)readiness->connections, room.numbers[3]),
	    count_cell(readiness->edges, room.numbers[4]),
	    count_cell(readiness->edges_once, room.numbers[5]),
	    count_cell(readiness->new_edges, room.numbers[6]),
	    !has_later_days(readiness)
		? ""
		: fixed_cell(readiness->new_edges_per_day, 4, "", room.numbers[7]),
	    readiness->connections == 0 ? ""
					: fixed_cell(readiness->unseen, 4, "", room.numbers[8]),
	    count_cell(readiness->pods_seen, room.numbers[9]),
	    count_cell(readiness->pods_known, room.numbers[10]),
	    readiness->reason,
	};

	snprintf(room.workload, sizeof(room.workload), "%s/%s", workload->kind, workload->name);
	return output_table_row(table, cells);
}

static int add_row(struct output_table *table, const struct workload *workload,
		   const struct readiness *readiness)
{
	struct cells room;
	const char *cells[COLUMNS] = {
	    workload->namespace,
	    room.workload,
	    readiness_state_name(readiness->state),
	    clock_format_duration(readiness->observed, room.numbers[0]),
	    count_cell((size_t)readiness->connections, room.numbers[1]),
	    room.numbers[2],
	    readiness->connections == 0
		? "-"
		: fixed_cell(100 * readiness->unseen, 2, " %", room.numbers[3]),
	    readiness->reason,
	};

	snprintf(room.workload, sizeof(room.workload), "%s/%s", workload->kind, workload->name);
	snprintf(room.numbers[2], CELL_MAX, "%zu of %zu", readiness->pods_seen,
		 readiness->pods_known);
	return output_table_row(table, cells);
}

static void print_table(struct session *session, const struct readinesses *readinesses)
{
	const struct graph *graph = session->graph;
	const bool csv = session->options->format == FORMAT_CSV;
	struct output_table *table =
	    csv ? output_table_new(csv_titles, CSV_COLUMNS) : output_table_new(titles, COLUMNS);
	int r = 0;

	for (size_t i = 0; table && r == 0 && i < graph->workload_count; i++)
		if (is_wanted(session, i))
			r = (csv ? add_csv_row : add_row)(table, &graph->workloads[i],
							  &readinesses->items[i]);
	if (r < 0)
		table = output_table_free(table);
	session_print_table(session, table);
}

int workloads_print(struct session *session)
{
	struct readinesses *readinesses = NULL;
	struct extent extent = {0};
	struct policy_request request;
	int r = extent_read(session, &extent);

	policy_request_init(&request);
	if (r == 0)
		r = readinesses_build(session->graph, &request, &extent.evidence, &readinesses);
	extent_clear(&extent);
	if (r < 0)
		return r;
	if (session->options->format == FORMAT_JSON)
		session_print_array(session, workloads_json(session, readinesses));
	else
		print_table(session, readinesses);
	readinesses_free(readinesses);
	return 0;
}
