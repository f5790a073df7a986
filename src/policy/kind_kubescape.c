/*
 * Kubescape's NetworkNeighborhood, which is what its node agent learns of a workload, and the
 * GeneratedNetworkPolicy that its storage makes of one (kubescape/storage,
 * pkg/apis/softwarecomposition/v1beta1 at b35788b6): for review, side by side with its own.
 *
 * Its generator isolates both directions, whatever is known of them, and so a policy that leaves
 * one alone has no NetworkNeighborhood.
 */
#include <errno.h>
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
static int set_label(json_t *labels, const char *key, const char *value)
{
	return label_is_valid(key, value) ? kind_set(labels, key, json_string(value)) : 0;
}

static int set_api(json_t *labels, const struct workload *workload)
{
	for (size_t i = 0; i < sizeof(apis) / sizeof(apis[0]); i++) {
		if (strcmp(apis[i].kind, workload->kind) != 0)
			continue;
		return set_label(labels, "kubescape.io/workload-api-group", apis[i].group) |
		       set_label(labels, "kubescape.io/workload-api-version", apis[i].version);
	}
	return 0;
}

static int set_workload(json_t *labels, const struct workload *workload)
{
	int r = set_api(labels, workload);

	r |= set_label(labels, "kubescape.io/workload-kind", workload->kind);
	r |= set_label(labels, "kubescape.io/workload-name", workload->name);
	r |= set_label(labels, "kubescape.io/workload-namespace", workload->namespace);
	if (*workload->revision)
		r |= set_label(labels, "kubescape.io/instance-template-hash", workload->revision);
	return r;
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

/* "deployment-web"; where that is no name, the policy's. */
static void put_name(struct buf *buf, const struct policy *policy)
{
	const struct workload *workload = policy->workload;

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

static json_t *metadata_tree(const struct policy *policy, const struct kind_options *options)
{
	struct buf name = {0};
	json_t *metadata;
	int r = 0;

	put_name(&name, policy);
	metadata = name.error ? NULL : kind_metadata(policy, options, name.data, policy->namespace);
	buf_clear(&name);
	if (policy->workload)
		r = set_workload(json_object_get(metadata, "labels"), policy->workload);
	if (r == 0)
		return metadata;
	json_decref(metadata);
	return NULL;
}

/* With what it says of its own state. */
static json_t *learned_metadata(const struct policy *policy, const struct kind_options *options)
{
	json_t *metadata = metadata_tree(policy, options);
	json_t *annotations = json_object_get(metadata, "annotations");
	int r = metadata ? 0 : -ENOMEM;

	if (metadata && !annotations) {
		r = kind_set(metadata, "annotations", json_object());
		annotations = json_object_get(metadata, "annotations");
	}
	r |= kind_set(annotations, "kubescape.io/status", json_string("completed"));
	r |= kind_set(annotations, "kubescape.io/completion",
		      json_string(is_complete(policy) ? "complete" : "partial"));
	if (r == 0)
		return metadata;
	json_decref(metadata);
	return NULL;
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
static json_t *identifier_tree(const struct policy_peer *peer)
{
	struct buf text = {0};
	char digits[33];

	buf_printf(&text, "%s\n%d\n", type_of(peer), peer->kind);
	kind_put_peer(&text, peer);
	if (text.error)
		return NULL;
	for (uint64_t i = 0; i < 2; i++)
		snprintf(digits + 16 * i, 17, "%016llx",
			 (unsigned long long)hash_bytes((struct hash_seed){.k0 = i}, text.data,
							text.length));
	buf_clear(&text);
	return json_string(digits);
}

static int append_port(json_t *ports, uint8_t protocol, unsigned port)
{
	char name[16];

	snprintf(name, sizeof(name), "%s-%u", kind_protocol(protocol), port);
	return kind_append(ports, json_pack("{s:s, s:s, s:i}", "name", name, "protocol",
					    kind_protocol(protocol), "port", (int)port));
}

/* It knows no ranges: each port on its own, and none twice. */
static json_t *ports_tree(const struct contact *contacts, size_t count)
{
	json_t *ports = json_array();
	unsigned next = 0;
	int r = 0;

	for (size_t i = 0; i < count; i++) {
		const struct policy_port *port = &contacts[i].port;
		unsigned last = port->end_port ? port->end_port : port->port;

		if (i == 0 || contacts[i - 1].port.protocol != port->protocol)
			next = 0;
		for (next = port->port > next ? port->port : next; next <= last && r == 0; next++)
			r = append_port(ports, port->protocol, next);
	}
	if (r == 0)
		return ports;
	json_decref(ports);
	return NULL;
}

static json_t *pod_selector(const struct policy_peer *peer)
{
	json_t *labels;

	if (peer->kind == PEER_BLOCK)
		return json_null();
	if (peer->kind == PEER_ALL_PODS)
		return json_object();
	labels = kind_labels(&peer->selector);
	return labels ? kind_selector(labels) : NULL;
}

static json_t *namespace_selector(const struct policy_peer *peer)
{
	if (peer->kind == PEER_ALL_PODS)
		return json_object();
	if (peer->kind == PEER_BLOCK || !*peer->namespace)
		return json_null();
	return json_pack("{s:{s:s}}", "matchLabels", "kubernetes.io/metadata.name",
			 peer->namespace);
}

static bool is_single(struct prefix block)
{
	return block.length == 8 * addr_length(block.addr);
}

/* One address is in both members, because its generator reads the first; more are in the second. */
static int set_addresses(json_t *tree, const struct policy_peer *peer)
{
	char text[PREFIX_TEXT_MAX] = "";
	json_t *addresses = json_array();
	int r;

	if (peer->kind == PEER_BLOCK && is_single(peer->block))
		addr_format(peer->block.addr, text);
	r = kind_set(tree, "ipAddress", json_string(text));
	if (peer->kind == PEER_BLOCK && !is_single(peer->block))
		prefix_format(peer->block, text);
	if (*text)
		r |= kind_append(addresses, json_string(text));
	return kind_set(tree, "ipAddresses", addresses) | r;
}

/* A peer of several rules has a comment from each. */
static int set_comments(json_t *tree, const struct contact *contacts, size_t count,
			const struct kind_options *options)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		size_t first = 0;

		while (contacts[first].peer != contacts[i].peer)
			first++;
		if (first == i)
			r = kind_comment_peer(tree, contacts[i].peer, options);
	}
	return r;
}

static json_t *neighbor_tree(const struct contact *contacts, size_t count,
			     const struct kind_options *options)
{
	const struct policy_peer *peer = contacts->peer;
	json_t *tree = json_object();
	int r = set_comments(tree, contacts, count, options);

	r |= kind_set(tree, "identifier", identifier_tree(peer));

	r |= kind_set(tree, "type", json_string(type_of(peer)));
	r |= kind_set(tree, "dns", json_string(""));
	r |= kind_set(tree, "dnsNames", json_array());
	r |= kind_set(tree, "ports", ports_tree(contacts, count));
	r |= kind_set(tree, "podSelector", pod_selector(peer));
	r |= kind_set(tree, "namespaceSelector", namespace_selector(peer));
	r |= set_addresses(tree, peer);
	if (r == 0)
		return tree;
	json_decref(tree);
	return NULL;
}

static json_t *neighbors_tree(const struct policy *policy, int direction,
			      const struct kind_options *options)
{
	struct contacts contacts = {0};
	json_t *tree = json_array();
	int r = contacts_of(policy, direction, &contacts);
	size_t end;

	for (size_t i = 0; i < contacts.count && r == 0; i = end) {
		for (end = i + 1; end < contacts.count; end++)
			if (order_peers(contacts.items[i].peer, contacts.items[end].peer) != 0)
				break;
		r = kind_append(tree, neighbor_tree(&contacts.items[i], end - i, options));
	}
	free(contacts.items);
	if (r == 0)
		return tree;
	json_decref(tree);
	return NULL;
}

/* ---- objects ---- */

/* Takes labels. */
static json_t *neighborhood_spec(const struct policy *policy, json_t *labels,
				 const struct kind_options *options)
{
	json_t *container = json_pack("{s:s, s:o, s:o}", "name", policy->workload->container,
				      "ingress", neighbors_tree(policy, DIRECTION_INGRESS, options),
				      "egress", neighbors_tree(policy, DIRECTION_EGRESS, options));

	return json_pack("{s:o, s:[o], s:[], s:[]}", "matchLabels", labels, "containers", container,
			 "initContainers", "ephemeralContainers");
}

/* Takes the trees; NULL where one of them is. */
static json_t *object_tree(const struct policy *policy, const struct kind_options *options,
			   const char *kind, json_t *metadata, json_t *spec)
{
	json_t *object = kind_object(policy, options);
	int r = kind_set(object, "apiVersion", json_string(options->api_version));

	r |= kind_set(object, "kind", json_string(kind));
	r |= kind_set(object, "metadata", metadata);
	r |= kind_set(object, "spec", spec);
	if (r == 0)
		return object;
	json_decref(object);
	return NULL;
}

/* Why there can be none; NULL: there can. */
static const char *without_neighborhood(const struct policy *policy)
{
	if (!policy->workload)
		return "no NetworkNeighborhood: it is of no workload";
	for (int i = 0; i < DIRECTIONS; i++)
		if (!policy->isolates[i])
			return "no NetworkNeighborhood: it has both directions, and one is not in "
			       "the policy; Kubescape would deny all of it";
	if (!*policy->workload->container)
		return "no NetworkNeighborhood: no container of it is known by name; " GRAPH_SUPPLY;
	return NULL;
}

static int add_neighborhood(const struct policy *policy, const struct kind_options *options,
			    struct problems *problems, json_t *objects)
{
	const char *why = without_neighborhood(policy);
	json_t *labels;
	int r;

	if (why) {
		kind_problem(policy, problems, PROBLEM_WARNING, why);
		return 0;
	}
	r = kind_subject(policy, options, problems, &labels);
	if (r <= 0)
		return r;
	return kind_append(objects, object_tree(policy, options, "NetworkNeighborhood",
						learned_metadata(policy, options),
						neighborhood_spec(policy, labels, options)));
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

static json_t *origin_tree(const struct origin *origin)
{
	char block[PREFIX_TEXT_MAX], seen[ADDR_TEXT_MAX];

	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "ipBlock",
			 prefix_format(origin->block, block), "originalIP",
			 addr_format(origin->seen, seen), "dns", "", "name", origin->network,
			 "server", "");
}

/* One for each address of each block, from whatever rules. */
static json_t *references_tree(const struct policy *policy)
{
	struct origins origins = {0};
	json_t *tree = json_array();
	int r = 0;

	for (int i = 0; i < DIRECTIONS; i++)
		for (size_t j = 0; j < policy->rule_count[i] && r == 0; j++)
			r = origins_of_rule(&origins, &policy->rules[i][j]);
	if (origins.count > 0)
		qsort(origins.items, origins.count, sizeof(*origins.items), compare_origins);
	for (size_t i = 0; i < origins.count && r == 0; i++)
		if (i == 0 || compare_origins(&origins.items[i - 1], &origins.items[i]) != 0)
			r = kind_append(tree, origin_tree(&origins.items[i]));
	free(origins.items);
	if (r == 0)
		return tree;
	json_decref(tree);
	return NULL;
}

/* The object that the default kind prints; the comment is outside. Takes spec. */
static json_t *inner_tree(const struct policy *policy, const struct kind_options *options,
			  json_t *spec)
{
	struct kind_options inner = *options;

	if (options->explain == EXPLAIN_COMMENTS)
		inner.explain = EXPLAIN_NONE;
	inner.api_version = kind_networkpolicy.api_versions[0];
	return object_tree(policy, &inner, "NetworkPolicy",
			   kind_metadata(policy, &inner, policy->name, policy->namespace), spec);
}

static int add_generated(const struct policy *policy, const struct kind_options *options,
			 struct problems *problems, json_t *objects)
{
	json_t *spec, *object;
	int r = networkpolicy_spec(policy, options, problems, &spec);

	if (r <= 0)
		return r;
	object = object_tree(policy, options, "GeneratedNetworkPolicy",
			     metadata_tree(policy, options), inner_tree(policy, options, spec));
	r = kind_set(object, "policyRef", references_tree(policy));
	return kind_append(objects, object) | r;
}

static int add(const struct policy *policy, const struct kind_options *options,
	       struct problems *problems, json_t *objects)
{
	int r = add_neighborhood(policy, options, problems, objects);

	return r < 0 ? r : add_generated(policy, options, problems, objects);
}

static const char *const api_versions[] = {"spdx.softwarecomposition.kubescape.io/v1beta1", NULL};

const struct policy_kind kind_kubescape = {.name = "kubescape",
					   .api_versions = api_versions,
					   .says_readiness = true,
					   .review_only = true,
					   .add = add};
