#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity/inventory.h"
#include "identity/inventory_trim.h"

/* ---- an inventory as text ---- */

static void put_labels(FILE *out, const struct labels *labels)
{
	char *text = labels_print(labels);

	assert_non_null(text);
	fprintf(out, " %s", text);
	free(text);
}

static void put_addresses(FILE *out, const struct addr *addresses, size_t count)
{
	char text[ADDR_TEXT_MAX];

	fputs(" [", out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, " %s", addr_format(addresses[i], text));
	fputs(" ]", out);
}

static void put_ports(FILE *out, const struct inventory_port *ports, size_t count)
{
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < count; i++)
		fprintf(out, " %s/%u/%u>%s/%u@%s/%u", ports[i].name, ports[i].protocol,
			ports[i].port, ports[i].target, ports[i].host_port,
			addr_format(ports[i].host_address, text), ports[i].node_port);
}

static void put_pod(FILE *out, const struct inventory_pod *pod)
{
	fprintf(out, "pod %s/%s %s on %s of %s %s, %s %s, %s%s%s%s%s %s %s %s", pod->namespace,
		pod->name, pod->uid, pod->node, pod->owner_kind, pod->owner_name, pod->top_kind,
		pod->top_name, pod->generate_name, pod->host_network ? " host" : "",
		pod->finished ? " finished" : "", pod->mirror ? " mirror" : "",
		pod->ambient ? " ambient" : "", pod->sidecar, pod->container, pod->conflict);
	put_labels(out, &pod->labels);
	put_addresses(out, pod->addresses, pod->address_count);
	put_addresses(out, pod->secondary, pod->secondary_count);
	put_ports(out, pod->ports, pod->port_count);
	fputc('\n', out);
}

static void put_service(FILE *out, const struct inventory_service *service)
{
	char text[PREFIX_TEXT_MAX];

	fprintf(out, "service %s/%s %s %s %d %u", service->namespace, service->name, service->type,
		service->external_name, service->external_local, service->health_port);
	put_labels(out, &service->labels);
	put_labels(out, &service->selector);
	put_addresses(out, service->addresses, service->address_count);
	for (size_t i = 0; i < service->source_range_count; i++)
		fprintf(out, " %s", prefix_format(service->source_ranges[i], text));
	put_ports(out, service->ports, service->port_count);
	fputc('\n', out);
}

static void put_endpoints(FILE *out, const struct inventory_endpoints *endpoints)
{
	char text[ADDR_TEXT_MAX];

	fprintf(out, "endpoints %s/%s %d of %s", endpoints->namespace, endpoints->name,
		endpoints->slice, endpoints->service);
	for (size_t i = 0; i < endpoints->count; i++) {
		const struct inventory_endpoint *item = &endpoints->items[i];

		fprintf(out, " (%s %d %s %s %s %zu+%zu)", addr_format(item->address, text),
			item->ready, item->pod, item->pod_uid, item->node, item->first_port,
			item->port_count);
	}
	put_ports(out, endpoints->ports, endpoints->port_count);
	fputc('\n', out);
}

static void put_node(FILE *out, const struct inventory_node *node)
{
	char text[PREFIX_TEXT_MAX];

	fprintf(out, "node %s", node->name);
	put_addresses(out, node->addresses, node->address_count);
	put_addresses(out, node->external, node->external_count);
	put_addresses(out, node->tunnels, node->tunnel_count);
	for (size_t i = 0; i < node->pod_range_count; i++)
		fprintf(out, " %s", prefix_format(node->pod_ranges[i], text));
	fputc('\n', out);
}

static void put_ranges(FILE *out, const struct inventory_ranges *ranges)
{
	char text[PREFIX_TEXT_MAX];

	fprintf(out, "%s %s%s", ranges->kind, ranges->name, ranges->of_pods ? " of pods" : "");
	for (size_t i = 0; i < ranges->count; i++)
		fprintf(out, " %s", prefix_format(ranges->items[i], text));
	fputc('\n', out);
}

static void put_all(FILE *out, const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->pod_count; i++)
		put_pod(out, &inventory->pods[i]);
	for (size_t i = 0; i < inventory->namespace_count; i++) {
		fprintf(out, "namespace %s", inventory->namespaces[i].name);
		put_labels(out, &inventory->namespaces[i].labels);
		fputc('\n', out);
	}
	for (size_t i = 0; i < inventory->service_count; i++)
		put_service(out, &inventory->services[i]);
	for (size_t i = 0; i < inventory->endpoints_count; i++)
		put_endpoints(out, &inventory->endpoints[i]);
	for (size_t i = 0; i < inventory->node_count; i++)
		put_node(out, &inventory->nodes[i]);
	for (size_t i = 0; i < inventory->ranges_count; i++)
		put_ranges(out, &inventory->ranges[i]);
	for (size_t i = 0; i < inventory->backend_count; i++)
		fprintf(out, "straight to %s/%s %s\n", inventory->backends[i].namespace,
			inventory->backends[i].service, inventory->backends[i].port);
}

static struct document *parse(const char *text)
{
	struct problems problems = {0};
	struct document *document = NULL;

	if (document_parse(text, strlen(text), "f", &problems, &document) < 0)
		fail_msg("%s: %s: %s", problems.items[0].subject, problems.items[0].message, text);
	problems_clear(&problems);
	return document;
}

static char *read_as_text(const char *text)
{
	struct problems problems = {0};
	struct inventory *inventory = inventory_new();
	struct document *document = parse(text);
	char *read = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&read, &length);

	assert_non_null(out);
	assert_non_null(inventory);
	assert_int_equal(inventory_add(inventory, document, &problems), 0);
	assert_int_equal(inventory_finish(inventory, &problems), 0);
	put_all(out, inventory);
	inventory_free(inventory);
	document_free(document);
	problems_clear(&problems);
	fclose(out);
	return read;
}

/* ---- trimmed ---- */

/* One a line; names before it, if they are wanted. */
struct listing {
	FILE *out;
	bool named;
};

static int list_object(void *context, const struct trimmed_object *object)
{
	struct listing *listing = context;

	if (listing->named)
		fprintf(listing->out, "%s %s/%s %s %u ", object->kind, object->namespace,
			object->name, object->uid, object->line);
	fprintf(listing->out, "%s\n", object->content);
	return 0;
}

static char *trim(const char *text, bool named, int expected, struct problems *problems)
{
	struct document *document = parse(text);
	char *listed = NULL;
	size_t length = 0;
	struct listing listing = {open_memstream(&listed, &length), named};

	assert_non_null(listing.out);
	assert_int_equal(inventory_trim(document, problems, list_object, &listing), expected);
	document_free(document);
	fclose(listing.out);
	return listed;
}

static char *trim_clean(const char *text, bool named)
{
	struct problems problems = {0};
	char *trimmed = trim(text, named, 0, &problems);

	assert_int_equal(problems.count, 0);
	return trimmed;
}

/* What every kind has, and more that nobody reads. */
static const char cluster[] =
    "apiVersion: v1\n"
    "kind: List\n"
    "items:\n"
    "- apiVersion: v1\n"
    "  kind: Pod\n"
    "  metadata:\n"
    "    name: api-5d4-x\n"
    "    namespace: shop\n"
    "    uid: u-1\n"
    "    resourceVersion: '77'\n"
    "    generateName: api-5d4-\n"
    "    labels: {app: api, pod-template-hash: 5d4, build: '007', on: 'true', n: '12'}\n"
    "    annotations:\n"
    "      ambient.istio.io/redirection: enabled\n"
    "      k8s.v1.cni.cncf.io/network-status: '[{\"ips\": [\"10.9.0.1\"]}]'\n"
    "      secret: sauce\n"
    "    managedFields: [{manager: kubelet}]\n"
    "    ownerReferences:\n"
    "    - {apiVersion: apps/v1, kind: ReplicaSet, name: api-5d4, uid: r-1, controller: true}\n"
    "  spec:\n"
    "    nodeName: n1\n"
    "    containers:\n"
    "    - name: api\n"
    "      image: api:1\n"
    "      env: [{name: PASSWORD, value: hunter2}]\n"
    "      ports:\n"
    "      - {name: http, containerPort: 8080, hostPort: 80, hostIP: 192.0.2.1}\n"
    "    - {name: istio-proxy}\n"
    "    initContainers:\n"
    "    - {name: side, restartPolicy: Always, ports: [{containerPort: 9, protocol: UDP}]}\n"
    "  status:\n"
    "    phase: Running\n"
    "    startTime: '2026-01-31T12:00:00Z'\n"
    "    podIP: 10.0.0.1\n"
    "    podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]\n"
    "    conditions: [{type: Ready, lastProbeTime: null}]\n"
    "- apiVersion: v1\n"
    "  kind: Pod\n"
    "  metadata:\n"
    "    name: etcd-n1\n"
    "    namespace: kube-system\n"
    "    uid: u-2\n"
    "    annotations: {kubernetes.io/config.mirror: m-1}\n"
    "    ownerReferences: [{kind: Node, name: n1, controller: true}]\n"
    "  spec: {hostNetwork: true, nodeName: n1, containers: []}\n"
    "  status: {phase: Failed, podIP: 192.0.2.1}\n"
    "- apiVersion: apps/v1\n"
    "  kind: ReplicaSet\n"
    "  metadata:\n"
    "    name: api-5d4\n"
    "    namespace: shop\n"
    "    uid: r-1\n"
    "    annotations: {deployment.kubernetes.io/revision: '3'}\n"
    "    ownerReferences: [{kind: Deployment, name: api, controller: true}]\n"
    "  spec: {replicas: 3}\n"
    "- apiVersion: apps/v1\n"
    "  kind: ReplicaSet\n"
    "  metadata: {name: api-old, namespace: shop}\n"
    "- apiVersion: apps/v1\n"
    "  kind: Deployment\n"
    "  metadata: {name: api, namespace: shop, uid: d-1}\n"
    "- apiVersion: v1\n"
    "  kind: Secret\n"
    "  metadata: {name: api, namespace: shop}\n"
    "  data: {password: aHVudGVyMg==}\n"
    "- apiVersion: v1\n"
    "  kind: Namespace\n"
    "  metadata: {name: shop, labels: {team: a, env: ''}}\n"
    "  status: {phase: Active}\n"
    "- apiVersion: v1\n"
    "  kind: Service\n"
    "  metadata: {name: api, namespace: shop, uid: s-1, labels: {app: api}}\n"
    "  spec:\n"
    "    type: LoadBalancer\n"
    "    externalName: x.example\n"
    "    externalTrafficPolicy: Local\n"
    "    healthCheckNodePort: 30001\n"
    "    clusterIP: 10.96.0.1\n"
    "    clusterIPs: [10.96.0.1, 'fd00:96::1']\n"
    "    externalIPs: [192.0.2.80]\n"
    "    loadBalancerSourceRanges: [203.0.113.0/24]\n"
    "    selector: {app: api}\n"
    "    sessionAffinity: None\n"
    "    ports:\n"
    "    - {name: http, port: 80, targetPort: http, nodePort: 30080}\n"
    "    - {name: dns, port: 53, targetPort: 5353, protocol: UDP}\n"
    "  status: {loadBalancer: {ingress: [{ip: 203.0.113.1}, {hostname: lb.example}]}}\n"
    "- apiVersion: v1\n"
    "  kind: Endpoints\n"
    "  metadata: {name: api, namespace: shop}\n"
    "  subsets:\n"
    "  - addresses: [{ip: 10.0.0.1, nodeName: n1, targetRef: {kind: Pod, name: api-5d4-x,"
    " namespace: shop, uid: u-1}}]\n"
    "    notReadyAddresses: [{ip: 10.0.0.2}]\n"
    "    ports: [{name: http, port: 8080}]\n"
    "- apiVersion: discovery.k8s.io/v1\n"
    "  kind: EndpointSlice\n"
    "  metadata: {name: api-abc, namespace: shop, labels: {kubernetes.io/service-name: api}}\n"
    "  addressType: IPv4\n"
    "  endpoints:\n"
    "  - addresses: [10.0.0.1]\n"
    "    conditions: {ready: true, serving: true}\n"
    "    nodeName: n1\n"
    "    zone: a\n"
    "    targetRef: {kind: Pod, name: api-5d4-x, namespace: shop, uid: u-1}\n"
    "  - {addresses: [10.0.0.2], conditions: {ready: false}}\n"
    "  ports: [{name: http, port: 8080, protocol: TCP}]\n"
    "- apiVersion: discovery.k8s.io/v1\n"
    "  kind: EndpointSlice\n"
    "  metadata: {name: named, namespace: shop}\n"
    "  addressType: FQDN\n"
    "  endpoints: [{addresses: [x.example]}]\n"
    "- apiVersion: v1\n"
    "  kind: Node\n"
    "  metadata:\n"
    "    name: n1\n"
    "    uid: n-1\n"
    "    annotations:\n"
    "      flannel.alpha.coreos.com/public-ip: 192.0.2.11\n"
    "      flannel.alpha.coreos.com/public-ipv6: 2001:db8::11\n"
    "      projectcalico.org/IPv4Address: 192.0.2.12/24\n"
    "      projectcalico.org/IPv6Address: 2001:db8::12/64\n"
    "      k3s.io/internal-ip: 192.0.2.13,2001:db8::13\n"
    "      k3s.io/external-ip: 192.0.2.14\n"
    "      alpha.kubernetes.io/provided-node-ip: 192.0.2.15\n"
    "      projectcalico.org/IPv4VXLANTunnelAddr: 10.0.1.1\n"
    "      projectcalico.org/IPv6VXLANTunnelAddr: 'fd00::1:1'\n"
    "      projectcalico.org/IPv4IPIPTunnelAddr: 10.0.1.2\n"
    "      projectcalico.org/IPv4WireguardInterfaceAddr: 10.0.1.3\n"
    "      projectcalico.org/IPv6WireguardInterfaceAddr: 'fd00::1:3'\n"
    "      network.cilium.io/ipv4-cilium-host: 10.0.1.4\n"
    "      network.cilium.io/ipv6-cilium-host: 'fd00::1:4'\n"
    "      io.cilium.network.ipv4-cilium-host: 10.0.1.5\n"
    "      io.cilium.network.ipv6-cilium-host: 'fd00::1:5'\n"
    "      volumes: many\n"
    "  spec: {podCIDR: 10.0.0.0/24, podCIDRs: [10.0.0.0/24, 'fd00::/64'], providerID: x}\n"
    "  status:\n"
    "    addresses: [{type: InternalIP, address: 192.0.2.1}, {type: Hostname, address: n1},"
    " {type: ExternalIP, address: 203.0.113.9}]\n"
    "    images: [{names: [a, b]}]\n"
    "- apiVersion: v1\n"
    "  kind: Node\n"
    "  metadata: {name: n2}\n"
    "  spec: {podCIDR: 10.0.2.0/24}\n"
    "- apiVersion: cilium.io/v2\n"
    "  kind: CiliumNode\n"
    "  metadata: {name: n3}\n"
    "  spec:\n"
    "    addresses: [{type: CiliumInternalIP, ip: 10.0.3.1}, {type: InternalIP, ip: 192.0.2.3}]\n"
    "    ipam: {podCIDRs: [10.0.3.0/24], pool: {}, pools: {allocated: [{pool: sauce, cidrs: "
    "[10.9.0.0/27]}]}}\n"
    "  status:\n"
    "    eni: {enis: {eni-1: {subnet: {id: sauce, cidr: 10.7.0.0/24}, addresses: [many]}}}\n"
    "    azure: {interfaces: [{id: sauce, cidr: 10.8.0.0/16}]}\n"
    "    alibaba-cloud: {enis: {eni-2: {vswitch: {vswitch-id: sauce, cidr: 10.6.0.0/16}}}}\n"
    "- apiVersion: cilium.io/v2alpha1\n"
    "  kind: CiliumPodIPPool\n"
    "  metadata: {name: default}\n"
    "  spec: {ipv4: {cidrs: [10.10.0.0/16], maskSize: 27}, ipv6: {cidrs: ['fd00:10::/64']}}\n"
    "- apiVersion: networking.k8s.io/v1\n"
    "  kind: Ingress\n"
    "  metadata: {namespace: shop, name: i, annotations: {alb.ingress.kubernetes.io/target-type: "
    "ip,"
    " kubernetes.io/ingress.class: alb, note: hunter2}}\n"
    "  spec: {defaultBackend: {service: {name: api, port: {name: http}}}, tls: [{secretName: "
    "hunter2}],"
    " rules: [{host: sauce, http: {paths: [{path: /, backend: {service: {name: web, port: {number: "
    "80}}}}]}}]}\n"
    "- apiVersion: networking.k8s.io/v1\n"
    "  kind: Ingress\n"
    "  metadata: {namespace: shop, name: j}\n"
    "  spec: {ingressClassName: azure-application-gateway, defaultBackend: {service: {name: agw,"
    " port: {number: 82}}}}\n"
    "- apiVersion: elbv2.k8s.aws/v1beta1\n"
    "  kind: TargetGroupBinding\n"
    "  metadata: {namespace: shop, name: b}\n"
    "  spec: {targetType: ip, serviceRef: {name: web, port: 81}, targetGroupARN: sauce}\n"
    "- apiVersion: v1\n"
    "  kind: Service\n"
    "  metadata: {namespace: shop, name: neg, annotations: {cloud.google.com/neg-status: "
    "'{\"network_endpoint_groups\":{\"83\":\"g\"}}'}}\n"
    "- apiVersion: networking.k8s.io/v1\n"
    "  kind: ServiceCIDR\n"
    "  metadata: {name: kubernetes}\n"
    "  spec: {cidrs: [10.96.0.0/12, 'fd00:96::/112']}\n"
    "  status: {conditions: []}\n"
    "- apiVersion: crd.projectcalico.org/v1\n"
    "  kind: IPPool\n"
    "  metadata: {name: default-ipv4-ippool}\n"
    "  spec: {cidr: 10.244.0.0/16, blockSize: 26, allowedUses: [Workload, Tunnel]}\n"
    "- apiVersion: projectcalico.org/v3\n"
    "  kind: IPPool\n"
    "  metadata: {name: balancers}\n"
    "  spec: {cidr: 198.51.100.0/28, allowedUses: [LoadBalancer]}\n";

static void test_reads_like_the_document(void **state)
{
	char *trimmed = trim_clean(cluster, false);
	char *whole = read_as_text(cluster), *again = read_as_text(trimmed);

	(void)state;
	assert_string_equal(again, whole);
	assert_non_null(strstr(whole, "pod shop/api-5d4-x"));
	assert_non_null(strstr(whole, "endpoints shop/api-abc"));
	assert_non_null(strstr(whole, " 203.0.113.0/24"));
	assert_non_null(strstr(whole, "node n3"));
	assert_non_null(strstr(whole, " 10.0.3.0/24 10.9.0.0/27\n"));
	assert_non_null(
	    strstr(whole, "CiliumNode n3 of pods 10.6.0.0/16 10.7.0.0/24 10.8.0.0/16\n"));
	assert_non_null(
	    strstr(whole, "CiliumPodIPPool default of pods 10.10.0.0/16 fd00:10::/64\n"));
	assert_non_null(strstr(whole, "straight to shop/agw 82\nstraight to shop/api http\n"
				      "straight to shop/neg 83\nstraight to shop/web 80\n"
				      "straight to shop/web 81\n"));
	assert_non_null(strstr(whole, "IPPool balancers 198.51.100.0/28\n"));
	assert_non_null(strstr(whole, "IPPool default-ipv4-ippool of pods 10.244.0.0/16\n"));
	assert_non_null(strstr(whole, "ServiceCIDR kubernetes 10.96.0.0/12 fd00:96::/112\n"));
	free(trimmed);
	free(whole);
	free(again);
}

static void test_keeps_nothing_else(void **state)
{
	static const char *const unread[] = {
	    "hunter2", "aHVudGVyMg", "resourceVersion", "managedFields", "conditions\":[",
	    "sauce",   "image",      "api-old",         "replicas",      "many",
	    "zone",    "pool\":",    "blockSize",       "maskSize"};
	char *trimmed = trim_clean(cluster, false);

	(void)state;
	for (size_t i = 0; i < sizeof(unread) / sizeof(unread[0]); i++) {
		if (strstr(trimmed, unread[i]))
			fail_msg("%s", unread[i]);
	}
	assert_true(strlen(trimmed) < sizeof(cluster));
	free(trimmed);
}

static void assert_trimmed(const char *text, const char *expected)
{
	char *trimmed = trim_clean(text, true);

	assert_string_equal(trimmed, expected);
	free(trimmed);
}

static void test_one_object(void **state)
{
	(void)state;
	assert_trimmed("{\"kind\": \"Pod\", \"apiVersion\": \"v1\",\n"
		       " \"status\": {\"podIP\": \"10.0.0.1\", \"phase\": null},\n"
		       " \"metadata\": {\"namespace\": \"a\", \"name\": \"b\", \"uid\": \"c\"}}",
		       "Pod a/b c 1 {\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{"
		       "\"name\":\"b\",\"namespace\":\"a\",\"uid\":\"c\"},"
		       "\"status\":{\"podIP\":\"10.0.0.1\"}}\n");
}

static void test_lists_tell_what_their_items_are(void **state)
{
	(void)state;
	assert_trimmed("apiVersion: v1\nkind: NodeList\nitems:\n- metadata: {name: n1}\n",
		       "Node /n1  4 {\"apiVersion\":\"v1\",\"kind\":\"Node\","
		       "\"metadata\":{\"name\":\"n1\"}}\n");
}

/* Owners of owners, whatever they are; kinds of one name in two groups are two. */
static void test_owners(void **state)
{
	static const char text[] =
	    "{kind: Pod, apiVersion: v1, metadata: {name: p, namespace: a, ownerReferences: ["
	    "{kind: Set, name: s, controller: true}, {kind: Set, name: t}]}}\n"
	    "---\n{kind: Set, apiVersion: x.example/v1, metadata: {name: s, namespace: a,"
	    " ownerReferences: [{kind: Service, name: k, controller: true}]}}\n"
	    "---\n{kind: Set, apiVersion: x.example/v1, metadata: {name: s, namespace: b}}\n"
	    "---\n{kind: Set, apiVersion: x.example/v1, metadata: {name: t, namespace: a}}\n"
	    "---\n{kind: Service, apiVersion: k.example/v1, metadata: {name: k}}\n";
	char *trimmed = trim_clean(text, true);

	(void)state;
	assert_non_null(strstr(trimmed, "Pod a/p"));
	assert_non_null(strstr(trimmed, "Set.x.example a/s"));
	assert_non_null(strstr(trimmed, "Service.k.example /k"));
	assert_null(strstr(trimmed, "b/s"));
	assert_null(strstr(trimmed, "a/t"));
	free(trimmed);
}

/* Text that looks like a number is text again. */
static void test_text_stays_text(void **state)
{
	(void)state;
	assert_trimmed("kind: Namespace\napiVersion: v1\nmetadata:\n  name: a\n"
		       "  labels: {a: '12', b: 'true', c: 007, d: 'null', e: 1.50, f: 12}\n",
		       "Namespace /a  1 {\"apiVersion\":\"v1\",\"kind\":\"Namespace\","
		       "\"metadata\":{\"labels\":{\"a\":\"12\",\"b\":\"true\",\"c\":\"007\","
		       "\"d\":\"null\",\"e\":\"1.50\",\"f\":12},\"name\":\"a\"}}\n");
}

static void test_nameless_objects_are_told(void **state)
{
	struct problems problems = {0};
	char *trimmed = trim("{kind: Pod, apiVersion: v1, metadata: {name: p}}\n"
			     "---\n{kind: Node, apiVersion: v1}\n"
			     "---\n{kind: Node, apiVersion: v1, metadata: {name: n}}\n",
			     false, 0, &problems);

	(void)state;
	assert_int_equal(problems.count, 2);
	assert_int_equal(problems.errors, 0);
	assert_string_equal(problems.items[0].subject, "f:1");
	assert_string_equal(problems.items[1].subject, "f:3");
	assert_null(strstr(trimmed, "Pod"));
	assert_non_null(strstr(trimmed, "\"name\":\"n\""));
	free(trimmed);
	problems_clear(&problems);
}

static void assert_refused(const char *text, const char *subject)
{
	struct problems problems = {0};
	char *trimmed = trim(text, false, -EINVAL, &problems);

	assert_int_equal(problems.errors, 1);
	assert_string_equal(problems.items[problems.count - 1].subject, subject);
	assert_string_equal(trimmed, "");
	free(trimmed);
	problems_clear(&problems);
}

/* A file that was cut off must not pass for a small cluster. */
static void test_what_is_no_cluster_is_refused(void **state)
{
	(void)state;
	assert_refused("", "f");
	assert_refused("{kind: List, apiVersion: v1, items: []}", "f");
	assert_refused("apiVersion: v1\nitems:\n- {kind: Node, metadata: {name: n}}\n", "f:1");
	assert_refused("\n- 1\n", "f:2");
	assert_refused("{kind: List,\n items: {a: 1}}", "f:2");
	assert_refused("kind: List\nitems:\n- 3\n", "f:3");
	assert_refused("{kind: Secret, apiVersion: v1, metadata: {name: a}}", "f");
}

static int stop(void *context, const struct trimmed_object *object)
{
	(void)object;
	return ++*(int *)context == 2 ? -E2BIG : 0;
}

static void test_the_visitor_can_stop(void **state)
{
	struct document *document = parse(cluster);
	struct problems problems = {0};
	int visited = 0;

	(void)state;
	assert_int_equal(inventory_trim(document, &problems, stop, &visited), -E2BIG);
	assert_int_equal(visited, 2);
	document_free(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reads_like_the_document),
	    cmocka_unit_test(test_keeps_nothing_else),
	    cmocka_unit_test(test_one_object),
	    cmocka_unit_test(test_lists_tell_what_their_items_are),
	    cmocka_unit_test(test_owners),
	    cmocka_unit_test(test_text_stays_text),
	    cmocka_unit_test(test_nameless_objects_are_told),
	    cmocka_unit_test(test_what_is_no_cluster_is_refused),
	    cmocka_unit_test(test_the_visitor_can_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
