/* Who there is, as manifests say. */
#include "tests/unit/policy/stage.h"

#define OWNED(NAME, OWNER)                                                                         \
	"---\n{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: " NAME                 \
	", ownerReferences: [" OWNER "]}, spec: {containers: [{}]}}\n"

static const struct scene_inventory_options ordinary = {0};

static void check_owner(const struct scene_owner *owner, const char *expected)
{
	struct buf text = {0};

	buf_printf(&text, "%s/%s[%s] %s", owner->namespace, owner->name, owner->kind, owner->pod);
	assert_string_equal(text.data, expected);
	buf_clear(&text);
}

static void test_owners(void **state)
{
	static const char *const expected[] = {
	    "shop/web-6d4[ReplicaSet] a",
	    "shop/job[Pod] b",
	    "shop/c[Pod] c",
	    "shop/d[Pod] d",
	    "shop/e[Pod] e",
	    "shop/nightly[CronJob] ",
	    "shop/web[Deployment] ",
	};
	struct stage stage = stage_read(
	    OWNED("a", "{kind: X, name: x}, {kind: ReplicaSet, name: web-6d4, controller: true}")
		OWNED("b", "{name: job, controller: true}")
		    OWNED("c", "{kind: Node, name: n1, controller: true}")
			OWNED("d", "{kind: ReplicaSet, name: x}") OWNED(
			    "e", "") "---\n{apiVersion: apps/v1, kind: Deployment, metadata: "
				     "{namespace: shop, name: web}, "
				     "spec: {template: {metadata: {labels: {app: web}}, spec: "
				     "{containers: [{ports: "
				     "[{containerPort: 1}, {name: http, containerPort: 80}]}]}}}}\n"
				     "---\n{apiVersion: batch/v1, kind: CronJob, metadata: "
				     "{namespace: shop, name: nightly}, "
				     "spec: {jobTemplate: {spec: {template: {metadata: {labels: "
				     "{app: job}}, spec: "
				     "{containers: [{}]}}}}}}\n",
	    ordinary);
	const struct scene_pod *web;

	(void)state;
	assert_int_equal(stage.scene->pod_count, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < stage.scene->pod_count; i++)
		check_owner(&stage.made->owners[i], expected[i]);
	web = stage_pod(&stage, "web");
	assert_string_equal(labels_get(web->labels, "app"), "web");
	assert_true(web->ports_known);
	assert_int_equal(web->port_count, 1);
	assert_string_equal(web->ports[0].name, "http");
	assert_int_equal(web->ports[0].protocol, IPPROTO_TCP);
	assert_int_equal(web->ports[0].port, 80);
	assert_int_equal(web->node, SCENE_NONE);
	stage_close(&stage);
}

/* Namespaces and nodes are there when anything is in them, known or not. */
static void test_places(void **state)
{
	struct stage stage = stage_read(
	    NAMESPACE("shop", "team: a") NAMESPACE("empty", "") NODE("n2", "10.9.0.2")
		POD("shop", "web", "", "nodeName: n2") POD("other", "api", "", "nodeName: n1"),
	    ordinary);
	const struct scene *scene = stage.scene;

	(void)state;
	assert_int_equal(scene->namespace_count, 3);
	assert_string_equal(scene->namespaces[0].name, "empty");
	assert_int_equal(scene->namespaces[0].labels->count, 0);
	assert_string_equal(scene->namespaces[1].name, "other");
	assert_null(scene->namespaces[1].labels);
	assert_string_equal(labels_get(scene->namespaces[2].labels, "team"), "a");
	assert_int_equal(scene->node_count, 2);
	assert_int_equal(scene->nodes[0].address_count, 0);
	assert_int_equal(scene->nodes[1].address_count, 1);
	assert_int_equal(stage_pod(&stage, "web")->node, 1);
	assert_int_equal(stage_pod(&stage, "api")->node, 0);
	assert_int_equal(stage_pod(&stage, "api")->namespace, 1);
	assert_int_equal(scene_find_namespace(scene, "none"), SCENE_NONE);
	assert_int_equal(scene_find_node(scene, "none"), SCENE_NONE);
	stage_close(&stage);
}

static void test_hosts(void **state)
{
	static const char text[] = POD("shop", "proxy", "", "nodeName: n1, hostNetwork: true")
	    POD("shop", "web", "", "") "---\n{apiVersion: apps/v1, kind: DaemonSet, metadata: "
				       "{namespace: shop, name: agent}, "
				       "spec: {template: {metadata: {labels: {app: a}}, spec: "
				       "{hostNetwork: true, containers: "
				       "[{}]}}}}\n";

	(void)state;
	for (int nodes = 0; nodes < 2; nodes++) {
		struct stage stage = stage_read(
		    text, (struct scene_inventory_options){.hosts_are_nodes = nodes == 1});

		assert_int_equal(stage_pod(&stage, "proxy")->on_node, nodes == 1);
		assert_int_equal(stage_pod(&stage, "agent")->on_node, nodes == 1);
		assert_false(stage_pod(&stage, "web")->on_node);
		stage_close(&stage);
	}
}

static void check_ports_known(const char *spec, bool expected)
{
	char text[1024];
	struct stage stage;

	snprintf(text, sizeof(text),
		 "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: %s}\n---\n"
		 "{apiVersion: apps/v1, kind: Deployment, metadata: {name: b}, spec: {template: "
		 "{spec: %s}}}\n",
		 spec, spec);
	stage = stage_read(text, ordinary);
	assert_int_equal(stage_pod(&stage, "a")->ports_known, expected);
	assert_int_equal(stage_pod(&stage, "b")->ports_known, expected);
	stage_close(&stage);
}

/* No port of a name is for sure only where all containers are there. */
static void test_ports_known(void **state)
{
	(void)state;
	check_ports_known("{containers: [{}]}", true);
	check_ports_known("{containers: [{ports: [{containerPort: 80}]}, {}]}", true);
	check_ports_known("{containers: [{}], initContainers: [{ports: [{}]}]}", true);
	check_ports_known("", false);
	check_ports_known("{}", false);
	check_ports_known("{containers: []}", false);
	check_ports_known("{containers: x}", false);
	check_ports_known("{containers: [x]}", false);
	check_ports_known("{containers: [{ports: x}]}", false);
	check_ports_known("{containers: [{ports: [x]}]}", false);
	check_ports_known("{containers: [{ports: [{containerPort: 0}]}]}", false);
	check_ports_known("{containers: [{ports: [{containerPort: 1, protocol: X}]}]}", false);
	check_ports_known(
	    "{containers: [{}], initContainers: [{restartPolicy: Always, ports: [{}]}]}", false);
}

/* It may be the node, which no selector finds. */
static void test_network_not_told(void **state)
{
	static const char text[] =
	    "{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: a}}\n---\n"
	    "{apiVersion: apps/v1, kind: Deployment, metadata: {namespace: shop, name: b}, spec: "
	    "{template: {}}}\n" POD("shop", "web", "", "containers: [{}]") POLICY("shop", "none",
										  "podSelector: {}")
		POLICY("shop", "all", "podSelector: {}, ingress: [{from: [{podSelector: {}}]}]");

	(void)state;
	for (int nodes = 0; nodes < 2; nodes++) {
		struct stage stage = stage_read(
		    text, (struct scene_inventory_options){.hosts_are_nodes = nodes == 1});

		stage_evaluate(&stage, (struct evaluator_options){0});
		check(&stage, pod(&stage, "a"), pod(&stage, "web"), nodes ? " / all" : "all");
		check(&stage, pod(&stage, "b"), pod(&stage, "web"), nodes ? " / all" : "all");
		check(&stage, at("10.0.0.1"), pod(&stage, "a"), nodes ? " / all" : "");
		check(&stage, at("10.0.0.1"), pod(&stage, "b"), nodes ? " / all" : "");
		stage_close(&stage);
	}
}

/* Finished, and not yet begun. */
static void test_whatever_phase(void **state)
{
	struct stage stage = stage_read(
	    "---\n{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: done, labels: "
	    "{app: x}}, spec: {containers: [{}]}, status: {phase: Succeeded, podIP: 10.1.0.1}}\n"
	    "---\n{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: new, labels: {app: "
	    "y}}, spec: {containers: [{}]}}\n",
	    ordinary);

	(void)state;
	assert_int_equal(stage.scene->pod_count, 2);
	assert_string_equal(labels_get(stage_pod(&stage, "done")->labels, "app"), "x");
	assert_string_equal(labels_get(stage_pod(&stage, "new")->labels, "app"), "y");
	stage_close(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_owners),
	    cmocka_unit_test(test_places),
	    cmocka_unit_test(test_hosts),
	    cmocka_unit_test(test_ports_known),
	    cmocka_unit_test(test_network_not_told),
	    cmocka_unit_test(test_whatever_phase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
