#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "policy/cluster_ranges.h"
#include "tests/unit/model/scene.h"

static const char inventory[] =
    "{kind: Node, metadata: {name: n1, annotations: {projectcalico.org/IPv4VXLANTunnelAddr: "
    "10.9.9.9}}, spec: {podCIDRs: [10.1.0.0/24, 'fd00:1::/64']}, status: {addresses: [{type: "
    "InternalIP, address: 192.0.2.11}, {type: ExternalIP, address: 203.0.113.11}]}}\n---\n"
    "{kind: Pod, metadata: {namespace: shop, name: far, uid: u1}, spec: {nodeName: n7}, status: "
    "{podIP: 10.7.0.7}}\n---\n"
    "{kind: Service, metadata: {namespace: shop, name: api}, spec: {type: LoadBalancer, clusterIP: "
    "10.96.0.5, externalIPs: [198.51.100.1], ports: [{port: 80}]}, status: {loadBalancer: "
    "{ingress: [{ip: 198.51.100.2}]}}}\n---\n"
    "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {namespace: default, name: "
    "kubernetes, labels: {kubernetes.io/service-name: kubernetes}}, addressType: IPv4, endpoints: "
    "[{addresses: [172.31.7.30]}], ports: [{port: 443}]}\n---\n"
    "{kind: Endpoints, metadata: {namespace: shop, name: db}, subsets: [{addresses: [{ip: "
    "172.31.8.8}], ports: [{port: 5432}]}]}\n---\n"
    "{apiVersion: networking.k8s.io/v1, kind: ServiceCIDR, metadata: {name: kubernetes}, spec: "
    "{cidrs: [172.20.0.0/16]}}\n---\n"
    "{apiVersion: projectcalico.org/v3, kind: IPPool, metadata: {name: pods}, spec: {cidr: "
    "10.66.0.0/16}}\n";

static bool is_touched(const struct cluster_ranges *ranges, const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix), 0);
	return cluster_ranges_touching(ranges, prefix);
}

static size_t special_count(void)
{
	size_t count = 0;

	while (addr_is_set(graph_special_address(count)))
		count++;
	return count;
}

static void test_what_the_inventory_has(void **state)
{
	static const char *const own[] = {
	    "10.1.0.0/24",  "10.1.0.77",     "10.1.0.0/16",     "fd00:1::7", "10.9.9.9",
	    "192.0.2.11",   "192.0.2.8/30",  "203.0.113.11",    "10.7.0.7",  "10.96.0.5",
	    "198.51.100.1", "198.51.100.2",  "198.51.100.0/30", "0.0.0.0/0", "172.31.7.0/26",
	    "172.31.8.8",   "172.20.7.0/24", "10.66.1.0/24",
	};
	static const char *const others[] = {
	    "10.1.1.0/24", "10.0.0.0/16",    "192.0.2.12",   "192.0.2.8/31",
	    "10.7.0.8",    "10.96.0.6",      "198.51.100.0", "198.51.100.3",
	    "fd00:2::/64", "203.0.113.0/29", "172.31.7.31",
	};
	struct cluster_ranges ranges = {0};
	struct scene scene = {0};

	(void)state;
	scene_inventory(&scene, inventory);
	assert_int_equal(cluster_ranges_build(scene_build(&scene, 0), &ranges), 0);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (!is_touched(&ranges, own[i]))
			fail_msg("%s is the cluster's", own[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (is_touched(&ranges, others[i]))
			fail_msg("%s is not the cluster's", others[i]);
	cluster_ranges_clear(&ranges);
	scene_close(&scene);
}

static void test_what_the_record_has(void **state)
{
	struct cluster_ranges ranges = {0};
	struct scene scene = {0};
	uint32_t web;

	(void)state;
	scene_node(&scene, "n1", "192.0.2.11");
	web = scene_pod(&scene, (struct scene_pod){.node = "n1",
						   .namespace = "shop",
						   .name = "web",
						   .uid = "u",
						   .address = "10.1.0.1"});
	scene_pod(&scene, (struct scene_pod){.node = "n1",
					     .namespace = "shop",
					     .name = "gone",
					     .uid = "g",
					     .address = "10.1.0.9",
					     .since = 10,
					     .until = 20});
	for (int port = 1; port <= 100; port++)
		scene_edge(&scene, (struct scene_edge){.from = "10.1.0.1",
						       .from_pod = web,
						       .to = "203.0.113.5",
						       .service = port % 2 ? "10.96.0.1" : NULL,
						       .service_port = port % 2 ? 443 : 0,
						       .port = port});
	assert_int_equal(cluster_ranges_build(scene_build(&scene, 0), &ranges), 0);
	assert_true(is_touched(&ranges, "192.0.2.11"));
	assert_true(is_touched(&ranges, "10.1.0.1"));
	assert_true(is_touched(&ranges, "10.1.0.9"));
	assert_true(is_touched(&ranges, "10.96.0.1"));
	assert_false(is_touched(&ranges, "203.0.113.5"));
	assert_int_equal(ranges.count, 4 + special_count());
	cluster_ranges_clear(&ranges);
	scene_close(&scene);
}

static void test_what_edges_are_classed_as(void **state)
{
	struct cluster_ranges ranges = {0};
	struct scene scene = {0};
	uint32_t web;

	(void)state;
	scene_inventory(&scene, "{kind: Service, metadata: {namespace: default, name: kubernetes}, "
				"spec: {clusterIP: 10.96.0.1, ports: [{port: 443}]}}\n");
	scene_node(&scene, "n1", "192.0.2.11");
	web = scene_pod(&scene, (struct scene_pod){.node = "n1",
						   .namespace = "shop",
						   .name = "web",
						   .uid = "u",
						   .address = "10.1.0.1"});
	scene_edge(&scene, (struct scene_edge){.from = "10.1.0.1",
					       .from_pod = web,
					       .to = "172.31.7.30",
					       .service = "10.96.0.1",
					       .service_port = 443,
					       .port = 6443});
	scene_edge(&scene,
		   (struct scene_edge){
		       .from = "10.1.0.1", .from_pod = web, .to = "172.31.7.31", .port = 80});
	assert_int_equal(cluster_ranges_build(scene_build(&scene, 0), &ranges), 0);
	assert_true(is_touched(&ranges, "172.31.7.30"));
	assert_false(is_touched(&ranges, "172.31.7.31"));
	cluster_ranges_clear(&ranges);
	scene_close(&scene);
}

static void assert_knows_pods(const char *yaml, bool ipv4, bool ipv6)
{
	struct cluster_ranges ranges = {0};
	struct scene scene = {0};

	scene_inventory(&scene, yaml);
	assert_int_equal(cluster_ranges_build(scene_build(&scene, 0), &ranges), 0);
	assert_int_equal(ranges.knows_pods[0], ipv4);
	assert_int_equal(ranges.knows_pods[1], ipv6);
	cluster_ranges_clear(&ranges);
	scene_close(&scene);
}

static void test_where_pods_get_addresses_from(void **state)
{
	(void)state;
	assert_knows_pods(inventory, true, true);
	assert_knows_pods("{kind: Node, metadata: {name: n1}}\n---\n"
			  "{kind: ServiceCIDR, apiVersion: networking.k8s.io/v1, metadata: {name: "
			  "k}, spec: {cidrs: [10.96.0.0/16]}}\n---\n"
			  "{kind: IPPool, apiVersion: projectcalico.org/v3, metadata: {name: lb}, "
			  "spec: {cidr: 10.5.0.0/16, allowedUses: [LoadBalancer]}}\n",
			  false, false);
	assert_knows_pods("{kind: IPPool, apiVersion: projectcalico.org/v3, metadata: {name: p}, "
			  "spec: {cidr: 'fd00:5::/64'}}\n",
			  false, true);
	assert_knows_pods(
	    "{kind: CiliumNode, apiVersion: cilium.io/v2, metadata: {name: n1}, spec: "
	    "{ipam: {podCIDRs: [10.5.0.0/24]}}}\n",
	    true, false);
}

static void test_nothing_is_known(void **state)
{
	struct cluster_ranges ranges = {0};
	struct scene scene = {0};

	(void)state;
	assert_int_equal(cluster_ranges_build(scene_build(&scene, 0), &ranges), 0);
	assert_int_equal(ranges.count, special_count());
	assert_false(ranges.knows_pods[0] || ranges.knows_pods[1]);
	assert_false(is_touched(&ranges, "10.0.0.0/8"));
	assert_true(is_touched(&ranges, "100.100.100.200"));
	assert_true(is_touched(&ranges, "168.63.129.16"));
	assert_true(is_touched(&ranges, "fd00:ec2::254"));
	assert_false(is_touched(&ranges, "100.100.100.128/26"));
	cluster_ranges_clear(&ranges);
	scene_close(&scene);
}

/* Seconds; 0: it is there. */
static void add_pool(struct scene *scene, const char *cidr, int64_t until)
{
	const struct inventory_told told = {.source = until ? INVENTORY_GONE : INVENTORY_STORED,
					    .until = 1000 * until};
	struct document *document = NULL;
	char text[200];

	snprintf(text, sizeof(text),
		 "{apiVersion: crd.projectcalico.org/v1, kind: IPPool, metadata: {name: p%d}, "
		 "spec: {cidr: %s}}",
		 (int)until, cidr);
	assert_int_equal(document_parse(text, strlen(text), "stored", &scene->problems, &document),
			 0);
	assert_int_equal(inventory_add_stored(scene->inventory, document, &told, &scene->problems),
			 0);
	document_free(document);
}

/* What was seen until then may have been of it, and so may not be joined; new pods are not. */
static void test_ranges_that_were_deleted(void **state)
{
	struct cluster_ranges ranges = {0};
	struct scene scene = {0};

	(void)state;
	scene.inventory = inventory_new();
	assert_non_null(scene.inventory);
	add_pool(&scene, "10.1.0.0/16", 99);
	add_pool(&scene, "10.2.0.0/16", 150);
	add_pool(&scene, "10.3.0.0/16", 500);
	assert_int_equal(inventory_finish(scene.inventory, &scene.problems), 0);
	scene_node(&scene, "n1", "192.0.2.11");
	scene_edge(&scene, (struct scene_edge){.from = "192.0.2.11",
					       .to = "203.0.113.5",
					       .port = 443,
					       .first_seen = 100,
					       .last_seen = 200});
	assert_int_equal(cluster_ranges_build(scene_build(&scene, 0), &ranges), 0);
	assert_false(is_touched(&ranges, "10.1.0.0/24"));
	assert_true(is_touched(&ranges, "10.2.0.0/24"));
	assert_true(is_touched(&ranges, "10.3.0.0/24"));
	assert_false(ranges.knows_pods[0]);
	cluster_ranges_clear(&ranges);
	scene_close(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_the_inventory_has),
	    cmocka_unit_test(test_what_the_record_has),
	    cmocka_unit_test(test_what_edges_are_classed_as),
	    cmocka_unit_test(test_where_pods_get_addresses_from),
	    cmocka_unit_test(test_nothing_is_known),
	    cmocka_unit_test(test_ranges_that_were_deleted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
