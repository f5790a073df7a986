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

#define PERMITS_MAX 20
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
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
static struct permit permit_of(uint32_t peer, uint32_t ports, const char *reason)
{
	static struct policy_port all[1u << PORTS][PORTS];
	struct permit permit = {.peer = peer_of(peer, reason), .ports = all[ports]};

	for (uint32_t i = 0; i < PORTS; i++)
		if (ports & 1u << i)
			all[ports][permit.port_count++] = (struct policy_port){
			    .protocol = IPPROTO_TCP, .port = (uint16_t)(100 + i)};
	return permit;
}

struct rules {
	struct policy_rule *items;
	size_t count;
};

static struct rules reduce(struct permit *permits, size_t count)
{
	struct rules rules = {.count = 0};

	assert_int_equal(permits_reduce(permits, count, &rules.items, &rules.count), 0);
	permits_clear(permits, count);
	return rules;
}

static void rules_clear(struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		rule_clear(&rules->items[i]);
	free(rules->items);
}

static void allow(const struct policy_peer *peer, const struct policy_port *ports, size_t count,
		  uint8_t allowed[PEERS])
{
	for (size_t i = 0; i < count; i++)
		allowed[peer->block.addr.bytes[3]] |= (uint8_t)(1u << (ports[i].port - 100));
}

static void test_same_ports(void **state)
{
	struct permit permits[] = {permit_of(1, 1, "b"), permit_of(0, 1, "a")};
	struct rules rules;

	(void)state;
	rules = reduce(permits, COUNT(permits));
	assert_int_equal(rules.count, 1);
	assert_int_equal(rules.items[0].peer_count, 2);
	assert_string_equal(rules.items[0].peers[0].reason, "a");
	assert_string_equal(rules.items[0].peers[1].reason, "b");
	assert_int_equal(rules.items[0].peers[1].edges, 1);
	assert_int_equal(rules.items[0].port_count, 1);
	rules_clear(&rules);
}

static void test_same_peers(void **state)
{
	struct permit permits[] = {permit_of(0, 2, "second"), permit_of(0, 1, "first"),
				   permit_of(0, 4, "first")};
	struct rules rules;

	(void)state;
	rules = reduce(permits, COUNT(permits));
	assert_int_equal(rules.count, 1);
	assert_int_equal(rules.items[0].peer_count, 1);
	assert_string_equal(rules.items[0].peers[0].reason, "first; second");
	assert_int_equal(rules.items[0].port_count, 3);
	assert_int_equal(rules.items[0].ports[2].port, 102);
	rules_clear(&rules);
}

/* Peers 0 and 1 come to the same ports only once 0 has both of its rules; peer 2 is in none of
 * theirs, and what it may is a part of what they may. */
static void test_after_the_peers_the_ports(void **state)
{
	struct permit permits[] = {permit_of(0, 1, "a"), permit_of(0, 2, "a"), permit_of(1, 3, "b"),
				   permit_of(2, 1, "c")};
	struct rules rules;

	(void)state;
	rules = reduce(permits, COUNT(permits));
	assert_int_equal(rules.count, 2);
	assert_int_equal(rules.items[0].peer_count, 2);
	assert_int_equal(rules.items[1].peer_count, 1);
	rules_clear(&rules);
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
	struct permit permits[] = {permit_of(0, 1, "a"), permit_of(0, 2, "b"),
				   permit_of(0, 4, "c")};
	struct policy_peer *peer;
	struct rules rules;

	(void)state;
	permits[0].peer.first_seen = 50;
	permits[0].peer.wider = WIDER_DNS;
	permits[0].peer.class = "";
	permits[1].peer.last_seen = 300;
	permits[1].peer.known_network = "cdn";
	give_seen(&permits[0].peer, 10, 10);
	give_seen(&permits[1].peer, 5, 10);
	rules = reduce(permits, COUNT(permits));
	assert_int_equal(rules.count, 1);
	peer = rules.items[0].peers;
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
	rules_clear(&rules);
}

static void test_only_so_many_addresses(void **state)
{
	struct permit permits[] = {permit_of(0, 1, "a"), permit_of(0, 2, "b")};
	struct rules rules;

	(void)state;
	give_seen(&permits[0].peer, 30, PEER_SEEN_MAX);
	give_seen(&permits[1].peer, 20, 11);
	rules = reduce(permits, COUNT(permits));
	assert_int_equal(rules.items[0].peers->seen_count, PEER_SEEN_MAX);
	assert_int_equal(rules.items[0].peers->seen[0].bytes[3], 20);
	assert_int_equal(rules.items[0].peers->seen[PEER_SEEN_MAX - 1].bytes[3], 35);
	assert_true(rules.items[0].peers->seen_more);
	rules_clear(&rules);
}

static void test_nothing_to_do(void **state)
{
	struct permit permits[] = {permit_of(1, 1, "b"), permit_of(0, 2, "a")};
	struct rules rules = reduce(permits, 0);

	(void)state;
	assert_int_equal(rules.count, 0);
	assert_null(rules.items);
	rules = reduce(permits, COUNT(permits));
	assert_int_equal(rules.count, 2);
	assert_int_equal(rules.items[0].peers[0].block.addr.bytes[3], 0);
	rules_clear(&rules);
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
static void assert_no_merge_is_left(const struct rules *rules)
{
	const struct policy_rule *items = rules->items;
	bool met[PEERS] = {false};

	for (size_t i = 0; i < rules->count; i++) {
		for (size_t j = 0; j < items[i].peer_count; j++) {
			assert_false(met[items[i].peers[j].block.addr.bytes[3]]);
			met[items[i].peers[j].block.addr.bytes[3]] = true;
		}
		for (size_t j = 0; j < i; j++)
			assert_false(same_ports(&items[i], &items[j]));
	}
}

static void test_random_permits_keep_their_meaning(void **state)
{
	uint32_t random = 7;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct permit permits[PERMITS_MAX];
		uint8_t before[PEERS] = {0}, after[PEERS] = {0};
		size_t count = 0, wanted = 1 + (random >> 8) % PERMITS_MAX, edges = 0;
		struct rules rules;

		while (count < wanted) {
			random = random * 1664525u + 1013904223u;
			permits[count++] =
			    permit_of((random >> 8) % PEERS,
				      1u << (random >> 16) % PORTS | ((random >> 12) & 3), "r");
			allow(&permits[count - 1].peer, permits[count - 1].ports,
			      permits[count - 1].port_count, before);
		}
		rules = reduce(permits, count);
		for (size_t i = 0; i < rules.count; i++) {
			for (size_t j = 0; j < rules.items[i].peer_count; j++) {
				allow(&rules.items[i].peers[j], rules.items[i].ports,
				      rules.items[i].port_count, after);
				edges += rules.items[i].peers[j].edges;
			}
		}
		assert_memory_equal(before, after, PEERS);
		assert_no_merge_is_left(&rules);
		assert_int_equal(edges, wanted);
		rules_clear(&rules);
	}
}

#define MANY 100000

/* As many as a policy of blocks has at worst; comparing each with each would take minutes. */
static void test_many_peers(void **state)
{
	struct permit *permits = calloc(MANY, sizeof(*permits));
	struct rules rules;
	int64_t begun;

	(void)state;
	assert_non_null(permits);
	for (uint32_t i = 0; i < MANY; i++) {
		permits[i] = permit_of(0, 1u << i % 3, "r");
		permits[i].peer.block.addr.bytes[1] = (uint8_t)(i >> 16);
		permits[i].peer.block.addr.bytes[2] = (uint8_t)(i >> 8);
		permits[i].peer.block.addr.bytes[3] = (uint8_t)i;
	}
	begun = clock_monotonic();
	rules = reduce(permits, MANY);
	assert_true(clock_monotonic() - begun < 10 * NSEC_PER_SEC);
	assert_int_equal(rules.count, 3);
	assert_int_equal(rules.items[0].peer_count, MANY / 3 + 1);
	rules_clear(&rules);
	free(permits);
}

/* ---- ranges ---- */

static struct policy_rule rule_with(const uint16_t *ports, size_t count, uint8_t protocol)
{
	struct policy_rule rule = {.peers = calloc(1, sizeof(struct policy_peer)),
				   .ports = calloc(count, sizeof(struct policy_port)),
				   .peer_count = 1};

	assert_non_null(rule.peers);
	assert_non_null(rule.ports);
	rule.peers[0] = peer_of(0, "r");
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
	    cmocka_unit_test(test_random_permits_keep_their_meaning),
	    cmocka_unit_test(test_many_peers),
	    cmocka_unit_test(test_neighbours_become_a_range),
	    cmocka_unit_test(test_ranges_are_of_one_protocol),
	    cmocka_unit_test(test_single_ports_are_no_ranges),
	    cmocka_unit_test(test_scattered_ports_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
