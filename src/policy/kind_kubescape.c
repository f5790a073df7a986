/*
 * Kubescape's NetworkNeighborhood, which is what its node agent learns of a workload, and the
 * GeneratedNetworkPolicy that its storage makes of one (kubescape/storage,
 * pkg/apis/softwarecomposition/v1beta1 at b35788b6): for review, side by side with its own.
 *
 * Its generator isolates both directions, whatever is known of them, and so a policy that leaves
 * one alone has no NetworkNeighborhood.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "policy/array.h"
#include "policy/kind_common.h"
#include "policy/kind_networkpolicy.h"
#include "policy/name.h"
#include "policy/order.h"

/* ---- what a workload is called ---- */

static const struct api {
	const char *kind, *group, *version;
} apis[] = {{"CronJob", "batch", "v1"},
	    {"DaemonSet", "apps", "v1"},
	    {"Deployment", "apps", "v1"},
	    {"Job", "batch", "v1"},
	    {"Pod", "", "v1"},
	    {"ReplicaSet", "apps", "v1"},
	    {"ReplicationController", "", "v1"},
	    {"StatefulSet", "apps", "v1"}};

/* What a label cannot hold is left out. */
static void add_label(struct tree_node *labels, const char *key, const char *value)
{
	if (label_is_valid(key, value))
		tree_add_text(labels, key, value);
}

static void add_api(struct tree_node *labels, const struct workload *workload)
{
	for (size_t i = 0; i < sizeof(apis) / sizeof(apis[0]); i++) {
		if (strcmp(apis[i].kind, workload->kind) != 0)
			continue;
		add_label(labels, "kubescape.io/workload-api-group", apis[i].group);
		add_label(labels, "kubescape.io/workload-api-version", apis[i].version);
		return;
	}
}

static void add_workload(struct tree_node *labels, const struct workload *workload)
{
	add_api(labels, workload);
	add_label(labels, "kubescape.io/workload-kind", workload->kind);
	add_label(labels, "kubescape.io/workload-name", workload->name);
	add_label(labels, "kubescape.io/workload-namespace", workload->namespace);
	if (*workload->revision)
		add_label(labels, "kubescape.io/instance-template-hash", workload->revision);
}

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* As metadata.name has to be: a DNS subdomain. */
static bool is_object_name(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		const bool is_inside = i > 0 && i + 1 < length;

		if (is_letter_or_digit(text[i]))
			continue;
		if (!is_inside || (text[i] != '-' && text[i] != '.'))
			return false;
		if (text[i] == '.' &&
		    (!is_letter_or_digit(text[i - 1]) || !is_letter_or_digit(text[i + 1])))
			return false;
	}
	return length > 0 && length <= POLICY_NAME_MAX;
}

/* NULL: it is of none, or of several. */
static const struct workload *only_workload(const struct policy *policy)
{
	return policy->shared ? NULL : policy->workload;
}

/* "deployment-web"; where that is no name, the policy's. */
static void put_name(struct buf *buf, const struct policy *policy)
{
	const struct workload *workload = only_workload(policy);

	for (const char *c = workload ? workload->kind : ""; *c; c++)
		buf_putc(buf, *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c);
	if (workload)
		buf_printf(buf, "-%s", workload->name);
	if (buf->error || is_object_name(buf->data, buf->length))
		return;
	buf->length = 0;
	buf_puts(buf, policy->name);
}

static bool is_complete(const struct policy *policy)
{
	for (int i = 0; i < DIRECTIONS; i++)
		if (policy->partial[i])
			return false;
	return !policy->readiness || policy->readiness->state == READINESS_READY;
}

static struct tree_node *add_metadata(struct tree_node *object, const struct policy *policy,
				      const struct kind_options *options)
{
	struct tree_node *metadata = NULL;
	struct buf name = {0};

	put_name(&name, policy);
	if (!name.error)
		metadata = kind_add_metadata(object, policy, options, name.data, policy->namespace);
	kind_end_text(&name, object);
	if (only_workload(policy))
		add_workload(tree_get(metadata, "labels"), only_workload(policy));
	return metadata;
}

/* With what it says of its own state. */
static void add_learned_metadata(struct tree_node *object, const struct policy *policy,
				 const struct kind_options *options)
{
	struct tree_node *annotations = kind_annotations(add_metadata(object, policy, options));

	tree_add_text(annotations, "kubescape.io/status", "completed");
	tree_add_text(annotations, "kubescape.io/completion",
		      is_complete(policy) ? "complete" : "partial");
}

/* ---- neighbours ---- */

/* A peer on a port; neighbours are peers with all of their ports. */
struct contact {
	const struct policy_peer *peer;
	struct policy_port port;
};

struct contacts {
	struct contact *items;
	size_t count, capacity;
};

static int compare_contacts(const void *a, const void *b)
{
	const struct contact *x = a, *y = b;
	int r = order_peers(x->peer, y->peer);

	return r ? r : order_ports(&x->port, &y->port);
}

static int contacts_add(struct contacts *contacts, const struct policy_rule *rule)
{
	int r = 0;

	for (size_t i = 0; i < rule->peer_count; i++)
		for (size_t j = 0; j < rule->port_count && r == 0; j++) {
			r = array_grow(&contacts->items, sizeof(*contacts->items), contacts->count,
				       &contacts->capacity);
			if (r == 0)
				contacts->items[contacts->count++] =
				    (struct contact){&rule->peers[i], rule->ports[j]};
		}
	return r;
}

static int contacts_of(const struct policy *policy, int direction, struct contacts *ret)
{
	int r = 0;

	for (size_t i = 0; i < policy->rule_count[direction] && r == 0; i++)
		r = contacts_add(ret, &policy->rules[direction][i]);
	if (ret->count > 0)
		qsort(ret->items, ret->count, sizeof(*ret->items), compare_contacts);
	return r;
}

static const char *type_of(const struct policy_peer *peer)
{
	return peer->kind == PEER_BLOCK ? "external" : "internal";
}

/*
 * Theirs is a SHA-256 of type, address, names and selectors, and is compared with nothing but
 * itself; this is a hash of the same, in half the digits.
 */
static void add_identifier(struct tree_node *tree, const struct policy_peer *peer)
{
	struct buf text = {0};
	char digits[33];

	buf_printf(&text, "%s\n%d\n", type_of(peer), peer->kind);
	kind_put_peer(&text, peer);
	for (uint64_t i = 0; !text.error && i < 2; i++)
		snprintf(digits + 16 * i, 17, "%016llx",
			 (unsigned long long)hash_bytes((struct hash_seed){.k0 = i}, text.data,
							text.length));
	if (!text.error)
		tree_add_copy(tree, "identifier", digits, strlen(digits));
	kind_end_text(&text, tree);
}

static void add_port(struct tree_node *ports, uint8_t protocol, unsigned port)
{
	struct tree_node *tree = tree_add_map(ports, NULL);
	char name[16];

	snprintf(name, sizeof(name), "%s-%u", kind_protocol(protocol), port);
	tree_add_copy(tree, "name", name, strlen(name));
	tree_add_text(tree, "protocol", kind_protocol(protocol));
	tree_add_integer(tree, "port", port);
}

/* It knows no ranges: each port on its own, and none twice. */
static void add_ports(struct tree_node *ports, const struct contact *contacts, size_t count)
{
	unsigned next = 0;

	for (size_t i = 0; i < count; i++) {
		const struct policy_port *port = &contacts[i].port;
		unsigned last = port->end_port ? port->end_port : port->port;

		if (i == 0 || contacts[i - 1].port.protocol != port->protocol)
			next = 0;
		for (next = port->port > next ? port->port : next; next <= last; next++)
			add_port(ports, port->protocol, next);
	}
}

static void add_pod_selector(struct tree_node *tree, const struct policy_peer *peer)
{
	if (peer->kind == PEER_BLOCK)
		tree_add_null(tree, "podSelector");
	else if (peer->kind == PEER_ALL_PODS)
		tree_add_map(tree, "podSelector");
	else
		kind_add_selector(tree, "podSelector", &peer->selector);
}

static void add_namespace_selector(struct tree_node *tree, const struct policy_peer *peer)
{
	if (peer->kind == PEER_ALL_PODS)
		tree_add_map(tree, "namespaceSelector");
	else if (peer->kind == PEER_BLOCK || !*peer->namespace)
		tree_add_null(tree, "namespaceSelector");
	else
		kind_add_single(tree_add_map(tree, "namespaceSelector"), "matchLabels",
				"kubernetes.io/metadata.name", peer->namespace);
}

static bool is_single(struct prefix block)
{
	return block.length == 8 * addr_length(block.addr);
}

/* One address is in both members, because its generator reads the first; more are in the second. */
static void add_addresses(struct tree_node *tree, const struct policy_peer *peer)
{
	const bool is_block = peer->kind == PEER_BLOCK;
	char text[PREFIX_TEXT_MAX] = "";
	struct tree_node *addresses;

	if (is_block && is_single(peer->block))
		addr_format(peer->block.addr, text);
	tree_add_copy(tree, "ipAddress", text, strlen(text));
	addresses = tree_add_list(tree, "ipAddresses");
	if (is_block && !is_single(peer->block))
		kind_add_block(addresses, NULL, peer->block);
	else if (is_block)
		tree_add_copy(addresses, NULL, text, strlen(text));
}

/* A peer of several rules has a comment from each. */
static void add_comments(struct tree_node *tree, const struct contact *contacts, size_t count,
			 const struct kind_options *options)
{
	for (size_t i = 0; i < count; i++) {
		size_t first = 0;

		while (contacts[first].peer != contacts[i].peer)
			first++;
		if (first == i)
			kind_comment_peer(tree, contacts[i].peer, options);
	}
}

static void add_neighbor(struct tree_node *neighbors, const struct contact *contacts, size_t count,
			 const struct kind_options *options)
{
	const struct policy_peer *peer = contacts->peer;
	struct tree_node *tree = tree_add_map(neighbors, NULL);

	add_comments(tree, contacts, count, options);
	add_identifier(tree, peer);
	tree_add_text(tree, "type", type_of(peer));
	tree_add_text(tree, "dns", "");
	tree_add_list(tree, "dnsNames");
	add_ports(tree_add_list(tree, "ports"), contacts, count);
	add_pod_selector(tree, peer);
	add_namespace_selector(tree, peer);
	add_addresses(tree, peer);
}

static int add_neighbors(struct tree_node *neighbors, const struct policy *policy, int direction,
			 const struct kind_options *options)
{
	struct contacts contacts = {0};
	int r = contacts_of(policy, direction, &contacts);
	size_t end;

	for (size_t i = 0; i < contacts.count && r == 0; i = end) {
		for (end = i + 1; end < contacts.count; end++)
			if (order_peers(contacts.items[i].peer, contacts.items[end].peer) != 0)
				break;
		add_neighbor(neighbors, &contacts.items[i], end - i, options);
	}
	free(contacts.items);
	return r;
}

/* ---- objects ---- */

static int add_learned_spec(struct tree_node *object, const struct policy *policy,
			    const struct kind_options *options)
{
	struct tree_node *spec = tree_add_map(object, "spec"), *container;
	int r;

	kind_add_subject(spec, "matchLabels", policy, options);
	container = tree_add_map(tree_add_list(spec, "containers"), NULL);
	tree_add_text(container, "name", policy->workload->container);
	r = add_neighbors(tree_add_list(container, "ingress"), policy, DIRECTION_INGRESS, options);
	if (r == 0)
		r = add_neighbors(tree_add_list(container, "egress"), policy, DIRECTION_EGRESS,
				  options);
	tree_add_list(spec, "initContainers");
	tree_add_list(spec, "ephemeralContainers");
	return r;
}

/* Why there can be none; NULL: there can. */
static const char *without_neighborhood(const struct policy *policy)
{
	if (!policy->workload)
		return "no NetworkNeighborhood: it is of no workload";
	if (policy->shared)
		return "no NetworkNeighborhood: each workload has its own, and these share the "
		       "neighbours of a policy; give the pods of each a label of their own";
	for (int i = 0; i < DIRECTIONS; i++)
		if (!policy->isolates[i])
			return "no NetworkNeighborhood: it has both directions, and one is not in "
			       "the policy; Kubescape would deny all of it";
	if (!*policy->workload->container)
		return "no NetworkNeighborhood: no container of it is known by name; " GRAPH_SUPPLY;
	return NULL;
}

static int add_neighborhood(const struct policy *policy, const struct kind_options *options,
			    struct problems *problems, struct tree_node *objects)
{
	const char *why = without_neighborhood(policy);
	struct tree_node *object;

	if (why) {
		kind_problem(policy, problems, PROBLEM_WARNING, why);
		return 0;
	}
	if (!kind_has_subject(policy, options, problems))
		return 0;
	object = kind_add_object(objects, NULL, policy, options, "NetworkNeighborhood");
	add_learned_metadata(object, policy, options);
	return add_learned_spec(object, policy, options);
}

/* ---- where blocks are from ---- */

struct origin {
	struct prefix block;
	struct addr seen; /* not set: none that is remembered */
	const char *network;
};

struct origins {
	struct origin *items;
	size_t count, capacity;
};

static int compare_origins(const void *a, const void *b)
{
	const struct origin *x = a, *y = b;
	int r = addr_compare(x->block.addr, y->block.addr);

	r = r ? r : order_numbers(x->block.length, y->block.length);
	return r ? r : addr_compare(x->seen, y->seen);
}

static int origins_add(struct origins *origins, const struct policy_peer *peer, struct addr seen)
{
	int r = array_grow(&origins->items, sizeof(*origins->items), origins->count,
			   &origins->capacity);

	if (r == 0)
		origins->items[origins->count++] = (struct origin){
		    peer->block, seen, peer->known_network ? peer->known_network : ""};
	return r;
}

static int origins_of_rule(struct origins *origins, const struct policy_rule *rule)
{
	int r = 0;

	for (size_t i = 0; i < rule->peer_count && r == 0; i++) {
		const struct policy_peer *peer = &rule->peers[i];

		if (peer->kind != PEER_BLOCK)
			continue;
		for (size_t j = 0; j < peer->seen_count && r == 0; j++)
			r = origins_add(origins, peer, peer->seen[j]);
		if (peer->seen_count == 0)
			r = origins_add(origins, peer, (struct addr){0});
	}
	return r;
}

static void add_origin(struct tree_node *references, const struct origin *origin)
{
	struct tree_node *tree = tree_add_map(references, NULL);
	char seen[ADDR_TEXT_MAX];

	addr_format(origin->seen, seen);
	kind_add_block(tree, "ipBlock", origin->block);
	tree_add_copy(tree, "originalIP", seen, strlen(seen));
	tree_add_text(tree, "dns", "");
	tree_add_text(tree, "name", origin->network);
	tree_add_text(tree, "server", "");
}

/* One for each address of each block, from whatever rules. */
static int add_references(struct tree_node *references, const struct policy *policy)
{
	struct origins origins = {0};
	int r = 0;

	for (int i = 0; i < DIRECTIONS; i++)
		for (size_t j = 0; j < policy->rule_count[i] && r == 0; j++)
			r = origins_of_rule(&origins, &policy->rules[i][j]);
	if (origins.count > 0)
		qsort(origins.items, origins.count, sizeof(*origins.items), compare_origins);
	for (size_t i = 0; i < origins.count && r == 0; i++)
		if (i == 0 || compare_origins(&origins.items[i - 1], &origins.items[i]) != 0)
			add_origin(references, &origins.items[i]);
	free(origins.items);
	return r;
}

/* The object that the default kind prints; the comment is outside. */
static void add_inner(struct tree_node *object, const struct policy *policy,
		      const struct kind_options *options)
{
	struct kind_options inner = *options;
	struct tree_node *tree;

	if (options->explain == EXPLAIN_COMMENTS)
		inner.explain = EXPLAIN_NONE;
	inner.api_version = kind_networkpolicy.api_versions[0];
	tree = kind_add_object(object, "spec", policy, &inner, "NetworkPolicy");
	kind_add_metadata(tree, policy, &inner, policy->name, policy->namespace);
	networkpolicy_add_spec(tree, policy, options);
}

static int add_generated(const struct policy *policy, const struct kind_options *options,
			 struct problems *problems, struct tree_node *objects)
{
	struct tree_node *object;

	if (!kind_has_subject(policy, options, problems))
		return 0;
	object = kind_add_object(objects, NULL, policy, options, "GeneratedNetworkPolicy");
	add_metadata(object, policy, options);
	add_inner(object, policy, options);
	return add_references(tree_add_list(object, "policyRef"), policy);
}

static int add(const struct policy *policy, const struct kind_options *options,
	       struct problems *problems, struct tree_node *objects)
{
	int r = add_neighborhood(policy, options, problems, objects);

	if (r == 0)
		r = add_generated(policy, options, problems, objects);
	return r < 0 ? r : objects->tree->error;
}

static const char *const api_versions[] = {"spdx.softwarecomposition.kubescape.io/v1beta1", NULL};

const struct policy_kind kind_kubescape = {.name = "kubescape",
					   .api_versions = api_versions,
					   .says_readiness = true,
					   .review_only = true,
					   .add = add};
