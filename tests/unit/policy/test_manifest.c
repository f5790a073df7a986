/* What a NetworkPolicy says, as the API server would take it. */
#include "tests/unit/policy/manifest_fixture.h"

static void test_everything_at_once(void **state)
{
	struct manifest *manifest = read_spec(
	    "  podSelector: {matchLabels: {app: web, 'a.b/c': ''}}\n"
	    "  policyTypes: [Ingress, Egress]\n"
	    "  ingress:\n"
	    "  - from:\n"
	    "    - podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [x, z]}]}\n"
	    "      namespaceSelector: {matchExpressions: [{key: t, operator: Exists}]}\n"
	    "    - ipBlock: {cidr: 10.1.2.3/8, except: [10.1.0.0/16, 10.2.0.0/16]}\n"
	    "    - ipBlock: {cidr: 'fd00::/8'}\n"
	    "    ports:\n"
	    "    - {port: 80}\n"
	    "    - {port: 8000, endPort: 8080, protocol: UDP}\n"
	    "    - {port: http}\n"
	    "    - {protocol: SCTP}\n"
	    "  egress:\n"
	    "  - {}\n"
	    "  - to: [{namespaceSelector: {}}]\n");
	const struct netpol *policy = &manifest->policies[0];
	const struct netpol_rule *rule = &policy->rules[DIRECTION_INGRESS][0];
	char text[PREFIX_TEXT_MAX];

	(void)state;
	assert_string_equal(policy->namespace, "shop");
	assert_string_equal(policy->name, "p");
	assert_string_equal(policy->file, "f");
	assert_int_equal(policy->line, 1);
	assert_true(policy->isolates[DIRECTION_INGRESS] && policy->isolates[DIRECTION_EGRESS]);
	assert_int_equal(policy->pods.count, 2);
	assert_string_equal(policy->pods.items[1].key, "a.b/c");
	assert_int_equal(policy->pods.items[1].operator, REQUIREMENT_IN);
	assert_string_equal(policy->pods.items[1].values[0], "");

	assert_int_equal(policy->rule_count[DIRECTION_INGRESS], 1);
	assert_int_equal(rule->line, 8);
	assert_int_equal(rule->peer_count, 3);
	assert_true(rule->peers[0].has_pods && rule->peers[0].has_namespaces);
	assert_int_equal(rule->peers[0].pods.items[0].operator, REQUIREMENT_NOT_IN);
	assert_int_equal(rule->peers[0].pods.items[0].value_count, 2);
	assert_int_equal(rule->peers[0].namespaces.items[0].operator, REQUIREMENT_EXISTS);
	assert_true(rule->peers[1].has_block && !rule->peers[1].has_pods);
	assert_string_equal(prefix_format(rule->peers[1].block, text), "10.0.0.0/8");
	assert_int_equal(rule->peers[1].except_count, 2);
	assert_string_equal(prefix_format(rule->peers[1].except[1], text), "10.2.0.0/16");
	assert_string_equal(prefix_format(rule->peers[2].block, text), "fd00::/8");

	assert_int_equal(rule->port_count, 4);
	assert_int_equal(rule->ports[0].protocol, IPPROTO_TCP);
	assert_int_equal(rule->ports[0].first, 80);
	assert_int_equal(rule->ports[0].last, 80);
	assert_int_equal(rule->ports[1].protocol, IPPROTO_UDP);
	assert_int_equal(rule->ports[1].last, 8080);
	assert_string_equal(rule->ports[2].name, "http");
	assert_int_equal(rule->ports[2].first, 0);
	assert_int_equal(rule->ports[2].last, 0);
	assert_int_equal(rule->ports[3].protocol, IPPROTO_SCTP);
	assert_null(rule->ports[3].name);
	assert_int_equal(rule->ports[3].first, 1);
	assert_int_equal(rule->ports[3].last, 65535);

	assert_int_equal(policy->rule_count[DIRECTION_EGRESS], 2);
	assert_int_equal(policy->rules[DIRECTION_EGRESS][0].peer_count, 0);
	assert_int_equal(policy->rules[DIRECTION_EGRESS][0].port_count, 0);
	assert_true(policy->rules[DIRECTION_EGRESS][1].peers[0].has_namespaces);
	assert_false(policy->rules[DIRECTION_EGRESS][1].peers[0].has_pods);
	manifest_free(manifest);
}

static void assert_isolates(const char *spec, bool ingress, bool egress)
{
	struct manifest *manifest = read_spec(spec);

	assert_int_equal(manifest->policies[0].isolates[DIRECTION_INGRESS], ingress);
	assert_int_equal(manifest->policies[0].isolates[DIRECTION_EGRESS], egress);
	manifest_free(manifest);
}

/* networking/v1 SetDefaults_NetworkPolicy */
static void test_policy_types(void **state)
{
	(void)state;
	assert_isolates("  podSelector: {}\n", true, false);
	assert_isolates("  podSelector: {}\n  ingress: []\n", true, false);
	assert_isolates("  podSelector: {}\n  ingress: null\n", true, false);
	assert_isolates("  podSelector: {}\n  egress: [{}]\n", true, true);
	assert_isolates("  podSelector: {}\n  egress:\n", true, false);
	assert_isolates("  podSelector: {}\n  policyTypes: []\n  egress: [{}]\n", true, true);
	assert_isolates("  podSelector: {}\n  policyTypes: null\n", true, false);
	assert_isolates("  podSelector: {}\n  policyTypes: [Egress]\n", false, true);
	assert_isolates("  podSelector: {}\n  policyTypes: [Egress]\n  egress: []\n", false, true);
	assert_isolates("  podSelector: {}\n  policyTypes: [Ingress]\n  egress: []\n", true, false);
	assert_isolates("  podSelector: {}\n  policyTypes: [Egress, Ingress]\n", true, true);
}

/* Empty, null and absent lists of peers and ports: everybody, everything. */
static void test_empty_rules(void **state)
{
	struct manifest *manifest = read_spec("  podSelector: {}\n"
					      "  ingress:\n"
					      "  - {}\n"
					      "  - {from: [], ports: []}\n"
					      "  - {from: null, ports: null}\n");

	(void)state;
	assert_int_equal(manifest->policies[0].rule_count[DIRECTION_INGRESS], 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(manifest->policies[0].rules[DIRECTION_INGRESS][i].peer_count, 0);
		assert_int_equal(manifest->policies[0].rules[DIRECTION_INGRESS][i].port_count, 0);
	}
	manifest_free(manifest);
}

static void test_nulls_are_as_if_absent(void **state)
{
	struct manifest *manifest =
	    read_spec("  podSelector: {matchLabels: null, matchExpressions: null}\n"
		      "  ingress:\n"
		      "  - from: [{podSelector: null, namespaceSelector: {}, ipBlock: null}]\n"
		      "    ports: [{port: null, endPort: null, protocol: null}]\n"
		      "  - from: [{ipBlock: {cidr: 10.0.0.0/8, except: null}}]\n");
	const struct netpol_rule *rules = manifest->policies[0].rules[DIRECTION_INGRESS];

	(void)state;
	assert_int_equal(manifest->policies[0].pods.count, 0);
	assert_false(rules[0].peers[0].has_pods);
	assert_true(rules[0].peers[0].has_namespaces);
	assert_false(rules[0].peers[0].has_block);
	assert_int_equal(rules[0].ports[0].first, 1);
	assert_int_equal(rules[0].ports[0].last, 65535);
	assert_int_equal(rules[1].peers[0].except_count, 0);
	manifest_free(manifest);
}

static void test_what_is_told_but_allowed(void **state)
{
	(void)state;
	assert_warned(POLICY_HEAD, "f:1", "spec.podSelector: is missing: all pods");
	assert_warned(POLICY_HEAD "spec: {ingress: []}\n", "f:4", "spec.podSelector: is missing");
	assert_warned(POLICY_HEAD "spec:\n  podSelector:\n", "f:5", "spec.podSelector: is missing");
	assert_warned(POLICY_HEAD "spec: {podSelector: {}, egress: []}\n", "f:4",
		      "spec.egress: is empty, and without policyTypes then has no effect");
	assert_warned(POLICY_HEAD "spec: {podSelector: {}, policyTypes: [Ingress], egress: [{}]}\n",
		      "f:4", "spec.egress: has no effect: policyTypes lacks Egress");
	assert_warned(POLICY_HEAD "spec: {podSelector: {}, policyTypes: [Ingress, Ingress]}\n",
		      "f:4", "spec.policyTypes[1]: Ingress stands there twice");
	assert_warned(POLICY_HEAD "spec:\n"
				  "  podSelector: {}\n"
				  "  ingress:\n"
				  "  - from:\n"
				  "    - podSelector: {}\n"
				  "      namespaceSelector:\n",
		      "f:9", "spec.ingress[0].from[0]: namespaceSelector is null");
}

static void test_namespaces(void **state)
{
	struct manifest *manifest = read_warned("apiVersion: networking.k8s.io/v1\n"
						"kind: NetworkPolicy\n"
						"metadata: {name: b}\n"
						"spec: {podSelector: {}}\n"
						"status: {}\n"
						"---\n"
						"apiVersion: networking.k8s.io/v1\n"
						"kind: NetworkPolicy\n"
						"metadata: {name: a.x, namespace: '', uid: u,\n"
						"  managedFields: [{f:spec: {}}]}\n"
						"spec: {podSelector: {}}\n"
						"---\n"
						"apiVersion: networking.k8s.io/v1\n"
						"kind: NetworkPolicy\n"
						"metadata: {name: b, namespace: apps}\n"
						"spec: {podSelector: {}}\n"
						"---\n"
						"kind: Pod\n"
						"apiVersion: v1\n"
						"metadata: {name: x}\n"
						"---\n"
						"kind: Service\n"
						"apiVersion: v1\n"
						"metadata: {name: x, namespace: apps}\n",
						1);

	(void)state;
	assert_int_equal(manifest->policy_count, 3);
	assert_string_equal(manifest->policies[0].namespace, "apps");
	assert_string_equal(manifest->policies[1].namespace, "default");
	assert_string_equal(manifest->policies[1].name, "a.x");
	assert_string_equal(manifest->policies[2].name, "b");
	assert_int_equal(manifest->policies[2].line, 1);
	assert_int_equal(manifest->inventory->pod_count, 1);
	assert_string_equal(manifest->inventory->pods[0].namespace, "default");
	assert_int_equal(manifest->inventory->service_count, 1);
	manifest_free(manifest);
}

static void test_lists(void **state)
{
	struct manifest *manifest = read_warned(
	    "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"metadata\": {}, \"items\": [\n"
	    "{\"apiVersion\": \"networking.k8s.io/v1\", \"kind\": \"NetworkPolicy\",\n"
	    " \"metadata\": {\"name\": \"a\"}, \"spec\": {\"podSelector\": {}}},\n"
	    "{\"apiVersion\": \"v1\", \"kind\": \"Namespace\",\n"
	    " \"metadata\": {\"name\": \"shop\"}},\n"
	    "{\"apiVersion\": \"networking.k8s.io/v1\", \"kind\": \"NetworkPolicyList\",\n"
	    " \"items\": [{\"metadata\": {\"name\": \"b\"},\n"
	    "  \"spec\": {\"podSelector\": {}, \"egress\": [{\"ports\": [{\"port\": 53}]}]}}]}\n"
	    "]}\n",
	    1);

	(void)state;
	assert_int_equal(manifest->policy_count, 2);
	assert_string_equal(manifest->policies[1].name, "b");
	assert_true(manifest->policies[1].isolates[DIRECTION_EGRESS]);
	assert_int_equal(manifest->inventory->namespace_count, 1);
	manifest_free(manifest);
	/* It is a list whatever it is called. */
	manifest = read_clean("apiVersion: v1\nkind: List\nmetadata: {name: x}\nitems:\n"
			      "- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy,\n"
			      "   metadata: {name: p}, spec: {podSelector: {}}}\n"
			      "- {apiVersion: v1, kind: Pod, metadata: {name: p}}\n");
	assert_int_equal(manifest->policy_count, 1);
	assert_int_equal(manifest->inventory->pod_count, 1);
	manifest_free(manifest);
}

static void test_two_of_one_name(void **state)
{
	struct manifest *manifest = manifest_new();
	struct problems problems = {0};

	(void)state;
	assert_non_null(manifest);
	assert_int_equal(add_text(manifest, POLICY_HEAD "spec: {podSelector: {}}\n", &problems), 0);
	assert_int_equal(
	    add_text(manifest, "---\n" POLICY_HEAD "spec: {podSelector: {}}\n", &problems), 0);
	assert_int_equal(manifest_finish(manifest, &problems), -EINVAL);
	assert_int_equal(problems.count, 1);
	assert_problem(&problems, PROBLEM_ERROR, "f:2",
		       "NetworkPolicy shop/p: is there twice: also in f:1");
	manifest_free(manifest);
	problems_clear(&problems);
}

#define HOMELESS(NAME)                                                                             \
	"---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: " NAME      \
	"}, spec: {podSelector: {}}}\n"

static void check_homeless(const char *others, const char *expected)
{
	struct manifest *manifest = manifest_new();
	struct problems problems = {0};

	assert_non_null(manifest);
	assert_int_equal(add_text(manifest, HOMELESS("a") HOMELESS("b"), &problems), 0);
	assert_int_equal(add_text(manifest, others, &problems), 0);
	assert_int_equal(manifest_finish(manifest, &problems), 0);
	if (expected)
		assert_problem(&problems, PROBLEM_WARNING, "f", expected);
	assert_int_equal(problems.count, expected ? 1 : 0);
	manifest_free(manifest);
	problems_clear(&problems);
}

/* Nobody is warned whose policies and pods are both without one. */
static void test_policies_without_a_namespace(void **state)
{
	static const char both[] = "2 policies have no namespace: taken for \"default\"";

	(void)state;
	check_homeless("{kind: Pod, metadata: {name: a}}", NULL);
	check_homeless("{kind: Pod, metadata: {name: a, namespace: default}}", NULL);
	check_homeless("{kind: Job, metadata: {name: a}, spec: {template: {}}}", NULL);
	check_homeless("{kind: Namespace, metadata: {name: shop}}", both);
	check_homeless("{kind: Pod, metadata: {name: a, namespace: shop}}", both);
	check_homeless("{kind: Pod, metadata: {name: a}}\n---\n{kind: Job, metadata: {name: a, "
		       "namespace: shop}, spec: {template: {}}}",
		       NULL);
	check_homeless("{kind: Pod, metadata: {name: a}}\n---\n" POLICY_HEAD
		       "spec: {podSelector: {}}\n",
		       both);
	check_homeless("{kind: Service, metadata: {name: a}}", both);
}

static void test_no_policy_at_all(void **state)
{
	struct manifest *manifest = manifest_new();
	struct problems problems = {0};

	(void)state;
	assert_non_null(manifest);
	assert_int_equal(add_text(manifest, "---\n# nothing\n---\n", &problems), 0);
	assert_problem(&problems, PROBLEM_WARNING, "f", "holds no Kubernetes object");
	assert_int_equal(manifest_finish(manifest, &problems), 0);
	assert_int_equal(manifest->policy_count, 0);
	manifest_free(manifest);
	problems_clear(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_everything_at_once),
	    cmocka_unit_test(test_policy_types),
	    cmocka_unit_test(test_empty_rules),
	    cmocka_unit_test(test_nulls_are_as_if_absent),
	    cmocka_unit_test(test_what_is_told_but_allowed),
	    cmocka_unit_test(test_namespaces),
	    cmocka_unit_test(test_lists),
	    cmocka_unit_test(test_two_of_one_name),
	    cmocka_unit_test(test_policies_without_a_namespace),
	    cmocka_unit_test(test_no_policy_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
