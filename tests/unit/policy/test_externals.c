/* What policies make of addresses outside of the cluster. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/buf.h"
#include "tests/unit/policy/shop.h"

#define NODE                                                                                       \
	"{kind: Node, metadata: {name: n1}, spec: {podCIDRs: [10.1.0.0/24]}, status: {addresses: " \
	"[{type: InternalIP, address: 192.0.2.11}]}}\n---\n"
#define POD(NAME, IP, PORTS)                                                                       \
	"{kind: Pod, metadata: {namespace: shop, name: " NAME ", uid: u-" NAME                     \
	", labels: {app: " NAME "}}, spec: {nodeName: n1, containers: [{ports: [" PORTS            \
	"]}]}, status: {phase: Running, podIP: " IP "}}\n---\n"
#define SERVICE(SPEC)                                                                              \
	"{kind: Service, metadata: {namespace: shop, name: web}, spec: {selector: {app: web}, "    \
	"clusterIP: 10.96.0.5, " SPEC "}}\n---\n"

#define CLUSTER_DNS                                                                                \
	"{kind: Service, metadata: {namespace: kube-system, name: kube-dns}, spec: {selector: "    \
	"{k8s-app: kube-dns}, clusterIP: 10.96.0.10, ports: [{port: 53, protocol: UDP}, {port: "   \
	"53, protocol: TCP}]}}\n---\n"

static const char plain[] = NODE POD("web", "10.1.0.1", "");

struct world {
	struct shop shop;
	char texts[256][ADDR_TEXT_MAX];
	size_t text_count;
};

static void world_open(struct world *world, const char *inventory)
{
	*world = (struct world){0};
	shop_init_web(&world->shop, inventory);
}

static void asks(struct world *world, const char *to, int port)
{
	scene_edge(
	    &world->shop.scene,
	    (struct scene_edge){.from = "10.1.0.1", .from_pod = SHOP_WEB, .to = to, .port = port});
}

/* FORMAT.FIRST to FORMAT.LAST; "8.8.8.%u". */
static void asks_many(struct world *world, const char *format, unsigned first, unsigned step,
		      unsigned count, int port)
{
	for (unsigned i = 0; i < count; i++) {
		char *text = world->texts[world->text_count++];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(text, ADDR_TEXT_MAX, format, first + i * step);
#pragma GCC diagnostic pop
		asks(world, text, port);
	}
}

static void put_peer(struct buf *buf, const struct policy_peer *peer)
{
	static const char *const bits[] = {"aggregated", "known", "any", "folded"};
	char text[PREFIX_TEXT_MAX];

	buf_puts(buf, prefix_format(peer->block, text));
	for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (peer->wider & 1u << i)
			buf_printf(buf, " %s", bits[i]);
	if (peer->known_network)
		buf_printf(buf, " (%s)", peer->known_network);
	buf_printf(buf, " of %zu%s\n", peer->seen_count, peer->seen_more ? " and more" : "");
}

/* One line each block of the direction, but those of DNS: BLOCK BITS (NETWORK) of SEEN. */
static void put_direction(struct buf *buf, const struct policy *policy, enum direction direction)
{
	if (!policy->isolates[direction])
		buf_puts(buf, "withheld\n");
	for (size_t i = 0; i < policy->rule_count[direction]; i++) {
		const struct policy_rule *rule = &policy->rules[direction][i];

		if (rule->peers->kind != PEER_BLOCK)
			continue;
		for (size_t j = 0; j < rule->port_count; j++)
			buf_printf(buf, "%s%u", j > 0 ? " " : "", rule->ports[j].port);
		buf_puts(buf, ":\n");
		for (size_t j = 0; j < rule->peer_count; j++)
			put_peer(buf, &rule->peers[j]);
	}
}

static void assert_blocks(struct world *world, enum direction direction, const char *expected)
{
	/* The order of the rows does not matter. */
	for (uint32_t order = 0; order < 4; order++) {
		struct buf buf = {0};

		derive_in_order(&world->shop, order);
		assert_int_equal(world->shop.set->count, 1);
		put_direction(&buf, world->shop.set->policies, direction);
		assert_int_equal(buf.error, 0);
		assert_string_equal(buf.data ? buf.data : "", expected);
		buf_clear(&buf);
	}
}

static void world_close(struct world *world)
{
	known_networks_free((struct known_networks *)world->shop.request.known_networks);
	shop_close(&world->shop);
}

static void know(struct world *world, const char *yaml)
{
	struct known_networks *networks = known_networks_new();
	struct document *document = NULL;

	assert_non_null(networks);
	assert_int_equal(
	    document_parse(yaml, strlen(yaml), "networks", &world->shop.scene.problems, &document),
	    0);
	assert_int_equal(known_networks_add(networks, document, &world->shop.scene.problems), 0);
	document_free(document);
	world->shop.request.known_networks = networks;
}

/* ---- egress ---- */

static void test_few_addresses_stay(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, plain);
	asks_many(&world, "8.8.8.%u", 1, 1, 3, 443);
	world.shop.request.block_threshold = 3;
	assert_blocks(&world, DIRECTION_EGRESS,
		      "443:\n8.8.8.1/32 of 1\n8.8.8.2/32 of 1\n8.8.8.3/32 of 1\n");
	world_close(&world);
}

static void test_many_addresses_become_blocks(void **state)
{
	const struct policy *policy;
	struct world world;
	size_t peers = 0;

	(void)state;
	world_open(&world, plain);
	asks_many(&world, "8.8.8.%u", 1, 5, 20, 443);
	asks_many(&world, "8.8.9.%u", 4, 1, 4, 443);
	asks(&world, "9.9.9.9", 443);
	asks(&world, "8.8.8.1", 80);
	world.shop.request.block_threshold = 3;
	assert_blocks(&world, DIRECTION_EGRESS,
		      "443:\n8.8.8.0/25 aggregated of 16 and more\n8.8.9.4/30 of 4\n"
		      "9.9.9.9/32 of 1\n80:\n8.8.8.1/32 of 1\n");
	world.shop.request.exact = true;
	world.shop.request.block_threshold = 0;
	derive(&world.shop);
	policy = world.shop.set->policies;
	for (size_t i = 0; i < policy->rule_count[DIRECTION_EGRESS]; i++)
		peers += policy->rules[DIRECTION_EGRESS][i].peer_count;
	assert_int_equal(peers, 25);
	world_close(&world);
}

static void test_what_is_no_address_outside_takes_no_part(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, plain);
	asks(&world, "8.8.8.1", 80);
	asks(&world, "8.8.8.2", 80);
	asks(&world, "169.254.169.254", 80);
	asks(&world, "169.254.169.253", 80);
	asks(&world, "192.0.2.12", 80);
	scene_node(&world.shop.scene, "n2", "192.0.2.12");
	world.shop.request.block_threshold = 1;
	assert_blocks(&world, DIRECTION_EGRESS,
		      "80:\n8.8.8.0/30 aggregated of 2\n169.254.169.253/32 of 1\n"
		      "169.254.169.254/32 of 1\n192.0.2.12/32 of 1\n");
	world_close(&world);
}

static void test_the_clusters_own_stay_out(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, plain);
	/* Beside the range of the node's pods, and beside a node. */
	asks(&world, "10.1.1.1", 80);
	asks(&world, "10.1.2.1", 80);
	asks(&world, "10.1.2.2", 80);
	asks(&world, "10.0.255.1", 80);
	asks(&world, "192.0.2.8", 80);
	asks(&world, "192.0.2.15", 80);
	world.shop.request.block_threshold = 1;
	world.shop.request.block_floor[0] = 8;
	assert_blocks(&world, DIRECTION_EGRESS,
		      "80:\n10.0.255.1/32 of 1\n10.1.1.1/32 of 1\n10.1.2.0/30 aggregated of 2\n"
		      "192.0.2.8/32 of 1\n192.0.2.15/32 of 1\n");
	world_close(&world);
}

static void test_private_addresses_stay_where_pods_may_be(void **state)
{
	struct world world;
	size_t notes = 0;

	(void)state;
	world_open(&world, POD("web", "10.1.0.1", ""));
	asks_many(&world, "10.9.0.%u", 0, 1, 3, 80);
	asks_many(&world, "8.8.8.%u", 0, 2, 2, 80);
	world.shop.request.block_threshold = 1;
	assert_blocks(&world, DIRECTION_EGRESS,
		      "80:\n8.8.8.0/30 aggregated of 2\n10.9.0.0/32 of 1\n10.9.0.1/32 of 1\n"
		      "10.9.0.2/32 of 1\n");
	for (size_t i = 0; i < world.shop.scene.problems.count; i++)
		notes += strstr(world.shop.scene.problems.items[i].message, "podCIDRs") != NULL;
	assert_int_equal(notes, 1);
	world_close(&world);
}

static void test_families_are_apart(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, plain);
	asks_many(&world, "8.8.8.%u", 0, 2, 4, 443);
	asks_many(&world, "2600:1::%u", 0, 2, 2, 443);
	world.shop.request.block_threshold = 2;
	assert_blocks(&world, DIRECTION_EGRESS,
		      "443:\n8.8.8.0/29 aggregated of 4\n"
		      "2600:1::/128 of 1\n2600:1::2/128 of 1\n");
	world_close(&world);
}

static void test_too_many_blocks_withhold_the_direction(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, plain);
	asks_many(&world, "8.8.%u.1", 0, 1, 4, 443);
	is_asked(&world.shop, "10.200.0.1", 80);
	world.shop.request.block_threshold = 2;
	world.shop.request.max_blocks = 3;
	assert_blocks(&world, DIRECTION_EGRESS, "withheld\n");
	assert_true(scene_has_problem(
	    &world.shop.scene, "Pod/web in shop",
	    "egress is withheld: TCP 443 needs 4 blocks outside of the cluster, more than "
	    "--max-blocks 3; name their networks (--known-networks), join more of them "
	    "(--block-floor), or allow more"));
	assert_blocks(&world, DIRECTION_INGRESS, "80:\n10.200.0.1/32 of 1\n");
	world.shop.request.max_blocks = 4;
	assert_blocks(&world, DIRECTION_EGRESS,
		      "443:\n8.8.0.1/32 of 1\n8.8.1.1/32 of 1\n8.8.2.1/32 of 1\n8.8.3.1/32 of 1\n");
	world_close(&world);
}

static void test_folded_prefixes_take_part(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, plain);
	asks(&world, "8.8.8.0/25", 443);
	asks(&world, "8.8.8.200", 443);
	asks(&world, "8.8.8.7", 443);
	assert_blocks(&world, DIRECTION_EGRESS,
		      "443:\n8.8.8.0/25 folded of 1 and more\n8.8.8.200/32 of 1\n");
	world.shop.request.block_threshold = 1;
	assert_blocks(&world, DIRECTION_EGRESS,
		      "443:\n8.8.8.0/24 aggregated folded of 2 and more\n");
	world_close(&world);
}

/* ---- known networks ---- */

static void test_known_networks_replace_addresses(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, plain);
	know(&world, "- {name: cdn, cidrs: [8.8.8.0/24, 8.9.0.0/16, 8.10.0.1/32, '2600::/16']}\n"
		     "- {name: other, cidrs: [9.0.0.0/8]}\n");
	asks(&world, "8.8.8.1", 443);
	asks(&world, "8.8.8.9", 443);
	asks(&world, "8.10.0.1", 443);
	asks(&world, "8.11.0.1", 443);
	asks(&world, "2601::1", 443);
	assert_blocks(&world, DIRECTION_EGRESS,
		      "443:\n8.8.8.0/24 known (cdn) of 2\n8.9.0.0/16 known (cdn) of 0\n"
		      "8.10.0.1/32 (cdn) of 1\n8.11.0.1/32 of 1\n2601::1/128 of 1\n");
	world.shop.request.block_threshold = 0;
	assert_blocks(&world, DIRECTION_EGRESS,
		      "443:\n8.8.8.0/24 known (cdn) of 2\n8.9.0.0/16 known (cdn) of 0\n"
		      "8.10.0.1/32 (cdn) of 1\n8.11.0.1/32 of 1\n2601::1/128 of 1\n");
	world_close(&world);
}

static void test_reasons_of_known_networks(void **state)
{
	struct world world;
	const struct policy_rule *rule;

	(void)state;
	world_open(&world, plain);
	know(&world, "- {name: cdn, cidrs: [8.8.8.0/24, 8.9.0.0/16]}\n");
	asks(&world, "8.8.8.1", 443);
	derive(&world.shop);
	rule = &world.shop.set->policies->rules[DIRECTION_EGRESS][1];
	assert_int_equal(rule->peer_count, 2);
	assert_non_null(strstr(rule->peers[0].reason, "known network cdn: 1 connection"));
	assert_int_equal(rule->peers[0].connections, 1);
	assert_string_equal(rule->peers[0].class, "external");
	assert_string_equal(rule->peers[1].reason,
			    "known network cdn: not seen, one of its published ranges");
	assert_int_equal(rule->peers[1].edges, 0);
	assert_string_equal(rule->peers[1].class, "");
	world_close(&world);
}

/* Names that were asked for over UDP are asked for again over TCP, of whichever is used then. */
static void test_resolvers_of_known_networks(void **state)
{
	struct world world;
	const struct policy_rule *rule;
	const struct policy *web;

	(void)state;
	world_open(&world, NODE POD("web", "10.1.0.1", "") CLUSTER_DNS);
	know(&world, "- {name: public, cidrs: [8.8.8.0/24, 8.9.0.0/16]}\n");
	scene_edge(&world.shop.scene, (struct scene_edge){.from = "10.1.0.1",
							  .from_pod = SHOP_WEB,
							  .to = "8.8.8.8",
							  .port = 53,
							  .protocol = IPPROTO_UDP});
	derive(&world.shop);
	web = world.shop.set->policies;
	assert_int_equal(web->rule_count[DIRECTION_EGRESS], 1);
	rule = web->rules[DIRECTION_EGRESS];
	assert_int_equal(rule->port_count, 2);
	assert_int_equal(rule->peer_count, 3);
	assert_int_equal(rule->peers[1].wider, WIDER_KNOWN_NETWORK | WIDER_DNS);
	assert_int_equal(rule->peers[2].wider, WIDER_KNOWN_NETWORK);
	world.shop.request.max_blocks = 1;
	assert_blocks(&world, DIRECTION_EGRESS, "withheld\n");
	assert_true(scene_has_problem(&world.shop.scene, "Pod/web in shop",
				      "egress is withheld: UDP 53 needs 2 blocks"));
	world_close(&world);
}

static void test_known_networks_nest(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, plain);
	know(&world, "- {name: wide, cidrs: [8.0.0.0/8, 9.9.9.9/32]}\n"
		     "- {name: narrow, cidrs: [8.8.8.0/24, 9.1.0.0/16]}\n");
	asks(&world, "8.8.8.1", 443);
	assert_blocks(&world, DIRECTION_EGRESS,
		      "443:\n8.8.8.0/24 known (narrow) of 1\n9.1.0.0/16 known (narrow) of 0\n");
	asks(&world, "8.1.1.1", 443);
	assert_blocks(&world, DIRECTION_EGRESS,
		      "443:\n8.0.0.0/8 known (wide) of 2\n9.1.0.0/16 known (narrow) of 0\n"
		      "9.9.9.9/32 known (wide) of 0\n");
	world_close(&world);
}

static void test_known_networks_and_folded_prefixes(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, plain);
	know(&world, "- {name: wide, cidrs: [8.0.0.0/8]}\n- {name: narrow, cidrs: [8.8.8.0/28]}\n");
	asks(&world, "8.8.8.0/24", 443);
	assert_blocks(&world, DIRECTION_EGRESS,
		      "443:\n8.0.0.0/8 known folded (wide) of 0 and more\n");
	world_close(&world);
}

static void test_known_networks_with_the_clusters_own(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, plain);
	know(&world, "- {name: corp, cidrs: [10.0.0.0/8, 172.16.0.0/16]}\n");
	asks(&world, "10.200.0.1", 443);
	assert_blocks(&world, DIRECTION_EGRESS, "443:\n10.200.0.1/32 of 1\n");
	assert_true(
	    scene_has_problem(&world.shop.scene, "corp",
			      "the cluster itself or its cloud has addresses in 10.0.0.0/8"));
	asks(&world, "172.16.1.1", 443);
	assert_blocks(&world, DIRECTION_EGRESS,
		      "443:\n10.200.0.1/32 of 1\n172.16.0.0/16 known (corp) of 1\n");
	world_close(&world);
}

static void test_known_networks_with_too_many_ranges(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, plain);
	know(&world, "- {name: cdn, cidrs: [8.8.8.0/24, 8.8.10.0/24, 8.8.12.0/24, 8.8.14.0/24]}\n");
	asks(&world, "8.8.8.1", 443);
	is_asked(&world.shop, "10.200.0.1", 80);
	world.shop.request.max_blocks = 3;
	assert_blocks(&world, DIRECTION_EGRESS, "withheld\n");
	world_close(&world);
}

/* ---- ingress ---- */

static void test_any_client(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, plain);
	is_asked(&world.shop, "8.8.8.1", 443);
	is_asked(&world.shop, "10.200.0.1", 443);
	is_asked(&world.shop, "fd12::1", 443);
	is_asked(&world.shop, "10.200.0.1", 80);
	assert_blocks(&world, DIRECTION_INGRESS,
		      "443:\n0.0.0.0/0 any of 2\nfd12::1/128 of 1\n80:\n10.200.0.1/32 of 1\n");
	world.shop.request.external_ingress = EXTERNAL_INGRESS_OBSERVED;
	assert_blocks(&world, DIRECTION_INGRESS,
		      "443:\n8.8.8.1/32 of 1\nfd12::1/128 of 1\n80 443:\n10.200.0.1/32 of 1\n");
	world_close(&world);
}

static void test_private_clients_stay(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, plain);
	is_asked(&world.shop, "10.200.0.1", 443);
	is_asked(&world.shop, "10.200.0.2", 443);
	is_asked(&world.shop, "10.200.0.0", 443);
	world.shop.request.block_threshold = 1;
	assert_blocks(&world, DIRECTION_INGRESS,
		      "443:\n10.200.0.0/32 of 1\n10.200.0.1/32 of 1\n10.200.0.2/32 of 1\n");
	world.shop.request.external_ingress = EXTERNAL_INGRESS_LEARNED_CIDR;
	assert_blocks(&world, DIRECTION_INGRESS, "443:\n10.200.0.0/30 aggregated of 3\n");
	world.shop.request.max_blocks = 0;
	world.shop.request.external_ingress = EXTERNAL_INGRESS_OBSERVED;
	asks(&world, "192.0.2.11", 22);
	assert_blocks(&world, DIRECTION_INGRESS, "withheld\n");
	assert_true(scene_has_problem(&world.shop.scene, "Pod/web in shop",
				      "--external-ingress learned-cidr"));
	world_close(&world);
}

/* What private clients get where the inventory has this. */
static void assert_opened(const char *inventory, bool is_opened)
{
	struct world world;

	world_open(&world, inventory);
	is_asked(&world.shop, "10.200.0.1", 8080);
	assert_blocks(&world, DIRECTION_INGRESS,
		      is_opened ? "8080:\n0.0.0.0/0 any of 1\n" : "8080:\n10.200.0.1/32 of 1\n");
	world_close(&world);
}

static void test_entries_of_the_inventory(void **state)
{
	static const char other_namespace[] = NODE POD(
	    "web", "10.1.0.1", "") "{kind: Service, metadata: {namespace: lab, name: web}, "
				   "spec: {type: NodePort, selector: {app: web}, ports: "
				   "[{port: 8080}]}}\n";

	(void)state;
#define WEB POD("web", "10.1.0.1", "")
#define NAMED POD("web", "10.1.0.1", "{name: http, containerPort: 8080}")
	assert_opened(NODE WEB SERVICE("type: NodePort, ports: [{port: 8080}]"), true);
	assert_opened(NODE WEB SERVICE("type: NodePort, ports: [{port: 80}]"), false);
	assert_opened(NODE WEB SERVICE("type: NodePort, ports: [{port: 80, targetPort: 8080}]"),
		      true);
	assert_opened(NODE WEB SERVICE("type: LoadBalancer, ports: [{port: 9, targetPort: 9}, "
				       "{port: 80, targetPort: 8080}]"),
		      true);
	assert_opened(NODE WEB SERVICE("type: NodePort, ports: [{protocol: UDP, port: 8080}]"),
		      false);
	assert_opened(NODE WEB SERVICE("type: ClusterIP, ports: [{port: 8080}]"), false);
	assert_opened(NODE WEB SERVICE("externalIPs: [203.0.113.9], ports: [{port: 8080}]"), true);
	assert_opened(NODE WEB SERVICE("externalIPs: [], ports: [{port: 8080}]"), false);
	assert_opened(NODE NAMED SERVICE("type: NodePort, ports: [{port: 80, targetPort: http}]"),
		      true);
	assert_opened(NODE NAMED SERVICE("type: NodePort, ports: [{port: 80, targetPort: dns}]"),
		      false);
	assert_opened(other_namespace, false);
	assert_opened(NODE POD("web", "10.1.0.1", "{containerPort: 8080, hostPort: 80}"), true);
	assert_opened(NODE POD("web", "10.1.0.1", "{containerPort: 80, hostPort: 8080}"), false);
}

static void assert_ranges(const char *ports, const char *client, const char *expected)
{
	char inventory[2048];
	struct world world;

	snprintf(inventory, sizeof(inventory), "%s%s",
		 NODE SERVICE("type: LoadBalancer, loadBalancerSourceRanges: [203.0.113.0/24, "
			      "8.8.0.0/16, '2600::/16'], ports: [{port: 80, targetPort: 8080, "
			      "nodePort: 30080}]"),
		 ports);
	world_open(&world, inventory);
	is_asked(&world.shop, "8.8.8.8", 8080);
	is_asked(&world.shop, client, 8080);
	assert_blocks(&world, DIRECTION_INGRESS, expected);
	world_close(&world);
}

static void test_source_ranges_of_load_balancers(void **state)
{
	(void)state;
	assert_ranges(POD("web", "10.1.0.1", ""), "8.8.9.9",
		      "8080:\n8.8.0.0/16 known (loadBalancerSourceRanges) of 2\n"
		      "203.0.113.0/24 known (loadBalancerSourceRanges) of 0\n");
	/* A client of another address, and another entry. */
	assert_ranges(POD("web", "10.1.0.1", ""), "9.9.9.9", "8080:\n0.0.0.0/0 any of 2\n");
	assert_ranges(POD("web", "10.1.0.1", "{containerPort: 8080, hostPort: 8080}"), "8.8.9.9",
		      "8080:\n0.0.0.0/0 any of 2\n");
	assert_ranges(
	    POD("web", "10.1.0.1", "") "{kind: Service, metadata: {namespace: shop, name: "
				       "z}, spec: {type: NodePort, selector: {app: web}, "
				       "ports: [{port: 8080, nodePort: 30081}]}}\n",
	    "8.8.9.9", "8080:\n0.0.0.0/0 any of 2\n");
}

static void test_a_client_that_asked_for_a_service(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, plain);
	scene_edge(&world.shop.scene, (struct scene_edge){.from = "10.200.0.1",
							  .to = "10.1.0.1",
							  .to_pod = SHOP_WEB,
							  .service = "192.0.2.11",
							  .service_port = 30080,
							  .port = 8080});
	assert_blocks(&world, DIRECTION_INGRESS, "8080:\n0.0.0.0/0 any of 1\n");
	world_close(&world);
}

/* The entry node's address is all that the pod sees of a client. */
static void test_a_client_that_another_node_forwards(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, plain);
	scene_node(&world.shop.scene, "n2", "192.0.2.12");
	scene_edge(&world.shop.scene, (struct scene_edge){.from = "8.8.8.8",
							  .to = "10.1.0.1",
							  .to_pod = SHOP_WEB,
							  .service = "192.0.2.12",
							  .service_port = 30080,
							  .translated = "192.0.2.12",
							  .port = 8080});
	assert_blocks(&world, DIRECTION_INGRESS, "8080:\n0.0.0.0/0 any of 1\n");
	world.shop.request.external_ingress = EXTERNAL_INGRESS_LEARNED_CIDR;
	assert_blocks(&world, DIRECTION_INGRESS, "8080:\n192.0.2.12/32 of 1\n");
	world_close(&world);
}

/* Both nodes have a record; the destination's has nothing but the node. */
static void test_a_client_that_another_record_tells_of(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, NODE POD("web", "10.1.0.1", ""));
	scene_node(&world.shop.scene, "n2", "192.0.2.12");
	is_asked(&world.shop, "192.0.2.12", 8080);
	assert_blocks(&world, DIRECTION_INGRESS, "8080:\n192.0.2.12/32 of 1\n");
	scene_edge(&world.shop.scene, (struct scene_edge){.node = "n2",
							  .from = "10.200.0.1",
							  .to = "10.1.0.1",
							  .service = "192.0.2.12",
							  .service_port = 30080,
							  .translated = "192.0.2.12",
							  .port = 8080});
	assert_blocks(&world, DIRECTION_INGRESS, "8080:\n0.0.0.0/0 any of 1\n");
	assert_false(scene_has_problem(&world.shop.scene, "Pod/web in shop", "clients outside"));
	world.shop.request.external_ingress = EXTERNAL_INGRESS_OBSERVED;
	assert_blocks(&world, DIRECTION_INGRESS, "8080:\n192.0.2.12/32 of 1\n");
	assert_true(scene_has_problem(&world.shop.scene, "Pod/web in shop",
				      "clients outside seem to come to TCP 8080 by way of nodes "
				      "that show their own address: n2; these are allowed, and no "
				      "other by which one comes tomorrow; --external-ingress any "
				      "opens the port to all"));
	world_close(&world);
}

/* What the port gets where a node asked that is not the pod's, and the inventory has this. */
static void assert_opened_to_node(const char *inventory, const char *service, int service_port,
				  bool is_opened)
{
	struct world world;

	world_open(&world, inventory);
	scene_node(&world.shop.scene, "n2", "192.0.2.12");
	scene_edge(&world.shop.scene, (struct scene_edge){.from = "192.0.2.12",
							  .to = "10.1.0.1",
							  .to_pod = SHOP_WEB,
							  .service = service,
							  .service_port = service_port,
							  .port = 8080});
	assert_blocks(&world, DIRECTION_INGRESS,
		      is_opened ? "8080:\n0.0.0.0/0 any of 1\n" : "8080:\n192.0.2.12/32 of 1\n");
	world.shop.request.exact = true;
	assert_blocks(&world, DIRECTION_INGRESS, "8080:\n192.0.2.12/32 of 1\n");
	assert_int_equal(scene_has_problem(&world.shop.scene, "Pod/web in shop",
					   "tomorrow; without --exact the port is open to all, or"),
			 is_opened);
	world_close(&world);
}

static void test_nodes_at_entries_of_the_inventory(void **state)
{
#define ENTRY SERVICE("type: NodePort, ports: [{port: 80, targetPort: 8080, nodePort: 30080}]")
	(void)state;
	assert_opened_to_node(NODE WEB ENTRY, NULL, 0, true);
	assert_opened_to_node(NODE WEB ENTRY, "192.0.2.11", 30080, true);
	assert_opened_to_node(NODE WEB ENTRY, "10.96.0.5", 80, false);
	assert_opened_to_node(NODE WEB SERVICE("ports: [{port: 80, targetPort: 8080}]"), NULL, 0,
			      false);
	assert_opened_to_node(NODE WEB SERVICE("type: LoadBalancer, externalTrafficPolicy: Local, "
					       "ports: [{port: 80, targetPort: 8080}]"),
			      NULL, 0, false);
	/* Nobody forwards to it. */
	assert_opened_to_node(NODE POD("web", "10.1.0.1", "{containerPort: 8080, hostPort: 80}"),
			      NULL, 0, false);
}

/* The other node's own record has them all: none of a client outside. */
static void test_nodes_whose_own_record_is_known(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, NODE WEB ENTRY);
	scene_node(&world.shop.scene, "n2", "192.0.2.12");
	scene_edge(&world.shop.scene, (struct scene_edge){.from = "192.0.2.12",
							  .to = "10.1.0.1",
							  .to_pod = SHOP_WEB,
							  .first_seen = 1000,
							  .last_seen = 1010,
							  .port = 8080});
	assert_blocks(&world, DIRECTION_INGRESS, "8080:\n0.0.0.0/0 any of 1\n");
	scene_edge(&world.shop.scene, (struct scene_edge){.node = "n2",
							  .first_seen = 1000,
							  .last_seen = 1010,
							  .from = "192.0.2.12",
							  .to = "10.1.0.1",
							  .port = 8080});
	assert_blocks(&world, DIRECTION_INGRESS, "8080:\n192.0.2.12/32 of 1\n");
	world_close(&world);
}

/* ---- few connections ---- */

/* The blocks that ingress has where this many connections are asked for. */
static void assert_common(struct world *world, int64_t minimum, const char *expected)
{
	world->shop.request.min_connections = minimum;
	assert_blocks(world, DIRECTION_INGRESS, expected);
}

static void test_clients_are_counted_together(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, plain);
	scene_node(&world.shop.scene, "n2", "192.0.2.12");
	is_asked(&world.shop, "8.8.8.1", 443);
	is_asked(&world.shop, "8.8.8.2", 443);
	is_asked(&world.shop, "fd12::1", 443);
	is_asked(&world.shop, "192.0.2.12", 443);
	is_asked(&world.shop, "8.8.8.3", 80);
	asks(&world, "9.9.9.9", 22);
	world.shop.request.external_ingress = EXTERNAL_INGRESS_OBSERVED;
	assert_common(&world, 2, "443:\n8.8.8.1/32 of 1\n8.8.8.2/32 of 1\n");
	/* One that forwards counts with them. */
	scene_edge(&world.shop.scene, (struct scene_edge){.from = "8.8.8.8",
							  .to = "10.1.0.1",
							  .to_pod = SHOP_WEB,
							  .service = "192.0.2.12",
							  .service_port = 30080,
							  .translated = "192.0.2.12",
							  .port = 443});
	assert_common(&world, 3, "443:\n8.8.8.1/32 of 1\n8.8.8.2/32 of 1\n192.0.2.12/32 of 1\n");
	world.shop.request.external_ingress = EXTERNAL_INGRESS_ANY;
	assert_common(&world, 3, "443:\n0.0.0.0/0 any of 4\n");
	world_close(&world);
}

static void test_servers_are_counted_together(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, plain);
	asks_many(&world, "8.8.8.%u", 1, 2, 3, 443);
	asks(&world, "8.8.8.1", 80);
	asks(&world, "192.0.2.11", 443);
	world.shop.request.min_connections = 3;
	assert_blocks(&world, DIRECTION_EGRESS,
		      "443:\n8.8.8.1/32 of 1\n8.8.8.3/32 of 1\n8.8.8.5/32 of 1\n");
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_few_addresses_stay),
	    cmocka_unit_test(test_many_addresses_become_blocks),
	    cmocka_unit_test(test_what_is_no_address_outside_takes_no_part),
	    cmocka_unit_test(test_the_clusters_own_stay_out),
	    cmocka_unit_test(test_private_addresses_stay_where_pods_may_be),
	    cmocka_unit_test(test_families_are_apart),
	    cmocka_unit_test(test_too_many_blocks_withhold_the_direction),
	    cmocka_unit_test(test_folded_prefixes_take_part),
	    cmocka_unit_test(test_known_networks_replace_addresses),
	    cmocka_unit_test(test_reasons_of_known_networks),
	    cmocka_unit_test(test_resolvers_of_known_networks),
	    cmocka_unit_test(test_known_networks_nest),
	    cmocka_unit_test(test_known_networks_and_folded_prefixes),
	    cmocka_unit_test(test_known_networks_with_the_clusters_own),
	    cmocka_unit_test(test_known_networks_with_too_many_ranges),
	    cmocka_unit_test(test_any_client),
	    cmocka_unit_test(test_private_clients_stay),
	    cmocka_unit_test(test_entries_of_the_inventory),
	    cmocka_unit_test(test_source_ranges_of_load_balancers),
	    cmocka_unit_test(test_a_client_that_asked_for_a_service),
	    cmocka_unit_test(test_a_client_that_another_node_forwards),
	    cmocka_unit_test(test_a_client_that_another_record_tells_of),
	    cmocka_unit_test(test_nodes_at_entries_of_the_inventory),
	    cmocka_unit_test(test_nodes_whose_own_record_is_known),
	    cmocka_unit_test(test_clients_are_counted_together),
	    cmocka_unit_test(test_servers_are_counted_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
