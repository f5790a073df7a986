#include "policy/kind_networkpolicy.h"

#include "policy/kind_common.h"

static void set_block(struct tree_node *peer, struct prefix block)
{
	kind_add_block(tree_add_map(peer, "ipBlock"), "cidr", block);
}

/* Both selectors in one peer: pods of that namespace only. */
static void set_pods(struct tree_node *tree, const struct policy_peer *peer)
{
	if (*peer->namespace)
		kind_add_single(tree_add_map(tree, "namespaceSelector"), "matchLabels",
				"kubernetes.io/metadata.name", peer->namespace);
	kind_add_selector(tree, "podSelector", &peer->selector);
}

static void add_peer(struct tree_node *peers, const struct policy_peer *peer,
		     const struct kind_options *options)
{
	struct tree_node *tree = kind_add_peer(peers, peer, options);

	if (peer->kind == PEER_BLOCK)
		set_block(tree, peer->block);
	else if (peer->kind == PEER_ALL_PODS)
		tree_add_map(tree, "namespaceSelector");
	else
		set_pods(tree, peer);
}

static void add_port(struct tree_node *ports, const struct policy_port *port)
{
	struct tree_node *tree = tree_add_map(ports, NULL);

	tree_add_text(tree, "protocol", kind_protocol(port->protocol));
	tree_add_integer(tree, "port", port->port);
	if (port->end_port)
		tree_add_integer(tree, "endPort", port->end_port);
}

static void add_rule(struct tree_node *rules, const struct policy_rule *rule, const char *peers_key,
		     const struct kind_options *options)
{
	struct tree_node *tree = tree_add_map(rules, NULL);
	struct tree_node *peers = tree_add_list(tree, peers_key);
	struct tree_node *ports = tree_add_list(tree, "ports");

	for (size_t i = 0; i < rule->peer_count; i++)
		add_peer(peers, &rule->peers[i], options);
	for (size_t i = 0; i < rule->port_count; i++)
		add_port(ports, &rule->ports[i]);
}

static void add_rules(struct tree_node *spec, const struct policy *policy, int direction,
		      const struct kind_options *options)
{
	const bool is_egress = direction == DIRECTION_EGRESS;
	struct tree_node *rules;

	if (!policy->isolates[direction])
		return;
	rules = tree_add_list(spec, is_egress ? "egress" : "ingress");
	for (size_t i = 0; i < policy->rule_count[direction]; i++)
		add_rule(rules, &policy->rules[direction][i], is_egress ? "to" : "from", options);
}

static void add_types(struct tree_node *spec, const struct policy *policy)
{
	struct tree_node *types = tree_add_list(spec, "policyTypes");

	if (policy->isolates[DIRECTION_INGRESS])
		tree_add_text(types, NULL, "Ingress");
	if (policy->isolates[DIRECTION_EGRESS])
		tree_add_text(types, NULL, "Egress");
}

struct tree_node *networkpolicy_add_spec(struct tree_node *object, const struct policy *policy,
					 const struct kind_options *options)
{
	struct tree_node *spec = tree_add_map(object, "spec");

	kind_add_subject_selector(spec, "podSelector", policy, options);
	add_types(spec, policy);
	add_rules(spec, policy, DIRECTION_INGRESS, options);
	add_rules(spec, policy, DIRECTION_EGRESS, options);
	return spec;
}

static int add(const struct policy *policy, const struct kind_options *options,
	       struct problems *problems, struct tree_node *objects)
{
	struct tree_node *object;

	if (!kind_has_subject(policy, options, problems))
		return 0;
	object = kind_add_object(objects, NULL, policy, options, "NetworkPolicy");
	kind_add_metadata(object, policy, options, policy->name, policy->namespace);
	networkpolicy_add_spec(object, policy, options);
	return objects->tree->error;
}

static const char *const api_versions[] = {"networking.k8s.io/v1", NULL};

const struct policy_kind kind_networkpolicy = {
    .name = "networkpolicy", .api_versions = api_versions, .add = add};
