#include "cli/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/cluster.h"
#include "cli/shape.h"
#include "policy/evaluate.h"

void session_begin_alone(struct session *session, const struct options *options)
{
	memset(session, 0, sizeof(*session));
	session->options = options;
}

bool session_begin(struct session *session, const struct options *options)
{
	char *error = NULL;
	int r;

	session_begin_alone(session, options);
	r = record_open(options->db, options->db_count, &session->problems, &session->record,
			&error);
	if (r == 0)
		return true;
	fprintf(stderr, "%s: %s\n", PROGRAM, error ? error : strerror(-r));
	free(error);
	session->status = EXIT_DATABASE;
	return false;
}

/* Standard input may keep us waiting: what the graph needs is read after it. */
static int add_files(struct session *session, struct cluster *cluster)
{
	const struct options *options = session->options;
	int r = record_pods(session->record, cluster_pod, cluster);

	record_end(session->record);
	if (r < 0)
		session_fail(session, "inventory", r);
	for (size_t i = 0; r == 0 && i < options->inventory_count; i++) {
		r = cluster_file(cluster, options->inventory[i]);
		if (r < 0 && session->problems.errors == 0)
			session_fail(session, "inventory", r);
		if (r < 0)
			session->status = EXIT_USAGE;
	}
	return r;
}

/* *ret_start: of the graph, where no file came in between and all is of one moment. */
static int fill_cluster(struct session *session, struct cluster *cluster,
			struct graph_start **ret_start)
{
	int r = record_nodes(session->record, cluster_node, cluster);

	if (r == 0)
		r = record_objects(session->record, cluster_object, cluster);
	if (r == 0 && session->options->inventory_count > 0)
		return add_files(session, cluster);
	if (r == 0)
		r = graph_begin(session->record, cluster_pod, cluster, &session->problems,
				ret_start);
	if (r < 0)
		session_fail(session, "inventory", r);
	return r;
}

static bool read_cluster(struct session *session, struct graph_start **ret_start)
{
	struct cluster *cluster = cluster_new(&session->problems);
	int r;

	if (!cluster) {
		session_fail(session, "inventory", -ENOMEM);
		return false;
	}
	r = fill_cluster(session, cluster, ret_start);
	if (r == 0) {
		r = cluster_finish(cluster, &session->inventory);
		if (r < 0)
			session_fail(session, "inventory", r);
	}
	if (r < 0)
		*ret_start = graph_start_free(*ret_start);
	cluster_free(cluster);
	return r == 0;
}

static int warn_of_uncut(struct session *session)
{
	size_t count = 0;
	int r = record_uncut(session->record, session->options->interval, &count);

	if (r == 0 && count > 0)
		problem_add(&session->problems, PROBLEM_WARNING, "--since and --until",
			    "%zu edge%s could not be cut: windows that the bounds need are gone, "
			    "and what was in them is left out",
			    count, count == 1 ? "" : "s");
	return r;
}

bool session_build(struct session *session)
{
	struct graph_request request = {
	    .interval = session->options->interval,
	    /* One node's own view is what it recorded itself. */
	    .apart = session->options->node != NULL,
	    .rests = session->wants_rests,
	    .ignored = {session->options->ignored_labels, session->options->ignored_label_count}};
	struct graph_start *start = NULL;
	int r;

	if (!read_cluster(session, &start))
		return false;
	request.inventory = session->inventory;
	r = start ? graph_finish(start, &request, &session->graph)
		  : graph_build(session->record, &request, &session->problems, &session->graph);
	if (r == 0)
		r = warn_of_uncut(session);
	if (r < 0)
		session_fail(session, "graph", r);
	return r == 0;
}

/* What the input is at fault for; it is not the database's. */
static void fail_too_big(struct session *session)
{
	fprintf(stderr,
		"%s: policies: too many rules for the pods, addresses and ports that they tell "
		"apart: to compare them would take more than %zu MiB\n",
		PROGRAM, EVALUATOR_TABLES_MAX >> 20);
	session->status = EXIT_USAGE;
}

void session_fail(struct session *session, const char *what, int error)
{
	const struct record *record = session->record;
	const char *text = record ? record_error(record) : "";
	const char *path = record ? record_failed_path(record) : "";

	if (session->record)
		record_end(session->record);
	if (error == -E2BIG) {
		fail_too_big(session);
		return;
	}
	fprintf(stderr, "%s: %s: %s\n", PROGRAM, path[0] ? path : what,
		text[0] ? text : strerror(-error));
	session->status = record ? EXIT_DATABASE : EXIT_USAGE;
}

int session_end(struct session *session)
{
	problems_print(&session->problems, PROGRAM, stderr);
	if (session->status == EXIT_DONE && session->options->strict &&
	    session->problems.count + session->problems.left_out > 0)
		session->status = EXIT_NO;
	problems_clear(&session->problems);
	graph_free(session->graph);
	inventory_free(session->inventory);
	record_close(session->record);
	return session->status;
}

struct node_search {
	const char *wanted;
	bool found;
};

static int compare_node(void *context, const char *node, int64_t first, int64_t heartbeat)
{
	struct node_search *search = context;

	(void)first;
	(void)heartbeat;
	search->found |= strcmp(search->wanted, node) == 0;
	return 0;
}

void session_check_node(struct session *session)
{
	struct node_search search = {.wanted = session->options->node};
	int r;

	if (!search.wanted)
		return;
	r = record_nodes(session->record, compare_node, &search);
	if (r < 0)
		session_fail(session, "nodes", r);
	else if (!search.found)
		problem_add(&session->problems, PROBLEM_WARNING, search.wanted,
			    "no node of that name recorded anything");
}

void session_warn_of_namespace(struct session *session)
{
	problem_add(&session->problems, PROBLEM_WARNING, session->options->namespace,
		    "no pod of a namespace of that name is known");
}

static void check_namespace(struct session *session)
{
	const struct graph *graph = session->graph;

	for (size_t i = 0; i < graph->pod_count; i++)
		if (strcmp(graph->pods[i].namespace, session->options->namespace) == 0)
			return;
	session_warn_of_namespace(session);
}

static void check_workload(struct session *session)
{
	const struct options *options = session->options;
	const struct graph *graph = session->graph;
	char subject[SHAPE_CELL_MAX];

	for (size_t i = 0; i < graph->pod_count; i++) {
		struct end end = {.kind = END_POD,
				  .namespace = graph->pods[i].namespace,
				  .name = graph->pods[i].name,
				  .workload = graph->pods[i].workload};

		if (session_wants_end(session, &end))
			return;
	}
	snprintf(subject, sizeof(subject), "%s/%s%s%s", options->workload_kind,
		 options->workload_name, options->namespace ? " in " : "",
		 options->namespace ? options->namespace : "");
	problem_add(&session->problems, PROBLEM_WARNING, subject, "no such workload is known%s",
		    session->inventory && session->inventory->has_objects ? "" : "; " GRAPH_SUPPLY);
}

void session_check_filters(struct session *session)
{
	const struct options *options = session->options;

	session_check_node(session);
	if (options->workload_name)
		check_workload(session);
	else if (options->namespace)
		check_namespace(session);
}

bool session_wants_end(const struct session *session, const struct end *end)
{
	const struct options *options = session->options;
	const struct workload *workload;

	if (options->namespace && strcmp(options->namespace, end->namespace) != 0)
		return false;
	if (!options->workload_name)
		return true;
	if (end->kind == END_POD && strcmp(options->workload_kind, "Pod") == 0 &&
	    strcmp(options->workload_name, end->name) == 0)
		return true;
	if (end->workload == GRAPH_NONE)
		return false;
	workload = &session->graph->workloads[end->workload];
	return strcasecmp(options->workload_kind, workload->kind) == 0 &&
	       strcmp(options->workload_name, workload->name) == 0;
}

bool session_wants_edge(const struct session *session, const struct graph_edge *edge)
{
	const struct options *options = session->options;

	if (edge->standing != STANDING_COUNTS)
		return false;
	if (options->node && strcmp(options->node, edge->edge.node) != 0)
		return false;
	return session_wants_end(session, edge->from) || session_wants_end(session, edge->to);
}

void session_print(struct session *session, struct buf *buf)
{
	const bool failed_before = ferror(stdout);

	if (buf->error) {
		session_fail(session, "answer", buf->error);
	} else if (buf->length > 0 && !failed_before &&
		   fwrite(buf->data, 1, buf->length, stdout) < buf->length) {
		perror(PROGRAM ": standard output");
		session->status = EXIT_USAGE;
	}
	buf_clear(buf);
}

void session_print_array(struct session *session, json_t *array)
{
	struct buf buf = {0};

	if (!array)
		buf.error = -ENOMEM;
	else if (session->options->format == FORMAT_JSON)
		output_json(&buf, array);
	else
		for (size_t i = 0; i < json_array_size(array); i++)
			output_json_line(&buf, json_array_get(array, i));
	json_decref(array);
	session_print(session, &buf);
}

void session_print_table(struct session *session, struct output_table *table)
{
	struct buf buf = {0};

	if (!table)
		buf.error = -ENOMEM;
	else if (session->options->format == FORMAT_CSV)
		output_table_csv(&buf, table);
	else
		output_table_print(&buf, table);
	output_table_free(table);
	session_print(session, &buf);
}

void session_print_edges(struct session *session, const char *const *titles, size_t columns,
			 session_edge_row_fn *row, session_edge_wanted_fn *wanted)
{
	struct output_table *table = output_table_new(titles, columns);
	int r = 0;

	for (size_t i = 0; table && r == 0 && i < session->graph->edge_count; i++)
		if (wanted(session, &session->graph->edges[i]))
			r = row(session, table, &session->graph->edges[i]);
	if (r < 0)
		table = output_table_free(table);
	session_print_table(session, table);
}
