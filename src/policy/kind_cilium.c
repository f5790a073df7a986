/*
 * CiliumNetworkPolicy as its CRD and Rule.Sanitize have it (cilium.io/v2, Cilium 1.16 and later):
 * one kind of peer in a rule, at most 40 ports in a list, ports as text.
 */
#include <errno.h>
#include <stdio.h>

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

static json_t *port_tree(const struct policy_port *port)
{
	char text[8];

	snprintf(text, sizeof(text), "%u", port->port);
	if (port->end_port)
		return json_pack("{s:s, s:i, s:s}", "port", text, "endPort", (int)port->end_port,
				 "protocol", kind_protocol(port->protocol));
	return json_pack("{s:s, s:s}", "port", text, "protocol", kind_protocol(port->protocol));
}

static json_t *port_list(const struct policy_port *ports, size_t count)
{
	json_t *list = json_array();
	int r = 0;

	for (size_t i = 0; i < count; i++)
		r |= kind_append(list, port_tree(&ports[i]));
	if (r == 0)
		return json_pack("{s:o}", "ports", list);
	json_decref(list);
	return NULL;
}

/* Any of the lists is enough. */
static int set_ports(json_t *tree, const struct policy_rule *rule)
{
	json_t *lists = json_array();
	int r = 0;

	for (size_t i = 0; i < rule->port_count; i += PORTS_MAX) {
		size_t left = rule->port_count - i;

		r |= kind_append(lists,
				 port_list(rule->ports + i, left < PORTS_MAX ? left : PORTS_MAX));
	}
	return kind_set(tree, "toPorts", lists) | r;
}

/* ---- peers ---- */

/* Without a namespace: in any, so that it holds pods and nothing else. */
static int set_all_pods(json_t *tree)
{
	return kind_set(tree, "matchExpressions",
			json_pack("[{s:s, s:s}]", "key", NAMESPACE, "operator", "Exists"));
}

static int set_pods(json_t *tree, const struct policy_peer *peer)
{
	json_t *labels = kind_labels(&peer->selector);
	int r = labels ? 0 : -ENOMEM;

	if (*peer->namespace)
		r |= kind_set(labels, NAMESPACE, json_string(peer->namespace));
	if (r == 0 && json_object_size(labels) > 0)
		return kind_set(tree, "matchLabels", labels);
	json_decref(labels);
	return r;
}

static json_t *peer_tree(const struct policy_peer *peer, const struct kind_options *options)
{
	json_t *tree = kind_peer(peer, options);
	char text[PREFIX_TEXT_MAX];
	int r;

	if (peer->kind == PEER_BLOCK)
		r = kind_set(tree, "cidr", json_string(prefix_format(peer->block, text)));
	else if (peer->kind == PEER_ALL_PODS)
		r = set_all_pods(tree);
	else
		r = set_pods(tree, peer);
	if (r == 0)
		return tree;
	json_decref(tree);
	return NULL;
}

/* The nodes are the pod's own, too, and no entity may be there twice. */
static bool is_said(const struct policy_rule *rule, enum entity entity)
{
	for (size_t i = 0; entity == ENTITY_HOST && i < rule->peer_count; i++)
		if (rule->peers[i].kind == PEER_ENTITY && rule->peers[i].entity == ENTITY_NODES)
			return true;
	return false;
}

static int append_entity(json_t *list, enum entity entity)
{
	int r;

	if (entity == ENTITY_API_SERVER)
		return kind_append(list, json_string("kube-apiserver"));
	if (entity == ENTITY_WORLD)
		return kind_append(list, json_string("world"));
	r = kind_append(list, json_string("host"));
	if (entity == ENTITY_HOST)
		return r;
	return kind_append(list, json_string("remote-node")) | r;
}

static json_t *peer_list(const struct policy_rule *rule, enum member member,
			 const struct kind_options *options)
{
	json_t *list = json_array();
	int r = 0;

	for (size_t i = 0; i < rule->peer_count; i++) {
		const struct policy_peer *peer = &rule->peers[i];

		if (member_of(peer) != member ||
		    (member == ENTITIES && is_said(rule, peer->entity)))
			continue;
		r |= member == ENTITIES ? append_entity(list, peer->entity)
					: kind_append(list, peer_tree(peer, options));
	}
	if (r == 0)
		return list;
	json_decref(list);
	return NULL;
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
static json_t *empty_rule(const struct policy_rule *rule, enum member member,
			  const struct kind_options *options)
{
	json_t *tree = json_object();
	int r = 0;

	for (size_t i = 0; r == 0 && member == ENTITIES && i < rule->peer_count; i++)
		if (member_of(&rule->peers[i]) == member)
			r = kind_comment_peer(tree, &rule->peers[i], options);
	if (r == 0)
		return tree;
	json_decref(tree);
	return NULL;
}

static json_t *rule_tree(const struct policy_rule *rule, int direction, enum member member,
			 const struct kind_options *options)
{
	json_t *tree = empty_rule(rule, member, options);
	int r = kind_set(tree, names[direction][member], peer_list(rule, member, options));

	if ((set_ports(tree, rule) | r) == 0)
		return tree;
	json_decref(tree);
	return NULL;
}

/* An empty rule allows nothing, and isolates also before there was enableDefaultDeny. */
static json_t *rules_tree(const struct policy *policy, int direction,
			  const struct kind_options *options)
{
	json_t *rules = json_array();
	int r = 0;

	if (policy->rule_count[direction] == 0)
		r = kind_append(rules, json_object());
	for (size_t i = 0; i < policy->rule_count[direction]; i++)
		for (enum member member = 0; member < MEMBERS; member++)
			if (has_member(&policy->rules[direction][i], member))
				r |= kind_append(rules, rule_tree(&policy->rules[direction][i],
								  direction, member, options));
	if (r == 0)
		return rules;
	json_decref(rules);
	return NULL;
}

static json_t *spec_tree(const struct policy *policy, json_t *labels,
			 const struct kind_options *options)
{
	static const char *const directions[DIRECTIONS] = {
	    [DIRECTION_INGRESS] = "ingress", [DIRECTION_EGRESS] = "egress"};
	json_t *spec = json_pack("{s:o}", "endpointSelector", kind_selector(labels));
	json_t *denied = json_object();
	int r = 0;

	for (int i = 0; i < DIRECTIONS; i++)
		if (policy->isolates[i])
			r |= kind_set(denied, directions[i], json_true());
	r |= kind_set(spec, "enableDefaultDeny", denied);
	for (int i = 0; i < DIRECTIONS; i++)
		if (policy->isolates[i])
			r |= kind_set(spec, directions[i], rules_tree(policy, i, options));
	if (r == 0)
		return spec;
	json_decref(spec);
	return NULL;
}

static int add(const struct policy *policy, const struct kind_options *options,
	       struct problems *problems, json_t *objects)
{
	json_t *labels;
	int r = kind_subject(policy, options, problems, &labels);

	if (r <= 0)
		return r;
	return kind_add(policy, options, "CiliumNetworkPolicy", spec_tree(policy, labels, options),
			objects);
}

static const char *const api_versions[] = {"cilium.io/v2", NULL};

const struct policy_kind kind_cilium = {
    .name = "cilium", .api_versions = api_versions, .entities = true, .add = add};
