/* Kubescape's objects: what is said, and of what there is none. */
#include "tests/unit/base/tree_fixture.h"
#include "tests/unit/policy/kind_fixture.h"

#include <stdlib.h>

static const struct policy_kind *const kind = &kind_kubescape;

/* Objects of that kind. */
static size_t count_of(const struct policy *policy, const char *object_kind)
{
	const struct kind_options options = {.api_version = kind->api_versions[0]};
	struct problems problems = {0};
	struct tree tree = {0};
	struct tree_node *objects = tree_list(&tree);
	size_t count = 0;

	assert_int_equal(kind->add(policy, &options, &problems, objects), 0);
	for (const struct tree_node *object = objects->first; object; object = object->next)
		count += strcmp(tree_get_text(object, "kind"), object_kind) == 0;
	tree_clear(&tree);
	problems_clear(&problems);
	return count;
}

#define META                                                                                       \
	"metadata:\n"                                                                              \
	"  name: deployment-web\n"                                                                 \
	"  namespace: shop\n"                                                                      \
	"  labels:\n"                                                                              \
	"    app.kubernetes.io/managed-by: netpol\n"                                               \
	"    kubescape.io/workload-api-group: apps\n"                                              \
	"    kubescape.io/workload-api-version: v1\n"                                              \
	"    kubescape.io/workload-kind: Deployment\n"                                             \
	"    kubescape.io/workload-name: web\n"                                                    \
	"    kubescape.io/workload-namespace: shop\n"                                              \
	"    kubescape.io/instance-template-hash: x6b5f8d7c9\n"

static void test_all(void **state)
{
	struct policy_peer from[] = {pods_peer("", api_labels())};
	struct policy_peer to[] = {pods_peer("kube-system", (struct labels){0}),
				   block_peer("192.0.2.1/32")};
	struct addr seen = to[1].block.addr;
	struct policy_port ports[] = {tcp(80, 0), tcp(443, 444)};
	struct policy_rule ingress = {from, COUNT(from), ports, 1};
	struct policy_rule egress = {to, COUNT(to), ports, COUNT(ports)};
	struct hand_policy hand;

	(void)state;
	hand_policy_init(&hand);
	hand.workload.revision = "x6b5f8d7c9";
	to[1].seen = &seen;
	to[1].seen_count = 1;
	hand.policy.rules[DIRECTION_INGRESS] = &ingress;
	hand.policy.rule_count[DIRECTION_INGRESS] = 1;
	hand.policy.rules[DIRECTION_EGRESS] = &egress;
	hand.policy.rule_count[DIRECTION_EGRESS] = 1;
	assert_kind(kind, &hand.policy, &(struct kind_options){.explain = EXPLAIN_COMMENTS},
		    "# Deployment/web\n"
		    "apiVersion: spdx.softwarecomposition.kubescape.io/v1beta1\n"
		    "kind: NetworkNeighborhood\n" META "  annotations:\n"
		    "    kubescape.io/status: completed\n"
		    "    kubescape.io/completion: complete\n"
		    "spec:\n"
		    "  matchLabels:\n"
		    "    app: web\n"
		    "  containers:\n"
		    "  - name: main\n"
		    "    ingress:\n"
		    "    # some pods\n"
		    "    - identifier: dce5256e520508594559456dcb96685a\n"
		    "      type: internal\n"
		    "      dns: \"\"\n"
		    "      dnsNames: []\n"
		    "      ports:\n"
		    "      - name: TCP-80\n"
		    "        protocol: TCP\n"
		    "        port: 80\n"
		    "      podSelector:\n"
		    "        matchLabels:\n"
		    "          app: api\n"
		    "      namespaceSelector: null\n"
		    "      ipAddress: \"\"\n"
		    "      ipAddresses: []\n"
		    "    egress:\n"
		    "    # some pods\n"
		    "    - identifier: \"42866ab68580be0fad9a2021134014cd\"\n"
		    "      type: internal\n"
		    "      dns: \"\"\n"
		    "      dnsNames: []\n"
		    "      ports:\n"
		    "      - name: TCP-80\n"
		    "        protocol: TCP\n"
		    "        port: 80\n"
		    "      - name: TCP-443\n"
		    "        protocol: TCP\n"
		    "        port: 443\n"
		    "      - name: TCP-444\n"
		    "        protocol: TCP\n"
		    "        port: 444\n"
		    "      podSelector: {}\n"
		    "      namespaceSelector:\n"
		    "        matchLabels:\n"
		    "          kubernetes.io/metadata.name: kube-system\n"
		    "      ipAddress: \"\"\n"
		    "      ipAddresses: []\n"
		    "    # a block\n"
		    "    - identifier: cae78a0454744ecbb02e0689f1042676\n"
		    "      type: external\n"
		    "      dns: \"\"\n"
		    "      dnsNames: []\n"
		    "      ports:\n"
		    "      - name: TCP-80\n"
		    "        protocol: TCP\n"
		    "        port: 80\n"
		    "      - name: TCP-443\n"
		    "        protocol: TCP\n"
		    "        port: 443\n"
		    "      - name: TCP-444\n"
		    "        protocol: TCP\n"
		    "        port: 444\n"
		    "      podSelector: null\n"
		    "      namespaceSelector: null\n"
		    "      ipAddress: \"192.0.2.1\"\n"
		    "      ipAddresses:\n"
		    "      - \"192.0.2.1\"\n"
		    "  initContainers: []\n"
		    "  ephemeralContainers: []\n"
		    "---\n"
		    "# Deployment/web\n"
		    "apiVersion: spdx.softwarecomposition.kubescape.io/v1beta1\n"
		    "kind: GeneratedNetworkPolicy\n" META "spec:\n"
		    "  apiVersion: networking.k8s.io/v1\n"
		    "  kind: NetworkPolicy\n"
		    "  metadata:\n"
		    "    name: web-netpol\n"
		    "    namespace: shop\n"
		    "    labels:\n"
		    "      app.kubernetes.io/managed-by: netpol\n"
		    "  spec:\n"
		    "    podSelector:\n"
		    "      matchLabels:\n"
		    "        app: web\n"
		    "    policyTypes:\n"
		    "    - Ingress\n"
		    "    - Egress\n"
		    "    ingress:\n"
		    "    - from:\n"
		    "      # some pods\n"
		    "      - podSelector:\n"
		    "          matchLabels:\n"
		    "            app: api\n"
		    "      ports:\n"
		    "      - protocol: TCP\n"
		    "        port: 80\n"
		    "    egress:\n"
		    "    - to:\n"
		    "      # some pods\n"
		    "      - namespaceSelector:\n"
		    "          matchLabels:\n"
		    "            kubernetes.io/metadata.name: kube-system\n"
		    "        podSelector: {}\n"
		    "      # a block\n"
		    "      - ipBlock:\n"
		    "          cidr: 192.0.2.1/32\n"
		    "      ports:\n"
		    "      - protocol: TCP\n"
		    "        port: 80\n"
		    "      - protocol: TCP\n"
		    "        port: 443\n"
		    "        endPort: 444\n"
		    "policyRef:\n"
		    "- ipBlock: 192.0.2.1/32\n"
		    "  originalIP: \"192.0.2.1\"\n"
		    "  dns: \"\"\n"
		    "  name: \"\"\n"
		    "  server: \"\"\n");
}

/* ---- what there is none of ---- */

static void test_no_container(void **state)
{
	struct hand_policy hand;

	(void)state;
	hand_policy_init(&hand);
	hand.workload.container = "";
	assert_int_equal(count_of(&hand.policy, "NetworkNeighborhood"), 0);
	assert_int_equal(count_of(&hand.policy, "GeneratedNetworkPolicy"), 1);
	assert_problem(
	    kind, &hand.policy,
	    "no NetworkNeighborhood: no container of it is known by name; " GRAPH_SUPPLY);
}

static void test_one_direction(void **state)
{
	struct hand_policy hand;

	(void)state;
	hand_policy_init(&hand);
	assert_int_equal(count_of(&hand.policy, "NetworkNeighborhood"), 1);
	hand.policy.isolates[DIRECTION_EGRESS] = false;
	assert_int_equal(count_of(&hand.policy, "NetworkNeighborhood"), 0);
	assert_int_equal(count_of(&hand.policy, "GeneratedNetworkPolicy"), 1);
	assert_problem(kind, &hand.policy,
		       "no NetworkNeighborhood: it has both directions, and one is not in the "
		       "policy; Kubescape would deny all of it");
}

/* It is nobody's by name, as its neighbours are those of all of them. */
static void test_shared(void **state)
{
	struct hand_policy hand;

	(void)state;
	hand_policy_init(&hand);
	hand.policy.subject = (char *)"Deployment/web, Deployment/www (no label tells them apart)";
	hand.policy.shared = true;
	assert_int_equal(count_of(&hand.policy, "NetworkNeighborhood"), 0);
	assert_problem(kind, &hand.policy,
		       "no NetworkNeighborhood: each workload has its own, and these share the "
		       "neighbours of a policy; give the pods of each a label of their own");
	assert_true(kind_has(kind, &hand.policy,
			     "kind: GeneratedNetworkPolicy\nmetadata:\n"
			     "  name: web-netpol\n"));
	assert_false(kind_has(kind, &hand.policy, "kubescape.io/workload-name"));
}

static void test_default_deny(void **state)
{
	struct hand_policy hand;

	(void)state;
	hand_policy_init(&hand);
	hand.policy.workload = NULL;
	hand.policy.name = (char *)"default-deny";
	assert_problem(kind, &hand.policy, "no NetworkNeighborhood: it is of no workload");
	assert_true(kind_has(kind, &hand.policy, "metadata:\n  name: default-deny\n"));
	assert_false(kind_has(kind, &hand.policy, "kubescape.io/workload"));
}

static void test_canary(void **state)
{
	const struct kind_options options = {.canary_key = "app", .canary_value = "api"};
	struct problems problems = {0};
	struct hand_policy hand;
	struct buf buf;

	(void)state;
	hand_policy_init(&hand);
	buf = print_kind(kind, &hand.policy, &options, &problems);
	assert_int_equal(buf.length, 0);
	/* The same of both objects. */
	assert_int_equal(problems.count, 1);
	problems_clear(&problems);
	buf_clear(&buf);
}

/* ---- what it says of itself ---- */

static void test_completion(void **state)
{
	static const char complete[] = "kubescape.io/completion: complete\n";
	static const char partial[] = "kubescape.io/completion: partial\n";
	struct readiness readiness = {.state = READINESS_READY, .reason = ""};
	struct hand_policy hand;

	(void)state;
	hand_policy_init(&hand);
	hand.policy.readiness = &readiness;
	assert_true(kind_has(kind, &hand.policy, complete));
	readiness.state = READINESS_SETTLING;
	assert_true(kind_has(kind, &hand.policy, partial));
	hand.policy.readiness = NULL;
	assert_true(kind_has(kind, &hand.policy, complete));
	hand.policy.partial[DIRECTION_INGRESS] = (char *)"pods elsewhere";
	assert_true(kind_has(kind, &hand.policy, partial));
	assert_true(kind_has(kind, &hand.policy, "netpol/partial: \"ingress: pods elsewhere\"\n"));
}

static void test_labels(void **state)
{
	char long_name[101];
	struct hand_policy hand;

	(void)state;
	hand_policy_init(&hand);
	hand.workload.kind = "CronJob";
	assert_true(kind_has(kind, &hand.policy, "workload-api-group: batch\n"));
	hand.workload.kind = "Pod";
	assert_true(kind_has(kind, &hand.policy, "workload-api-group: \"\"\n"));
	/* Whose group nobody knows. */
	hand.workload.kind = "Rollout";
	assert_false(kind_has(kind, &hand.policy, "workload-api-"));
	assert_true(kind_has(kind, &hand.policy, "name: rollout-web\n"));
	/* What is no value of a label, and what is no name of an object. */
	memset(long_name, 'a', 100);
	long_name[100] = '\0';
	hand.workload.name = long_name;
	assert_false(kind_has(kind, &hand.policy, "workload-name:"));
	hand.workload.name = "Web:1";
	assert_true(kind_has(kind, &hand.policy, "metadata:\n  name: web-netpol\n"));
}

/* ---- neighbours ---- */

/* One neighbour for a peer of two rules, each port once. */
static void test_joined(void **state)
{
	struct policy_peer first[] = {pods_peer("", api_labels())};
	struct policy_peer second[] = {pods_peer("", api_labels()), block_peer("2001:db8::1/128")};
	struct policy_port ports[] = {tcp(80, 82), tcp(81, 84), {IPPROTO_UDP, 65534, 65535}};
	struct policy_rule rules[] = {{first, 1, ports, 1}, {second, 2, &ports[1], 2}};
	const struct kind_options options = {.explain = EXPLAIN_COMMENTS};
	struct problems problems = {0};
	struct hand_policy hand;
	struct buf buf;

	(void)state;
	hand_policy_init(&hand);
	second[0].reason = (char *)"the same pods";
	hand.policy.rules[DIRECTION_INGRESS] = rules;
	hand.policy.rule_count[DIRECTION_INGRESS] = 2;
	buf = print_kind(kind, &hand.policy, &options, &problems);
	assert_non_null(strstr(buf.data, "    # some pods\n    # the same pods\n    - identifier"));
	*strstr(buf.data, "podSelector") = '\0';
	for (unsigned port = 80; port <= 84; port++) {
		char name[32], *at;

		snprintf(name, sizeof(name), "- name: TCP-%u\n", port);
		at = strstr(buf.data, name);
		assert_non_null(at);
		assert_null(strstr(at + 1, name));
	}
	assert_null(strstr(buf.data, "TCP-85"));
	assert_non_null(strstr(buf.data, "- name: UDP-65535\n"));
	buf_clear(&buf);
	assert_true(kind_has(kind, &hand.policy,
			     "ipAddress: \"2001:db8::1\"\n      ipAddresses:\n"
			     "      - \"2001:db8::1\"\n"));
}

static void test_block(void **state)
{
	struct policy_peer peers[] = {block_peer("10.0.0.0/8"),
				      {.kind = PEER_ALL_PODS, .namespace = ""}};
	struct policy_port port = tcp(80, 0);
	struct policy_rule rule = {peers, 2, &port, 1};
	struct hand_policy hand;

	(void)state;
	hand_policy_init(&hand);
	peers[1].reason = (char *)"all of them";
	hand.policy.rules[DIRECTION_EGRESS] = &rule;
	hand.policy.rule_count[DIRECTION_EGRESS] = 1;
	assert_true(kind_has(kind, &hand.policy,
			     "ipAddress: \"\"\n      ipAddresses:\n      - 10.0.0.0/8\n"));
	assert_true(kind_has(kind, &hand.policy, "podSelector: {}\n      namespaceSelector: {}\n"));
	assert_true(kind_has(kind, &hand.policy, "- ipBlock: 10.0.0.0/8\n  originalIP: \"\"\n"));
}

/* Both objects have it; the API takes DNS subdomains alone. */
static bool is_called(const char *kind_of, const char *workload, const char *name)
{
	struct hand_policy hand;
	struct buf line = {0};
	bool is;

	hand_policy_init(&hand);
	hand.workload.kind = kind_of;
	hand.workload.name = workload;
	buf_printf(&line, "metadata:\n  name: %s\n", name);
	is = kind_has(kind, &hand.policy, line.data);
	buf_clear(&line);
	return is;
}

static void test_names(void **state)
{
	char long_name[252];

	(void)state;
	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_true(is_called("Deployment", "a.b-c", "deployment-a.b-c"));
	assert_true(is_called("Deployment", "a..b", "web-netpol"));
	assert_true(is_called("Deployment", "a-.b", "web-netpol"));
	assert_true(is_called("Deployment", "a.", "web-netpol"));
	assert_true(is_called("Deployment", "a-", "web-netpol"));
	assert_true(is_called("Deployment", "", "web-netpol"));
	assert_true(is_called("Deployment", "A", "web-netpol"));
	assert_true(is_called("A_b", "a", "web-netpol"));
	assert_true(is_called("-", "a", "web-netpol"));
	assert_true(is_called("", "a", "web-netpol"));
	assert_true(is_called("A", long_name, "web-netpol") == false);
	assert_true(is_called("Ab", long_name, "web-netpol"));
}

static char *identifier_of(struct policy_peer peer, uint16_t number)
{
	const struct kind_options options = {.api_version = kind->api_versions[0]};
	struct policy_port port = tcp(number, 0);
	struct policy_rule rule = {&peer, 1, &port, 1};
	struct problems problems = {0};
	struct tree tree = {0};
	struct tree_node *objects = tree_list(&tree);
	const struct tree_node *container;
	struct hand_policy hand;
	char *identifier;

	hand_policy_init(&hand);
	hand.policy.rules[DIRECTION_EGRESS] = &rule;
	hand.policy.rule_count[DIRECTION_EGRESS] = 1;
	assert_int_equal(kind->add(&hand.policy, &options, &problems, objects), 0);
	assert_int_equal(tree_count(objects), 2);
	container = tree_get(tree_get(objects->first, "spec"), "containers")->first;
	identifier = strdup(tree_get_text(tree_get(container, "egress")->first, "identifier"));
	assert_non_null(identifier);
	tree_clear(&tree);
	return identifier;
}

/* Of who it is; of the ports nothing. */
static void test_identifiers(void **state)
{
	char *one = identifier_of(pods_peer("", api_labels()), 80);
	char *same = identifier_of(pods_peer("", api_labels()), 443);
	char *others[] = {identifier_of(pods_peer("a", api_labels()), 80),
			  identifier_of(pods_peer("", web_labels()), 80),
			  identifier_of(pods_peer("", (struct labels){0}), 80),
			  identifier_of(block_peer("192.0.2.1/32"), 80)};

	(void)state;
	assert_int_equal(strlen(one), 32);
	assert_string_equal(one, same);
	for (size_t i = 0; i < COUNT(others); i++) {
		assert_string_not_equal(one, others[i]);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(others[j], others[i]);
	}
	for (size_t i = 0; i < COUNT(others); i++)
		free(others[i]);
	free(one);
	free(same);
}

/* ---- where blocks are from ---- */

#define REFERENCE(BLOCK, SEEN, NAME)                                                               \
	"- ipBlock: " BLOCK "\n  originalIP: \"" SEEN "\"\n  dns: \"\"\n  name: " NAME             \
	"\n  server: \"\"\n"

static bool kind_ends(const struct policy *policy, const char *end)
{
	struct problems problems = {0};
	struct buf buf = print_kind(kind, policy, &(struct kind_options){0}, &problems);
	bool ends =
	    buf.length >= strlen(end) && strcmp(buf.data + buf.length - strlen(end), end) == 0;

	buf_clear(&buf);
	return ends;
}

static void test_references(void **state)
{
	struct policy_peer peers[] = {block_peer("192.0.2.0/24"), block_peer("10.0.0.0/8")};
	struct addr seen[2];
	struct policy_port port = tcp(80, 0);
	struct policy_rule rules[] = {{peers, 2, &port, 1}, {peers, 1, &port, 1}};
	struct hand_policy hand;

	(void)state;
	assert_int_equal(addr_parse("192.0.2.7", &seen[0]), 0);
	assert_int_equal(addr_parse("192.0.2.9", &seen[1]), 0);
	peers[0].seen = seen;
	peers[0].seen_count = 2;
	peers[0].known_network = "a mirror";
	hand_policy_init(&hand);
	hand.policy.rules[DIRECTION_EGRESS] = rules;
	hand.policy.rule_count[DIRECTION_EGRESS] = 2;
	for (size_t i = 1; i <= 2; i++) {
		/* In another rule it is the same. */
		rules[1].peer_count = i;
		assert_true(kind_ends(&hand.policy,
				      "policyRef:\n" REFERENCE("10.0.0.0/8", "", "\"\"")
					  REFERENCE("192.0.2.0/24", "192.0.2.7", "a mirror")
					      REFERENCE("192.0.2.0/24", "192.0.2.9", "a mirror")));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all),           cmocka_unit_test(test_no_container),
	    cmocka_unit_test(test_one_direction), cmocka_unit_test(test_default_deny),
	    cmocka_unit_test(test_shared),        cmocka_unit_test(test_canary),
	    cmocka_unit_test(test_completion),    cmocka_unit_test(test_labels),
	    cmocka_unit_test(test_joined),        cmocka_unit_test(test_block),
	    cmocka_unit_test(test_identifiers),   cmocka_unit_test(test_references),
	    cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
