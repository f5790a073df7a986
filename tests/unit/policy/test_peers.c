/* Whom rules name, at which ports, on what evidence, and in what that is wider than was seen. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "tests/unit/policy/shop.h"

#define POD(NAMESPACE, NAME, NODE, IP, KIND, OWNER, LABELS, SPEC)                                  \
	"---\n{kind: Pod, metadata: {namespace: " NAMESPACE ", name: " NAME ", uid: uid-" NAME     \
	", labels: {" LABELS "}, ownerReferences: [{kind: " KIND ", name: " OWNER                  \
	", controller: true}]}, spec: {nodeName: " NODE SPEC                                       \
	"}, status: {phase: Running, podIP: \"" IP "\"}}\n"

#define PODS                                                                                       \
	POD("shop", "web-0", "n1", "10.1.0.1", "StatefulSet", "web", "app: web", "")               \
	POD("shop", "web-1", "n2", "10.2.0.1", "StatefulSet", "web", "app: web", "")               \
	POD("shop", "api-0", "n1", "10.1.0.2", "StatefulSet", "api", "app: api", "")               \
	POD("shop", "next-0", "n1", "10.1.0.4", "StatefulSet", "next", "app: api, track: next",    \
	    "")                                                                                    \
	POD("lab", "job-x", "n1", "10.1.0.3", "Job", "job", "app: job", "")                        \
	POD("lab", "bare-x", "n1", "10.1.0.6", "DaemonSet", "bare", "", "")                        \
	POD("kube-system", "coredns-x", "n2", "10.2.0.9", "DaemonSet", "coredns",                  \
	    "k8s-app: kube-dns", "")                                                               \
	"---\n{kind: Service, metadata: {namespace: shop, name: api}, spec: {clusterIP: "          \
	"10.96.0.5, selector: {app: api}, ports: [{port: 80, targetPort: 8080}]}}\n"

#define DNS_SERVICE                                                                                \
	"---\n{kind: Service, metadata: {namespace: kube-system, name: kube-dns}, spec: "          \
	"{clusterIP: 10.96.0.10, selector: {k8s-app: kube-dns}, ports: [{name: dns, protocol: "    \
	"UDP, port: 53, targetPort: 1053}]}}\n"

static const char yaml[] = PODS DNS_SERVICE;

/* Two nodes, each with a record of its own pods. */
static void shop_open(struct shop *s, const char *inventory)
{
	static const char *const pods[][5] = {
	    {"n1", "shop", "web-0", "uid-web-0", "10.1.0.1"},
	    {"n2", "shop", "web-1", "uid-web-1", "10.2.0.1"},
	    {"n1", "shop", "api-0", "uid-api-0", "10.1.0.2"},
	    {"n1", "shop", "next-0", "uid-next-0", "10.1.0.4"},
	    {"n1", "lab", "job-x", "uid-job-x", "10.1.0.3"},
	    {"n1", "lab", "bare-x", "uid-bare-x", "10.1.0.6"},
	    {"n2", "kube-system", "coredns-x", "uid-coredns-x", "10.2.0.9"},
	};

	shop_init(s, inventory);
	s->request.external_ingress = EXTERNAL_INGRESS_OBSERVED;
	scene_node(&s->scene, "n1", "192.168.0.1");
	scene_node(&s->scene, "n2", "192.168.0.2");
	for (size_t i = 0; i < sizeof(pods) / sizeof(pods[0]); i++)
		scene_pod(&s->scene, (struct scene_pod){.node = pods[i][0],
							.namespace = pods[i][1],
							.name = pods[i][2],
							.uid = pods[i][3],
							.address = pods[i][4]});
}

/* Pods that the recording node knows by itself; 0: another's, or none. */
static uint32_t local_at(const struct shop *s, const char *node, const char *address)
{
	for (size_t i = 0; i < s->scene.pod_count; i++)
		if (strcmp(s->scene.pods[i].node, node) == 0 &&
		    strcmp(s->scene.pods[i].address, address) == 0)
			return (uint32_t)i + 1;
	return 0;
}

/* first_seen 0: long after every pod began. */
static void talk(struct shop *s, struct scene_edge edge)
{
	const char *node = edge.node ? edge.node : "n1";

	edge.first_seen = edge.first_seen ? edge.first_seen : 1000;
	edge.from_pod = local_at(s, node, edge.from);
	edge.to_pod = local_at(s, node, edge.to);
	scene_edge(&s->scene, edge);
}

static const struct policy_peer *ingress(const struct shop *s, const char *name, const char *peer,
					 int port)
{
	return find_peer(s, name, DIRECTION_INGRESS, peer, IPPROTO_TCP, port);
}

static const struct policy_peer *egress(const struct shop *s, const char *name, const char *peer,
					int port)
{
	return find_peer(s, name, DIRECTION_EGRESS, peer, IPPROTO_TCP, port);
}

static void assert_says(const struct policy_peer *peer, const char *part)
{
	assert_non_null(peer);
	if (!strstr(peer->reason, part))
		fail_msg("not in \"%s\": %s", peer->reason, part);
}

/* ---- evidence ---- */

static void test_evidence_of_a_workload(void **state)
{
	const struct policy_peer *peer;
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	talk(&s, (struct scene_edge){.from = "10.1.0.1",
				     .to = "10.1.0.2",
				     .port = 8080,
				     .connections = 7,
				     .first_seen = 100,
				     .last_seen = 200,
				     .service = "10.96.0.5",
				     .service_port = 80});
	talk(&s, (struct scene_edge){.from = "10.1.0.1",
				     .to = "10.1.0.2",
				     .port = 9090,
				     .connections = 5,
				     .first_seen = 50,
				     .last_seen = 60});
	derive(&s);
	peer = egress(&s, "web-netpol", "app=api", 8080);
	assert_non_null(peer);
	assert_ptr_equal(peer, egress(&s, "web-netpol", "app=api", 9090));
	assert_int_equal(peer->edges, 2);
	assert_int_equal(peer->connections, 12);
	assert_int_equal(peer->first_seen, 50000);
	assert_int_equal(peer->last_seen, 200000);
	assert_string_equal(peer->class, "pod");
	assert_int_equal(peer->wider, 0);
	assert_null(peer->seen);
	assert_string_equal(peer->reason, "StatefulSet/api: 12 connections, via api.shop:80");
	assert_int_equal(ingress(&s, "api-netpol", "app=web", 9090)->connections, 12);
	shop_close(&s);
}

static void test_evidence_of_an_address(void **state)
{
	const struct policy_peer *peer;
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	talk(&s, (struct scene_edge){
		     .from = "10.1.0.1", .to = "198.51.100.7", .port = 443, .connections = 3});
	derive(&s);
	peer = egress(&s, "web-netpol", "198.51.100.7/32", 443);
	assert_non_null(peer);
	assert_string_equal(peer->class, "external");
	assert_int_equal(peer->seen_count, 1);
	assert_true(addr_equal(peer->seen[0], peer->block.addr));
	assert_false(peer->seen_more);
	assert_int_equal(peer->wider, 0);
	shop_close(&s);
}

static void test_what_was_not_answered_says_so(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	talk(&s, (struct scene_edge){
		     .from = "10.1.0.1", .to = "10.1.0.2", .port = 8080, .connections = 3});
	talk(&s, (struct scene_edge){.from = "10.1.0.1",
				     .to = "10.1.0.2",
				     .port = 8081,
				     .connections = 2,
				     .verdict = VERDICT_REFUSED});
	s.request.include = 1u << LEFT_REFUSED;
	derive(&s);
	assert_says(egress(&s, "web-netpol", "app=api", 8081),
		    "5 connections, 2 of them refused; ");
	assert_int_equal(egress(&s, "web-netpol", "app=api", 8081)->wider, WIDER_INCLUDED);
	shop_close(&s);
}

/* What was answered at a port is exact, whatever else came to it. */
static void test_exact_evidence_is_not_tagged(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	talk(&s, (struct scene_edge){.from = "10.1.0.1", .to = "10.1.0.2", .port = 8080});
	talk(&s,
	     (struct scene_edge){
		 .from = "10.1.0.1", .to = "10.1.0.2", .port = 8080, .verdict = VERDICT_REFUSED});
	s.request.include = 1u << LEFT_REFUSED;
	derive(&s);
	assert_int_equal(egress(&s, "web-netpol", "app=api", 8080)->edges, 2);
	assert_int_equal(egress(&s, "web-netpol", "app=api", 8080)->wider, 0);
	shop_close(&s);
}

/* ---- classes ---- */

static void test_probes_of_the_own_node(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	talk(&s, (struct scene_edge){.from = "10.1.0.1", .to = "10.1.0.2", .port = 8080});
	talk(&s, (struct scene_edge){.from = "192.168.0.1", .to = "10.1.0.1", .port = 8081});
	talk(&s, (struct scene_edge){
		     .node = "n2", .from = "192.168.0.2", .to = "10.2.0.1", .port = 8081});
	derive(&s);
	assert_int_equal(policy_of(&s, "web-netpol")->rule_count[DIRECTION_INGRESS], 0);
	s.request.include = 1u << LEFT_OWN_NODE;
	derive(&s);
	assert_int_equal(ingress(&s, "web-netpol", "192.168.0.1/32", 8081)->wider, WIDER_OWN_NODE);
	assert_int_equal(ingress(&s, "web-netpol", "192.168.0.2/32", 8081)->wider, WIDER_OWN_NODE);
	shop_close(&s);
}

static void test_own_node_among_others(void **state)
{
	const struct policy_peer *peer;
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	talk(&s, (struct scene_edge){.from = "192.168.0.1", .to = "10.1.0.1", .port = 9100});
	talk(&s, (struct scene_edge){.from = "192.168.0.2", .to = "10.1.0.1", .port = 9100});
	talk(&s, (struct scene_edge){.from = "192.168.0.1", .to = "10.1.0.1", .port = 8081});
	derive(&s);
	peer = ingress(&s, "web-netpol", "192.168.0.1/32", 9100);
	assert_says(peer, "node n1: 1 connection; the own node");
	assert_int_equal(peer->wider, WIDER_OWN_NODE);
	assert_int_equal(ingress(&s, "web-netpol", "192.168.0.2/32", 9100)->wider, 0);
	assert_null(ingress(&s, "web-netpol", "192.168.0.1/32", 8081));
	s.request.exact = true;
	derive(&s);
	assert_null(ingress(&s, "web-netpol", "192.168.0.1/32", 9100));
	assert_non_null(ingress(&s, "web-netpol", "192.168.0.2/32", 9100));
	shop_close(&s);
}

/* Network plugins hold a pod to policy also where it asks its own node. */
static void test_an_agent_on_the_own_node(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	talk(&s, (struct scene_edge){.from = "10.1.0.1", .to = "192.168.0.1", .port = 8126});
	for (int exact = 0; exact < 2; exact++) {
		s.request.exact = exact;
		derive(&s);
		assert_int_equal(egress(&s, "web-netpol", "192.168.0.1/32", 8126)->wider, 0);
	}
	shop_close(&s);
}

static void test_ingress_from_the_own_node_that_may_move(void **state)
{
	static const char controller[] = PODS DNS_SERVICE
	    "---\n{kind: Pod, metadata: {name: nginx-7d4b9c6f5-abcde, namespace: ingress, labels: "
	    "{app: nginx, pod-template-hash: 7d4b9c6f5}, ownerReferences: [{kind: ReplicaSet, "
	    "name: "
	    "nginx-7d4b9c6f5, controller: true}]}, spec: {nodeName: n1, hostNetwork: true}, "
	    "status: "
	    "{phase: Running, podIP: 192.168.0.1}}\n";
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	talk(&s, (struct scene_edge){.from = "192.168.0.1",
				     .to = "10.1.0.1",
				     .port = 8443,
				     .service = "10.96.0.80",
				     .service_port = 443});
	talk(&s, (struct scene_edge){.from = "192.168.0.1", .to = "10.1.0.1", .port = 8080});
	derive(&s);
	assert_int_equal(ingress(&s, "web-netpol", "192.168.0.1/32", 8443)->wider, WIDER_OWN_NODE);
	assert_null(ingress(&s, "web-netpol", "192.168.0.1/32", 8080));
	shop_close(&s);
	shop_open(&s, controller);
	talk(&s, (struct scene_edge){.from = "10.1.0.1", .to = "10.1.0.2", .port = 8080});
	talk(&s, (struct scene_edge){.from = "192.168.0.1", .to = "10.1.0.1", .port = 8080});
	derive(&s);
	assert_int_equal(ingress(&s, "web-netpol", "192.168.0.1/32", 8080)->wider, WIDER_OWN_NODE);
	s.request.exact = true;
	derive(&s);
	assert_null(ingress(&s, "web-netpol", "192.168.0.1/32", 8080));
	shop_close(&s);
}

/* The pod moves, the API server does not. */
static void test_api_server_on_the_own_node(void **state)
{
	static const char endpoints[] =
	    PODS DNS_SERVICE "---\n{kind: Endpoints, metadata: {namespace: default, name: "
			     "kubernetes}, subsets: [{addresses: [{ip: 192.168.0.1}], ports: "
			     "[{port: 6443}]}]}\n";
	struct shop s;

	(void)state;
	shop_open(&s, endpoints);
	talk(&s, (struct scene_edge){.from = "10.1.0.1", .to = "192.168.0.1", .port = 6443});
	derive(&s);
	assert_says(egress(&s, "web-netpol", "192.168.0.1/32", 6443), "the API server on node n1");
	assert_int_equal(egress(&s, "web-netpol", "192.168.0.1/32", 6443)->wider, 0);
	shop_close(&s);
}

/* ---- what comes tomorrow ---- */

static void test_other_endpoints_of_the_api_server(void **state)
{
	static const char endpoints[] = PODS DNS_SERVICE
	    "---\n{kind: Service, metadata: {namespace: default, name: kubernetes}, spec: "
	    "{clusterIP: "
	    "10.96.0.1, ports: [{port: 443, targetPort: 6443}]}}\n"
	    "---\n{kind: Endpoints, metadata: {namespace: default, name: kubernetes}, subsets: "
	    "[{addresses: [{ip: 192.168.9.1}, {ip: 192.168.9.2}], notReadyAddresses: [{ip: "
	    "192.168.9.3}], ports: [{port: 6443}]}, {addresses: [{ip: 192.168.9.4}], ports: "
	    "[{port: "
	    "6444}]}]}\n";
	struct shop s;

	(void)state;
	shop_open(&s, endpoints);
	talk(&s, (struct scene_edge){.from = "10.1.0.1", .to = "192.168.9.1", .port = 6443});
	derive(&s);
	assert_int_equal(egress(&s, "web-netpol", "192.168.9.1/32", 6443)->wider, 0);
	assert_says(egress(&s, "web-netpol", "192.168.9.2/32", 6443),
		    "service kubernetes.default: another of its endpoints");
	assert_int_equal(egress(&s, "web-netpol", "192.168.9.2/32", 6443)->wider, WIDER_ENDPOINTS);
	assert_null(egress(&s, "web-netpol", "192.168.9.3/32", 6443));
	assert_null(egress(&s, "web-netpol", "192.168.9.4/32", 6443));
	s.request.exact = true;
	derive(&s);
	assert_null(egress(&s, "web-netpol", "192.168.9.2/32", 6443));
	s.request.exact = false;
	s.request.max_blocks = 1;
	derive(&s);
	assert_null(egress(&s, "web-netpol", "192.168.9.2/32", 6443));
	assert_true(scene_has_problem(&s.scene, "service kubernetes in default", "2 endpoints"));
	shop_close(&s);
}

static void test_other_endpoints_of_a_service_without_selector(void **state)
{
	static const char endpoints[] = PODS DNS_SERVICE
	    "---\n{kind: Service, metadata: {namespace: shop, name: old}, spec: {clusterIP: "
	    "10.96.0.77, ports: [{port: 80, targetPort: 5432}]}}\n"
	    "---\n{kind: EndpointSlice, apiVersion: discovery.k8s.io/v1, metadata: {namespace: "
	    "shop, "
	    "name: old-1, labels: {kubernetes.io/service-name: old}}, addressType: IPv4, ports: "
	    "[{port: 5432, protocol: TCP}], endpoints: [{addresses: [172.16.7.1]}, {addresses: "
	    "[172.16.7.2]}]}\n";
	struct shop s;

	(void)state;
	shop_open(&s, endpoints);
	talk(&s, (struct scene_edge){.from = "10.1.0.1",
				     .to = "172.16.7.1",
				     .port = 5432,
				     .service = "10.96.0.77",
				     .service_port = 80});
	talk(&s, (struct scene_edge){.from = "10.1.0.2", .to = "172.16.7.1", .port = 5432});
	derive(&s);
	assert_int_equal(egress(&s, "web-netpol", "172.16.7.2/32", 5432)->wider, WIDER_ENDPOINTS);
	assert_null(egress(&s, "api-netpol", "172.16.7.2/32", 5432));
	shop_close(&s);
}

#define EXPORTER(NAME, NODE, IP, SPEC)                                                             \
	POD("mon", NAME, NODE, IP, "DaemonSet", "exporter", "app: exporter", SPEC)
#define EXPORTERS                                                                                  \
	EXPORTER("e1", "n1", "192.168.0.1", ", hostNetwork: true")                                 \
	EXPORTER("e2", "n2", "192.168.0.2", ", hostNetwork: true")                                 \
	EXPORTER("e3", "n2", "10.1.0.77", "")                                                      \
	"---\n{kind: Service, metadata: {namespace: mon, name: exporter}, spec: {clusterIP: "      \
	"10.96.0.78, selector: {app: exporter}, ports: [{port: 9100}]}}\n"
#define TARGET(IP, POD_NAME) "{addresses: [" IP "], targetRef: {kind: Pod, name: " POD_NAME "}}, "
#define TARGETS                                                                                    \
	TARGET("192.168.0.1", "e1")                                                                \
	TARGET("192.168.0.2", "e2") TARGET("10.1.0.77", "e3") TARGET("10.1.0.78", "unknown")

/* The service leads to any of them, and no selector picks those on a node's network. */
static void test_other_endpoints_on_nodes(void **state)
{
	static const char endpoints[] =
	    PODS DNS_SERVICE EXPORTERS "---\n{apiVersion: discovery.k8s.io/v1, kind: "
				       "EndpointSlice, metadata: {namespace: mon, "
				       "name: exporter-1, labels: {kubernetes.io/service-name: "
				       "exporter}}, addressType: IPv4, ports: [{port: 9100, "
				       "protocol: TCP}], endpoints: [" TARGETS "]}\n";
	struct shop s;

	(void)state;
	shop_open(&s, endpoints);
	talk(&s, (struct scene_edge){.from = "10.1.0.1",
				     .to = "192.168.0.1",
				     .port = 9100,
				     .service = "10.96.0.78",
				     .service_port = 9100});
	talk(&s, (struct scene_edge){.from = "10.1.0.2", .to = "192.168.0.1", .port = 9100});
	derive(&s);
	assert_int_equal(egress(&s, "web-netpol", "192.168.0.1/32", 9100)->wider, 0);
	assert_int_equal(egress(&s, "web-netpol", "192.168.0.2/32", 9100)->wider, WIDER_ENDPOINTS);
	assert_null(egress(&s, "web-netpol", "10.1.0.77/32", 9100));
	assert_null(egress(&s, "web-netpol", "10.1.0.78/32", 9100));
	assert_null(egress(&s, "api-netpol", "192.168.0.2/32", 9100));
	s.request.exact = true;
	derive(&s);
	assert_null(egress(&s, "web-netpol", "192.168.0.2/32", 9100));
	shop_close(&s);
}

/* One that was asked without an answer is no endpoint that was not seen. */
static void test_an_endpoint_that_was_included(void **state)
{
	static const char endpoints[] = PODS DNS_SERVICE
	    "---\n{kind: Service, metadata: {namespace: shop, name: old}, spec: {clusterIP: "
	    "10.96.0.77, ports: [{port: 80, targetPort: 5432}]}}\n"
	    "---\n{kind: Endpoints, metadata: {namespace: shop, name: old}, subsets: "
	    "[{addresses: [{ip: 172.16.7.1}, {ip: 172.16.7.2}], ports: [{port: 5432}]}]}\n";
	struct shop s;

	(void)state;
	shop_open(&s, endpoints);
	s.request.include = 1u << LEFT_REFUSED;
	talk(&s, (struct scene_edge){.from = "10.1.0.1",
				     .to = "172.16.7.1",
				     .port = 5432,
				     .verdict = VERDICT_REFUSED,
				     .service = "10.96.0.77",
				     .service_port = 80});
	derive(&s);
	assert_int_equal(egress(&s, "web-netpol", "172.16.7.1/32", 5432)->wider, WIDER_INCLUDED);
	assert_int_equal(egress(&s, "web-netpol", "172.16.7.2/32", 5432)->wider, WIDER_ENDPOINTS);
	shop_close(&s);
}

#define API_SERVER                                                                                 \
	"---\n{kind: Service, metadata: {namespace: default, name: kubernetes}, spec: "            \
	"{clusterIP: "                                                                             \
	"10.96.0.1, ports: [{port: 443, targetPort: 6443}]}}\n"                                    \
	"---\n{kind: Endpoints, metadata: {namespace: default, name: kubernetes}, subsets: "       \
	"[{addresses: [{ip: 172.16.9.1}, {ip: 172.16.9.2}, {ip: 192.168.0.1}, {ip: "               \
	"192.168.0.2}], ports: [{port: 6443}]}]}\n"

/* A webhook is asked by whichever has the request. */
static void test_other_api_servers_as_clients(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, PODS DNS_SERVICE API_SERVER);
	talk(&s, (struct scene_edge){.from = "172.16.9.1", .to = "10.1.0.2", .port = 9443});
	talk(&s, (struct scene_edge){.from = "192.168.0.1", .to = "10.1.0.1", .port = 8080});
	talk(&s, (struct scene_edge){.from = "10.1.0.1", .to = "10.1.0.2", .port = 8080});
	derive(&s);
	assert_int_equal(ingress(&s, "api-netpol", "172.16.9.1/32", 9443)->wider, 0);
	assert_says(ingress(&s, "api-netpol", "172.16.9.2/32", 9443),
		    "service kubernetes.default: another of its endpoints");
	assert_int_equal(ingress(&s, "api-netpol", "192.168.0.2/32", 9443)->wider, WIDER_ENDPOINTS);
	assert_null(egress(&s, "api-netpol", "172.16.9.2/32", 9443));
	/* Probes of its own node. */
	assert_null(ingress(&s, "web-netpol", "172.16.9.1/32", 8080));
	s.request.external_ingress = EXTERNAL_INGRESS_ANY;
	talk(&s, (struct scene_edge){.from = "203.0.113.9", .to = "10.1.0.2", .port = 9443});
	derive(&s);
	assert_int_equal(ingress(&s, "api-netpol", "0.0.0.0/0", 9443)->wider, WIDER_ANY_CLIENT);
	s.request.exact = true;
	derive(&s);
	assert_null(ingress(&s, "api-netpol", "172.16.9.2/32", 9443));
	shop_close(&s);
}

static void test_api_server_that_another_service_names_too(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, PODS DNS_SERVICE API_SERVER
		  "---\n{kind: Service, metadata: {namespace: a, name: masters}, spec: {clusterIP: "
		  "None, ports: [{port: 22}]}}\n"
		  "---\n{kind: Endpoints, metadata: {namespace: a, name: masters}, subsets: "
		  "[{addresses: [{ip: 172.16.9.1}, {ip: 172.16.9.2}], ports: [{port: 22}]}]}\n");
	talk(&s, (struct scene_edge){.from = "172.16.9.1", .to = "10.1.0.2", .port = 9443});
	derive(&s);
	assert_int_equal(ingress(&s, "api-netpol", "172.16.9.2/32", 9443)->wider, WIDER_ENDPOINTS);
	shop_close(&s);
}

static void test_other_endpoints_of_a_headless_service_without_selector(void **state)
{
	static const char endpoints[] = PODS DNS_SERVICE
	    "---\n{kind: Service, metadata: {namespace: shop, name: db}, spec: {clusterIP: None, "
	    "ports: [{port: 5432}]}}\n"
	    "---\n{kind: Endpoints, metadata: {namespace: shop, name: db}, subsets: [{addresses: "
	    "[{ip: 172.16.7.1}, {ip: 172.16.7.2}], ports: [{port: 5432}]}]}\n";
	struct shop s;

	(void)state;
	shop_open(&s, endpoints);
	talk(&s, (struct scene_edge){.from = "10.1.0.1", .to = "172.16.7.1", .port = 5432});
	talk(&s, (struct scene_edge){.from = "10.1.0.2", .to = "172.16.7.1", .port = 22});
	talk(&s, (struct scene_edge){.from = "172.16.7.1", .to = "10.1.0.2", .port = 8080});
	derive(&s);
	assert_int_equal(egress(&s, "web-netpol", "172.16.7.2/32", 5432)->wider, WIDER_ENDPOINTS);
	assert_null(egress(&s, "api-netpol", "172.16.7.2/32", 22));
	assert_null(ingress(&s, "api-netpol", "172.16.7.2/32", 8080));
	shop_close(&s);
}

static void test_clients_of_another_node_tomorrow(void **state)
{
	static char addresses[18][16];
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	scene_node(&s.scene, "n3", "192.168.0.3");
	talk(&s, (struct scene_edge){.from = "10.1.0.2",
				     .translated = "192.168.0.1",
				     .to = "10.2.0.1",
				     .port = 8080,
				     .service = "10.96.0.80",
				     .service_port = 80});
	talk(&s, (struct scene_edge){
		     .node = "n2", .from = "192.168.0.1", .to = "10.2.0.1", .port = 8080});
	derive(&s);
	assert_int_equal(ingress(&s, "web-netpol", "192.168.0.1/32", 8080)->wider, 0);
	assert_int_equal(ingress(&s, "web-netpol", "192.168.0.3/32", 8080)->wider,
			 WIDER_SOURCE_NAT);
	assert_int_equal(ingress(&s, "web-netpol", "app=api", 8080)->wider, WIDER_SOURCE_NAT);
	s.request.exact = true;
	derive(&s);
	assert_null(ingress(&s, "web-netpol", "192.168.0.3/32", 8080));
	assert_null(ingress(&s, "web-netpol", "app=api", 8080));
	s.request.exact = false;
	for (int i = 4; i <= 17; i++) {
		snprintf(addresses[i], sizeof(addresses[i]), "192.168.0.%d", i);
		scene_node(&s.scene, addresses[i], addresses[i]);
	}
	derive(&s);
	assert_null(ingress(&s, "web-netpol", "192.168.0.3/32", 8080));
	assert_non_null(ingress(&s, "web-netpol", "app=api", 8080));
	assert_true(scene_has_problem(&s.scene, "StatefulSet/web in shop", "need a new run"));
	shop_close(&s);
}

static void test_another_replica_behind_the_own_service(void **state)
{
	const struct policy_peer *peer;
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	talk(&s, (struct scene_edge){.from = "10.1.0.2",
				     .to = "10.1.0.2",
				     .port = 8080,
				     .service = "10.96.0.5",
				     .service_port = 80});
	talk(&s, (struct scene_edge){.from = "10.1.0.2", .to = "10.1.0.1", .port = 8443});
	talk(&s, (struct scene_edge){.from = "10.1.0.2", .to = "10.1.0.2", .port = 9000});
	derive(&s);
	assert_int_equal(ingress(&s, "api-netpol", "app=api", 8080)->wider, WIDER_ENDPOINTS);
	assert_int_equal(egress(&s, "api-netpol", "app=api", 8080)->wider, WIDER_ENDPOINTS);
	assert_null(egress(&s, "api-netpol", "app=api", 9000));
	assert_null(egress(&s, "api-netpol", "app=api", 80));
	s.request.service_ports = true;
	derive(&s);
	peer = egress(&s, "api-netpol", "app=api", 80);
	assert_non_null(peer);
	assert_int_equal(peer->wider, WIDER_ENDPOINTS | WIDER_SERVICE_PORT);
	assert_ptr_equal(peer, egress(&s, "api-netpol", "app=api", 8080));
	assert_null(ingress(&s, "api-netpol", "app=api", 80));
	s.request.exact = true;
	derive(&s);
	assert_null(egress(&s, "api-netpol", "app=api", 8080));
	assert_null(egress(&s, "api-netpol", "app=api", 80));
	shop_close(&s);
}

/* What a node forwards to its own pods some plugins see from the client, some from the node. */
static void test_clients_behind_the_own_node(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	talk(&s, (struct scene_edge){.from = "203.0.113.9",
				     .translated = "192.168.0.1",
				     .to = "10.1.0.1",
				     .port = 8443,
				     .service = "192.168.0.1",
				     .service_port = 30443});
	for (int exact = 0; exact < 2; exact++) {
		s.request.exact = exact;
		derive(&s);
		assert_int_equal(ingress(&s, "web-netpol", "192.168.0.1/32", 8443)->wider, 0);
		assert_int_equal(ingress(&s, "web-netpol", "203.0.113.9/32", 8443)->wider, 0);
	}
	shop_close(&s);
}

static void test_clients_behind_another_node(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	talk(&s, (struct scene_edge){.from = "203.0.113.9",
				     .translated = "192.168.0.2",
				     .to = "10.1.0.1",
				     .port = 8443,
				     .service = "192.168.0.2",
				     .service_port = 30443});
	derive(&s);
	assert_non_null(ingress(&s, "web-netpol", "192.168.0.2/32", 8443));
	assert_null(ingress(&s, "web-netpol", "203.0.113.9/32", 8443));
	shop_close(&s);
}

static void test_pods_without_labels(void **state)
{
	const struct policy_peer *peer;
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	talk(&s, (struct scene_edge){.from = "10.1.0.6", .to = "10.1.0.1", .port = 80});
	talk(&s, (struct scene_edge){.from = "10.1.0.3", .to = "10.1.0.1", .port = 80});
	talk(&s, (struct scene_edge){.from = "10.1.0.3", .to = "10.1.0.1", .port = 81});
	derive(&s);
	assert_null(ingress(&s, "web-netpol", "all pods in lab", 80));
	assert_int_equal(ingress(&s, "web-netpol", "app=job in lab", 80)->connections, 2);
	s.request.include = 1u << LEFT_UNLABELLED;
	derive(&s);
	/* Who is of that namespace is named with it. */
	peer = ingress(&s, "web-netpol", "all pods in lab", 80);
	assert_says(peer, "all pods of namespace lab: 2 connections; ");
	assert_int_equal(peer->wider, WIDER_ALL_OF | WIDER_INCLUDED);
	assert_int_equal(peer->selector.count, 0);
	assert_null(ingress(&s, "web-netpol", "app=job in lab", 80));
	assert_int_equal(ingress(&s, "web-netpol", "app=job in lab", 81)->connections, 1);
	shop_close(&s);
}

static void test_prefixes(void **state)
{
	const struct policy_peer *peer;
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	talk(&s, (struct scene_edge){
		     .from = "10.1.0.1", .to = "203.0.113.0/24", .port = 443, .connections = 40});
	talk(&s, (struct scene_edge){.from = "10.1.0.1", .to = "203.0.113.9", .port = 443});
	talk(&s, (struct scene_edge){.from = "10.1.0.1", .to = "203.0.113.9", .port = 80});
	talk(&s, (struct scene_edge){.from = "10.1.0.1", .to = "192.168.0.0/24", .port = 443});
	for (int exact = 0; exact < 2; exact++) {
		s.request.exact = exact;
		derive(&s);
		peer = egress(&s, "web-netpol", "203.0.113.0/24", 443);
		assert_says(peer, "external addresses: 41 connections; the record has a prefix");
		assert_int_equal(peer->wider, WIDER_FOLDED);
		assert_int_equal(peer->seen_count, 1);
		assert_true(peer->seen_more);
		assert_null(egress(&s, "web-netpol", "203.0.113.9/32", 443));
		assert_non_null(egress(&s, "web-netpol", "203.0.113.9/32", 80));
		assert_null(egress(&s, "web-netpol", "192.168.0.0/24", 443));
	}
	s.request.exact = false;
	s.request.include = 1u << LEFT_FOLDED;
	derive(&s);
	assert_int_equal(egress(&s, "web-netpol", "192.168.0.0/24", 443)->wider,
			 WIDER_FOLDED | WIDER_INCLUDED);
	shop_close(&s);
}

/* Labels that others have, too, name these as well. */
static void test_labels_that_hold_others(void **state)
{
	const struct policy_peer *peer;
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	talk(&s, (struct scene_edge){.from = "10.1.0.1", .to = "10.1.0.2", .port = 8080});
	talk(&s, (struct scene_edge){
		     .from = "10.1.0.1", .to = "10.1.0.4", .port = 8080, .connections = 4});
	talk(&s, (struct scene_edge){.from = "10.1.0.1", .to = "10.1.0.4", .port = 9090});
	derive(&s);
	peer = egress(&s, "web-netpol", "app=api", 8080);
	assert_says(peer, "StatefulSet/api (with StatefulSet/next, which has its labels): 5 conn");
	assert_int_equal(peer->wider, 0);
	assert_null(egress(&s, "web-netpol", "app=api,track=next", 8080));
	assert_int_equal(egress(&s, "web-netpol", "app=api,track=next", 9090)->connections, 1);
	shop_close(&s);
}

static void test_a_service_that_nobody_translated(void **state)
{
	const struct policy_peer *peer;
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	talk(&s, (struct scene_edge){.from = "10.1.0.1", .to = "10.96.0.5", .port = 80});
	derive(&s);
	peer = egress(&s, "web-netpol", "10.96.0.5/32", 80);
	assert_says(peer, "service api.shop itself: 1 connection");
	assert_int_equal(peer->wider, 0);
	assert_string_equal(peer->class, "service");
	shop_close(&s);
}

/* ---- DNS ---- */

static void ask(struct shop *s, const char *from, const char *node)
{
	talk(s, (struct scene_edge){.node = node,
				    .from = from,
				    .to = "10.2.0.9",
				    .port = 1053,
				    .protocol = IPPROTO_UDP,
				    .service = "10.96.0.10",
				    .service_port = 53});
}

static const char dns_peer[] = "k8s-app=kube-dns in kube-system";

static void test_resolvers_are_for_all(void **state)
{
	const struct policy_peer *peer;
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	ask(&s, "10.1.0.1", "n1");
	talk(&s, (struct scene_edge){.from = "10.1.0.1", .to = "10.1.0.2", .port = 8080});
	derive(&s);
	peer = find_peer(&s, "web-netpol", DIRECTION_EGRESS, dns_peer, IPPROTO_TCP, 1053);
	assert_says(peer, "1 connection, via kube-dns.kube-system:53; DNS over UDP and TCP");
	assert_int_equal(peer->wider, WIDER_DNS);
	peer = find_peer(&s, "api-netpol", DIRECTION_EGRESS, dns_peer, IPPROTO_UDP, 1053);
	assert_says(peer, ": DNS, as others ask it");
	assert_int_equal(peer->wider, WIDER_DNS);
	assert_int_equal(peer->edges, 0);
	assert_true(peer->first_seen > peer->last_seen);
	assert_string_equal(peer->class, "");
	assert_null(find_peer(&s, "api-netpol", DIRECTION_EGRESS, dns_peer, IPPROTO_UDP, 53));
	shop_close(&s);
}

static void test_both_protocols_asked_are_exact(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	ask(&s, "10.1.0.1", "n1");
	talk(&s, (struct scene_edge){.from = "10.1.0.1", .to = "10.2.0.9", .port = 1053});
	derive(&s);
	assert_int_equal(egress(&s, "web-netpol", dns_peer, 1053)->wider, 0);
	shop_close(&s);
}

static void test_exact_resolvers(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	ask(&s, "10.1.0.1", "n1");
	ask(&s, "10.2.0.1", "n2");
	talk(&s, (struct scene_edge){.from = "10.1.0.1", .to = "10.1.0.2", .port = 8080});
	s.request.exact = true;
	derive(&s);
	assert_int_equal(
	    find_peer(&s, "web-netpol", DIRECTION_EGRESS, dns_peer, IPPROTO_UDP, 1053)->wider, 0);
	assert_null(egress(&s, "web-netpol", dns_peer, 1053));
	assert_int_equal(policy_of(&s, "api-netpol")->rule_count[DIRECTION_EGRESS], 0);
	assert_int_equal(policy_of(&s, "coredns-netpol")->rule_count[DIRECTION_INGRESS], 1);
	assert_int_equal(
	    find_peer(&s, "coredns-netpol", DIRECTION_INGRESS, "app=web in shop", IPPROTO_UDP, 1053)
		->edges,
	    2);
	shop_close(&s);
}

static void test_no_resolver_is_assumed_where_all_is_exact(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, PODS);
	talk(&s, (struct scene_edge){.from = "10.1.0.1", .to = "10.1.0.2", .port = 8080});
	derive(&s);
	assert_int_equal(egress(&s, "api-netpol", dns_peer, 53)->wider, WIDER_DNS);
	assert_true(scene_has_problem(&s.scene, "DNS", "are assumed"));
	s.request.exact = true;
	derive(&s);
	assert_int_equal(policy_of(&s, "api-netpol")->rule_count[DIRECTION_EGRESS], 0);
	assert_false(scene_has_problem(&s.scene, "DNS", "are assumed"));
	shop_close(&s);
}

/* Nobody asked, and the service has a name for the port. */
static void test_ports_of_the_endpoints(void **state)
{
	static const char endpoints[] =
	    PODS "---\n{kind: Service, metadata: {namespace: kube-system, name: kube-dns}, spec: "
		 "{selector: {k8s-app: kube-dns}, ports: [{name: dns, protocol: UDP, port: 53, "
		 "targetPort: named}]}}\n"
		 "---\n{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: "
		 "{namespace: kube-system, name: kube-dns-1, "
		 "labels: {kubernetes.io/service-name: kube-dns}}, addressType: IPv4, endpoints: "
		 "[{addresses: [10.2.0.9]}], ports: [{name: dns, protocol: TCP, port: 1}, {name: "
		 "dns, protocol: UDP, port: 5353}]}\n";
	const struct policy_peer *peer;
	struct shop s;

	(void)state;
	shop_open(&s, endpoints);
	talk(&s, (struct scene_edge){.from = "10.1.0.1", .to = "10.1.0.2", .port = 8080});
	derive(&s);
	peer = find_peer(&s, "web-netpol", DIRECTION_EGRESS, dns_peer, IPPROTO_UDP, 5353);
	assert_says(peer, "service kube-dns in kube-system: DNS, from the inventory");
	assert_int_equal(peer->wider, WIDER_DNS);
	assert_false(scene_has_problem(&s.scene, "DNS", "53 is assumed"));
	shop_close(&s);
}

static void test_a_cache_on_each_node(void **state)
{
	const struct policy_peer *peer;
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	talk(&s,
	     (struct scene_edge){
		 .from = "10.1.0.1", .to = "169.254.20.10", .port = 53, .protocol = IPPROTO_UDP});
	talk(&s, (struct scene_edge){.from = "10.1.0.1", .to = "10.1.0.2", .port = 8080});
	derive(&s);
	peer = egress(&s, "api-netpol", "169.254.20.10/32", 53);
	assert_says(peer, "the DNS cache of each node: DNS, as others ask it");
	assert_int_equal(peer->wider, WIDER_DNS);
	s.request.exact = true;
	derive(&s);
	assert_null(egress(&s, "api-netpol", "169.254.20.10/32", 53));
	assert_int_equal(
	    find_peer(&s, "web-netpol", DIRECTION_EGRESS, "169.254.20.10/32", IPPROTO_UDP, 53)
		->wider,
	    0);
	shop_close(&s);
}

/* ---- services' own ports ---- */

static void ask_services(struct shop *s)
{
	talk(s, (struct scene_edge){.from = "10.1.0.1",
				    .to = "10.1.0.2",
				    .port = 8080,
				    .connections = 3,
				    .service = "10.96.0.5",
				    .service_port = 80});
	talk(s, (struct scene_edge){.from = "10.1.0.1", .to = "10.1.0.3", .port = 8080});
	talk(s, (struct scene_edge){.from = "10.1.0.1",
				    .to = "198.51.100.7",
				    .port = 6443,
				    .service = "10.96.0.1",
				    .service_port = 443});
	ask(s, "10.1.0.1", "n1");
}

static void test_service_ports(void **state)
{
	const struct policy_peer *peer;
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	ask_services(&s);
	s.request.service_ports = true;
	derive(&s);
	peer = egress(&s, "web-netpol", "app=api", 80);
	assert_says(peer,
		    "StatefulSet/api: 3 connections, via api.shop:80; also the service's own");
	assert_ptr_equal(peer, egress(&s, "web-netpol", "app=api", 8080));
	assert_int_equal(peer->wider, WIDER_SERVICE_PORT);
	assert_int_equal(peer->edges, 1);
	assert_null(egress(&s, "web-netpol", "app=job in lab", 80));
	assert_null(ingress(&s, "api-netpol", "app=web", 80));
	peer = egress(&s, "web-netpol", "10.96.0.1/32", 443);
	assert_says(peer, "address of a service: 1 connection, via 10.96.0.1:443; the service's");
	assert_int_equal(peer->wider, WIDER_SERVICE_PORT);
	assert_string_equal(peer->class, "service");
	assert_int_equal(peer->seen_count, 0);
	assert_int_equal(egress(&s, "web-netpol", "198.51.100.7/32", 6443)->wider, 0);
	assert_null(egress(&s, "web-netpol", "198.51.100.7/32", 443));
	assert_non_null(find_peer(&s, "web-netpol", DIRECTION_EGRESS, dns_peer, IPPROTO_UDP, 53));
	assert_int_equal(
	    find_peer(&s, "api-netpol", DIRECTION_EGRESS, dns_peer, IPPROTO_UDP, 53)->wider,
	    WIDER_DNS | WIDER_SERVICE_PORT);
	shop_close(&s);
}

static void test_service_ports_are_asked_for(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	ask_services(&s);
	for (int exact = 0; exact < 2; exact++) {
		s.request.exact = exact;
		s.request.service_ports = exact;
		derive(&s);
		assert_null(egress(&s, "web-netpol", "app=api", 80));
		assert_null(egress(&s, "web-netpol", "10.96.0.1/32", 443));
	}
	shop_close(&s);
}

/* ---- ports ---- */

static void use_ports(struct shop *s, int first, int step, int count)
{
	for (int i = 0; i < count; i++)
		talk(s, (struct scene_edge){
			    .from = "10.1.0.1", .to = "10.1.0.2", .port = first + i * step});
}

static void test_ranges(void **state)
{
	const struct policy_rule *rules;
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	use_ports(&s, 30000, 1, 11);
	derive(&s);
	rules = policy_of(&s, "api-netpol")->rules[DIRECTION_INGRESS];
	assert_int_equal(rules->port_count, 1);
	assert_int_equal(rules->ports[0].port, 30000);
	assert_int_equal(rules->ports[0].end_port, 30010);
	assert_int_equal(rules->peers[0].edges, 11);
	assert_int_equal(rules->peers[0].wider, 0);
	s.request.range_threshold = 11;
	derive(&s);
	assert_int_equal(policy_of(&s, "api-netpol")->rules[DIRECTION_INGRESS]->port_count, 11);
	s.request.range_threshold = 10;
	s.request.exact = true;
	derive(&s);
	assert_int_equal(policy_of(&s, "api-netpol")->rules[DIRECTION_INGRESS]->port_count, 11);
	shop_close(&s);
}

static void test_scattered_ports(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	use_ports(&s, 30000, 2, 64);
	derive(&s);
	assert_false(scene_has_problem(&s.scene, "StatefulSet/web in shop", "scattered"));
	use_ports(&s, 40000, 1, 1);
	derive(&s);
	assert_true(scene_has_problem(&s.scene, "StatefulSet/web in shop",
				      "egress to app=api is at 65 scattered ports from 30000 to "
				      "40000"));
	assert_true(scene_has_problem(&s.scene, "StatefulSet/api in shop",
				      "ingress from app=web is at 65 scattered ports"));
	shop_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_evidence_of_a_workload),
	    cmocka_unit_test(test_evidence_of_an_address),
	    cmocka_unit_test(test_what_was_not_answered_says_so),
	    cmocka_unit_test(test_exact_evidence_is_not_tagged),
	    cmocka_unit_test(test_probes_of_the_own_node),
	    cmocka_unit_test(test_own_node_among_others),
	    cmocka_unit_test(test_an_agent_on_the_own_node),
	    cmocka_unit_test(test_ingress_from_the_own_node_that_may_move),
	    cmocka_unit_test(test_api_server_on_the_own_node),
	    cmocka_unit_test(test_other_endpoints_of_the_api_server),
	    cmocka_unit_test(test_other_endpoints_of_a_service_without_selector),
	    cmocka_unit_test(test_other_endpoints_on_nodes),
	    cmocka_unit_test(test_an_endpoint_that_was_included),
	    cmocka_unit_test(test_other_endpoints_of_a_headless_service_without_selector),
	    cmocka_unit_test(test_other_api_servers_as_clients),
	    cmocka_unit_test(test_api_server_that_another_service_names_too),
	    cmocka_unit_test(test_clients_of_another_node_tomorrow),
	    cmocka_unit_test(test_another_replica_behind_the_own_service),
	    cmocka_unit_test(test_clients_behind_the_own_node),
	    cmocka_unit_test(test_clients_behind_another_node),
	    cmocka_unit_test(test_pods_without_labels),
	    cmocka_unit_test(test_prefixes),
	    cmocka_unit_test(test_labels_that_hold_others),
	    cmocka_unit_test(test_a_service_that_nobody_translated),
	    cmocka_unit_test(test_resolvers_are_for_all),
	    cmocka_unit_test(test_both_protocols_asked_are_exact),
	    cmocka_unit_test(test_exact_resolvers),
	    cmocka_unit_test(test_no_resolver_is_assumed_where_all_is_exact),
	    cmocka_unit_test(test_ports_of_the_endpoints),
	    cmocka_unit_test(test_a_cache_on_each_node),
	    cmocka_unit_test(test_service_ports),
	    cmocka_unit_test(test_service_ports_are_asked_for),
	    cmocka_unit_test(test_ranges),
	    cmocka_unit_test(test_scattered_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
