#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cluster.h"

struct scene {
	struct problems problems;
	struct cluster *cluster;
	struct inventory *inventory;
};

static struct scene begin(void)
{
	return (struct scene){0};
}

static struct cluster *cluster_of(struct scene *scene)
{
	if (!scene->cluster)
		scene->cluster = cluster_new(&scene->problems);
	assert_non_null(scene->cluster);
	return scene->cluster;
}

static void heard(struct scene *scene, const char *node, int64_t heartbeat)
{
	assert_int_equal(cluster_node(cluster_of(scene), node, 1, heartbeat), 0);
}

static void stored(struct scene *scene, const char *node, const char *kind, const char *name,
		   const char *uid, const char *content, int64_t since, int64_t until)
{
	const struct stored_object object = {.node = node,
					     .kind = kind,
					     .namespace = "shop",
					     .name = name,
					     .uid = uid,
					     .content = content,
					     .since = since,
					     .until = until};

	assert_int_equal(cluster_object(cluster_of(scene), &object), 0);
}

static void stored_pod(struct scene *scene, const char *node, const char *uid, const char *label,
		       int64_t since, int64_t until)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\","
		 "\"uid\":\"%s\",\"labels\":{\"app\":\"%s\"}}}",
		 uid, label);
	stored(scene, node, "Pod", "web", uid, text, since, until);
}

static void stored_service(struct scene *scene, const char *node, const char *name,
			   const char *address, int64_t since, int64_t until)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"%s\","
		 "\"namespace\":\"shop\"},\"spec\":{\"clusterIP\":\"%s\"}}",
		 name, address);
	stored(scene, node, "Service", name, "", text, since, until);
}

static void recorded(struct scene *scene, const char *uid, const char *label)
{
	struct stored_pod pod = {.number = 1,
				 .node = "n1",
				 .pod = {.namespace = (char *)"shop",
					 .name = (char *)"web",
					 .uid = (char *)uid,
					 .sandbox = (char *)"s",
					 .source = (char *)"cri",
					 .conflict = (char *)"",
					 .labelled = label != NULL,
					 .ended = INTERVAL_OPEN}};

	if (label)
		assert_int_equal(labels_set(&pod.pod.labels, "app", label), 0);
	assert_int_equal(cluster_pod(cluster_of(scene), &pod), 0);
	labels_clear(&pod.pod.labels);
}

static int from_file(struct scene *scene, const char *text)
{
	char path[] = "/tmp/test_cluster.XXXXXX";
	int file = mkstemp(path), r;
	FILE *stream = file < 0 ? NULL : fdopen(file, "w");

	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
	r = cluster_file(cluster_of(scene), path);
	remove(path);
	return r;
}

static void finish(struct scene *scene)
{
	assert_int_equal(cluster_finish(cluster_of(scene), &scene->inventory), 0);
	scene->cluster = cluster_free(scene->cluster);
}

static void end(struct scene *scene)
{
	inventory_free(scene->inventory);
	problems_clear(&scene->problems);
}

static const struct inventory_pod *pod_of(const struct scene *scene, const char *uid,
					  const char *label)
{
	const struct inventory_pod *pod = inventory_find_pod(scene->inventory, "", "", uid);

	assert_non_null(pod);
	assert_non_null(labels_get(&pod->labels, "app"));
	assert_string_equal(labels_get(&pod->labels, "app"), label);
	return pod;
}

static void test_nothing(void **state)
{
	struct scene scene = begin();

	(void)state;
	heard(&scene, "n1", 100);
	recorded(&scene, "u-1", NULL);
	finish(&scene);
	assert_null(scene.inventory);
	end(&scene);
}

static void test_a_file_without_anything(void **state)
{
	struct scene scene = begin();

	(void)state;
	assert_int_equal(from_file(&scene, "---\n"), 0);
	finish(&scene);
	assert_non_null(scene.inventory);
	assert_int_equal(scene.problems.count, 1);
	end(&scene);
}

static void test_a_file_that_is_wrong(void **state)
{
	struct scene scene = begin();

	(void)state;
	assert_int_equal(from_file(&scene, "a: [\n"), -EINVAL);
	assert_int_equal(scene.problems.errors, 1);
	assert_int_equal(cluster_file(cluster_of(&scene), "/nowhere/file"), -ENOENT);
	scene.cluster = cluster_free(scene.cluster);
	end(&scene);
}

static void test_records_alone(void **state)
{
	struct scene scene = begin();

	(void)state;
	recorded(&scene, "u-1", "web");
	finish(&scene);
	assert_int_equal(pod_of(&scene, "u-1", "web")->source, INVENTORY_RECORDED);
	assert_false(scene.inventory->has_objects);
	end(&scene);
}

static void test_order_of_belief(void **state)
{
	struct scene scene = begin();
	struct addr address;

	(void)state;
	heard(&scene, "n1", 100);
	recorded(&scene, "u-1", "recorded");
	recorded(&scene, "u-2", "recorded");
	stored_pod(&scene, "n1", "u-1", "stored", 10, INTERVAL_OPEN);
	stored_pod(&scene, "n1", "u-3", "stored", 10, INTERVAL_OPEN);
	stored_service(&scene, "n1", "api", "10.96.0.1", 10, INTERVAL_OPEN);
	assert_int_equal(from_file(&scene,
				   "kind: Pod\nmetadata: {name: web, namespace: shop, uid: u-3,\n"
				   "  labels: {app: file}}\n"
				   "---\n"
				   "kind: Service\nmetadata: {name: api, namespace: shop}\n"
				   "spec: {clusterIP: 10.96.0.2}\n"),
			 0);
	finish(&scene);
	assert_int_equal(pod_of(&scene, "u-1", "stored")->source, INVENTORY_STORED);
	assert_int_equal(pod_of(&scene, "u-2", "recorded")->source, INVENTORY_RECORDED);
	assert_int_equal(pod_of(&scene, "u-3", "file")->source, INVENTORY_FILE);
	assert_int_equal(scene.inventory->service_count, 1);
	assert_int_equal(addr_parse("10.96.0.2", &address), 0);
	assert_non_null(inventory_find_service(scene.inventory, address));
	/* What was stored and what the file says differ: seen changing. */
	assert_true(inventory_label_changes(scene.inventory, "shop", "app"));
	assert_int_equal(scene.problems.count, 0);
	end(&scene);
}

static void test_past_states(void **state)
{
	struct scene scene = begin();

	(void)state;
	heard(&scene, "n1", 100);
	stored_pod(&scene, "n1", "u-1", "old", 10, 20);
	stored_pod(&scene, "n1", "u-1", "new", 20, INTERVAL_OPEN);
	stored_pod(&scene, "n1", "u-2", "was", 5, 15);
	finish(&scene);
	assert_int_equal(pod_of(&scene, "u-1", "new")->source, INVENTORY_STORED);
	assert_false(pod_of(&scene, "u-1", "new")->finished);
	assert_int_equal(pod_of(&scene, "u-2", "was")->source, INVENTORY_GONE);
	assert_true(pod_of(&scene, "u-2", "was")->finished);
	assert_true(inventory_label_changes(scene.inventory, "shop", "app"));
	end(&scene);
}

/* n1 was heard of last at 50; what n2 saw later counts. */
static void test_several_nodes(void **state)
{
	for (int turn = 0; turn < 2; turn++) {
		struct scene scene = begin();

		(void)state;
		heard(&scene, "n1", turn ? 50 : 200);
		heard(&scene, "n2", 100);
		stored_pod(&scene, "n1", "u-1", "n1", 10, INTERVAL_OPEN);
		stored_pod(&scene, "n2", "u-1", "n2", 10, 60);
		stored_service(&scene, "n1", "api", "10.96.0.1", 10, INTERVAL_OPEN);
		stored_service(&scene, "n2", "api", "10.96.0.1", 10, 60);
		finish(&scene);
		if (turn) {
			assert_int_equal(pod_of(&scene, "u-1", "n2")->source, INVENTORY_GONE);
			assert_int_equal(scene.inventory->service_count, 0);
		} else {
			assert_int_equal(pod_of(&scene, "u-1", "n1")->source, INVENTORY_STORED);
			assert_int_equal(scene.inventory->service_count, 1);
		}
		end(&scene);
	}
}

/* A service's address may be another's by now; whose a ReplicaSet was stays true. */
static void test_what_ended(void **state)
{
	struct scene scene = begin();

	(void)state;
	heard(&scene, "n1", 100);
	stored_service(&scene, "n1", "api", "10.96.0.1", 10, 60);
	stored(&scene, "n1", "Pod", "canary-77-x7k2p", "u-1",
	       "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"canary-77-x7k2p\",\"namespace\":"
	       "\"shop\",\"uid\":\"u-1\",\"labels\":{\"app\":\"c\"},\"ownerReferences\":[{\"kind\":"
	       "\"ReplicaSet\",\"name\":\"canary-77\",\"controller\":true}]}}",
	       10, 60);
	stored(&scene, "n1", "ReplicaSet.apps", "canary-77", "u-2",
	       "{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"metadata\":{\"name\":"
	       "\"canary-77\",\"namespace\":\"shop\",\"ownerReferences\":[{\"kind\":\"Rollout\","
	       "\"name\":\"canary\",\"controller\":true}]}}",
	       10, 60);
	finish(&scene);
	assert_int_equal(scene.inventory->service_count, 0);
	assert_string_equal(pod_of(&scene, "u-1", "c")->top_kind, "Rollout");
	end(&scene);
}

static void test_content_that_is_damaged(void **state)
{
	struct scene scene = begin();

	(void)state;
	stored(&scene, "n1", "Pod", "web", "u-1", "{", 10, INTERVAL_OPEN);
	stored_pod(&scene, "n1", "u-2", "web", 10, INTERVAL_OPEN);
	finish(&scene);
	pod_of(&scene, "u-2", "web");
	assert_int_equal(scene.problems.count, 1);
	assert_int_equal(scene.problems.errors, 0);
	assert_string_equal(scene.problems.items[0].subject, "Pod/web in shop");
	end(&scene);
}

static void stored_at(struct scene *scene, const char *node, const char *uid, const char *address,
		      const char *more, int64_t since, int64_t until)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\","
		 "\"uid\":\"%s\"},\"status\":{%s\"podIP\":\"%s\"}}",
		 uid, more, address);
	stored(scene, node, "Pod", "web", uid, text, since, until);
}

static void assert_turn(const struct scene *scene, const char *uid, size_t others,
			const char *address, int64_t since, int64_t until)
{
	const struct inventory_pod *pod = inventory_find_pod(scene->inventory, "", "", uid);
	char text[ADDR_TEXT_MAX];

	assert_non_null(pod);
	for (size_t i = 0; i < pod->turn_count; i++) {
		if (strcmp(addr_format(pod->turns[i].address, text), address) != 0)
			continue;
		assert_true(pod->turns[i].since == since);
		assert_true(pod->turns[i].until == until);
		assert_int_equal(pod->turn_count, others + 1);
		return;
	}
	fail_msg("%s never had %s", uid, address);
}

/* 1970-01-01T00:00:10Z and so on: 10000 ms. */
#define STARTED "\"startTime\":\"1970-01-01T00:00:10Z\","

static void test_addresses_in_time(void **state)
{
	struct scene scene = begin();

	(void)state;
	heard(&scene, "n1", 90000);
	heard(&scene, "n2", 40000);
	stored_at(&scene, "n1", "ended", "10.0.0.1", "", 20000, 30000);
	stored_at(&scene, "n1", "lives", "10.0.0.2", STARTED, 20000, INTERVAL_OPEN);
	stored_at(&scene, "n2", "stale", "10.0.0.3", "", 20000, INTERVAL_OPEN);
	stored_at(&scene, "n2", "lives", "10.0.0.2", STARTED, 5000, INTERVAL_OPEN);
	/* Another address, and one only as of its second state. */
	stored_at(&scene, "n1", "moves", "10.0.0.4", STARTED, 20000, 30000);
	stored_at(&scene, "n1", "moves", "10.0.0.5", STARTED, 30000, INTERVAL_OPEN);
	/* What finished owns nothing any more. */
	stored_at(&scene, "n1", "done", "10.0.0.6", "\"phase\":\"Running\",", 20000, 30000);
	stored_at(&scene, "n1", "done", "10.0.0.6", "\"phase\":\"Succeeded\",", 30000,
		  INTERVAL_OPEN);
	/* As a node stored it until a moment, and a file has it now. */
	stored_at(&scene, "n1", "filed", "10.0.0.7", "", 20000, 30000);
	assert_int_equal(from_file(&scene, "kind: Pod\n"
					   "metadata: {name: web, namespace: shop, uid: filed}\n"
					   "status: {podIP: 10.0.0.7, "
					   "startTime: '1970-01-01T00:00:10Z'}\n"),
			 0);
	finish(&scene);
	assert_turn(&scene, "ended", 0, "10.0.0.1", 20000, 30000);
	assert_turn(&scene, "lives", 0, "10.0.0.2", 10000, 90000);
	assert_turn(&scene, "stale", 0, "10.0.0.3", 20000, 40000);
	assert_turn(&scene, "moves", 1, "10.0.0.4", 10000, 30000);
	assert_turn(&scene, "moves", 1, "10.0.0.5", 30000, 90000);
	assert_turn(&scene, "done", 0, "10.0.0.6", 20000, 30000);
	assert_turn(&scene, "filed", 0, "10.0.0.7", 10000, INTERVAL_OPEN);
	end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing),
	    cmocka_unit_test(test_a_file_without_anything),
	    cmocka_unit_test(test_a_file_that_is_wrong),
	    cmocka_unit_test(test_records_alone),
	    cmocka_unit_test(test_order_of_belief),
	    cmocka_unit_test(test_past_states),
	    cmocka_unit_test(test_addresses_in_time),
	    cmocka_unit_test(test_several_nodes),
	    cmocka_unit_test(test_what_ended),
	    cmocka_unit_test(test_content_that_is_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
