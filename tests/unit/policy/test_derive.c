/* From edges to policies: the whole text that comes out, and what is said of the rest. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "output/output.h"
#include "policy/kind.h"
#include "tests/unit/model/scene.h"
#include "tests/unit/policy/policy_set.h"

/* Of edges whose times are not told. */
#define SEEN "\n      # seen 1970-01-01T00:00:00Z to 1970-01-01T00:00:10Z"

#define POD(NAMESPACE, NAME, NODE, IP, KIND, OWNER, LABELS)                                        \
	"---\n{kind: Pod, metadata: {namespace: " NAMESPACE ", name: " NAME ", uid: uid-" NAME     \
	", labels: {" LABELS "}, ownerReferences: [{kind: " KIND ", name: " OWNER                  \
	", controller: true}]}, spec: {nodeName: " NODE                                            \
	", containers: [{ports: [{name: dns, protocol: UDP, containerPort: 1053}, {name: "         \
	"dns-tcp, "                                                                                \
	"protocol: TCP, containerPort: 1053}]}]}, status: {phase: Running, podIP: \"" IP "\"}}\n"

#define SERVICE(NAMESPACE, NAME, IP, LABELS, SELECTOR, PORTS)                                      \
	"---\n{kind: Service, metadata: {namespace: " NAMESPACE ", name: " NAME                    \
	", labels: {" LABELS "}}, spec: {clusterIP: " IP ", selector: {" SELECTOR                  \
	"}, ports: [" PORTS "]}}\n"

#define WEB                                                                                        \
	POD("shop", "web-6d4cf56db6-x2k4p", "n1", "10.1.0.1", "ReplicaSet", "web-6d4cf56db6",      \
	    "app: web, pod-template-hash: 6d4cf56db6")
#define API1                                                                                       \
	POD("shop", "api-7d9f8b6c5d-bbbbb", "n1", "10.1.0.2", "ReplicaSet", "api-7d9f8b6c5d",      \
	    "app: api, pod-template-hash: 7d9f8b6c5d")
#define API2                                                                                       \
	POD("shop", "api-7d9f8b6c5d-ccccc", "n1", "10.1.0.3", "ReplicaSet", "api-7d9f8b6c5d",      \
	    "app: api, pod-template-hash: 7d9f8b6c5d")
#define DB                                                                                         \
	POD("shop", "db-0", "n1", "10.1.0.4", "StatefulSet", "db",                                 \
	    "app: db, statefulset.kubernetes.io/pod-name: db-0")
#define INTRUDER                                                                                   \
	POD("shop", "intruder-5c6c4b-ddddd", "n1", "10.1.0.5", "ReplicaSet", "intruder-5c6c4b",    \
	    "app: intruder, pod-template-hash: 5c6c4b")
#define COREDNS                                                                                    \
	POD("kube-system", "coredns-5d78c9869d-fffff", "n2", "10.2.0.9", "ReplicaSet",             \
	    "coredns-5d78c9869d", "k8s-app: kube-dns, pod-template-hash: 5d78c9869d")
#define API_SERVICE                                                                                \
	SERVICE("shop", "api", "10.96.0.5", "app: api", "app: api", "{port: 80, targetPort: 8080}")
#define DNS_SERVICE                                                                                \
	SERVICE("kube-system", "kube-dns", "10.96.0.10", "k8s-app: kube-dns", "k8s-app: kube-dns", \
		"{name: dns, protocol: UDP, port: 53, targetPort: dns}, {name: dns-tcp, "          \
		"protocol: TCP, port: 53, targetPort: dns-tcp}, {name: metrics, port: "            \
		"9153, targetPort: 9153}")

static const char shop[] = WEB API1 API2 DB INTRUDER COREDNS API_SERVICE DNS_SERVICE;

static uint32_t local_pod(struct scene *scene, const char *namespace, const char *name,
			  const char *address)
{
	static char uids[SCENE_MAX][64];
	char *uid = uids[scene->pod_count];

	snprintf(uid, sizeof(uids[0]), "uid-%s", name);
	return scene_pod(scene, (struct scene_pod){.node = "n1",
						   .namespace = namespace,
						   .name = name,
						   .uid = uid,
						   .address = address});
}

struct shop {
	struct scene scene;
	uint32_t web, api1, api2, db, intruder;
};

static void shop_open(struct shop *s, const char *inventory)
{
	*s = (struct shop){0};
	if (inventory)
		scene_inventory(&s->scene, inventory);
	scene_node(&s->scene, "n1", "192.168.0.1");
	s->web = local_pod(&s->scene, "shop", "web-6d4cf56db6-x2k4p", "10.1.0.1");
	s->api1 = local_pod(&s->scene, "shop", "api-7d9f8b6c5d-bbbbb", "10.1.0.2");
	s->api2 = local_pod(&s->scene, "shop", "api-7d9f8b6c5d-ccccc", "10.1.0.3");
	s->db = local_pod(&s->scene, "shop", "db-0", "10.1.0.4");
	s->intruder = local_pod(&s->scene, "shop", "intruder-5c6c4b-ddddd", "10.1.0.5");
}

static void shop_talk(struct shop *s)
{
	scene_edge(&s->scene, (struct scene_edge){.from = "10.1.0.1",
						  .from_pod = s->web,
						  .to = "10.1.0.2",
						  .to_pod = s->api1,
						  .port = 8080,
						  .connections = 7,
						  .service = "10.96.0.5",
						  .service_port = 80});
	scene_edge(&s->scene, (struct scene_edge){.from = "10.1.0.1",
						  .from_pod = s->web,
						  .to = "10.1.0.3",
						  .to_pod = s->api2,
						  .port = 8080,
						  .connections = 5,
						  .service = "10.96.0.5",
						  .service_port = 80});
	scene_edge(&s->scene, (struct scene_edge){.from = "10.1.0.2",
						  .from_pod = s->api1,
						  .to = "10.1.0.4",
						  .to_pod = s->db,
						  .port = 5432,
						  .connections = 3});
	scene_edge(&s->scene, (struct scene_edge){.from = "10.1.0.3",
						  .from_pod = s->api2,
						  .to = "10.1.0.4",
						  .to_pod = s->db,
						  .port = 5432});
	scene_edge(&s->scene, (struct scene_edge){.from = "10.1.0.1",
						  .from_pod = s->web,
						  .to = "10.2.0.9",
						  .port = 1053,
						  .protocol = IPPROTO_UDP,
						  .connections = 9,
						  .service = "10.96.0.10",
						  .service_port = 53});
	scene_edge(&s->scene, (struct scene_edge){.from = "10.1.0.5",
						  .from_pod = s->intruder,
						  .to = "10.1.0.4",
						  .to_pod = s->db,
						  .port = 5432,
						  .connections = 4,
						  .verdict = VERDICT_DENIED});
	scene_edge(&s->scene, (struct scene_edge){.from = "192.168.0.1",
						  .to = "10.1.0.2",
						  .to_pod = s->api1,
						  .port = 8081,
						  .connections = 60});
}

static char *policies(struct scene *scene, const struct policy_filter *filter, uint32_t order)
{
	const struct kind_options options = {.explain = EXPLAIN_COMMENTS,
					     .api_version = "networking.k8s.io/v1"};
	struct policy_request request;
	struct policy_set *set = NULL;
	struct buf buf = {0};
	struct tree tree = {0};
	struct tree_node *list = policy_kind_list(&tree);
	struct tree_node *objects = tree_add_list(list, "items");

	policy_request_init(&request);
	if (filter)
		request.filter = *filter;
	assert_int_equal(policy_derive(scene_build(scene, order), &request, &scene->problems, &set),
			 0);
	for (size_t i = 0; i < set->count; i++)
		assert_int_equal(
		    kind_networkpolicy.add(&set->policies[i], &options, &scene->problems, objects),
		    0);
	output_yaml(&buf, list);
	assert_int_equal(buf.error, 0);
	tree_clear(&tree);
	policy_set_free(set);
	return buf.data;
}

static void assert_policies(struct scene *scene, const struct policy_filter *filter,
			    const char *expected)
{
	char *text = policies(scene, filter, 0);

	assert_string_equal(text, expected);
	free(text);
}

static const char shop_policies[] =
    "apiVersion: v1\n"
    "kind: List\n"
    "items:\n"
    "# Deployment/api\n"
    "- apiVersion: networking.k8s.io/v1\n"
    "  kind: NetworkPolicy\n"
    "  metadata:\n"
    "    name: api-netpol\n"
    "    namespace: shop\n"
    "    labels:\n"
    "      app.kubernetes.io/managed-by: netpol\n"
    "    annotations:\n"
    "      netpol/wider: \"egress to k8s-app=kube-dns in kube-system, TCP 1053, UDP 1053: DNS, "
    "not all of which was seen\"\n"
    "  spec:\n"
    "    podSelector:\n"
    "      matchLabels:\n"
    "        app: api\n"
    "    policyTypes:\n"
    "    - Ingress\n"
    "    - Egress\n"
    "    ingress:\n"
    "    - from:\n"
    "      # Deployment/web: 12 connections, via api.shop:80" SEEN "\n"
    "      - podSelector:\n"
    "          matchLabels:\n"
    "            app: web\n"
    "      ports:\n"
    "      - protocol: TCP\n"
    "        port: 8080\n"
    "    egress:\n"
    "    - to:\n"
    "      # StatefulSet/db: 4 connections" SEEN "\n"
    "      - podSelector:\n"
    "          matchLabels:\n"
    "            app: db\n"
    "      ports:\n"
    "      - protocol: TCP\n"
    "        port: 5432\n"
    "    - to:\n"
    "      # Deployment/coredns in kube-system: DNS, as others ask it\n"
    "      - namespaceSelector:\n"
    "          matchLabels:\n"
    "            kubernetes.io/metadata.name: kube-system\n"
    "        podSelector:\n"
    "          matchLabels:\n"
    "            k8s-app: kube-dns\n"
    "      ports:\n"
    "      - protocol: TCP\n"
    "        port: 1053\n"
    "      - protocol: UDP\n"
    "        port: 1053\n"
    "# StatefulSet/db\n"
    "- apiVersion: networking.k8s.io/v1\n"
    "  kind: NetworkPolicy\n"
    "  metadata:\n"
    "    name: db-netpol\n"
    "    namespace: shop\n"
    "    labels:\n"
    "      app.kubernetes.io/managed-by: netpol\n"
    "    annotations:\n"
    "      netpol/wider: \"egress to k8s-app=kube-dns in kube-system, TCP 1053, UDP 1053: DNS, "
    "not all of which was seen\"\n"
    "  spec:\n"
    "    podSelector:\n"
    "      matchLabels:\n"
    "        app: db\n"
    "    policyTypes:\n"
    "    - Ingress\n"
    "    - Egress\n"
    "    ingress:\n"
    "    - from:\n"
    "      # Deployment/api: 4 connections" SEEN "\n"
    "      - podSelector:\n"
    "          matchLabels:\n"
    "            app: api\n"
    "      ports:\n"
    "      - protocol: TCP\n"
    "        port: 5432\n"
    "    egress:\n"
    "    - to:\n"
    "      # Deployment/coredns in kube-system: DNS, as others ask it\n"
    "      - namespaceSelector:\n"
    "          matchLabels:\n"
    "            kubernetes.io/metadata.name: kube-system\n"
    "        podSelector:\n"
    "          matchLabels:\n"
    "            k8s-app: kube-dns\n"
    "      ports:\n"
    "      - protocol: TCP\n"
    "        port: 1053\n"
    "      - protocol: UDP\n"
    "        port: 1053\n"
    "# Deployment/web\n"
    "- apiVersion: networking.k8s.io/v1\n"
    "  kind: NetworkPolicy\n"
    "  metadata:\n"
    "    name: web-netpol\n"
    "    namespace: shop\n"
    "    labels:\n"
    "      app.kubernetes.io/managed-by: netpol\n"
    "    annotations:\n"
    "      netpol/wider: \"egress to k8s-app=kube-dns in kube-system, TCP 1053, UDP 1053: DNS, "
    "not all of which was seen\"\n"
    "  spec:\n"
    "    podSelector:\n"
    "      matchLabels:\n"
    "        app: web\n"
    "    policyTypes:\n"
    "    - Ingress\n"
    "    - Egress\n"
    "    ingress: []\n"
    "    egress:\n"
    "    - to:\n"
    "      # Deployment/api: 12 connections, via api.shop:80" SEEN "\n"
    "      - podSelector:\n"
    "          matchLabels:\n"
    "            app: api\n"
    "      ports:\n"
    "      - protocol: TCP\n"
    "        port: 8080\n"
    "    - to:\n"
    "      # Deployment/coredns in kube-system: 9 connections, via kube-dns.kube-system:53; DNS "
    "over UDP and\n"
    "      #   TCP" SEEN "\n"
    "      - namespaceSelector:\n"
    "          matchLabels:\n"
    "            kubernetes.io/metadata.name: kube-system\n"
    "        podSelector:\n"
    "          matchLabels:\n"
    "            k8s-app: kube-dns\n"
    "      ports:\n"
    "      - protocol: TCP\n"
    "        port: 1053\n"
    "      - protocol: UDP\n"
    "        port: 1053\n";

static void test_shop(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, shop);
	shop_talk(&s);
	assert_policies(&s.scene, NULL, shop_policies);
	assert_int_equal(s.scene.problems.count, 1);
	assert_true(scene_has_problem(&s.scene, "Deployment/intruder in shop",
				      "no policy: nothing was seen"));
	scene_close(&s.scene);
}

static void test_order_of_rows_does_not_matter(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, shop);
	shop_talk(&s);
	for (uint32_t seed = 1; seed <= 30; seed++) {
		char *text = policies(&s.scene, NULL, seed);

		assert_string_equal(text, shop_policies);
		free(text);
	}
	scene_close(&s.scene);
}

/* ---- parts of the answer ---- */

/* The policy's section of the list, as text; NULL if there is none. */
static char *policy_named(struct scene *scene, const char *name)
{
	char *text = policies(scene, NULL, 0);
	char line[300];
	char *start, *end;

	snprintf(line, sizeof(line), "    name: %s\n", name);
	start = strstr(text, line);
	if (!start) {
		free(text);
		return NULL;
	}
	end = strstr(start, "\n# ");
	if (end)
		end[1] = '\0';
	start = strdup(start);
	free(text);
	return start;
}

static void assert_in_policy(struct scene *scene, const char *name, const char *part)
{
	char *text = policy_named(scene, name);

	if (!text)
		fail_msg("no policy %s", name);
	else if (!strstr(text, part))
		fail_msg("not in %s: %s\n%s", name, part, text);
	free(text);
}

static void assert_not_in_policy(struct scene *scene, const char *name, const char *part)
{
	char *text = policy_named(scene, name);

	if (!text)
		fail_msg("no policy %s", name);
	else if (strstr(text, part))
		fail_msg("in %s: %s\n%s", name, part, text);
	free(text);
}

static void assert_no_policies(struct scene *scene)
{
	assert_policies(scene, NULL, "apiVersion: v1\nkind: List\nitems: []\n");
}

static void test_without_inventory(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, NULL);
	shop_talk(&s);
	assert_no_policies(&s.scene);
	assert_int_equal(s.scene.problems.count, 1);
	assert_true(
	    scene_has_problem(&s.scene, "namespace shop",
			      "no policy for pods whose labels are not known: "
			      "api-7d9f8b6c5d-bbbbb, api-7d9f8b6c5d-ccccc, db-0 and 2 more"));
	assert_true(scene_has_problem(&s.scene, "namespace shop", "--inventory"));
	scene_close(&s.scene);
}

static void test_only_what_worked(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, shop);
	for (int verdict = VERDICT_REFUSED; verdict <= VERDICT_MAX; verdict++)
		scene_edge(&s.scene, (struct scene_edge){.from = "10.1.0.1",
							 .from_pod = s.web,
							 .to = "10.1.0.4",
							 .to_pod = s.db,
							 .port = 5432,
							 .verdict = verdict});
	assert_no_policies(&s.scene);
	scene_close(&s.scene);
}

static void test_one_way(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, shop);
	scene_edge(&s.scene, (struct scene_edge){.from = "10.1.0.1",
						 .from_pod = s.web,
						 .to = "10.1.0.4",
						 .to_pod = s.db,
						 .port = 8125,
						 .protocol = IPPROTO_UDP,
						 .verdict = VERDICT_ONE_WAY,
						 .connections = 5});
	assert_in_policy(&s.scene, "db-netpol",
			 "    ingress:\n"
			 "    - from:\n"
			 "      # Deployment/web: 5 connections, one-way" SEEN "\n"
			 "      - podSelector:\n"
			 "          matchLabels:\n"
			 "            app: web\n"
			 "      ports:\n"
			 "      - protocol: UDP\n"
			 "        port: 8125\n");
	scene_edge(&s.scene, (struct scene_edge){.from = "10.1.0.1",
						 .from_pod = s.web,
						 .to = "10.1.0.4",
						 .to_pod = s.db,
						 .port = 5432});
	assert_in_policy(&s.scene, "db-netpol",
			 "# Deployment/web: 6 connections, 5 of them one-way" SEEN "\n");
	scene_close(&s.scene);
}

static void test_uncertain_and_portless(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, shop);
	scene_edge(&s.scene, (struct scene_edge){.from = "10.1.0.4",
						 .from_pod = s.db,
						 .to = "10.1.0.1",
						 .to_pod = s.web,
						 .port = 45123,
						 .uncertain = true});
	scene_edge(&s.scene, (struct scene_edge){.from = "10.1.0.1",
						 .from_pod = s.web,
						 .to = "10.1.0.4",
						 .to_pod = s.db,
						 .portless = true,
						 .protocol = IPPROTO_ICMP});
	scene_edge(&s.scene, (struct scene_edge){.from = "10.1.0.1",
						 .from_pod = s.web,
						 .to = "10.1.0.4",
						 .to_pod = s.db,
						 .portless = true,
						 .protocol = IPPROTO_GRE});
	scene_edge(&s.scene, (struct scene_edge){.from = "10.1.0.1",
						 .from_pod = s.web,
						 .to = "10.1.0.4",
						 .to_pod = s.db,
						 .port = 5432});
	assert_not_in_policy(&s.scene, "web-netpol", "45123");
	assert_not_in_policy(&s.scene, "db-netpol", "45123");
	assert_true(scene_has_problem(&s.scene, "Deployment/web in shop", "1 edge picked up"));
	assert_true(scene_has_problem(&s.scene, "StatefulSet/db in shop", "1 edge picked up"));
	assert_true(scene_has_problem(&s.scene, "StatefulSet/db in shop", "ICMP, "));
	assert_true(
	    scene_has_problem(&s.scene, "StatefulSet/db in shop", "are left out (2 edges)"));
	scene_close(&s.scene);
}

/* The replica is gone from the cluster, but its name tells whose it was. */
static void test_dead_replica(void **state)
{
	struct shop s;
	uint32_t dead;

	(void)state;
	shop_open(&s, shop);
	dead = local_pod(&s.scene, "shop", "web-5c6c4b9d7-zzzzz", "10.1.0.77");
	scene_edge(&s.scene, (struct scene_edge){.from = "10.1.0.77",
						 .from_pod = dead,
						 .to = "10.1.0.4",
						 .to_pod = s.db,
						 .port = 5432});
	assert_in_policy(&s.scene, "db-netpol", "            app: web\n");
	assert_in_policy(&s.scene, "web-netpol", "            app: db\n");
	assert_not_in_policy(&s.scene, "db-netpol", "10.1.0.77");
	scene_close(&s.scene);
}

static void test_peer_without_labels(void **state)
{
	struct shop s;
	uint32_t stranger;

	(void)state;
	shop_open(&s, shop);
	stranger = local_pod(&s.scene, "lab", "stranger", "10.1.0.77");
	scene_edge(&s.scene, (struct scene_edge){.from = "10.1.0.77",
						 .from_pod = stranger,
						 .to = "10.1.0.4",
						 .to_pod = s.db,
						 .port = 5432});
	scene_edge(&s.scene, (struct scene_edge){.from = "10.1.0.1",
						 .from_pod = s.web,
						 .to = "10.1.0.4",
						 .to_pod = s.db,
						 .port = 5432});
	assert_not_in_policy(&s.scene, "db-netpol", "10.1.0.77");
	assert_true(scene_has_problem(&s.scene, "StatefulSet/db in shop",
				      "ingress from pods whose labels are not known is left out "
				      "(1 edge): Pod/stranger in lab"));
	assert_true(scene_has_problem(&s.scene, "namespace lab", "stranger"));
	scene_close(&s.scene);
}

static void test_remote_peers(void **state)
{
	static const char yaml[] = WEB DB API_SERVICE DNS_SERVICE POD(
	    "far", "client-0", "n2", "10.2.0.1", "StatefulSet", "client", "app: client");
	struct shop s;

	(void)state;
	shop_open(&s, yaml);
	scene_edge(&s.scene,
		   (struct scene_edge){
		       .from = "10.2.0.1", .to = "10.1.0.4", .to_pod = s.db, .port = 5432});
	/* No policy for who is only a peer here. */
	assert_in_policy(&s.scene, "db-netpol",
			 "      # StatefulSet/client in far: 1 connection" SEEN "\n"
			 "      - namespaceSelector:\n"
			 "          matchLabels:\n"
			 "            kubernetes.io/metadata.name: far\n"
			 "        podSelector:\n"
			 "          matchLabels:\n"
			 "            app: client\n"
			 "      ports:\n"
			 "      - protocol: TCP\n"
			 "        port: 5432\n");
	assert_null(policy_named(&s.scene, "client-netpol"));
	scene_close(&s.scene);
}

/* Source NAT: the destination sees the node, whoever asked; and tomorrow another one. */
static void test_source_nat(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, shop);
	scene_node(&s.scene, "n2", "192.168.0.2");
	scene_edge(&s.scene, (struct scene_edge){.from = "203.0.113.9",
						 .translated = "192.168.0.2",
						 .to = "10.1.0.1",
						 .to_pod = s.web,
						 .port = 8443,
						 .service = "192.168.0.2",
						 .service_port = 30443});
	assert_in_policy(&s.scene, "web-netpol",
			 "      # any client: 1 connection, via 192.168.0.2:30443; open to all, as "
			 "tomorrow's client has another\n"
			 "      #   address, and to pods where ipBlock covers them" SEEN "\n"
			 "      - ipBlock:\n"
			 "          cidr: 0.0.0.0/0\n");
	assert_not_in_policy(&s.scene, "web-netpol", "203.0.113.9");
	scene_close(&s.scene);
}

static void test_addresses_outside(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, shop);
	scene_edge(&s.scene,
		   (struct scene_edge){
		       .from = "10.1.0.1", .from_pod = s.web, .to = "2001:db8::5", .port = 443});
	scene_edge(&s.scene,
		   (struct scene_edge){
		       .from = "10.1.0.1", .from_pod = s.web, .to = "198.51.100.7", .port = 443});
	scene_edge(&s.scene,
		   (struct scene_edge){
		       .from = "10.1.0.1", .from_pod = s.web, .to = "10.96.0.5", .port = 80});
	scene_edge(&s.scene,
		   (struct scene_edge){
		       .from = "10.1.0.1", .from_pod = s.web, .to = "169.254.169.254", .port = 80});
	assert_in_policy(&s.scene, "web-netpol",
			 "      # external address: 1 connection" SEEN "\n"
			 "      - ipBlock:\n"
			 "          cidr: 198.51.100.7/32\n"
			 "      # external address: 1 connection" SEEN "\n"
			 "      - ipBlock:\n"
			 "          cidr: 2001:db8::5/128\n"
			 "      ports:\n"
			 "      - protocol: TCP\n"
			 "        port: 443\n");
	assert_in_policy(&s.scene, "web-netpol",
			 "      # service api.shop itself: 1 connection" SEEN "\n"
			 "      - ipBlock:\n"
			 "          cidr: 10.96.0.5/32\n"
			 "      # metadata address: 1 connection" SEEN "\n"
			 "      - ipBlock:\n"
			 "          cidr: 169.254.169.254/32\n");
	scene_close(&s.scene);
}

/* ---- DNS ---- */

static void shop_one_edge(struct shop *s)
{
	scene_edge(&s->scene, (struct scene_edge){.from = "10.1.0.1",
						  .from_pod = s->web,
						  .to = "10.1.0.4",
						  .to_pod = s->db,
						  .port = 5432});
}

static void test_dns_from_the_inventory(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, shop);
	shop_one_edge(&s);
	assert_in_policy(&s.scene, "db-netpol",
			 "    egress:\n"
			 "    - to:\n"
			 "      # service kube-dns in kube-system: DNS, from the inventory\n"
			 "      - namespaceSelector:\n"
			 "          matchLabels:\n"
			 "            kubernetes.io/metadata.name: kube-system\n"
			 "        podSelector:\n"
			 "          matchLabels:\n"
			 "            k8s-app: kube-dns\n"
			 "      ports:\n"
			 "      - protocol: TCP\n"
			 "        port: 1053\n"
			 "      - protocol: UDP\n"
			 "        port: 1053\n");
	assert_not_in_policy(&s.scene, "db-netpol", "9153");
	scene_close(&s.scene);
}

static void test_dns_by_convention(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, WEB DB);
	shop_one_edge(&s);
	assert_in_policy(&s.scene, "web-netpol",
			 "      # the usual DNS pods: DNS, a guess\n"
			 "      - namespaceSelector:\n"
			 "          matchLabels:\n"
			 "            kubernetes.io/metadata.name: kube-system\n"
			 "        podSelector:\n"
			 "          matchLabels:\n"
			 "            k8s-app: kube-dns\n"
			 "      ports:\n"
			 "      - protocol: TCP\n"
			 "        port: 53\n"
			 "      - protocol: UDP\n"
			 "        port: 53\n");
	assert_true(scene_has_problem(&s.scene, "DNS", "no resolver was seen"));
	scene_close(&s.scene);
}

/* What api asks from 198.51.100.54, and coredns from 198.51.100.53. */
static void ask_upstream(struct shop *s)
{
	uint32_t coredns;

	coredns = local_pod(&s->scene, "kube-system", "coredns-5d78c9869d-fffff", "10.2.0.9");
	scene_edge(&s->scene, (struct scene_edge){.from = "10.2.0.9",
						  .from_pod = coredns,
						  .to = "198.51.100.53",
						  .port = 53,
						  .protocol = IPPROTO_UDP});
	scene_edge(&s->scene, (struct scene_edge){.from = "10.1.0.2",
						  .from_pod = s->api1,
						  .to = "198.51.100.54",
						  .port = 53,
						  .protocol = IPPROTO_UDP});
}

/* Where the cluster has a resolver, whom somebody asks outside is his own affair. */
static void test_dns_upstream_is_not_for_all(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, shop);
	shop_talk(&s);
	ask_upstream(&s);
	assert_in_policy(&s.scene, "coredns-netpol", "198.51.100.53/32");
	assert_not_in_policy(&s.scene, "web-netpol", "198.51.100");
	assert_in_policy(&s.scene, "api-netpol",
			 "    - to:\n"
			 "      # external address: 1 connection; DNS over UDP and TCP" SEEN "\n"
			 "      - ipBlock:\n"
			 "          cidr: 198.51.100.54/32\n"
			 "      ports:\n"
			 "      - protocol: TCP\n"
			 "        port: 53\n"
			 "      - protocol: UDP\n"
			 "        port: 53\n");
	scene_close(&s.scene);
}

/* A DNS subdomain, whatever the owner is called. */
static void test_name_of_an_owner_that_ends_with_a_dot(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, POD("shop", "web-6d4cf56db6-x2k4p", "n1", "10.1.0.1", "StatefulSet", "a.",
			  "app: web") API1 API2 DB);
	shop_one_edge(&s);
	assert_in_policy(&s.scene, "a.xnetpol", "app: web");
	scene_close(&s.scene);
}

static void test_dns_upstream_beside_an_unseen_resolver(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, shop);
	shop_one_edge(&s);
	ask_upstream(&s);
	assert_not_in_policy(&s.scene, "web-netpol", "198.51.100");
	assert_in_policy(&s.scene, "web-netpol", "service kube-dns in kube-system: DNS, from the ");
	scene_close(&s.scene);
}

static void test_dns_outside_is_for_all_if_there_is_no_other(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, WEB API1 API2 DB);
	shop_one_edge(&s);
	scene_edge(&s.scene, (struct scene_edge){.from = "10.1.0.2",
						 .from_pod = s.api1,
						 .to = "198.51.100.54",
						 .port = 53,
						 .protocol = IPPROTO_UDP});
	assert_in_policy(&s.scene, "web-netpol",
			 "      # external address: DNS, as others ask it\n"
			 "      - ipBlock:\n"
			 "          cidr: 198.51.100.54/32\n"
			 "      ports:\n"
			 "      - protocol: TCP\n"
			 "        port: 53\n"
			 "      - protocol: UDP\n"
			 "        port: 53\n");
	scene_close(&s.scene);
}

/* Caches of the cluster's resolver. */
static void test_dns_of_a_node_is_for_all(void **state)
{
	static const char *const addresses[] = {"192.168.0.1", "169.254.20.10"};
	struct shop s;

	(void)state;
	shop_open(&s, shop);
	shop_one_edge(&s);
	for (size_t i = 0; i < 2; i++)
		scene_edge(&s.scene, (struct scene_edge){.from = "10.1.0.2",
							 .from_pod = s.api1,
							 .to = addresses[i],
							 .port = 53,
							 .protocol = IPPROTO_UDP});
	assert_in_policy(&s.scene, "web-netpol",
			 "      # the DNS cache of each node: DNS, as others ask it\n"
			 "      - ipBlock:\n"
			 "          cidr: 169.254.20.10/32\n"
			 "      # node n1: DNS, as others ask it\n"
			 "      - ipBlock:\n"
			 "          cidr: 192.168.0.1/32\n");
	scene_close(&s.scene);
}

/* What else answers on port 53 is not the cluster's resolver, once that is known. */
static void test_dns_of_another_pod_is_not_for_all(void **state)
{
	struct shop s;

	(void)state;
	shop_open(&s, shop);
	shop_one_edge(&s);
	scene_edge(&s.scene, (struct scene_edge){.from = "10.1.0.2",
						 .from_pod = s.api1,
						 .to = "10.1.0.4",
						 .to_pod = s.db,
						 .port = 53,
						 .protocol = IPPROTO_UDP});
	assert_in_policy(&s.scene, "api-netpol",
			 "      # StatefulSet/db: 1 connection; DNS over UDP and TCP" SEEN "\n");
	assert_not_in_policy(&s.scene, "web-netpol", "as others ask it");
	assert_in_policy(&s.scene, "web-netpol",
			 "service kube-dns in kube-system: DNS, from the inventory");
	assert_not_in_policy(&s.scene, "db-netpol", "namespaceSelector: {}");
	scene_close(&s.scene);
}

/* A resolver with a policy of its own stays open to pods that have none, and that nobody saw. */
static void test_dns_of_a_resolver_is_open(void **state)
{
	static const char open_ingress[] =
	    "    ingress:\n"
	    "    - from:\n"
	    "      # a node: names stay resolvable on nodes, too\n"
	    "      - ipBlock:\n"
	    "          cidr: 192.168.0.1/32\n"
	    "      # all pods: names stay resolvable for pods without a policy, too\n"
	    "      - namespaceSelector: {}\n"
	    "      ports:\n"
	    "      - protocol: TCP\n"
	    "        port: 1053\n"
	    "      - protocol: UDP\n"
	    "        port: 1053\n"
	    "    egress:\n";
	struct shop s;

	(void)state;
	shop_open(&s, shop);
	shop_one_edge(&s);
	ask_upstream(&s);
	assert_in_policy(&s.scene, "coredns-netpol", open_ingress);
	assert_not_in_policy(&s.scene, "db-netpol", "namespaceSelector: {}");
	scene_close(&s.scene);
}

/* Pods without labels are covered, too; what is no pod keeps its own block. */
static void test_dns_of_a_resolver_that_was_asked(void **state)
{
	struct shop s;
	uint32_t coredns;

	(void)state;
	shop_open(&s, shop);
	coredns = local_pod(&s.scene, "kube-system", "coredns-5d78c9869d-fffff", "10.2.0.9");
	scene_node(&s.scene, "n2", "192.168.0.2");
	for (int i = 0; i < 3; i++)
		scene_edge(&s.scene, (struct scene_edge){.from = i == 0   ? "10.1.0.1"
								 : i == 1 ? "10.1.0.9"
									  : "192.168.0.2",
							 .to = "10.2.0.9",
							 .to_pod = coredns,
							 .port = 1053,
							 .protocol = IPPROTO_UDP,
							 .connections = 2,
							 .service = "10.96.0.10",
							 .service_port = 53});
	local_pod(&s.scene, "shop", "bare", "10.1.0.9");
	assert_in_policy(
	    &s.scene, "coredns-netpol",
	    "    ingress:\n"
	    "    - from:\n"
	    "      # a node: names stay resolvable on nodes, too\n"
	    "      - ipBlock:\n"
	    "          cidr: 192.168.0.1/32\n"
	    "      # node n2: 2 connections, via kube-dns.kube-system:53; DNS over UDP "
	    "and TCP" SEEN "\n"
	    "      - ipBlock:\n"
	    "          cidr: 192.168.0.2/32\n"
	    "      # all pods: 4 connections, via kube-dns.kube-system:53; names stay "
	    "resolvable for pods without a\n"
	    "      #   policy, too" SEEN "\n"
	    "      - namespaceSelector: {}\n"
	    "      ports:\n"
	    "      - protocol: TCP\n"
	    "        port: 1053\n"
	    "      - protocol: UDP\n"
	    "        port: 1053\n");
	assert_false(scene_has_problem(&s.scene, "Deployment/coredns in kube-system", "left out"));
	scene_close(&s.scene);
}

/* ---- selectors and names ---- */

static void test_same_labels_are_one_policy(void **state)
{
	static const char yaml[] =
	    POD("a", "x-0", "n1", "10.1.0.1", "StatefulSet", "x", "app: same")
		POD("a", "y-0", "n1", "10.1.0.2", "StatefulSet", "y", "app: same") DNS_SERVICE;
	struct scene scene = {0};
	uint32_t x, y;
	char *text;

	(void)state;
	scene_inventory(&scene, yaml);
	x = local_pod(&scene, "a", "x-0", "10.1.0.1");
	y = local_pod(&scene, "a", "y-0", "10.1.0.2");
	scene_edge(&scene, (struct scene_edge){
			       .from = "10.1.0.1", .from_pod = x, .to = "192.0.2.1", .port = 1});
	scene_edge(&scene, (struct scene_edge){
			       .from = "10.1.0.2", .from_pod = y, .to = "192.0.2.1", .port = 2});
	text = policies(&scene, NULL, 0);
	assert_non_null(
	    strstr(text, "# StatefulSet/x, StatefulSet/y (no label tells them apart)\n"));
	assert_non_null(strstr(text, "        port: 1\n      - protocol: TCP\n        port: 2\n"));
	assert_null(strstr(text, "name: y-netpol"));
	assert_false(scene_has_problem(
	    &scene, "StatefulSet/x, StatefulSet/y (no label tells them apart) in a",
	    "also pick pods"));
	free(text);
	scene_close(&scene);
}

static void test_selector_that_picks_others(void **state)
{
	static const char yaml[] = POD("a", "x-0", "n1", "10.1.0.1", "StatefulSet", "x", "app: x")
	    POD("a", "y-0", "n1", "10.1.0.2", "StatefulSet", "y", "app: x, tier: y") DNS_SERVICE;
	struct scene scene = {0};
	uint32_t x;

	(void)state;
	scene_inventory(&scene, yaml);
	x = local_pod(&scene, "a", "x-0", "10.1.0.1");
	scene_edge(&scene, (struct scene_edge){
			       .from = "10.1.0.1", .from_pod = x, .to = "192.0.2.1", .port = 1});
	free(policies(&scene, NULL, 0));
	assert_true(
	    scene_has_problem(&scene, "StatefulSet/x in a", "also pick pods of StatefulSet/y"));
	scene_close(&scene);
}

/* What isolates a pod must let through what was seen of it, whoever it is meant for. */
static void test_pods_that_are_picked_too(void **state)
{
	static const char yaml[] = POD("a", "x-0", "n1", "10.1.0.1", "StatefulSet", "x", "app: x")
	    POD("a", "y-0", "n2", "10.2.0.2", "StatefulSet", "y", "app: x, tier: y") DNS_SERVICE;
	struct scene scene = {0};
	char *text;
	uint32_t x;

	(void)state;
	scene_inventory(&scene, yaml);
	x = local_pod(&scene, "a", "x-0", "10.1.0.1");
	scene_edge(&scene, (struct scene_edge){
			       .from = "192.0.2.1", .to = "10.2.0.2", .port = 7, .node = "n1"});
	text = policies(&scene, NULL, 0);
	assert_null(strstr(text, "NetworkPolicy"));
	free(text);
	scene_edge(&scene, (struct scene_edge){
			       .from = "10.1.0.1", .from_pod = x, .to = "192.0.2.1", .port = 1});
	text = policies(&scene, NULL, 0);
	assert_non_null(strstr(text, "name: x-netpol"));
	assert_null(strstr(text, "name: y-netpol"));
	assert_non_null(strstr(text, "port: 7\n"));
	free(text);
	scene_close(&scene);
}

static void test_no_label_in_common(void **state)
{
	static const char yaml[] = POD("a", "x-0", "n1", "10.1.0.1", "StatefulSet", "x", "only: x0")
	    POD("a", "x-1", "n1", "10.1.0.2", "StatefulSet", "x", "only: x1") DNS_SERVICE;
	struct scene scene = {0};
	uint32_t x;

	(void)state;
	scene_inventory(&scene, yaml);
	x = local_pod(&scene, "a", "x-0", "10.1.0.1");
	scene_edge(&scene, (struct scene_edge){
			       .from = "10.1.0.1", .from_pod = x, .to = "192.0.2.1", .port = 1});
	assert_no_policies(&scene);
	assert_true(scene_has_problem(&scene, "StatefulSet/x in a", "no label in common"));
	scene_close(&scene);
}

static void test_names(void **state)
{
#define LONG                                                                                       \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaaa"
	static const char yaml[] = POD("a", "p1", "n1", "10.1.0.1", "StatefulSet", "x", "app: p1")
	    POD("a", "p2", "n1", "10.1.0.2", "DaemonSet", "x", "app: p2")
		POD("a", "p3", "n1", "10.1.0.3", "StatefulSet", "daemonset-x", "app: p3")
		    POD("b", "p4", "n1", "10.1.0.4", "StatefulSet", "x", "app: p4")
			POD("b", "p5", "n1", "10.1.0.5", "StatefulSet", LONG LONG LONG, "app: p5")
			    DNS_SERVICE;
	static const char *const names[] = {"p1", "p2", "p3", "p4", "p5"};
	static const char *const addresses[] = {"10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4",
						"10.1.0.5"};
	struct policy_request request;
	struct scene scene = {0};
	struct policy_set *set = NULL;

	(void)state;
	scene_inventory(&scene, yaml);
	for (size_t i = 0; i < 5; i++) {
		uint32_t pod = local_pod(&scene, i < 3 ? "a" : "b", names[i], addresses[i]);

		scene_edge(&scene, (struct scene_edge){.from = addresses[i],
						       .from_pod = pod,
						       .to = "192.0.2.1",
						       .port = 1});
	}
	policy_request_init(&request);
	assert_int_equal(policy_derive(scene_build(&scene, 0), &request, &scene.problems, &set), 0);
	assert_int_equal(set->count, 5);
	assert_memory_equal(set->policies[0].name, "daemonset-x-", 12);
	assert_int_equal(strlen(set->policies[0].name), strlen("daemonset-x-01234567-netpol"));
	assert_string_equal(set->policies[1].name, "daemonset-x-netpol");
	assert_string_equal(set->policies[2].name, "statefulset-x-netpol");
	assert_int_equal(strlen(set->policies[3].name), 253);
	assert_string_equal(set->policies[4].name, "x-netpol");
	policy_set_free(set);
	scene_close(&scene);
}

static void test_filter(void **state)
{
	const struct policy_filter db = {
	    .namespace = "shop", .workload_kind = "statefulset", .workload_name = "db"};
	const struct policy_filter other = {.namespace = "elsewhere"};
	const struct policy_filter nobody = {.workload_kind = "Deployment",
					     .workload_name = "nobody"};
	const struct policy_filter peer = {.workload_name = "coredns"};
	struct shop s;
	char *text;

	(void)state;
	shop_open(&s, shop);
	shop_talk(&s);
	text = policies(&s.scene, &db, 0);
	assert_non_null(strstr(text, "name: db-netpol\n"));
	assert_null(strstr(text, "name: api-netpol\n"));
	free(text);
	assert_int_equal(s.scene.problems.count, 0);
	assert_policies(&s.scene, &other, "apiVersion: v1\nkind: List\nitems: []\n");
	assert_int_equal(s.scene.problems.count, 1);
	assert_true(scene_has_problem(&s.scene, "elsewhere", "no pod of a namespace"));
	free(policies(&s.scene, &nobody, 0));
	assert_true(scene_has_problem(&s.scene, "Deployment/nobody", "no such workload"));
	free(policies(&s.scene, &peer, 0));
	assert_true(scene_has_problem(&s.scene, "coredns", "not recorded on the node"));
	scene_close(&s.scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_shop),
	    cmocka_unit_test(test_order_of_rows_does_not_matter),
	    cmocka_unit_test(test_without_inventory),
	    cmocka_unit_test(test_only_what_worked),
	    cmocka_unit_test(test_one_way),
	    cmocka_unit_test(test_uncertain_and_portless),
	    cmocka_unit_test(test_dead_replica),
	    cmocka_unit_test(test_peer_without_labels),
	    cmocka_unit_test(test_remote_peers),
	    cmocka_unit_test(test_source_nat),
	    cmocka_unit_test(test_addresses_outside),
	    cmocka_unit_test(test_dns_from_the_inventory),
	    cmocka_unit_test(test_dns_by_convention),
	    cmocka_unit_test(test_dns_upstream_is_not_for_all),
	    cmocka_unit_test(test_name_of_an_owner_that_ends_with_a_dot),
	    cmocka_unit_test(test_dns_upstream_beside_an_unseen_resolver),
	    cmocka_unit_test(test_dns_outside_is_for_all_if_there_is_no_other),
	    cmocka_unit_test(test_dns_of_a_node_is_for_all),
	    cmocka_unit_test(test_dns_of_another_pod_is_not_for_all),
	    cmocka_unit_test(test_dns_of_a_resolver_is_open),
	    cmocka_unit_test(test_dns_of_a_resolver_that_was_asked),
	    cmocka_unit_test(test_same_labels_are_one_policy),
	    cmocka_unit_test(test_selector_that_picks_others),
	    cmocka_unit_test(test_pods_that_are_picked_too),
	    cmocka_unit_test(test_no_label_in_common),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
