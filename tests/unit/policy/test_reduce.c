/* Fewer rules, the same permissions. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "policy/order.h"
#include "policy/reduce.h"

#define RULES_MAX 64
#define PEERS 8
#define PORTS 8

static struct policy_peer peer_of(uint32_t number, const char *reason)
{
	struct policy_peer peer = {.kind = PEER_BLOCK, .namespace = ""};

	peer.block.addr.family = ADDR_IPV4;
	peer.block.addr.bytes[0] = 10;
	peer.block.addr.bytes[3] = (uint8_t)number;
	peer.block.length = 32;
	peer.reason = strdup(reason);
	assert_non_null(peer.reason);
	return peer;
}

/* Bit i of peers is peer i; the same for ports. */
static struct policy_rule rule_of(uint32_t peers, uint32_t ports, const char *reason)
{
	struct policy_rule rule = {.peers = calloc(PEERS, sizeof(struct policy_peer)),
				   .ports = calloc(PORTS, sizeof(struct policy_port))};

	assert_non_null(rule.peers);
	assert_non_null(rule.ports);
	for (uint32_t i = 0; i < PEERS; i++)
		if (peers & 1u << i)
			rule.peers[rule.peer_count++] = peer_of(i, reason);
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
	struct policy_rule rules[] = {rule_of(2, 1, "b"), rule_of(1, 1, "a")};
	size_t count = 2;

	(void)state;
	assert_int_equal(reduce_rules(rules, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(rules[0].peer_count, 2);
	assert_string_equal(rules[0].peers[0].reason, "a");
	assert_string_equal(rules[0].peers[1].reason, "b");
	assert_int_equal(rules[0].port_count, 1);
	rules_clear(rules, count);
}

static void test_same_peers(void **state)
{
	struct policy_rule rules[] = {rule_of(1, 2, "second"), rule_of(1, 1, "first"),
				      rule_of(1, 4, "first")};
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

/* Peers {1} and {2} come to the same ports only once {1} has both of its rules. */
static void test_until_stable(void **state)
{
	struct policy_rule rules[] = {rule_of(1, 1, "a"), rule_of(1, 2, "a"), rule_of(2, 3, "b")};
	size_t count = 3;

	(void)state;
	assert_int_equal(reduce_rules(rules, &count), 0);
	assert_int_equal(count, 1);
	rules_clear(rules, count);
}

static void test_nothing_to_do(void **state)
{
	struct policy_rule rules[] = {rule_of(2, 1, "b"), rule_of(1, 2, "a")};
	size_t count = 2, none = 0;

	(void)state;
	assert_int_equal(reduce_rules(rules, &none), 0);
	assert_int_equal(reduce_rules(rules, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(rules[0].peers[0].block.addr.bytes[3], 0);
	rules_clear(rules, count);
}

static bool same_peers(const struct policy_rule *a, const struct policy_rule *b)
{
	if (a->peer_count != b->peer_count)
		return false;
	for (size_t i = 0; i < a->peer_count; i++)
		if (order_peers(&a->peers[i], &b->peers[i]) != 0)
			return false;
	return true;
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

static void test_random_rules_keep_their_meaning(void **state)
{
	uint32_t random = 7;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct policy_rule rules[RULES_MAX];
		uint8_t before[PEERS], after[PEERS];
		size_t count = 0, wanted = 1 + (random >> 8) % 20;

		while (count < wanted) {
			random = random * 1664525u + 1013904223u;
			rules[count++] = rule_of(1u << (random >> 8) % PEERS | ((random >> 12) & 3),
						 1u << (random >> 16) % PORTS, "r");
		}
		allowed_by(rules, count, before);
		assert_int_equal(reduce_rules(rules, &count), 0);
		allowed_by(rules, count, after);
		assert_memory_equal(before, after, PEERS);
		for (size_t i = 1; i < count; i++)
			for (size_t j = 0; j < i; j++)
				assert_false(same_peers(&rules[i], &rules[j]) ||
					     same_ports(&rules[i], &rules[j]));
		rules_clear(rules, count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_same_ports),
	    cmocka_unit_test(test_same_peers),
	    cmocka_unit_test(test_until_stable),
	    cmocka_unit_test(test_nothing_to_do),
	    cmocka_unit_test(test_random_rules_keep_their_meaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
