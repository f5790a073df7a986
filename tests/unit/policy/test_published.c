/* The strict reader: an object of each kind that is right, and what is wrong with others. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/base/tree_fixture.h"
#include "tests/unit/policy/published.h"

static const char network_policy[] =
    "apiVersion: networking.k8s.io/v1\n"
    "kind: NetworkPolicy\n"
    "metadata:\n"
    "  name: web-netpol\n"
    "  namespace: shop\n"
    "  labels: {app.kubernetes.io/managed-by: netpol}\n"
    "  annotations: {netpol/partial: 'egress: a node is missing'}\n"
    "spec:\n"
    "  podSelector: {matchLabels: {app: web}}\n"
    "  policyTypes: [Ingress, Egress]\n"
    "  ingress:\n"
    "  - from:\n"
    "    - namespaceSelector: {matchLabels: {team: a}}\n"
    "      podSelector:\n"
    "        matchExpressions:\n"
    "        - {key: app, operator: In, values: [api, job]}\n"
    "    ports: [{protocol: TCP, port: 8080, endPort: 8090}]\n"
    "  egress:\n"
    "  - to:\n"
    "    - ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}\n"
    "    ports: [{protocol: UDP, port: dns}]\n";

static const char staged[] = "apiVersion: projectcalico.org/v3\n"
			     "kind: StagedKubernetesNetworkPolicy\n"
			     "metadata: {name: web-netpol, namespace: shop}\n"
			     "spec:\n"
			     "  stagedAction: Set\n"
			     "  podSelector: {}\n"
			     "  policyTypes: [Ingress]\n"
			     "  ingress: []\n";

#define KUBESCAPE "apiVersion: spdx.softwarecomposition.kubescape.io/v1beta1\n"

static const char neighborhood[] =
    KUBESCAPE "kind: NetworkNeighborhood\n"
	      "metadata: {name: deployment-web, namespace: shop}\n"
	      "spec:\n"
	      "  matchLabels: {app: web}\n"
	      "  containers:\n"
	      "  - name: web\n"
	      "    ingress: []\n"
	      "    egress:\n"
	      "    - identifier: abc\n"
	      "      type: external\n"
	      "      dns: ''\n"
	      "      dnsNames: []\n"
	      "      ports: [{name: TCP-443, protocol: TCP, port: 443}]\n"
	      "      podSelector: null\n"
	      "      namespaceSelector: null\n"
	      "      ipAddress: 192.0.2.1\n"
	      "      ipAddresses: [192.0.2.1]\n"
	      "  initContainers: null\n"
	      "  ephemeralContainers: []\n";

static const char generated[] =
    KUBESCAPE "kind: GeneratedNetworkPolicy\n"
	      "metadata: {name: deployment-web, namespace: shop}\n"
	      "spec:\n"
	      "  apiVersion: networking.k8s.io/v1\n"
	      "  kind: NetworkPolicy\n"
	      "  metadata: {name: deployment-web, namespace: shop}\n"
	      "  spec:\n"
	      "    podSelector: {matchLabels: {app: web}}\n"
	      "    policyTypes: [Egress]\n"
	      "    egress:\n"
	      "    - to: [{ipBlock: {cidr: 192.0.2.1/32}}]\n"
	      "      ports: [{protocol: TCP, port: 443}]\n"
	      "policyRef:\n"
	      "- {ipBlock: 192.0.2.1/32, originalIP: 192.0.2.1, dns: '', name: '', server: ''}\n";

static const char cilium[] =
    "apiVersion: cilium.io/v2\n"
    "kind: CiliumNetworkPolicy\n"
    "metadata: {name: web-netpol, namespace: shop}\n"
    "spec:\n"
    "  endpointSelector: {matchLabels: {app: web}}\n"
    "  enableDefaultDeny: {ingress: true, egress: true}\n"
    "  ingress:\n"
    "  - fromEntities: [host, remote-node]\n"
    "    toPorts: [{ports: [{port: '80', endPort: 90, protocol: TCP}]}]\n"
    "  egress:\n"
    "  - toEndpoints: [{matchLabels: {'k8s:io.kubernetes.pod.namespace': kube-system}}]\n"
    "    toPorts: [{ports: [{port: '53', protocol: UDP}]}]\n"
    "  - toCIDRSet: [{cidr: 2001:db8::/32, except: [2001:db8:1::/48]}]\n";

static const char cluster[] =
    "apiVersion: policy.networking.k8s.io/v1beta1\n"
    "kind: ClusterNetworkPolicy\n"
    "metadata: {name: shop-web-netpol}\n"
    "spec:\n"
    "  tier: Baseline\n"
    "  priority: 500\n"
    "  subject:\n"
    "    pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}\n"
    "  ingress:\n"
    "  - name: seen\n"
    "    action: Accept\n"
    "    from: [{pods: {namespaceSelector: {}, podSelector: {}}}]\n"
    "    protocols: [{tcp: {destinationPort: {range: {start: 80, end: 90}}}}]\n"
    "  egress:\n"
    "  - action: Deny\n"
    "    to: [{namespaces: {}}, {networks: [0.0.0.0/0, '::/0']}]\n"
    "    protocols: [{udp: {destinationPort: {number: 53}}}, {sctp: {destinationPort: {number: "
    "99}}}]\n";

static const char kustomization[] = "apiVersion: kustomize.config.k8s.io/v1beta1\n"
				    "kind: Kustomization\n"
				    "resources: [shop/api-netpol.yaml, shop/web-netpol.yaml]\n";

static void read_text(struct published *published, const char *text)
{
	struct problems problems = {0};
	struct document *document;

	if (document_parse(text, strlen(text), "test", &problems, &document) < 0) {
		problems_print(&problems, "test", stderr);
		fail();
	}
	published_check(published, document);
	document_free(document);
	problems_clear(&problems);
}

static const char *const right[] = {network_policy, staged,  neighborhood, generated,
				    cilium,         cluster, kustomization};

static void test_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++) {
		struct published published = {0};

		read_text(&published, right[i]);
		if (published.count > 0)
			fail_msg("%s", published.wrong.data);
		assert_int_equal(published.objects, 1);
		published_clear(&published);
	}
}

struct fault {
	const char *of;
	const char *what, *instead; /* what is there once */
	const char *told;
};

#define L16 "aaaaaaaaaaaaaaaa"
#define L64 L16 L16 L16 L16
#define N13(A)                                                                                     \
	A "0.0/16, " A "1.0/24, " A "2.0/24, " A "3.0/24, " A "4.0/24, " A "5.0/24, " A            \
	  "6.0/24, " A "7.0/24, " A "8.0/24, " A "9.0/24, " A "10.0/24, " A "11.0/24, " A          \
	  "12.0/24"
#define PORT8                                                                                      \
	"{port: '1'}, {port: '2'}, {port: '3'}, {port: '4'}, {port: '5'}, {port: '6'}, {port: "    \
	"'7'}, "                                                                                   \
	"{port: '8'}, "

static const struct fault faults[] = {
    /* Objects and what they are called. */
    {network_policy, "networking.k8s.io/v1", "networking.k8s.io/v2", "none known"},
    {network_policy, "kind: NetworkPolicy", "kind: NetworkPolice", "none known"},
    {network_policy, "name: web-netpol", "name: Web", "metadata.name: \"Web\" is no DNS name"},
    {network_policy, "name: web-netpol", "name: web..netpol", "is no DNS name"},
    {network_policy, "name: web-netpol", "name: " L64 L64 L64 L64, "is no DNS name"},
    {network_policy, "name: web-netpol", "name: 12", "metadata.name: is no text"},
    {network_policy, "  name: web-netpol\n", "", "metadata: has no name"},
    {network_policy, "  namespace: shop\n", "", "metadata: has no namespace"},
    {network_policy, "namespace: shop", "namespace: shop.a", "is no DNS label"},
    {network_policy, "namespace: shop", "namespace: -shop", "is no DNS label"},
    {network_policy, "namespace: shop", "namespace:", "metadata.namespace: is null"},
    {network_policy, "namespace: shop", "namespace: shop\n  uid: a", "metadata.uid: the type has"},
    {network_policy, "{app.kubernetes.io/managed-by: netpol}", "[a]", "metadata.labels: is no map"},
    {network_policy, "app.kubernetes.io/managed-by: netpol", "a/b/c: d", "is no key of labels"},
    {network_policy, "app.kubernetes.io/managed-by: netpol", "A/b: d", "is no DNS name"},
    {network_policy, "app.kubernetes.io/managed-by: netpol", "a: b c", "is no value of labels"},
    {network_policy, "app.kubernetes.io/managed-by: netpol", "a: " L64, "is no value of labels"},
    {network_policy, "app.kubernetes.io/managed-by: netpol", "a: -b", "is no value of labels"},
    {network_policy, "app.kubernetes.io/managed-by: netpol", "a: true", "is no text"},
    {network_policy, "app.kubernetes.io/managed-by: netpol", "a: 1.0", "is no text"},
    {network_policy, "app.kubernetes.io/managed-by: netpol", "yes: a", "is no text as a key"},
    {network_policy, "netpol/partial", "netpol:partial", "is no key of labels"},
    /* NetworkPolicy. */
    {network_policy, "  podSelector: {matchLabels: {app: web}}\n", "", "spec: has no podSelector"},
    {network_policy, "  podSelector: {matchLabels: {app: web}}", "  podSelector: {app: web}",
     "spec.podSelector.app: the type has"},
    {network_policy, "policyTypes: [Ingress, Egress]", "policyTypes: [ingress]", "none of its"},
    {network_policy, "policyTypes: [Ingress, Egress]", "policyTypes: [Egress, Egress]", "twice"},
    {network_policy, "  policyTypes", "  status: {}\n  policyTypes", "spec.status: the type has"},
    {network_policy, "operator: In,", "operator: Equals,", "\"Equals\" is none of its values"},
    {network_policy, "operator: In,", "operator: Exists,", "operator Exists has 2 values"},
    {network_policy, "values: [api, job]", "values: []", "operator In has 0 values"},
    {network_policy, "port: 8080", "port: 0", "0 is not within 1 and 65535"},
    {network_policy, "port: 8080", "port: 65536", "65536 is not within"},
    {network_policy, "port: 8080", "port: '8080'", "is no name of a port"},
    {network_policy, "port: 8080", "port: http", "endPort without a number"},
    {network_policy, "port: 8080, ", "", "endPort without a number"},
    {network_policy, "endPort: 8090", "endPort: 8079", "endPort is less than port"},
    {network_policy, "endPort: 8090", "endPort: '8090'", "endPort: is no whole number"},
    {network_policy, "port: dns", "port: aaaaaaaaaaaaaaaa", "is no name of a port"},
    {network_policy, "protocol: UDP", "protocol: udp", "\"udp\" is none of its values"},
    {network_policy, "cidr: 10.0.0.0/8", "cidr: 10.0.0.1/8", "is not canonical"},
    {network_policy, "cidr: 10.0.0.0/8", "cidr: 10.0.0.0", "is no CIDR"},
    {network_policy, "cidr: 10.0.0.0/8", "cidr: 10.0.0.0/33", "is no CIDR"},
    {network_policy, "cidr: 10.0.0.0/8", "cidr: '2001:DB8::/32'", "is not canonical"},
    {network_policy, "cidr: 10.0.0.0/8, ", "", "ipBlock: has no cidr"},
    {network_policy, "[10.1.0.0/16]", "[192.0.2.0/24]", "except 192.0.2.0/24 is not inside"},
    {network_policy, "[10.1.0.0/16]", "[10.0.0.0/8]", "except 10.0.0.0/8 is not inside"},
    {network_policy, "    - ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}", "    - {}",
     "to[0]: has 0 of at least 1"},
    {network_policy, "[10.1.0.0/16]}", "[10.1.0.0/16]}\n      podSelector: {}", "and a selector"},
    {network_policy, "  egress:\n  - to:", "  egress:\n  - from:", "egress[0].from: the type has"},
    /* StagedKubernetesNetworkPolicy. */
    {staged, "stagedAction: Set", "stagedAction: set", "none of its values"},
    {staged, "stagedAction", "action", "spec.action: the type has"},
    {staged, "ingress: []", "ingress: {}", "spec.ingress: is no list"},
    /* NetworkNeighborhood. */
    {neighborhood, "      dns: ''\n", "", "has no dns"},
    {neighborhood, "      dns: ''\n", "      dns:\n", "dns: is null"},
    {neighborhood, "      podSelector: null\n", "", "has no podSelector"},
    {neighborhood, "      ipAddress: 192.0.2.1\n", "", "has no ipAddress"},
    {neighborhood, "      ipAddress: 192.0.2.1\n", "      ipAddress: 192.0.2.0/24\n", "no address"},
    {neighborhood, "[192.0.2.1]", "[192.0.2.1/24]", "is not canonical"},
    {neighborhood, "[192.0.2.1]", "[192.0.2.1, 192.0.2.1]", "there twice"},
    {neighborhood, "ipAddress: 192.0.2.1\n      ipAddresses: [192.0.2.1]",
     "ipAddress: ''\n      ipAddresses: []", "names no peer"},
    {neighborhood, "type: external", "type: outside", "none of its values"},
    {neighborhood, "identifier: abc", "identifier: ''", "is empty"},
    {neighborhood, "name: TCP-443", "name: tcp-443", "is not \"TCP-443\""},
    {neighborhood, "port: 443}", "port: 443}, {name: TCP-443, protocol: TCP, port: 443}",
     "name \"TCP-443\" is there twice"},
    {neighborhood, "port: 443}", "port: 443, endPort: 444}", "endPort: the type has"},
    {neighborhood, "  initContainers: null\n", "", "spec: has no initContainers"},
    {neighborhood, "  - name: web", "  - name: Web", "is no DNS label"},
    {neighborhood, "  matchLabels: {app: web}", "  selector: {app: web}",
     "spec.selector: the type"},
    /* GeneratedNetworkPolicy. */
    {generated, "  kind: NetworkPolicy", "  kind: NetworkPolicies", "spec: is no NetworkPolicy"},
    {generated, "port: 443", "port: https", "is no whole number"},
    {generated, ", server: ''", "", "policyRef[0]: has no server"},
    {generated, "ipBlock: 192.0.2.1/32,", "ipBlock: 192.0.2.1,", "is no CIDR"},
    {generated, "policyRef:", "policiesRef:", "policiesRef: the type has"},
    {generated, "    podSelector: {matchLabels: {app: web}}\n", "",
     "spec.spec: has no podSelector"},
    /* CiliumNetworkPolicy. */
    {cilium, "endpointSelector", "podSelector", "spec: has no endpointSelector"},
    {cilium, "{app: web}", "{'any:app:b': web}", "is no key of labels"},
    {cilium, "ingress: true,", "ingress: 'true',", "is neither true nor false"},
    {cilium, "{ingress: true, egress: true}", "{}", "enableDefaultDeny: has 0 of at least 1"},
    {cilium, "port: '80'", "port: 80", "port: is no text"},
    {cilium, "port: '80'", "port: '080'", "is no port"},
    {cilium, "port: '80'", "port: '0'", "is no port"},
    {cilium, "port: '80'", "port: '65536'", "is no port"},
    {cilium, "endPort: 90", "endPort: 79", "endPort is less than port"},
    {cilium, "protocol: TCP", "protocol: tcp", "none of its values"},
    {cilium, "[{port: '53', protocol: UDP}]", "[]", "has 0 of at least 1"},
    {cilium, "[{port: '53', protocol: UDP}]", "[" PORT8 PORT8 PORT8 PORT8 PORT8 "{port: '41'}]",
     "has 41 of at most 40"},
    {cilium, "remote-node", "remote-nodes", "none of its values"},
    {cilium, "fromEntities: [host, remote-node]", "fromEntities: [host, host]", "twice"},
    {cilium, "  - fromEntities: [host, remote-node]\n", "  -\n", "has ports and no peers"},
    {cilium, "  - toCIDRSet", "  - toEntities: [world]\n    toCIDRSet",
     "combines 2 kinds of peers"},
    {cilium, "cidr: 2001:db8::/32", "cidr: 2001:db8::1/32", "is not canonical"},
    {cilium, "[2001:db8:1::/48]", "[2001:db9::/48]", "is not inside"},
    {cilium, "toCIDRSet", "toCIDRs", "toCIDRs: the type has"},
    /* ClusterNetworkPolicy. */
    {cluster, "v1beta1", "v1beta2", "none known"},
    {cluster, "name: shop-web-netpol", "name: a, namespace: shop", "namespace: the type has"},
    {cluster, "tier: Baseline", "tier: NetworkPolicy", "none of its values"},
    {cluster, "  tier: Baseline\n", "", "spec: has no tier"},
    {cluster, "priority: 500", "priority: 1001", "1001 is not within 0 and 1000"},
    {cluster, "priority: 500", "priority: -1", "-1 is not within"},
    {cluster, "  priority: 500\n", "", "spec: has no priority"},
    {cluster, "    pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}\n",
     "    {}\n", "subject: has 0 of at least 1"},
    {cluster, "    pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}\n",
     "    namespaces: {}\n    pods: {podSelector: {}}\n", "subject: has 2 of at most 1"},
    {cluster, "podSelector: {matchLabels: {app: web}}", "labels: {}", "has no podSelector"},
    {cluster, "action: Accept", "action: Allow", "none of its values"},
    {cluster, "    action: Accept\n", "", "has no action"},
    {cluster, "name: seen", "name: " L64 L64, "has more than 100 bytes"},
    {cluster, "[{pods: {namespaceSelector: {}, podSelector: {}}}]", "[]",
     "from: has 0 of at least"},
    {cluster, "[{pods: {namespaceSelector: {}, podSelector: {}}}]", "[{networks: [10.0.0.0/8]}]",
     "networks: the type has"},
    {cluster, "start: 80", "start: 90", "start is not less than end"},
    {cluster, "{range: {start: 80, end: 90}}", "{}", "has 0 of at least 1"},
    {cluster, "{range: {start: 80, end: 90}}", "{number: 1, range: {start: 80, end: 90}}", "of at"},
    {cluster, "{tcp: ", "{icmp: ", "icmp: the type has"},
    {cluster, "{number: 53}", "{number: 0}", "0 is not within"},
    {cluster, "[0.0.0.0/0, '::/0']", "[0.0.0.0/0, 0.0.0.0/0]", "there twice"},
    {cluster, "[0.0.0.0/0, '::/0']", "[" N13("10.1.") ", " N13("10.2.") "]",
     "has 26 of at most 25"},
    {cluster, "0.0.0.0/0", "0.0.0.1/0", "is not canonical"},
    /* Kustomization. */
    {kustomization, "resources", "bases", "has no resources"},
    {kustomization, "shop/web-netpol", "shop/api-netpol", "is there twice"},
};

static char *with_fault(const struct fault *fault)
{
	const char *at = strstr(fault->of, fault->what);
	char *text;

	if (!at || strstr(at + 1, fault->what))
		fail_msg("\"%s\" is not there once", fault->what);
	if (asprintf(&text, "%.*s%s%s", (int)(at - fault->of), fault->of, fault->instead,
		     at + strlen(fault->what)) < 0)
		fail();
	return text;
}

static void test_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		struct published published = {0};
		char *text = with_fault(&faults[i]);

		read_text(&published, text);
		if (published.count == 0 || !strstr(published.wrong.data, faults[i].told))
			fail_msg("\"%s\" → \"%s\": %s", faults[i].what, faults[i].instead,
				 published.count > 0 ? published.wrong.data : "not noticed");
		published_clear(&published);
		free(text);
	}
}

/* Lists are too long as a whole. */
static void test_too_many(void **state)
{
	struct published published = {0};
	struct buf text = {0};

	(void)state;
	buf_puts(&text, "apiVersion: policy.networking.k8s.io/v1alpha2\n"
			"kind: ClusterNetworkPolicy\n"
			"metadata: {name: a}\n"
			"spec:\n"
			"  tier: Admin\n"
			"  priority: 0\n"
			"  subject: {namespaces: {}}\n"
			"  egress:\n");
	for (size_t i = 0; i < 26; i++)
		buf_puts(&text, "  - {action: Pass, to: [{namespaces: {}}]}\n");
	read_text(&published, text.data);
	assert_string_equal(published.wrong.data, "9: spec.egress: has 26 of at most 25\n");
	assert_int_equal(published.count, 1);
	published_clear(&published);
	buf_clear(&text);
}

static void test_without_a_gap(void **state)
{
	struct published published = {0};

	(void)state;
	read_text(&published, "apiVersion: cilium.io/v2\n"
			      "kind: CiliumNetworkPolicy\n"
			      "metadata: {name: a, namespace: b}\n"
			      "spec:\n"
			      "  endpointSelector: {}\n"
			      "  enableDefaultDeny: {ingress: true}\n"
			      "  ingress: []\n");
	assert_string_equal(published.wrong.data, "5: spec: has neither ingress nor egress\n");
	published_clear(&published);
}

static void test_lists(void **state)
{
	struct published published = {0};

	(void)state;
	read_text(&published,
		  "apiVersion: v1\nkind: List\nitems:\n"
		  "- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a, "
		  "namespace: b}, spec: {podSelector: {}}}\n"
		  "- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a, "
		  "namespace: c}, spec: {podSelector: {}}}\n"
		  "- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a, "
		  "namespace: b}, spec: {podSelector: {}, ports: []}}\n"
		  "---\napiVersion: v1\nkind: List\nitems: []\nmetadata: {}\n");
	assert_int_equal(published.objects, 3);
	assert_string_equal(published.wrong.data,
			    "6: items[2].spec.ports: the type has no such field\n"
			    "6: items[2]: is named as item 0 is\n"
			    "8: : a List has apiVersion, kind and items alone\n");
	published_clear(&published);
}

static void test_trees(void **state)
{
	struct published published = {0};
	struct tree tree = {0};
	struct tree_node *objects = tree_parse(
	    &tree, "[{\"#\":\"a comment\",\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":"
		   "\"NetworkPolicy\",\"metadata\":{\"name\":\"a\",\"namespace\":\"b\",\"labels\":{"
		   "\"c\":\"1\"}},\"spec\":{\"podSelector\":{},\"policyTypes\":[\"Ingress\"]}}]");

	(void)state;
	published_check_tree(&published, tree_list(&tree));
	assert_int_equal(published.objects, 0);
	published_check_tree(&published, objects);
	published_check_tree(&published, objects->first);
	assert_int_equal(published.objects, 2);
	assert_int_equal(published.count, 0);
	tree_remove(tree_get(objects->first, "spec"),
		    tree_get(tree_get(objects->first, "spec"), "podSelector"));
	published_check_tree(&published, objects);
	assert_int_equal(published.count, 1);
	tree_clear(&tree);
	published_clear(&published);
}

static void add_annotation(struct tree_node *metadata, size_t bytes)
{
	struct tree_node *annotations = tree_add_map(metadata, "annotations");
	char *text = malloc(bytes + 1);

	assert_non_null(text);
	memset(text, 'a', bytes);
	tree_add_copy(annotations, "netpol/a", text, bytes);
	free(text);
}

/* A peer for each of so many addresses, and an annotation of so many bytes. */
static size_t wrong_of_size(size_t peers, size_t annotation)
{
	struct published published = {0};
	struct tree tree = {0};
	struct tree_node *object =
	    tree_parse(&tree, "{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"NetworkPolicy\","
			      "\"metadata\":{\"name\":\"a\",\"namespace\":\"b\"},"
			      "\"spec\":{\"podSelector\":{},\"egress\":[{\"to\":[]}]}}");
	struct tree_node *rule = tree_get(tree_get(object, "spec"), "egress")->first;
	size_t count;

	add_annotation(tree_get(object, "metadata"), annotation);
	for (size_t i = 0; i < peers; i++)
		tree_add_text(tree_add_map(tree_add_map(tree_get(rule, "to"), NULL), "ipBlock"),
			      "cidr", "192.0.2.128/32");
	assert_int_equal(tree.error, 0);
	published_check_tree(&published, object);
	count = published.count;
	tree_clear(&tree);
	published_clear(&published);
	return count;
}

static void test_sizes(void **state)
{
	(void)state;
	/* 38 bytes each with its comma. */
	assert_int_equal(wrong_of_size(41386, 10), 0);
	assert_int_equal(wrong_of_size(41387, 10), 1);
	assert_int_equal(wrong_of_size(1, 262136), 0);
	assert_int_equal(wrong_of_size(1, 262137), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_right),    cmocka_unit_test(test_wrong),
	    cmocka_unit_test(test_too_many), cmocka_unit_test(test_without_a_gap),
	    cmocka_unit_test(test_lists),    cmocka_unit_test(test_trees),
	    cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
