/* The words of the kinds for one and the same policy; comments, annotations and canaries. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "output/output.h"
#include "policy/kind.h"
#include "policy/kind_common.h"
#include "policy/kind_size.h"
#include "tests/unit/base/tree_fixture.h"
#include "tests/unit/policy/published.h"

#define MANY 2000

/* Policies own their texts, and these own none. */
#define TEXT(text) ((char *)(uintptr_t)(text))

static struct label web_labels[] = {{TEXT("app"), TEXT("web")}, {TEXT("tier"), TEXT("front")}};
static struct label api_labels[] = {{TEXT("app"), TEXT("api")}};

static const struct labels web = {web_labels, 2};
static const struct labels api = {api_labels, 1};

static const struct policy_port http = {IPPROTO_TCP, 80, 0};
static const struct policy_port rtp[] = {{IPPROTO_UDP, 4000, 4099}, {IPPROTO_SCTP, 5000, 0}};

static struct policy_peer pods(const char *namespace, const struct labels *labels,
			       const char *reason)
{
	return (struct policy_peer){
	    .kind = PEER_PODS, .namespace = namespace, .selector = *labels, .reason = TEXT(reason)};
}

static struct policy_peer block(const char *text, const char *reason)
{
	struct policy_peer peer = {.kind = PEER_BLOCK, .namespace = "", .reason = TEXT(reason)};

	assert_int_equal(prefix_parse(text, &peer.block), 0);
	return peer;
}

static struct policy_rule rule(struct policy_peer *peers, size_t peer_count,
			       const struct policy_port *ports, size_t port_count)
{
	return (struct policy_rule){.peers = peers,
				    .peer_count = peer_count,
				    .ports = (struct policy_port *)ports,
				    .port_count = port_count};
}

/* Of web in shop: one rule in each direction. */
struct front {
	struct policy_peer from[2];
	struct policy_peer to[4];
	struct policy_rule ingress, egress;
	struct policy policy;
};

static void front_init(struct front *front)
{
	const struct labels none = {0};

	*front = (struct front){0};
	front->from[0] = pods("", &api, "Deployment/api: 7 connections");
	front->from[0].edges = 2;
	front->from[0].first_seen = 1769860800000; /* 2026-01-31T12:00:00Z */
	front->from[0].last_seen = 1769860800000 + MSEC_PER_SEC;
	front->from[1] = block("0.0.0.0/0", "clients: 9 connections");
	front->from[1].wider = WIDER_ANY_CLIENT;
	front->to[0] = pods("", &none, "all");
	front->to[1] = pods("data", &api, "Deployment/api in data: 1 connection");
	front->to[2] = block("2001:db8::/64", "network");
	front->to[2].wider = WIDER_AGGREGATED | WIDER_INCLUDED;
	front->to[3] = (struct policy_peer){
	    .kind = PEER_ALL_PODS, .namespace = "", .reason = TEXT("all pods"), .wider = WIDER_DNS};
	front->ingress = rule(front->from, 2, &http, 1);
	front->egress = rule(front->to, 4, rtp, 2);
	front->policy = (struct policy){
	    .namespace = TEXT("shop"),
	    .name = TEXT("web-netpol"),
	    .subject = TEXT("Deployment/web"),
	    .selector = web,
	    .isolates = {true, true},
	    .rules = {[DIRECTION_INGRESS] = &front->ingress, [DIRECTION_EGRESS] = &front->egress},
	    .rule_count = {1, 1}};
}

static const struct kind_options comments = {.explain = EXPLAIN_COMMENTS};

static struct kind_options options_of(const struct policy_kind *kind,
				      const struct kind_options *given)
{
	struct kind_options options = *given;

	options.api_version = kind->api_versions[0];
	return options;
}

/* What it becomes, which the reader of its API takes. */
static struct tree_node *objects_of(struct tree *tree, const struct policy_kind *kind,
				    const struct policy *policy, const struct kind_options *given)
{
	const struct kind_options options = options_of(kind, given);
	struct published published = {0};
	struct problems problems = {0};
	struct tree_node *objects = tree_list(tree);

	assert_int_equal(kind->add(policy, &options, &problems, objects), 0);
	assert_int_equal(problems.count, 0);
	assert_int_equal(tree_count(objects), 1);
	published_check_tree(&published, objects);
	assert_int_equal(published.objects, 1);
	if (published.count > 0)
		fail_msg("%s", published.wrong.data);
	published_clear(&published);
	return objects;
}

static void assert_object(const struct policy_kind *kind, const struct policy *policy,
			  const struct kind_options *options, const char *expected)
{
	struct tree tree = {0};
	struct tree_node *objects = objects_of(&tree, kind, policy, options);
	struct buf buf = {0};

	output_yaml_stream(&buf, objects);
	assert_int_equal(buf.error, 0);
	assert_string_equal(buf.data, expected);
	buf_clear(&buf);
	tree_clear(&tree);
}

/* The spec without comments. */
static void assert_spec(const struct policy_kind *kind, const struct policy *policy,
			const struct kind_options *options, const char *expected)
{
	struct tree tree = {0};
	struct tree_node *objects = objects_of(&tree, kind, policy, options);
	struct buf buf = {0};

	output_yaml(&buf, tree_get(objects->first, "spec"));
	assert_string_equal(buf.data, expected);
	buf_clear(&buf);
	tree_clear(&tree);
}

static char *annotation_of(const struct policy *policy, enum explain explain, const char *key)
{
	const struct kind_options options = {.explain = explain};
	struct tree tree = {0};
	struct tree_node *objects = objects_of(&tree, &kind_networkpolicy, policy, &options);
	const struct tree_node *metadata = tree_get(objects->first, "metadata");
	const char *text = tree_get_text(tree_get(metadata, "annotations"), key);
	char *copy = text ? strdup(text) : NULL;

	tree_clear(&tree);
	return copy;
}

static void assert_annotation(const struct policy *policy, enum explain explain, const char *key,
			      const char *expected)
{
	char *text = annotation_of(policy, explain, key);

	if (expected && text)
		assert_string_equal(text, expected);
	else
		assert_ptr_equal(text, expected);
	free(text);
}

#define METADATA                                                                                   \
	"metadata:\n"                                                                              \
	"  name: web-netpol\n"                                                                     \
	"  namespace: shop\n"                                                                      \
	"  labels:\n"                                                                              \
	"    app.kubernetes.io/managed-by: netpol\n"                                               \
	"  annotations:\n"                                                                         \
	"    netpol/wider: |-\n"                                                                   \
	"      ingress from 0.0.0.0/0, TCP 80: clients that were not seen, and pods "              \
	"where ipBlock covers them\n"                                                              \
	"      egress to 2001:db8::/64, UDP 4000-4099, SCTP 5000: addresses of the block that "    \
	"were not seen; evidence that is left out without --include\n"                             \
	"      egress to all pods of all namespaces, UDP 4000-4099, SCTP 5000: DNS, not all of "   \
	"which was seen\n"

#define NETWORKPOLICY_RULES                                                                        \
	"  policyTypes:\n"                                                                         \
	"  - Ingress\n"                                                                            \
	"  - Egress\n"                                                                             \
	"  ingress:\n"                                                                             \
	"  - from:\n"                                                                              \
	"    # Deployment/api: 7 connections\n"                                                    \
	"    # seen 2026-01-31T12:00:00Z to 2026-01-31T12:00:01Z\n"                                \
	"    - podSelector:\n"                                                                     \
	"        matchLabels:\n"                                                                   \
	"          app: api\n"                                                                     \
	"    # clients: 9 connections\n"                                                           \
	"    - ipBlock:\n"                                                                         \
	"        cidr: 0.0.0.0/0\n"                                                                \
	"    ports:\n"                                                                             \
	"    - protocol: TCP\n"                                                                    \
	"      port: 80\n"                                                                         \
	"  egress:\n"                                                                              \
	"  - to:\n"                                                                                \
	"    # all\n"                                                                              \
	"    - podSelector: {}\n"                                                                  \
	"    # Deployment/api in data: 1 connection\n"                                             \
	"    - namespaceSelector:\n"                                                               \
	"        matchLabels:\n"                                                                   \
	"          kubernetes.io/metadata.name: data\n"                                            \
	"      podSelector:\n"                                                                     \
	"        matchLabels:\n"                                                                   \
	"          app: api\n"                                                                     \
	"    # network\n"                                                                          \
	"    - ipBlock:\n"                                                                         \
	"        cidr: 2001:db8::/64\n"                                                            \
	"    # all pods\n"                                                                         \
	"    - namespaceSelector: {}\n"                                                            \
	"    ports:\n"                                                                             \
	"    - protocol: UDP\n"                                                                    \
	"      port: 4000\n"                                                                       \
	"      endPort: 4099\n"                                                                    \
	"    - protocol: SCTP\n"                                                                   \
	"      port: 5000\n"

#define SELECTOR                                                                                   \
	"  podSelector:\n"                                                                         \
	"    matchLabels:\n"                                                                       \
	"      app: web\n"                                                                         \
	"      tier: front\n"

static void test_networkpolicy(void **state)
{
	struct front front;

	(void)state;
	front_init(&front);
	assert_object(&kind_networkpolicy, &front.policy, &comments,
		      "# Deployment/web\n"
		      "apiVersion: networking.k8s.io/v1\n"
		      "kind: NetworkPolicy\n" METADATA "spec:\n" SELECTOR NETWORKPOLICY_RULES);
}

static void test_calico_staged(void **state)
{
	struct front front;

	(void)state;
	front_init(&front);
	assert_object(&kind_calico_staged, &front.policy, &comments,
		      "# Deployment/web\n"
		      "apiVersion: projectcalico.org/v3\n"
		      "kind: StagedKubernetesNetworkPolicy\n" METADATA
		      "spec:\n" SELECTOR NETWORKPOLICY_RULES "  stagedAction: Set\n");
}

static void test_cilium(void **state)
{
	struct front front;

	(void)state;
	front_init(&front);
	assert_object(&kind_cilium, &front.policy, &comments,
		      "# Deployment/web\n"
		      "apiVersion: cilium.io/v2\n"
		      "kind: CiliumNetworkPolicy\n" METADATA "spec:\n"
		      "  endpointSelector:\n"
		      "    matchLabels:\n"
		      "      app: web\n"
		      "      tier: front\n"
		      "  enableDefaultDeny:\n"
		      "    ingress: true\n"
		      "    egress: true\n"
		      "  ingress:\n"
		      "  - fromEndpoints:\n"
		      "    # Deployment/api: 7 connections\n"
		      "    # seen 2026-01-31T12:00:00Z to 2026-01-31T12:00:01Z\n"
		      "    - matchLabels:\n"
		      "        app: api\n"
		      "    toPorts:\n"
		      "    - ports:\n"
		      "      - port: \"80\"\n"
		      "        protocol: TCP\n"
		      "  - fromCIDRSet:\n"
		      "    # clients: 9 connections\n"
		      "    - cidr: 0.0.0.0/0\n"
		      "    toPorts:\n"
		      "    - ports:\n"
		      "      - port: \"80\"\n"
		      "        protocol: TCP\n"
		      "  egress:\n"
		      "  - toEndpoints:\n"
		      "    # all\n"
		      "    - {}\n"
		      "    # Deployment/api in data: 1 connection\n"
		      "    - matchLabels:\n"
		      "        app: api\n"
		      "        k8s:io.kubernetes.pod.namespace: data\n"
		      "    # all pods\n"
		      "    - matchExpressions:\n"
		      "      - key: k8s:io.kubernetes.pod.namespace\n"
		      "        operator: Exists\n"
		      "    toPorts:\n"
		      "    - ports:\n"
		      "      - port: \"4000\"\n"
		      "        endPort: 4099\n"
		      "        protocol: UDP\n"
		      "      - port: \"5000\"\n"
		      "        protocol: SCTP\n"
		      "  - toCIDRSet:\n"
		      "    # network\n"
		      "    - cidr: 2001:db8::/64\n"
		      "    toPorts:\n"
		      "    - ports:\n"
		      "      - port: \"4000\"\n"
		      "        endPort: 4099\n"
		      "        protocol: UDP\n"
		      "      - port: \"5000\"\n"
		      "        protocol: SCTP\n");
}

static struct policy_peer entity_peer(enum entity entity, const char *reason)
{
	return (struct policy_peer){
	    .kind = PEER_ENTITY, .namespace = "", .entity = entity, .reason = TEXT(reason)};
}

static void test_cilium_entities(void **state)
{
	struct policy_peer peers[] = {entity_peer(ENTITY_NODES, "nodes: 1 connection"),
				      entity_peer(ENTITY_API_SERVER, "the API server: 2"),
				      entity_peer(ENTITY_WORLD, "the world: 3")};
	struct policy_rule ingress = rule(peers, 3, &http, 1);
	struct policy policy = {.namespace = TEXT("shop"),
				.name = TEXT("web-netpol"),
				.subject = TEXT("Deployment/web"),
				.selector = api,
				.isolates = {[DIRECTION_INGRESS] = true},
				.rules = {[DIRECTION_INGRESS] = &ingress},
				.rule_count = {[DIRECTION_INGRESS] = 1}};

	(void)state;
	assert_spec(&kind_cilium, &policy, &comments,
		    "endpointSelector:\n"
		    "  matchLabels:\n"
		    "    app: api\n"
		    "enableDefaultDeny:\n"
		    "  ingress: true\n"
		    "ingress:\n"
		    "# nodes: 1 connection\n"
		    "# the API server: 2\n"
		    "# the world: 3\n"
		    "- fromEntities:\n"
		    "  - host\n"
		    "  - remote-node\n"
		    "  - kube-apiserver\n"
		    "  - world\n"
		    "  toPorts:\n"
		    "  - ports:\n"
		    "    - port: \"80\"\n"
		    "      protocol: TCP\n");
}

/* How many ports the lists of the first rule have. */
static void assert_ports(size_t count, const char *expected)
{
	struct policy_peer peer = block("10.0.0.0/8", "network");
	struct policy_port *ports = calloc(count, sizeof(*ports));
	struct policy_rule egress = rule(&peer, 1, ports, count);
	struct policy policy = {.namespace = TEXT("shop"),
				.name = TEXT("web-netpol"),
				.subject = TEXT("Deployment/web"),
				.selector = api,
				.isolates = {[DIRECTION_EGRESS] = true},
				.rules = {[DIRECTION_EGRESS] = &egress},
				.rule_count = {[DIRECTION_EGRESS] = 1}};
	struct tree tree = {0};
	struct tree_node *objects;
	struct buf counts = {0};

	assert_non_null(ports);
	for (size_t i = 0; i < count; i++)
		ports[i] = (struct policy_port){IPPROTO_TCP, (uint16_t)(2 * i + 1), 0};
	objects = objects_of(&tree, &kind_cilium, &policy, &comments);
	objects = tree_get(tree_get(objects->first, "spec"), "egress");
	for (const struct tree_node *list = tree_get(objects->first, "toPorts")->first; list;
	     list = list->next)
		buf_printf(&counts, "%zu ", tree_count(tree_get(list, "ports")));
	assert_string_equal(counts.data, expected);
	buf_clear(&counts);
	tree_clear(&tree);
	free(ports);
}

static void test_cilium_takes_40_ports_a_list(void **state)
{
	(void)state;
	assert_ports(1, "1 ");
	assert_ports(40, "40 ");
	assert_ports(41, "40 1 ");
	assert_ports(120, "40 40 40 ");
}

/* All pods of the namespace, and nothing is allowed. */
/* Pods that Cilium manages are none of its CIDRs': what would allow nothing is no rule. */
static void test_cilium_looks_for_no_pods_by_address(void **state)
{
	static const char *const classes[] = {"pod", "ambiguous"};
	const struct kind_options options = options_of(&kind_cilium, &comments);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct problems problems = {0};
		struct tree tree = {0};
		struct tree_node *objects = tree_list(&tree);
		struct front front;

		front_init(&front);
		front.to[2].class = classes[i];
		assert_int_equal(kind_cilium.add(&front.policy, &options, &problems, objects), 0);
		assert_int_equal(tree_count(objects), 0);
		assert_int_equal(problems.count, 1);
		assert_int_equal(problems.items[0].severity, PROBLEM_WARNING);
		assert_string_equal(problems.items[0].subject, "Deployment/web in shop");
		assert_string_equal(problems.items[0].message,
				    "no CiliumNetworkPolicy: pods are peers by their addresses "
				    "(2001:db8::/64), where Cilium does not look for pods that it "
				    "manages; give an inventory with their labels, or do without "
				    "--include");
		problems_clear(&problems);
		tree_clear(&tree);
	}
}

static void test_default_deny(void **state)
{
	struct policy policy = {.namespace = TEXT("shop"),
				.name = TEXT("default-deny"),
				.subject = TEXT("all pods"),
				.isolates = {true, true}};
	const struct kind_options canary = {.canary_key = "canary", .canary_value = "yes"};

	(void)state;
	assert_spec(&kind_networkpolicy, &policy, &comments,
		    "podSelector: {}\n"
		    "policyTypes:\n"
		    "- Ingress\n"
		    "- Egress\n"
		    "ingress: []\n"
		    "egress: []\n");
	assert_spec(&kind_cilium, &policy, &comments,
		    "endpointSelector: {}\n"
		    "enableDefaultDeny:\n"
		    "  ingress: true\n"
		    "  egress: true\n"
		    "ingress:\n"
		    "- {}\n"
		    "egress:\n"
		    "- {}\n");
	policy.isolates[DIRECTION_INGRESS] = false;
	assert_spec(&kind_networkpolicy, &policy, &canary,
		    "podSelector:\n"
		    "  matchLabels:\n"
		    "    canary: \"yes\"\n"
		    "policyTypes:\n"
		    "- Egress\n"
		    "egress: []\n");
	assert_spec(&kind_cilium, &policy, &canary,
		    "endpointSelector:\n"
		    "  matchLabels:\n"
		    "    canary: \"yes\"\n"
		    "enableDefaultDeny:\n"
		    "  egress: true\n"
		    "egress:\n"
		    "- {}\n");
}

static void assert_subject(const char *key, const char *value, const char *expected)
{
	struct policy policy = {.namespace = TEXT("shop"),
				.name = TEXT("web-netpol"),
				.subject = TEXT("Deployment/web"),
				.selector = web,
				.isolates = {true, true}};
	const struct kind_options canary = {.canary_key = key, .canary_value = value};
	struct tree tree = {0};
	struct tree_node *objects = objects_of(&tree, &kind_networkpolicy, &policy, &canary);
	struct buf buf = {0};

	output_yaml(&buf, tree_get(tree_get(objects->first, "spec"), "podSelector"));
	assert_string_equal(buf.data, expected);
	buf_clear(&buf);
	tree_clear(&tree);
}

static void test_canary(void **state)
{
	(void)state;
	assert_subject("a", "1", "matchLabels:\n  a: \"1\"\n  app: web\n  tier: front\n");
	assert_subject("b", "", "matchLabels:\n  app: web\n  b: \"\"\n  tier: front\n");
	assert_subject("z", "1", "matchLabels:\n  app: web\n  tier: front\n  z: \"1\"\n");
	assert_subject("tier", "front", "matchLabels:\n  app: web\n  tier: front\n");
}

static bool tells(const struct problems *problems, const char *text)
{
	for (size_t i = 0; i < problems->count; i++)
		if (strcmp(problems->items[i].subject, "Deployment/web in shop") == 0 &&
		    strstr(problems->items[i].message, text))
			return true;
	return false;
}

static void test_canary_that_no_pod_can_be(void **state)
{
	struct front front;

	(void)state;
	front_init(&front);
	front.policy.rule_count[DIRECTION_INGRESS] = front.policy.rule_count[DIRECTION_EGRESS] = 0;
	for (const struct policy_kind *const *kind = policy_kinds(); *kind; kind++) {
		const struct kind_options options = {.api_version = (*kind)->api_versions[0],
						     .canary_key = "tier",
						     .canary_value = "canary"};
		struct problems problems = {0};
		struct tree tree = {0};
		struct tree_node *objects = tree_list(&tree);

		assert_int_equal((*kind)->add(&front.policy, &options, &problems, objects), 0);
		assert_int_equal(tree_count(objects), 0);
		assert_true(tells(&problems, "tier=front"));
		tree_clear(&tree);
		problems_clear(&problems);
	}
}

static void test_partial(void **state)
{
	struct front front;

	(void)state;
	front_init(&front);
	front.policy.partial[DIRECTION_INGRESS] = TEXT("2 pods on n9, which has no record");
	front.policy.partial[DIRECTION_EGRESS] = TEXT("n1 hides it");
	assert_annotation(&front.policy, EXPLAIN_NONE, KIND_PARTIAL,
			  "ingress: 2 pods on n9, which has no record\negress: n1 hides it");
	front.policy.partial[DIRECTION_EGRESS] = front.policy.partial[DIRECTION_INGRESS];
	assert_annotation(&front.policy, EXPLAIN_NONE, KIND_PARTIAL,
			  "ingress and egress: 2 pods on n9, which has no record");
	front.policy.isolates[DIRECTION_EGRESS] = false;
	front.policy.rule_count[DIRECTION_EGRESS] = 0;
	assert_annotation(&front.policy, EXPLAIN_NONE, KIND_PARTIAL,
			  "ingress: 2 pods on n9, which has no record");
	front.policy.rule_count[DIRECTION_INGRESS] = 0;
	assert_object(&kind_networkpolicy, &front.policy, &comments,
		      "# Deployment/web\n"
		      "# ingress is partial: 2 pods on n9, which has no record\n"
		      "apiVersion: networking.k8s.io/v1\n"
		      "kind: NetworkPolicy\n"
		      "metadata:\n"
		      "  name: web-netpol\n"
		      "  namespace: shop\n"
		      "  labels:\n"
		      "    app.kubernetes.io/managed-by: netpol\n"
		      "  annotations:\n"
		      "    netpol/partial: \"ingress: 2 pods on n9, which has no record\"\n"
		      "spec:\n" SELECTOR "  policyTypes:\n"
		      "  - Ingress\n"
		      "  ingress: []\n");
}

static void test_withheld(void **state)
{
	struct front front;

	(void)state;
	front_init(&front);
	assert_annotation(&front.policy, EXPLAIN_NONE, KIND_WITHHELD, NULL);
	front.policy.isolates[DIRECTION_EGRESS] = false;
	front.policy.rule_count[DIRECTION_EGRESS] = 0;
	assert_annotation(&front.policy, EXPLAIN_NONE, KIND_WITHHELD, NULL);
	front.policy.withheld[DIRECTION_EGRESS] = TEXT("too many blocks");
	assert_annotation(&front.policy, EXPLAIN_NONE, KIND_WITHHELD, "egress: too many blocks");
	assert_annotation(&front.policy, EXPLAIN_ANNOTATIONS, KIND_WITHHELD,
			  "egress: too many blocks");
	front.policy.rule_count[DIRECTION_INGRESS] = 0;
	assert_object(&kind_networkpolicy, &front.policy, &comments,
		      "# Deployment/web\n"
		      "# egress is withheld: too many blocks\n"
		      "apiVersion: networking.k8s.io/v1\n"
		      "kind: NetworkPolicy\n"
		      "metadata:\n"
		      "  name: web-netpol\n"
		      "  namespace: shop\n"
		      "  labels:\n"
		      "    app.kubernetes.io/managed-by: netpol\n"
		      "  annotations:\n"
		      "    netpol/withheld: \"egress: too many blocks\"\n"
		      "spec:\n" SELECTOR "  policyTypes:\n"
		      "  - Ingress\n"
		      "  ingress: []\n");
}

static void test_annotations(void **state)
{
	const struct readiness readiness = {.state = READINESS_READY,
					    .reason = "",
					    .since = INT64_MIN,
					    .pods_seen = 1,
					    .pods_known = 1};
	struct front front;
	char *text;

	(void)state;
	front_init(&front);
	assert_annotation(&front.policy, EXPLAIN_NONE, KIND_PARTIAL, NULL);
	assert_annotation(&front.policy, EXPLAIN_NONE, KIND_EVIDENCE, NULL);
	assert_annotation(&front.policy, EXPLAIN_COMMENTS, KIND_EVIDENCE, NULL);
	assert_annotation(
	    &front.policy, EXPLAIN_ANNOTATIONS, KIND_EVIDENCE,
	    "Deployment/web\n"
	    "ingress from app=api, TCP 80: Deployment/api: 7 connections; seen "
	    "2026-01-31T12:00:00Z to 2026-01-31T12:00:01Z\n"
	    "ingress from 0.0.0.0/0, TCP 80: clients: 9 connections\n"
	    "egress to all pods, UDP 4000-4099, SCTP 5000: all\n"
	    "egress to app=api in data, UDP 4000-4099, SCTP 5000: Deployment/api in data: 1 "
	    "connection\n"
	    "egress to 2001:db8::/64, UDP 4000-4099, SCTP 5000: network\n"
	    "egress to all pods of all namespaces, UDP 4000-4099, SCTP 5000: all pods");
	front.policy.readiness = &readiness;
	text = annotation_of(&front.policy, EXPLAIN_ANNOTATIONS, KIND_EVIDENCE);
	assert_non_null(strstr(text, "Deployment/web\nready: never observed"));
	free(text);
}

/* Nothing but annotations says where an object comes from, and without them nothing does. */
static void test_no_comments(void **state)
{
	struct front front;

	(void)state;
	front_init(&front);
	for (enum explain explain = EXPLAIN_NONE; explain <= EXPLAIN_ANNOTATIONS; explain += 2) {
		const struct kind_options options = {.explain = explain};

		for (const struct policy_kind *const *kind = policy_kinds(); *kind; kind++) {
			const struct kind_options its = options_of(*kind, &options);
			struct problems problems = {0};
			struct tree tree = {0};
			struct tree_node *objects = tree_list(&tree);
			struct buf buf = {0};

			assert_int_equal((*kind)->add(&front.policy, &its, &problems, objects), 0);
			buf_puts(&buf, "");
			output_yaml_stream(&buf, objects);
			assert_null(strchr(buf.data, '#'));
			buf_clear(&buf);
			tree_clear(&tree);
			problems_clear(&problems);
		}
	}
}

static void test_annotations_are_bounded(void **state)
{
	struct policy_peer *peers = calloc(MANY, sizeof(*peers));
	struct policy_rule egress = rule(peers, MANY, &http, 1);
	struct front front;
	size_t lines = 0, left_out = 0;
	const char *last;
	char *text;

	(void)state;
	front_init(&front);
	assert_non_null(peers);
	for (size_t i = 0; i < MANY; i++) {
		char address[32];

		snprintf(address, sizeof(address), "192.0.%zu.%zu/32", i / 256, i % 256);
		peers[i] = block(address, "external address: 1 connection");
		peers[i].wider = WIDER_FOLDED;
	}
	front.policy.rules[DIRECTION_EGRESS] = &egress;
	for (int i = 0; i < 2; i++) {
		text = annotation_of(&front.policy, EXPLAIN_ANNOTATIONS,
				     i ? KIND_WIDER : KIND_EVIDENCE);
		assert_in_range(strlen(text), KIND_ANNOTATION_MAX - 200, KIND_ANNOTATION_MAX);
		last = strrchr(text, '\n');
		assert_int_equal(sscanf(last, "\nand %zu more", &left_out), 1);
		lines = 0;
		for (const char *p = text; p < last; p++)
			lines += *p == '\n';
		/* Of the evidence one line is the subject, two are peers of ingress; of the others
		 * one is. */
		assert_int_equal(lines + 1 + left_out, MANY + (i ? 1 : 3));
		free(text);
	}
	free(peers);
}

/* ---- sizes ---- */

/* Egress of the front to that many addresses. */
static int add_many(const struct policy_kind *kind, size_t count, enum explain explain,
		    struct tree_node *objects, struct problems *problems)
{
	const struct kind_options options = {.explain = explain,
					     .api_version = kind->api_versions[0]};
	struct policy_peer *peers = calloc(count, sizeof(*peers));
	struct front front;
	int r;

	front_init(&front);
	assert_non_null(peers);
	for (size_t i = 0; i < count; i++) {
		char address[32];

		snprintf(address, sizeof(address), "192.%zu.%zu.%zu/32", i / 65536, i / 256 % 256,
			 i % 256);
		peers[i] = block(address, "external address");
	}
	front.egress = rule(peers, count, &http, 1);
	r = policy_kind_add(kind, &front.policy, &options, problems, objects);
	free(peers);
	return r;
}

/* With a problem of that text, or with none. */
static void assert_many(const struct policy_kind *kind, size_t count, enum explain explain,
			size_t printed, const char *message)
{
	struct problems problems = {0};
	struct published published = {0};
	struct tree tree = {0};
	struct tree_node *objects = tree_list(&tree);

	assert_int_equal(add_many(kind, count, explain, objects, &problems), printed > 0);
	assert_int_equal(tree_count(objects), printed);
	assert_int_equal(problems.count, message != NULL);
	if (message)
		assert_non_null(strstr(problems.items[0].message, message));
	published_check_tree(&published, objects);
	assert_int_equal(published.count, 0);
	published_clear(&published);
	problems_clear(&problems);
	tree_clear(&tree);
}

static void test_sizes(void **state)
{
	static const char apply[] = "use kubectl apply --server-side";
	static const char stored[] = "Kubernetes stores no more than 1.5 MiB";

	(void)state;
	/* Comments are not sent: each peer is about 40 bytes. */
	assert_many(&kind_networkpolicy, 5000, EXPLAIN_COMMENTS, 1, NULL);
	assert_many(&kind_networkpolicy, 7000, EXPLAIN_NONE, 1, apply);
	assert_many(&kind_networkpolicy, 36000, EXPLAIN_NONE, 1, apply);
	assert_many(&kind_networkpolicy, 50000, EXPLAIN_NONE, 0, stored);
	assert_many(&kind_calico_staged, 50000, EXPLAIN_NONE, 0, stored);
	assert_many(&kind_cilium, 100000, EXPLAIN_NONE, 0, stored);
}

static void test_size_of_an_object(void **state)
{
	struct tree tree = {0};
	struct tree_node *object = tree_parse(
	    &tree, "{\"#\":\"not sent\",\"a\":[\"<\\\"\\n\\u0001\",-12,true,false,null],\"b\":{}}");

	(void)state;
	assert_int_equal(kind_size(object),
			 strlen("{\"a\":[\"\\u003c\\\"\\n\\u0001\",-12,true,false,null],"
				"\"b\":{}}"));
	tree_clear(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_networkpolicy),
	    cmocka_unit_test(test_calico_staged),
	    cmocka_unit_test(test_cilium),
	    cmocka_unit_test(test_cilium_entities),
	    cmocka_unit_test(test_cilium_takes_40_ports_a_list),
	    cmocka_unit_test(test_cilium_looks_for_no_pods_by_address),
	    cmocka_unit_test(test_default_deny),
	    cmocka_unit_test(test_canary),
	    cmocka_unit_test(test_canary_that_no_pod_can_be),
	    cmocka_unit_test(test_partial),
	    cmocka_unit_test(test_withheld),
	    cmocka_unit_test(test_annotations),
	    cmocka_unit_test(test_no_comments),
	    cmocka_unit_test(test_annotations_are_bounded),
	    cmocka_unit_test(test_sizes),
	    cmocka_unit_test(test_size_of_an_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
