/* What the record knows of workloads, by graphs and times that are written by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/document.h"
#include "policy/policy.h"

enum { MOST = 64 };

#define TEXT(literal) ((char *)(uintptr_t)(literal))

#define HOUR (INT64_C(3600) * 1000)
#define DAY (24 * HOUR)

struct world {
	struct graph graph;
	struct workload workloads[MOST];
	struct label labels[MOST];
	struct graph_pod pods[MOST];
	struct pod_address addresses[MOST];
	struct graph_edge edges[4 * MOST];
	struct end ends[4 * MOST][2]; /* of each edge from, to */
	struct readiness_node nodes[MOST];
	struct readiness_gap gaps[MOST];
	struct readiness_evidence evidence;
	struct policy_request request;
	struct readinesses *readinesses;
};

static struct world *world_new(void)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	policy_request_init(&world->request);
	world->graph.workloads = world->workloads;
	world->graph.pods = world->pods;
	world->graph.edges = world->edges;
	world->evidence.nodes = world->nodes;
	world->evidence.gaps = world->gaps;
	return world;
}

static void world_free(struct world *world)
{
	readinesses_free(world->readinesses);
	free(world);
}

static size_t add_workload(struct world *world, const char *name)
{
	size_t at = world->graph.workload_count++;

	world->labels[at] = (struct label){(char *)"app", (char *)name};
	world->workloads[at] = (struct workload){.namespace = "shop",
						 .kind = "Deployment",
						 .name = name,
						 .selector = {&world->labels[at], 1},
						 .also_picks = "",
						 .sidecar = ""};
	return at;
}

/* On the node, with an address since then. */
static size_t add_pod(struct world *world, size_t workload, const char *node, int64_t since)
{
	size_t at = world->graph.pod_count++;

	world->addresses[at] =
	    (struct pod_address){.address = {.family = ADDR_IPV4, .bytes = {10, 1, 0, (uint8_t)at}},
				 .since = since,
				 .until = INTERVAL_OPEN};
	world->pods[at] = (struct graph_pod){.node = node,
					     .namespace = "shop",
					     .name = "pod",
					     .uid = "",
					     .source = "",
					     .conflict = "",
					     .workload = workload,
					     .local = true,
					     .addresses = &world->addresses[at],
					     .address_count = 1};
	return at;
}

static void add_node(struct world *world, const char *name, int64_t from, int64_t until)
{
	world->nodes[world->evidence.node_count++] = (struct readiness_node){name, from, until};
}

static void add_gap(struct world *world, const char *node, int64_t from, int64_t until)
{
	world->gaps[world->evidence.gap_count++] = (struct readiness_gap){node, from, until};
}

static struct end pod_end(const struct world *world, size_t pod)
{
	const struct graph_pod *known = &world->pods[pod];

	return (struct end){.kind = END_POD,
			    .class = "pod",
			    .namespace = known->namespace,
			    .name = known->name,
			    .uid = "",
			    .node = known->node,
			    .address = known->addresses->address,
			    .pod = pod,
			    .workload = known->workload};
}

static struct end address_end(enum end_kind kind, const char *name, const char *address)
{
	struct end end = {.kind = kind,
			  .class = kind == END_NODE ? "node" : "external",
			  .namespace = "",
			  .name = name,
			  .uid = "",
			  .node = "",
			  .pod = GRAPH_NONE,
			  .workload = GRAPH_NONE};

	assert_int_equal(addr_parse(address, &end.address), 0);
	return end;
}

static struct graph_edge *add_edge(struct world *world, struct end from, struct end to,
				   uint16_t port, int64_t connections, int64_t begun)
{
	size_t at = world->graph.edge_count++;
	struct graph_edge *edge = &world->edges[at];

	assert_true(at < 4 * MOST);
	world->ends[at][0] = from;
	world->ends[at][1] = to;
	*edge = (struct graph_edge){.from = &world->ends[at][0],
				    .to = &world->ends[at][1],
				    .edge = {.node = "n1",
					     .key = {.protocol = IPPROTO_TCP,
						     .port = port,
						     .has_port = 1,
						     .verdict = VERDICT_ANSWERED},
					     .totals = {.connections = connections},
					     .first_seen = begun,
					     .last_seen = begun + (connections == 1 ? 0 : HOUR),
					     .begun = begun}};
	return edge;
}

/* What the edge leads to, to be changed. */
static struct end *end_to(struct world *world, const struct graph_edge *edge)
{
	return &world->ends[edge - world->edges][1];
}

static const struct readiness *judged(struct world *world, size_t workload)
{
	readinesses_free(world->readinesses);
	world->readinesses = NULL;
	assert_int_equal(readinesses_build(&world->graph, &world->request, &world->evidence,
					   &world->readinesses),
			 0);
	assert_int_equal(world->readinesses->count, world->graph.workload_count);
	return &world->readinesses->items[workload];
}

static void assert_near(double actual, double expected)
{
	assert_true(actual > expected - 1e-9 && actual < expected + 1e-9);
}

/* A web of one pod that asked an API of one pod on one port, from hour 0 on, for two days. */
struct pair {
	struct world *world;
	size_t web, api;
	size_t web_pod, api_pod;
	struct graph_edge *edge;
};

static struct pair pair_new(int64_t connections)
{
	struct pair pair = {.world = world_new()};

	pair.web = add_workload(pair.world, "web");
	pair.api = add_workload(pair.world, "api");
	pair.web_pod = add_pod(pair.world, pair.web, "n1", 0);
	pair.api_pod = add_pod(pair.world, pair.api, "n1", 0);
	add_node(pair.world, "n1", 0, 2 * DAY);
	pair.edge = add_edge(pair.world, pod_end(pair.world, pair.web_pod),
			     pod_end(pair.world, pair.api_pod), 8080, connections, HOUR);
	return pair;
}

static void expect_both(const struct pair *pair, enum readiness_state state, const char *reason)
{
	const size_t workloads[] = {pair->web, pair->api};

	for (size_t i = 0; i < 2; i++) {
		const struct readiness *readiness = judged(pair->world, workloads[i]);

		assert_int_equal(readiness->state, state);
		assert_string_equal(readiness->reason, reason);
	}
}

/* ---- thresholds ---- */

static void test_ready(void **state)
{
	struct pair pair = pair_new(100);
	const struct readiness *web = judged(pair.world, pair.web);

	(void)state;
	expect_both(&pair, READINESS_READY, "");
	web = judged(pair.world, pair.web);
	assert_int_equal(web->since, 0);
	assert_int_equal(web->observed, 2 * DAY);
	assert_int_equal(web->gaps, 0);
	assert_int_equal(web->missing, 0);
	assert_int_equal(web->connections, 100);
	assert_int_equal(web->edges, 1);
	assert_int_equal(web->edges_once, 0);
	assert_int_equal(web->pods_seen, 1);
	assert_int_equal(web->pods_known, 1);
	assert_int_equal(web->new_edges, 0);
	assert_near(web->new_edges_per_day, 0);
	assert_near(web->unseen, 0);
	world_free(pair.world);
}

static void test_observed_threshold(void **state)
{
	struct pair pair = pair_new(100);

	(void)state;
	pair.world->nodes[0].until = DAY - 1;
	expect_both(&pair, READINESS_LEARNING, "observed for less than a day");
	pair.world->nodes[0].until = DAY;
	expect_both(&pair, READINESS_SETTLING, "new edges in the last day");
	pair.world->nodes[0].until = DAY + HOUR;
	expect_both(&pair, READINESS_SETTLING, "new edges in the last day");
	pair.world->nodes[0].until = DAY + HOUR + 1;
	expect_both(&pair, READINESS_READY, "");
	world_free(pair.world);
}

static void test_connections_threshold(void **state)
{
	struct pair pair = pair_new(0);

	(void)state;
	expect_both(&pair, READINESS_LEARNING, "nothing was seen that a policy can allow");
	assert_near(judged(pair.world, pair.web)->unseen, 1);
	pair.edge->edge.totals.connections = 99;
	expect_both(&pair, READINESS_LEARNING, "fewer than 100 connections");
	pair.edge->edge.totals.connections = 100;
	expect_both(&pair, READINESS_READY, "");
	world_free(pair.world);
}

static void test_unseen_threshold(void **state)
{
	struct pair pair = pair_new(198);

	(void)state;
	for (uint16_t port = 1; port <= 2; port++)
		add_edge(pair.world, pod_end(pair.world, pair.web_pod),
			 pod_end(pair.world, pair.api_pod), port, 1, HOUR);
	/* Two of 200. */
	expect_both(&pair, READINESS_READY, "");
	assert_near(judged(pair.world, pair.web)->unseen, 0.01);
	pair.edge->edge.totals.connections = 197;
	expect_both(&pair, READINESS_SETTLING,
		    "more than 1 % of its connections may be still unseen");
	world_free(pair.world);
}

/* However many connections a client makes in one go. */
static void test_a_burst_is_one_sighting(void **state)
{
	const int64_t minute = 60 * 1000;
	struct pair pair = pair_new(900);
	struct world *world = pair.world;
	struct graph_edge *edge;

	(void)state;
	for (uint16_t port = 1; port <= 10; port++) {
		edge = add_edge(world, pod_end(world, pair.web_pod), pod_end(world, pair.api_pod),
				port, 10, HOUR * port);
		edge->edge.last_seen = edge->edge.begun + minute;
	}
	assert_int_equal(judged(world, pair.web)->edges_once, 10);
	assert_near(judged(world, pair.web)->unseen, 0.01);
	edge->edge.last_seen++;
	assert_int_equal(judged(world, pair.web)->edges_once, 9);
	/* Of one connection it does not matter how long it lasts. */
	edge->edge.totals.connections = 1;
	assert_int_equal(judged(world, pair.web)->edges_once, 10);
	/* A replica that comes later is another sighting. */
	edge = add_edge(world, pod_end(world, pair.web_pod), pod_end(world, pair.api_pod), 1, 1,
			2 * HOUR);
	assert_int_equal(judged(world, pair.web)->edges_once, 9);
	/* There cannot be more to see than all. */
	for (size_t i = 0; i < world->graph.edge_count; i++)
		world->edges[i].edge.totals.connections = 0;
	assert_near(judged(world, pair.web)->unseen, 1);
	world_free(world);
}

static void test_new_edges_threshold(void **state)
{
	struct pair pair = pair_new(1000);
	struct graph_edge *late = add_edge(pair.world, pod_end(pair.world, pair.web_pod),
					   pod_end(pair.world, pair.api_pod), 9090, 10, DAY - 1);

	(void)state;
	expect_both(&pair, READINESS_READY, "");
	late->edge.begun = DAY;
	expect_both(&pair, READINESS_SETTLING, "new edges in the last day");
	assert_int_equal(judged(pair.world, pair.api)->new_edges, 1);
	world_free(pair.world);
}

static void test_host_network(void **state)
{
	struct pair pair = pair_new(1000);

	(void)state;
	pair.world->workloads[pair.web].host_network = true;
	assert_int_equal(judged(pair.world, pair.web)->state, READINESS_LEARNING);
	assert_string_equal(judged(pair.world, pair.web)->reason,
			    "its pods share their node's network, which no policy covers");
	/* As a peer it is its addresses, which tomorrow's pod on another node does not have. */
	pair.world->pods[add_pod(pair.world, pair.web, "n1", 0)].host_network = true;
	add_edge(pair.world, pod_end(pair.world, 2), pod_end(pair.world, pair.api_pod), 8080, 7,
		 HOUR);
	assert_int_equal(judged(pair.world, pair.api)->edges, 2);
	world_free(pair.world);
}

/* ---- time ---- */

static void test_since_is_the_later_of_node_and_pod(void **state)
{
	struct pair pair = pair_new(100);

	(void)state;
	pair.world->nodes[0].from = 5 * HOUR;
	assert_int_equal(judged(pair.world, pair.web)->since, 5 * HOUR);
	pair.world->addresses[pair.web_pod].since = 7 * HOUR;
	assert_int_equal(judged(pair.world, pair.web)->since, 7 * HOUR);
	assert_int_equal(judged(pair.world, pair.web)->observed, 41 * HOUR);
	assert_int_equal(judged(pair.world, pair.api)->since, 5 * HOUR);
	pair.world->addresses[pair.web_pod].since = INT64_MIN;
	assert_int_equal(judged(pair.world, pair.web)->since, 5 * HOUR);
	world_free(pair.world);
}

static void test_pods_that_came_and_went(void **state)
{
	struct pair pair = pair_new(100);
	struct world *world = pair.world;
	size_t before = add_pod(world, pair.web, "n1", 0), after;

	(void)state;
	world->nodes[0].from = HOUR;
	world->addresses[pair.web_pod].since = 3 * HOUR;
	/* A pod that was gone when the node began tells nothing; one that lived on does. */
	world->addresses[before].until = HOUR;
	assert_int_equal(judged(world, pair.web)->since, 3 * HOUR);
	assert_int_equal(judged(world, pair.web)->pods_seen, 1);
	assert_int_equal(judged(world, pair.web)->pods_known, 2);
	world->addresses[before].until = HOUR + 1;
	assert_int_equal(judged(world, pair.web)->since, HOUR);
	assert_int_equal(judged(world, pair.web)->pods_seen, 2);
	/* One that came after the last word was never seen; nor one on a further network only, nor
	 * one without an address. */
	after = add_pod(world, pair.web, "n1", 2 * DAY + 1);
	assert_int_equal(judged(world, pair.web)->pods_seen, 2);
	world->addresses[after].since = 0;
	world->addresses[after].secondary = true;
	assert_int_equal(judged(world, pair.web)->pods_seen, 2);
	world->addresses[after].secondary = false;
	world->pods[after].address_count = 0;
	assert_int_equal(judged(world, pair.web)->pods_seen, 2);
	assert_int_equal(judged(world, pair.web)->pods_known, 3);
	world_free(world);
}

static void test_no_node_with_its_pods(void **state)
{
	struct pair pair = pair_new(1000);
	const struct readiness *web;

	(void)state;
	pair.world->pods[pair.web_pod].node = "n2";
	web = judged(pair.world, pair.web);
	assert_int_equal(web->state, READINESS_LEARNING);
	assert_string_equal(web->reason, "no node with its pods was recorded");
	assert_int_equal(web->since, INT64_MIN);
	assert_int_equal(web->observed, 0);
	assert_int_equal(web->pods_seen, 0);
	assert_int_equal(web->pods_known, 1);
	pair.world->graph.pod_count = 0;
	assert_int_equal(judged(pair.world, pair.web)->pods_known, 0);
	pair.world->evidence.node_count = 0;
	assert_int_equal(judged(pair.world, pair.web)->since, INT64_MIN);
	world_free(pair.world);
}

static void test_gaps(void **state)
{
	struct pair pair = pair_new(1000);
	const struct readiness *web;

	(void)state;
	/* Before it, across its beginning, two that overlap, one that touches them, one without
	 * length, across its end, after it, and on a node that has none of its pods. */
	pair.world->nodes[0].from = HOUR;
	add_gap(pair.world, "n0", 3 * HOUR, 9 * HOUR);
	add_gap(pair.world, "n1", 0, HOUR);
	add_gap(pair.world, "n1", 0, 2 * HOUR);
	add_gap(pair.world, "n1", 4 * HOUR, 6 * HOUR);
	add_gap(pair.world, "n1", 5 * HOUR, 5 * HOUR + 1);
	add_gap(pair.world, "n1", 5 * HOUR, 7 * HOUR);
	add_gap(pair.world, "n1", 7 * HOUR, 8 * HOUR);
	add_gap(pair.world, "n1", 9 * HOUR, 9 * HOUR);
	add_gap(pair.world, "n1", 47 * HOUR, 60 * HOUR);
	add_gap(pair.world, "n1", 48 * HOUR, 50 * HOUR);
	add_gap(pair.world, "n1", 49 * HOUR, 50 * HOUR);
	add_gap(pair.world, "n2", 3 * HOUR, 9 * HOUR);
	web = judged(pair.world, pair.web);
	assert_int_equal(web->since, HOUR);
	assert_int_equal(web->gaps, 4);
	assert_int_equal(web->missing, 6 * HOUR);
	assert_int_equal(web->observed, 41 * HOUR);
	world_free(pair.world);
}

static void test_several_nodes(void **state)
{
	struct pair pair = pair_new(1000);
	const struct readiness *web;

	(void)state;
	/* n1 from 0 to 48, n2 from 40 to 60, n3 from 70 on for its pod from 80 on. */
	add_node(pair.world, "n2", 30 * HOUR, 60 * HOUR);
	add_node(pair.world, "n3", 70 * HOUR, 90 * HOUR);
	add_pod(pair.world, pair.web, "n2", 40 * HOUR);
	add_pod(pair.world, pair.web, "n2", 45 * HOUR);
	add_pod(pair.world, pair.web, "n3", 80 * HOUR);
	web = judged(pair.world, pair.web);
	assert_int_equal(web->since, 0);
	assert_int_equal(web->observed, 70 * HOUR);
	assert_int_equal(web->pods_seen, 4);
	/* What one of them missed the others need not have had; but before its pods are there
	 * nothing is missed. */
	add_gap(pair.world, "n1", 41 * HOUR, 43 * HOUR);
	add_gap(pair.world, "n2", 30 * HOUR, 42 * HOUR);
	add_gap(pair.world, "n3", 70 * HOUR, 75 * HOUR);
	web = judged(pair.world, pair.web);
	assert_int_equal(web->gaps, 1);
	assert_int_equal(web->missing, 3 * HOUR);
	assert_int_equal(web->observed, 67 * HOUR);
	world_free(pair.world);
}

static void test_observed_ends_with_the_last_pod(void **state)
{
	struct pair pair = pair_new(1000);
	struct world *world = pair.world;
	size_t later;

	(void)state;
	world->nodes[0].until = 30 * DAY;
	world->addresses[pair.web_pod].until = 3 * HOUR;
	add_gap(world, "n1", 2 * HOUR, 5 * HOUR);
	assert_int_equal(judged(world, pair.web)->observed, 2 * HOUR);
	assert_int_equal(judged(world, pair.web)->missing, HOUR);
	assert_int_equal(judged(world, pair.web)->state, READINESS_LEARNING);
	assert_int_equal(judged(world, pair.api)->observed, 30 * DAY - 3 * HOUR);
	/* It came back ten days later: of what lies between a day counts. */
	later = add_pod(world, pair.web, "n1", 10 * DAY);
	world->addresses[later].until = 10 * DAY + HOUR;
	assert_int_equal(judged(world, pair.web)->observed, DAY + 3 * HOUR);
	assert_int_equal(judged(world, pair.web)->missing, HOUR);
	world_free(world);
}

/* On whichever node. */
static void test_daily_runs(void **state)
{
	struct pair pair = pair_new(1000);
	struct world *world = pair.world;
	const int64_t length = HOUR / 6;

	(void)state;
	world->nodes[0].until = 9 * DAY;
	add_node(world, "n2", 0, 9 * DAY);
	world->addresses[pair.web_pod].until = length;
	for (int64_t day = 1; day < 4; day++) {
		size_t run = add_pod(world, pair.web, day % 2 ? "n2" : "n1", day * DAY);

		world->addresses[run].until = day * DAY + length;
		assert_int_equal(judged(world, pair.web)->observed, day * DAY + length);
	}
	assert_int_equal(judged(world, pair.web)->state, READINESS_READY);
	/* The last day has the last run. */
	pair.edge->edge.begun = 3 * DAY + 1;
	assert_int_equal(judged(world, pair.web)->new_edges, 1);
	pair.edge->edge.begun = 2 * DAY + 1;
	assert_int_equal(judged(world, pair.web)->new_edges, 0);
	world_free(world);
}

/* Where the record ended or had not begun, it may have run all the time. */
static void test_no_pause_is_made_up(void **state)
{
	struct pair pair = pair_new(1000);
	struct world *world = pair.world;
	size_t later = add_pod(world, pair.web, "n2", 60 * HOUR);

	(void)state;
	add_node(world, "n2", 50 * HOUR, 70 * HOUR);
	assert_int_equal(judged(world, pair.web)->observed, 58 * HOUR);
	world->addresses[pair.web_pod].until = 40 * HOUR;
	assert_int_equal(judged(world, pair.web)->observed, 70 * HOUR);
	world->addresses[later].since = 50 * HOUR;
	assert_int_equal(judged(world, pair.web)->observed, 60 * HOUR);
	world_free(world);
}

/* The last day is one that was observed: a gap is none. */
static void test_days_are_observed_ones(void **state)
{
	struct pair pair = pair_new(1000);

	(void)state;
	pair.world->nodes[0].until = 3 * DAY;
	pair.edge->edge.begun = 30 * HOUR;
	expect_both(&pair, READINESS_READY, "");
	assert_near(judged(pair.world, pair.web)->new_edges_per_day, 0.5);
	add_gap(pair.world, "n1", 36 * HOUR, 3 * DAY);
	expect_both(&pair, READINESS_SETTLING, "new edges in the last day");
	/* 36 hours: the one edge after the first 24 counts as one in a whole day. */
	assert_near(judged(pair.world, pair.web)->new_edges_per_day, 1);
	pair.world->gaps[0] = (struct readiness_gap){"n1", 2 * HOUR, 32 * HOUR};
	assert_near(judged(pair.world, pair.web)->new_edges_per_day, 0);
	world_free(pair.world);
}

/* ---- edges ---- */

static void test_a_replica_is_no_new_edge(void **state)
{
	struct pair pair = pair_new(50);
	size_t replica = add_pod(pair.world, pair.api, "n1", 40 * HOUR);

	(void)state;
	add_edge(pair.world, pod_end(pair.world, pair.web_pod), pod_end(pair.world, replica), 8080,
		 50, 40 * HOUR);
	expect_both(&pair, READINESS_READY, "");
	assert_int_equal(judged(pair.world, pair.web)->edges, 1);
	assert_int_equal(judged(pair.world, pair.api)->edges, 1);
	assert_int_equal(judged(pair.world, pair.web)->connections, 100);
	world_free(pair.world);
}

static void test_what_tells_edges_apart(void **state)
{
	struct pair pair = pair_new(1);
	struct world *world = pair.world;
	struct end web = pod_end(world, pair.web_pod), api = pod_end(world, pair.api_pod);
	const struct readiness *readiness;

	(void)state;
	add_edge(world, web, api, 8081, 1, 0);
	add_edge(world, web, api, 8080, 1, 0)->edge.key.protocol = IPPROTO_UDP;
	add_edge(world, web, api, 8080, 1, 0)->edge.key.protocol = IPPROTO_SCTP;
	add_edge(world, api, web, 8080, 1, 0);
	add_edge(world, web, address_end(END_EXTERNAL, "", "203.0.113.1"), 443, 1, 0);
	add_edge(world, web, address_end(END_EXTERNAL, "", "203.0.113.2"), 443, 1, 0);
	add_edge(world, web, address_end(END_EXTERNAL, "", "2001:db8::2"), 443, 1, 0);
	end_to(world, add_edge(world, web, address_end(END_EXTERNAL, "", "203.0.113.0"), 443, 1, 0))
	    ->prefix = 24;
	add_edge(world, web, address_end(END_NODE, "n2", "192.0.2.2"), 9100, 2, 0);
	readiness = judged(world, pair.web);
	assert_int_equal(readiness->edges, 10);
	assert_int_equal(readiness->edges_once, 9);
	assert_int_equal(readiness->connections, 11);
	assert_near(readiness->unseen, 9.0 / 11);
	readiness = judged(world, pair.api);
	assert_int_equal(readiness->edges, 5);
	assert_near(readiness->unseen, 1);
	world_free(world);
}

static void test_what_a_policy_cannot_allow_is_no_edge(void **state)
{
	struct pair pair = pair_new(10);
	struct world *world = pair.world;
	struct end web = pod_end(world, pair.web_pod), api = pod_end(world, pair.api_pod);
	struct end stranger = api;
	size_t bare = add_workload(world, "bare");
	struct graph_edge *edge;

	(void)state;
	stranger.workload = GRAPH_NONE;
	world->workloads[bare].selector.count = 0;
	for (int verdict = VERDICT_REFUSED; verdict <= VERDICT_UNKNOWN; verdict++)
		add_edge(world, web, api, 1, 5, 0)->edge.key.verdict = (uint8_t)verdict;
	edge = add_edge(world, web, api, 2, 5, 0);
	edge->edge.key.verdict = VERDICT_ONE_WAY;
	edge->standing = STANDING_OVERRIDDEN;
	add_edge(world, web, api, 3, 0, 0)->edge.key.verdict = VERDICT_ONE_WAY;
	add_edge(world, web, api, 4, 5, 0)->edge.key.direction_uncertain = 1;
	add_edge(world, web, api, 0, 5, 0);
	edge = add_edge(world, web, api, 0, 5, 0);
	edge->edge.key.has_port = 0;
	edge->edge.key.protocol = IPPROTO_ICMP;
	add_edge(world, web, api, 5, 5, 0)->edge.key.protocol = IPPROTO_UDPLITE;
	add_edge(world, web, web, 6, 5, 0);
	add_edge(world, web, stranger, 7, 5, 0);
	add_edge(world, web, pod_end(world, add_pod(world, bare, "n1", 0)), 8, 5, 0);
	add_edge(world, web, address_end(END_UNKNOWN, "", "10.1.0.77"), 9, 5, 0);
	add_edge(world, address_end(END_NODE, "n1", "192.0.2.1"), web, 8080, 5, 0);
	edge = add_edge(world, web, api, 11, 5, 0);
	edge->told_elsewhere[0] = edge->told_elsewhere[1] = true;
	end_to(world, add_edge(world, web, api, 12, 5, 0))->secondary = true;
	assert_int_equal(judged(world, pair.web)->edges, 1);
	assert_int_equal(judged(world, pair.web)->connections, 10);
	assert_int_equal(judged(world, pair.api)->edges, 1);

	/* Policies are needed where a pod asks its own node. */
	add_edge(world, web, address_end(END_NODE, "n1", "192.0.2.1"), 10250, 5, 0);
	assert_int_equal(judged(world, pair.web)->edges, 2);

	/* What worked without an answer does count. */
	add_edge(world, web, api, 13, 5, 0)->edge.key.verdict = VERDICT_ONE_WAY;
	edge = add_edge(world, web, api, 14, 0, 0);
	edge->edge.key.verdict = VERDICT_ONE_WAY;
	edge->edge.totals.packets_sent = 1;
	assert_int_equal(judged(world, pair.web)->edges, 4);
	assert_int_equal(judged(world, pair.web)->edges_once, 0);
	world_free(world);
}

/* The source's record tells of the source, the destination's of the destination. */
static void test_each_node_tells_of_its_own(void **state)
{
	struct pair pair = pair_new(100);
	struct graph_edge *arrived;

	(void)state;
	arrived = add_edge(pair.world, *pair.edge->from, *pair.edge->to, 8080, 90, HOUR);
	pair.edge->told_elsewhere[1] = true;
	arrived->told_elsewhere[0] = true;
	assert_int_equal(judged(pair.world, pair.web)->connections, 100);
	assert_int_equal(judged(pair.world, pair.api)->connections, 90);
	world_free(pair.world);
}

static void test_clients_from_outside_are_one_peer(void **state)
{
	struct pair pair = pair_new(100);
	struct world *world = pair.world;
	struct end api = pod_end(world, pair.api_pod);
	struct end proxy = address_end(END_NODE, "n2", "192.0.2.2");
	struct graph_edge *edge;

	(void)state;
	add_edge(world, address_end(END_EXTERNAL, "", "203.0.113.1"), api, 8080, 1, HOUR);
	add_edge(world, address_end(END_EXTERNAL, "", "203.0.113.2"), api, 8080, 1, 40 * HOUR);
	/* One that came through a service is one of them, whatever its address. */
	edge = add_edge(world, address_end(END_EXTERNAL, "", "10.9.0.1"), api, 8080, 1, 40 * HOUR);
	assert_int_equal(addr_parse("192.0.2.80", &edge->edge.key.service), 0);
	assert_int_equal(judged(world, pair.api)->edges, 2);
	assert_int_equal(judged(world, pair.api)->edges_once, 0);
	assert_int_equal(judged(world, pair.api)->new_edges, 0);
	/* The other family, another port, and those of a private network that came straight. */
	add_edge(world, address_end(END_EXTERNAL, "", "2001:db8::1"), api, 8080, 1, HOUR);
	add_edge(world, address_end(END_EXTERNAL, "", "203.0.113.1"), api, 8081, 1, HOUR);
	add_edge(world, address_end(END_EXTERNAL, "", "10.9.0.1"), api, 8082, 1, HOUR);
	add_edge(world, address_end(END_EXTERNAL, "", "10.9.0.2"), api, 8082, 1, HOUR);
	assert_int_equal(judged(world, pair.api)->edges, 6);
	/* On a port that is open to all they are two of these, in whichever order they came. */
	add_edge(world, address_end(END_EXTERNAL, "", "203.0.113.1"), api, 8082, 1, HOUR);
	assert_int_equal(judged(world, pair.api)->edges, 5);
	/* Behind source NAT the pod sees the node that did it, which all of them may come by. */
	edge = add_edge(world, address_end(END_EXTERNAL, "", "203.0.113.9"), api, 8080, 1, HOUR);
	edge->translated = &proxy;
	assert_int_equal(judged(world, pair.api)->edges, 5);
	world->request.external_ingress = EXTERNAL_INGRESS_OBSERVED;
	assert_int_equal(judged(world, pair.api)->edges, 10);
	world->request.external_ingress = EXTERNAL_INGRESS_ANY;
	world->request.exact = true;
	assert_int_equal(judged(world, pair.api)->edges, 10);
	world_free(world);
}

/* Private ones, which a Service of type LoadBalancer leads to the pod. */
static void test_clients_behind_an_entry_are_one_peer(void **state)
{
	struct pair pair = pair_new(100);
	struct world *world = pair.world;
	struct end api = pod_end(world, pair.api_pod);
	struct inventory_port port = {
	    .name = TEXT(""), .protocol = IPPROTO_TCP, .port = 80, .target = TEXT("8080")};
	struct inventory_service service = {.namespace = TEXT("shop"),
					    .name = TEXT("api"),
					    .type = TEXT("LoadBalancer"),
					    .external_name = TEXT(""),
					    .selector = world->workloads[pair.api].selector,
					    .ports = &port,
					    .port_count = 1};
	const struct inventory inventory = {.services = &service, .service_count = 1};

	(void)state;
	world->pods[pair.api_pod].labels = &world->workloads[pair.api].selector;
	add_edge(world, address_end(END_EXTERNAL, "", "10.9.0.1"), api, 8080, 5, HOUR);
	add_edge(world, address_end(END_EXTERNAL, "", "10.9.0.2"), api, 8080, 5, 47 * HOUR);
	add_edge(world, address_end(END_EXTERNAL, "", "10.9.0.3"), api, 9090, 5, HOUR);
	assert_int_equal(judged(world, pair.api)->edges, 4);
	assert_int_equal(judged(world, pair.api)->new_edges, 1);
	world->graph.inventory = &inventory;
	assert_int_equal(judged(world, pair.api)->edges, 3);
	assert_int_equal(judged(world, pair.api)->new_edges, 0);
	world->request.external_ingress = EXTERNAL_INGRESS_LEARNED_CIDR;
	assert_int_equal(judged(world, pair.api)->edges, 4);
	world_free(world);
}

/* What the pod's own node forwards for somebody else counts as that. */
static void test_clients_that_the_own_node_forwards(void **state)
{
	struct pair pair = pair_new(100);
	struct world *world = pair.world;
	struct end api = pod_end(world, pair.api_pod), web = pod_end(world, pair.web_pod);
	struct end own = address_end(END_NODE, "n1", "192.0.2.1");
	struct graph_edge *edge;

	(void)state;
	edge = add_edge(world, address_end(END_EXTERNAL, "", "203.0.113.9"), api, 8081, 7, HOUR);
	edge->translated = &own;
	assert_int_equal(judged(world, pair.api)->edges, 2);
	assert_int_equal(judged(world, pair.api)->connections, 107);
	world->request.external_ingress = EXTERNAL_INGRESS_OBSERVED;
	assert_int_equal(judged(world, pair.api)->connections, 107);
	edge = add_edge(world, web, api, 8081, 7, HOUR);
	edge->translated = &own;
	assert_int_equal(judged(world, pair.api)->edges, 3);
	/* The node's own word counts where it asked for a service: that is not bound to it. */
	edge = add_edge(world, own, api, 8082, 7, HOUR);
	assert_int_equal(judged(world, pair.api)->edges, 3);
	assert_int_equal(addr_parse("10.96.0.9", &edge->edge.key.service), 0);
	assert_int_equal(judged(world, pair.api)->edges, 4);
	/* And what is asked of the node counts. */
	add_edge(world, api, own, 10250, 5, HOUR);
	assert_int_equal(judged(world, pair.api)->edges, 5);
	world_free(world);
}

static struct known_networks *cdn(void)
{
	static const char text[] = "- name: cdn\n  cidrs: [198.51.100.0/24, 2001:db8::/32]\n";
	struct known_networks *networks = known_networks_new();
	struct problems problems = {0};
	struct document *document = NULL;

	assert_non_null(networks);
	assert_int_equal(document_parse(text, strlen(text), "networks", &problems, &document), 0);
	assert_int_equal(known_networks_add(networks, document, &problems), 0);
	document_free(document);
	problems_clear(&problems);
	return networks;
}

static void test_a_known_network_is_one_peer(void **state)
{
	struct pair pair = pair_new(100);
	struct world *world = pair.world;
	struct known_networks *networks = cdn();
	struct end web = pod_end(world, pair.web_pod);
	struct graph_edge *edge;

	(void)state;
	add_edge(world, web, address_end(END_EXTERNAL, "", "198.51.100.1"), 443, 5, HOUR);
	add_edge(world, web, address_end(END_EXTERNAL, "", "198.51.100.2"), 443, 5, 47 * HOUR);
	add_edge(world, web, address_end(END_EXTERNAL, "", "2001:db8::1"), 443, 5, HOUR);
	add_edge(world, web, address_end(END_EXTERNAL, "", "203.0.113.1"), 443, 5, HOUR);
	edge = add_edge(world, web, address_end(END_EXTERNAL, "", "198.51.0.0"), 443, 5, HOUR);
	end_to(world, edge)->prefix = 16;
	assert_int_equal(judged(world, pair.web)->edges, 6);
	world->request.known_networks = networks;
	assert_int_equal(judged(world, pair.web)->edges, 5);
	assert_int_equal(judged(world, pair.web)->new_edges, 0);
	world->request.exact = true;
	assert_int_equal(judged(world, pair.web)->edges, 6);
	known_networks_free(networks);
	world_free(world);
}

static void test_who_asks_for_names_is_one_peer(void **state)
{
	struct pair pair = pair_new(100);
	struct world *world = pair.world;
	struct graph_edge *edge;

	(void)state;
	for (uint16_t port = 1; port <= 3; port++) {
		size_t asker = add_workload(world, "asker");

		edge = add_edge(world, pod_end(world, add_pod(world, asker, "n1", 0)),
				pod_end(world, pair.api_pod), 1053, 1, 40 * HOUR);
		end_to(world, edge)->class = "cluster-dns";
		edge->edge.key.protocol = IPPROTO_UDP;
		edge->edge.key.service_port = 53;
	}
	edge = add_edge(world, address_end(END_UNKNOWN, "", "10.1.0.77"), *edge->to, 1053, 1, HOUR);
	edge->edge.key.protocol = IPPROTO_UDP;
	edge->edge.key.service_port = 53;
	assert_int_equal(judged(world, pair.api)->edges, 2);
	assert_int_equal(judged(world, pair.api)->connections, 104);
	assert_int_equal(judged(world, pair.api)->new_edges, 0);
	/* Of its other ports those who ask are told apart. */
	edge = add_edge(world, pod_end(world, 2), *edge->to, 9153, 1, HOUR);
	edge = add_edge(world, pod_end(world, 3), *edge->to, 9153, 1, HOUR);
	assert_int_equal(judged(world, pair.api)->edges, 4);
	world_free(world);
}

/* ---- all of it ---- */

static uint32_t roll(uint32_t *seed)
{
	return *seed = *seed * 1664525u + 1013904223u;
}

static void shuffle_edges(struct graph *graph, uint32_t seed)
{
	for (size_t i = graph->edge_count; i > 1; i--) {
		size_t j = (roll(&seed) >> 8) % i;
		struct graph_edge kept = graph->edges[i - 1];

		graph->edges[i - 1] = graph->edges[j];
		graph->edges[j] = kept;
	}
}

static void test_order_does_not_matter(void **state)
{
	struct world *world = world_new();
	uint32_t seed = 7;
	struct readiness before[8];

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		size_t workload = add_workload(world, "w");

		add_pod(world, workload, i % 2 ? "n1" : "n2", (int64_t)i * HOUR);
		add_pod(world, workload, "n2", (int64_t)(8 - i) * HOUR);
	}
	add_node(world, "n1", 0, 3 * DAY);
	add_node(world, "n2", HOUR, 4 * DAY);
	for (size_t i = 0; i < 3 * MOST; i++)
		add_edge(world, pod_end(world, (roll(&seed) >> 8) % 16),
			 pod_end(world, (roll(&seed) >> 8) % 16),
			 (uint16_t)(1 + (roll(&seed) >> 8) % 5), roll(&seed) % 3,
			 (int64_t)(roll(&seed) >> 8) % (4 * DAY));
	judged(world, 0);
	memcpy(before, world->readinesses->items, sizeof(before));
	for (uint32_t order = 1; order <= 5; order++) {
		shuffle_edges(&world->graph, order);
		judged(world, 0);
		assert_memory_equal(world->readinesses->items, before, sizeof(before));
	}
	world_free(world);
}

static void expect_text(struct world *world, const char *text)
{
	struct buf buf = {0};

	readiness_text(judged(world, 0), &buf);
	assert_string_equal(buf.data, text);
	buf_clear(&buf);
}

static void test_text(void **state)
{
	struct pair pair = pair_new(1);

	(void)state;
	pair.world->nodes[0].until = 90 * HOUR;
	add_gap(pair.world, "n1", HOUR, 2 * HOUR);
	add_edge(pair.world, pod_end(pair.world, pair.web_pod), pod_end(pair.world, pair.api_pod),
		 9090, 299, 30 * HOUR);
	expect_text(pair.world,
		    "ready: observed since 1970-01-01T00:00:00Z for 3d 17h less 1 gap of "
		    "1h; 1 of 1 pod seen; 300 connections on 2 edges, 0 new in the last "
		    "day, 0.37 new a day; about 0.33 % unseen");
	add_pod(pair.world, pair.web, "n2", 0);
	add_gap(pair.world, "n1", 3 * HOUR, 3 * HOUR + 90000);
	pair.world->nodes[0].until = 10 * HOUR;
	pair.world->graph.edge_count = 1;
	expect_text(pair.world,
		    "learning (observed for less than a day): observed since "
		    "1970-01-01T00:00:00Z for 8h 58m less 2 gaps of 1h 1m; 1 of 2 pods "
		    "seen; 1 connection on 1 edge, 1 new in the last day; about 100.00 % "
		    "unseen");
	pair.world->graph.edge_count = 0;
	pair.world->evidence.node_count = 0;
	expect_text(pair.world,
		    "learning (no node with its pods was recorded): never observed; 0 of "
		    "2 pods seen; 0 connections on 0 edges");
	world_free(pair.world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ready),
	    cmocka_unit_test(test_observed_threshold),
	    cmocka_unit_test(test_connections_threshold),
	    cmocka_unit_test(test_unseen_threshold),
	    cmocka_unit_test(test_a_burst_is_one_sighting),
	    cmocka_unit_test(test_new_edges_threshold),
	    cmocka_unit_test(test_host_network),
	    cmocka_unit_test(test_since_is_the_later_of_node_and_pod),
	    cmocka_unit_test(test_pods_that_came_and_went),
	    cmocka_unit_test(test_no_node_with_its_pods),
	    cmocka_unit_test(test_gaps),
	    cmocka_unit_test(test_several_nodes),
	    cmocka_unit_test(test_observed_ends_with_the_last_pod),
	    cmocka_unit_test(test_daily_runs),
	    cmocka_unit_test(test_no_pause_is_made_up),
	    cmocka_unit_test(test_days_are_observed_ones),
	    cmocka_unit_test(test_a_replica_is_no_new_edge),
	    cmocka_unit_test(test_what_tells_edges_apart),
	    cmocka_unit_test(test_what_a_policy_cannot_allow_is_no_edge),
	    cmocka_unit_test(test_each_node_tells_of_its_own),
	    cmocka_unit_test(test_clients_from_outside_are_one_peer),
	    cmocka_unit_test(test_clients_behind_an_entry_are_one_peer),
	    cmocka_unit_test(test_clients_that_the_own_node_forwards),
	    cmocka_unit_test(test_a_known_network_is_one_peer),
	    cmocka_unit_test(test_who_asks_for_names_is_one_peer),
	    cmocka_unit_test(test_order_does_not_matter),
	    cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
