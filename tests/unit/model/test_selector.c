#include "tests/unit/identity/inventory_fixture.h"

#include <stdio.h>

#include "model/workload.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct place {
	struct inventory *inventory;
	struct strings strings;
	struct problems problems;
	struct workloads workloads;
};

static void choose_without(struct place *place, const char *yaml, struct ignored_labels ignored)
{
	*place = (struct place){0};
	place->inventory = read_with(yaml, &place->problems);
	assert_int_equal(workloads_build(place->inventory, &ignored, &place->strings,
					 &place->problems, &place->workloads),
			 0);
}

static void clear(struct place *place)
{
	workloads_clear(&place->workloads);
	strings_clear(&place->strings);
	problems_clear(&place->problems);
	inventory_free(place->inventory);
}

static void assert_selector(const struct place *place, const char *kind, const char *name,
			    const char *expected)
{
	size_t at = workloads_find(&place->workloads, "shop", kind, name);
	char *text;

	assert_true(at < place->workloads.count);
	text = labels_print(&place->workloads.items[at].selector);
	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void check(const char *yaml, const char *kind, const char *name, const char *expected)
{
	struct place place;

	choose_without(&place, yaml, (struct ignored_labels){0});
	assert_selector(&place, kind, name, expected);
	clear(&place);
}

#define POD(NAME, LABELS)                                                                          \
	"kind: Pod\nmetadata: {name: " NAME ", namespace: shop, uid: u-" NAME ", labels: {" LABELS \
	"}}\n---\n"
#define REPLICA(NAME, SET, LABELS)                                                                 \
	"kind: Pod\nmetadata: {name: " NAME ", namespace: shop, uid: u-" NAME ", labels: {" LABELS \
	"}, ownerReferences: [{controller: true, kind: StatefulSet, name: " SET "}]}\n---\n"
#define SET(NAME, SELECTOR)                                                                        \
	"kind: StatefulSet\napiVersion: apps/v1\nmetadata: {name: " NAME                           \
	", namespace: shop}\nspec: {selector: " SELECTOR "}\n---\n"

static void test_own_selector(void **state)
{
	(void)state;
	check(SET("db", "{matchLabels: {role: db}}")
		  REPLICA("db-0", "db", "app: db, role: db, tier: back"),
	      "StatefulSet", "db", "{\"role\":\"db\"}");
}

/* A deployment is known by its replica sets' owner, and selects with its own object. */
static void test_own_selector_of_what_is_above(void **state)
{
	(void)state;
	check("kind: Deployment\napiVersion: apps/v1\nmetadata: {name: api, namespace: shop}\n"
	      "spec: {selector: {matchLabels: {run: api}}}\n---\n"
	      "kind: ReplicaSet\napiVersion: apps/v1\nmetadata: {name: api-5d, namespace: shop, "
	      "ownerReferences: [{controller: true, kind: Deployment, name: api}]}\n"
	      "spec: {selector: {matchLabels: {run: api, pod-template-hash: 5d}}}\n---\n"
	      "kind: Pod\nmetadata: {name: api-5d-x, namespace: shop, uid: u, labels: {app: api, "
	      "run: api, pod-template-hash: 5d}, ownerReferences: "
	      "[{controller: true, kind: ReplicaSet, name: api-5d}]}\n",
	      "Deployment", "api", "{\"run\":\"api\"}");
}

static void test_own_selector_of_a_replication_controller(void **state)
{
	(void)state;
	check("kind: ReplicationController\napiVersion: v1\n"
	      "metadata: {name: old, namespace: shop}\nspec: {selector: {run: old}}\n---\n"
	      "kind: Pod\nmetadata: {name: old-x, namespace: shop, uid: u, labels: {app: old, run: "
	      "old}, ownerReferences: "
	      "[{controller: true, kind: ReplicationController, name: old}]}\n",
	      "ReplicationController", "old", "{\"run\":\"old\"}");
}

/* Not its labels alone, labels that its pods have no more, none. */
static void test_own_selector_that_does_not_do(void **state)
{
	static const char *const selectors[] = {
	    SET("db", "{matchLabels: {role: db}, matchExpressions: [{key: x, operator: Exists}]}"),
	    SET("db", "{matchLabels: {role: old}}"),
	    SET("db", "{matchLabels: {role: [db]}}"),
	    SET("db", "{matchLabels: {}}"),
	    SET("db", "db"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(selectors); i++) {
		char yaml[2048];

		snprintf(yaml, sizeof(yaml), "%s%s", selectors[i],
			 REPLICA("db-0", "db", "role: db, team: x, controller-uid: u-7"));
		check(yaml, "StatefulSet", "db", "{\"role\":\"db\",\"team\":\"x\"}");
	}
}

/* Somebody chose it, and it cannot change: a version in it is as good as any label. */
static void test_own_selector_with_a_volatile_label(void **state)
{
	static const char yaml[] =
	    SET("one", "{matchLabels: {app: v, app.kubernetes.io/version: '1'}}")
		SET("two", "{matchLabels: {app: v, app.kubernetes.io/version: '2'}}")
		    REPLICA("one-0", "one", "app: v, app.kubernetes.io/version: '1'")
			REPLICA("two-0", "two", "app: v, app.kubernetes.io/version: '2'");

	(void)state;
	check(yaml, "StatefulSet", "one", "{\"app\":\"v\",\"app.kubernetes.io/version\":\"1\"}");
	check(yaml, "StatefulSet", "two", "{\"app\":\"v\",\"app.kubernetes.io/version\":\"2\"}");
}

static void test_own_selector_of_a_job_is_one_run(void **state)
{
	(void)state;
	check("kind: Job\napiVersion: batch/v1\nmetadata: {name: once, namespace: shop}\n"
	      "spec: {selector: {matchLabels: {controller-uid: u-7}}}\n---\n"
	      "kind: Pod\nmetadata: {name: once-x, namespace: shop, uid: u, labels: {app: once, "
	      "controller-uid: u-7}, ownerReferences: "
	      "[{controller: true, kind: Job, name: once}]}\n",
	      "Job", "once", "{\"app\":\"once\"}");
}

/* The own selector takes a pod that nobody controls for its own, too: all that the pods have in
 * common does not. */
static void test_own_selector_that_picks_more(void **state)
{
	(void)state;
	check(SET("db", "{matchLabels: {role: db}}") REPLICA("db-0", "db", "role: db, team: x")
		  POD("other", "role: db"),
	      "StatefulSet", "db", "{\"role\":\"db\",\"team\":\"x\"}");
}

/* Nothing tells their pods apart, so nothing may tell their selectors apart. */
static void test_own_selector_of_one_of_two_that_are_the_same(void **state)
{
	static const char yaml[] = SET("a", "{matchLabels: {app: v}}")
	    REPLICA("a-0", "a", "app: v, team: x") REPLICA("b-0", "b", "app: v, team: x");

	(void)state;
	check(yaml, "StatefulSet", "a", "{\"app\":\"v\",\"team\":\"x\"}");
	check(yaml, "StatefulSet", "b", "{\"app\":\"v\",\"team\":\"x\"}");
}

/* Tonight's pods of a CronJob, and those of what is scaled to nothing. */
static void test_pods_that_are_yet_to_come(void **state)
{
	static const char *const objects[] = {
	    "kind: CronJob\napiVersion: batch/v1\nmetadata: {name: clean, namespace: shop}\n"
	    "spec: {jobTemplate: {spec: {template: {metadata: {labels: {app: srv, role: "
	    "clean}}}}}}\n",
	    "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: two, namespace: shop}\n"
	    "spec: {selector: {matchLabels: {role: batch}}, "
	    "template: {metadata: {labels: {app: srv, role: batch}}}}\n",
	};

	(void)state;
	check(POD("p", "app: srv, role: server"), "Pod", "p", "{\"app\":\"srv\"}");
	for (size_t i = 0; i < COUNT(objects); i++) {
		char yaml[2048];

		snprintf(yaml, sizeof(yaml), "%s%s", POD("p", "app: srv, role: server"),
			 objects[i]);
		check(yaml, "Pod", "p", "{\"app\":\"srv\",\"role\":\"server\"}");
	}
}

static void test_labels_of_one_run_or_revision(void **state)
{
	(void)state;
	check(POD("p",
		  "team: x, tekton.dev/pipelineRun: build-7, istio.io/rev: '1-20', "
		  "workflows.argoproj.io/workflow: wf-1, workflows.argoproj.io/completed: 'false', "
		  "serving.knative.dev/revision: web-00002"),
	      "Pod", "p", "{\"team\":\"x\"}");
}

#define NAME "app.kubernetes.io/name: db"
#define INSTANCE "app.kubernetes.io/instance: one"
#define COMPONENT "app.kubernetes.io/component: server"

static void test_conventions(void **state)
{
	(void)state;
	check(POD("p", NAME ", " INSTANCE ", team: x"), "Pod", "p",
	      "{\"app.kubernetes.io/instance\":\"one\",\"app.kubernetes.io/name\":\"db\"}");
	check(POD("p", NAME ", " COMPONENT ", team: x"), "Pod", "p",
	      "{\"app.kubernetes.io/component\":\"server\",\"app.kubernetes.io/name\":\"db\"}");
	check(POD("p", NAME ", team: x"), "Pod", "p", "{\"app.kubernetes.io/name\":\"db\"}");
	check(POD("p", "k8s-app: dns, app: dns, team: x"), "Pod", "p", "{\"k8s-app\":\"dns\"}");
	check(POD("p", "app: db, team: x"), "Pod", "p", "{\"app\":\"db\"}");
	check(POD("p", "team: x, tier: y"), "Pod", "p", "{\"team\":\"x\",\"tier\":\"y\"}");
}

/* What the shorter set picks beside its own pods, in the same namespace alone. */
static void test_conventions_must_pick_the_same(void **state)
{
	(void)state;
	check(POD("p", NAME ", " INSTANCE ", " COMPONENT)
		  POD("q", NAME ", " INSTANCE ", app.kubernetes.io/component: backup"),
	      "Pod", "p",
	      "{\"app.kubernetes.io/component\":\"server\",\"app.kubernetes.io/name\":\"db\"}");
	check(POD("p", NAME ", " INSTANCE ", " COMPONENT)
		  POD("q", NAME ", " INSTANCE ", app.kubernetes.io/component: backup")
		      POD("r", NAME ", app.kubernetes.io/instance: two, " COMPONENT),
	      "Pod", "p",
	      "{\"app.kubernetes.io/component\":\"server\",\"app.kubernetes.io/instance\":"
	      "\"one\",\"app.kubernetes.io/name\":\"db\"}");
	check(POD("p", "app: db, tier: a") POD("q", "app: db, tier: b"), "Pod", "p",
	      "{\"app\":\"db\",\"tier\":\"a\"}");
	check(POD("p", "app: db, tier: a") POD("q", "app: db, tier: a, more: b"), "Pod", "p",
	      "{\"app\":\"db\",\"tier\":\"a\"}");
	check(POD("p", "app: db, tier: a") "kind: Pod\nmetadata: {name: q, namespace: lab, uid: q, "
					   "labels: {app: db}}\n",
	      "Pod", "p", "{\"app\":\"db\"}");
}

static void test_ignored_labels(void **state)
{
	static const char *const keys[] = {"role", "app"};
	struct place place;

	(void)state;
	choose_without(&place,
		       SET("db", "{matchLabels: {role: db}}")
			   REPLICA("db-0", "db", "role: db, app: db, team: x"),
		       (struct ignored_labels){keys, COUNT(keys)});
	assert_selector(&place, "StatefulSet", "db", "{\"team\":\"x\"}");
	clear(&place);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_own_selector),
	    cmocka_unit_test(test_own_selector_of_what_is_above),
	    cmocka_unit_test(test_own_selector_of_a_replication_controller),
	    cmocka_unit_test(test_own_selector_that_does_not_do),
	    cmocka_unit_test(test_own_selector_with_a_volatile_label),
	    cmocka_unit_test(test_own_selector_of_a_job_is_one_run),
	    cmocka_unit_test(test_own_selector_that_picks_more),
	    cmocka_unit_test(test_own_selector_of_one_of_two_that_are_the_same),
	    cmocka_unit_test(test_pods_that_are_yet_to_come),
	    cmocka_unit_test(test_labels_of_one_run_or_revision),
	    cmocka_unit_test(test_conventions),
	    cmocka_unit_test(test_conventions_must_pick_the_same),
	    cmocka_unit_test(test_ignored_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
