#include "tests/unit/identity/inventory_fixture.h"

struct told {
	const char *name, *uid, *labels; /* NULL: labels are not known; else JSON */
	const char *conflict;
	bool host_network;
	int64_t created, ended;
};

static void add_recorded(struct inventory *inventory, struct told told)
{
	struct pod pod = {.namespace = (char *)"shop",
			  .name = (char *)told.name,
			  .uid = (char *)told.uid,
			  .sandbox = (char *)"s",
			  .source = (char *)"cri",
			  .conflict = (char *)(told.conflict ? told.conflict : ""),
			  .labelled = told.labels != NULL,
			  .host_network = told.host_network,
			  .created = told.created,
			  .ended = told.ended ? told.ended : INTERVAL_OPEN};

	if (told.labels)
		assert_int_equal(labels_parse(told.labels, &pod.labels), 0);
	assert_int_equal(inventory_add_pod(inventory, "n1", &pod), 0);
	labels_clear(&pod.labels);
}

static void finish(struct inventory *inventory)
{
	struct problems problems = {0};

	assert_int_equal(inventory_finish(inventory, &problems), 0);
	assert_int_equal(problems.count, 0);
}

static struct inventory *start(void)
{
	struct inventory *inventory = inventory_new();

	assert_non_null(inventory);
	return inventory;
}

static void assert_label(const struct inventory_pod *pod, const char *key, const char *value)
{
	assert_non_null(labels_get(&pod->labels, key));
	assert_string_equal(labels_get(&pod->labels, key), value);
}

static const struct inventory_pod *only_recorded(struct inventory *inventory, const char *name,
						 const char *uid, const char *labels)
{
	add_recorded(inventory, (struct told){.name = name, .uid = uid, .labels = labels});
	finish(inventory);
	assert_int_equal(inventory->pod_count, 1);
	assert_int_equal(inventory->pods[0].source, INVENTORY_RECORDED);
	assert_false(inventory->has_objects);
	return &inventory->pods[0];
}

static void expect_proof(const char *name, const char *labels, const char *kind,
			 const char *workload)
{
	struct inventory *inventory = start();

	assert_workload(only_recorded(inventory, name, "u-1", labels), kind, workload);
	inventory_free(inventory);
}

static void test_controllers_that_labels_prove(void **state)
{
	(void)state;
	expect_proof("api-5d4f-x7k2p", "{\"pod-template-hash\":\"5d4f\"}", "Deployment", "api");
	expect_proof("a-b-5d4f-x7k2p", "{\"pod-template-hash\":\"5d4f\"}", "Deployment", "a-b");
	expect_proof("api-5d4f-x7k2p", "{\"rollouts-pod-template-hash\":\"5d4f\"}", "Rollout",
		     "api");
	expect_proof("agent-x7k2p",
		     "{\"controller-revision-hash\":\"6d\",\"pod-template-generation\":\"1\"}",
		     "DaemonSet", "agent");
	expect_proof("db-0", "{\"statefulset.kubernetes.io/pod-name\":\"db-0\"}", "StatefulSet",
		     "db");
	expect_proof(
	    "db-12",
	    "{\"apps.kubernetes.io/pod-index\":\"12\",\"controller-revision-hash\":\"db-5\"}",
	    "StatefulSet", "db");
	expect_proof("once-x7k2p", "{\"batch.kubernetes.io/job-name\":\"once\"}", "Job", "once");
	expect_proof("nightly-28472940-x7k2p", "{\"job-name\":\"nightly-28472940\"}", "CronJob",
		     "nightly");
	expect_proof("web", "{}", "Pod", "web");
}

static void test_what_proves_nothing(void **state)
{
	(void)state;
	/* The hash is not in the name, or nothing is before it, or nothing random behind. */
	expect_proof("api-5d4f-x7k2p", "{\"pod-template-hash\":\"6d4f\"}", "Pod", "api-5d4f-x7k2p");
	expect_proof("5d4f-x7k2p", "{\"pod-template-hash\":\"5d4f\"}", "Pod", "5d4f-x7k2p");
	expect_proof("api-5d4f", "{\"pod-template-hash\":\"5d4f\"}", "Pod", "api-5d4f");
	expect_proof("api-5d4f-aeiou", "{\"pod-template-hash\":\"5d4f\"}", "Pod", "api-5d4f-aeiou");
	expect_proof("api-x7k2p", "{}", "Pod", "api-x7k2p");
	expect_proof("agent-x7k2p", "{\"controller-revision-hash\":\"6d\"}", "Pod", "agent-x7k2p");
	expect_proof("db-0", "{}", "Pod", "db-0");
	expect_proof("db-0", "{\"statefulset.kubernetes.io/pod-name\":\"db-1\"}", "Pod", "db-0");
	expect_proof("db-0", "{\"apps.kubernetes.io/pod-index\":\"0\"}", "Pod", "db-0");
	expect_proof("other-x7k2p", "{\"job-name\":\"once\"}", "Pod", "other-x7k2p");
	expect_proof("web-n1", "{}", "Pod", "web-n1");
}

static void test_recorded_static_pod(void **state)
{
	struct inventory *inventory = start();

	(void)state;
	assert_workload(only_recorded(inventory, "kube-apiserver-n1",
				      "0123456789abcdef0123456789abcdef",
				      "{\"component\":\"kube-apiserver\"}"),
			"StaticPod", "kube-apiserver");
	inventory_free(inventory);
}

/* What kubelet and runtime add to a sandbox. */
static void test_labels_of_the_sandbox(void **state)
{
	struct inventory *inventory = start();
	const struct inventory_pod *pod =
	    only_recorded(inventory, "web", "u-1",
			  "{\"app\":\"web\",\"io.kubernetes.pod.name\":\"web\","
			  "\"io.kubernetes.pod.uid\":\"u-1\",\"z\":\"1\"}");

	(void)state;
	assert_int_equal(pod->labels.count, 2);
	assert_label(pod, "app", "web");
	assert_label(pod, "z", "1");
	inventory_free(inventory);
}

static void test_without_labels_or_in_conflict(void **state)
{
	struct inventory *inventory = start();

	(void)state;
	add_recorded(inventory, (struct told){.name = "a", .uid = "u-1"});
	add_recorded(
	    inventory,
	    (struct told){.name = "b", .uid = "u-2", .labels = "{}", .conflict = "its name"});
	assert_int_equal(inventory_size(inventory), 0);
	finish(inventory);
	assert_int_equal(inventory->pod_count, 0);
	inventory_free(inventory);
}

static const char web_object[] =
    "kind: Pod\n"
    "metadata: {name: web, namespace: shop, uid: u-1, labels: {app: web}}\n"
    "spec: {nodeName: n1}\n"
    "status: {podIP: 10.1.0.1}\n";

/* In whatever order they are added. */
static void test_better_sources_win(void **state)
{
	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		struct inventory *inventory = start();
		const struct inventory_pod *pod;

		if (turn == 0)
			add_as(inventory, web_object, INVENTORY_FILE);
		add_as(inventory,
		       "kind: Pod\nmetadata: {name: web, namespace: shop, uid: u-1,\n"
		       "  labels: {app: stored}, ownerReferences: [\n"
		       "  {kind: StatefulSet, name: web, controller: true}]}\n"
		       "spec: {nodeName: n1}\n",
		       INVENTORY_STORED);
		add_recorded(
		    inventory,
		    (struct told){.name = "web", .uid = "u-1", .labels = "{\"app\":\"r\"}"});
		if (turn == 1)
			add_as(inventory, web_object, INVENTORY_FILE);
		finish(inventory);
		assert_int_equal(inventory->pod_count, 1);
		pod = &inventory->pods[0];
		assert_int_equal(pod->source, INVENTORY_FILE);
		assert_label(pod, "app", "web");
		assert_string_equal(pod->node, "n1");
		assert_int_equal(pod->address_count, 1);
		assert_workload(pod, "StatefulSet", "web");
		assert_string_equal(pod->conflict, "");
		inventory_free(inventory);
	}
}

static void test_what_a_file_leaves_out(void **state)
{
	struct inventory *inventory = start();
	const struct inventory_pod *pod;

	(void)state;
	add_as(inventory, "kind: Pod\nmetadata: {name: api-5d-x7k2p, namespace: shop}\n",
	       INVENTORY_FILE);
	add_recorded(inventory,
		     (struct told){.name = "api-5d-x7k2p",
				   .uid = "u-1",
				   .labels = "{\"app\":\"api\",\"pod-template-hash\":\"5d\"}",
				   .host_network = true});
	finish(inventory);
	pod = inventory_find_pod(inventory, "", "", "u-1");
	assert_non_null(pod);
	assert_int_equal(inventory->pod_count, 1);
	assert_label(pod, "app", "api");
	assert_string_equal(pod->node, "n1");
	assert_true(pod->host_network);
	assert_workload(pod, "Deployment", "api");
	inventory_free(inventory);
}

/* A pod without uid is the only one of its name, or the only one that lives. */
static void test_without_uid(void **state)
{
	static const char object[] =
	    "kind: Pod\nmetadata: {name: db-0, namespace: shop}\nspec: {nodeName: n1}\n"
	    "status: {podIP: 10.1.0.7}\n";
	struct inventory *inventory = start();

	(void)state;
	add_as(inventory, object, INVENTORY_FILE);
	add_recorded(
	    inventory,
	    (struct told){.name = "db-0", .uid = "u-1", .labels = "{\"a\":\"1\"}", .ended = 5});
	add_recorded(inventory,
		     (struct told){.name = "db-0", .uid = "u-2", .labels = "{\"a\":\"2\"}"});
	finish(inventory);
	assert_int_equal(inventory->pod_count, 2);
	assert_int_equal(inventory_find_pod(inventory, "", "", "u-1")->address_count, 0);
	assert_true(inventory_find_pod(inventory, "", "", "u-1")->finished);
	assert_int_equal(inventory_find_pod(inventory, "", "", "u-2")->address_count, 1);
	assert_int_equal(inventory->change_count, 0);
	inventory_free(inventory);

	/* Two of them live: it is neither. */
	inventory = start();
	add_as(inventory, object, INVENTORY_FILE);
	add_recorded(inventory, (struct told){.name = "db-0", .uid = "u-1", .labels = "{}"});
	add_recorded(inventory, (struct told){.name = "db-0", .uid = "u-2", .labels = "{}"});
	finish(inventory);
	assert_int_equal(inventory->pod_count, 3);
	inventory_free(inventory);

	/* On another node: another pod. */
	inventory = start();
	add_as(inventory,
	       "kind: Pod\nmetadata: {name: db-0, namespace: shop}\nspec: {nodeName: n2}\n",
	       INVENTORY_FILE);
	add_recorded(inventory, (struct told){.name = "db-0", .uid = "u-1", .labels = "{}"});
	finish(inventory);
	assert_int_equal(inventory->pod_count, 2);
	inventory_free(inventory);
}

static void test_static_pod_of_both(void **state)
{
	struct inventory *inventory = start();
	const struct inventory_pod *pod;

	(void)state;
	add_as(inventory,
	       "kind: Pod\n"
	       "metadata: {name: etcd-n1, namespace: shop, uid: u-1, annotations:\n"
	       "  {kubernetes.io/config.mirror: 0123456789abcdef0123456789abcdef}}\n"
	       "spec: {nodeName: n1, hostNetwork: true}\n",
	       INVENTORY_FILE);
	add_recorded(inventory, (struct told){.name = "etcd-n1",
					      .uid = "0123456789abcdef0123456789abcdef",
					      .labels = "{\"component\":\"etcd\"}",
					      .host_network = true});
	finish(inventory);
	assert_int_equal(inventory->pod_count, 1);
	pod = inventory_find_pod(inventory, "", "", "0123456789abcdef0123456789abcdef");
	assert_ptr_equal(pod, inventory_find_pod(inventory, "", "", "u-1"));
	assert_label(pod, "component", "etcd");
	assert_workload(pod, "StaticPod", "etcd");
	inventory_free(inventory);
}

static void test_contradictions(void **state)
{
	struct inventory *inventory = start();

	(void)state;
	add_as(inventory, web_object, INVENTORY_FILE);
	add_recorded(inventory, (struct told){.name = "other", .uid = "u-1", .labels = "{}"});
	add_recorded(inventory, (struct told){.name = "third", .uid = "u-3", .labels = "{}"});
	finish(inventory);
	assert_int_equal(inventory->pod_count, 3);
	assert_string_equal(inventory->pods[0].conflict, "its uid is that of Pod/web in shop, too");
	assert_string_equal(inventory->pods[1].conflict, "");
	assert_string_equal(inventory->pods[2].conflict,
			    "its uid is that of Pod/other in shop, too");
	inventory_free(inventory);

	inventory = start();
	add_as(inventory, web_object, INVENTORY_FILE);
	add_recorded(
	    inventory,
	    (struct told){.name = "web", .uid = "u-1", .labels = "{}", .host_network = true});
	finish(inventory);
	assert_string_equal(inventory->pods[0].conflict, "whether it shares its node's network");
	inventory_free(inventory);

	inventory = start();
	add_as(inventory, web_object, INVENTORY_FILE);
	add_as(inventory,
	       "kind: Pod\nmetadata: {name: web, namespace: shop, uid: u-1}\n"
	       "spec: {nodeName: n9}\n",
	       INVENTORY_STORED);
	finish(inventory);
	assert_string_equal(inventory->pods[0].conflict, "the node on which it runs");
	inventory_free(inventory);
}

static void test_labels_that_change(void **state)
{
	struct inventory *inventory = start();

	(void)state;
	/* Two sandboxes of one pod, the later added first. */
	add_recorded(inventory, (struct told){.name = "a",
					      .uid = "u-1",
					      .labels = "{\"app\":\"a\",\"role\":\"leader\"}",
					      .created = 20});
	add_recorded(inventory, (struct told){.name = "a",
					      .uid = "u-1",
					      .labels = "{\"app\":\"a\",\"role\":\"none\"}",
					      .created = 10});
	/* A label that came, and one that went. */
	add_as(
	    inventory,
	    "kind: Pod\nmetadata: {name: b, namespace: shop, uid: u-2, labels: {x: y, old: '1'}}\n",
	    INVENTORY_PAST);
	add_as(
	    inventory,
	    "kind: Pod\nmetadata: {name: b, namespace: shop, uid: u-2, labels: {x: y, new: '1'}}\n",
	    INVENTORY_STORED);
	/* What a file lacks may have been left out by hand, and what it has on top may not. */
	add_as(inventory,
	       "kind: Pod\nmetadata: {name: c, namespace: shop, uid: u-3, labels: {top: '1'}}\n",
	       INVENTORY_FILE);
	add_recorded(inventory,
		     (struct told){.name = "c", .uid = "u-3", .labels = "{\"trimmed\":\"1\"}"});
	/* Who tells no label at all is silent. */
	add_as(inventory, "kind: Pod\nmetadata: {name: d, namespace: shop, uid: u-4}\n",
	       INVENTORY_STORED);
	add_recorded(inventory,
		     (struct told){.name = "d", .uid = "u-4", .labels = "{\"quiet\":\"1\"}"});
	/* Another pod of the same name. */
	add_recorded(inventory,
		     (struct told){.name = "e", .uid = "u-5", .labels = "{\"z\":\"1\"}"});
	add_recorded(inventory,
		     (struct told){.name = "e", .uid = "u-6", .labels = "{\"z\":\"2\"}"});
	/* Who tells no uid may mean another. */
	add_as(inventory,
	       "kind: Pod\nmetadata: {name: f, namespace: shop, uid: u-7, labels: {w: '1'}}\n",
	       INVENTORY_STORED);
	add_recorded(inventory, (struct told){.name = "f", .uid = "", .labels = "{\"w\":\"2\"}"});
	finish(inventory);
	assert_label(inventory_find_pod(inventory, "", "", "u-1"), "role", "leader");
	assert_int_equal(inventory->change_count, 4);
	assert_true(inventory_label_changes(inventory, "shop", "role"));
	assert_true(inventory_label_changes(inventory, "shop", "old"));
	assert_true(inventory_label_changes(inventory, "shop", "new"));
	assert_true(inventory_label_changes(inventory, "shop", "top"));
	assert_false(inventory_label_changes(inventory, "lab", "role"));
	assert_false(inventory_label_changes(inventory, "shop", "app"));
	assert_string_equal(inventory->changes[2].key, "role");
	assert_string_equal(inventory->changes[2].pod, "a");
	inventory_free(inventory);
}

static void test_what_is_gone(void **state)
{
	struct inventory *inventory = start();

	(void)state;
	add_as(inventory, web_object, INVENTORY_GONE);
	finish(inventory);
	assert_true(inventory->pods[0].finished);
	assert_true(inventory->has_objects);
	inventory_free(inventory);
}

/* Many pods of each kind of telling, in an order that says nothing. */
static void test_many(void **state)
{
	enum { MANY = 3000 };
	struct inventory *inventory = start();

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		unsigned number = (i * 1237) % MANY;
		char name[32], uid[32], text[256];

		snprintf(name, sizeof(name), "p%u", number);
		snprintf(uid, sizeof(uid), "u%u", MANY - number);
		add_recorded(inventory, (struct told){.name = name, .uid = uid, .labels = "{}"});
		snprintf(text, sizeof(text),
			 "kind: Pod\nmetadata: {name: %s, namespace: shop, uid: %s,\n"
			 "  labels: {app: '%u'}}\n",
			 name, number % 2 ? uid : "", number);
		add_as(inventory, text, INVENTORY_STORED);
	}
	finish(inventory);
	assert_int_equal(inventory->pod_count, MANY);
	for (unsigned i = 0; i < MANY; i++) {
		const struct inventory_pod *pod;
		char uid[32], app[32];

		snprintf(uid, sizeof(uid), "u%u", MANY - i);
		snprintf(app, sizeof(app), "%u", i);
		pod = inventory_find_pod(inventory, "", "", uid);
		assert_non_null(pod);
		assert_label(pod, "app", app);
	}
	inventory_free(inventory);
}

/* The later is believed where it tells of all containers. */
static void check_ports(const char *later, size_t count, bool told)
{
	struct problems problems = {0};
	struct inventory *inventory;
	char text[512];

	snprintf(
	    text, sizeof(text),
	    "{apiVersion: v1, kind: Pod, metadata: {namespace: a, name: b}, spec: {containers: "
	    "[{ports: [{containerPort: 1}]}]}}\n---\n"
	    "{apiVersion: v1, kind: Pod, metadata: {namespace: a, name: b}%s}\n",
	    later);
	inventory = read_with(text, &problems);
	assert_int_equal(inventory->pod_count, 1);
	assert_int_equal(inventory->pods[0].port_count, count);
	assert_int_equal(inventory->pods[0].ports_told, told);
	inventory_free(inventory);
	problems_clear(&problems);
}

static void test_ports_told(void **state)
{
	(void)state;
	check_ports("", 1, true);
	check_ports(", spec: {containers: [{}]}", 0, true);
	check_ports(", spec: {containers: [{ports: [{containerPort: 2}, {}]}]}", 1, true);
	check_ports(", spec: {containers: [{ports: [{containerPort: 2}, {containerPort: 3}]}]}", 2,
		    true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_controllers_that_labels_prove),
	    cmocka_unit_test(test_what_proves_nothing),
	    cmocka_unit_test(test_recorded_static_pod),
	    cmocka_unit_test(test_labels_of_the_sandbox),
	    cmocka_unit_test(test_without_labels_or_in_conflict),
	    cmocka_unit_test(test_better_sources_win),
	    cmocka_unit_test(test_what_a_file_leaves_out),
	    cmocka_unit_test(test_without_uid),
	    cmocka_unit_test(test_static_pod_of_both),
	    cmocka_unit_test(test_contradictions),
	    cmocka_unit_test(test_labels_that_change),
	    cmocka_unit_test(test_what_is_gone),
	    cmocka_unit_test(test_ports_told),
	    cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
