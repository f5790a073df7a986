#include "policy/kind_networkpolicy.h"

#include <errno.h>

#include "policy/kind_common.h"

static int set_selector(json_t *peer, const char *key, const struct labels *labels)
{
	json_t *tree = kind_labels(labels);

	return tree ? kind_set(peer, key, kind_selector(tree)) : -ENOMEM;
}

static int set_block(json_t *tree, struct prefix block)
{
	char text[PREFIX_TEXT_MAX];

	return kind_set(tree, "ipBlock",
			kind_object_of("cidr", json_string(prefix_format(block, text))));
}

/* Both selectors in one peer: pods of that namespace only. */
static int set_pods(json_t *tree, const struct policy_peer *peer)
{
	int r = 0;

	if (*peer->namespace)
		r = kind_set(
		    tree, "namespaceSelector",
		    kind_object_of("matchLabels", kind_object_of("kubernetes.io/metadata.name",
								 json_string(peer->namespace))));
	return r == 0 ? set_selector(tree, "podSelector", &peer->selector) : r;
}

static json_t *peer_tree(const struct policy_peer *peer, const struct kind_options *options)
{
	json_t *tree = kind_peer(peer, options);
	int r;

	if (peer->kind == PEER_BLOCK)
		r = set_block(tree, peer->block);
	else if (peer->kind == PEER_ALL_PODS)
		r = kind_set(tree, "namespaceSelector", json_object());
	else
		r = set_pods(tree, peer);
	if (r == 0)
		return tree;
	json_decref(tree);
	return NULL;
}

static json_t *port_tree(const struct policy_port *port)
{
	json_t *tree = kind_object_of("protocol", json_string(kind_protocol(port->protocol)));
	int r = tree ? kind_set(tree, "port", json_integer(port->port)) : -ENOMEM;

	if (r == 0 && port->end_port)
		r = kind_set(tree, "endPort", json_integer(port->end_port));
	if (r == 0)
		return tree;
	json_decref(tree);
	return NULL;
}

static json_t *rule_tree(const struct policy_rule *rule, const char *peers_key,
			 const struct kind_options *options)
{
	json_t *peers = json_array(), *ports = json_array();
	int r = 0;

	for (size_t i = 0; i < rule->peer_count; i++)
		r |= kind_append(peers, peer_tree(&rule->peers[i], options));
	for (size_t i = 0; i < rule->port_count; i++)
		r |= kind_append(ports, port_tree(&rule->ports[i]));
	if (r < 0) {
		json_decref(peers);
		json_decref(ports);
		return NULL;
	}
	return json_pack("{s:o, s:o}", peers_key, peers, "ports", ports);
}

static int set_rules(json_t *spec, const struct policy *policy, int direction,
		     const struct kind_options *options)
{
	const bool is_egress = direction == DIRECTION_EGRESS;
	json_t *rules;
	int r = 0;

	if (!policy->isolates[direction])
		return 0;
	rules = json_array();
	for (size_t i = 0; i < policy->rule_count[direction]; i++)
		r |= kind_append(rules, rule_tree(&policy->rules[direction][i],
						  is_egress ? "to" : "from", options));
	return kind_set(spec, is_egress ? "egress" : "ingress", rules) | r;
}

static json_t *types_tree(const struct policy *policy)
{
	json_t *types = json_array();
	int r = 0;

	if (policy->isolates[DIRECTION_INGRESS])
		r |= kind_append(types, json_string("Ingress"));
	if (policy->isolates[DIRECTION_EGRESS])
		r |= kind_append(types, json_string("Egress"));
	if (r == 0)
		return types;
	json_decref(types);
	return NULL;
}

int networkpolicy_spec(const struct policy *policy, const struct kind_options *options,
		       struct problems *problems, json_t **ret)
{
	json_t *spec, *labels;
	int r = kind_subject(policy, options, problems, &labels);

	if (r <= 0)
		return r;
	spec = json_pack("{s:o, s:o}", "podSelector", kind_selector(labels), "policyTypes",
			 types_tree(policy));
	r = set_rules(spec, policy, DIRECTION_INGRESS, options);
	r |= set_rules(spec, policy, DIRECTION_EGRESS, options);
	if (r < 0) {
		json_decref(spec);
		return -ENOMEM;
	}
	*ret = spec;
	return 1;
}

static int add(const struct policy *policy, const struct kind_options *options,
	       struct problems *problems, json_t *objects)
{
	json_t *spec;
	int r = networkpolicy_spec(policy, options, problems, &spec);

	return r <= 0 ? r : kind_add(policy, options, "NetworkPolicy", spec, objects);
}

static const char *const api_versions[] = {"networking.k8s.io/v1", NULL};

const struct policy_kind kind_networkpolicy = {
    .name = "networkpolicy", .api_versions = api_versions, .add = add};
