#include "tests/unit/identity/inventory_fixture.h"

#include <netinet/in.h>

static void test_host_ports(void **state)
{
	struct inventory *inventory =
	    read_clean("kind: Pod\n"
		       "metadata: {name: p, namespace: n}\n"
		       "spec:\n"
		       "  containers:\n"
		       "  - ports:\n"
		       "    - {containerPort: 80, hostPort: 8080, hostIP: 192.0.2.7}\n"
		       "    - {containerPort: 81, hostPort: 8081, hostIP: 0.0.0.0, protocol: UDP}\n"
		       "    - {containerPort: 82, hostPort: 0, hostIP: ''}\n");
	const struct inventory_port *ports = inventory->pods[0].ports;

	(void)state;
	assert_int_equal(inventory->pods[0].port_count, 3);
	assert_int_equal(ports[0].host_port, 8080);
	assert_true(addr_equal(ports[0].host_address, address("192.0.2.7")));
	assert_int_equal(ports[1].host_port, 8081);
	assert_false(addr_is_set(ports[1].host_address));
	assert_int_equal(ports[2].host_port, 0);
	inventory_free(inventory);
}

static void test_services(void **state)
{
	struct inventory *inventory =
	    read_clean("kind: Service\n"
		       "metadata: {name: a, namespace: n}\n"
		       "spec:\n"
		       "  type: LoadBalancer\n"
		       "  externalTrafficPolicy: Local\n"
		       "  healthCheckNodePort: 31000\n"
		       "  ports: [{port: 80, nodePort: 30080, targetPort: http}, {port: 81}]\n"
		       "---\n"
		       "kind: Service\n"
		       "metadata: {name: b, namespace: n}\n"
		       "spec: {type: ExternalName, externalName: db.example.com}\n"
		       "---\n"
		       "kind: Service\n"
		       "metadata: {name: c, namespace: n}\n"
		       "spec: {externalTrafficPolicy: Cluster}\n");
	const struct inventory_service *services = inventory->services;

	(void)state;
	assert_string_equal(services[0].type, "LoadBalancer");
	assert_true(services[0].external_local);
	assert_int_equal(services[0].health_port, 31000);
	assert_int_equal(services[0].ports[0].node_port, 30080);
	assert_int_equal(services[0].ports[1].node_port, 0);
	assert_string_equal(services[1].type, "ExternalName");
	assert_string_equal(services[1].external_name, "db.example.com");
	assert_string_equal(services[2].type, "ClusterIP");
	assert_false(services[2].external_local);
	inventory_free(inventory);
}

static void test_slices(void **state)
{
	struct inventory *inventory = read_clean(
	    "apiVersion: discovery.k8s.io/v1\n"
	    "kind: EndpointSliceList\n"
	    "items:\n"
	    "- metadata: {name: api-x7k2p, namespace: shop,\n"
	    "             labels: {kubernetes.io/service-name: api}}\n"
	    "  addressType: IPv4\n"
	    "  endpoints:\n"
	    "  - addresses: [10.1.0.9]\n"
	    "    conditions: {ready: false, serving: true, terminating: true}\n"
	    "  - addresses: [10.1.0.2]\n"
	    "    conditions: {ready: true}\n"
	    "    nodeName: n1\n"
	    "    targetRef: {kind: Pod, name: api-1, namespace: shop, uid: u-1}\n"
	    "  - addresses: [10.1.0.3]\n"
	    "    targetRef: {kind: Node, name: n9}\n"
	    "  ports: [{name: http, port: 8080, protocol: TCP}, {name: any, port: null}]\n"
	    "- metadata: {name: named, namespace: shop}\n"
	    "  addressType: FQDN\n"
	    "  endpoints: [{addresses: [db.example.com]}]\n"
	    "  ports: null\n");
	const struct inventory_endpoints *slice = &inventory->endpoints[0];

	(void)state;
	assert_int_equal(inventory->endpoints_count, 2);
	assert_true(slice->slice);
	assert_string_equal(slice->service, "api");
	assert_int_equal(slice->port_count, 2);
	assert_int_equal(slice->ports[0].port, 8080);
	assert_int_equal(slice->ports[1].port, 0);
	assert_int_equal(slice->count, 3);
	assert_true(addr_equal(slice->items[0].address, address("10.1.0.2")));
	assert_true(slice->items[0].ready);
	assert_string_equal(slice->items[0].pod, "api-1");
	assert_string_equal(slice->items[0].pod_uid, "u-1");
	assert_string_equal(slice->items[0].node, "n1");
	assert_int_equal(slice->items[0].first_port, 0);
	assert_int_equal(slice->items[0].port_count, 2);
	/* Ready unless something else is said. */
	assert_true(slice->items[1].ready);
	assert_string_equal(slice->items[1].pod, "");
	assert_false(slice->items[2].ready);
	assert_string_equal(inventory->endpoints[1].service, "");
	assert_int_equal(inventory->endpoints[1].count, 0);
	inventory_free(inventory);
}

static void test_endpoints(void **state)
{
	struct inventory *inventory =
	    read_clean("kind: Endpoints\n"
		       "metadata: {name: kubernetes, namespace: default}\n"
		       "subsets:\n"
		       "- addresses: [{ip: 192.0.2.11}]\n"
		       "  ports: [{name: https, port: 6443}]\n"
		       "- addresses: [{ip: 192.0.2.10, nodeName: n2,\n"
		       "               targetRef: {kind: Pod, name: x, uid: u}}]\n"
		       "  notReadyAddresses: [{ip: 192.0.2.12}]\n"
		       "  ports: [{name: a, port: 1}, {name: b, port: 2, protocol: UDP}]\n"
		       "---\n"
		       "kind: Endpoints\n"
		       "metadata: {name: none, namespace: default}\n"
		       "subsets: null\n");
	const struct inventory_endpoints *endpoints = &inventory->endpoints[0];

	(void)state;
	assert_false(endpoints->slice);
	assert_string_equal(endpoints->service, "kubernetes");
	assert_int_equal(endpoints->count, 3);
	assert_string_equal(endpoints->items[0].pod, "x");
	assert_int_equal(endpoints->items[0].first_port, 1);
	assert_int_equal(endpoints->items[0].port_count, 2);
	assert_int_equal(endpoints->ports[2].protocol, IPPROTO_UDP);
	assert_int_equal(endpoints->items[1].first_port, 0);
	assert_int_equal(endpoints->items[1].port_count, 1);
	assert_false(endpoints->items[2].ready);
	assert_int_equal(inventory->endpoints[1].count, 0);
	inventory_free(inventory);
}

static void test_nodes(void **state)
{
	struct inventory *inventory = read_clean(
	    "apiVersion: cilium.io/v2\n"
	    "kind: CiliumNode\n"
	    "metadata: {name: n2}\n"
	    "spec: {addresses: [{type: InternalIP, ip: 192.0.2.2}, {type: CiliumInternalIP, ip: "
	    "10.2.0.9}], ipam: {podCIDRs: [10.2.0.0/24]}}\n"
	    "---\n"
	    "kind: Node\n"
	    "metadata:\n"
	    "  name: n1\n"
	    "  annotations:\n"
	    "    flannel.alpha.coreos.com/public-ip: 192.0.2.101\n"
	    "    projectcalico.org/IPv4Address: 192.0.2.102/24\n"
	    "    projectcalico.org/IPv4VXLANTunnelAddr: 10.1.0.1\n"
	    "    projectcalico.org/IPv4IPIPTunnelAddr: 10.1.0.64\n"
	    "    alpha.kubernetes.io/provided-node-ip: '192.0.2.1,2001:db8::1'\n"
	    "    network.cilium.io/ipv4-cilium-host: 10.1.0.33\n"
	    "    some.example.com/other: none\n"
	    "status:\n"
	    "  addresses: [{type: InternalIP, address: 192.0.2.1}, {type: Hostname, address: n1},\n"
	    "    {type: ExternalIP, address: 203.0.113.1}]\n"
	    "---\n"
	    "kind: Node\n"
	    "metadata: {name: n2}\n"
	    "status: {addresses: [{type: InternalIP, address: 192.0.2.2}]}\n");
	const struct inventory_node *node = &inventory->nodes[0];

	(void)state;
	assert_int_equal(inventory->node_count, 2);
	assert_int_equal(node->address_count, 5);
	assert_true(addr_equal(node->addresses[0], address("192.0.2.1")));
	assert_true(addr_equal(node->addresses[2], address("192.0.2.102")));
	assert_true(addr_equal(node->addresses[4], address("2001:db8::1")));
	assert_int_equal(node->external_count, 1);
	assert_true(addr_equal(node->external[0], address("203.0.113.1")));
	assert_int_equal(node->tunnel_count, 3);
	assert_true(addr_equal(node->tunnels[1], address("10.1.0.33")));
	/* One node of two objects. */
	node = &inventory->nodes[1];
	assert_int_equal(node->address_count, 1);
	assert_int_equal(node->tunnel_count, 1);
	assert_true(addr_equal(node->tunnels[0], address("10.2.0.9")));
	assert_int_equal(node->pod_range_count, 1);
	inventory_free(inventory);
}

static void test_further_networks(void **state)
{
	struct inventory *inventory = read_clean(
	    "kind: Pod\n"
	    "metadata:\n"
	    "  name: p\n"
	    "  namespace: n\n"
	    "  annotations:\n"
	    "    k8s.v1.cni.cncf.io/network-status: |-\n"
	    "      [{\"name\": \"cbr0\", \"interface\": \"eth0\", \"ips\": [\"10.1.0.5\"],\n"
	    "        \"mac\": \"02:00:00:00:00:01\", \"default\": true, \"dns\": {}},\n"
	    "       {\"name\": \"n/storage\", \"interface\": \"net1\",\n"
	    "        \"ips\": [\"192.168.9.5\", \"fd09::5\", \"10.1.0.5\"], \"dns\": {}},\n"
	    "       {\"name\": \"n/l2\", \"interface\": \"net2\"}]\n"
	    "status: {podIPs: [{ip: 10.1.0.5}]}\n");
	const struct inventory_pod *pod = &inventory->pods[0];

	(void)state;
	assert_int_equal(pod->address_count, 1);
	assert_int_equal(pod->secondary_count, 2);
	assert_true(addr_equal(pod->secondary[0], address("192.168.9.5")));
	assert_true(addr_equal(pod->secondary[1], address("fd09::5")));
	inventory_free(inventory);
}

static void test_meshes(void **state)
{
	struct inventory *inventory =
	    read_clean("kind: Pod\n"
		       "metadata: {name: a, namespace: n}\n"
		       "spec: {containers: [{name: app}, {name: istio-proxy}]}\n"
		       "---\n"
		       "kind: Pod\n"
		       "metadata: {name: b, namespace: n}\n"
		       "spec: {containers: [{name: app}],\n"
		       "  initContainers: [{name: istio-proxy}, {name: linkerd-proxy, "
		       "restartPolicy: Always}]}\n"
		       "---\n"
		       "kind: Pod\n"
		       "metadata: {name: c, namespace: n, annotations: "
		       "{ambient.istio.io/redirection: enabled}}\n"
		       "spec: {containers: [{name: app}]}\n");

	(void)state;
	assert_string_equal(inventory->pods[0].sidecar, "Istio");
	assert_false(inventory->pods[0].ambient);
	assert_string_equal(inventory->pods[1].sidecar, "Linkerd");
	assert_string_equal(inventory->pods[2].sidecar, "");
	assert_true(inventory->pods[2].ambient);
	inventory_free(inventory);
}

/* The first that is no mesh's; of several sources the best that tells. */
static void test_containers(void **state)
{
	static const struct {
		const char *spec;
		const char *container;
	} cases[] = {
	    {"{containers: [{name: app}, {name: log}]}", "app"},
	    {"{containers: [{name: istio-proxy}, {name: app}, {name: log}]}", "app"},
	    {"{containers: [{image: x}, {name: app}]}", "app"},
	    {"{containers: [{name: linkerd-proxy}]}", "linkerd-proxy"},
	    {"{containers: [], initContainers: [{name: a, restartPolicy: Always}]}", ""},
	    {"{}", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct inventory *inventory;
		char text[256];

		snprintf(text, sizeof(text),
			 "kind: Pod\nmetadata: {name: a, namespace: n, uid: u}\nspec: %s\n",
			 cases[i].spec);
		inventory = read_clean(text);
		assert_string_equal(inventory->pods[0].container, cases[i].container);
		inventory_free(inventory);
	}
}

static void test_containers_of_several_sources(void **state)
{
	struct inventory *inventory = inventory_new();
	struct problems problems = {0};

	(void)state;
	add_as(inventory,
	       "kind: Pod\nmetadata: {name: a, namespace: n, uid: u}\n"
	       "spec: {containers: [{name: old}]}\n",
	       INVENTORY_STORED);
	add(inventory, "f", "kind: Pod\nmetadata: {name: a, namespace: n, uid: u}\n", &problems);
	assert_int_equal(inventory_finish(inventory, &problems), 0);
	assert_int_equal(inventory->pod_count, 1);
	assert_string_equal(inventory->pods[0].container, "old");
	inventory_free(inventory);
}

static void test_problems(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
	    {"kind: Pod\nmetadata: {name: p, namespace: n, annotations:\n"
	     "  {k8s.v1.cni.cncf.io/network-status: '{'}}\n",
	     "k8s.v1.cni.cncf.io/network-status: expected a list in JSON"},
	    {"kind: Pod\nmetadata: {name: p, namespace: n, annotations:\n"
	     "  {k8s.v1.cni.cncf.io/network-status: '[{\"ips\":[7]}]'}}\n",
	     "network-status: \"\" is no address"},
	    {"kind: Pod\nmetadata: {name: p, namespace: n}\n"
	     "spec: {containers: [{ports: [{containerPort: 1, hostPort: x}]}]}\n",
	     "hostPort: expected a port number, 1 to 65535"},
	    {"kind: Pod\nmetadata: {name: p, namespace: n}\n"
	     "spec: {containers: [{ports: [{containerPort: 1, hostIP: x}]}]}\n",
	     "hostIP: \"x\" is no address"},
	    {"kind: Service\nmetadata: {name: s, namespace: n}\n"
	     "spec: {ports: [{port: 1, nodePort: 70000}]}\n",
	     "nodePort: expected a port number, 1 to 65535"},
	    {"kind: Endpoints\nmetadata: {name: s, namespace: n}\nsubsets: [{addresses: [{}]}]\n",
	     "ip: \"\" is no address"},
	    {"kind: Endpoints\nmetadata: {name: s, namespace: n}\nsubsets: [7]\n",
	     "subsets: expected a mapping, not a single value"},
	    {"apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
	     "metadata: {name: s, namespace: n}\nendpoints: [{addresses: [here]}]\n",
	     "addresses: \"here\" is no address"},
	    {"kind: Node\nmetadata: {name: n1, annotations:\n"
	     "  {projectcalico.org/IPv4Address: x/24}}\n",
	     "projectcalico.org/IPv4Address: \"x/24\" is no address"},
	    {"{kind: Service, metadata: {namespace: a, name: b, annotations: "
	     "{cloud.google.com/neg-status: '[1]'}}}",
	     "cloud.google.com/neg-status: expected a mapping in JSON"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct problems problems = {0};
		struct inventory *inventory = read_with(cases[i].text, &problems);

		assert_int_equal(problems.count, 1);
		assert_string_equal(problems.items[0].message, cases[i].message);
		problems_clear(&problems);
		inventory_free(inventory);
	}
}

static void test_ranges(void **state)
{
	struct problems problems = {0};
	struct inventory *inventory = read_with(
	    "{apiVersion: networking.k8s.io/v1beta1, kind: ServiceCIDR, metadata: {name: b}, spec: "
	    "{cidrs: [172.20.0.0/16, wrong]}}\n---\n"
	    "{apiVersion: projectcalico.org/v3, kind: IPPool, metadata: {name: a}, spec: {cidr: "
	    "10.9.0.0/16}}\n---\n"
	    "{apiVersion: crd.projectcalico.org/v1, kind: IPPool, metadata: {name: a}, spec: "
	    "{cidr: "
	    "10.8.0.0/16}}\n---\n"
	    "{apiVersion: whereabouts.cni.cncf.io/v1alpha1, kind: IPPool, metadata: {name: w, "
	    "namespace: kube-system}, spec: {range: 10.7.0.0/16}}\n---\n"
	    "{apiVersion: cilium.io/v2, kind: CiliumNode, metadata: {name: n1}, spec: {ipam: "
	    "{podCIDRs: [10.6.0.0/24]}}}\n",
	    &problems);

	(void)state;
	assert_int_equal(problems.count, 1);
	assert_non_null(strstr(problems.items[0].message, "\"wrong\" is no address range"));
	assert_int_equal(inventory->ranges_count, 2);
	assert_string_equal(inventory->ranges[0].kind, "IPPool");
	assert_true(inventory->ranges[0].of_pods);
	assert_int_equal(inventory->ranges[0].count, 1);
	assert_int_equal(inventory->ranges[0].items[0].addr.bytes[1], 8);
	assert_string_equal(inventory->ranges[1].name, "b");
	assert_false(inventory->ranges[1].of_pods);
	assert_int_equal(inventory->ranges[1].count, 1);
	assert_int_equal(inventory->nodes[0].pod_range_count, 1);
	problems_clear(&problems);
	inventory_free(inventory);
}

static void assert_range(struct prefix range, const char *expected)
{
	char text[PREFIX_TEXT_MAX];

	assert_string_equal(prefix_format(range, text), expected);
}

static void test_pools_of_cilium(void **state)
{
	struct inventory *inventory = read_clean(
	    "{apiVersion: cilium.io/v2alpha1, kind: CiliumPodIPPool, metadata: {name: default}, "
	    "spec: {ipv4: {cidrs: [10.10.0.0/16, 10.11.0.0/16], maskSize: 27}, ipv6: {cidrs: "
	    "['fd00:10::/64'], maskSize: 120}}}\n---\n"
	    "{apiVersion: cilium.io/v2, kind: CiliumPodIPPool, metadata: {name: green}, spec: "
	    "{ipv4: {cidrs: [10.12.0.0/16], maskSize: 27}}}\n---\n"
	    "{apiVersion: cilium.io/v2, kind: CiliumNode, metadata: {name: n1}, spec: {ipam: "
	    "{pools: {allocated: [{pool: default, cidrs: [10.10.0.0/27, 10.10.7.0/27]}, {pool: "
	    "green, cidrs: [10.12.0.0/27]}], requested: [{pool: default}]}}}}\n");

	(void)state;
	assert_int_equal(inventory->ranges_count, 2);
	assert_string_equal(inventory->ranges[0].kind, "CiliumPodIPPool");
	assert_string_equal(inventory->ranges[0].name, "default");
	assert_true(inventory->ranges[0].of_pods);
	assert_true(inventory->ranges[0].until == INTERVAL_OPEN);
	assert_int_equal(inventory->ranges[0].count, 3);
	assert_range(inventory->ranges[0].items[0], "10.10.0.0/16");
	assert_range(inventory->ranges[0].items[2], "fd00:10::/64");
	assert_range(inventory->ranges[1].items[0], "10.12.0.0/16");
	assert_int_equal(inventory->nodes[0].pod_range_count, 3);
	assert_range(inventory->nodes[0].pod_ranges[2], "10.12.0.0/27");
	inventory_free(inventory);
}

/* They are not the node's alone: others in the cloud have addresses there. */
static void test_subnets_of_clouds(void **state)
{
	struct inventory *inventory = read_clean(
	    "{apiVersion: cilium.io/v2, kind: CiliumNode, metadata: {name: n1}, spec: {ipam: "
	    "{pool: {192.168.64.9: {resource: eni-1}}}}, status: {eni: {enis: {eni-1: {subnet: "
	    "{id: s1, cidr: 192.168.64.0/19}}, eni-2: {subnet: {cidr: 192.168.32.0/19}}, eni-3: "
	    "{subnet: {cidr: 192.168.64.0/19}}}}}}\n---\n"
	    "{apiVersion: cilium.io/v2, kind: CiliumNode, metadata: {name: n2}, status: {azure: "
	    "{interfaces: [{id: a, cidr: 10.1.0.0/16}, {id: b}]}}}\n---\n"
	    "{apiVersion: cilium.io/v2, kind: CiliumNode, metadata: {name: n3}, status: "
	    "{alibaba-cloud: {enis: {eni-4: {vswitch: {cidr: 172.16.1.0/24, ipv6-cidr: "
	    "'2001:db8:1::/64'}}}}}}\n---\n"
	    "{apiVersion: cilium.io/v2, kind: CiliumNode, metadata: {name: n4}}\n");

	(void)state;
	assert_int_equal(inventory->node_count, 4);
	assert_int_equal(inventory->ranges_count, 3);
	assert_string_equal(inventory->ranges[0].kind, "CiliumNode");
	assert_string_equal(inventory->ranges[0].name, "n1");
	assert_true(inventory->ranges[0].of_pods);
	assert_int_equal(inventory->ranges[0].count, 2);
	assert_range(inventory->ranges[0].items[0], "192.168.32.0/19");
	assert_range(inventory->ranges[0].items[1], "192.168.64.0/19");
	assert_int_equal(inventory->ranges[1].count, 1);
	assert_range(inventory->ranges[1].items[0], "10.1.0.0/16");
	assert_int_equal(inventory->ranges[2].count, 2);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(inventory->nodes[i].pod_range_count, 0);
	inventory_free(inventory);
}

#define RANGES_OF_NODE "{kind: Node, metadata: {name: n1}, spec: {podCIDRs: [10.244.0.0/24]}}\n"
#define RANGES_OF_PLUGIN                                                                           \
	"{apiVersion: cilium.io/v2, kind: CiliumNode, metadata: {name: n1}, spec: {ipam: "         \
	"{podCIDRs: [10.0.0.0/24, 10.244.0.0/24]}}}\n"

static void test_ranges_of_a_node_and_its_plugin(void **state)
{
	static const char *const yamls[] = {
	    RANGES_OF_NODE "---\n" RANGES_OF_PLUGIN, RANGES_OF_PLUGIN "---\n" RANGES_OF_NODE,
	    "{kind: Node, metadata: {name: n1}, spec: {podCIDRs: [10.9.0.0/24]}}\n---\n"
	    "{kind: Node, metadata: {name: n1}}\n---\n" RANGES_OF_NODE "---\n" RANGES_OF_PLUGIN};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct inventory *inventory = read_clean(yamls[i]);

		assert_int_equal(inventory->node_count, 1);
		assert_int_equal(inventory->nodes[0].pod_range_count, 2);
		assert_range(inventory->nodes[0].pod_ranges[0], "10.0.0.0/24");
		assert_range(inventory->nodes[0].pod_ranges[1], "10.244.0.0/24");
		inventory_free(inventory);
	}
}

static void add_pool(struct inventory *inventory, const char *cidr, enum inventory_source source,
		     int64_t until)
{
	const struct inventory_told told = {.source = source, .until = until};
	struct problems problems = {0};
	struct document *document = NULL;
	char text[200];

	snprintf(text, sizeof(text),
		 "{apiVersion: crd.projectcalico.org/v1, kind: IPPool, metadata: {name: p}, spec: "
		 "{cidr: %s}}",
		 cidr);
	assert_int_equal(document_parse(text, strlen(text), "stored", &problems, &document), 0);
	assert_int_equal(inventory_add_stored(inventory, document, &told, &problems), 0);
	document_free(document);
}

static void test_ranges_that_were_deleted(void **state)
{
	struct inventory *inventory = inventory_new();
	struct problems problems = {0};

	(void)state;
	add_pool(inventory, "10.1.0.0/16", INVENTORY_GONE, 1000);
	add_pool(inventory, "10.2.0.0/16", INVENTORY_STORED, 3000);
	add_pool(inventory, "10.3.0.0/16", INVENTORY_GONE, 2000);
	add(inventory, "f",
	    "{apiVersion: crd.projectcalico.org/v1, kind: IPPool, metadata: "
	    "{name: p}, spec: {cidr: 10.4.0.0/16}}",
	    &problems);
	assert_int_equal(inventory_finish(inventory, &problems), 0);
	assert_int_equal(inventory->ranges_count, 3);
	assert_range(inventory->ranges[0].items[0], "10.1.0.0/16");
	assert_int_equal(inventory->ranges[0].until, 1000);
	assert_range(inventory->ranges[1].items[0], "10.3.0.0/16");
	assert_int_equal(inventory->ranges[1].until, 2000);
	assert_range(inventory->ranges[2].items[0], "10.4.0.0/16");
	assert_true(inventory->ranges[2].until == INTERVAL_OPEN);
	inventory_free(inventory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_host_ports),
	    cmocka_unit_test(test_services),
	    cmocka_unit_test(test_slices),
	    cmocka_unit_test(test_endpoints),
	    cmocka_unit_test(test_nodes),
	    cmocka_unit_test(test_further_networks),
	    cmocka_unit_test(test_meshes),
	    cmocka_unit_test(test_containers),
	    cmocka_unit_test(test_containers_of_several_sources),
	    cmocka_unit_test(test_problems),
	    cmocka_unit_test(test_ranges),
	    cmocka_unit_test(test_pools_of_cilium),
	    cmocka_unit_test(test_subnets_of_clouds),
	    cmocka_unit_test(test_ranges_of_a_node_and_its_plugin),
	    cmocka_unit_test(test_ranges_that_were_deleted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
