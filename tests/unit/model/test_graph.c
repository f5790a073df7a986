/* Who an address was, what a workload is, and in which order it all comes out. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/buf.h"
#include "model/workload.h"
#include "tests/unit/model/scene.h"

#define POD(NAMESPACE, NAME, UID, NODE, IP, KIND, OWNER, LABELS)                                   \
	"---\n{kind: Pod, metadata: {namespace: " NAMESPACE ", name: " NAME ", uid: " UID          \
	", labels: {" LABELS "}, ownerReferences: [{kind: " KIND ", name: " OWNER                  \
	", controller: true}]}, spec: {nodeName: " NODE "}, status: {phase: Running, podIP: " IP   \
	", podIPs: [{ip: " IP "}]}}\n"

static const char cluster[] =
    POD("shop", "api-7d9f8b6c5d-x2k4p", "u1", "n1", "10.1.0.1", "ReplicaSet", "api-7d9f8b6c5d",
	"app: api, pod-template-hash: 7d9f8b6c5d")
	POD("shop", "api-7d9f8b6c5d-zz5t8", "u2", "n2", "10.2.0.1", "ReplicaSet", "api-7d9f8b6c5d",
	    "app: api, tier: back, pod-template-hash: 7d9f8b6c5d")
	    POD("shop", "db-0", "u3", "n1", "10.1.0.2", "StatefulSet", "db",
		"app: db, statefulset.kubernetes.io/pod-name: db-0, controller-revision-hash: db-5")
		POD("shop", "log-4vx9k", "u4", "n1", "10.1.0.3", "DaemonSet", "log", "app: log")
		    POD("ops", "proxy-b7xqz", "u5", "n1", "192.168.0.1", "DaemonSet", "proxy",
			"app: proxy") "---\n{kind: Service, metadata: {namespace: shop, name: "
				      "api}, spec: {clusterIP: 10.96.0.5, "
				      "clusterIPs: [10.96.0.5], selector: {app: api}, ports: "
				      "[{port: 80, targetPort: 8080}]}}\n"
				      "---\n{kind: Node, metadata: {name: n2}, spec: {podCIDR: "
				      "10.2.0.0/24, podCIDRs: "
				      "[10.2.0.0/24]}, status: {addresses: [{type: InternalIP, "
				      "address: 192.168.0.2}]}}\n";

static const struct graph_edge *only_edge(const struct graph *graph)
{
	assert_int_equal(graph->edge_count, 1);
	return &graph->edges[0];
}

/* The end of an edge from an external client to the address. */
static struct end bound_at(struct scene *scene, const char *address, int64_t first, int64_t last)
{
	scene->edge_count = 0;
	scene_edge(scene, (struct scene_edge){.from = "203.0.113.9",
					      .to = address,
					      .port = 80,
					      .first_seen = first,
					      .last_seen = last});
	return *only_edge(scene_build(scene, 0))->to;
}

static void test_numbers_win(void **state)
{
	struct scene scene = {0};
	uint32_t old, new;
	const struct graph *graph;

	(void)state;
	old = scene_pod(&scene, (struct scene_pod){.node = "n1",
						   .namespace = "a",
						   .name = "old",
						   .uid = "1",
						   .address = "10.1.0.9",
						   .since = 10,
						   .until = 20});
	new = scene_pod(&scene, (struct scene_pod){.node = "n1",
						   .namespace = "a",
						   .name = "new",
						   .uid = "2",
						   .address = "10.1.0.9",
						   .since = 20});
	scene_edge(&scene, (struct scene_edge){.from = "10.1.0.9",
					       .to = "192.0.2.1",
					       .from_pod = old,
					       .port = 1,
					       .first_seen = 15,
					       .last_seen = 60});
	scene_edge(&scene, (struct scene_edge){.from = "10.1.0.9",
					       .to = "192.0.2.1",
					       .from_pod = new,
					       .port = 2,
					       .first_seen = 20,
					       .last_seen = 60});
	graph = scene_build(&scene, 0);
	assert_int_equal(graph->edge_count, 2);
	assert_string_equal(graph->edges[0].from->name, "new");
	assert_string_equal(graph->edges[1].from->name, "old");
	assert_int_equal(graph->edges[1].edge.key.port, 1);
	assert_true(graph->edges[1].local[0]);
	assert_int_equal(graph->seen.from, 15000);
	assert_int_equal(graph->seen.until, 60000);
	assert_int_equal(scene.problems.count, 0);
	scene_close(&scene);
}

static void test_remote_pods_by_time(void **state)
{
	struct scene scene = {0};
	struct end end;

	(void)state;
	scene_pod(&scene, (struct scene_pod){.node = "n2",
					     .namespace = "a",
					     .name = "old",
					     .uid = "1",
					     .address = "10.2.0.9",
					     .since = 100,
					     .until = 200});
	scene_pod(&scene, (struct scene_pod){.node = "n2",
					     .namespace = "a",
					     .name = "new",
					     .uid = "2",
					     .address = "10.2.0.9",
					     .since = 300});
	end = bound_at(&scene, "10.2.0.9", 110, 190);
	assert_string_equal(end.name, "old");
	assert_false(scene.graph->edges[0].local[1]);
	assert_int_equal(end.kind, END_POD);
	end = bound_at(&scene, "10.2.0.9", 400, 500);
	assert_string_equal(end.name, "new");
	/* It goes on while the new one has the address, but began when nobody had. */
	scene.edge_count = 0;
	scene_edge(&scene, (struct scene_edge){.from = "203.0.113.9",
					       .to = "10.2.0.9",
					       .port = 80,
					       .first_seen = 400,
					       .last_seen = 500,
					       .begun = 250});
	assert_int_equal(only_edge(scene_build(&scene, 0))->to->kind, END_UNKNOWN);
	/* The record of a pod may begin a little late, not a minute. */
	end = bound_at(&scene, "10.2.0.9", 296, 500);
	assert_string_equal(end.name, "new");
	end = bound_at(&scene, "10.2.0.9", 110, 400);
	assert_int_equal(end.kind, END_UNKNOWN);
	assert_string_equal(end.class, "ambiguous");
	/* Nobody's then, but a pod's at other times: not an address of the world outside. */
	end = bound_at(&scene, "10.2.0.9", 220, 230);
	assert_int_equal(end.kind, END_UNKNOWN);
	assert_string_equal(end.class, "pod");
	scene_close(&scene);
}

static void test_two_owners_at_once(void **state)
{
	struct scene scene = {0};
	struct end end;

	(void)state;
	scene_pod(&scene, (struct scene_pod){.node = "n2",
					     .namespace = "a",
					     .name = "x",
					     .uid = "1",
					     .address = "10.2.0.9",
					     .since = 100,
					     .until = 500});
	scene_pod(&scene, (struct scene_pod){.node = "n3",
					     .namespace = "a",
					     .name = "y",
					     .uid = "2",
					     .address = "10.2.0.9",
					     .since = 300});
	scene_pod(&scene, (struct scene_pod){.node = "n3",
					     .namespace = "a",
					     .name = "z",
					     .uid = "3",
					     .address = "10.2.0.8",
					     .since = 300});
	end = bound_at(&scene, "10.2.0.9", 310, 320);
	assert_string_equal(end.class, "ambiguous");
	assert_true(scene.graph->pods[0].ambiguous);
	assert_true(scene.graph->pods[1].ambiguous);
	assert_false(scene.graph->pods[2].ambiguous);
	assert_true(scene_has_problem(&scene, "10.2.0.9", "Pod/x in a and Pod/y in a"));
	scene_close(&scene);
}

static void test_nodes(void **state)
{
	struct scene scene = {0};
	struct end end;

	(void)state;
	scene_node(&scene, "n1", "192.168.0.1");
	scene_node(&scene, "n1", "172.17.0.1");
	scene_node(&scene, "n2", "172.17.0.1");
	scene_node(&scene, "n2", "172.18.0.1");
	scene_node(&scene, "n3", "172.18.0.1");
	end = bound_at(&scene, "192.168.0.1", 1, 2);
	assert_int_equal(end.kind, END_NODE);
	assert_string_equal(end.name, "n1");
	assert_false(scene.graph->edges[0].local[1]);
	assert_string_equal(bound_at(&scene, "172.17.0.1", 1, 2).name, "n1");
	end = bound_at(&scene, "172.18.0.1", 1, 2);
	assert_int_equal(end.kind, END_NODE);
	assert_string_equal(end.name, "");
	scene_close(&scene);
}

static void scene_turn(struct scene *scene, const char *node, int64_t since, int64_t until)
{
	scene_node(scene, node, "172.17.0.1");
	scene->nodes[scene->node_count - 1].since = since;
	scene->nodes[scene->node_count - 1].until = until;
}

static void test_address_that_moves_between_nodes(void **state)
{
	struct scene scene = {0};

	(void)state;
	scene_turn(&scene, "n2", 10, 20);
	scene_turn(&scene, "n3", 20, 30);
	scene_turn(&scene, "n2", 30, 40);
	assert_string_equal(bound_at(&scene, "172.17.0.1", 12, 15).name, "n2");
	assert_string_equal(bound_at(&scene, "172.17.0.1", 22, 25).name, "n3");
	assert_string_equal(bound_at(&scene, "172.17.0.1", 32, 35).name, "n2");
	assert_string_equal(bound_at(&scene, "172.17.0.1", 15, 25).name, "");
	assert_int_equal(bound_at(&scene, "172.17.0.1", 15, 25).kind, END_NODE);
	assert_int_equal(bound_at(&scene, "172.17.0.1", 50, 60).kind, END_UNKNOWN);
	assert_string_equal(bound_at(&scene, "172.17.0.1", 50, 60).class, "node");
	assert_int_equal(bound_at(&scene, "172.17.0.1", 1, 2).kind, END_UNKNOWN);
	assert_string_equal(bound_at(&scene, "172.17.0.1", 6, 7).name, "n2");
	/* The recorder is n1: what it had once is not its own for ever. */
	scene_turn(&scene, "n1", 0, 4);
	assert_string_equal(bound_at(&scene, "172.17.0.1", 22, 25).name, "n3");
	assert_string_equal(bound_at(&scene, "172.17.0.1", 1, 2).name, "n1");
	/* A bridge's, which it has at the same time as others. */
	scene_turn(&scene, "n1", 8, 18);
	assert_string_equal(bound_at(&scene, "172.17.0.1", 12, 15).name, "n1");
	assert_string_equal(bound_at(&scene, "172.17.0.1", 16, 25).name, "");
	scene_close(&scene);
}

/* More turns than are asked for their time: a node, and no wrong one. */
static void test_address_of_very_many_nodes(void **state)
{
	struct assembly *assembly = assembly_new(NULL, &(struct problems){0});
	struct scene_edge edge = {.from = "203.0.113.9", .to = "172.17.0.1", .first_seen = 1};
	struct graph *graph = NULL;

	(void)state;
	assert_non_null(assembly);
	for (int i = 0; i < 3000; i++) {
		char name[16];
		struct stored_address row = {.node = name,
					     .address = scene_addr("172.17.0.1"),
					     .since = i % 2 == 0 ? 0 : 1000000,
					     .until = INTERVAL_OPEN};

		snprintf(name, sizeof(name), "n%d", i + 1);
		assert_int_equal(assembly_address(assembly, &row), 0);
	}
	assert_int_equal(assembly_index(assembly, &(struct ignored_labels){0}), 0);
	edge.node = "n2999";
	scene_feed_edge(assembly, &edge, 1);
	edge.node = "other";
	scene_feed_edge(assembly, &edge, 2);
	assert_int_equal(assembly_finish(assembly, false, &graph), 0);
	assert_int_equal(graph->edge_count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(graph->edges[i].to->kind, END_NODE);
		assert_string_equal(graph->edges[i].to->name,
				    strcmp(graph->edges[i].edge.node, "n2999") == 0 ? "n2999" : "");
	}
	graph_free(graph);
	assembly_free(assembly);
}

/* Not to the node, pod or service that has its first address, nor to a pod by number. */
static void test_prefixes_are_nobody_in_particular(void **state)
{
	static const struct {
		const char *text;
		bool inside; /* has addresses of pods or nodes, or is in a pod range */
	} prefixes[] = {
	    {"192.168.0.0/24", true}, {"10.1.0.0/16", true},     {"10.96.0.0/12", false},
	    {"10.2.0.0/16", true},    {"10.2.0.128/25", true},   {"169.254.0.0/16", false},
	    {"224.0.0.0/4", false},   {"fe80::/10", false},      {"2001:db8::/32", false},
	    {"0.0.0.0/1", true},      {"198.51.100.0/24", false}};
	struct scene scene = {0};

	(void)state;
	scene_inventory(&scene, cluster);
	scene_node(&scene, "n1", "192.168.0.0");
	scene_pod(&scene,
		  (struct scene_pod){
		      .node = "n1", .namespace = "shop", .name = "a", .address = "10.1.0.0"});
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		char text[PREFIX_TEXT_MAX];
		const struct graph_edge *edge;

		scene.edge_count = 0;
		scene_edge(&scene, (struct scene_edge){.from = prefixes[i].text,
						       .to = prefixes[i].text,
						       .from_pod = 1,
						       .to_pod = 1,
						       .port = 80,
						       .first_seen = 1});
		edge = only_edge(scene_build(&scene, 0));
		for (int side = 0; side < 2; side++) {
			const struct end *end = side ? edge->to : edge->from;

			assert_int_equal(end->kind,
					 prefixes[i].inside ? END_UNKNOWN : END_EXTERNAL);
			assert_string_equal(end->class,
					    prefixes[i].inside ? "ambiguous" : "external");
			assert_int_equal(end->pod, GRAPH_NONE);
			assert_int_equal(end->workload, GRAPH_NONE);
			assert_false(edge->local[side]);
			assert_string_equal(
			    prefix_format((struct prefix){end->address, end->prefix}, text),
			    prefixes[i].text);
		}
	}
	scene_close(&scene);
}

static void test_inventory_addresses(void **state)
{
	struct scene scene = {0};
	struct end end;

	(void)state;
	scene_inventory(&scene, cluster);
	end = bound_at(&scene, "10.2.0.1", 1, 2);
	assert_int_equal(end.kind, END_POD);
	assert_string_equal(end.name, "api-7d9f8b6c5d-zz5t8");
	assert_string_equal(scene.graph->workloads[end.workload].name, "api");
	assert_false(scene.graph->edges[0].local[1]);
	/* On the recording node. */
	end = bound_at(&scene, "10.1.0.2", 1, 2);
	assert_int_equal(end.kind, END_POD);
	assert_true(scene.graph->edges[0].local[1]);
	end = bound_at(&scene, "192.168.0.2", 1, 2);
	assert_int_equal(end.kind, END_NODE);
	assert_string_equal(end.name, "n2");
	end = bound_at(&scene, "10.96.0.5", 1, 2);
	assert_int_equal(end.kind, END_EXTERNAL);
	assert_string_equal(end.class, "service");
	assert_string_equal(only_edge(scene.graph)->service->name, "api");
	/* In a node's pod range, but nobody's. */
	end = bound_at(&scene, "10.2.0.77", 1, 2);
	assert_int_equal(end.kind, END_UNKNOWN);
	assert_string_equal(end.class, "pod");
	end = bound_at(&scene, "10.2.0.0", 1, 2);
	assert_int_equal(end.kind, END_NODE);
	assert_string_equal(end.name, "n2");
	assert_string_equal(bound_at(&scene, "169.254.169.254", 1, 2).class, "metadata");
	assert_string_equal(bound_at(&scene, "100.100.100.200", 1, 2).class, "metadata");
	assert_string_equal(bound_at(&scene, "168.63.129.16", 1, 2).class, "metadata");
	assert_string_equal(bound_at(&scene, "169.254.170.2", 1, 2).class, "metadata");
	assert_string_equal(bound_at(&scene, "fd00:ec2::254", 1, 2).class, "metadata");
	assert_string_equal(bound_at(&scene, "fd00:ec2::23", 1, 2).class, "metadata");
	assert_string_equal(bound_at(&scene, "fd20:ce::254", 1, 2).class, "metadata");
	assert_string_equal(bound_at(&scene, "100.100.100.201", 1, 2).class, "external");
	assert_string_equal(bound_at(&scene, "fd00:ec2::255", 1, 2).class, "external");
	assert_string_equal(bound_at(&scene, "169.254.3.4", 1, 2).class, "link-local");
	assert_string_equal(bound_at(&scene, "255.255.255.255", 1, 2).class, "broadcast");
	assert_string_equal(bound_at(&scene, "224.0.0.251", 1, 2).class, "multicast");
	assert_string_equal(bound_at(&scene, "198.51.100.1", 1, 2).class, "external");
	assert_string_equal(bound_at(&scene, "2001:db8::1", 1, 2).class, "external");
	scene_close(&scene);
}

/* The inventory tells of its own moment; a record of another pod at that address outweighs it. */
static void test_record_contradicts_inventory(void **state)
{
	struct scene scene = {0};
	struct end end;

	(void)state;
	scene_inventory(&scene, cluster);
	scene_pod(&scene, (struct scene_pod){.node = "n2",
					     .namespace = "a",
					     .name = "gone",
					     .uid = "g",
					     .address = "10.2.0.1",
					     .since = 100,
					     .until = 200});
	end = bound_at(&scene, "10.2.0.1", 150, 160);
	assert_string_equal(end.name, "gone");
	end = bound_at(&scene, "10.2.0.1", 300, 310);
	assert_int_equal(end.kind, END_UNKNOWN);
	assert_string_equal(end.class, "pod");
	scene_close(&scene);
}

static void test_host_network_and_finished_pods_are_not_bound(void **state)
{
	static const char yaml[] =
	    "{kind: Pod, metadata: {namespace: a, name: agent, uid: h}, spec: {nodeName: n9, "
	    "hostNetwork: true}, status: {podIP: 192.168.0.9}}\n"
	    "---\n{kind: Pod, metadata: {namespace: a, name: done, uid: d}, spec: {nodeName: n9}, "
	    "status: {phase: Succeeded, podIP: 10.9.0.9}}\n";
	struct scene scene = {0};
	struct end end;

	(void)state;
	scene_inventory(&scene, yaml);
	end = bound_at(&scene, "192.168.0.9", 1, 2);
	assert_int_equal(end.kind, END_NODE);
	assert_string_equal(end.name, "n9");
	assert_int_equal(bound_at(&scene, "10.9.0.9", 1, 2).kind, END_EXTERNAL);
	scene_close(&scene);
}

static void test_translated_and_service(void **state)
{
	struct scene scene = {0};
	const struct graph_edge *edge;

	(void)state;
	scene_inventory(&scene, cluster);
	scene_edge(&scene, (struct scene_edge){.from = "203.0.113.9",
					       .to = "10.1.0.1",
					       .port = 8080,
					       .service = "10.96.0.5",
					       .service_port = 80,
					       .translated = "192.168.0.2"});
	edge = only_edge(scene_build(&scene, 0));
	assert_int_equal(edge->from->kind, END_EXTERNAL);
	assert_non_null(edge->translated);
	assert_int_equal(edge->translated->kind, END_NODE);
	assert_string_equal(edge->translated->name, "n2");
	assert_string_equal(edge->service->name, "api");
	scene_close(&scene);
}

static const struct workload *workload_named(const struct graph *graph, const char *name)
{
	for (size_t i = 0; i < graph->workload_count; i++)
		if (strcmp(graph->workloads[i].name, name) == 0)
			return &graph->workloads[i];
	fail_msg("no workload %s", name);
	return NULL;
}

/* What is told of living pods: of two revisions neither. */
static void test_containers_and_revisions(void **state)
{
#define A_POD(NAME, OWNER, HASH, CONTAINER, PHASE)                                                 \
	"---\n{kind: Pod, metadata: {namespace: a, name: " NAME ", labels: {app: x, " HASH         \
	"}, ownerReferences: [{kind: StatefulSet, name: " OWNER                                    \
	", controller: true}]}, spec: {containers: [{name: " CONTAINER                             \
	"}]}, status: {phase: " PHASE "}}\n"
	static const char pods[] =
	    A_POD("one-0", "one", "controller-revision-hash: r1", "''", "Running")
		A_POD("one-1", "one", "controller-revision-hash: r1", "main", "Running")
		    A_POD("one-2", "one", "controller-revision-hash: r0", "other", "Failed")
			A_POD("two-0", "two", "pod-template-hash: r1", "main", "Running")
			    A_POD("two-1", "two", "pod-template-hash: r2", "main", "Running")
				A_POD("old-0", "old", "b: c", "main", "Failed");
#undef A_POD
	struct scene scene = {0};
	const struct graph *graph;

	(void)state;
	scene_inventory(&scene, pods);
	graph = scene_build(&scene, 0);
	assert_string_equal(workload_named(graph, "one")->container, "main");
	assert_string_equal(workload_named(graph, "one")->revision, "r1");
	assert_string_equal(workload_named(graph, "two")->revision, "");
	assert_string_equal(workload_named(graph, "old")->revision, "");
	scene_close(&scene);
}

static void test_workloads(void **state)
{
	struct scene scene = {0};
	const struct graph *graph;
	const struct workload *api, *db;

	(void)state;
	scene_inventory(&scene, cluster);
	scene_pod(&scene, (struct scene_pod){.node = "n1",
					     .namespace = "shop",
					     .name = "api-7d9f8b6c5d-x2k4p",
					     .uid = "u1",
					     .address = "10.1.0.1"});
	graph = scene_build(&scene, 0);
	api = workload_named(graph, "api");
	db = workload_named(graph, "db");
	assert_string_equal(api->kind, "Deployment");
	assert_int_equal(api->pods, 2);
	assert_true(api->recorded);
	assert_false(db->recorded);
	assert_int_equal(api->selector.count, 1);
	assert_string_equal(api->selector.items[0].key, "app");
	assert_string_equal(api->also_picks, "");
	assert_string_equal(api->also_picks, "");
	assert_int_equal(db->selector.count, 1);
	assert_string_equal(db->selector.items[0].value, "db");
	assert_int_equal(graph->pod_count, 5);
	assert_string_equal(graph->pods[1].source, "cni-result,inventory");
	assert_string_equal(graph->pods[2].source, "inventory");
	assert_non_null(graph->pods[1].labels);
	assert_int_equal(graph->pods[1].address_count, 1);
	assert_int_equal(graph->pods[1].addresses[0].since, 0);
	assert_int_equal(graph->pods[2].addresses[0].since, INT64_MIN);
	scene_close(&scene);
}

static const struct graph_pod *pod_named(const struct graph *graph, const char *name)
{
	for (size_t i = 0; i < graph->pod_count; i++)
		if (strcmp(graph->pods[i].name, name) == 0)
			return &graph->pods[i];
	fail_msg("no pod %s", name);
	return NULL;
}

static void test_dead_replicas(void **state)
{
	static const struct {
		const char *name;
		const char *workload; /* NULL: none */
	} cases[] = {{"api-7d9f8b6c5d-qqqqq", "api"},
		     {"api-5c6c4b-b2c4d", "api"},
		     {"api-7d9f8b6c5d", NULL},
		     {"api-aeiou1-b2c4d", NULL},
		     {"log-zzzzz", "log"},
		     {"log-zzzz", NULL},
		     {"log-aaaaa", NULL},
		     {"db-17", "db"},
		     {"db-x", NULL},
		     {"-zzzzz", NULL},
		     {"nobody-7d9f8b6c5d-qqqqq", NULL}};
	struct scene scene = {0};
	const struct graph *graph;

	(void)state;
	scene_inventory(&scene, cluster);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		scene_pod(&scene, (struct scene_pod){.node = "n1",
						     .namespace = "shop",
						     .name = cases[i].name,
						     .uid = cases[i].name});
	scene_pod(&scene, (struct scene_pod){.node = "n1",
					     .namespace = "other",
					     .name = "api-7d9f8b6c5d-zzzzz",
					     .uid = "o"});
	/* A namesake with another uid: the workload is known, today's labels are not its own. */
	scene_pod(&scene, (struct scene_pod){
			      .node = "n3", .namespace = "shop", .name = "db-0", .uid = "u0"});
	graph = scene_build(&scene, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct graph_pod *pod = pod_named(graph, cases[i].name);

		if (!cases[i].workload) {
			if (pod->workload != GRAPH_NONE)
				fail_msg("%s has a workload", cases[i].name);
			continue;
		}
		if (pod->workload == GRAPH_NONE)
			fail_msg("%s has none", cases[i].name);
		assert_string_equal(graph->workloads[pod->workload].name, cases[i].workload);
		assert_null(pod->labels);
	}
	assert_int_equal(pod_named(graph, "api-7d9f8b6c5d-zzzzz")->workload, GRAPH_NONE);
	assert_string_equal(pod_named(graph, "db-0")->uid, "u0");
	assert_null(pod_named(graph, "db-0")->labels);
	assert_string_equal(graph->workloads[pod_named(graph, "db-0")->workload].name, "db");
	scene_close(&scene);
}

static void test_dead_replica_of_two_candidates(void **state)
{
	static const char yaml[] = POD("a", "x-bcdfg-bbbbb", "1", "n", "10.0.0.1", "ReplicaSet",
				       "x-bcdfg", "app: x, pod-template-hash: bcdfg")
	    POD("a", "x-bcdfg-ccccc", "2", "n", "10.0.0.2", "DaemonSet", "x-bcdfg", "app: y");
	struct scene scene = {0};

	(void)state;
	scene_inventory(&scene, yaml);
	scene_pod(&scene, (struct scene_pod){
			      .node = "n", .namespace = "a", .name = "x-bcdfg-zzzzz", .uid = "3"});
	assert_int_equal(pod_named(scene_build(&scene, 0), "x-bcdfg-zzzzz")->workload, GRAPH_NONE);
	scene_close(&scene);
}

static void test_selectors(void **state)
{
	static const char yaml[] =
	    POD("a", "x-1", "1", "n", "10.0.0.1", "StatefulSet", "x",
		"app: x, part-of: all") POD("a", "y-0", "2", "n", "10.0.0.2", "StatefulSet", "y",
					    "app: x, part-of: all, tier: y")
		POD("a", "z-0", "3", "n", "10.0.0.3", "StatefulSet", "z",
		    "statefulset.kubernetes.io/pod-name: z-0, apps.kubernetes.io/pod-index: '0'")
		    POD("a", "w-0", "4", "n", "10.0.0.4", "StatefulSet", "w", "only: w0")
			POD("a", "w-1", "5", "n", "10.0.0.5", "StatefulSet", "w", "only: w1")
			    POD("b", "x-0", "6", "n", "10.0.0.6", "StatefulSet", "x",
				"app: x, part-of: all");
	struct scene scene = {0};
	const struct graph *graph;

	(void)state;
	scene_inventory(&scene, yaml);
	graph = scene_build(&scene, 0);
	assert_int_equal(graph->workload_count, 5);
	assert_string_equal(graph->workloads[4].namespace, "b");
	assert_string_equal(graph->workloads[4].also_picks, "");
	assert_string_equal(graph->workloads[1].name, "x");
	assert_int_equal(graph->workloads[1].selector.count, 2);
	assert_string_equal(graph->workloads[1].also_picks, "StatefulSet/y");
	assert_int_equal(graph->workloads[2].selector.count, 3);
	assert_string_equal(graph->workloads[2].also_picks, "");
	assert_int_equal(graph->workloads[3].selector.count, 0);
	assert_int_equal(graph->workloads[0].selector.count, 0);
	scene_close(&scene);
}

/* Who has the same selector is one with it; others are named, however many those are. */
static void test_selectors_that_are_the_same(void **state)
{
	static const char yaml[] =
	    POD("a", "x-0", "1", "n", "10.0.0.1", "StatefulSet", "x", "app: x")
		POD("a", "y-0", "2", "n", "10.0.0.2", "StatefulSet", "y", "app: x")
		    POD("a", "z-0", "3", "n", "10.0.0.3", "StatefulSet", "z", "app: x, tier: z");
	struct scene scene = {0};
	const struct graph *graph;

	(void)state;
	scene_inventory(&scene, yaml);
	graph = scene_build(&scene, 0);
	assert_string_equal(graph->workloads[0].also_picks, "StatefulSet/z");
	assert_string_equal(graph->workloads[1].also_picks, "StatefulSet/z");
	assert_string_equal(graph->workloads[2].also_picks, "");
	scene_close(&scene);
}

/* An inventory written by hand has no uids. */
static void test_uid_that_the_inventory_lacks(void **state)
{
	static const char yaml[] = "kind: Pod\n"
				   "metadata: {namespace: shop, name: web, labels: {app: web}}\n"
				   "status: {podIP: 10.1.0.1}\n";
	struct scene scene = {0};
	const struct graph *graph;

	(void)state;
	scene_inventory(&scene, yaml);
	scene_pod(&scene, (struct scene_pod){.node = "n1",
					     .namespace = "shop",
					     .name = "web",
					     .uid = "u1",
					     .address = "10.1.0.1"});
	graph = scene_build(&scene, 0);
	assert_int_equal(graph->pod_count, 1);
	assert_string_equal(graph->pods[0].uid, "u1");
	assert_non_null(graph->pods[0].labels);
	assert_int_equal(graph->pods[0].address_count, 1);
	scene_close(&scene);
}

static void test_volatile_labels(void **state)
{
	(void)state;
	assert_true(label_is_volatile("pod-template-hash"));
	assert_true(label_is_volatile("pod-template-generation"));
	assert_true(label_is_volatile("batch.kubernetes.io/job-name"));
	assert_true(label_is_volatile("failure-domain.beta.kubernetes.io/zone"));
	assert_true(label_is_volatile("topology.kubernetes.io/zone"));
	assert_true(label_is_volatile("app.kubernetes.io/version"));
	assert_true(label_is_volatile("rollouts-pod-template-hash"));
	assert_true(label_is_volatile("service.istio.io/canonical-revision"));
	assert_false(label_is_volatile("service.istio.io/canonical-name"));
	assert_true(label_is_volatile("chart"));
	assert_false(label_is_volatile("chart-name"));
	assert_false(label_is_volatile("app.kubernetes.io/name"));
	assert_false(label_is_volatile("app.kubernetes.io/instance"));
	assert_false(label_is_volatile("app.kubernetes.io/component"));
	assert_false(label_is_volatile("k8s-app"));
	assert_false(label_is_volatile("job-names"));
	assert_true(label_is_valid("a.b/c", ""));
	assert_true(label_is_valid("app", "a_b.c-d"));
	assert_false(label_is_valid("#", "x"));
	assert_false(label_is_valid("/x", "x"));
	assert_false(label_is_valid("app", "a b"));
	assert_false(label_is_valid("app", "-a"));
}

static void test_identities_that_contradict(void **state)
{
	struct scene scene = {0};

	(void)state;
	scene_inventory(&scene, cluster);
	scene_pod(&scene, (struct scene_pod){
			      .node = "n1", .namespace = "shop", .name = "other", .uid = "u1"});
	scene_pod(&scene, (struct scene_pod){.node = "n7",
					     .namespace = "shop",
					     .name = "db-0",
					     .uid = "u3",
					     .address = "10.1.0.2"});
	scene_build(&scene, 0);
	assert_true(scene_has_problem(&scene, "Pod/other in shop", "its uid is that of Pod/"));
	assert_true(scene_has_problem(&scene, "Pod/db-0 in shop", "recorded on node n7"));
	scene_close(&scene);
}

static void print_graph(const struct graph *graph, struct buf *buf)
{
	for (size_t i = 0; i < graph->pod_count; i++)
		buf_printf(buf, "%s %s %s %s\n", graph->pods[i].namespace, graph->pods[i].name,
			   graph->pods[i].uid, graph->pods[i].node);
	for (size_t i = 0; i < graph->edge_count; i++) {
		const struct graph_edge *edge = &graph->edges[i];
		char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];

		buf_printf(buf, "%s %s %s %s %u %u %u\n", edge->from->name,
			   addr_format(edge->from->address, from), edge->to->name,
			   addr_format(edge->to->address, to), edge->edge.key.protocol,
			   edge->edge.key.port, edge->edge.key.verdict);
	}
}

static void test_order_of_rows_does_not_matter(void **state)
{
	struct scene scene = {0};
	struct buf first = {0};

	(void)state;
	scene_inventory(&scene, cluster);
	for (int i = 0; i < 200; i++) {
		static const char *const ends[] = {"10.1.0.1",    "10.1.0.2",     "10.2.0.1",
						   "192.168.0.2", "198.51.100.1", "fd00::1",
						   "10.96.0.5"};

		scene_edge(&scene,
			   (struct scene_edge){.from = ends[i % 7],
					       .to = ends[i / 7 % 7],
					       .node = i % 3 ? "n1" : "n2",
					       .port = i % 5,
					       .verdict = 1 + i % 6,
					       .protocol = i % 2 ? IPPROTO_UDP : IPPROTO_TCP});
	}
	print_graph(scene_build(&scene, 0), &first);
	for (uint32_t seed = 1; seed <= 20; seed++) {
		struct buf again = {0};

		print_graph(scene_build(&scene, seed), &again);
		assert_string_equal(again.data, first.data);
		buf_clear(&again);
	}
	buf_clear(&first);
	scene_close(&scene);
}

static void test_nothing(void **state)
{
	struct scene scene = {0};
	const struct graph *graph = scene_build(&scene, 0);

	(void)state;
	assert_int_equal(graph->pod_count + graph->edge_count + graph->workload_count, 0);
	assert_true(graph->seen.from > graph->seen.until);
	assert_null(graph_free(NULL));
	scene_close(&scene);
}

#define LIVED(NAME, UID, IP, START, NOTES)                                                         \
	"---\n{kind: Pod, metadata: {namespace: shop, name: " NAME ", uid: " UID NOTES             \
	"}, status: {podIP: " IP ", startTime: '1970-01-01T00:" START "Z'}}\n"
#define ALSO(IP)                                                                                   \
	", annotations: {k8s.v1.cni.cncf.io/network-status: '[{\"name\": \"n\", \"ips\": [\"" IP   \
	"\"]}]'}"

/* An edge binds to the pod that had the address in all of its time. */
static void test_inventory_in_time(void **state)
{
	struct scene scene = {0};
	struct end end;

	(void)state;
	scene_inventory(&scene, LIVED("a", "u1", "10.2.0.9", "01:40",
				      "") LIVED("b", "u2", "10.2.0.9", "05:00", ALSO("10.9.0.1"))
				    LIVED("c", "u3", "10.9.0.2", "01:40", ALSO("10.9.0.1"))
					LIVED("d", "u4", "10.2.0.7", "01:40", ALSO("10.9.0.2")));
	end = bound_at(&scene, "10.2.0.9", 10, 20);
	assert_int_equal(end.kind, END_UNKNOWN);
	assert_string_equal(end.class, "pod");
	end = bound_at(&scene, "10.2.0.9", 110, 120);
	assert_string_equal(end.name, "a");
	end = bound_at(&scene, "10.2.0.9", 90, 120);
	assert_string_equal(end.class, "ambiguous");
	end = bound_at(&scene, "10.2.0.9", 110, 310);
	assert_string_equal(end.class, "ambiguous");
	end = bound_at(&scene, "10.2.0.9", 310, 320);
	assert_string_equal(end.class, "ambiguous");
	/* A further network's: of two pods, and of one beside another's primary one. */
	end = bound_at(&scene, "10.9.0.1", 110, 120);
	assert_string_equal(end.name, "c");
	assert_true(end.secondary);
	end = bound_at(&scene, "10.9.0.1", 310, 320);
	assert_string_equal(end.class, "ambiguous");
	end = bound_at(&scene, "10.9.0.2", 110, 120);
	assert_string_equal(end.name, "c");
	assert_false(end.secondary);
	scene_close(&scene);
}

/* Networks of a node's own have the same addresses on each node. */
static void test_further_networks_of_nodes(void **state)
{
	static const struct scene_pod pods[] = {
	    {"n1", "shop", "a", "u1", "10.9.0.1", 0, 0, NULL, false, true},
	    {"n2", "shop", "b", "u2", "10.9.0.1", 0, 0, NULL, false, true},
	    {"n1", "shop", "c", "u3", "10.9.0.2", 0, 0, NULL, false, true},
	    {"n2", "shop", "d", "u4", "10.9.0.2", 0, 0, NULL, false, false},
	    {"n3", "shop", "e", "u5", "10.9.0.3", 0, 0, NULL, false, true},
	    {"n3", "shop", "f", "u6", "10.9.0.3", 0, 0, NULL, false, true}};
	struct scene scene = {0};
	struct end end;

	(void)state;
	for (size_t i = 0; i < sizeof(pods) / sizeof(pods[0]); i++)
		scene_pod(&scene, pods[i]);
	end = bound_at(&scene, "10.9.0.1", 10, 20);
	assert_string_equal(end.class, "ambiguous");
	end = bound_at(&scene, "10.9.0.2", 10, 20);
	assert_string_equal(end.name, "d");
	assert_false(end.secondary);
	assert_int_equal(scene.graph->pod_count, 6);
	for (size_t i = 0; i < 6; i++)
		assert_true(scene.graph->pods[i].ambiguous == (i >= 4));
	scene_close(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_numbers_win),
	    cmocka_unit_test(test_remote_pods_by_time),
	    cmocka_unit_test(test_two_owners_at_once),
	    cmocka_unit_test(test_nodes),
	    cmocka_unit_test(test_address_that_moves_between_nodes),
	    cmocka_unit_test(test_address_of_very_many_nodes),
	    cmocka_unit_test(test_inventory_in_time),
	    cmocka_unit_test(test_further_networks_of_nodes),
	    cmocka_unit_test(test_prefixes_are_nobody_in_particular),
	    cmocka_unit_test(test_inventory_addresses),
	    cmocka_unit_test(test_record_contradicts_inventory),
	    cmocka_unit_test(test_host_network_and_finished_pods_are_not_bound),
	    cmocka_unit_test(test_translated_and_service),
	    cmocka_unit_test(test_containers_and_revisions),
	    cmocka_unit_test(test_workloads),
	    cmocka_unit_test(test_dead_replicas),
	    cmocka_unit_test(test_dead_replica_of_two_candidates),
	    cmocka_unit_test(test_selectors),
	    cmocka_unit_test(test_selectors_that_are_the_same),
	    cmocka_unit_test(test_uid_that_the_inventory_lacks),
	    cmocka_unit_test(test_volatile_labels),
	    cmocka_unit_test(test_identities_that_contradict),
	    cmocka_unit_test(test_order_of_rows_does_not_matter),
	    cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
