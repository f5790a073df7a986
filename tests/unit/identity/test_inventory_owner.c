#include "tests/unit/identity/inventory_fixture.h"

static const char revisions[] =
    "apiVersion: apps/v1\n"
    "kind: ReplicaSet\n"
    "metadata: {name: api-5d4, namespace: shop, uid: r1, ownerReferences: [\n"
    "  {apiVersion: apps/v1, kind: Deployment, name: api, uid: d1, controller: true}]}\n"
    "---\n"
    "apiVersion: apps/v1\n"
    "kind: ReplicaSet\n"
    "metadata: {name: canary-77, namespace: shop, uid: r2, ownerReferences: [\n"
    "  {apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: canary, controller: true}]}\n"
    "---\n"
    "apiVersion: apps/v1\n"
    "kind: ReplicaSet\n"
    "metadata: {name: bare-5d4, namespace: shop}\n"
    "---\n"
    "apiVersion: batch/v1\n"
    "kind: Job\n"
    "metadata: {name: nightly-by-hand, namespace: shop, ownerReferences: [\n"
    "  {kind: CronJob, name: nightly, controller: true}]}\n"
    "---\n"
    "apiVersion: batch/v1\n"
    "kind: Job\n"
    "metadata: {name: once-28472940, namespace: shop}\n"
    "---\n"
    "apiVersion: v1\n"
    "kind: ReplicationController\n"
    "metadata: {name: front-3, namespace: shop, ownerReferences: [\n"
    "  {kind: DeploymentConfig, name: front, controller: true}]}\n";

static const char customs[] =
    "apiVersion: argoproj.io/v1alpha1\n"
    "kind: Workflow\n"
    "metadata: {name: etl-1708376400, namespace: shop, ownerReferences: [\n"
    "  {kind: CronWorkflow, name: etl, controller: true}]}\n"
    "---\n"
    "apiVersion: tekton.dev/v1\n"
    "kind: TaskRun\n"
    "metadata: {name: build-x7k2p, generateName: build-, ownerReferences: [\n"
    "  {kind: Pipeline, name: build, controller: true}]}\n"
    "---\n"
    "apiVersion: core.strimzi.io/v1beta2\n"
    "kind: StrimziPodSet\n"
    "metadata: {name: main-kafka, namespace: shop, ownerReferences: [\n"
    "  {kind: Kafka, name: main, controller: true}]}\n"
    "---\n"
    "apiVersion: apps/v1\n"
    "kind: StatefulSet\n"
    "metadata: {name: prometheus-k8s, namespace: shop, ownerReferences: [\n"
    "  {kind: Prometheus, name: k8s, controller: true}]}\n";

static void expect(const char *objects, const char *labels, const char *owner_kind,
		   const char *owner_name, const char *kind, const char *name)
{
	struct inventory *inventory = inventory_new();
	struct problems problems = {0};
	char text[512];

	assert_non_null(inventory);
	snprintf(text, sizeof(text),
		 "kind: Pod\nmetadata: {name: p, namespace: shop, labels: {%s},\n"
		 "  ownerReferences: [{kind: Other, name: no},\n"
		 "  {kind: %s, name: %s, controller: true}]}\n",
		 labels, owner_kind, owner_name);
	add(inventory, "pod", text, &problems);
	add(inventory, "objects", objects, &problems);
	assert_int_equal(inventory_finish(inventory, &problems), 0);
	assert_int_equal(problems.count, 0);
	assert_workload(&inventory->pods[0], kind, name);
	inventory_free(inventory);
}

static void test_revisions(void **state)
{
	(void)state;
	expect(revisions, "", "ReplicaSet", "api-5d4", "Deployment", "api");
	expect(revisions, "pod-template-hash: '77'", "ReplicaSet", "canary-77", "Rollout",
	       "canary");
	expect(revisions, "", "Job", "nightly-by-hand", "CronJob", "nightly");
	expect(revisions, "", "ReplicationController", "front-3", "DeploymentConfig", "front");
}

/* The object says that nobody is above: its name only looks like it. */
static void test_objects_overrule_names(void **state)
{
	(void)state;
	expect(revisions, "pod-template-hash: '5d4'", "ReplicaSet", "bare-5d4", "ReplicaSet",
	       "bare-5d4");
	expect(revisions, "", "Job", "once-28472940", "Job", "once-28472940");
	/* Not in the inventory: names are all there is. */
	expect(revisions, "pod-template-hash: '5d4'", "ReplicaSet", "other-5d4", "Deployment",
	       "other");
	expect(revisions, "", "Job", "other-28472940", "CronJob", "other");
}

static void test_custom_owners(void **state)
{
	(void)state;
	expect(customs, "", "Workflow", "etl-1708376400", "CronWorkflow", "etl");
	/* Of the whole cluster. */
	expect(customs, "", "TaskRun", "build-x7k2p", "Pipeline", "build");
	/* What an operator's object controls stays apart. */
	expect(customs, "", "StrimziPodSet", "main-kafka", "StrimziPodSet", "main-kafka");
	expect(customs, "", "StatefulSet", "prometheus-k8s", "StatefulSet", "prometheus-k8s");
	expect(customs, "", "CloneSet", "web", "CloneSet", "web");
}

static void test_another_namespace(void **state)
{
	(void)state;
	expect("apiVersion: apps/v1\n"
	       "kind: ReplicaSet\n"
	       "metadata: {name: api-5d4, namespace: lab, ownerReferences: [\n"
	       "  {kind: Rollout, name: api, controller: true}]}\n",
	       "", "ReplicaSet", "api-5d4", "ReplicaSet", "api-5d4");
}

static void test_chains_end(void **state)
{
	char text[4096] = "";
	size_t length = 0;

	(void)state;
	expect("apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: a, namespace: shop, "
	       "ownerReferences: [{kind: ReplicaSet, name: a, controller: true}]}\n",
	       "", "ReplicaSet", "a", "ReplicaSet", "a");
	for (int i = 0; i < 20; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length,
					   "---\napiVersion: batch/v1\nkind: Job\n"
					   "metadata: {name: j%d, namespace: shop, "
					   "ownerReferences: [{kind: Job, name: j%d, "
					   "controller: true}]}\n",
					   i, i + 1);
	expect(text, "", "Job", "j0", "Job", "j8");
}

/* Nobody's business: kinds that only own are read without a word. */
static void test_owners_that_are_wrong(void **state)
{
	(void)state;
	expect("apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: 7\n"
	       "---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: [a]}\n"
	       "---\napiVersion: apps/v1\nkind: ReplicaSet\n"
	       "metadata: {name: a, namespace: shop, ownerReferences: 7}\n"
	       "---\napiVersion: x/v1\nkind: Y\nmetadata: {name: a, ownerReferences: [7, {}]}\n"
	       "---\napiVersion: x/v1\nkind: YList\nmetadata: {name: a}\nitems: 7\n"
	       "---\napiVersion: x/v1\nkind: Y\nmetadata: {name: a, "
	       "ownerReferences: [{controller: true}]}\n",
	       "", "ReplicaSet", "a", "ReplicaSet", "a");
}

static void expect_mirror(const char *name, const char *kind, const char *workload)
{
	struct inventory *inventory = inventory_new();
	struct problems problems = {0};
	char text[512];

	assert_non_null(inventory);
	snprintf(text, sizeof(text),
		 "kind: Pod\nmetadata: {name: %s, namespace: kube-system, ownerReferences: [\n"
		 "  {apiVersion: v1, kind: Node, name: CP-1, controller: true}]}\n",
		 name);
	add(inventory, "f", text, &problems);
	assert_int_equal(inventory_finish(inventory, &problems), 0);
	assert_true(inventory->pods[0].mirror);
	assert_workload(&inventory->pods[0], kind, workload);
	inventory_free(inventory);
}

static void test_static_pods(void **state)
{
	(void)state;
	expect_mirror("kube-apiserver-cp-1", "StaticPod", "kube-apiserver");
	expect_mirror("etcd-cp-1", "StaticPod", "etcd");
	expect_mirror("etcd-cp-2", "Pod", "etcd-cp-2");
	expect_mirror("cp-1", "Pod", "cp-1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_revisions),     cmocka_unit_test(test_objects_overrule_names),
	    cmocka_unit_test(test_custom_owners), cmocka_unit_test(test_another_namespace),
	    cmocka_unit_test(test_chains_end),    cmocka_unit_test(test_owners_that_are_wrong),
	    cmocka_unit_test(test_static_pods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
