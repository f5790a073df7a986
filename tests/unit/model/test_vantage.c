/* Records of several nodes: which of them counts, and whose address it was at which moment. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/model/scene.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* web on n1, api on n2, job on n3; all three recorded from 0 to 1000 s. */
struct cluster {
	struct scene scene;
	uint32_t web, api, job;
};

static void prepare(struct cluster *cluster)
{
	static const char *const nodes[] = {"n1", "n2", "n3"};
	static const char *const addresses[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3"};
	struct scene *scene = &cluster->scene;

	memset(cluster, 0, sizeof(*cluster));
	for (size_t i = 0; i < COUNT(nodes); i++) {
		scene_node(scene, nodes[i], addresses[i]);
		scene_recorded(scene, nodes[i], 0, 1000);
	}
	cluster->web = scene_pod(scene, (struct scene_pod){.node = "n1",
							   .namespace = "shop",
							   .name = "web",
							   .uid = "1",
							   .address = "10.1.0.2"});
	cluster->api = scene_pod(scene, (struct scene_pod){.node = "n2",
							   .namespace = "shop",
							   .name = "api",
							   .uid = "2",
							   .address = "10.2.0.2"});
	cluster->job = scene_pod(scene, (struct scene_pod){.node = "n3",
							   .namespace = "shop",
							   .name = "job",
							   .uid = "3",
							   .address = "10.3.0.2"});
}

/* web asks api, as n1 and as n2 have it. */
static struct scene_edge left(const struct cluster *cluster, int verdict, int connections)
{
	return (struct scene_edge){.node = "n1",
				   .from = "10.1.0.2",
				   .to = "10.2.0.2",
				   .from_pod = cluster->web,
				   .port = 8080,
				   .verdict = verdict,
				   .connections = connections,
				   .first_seen = 100,
				   .last_seen = 200};
}

static struct scene_edge came(const struct cluster *cluster, int verdict, int connections)
{
	struct scene_edge edge = left(cluster, verdict, connections);

	edge.node = "n2";
	edge.from_pod = 0;
	edge.to_pod = cluster->api;
	return edge;
}

/* The only edge that counts. */
static const struct graph_edge *only(const struct graph *graph)
{
	const struct graph_edge *found = NULL;

	for (size_t i = 0; i < graph->edge_count; i++) {
		if (graph->edges[i].standing != STANDING_COUNTS)
			continue;
		assert_null(found);
		found = &graph->edges[i];
	}
	assert_non_null(found);
	return found;
}

static int64_t counted(const struct graph *graph, enum verdict verdict)
{
	int64_t sum = 0;

	for (size_t i = 0; i < graph->edge_count; i++)
		if (graph->edges[i].standing == STANDING_COUNTS &&
		    graph->edges[i].edge.key.verdict == verdict)
			sum += graph->edges[i].edge.totals.connections;
	return sum;
}

static void assert_recorded_by(const struct graph_edge *edge, const char *source,
			       const char *destination)
{
	assert_string_equal(edge->recorded_by[0], source);
	if (destination)
		assert_string_equal(edge->recorded_by[1], destination);
	else
		assert_null(edge->recorded_by[1]);
}

static void test_destination_counts(void **state)
{
	struct cluster cluster;
	struct scene_edge asked;
	const struct graph_edge *edge;

	(void)state;
	prepare(&cluster);
	asked = left(&cluster, VERDICT_ANSWERED, 7);
	asked.service = "10.96.0.1";
	asked.service_port = 80;
	scene_edge(&cluster.scene, asked);
	scene_edge(&cluster.scene, came(&cluster, VERDICT_ANSWERED, 8));
	edge = only(scene_build(&cluster.scene, 0));
	assert_int_equal(edge->edge.totals.connections, 8);
	assert_int_equal(edge->vantage, VANTAGE_DESTINATION);
	assert_int_equal(edge->edge.key.service_port, 80);
	assert_string_equal(edge->from->name, "web");
	assert_string_equal(edge->to->name, "api");
	assert_recorded_by(edge, "n1", "n2");
	scene_close(&cluster.scene);
}

/* What the destination's node has keeps its own end at home, and learns of the service. */
static void test_superseded_stays(void **state)
{
	struct cluster cluster;
	struct scene_edge asked;
	const struct graph *graph;
	size_t found = 0;

	(void)state;
	prepare(&cluster);
	asked = left(&cluster, VERDICT_ANSWERED, 7);
	asked.service = "10.96.0.1";
	asked.service_port = 80;
	scene_edge(&cluster.scene, asked);
	scene_edge(&cluster.scene, came(&cluster, VERDICT_ANSWERED, 7));
	graph = scene_build(&cluster.scene, 0);
	assert_int_equal(graph->edge_count, 2);
	for (size_t i = 0; i < graph->edge_count; i++) {
		const struct graph_edge *edge = &graph->edges[i];

		if (edge->standing != STANDING_SUPERSEDED)
			continue;
		found++;
		assert_true(edge->local[1]);
		assert_false(edge->local[0]);
		assert_string_equal(edge->edge.node, "n2");
		assert_int_equal(edge->edge.key.service_port, 80);
	}
	assert_int_equal(found, 1);
	scene_close(&cluster.scene);
}

static void test_gap_at_the_destination(void **state)
{
	struct cluster cluster;
	const struct graph_edge *edge;

	(void)state;
	prepare(&cluster);
	scene_gap(&cluster.scene, "n2", 190, 210);
	scene_gap(&cluster.scene, "n2", 20, 30);
	scene_edge(&cluster.scene, left(&cluster, VERDICT_ANSWERED, 9));
	scene_edge(&cluster.scene, came(&cluster, VERDICT_ANSWERED, 4));
	edge = only(scene_build(&cluster.scene, 0));
	assert_int_equal(edge->edge.totals.connections, 9);
	assert_int_equal(edge->vantage, VANTAGE_SOURCE);
	assert_recorded_by(edge, "n1", "n2");
	scene_close(&cluster.scene);
}

static void test_gap_at_another_time(void **state)
{
	struct cluster cluster;

	(void)state;
	prepare(&cluster);
	scene_gap(&cluster.scene, "n2", 201, 210);
	scene_gap(&cluster.scene, "n2", 20, 99);
	scene_gap(&cluster.scene, "n1", 100, 200);
	scene_edge(&cluster.scene, left(&cluster, VERDICT_ANSWERED, 9));
	scene_edge(&cluster.scene, came(&cluster, VERDICT_ANSWERED, 4));
	assert_int_equal(only(scene_build(&cluster.scene, 0))->edge.totals.connections, 4);
	scene_close(&cluster.scene);
}

/* n2's netpold began later, or is heard of no more. */
static void test_destination_recorded_at_another_time(void **state)
{
	static const int64_t times[][2] = {{150, 1000}, {0, 150}, {0, 50}};

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		struct cluster cluster;

		prepare(&cluster);
		cluster.scene.recorded[1].from = times[i][0];
		cluster.scene.recorded[1].until = times[i][1];
		scene_edge(&cluster.scene, left(&cluster, VERDICT_ANSWERED, 9));
		scene_edge(&cluster.scene, came(&cluster, VERDICT_ANSWERED, 4));
		assert_int_equal(only(scene_build(&cluster.scene, 0))->edge.totals.connections, 9);
		scene_close(&cluster.scene);
	}
}

/* It stopped a moment before the other one did, and missed nothing. */
static void test_destination_has_all_but_the_end(void **state)
{
	struct cluster cluster;

	(void)state;
	prepare(&cluster);
	cluster.scene.recorded[1].until = 199;
	scene_edge(&cluster.scene, left(&cluster, VERDICT_ANSWERED, 9));
	scene_edge(&cluster.scene, came(&cluster, VERDICT_ANSWERED, 9));
	assert_int_equal(only(scene_build(&cluster.scene, 0))->vantage, VANTAGE_DESTINATION);
	scene_close(&cluster.scene);
}

static void test_one_side_only(void **state)
{
	struct cluster cluster;
	const struct graph_edge *edge;

	(void)state;
	prepare(&cluster);
	scene_edge(&cluster.scene, left(&cluster, VERDICT_ANSWERED, 3));
	edge = only(scene_build(&cluster.scene, 0));
	assert_int_equal(edge->vantage, VANTAGE_SOURCE);
	assert_recorded_by(edge, "n1", NULL);
	cluster.scene.edge_count = 0;
	scene_edge(&cluster.scene, came(&cluster, VERDICT_ANSWERED, 3));
	edge = only(scene_build(&cluster.scene, 0));
	assert_int_equal(edge->vantage, VANTAGE_DESTINATION);
	assert_string_equal(edge->from->name, "web");
	scene_close(&cluster.scene);
}

/* What never came was not seen there: it stays unanswered. */
static void test_verdicts_that_do_not_meet(void **state)
{
	struct cluster cluster;
	const struct graph *graph;

	(void)state;
	prepare(&cluster);
	scene_edge(&cluster.scene, left(&cluster, VERDICT_ANSWERED, 5));
	scene_edge(&cluster.scene, left(&cluster, VERDICT_UNANSWERED, 2));
	scene_edge(&cluster.scene, left(&cluster, VERDICT_DENIED, 1));
	scene_edge(&cluster.scene, came(&cluster, VERDICT_ANSWERED, 5));
	graph = scene_build(&cluster.scene, 0);
	assert_int_equal(counted(graph, VERDICT_ANSWERED), 5);
	assert_int_equal(counted(graph, VERDICT_UNANSWERED), 2);
	assert_int_equal(counted(graph, VERDICT_DENIED), 1);
	scene_close(&cluster.scene);
}

static void test_denied_at_the_destination(void **state)
{
	static const enum verdict verdicts[] = {VERDICT_UNANSWERED, VERDICT_ONE_WAY,
						VERDICT_REFUSED, VERDICT_UNKNOWN};

	(void)state;
	for (size_t i = 0; i < COUNT(verdicts); i++) {
		struct cluster cluster;
		const struct graph_edge *edge;
		const struct graph *graph;

		prepare(&cluster);
		scene_edge(&cluster.scene, left(&cluster, (int)verdicts[i], 3));
		scene_edge(&cluster.scene, came(&cluster, VERDICT_DENIED, 2));
		edge = only(scene_build(&cluster.scene, 0));
		assert_int_equal(edge->edge.key.verdict, VERDICT_DENIED);
		assert_int_equal(edge->edge.totals.connections, 2);
		assert_string_equal(edge->from->name, "web");

		/* With a gap the node denied what it denied, and no more. */
		scene_gap(&cluster.scene, "n2", 150, 160);
		graph = scene_build(&cluster.scene, 0);
		assert_int_equal(counted(graph, VERDICT_DENIED), 2);
		assert_int_equal(counted(graph, verdicts[i]), 1);
		for (size_t j = 0; j < graph->edge_count; j++)
			assert_int_not_equal(graph->edges[j].standing, STANDING_OVERRIDDEN);
		scene_close(&cluster.scene);
	}
}

/* The node was not there for most of it, or has deleted it. */
static void test_denied_later(void **state)
{
	(void)state;
	for (int deleted = 0; deleted < 2; deleted++) {
		struct cluster cluster;
		struct scene_edge denied;
		const struct graph *graph;

		prepare(&cluster);
		denied = came(&cluster, VERDICT_DENIED, 5);
		denied.first_seen = 190;
		if (!deleted)
			scene_gap(&cluster.scene, "n2", 50, 180);
		scene_edge(&cluster.scene, left(&cluster, VERDICT_ONE_WAY, 1005));
		scene_edge(&cluster.scene, denied);
		graph = scene_build(&cluster.scene, 0);
		assert_int_equal(counted(graph, VERDICT_ONE_WAY), 1000);
		assert_int_equal(counted(graph, VERDICT_DENIED), 5);
		scene_close(&cluster.scene);
	}
}

/* Two clients are one behind the node's address. */
static void test_denied_behind_source_nat(void **state)
{
	struct cluster cluster;
	struct scene_edge first, second, denied;
	const struct graph *graph;

	(void)state;
	prepare(&cluster);
	first = left(&cluster, VERDICT_ONE_WAY, 3);
	first.translated = "192.0.2.1";
	second = first;
	second.from = "10.1.0.3";
	second.from_pod = 0;
	denied = came(&cluster, VERDICT_DENIED, 6);
	denied.from = "192.0.2.1";
	scene_edge(&cluster.scene, first);
	scene_edge(&cluster.scene, second);
	scene_edge(&cluster.scene, denied);
	graph = scene_build(&cluster.scene, 0);
	assert_int_equal(counted(graph, VERDICT_DENIED), 6);
	assert_int_equal(counted(graph, VERDICT_ONE_WAY), 0);
	for (size_t i = 0; i < graph->edge_count; i++)
		if (graph->edges[i].standing == STANDING_COUNTS)
			assert_int_equal(graph->edges[i].edge.totals.connections, 3);
	scene_close(&cluster.scene);
}

static void test_source_nat(void **state)
{
	struct cluster cluster;
	struct scene_edge asked, seen;
	const struct graph_edge *edge;
	const struct graph *graph;

	(void)state;
	prepare(&cluster);
	asked = left(&cluster, VERDICT_ANSWERED, 3);
	asked.translated = "192.0.2.1";
	seen = came(&cluster, VERDICT_ANSWERED, 3);
	seen.from = "192.0.2.1";
	scene_edge(&cluster.scene, asked);
	scene_edge(&cluster.scene, seen);
	edge = only(scene_build(&cluster.scene, 0));
	assert_string_equal(edge->from->name, "web");
	assert_int_equal(edge->translated->kind, END_NODE);
	assert_recorded_by(edge, "n1", "n2");

	/* Another client behind the same address: both stand, though the destination's node read a
	 * moment later has one more. */
	asked.from = "10.1.0.9";
	asked.from_pod = 0;
	asked.connections = 2;
	scene_edge(&cluster.scene, asked);
	for (int more = 0; more < 2; more++) {
		cluster.scene.edges[1].connections = 5 + more;
		graph = scene_build(&cluster.scene, 0);
		assert_int_equal(counted(graph, VERDICT_ANSWERED), 5);
		assert_int_equal(graph->edge_count, 3);
	}

	/* The source's node missed some: it is not known whose those were. */
	scene_gap(&cluster.scene, "n1", 120, 130);
	cluster.scene.edges[1].connections = 9;
	graph = scene_build(&cluster.scene, 0);
	assert_int_equal(counted(graph, VERDICT_ANSWERED), 9);
	for (size_t i = 0; i < graph->edge_count; i++)
		if (graph->edges[i].from->kind == END_NODE)
			assert_int_equal(graph->edges[i].edge.totals.connections, 4);
	scene_close(&cluster.scene);
}

/* Clients behind one address of their node, who asked for one service or for a port of the other
 * node, stay who they are. */
static void test_clients_behind_source_nat(void **state)
{
	(void)state;
	for (int turned = 0; turned < 2; turned++) {
		struct cluster cluster;
		struct scene_edge first, second, seen;
		const struct graph *graph;
		uint32_t near;

		prepare(&cluster);
		near = scene_pod(&cluster.scene, (struct scene_pod){.node = "n1",
								    .namespace = "shop",
								    .name = "near",
								    .uid = "4",
								    .address = "10.1.0.3"});
		first = left(&cluster, VERDICT_ANSWERED, 2);
		first.translated = "192.0.2.1";
		seen = came(&cluster, VERDICT_ANSWERED, 5);
		seen.from = "192.0.2.1";
		if (turned) {
			first.to = seen.service = "192.0.2.2";
			first.port = seen.service_port = 30080;
		} else {
			first.service = "10.96.0.1";
			first.service_port = 80;
		}
		second = first;
		second.from = "10.1.0.3";
		second.from_pod = near;
		second.connections = 3;
		scene_edge(&cluster.scene, first);
		scene_edge(&cluster.scene, second);
		scene_edge(&cluster.scene, seen);
		graph = scene_build(&cluster.scene, 0);
		assert_int_equal(counted(graph, VERDICT_ANSWERED), 5);
		for (size_t i = 0; i < graph->edge_count; i++) {
			const struct graph_edge *edge = &graph->edges[i];

			if (edge->standing != STANDING_COUNTS)
				continue;
			assert_int_not_equal(edge->from->kind, END_NODE);
			assert_int_equal(edge->vantage, VANTAGE_SOURCE);
			assert_recorded_by(edge, "n1", "n2");
		}
		scene_close(&cluster.scene);
	}
}

/* Two clocks, a handover, and the destination's node that knows which pod it was. */
static void test_clocks_at_a_handover(void **state)
{
	(void)state;
	for (int ahead = 0; ahead < 2; ahead++) {
		struct cluster cluster;
		struct scene_edge asked, seen;
		const struct graph_edge *edge;
		uint32_t next;

		prepare(&cluster);
		cluster.scene.pods[cluster.api - 1].until = 150;
		next = scene_pod(&cluster.scene, (struct scene_pod){.node = "n2",
								    .namespace = "shop",
								    .name = "next",
								    .uid = "4",
								    .address = "10.2.0.2",
								    .since = 152});
		asked = left(&cluster, VERDICT_ANSWERED, 1);
		asked.first_seen = asked.last_seen = ahead ? 153 : 148;
		seen = came(&cluster, VERDICT_ANSWERED, 1);
		seen.first_seen = seen.last_seen = ahead ? 148 : 153;
		seen.to_pod = ahead ? cluster.api : next;
		scene_edge(&cluster.scene, asked);
		edge = only(scene_build(&cluster.scene, 0));
		assert_int_equal(edge->to->kind, END_UNKNOWN);
		scene_edge(&cluster.scene, seen);
		edge = only(scene_build(&cluster.scene, 0));
		assert_string_equal(edge->to->name, ahead ? "api" : "next");
		assert_false(edge->local[1]);
		assert_recorded_by(edge, "n1", "n2");

		/* The other one was asked, too, at about that time: it may have been either, but
		 * n2 knows how often each was. */
		seen.to_pod = ahead ? next : cluster.api;
		seen.connections = 2;
		scene_edge(&cluster.scene, seen);
		cluster.scene.edges[0].connections = 3;
		for (uint32_t order = 0; order < 5; order++) {
			const struct graph *graph = scene_build(&cluster.scene, order);

			assert_int_equal(counted(graph, VERDICT_ANSWERED), 3);
			for (size_t i = 0; i < graph->edge_count; i++) {
				edge = &graph->edges[i];
				if (edge->standing != STANDING_COUNTS)
					continue;
				assert_int_equal(edge->to->kind, END_POD);
				assert_string_equal(edge->from->name, "web");
				assert_false(edge->told_elsewhere[0]);
				assert_false(edge->told_elsewhere[1]);
			}
		}
		scene_close(&cluster.scene);
	}
}

/* What one node knows of a connection that the other one does not. */
static void test_verdicts_that_meet(void **state)
{
	static const struct {
		enum verdict left, came, settled;
	} cases[] = {{VERDICT_ANSWERED, VERDICT_UNKNOWN, VERDICT_ANSWERED},
		     {VERDICT_UNKNOWN, VERDICT_ANSWERED, VERDICT_ANSWERED},
		     {VERDICT_ONE_WAY, VERDICT_ANSWERED, VERDICT_ANSWERED},
		     {VERDICT_UNANSWERED, VERDICT_ANSWERED, VERDICT_ANSWERED},
		     {VERDICT_UNANSWERED, VERDICT_REFUSED, VERDICT_REFUSED},
		     {VERDICT_UNKNOWN, VERDICT_UNANSWERED, VERDICT_UNANSWERED}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cluster cluster;
		const struct graph *graph;

		prepare(&cluster);
		scene_edge(&cluster.scene, left(&cluster, (int)cases[i].left, 5));
		scene_edge(&cluster.scene, came(&cluster, (int)cases[i].came, 5));
		graph = scene_build(&cluster.scene, 0);
		assert_int_equal(only(graph)->edge.key.verdict, cases[i].settled);
		assert_int_equal(only(graph)->edge.totals.connections, 5);

		/* Each takes as many as it has. */
		cluster.scene.edges[1].connections = 3;
		graph = scene_build(&cluster.scene, 0);
		assert_int_equal(
		    counted(graph, VERDICT_ANSWERED) + counted(graph, VERDICT_ONE_WAY) +
			counted(graph, VERDICT_REFUSED) + counted(graph, VERDICT_UNANSWERED) +
			counted(graph, VERDICT_UNKNOWN),
		    5);
		assert_true(counted(graph, cases[i].settled) >= 3);
		scene_close(&cluster.scene);
	}
}

/* Egress is lost if the client's record of it stays unknown. */
static void test_settled_verdict_is_passed_on(void **state)
{
	struct cluster cluster;
	struct scene_edge other;
	const struct graph *graph;

	(void)state;
	prepare(&cluster);
	scene_edge(&cluster.scene, left(&cluster, VERDICT_UNKNOWN, 3));
	other = left(&cluster, VERDICT_UNKNOWN, 3);
	other.service = "10.96.0.7";
	other.service_port = 80;
	scene_edge(&cluster.scene, other);
	scene_edge(&cluster.scene, came(&cluster, VERDICT_ANSWERED, 6));
	graph = scene_build(&cluster.scene, 0);
	assert_int_equal(counted(graph, VERDICT_ANSWERED), 6);
	for (size_t i = 0; i < graph->edge_count; i++)
		assert_int_equal(graph->edges[i].edge.key.verdict, VERDICT_ANSWERED);
	scene_close(&cluster.scene);
}

static void test_destination_deleted_the_beginning(void **state)
{
	struct cluster cluster;
	struct scene_edge seen;

	(void)state;
	prepare(&cluster);
	seen = came(&cluster, VERDICT_ANSWERED, 1);
	seen.first_seen = 190;
	scene_edge(&cluster.scene, left(&cluster, VERDICT_ANSWERED, 101));
	scene_edge(&cluster.scene, seen);
	assert_int_equal(only(scene_build(&cluster.scene, 0))->edge.totals.connections, 101);
	scene_close(&cluster.scene);
}

/* n1 came later and took each for what it is not: an uncertain one, and the wrong way round. */
static void test_direction(void **state)
{
	struct cluster cluster;
	struct scene_edge turned;
	const struct graph_edge *edge;

	(void)state;
	prepare(&cluster);
	scene_edge(&cluster.scene, left(&cluster, VERDICT_ANSWERED, 1));
	scene_edge(&cluster.scene, came(&cluster, VERDICT_ANSWERED, 1));
	cluster.scene.edges[0].uncertain = true;
	edge = only(scene_build(&cluster.scene, 0));
	assert_int_equal(edge->edge.key.direction_uncertain, 0);

	turned = (struct scene_edge){.node = "n1",
				     .from = "10.2.0.2",
				     .to = "10.1.0.2",
				     .to_pod = cluster.web,
				     .port = 40000,
				     .uncertain = true,
				     .first_seen = 150};
	cluster.scene.edges[0] = turned;
	edge = only(scene_build(&cluster.scene, 0));
	assert_int_equal(edge->edge.key.port, 8080);
	assert_recorded_by(edge, "n1", "n2");

	/* More than the other node has: another connection, or one of another port. */
	turned.port = 40001;
	scene_edge(&cluster.scene, turned);
	assert_int_equal(counted(scene_build(&cluster.scene, 0), VERDICT_ANSWERED), 2);
	scene_close(&cluster.scene);
}

static uint32_t roll(uint32_t *seed, uint32_t sides)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % sides;
}

static void scatter(struct cluster *cluster, uint32_t *seed, int64_t sums[2])
{
	static const char *const clients[] = {"10.1.0.2", "10.1.0.3"};
	static const char *const services[] = {NULL, "10.96.0.1", "10.96.0.2"};
	const bool hidden = roll(seed, 2);

	for (uint32_t i = 0, count = 1 + roll(seed, 8); i < count; i++) {
		bool departed = roll(seed, 2);
		int verdict = VERDICT_ANSWERED + (int)roll(seed, VERDICT_MAX);
		int connections = 1 + (int)roll(seed, 9);
		struct scene_edge edge = departed ? left(cluster, verdict, connections)
						  : came(cluster, verdict, connections);

		if (departed && verdict == VERDICT_DENIED)
			continue;
		if (departed) {
			uint32_t client = hidden ? roll(seed, 2) : 0;

			edge.from = clients[client];
			edge.from_pod = client == 0 ? cluster->web : 0;
			edge.translated = hidden ? "192.0.2.1" : NULL;
			edge.service = services[roll(seed, 3)];
			edge.service_port = edge.service ? 80 : 0;
		} else if (hidden) {
			edge.from = "192.0.2.1";
		}
		sums[departed] += connections;
		scene_edge(&cluster->scene, edge);
	}
}

/* Where either node may have missed some: nothing vanishes, nothing counts twice, and the order of
 * the rows does not matter. */
static void test_nothing_vanishes(void **state)
{
	uint32_t seed = 7;

	(void)state;
	for (size_t again = 0; again < 2000; again++) {
		struct cluster cluster;
		int64_t sums[2] = {0}, first = 0;

		prepare(&cluster);
		scene_gap(&cluster.scene, "n1", 120, 130);
		scene_gap(&cluster.scene, "n2", 140, 150);
		scatter(&cluster, &seed, sums);
		for (uint32_t order = 0; order < 3; order++) {
			const struct graph *graph = scene_build(&cluster.scene, order);
			int64_t sum = 0;

			for (int verdict = 1; verdict <= VERDICT_MAX; verdict++)
				sum += counted(graph, (enum verdict)verdict);
			assert_true(sum >= sums[0] && sum >= sums[1]);
			assert_true(sum <= sums[0] + sums[1]);
			assert_true(order == 0 || sum == first);
			first = sum;
		}
		scene_close(&cluster.scene);
	}
}

/* The client asked a port of the destination's node. */
static void test_node_port(void **state)
{
	struct cluster cluster;
	struct scene_edge asked, seen;
	const struct graph_edge *edge;

	(void)state;
	prepare(&cluster);
	asked = left(&cluster, VERDICT_ANSWERED, 3);
	asked.to = "192.0.2.2";
	asked.port = 30080;
	seen = came(&cluster, VERDICT_ANSWERED, 3);
	seen.service = "192.0.2.2";
	seen.service_port = 30080;
	scene_edge(&cluster.scene, asked);
	scene_edge(&cluster.scene, seen);
	edge = only(scene_build(&cluster.scene, 0));
	assert_string_equal(edge->from->name, "web");
	assert_string_equal(edge->to->name, "api");
	assert_int_equal(edge->edge.key.service_port, 30080);
	assert_recorded_by(edge, "n1", "n2");
	scene_close(&cluster.scene);
}

/* In at n3's port, out to n2: three nodes, one connection. */
static void test_three_nodes(void **state)
{
	struct cluster cluster;
	struct scene_edge asked, passed, seen;
	const struct graph *graph;

	(void)state;
	prepare(&cluster);
	asked = left(&cluster, VERDICT_ANSWERED, 3);
	asked.to = "192.0.2.3";
	asked.port = 30080;
	passed = (struct scene_edge){.node = "n3",
				     .from = "10.1.0.2",
				     .to = "10.2.0.2",
				     .service = "192.0.2.3",
				     .translated = "192.0.2.3",
				     .port = 8080,
				     .service_port = 30080,
				     .connections = 3,
				     .first_seen = 100,
				     .last_seen = 200};
	seen = came(&cluster, VERDICT_ANSWERED, 3);
	seen.from = "192.0.2.3";
	scene_edge(&cluster.scene, asked);
	scene_edge(&cluster.scene, passed);
	scene_edge(&cluster.scene, seen);
	graph = scene_build(&cluster.scene, 0);
	assert_int_equal(counted(graph, VERDICT_ANSWERED), 3);
	assert_string_equal(only(graph)->from->name, "web");
	assert_string_equal(only(graph)->to->name, "api");
	scene_close(&cluster.scene);
}

/* n3 is a router between n1 and n2, or to somewhere else. */
static void test_router(void **state)
{
	struct cluster cluster;
	struct scene_edge passed;
	const struct graph_edge *edge;

	(void)state;
	prepare(&cluster);
	passed = left(&cluster, VERDICT_ANSWERED, 3);
	passed.node = "n3";
	passed.from_pod = 0;
	scene_edge(&cluster.scene, left(&cluster, VERDICT_ANSWERED, 3));
	scene_edge(&cluster.scene, passed);
	edge = only(scene_build(&cluster.scene, 0));
	assert_recorded_by(edge, "n1", NULL);
	scene_edge(&cluster.scene, came(&cluster, VERDICT_ANSWERED, 3));
	edge = only(scene_build(&cluster.scene, 0));
	assert_recorded_by(edge, "n1", "n2");
	assert_int_equal(edge->edge.totals.connections, 3);

	/* Nobody but the router was there. */
	cluster.scene.edges[0] = passed;
	cluster.scene.edge_count = 1;
	edge = only(scene_build(&cluster.scene, 0));
	assert_int_equal(edge->vantage, VANTAGE_NEITHER);
	assert_recorded_by(edge, "n3", NULL);
	scene_close(&cluster.scene);
}

/* The same address on the wire, but for two nodes at two times. */
static void test_address_that_moved_to_another_node(void **state)
{
	struct cluster cluster;
	struct scene_edge later_left, later_came;
	uint32_t later;
	const struct graph *graph;

	(void)state;
	prepare(&cluster);
	cluster.scene.pods[cluster.api - 1].until = 300;
	later = scene_pod(&cluster.scene, (struct scene_pod){.node = "n3",
							     .namespace = "shop",
							     .name = "later",
							     .uid = "4",
							     .address = "10.2.0.2",
							     .since = 400});
	later_left = left(&cluster, VERDICT_ANSWERED, 5);
	later_left.first_seen = 500;
	later_left.last_seen = 600;
	later_came = later_left;
	later_came.node = "n3";
	later_came.from_pod = 0;
	later_came.to_pod = later;
	scene_edge(&cluster.scene, left(&cluster, VERDICT_ANSWERED, 2));
	scene_edge(&cluster.scene, came(&cluster, VERDICT_ANSWERED, 2));
	scene_edge(&cluster.scene, later_left);
	scene_edge(&cluster.scene, later_came);
	graph = scene_build(&cluster.scene, 0);
	assert_int_equal(counted(graph, VERDICT_ANSWERED), 7);
	scene_close(&cluster.scene);
}

static void test_apart(void **state)
{
	struct cluster cluster;
	const struct graph *graph;

	(void)state;
	prepare(&cluster);
	cluster.scene.apart = true;
	scene_edge(&cluster.scene, left(&cluster, VERDICT_ANSWERED, 3));
	scene_edge(&cluster.scene, came(&cluster, VERDICT_ANSWERED, 3));
	graph = scene_build(&cluster.scene, 0);
	assert_int_equal(counted(graph, VERDICT_ANSWERED), 6);
	for (size_t i = 0; i < graph->edge_count; i++)
		assert_null(graph->edges[i].recorded_by[1]);
	scene_close(&cluster.scene);
}

/* Which record counts does not depend on the order of rows. */
static void test_order(void **state)
{
	struct cluster cluster;
	const struct graph *graph;

	(void)state;
	prepare(&cluster);
	for (int verdict = VERDICT_ANSWERED; verdict <= VERDICT_MAX; verdict++) {
		struct scene_edge other = left(&cluster, verdict, verdict);

		other.service = "10.96.0.7";
		other.service_port = 80;
		scene_edge(&cluster.scene, left(&cluster, verdict, 10 * verdict));
		scene_edge(&cluster.scene, other);
		if (verdict != VERDICT_REFUSED)
			scene_edge(&cluster.scene, came(&cluster, verdict, 7 * verdict));
	}
	for (uint32_t order = 0; order < 20; order++) {
		static int64_t first[VERDICT_MAX + 1];

		graph = scene_build(&cluster.scene, order);
		for (int verdict = VERDICT_ANSWERED; verdict <= VERDICT_MAX; verdict++) {
			int64_t sum = counted(graph, (enum verdict)verdict);

			if (order == 0)
				first[verdict] = sum;
			assert_int_equal(sum, first[verdict]);
		}
	}
	scene_close(&cluster.scene);
}

/* ---- whose address ---- */

static void add_owner(struct scene *scene, const char *name, int64_t since, int64_t until)
{
	scene_pod(scene, (struct scene_pod){.node = "n2",
					    .namespace = "shop",
					    .name = name,
					    .uid = name,
					    .address = "10.2.0.9",
					    .since = since,
					    .until = until});
}

static const struct graph_edge *edge_to(const struct graph *graph, const char *class,
					const char *name)
{
	const struct graph_edge *found = NULL;

	for (size_t i = 0; i < graph->edge_count; i++) {
		const struct end *end = graph->edges[i].to;

		if (strcmp(end->class, class) != 0 || strcmp(end->name, name) != 0)
			continue;
		assert_null(found);
		found = &graph->edges[i];
	}
	return found;
}

/* Two pods had the address while the edge lasted: the windows tell them apart, but for one that
 * spans the change and one that was deleted. */
static void test_windows_of_an_address_that_changed_hands(void **state)
{
	struct scene scene = {0};
	const struct graph_edge *edge;
	const struct graph *graph;

	(void)state;
	add_owner(&scene, "old", 100, 200);
	add_owner(&scene, "new", 200, 0);
	scene_edge(&scene, (struct scene_edge){.from = "192.0.2.7",
					       .to = "10.2.0.9",
					       .port = 80,
					       .connections = 100,
					       .first_seen = 110,
					       .last_seen = 400});
	scene_window(&scene, (struct scene_window){.first_seen = 110, .connections = 10});
	scene_window(&scene, (struct scene_window){.first_seen = 150, .connections = 20});
	scene_window(&scene, (struct scene_window){.first_seen = 195, .connections = 5});
	scene_window(&scene, (struct scene_window){.first_seen = 300, .connections = 40});
	graph = scene_build(&scene, 0);
	assert_int_equal(graph->edge_count, 3);
	edge = edge_to(graph, "pod", "old");
	assert_int_equal(edge->edge.totals.connections, 30);
	assert_int_equal(edge->edge.first_seen, 110000);
	assert_int_equal(edge->edge.last_seen, 160000);
	assert_int_equal(edge_to(graph, "pod", "new")->edge.totals.connections, 40);
	edge = edge_to(graph, "ambiguous", "");
	assert_int_equal(edge->edge.totals.connections, 30);
	assert_int_equal(edge->to->kind, END_UNKNOWN);
	scene_close(&scene);
}

static void test_windows_that_tell_all(void **state)
{
	struct scene scene = {0};
	const struct graph *graph;

	(void)state;
	add_owner(&scene, "old", 100, 200);
	add_owner(&scene, "new", 200, 0);
	scene_edge(&scene, (struct scene_edge){.from = "192.0.2.7",
					       .to = "10.2.0.9",
					       .port = 80,
					       .connections = 3,
					       .first_seen = 110,
					       .last_seen = 400});
	scene_window(&scene, (struct scene_window){.first_seen = 110, .connections = 1});
	scene_window(&scene, (struct scene_window){.first_seen = 300, .connections = 2});
	graph = scene_build(&scene, 0);
	assert_int_equal(graph->edge_count, 2);
	assert_int_equal(edge_to(graph, "pod", "old")->edge.totals.connections, 1);
	assert_int_equal(edge_to(graph, "pod", "new")->edge.totals.connections, 2);
	scene_close(&scene);
}

/* What began with the old one may go on while the next window begins. */
static void test_window_that_goes_on(void **state)
{
	struct scene scene = {0};
	const struct graph *graph;

	(void)state;
	add_owner(&scene, "old", 100, 200);
	add_owner(&scene, "new", 200, 0);
	scene_edge(&scene, (struct scene_edge){.from = "192.0.2.7",
					       .to = "10.2.0.9",
					       .port = 80,
					       .connections = 6,
					       .first_seen = 110,
					       .last_seen = 400});
	scene_window(&scene,
		     (struct scene_window){.window = 240, .first_seen = 240, .connections = 2});
	scene_window(&scene,
		     (struct scene_window){.window = 300, .first_seen = 301, .connections = 4});
	scene_window(&scene, (struct scene_window){.window = 360, .first_seen = 370});
	graph = scene_build(&scene, 0);
	assert_int_equal(graph->edge_count, 2);
	assert_int_equal(edge_to(graph, "ambiguous", "")->edge.totals.connections, 2);
	assert_int_equal(edge_to(graph, "pod", "new")->edge.totals.connections, 4);
	assert_int_equal(edge_to(graph, "pod", "new")->edge.last_seen, 311000);
	scene_close(&scene);
}

/* All connections were the old one's; their ends came when the new one had the address. */
static void test_window_of_ends(void **state)
{
	struct scene scene = {0};
	const struct graph *graph;

	(void)state;
	add_owner(&scene, "old", 100, 200);
	add_owner(&scene, "new", 200, 0);
	scene_edge(&scene, (struct scene_edge){.from = "192.0.2.7",
					       .to = "10.2.0.9",
					       .port = 80,
					       .connections = 3,
					       .first_seen = 110,
					       .last_seen = 310});
	scene_window(&scene, (struct scene_window){.first_seen = 110, .connections = 3});
	scene_window(&scene, (struct scene_window){.window = 300, .first_seen = 301});
	graph = scene_build(&scene, 0);
	assert_int_equal(graph->edge_count, 1);
	assert_int_equal(edge_to(graph, "pod", "old")->edge.totals.connections, 3);
	assert_int_equal(edge_to(graph, "pod", "old")->edge.last_seen, 310000);
	scene_close(&scene);
}

/* One was counted here until its pod was known: of which window it was no row tells. */
static void test_windows_that_one_left(void **state)
{
	struct scene scene = {0};
	const struct graph *graph;

	(void)state;
	add_owner(&scene, "old", 100, 200);
	add_owner(&scene, "new", 200, 0);
	scene_edge(&scene, (struct scene_edge){.from = "192.0.2.7",
					       .to = "10.2.0.9",
					       .port = 80,
					       .connections = 2,
					       .first_seen = 110,
					       .last_seen = 310});
	scene_window(&scene, (struct scene_window){.first_seen = 110, .connections = 3});
	scene_window(&scene,
		     (struct scene_window){.window = 300, .first_seen = 301, .connections = -1});
	graph = scene_build(&scene, 0);
	assert_int_equal(graph->edge_count, 1);
	assert_int_equal(edge_to(graph, "ambiguous", "")->edge.totals.connections, 2);
	scene_close(&scene);
}

/* The daemon knew the pod of some of its connections, and of others not yet. */
static void test_pod_that_both_bound(void **state)
{
	struct scene scene = {0};
	const struct graph *graph;
	uint32_t pod;

	(void)state;
	pod = scene_pod(&scene, (struct scene_pod){.node = "n2",
						   .namespace = "shop",
						   .name = "api",
						   .uid = "1",
						   .address = "10.2.0.9",
						   .since = 100});
	for (uint32_t i = 0; i < 2; i++)
		scene_edge(&scene, (struct scene_edge){.node = "n2",
						       .from = "192.0.2.7",
						       .to = "10.2.0.9",
						       .to_pod = i * pod,
						       .port = 80,
						       .connections = 3,
						       .first_seen = 110 + 20 * i});
	graph = scene_build(&scene, 0);
	assert_int_equal(graph->edge_count, 1);
	assert_int_equal(graph->edges[0].edge.totals.connections, 6);
	assert_int_equal(graph->edges[0].edge.first_seen, 110000);
	assert_int_equal(graph->edges[0].edge.last_seen, 140000);
	scene_close(&scene);
}

/* Two had it at once: no window can tell. */
static void test_windows_of_two_owners_at_once(void **state)
{
	struct scene scene = {0};
	const struct graph *graph;

	(void)state;
	add_owner(&scene, "one", 100, 300);
	add_owner(&scene, "two", 200, 0);
	scene_edge(&scene, (struct scene_edge){.from = "192.0.2.7",
					       .to = "10.2.0.9",
					       .port = 80,
					       .connections = 3,
					       .first_seen = 210,
					       .last_seen = 290});
	scene_window(&scene, (struct scene_window){.first_seen = 220, .connections = 3});
	graph = scene_build(&scene, 0);
	assert_int_equal(graph->edge_count, 1);
	assert_non_null(edge_to(graph, "ambiguous", ""));
	scene_close(&scene);
}

/* The pod came a second later: only who answered can have been it, and only if it may have spoken
 * before it was told of. */
static void test_slack(void **state)
{
	static const struct {
		enum verdict verdict;
		bool exact, bound;
	} cases[] = {{VERDICT_ANSWERED, false, true},    {VERDICT_ANSWERED, true, false},
		     {VERDICT_UNANSWERED, false, false}, {VERDICT_DENIED, false, false},
		     {VERDICT_REFUSED, false, false},    {VERDICT_ONE_WAY, false, false}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scene scene = {0};
		const struct graph *graph;

		scene_pod(&scene, (struct scene_pod){.node = "n2",
						     .namespace = "shop",
						     .name = "late",
						     .uid = "1",
						     .address = "10.2.0.9",
						     .since = 101,
						     .exact = cases[i].exact});
		scene_edge(&scene, (struct scene_edge){.from = "192.0.2.7",
						       .to = "10.2.0.9",
						       .port = 80,
						       .verdict = (int)cases[i].verdict,
						       .first_seen = 100,
						       .last_seen = 100});
		graph = scene_build(&scene, 0);
		assert_int_equal(graph->edges[0].to->kind == END_POD, cases[i].bound);
		scene_close(&scene);
	}
}

static void test_conflict(void **state)
{
	struct scene scene = {0};
	uint32_t number;
	const struct graph *graph;

	(void)state;
	number = scene_pod(&scene, (struct scene_pod){.node = "n1",
						      .namespace = "shop",
						      .name = "who",
						      .uid = "1",
						      .address = "10.2.0.9",
						      .conflict = "two names"});
	scene_edge(&scene, (struct scene_edge){.from = "10.2.0.9",
					       .from_pod = number,
					       .to = "192.0.2.7",
					       .port = 80,
					       .first_seen = 100});
	scene_edge(&scene,
		   (struct scene_edge){
		       .from = "192.0.2.7", .to = "10.2.0.9", .port = 80, .first_seen = 100});
	graph = scene_build(&scene, 0);
	assert_int_equal(graph->edge_count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct graph_edge *edge = &graph->edges[i];
		const bool is_client = edge->from->kind == END_UNKNOWN;
		const struct end *end = is_client ? edge->from : edge->to;

		assert_int_equal(end->kind, END_UNKNOWN);
		assert_string_equal(end->class, "ambiguous");
		assert_int_equal(edge->local[is_client ? 0 : 1],
				 edge->edge.key.source_pod == number);
	}
	scene_close(&scene);
}

static void assert_contradicted(const struct end *end)
{
	assert_int_equal(end->kind, END_UNKNOWN);
	assert_string_equal(end->reason, GRAPH_REASON_CONFLICT);
}

/* What a pod's own node cannot say of it no other node can. */
static void test_conflict_at_its_own_node(void **state)
{
	struct cluster cluster;
	const struct graph *graph;

	(void)state;
	prepare(&cluster);
	cluster.scene.pods[cluster.api - 1].conflict = "its name: api or apx";
	scene_edge(&cluster.scene, left(&cluster, VERDICT_ANSWERED, 1));
	scene_edge(&cluster.scene, came(&cluster, VERDICT_ANSWERED, 1));
	graph = scene_build(&cluster.scene, 0);
	assert_int_equal(graph->edge_count, 2);
	for (size_t i = 0; i < graph->edge_count; i++)
		assert_contradicted(graph->edges[i].to);
	cluster.scene.pods[cluster.api - 1].conflict = NULL;
	cluster.scene.pods[cluster.web - 1].conflict = "its name: web or wed";
	graph = scene_build(&cluster.scene, 0);
	assert_int_equal(graph->edge_count, 2);
	for (size_t i = 0; i < graph->edge_count; i++)
		assert_contradicted(graph->edges[i].from);
	scene_close(&cluster.scene);
}

/* By another clock, or a moment later, the address was the next pod's: it was not asked. */
static void test_conflict_before_a_handover(void **state)
{
	static const struct {
		int64_t asked;
		bool next_too;
		const char *reason;
	} cases[] = {
	    {149, false, GRAPH_REASON_CONFLICT},
	    {153, false, GRAPH_REASON_CONFLICT},
	    {160, false, GRAPH_REASON_CONFLICT},
	    {149, true, "its node tells of several pods at about that time"},
	};

	(void)state;
	for (size_t c = 0; c < COUNT(cases); c++) {
		struct cluster cluster;
		struct scene_edge asked, seen;
		uint32_t next;

		prepare(&cluster);
		cluster.scene.pods[cluster.api - 1].until = 150;
		cluster.scene.pods[cluster.api - 1].conflict = "its name: api or apx";
		next = scene_pod(&cluster.scene, (struct scene_pod){.node = "n2",
								    .namespace = "shop",
								    .name = "next",
								    .uid = "4",
								    .address = "10.2.0.2",
								    .since = 152});
		asked = left(&cluster, VERDICT_ANSWERED, 1);
		asked.first_seen = asked.last_seen = cases[c].asked;
		seen = came(&cluster, VERDICT_ANSWERED, 1);
		seen.first_seen = seen.last_seen = 149;
		scene_edge(&cluster.scene, asked);
		scene_edge(&cluster.scene, seen);
		seen.first_seen = seen.last_seen = 153;
		seen.to_pod = next;
		if (cases[c].next_too)
			scene_edge(&cluster.scene, seen);
		for (uint32_t order = 0; order < 5; order++) {
			const struct graph *graph = scene_build(&cluster.scene, order);

			for (size_t i = 0; i < graph->edge_count; i++) {
				const struct graph_edge *edge = &graph->edges[i];

				if (edge->vantage != VANTAGE_SOURCE)
					continue;
				assert_int_equal(edge->to->kind, END_UNKNOWN);
				assert_string_equal(edge->to->reason, cases[c].reason);
			}
		}
		scene_close(&cluster.scene);
	}
}

static void test_secondary_address(void **state)
{
	struct scene scene = {0};
	const struct graph *graph;

	(void)state;
	scene_pod(&scene, (struct scene_pod){.node = "n1",
					     .namespace = "shop",
					     .name = "media",
					     .uid = "1",
					     .address = "172.31.0.9",
					     .secondary = true});
	scene_edge(&scene,
		   (struct scene_edge){
		       .from = "172.31.0.9", .to = "192.0.2.7", .port = 80, .first_seen = 100});
	graph = scene_build(&scene, 0);
	assert_string_equal(graph->edges[0].from->name, "media");
	assert_true(graph->edges[0].from->secondary);
	assert_false(graph->edges[0].to->secondary);
	scene_close(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_destination_counts),
	    cmocka_unit_test(test_superseded_stays),
	    cmocka_unit_test(test_gap_at_the_destination),
	    cmocka_unit_test(test_gap_at_another_time),
	    cmocka_unit_test(test_destination_recorded_at_another_time),
	    cmocka_unit_test(test_destination_has_all_but_the_end),
	    cmocka_unit_test(test_one_side_only),
	    cmocka_unit_test(test_verdicts_that_do_not_meet),
	    cmocka_unit_test(test_denied_at_the_destination),
	    cmocka_unit_test(test_denied_later),
	    cmocka_unit_test(test_denied_behind_source_nat),
	    cmocka_unit_test(test_source_nat),
	    cmocka_unit_test(test_clients_behind_source_nat),
	    cmocka_unit_test(test_clocks_at_a_handover),
	    cmocka_unit_test(test_verdicts_that_meet),
	    cmocka_unit_test(test_settled_verdict_is_passed_on),
	    cmocka_unit_test(test_destination_deleted_the_beginning),
	    cmocka_unit_test(test_direction),
	    cmocka_unit_test(test_nothing_vanishes),
	    cmocka_unit_test(test_node_port),
	    cmocka_unit_test(test_three_nodes),
	    cmocka_unit_test(test_router),
	    cmocka_unit_test(test_address_that_moved_to_another_node),
	    cmocka_unit_test(test_apart),
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_windows_of_an_address_that_changed_hands),
	    cmocka_unit_test(test_windows_that_tell_all),
	    cmocka_unit_test(test_window_that_goes_on),
	    cmocka_unit_test(test_window_of_ends),
	    cmocka_unit_test(test_windows_that_one_left),
	    cmocka_unit_test(test_pod_that_both_bound),
	    cmocka_unit_test(test_windows_of_two_owners_at_once),
	    cmocka_unit_test(test_slack),
	    cmocka_unit_test(test_conflict),
	    cmocka_unit_test(test_conflict_at_its_own_node),
	    cmocka_unit_test(test_conflict_before_a_handover),
	    cmocka_unit_test(test_secondary_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
