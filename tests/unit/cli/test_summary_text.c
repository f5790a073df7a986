/* What becomes of the edges, in words. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/summary_text.h"

static const struct inventory objects = {.has_objects = true};
static const struct graph nothing = {.seen = {.from = INT64_MAX, .until = INT64_MIN},
				     .inventory = &objects};

static void assert_line(const struct policy_summary *summary, const struct graph *graph,
			const char *expected)
{
	struct buf buf = {0};

	summary_text_line(summary, graph, &buf);
	assert_int_equal(buf.error, 0);
	assert_string_equal(buf.data, expected);
	buf_clear(&buf);
}

static void assert_lines(const struct policy_summary *summary, const struct graph *graph,
			 const char *expected)
{
	struct buf buf = {0};

	summary_text_lines(summary, graph, &buf);
	assert_int_equal(buf.error, 0);
	assert_string_equal(buf.data, expected);
	buf_clear(&buf);
}

static void test_nothing(void **state)
{
	const struct policy_summary summary = {0};

	(void)state;
	assert_line(&summary, &nothing, "0 connections on 0 edges are allowed");
	assert_lines(&summary, &nothing, "0 connections on 0 edges are allowed");
}

static void test_all_is_allowed(void **state)
{
	const struct policy_summary summary = {
	    .edges = 1, .connections = 1, .used_edges = 1, .used_connections = 1};
	const struct inventory recorded = {0};
	struct graph graph = {.seen = {.from = 0, .until = 60000}, .inventory = &objects};

	(void)state;
	assert_line(&summary, &graph,
		    "1 connection on 1 edge is allowed, of what was seen from "
		    "1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z");
	assert_lines(&summary, &graph,
		     "1 connection on 1 edge is allowed\n"
		     "of what was seen from 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z");
	graph.inventory = &recorded;
	assert_line(&summary, &graph,
		    "1 connection on 1 edge is allowed, of what was seen from "
		    "1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z; selectors are unique among the "
		    "pods that were recorded: no inventory tells of others");
}

static void test_what_is_left_out(void **state)
{
	struct policy_summary summary = {.used_edges = 56, .used_connections = 1234};

	(void)state;
	summary.left_edges[LEFT_REFUSED] = 12;
	summary.left_connections[LEFT_REFUSED] = 34;
	summary.left_edges[LEFT_PORTLESS] = 1;
	summary.left_connections[LEFT_PORTLESS] = 1;
	assert_line(&summary, &nothing,
		    "1234 connections on 56 edges are allowed; left out: 12 edges (34 "
		    "connections) refused, 1 edge (1 connection) of protocols without ports; "
		    "--include refused brings more in");
	assert_lines(&summary, &nothing,
		     "1234 connections on 56 edges are allowed\n"
		     "left out: 12 edges (34 connections) refused; used with --include refused\n"
		     "left out: 1 edge (1 connection) of protocols without ports");
	summary.left_edges[LEFT_OWN_NODE] = 1000;
	summary.left_connections[LEFT_OWN_NODE] = 1234567;
	assert_line(&summary, &nothing,
		    "1234 connections on 56 edges are allowed; left out: 12 edges (34 "
		    "connections) refused, 1 edge (1 connection) of protocols without ports, "
		    "1000 edges (1234567 connections) from the pod's own node; --include "
		    "refused or own-node brings more in");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing),
	    cmocka_unit_test(test_all_is_allowed),
	    cmocka_unit_test(test_what_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
