/* Fewer rules, the same permissions. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "policy/order.h"
#include "policy/port_ranges.h"
#include "policy/reduce.h"

#define RULES_MAX 64
#define PEERS 8
#define PORTS 8

static struct policy_peer peer_of(uint32_t number, const char *reason)
{
	struct policy_peer peer = {.kind = PEER_BLOCK,
				   .namespace = "",
				   .class = "external",
				   .edges = 1,
				   .connections = 10,
				   .first_seen = 100,
				   .last_seen = 200};

	peer.block.addr.family = ADDR_IPV4;
	peer.block.addr.bytes[0] = 10;
	peer.block.addr.bytes[3] = (uint8_t)number;
	peer.block.length = 32;
	peer.reason = strdup(reason);
	assert_non_null(peer.reason);
	return peer;
}

/* Bit i of ports is port 100 + i. */
static struct policy_rule rule_of(uint32_t peer, uint32_t ports, const char *reason)
{
	struct policy_rule rule = {.peers = calloc(1, sizeof(struct policy_peer)),
				   .ports = calloc(PORTS, sizeof(struct policy_port)),
				   .peer_count = 1};

	assert_non_null(rule.peers);
	assert_non_null(rule.ports);
	rule.peers[0] = peer_of(peer, reason);
	for (uint32_t i = 0; i < PORTS; i++)
		if (ports & 1u << i)
			rule.ports[rule.port_count++] = (struct policy_port){
			    .protocol = IPPROTO_TCP, .port = (uint16_t)(100 + i)};
	return rule;
}

static void allowed_by(const struct policy_rule *rules, size_t count, uint8_t allowed[PEERS])
{
	memset(allowed, 0, PEERS);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < rules[i].peer_count; j++)
			for (size_t k = 0; k < rules[i].port_count; k++)
				allowed[rules[i].peers[j].block.addr.bytes[3]] |=
				    (uint8_t)(1u << (rules[i].ports[k].port - 100));
}

static void rules_clear(struct policy_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		rule_clear(&rules[i]);
}

static void test_same_ports(void **state)
{
	struct policy_rule rules[] = {rule_of(1, 1, "b"), rule_of(0, 1, "a")};
	size_t count = 2;

	(void)state;
	assert_int_equal(reduce_rules(rules, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(rules[0].peer_count, 2);
	assert_string_equal(rules[0].peers[0].reason, "a");
	assert_string_equal(rules[0].peers[1].reason, "b");
	assert_int_equal(rules[0].peers[1].edges, 1);
	assert_int_equal(rules[0].port_count, 1);
	rules_clear(rules, count);
}

static void test_same_peers(void **state)
{
	struct policy_rule rules[] = {rule_of(0, 2, "second"), rule_of(0, 1, "first"),
				      rule_of(0, 4, "first")};
	size_t count = 3;

	(void)state;
	assert_int_equal(reduce_rules(rules, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(rules[0].peer_count, 1);
	assert_string_equal(rules[0].peers[0].reason, "first; second");
	assert_int_equal(rules[0].port_count, 3);
	assert_int_equal(rules[0].ports[2].port, 102);
	rules_clear(rules, count);
}

/* Peers 0 and 1 come to the same ports only once 0 has both of its rules; peer 2 is in none of
 * theirs, and what it may is a part of what they may. */
static void test_after_the_peers_the_ports(void **state)
{
	struct policy_rule rules[] = {rule_of(0, 1, "a"), rule_of(0, 2, "a"), rule_of(1, 3, "b"),
				      rule_of(2, 1, "c")};
	size_t count = 4;

	(void)state;
	assert_int_equal(reduce_rules(rules, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(rules[0].peer_count, 2);
	assert_int_equal(rules[1].peer_count, 1);
	rules_clear(rules, count);
}

static void give_seen(struct policy_peer *peer, uint8_t first, uint8_t count)
{
	peer->seen = calloc(count, sizeof(*peer->seen));
	assert_non_null(peer->seen);
	for (uint8_t i = 0; i < count; i++) {
		peer->seen[i] = peer->block.addr;
		peer->seen[i].bytes[3] = (uint8_t)(first + i);
	}
	peer->seen_count = count;
}

static void test_evidence_adds_up(void **state)
{
	struct policy_rule rules[] = {rule_of(0, 1, "a"), rule_of(0, 2, "b"), rule_of(0, 4, "c")};
	struct policy_peer *peer;
	size_t count = 3;

	(void)state;
	rules[0].peers->first_seen = 50;
	rules[0].peers->wider = WIDER_DNS;
	rules[0].peers->class = "";
	rules[1].peers->last_seen = 300;
	rules[1].peers->known_network = "cdn";
	give_seen(rules[0].peers, 10, 10);
	give_seen(rules[1].peers, 5, 10);
	assert_int_equal(reduce_rules(rules, &count), 0);
	assert_int_equal(count, 1);
	peer = rules[0].peers;
	assert_int_equal(peer->edges, 3);
	assert_int_equal(peer->connections, 30);
	assert_int_equal(peer->first_seen, 50);
	assert_int_equal(peer->last_seen, 300);
	assert_int_equal(peer->wider, WIDER_DNS);
	assert_string_equal(peer->class, "external");
	assert_string_equal(peer->known_network, "cdn");
	assert_int_equal(peer->seen_count, 15);
	assert_int_equal(peer->seen[0].bytes[3], 5);
	assert_int_equal(peer->seen[14].bytes[3], 19);
	assert_false(peer->seen_more);
	rules_clear(rules, count);
}

static void test_only_so_many_addresses(void **state)
{
	struct policy_rule rules[] = {rule_of(0, 1, "a"), rule_of(0, 2, "b")};
	size_t count = 2;

	(void)state;
	give_seen(rules[0].peers, 30, PEER_SEEN_MAX);
	give_seen(rules[1].peers, 20, 11);
	assert_int_equal(reduce_rules(rules, &count), 0);
	assert_int_equal(rules[0].peers->seen_count, PEER_SEEN_MAX);
	assert_int_equal(rules[0].peers->seen[0].bytes[3], 20);
	assert_int_equal(rules[0].peers->seen[PEER_SEEN_MAX - 1].bytes[3], 35);
	assert_true(rules[0].peers->seen_more);
	rules_clear(rules, count);
}

static void test_nothing_to_do(void **state)
{
	struct policy_rule rules[] = {rule_of(1, 1, "b"), rule_of(0, 2, "a")};
	size_t count = 2, none = 0;

	(void)state;
	assert_int_equal(reduce_rules(rules, &none), 0);
	assert_int_equal(reduce_rules(rules, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(rules[0].peers[0].block.addr.bytes[3], 0);
	rules_clear(rules, count);
}

static bool same_ports(const struct policy_rule *a, const struct policy_rule *b)
{
	if (a->port_count != b->port_count)
		return false;
	for (size_t i = 0; i < a->port_count; i++)
		if (order_ports(&a->ports[i], &b->ports[i]) != 0)
			return false;
	return true;
}

/* With no peer in two rules and no ports in two, each merge would allow something more. */
static void assert_no_merge_is_left(const struct policy_rule *rules, size_t count)
{
	bool met[PEERS] = {false};

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < rules[i].peer_count; j++) {
			assert_false(met[rules[i].peers[j].block.addr.bytes[3]]);
			met[rules[i].peers[j].block.addr.bytes[3]] = true;
		}
		for (size_t j = 0; j < i; j++)
			assert_false(same_ports(&rules[i], &rules[j]));
	}
}

static void test_random_rules_keep_their_meaning(void **state)
{
	uint32_t random = 7;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct policy_rule rules[RULES_MAX];
		uint8_t before[PEERS], after[PEERS];
		size_t count = 0, wanted = 1 + (random >> 8) % 20, edges = 0;

		while (count < wanted) {
			random = random * 1664525u + 1013904223u;
			rules[count++] =
			    rule_of((random >> 8) % PEERS,
				    1u << (random >> 16) % PORTS | ((random >> 12) & 3), "r");
		}
		allowed_by(rules, count, before);
		assert_int_equal(reduce_rules(rules, &count), 0);
		allowed_by(rules, count, after);
		assert_memory_equal(before, after, PEERS);
		assert_no_merge_is_left(rules, count);
		for (size_t i = 0; i < count; i++)
			for (size_t j = 0; j < rules[i].peer_count; j++)
				edges += rules[i].peers[j].edges;
		assert_int_equal(edges, wanted);
		rules_clear(rules, count);
	}
}

#define MANY 100000

/* As many rules as a policy of blocks has at worst; comparing each with each would take minutes. */
static void test_many_peers(void **state)
{
	struct policy_rule *rules = calloc(MANY, sizeof(*rules));
	size_t count = MANY;
	int64_t begun;

	(void)state;
	assert_non_null(rules);
	for (uint32_t i = 0; i < MANY; i++) {
		rules[i] = rule_of(0, 1u << i % 3, "r");
		rules[i].peers->block.addr.bytes[1] = (uint8_t)(i >> 16);
		rules[i].peers->block.addr.bytes[2] = (uint8_t)(i >> 8);
		rules[i].peers->block.addr.bytes[3] = (uint8_t)i;
	}
	begun = clock_monotonic();
	assert_int_equal(reduce_rules(rules, &count), 0);
	assert_true(clock_monotonic() - begun < 10 * NSEC_PER_SEC);
	assert_int_equal(count, 3);
	assert_int_equal(rules[0].peer_count, MANY / 3 + 1);
	rules_clear(rules, count);
	free(rules);
}

/* ---- ranges ---- */

static struct policy_rule rule_with(const uint16_t *ports, size_t count, uint8_t protocol)
{
	struct policy_rule rule = rule_of(0, 0, "r");

	free(rule.ports);
	rule.ports = calloc(count, sizeof(*rule.ports));
	assert_non_null(rule.ports);
	for (size_t i = 0; i < count; i++)
		rule.ports[rule.port_count++] =
		    (struct policy_port){.protocol = protocol, .port = ports[i]};
	return rule;
}

static void test_neighbours_become_a_range(void **state)
{
	static const uint16_t ports[] = {80, 1000, 1001, 1002, 1003, 1005, 65533, 65534, 65535};
	struct policy_rule rule = rule_with(ports, 9, IPPROTO_UDP);

	(void)state;
	port_ranges_make(&rule, 1, 3);
	assert_int_equal(rule.port_count, 6);
	assert_int_equal(rule.ports[1].port, 1000);
	assert_int_equal(rule.ports[1].end_port, 1003);
	assert_int_equal(rule.ports[2].port, 1005);
	assert_int_equal(rule.ports[2].end_port, 0);
	port_ranges_make(&rule, 1, 2);
	assert_int_equal(rule.port_count, 4);
	assert_int_equal(rule.ports[3].end_port, 65535);
	rule_clear(&rule);
}

static void test_ranges_are_of_one_protocol(void **state)
{
	static const uint16_t ports[] = {1000, 1001, 1001, 1002, 1002, 1003, 1003, 1004};
	struct policy_rule rule = rule_with(ports, 8, IPPROTO_TCP);

	(void)state;
	/* TCP 1000, 1001, 1002, 1003 and UDP 1001, 1002, 1003, 1004. */
	for (size_t i = 2; i < 8; i += 2)
		rule.ports[i].protocol = IPPROTO_UDP;
	rule.ports[7].protocol = IPPROTO_UDP;
	port_ranges_make(&rule, 1, 4);
	assert_int_equal(rule.port_count, 8);
	port_ranges_make(&rule, 1, 3);
	assert_int_equal(rule.port_count, 2);
	assert_int_equal(rule.ports[0].protocol, IPPROTO_TCP);
	assert_int_equal(rule.ports[0].end_port, 1003);
	assert_int_equal(rule.ports[1].port, 1001);
	assert_int_equal(rule.ports[1].end_port, 1004);
	rule_clear(&rule);
}

static void test_single_ports_are_no_ranges(void **state)
{
	static const uint16_t ports[] = {80, 443};
	struct policy_rule rule = rule_with(ports, 2, IPPROTO_TCP);

	(void)state;
	port_ranges_make(&rule, 1, 0);
	assert_int_equal(rule.port_count, 2);
	assert_int_equal(rule.ports[0].end_port, 0);
	assert_int_equal(rule.ports[1].end_port, 0);
	rule_clear(&rule);
}

static void test_scattered_ports_are_told(void **state)
{
	struct problems problems = {0};
	uint16_t ports[PORTS_SCATTERED_MAX + 1];
	struct policy_rule rule;

	(void)state;
	for (size_t i = 0; i <= PORTS_SCATTERED_MAX; i++)
		ports[i] = (uint16_t)(1024 + 3 * i);
	rule = rule_with(ports, PORTS_SCATTERED_MAX, IPPROTO_TCP);
	port_ranges_report(&rule, 1, DIRECTION_EGRESS, "Deployment/a in shop", &problems);
	assert_int_equal(problems.count, 0);
	rule_clear(&rule);
	rule = rule_with(ports, PORTS_SCATTERED_MAX + 1, IPPROTO_TCP);
	port_ranges_report(&rule, 1, DIRECTION_EGRESS, "Deployment/a in shop", &problems);
	assert_int_equal(problems.count, 1);
	assert_int_equal(problems.items[0].severity, PROBLEM_WARNING);
	assert_string_equal(problems.items[0].subject, "Deployment/a in shop");
	assert_non_null(strstr(problems.items[0].message,
			       "egress to 10.0.0.0/32 is at 65 scattered ports from 1024 to 1216"));
	rule_clear(&rule);
	problems_clear(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_same_ports),
	    cmocka_unit_test(test_same_peers),
	    cmocka_unit_test(test_after_the_peers_the_ports),
	    cmocka_unit_test(test_evidence_adds_up),
	    cmocka_unit_test(test_only_so_many_addresses),
	    cmocka_unit_test(test_nothing_to_do),
	    cmocka_unit_test(test_random_rules_keep_their_meaning),
	    cmocka_unit_test(test_many_peers),
	    cmocka_unit_test(test_neighbours_become_a_range),
	    cmocka_unit_test(test_ranges_are_of_one_protocol),
	    cmocka_unit_test(test_single_ports_are_no_ranges),
	    cmocka_unit_test(test_scattered_ports_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
