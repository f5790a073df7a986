#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "tests/unit/identity/inventory_fixture.h"

static const char kubectl_list[] =
    "{\n"
    "  \"apiVersion\": \"v1\",\n"
    "  \"kind\": \"List\",\n"
    "  \"items\": [\n"
    "    {\"apiVersion\": \"v1\", \"kind\": \"Pod\",\n"
    "     \"metadata\": {\"name\": \"api-5d4-x\", \"namespace\": \"shop\", \"uid\": \"u-1\",\n"
    "       \"generateName\": \"api-5d4-\",\n"
    "       \"labels\": {\"pod-template-hash\": \"5d4\", \"app\": \"api\"},\n"
    "       \"ownerReferences\": [{\"kind\": \"Other\", \"name\": \"no\"},\n"
    "         {\"kind\": \"ReplicaSet\", \"name\": \"api-5d4\", \"controller\": true}]},\n"
    "     \"spec\": {\"nodeName\": \"n1\",\n"
    "       \"initContainers\": [\n"
    "         {\"name\": \"i\", \"ports\": [{\"containerPort\": 1}]},\n"
    "         {\"name\": \"s\", \"restartPolicy\": \"Always\", \"ports\": [{\"containerPort\": "
    "2}]}],\n"
    "       \"containers\": [{\"name\": \"c\", \"ports\": [\n"
    "         {\"name\": \"http\", \"containerPort\": 8080, \"protocol\": \"TCP\"},\n"
    "         {\"containerPort\": 53, \"protocol\": \"UDP\"}]}]},\n"
    "     \"status\": {\"phase\": \"Running\", \"podIP\": \"10.0.0.1\",\n"
    "       \"podIPs\": [{\"ip\": \"10.0.0.1\"}, {\"ip\": \"fd00::1\"}]}},\n"
    "    {\"apiVersion\": \"v1\", \"kind\": \"Pod\",\n"
    "     \"metadata\": {\"name\": \"proxy\", \"namespace\": \"kube-system\", \"uid\": \"u-2\"},\n"
    "     \"spec\": {\"hostNetwork\": true, \"containers\": []},\n"
    "     \"status\": {\"phase\": \"Failed\", \"podIP\": \"192.0.2.1\"}},\n"
    "    {\"apiVersion\": \"v1\", \"kind\": \"Namespace\",\n"
    "     \"metadata\": {\"name\": \"shop\", \"labels\": {\"team\": \"a\", \"env\": \"\"}}},\n"
    "    {\"apiVersion\": \"v1\", \"kind\": \"Service\",\n"
    "     \"metadata\": {\"name\": \"api\", \"namespace\": \"shop\", \"labels\": {\"l\": \"v\"}},\n"
    "     \"spec\": {\"clusterIP\": \"10.96.0.5\", \"clusterIPs\": [\"10.96.0.5\", \"fd96::5\"],\n"
    "       \"externalIPs\": [\"198.51.100.7\"], \"selector\": {\"app\": \"api\"},\n"
    "       \"ports\": [{\"name\": \"web\", \"port\": 80, \"targetPort\": \"http\"},\n"
    "         {\"port\": 53, \"protocol\": \"UDP\", \"targetPort\": 5353}]},\n"
    "     \"status\": {\"loadBalancer\": {\"ingress\": [{\"ip\": \"203.0.113.9\"},\n"
    "       {\"hostname\": \"lb.example.net\"}]}}},\n"
    "    {\"apiVersion\": \"v1\", \"kind\": \"Service\",\n"
    "     \"metadata\": {\"name\": \"headless\", \"namespace\": \"shop\"},\n"
    "     \"spec\": {\"clusterIP\": \"None\", \"clusterIPs\": [\"None\"]}},\n"
    "    {\"apiVersion\": \"v1\", \"kind\": \"Node\", \"metadata\": {\"name\": \"n1\"},\n"
    "     \"spec\": {\"podCIDR\": \"10.0.0.0/24\", \"podCIDRs\": [\"10.0.0.0/24\", "
    "\"fd00::/64\"]},\n"
    "     \"status\": {\"addresses\": [{\"type\": \"InternalIP\", \"address\": \"192.0.2.1\"},\n"
    "       {\"type\": \"Hostname\", \"address\": \"n1\"}]}},\n"
    "    {\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {}},\n"
    "    {\"apiVersion\": \"serving.knative.dev/v1\", \"kind\": \"Service\", \"metadata\": {}}\n"
    "  ]\n"
    "}\n";

static void test_pods(void **state)
{
	struct inventory *inventory = read_clean(kubectl_list);
	const struct inventory_pod *pod = inventory_find_pod(inventory, "shop", "api-5d4-x", "");

	(void)state;
	assert_int_equal(inventory->pod_count, 2);
	assert_ptr_equal(pod, &inventory->pods[1]);
	assert_ptr_equal(inventory_find_pod(inventory, "other", "other", "u-1"), pod);
	assert_null(inventory_find_pod(inventory, "shop", "api-5d4-x", "u-9"));
	assert_null(inventory_find_pod(inventory, "shop", "api", ""));
	assert_string_equal(pod->uid, "u-1");
	assert_string_equal(pod->node, "n1");
	assert_string_equal(pod->owner_kind, "ReplicaSet");
	assert_string_equal(pod->owner_name, "api-5d4");
	assert_string_equal(pod->generate_name, "api-5d4-");
	assert_false(pod->host_network);
	assert_false(pod->finished);
	assert_string_equal(pod->file, "f");
	assert_int_equal(pod->line, 5);
	assert_int_equal(pod->labels.count, 2);
	assert_string_equal(pod->labels.items[0].key, "app");
	assert_string_equal(labels_get(&pod->labels, "pod-template-hash"), "5d4");
	assert_null(labels_get(&pod->labels, "pod"));
	assert_int_equal(pod->address_count, 2);
	assert_true(addr_equal(pod->addresses[1], address("fd00::1")));
	assert_int_equal(pod->port_count, 3);
	assert_string_equal(pod->ports[0].name, "http");
	assert_int_equal(pod->ports[0].port, 8080);
	assert_int_equal(pod->ports[1].protocol, IPPROTO_UDP);
	assert_string_equal(pod->ports[1].name, "");
	assert_int_equal(pod->ports[2].port, 2);
	assert_int_equal(pod->ports[2].protocol, IPPROTO_TCP);
	pod = &inventory->pods[0];
	assert_true(pod->host_network);
	assert_true(pod->finished);
	assert_string_equal(pod->owner_kind, "");
	assert_int_equal(pod->address_count, 1);
	inventory_free(inventory);
	assert_null(inventory_free(NULL));
}

#define MANY 100000

static void test_many_addresses_each_once(void **state)
{
	struct buf text = {0};
	struct inventory *inventory;

	(void)state;
	buf_puts(&text, "{kind: Service, metadata: {name: a, namespace: b}, spec: {clusterIP: "
			"10.96.0.1, externalIPs: [10.96.0.1");
	for (unsigned i = 0; i < 2 * MANY; i++)
		buf_printf(&text, ", 10.%u.%u.%u", i % MANY >> 16, i % MANY >> 8 & 255, i & 255);
	buf_puts(&text, "]}}\n");
	inventory = read_clean(text.data);
	assert_int_equal(inventory->service_count, 1);
	assert_true(inventory->services[0].address_count > MANY / 2);
	for (size_t i = 1; i < inventory->services[0].address_count; i++)
		assert_true(addr_compare(inventory->services[0].addresses[i - 1],
					 inventory->services[0].addresses[i]) < 0);
	inventory_free(inventory);
	buf_clear(&text);
}

static void test_services_and_nodes(void **state)
{
	struct inventory *inventory = read_clean(kubectl_list);
	const struct inventory_service *service =
	    inventory_find_service(inventory, address("fd96::5"));
	const struct inventory_node *node = inventory_find_node(inventory, address("192.0.2.1"));

	(void)state;
	assert_int_equal(inventory->service_count, 2);
	assert_non_null(service);
	assert_string_equal(service->name, "api");
	assert_string_equal(service->namespace, "shop");
	assert_int_equal(service->address_count, 4);
	assert_ptr_equal(inventory_find_service(inventory, address("203.0.113.9")), service);
	assert_ptr_equal(inventory_find_service(inventory, address("198.51.100.7")), service);
	assert_null(inventory_find_service(inventory, address("10.0.0.1")));
	assert_string_equal(labels_get(&service->selector, "app"), "api");
	assert_int_equal(service->port_count, 2);
	assert_int_equal(service->ports[0].port, 80);
	assert_string_equal(service->ports[0].target, "http");
	assert_string_equal(service->ports[1].target, "5353");
	assert_string_equal(inventory->services[1].name, "headless");
	assert_int_equal(inventory->services[1].address_count, 0);
	assert_non_null(node);
	assert_string_equal(node->name, "n1");
	assert_int_equal(node->address_count, 1);
	assert_int_equal(node->pod_range_count, 2);
	assert_int_equal(node->pod_ranges[1].length, 64);
	assert_null(inventory_find_node(inventory, address("192.0.2.2")));
	assert_int_equal(inventory->namespace_count, 1);
	assert_string_equal(labels_get(&inventory->namespaces[0].labels, "env"), "");
	inventory_free(inventory);
}

static void test_yaml_documents(void **state)
{
	struct inventory *inventory = read_clean("---\n"
						 "apiVersion: v1\n"
						 "kind: Namespace\n"
						 "metadata: {name: b}\n"
						 "---\n"
						 "---\n"
						 "apiVersion: v1\n"
						 "kind: NamespaceList\n"
						 "items:\n"
						 "- metadata: {name: a}\n"
						 "- metadata: {name: c}\n"
						 "---\n"
						 "apiVersion: v1\n"
						 "kind: PodList\n"
						 "items: []\n");

	(void)state;
	assert_int_equal(inventory->namespace_count, 3);
	assert_string_equal(inventory->namespaces[0].name, "a");
	assert_string_equal(inventory->namespaces[2].name, "c");
	inventory_free(inventory);
	inventory = read_clean("");
	assert_int_equal(inventory->pod_count, 0);
	assert_null(inventory_find_pod(inventory, "a", "b", "c"));
	assert_null(inventory_find_pod(inventory, "a", "b", ""));
	assert_null(inventory_find_service(inventory, address("10.0.0.1")));
	inventory_free(inventory);
}

static void test_last_read_stays(void **state)
{
	struct problems problems = {0};
	struct inventory *inventory = inventory_new();

	(void)state;
	add(inventory, "one",
	    "kind: Pod\nmetadata: {name: a, namespace: n, uid: u}\nspec: {nodeName: old}\n",
	    &problems);
	add(inventory, "two",
	    "kind: Pod\nmetadata: {name: a, namespace: n, uid: u}\nspec: {nodeName: new}\n"
	    "---\nkind: Pod\nmetadata: {name: a, namespace: n, uid: t}\n",
	    &problems);
	assert_int_equal(inventory_finish(inventory, &problems), 0);
	assert_int_equal(problems.count, 0);
	assert_int_equal(inventory->pod_count, 2);
	assert_string_equal(inventory_find_pod(inventory, "n", "a", "u")->node, "new");
	assert_string_equal(inventory_find_pod(inventory, "n", "a", "u")->file, "two");
	assert_null(inventory_find_pod(inventory, "n", "a", ""));
	inventory_free(inventory);
}

static void test_static_pod_uid(void **state)
{
	struct inventory *inventory =
	    read_clean("kind: Pod\n"
		       "metadata: {name: etcd-n1, namespace: kube-system, uid: api-uid,\n"
		       "  annotations: {kubernetes.io/config.mirror: kubelet-uid},\n"
		       "  ownerReferences: [{kind: Node, name: n1, controller: true}]}\n");

	(void)state;
	assert_ptr_equal(inventory_find_pod(inventory, "", "", "kubelet-uid"), inventory->pods);
	assert_ptr_equal(inventory_find_pod(inventory, "", "", "api-uid"), inventory->pods);
	inventory_free(inventory);
}

static void test_problems(void **state)
{
	static const struct {
		const char *text;
		const char *subject;
		const char *message;
	} cases[] = {
	    {"kind: Pod\n", "f:1", "Pod without metadata.name: left out"},
	    {"kind: Pod\nmetadata: {name: a}\n", "f:1",
	     "Pod a without metadata.namespace: left out"},
	    {"a: b\n", "f:1", "expected a Kubernetes object: there is no kind"},
	    {"- a\n", "f:1", "expected a Kubernetes object"},
	    {"kind: List\nitems:\n- a\n", "f:3", "expected a Kubernetes object"},
	    {"kind: List\nitems:\n- {}\n", "f:3", "expected a Kubernetes object: there is no kind"},
	    {"kind: List\nitems: {a: b}\n", "f:2", "items: expected a list"},
	    {"kind: Namespace\nmetadata:\n  name: a\n  labels: [x]\n", "f:4",
	     "labels: expected a mapping, not a list"},
	    {"kind: Namespace\nmetadata:\n  name: a\n  labels:\n    x: [1]\n", "f:5",
	     "labels: the value of \"x\" must be text"},
	    {"kind: Pod\nmetadata: {name: a, namespace: n}\nspec:\n  hostNetwork: 3\n", "f:4",
	     "hostNetwork: expected true or false, not \"3\""},
	    {"kind: Pod\nmetadata: {name: a, namespace: n}\nstatus:\n  podIPs:\n  - ip: x\n", "f:5",
	     "ip: \"x\" is no address"},
	    {"kind: Pod\nmetadata: {name: a, namespace: n}\nstatus:\n  startTime: today\n", "f:4",
	     "startTime: \"today\" is no time"},
	    {"kind: Pod\nmetadata: {name: a, namespace: n}\nspec:\n  containers:\n  - ports:\n"
	     "    - containerPort: 70000\n",
	     "f:6", "containerPort: expected a port number, 1 to 65535"},
	    {"kind: Pod\nmetadata: {name: a, namespace: n}\nspec:\n  containers:\n  - x\n", "f:5",
	     "containers: expected a mapping, not a single value"},
	    {"kind: Service\nmetadata: {name: a, namespace: n}\nspec:\n  ports:\n"
	     "  - {port: 1, protocol: ICMP}\n",
	     "f:5", "protocol: expected TCP, UDP or SCTP"},
	    {"kind: Node\nmetadata: {name: a}\nspec:\n  podCIDRs: [10.0.0.0/33]\n", "f:4",
	     "podCIDRs: \"10.0.0.0/33\" is no address range"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct problems problems = {0};
		struct inventory *inventory = read_with(cases[i].text, &problems);

		assert_int_equal(problems.count, 1);
		assert_string_equal(problems.items[0].subject, cases[i].subject);
		assert_string_equal(problems.items[0].message, cases[i].message);
		problems_clear(&problems);
		inventory_free(inventory);
	}
}

static void expect_workload(const char *labels, const char *owner, const char *kind,
			    const char *name)
{
	struct buf text = {0};
	struct inventory *inventory;

	buf_printf(&text, "kind: Pod\nmetadata: {name: p, namespace: n, labels: {%s}%s%s%s}\n",
		   labels, *owner ? ", ownerReferences: [{controller: true, " : "", owner,
		   *owner ? "}]" : "");
	inventory = read_clean(text.data);
	assert_workload(&inventory->pods[0], kind, name);
	inventory_free(inventory);
	buf_clear(&text);
}

static void test_workload(void **state)
{
	(void)state;
	expect_workload("", "", "Pod", "p");
	expect_workload("pod-template-hash: '5d4'", "kind: ReplicaSet, name: api-5d4", "Deployment",
			"api");
	expect_workload("pod-template-hash: '5d4'", "kind: ReplicaSet, name: a-b-5d4", "Deployment",
			"a-b");
	expect_workload("", "kind: ReplicaSet, name: api-5d4", "ReplicaSet", "api-5d4");
	expect_workload("pod-template-hash: '5d4'", "kind: ReplicaSet, name: api-6d4", "ReplicaSet",
			"api-6d4");
	expect_workload("pod-template-hash: '5d4'", "kind: ReplicaSet, name: '-5d4'", "ReplicaSet",
			"-5d4");
	expect_workload("pod-template-hash: ''", "kind: ReplicaSet, name: api-", "ReplicaSet",
			"api-");
	expect_workload("pod-template-hash: '5d4'", "kind: StatefulSet, name: db-5d4",
			"StatefulSet", "db-5d4");
	expect_workload("rollouts-pod-template-hash: '5d4'", "kind: ReplicaSet, name: api-5d4",
			"Rollout", "api");
	expect_workload("", "kind: Job, name: backup-28472940", "CronJob", "backup");
	expect_workload("", "kind: Job, name: backup-1708376400", "CronJob", "backup");
	expect_workload("", "kind: Job, name: backup-2847294", "Job", "backup-2847294");
	expect_workload("", "kind: Job, name: backup-2847294x", "Job", "backup-2847294x");
	expect_workload("", "kind: Job, name: '-28472940'", "Job", "-28472940");
	expect_workload("", "kind: StatefulSet, name: db", "StatefulSet", "db");
	expect_workload("", "kind: DaemonSet, name: agent", "DaemonSet", "agent");
	expect_workload("", "kind: Node, name: n1", "Pod", "p");
	expect_workload("", "kind: Rollout, name: x", "Rollout", "x");
	expect_workload("", "kind: PostgresCluster, name: main", "PostgresCluster", "main");
}

static void test_labels_match(void **state)
{
	struct label have[] = {{(char[]){"a"}, (char[]){"1"}}, {(char[]){"b"}, (char[]){"2"}}};
	struct label other[] = {{(char[]){"b"}, (char[]){"3"}}};
	struct labels all = {have, 2}, none = {0}, second = {have + 1, 1}, differs = {other, 1};

	(void)state;
	assert_true(labels_match(&all, &none));
	assert_true(labels_match(&none, &none));
	assert_true(labels_match(&all, &all));
	assert_true(labels_match(&all, &second));
	assert_false(labels_match(&second, &all));
	assert_false(labels_match(&all, &differs));
}

static void test_shared_node_address(void **state)
{
	struct problems problems = {0};
	struct inventory *inventory = read_with(
	    "kind: Node\nmetadata: {name: b}\nstatus: {addresses: [{address: 192.0.2.1}]}\n"
	    "---\n"
	    "kind: Node\nmetadata: {name: a}\nstatus: {addresses: [{address: 192.0.2.1}]}\n",
	    &problems);

	(void)state;
	assert_string_equal(inventory_find_node(inventory, address("192.0.2.1"))->name, "a");
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.items[0].message, "is the address of node a and of node b");
	problems_clear(&problems);
	inventory_free(inventory);
}

/* Linear searches would compare 10,000,000,000 names here. */
static void test_many_pods(void **state)
{
	enum { COUNT = 100000 };
	struct buf text = {0};
	struct inventory *inventory;

	(void)state;
	buf_puts(&text, "{\"kind\": \"List\", \"items\": [");
	for (int i = 0; i < COUNT; i++)
		buf_printf(&text,
			   "%s{\"kind\": \"Pod\", \"metadata\": {\"name\": \"p%d\", "
			   "\"namespace\": \"n%d\", \"uid\": \"u%d\"}}",
			   i ? "," : "", i, i % 7, i);
	buf_puts(&text, "]}");
	inventory = read_clean(text.data);
	assert_int_equal(inventory->pod_count, COUNT);
	for (int i = 0; i < COUNT; i++) {
		char name[16], namespace[16], uid[16];
		const struct inventory_pod *pod;

		snprintf(name, sizeof(name), "p%d", i);
		snprintf(namespace, sizeof(namespace), "n%d", i % 7);
		snprintf(uid, sizeof(uid), "u%d", i);
		pod = inventory_find_pod(inventory, namespace, name, "");
		assert_non_null(pod);
		assert_string_equal(pod->uid, uid);
		assert_ptr_equal(inventory_find_pod(inventory, "", "", uid), pod);
	}
	inventory_free(inventory);
	buf_clear(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pods),
	    cmocka_unit_test(test_services_and_nodes),
	    cmocka_unit_test(test_many_addresses_each_once),
	    cmocka_unit_test(test_yaml_documents),
	    cmocka_unit_test(test_last_read_stays),
	    cmocka_unit_test(test_static_pod_uid),
	    cmocka_unit_test(test_problems),
	    cmocka_unit_test(test_workload),
	    cmocka_unit_test(test_labels_match),
	    cmocka_unit_test(test_shared_node_address),
	    cmocka_unit_test(test_many_pods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
