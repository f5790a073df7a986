/* For who looks at a case that failed. */
#include "tests/unit/policy/cluster.h"

#include <stdio.h>

static void print_labels(const struct labels *labels)
{
	if (!labels) {
		printf(" labels ?");
		return;
	}
	for (size_t i = 0; i < labels->count; i++)
		printf(" %s=%s", labels->items[i].key, labels->items[i].value);
}

static void print_number(const char *what, size_t index)
{
	if (index == SCENE_NONE)
		printf(" %s ?", what);
	else
		printf(" %s %zu", what, index);
}

static void print_address(struct addr address)
{
	char text[ADDR_TEXT_MAX];

	printf(" %s", addr_format(address, text));
}

static void print_addresses(const struct addr *addresses, size_t count)
{
	for (size_t i = 0; i < count; i++)
		print_address(addresses[i]);
}

static void print_prefix(const char *what, struct prefix prefix)
{
	char text[PREFIX_TEXT_MAX];

	printf(" %s %s", what, prefix_format(prefix, text));
}

static void print_pod(const struct cluster *cluster, size_t index)
{
	const struct scene_pod *pod = &cluster->pods[index];

	printf("pod %zu:", index);
	print_number("namespace", pod->namespace);
	print_labels(pod->labels);
	print_number(pod->on_node ? "is node" : "node", pod->node);
	print_addresses(pod->addresses, pod->address_count);
	printf(pod->ports_known ? "" : " ports ?");
	for (size_t i = 0; i < pod->port_count; i++)
		printf(" %s=%u/%u", pod->ports[i].name, pod->ports[i].protocol, pod->ports[i].port);
	printf("\n");
}

static void print_selector(const char *what, const struct label_selector *selector)
{
	static const char *const operators[] = {"in", "notin", "exists", "notexists"};

	printf(" %s {", what);
	for (size_t i = 0; i < selector->count; i++) {
		const struct requirement *item = &selector->items[i];

		printf(" %s %s", item->key, operators[item->operator]);
		for (size_t j = 0; j < item->value_count; j++)
			printf(" %s", item->values[j]);
		printf(";");
	}
	printf(" }");
}

static void print_rule(const char *direction, const struct netpol_rule *rule)
{
	printf("    %s:\n", direction);
	for (size_t i = 0; i < rule->peer_count; i++) {
		const struct netpol_peer *peer = &rule->peers[i];

		printf("      peer");
		if (peer->has_pods)
			print_selector("pods", &peer->pods);
		if (peer->has_namespaces)
			print_selector("namespaces", &peer->namespaces);
		if (peer->has_block)
			print_prefix("block", peer->block);
		for (size_t j = 0; j < peer->except_count; j++)
			print_prefix("except", peer->except[j]);
		printf("\n");
	}
	for (size_t i = 0; i < rule->port_count; i++)
		printf("      port %u/%s %u-%u\n", rule->ports[i].protocol,
		       rule->ports[i].name ? rule->ports[i].name : "", rule->ports[i].first,
		       rule->ports[i].last);
}

static void print_policy(const struct netpol *policy)
{
	printf("policy %s/%u%s%s", policy->namespace, policy->line,
	       policy->isolates[DIRECTION_INGRESS] ? " Ingress" : "",
	       policy->isolates[DIRECTION_EGRESS] ? " Egress" : "");
	print_selector("pods", &policy->pods);
	printf("\n");
	for (size_t i = 0; i < policy->rule_count[DIRECTION_INGRESS]; i++)
		print_rule("ingress", &policy->rules[DIRECTION_INGRESS][i]);
	for (size_t i = 0; i < policy->rule_count[DIRECTION_EGRESS]; i++)
		print_rule("egress", &policy->rules[DIRECTION_EGRESS][i]);
}

void cluster_print(const struct cluster *cluster)
{
	printf("%s\n", cluster->options.ipblock_pods ? "ipBlock selects pods" : "");
	for (size_t i = 0; i < cluster->scene.namespace_count; i++) {
		printf("namespace %zu: %s", i, cluster->namespaces[i].name);
		print_labels(cluster->namespaces[i].labels);
		printf("\n");
	}
	for (size_t i = 0; i < cluster->scene.node_count; i++) {
		printf("node %zu:", i);
		print_addresses(cluster->nodes[i].addresses, cluster->nodes[i].address_count);
		printf("\n");
	}
	for (size_t i = 0; i < cluster->scene.pod_count; i++)
		print_pod(cluster, i);
	for (size_t i = 0; i < cluster->policy_count; i++)
		print_policy(&cluster->policies[i]);
}

static void print_party(const char *what, const struct party *party)
{
	static const char *const kinds[] = {"pod", "node", "addresses"};

	printf(" %s %s", what, kinds[party->kind]);
	if (party->kind != PARTY_ADDRESSES)
		print_number("", party->index);
	if (addr_is_set(party->range.first)) {
		print_address(party->range.first);
		print_address(party->range.last);
	}
}

void question_print(const struct question *question)
{
	printf("asked:");
	print_party("from", &question->from);
	print_party("to", &question->to);
	if (question->has_seen_as)
		print_party("seen as", &question->seen_as);
	printf(" protocol %u port %u\n", question->protocol, question->port);
}
