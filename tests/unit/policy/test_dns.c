/* Who may ask whom for names, beside those that were seen to. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "tests/unit/policy/shop.h"

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

static void shop_open(struct shop *s, const char *yaml)
{
	static const char *const pods[][3] = {{"shop", "web", "10.1.0.1"},
					      {"shop", "api", "10.1.0.2"},
					      {"kube-system", "coredns", "10.1.0.9"}};

	shop_init(s, yaml);
	scene_node(&s->scene, "n1", "192.168.0.1");
	for (size_t i = 0; i < 3; i++)
		scene_pod(&s->scene, (struct scene_pod){.node = "n1",
							.namespace = pods[i][0],
							.name = pods[i][1],
							.uid = "",
							.address = pods[i][2]});
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

/* Two that speak with one another, so that both have policies. */
static void shop_derive(struct shop *s, const char *yaml)
{
	shop_open(s, yaml);
	talk(s, "10.1.0.1", "10.1.0.2", IPPROTO_TCP, 8080);
	derive(s);
}

/* The peer of a rule for port 53 over that protocol; NULL: there is none. */
static const struct policy_peer *find(const struct shop *s, const char *name,
				      enum direction direction, const char *text, int protocol)
{
	return find_peer(s, name, direction, text, protocol, 53);
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

/* An address that was a resolver's is another pod's by now, or so it seems. */
static void test_a_stranger_behind_the_service(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, SHOP COREDNS SERVICE);
	scene_edge(&s.scene, (struct scene_edge){.from = "10.1.0.1",
						 .from_pod = pod_at(&s, "10.1.0.1"),
						 .to = "10.1.0.2",
						 .to_pod = pod_at(&s, "10.1.0.2"),
						 .service = "10.96.0.10",
						 .service_port = 53,
						 .protocol = IPPROTO_UDP,
						 .port = 53});
	derive(&s);
	assert_true(may_ask(&s, "web-netpol", "app=api"));
	assert_true(may_ask(&s, "web-netpol", usual));
	shop_close(&s);
}

static void test_a_resolver_does_not_ask_itself(void **state)
{
	static const char *const yamls[] = {SHOP COREDNS SERVICE, SHOP COREDNS};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct shop s;

		shop_open(&s, yamls[i]);
		ask(&s, "10.1.0.1", "10.1.0.9");
		derive(&s);
		assert_true(may_ask(&s, "web-netpol", usual));
		assert_false(may_ask(&s, "coredns-netpol", "k8s-app=kube-dns"));
		shop_close(&s);
	}
}

/* ---- pods without the service ---- */

#define DNS_OF(NAMESPACE, NAME, ADDRESS) POD(NAMESPACE, NAME, ADDRESS, "app: " NAME, "")
#define TENANTS                                                                                    \
	SHOP DNS_OF("shop", "dns1", "10.1.0.3") POD("blog", "wiki", "10.1.0.4", "app: wiki", "")   \
	    DNS_OF("infra", "dns2", "10.1.0.5")

static void open_tenants(struct shop *s, const char *yaml)
{
	static const char *const pods[][3] = {{"shop", "dns1", "10.1.0.3"},
					      {"blog", "wiki", "10.1.0.4"},
					      {"infra", "dns2", "10.1.0.5"}};

	shop_open(s, yaml);
	for (size_t i = 0; i < 3; i++)
		scene_pod(&s->scene, (struct scene_pod){.node = "n1",
							.namespace = pods[i][0],
							.name = pods[i][1],
							.uid = "",
							.address = pods[i][2]});
	talk(s, "10.1.0.4", "10.1.0.2", IPPROTO_TCP, 8080);
	ask(s, "10.1.0.1", "10.1.0.3");
}

static void test_a_resolver_of_one_namespace_is_its_own(void **state)
{
	struct shop s;

	(void)state;
	open_tenants(&s, TENANTS COREDNS);
	ask(&s, "10.1.0.2", "10.1.0.9");
	ask(&s, "10.1.0.2", "10.1.0.5");
	derive(&s);
	assert_true(may_ask(&s, "web-netpol", "app=dns1"));
	assert_true(may_ask(&s, "web-netpol", usual));
	assert_true(may_ask(&s, "api-netpol", "app=dns2 in infra"));
	assert_true(may_ask(&s, "wiki-netpol", usual));
	assert_false(may_ask(&s, "api-netpol", "app=dns1"));
	assert_false(may_ask(&s, "wiki-netpol", "app=dns1 in shop"));
	assert_false(may_ask(&s, "wiki-netpol", "app=dns2 in infra"));
	assert_false(scene_has_problem(&s.scene, "DNS", ""));
	shop_close(&s);
}

/* What does not fit is asked for again over TCP. */
static void test_a_retry_of_a_resolver_of_ones_own(void **state)
{
	struct shop s;

	(void)state;
	open_tenants(&s, TENANTS COREDNS);
	talk(&s, "10.1.0.2", "10.1.0.5", IPPROTO_TCP, 53);
	ask(&s, "10.1.0.2", "198.51.100.53");
	derive(&s);
	for (int d = 0; d < DIRECTIONS; d++) {
		const char *name = d == DIRECTION_EGRESS ? "web-netpol" : "dns1-netpol";
		const char *peer = d == DIRECTION_EGRESS ? "app=dns1" : "app=web";

		assert_non_null(find(&s, name, d, peer, IPPROTO_UDP));
		assert_non_null(find(&s, name, d, peer, IPPROTO_TCP));
		assert_int_equal(find(&s, name, d, peer, IPPROTO_TCP)->wider, WIDER_DNS);
		assert_non_null(
		    strstr(find(&s, name, d, peer, IPPROTO_TCP)->reason, "DNS over UDP and TCP"));
	}
	assert_non_null(find(&s, "api-netpol", DIRECTION_EGRESS, "198.51.100.53/32", IPPROTO_TCP));
	/* Who asks over TCP has no reason to ask again. */
	assert_non_null(find(&s, "api-netpol", DIRECTION_EGRESS, "app=dns2 in infra", IPPROTO_TCP));
	s.request.exact = true;
	derive(&s);
	assert_non_null(find(&s, "web-netpol", DIRECTION_EGRESS, "app=dns1", IPPROTO_UDP));
	assert_null(find(&s, "web-netpol", DIRECTION_EGRESS, "app=dns1", IPPROTO_TCP));
	assert_null(find(&s, "dns1-netpol", DIRECTION_INGRESS, "app=web", IPPROTO_TCP));
	shop_close(&s);
}

static void test_a_resolver_that_other_namespaces_ask(void **state)
{
	static const char *const yamls[] = {TENANTS, TENANTS COREDNS};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct shop s;

		open_tenants(&s, yamls[i]);
		ask(&s, "10.1.0.2", "10.1.0.5");
		derive(&s);
		assert_true(may_ask(&s, "wiki-netpol", "app=dns2 in infra"));
		assert_false(may_ask(&s, "wiki-netpol", "app=dns1 in shop"));
		assert_true(may_ask(&s, "web-netpol", "app=dns1"));
		/* The usual pods may be the kubelet's choice though nobody was seen to ask them. */
		assert_int_equal(may_ask(&s, "wiki-netpol", usual), i == 1);
		assert_int_equal(scene_has_problem(&s.scene, "DNS", "not seen to be asked"),
				 i == 1);
		shop_close(&s);
	}
}

static void test_resolvers_of_one_namespace_only(void **state)
{
	struct shop s;

	(void)state;
	open_tenants(&s, TENANTS);
	derive(&s);
	assert_true(may_ask(&s, "web-netpol", "app=dns1"));
	assert_false(may_ask(&s, "api-netpol", "app=dns1"));
	assert_true(may_ask(&s, "wiki-netpol", usual));
	assert_true(scene_has_problem(&s.scene, "DNS", "from their own namespaces only"));
	/* Such a one may ask another one for everybody. */
	ask(&s, "10.1.0.3", "10.1.0.5");
	derive(&s);
	assert_true(may_ask(&s, "wiki-netpol", "app=dns2 in infra"));
	assert_true(may_ask(&s, "api-netpol", "app=dns2 in infra"));
	assert_false(may_ask(&s, "api-netpol", "app=dns1"));
	assert_false(scene_has_problem(&s.scene, "DNS", ""));
	shop_close(&s);
}

static void test_pods_of_openshift_that_nobody_asked(void **state)
{
	struct shop s;

	(void)state;
	shop_derive(&s, SHOP POD("openshift-dns", "dns-default", "10.1.0.9",
				 "dns.operator.openshift.io/daemonset-dns: default", ""));
	assert_true(
	    scene_has_problem(&s.scene, "DNS", "in openshift-dns are assumed, at port 5353"));
	assert_false(may_ask(&s, "web-netpol", usual));
	shop_close(&s);
}

/* Many pods that resolve names, in one namespace, each of a workload of its own. */
static void ask_many(struct shop *s, const char *namespace, const char *label, int count)
{
	static char names[64][8], addresses[64][ADDR_TEXT_MAX];
	struct buf yaml = {0};

	buf_puts(&yaml, SHOP);
	for (int i = 0; i < count; i++) {
		snprintf(names[i], sizeof(names[i]), "d%d", i);
		snprintf(addresses[i], sizeof(addresses[i]), "10.1.1.%d", 1 + i);
		buf_printf(&yaml,
			   "---\n{kind: Pod, metadata: {namespace: %s, name: %s, uid: uid-%s, "
			   "labels: {k8s-app: %s, x: %s}}, spec: {nodeName: n1}, status: {phase: "
			   "Running, podIP: %s}}\n",
			   namespace, names[i], names[i], label, names[i], addresses[i]);
	}
	assert_int_equal(yaml.error, 0);
	shop_open(s, yaml.data);
	buf_clear(&yaml);
	for (int i = 0; i < count; i++) {
		scene_pod(&s->scene, (struct scene_pod){.node = "n1",
							.namespace = namespace,
							.name = names[i],
							.uid = "",
							.address = addresses[i]});
		ask(s, "10.1.0.1", addresses[i]);
	}
	talk(s, "10.1.0.1", "10.1.0.2", IPPROTO_TCP, 8080);
	derive(s);
}

static void test_more_pods_than_are_used(void **state)
{
	size_t used = 0;
	struct shop s;

	(void)state;
	ask_many(&s, "infra", "dns", 32);
	assert_true(may_ask(&s, "api-netpol", "k8s-app=dns,x=d31 in infra"));
	assert_false(scene_has_problem(&s.scene, "DNS", ""));
	shop_close(&s);
	ask_many(&s, "infra", "dns", 34);
	for (int i = 0; i < 34; i++) {
		char text[64];

		snprintf(text, sizeof(text), "k8s-app=dns,x=d%d in infra", i);
		assert_true(may_ask(&s, "web-netpol", text));
		used += may_ask(&s, "api-netpol", text);
	}
	assert_int_equal(used, 32);
	assert_true(scene_has_problem(&s.scene, "DNS", "Pod/d8 in infra and 1 other are allowed"));
	shop_close(&s);
}

static void test_labels_in_place_of_many(void **state)
{
	const struct policy_peer *peer;
	struct shop s;

	(void)state;
	ask_many(&s, "kube-system", "kube-dns", 33);
	peer = find(&s, "api-netpol", DIRECTION_EGRESS, usual, IPPROTO_TCP);
	assert_non_null(peer);
	assert_non_null(strstr(peer->reason, "DNS, as others ask it"));
	for (size_t i = 0; i < s.set->count; i++)
		if (strcmp(s.set->policies[i].name, "api-netpol") == 0)
			assert_int_equal(s.set->policies[i].rule_count[DIRECTION_EGRESS], 1);
	assert_non_null(
	    find(&s, "d0-netpol", DIRECTION_INGRESS, "all pods of all namespaces", IPPROTO_TCP));
	assert_false(may_ask(&s, "d0-netpol", "k8s-app=kube-dns"));
	assert_false(scene_has_problem(&s.scene, "DNS", ""));
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

/* ---- resolvers on nodes that nobody asked ---- */

#define ON_N1 CACHE("kube-dns", "nodedns", ON_NODE)
#define ADDRESS_N1                                                                                 \
	"---\n{kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, "         \
	"address: 192.168.0.1}]}}\n"
#define ON_N1_WITHOUT_ADDRESS                                                                      \
	"---\n{kind: Pod, metadata: {namespace: kube-system, name: nodedns, uid: u, labels: "      \
	"{k8s-app: kube-dns}}, spec: {nodeName: n1, hostNetwork: true}, status: {phase: "          \
	"Running}}\n"

static void test_resolvers_that_no_selector_picks(void **state)
{
	static const char *const yamls[] = {SHOP SERVICE ON_N1, SHOP ON_N1,
					    SHOP SERVICE ADDRESS_N1 ON_N1_WITHOUT_ADDRESS};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct policy_peer *peer;
		struct shop s;

		shop_derive(&s, yamls[i]);
		peer = find(&s, "web-netpol", DIRECTION_EGRESS, "192.168.0.1/32", IPPROTO_UDP);
		assert_non_null(peer);
		assert_int_equal(peer->wider, WIDER_DNS);
		assert_non_null(strstr(peer->reason, "on the network of node n1: DNS, from"));
		assert_false(may_ask(&s, "web-netpol", usual));
		s.request.entities = true;
		derive(&s);
		assert_true(may_ask(&s, "web-netpol", "the nodes"));
		shop_close(&s);
	}
}

#define ADDRESS_N2                                                                                 \
	"---\n{kind: Node, metadata: {name: n2}, status: {addresses: [{type: InternalIP, "         \
	"address: 192.168.0.2}]}}\n"

/* With a resolver on the network of n2 that a record has. */
static struct inventory *inventory_with_recorded(const char *yaml)
{
	static struct label label = {(char *)"k8s-app", (char *)"kube-dns"};
	const struct pod pod = {.namespace = (char *)"kube-system",
				.name = (char *)"recorded",
				.uid = (char *)"uid-recorded",
				.conflict = (char *)"",
				.labelled = true,
				.labels = {.items = &label, .count = 1},
				.host_network = true};
	struct inventory *inventory = inventory_new();
	struct problems problems = {0};
	struct document *document = NULL;

	assert_non_null(inventory);
	assert_int_equal(document_parse(yaml, strlen(yaml), "inventory", &problems, &document), 0);
	assert_int_equal(inventory_add(inventory, document, &problems), 0);
	assert_int_equal(inventory_add_pod(inventory, "n2", &pod), 0);
	assert_int_equal(inventory_finish(inventory, &problems), 0);
	assert_int_equal(problems.count, 0);
	document_free(document);
	return inventory;
}

/* Nobody saw it end, but who listed the others did not find it. */
static void test_resolvers_that_are_not_listed(void **state)
{
	static const char *const yamls[] = {SHOP SERVICE ADDRESS_N2, SHOP SERVICE ADDRESS_N2 ON_N1};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct shop s;

		shop_open(&s, SHOP);
		inventory_free(s.scene.inventory);
		s.scene.inventory = inventory_with_recorded(yamls[i]);
		talk(&s, "10.1.0.1", "10.1.0.2", IPPROTO_TCP, 8080);
		derive(&s);
		assert_int_equal(may_ask(&s, "web-netpol", "192.168.0.1/32"), i == 1);
		assert_int_equal(may_ask(&s, "web-netpol", "192.168.0.2/32"), i == 0);
		shop_close(&s);
	}
}

static void test_resolvers_of_both_kinds(void **state)
{
	struct shop s;

	(void)state;
	shop_derive(&s, SHOP SERVICE ON_N1 COREDNS);
	assert_true(may_ask(&s, "web-netpol", "192.168.0.1/32"));
	assert_true(may_ask(&s, "web-netpol", usual));
	assert_false(scene_has_problem(&s.scene, "DNS", ""));
	shop_close(&s);
}

static void test_resolvers_at_no_known_address(void **state)
{
	struct shop s;

	(void)state;
	shop_derive(&s, SHOP SERVICE ON_N1_WITHOUT_ADDRESS);
	assert_false(may_ask(&s, "web-netpol", usual));
	assert_true(scene_has_problem(&s.scene, "DNS", "whose addresses are not known"));
	shop_close(&s);
}

/* Whom one asks outside is its own affair then, too. */
static void test_the_upstream_of_one_on_a_node(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, SHOP ON_N1);
	talk(&s, "10.1.0.1", "10.1.0.2", IPPROTO_TCP, 8080);
	ask(&s, "10.1.0.1", "198.51.100.53");
	derive(&s);
	assert_true(may_ask(&s, "web-netpol", "198.51.100.53/32"));
	assert_false(may_ask(&s, "api-netpol", "198.51.100.53/32"));
	assert_true(may_ask(&s, "api-netpol", "192.168.0.1/32"));
	shop_close(&s);
}

static void test_more_nodes_than_are_used(void **state)
{
	struct buf yaml = {0};
	struct shop s;

	(void)state;
	buf_puts(&yaml, SHOP SERVICE);
	for (int i = 1; i <= 65; i++)
		buf_printf(
		    &yaml,
		    POD("kube-system", "dns%d", "192.168.1.%d", "k8s-app: kube-dns", ON_NODE), i, i,
		    i, i);
	shop_derive(&s, yaml.data);
	assert_true(may_ask(&s, "web-netpol", "192.168.1.1/32"));
	assert_true(scene_has_problem(&s.scene, "DNS", "more nodes than are used"));
	s.request.entities = true;
	derive(&s);
	assert_true(may_ask(&s, "web-netpol", "the nodes"));
	assert_false(scene_has_problem(&s.scene, "DNS", ""));
	buf_clear(&yaml);
	shop_close(&s);
}

/* ---- plugins that look before translation ---- */

static void test_addresses_of_the_service(void **state)
{
	static const struct {
		const char *yaml;
		bool is_by_address;
	} cases[] = {{SHOP SERVICE ON_N1, true},
		     {SHOP DNS_SERVICE("") ENDPOINTS("{ip: 203.0.113.53}"), true},
		     {SHOP SERVICE COREDNS, false}};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct shop s;

		shop_derive(&s, cases[i].yaml);
		assert_false(may_ask(&s, "web-netpol", vip));
		s.request.service_ports = true;
		derive(&s);
		assert_int_equal(may_ask(&s, "web-netpol", vip), cases[i].is_by_address);
		shop_close(&s);
	}
}

/* Nobody inside needs what a load balancer outside has. */
static void test_only_the_services_own_address(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, SHOP DNS_SERVICE("externalIPs: [198.51.100.10], ")
			  ENDPOINTS("{ip: 203.0.113.53}"));
	s.request.service_ports = true;
	scene_edge(&s.scene, (struct scene_edge){.from = "10.1.0.2",
						 .from_pod = pod_at(&s, "10.1.0.2"),
						 .to = "203.0.113.53",
						 .port = 53,
						 .protocol = IPPROTO_UDP,
						 .service = "198.51.100.10",
						 .service_port = 53});
	talk(&s, "10.1.0.1", "10.1.0.2", IPPROTO_TCP, 8080);
	derive(&s);
	assert_true(may_ask(&s, "web-netpol", vip));
	assert_false(may_ask(&s, "web-netpol", "198.51.100.10/32"));
	assert_true(may_ask(&s, "api-netpol", "198.51.100.10/32"));
	assert_non_null(find(&s, "api-netpol", DIRECTION_EGRESS, "198.51.100.10/32", IPPROTO_TCP));
	shop_close(&s);
}

/* ---- the service by its name ---- */

static void test_the_service_of_openshift(void **state)
{
	struct shop s;

	(void)state;
	shop_derive(&s,
		    SHOP POD("openshift-dns", "dns-default", "10.1.0.9", "dns: default",
			     "") "---\n{kind: Service, metadata: {namespace: openshift-dns, name: "
				 "dns-default}, spec: {clusterIP: 172.30.0.10, selector: {dns: "
				 "default}, ports: [{name: dns, protocol: UDP, port: 53}]}}\n");
	assert_true(may_ask(&s, "web-netpol", "dns=default in openshift-dns"));
	assert_false(may_ask(&s, "web-netpol", usual));
	assert_false(scene_has_problem(&s.scene, "DNS", ""));
	shop_close(&s);
}

/* ---- namespaces ---- */

static void test_a_service_where_no_cluster_can_have_one(void **state)
{
	static const char *const yamls[] = {
	    SHOP "---\n{kind: Service, metadata: {namespace: 'no such!', name: dns, labels: "
		 "{k8s-app: kube-dns}}, spec: {clusterIP: 10.96.0.10, selector: {app: dns}, ports: "
		 "[{protocol: UDP, port: 53}]}}\n",
	    SHOP "---\n{kind: Service, metadata: {namespace: 'no such!', name: dns, labels: "
		 "{k8s-app: kube-dns}}, spec: {ports: [{protocol: UDP, port: 53}]}}\n---\n{kind: "
		 "Endpoints, metadata: {namespace: 'no such!', name: dns}, subsets: [{addresses: "
		 "[{ip: 203.0.113.53}], ports: [{protocol: UDP, port: 53}]}]}\n",
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct shop s;

		shop_derive(&s, yamls[i]);
		assert_true(may_ask(&s, "web-netpol", usual));
		for (size_t j = 0; j < s.set->count; j++)
			assert_int_equal(s.set->policies[j].rule_count[DIRECTION_EGRESS],
					 1 + (strcmp(s.set->policies[j].name, "web-netpol") == 0));
		assert_true(scene_has_problem(&s.scene, "DNS", "are assumed"));
		shop_close(&s);
	}
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
	    cmocka_unit_test(test_a_stranger_behind_the_service),
	    cmocka_unit_test(test_a_resolver_does_not_ask_itself),
	    cmocka_unit_test(test_a_resolver_of_one_namespace_is_its_own),
	    cmocka_unit_test(test_a_retry_of_a_resolver_of_ones_own),
	    cmocka_unit_test(test_a_resolver_that_other_namespaces_ask),
	    cmocka_unit_test(test_resolvers_of_one_namespace_only),
	    cmocka_unit_test(test_pods_of_openshift_that_nobody_asked),
	    cmocka_unit_test(test_more_pods_than_are_used),
	    cmocka_unit_test(test_labels_in_place_of_many),
	    cmocka_unit_test(test_endpoints_by_hand),
	    cmocka_unit_test(test_more_endpoints_than_are_used),
	    cmocka_unit_test(test_nodes_may_ask),
	    cmocka_unit_test(test_new_nodes_need_a_new_run),
	    cmocka_unit_test(test_nodes_are_an_entity),
	    cmocka_unit_test(test_very_many_nodes),
	    cmocka_unit_test(test_resolvers_on_few_nodes),
	    cmocka_unit_test(test_resolvers_on_many_nodes),
	    cmocka_unit_test(test_resolvers_that_no_selector_picks),
	    cmocka_unit_test(test_resolvers_that_are_not_listed),
	    cmocka_unit_test(test_resolvers_of_both_kinds),
	    cmocka_unit_test(test_resolvers_at_no_known_address),
	    cmocka_unit_test(test_the_upstream_of_one_on_a_node),
	    cmocka_unit_test(test_more_nodes_than_are_used),
	    cmocka_unit_test(test_addresses_of_the_service),
	    cmocka_unit_test(test_only_the_services_own_address),
	    cmocka_unit_test(test_the_service_of_openshift),
	    cmocka_unit_test(test_a_service_where_no_cluster_can_have_one),
	    cmocka_unit_test(test_nothing_is_told_of_egress_that_is_not_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
