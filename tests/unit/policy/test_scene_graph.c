/* Who there is, as the record says: which labels, ports and namespaces a pod is judged by. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/policy/past.h"

/* Asks for the labels app, and for the port http. */
#define ASKING POLICY("api", "api", "ingress: [{ports: [{port: http}]}]")
#define OBJECT(NAME, PORT)                                                                         \
	"---\n{kind: Pod, metadata: {namespace: shop, name: " NAME "}, spec: {containers: "        \
	"[{ports: [{name: http, containerPort: " PORT "}, {name: " NAME ", containerPort: 9}]}]}}" \
	"\n"
#define TEMPLATE(KIND, APP)                                                                        \
	"---\n{apiVersion: apps/v1, kind: " KIND ", metadata: {namespace: shop, name: web}, "      \
	"spec: {template: {metadata: {labels: {app: " APP "}}, spec: {containers: [{ports: "       \
	"[{name: http, containerPort: 80}]}]}}}}\n"

static struct pod_address past_time = {.since = 1000, .until = 2000};

/* One more of Deployment/web, with that label. */
static size_t crew_pod(struct past *record, const char *name, const char *app)
{
	size_t pod = past_pod(record, name, app);

	record->workloads[0] =
	    (struct workload){.namespace = "shop", .kind = "Deployment", .name = "web"};
	record->graph.workload_count = 1;
	record->pods[pod].workload = 0;
	return pod;
}

static size_t gone_pod(struct past *record, const char *name, const char *app)
{
	size_t pod = crew_pod(record, name, app);

	past_time.address = past_addr("10.1.0.1");
	record->pods[pod].addresses = &past_time;
	record->pods[pod].address_count = 1;
	return pod;
}

static const struct scene_pod *pod_of(const struct past *record, size_t pod)
{
	return &scene_graph_scene(record->scene)->pods[pod];
}

/* app NULL: not known. */
static void assert_app(const struct past *record, size_t pod, const char *app, bool differ)
{
	const struct labels *labels = pod_of(record, pod)->labels;

	if (app) {
		assert_non_null(labels);
		assert_string_equal(labels_get(labels, "app"), app);
	} else {
		assert_null(labels);
	}
	assert_int_equal(scene_graph_labels_differ(record->scene, pod), differ);
}

/* http 0: the ports are not known. */
static void assert_http(const struct past *record, size_t pod, uint16_t http, bool differ)
{
	const struct scene_pod *made = pod_of(record, pod);

	assert_int_equal(made->ports_known, http != 0);
	if (http != 0)
		assert_int_equal(made->ports[0].port, http);
	assert_int_equal(scene_graph_ports_differ(record->scene, pod), differ);
}

static void a_pod_that_is_gone_has_the_labels_of_today(void **state)
{
	struct past record = {0};
	size_t gone = gone_pod(&record, "web-1", "old");
	size_t there = crew_pod(&record, "web-2", "new");

	(void)state;
	past_policies(&record, ASKING);
	assert_app(&record, gone, "new", false);
	assert_app(&record, there, "new", false);
	past_clear(&record);
}

static void of_a_workload_that_is_gone_each_pod_has_its_own(void **state)
{
	struct past record = {0};
	size_t first = gone_pod(&record, "web-1", "a"), second = gone_pod(&record, "web-2", "b");
	size_t third = gone_pod(&record, "web-3", NULL);

	(void)state;
	past_policies(&record, ASKING);
	assert_app(&record, first, "a", false);
	assert_app(&record, second, "b", false);
	assert_app(&record, third, NULL, true);
	past_clear(&record);
}

static void pods_that_differ_tell_nothing_of_another(void **state)
{
	struct past record = {0};
	size_t gone = gone_pod(&record, "web-1", "stable"), bare = crew_pod(&record, "web-2", NULL);
	size_t stable = crew_pod(&record, "web-3", "stable");
	size_t canary = crew_pod(&record, "web-4", "canary");

	(void)state;
	past_policies(&record, ASKING);
	assert_app(&record, gone, NULL, true);
	assert_app(&record, bare, NULL, true);
	assert_app(&record, stable, "stable", false);
	assert_app(&record, canary, "canary", false);
	past_clear(&record);
}

static void what_no_policy_asks_for_may_differ(void **state)
{
	static const char everybody[] =
	    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {namespace: shop, "
	    "name: all}, spec: {podSelector: {matchLabels: {tier: a}}}}";
	struct past record = {0};
	size_t gone = gone_pod(&record, "web-1", "stable");

	(void)state;
	crew_pod(&record, "web-3", "stable");
	crew_pod(&record, "web-4", "canary");
	past_policies(&record, everybody);
	assert_non_null(pod_of(&record, gone)->labels);
	past_clear(&record);
}

static void a_pod_is_followed_by_the_one_of_its_name(void **state)
{
	struct past record = {0};
	size_t gone = gone_pod(&record, "web-0", "old");

	(void)state;
	record.pods[gone].uid = "a";
	record.pods[crew_pod(&record, "web-0", "zero")].uid = "b";
	crew_pod(&record, "web-1", "one");
	past_policies(&record, ASKING);
	assert_app(&record, gone, "zero", false);
	past_clear(&record);
}

static void an_object_is_asked_where_an_address_was_never_given_back(void **state)
{
	static struct pod_address open = {.since = 1000, .until = INTERVAL_OPEN};
	struct past record = {0};
	size_t old = crew_pod(&record, "web-1", "old"), there = crew_pod(&record, "web-2", "new");

	(void)state;
	open.address = past_addr("10.1.0.1");
	record.pods[old].addresses = &open;
	record.pods[old].address_count = 1;
	past_inventory(&record, OBJECT("web-2", "80"));
	past_policies(&record, ASKING);
	assert_app(&record, old, NULL, true);
	assert_app(&record, there, "new", false);
	past_clear(&record);
}

static void a_finished_pod_is_not_there(void **state)
{
	static const char finished[] =
	    "{kind: Pod, metadata: {namespace: shop, name: web-2}, status: {phase: Failed}}";
	struct past record = {0};
	size_t gone = gone_pod(&record, "web-1", "old");

	(void)state;
	crew_pod(&record, "web-2", "new");
	past_inventory(&record, finished);
	past_policies(&record, ASKING);
	assert_app(&record, gone, "old", false);
	past_clear(&record);
}

static void templates_in_the_manifests_are_asked_too(void **state)
{
	struct past record = {0};
	size_t there = crew_pod(&record, "web-1", "web");

	(void)state;
	past_policies(&record, ASKING TEMPLATE("Deployment", "other"));
	assert_app(&record, there, NULL, true);
	assert_http(&record, there, 80, false);
	past_clear(&record);

	record = (struct past){0};
	there = crew_pod(&record, "web-1", "web");
	past_policies(&record, ASKING TEMPLATE("Deployment", "web") TEMPLATE("DaemonSet", "other"));
	assert_app(&record, there, "web", false);
	past_clear(&record);

	record = (struct past){0};
	there = gone_pod(&record, "web-1", "web");
	past_policies(&record, ASKING TEMPLATE("Deployment", "other"));
	assert_app(&record, there, "other", false);
	past_clear(&record);
}

static void ports_are_those_of_the_workload(void **state)
{
	struct past record = {0};
	size_t gone = gone_pod(&record, "web-1", "web");

	(void)state;
	crew_pod(&record, "web-2", "web");
	crew_pod(&record, "web-3", "web");
	past_inventory(&record, OBJECT("web-2", "80") OBJECT("web-3", "80"));
	past_policies(&record, ASKING);
	assert_http(&record, gone, 80, false);
	past_clear(&record);

	record = (struct past){0};
	gone = gone_pod(&record, "web-1", "web");
	crew_pod(&record, "web-2", "web");
	crew_pod(&record, "web-3", "web");
	past_inventory(&record, OBJECT("web-2", "80") OBJECT("web-3", "81"));
	past_policies(&record, ASKING);
	assert_http(&record, gone, 0, true);
	assert_app(&record, gone, "web", false);
	past_clear(&record);
}

static void a_namespace_of_the_manifests_keeps_what_it_does_not_say(void **state)
{
	static const char inventory[] =
	    "{kind: Namespace, metadata: {name: shop, labels: {team: a, env: prod}}}";
	static const char manifest[] =
	    ASKING "---\n{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: "
		   "b}}}\n";
	struct past record = {0};
	const struct scene *scene;

	(void)state;
	past_pod(&record, "web-1", "web");
	past_inventory(&record, inventory);
	past_policies(&record, manifest);
	scene = scene_graph_scene(record.scene);
	assert_int_equal(scene->namespace_count, 1);
	assert_int_equal(scene->namespaces[0].labels->count, 2);
	assert_string_equal(labels_get(scene->namespaces[0].labels, "team"), "b");
	assert_string_equal(labels_get(scene->namespaces[0].labels, "env"), "prod");
	past_clear(&record);
}

static void a_namespace_without_object_has_no_labels(void **state)
{
	struct past record = {0};

	(void)state;
	past_pod(&record, "web-1", "web");
	past_policies(&record, ASKING);
	assert_null(scene_graph_scene(record.scene)->namespaces[0].labels);
	past_clear(&record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_pod_that_is_gone_has_the_labels_of_today),
	    cmocka_unit_test(of_a_workload_that_is_gone_each_pod_has_its_own),
	    cmocka_unit_test(pods_that_differ_tell_nothing_of_another),
	    cmocka_unit_test(what_no_policy_asks_for_may_differ),
	    cmocka_unit_test(a_pod_is_followed_by_the_one_of_its_name),
	    cmocka_unit_test(an_object_is_asked_where_an_address_was_never_given_back),
	    cmocka_unit_test(a_finished_pod_is_not_there),
	    cmocka_unit_test(templates_in_the_manifests_are_asked_too),
	    cmocka_unit_test(ports_are_those_of_the_workload),
	    cmocka_unit_test(a_namespace_of_the_manifests_keeps_what_it_does_not_say),
	    cmocka_unit_test(a_namespace_without_object_has_no_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
