#include "cluster.h"

#define OWN (CLUSTER_POLICIES - 2 * CLUSTER_NAMESPACES) /* workloads that have a policy */

static const char *const tiers[] = {"front", "api", "data", "batch"};

static const char *tier_of(int workload)
{
	return tiers[workload / CLUSTER_NAMESPACES % 4];
}

/* Where people try things, nobody says where they may connect to. */
static bool is_test(int namespace)
{
	return namespace % 4 == 3;
}

static void put_namespace(FILE *out, int i)
{
	fprintf(out,
		"---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: n%d\n  labels:\n"
		"    kubernetes.io/metadata.name: n%d\n    team: t%d\n    env: %s\n",
		i, i, i % 5, is_test(i) ? "test" : "prod");
}

static void put_labels(FILE *out, const char *indent, int i)
{
	fprintf(out,
		"%slabels:\n%s  app: w%d\n%s  tier: %s\n%s  app.kubernetes.io/part-of: p%d\n"
		"%s  app.kubernetes.io/managed-by: Helm\n",
		indent, indent, i, indent, tier_of(i), indent, i % 50, indent);
}

static void put_containers(FILE *out, const char *indent, int i)
{
	fprintf(out,
		"%scontainers:\n%s- name: main\n%s  image: registry.example/w%d:1\n%s  ports:\n"
		"%s  - name: http\n%s    containerPort: %d\n"
		"%s  - name: metrics\n%s    containerPort: 9090\n%s    protocol: TCP\n",
		indent, indent, indent, i, indent, indent, indent, 8000 + i % 10, indent, indent,
		indent);
}

static void put_deployment(FILE *out, int i)
{
	fprintf(out,
		"---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: w%d\n"
		"  namespace: n%d\nspec:\n  replicas: 2\n  selector:\n    matchLabels:\n"
		"      app: w%d\n  template:\n    metadata:\n",
		i, i % CLUSTER_NAMESPACES, i);
	put_labels(out, "      ", i);
	fputs("    spec:\n", out);
	put_containers(out, "      ", i);
}

static void put_pod(FILE *out, int i, int replica)
{
	int address = 2 * i + replica;

	fprintf(out,
		"---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: w%d-%d\n  namespace: n%d\n"
		"  ownerReferences:\n  - apiVersion: apps/v1\n    kind: StatefulSet\n"
		"    name: w%d\n    uid: 00000000-0000-4000-8000-%012d\n    controller: true\n",
		i, replica, i % CLUSTER_NAMESPACES, i, i);
	put_labels(out, "  ", i);
	fprintf(out, "    statefulset.kubernetes.io/pod-name: w%d-%d\nspec:\n  nodeName: node%d\n",
		i, replica, address % 50);
	put_containers(out, "  ", i);
	fprintf(out, "status:\n  phase: Running\n  podIPs:\n  - ip: 10.244.%d.%d\n", address / 250,
		address % 250 + 1);
}

void cluster_put_objects(FILE *out, bool only_pods)
{
	for (int i = 0; i < CLUSTER_NAMESPACES; i++)
		put_namespace(out, i);
	for (int i = 0; i < CLUSTER_WORKLOADS; i++)
		if (i % 2 == 0 && !only_pods) {
			put_deployment(out, i);
		} else {
			put_pod(out, i, 0);
			put_pod(out, i, 1);
		}
}

static void put_policy(FILE *out, int namespace, const char *name)
{
	fprintf(out,
		"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n"
		"  name: %s\n  namespace: n%d\nspec:\n",
		name, namespace);
}

static void put_closed(FILE *out, int namespace)
{
	put_policy(out, namespace, "deny-all");
	fputs("  podSelector: {}\n  policyTypes:\n  - Ingress\n  - Egress\n", out);
	put_policy(out, namespace, "names");
	fputs("  podSelector: {}\n  policyTypes:\n  - Egress\n  egress:\n  - to:\n"
	      "    - namespaceSelector:\n        matchLabels:\n"
	      "          kubernetes.io/metadata.name: n0\n      podSelector:\n"
	      "        matchLabels:\n          app: w0\n    ports:\n"
	      "    - protocol: UDP\n      port: 53\n    - protocol: TCP\n      port: 53\n",
	      out);
}

static void put_open(FILE *out, int namespace)
{
	put_policy(out, namespace, "same-namespace");
	fputs("  podSelector: {}\n  ingress:\n  - from:\n    - podSelector: {}\n", out);
	put_policy(out, namespace, "metrics");
	fputs("  podSelector: {}\n  ingress:\n  - from:\n    - namespaceSelector:\n"
	      "        matchLabels:\n          env: prod\n    ports:\n    - port: metrics\n",
	      out);
}

/* Its two neighbours in the namespace, and the fronts of another team. */
static void put_pod_rules(FILE *out, int i, const char *direction, const char *peers)
{
	int before = (i + CLUSTER_WORKLOADS - CLUSTER_NAMESPACES) % CLUSTER_WORKLOADS;
	int after = (i + CLUSTER_NAMESPACES) % CLUSTER_WORKLOADS;

	fprintf(
	    out,
	    "  %s:\n  - %s:\n    - podSelector:\n        matchLabels:\n          app: w%d\n"
	    "    - podSelector:\n        matchExpressions:\n        - key: app\n"
	    "          operator: In\n          values:\n          - w%d\n          - w%d-canary\n"
	    "    ports:\n    - port: http\n      protocol: TCP\n"
	    "    - port: 9000\n      endPort: 9100\n",
	    direction, peers, before, after, after);
	fprintf(out,
		"  - %s:\n    - namespaceSelector:\n        matchLabels:\n          team: t%d\n"
		"        matchExpressions:\n        - key: env\n          operator: NotIn\n"
		"          values:\n          - test\n      podSelector:\n        matchLabels:\n"
		"          tier: front\n          app.kubernetes.io/part-of: p%d\n"
		"    ports:\n    - port: %d\n      protocol: TCP\n",
		peers, i % 5, i % 50, 8000 + i % 10);
}

static void put_block_rule(FILE *out, int i, const char *peers)
{
	int block = i % CLUSTER_BLOCKS;

	fprintf(out,
		"  - %s:\n    - ipBlock:\n        cidr: 172.%d.%d.0/24\n        except:\n"
		"        - 172.%d.%d.%d/32\n    ports:\n    - port: 443\n",
		peers, 16 + block / 64, block % 64 * 4, 16 + block / 64, block % 64 * 4, block + 1);
}

static void put_own(FILE *out, int i)
{
	char name[32];

	snprintf(name, sizeof(name), "w%d", i);
	put_policy(out, i % CLUSTER_NAMESPACES, name);
	fprintf(out, "  podSelector:\n    matchLabels:\n      app: w%d\n", i);
	put_pod_rules(out, i, "ingress", "from");
	if (i % 3 == 0)
		put_block_rule(out, i, "from");
	if (is_test(i % CLUSTER_NAMESPACES))
		return;
	put_pod_rules(out, i, "egress", "to");
	if (i % 3 == 1)
		put_block_rule(out, i, "to");
}

void cluster_put_policies(FILE *out)
{
	for (int i = 0; i < CLUSTER_NAMESPACES; i++)
		if (is_test(i))
			put_open(out, i);
		else
			put_closed(out, i);
	for (int i = 0; i < OWN; i++)
		put_own(out, i);
}
