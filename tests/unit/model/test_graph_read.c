/* The graph of a database: rows come out of a file as they went in. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/graph.h"

static struct addr address(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, &addr), 0);
	return addr;
}

static void write_database(const char *path)
{
	static const struct store_options options = {.create_only = true};
	struct pod_address web_address = {.address = address("10.1.0.1"), .until = INTERVAL_OPEN};
	struct batch_pod web = {.number = 1,
				.pod = {.namespace = (char *)"shop",
					.name = (char *)"web",
					.uid = (char *)"u1",
					.sandbox = (char *)"s1",
					.source = (char *)"cni-result",
					.addresses = &web_address,
					.address_count = 1}};
	struct node_address node = {.address = address("192.168.0.1"), .present = true};
	struct flow flow = {.window = 60000,
			    .length = 60000,
			    .totals = {.connections = 2, .closed = 2, .reset = 1},
			    .first_seen = 61000,
			    .last_seen = 62000};
	struct batch batch = {.time = 100000,
			      .flows = &flow,
			      .flow_count = 1,
			      .pods = &web,
			      .pod_count = 1,
			      .addresses = &node,
			      .address_count = 1};
	struct store *store = NULL;
	char *error = NULL;

	flow.key.source = address("10.1.0.1");
	flow.key.source_pod = 1;
	flow.key.destination = address("192.168.0.1");
	flow.key.port = 22;
	flow.key.has_port = 1;
	flow.key.protocol = IPPROTO_TCP;
	flow.key.verdict = VERDICT_ANSWERED;
	if (store_open(path, &options, &store, &error) < 0)
		fail_msg("%s", error);
	assert_int_equal(store_use_node(store, "n1"), 0);
	assert_int_equal(store_write(store, &batch), 0);
	store_close(store);
}

static int refuse(void *context, const struct stored_pod *pod)
{
	(void)pod;
	return *(const int *)context;
}

/* Whatever a visitor ends the reading with, nothing is left to be freed. */
static void assert_ended_by_visitor(struct record *record, struct problems *problems)
{
	for (int answer = -1; answer <= 1; answer += 2) {
		struct graph_start *start = (struct graph_start *)problems;

		assert_int_equal(graph_begin(record, refuse, &answer, problems, &start), answer);
		assert_null(start);
	}
}

static void test_database(void **state)
{
	char folder[] = "/tmp/netpol-graph-XXXXXX", path[64], lock[80];
	struct problems problems = {0};
	const struct graph_request always = {.interval = {INT64_MIN, INT64_MAX}};
	const struct graph_request rests = {.interval = {INT64_MIN, INT64_MAX}, .rests = true};
	const struct graph_request before = {.interval = {INT64_MIN, 1000}};
	const char *paths[1];
	struct record *record = NULL;
	struct graph *graph = NULL;
	char *error = NULL;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/flows.db", folder);
	snprintf(lock, sizeof(lock), "%s.lock", path);
	write_database(path);
	paths[0] = path;
	assert_int_equal(record_open(paths, 1, &problems, &record, &error), 0);
	assert_int_equal(graph_build(record, &always, &problems, &graph), 0);
	assert_int_equal(graph->pod_count, 1);
	assert_int_equal(graph->edge_count, 1);
	assert_string_equal(graph->edges[0].from->name, "web");
	assert_true(graph->edges[0].local[0]);
	assert_int_equal(graph->edges[0].to->kind, END_NODE);
	assert_string_equal(graph->edges[0].to->name, "n1");
	assert_int_equal(graph->edges[0].edge.totals.connections, 2);
	assert_string_equal(graph->edges[0].edge.node, "n1");
	assert_null(graph->edges[0].edge.totals.rest);
	assert_int_equal(graph_totals(&graph->edges[0].edge.totals).reset, 0);
	graph = graph_free(graph);
	assert_int_equal(graph_build(record, &rests, &problems, &graph), 0);
	assert_int_equal(graph->edges[0].edge.totals.closed, 2);
	assert_int_equal(graph_totals(&graph->edges[0].edge.totals).closed, 2);
	assert_int_equal(graph_totals(&graph->edges[0].edge.totals).reset, 1);
	graph = graph_free(graph);
	assert_int_equal(graph_build(record, &before, &problems, &graph), 0);
	assert_int_equal(graph->edge_count, 0);
	graph_free(graph);
	assert_ended_by_visitor(record, &problems);
	record_close(record);
	problems_clear(&problems);
	unlink(path);
	unlink(lock);
	rmdir(folder);
}

static void test_kind_names(void **state)
{
	(void)state;
	assert_string_equal(end_kind_name(END_POD), "pod");
	assert_string_equal(end_kind_name(END_UNKNOWN), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_database),
	    cmocka_unit_test(test_kind_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
