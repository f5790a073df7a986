/*
 * CiliumNetworkPolicy as its CRD and Rule.Sanitize have it (cilium.io/v2, Cilium 1.16 and later):
 * one kind of peer in a rule, at most 40 ports in a list, ports as text.
 */
#include <stdio.h>
#include <string.h>

#include "policy/kind_common.h"

#define PORTS_MAX 40
/* The label by which Cilium knows a pod's namespace; a selector without it stays in the policy's.
 */
#define NAMESPACE "k8s:io.kubernetes.pod.namespace"

/* A rule may have peers of one of these. */
enum member { ENDPOINTS, CIDRS, ENTITIES, MEMBERS };

static const char *const names[DIRECTIONS][MEMBERS] = {
    [DIRECTION_INGRESS] = {"fromEndpoints", "fromCIDRSet", "fromEntities"},
    [DIRECTION_EGRESS] = {"toEndpoints", "toCIDRSet", "toEntities"}};

static enum member member_of(const struct policy_peer *peer)
{
	if (peer->kind == PEER_ENTITY)
		return ENTITIES;
	return peer->kind == PEER_BLOCK ? CIDRS : ENDPOINTS;
}

/* ---- ports ---- */

static void add_port_number(struct tree_node *tree, const struct policy_port *port)
{
	char text[8];

	snprintf(text, sizeof(text), "%u", port->port);
	tree_add_copy(tree, "port", text, strlen(text));
	if (port->end_port)
		tree_add_integer(tree, "endPort", port->end_port);
	tree_add_text(tree, "protocol", kind_protocol(port->protocol));
}

/* Any of the lists is enough. */
static void add_ports(struct tree_node *rule_tree, const struct policy_rule *rule)
{
	struct tree_node *lists = tree_add_list(rule_tree, "toPorts"), *list = NULL;

	for (size_t i = 0; i < rule->port_count; i++) {
		if (i % PORTS_MAX == 0)
			list = tree_add_list(tree_add_map(lists, NULL), "ports");
		add_port_number(tree_add_map(list, NULL), &rule->ports[i]);
	}
}

/* ---- peers ---- */

/* Without a namespace: in any, so that it holds pods and nothing else. */
static void set_all_pods(struct tree_node *tree)
{
	struct tree_node *is_pod = tree_add_map(tree_add_list(tree, "matchExpressions"), NULL);

	tree_add_text(is_pod, "key", NAMESPACE);
	tree_add_text(is_pod, "operator", "Exists");
}

static void set_pods(struct tree_node *tree, const struct policy_peer *peer)
{
	struct tree_node *labels;

	if (peer->selector.count == 0 && !*peer->namespace)
		return;
	labels = kind_add_labels(tree, "matchLabels", &peer->selector);
	if (*peer->namespace)
		tree_add_text(labels, NAMESPACE, peer->namespace);
}

static void add_peer(struct tree_node *list, const struct policy_peer *peer,
		     const struct kind_options *options)
{
	struct tree_node *tree = kind_add_peer(list, peer, options);

	if (peer->kind == PEER_BLOCK)
		kind_add_block(tree, "cidr", peer->block);
	else if (peer->kind == PEER_ALL_PODS)
		set_all_pods(tree);
	else
		set_pods(tree, peer);
}

/* The nodes are the pod's own, too, and no entity may be there twice. */
static bool is_said(const struct policy_rule *rule, enum entity entity)
{
	for (size_t i = 0; entity == ENTITY_HOST && i < rule->peer_count; i++)
		if (rule->peers[i].kind == PEER_ENTITY && rule->peers[i].entity == ENTITY_NODES)
			return true;
	return false;
}

static void add_entity(struct tree_node *list, enum entity entity)
{
	if (entity == ENTITY_API_SERVER) {
		tree_add_text(list, NULL, "kube-apiserver");
		return;
	}
	if (entity == ENTITY_WORLD) {
		tree_add_text(list, NULL, "world");
		return;
	}
	tree_add_text(list, NULL, "host");
	if (entity == ENTITY_NODES)
		tree_add_text(list, NULL, "remote-node");
}

static void add_peers(struct tree_node *list, const struct policy_rule *rule, enum member member,
		      const struct kind_options *options)
{
	for (size_t i = 0; i < rule->peer_count; i++) {
		const struct policy_peer *peer = &rule->peers[i];

		if (member_of(peer) != member)
			continue;
		if (member != ENTITIES)
			add_peer(list, peer, options);
		else if (!is_said(rule, peer->entity))
			add_entity(list, peer->entity);
	}
}

/* ---- rules ---- */

static bool has_member(const struct policy_rule *rule, enum member member)
{
	for (size_t i = 0; i < rule->peer_count; i++)
		if (member_of(&rule->peers[i]) == member)
			return true;
	return false;
}

/* Entities are words and have no place for a comment: the rule has it. */
static void comment_entities(struct tree_node *tree, const struct policy_rule *rule,
			     const struct kind_options *options)
{
	for (size_t i = 0; i < rule->peer_count; i++)
		if (member_of(&rule->peers[i]) == ENTITIES)
			kind_comment_peer(tree, &rule->peers[i], options);
}

static void add_rule(struct tree_node *rules, const struct policy_rule *rule, int direction,
		     enum member member, const struct kind_options *options)
{
	struct tree_node *tree = tree_add_map(rules, NULL);

	if (member == ENTITIES)
		comment_entities(tree, rule, options);
	add_peers(tree_add_list(tree, names[direction][member]), rule, member, options);
	add_ports(tree, rule);
}

/* An empty rule allows nothing, and isolates also before there was enableDefaultDeny. */
static void add_rules(struct tree_node *rules, const struct policy *policy, int direction,
		      const struct kind_options *options)
{
	if (policy->rule_count[direction] == 0)
		tree_add_map(rules, NULL);
	for (size_t i = 0; i < policy->rule_count[direction]; i++)
		for (enum member member = 0; member < MEMBERS; member++)
			if (has_member(&policy->rules[direction][i], member))
				add_rule(rules, &policy->rules[direction][i], direction, member,
					 options);
}

static void add_spec(struct tree_node *object, const struct policy *policy,
		     const struct kind_options *options)
{
	static const char *const directions[DIRECTIONS] = {
	    [DIRECTION_INGRESS] = "ingress", [DIRECTION_EGRESS] = "egress"};
	struct tree_node *spec = tree_add_map(object, "spec"), *denied;

	kind_add_subject_selector(spec, "endpointSelector", policy, options);
	denied = tree_add_map(spec, "enableDefaultDeny");
	for (int i = 0; i < DIRECTIONS; i++)
		if (policy->isolates[i])
			tree_add_boolean(denied, directions[i], true);
	for (int i = 0; i < DIRECTIONS; i++)
		if (policy->isolates[i])
			add_rules(tree_add_list(spec, directions[i]), policy, i, options);
}

/* ---- what Cilium does not match ---- */

bool cilium_passes_over(const struct policy_peer *peer)
{
	return peer->kind == PEER_BLOCK && peer->class &&
	       (strcmp(peer->class, "pod") == 0 || strcmp(peer->class, "ambiguous") == 0);
}

/* NULL: there is none. */
static const struct policy_peer *find_passed_over(const struct policy *policy, size_t *ret_count)
{
	const struct policy_peer *first = NULL;

	*ret_count = 0;
	for (int i = 0; i < DIRECTIONS; i++)
		for (size_t j = 0; j < policy->rule_count[i]; j++)
			for (size_t k = 0; k < policy->rules[i][j].peer_count; k++) {
				const struct policy_peer *peer = &policy->rules[i][j].peers[k];

				if (!cilium_passes_over(peer))
					continue;
				first = first ? first : peer;
				++*ret_count;
			}
	return first;
}

/* 1: it can be said; 0: it cannot, and there is a problem; -ENOMEM. */
static int hold_to_matches(const struct policy *policy, struct problems *problems)
{
	size_t count;
	const struct policy_peer *peer = find_passed_over(policy, &count);
	struct buf text = {0};
	int r;

	if (!peer)
		return 1;
	buf_puts(&text, "no CiliumNetworkPolicy: pods are peers by their addresses (");
	kind_put_peer(&text, peer);
	if (count > 1)
		buf_printf(&text, " and %zu more", count - 1);
	buf_puts(&text, "), where Cilium does not look for pods that it manages; give an inventory "
			"with their labels, or do without --include");
	r = text.error;
	if (r == 0)
		kind_problem(policy, problems, PROBLEM_WARNING, text.data);
	buf_clear(&text);
	return r;
}

static int add(const struct policy *policy, const struct kind_options *options,
	       struct problems *problems, struct tree_node *objects)
{
	struct tree_node *object;
	int r;

	if (!kind_has_subject(policy, options, problems))
		return 0;
	r = hold_to_matches(policy, problems);
	if (r <= 0)
		return r;
	object = kind_add_object(objects, NULL, policy, options, "CiliumNetworkPolicy");
	kind_add_metadata(object, policy, options, policy->name, policy->namespace);
	add_spec(object, policy, options);
	return objects->tree->error;
}

static const char *const api_versions[] = {"cilium.io/v2", NULL};

const struct policy_kind kind_cilium = {
    .name = "cilium", .api_versions = api_versions, .entities = true, .add = add};
