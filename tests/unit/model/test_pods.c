#include "tests/unit/identity/inventory_fixture.h"

#include <stdio.h>

#include "model/pods.h"

#define ROWS_MAX 8

/* Recorded pods and an inventory, joined. */
struct scene {
	struct problems problems;
	struct strings strings;
	struct inventory *inventory;
	struct ignored_labels ignored;
	struct workloads workloads;
	struct pod_row rows[ROWS_MAX];
	size_t row_count;
	struct pods pods;
};

struct told {
	const char *name, *uid, *address, *conflict, *said;
	bool host_network;
};

static void scene_row(struct scene *scene, struct told told)
{
	struct pod_address owned = {.since = 1000, .until = INTERVAL_OPEN};
	struct pod_word word = {(char *)"cri", (char *)"/run/x.sock", (char *)told.said};
	struct stored_pod pod = {.number = (uint32_t)scene->row_count + 1,
				 .node = "n1",
				 .pod = {.namespace = (char *)"shop",
					 .name = (char *)told.name,
					 .uid = (char *)told.uid,
					 .sandbox = (char *)"s",
					 .source = (char *)"cri",
					 .conflict = (char *)(told.conflict ? told.conflict : ""),
					 .host_network = told.host_network,
					 .addresses = &owned,
					 .address_count = told.address ? 1 : 0,
					 .words = &word,
					 .word_count = told.said ? 1 : 0}};

	if (told.address)
		owned.address = address(told.address);
	assert_true(scene->row_count < ROWS_MAX);
	assert_int_equal(pod_row_init(&scene->rows[scene->row_count++], &pod, &scene->strings), 0);
}

/* Labels of a pod of that uid, as a node recorded them. */
static void scene_labels(struct scene *scene, const char *name, const char *uid, const char *text,
			 bool ended)
{
	struct pod pod = {.namespace = (char *)"shop",
			  .name = (char *)name,
			  .uid = (char *)uid,
			  .conflict = (char *)"",
			  .labelled = true,
			  .ended = ended ? 5 : INTERVAL_OPEN};

	if (!scene->inventory)
		scene->inventory = inventory_new();
	assert_non_null(scene->inventory);
	assert_int_equal(labels_parse(text, &pod.labels), 0);
	assert_int_equal(inventory_add_pod(scene->inventory, "n1", &pod), 0);
	labels_clear(&pod.labels);
}

static void scene_objects(struct scene *scene, const char *text)
{
	if (!scene->inventory)
		scene->inventory = inventory_new();
	assert_non_null(scene->inventory);
	add(scene->inventory, "f", text, &scene->problems);
}

static void scene_join(struct scene *scene)
{
	if (scene->inventory)
		assert_int_equal(inventory_finish(scene->inventory, &scene->problems), 0);
	assert_int_equal(workloads_build(scene->inventory, &scene->ignored, &scene->strings,
					 &scene->problems, &scene->workloads),
			 0);
	assert_int_equal(pods_join(scene->rows, scene->row_count, scene->inventory,
				   &scene->workloads, &scene->strings, &scene->problems,
				   &scene->pods),
			 0);
}

static void scene_close(struct scene *scene)
{
	pods_clear(&scene->pods);
	workloads_clear(&scene->workloads);
	for (size_t i = 0; i < scene->row_count; i++)
		pod_row_clear(&scene->rows[i]);
	inventory_free(scene->inventory);
	strings_clear(&scene->strings);
	problems_clear(&scene->problems);
}

static void assert_problem(const struct scene *scene, const char *subject, const char *message)
{
	assert_int_equal(scene->problems.count, 1);
	assert_string_equal(scene->problems.items[0].subject, subject);
	assert_string_equal(scene->problems.items[0].message, message);
}

static const char web[] = "kind: Pod\n"
			  "metadata: {name: web, namespace: shop, uid: u-1, labels: {app: web}}\n";

static void test_conflict_of_the_record(void **state)
{
	struct scene scene = {0};

	(void)state;
	scene_objects(&scene, web);
	scene_row(&scene,
		  (struct told){.name = "web", .uid = "u-1", .conflict = "name: web or old"});
	scene_join(&scene);
	assert_int_equal(scene.pods.count, 1);
	assert_string_equal(scene.pods.items[0].conflict, "name: web or old");
	assert_problem(&scene, "Pod/web in shop",
		       "what is told of it contradicts itself: name: web or old; no policy is made "
		       "from it");
	scene_close(&scene);
}

/* Its labels are another pod's. */
static void test_uid_of_another_name(void **state)
{
	struct scene scene = {0};

	(void)state;
	scene_objects(&scene, web);
	scene_row(&scene, (struct told){.name = "other", .uid = "u-1", .address = "10.1.0.1"});
	scene_join(&scene);
	assert_int_equal(scene.pods.count, 2);
	assert_string_equal(scene.pods.items[0].name, "other");
	assert_string_equal(scene.pods.items[0].conflict,
			    "its uid is that of Pod/web in shop, too");
	assert_null(scene.pods.items[0].labels);
	assert_true(scene.pods.items[0].workload == GRAPH_NONE);
	assert_string_equal(scene.pods.items[1].conflict, "");
	scene_close(&scene);
}

static void test_host_network(void **state)
{
	struct scene scene = {0};

	(void)state;
	scene_objects(&scene, "kind: Pod\nmetadata: {name: b, namespace: shop, uid: u-2}\n"
			      "spec: {nodeName: n1, hostNetwork: true}\n");
	scene_row(&scene, (struct told){.name = "a", .uid = "u-1", .host_network = true});
	scene_row(&scene, (struct told){.name = "c", .uid = "u-3"});
	scene_join(&scene);
	assert_true(scene.pods.items[0].host_network);
	assert_true(scene.pods.items[1].host_network);
	assert_false(scene.pods.items[2].host_network);
	scene_close(&scene);
}

static void test_further_networks(void **state)
{
	struct scene scene = {0};
	const struct graph_pod *pod;

	(void)state;
	scene_objects(&scene,
		      "kind: Pod\n"
		      "metadata:\n"
		      "  name: web\n"
		      "  namespace: shop\n"
		      "  uid: u-1\n"
		      "  annotations: {k8s.v1.cni.cncf.io/network-status: '[{\"name\":\"a\","
		      "\"ips\":[\"192.168.9.5\",\"192.168.9.6\"]}]'}\n"
		      "status: {podIP: 10.1.0.1}\n");
	scene_row(&scene, (struct told){.name = "web", .uid = "u-1", .address = "192.168.9.5"});
	scene_join(&scene);
	pod = &scene.pods.items[0];
	assert_int_equal(scene.pods.count, 1);
	assert_int_equal(pod->address_count, 3);
	assert_false(pod->addresses[0].secondary);
	assert_true(pod->addresses[1].secondary);
	assert_int_equal(pod->addresses[1].since, 1000);
	assert_true(pod->addresses[2].secondary);
	assert_true(pod->addresses[2].since == INT64_MIN);
	scene_close(&scene);
}

static void test_what_each_said(void **state)
{
	struct scene scene = {0};

	(void)state;
	scene_row(&scene, (struct told){.name = "a", .uid = "u-1", .said = "{}"});
	scene_row(&scene, (struct told){.name = "b", .uid = "u-2"});
	scene_row(&scene, (struct told){.name = "c", .uid = "u-3", .said = "{\"name\":\"c\"}"});
	scene_join(&scene);
	assert_int_equal(scene.pods.items[0].word_count, 1);
	assert_string_equal(scene.pods.items[0].words[0].place, "/run/x.sock");
	assert_int_equal(scene.pods.items[1].word_count, 0);
	assert_string_equal(scene.pods.items[2].words[0].said, "{\"name\":\"c\"}");
	scene_close(&scene);
}

/* Nobody but the record told them: that is no inventory. */
static void test_recorded_labels(void **state)
{
	struct scene scene = {0};
	const struct graph_pod *pod;

	(void)state;
	scene_labels(&scene, "api-5d-x7k2p", "u-1",
		     "{\"app\":\"api\",\"pod-template-hash\":\"5d\"}", false);
	scene_row(&scene, (struct told){.name = "api-5d-x7k2p", .uid = "u-1"});
	/* A replica of which no labels came. */
	scene_row(&scene, (struct told){.name = "api-5d-zzzzz", .uid = "u-2"});
	scene_join(&scene);
	pod = scene.pods.items;
	assert_int_equal(scene.pods.count, 2);
	assert_string_equal(pod[0].source, "cri");
	assert_non_null(pod[0].labels);
	assert_int_equal(scene.workloads.count, 1);
	assert_string_equal(scene.workloads.items[0].kind, "Deployment");
	assert_int_equal(scene.workloads.items[0].selector.count, 1);
	assert_int_equal(pod[1].workload, 0);
	assert_null(pod[1].labels);
	scene_close(&scene);
}

/* The kubelet's uid in the record, the API server's in the object. */
static void test_static_pod(void **state)
{
	struct scene scene = {0};

	(void)state;
	scene_objects(&scene, "kind: Pod\nmetadata: {name: etcd-n1, namespace: shop, uid: u-1,\n"
			      "  labels: {component: etcd},\n"
			      "  annotations: {kubernetes.io/config.mirror: abc}}\n");
	scene_row(&scene, (struct told){.name = "etcd-n1", .uid = "abc", .host_network = true});
	scene_join(&scene);
	assert_int_equal(scene.pods.count, 1);
	assert_string_equal(scene.pods.items[0].source, "cri,inventory");
	assert_non_null(scene.pods.items[0].labels);
	assert_int_equal(scene.problems.count, 0);
	scene_close(&scene);
}

static void test_labels_that_change(void **state)
{
	struct scene scene = {0};

	(void)state;
	scene_objects(&scene, "kind: Pod\nmetadata: {name: db, namespace: shop, uid: u-1,\n"
			      "  labels: {app: db, role: leader, job-name: now}}\n"
			      "---\n"
			      "kind: Pod\nmetadata: {name: two, namespace: shop, uid: u-2,\n"
			      "  labels: {app: two, role: any}}\n"
			      "---\n"
			      "kind: Pod\nmetadata: {name: far, namespace: lab, uid: u-3,\n"
			      "  labels: {role: any}}\n");
	scene_labels(&scene, "db", "u-1", "{\"app\":\"db\",\"job-name\":\"then\"}", false);
	scene_join(&scene);
	assert_int_equal(scene.workloads.count, 3);
	assert_int_equal(scene.workloads.items[0].selector.count, 1);
	assert_string_equal(scene.workloads.items[0].selector.items[0].key, "role");
	assert_int_equal(scene.workloads.items[1].selector.count, 1);
	assert_string_equal(scene.workloads.items[1].selector.items[0].key, "app");
	assert_int_equal(scene.workloads.items[2].selector.count, 1);
	assert_string_equal(scene.workloads.items[2].selector.items[0].key, "app");
	/* Of job-name nobody need be told. */
	assert_problem(&scene, "label role",
		       "was seen changing on Pod/db in shop: no selector in shop uses it");
	assert_int_equal(scene.problems.items[0].severity, PROBLEM_NOTE);
	scene_close(&scene);
}

static void test_pods_in_conflict_choose_nothing(void **state)
{
	struct scene scene = {0};

	(void)state;
	scene_objects(&scene, web);
	scene_labels(&scene, "web-2", "u-1", "{\"app\":\"web\",\"x\":\"y\"}", false);
	scene_objects(&scene, "kind: Pod\nmetadata: {name: good, namespace: shop, uid: u-9,\n"
			      "  labels: {app: web}}\n");
	scene_join(&scene);
	assert_int_equal(scene.workloads.count, 3);
	assert_string_equal(scene.workloads.items[0].name, "good");
	assert_int_equal(scene.workloads.items[0].selector.count, 1);
	assert_string_equal(scene.workloads.items[0].also_picks, "");
	assert_int_equal(scene.workloads.items[1].selector.count, 0);
	assert_int_equal(scene.workloads.items[2].selector.count, 0);
	scene_close(&scene);
}

/* What is gone is picked by nothing, unless its like comes again. */
static void test_pods_that_are_gone(void **state)
{
	struct scene scene = {0};

	(void)state;
	scene_objects(&scene, web);
	scene_labels(&scene, "old", "u-2", "{\"app\":\"web\",\"v\":\"1\"}", true);
	scene_join(&scene);
	assert_string_equal(scene.workloads.items[1].name, "web");
	assert_string_equal(scene.workloads.items[1].also_picks, "");
	scene_close(&scene);

	scene = (struct scene){0};
	scene_objects(&scene, web);
	scene_labels(&scene, "job-28472940-x7k2p", "u-2",
		     "{\"app\":\"web\",\"v\":\"1\",\"job-name\":\"job-28472940\"}", true);
	scene_join(&scene);
	assert_string_equal(scene.workloads.items[1].name, "web");
	assert_string_equal(scene.workloads.items[1].also_picks, "CronJob/job");
	scene_close(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_conflict_of_the_record),
	    cmocka_unit_test(test_uid_of_another_name),
	    cmocka_unit_test(test_host_network),
	    cmocka_unit_test(test_further_networks),
	    cmocka_unit_test(test_what_each_said),
	    cmocka_unit_test(test_recorded_labels),
	    cmocka_unit_test(test_static_pod),
	    cmocka_unit_test(test_labels_that_change),
	    cmocka_unit_test(test_pods_in_conflict_choose_nothing),
	    cmocka_unit_test(test_pods_that_are_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
