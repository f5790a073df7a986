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
 * priority the API leaves open which one decides. So of two workloads the one with more labels
 * comes first: where the pods of one are among those of the other, its own policy decides for them.
 * A namespace's default-deny comes after all.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "policy/kind_common.h"
#include "policy/name.h"

/* Of rules, of a rule's peers and protocols, of a peer's networks. */
#define ITEMS_MAX 25
#define PRIORITY_WORKLOAD 500 /* less one for each label */
#define PRIORITY_LABELS_MAX 100
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

/* Pods of the namespace, but for their selector. */
static struct tree_node *add_pods(struct tree_node *parent, const char *namespace)
{
	struct tree_node *pods = tree_add_map(parent, "pods");

	kind_add_single(tree_add_map(pods, "namespaceSelector"), "matchLabels",
			"kubernetes.io/metadata.name", namespace);
	return pods;
}

static void add_peer(struct tree_node *peers, const struct policy *policy,
		     const struct policy_peer *peer, const struct kind_options *options)
{
	const char *namespace = *peer->namespace ? peer->namespace : policy->namespace;
	struct tree_node *tree = kind_add_peer(peers, peer, options);

	if (peer->kind == PEER_ALL_PODS)
		tree_add_map(tree, "namespaces");
	else
		kind_add_selector(add_pods(tree, namespace), "podSelector", &peer->selector);
}

/* Networks are texts and have no place for a comment: their peer has it. */
static void add_networks(struct tree_node *peers, const struct policy_rule *rule,
			 const struct kind_options *options)
{
	struct tree_node *tree = tree_add_map(peers, NULL);
	struct tree_node *networks = tree_add_list(tree, "networks");

	for (size_t i = 0; i < rule->peer_count; i++) {
		if (rule->peers[i].kind != PEER_BLOCK)
			continue;
		kind_comment_peer(tree, &rule->peers[i], options);
		kind_add_block(networks, NULL, rule->peers[i].block);
	}
}

static void add_peers(struct tree_node *peers, const struct policy *policy,
		      const struct policy_rule *rule, const struct kind_options *options)
{
	for (size_t i = 0; i < rule->peer_count; i++)
		if (rule->peers[i].kind != PEER_BLOCK)
			add_peer(peers, policy, &rule->peers[i], options);
	if (count_blocks(rule) > 0)
		add_networks(peers, rule, options);
}

/* ---- ports ---- */

static const char *protocol_key(uint8_t protocol)
{
	if (protocol == IPPROTO_SCTP)
		return "sctp";
	return protocol == IPPROTO_UDP ? "udp" : "tcp";
}

static void add_protocol(struct tree_node *protocols, const struct policy_port *port)
{
	struct tree_node *protocol =
	    tree_add_map(tree_add_map(protocols, NULL), protocol_key(port->protocol));
	struct tree_node *ports = tree_add_map(protocol, "destinationPort"), *range;

	if (!port->end_port) {
		tree_add_integer(ports, "number", port->port);
		return;
	}
	range = tree_add_map(ports, "range");
	tree_add_integer(range, "start", port->port);
	tree_add_integer(range, "end", port->end_port);
}

/* ---- rules ---- */

static void add_accept(struct tree_node *rules, const struct policy *policy, int direction,
		       const struct policy_rule *rule, const struct kind_options *options)
{
	struct tree_node *tree = tree_add_map(rules, NULL), *protocols;

	tree_add_text(tree, "action", "Accept");
	add_peers(tree_add_list(tree, words[direction].peers), policy, rule, options);
	protocols = tree_add_list(tree, "protocols");
	for (size_t i = 0; i < rule->port_count; i++)
		add_protocol(protocols, &rule->ports[i]);
}

static void add_deny(struct tree_node *rules, int direction)
{
	struct tree_node *tree = tree_add_map(rules, NULL), *peers, *networks;

	tree_add_text(tree, "name", "default-deny");
	tree_add_text(tree, "action", "Deny");
	peers = tree_add_list(tree, words[direction].peers);
	tree_add_map(tree_add_map(peers, NULL), "namespaces");
	if (direction == DIRECTION_INGRESS)
		return;
	networks = tree_add_list(tree_add_map(peers, NULL), "networks");
	tree_add_text(networks, NULL, "0.0.0.0/0");
	tree_add_text(networks, NULL, "::/0");
}

static void add_rules(struct tree_node *rules, const struct policy *policy, int direction,
		      const struct kind_options *options)
{
	for (size_t i = 0; i < policy->rule_count[direction]; i++)
		add_accept(rules, policy, direction, &policy->rules[direction][i], options);
	add_deny(rules, direction);
}

/* Lower comes first. */
static int priority_of(const struct policy *policy)
{
	const size_t labels = policy->selector.count;

	if (!policy->workload)
		return PRIORITY_DEFAULT_DENY;
	return PRIORITY_WORKLOAD -
	       (int)(labels < PRIORITY_LABELS_MAX ? labels : PRIORITY_LABELS_MAX);
}

static void add_spec(struct tree_node *object, const struct policy *policy,
		     const struct kind_options *options)
{
	struct tree_node *spec = tree_add_map(object, "spec"), *pods;

	tree_add_text(spec, "tier", "Baseline");
	tree_add_integer(spec, "priority", priority_of(policy));
	pods = add_pods(tree_add_map(spec, "subject"), policy->namespace);
	kind_add_subject_selector(pods, "podSelector", policy, options);
	for (int i = 0; i < DIRECTIONS; i++)
		if (policy->isolates[i])
			add_rules(tree_add_list(spec, words[i].rules), policy, i, options);
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

static int add_object(struct tree_node *objects, const struct policy *policy,
		      const struct kind_options *options)
{
	struct tree_node *object =
	    kind_add_object(objects, NULL, policy, options, "ClusterNetworkPolicy");
	struct buf name = {0};

	put_name(&name, policy);
	if (!name.error)
		kind_add_metadata(object, policy, options, name.data, NULL);
	kind_end_text(&name, objects);
	add_spec(object, policy, options);
	return objects->tree->error;
}

/* What is beside the point where policies only add to each other. */
static int report_overlap(const struct policy *policy, struct problems *problems)
{
	struct buf text = {0};
	int r;

	if (!policy->workload || !*policy->workload->also_picks)
		return 1;
	buf_printf(
	    &text,
	    "its labels also pick pods of %s, and for a pod one ClusterNetworkPolicy decides "
	    "alone, the one with more labels; where that is not the pod's own, or both have as "
	    "many, change the priorities",
	    policy->workload->also_picks);
	r = text.error ? text.error : 1;
	if (r > 0)
		kind_problem(policy, problems, PROBLEM_WARNING, text.data);
	buf_clear(&text);
	return r;
}

static int add_said(const struct policy *policy, const struct kind_options *options,
		    struct problems *problems, struct tree_node *objects)
{
	int r = can_say(policy, problems);

	if (r > 0)
		r = report_overlap(policy, problems);
	if (r > 0 && kind_has_subject(policy, options, problems))
		r = add_object(objects, policy, options);
	return r < 0 ? r : 0;
}

static int add(const struct policy *policy, const struct kind_options *options,
	       struct problems *problems, struct tree_node *objects)
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
