/* ClusterNetworkPolicy: what is said, and where its limits are. */
#include "tests/unit/policy/kind_fixture.h"

#include <stdlib.h>

static const struct policy_kind *const kind = &kind_clusternetworkpolicy;

static void test_all(void **state)
{
	struct policy_peer from[] = {pods_peer("", api_labels()),
				     {.kind = PEER_ALL_PODS, .namespace = ""}};
	struct policy_peer to[] = {pods_peer("kube-system", (struct labels){0}),
				   block_peer("192.0.2.1/32"), block_peer("2001:db8::/32")};
	struct policy_port ports[] = {
	    tcp(80, 0), tcp(8000, 8010), {IPPROTO_UDP, 53, 0}, {IPPROTO_SCTP, 99, 0}};
	struct policy_rule ingress = {from, COUNT(from), ports, 1};
	struct policy_rule egress = {to, COUNT(to), ports, COUNT(ports)};
	const struct kind_options options = {.explain = EXPLAIN_COMMENTS,
					     .api_version = kind->api_versions[1]};
	struct hand_policy hand;

	(void)state;
	hand_policy_init(&hand);
	from[1].reason = (char *)"all of them";
	hand.policy.rules[DIRECTION_INGRESS] = &ingress;
	hand.policy.rule_count[DIRECTION_INGRESS] = 1;
	hand.policy.rules[DIRECTION_EGRESS] = &egress;
	hand.policy.rule_count[DIRECTION_EGRESS] = 1;
	assert_kind(kind, &hand.policy, &options,
		    "# Deployment/web\n"
		    "apiVersion: policy.networking.k8s.io/v1beta1\n"
		    "kind: ClusterNetworkPolicy\n"
		    "metadata:\n"
		    "  name: shop.web-netpol\n"
		    "  labels:\n"
		    "    app.kubernetes.io/managed-by: netpol\n"
		    "spec:\n"
		    "  tier: Baseline\n"
		    "  priority: 499\n"
		    "  subject:\n"
		    "    pods:\n"
		    "      namespaceSelector:\n"
		    "        matchLabels:\n"
		    "          kubernetes.io/metadata.name: shop\n"
		    "      podSelector:\n"
		    "        matchLabels:\n"
		    "          app: web\n"
		    "  ingress:\n"
		    "  - action: Accept\n"
		    "    from:\n"
		    "    # some pods\n"
		    "    - pods:\n"
		    "        namespaceSelector:\n"
		    "          matchLabels:\n"
		    "            kubernetes.io/metadata.name: shop\n"
		    "        podSelector:\n"
		    "          matchLabels:\n"
		    "            app: api\n"
		    "    # all of them\n"
		    "    - namespaces: {}\n"
		    "    protocols:\n"
		    "    - tcp:\n"
		    "        destinationPort:\n"
		    "          number: 80\n"
		    "  - name: default-deny\n"
		    "    action: Deny\n"
		    "    from:\n"
		    "    - namespaces: {}\n"
		    "  egress:\n"
		    "  - action: Accept\n"
		    "    to:\n"
		    "    # some pods\n"
		    "    - pods:\n"
		    "        namespaceSelector:\n"
		    "          matchLabels:\n"
		    "            kubernetes.io/metadata.name: kube-system\n"
		    "        podSelector: {}\n"
		    "    # a block\n"
		    "    # a block\n"
		    "    - networks:\n"
		    "      - 192.0.2.1/32\n"
		    "      - 2001:db8::/32\n"
		    "    protocols:\n"
		    "    - tcp:\n"
		    "        destinationPort:\n"
		    "          number: 80\n"
		    "    - tcp:\n"
		    "        destinationPort:\n"
		    "          range:\n"
		    "            start: 8000\n"
		    "            end: 8010\n"
		    "    - udp:\n"
		    "        destinationPort:\n"
		    "          number: 53\n"
		    "    - sctp:\n"
		    "        destinationPort:\n"
		    "          number: 99\n"
		    "  - name: default-deny\n"
		    "    action: Deny\n"
		    "    to:\n"
		    "    - namespaces: {}\n"
		    "    - networks:\n"
		    "      - 0.0.0.0/0\n"
		    "      - \"::/0\"\n");
}

/* It says nothing of a direction without rules, and so leaves it alone. */
static void test_one_direction(void **state)
{
	struct hand_policy hand;

	(void)state;
	hand_policy_init(&hand);
	hand.policy.isolates[DIRECTION_INGRESS] = false;
	assert_false(kind_has(kind, &hand.policy, "ingress"));
	assert_true(kind_has(kind, &hand.policy, "  egress:\n  - name: default-deny\n"));
}

/* Of a namespace: it must not decide before those of workloads. */
static void test_default_deny(void **state)
{
	struct hand_policy hand;

	(void)state;
	hand_policy_init(&hand);
	hand.policy.workload = NULL;
	hand.policy.selector.count = 0;
	assert_true(kind_has(kind, &hand.policy, "priority: 1000"));
	assert_true(kind_has(kind, &hand.policy, "podSelector: {}"));
}

/* Whose pods have the labels of another, too, are decided for by their own policy. */
static void test_priority(void **state)
{
	struct label items[200];
	struct hand_policy hand;

	(void)state;
	hand_policy_init(&hand);
	for (size_t i = 0; i < COUNT(items); i++)
		items[i] = (struct label){(char *)"app", (char *)"web"};
	hand.policy.selector = (struct labels){items, 2};
	assert_true(kind_has(kind, &hand.policy, "priority: 498\n"));
	hand.policy.selector.count = COUNT(items);
	assert_true(kind_has(kind, &hand.policy, "priority: 400\n"));
}

static void test_overlap(void **state)
{
	struct hand_policy hand;

	(void)state;
	hand_policy_init(&hand);
	hand.workload.also_picks = "Job/a";
	assert_problem(
	    kind, &hand.policy,
	    "its labels also pick pods of Job/a, and for a pod one ClusterNetworkPolicy decides "
	    "alone, the one with more labels; where that is not the pod's own, or both have as "
	    "many, change the priorities");
	assert_true(kind_has(kind, &hand.policy, "priority: 499\n"));
}

static void test_canary(void **state)
{
	const struct kind_options options = {.canary_key = "track", .canary_value = "canary"};
	struct problems problems = {0};
	struct hand_policy hand;
	struct buf buf;

	(void)state;
	hand_policy_init(&hand);
	buf = print_kind(kind, &hand.policy, &options, &problems);
	assert_non_null(strstr(buf.data, "          app: web\n          track: canary\n"));
	assert_int_equal(problems.count, 0);
	buf_clear(&buf);
}

/* ---- limits ---- */

#define MANY 26

static struct policy_peer many_peers[MANY];
static struct label many_labels[MANY];
static char many_values[MANY][8];
static struct policy_peer many_blocks[MANY];
static struct policy_port many_ports[MANY];
static struct policy_rule many_rules[MANY];

static int make_many(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < MANY; i++) {
		char text[32];

		snprintf(many_values[i], sizeof(many_values[i]), "w%u", i);
		many_labels[i] = (struct label){(char *)"app", many_values[i]};
		many_peers[i] = pods_peer("", (struct labels){&many_labels[i], 1});
		snprintf(text, sizeof(text), "192.0.2.%u/32", i);
		many_blocks[i] = block_peer(text);
		many_ports[i] = tcp((uint16_t)(80 + 2 * i), 0);
	}
	return 0;
}

/* One rule in egress with so many of them. */
static void give_rule(struct hand_policy *hand, struct policy_peer *peers, size_t peer_count,
		      size_t port_count)
{
	hand_policy_init(hand);
	many_rules[0] = (struct policy_rule){peers, peer_count, many_ports, port_count};
	hand->policy.rules[DIRECTION_EGRESS] = many_rules;
	hand->policy.rule_count[DIRECTION_EGRESS] = 1;
}

static void test_limits_of_rules(void **state)
{
	struct hand_policy hand;

	(void)state;
	hand_policy_init(&hand);
	for (size_t i = 0; i < MANY; i++)
		many_rules[i] = (struct policy_rule){&many_peers[i], 1, &many_ports[i], 1};
	for (int i = 0; i < DIRECTIONS; i++) {
		hand.policy.rules[i] = many_rules;
		hand.policy.rule_count[i] = 24;
	}
	assert_true(kind_has(kind, &hand.policy, "app: w23"));
	hand.policy.rule_count[DIRECTION_INGRESS] = 25;
	assert_false(kind_has(kind, &hand.policy, "a"));
	assert_problem(kind, &hand.policy,
		       "no ClusterNetworkPolicy: its ingress has 25 rules and can have 24; print "
		       "it as another kind");
}

static void test_limits_of_a_rule(void **state)
{
	struct hand_policy hand;

	(void)state;
	give_rule(&hand, many_peers, 25, 25);
	assert_true(kind_has(kind, &hand.policy, "number: 128"));
	give_rule(&hand, many_peers, 26, 1);
	assert_problem(kind, &hand.policy,
		       "no ClusterNetworkPolicy: its egress has 26 peers in one rule and can have "
		       "25; print it as another kind");
	give_rule(&hand, many_peers, 1, 26);
	assert_problem(kind, &hand.policy,
		       "no ClusterNetworkPolicy: its egress has 26 ports in one rule and can have "
		       "25; print it as another kind");
	give_rule(&hand, many_blocks, 25, 1);
	assert_true(kind_has(kind, &hand.policy, "192.0.2.24/32"));
	give_rule(&hand, many_blocks, 26, 1);
	assert_problem(kind, &hand.policy,
		       "no ClusterNetworkPolicy: its egress has 26 blocks in one rule and can have "
		       "25; print it as another kind");
}

static void test_no_networks_in_ingress(void **state)
{
	struct hand_policy hand;

	(void)state;
	give_rule(&hand, many_blocks, 1, 1);
	hand.policy.rules[DIRECTION_INGRESS] = many_rules;
	hand.policy.rule_count[DIRECTION_INGRESS] = 1;
	assert_problem(kind, &hand.policy,
		       "no ClusterNetworkPolicy: its ingress has peers that are addresses, and can "
		       "name pods alone; print it as another kind");
}

/* It denies no node, so that nothing need be said of probes; but in egress it does. */
static void test_own_node(void **state)
{
	struct policy_peer mixed[] = {pods_peer("", api_labels()), block_peer("192.0.2.1/32")};
	struct policy_peer probes[] = {block_peer("192.0.2.2/32")};
	struct policy_port port = tcp(80, 0);
	struct policy_rule rules[] = {{mixed, 2, &port, 1}, {probes, 1, &port, 1}};
	struct hand_policy hand;

	(void)state;
	mixed[1].wider = probes[0].wider = WIDER_OWN_NODE;
	hand_policy_init(&hand);
	hand.policy.rules[DIRECTION_INGRESS] = rules;
	hand.policy.rule_count[DIRECTION_INGRESS] = 2;
	assert_true(kind_has(kind, &hand.policy,
			     "          app: api\n    protocols:\n    - tcp:\n        "
			     "destinationPort:\n          number: 80\n  - name: default-deny\n"));
	assert_false(kind_has(kind, &hand.policy, "netpol/wider"));
	hand.policy.rules[DIRECTION_EGRESS] = rules;
	hand.policy.rule_count[DIRECTION_EGRESS] = 2;
	hand.policy.rule_count[DIRECTION_INGRESS] = 0;
	assert_true(kind_has(kind, &hand.policy, "      - 192.0.2.1/32\n"));
	assert_true(kind_has(kind, &hand.policy, "      - 192.0.2.2/32\n"));
	probes[0].wider = 0;
	hand.policy.rule_count[DIRECTION_INGRESS] = 2;
	assert_false(kind_has(kind, &hand.policy, "spec"));
}

/* ---- names ---- */

static char *name_of(const struct policy *policy)
{
	const struct kind_options options = {.api_version = kind->api_versions[0]};
	struct problems problems = {0};
	struct tree tree = {0};
	struct tree_node *objects = tree_list(&tree);
	char *name;

	assert_int_equal(kind->add(policy, &options, &problems, objects), 0);
	name = strdup(tree_get_text(tree_get(objects->first, "metadata"), "name"));
	assert_non_null(name);
	tree_clear(&tree);
	return name;
}

static void test_names(void **state)
{
	char long_name[254], *one, *other;
	struct hand_policy hand;

	(void)state;
	hand_policy_init(&hand);
	memset(long_name, 'a', 253);
	long_name[253] = '\0';
	/* What stands before the hash ends with a letter. */
	memset(&long_name[225], '.', 8);
	hand.policy.name = long_name;
	one = name_of(&hand.policy);
	assert_in_range(strlen(one), 230, 253);
	assert_memory_equal(one, "shop.aaa", 8);
	assert_null(strstr(one, ".-"));
	assert_int_equal(one[strlen(one) - 17], '-');
	long_name[252] = 'b';
	other = name_of(&hand.policy);
	assert_string_not_equal(one, other);
	free(one);
	free(other);
}

/* A dot is in no namespace: where one ends and the name begins cannot be mistaken. */
static void test_names_apart(void **state)
{
	struct hand_policy one, other;
	char *a, *b;

	(void)state;
	hand_policy_init(&one);
	one.policy.namespace = (char *)"shop-a";
	hand_policy_init(&other);
	other.policy.name = (char *)"a-web-netpol";
	a = name_of(&one.policy);
	b = name_of(&other.policy);
	assert_string_equal(a, "shop-a.web-netpol");
	assert_string_equal(b, "shop.a-web-netpol");
	free(a);
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all),
	    cmocka_unit_test(test_one_direction),
	    cmocka_unit_test(test_default_deny),
	    cmocka_unit_test(test_priority),
	    cmocka_unit_test(test_overlap),
	    cmocka_unit_test(test_canary),
	    cmocka_unit_test(test_limits_of_rules),
	    cmocka_unit_test(test_limits_of_a_rule),
	    cmocka_unit_test(test_no_networks_in_ingress),
	    cmocka_unit_test(test_own_node),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_names_apart),
	};

	return cmocka_run_group_tests(tests, make_many, NULL);
}
