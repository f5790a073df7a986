/* What policies allow, where not everything is known: never more than is sure. */
#include "tests/unit/policy/stage.h"

#define CLUSTER                                                                                    \
	NAMESPACE("shop", "team: shop")                                                            \
	NAMESPACE("other", "team: other")                                                          \
	NODE("n1", "10.9.0.1")                                                                     \
	NODE("n2", "10.9.0.2")                                                                     \
	POD("shop", "web", "app: web",                                                             \
	    "nodeName: n1, containers: [{ports: [{name: http, containerPort: 8080}]}]")            \
	POD("shop", "api", "app: api",                                                             \
	    "nodeName: n1, containers: [{ports: [{name: http, containerPort: 80}]}]")              \
	POD("other", "guest", "app: web", "nodeName: n2, containers: [{}]")                        \
	POD("other", "proxy", "app: proxy", "nodeName: n1, hostNetwork: true, containers: [{}]")

static struct stage read_cluster(const char *text)
{
	return stage_read(text, (struct scene_inventory_options){.hosts_are_nodes = true});
}

static void evaluate(struct stage *stage)
{
	stage_evaluate(stage, (struct evaluator_options){0});
}

static void test_labels_of_a_peer(void **state)
{
	struct stage stage = read_cluster(CLUSTER POLICY(
	    "shop", "in",
	    "podSelector: {matchLabels: {app: api}}, ingress: [{from: [{podSelector: "
	    "{matchLabels: {app: web}}}], ports: [{port: 80}]}, {from: [{podSelector: {}}], "
	    "ports: [{port: 81}]}, {from: [{namespaceSelector: {}, podSelector: "
	    "{matchExpressions: [{key: app, operator: DoesNotExist}]}}], ports: [{port: "
	    "83}]}]"));

	(void)state;
	stage_pod(&stage, "web")->labels = NULL;
	stage_pod(&stage, "guest")->labels = NULL;
	evaluate(&stage);
	check(&stage, pod(&stage, "web"), pod(&stage, "api"), "TCP 81 / TCP 80-81, TCP 83");
	check(&stage, pod(&stage, "guest"), pod(&stage, "api"), " / TCP 83");
	stage_close(&stage);
}

#define TEMPLATE(KIND, NAME, LABELS)                                                               \
	"---\n{apiVersion: v1, kind: " KIND ", metadata: {namespace: shop, name: " NAME            \
	"}, spec: {template: {metadata: {labels: {" LABELS "}}, spec: {containers: [{}]}}}}\n"

/* A pod's name is some pod's, the hash nobody's for sure. */
static void test_labels_of_controllers(void **state)
{
	struct stage stage = stage_open(
	    CLUSTER TEMPLATE("StatefulSet", "db", "app: db") TEMPLATE("Deployment", "front", "a: b")
		TEMPLATE("Job", "migrate", "a: b") POLICY(
		    "shop", "in",
		    "podSelector: {matchLabels: {app: api}}, ingress: [{from: [{podSelector: "
		    "{matchLabels: {job-name: migrate}}}], ports: [{port: 80}]}, {from: "
		    "[{podSelector: {matchLabels: {statefulset.kubernetes.io/pod-name: db-0}}}], "
		    "ports: [{port: 81}]}, {from: [{podSelector: {matchExpressions: [{key: "
		    "pod-template-hash, operator: Exists}]}}], ports: [{port: 82}]}, {from: "
		    "[{podSelector: {matchExpressions: [{key: pod-template-hash, operator: NotIn, "
		    "values: [x]}]}}], ports: [{port: 84}]}]")
		    POLICY("shop", "db",
			   "podSelector: {matchLabels: {statefulset.kubernetes.io/pod-name: "
			   "db-0}}, policyTypes: [Ingress]"));

	(void)state;
	check(&stage, pod(&stage, "migrate"), pod(&stage, "api"), "TCP 80, TCP 84");
	check(&stage, pod(&stage, "db"), pod(&stage, "api"), "TCP 84 / TCP 81, TCP 84");
	check(&stage, pod(&stage, "front"), pod(&stage, "api"), "TCP 82 / TCP 82, TCP 84");
	check(&stage, pod(&stage, "web"), pod(&stage, "api"), "TCP 84");
	check(&stage, pod(&stage, "web"), pod(&stage, "db"), " / all");
	check(&stage, pod(&stage, "web"), pod(&stage, "front"), "all");
	stage_close(&stage);
}

static void test_namespace_of_a_peer(void **state)
{
	struct stage stage = read_cluster(CLUSTER POLICY(
	    "shop", "in",
	    "podSelector: {matchLabels: {app: api}}, ingress: [{from: [{podSelector: "
	    "{matchLabels: {app: web}}}], ports: [{port: 80}]}, {from: "
	    "[{namespaceSelector: {}}], ports: [{port: 81}]}, {from: [{namespaceSelector: "
	    "{matchLabels: {team: other}}}], ports: [{port: 83}]}, {from: "
	    "[{namespaceSelector: {matchLabels: {team: other}}, podSelector: {matchLabels: "
	    "{app: api}}}], ports: [{port: 85}]}]"));

	(void)state;
	stage_pod(&stage, "guest")->namespace = SCENE_NONE;
	evaluate(&stage);
	check(&stage, pod(&stage, "guest"), pod(&stage, "api"), "TCP 81 / TCP 80-81, TCP 83");
	stage_close(&stage);
}

/* A namespace without an object has its name, and nothing else is known of it. */
static void test_labels_of_a_namespace(void **state)
{
	struct stage stage = stage_open(
	    POD("shop", "api", "app: api", "") POD("other", "guest", "app: web", "") POLICY(
		"shop", "in",
		"podSelector: {matchLabels: {app: api}}, ingress: [{from: [{namespaceSelector: "
		"{matchLabels: {kubernetes.io/metadata.name: other}}}], ports: [{port: 80}]}, "
		"{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop, "
		"team: x}}}], ports: [{port: 81}]}, {from: [{namespaceSelector: "
		"{matchExpressions: [{key: team, operator: NotIn, values: [x]}]}}], ports: "
		"[{port: 83}]}]"));

	(void)state;
	check(&stage, pod(&stage, "guest"), pod(&stage, "api"), "TCP 80 / TCP 80, TCP 83");
	stage_close(&stage);
}

/* Nobody knows whether it is isolated: it may do all, and surely what each policy would allow. */
static void test_labels_of_the_subject(void **state)
{
	struct stage stage = read_cluster(
	    CLUSTER POLICY("shop", "a",
			   "podSelector: {matchLabels: {app: api}}, ingress: [{from: "
			   "[{podSelector: {}}], ports: [{port: 80, endPort: 90}]}]")
		POLICY("shop", "b",
		       "podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: "
		       "85, endPort: 99}]}]"));

	(void)state;
	stage_pod(&stage, "api")->labels = NULL;
	evaluate(&stage);
	check(&stage, pod(&stage, "web"), pod(&stage, "api"), "TCP 85-90 / all");
	check(&stage, pod(&stage, "guest"), pod(&stage, "api"), " / all");
	assert_int_equal(ask(&stage, pod(&stage, "web"), pod(&stage, "api"), IPPROTO_ICMP, 0),
			 ANSWER_UNKNOWN);
	stage_close(&stage);
}

/* One surely selects: what it allows is sure, what the others allow is possible. */
static void test_some_select_surely(void **state)
{
	struct stage stage = read_cluster(
	    CLUSTER POLICY("shop", "a", "podSelector: {}, ingress: [{ports: [{port: 80}]}]")
		POLICY("shop", "b",
		       "podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: "
		       "90}]}]"));
	struct party web, api;
	struct decision decision;

	(void)state;
	stage_pod(&stage, "api")->labels = NULL;
	evaluate(&stage);
	web = pod(&stage, "web");
	api = pod(&stage, "api");
	check(&stage, web, api, "TCP 80 / TCP 80, TCP 90");
	evaluator_connection(stage.evaluator, &web, NULL, &api, IPPROTO_TCP, 90, &decision);
	assert_int_equal(decision.answer, ANSWER_UNKNOWN);
	assert_string_equal(decision.sides[DIRECTION_INGRESS].policy->name, "b");
	assert_non_null(decision.sides[DIRECTION_INGRESS].rule);
	stage_close(&stage);
}

/* A policy of any namespace may be meant for a pod whose own is not known. */
static void test_namespace_of_the_subject(void **state)
{
	struct stage stage = read_cluster(
	    CLUSTER POLICY("shop", "a",
			   "podSelector: {}, ingress: [{ports: [{port: 80}, {port: 81}]}]")
		POLICY("other", "b", "podSelector: {}, ingress: [{ports: [{port: 80}]}]")
		    POLICY("nowhere", "c", "podSelector: {matchLabels: {app: x}}, ingress: []"));
	struct party web, api;
	struct decision decision;

	(void)state;
	stage_pod(&stage, "api")->namespace = SCENE_NONE;
	evaluate(&stage);
	web = pod(&stage, "web");
	api = pod(&stage, "api");
	check(&stage, web, api, "TCP 80 / all");
	evaluator_connection(stage.evaluator, &web, NULL, &api, IPPROTO_TCP, 80, &decision);
	assert_string_equal(decision.sides[DIRECTION_INGRESS].policy->name, "b");
	assert_non_null(decision.sides[DIRECTION_INGRESS].rule);
	evaluator_connection(stage.evaluator, &web, NULL, &api, IPPROTO_TCP, 81, &decision);
	assert_int_equal(decision.answer, ANSWER_UNKNOWN);
	assert_true(decision.sides[DIRECTION_INGRESS].isolated);
	assert_string_equal(decision.sides[DIRECTION_INGRESS].policy->name, "b");
	assert_null(decision.sides[DIRECTION_INGRESS].rule);
	stage_close(&stage);
}

/* A name may be any port of its protocol. */
static void test_ports(void **state)
{
	struct stage stage = read_cluster(
	    CLUSTER POLICY("shop", "in",
			   "podSelector: {}, ingress: [{ports: [{port: http}, {port: 443}, "
			   "{port: 53, protocol: UDP}]}]"));

	(void)state;
	stage_pod(&stage, "api")->ports_known = false;
	evaluate(&stage);
	check(&stage, at("1.2.3.4"), pod(&stage, "api"), "TCP 443, UDP 53 / TCP 1-65535, UDP 53");
	check(&stage, at("1.2.3.4"), pod(&stage, "web"), "TCP 443, TCP 8080, UDP 53");
	stage_close(&stage);
}

#define DENY_ALL POLICY("shop", "none", "podSelector: {}, policyTypes: [Ingress, Egress]")

static void check_selects(const char *selector, const char *namespace, enum match expected)
{
	char text[4000];
	struct stage stage;

	snprintf(text, sizeof(text), CLUSTER POLICY("%s", "p", "podSelector: {%s}"), namespace,
		 selector);
	stage = read_cluster(text);
	stage_pod(&stage, "api")->labels = NULL;
	stage_pod(&stage, "guest")->namespace = SCENE_NONE;
	evaluate(&stage);
	assert_int_equal(evaluator_selects(stage.evaluator, 0), expected);
	stage_close(&stage);
}

static void test_who_is_selected(void **state)
{
	(void)state;
	check_selects("", "shop", MATCH_YES);
	check_selects("matchLabels: {app: web}", "shop", MATCH_YES);
	check_selects("matchLabels: {app: wep}", "shop", MATCH_MAYBE);
	check_selects("matchLabels: {app: web}", "elsewhere", MATCH_NO);
	check_selects("matchLabels: {app: web}", "other", MATCH_NO);
	check_selects("matchLabels: {app: proxy}", "other", MATCH_NO);
}

/* Two containers with one name: which of the ports it is, plugins do not agree upon. */
static void test_port_name_of_two(void **state)
{
	struct stage stage = stage_open(
	    NAMESPACE("shop", "a: b")
		POD("shop", "two", "app: two",
		    "containers: [{ports: [{name: http, containerPort: 80}, {name: adm, "
		    "containerPort: 9}]}, {ports: [{name: http, containerPort: 81}]}]")
		    POD("shop", "same", "app: same",
			"containers: [{ports: [{name: http, containerPort: 80}]}, {ports: [{name: "
			"http, containerPort: 80}, {name: http, protocol: UDP, containerPort: "
			"81}]}]")
			POLICY("shop", "in",
			       "podSelector: {}, ingress: [{ports: [{port: http}, {port: http, "
			       "protocol: UDP}, {port: adm}]}, {ports: [{port: 81}]}]"));

	(void)state;
	check(&stage, at("10.0.0.1"), pod(&stage, "two"), "TCP 9, TCP 81 / TCP 9, TCP 80-81");
	check(&stage, at("10.0.0.1"), pod(&stage, "same"), "TCP 80-81, UDP 81");
	stage_close(&stage);
}

static void test_own_node(void **state)
{
	struct stage stage = read_cluster(CLUSTER DENY_ALL);

	(void)state;
	evaluate(&stage);
	check(&stage, node(&stage, "n1"), pod(&stage, "web"), "all");
	check(&stage, pod(&stage, "web"), node(&stage, "n1"), "all");
	check(&stage, node(&stage, "n2"), pod(&stage, "web"), "");
	check(&stage, pod(&stage, "web"), node(&stage, "n2"), "");
	check(&stage, node(&stage, NULL), pod(&stage, "web"), " / all");
	check(&stage, pod(&stage, "proxy"), pod(&stage, "web"), "all");
	check(&stage, pod(&stage, "web"), pod(&stage, "proxy"), "all");
	check(&stage, pod(&stage, "proxy"), node(&stage, "n2"), "all");
	check(&stage, pod(&stage, "web"), pod(&stage, "api"), "");
	assert_int_equal(ask(&stage, node(&stage, "n1"), pod(&stage, "web"), IPPROTO_ICMP, 0),
			 ANSWER_ALLOWED);
	assert_int_equal(ask(&stage, node(&stage, "n2"), pod(&stage, "web"), IPPROTO_ICMP, 0),
			 ANSWER_UNDEFINED);
	assert_int_equal(ask(&stage, node(&stage, NULL), pod(&stage, "web"), IPPROTO_ICMP, 0),
			 ANSWER_UNKNOWN);
	stage_close(&stage);
}

static void test_node_of_a_pod(void **state)
{
	struct stage stage = read_cluster(CLUSTER DENY_ALL);

	(void)state;
	stage_pod(&stage, "web")->node = SCENE_NONE;
	evaluate(&stage);
	check(&stage, node(&stage, "n1"), pod(&stage, "web"), " / all");
	check(&stage, pod(&stage, "web"), pod(&stage, "proxy"), " / all");
	check(&stage, pod(&stage, "web"), at("10.9.0.1"), "");
	stage_close(&stage);
}

/* What has its node's network is no pod to a policy. */
static void test_no_selector_finds_a_host(void **state)
{
	struct stage stage = read_cluster(
	    CLUSTER POLICY("other", "none", "podSelector: {}, policyTypes: [Ingress, Egress]")
		POLICY("shop", "in",
		       "podSelector: {matchLabels: {app: web}}, ingress: [{from: "
		       "[{namespaceSelector: {}}], ports: [{port: 1}]}, {from: [{ipBlock: "
		       "{cidr: 10.9.0.0/31}}], ports: [{port: 80}]}]"));

	(void)state;
	stage_pod(&stage, "proxy")->node = 1;
	evaluate(&stage);
	assert_string_equal(stage.scene->nodes[1].name, "n2");
	check(&stage, pod(&stage, "proxy"), pod(&stage, "api"), "all");
	check(&stage, pod(&stage, "api"), pod(&stage, "proxy"), "all");
	check(&stage, pod(&stage, "proxy"), pod(&stage, "web"), "");
	check(&stage, pod(&stage, "guest"), pod(&stage, "web"), "");
	stage_close(&stage);
}

/* Any of a node's addresses, those that it used, or none that is known. */
static void test_addresses_of_a_node(void **state)
{
	struct stage stage =
	    read_cluster(CLUSTER POLICY("shop", "in",
					"podSelector: {matchLabels: {app: web}}, ingress: [{from: "
					"[{ipBlock: {cidr: 10.9.0.2/32}}], ports: [{port: 80}]}]"));
	struct party seen;
	struct addr both[2];

	(void)state;
	assert_int_equal(addr_parse("10.9.0.2", &both[0]), 0);
	assert_int_equal(addr_parse("10.9.7.2", &both[1]), 0);
	evaluate(&stage);
	check(&stage, node(&stage, "n2"), pod(&stage, "web"), "TCP 80");
	evaluator_free(stage.evaluator);
	stage.scene->nodes[1].addresses = both;
	stage.scene->nodes[1].address_count = 2;
	evaluate(&stage);
	check(&stage, node(&stage, "n2"), pod(&stage, "web"), " / TCP 80");
	seen = node(&stage, "n2");
	seen.range = (struct addr_range){both[0], both[0]};
	check(&stage, seen, pod(&stage, "web"), "TCP 80");
	seen.range = (struct addr_range){both[1], both[1]};
	check(&stage, seen, pod(&stage, "web"), "");
	evaluator_free(stage.evaluator);
	stage.scene->nodes[1].address_count = 0;
	evaluate(&stage);
	check(&stage, node(&stage, "n2"), pod(&stage, "web"), " / TCP 80");
	stage_close(&stage);
}

/* A pod of which nothing is known at all. */
static void test_nothing_known(void **state)
{
	struct stage stage =
	    read_cluster(CLUSTER POLICY("shop", "none",
					"podSelector: {matchLabels: {app: web}}, ingress: [{from: "
					"[{namespaceSelector: {}}], ports: [{port: 80}]}, {from: "
					"[{podSelector: {}}]}]"));

	(void)state;
	*stage_pod(&stage, "guest") =
	    (struct scene_pod){.namespace = SCENE_NONE, .node = SCENE_NONE};
	evaluate(&stage);
	check(&stage, pod(&stage, "guest"), pod(&stage, "web"), "TCP 80 / all");
	check(&stage, pod(&stage, "guest"), pod(&stage, "api"), "all");
	check(&stage, pod(&stage, "api"), pod(&stage, "guest"), "all");
	check(&stage, at("10.0.0.1"), pod(&stage, "guest"), " / all");
	stage_close(&stage);
}

/* ---- reasons ---- */

static void put_reason(void *context, enum direction direction, const struct netpol *policy,
		       const struct netpol_rule *rule, const struct port_set *ports, bool is_sure)
{
	struct buf *text = context;

	buf_printf(text, "%s %s%s", direction == DIRECTION_INGRESS ? "in" : "out", policy->name,
		   is_sure ? "" : "?");
	if (rule) {
		buf_puts(text, ": ");
		put_set(text, ports);
	}
	buf_puts(text, "\n");
}

static void check_reasons(const struct stage *stage, struct party from, struct party to,
			  const char *expected)
{
	struct buf text = {0};

	assert_int_equal(evaluator_explain(stage->evaluator, &from, &to, put_reason, &text), 0);
	assert_string_equal(text.data ? text.data : "", expected);
	buf_clear(&text);
}

static void test_reasons(void **state)
{
	struct stage stage = read_cluster(
	    CLUSTER POLICY("shop", "a",
			   "podSelector: {matchLabels: {app: api}}, ingress: [{from: "
			   "[{podSelector: {matchLabels: {app: web}}}], ports: [{port: http}, "
			   "{port: 443}]}, {from: [{podSelector: {matchLabels: {app: x}}}]}]")
		POLICY("shop", "b",
		       "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: "
		       "10.0.0.0/8}}]}]")
		    POLICY("shop", "c",
			   "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], "
			   "egress: [{}]"));

	(void)state;
	evaluate(&stage);
	check_reasons(&stage, pod(&stage, "web"), pod(&stage, "api"),
		      "out c\nout c: all\nin a\nin a: TCP 80, TCP 443\nin b\n");
	check_reasons(&stage, range("10.0.0.0", "10.0.0.7"), pod(&stage, "api"),
		      "in a\nin b\nin b: all\n");
	check_reasons(&stage, range("10.0.0.0", "11.0.0.0"), pod(&stage, "api"),
		      "in a\nin b\nin b?: all\n");
	check_reasons(&stage, pod(&stage, "guest"), at("10.0.0.1"), "");
	check_reasons(&stage, node(&stage, "n1"), pod(&stage, "api"), "");
	check_reasons(&stage, pod(&stage, "api"), pod(&stage, "api"), "");
	evaluator_free(stage.evaluator);
	stage_pod(&stage, "api")->labels = NULL;
	stage_pod(&stage, "api")->ports_known = false;
	evaluate(&stage);
	check_reasons(&stage, pod(&stage, "web"), pod(&stage, "api"),
		      "out c\nout c: all\nin a?\nin a?: TCP 1-65535\nin b\n");
	stage_close(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_labels_of_a_peer),
	    cmocka_unit_test(test_labels_of_controllers),
	    cmocka_unit_test(test_namespace_of_a_peer),
	    cmocka_unit_test(test_labels_of_a_namespace),
	    cmocka_unit_test(test_labels_of_the_subject),
	    cmocka_unit_test(test_some_select_surely),
	    cmocka_unit_test(test_namespace_of_the_subject),
	    cmocka_unit_test(test_ports),
	    cmocka_unit_test(test_who_is_selected),
	    cmocka_unit_test(test_port_name_of_two),
	    cmocka_unit_test(test_own_node),
	    cmocka_unit_test(test_node_of_a_pod),
	    cmocka_unit_test(test_no_selector_finds_a_host),
	    cmocka_unit_test(test_addresses_of_a_node),
	    cmocka_unit_test(test_nothing_known),
	    cmocka_unit_test(test_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
