/* What policies allow, where everything is known. */
#include "tests/unit/policy/stage.h"

#define CLUSTER                                                                                    \
	NAMESPACE("shop", "team: shop")                                                            \
	NAMESPACE("other", "team: other")                                                          \
	POD("shop", "web", "app: web, tier: front",                                                \
	    "containers: [{ports: [{name: http, containerPort: 8080}, {name: dns, protocol: UDP, " \
	    "containerPort: 5353}]}]")                                                             \
	POD("shop", "api", "app: api", "containers: [{ports: [{name: http, containerPort: 80}]}]") \
	POD("shop", "db", "app: db", "containers: [{}]")                                           \
	POD("other", "guest", "app: web", "containers: [{}]")

static void test_without_policies(void **state)
{
	struct stage stage = stage_open(CLUSTER);

	(void)state;
	check(&stage, pod(&stage, "web"), pod(&stage, "api"), "all");
	check(&stage, pod(&stage, "web"), at("10.0.0.1"), "all");
	check(&stage, range("0.0.0.0", "255.255.255.255"), pod(&stage, "web"), "all");
	check(&stage, at("10.0.0.1"), at("10.0.0.2"), "all");
	stage_close(&stage);
}

static void test_isolation_by_direction(void **state)
{
	struct stage stage = stage_open(CLUSTER POLICY("shop", "in",
						       "podSelector: {matchLabels: {app: api}}, "
						       "policyTypes: [Ingress]")
					    POLICY("shop", "out",
						   "podSelector: {matchLabels: {app: db}}, "
						   "policyTypes: [Egress]"));

	(void)state;
	check(&stage, pod(&stage, "web"), pod(&stage, "api"), "");
	check(&stage, pod(&stage, "api"), pod(&stage, "web"), "all");
	check(&stage, pod(&stage, "db"), pod(&stage, "web"), "");
	check(&stage, pod(&stage, "web"), pod(&stage, "db"), "all");
	check(&stage, pod(&stage, "db"), at("1.1.1.1"), "");
	check(&stage, at("::1"), pod(&stage, "api"), "");
	stage_close(&stage);
}

static void test_empty_and_absent(void **state)
{
	struct stage stage = stage_open(
	    CLUSTER POLICY("shop", "none", "podSelector: {matchLabels: {app: api}}, ingress: []")
		POLICY("shop", "any", "podSelector: {matchLabels: {app: db}}, ingress: [{}]")
		    POLICY("shop", "pods",
			   "podSelector: {matchLabels: {app: web}}, ingress: [{from: "
			   "[{podSelector: {}}]}]"));

	(void)state;
	check(&stage, pod(&stage, "web"), pod(&stage, "api"), "");
	check(&stage, pod(&stage, "guest"), pod(&stage, "db"), "all");
	check(&stage, at("2001:db8::1"), pod(&stage, "db"), "all");
	check(&stage, pod(&stage, "api"), pod(&stage, "web"), "all");
	check(&stage, pod(&stage, "guest"), pod(&stage, "web"), "");
	check(&stage, at("10.0.0.1"), pod(&stage, "web"), "");
	stage_close(&stage);
}

/* Rules of several policies add up; both ends must let it through. */
static void test_additive(void **state)
{
	struct stage stage = stage_open(
	    CLUSTER POLICY("shop", "a",
			   "podSelector: {matchLabels: {app: api}}, ingress: [{from: "
			   "[{podSelector: {matchLabels: {app: web}}}], ports: [{port: 80}]}]")
		POLICY("shop", "b",
		       "podSelector: {}, policyTypes: [Ingress], ingress: [{ports: "
		       "[{port: 81, endPort: 90}, {port: 53, protocol: UDP}]}]")
		    POLICY("shop", "c",
			   "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], "
			   "egress: [{to: [{podSelector: {matchExpressions: [{key: app, "
			   "operator: In, values: [api, db]}]}}], ports: [{port: 85, endPort: "
			   "443}]}, {ports: [{port: 80}]}]"));

	(void)state;
	check(&stage, pod(&stage, "web"), pod(&stage, "api"), "TCP 80, TCP 85-90");
	check(&stage, pod(&stage, "db"), pod(&stage, "api"), "TCP 81-90, UDP 53");
	check(&stage, pod(&stage, "web"), pod(&stage, "db"), "TCP 85-90");
	check(&stage, pod(&stage, "web"), pod(&stage, "guest"), "TCP 80");
	stage_close(&stage);
}

static void test_namespaces(void **state)
{
	struct stage stage =
	    stage_open(CLUSTER POLICY("shop", "all",
				      "podSelector: {matchLabels: {app: api}}, ingress: [{from: "
				      "[{namespaceSelector: {}}]}]")
			   POLICY("shop", "both",
				  "podSelector: {matchLabels: {app: db}}, ingress: [{from: "
				  "[{namespaceSelector: {matchLabels: {team: other}}, podSelector: "
				  "{matchLabels: {app: web}}}]}]")
			       POLICY("shop", "name",
				      "podSelector: {matchLabels: {app: web}}, ingress: [{from: "
				      "[{namespaceSelector: {matchLabels: "
				      "{kubernetes.io/metadata.name: other}}}]}]"));

	(void)state;
	check(&stage, pod(&stage, "guest"), pod(&stage, "api"), "all");
	check(&stage, pod(&stage, "db"), pod(&stage, "api"), "all");
	check(&stage, at("10.0.0.1"), pod(&stage, "api"), "");
	check(&stage, pod(&stage, "guest"), pod(&stage, "db"), "all");
	check(&stage, pod(&stage, "web"), pod(&stage, "db"), "");
	check(&stage, pod(&stage, "guest"), pod(&stage, "web"), "all");
	check(&stage, pod(&stage, "api"), pod(&stage, "web"), "");
	stage_close(&stage);
}

static void test_namespaces_by_values(void **state)
{
	struct stage stage = stage_open(
	    CLUSTER POLICY("shop", "listed",
			   "podSelector: {matchLabels: {app: api}}, ingress: [{from: "
			   "[{namespaceSelector: {matchExpressions: [{key: team, operator: In, "
			   "values: [nobody, other, other]}]}}]}]")
		POLICY(
		    "shop", "both",
		    "podSelector: {matchLabels: {app: db}}, ingress: [{from: "
		    "[{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, "
		    "operator: In, values: [shop, other, none]}, {key: team, operator: NotIn, "
		    "values: [other]}]}}]}]")
		    POLICY("shop", "none",
			   "podSelector: {matchLabels: {app: web}}, ingress: [{from: "
			   "[{namespaceSelector: {matchLabels: {team: nobody}}}]}]"));

	(void)state;
	check(&stage, pod(&stage, "guest"), pod(&stage, "api"), "all");
	check(&stage, pod(&stage, "db"), pod(&stage, "api"), "");
	check(&stage, pod(&stage, "web"), pod(&stage, "db"), "all");
	check(&stage, pod(&stage, "guest"), pod(&stage, "db"), "");
	check(&stage, pod(&stage, "guest"), pod(&stage, "web"), "");
	check(&stage, pod(&stage, "api"), pod(&stage, "web"), "");
	stage_close(&stage);
}

/* What the object says of the name label is not what the API server makes of it. */
static void test_implied_name(void **state)
{
	struct stage stage = stage_open(
	    NAMESPACE("shop", "kubernetes.io/metadata.name: liar")
		POD("shop", "web", "app: web", "") POD("shop", "api", "app: api", "")
		    POLICY("shop", "name",
			   "podSelector: {matchLabels: {app: web}}, ingress: [{from: "
			   "[{namespaceSelector: {matchLabels: "
			   "{kubernetes.io/metadata.name: shop}}}], ports: [{port: 1}]}, "
			   "{from: [{namespaceSelector: {matchLabels: "
			   "{kubernetes.io/metadata.name: liar}}}], ports: [{port: 3}]}]"));

	(void)state;
	check(&stage, pod(&stage, "api"), pod(&stage, "web"), "TCP 1");
	stage_close(&stage);
}

static void test_blocks(void **state)
{
	struct stage stage =
	    stage_open(CLUSTER POLICY(
		"shop", "out",
		"podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: "
		"[{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.0.0/16]}}], ports: "
		"[{port: 80}]}, {to: [{ipBlock: {cidr: 10.1.2.0/24}}], ports: [{port: 443}]}, "
		"{to: [{ipBlock: {cidr: \"2001:db8::/32\", except: [\"2001:db8::/33\"]}}]}]")
			   POLICY("shop", "in",
				  "podSelector: {matchLabels: {app: api}}, ingress: [{from: "
				  "[{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 1}]}, {from: "
				  "[{ipBlock: {cidr: \"::/0\"}}], ports: [{port: 3}]}]"));

	(void)state;
	check(&stage, pod(&stage, "web"), at("10.0.255.255"), "TCP 80");
	check(&stage, pod(&stage, "web"), at("10.1.0.0"), "");
	check(&stage, pod(&stage, "web"), at("10.1.2.3"), "TCP 443");
	check(&stage, pod(&stage, "web"), at("10.1.3.0"), "");
	check(&stage, pod(&stage, "web"), at("10.2.255.255"), "");
	check(&stage, pod(&stage, "web"), at("10.255.255.255"), "TCP 80");
	check(&stage, pod(&stage, "web"), at("11.0.0.0"), "");
	check(&stage, pod(&stage, "web"), at("9.255.255.255"), "");
	check(&stage, pod(&stage, "web"), at("2001:db8:8000::"), "all");
	check(&stage, pod(&stage, "web"), at("2001:db8:7fff::"), "");
	check(&stage, pod(&stage, "web"), at("2001:db9::"), "");
	check(&stage, at("0.0.0.0"), pod(&stage, "api"), "TCP 1");
	check(&stage, at("255.255.255.255"), pod(&stage, "api"), "TCP 1");
	check(&stage, at("::"), pod(&stage, "api"), "TCP 3");
	check(&stage, at("::ffff:10.0.0.1"), pod(&stage, "api"), "TCP 3");
	check(&stage, pod(&stage, "db"), pod(&stage, "api"), "");
	stage_close(&stage);
}

/* One within the other, twice the same, all of it. */
static void test_excepts(void **state)
{
	struct stage stage = stage_open(
	    CLUSTER POLICY("shop", "out",
			   "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: "
			   "[{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.1.0/24, 10.1.0.0/16, "
			   "10.1.1.0/24, 10.1.0.0/17, 10.3.0.0/16]}}], ports: [{port: 80}]}, {to: "
			   "[{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/9, 10.128.0.0/9]}}], "
			   "ports: [{port: 81}]}, {to: [{ipBlock: {cidr: 0.0.0.0/0, except: "
			   "[128.0.0.0/1]}}], ports: [{port: 83}]}]"));

	(void)state;
	check(&stage, pod(&stage, "web"), at("10.0.255.255"), "TCP 80, TCP 83");
	check(&stage, pod(&stage, "web"), at("10.1.0.0"), "TCP 83");
	check(&stage, pod(&stage, "web"), at("10.1.1.1"), "TCP 83");
	check(&stage, pod(&stage, "web"), at("10.1.2.0"), "TCP 83");
	check(&stage, pod(&stage, "web"), at("10.1.255.255"), "TCP 83");
	check(&stage, pod(&stage, "web"), at("10.2.0.0"), "TCP 80, TCP 83");
	check(&stage, pod(&stage, "web"), at("10.3.0.0"), "TCP 83");
	check(&stage, pod(&stage, "web"), at("10.4.0.0"), "TCP 80, TCP 83");
	check(&stage, pod(&stage, "web"), at("127.255.255.255"), "TCP 83");
	check(&stage, pod(&stage, "web"), at("128.0.0.0"), "");
	stage_close(&stage);
}

/* A range of several blocks: sure is what all of it may do, possible what any of it may. */
static void test_ranges(void **state)
{
	struct stage stage = stage_open(CLUSTER POLICY(
	    "shop", "in",
	    "podSelector: {matchLabels: {app: api}}, ingress: [{from: [{ipBlock: {cidr: "
	    "10.0.0.0/9}}], ports: [{port: 80}]}, {from: [{ipBlock: {cidr: 10.128.0.0/9}}], "
	    "ports: [{port: 80}, {port: 443}]}]"));
	static const char *const expected[][2] = {
	    {"0.0.0.0", "9.255.255.255"},
	    {"10.0.0.0", "10.127.255.255"},
	    {"10.128.0.0", "10.255.255.255"},
	    {"11.0.0.0", "255.255.255.255"},
	    {"::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};
	const struct addr_range *ranges;
	size_t count;

	(void)state;
	ranges = evaluator_ranges(stage.evaluator, &count);
	assert_int_equal(count, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < count; i++) {
		char text[ADDR_TEXT_MAX];

		assert_string_equal(addr_format(ranges[i].first, text), expected[i][0]);
		assert_string_equal(addr_format(ranges[i].last, text), expected[i][1]);
	}
	check(&stage, range("10.0.0.0", "10.255.255.255"), pod(&stage, "api"),
	      "TCP 80 / TCP 80, TCP 443");
	check(&stage, range("10.200.0.0", "11.0.0.0"), pod(&stage, "api"), " / TCP 80, TCP 443");
	check(&stage, range("10.130.0.0", "10.131.0.0"), pod(&stage, "api"), "TCP 80, TCP 443");
	check(&stage, range("11.0.0.0", "12.0.0.0"), pod(&stage, "api"), "");
	stage_close(&stage);
}

/* The same words mean others in another policy's namespace; and a namespace's are not a pod's. */
static void test_equal_peers(void **state)
{
	struct stage stage = stage_open(
	    CLUSTER POD("other", "web2", "app: api", "containers: [{}]")
		POLICY("shop", "in",
		       "podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: "
		       "{matchLabels: {app: web}}}], ports: [{port: 1}]}, {from: [{podSelector: "
		       "{}, namespaceSelector: {matchLabels: {team: other}}}, {podSelector: "
		       "{matchLabels: {app: web}}}], ports: [{port: 2}]}]")
		    POLICY("other", "in",
			   "podSelector: {matchLabels: {app: api}}, ingress: [{from: "
			   "[{podSelector: {matchLabels: {app: web}}}], ports: [{port: 3}]}]"));

	(void)state;
	check(&stage, pod(&stage, "web"), pod(&stage, "db"), "TCP 1-2");
	check(&stage, pod(&stage, "api"), pod(&stage, "db"), "");
	check(&stage, pod(&stage, "guest"), pod(&stage, "db"), "TCP 2");
	check(&stage, pod(&stage, "guest"), pod(&stage, "web2"), "TCP 3");
	check(&stage, pod(&stage, "web"), pod(&stage, "web2"), "");
	stage_close(&stage);
}

static void test_named_ports(void **state)
{
	struct stage stage = stage_open(
	    CLUSTER POLICY("shop", "in",
			   "podSelector: {}, ingress: [{ports: [{port: http}, {port: dns, "
			   "protocol: UDP}, {port: dns}]}]")
		POLICY("other", "out",
		       "podSelector: {}, policyTypes: [Egress], egress: [{ports: "
		       "[{port: http}, {port: 443}]}]"));

	(void)state;
	check(&stage, at("10.0.0.1"), pod(&stage, "web"), "TCP 8080, UDP 5353");
	check(&stage, at("10.0.0.1"), pod(&stage, "api"), "TCP 80");
	check(&stage, at("10.0.0.1"), pod(&stage, "db"), "");
	check(&stage, pod(&stage, "guest"), pod(&stage, "web"), "TCP 8080");
	check(&stage, pod(&stage, "guest"), at("10.0.0.1"), "TCP 443");
	stage_close(&stage);
}

static void test_itself(void **state)
{
	struct stage stage = stage_open(
	    CLUSTER POLICY("shop", "none", "podSelector: {}, policyTypes: [Ingress, Egress]"));

	(void)state;
	check(&stage, pod(&stage, "web"), pod(&stage, "web"), "all");
	check(&stage, pod(&stage, "web"), pod(&stage, "api"), "");
	assert_int_equal(ask(&stage, pod(&stage, "web"), pod(&stage, "web"), IPPROTO_ICMP, 0),
			 ANSWER_ALLOWED);
	stage_close(&stage);
}

/* A policy without the type has rules of no effect; one of another namespace is not for them. */
static void test_void_rules(void **state)
{
	struct stage stage = stage_open(
	    CLUSTER POLICY("shop", "void",
			   "podSelector: {}, policyTypes: [Ingress], egress: [{ports: "
			   "[{port: 1}]}], ingress: [{ports: [{port: 3}]}]")
		POLICY("empty", "none", "podSelector: {}, policyTypes: [Ingress, Egress]"));

	(void)state;
	check(&stage, pod(&stage, "web"), pod(&stage, "guest"), "all");
	check(&stage, pod(&stage, "guest"), pod(&stage, "web"), "TCP 3");
	stage_close(&stage);
}

static void test_protocols_without_ports(void **state)
{
	struct stage stage =
	    stage_open(CLUSTER POLICY("shop", "ports",
				      "podSelector: {matchLabels: {app: api}}, ingress: [{ports: "
				      "[{port: 80}]}]")
			   POLICY("shop", "whatever",
				  "podSelector: {matchLabels: {app: db}}, ingress: [{from: "
				  "[{podSelector: {matchLabels: {app: api}}}]}]")
			       POLICY("other", "none", "podSelector: {}, policyTypes: [Egress]"));

	(void)state;
	assert_int_equal(ask(&stage, pod(&stage, "db"), pod(&stage, "web"), IPPROTO_ICMP, 0),
			 ANSWER_ALLOWED);
	assert_int_equal(ask(&stage, pod(&stage, "web"), pod(&stage, "api"), IPPROTO_ICMP, 0),
			 ANSWER_UNDEFINED);
	assert_int_equal(ask(&stage, pod(&stage, "api"), pod(&stage, "db"), IPPROTO_ICMP, 0),
			 ANSWER_ALLOWED);
	assert_int_equal(ask(&stage, pod(&stage, "web"), pod(&stage, "db"), IPPROTO_ICMP, 0),
			 ANSWER_UNDEFINED);
	assert_int_equal(ask(&stage, pod(&stage, "guest"), pod(&stage, "web"), IPPROTO_GRE, 0),
			 ANSWER_UNDEFINED);
	stage_close(&stage);
}

static void check_side(const struct side *side, enum answer answer, bool isolated,
		       const char *policy, unsigned line)
{
	assert_int_equal(side->answer, answer);
	assert_int_equal(side->isolated, isolated);
	if (policy)
		assert_string_equal(side->policy->name, policy);
	else
		assert_null(side->policy);
	if (line)
		assert_int_equal(side->rule->line, line);
	else
		assert_null(side->rule);
}

static void test_who_decided(void **state)
{
	struct stage stage =
	    stage_open(CLUSTER "---\n"
			       "apiVersion: networking.k8s.io/v1\n"
			       "kind: NetworkPolicy\n"
			       "metadata: {namespace: shop, name: b}\n"
			       "spec:\n"
			       "  podSelector: {matchLabels: {app: api}}\n"
			       "  ingress:\n"
			       "  - ports: [{port: 1}]\n"
			       "  - ports: [{port: 80}]\n" POLICY(
				   "shop", "a", "podSelector: {matchLabels: {app: api}}")
				   POLICY("shop", "c",
					  "podSelector: {matchLabels: {app: web}}, "
					  "policyTypes: [Egress], egress: [{}]"));
	unsigned line = stage.manifest->policies[1].rules[DIRECTION_INGRESS][1].line;
	struct party web = pod(&stage, "web"), api = pod(&stage, "api");
	struct decision decision;

	(void)state;
	evaluator_connection(stage.evaluator, &web, NULL, &api, IPPROTO_TCP, 80, &decision);
	assert_int_equal(decision.answer, ANSWER_ALLOWED);
	check_side(&decision.sides[DIRECTION_INGRESS], ANSWER_ALLOWED, true, "b", line);
	check_side(&decision.sides[DIRECTION_EGRESS], ANSWER_ALLOWED, true, "c",
		   stage.manifest->policies[2].rules[DIRECTION_EGRESS][0].line);
	evaluator_connection(stage.evaluator, &web, NULL, &api, IPPROTO_TCP, 81, &decision);
	assert_int_equal(decision.answer, ANSWER_DENIED);
	check_side(&decision.sides[DIRECTION_INGRESS], ANSWER_DENIED, true, "a", 0);
	evaluator_connection(stage.evaluator, &api, NULL, &web, IPPROTO_TCP, 81, &decision);
	assert_int_equal(decision.answer, ANSWER_ALLOWED);
	check_side(&decision.sides[DIRECTION_INGRESS], ANSWER_ALLOWED, false, NULL, 0);
	check_side(&decision.sides[DIRECTION_EGRESS], ANSWER_ALLOWED, false, NULL, 0);
	evaluator_connection(stage.evaluator, &api, NULL, &api, IPPROTO_TCP, 81, &decision);
	check_side(&decision.sides[DIRECTION_INGRESS], ANSWER_ALLOWED, true, NULL, 0);
	stage_close(&stage);
}

/* The destination's side judges whom it sees. */
static void test_seen_as(void **state)
{
	struct stage stage =
	    stage_open(CLUSTER POLICY("shop", "in",
				      "podSelector: {matchLabels: {app: api}}, ingress: [{from: "
				      "[{ipBlock: {cidr: 10.0.0.0/8}}]}]")
			   POLICY("shop", "out",
				  "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], "
				  "egress: [{to: [{podSelector: {matchLabels: {app: api}}}]}]"));
	struct party web = pod(&stage, "web"), api = pod(&stage, "api"), seen = at("10.0.0.1");
	struct decision decision;

	(void)state;
	evaluator_connection(stage.evaluator, &web, NULL, &api, IPPROTO_TCP, 80, &decision);
	assert_int_equal(decision.answer, ANSWER_DENIED);
	evaluator_connection(stage.evaluator, &web, &seen, &api, IPPROTO_TCP, 80, &decision);
	assert_int_equal(decision.answer, ANSWER_ALLOWED);
	evaluator_connection(stage.evaluator, &api, &seen, &api, IPPROTO_TCP, 80, &decision);
	assert_int_equal(decision.answer, ANSWER_ALLOWED);
	stage_close(&stage);
}

/* With the option a pod is where its addresses are; all of them, to be sure. */
static void test_blocks_of_pods(void **state)
{
	static const char text[] =
	    CLUSTER POLICY("shop", "out",
			   "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], "
			   "egress: [{to: [{ipBlock: {cidr: 10.1.0.0/16}}], ports: [{port: "
			   "80}]}, {to: [{ipBlock: {cidr: \"fd00::/16\"}}], ports: [{port: "
			   "80}, {port: 443}]}]");
	struct stage stage = stage_read(text, (struct scene_inventory_options){0});
	struct addr addresses[2];

	(void)state;
	assert_int_equal(addr_parse("10.1.0.9", &addresses[0]), 0);
	assert_int_equal(addr_parse("fd00::9", &addresses[1]), 0);
	stage_pod(&stage, "api")->addresses = addresses;
	stage_pod(&stage, "api")->address_count = 1;
	stage_pod(&stage, "db")->addresses = addresses;
	stage_pod(&stage, "db")->address_count = 2;
	stage_evaluate(&stage, (struct evaluator_options){.ipblock_pods = true});
	check(&stage, pod(&stage, "web"), pod(&stage, "api"), "TCP 80");
	check(&stage, pod(&stage, "web"), pod(&stage, "db"), "TCP 80 / TCP 80, TCP 443");
	check(&stage, pod(&stage, "web"), pod(&stage, "guest"), " / TCP 80, TCP 443");
	evaluator_free(stage.evaluator);
	stage_evaluate(&stage, (struct evaluator_options){0});
	check(&stage, pod(&stage, "web"), pod(&stage, "api"), "");
	stage_close(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_without_policies),
	    cmocka_unit_test(test_isolation_by_direction),
	    cmocka_unit_test(test_empty_and_absent),
	    cmocka_unit_test(test_additive),
	    cmocka_unit_test(test_namespaces),
	    cmocka_unit_test(test_namespaces_by_values),
	    cmocka_unit_test(test_implied_name),
	    cmocka_unit_test(test_blocks),
	    cmocka_unit_test(test_excepts),
	    cmocka_unit_test(test_ranges),
	    cmocka_unit_test(test_equal_peers),
	    cmocka_unit_test(test_named_ports),
	    cmocka_unit_test(test_itself),
	    cmocka_unit_test(test_void_rules),
	    cmocka_unit_test(test_protocols_without_ports),
	    cmocka_unit_test(test_who_decided),
	    cmocka_unit_test(test_seen_as),
	    cmocka_unit_test(test_blocks_of_pods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
