/*
 * ClusterNetworkPolicy as policy.networking.k8s.io publishes it:
 * kubernetes-sigs/network-policy-api, apis/v1alpha2 at 066a9454 and apis/v1beta1 at 30ea168a, which
 * have the same fields. (Before its release v1alpha2 had "match" where it has "protocols" now.)
 *
 * It isolates nobody by itself, so the last rule of a direction denies what is left. An ingress
 * peer is pods or namespaces and never a network, and so that rule denies pods alone: nodes and the
 * outside stay as they were. In egress nothing is exempt, not even the pod's own node.
 *
 * The tier is Baseline: it decides for pods that no NetworkPolicy selects, and so takes nothing
 * from who owns the namespace and allows nothing that they denied. Among policies of one tier and
 * priority the API leaves open which one decides; those of workloads select different pods, and a
 * namespace's default-deny comes after them.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "policy/kind_common.h"
#include "policy/name.h"

/* Of rules, of a rule's peers and protocols, of a peer's networks. */
#define ITEMS_MAX 25
#define PRIORITY_WORKLOAD 500
#define PRIORITY_DEFAULT_DENY 1000

struct direction_words {
	const char *rules, *peers;
};

static const struct direction_words words[DIRECTIONS] = {
    [DIRECTION_INGRESS] = {"ingress", "from"}, [DIRECTION_EGRESS] = {"egress", "to"}};

/* ---- what need not be said ---- */

/* Nodes are let in by every one of its policies, the pod's own without a word. */
static bool is_implied(const struct policy_peer *peer)
{
	return peer->kind == PEER_BLOCK && (peer->wider & WIDER_OWN_NODE);
}

static void free_said(struct policy_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(rules[i].peers);
	free(rules);
}

/* A rule without those peers, for which there is room. */
static void copy_said(const struct policy_rule *rule, struct policy_rule *ret)
{
	for (size_t i = 0; i < rule->peer_count; i++)
		if (!is_implied(&rule->peers[i]))
			ret->peers[ret->peer_count++] = rule->peers[i];
}

/* The policy without them; its ingress is to be released with free_said(). */
static int find_said(const struct policy *policy, struct policy *ret)
{
	const struct policy_rule *rules = policy->rules[DIRECTION_INGRESS];
	const size_t count = policy->rule_count[DIRECTION_INGRESS];
	struct policy_rule *said = calloc(count + 1, sizeof(*said));
	size_t kept = 0;

	if (!said)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct policy_rule rule = rules[i];

		rule.peer_count = 0;
		rule.peers = calloc(rules[i].peer_count, sizeof(*rule.peers));
		if (!rule.peers) {
			free_said(said, kept);
			return -ENOMEM;
		}
		copy_said(&rules[i], &rule);
		if (rule.peer_count > 0)
			said[kept++] = rule;
		else
			free(rule.peers);
	}
	*ret = *policy;
	ret->rules[DIRECTION_INGRESS] = said;
	ret->rule_count[DIRECTION_INGRESS] = kept;
	return 0;
}

/* ---- what it cannot say ---- */

static size_t count_blocks(const struct policy_rule *rule)
{
	size_t count = 0;

	for (size_t i = 0; i < rule->peer_count; i++)
		count += rule->peers[i].kind == PEER_BLOCK;
	return count;
}

/* All blocks of a rule are one peer. */
static size_t count_peers(const struct policy_rule *rule)
{
	const size_t blocks = count_blocks(rule);

	return rule->peer_count - blocks + (blocks > 0);
}

static bool put_too_many(struct buf *why, size_t count, size_t most, const char *what)
{
	if (count > most)
		buf_printf(why, "%zu %s and can have %zu", count, what, most);
	return count > most;
}

/* The first reason; false: there is none. */
static bool put_rule_limit(struct buf *why, int direction, const struct policy_rule *rule)
{
	const size_t blocks = count_blocks(rule);

	if (direction == DIRECTION_INGRESS && blocks > 0) {
		buf_puts(why, "peers that are addresses, and can name pods alone");
		return true;
	}
	return put_too_many(why, blocks, ITEMS_MAX, "blocks in one rule") ||
	       put_too_many(why, count_peers(rule), ITEMS_MAX, "peers in one rule") ||
	       put_too_many(why, rule->port_count, ITEMS_MAX, "ports in one rule");
}

static bool put_limit(struct buf *why, const struct policy *policy, int direction)
{
	buf_printf(why, "no ClusterNetworkPolicy: its %s has ", words[direction].rules);
	for (size_t i = 0; i < policy->rule_count[direction]; i++)
		if (put_rule_limit(why, direction, &policy->rules[direction][i]))
			return true;
	return put_too_many(why, policy->rule_count[direction], ITEMS_MAX - 1, "rules");
}

/* 1; 0: with a problem; -ENOMEM. */
static int can_say(const struct policy *policy, struct problems *problems)
{
	for (int i = 0; i < DIRECTIONS; i++) {
		struct buf why = {0};
		int r = put_limit(&why, policy, i) ? 0 : 1;

		if (r == 0)
			buf_puts(&why, "; print it as another kind");
		if (why.error)
			r = why.error;
		else if (r == 0)
			kind_problem(policy, problems, PROBLEM_WARNING, why.data);
		buf_clear(&why);
		if (r <= 0)
			return r;
	}
	return 1;
}

/* ---- peers ---- */

/* Takes labels. */
static json_t *pods_tree(const char *namespace, json_t *labels)
{
	return json_pack("{s:{s:{s:s}}, s:o}", "namespaceSelector", "matchLabels",
			 "kubernetes.io/metadata.name", namespace, "podSelector",
			 kind_selector(labels));
}

static json_t *peer_tree(const struct policy *policy, const struct policy_peer *peer,
			 const struct kind_options *options)
{
	json_t *tree = kind_peer(peer, options);
	json_t *labels;
	int r;

	if (peer->kind == PEER_ALL_PODS) {
		r = kind_set(tree, "namespaces", json_object());
	} else {
		labels = kind_labels(&peer->selector);
		r = labels
			? kind_set(tree, "pods",
				   pods_tree(*peer->namespace ? peer->namespace : policy->namespace,
					     labels))
			: -ENOMEM;
	}
	if (r == 0)
		return tree;
	json_decref(tree);
	return NULL;
}

/* Networks are texts and have no place for a comment: their peer has it. */
static json_t *networks_tree(const struct policy_rule *rule, const struct kind_options *options)
{
	json_t *tree = json_object(), *networks = json_array();
	char text[PREFIX_TEXT_MAX];
	int r = 0;

	for (size_t i = 0; i < rule->peer_count; i++) {
		const struct policy_peer *peer = &rule->peers[i];

		if (peer->kind != PEER_BLOCK)
			continue;
		r |= kind_comment_peer(tree, peer, options);
		r |= kind_append(networks, json_string(prefix_format(peer->block, text)));
	}
	r |= kind_set(tree, "networks", networks);
	if (r == 0)
		return tree;
	json_decref(tree);
	return NULL;
}

static json_t *peers_tree(const struct policy *policy, const struct policy_rule *rule,
			  const struct kind_options *options)
{
	json_t *peers = json_array();
	int r = 0;

	for (size_t i = 0; i < rule->peer_count; i++)
		if (rule->peers[i].kind != PEER_BLOCK)
			r |= kind_append(peers, peer_tree(policy, &rule->peers[i], options));
	if (count_blocks(rule) > 0)
		r |= kind_append(peers, networks_tree(rule, options));
	if (r == 0)
		return peers;
	json_decref(peers);
	return NULL;
}

/* ---- ports ---- */

static const char *protocol_key(uint8_t protocol)
{
	if (protocol == IPPROTO_SCTP)
		return "sctp";
	return protocol == IPPROTO_UDP ? "udp" : "tcp";
}

static json_t *protocol_tree(const struct policy_port *port)
{
	if (port->end_port)
		return json_pack("{s:{s:{s:{s:i, s:i}}}}", protocol_key(port->protocol),
				 "destinationPort", "range", "start", (int)port->port, "end",
				 (int)port->end_port);
	return json_pack("{s:{s:{s:i}}}", protocol_key(port->protocol), "destinationPort", "number",
			 (int)port->port);
}

static json_t *protocols_tree(const struct policy_rule *rule)
{
	json_t *protocols = json_array();
	int r = 0;

	for (size_t i = 0; i < rule->port_count; i++)
		r |= kind_append(protocols, protocol_tree(&rule->ports[i]));
	if (r == 0)
		return protocols;
	json_decref(protocols);
	return NULL;
}

/* ---- rules ---- */

static json_t *accept_tree(const struct policy *policy, int direction,
			   const struct policy_rule *rule, const struct kind_options *options)
{
	return json_pack("{s:s, s:o, s:o}", "action", "Accept", words[direction].peers,
			 peers_tree(policy, rule, options), "protocols", protocols_tree(rule));
}

static json_t *deny_tree(int direction)
{
	if (direction == DIRECTION_INGRESS)
		return json_pack("{s:s, s:s, s:[{s:{}}]}", "name", "default-deny", "action", "Deny",
				 words[direction].peers, "namespaces");
	return json_pack("{s:s, s:s, s:[{s:{}}, {s:[s, s]}]}", "name", "default-deny", "action",
			 "Deny", words[direction].peers, "namespaces", "networks", "0.0.0.0/0",
			 "::/0");
}

static json_t *rules_tree(const struct policy *policy, int direction,
			  const struct kind_options *options)
{
	json_t *rules = json_array();
	int r = 0;

	for (size_t i = 0; i < policy->rule_count[direction]; i++)
		r |= kind_append(
		    rules, accept_tree(policy, direction, &policy->rules[direction][i], options));
	r |= kind_append(rules, deny_tree(direction));
	if (r == 0)
		return rules;
	json_decref(rules);
	return NULL;
}

/* Takes labels. */
static json_t *spec_tree(const struct policy *policy, json_t *labels,
			 const struct kind_options *options)
{
	json_t *spec = json_pack("{s:s, s:i, s:{s:o}}", "tier", "Baseline", "priority",
				 policy->workload ? PRIORITY_WORKLOAD : PRIORITY_DEFAULT_DENY,
				 "subject", "pods", pods_tree(policy->namespace, labels));
	int r = 0;

	for (int i = 0; i < DIRECTIONS; i++)
		if (policy->isolates[i])
			r |= kind_set(spec, words[i].rules, rules_tree(policy, i, options));
	if (r == 0)
		return spec;
	json_decref(spec);
	return NULL;
}

/* ---- objects ---- */

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* A namespace has no dots, so that no two policies are called alike. */
static void put_name(struct buf *buf, const struct policy *policy)
{
	static const size_t hash_text = sizeof("-0123456789abcdef") - 1;
	uint64_t hash;

	buf_printf(buf, "%s.%s", policy->namespace, policy->name);
	if (buf->error || buf->length <= POLICY_NAME_MAX)
		return;
	hash = hash_bytes((struct hash_seed){0}, buf->data, buf->length);
	buf->length = POLICY_NAME_MAX - hash_text;
	while (!is_letter_or_digit(buf->data[buf->length - 1]))
		buf->length--;
	buf_printf(buf, "-%016llx", (unsigned long long)hash);
}

/* Takes spec. */
static json_t *object_tree(const struct policy *policy, const struct kind_options *options,
			   json_t *spec)
{
	json_t *object = kind_object(policy, options);
	struct buf name = {0};
	int r;

	put_name(&name, policy);
	r = kind_set(object, "apiVersion", json_string(options->api_version));
	r |= kind_set(object, "kind", json_string("ClusterNetworkPolicy"));
	r |= kind_set(object, "metadata",
		      name.error ? NULL : kind_metadata(policy, options, name.data, NULL));
	r |= kind_set(object, "spec", spec);
	buf_clear(&name);
	if (r == 0)
		return object;
	json_decref(object);
	return NULL;
}

static int add_said(const struct policy *policy, const struct kind_options *options,
		    struct problems *problems, json_t *objects)
{
	json_t *labels;
	int r = can_say(policy, problems);

	if (r > 0)
		r = kind_subject(policy, options, problems, &labels);
	if (r <= 0)
		return r;
	return kind_append(objects,
			   object_tree(policy, options, spec_tree(policy, labels, options)));
}

static int add(const struct policy *policy, const struct kind_options *options,
	       struct problems *problems, json_t *objects)
{
	struct policy said;
	int r = find_said(policy, &said);

	if (r < 0)
		return r;
	r = add_said(&said, options, problems, objects);
	free_said(said.rules[DIRECTION_INGRESS], said.rule_count[DIRECTION_INGRESS]);
	return r;
}

static const char *const api_versions[] = {"policy.networking.k8s.io/v1alpha2",
					   "policy.networking.k8s.io/v1beta1", NULL};

const struct policy_kind kind_clusternetworkpolicy = {.name = "clusternetworkpolicy",
						      .api_versions = api_versions,
						      .cluster_scoped = true,
						      .add = add};
