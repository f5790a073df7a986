/* Who may ask whom for names, beside those that were seen to. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "policy/kind_common.h"
#include "tests/unit/model/scene.h"

#define POD(NAMESPACE, NAME, ADDRESS, LABELS, SPEC)                                                \
	"---\n{kind: Pod, metadata: {namespace: " NAMESPACE ", name: " NAME ", uid: uid-" NAME     \
	", labels: {" LABELS "}, ownerReferences: [{kind: DaemonSet, name: " NAME                  \
	", controller: true}]}, spec: {nodeName: n1" SPEC                                          \
	"}, status: {phase: Running, podIP: \"" ADDRESS "\"}}\n"
#define SHOP                                                                                       \
	POD("shop", "web", "10.1.0.1", "app: web", "")                                             \
	POD("shop", "api", "10.1.0.2", "app: api", "")
#define COREDNS POD("kube-system", "coredns", "10.1.0.9", "k8s-app: kube-dns", "")
#define DNS_SERVICE(SELECTOR)                                                                      \
	"---\n{kind: Service, metadata: {namespace: kube-system, name: kube-dns}, spec: "          \
	"{clusterIP: 10.96.0.10, " SELECTOR "ports: [{name: dns, protocol: UDP, port: 53, "        \
	"targetPort: 53}]}}\n"
#define SERVICE DNS_SERVICE("selector: {k8s-app: kube-dns}, ")
#define CACHE(LABEL, NAME, SPEC) POD("kube-system", NAME, "192.168.0.1", "k8s-app: " LABEL, SPEC)
#define ON_NODE ", hostNetwork: true"

struct shop {
	struct scene scene;
	struct policy_request request;
	struct policy_set *set;
};

static void shop_open(struct shop *s, const char *yaml)
{
	static const char *const pods[][3] = {{"shop", "web", "10.1.0.1"},
					      {"shop", "api", "10.1.0.2"},
					      {"kube-system", "coredns", "10.1.0.9"}};

	*s = (struct shop){0};
	policy_request_init(&s->request);
	scene_inventory(&s->scene, yaml);
	scene_node(&s->scene, "n1", "192.168.0.1");
	for (size_t i = 0; i < 3; i++)
		scene_pod(&s->scene, (struct scene_pod){.node = "n1",
							.namespace = pods[i][0],
							.name = pods[i][1],
							.uid = "",
							.address = pods[i][2]});
}

static void shop_close(struct shop *s)
{
	policy_set_free(s->set);
	scene_close(&s->scene);
}

static uint32_t pod_at(const struct shop *s, const char *address)
{
	for (size_t i = 0; i < s->scene.pod_count; i++)
		if (strcmp(s->scene.pods[i].address, address) == 0)
			return (uint32_t)i + 1;
	return 0;
}

static void talk(struct shop *s, const char *from, const char *to, int protocol, int port)
{
	scene_edge(&s->scene, (struct scene_edge){.from = from,
						  .from_pod = pod_at(s, from),
						  .to = to,
						  .to_pod = pod_at(s, to),
						  .protocol = protocol,
						  .port = port});
}

static void ask(struct shop *s, const char *from, const char *to)
{
	talk(s, from, to, IPPROTO_UDP, 53);
}

static void derive(struct shop *s)
{
	policy_set_free(s->set);
	s->set = NULL;
	problems_clear(&s->scene.problems);
	assert_int_equal(
	    policy_derive(scene_build(&s->scene, 0), &s->request, &s->scene.problems, &s->set), 0);
}

/* Two that speak with one another, so that both have policies. */
static void shop_derive(struct shop *s, const char *yaml)
{
	shop_open(s, yaml);
	talk(s, "10.1.0.1", "10.1.0.2", IPPROTO_TCP, 8080);
	derive(s);
}

static bool is_called(const struct policy_peer *peer, const char *text)
{
	struct buf buf = {0};
	bool is;

	kind_put_peer(&buf, peer);
	assert_int_equal(buf.error, 0);
	is = strcmp(buf.data, text) == 0;
	buf_clear(&buf);
	return is;
}

/* The peer of a rule for port 53 over that protocol; NULL: there is none. */
static const struct policy_peer *find(const struct shop *s, const char *name,
				      enum direction direction, const char *text, int protocol)
{
	for (size_t i = 0; i < s->set->count; i++) {
		const struct policy *policy = &s->set->policies[i];

		for (size_t j = 0;
		     strcmp(policy->name, name) == 0 && j < policy->rule_count[direction]; j++) {
			const struct policy_rule *rule = &policy->rules[direction][j];

			for (size_t k = 0; k < rule->peer_count * rule->port_count; k++)
				if (rule->ports[k % rule->port_count].port == 53 &&
				    rule->ports[k % rule->port_count].protocol == protocol &&
				    is_called(&rule->peers[k / rule->port_count], text))
					return &rule->peers[k / rule->port_count];
		}
	}
	return NULL;
}

static bool may_ask(const struct shop *s, const char *name, const char *text)
{
	return find(s, name, DIRECTION_EGRESS, text, IPPROTO_UDP);
}

static bool may_be_asked(const struct shop *s, const char *text)
{
	return find(s, "coredns-netpol", DIRECTION_INGRESS, text, IPPROTO_UDP);
}

static const char usual[] = "k8s-app=kube-dns in kube-system";
static const char cache[] = "169.254.20.10/32", vip[] = "10.96.0.10/32";

/* ---- caches on nodes ---- */

static void test_a_cache_that_the_inventory_has(void **state)
{
	static const char *const yamls[] = {
	    SHOP SERVICE CACHE("node-local-dns", "nodelocaldns", ""),
	    SHOP SERVICE CACHE("cache", "node-local-dns", ON_NODE),
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct policy_peer *peer;
		struct shop s;

		shop_derive(&s, yamls[i]);
		peer = find(&s, "web-netpol", DIRECTION_EGRESS, cache, IPPROTO_TCP);
		assert_non_null(peer);
		assert_int_equal(peer->wider, WIDER_DNS);
		assert_string_equal(peer->reason,
				    "the DNS cache of a node: DNS, from the inventory");
		assert_true(may_ask(&s, "web-netpol", cache));
		assert_true(may_ask(&s, "web-netpol", usual));
		peer = find(&s, "web-netpol", DIRECTION_EGRESS, vip, IPPROTO_TCP);
		assert_non_null(peer);
		assert_int_equal(peer->wider, WIDER_DNS);
		assert_true(may_ask(&s, "web-netpol", vip));
		s.request.exact = true;
		derive(&s);
		assert_false(may_ask(&s, "web-netpol", cache));
		assert_false(may_ask(&s, "web-netpol", vip));
		shop_close(&s);
	}
}

static void test_no_cache(void **state)
{
	struct shop s;

	(void)state;
	shop_derive(&s, SHOP SERVICE CACHE("cache", "node-local-dns", ""));
	assert_true(may_ask(&s, "web-netpol", usual));
	assert_false(may_ask(&s, "web-netpol", cache));
	assert_false(may_ask(&s, "web-netpol", vip));
	shop_close(&s);
}

static void test_a_cache_at_another_address(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, SHOP SERVICE);
	talk(&s, "10.1.0.1", "10.1.0.2", IPPROTO_TCP, 8080);
	ask(&s, "10.1.0.1", "169.254.25.10");
	derive(&s);
	assert_true(may_ask(&s, "api-netpol", "169.254.25.10/32"));
	assert_false(may_ask(&s, "api-netpol", cache));
	assert_true(may_ask(&s, "api-netpol", vip));
	shop_close(&s);
}

/* ---- whom a resolver asks ---- */

static void test_the_upstream_of_one_that_nobody_asked(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, SHOP COREDNS);
	talk(&s, "10.1.0.1", "10.1.0.2", IPPROTO_TCP, 8080);
	ask(&s, "10.1.0.9", "198.51.100.53");
	derive(&s);
	assert_true(may_ask(&s, "web-netpol", usual));
	assert_false(may_ask(&s, "web-netpol", "198.51.100.53/32"));
	assert_true(may_ask(&s, "coredns-netpol", "198.51.100.53/32"));
	assert_true(scene_has_problem(&s.scene, "DNS", "are assumed"));
	ask(&s, "10.1.0.2", "198.51.100.54");
	derive(&s);
	assert_true(may_ask(&s, "web-netpol", usual));
	assert_true(may_ask(&s, "api-netpol", "198.51.100.54/32"));
	assert_false(may_ask(&s, "web-netpol", "198.51.100.54/32"));
	shop_close(&s);
}

/* ---- endpoints by hand ---- */

#define ENDPOINTS(ADDRESSES)                                                                       \
	"---\n{kind: Endpoints, metadata: {namespace: kube-system, name: kube-dns}, subsets: "     \
	"[{addresses: [" ADDRESSES "], ports: [{name: dns, protocol: UDP, port: 53}, {name: "      \
	"metrics, port: 9153}]}]}\n"

static void test_endpoints_by_hand(void **state)
{
	const struct policy_peer *peer;
	struct shop s;

	(void)state;
	shop_open(&s, SHOP DNS_SERVICE("") ENDPOINTS("{ip: 203.0.113.53}, {ip: 10.1.0.2}"));
	talk(&s, "10.1.0.1", "10.1.0.2", IPPROTO_TCP, 8080);
	ask(&s, "10.1.0.2", "198.51.100.54");
	derive(&s);
	peer = find(&s, "web-netpol", DIRECTION_EGRESS, "203.0.113.53/32", IPPROTO_UDP);
	assert_non_null(peer);
	assert_int_equal(peer->wider, WIDER_DNS);
	assert_true(may_ask(&s, "web-netpol", "app=api"));
	assert_false(may_ask(&s, "web-netpol", "198.51.100.54/32"));
	assert_false(may_ask(&s, "web-netpol", usual));
	assert_null(find(&s, "web-netpol", DIRECTION_EGRESS, "203.0.113.53/32", IPPROTO_TCP));
	assert_false(scene_has_problem(&s.scene, "DNS", ""));
	shop_close(&s);
}

static void test_more_endpoints_than_are_used(void **state)
{
	struct buf yaml = {0};
	size_t blocks = 0;
	struct shop s;

	(void)state;
	buf_puts(&yaml, SHOP DNS_SERVICE("") "---\n{kind: Endpoints, metadata: {namespace: "
					     "kube-system, name: kube-dns}, subsets: [{addresses: ["
					     "{ip: 203.0.113.1}");
	for (int i = 2; i <= 80; i++)
		buf_printf(&yaml, ", {ip: 203.0.113.%d}", i);
	buf_puts(&yaml, "], ports: [{name: dns, protocol: UDP, port: 53}]}]}\n");
	shop_derive(&s, yaml.data);
	for (int i = 1; i <= 80; i++) {
		char text[PREFIX_TEXT_MAX];

		snprintf(text, sizeof(text), "203.0.113.%d/32", i);
		blocks += may_ask(&s, "web-netpol", text);
	}
	assert_int_equal(blocks, 64);
	assert_true(scene_has_problem(&s.scene, "DNS", "more endpoints than are used"));
	buf_clear(&yaml);
	shop_close(&s);
}

/* ---- clients on nodes ---- */

#define NODE_N2                                                                                    \
	"---\n{kind: Node, metadata: {name: n2}, status: {addresses: [{type: InternalIP, "         \
	"address: 192.168.0.2}, {type: InternalIP, address: 10.96.0.10}]}}\n"

static void shop_resolve(struct shop *s, const char *yaml, const char *client)
{
	shop_open(s, yaml);
	ask(s, "10.1.0.1", "10.1.0.9");
	if (client)
		ask(s, client, "10.1.0.9");
	derive(s);
}

static void test_nodes_may_ask(void **state)
{
	const struct policy_peer *peer;
	struct shop s;

	(void)state;
	shop_resolve(&s, SHOP COREDNS SERVICE NODE_N2, NULL);
	peer = find(&s, "coredns-netpol", DIRECTION_INGRESS, "192.168.0.2/32", IPPROTO_TCP);
	assert_non_null(peer);
	assert_int_equal(peer->wider, WIDER_DNS);
	assert_string_equal(peer->reason, "node n2: names stay resolvable on nodes, too");
	assert_true(may_be_asked(&s, "192.168.0.1/32"));
	/* A service's address, on a device of each node. */
	assert_false(may_be_asked(&s, vip));
	assert_false(scene_has_problem(&s.scene, "DNS", "generate again"));
	assert_null(find(&s, "web-netpol", DIRECTION_INGRESS, "192.168.0.2/32", IPPROTO_UDP));
	s.request.exact = true;
	derive(&s);
	assert_false(may_be_asked(&s, "192.168.0.2/32"));
	shop_close(&s);
}

static void test_new_nodes_need_a_new_run(void **state)
{
	struct shop s;

	(void)state;
	shop_resolve(&s, SHOP COREDNS SERVICE NODE_N2, "192.168.0.2");
	assert_true(scene_has_problem(&s.scene, "DNS", "generate again"));
	s.request.directions[DIRECTION_INGRESS] = false;
	derive(&s);
	assert_false(scene_has_problem(&s.scene, "DNS", "generate again"));
	shop_close(&s);
	shop_resolve(&s, SHOP COREDNS SERVICE CACHE("node-local-dns", "cache", ON_NODE), NULL);
	assert_true(scene_has_problem(&s.scene, "DNS", "generate again"));
	shop_close(&s);
}

static void test_nodes_are_an_entity(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, SHOP COREDNS SERVICE NODE_N2);
	ask(&s, "10.1.0.1", "10.1.0.9");
	ask(&s, "192.168.0.2", "10.1.0.9");
	s.request.entities = true;
	derive(&s);
	assert_true(may_be_asked(&s, "the nodes"));
	assert_false(may_be_asked(&s, "192.168.0.2/32"));
	assert_false(may_be_asked(&s, "0.0.0.0/0"));
	assert_false(scene_has_problem(&s.scene, "DNS", "generate again"));
	shop_close(&s);
}

/* As many nodes as that, beside n1. */
static char *many_nodes(int count)
{
	struct buf yaml = {0};

	buf_puts(&yaml, SHOP COREDNS SERVICE);
	for (int i = 0; i < count; i++)
		buf_printf(&yaml,
			   "---\n{kind: Node, metadata: {name: m%d}, status: {addresses: [{type: "
			   "InternalIP, address: 192.168.%d.%d}]}}\n",
			   i, 1 + i / 250, 1 + i % 250);
	buf_puts(&yaml, "---\n{kind: Node, metadata: {name: six}, status: {addresses: [{type: "
			"InternalIP, address: \"fd00::1\"}]}}\n");
	assert_int_equal(yaml.error, 0);
	return yaml.data;
}

static void test_very_many_nodes(void **state)
{
	char *most = many_nodes(255), *more = many_nodes(256);
	struct shop s;

	(void)state;
	shop_resolve(&s, most, "192.168.1.1");
	assert_true(may_be_asked(&s, "192.168.1.9/32"));
	assert_false(may_be_asked(&s, "0.0.0.0/0"));
	shop_close(&s);
	shop_resolve(&s, more, "192.168.1.1");
	assert_true(may_be_asked(&s, "0.0.0.0/0"));
	assert_false(may_be_asked(&s, "192.168.1.9/32"));
	assert_false(may_be_asked(&s, "::/0"));
	assert_true(may_be_asked(&s, "fd00::1/128"));
	shop_close(&s);
	free(most);
	free(more);
}

/* ---- resolvers on nodes ---- */

static void ask_nodes(struct shop *s, int count)
{
	static char names[33][8], addresses[33][ADDR_TEXT_MAX];

	shop_open(s, SHOP SERVICE);
	for (int i = 0; i < count; i++) {
		snprintf(names[i], sizeof(names[i]), "m%d", i);
		snprintf(addresses[i], sizeof(addresses[i]), "192.168.1.%d", 1 + i);
		scene_node(&s->scene, names[i], addresses[i]);
		ask(s, "10.1.0.1", addresses[i]);
	}
	talk(s, "10.1.0.1", "10.1.0.2", IPPROTO_TCP, 8080);
	derive(s);
}

static void test_resolvers_on_few_nodes(void **state)
{
	struct shop s;

	(void)state;
	ask_nodes(&s, 32);
	assert_true(may_ask(&s, "api-netpol", "192.168.1.32/32"));
	assert_false(scene_has_problem(&s.scene, "DNS", "many nodes"));
	shop_close(&s);
}

static void test_resolvers_on_many_nodes(void **state)
{
	struct shop s;

	(void)state;
	ask_nodes(&s, 33);
	assert_false(may_ask(&s, "api-netpol", "192.168.1.1/32"));
	assert_true(may_ask(&s, "api-netpol", usual));
	assert_true(may_ask(&s, "web-netpol", "192.168.1.33/32"));
	assert_non_null(find(&s, "web-netpol", DIRECTION_EGRESS, "192.168.1.33/32", IPPROTO_TCP));
	assert_true(scene_has_problem(&s.scene, "DNS", "many nodes"));
	s.request.entities = true;
	derive(&s);
	assert_true(may_ask(&s, "api-netpol", "the nodes"));
	assert_false(scene_has_problem(&s.scene, "DNS", "many nodes"));
	shop_close(&s);
}

/* ---- directions ---- */

static void test_nothing_is_told_of_egress_that_is_not_made(void **state)
{
	struct shop s;

	(void)state;
	shop_derive(&s, SHOP);
	assert_true(scene_has_problem(&s.scene, "DNS", "are assumed"));
	s.request.directions[DIRECTION_EGRESS] = false;
	derive(&s);
	assert_false(scene_has_problem(&s.scene, "DNS", ""));
	shop_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_cache_that_the_inventory_has),
	    cmocka_unit_test(test_no_cache),
	    cmocka_unit_test(test_a_cache_at_another_address),
	    cmocka_unit_test(test_the_upstream_of_one_that_nobody_asked),
	    cmocka_unit_test(test_endpoints_by_hand),
	    cmocka_unit_test(test_more_endpoints_than_are_used),
	    cmocka_unit_test(test_nodes_may_ask),
	    cmocka_unit_test(test_new_nodes_need_a_new_run),
	    cmocka_unit_test(test_nodes_are_an_entity),
	    cmocka_unit_test(test_very_many_nodes),
	    cmocka_unit_test(test_resolvers_on_few_nodes),
	    cmocka_unit_test(test_resolvers_on_many_nodes),
	    cmocka_unit_test(test_nothing_is_told_of_egress_that_is_not_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
