#include "policy/kind.h"

#include <errno.h>
#include <netinet/in.h>

/* Also what output/ takes for a comment. */
#define COMMENT "#"

static json_t *labels_tree(const struct labels *labels)
{
	json_t *tree = json_object();

	for (size_t i = 0; i < labels->count; i++)
		if (json_object_set_new(tree, labels->items[i].key,
					json_string(labels->items[i].value)) < 0) {
			json_decref(tree);
			return NULL;
		}
	return tree;
}

static json_t *peer_tree(const struct policy_peer *peer)
{
	char text[PREFIX_TEXT_MAX];

	if (peer->kind == PEER_BLOCK)
		return json_pack("{s:s, s:{s:s}}", COMMENT, peer->reason, "ipBlock", "cidr",
				 prefix_format(peer->block, text));
	if (peer->kind == PEER_ALL_PODS)
		return json_pack("{s:s, s:{}}", COMMENT, peer->reason, "namespaceSelector");
	if (!*peer->namespace)
		return json_pack("{s:s, s:{s:o}}", COMMENT, peer->reason, "podSelector",
				 "matchLabels", labels_tree(&peer->selector));
	/* Both selectors in one peer: pods of that namespace only. */
	return json_pack("{s:s, s:{s:{s:s}}, s:{s:o}}", COMMENT, peer->reason, "namespaceSelector",
			 "matchLabels", "kubernetes.io/metadata.name", peer->namespace,
			 "podSelector", "matchLabels", labels_tree(&peer->selector));
}

static const char *protocol_text(uint8_t protocol)
{
	if (protocol == IPPROTO_SCTP)
		return "SCTP";
	return protocol == IPPROTO_UDP ? "UDP" : "TCP";
}

static json_t *port_tree(const struct policy_port *port)
{
	json_t *tree =
	    json_pack("{s:s, s:i}", "protocol", protocol_text(port->protocol), "port", port->port);

	if (port->end_port &&
	    json_object_set_new(tree, "endPort", json_integer(port->end_port)) < 0) {
		json_decref(tree);
		return NULL;
	}
	return tree;
}

static json_t *rule_tree(const struct policy_rule *rule, const char *peers_key)
{
	json_t *peers = json_array(), *ports = json_array();
	int r = 0;

	for (size_t i = 0; i < rule->peer_count; i++)
		r |= json_array_append_new(peers, peer_tree(&rule->peers[i]));
	for (size_t i = 0; i < rule->port_count; i++)
		r |= json_array_append_new(ports, port_tree(&rule->ports[i]));
	if (r < 0) {
		json_decref(peers);
		json_decref(ports);
		return NULL;
	}
	return json_pack("{s:o, s:o}", peers_key, peers, "ports", ports);
}

static json_t *rules_tree(const struct policy_rule *rules, size_t count, const char *peers_key)
{
	json_t *tree = json_array();

	for (size_t i = 0; i < count; i++)
		if (json_array_append_new(tree, rule_tree(&rules[i], peers_key)) < 0) {
			json_decref(tree);
			return NULL;
		}
	return tree;
}

static json_t *types_tree(const struct policy *policy)
{
	json_t *types = json_array();

	if (policy->isolates[DIRECTION_INGRESS])
		json_array_append_new(types, json_string("Ingress"));
	if (policy->isolates[DIRECTION_EGRESS])
		json_array_append_new(types, json_string("Egress"));
	return types;
}

static json_t *policy_tree(const struct policy *policy)
{
	json_t *metadata =
	    json_pack("{s:s, s:s, s:{s:s}}", "name", policy->name, "namespace", policy->namespace,
		      "labels", "app.kubernetes.io/managed-by", "netpol");
	json_t *spec = json_pack("{s:{s:o}, s:o}", "podSelector", "matchLabels",
				 labels_tree(&policy->selector), "policyTypes", types_tree(policy));

	if (policy->isolates[DIRECTION_INGRESS])
		json_object_set_new(spec, "ingress",
				    rules_tree(policy->rules[DIRECTION_INGRESS],
					       policy->rule_count[DIRECTION_INGRESS], "from"));
	if (policy->isolates[DIRECTION_EGRESS])
		json_object_set_new(spec, "egress",
				    rules_tree(policy->rules[DIRECTION_EGRESS],
					       policy->rule_count[DIRECTION_EGRESS], "to"));
	return json_pack("{s:s, s:s, s:s, s:o, s:o}", COMMENT, policy->subject, "apiVersion",
			 "networking.k8s.io/v1", "kind", "NetworkPolicy", "metadata", metadata,
			 "spec", spec);
}

static int add(const struct policy *policy, const struct kind_options *options,
	       struct problems *problems, json_t *objects)
{
	(void)options;
	(void)problems;
	return json_array_append_new(objects, policy_tree(policy)) < 0 ? -ENOMEM : 0;
}

static const char *const api_versions[] = {"networking.k8s.io/v1", NULL};

const struct policy_kind kind_networkpolicy = {
    .name = "networkpolicy", .api_versions = api_versions, .add = add};
