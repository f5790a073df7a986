#include "policy/manifest_policy.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/manifest_value.h"
#include "policy/manifest_wider.h"

#define NAME_SHOWN_MAX 253

static const struct side {
	const char *type;  /* of policyTypes */
	const char *rules; /* the section of the spec */
	const char *peers;
	const char *const fields[3];
} sides[DIRECTIONS] = {
    [DIRECTION_INGRESS] = {"Ingress", "ingress", "from", {"ports", "from"}},
    [DIRECTION_EGRESS] = {"Egress", "egress", "to", {"ports", "to"}},
};

/* ---- selectors ---- */

/* Of a mapping whose keys are those of labels or annotations. */
static void check_plain_key(struct strict_reader *reader, const struct node *map, size_t index,
			    const struct place *place)
{
	if (!node_key_is_text(map, index))
		strict_fail(reader, node_key_line(map, index), place,
			    "the key is no text, or another one, to Kubernetes: put it in quotes");
}

static void check_key(struct strict_reader *reader, unsigned line, const struct place *place,
		      const char *key)
{
	if (!text_is_label_key(key))
		strict_fail(reader, line, place, "\"%.*s\" is no valid key of a label",
			    NAME_SHOWN_MAX, key);
}

static char *read_label_value(struct strict_reader *reader, const struct node *value, unsigned line,
			      const struct place *place)
{
	const char *text = strict_needed_text(reader, value, line, place);

	if (text && !text_is_label_value(text))
		strict_fail(reader, node_line(value), place,
			    "\"%.*s\" is no valid value of a label", NAME_SHOWN_MAX, text);
	return strict_copy(reader, text);
}

static void read_match_label(struct strict_reader *reader, const struct node *labels, size_t index,
			     const struct place *place, struct requirement *ret)
{
	const struct place here = {.up = place, .key = node_key(labels, index)};
	unsigned line = node_key_line(labels, index);

	check_key(reader, line, &here, here.key);
	check_plain_key(reader, labels, index, &here);
	*ret = (struct requirement){.key = strict_copy(reader, here.key),
				    .operator= REQUIREMENT_IN,
				    .values = strict_array(reader, 1, sizeof(char *))};
	if (ret->values)
		ret->values[ret->value_count++] =
		    read_label_value(reader, node_item(labels, index), line, &here);
}

static bool read_operator(struct strict_reader *reader, const struct node *expression,
			  const struct place *place, enum requirement_operator *ret)
{
	static const char *const operators[] = {[REQUIREMENT_IN] = "In",
						[REQUIREMENT_NOT_IN] = "NotIn",
						[REQUIREMENT_EXISTS] = "Exists",
						[REQUIREMENT_DOES_NOT_EXIST] = "DoesNotExist"};
	const struct place here = {.up = place, .key = "operator"};
	const struct node *value = node_get(expression, here.key);
	const char *text = strict_needed_text(reader, value, node_line(expression), &here);

	for (size_t i = 0; text && i < sizeof(operators) / sizeof(operators[0]); i++)
		if (strcmp(text, operators[i]) == 0) {
			*ret = (enum requirement_operator)i;
			return true;
		}
	if (text)
		strict_fail(reader, node_line(value), &here,
			    "expected In, NotIn, Exists or DoesNotExist, not \"%.*s\"",
			    NAME_SHOWN_MAX, text);
	return false;
}

static void read_values(struct strict_reader *reader, const struct node *expression,
			const struct place *place, struct requirement *ret)
{
	const struct place here = {.up = place, .key = "values"};
	const struct node *list = strict_list(reader, node_get(expression, here.key), &here);
	bool wants = ret->operator== REQUIREMENT_IN || ret->operator== REQUIREMENT_NOT_IN;
	size_t count = node_count(list);

	if (wants && count == 0)
		strict_fail(reader, list ? node_line(list) : node_line(expression), &here,
			    "In and NotIn need values");
	if (!wants && count > 0)
		strict_fail(reader, node_line(list), &here,
			    "Exists and DoesNotExist take no values");
	ret->values = strict_array(reader, count, sizeof(char *));
	for (size_t i = 0; ret->values && i < count; i++) {
		const struct place entry = {.up = &here, .index = i};

		ret->values[ret->value_count++] =
		    read_label_value(reader, node_item(list, i), node_line(list), &entry);
	}
}

static void read_expression(struct strict_reader *reader, const struct node *expression,
			    const struct place *place, struct requirement *ret)
{
	static const char *const fields[] = {"key", "operator", "values", NULL};
	const struct place here = {.up = place, .key = "key"};
	const struct node *key_node = node_get(expression, here.key);
	const char *key;

	if (!strict_mapping(reader, expression, place, fields))
		return;
	key = strict_needed_text(reader, key_node, node_line(expression), &here);
	if (key)
		check_key(reader, node_line(key_node), &here, key);
	ret->key = strict_copy(reader, key);
	if (read_operator(reader, expression, place, &ret->operator))
		read_values(reader, expression, place, ret);
}

static void read_selector(struct strict_reader *reader, const struct node *selector,
			  const struct place *place, struct label_selector *ret)
{
	static const char *const fields[] = {"matchLabels", "matchExpressions", NULL};
	const struct place labels_at = {.up = place, .key = fields[0]};
	const struct place expressions_at = {.up = place, .key = fields[1]};
	const struct node *labels = node_get(selector, fields[0]), *expressions;

	if (!strict_mapping(reader, selector, place, fields))
		return;
	expressions = strict_list(reader, node_get(selector, fields[1]), &expressions_at);
	if (node_kind(labels) != NODE_MAPPING && node_kind(labels) != NODE_NULL) {
		strict_fail(reader, node_line(labels), &labels_at, "expected a mapping");
		labels = NULL;
	}
	ret->items =
	    strict_array(reader, node_count(labels) + node_count(expressions), sizeof(*ret->items));
	for (size_t i = 0; ret->items && i < node_count(labels); i++)
		read_match_label(reader, labels, i, &labels_at, &ret->items[ret->count++]);
	for (size_t i = 0; ret->items && i < node_count(expressions); i++) {
		const struct place entry = {.up = &expressions_at, .index = i};

		read_expression(reader, node_item(expressions, i), &entry,
				&ret->items[ret->count++]);
	}
}

/* ---- peers ---- */

static bool is_mapped(struct prefix prefix)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return prefix.addr.family == ADDR_IPV6 && prefix.length >= 96 &&
	       memcmp(prefix.addr.bytes, mapped, sizeof(mapped)) == 0;
}

static bool read_prefix(struct strict_reader *reader, const struct node *value, unsigned line,
			const struct place *place, struct prefix *ret)
{
	const char *text = strict_needed_text(reader, value, line, place);

	if (!text)
		return false;
	if (!strchr(text, '/') || prefix_parse(text, ret) < 0)
		strict_fail(reader, node_line(value), place,
			    "expected a block such as 10.0.0.0/8 or fd00::/8, not \"%.*s\"",
			    NAME_SHOWN_MAX, text);
	else if (is_mapped(*ret))
		strict_fail(reader, node_line(value), place,
			    "\"%s\" is IPv4 in the form of IPv6: write it as IPv4", text);
	else
		return true;
	return false;
}

static void read_except(struct strict_reader *reader, const struct node *list,
			const struct place *place, struct netpol_peer *ret)
{
	ret->except = strict_array(reader, node_count(list), sizeof(*ret->except));
	for (size_t i = 0; ret->except && i < node_count(list); i++) {
		const struct place here = {.up = place, .index = i};
		const struct node *value = node_item(list, i);
		struct prefix except;
		char text[PREFIX_TEXT_MAX];

		if (!read_prefix(reader, value, node_line(list), &here, &except))
			continue;
		if (!prefix_contains(ret->block, except.addr) || except.length <= ret->block.length)
			strict_fail(reader, node_line(value), &here,
				    "\"%s\" is no part of the cidr %s", node_text(value),
				    prefix_format(ret->block, text));
		ret->except[ret->except_count++] = except;
	}
}

static void read_block(struct strict_reader *reader, const struct node *block,
		       const struct place *place, struct netpol_peer *ret)
{
	static const char *const fields[] = {"cidr", "except", NULL};
	const struct place cidr_at = {.up = place, .key = fields[0]};
	const struct place except_at = {.up = place, .key = fields[1]};
	const struct node *except;

	if (!strict_mapping(reader, block, place, fields))
		return;
	except = strict_list(reader, node_get(block, fields[1]), &except_at);
	if (read_prefix(reader, node_get(block, fields[0]), node_line(block), &cidr_at,
			&ret->block))
		read_except(reader, except, &except_at, ret);
}

static void check_peer(struct strict_reader *reader, const struct node *peer,
		       const struct place *place, const struct netpol_peer *read)
{
	const struct node *namespaces = node_get(peer, "namespaceSelector");

	if (!read->has_pods && !read->has_namespaces && !read->has_block)
		strict_fail(reader, node_line(peer), place,
			    "expected podSelector, namespaceSelector or ipBlock");
	if (read->has_block && (read->has_pods || read->has_namespaces))
		strict_fail(reader, node_line(peer), place, "ipBlock stands alone in its peer");
	if (read->has_pods && namespaces && !read->has_namespaces)
		strict_warn(reader, node_line(namespaces), place,
			    "namespaceSelector is null, which is as if it were not there: only "
			    "pods of the policy's namespace are meant");
}

static void read_peer(struct strict_reader *reader, const struct node *peer,
		      const struct place *place, struct netpol_peer *ret)
{
	static const char *const fields[] = {"podSelector", "namespaceSelector", "ipBlock", NULL};
	const struct place pods_at = {.up = place, .key = fields[0]};
	const struct place namespaces_at = {.up = place, .key = fields[1]};
	const struct place block_at = {.up = place, .key = fields[2]};
	const struct node *pods = node_get(peer, fields[0]);
	const struct node *namespaces = node_get(peer, fields[1]);
	const struct node *block = node_get(peer, fields[2]);

	ret->line = node_line(peer);
	if (!strict_mapping(reader, peer, place, fields))
		return;
	ret->has_pods = node_kind(pods) != NODE_NULL;
	ret->has_namespaces = node_kind(namespaces) != NODE_NULL;
	ret->has_block = node_kind(block) != NODE_NULL;
	if (ret->has_pods)
		read_selector(reader, pods, &pods_at, &ret->pods);
	if (ret->has_namespaces)
		read_selector(reader, namespaces, &namespaces_at, &ret->namespaces);
	if (ret->has_block)
		read_block(reader, block, &block_at, ret);
	check_peer(reader, peer, place, ret);
}

/* ---- ports ---- */

static uint8_t read_protocol(struct strict_reader *reader, const struct node *value,
			     const struct place *place)
{
	const char *text = strict_text(reader, value, place);

	if (!text || strcmp(text, "TCP") == 0)
		return IPPROTO_TCP;
	if (strcmp(text, "UDP") == 0)
		return IPPROTO_UDP;
	if (strcmp(text, "SCTP") == 0)
		return IPPROTO_SCTP;
	strict_fail(reader, node_line(value), place, "expected TCP, UDP or SCTP, not \"%.*s\"",
		    NAME_SHOWN_MAX, text);
	return IPPROTO_TCP;
}

static void read_port_name(struct strict_reader *reader, const struct node *value,
			   const struct place *place, struct netpol_port *ret)
{
	const char *text = strict_text(reader, value, place);

	if (!text)
		return;
	if (*text && strspn(text, "0123456789") == strlen(text))
		strict_fail(reader, node_line(value), place,
			    "\"%.*s\" in quotes is a name: write a number without them",
			    NAME_SHOWN_MAX, text);
	else if (!text_is_port_name(text))
		strict_fail(reader, node_line(value), place,
			    "\"%.*s\" is no port's name: at most 15 of a-z, 0-9 and -, with a "
			    "letter",
			    NAME_SHOWN_MAX, text);
	ret->name = strict_copy(reader, text);
}

static void read_port_range(struct strict_reader *reader, const struct node *port,
			    const struct place *place, struct netpol_port *ret)
{
	const struct place first_at = {.up = place, .key = "port"};
	const struct place last_at = {.up = place, .key = "endPort"};
	const struct node *first = node_get(port, first_at.key);
	const struct node *last = node_get(port, last_at.key);
	bool has_last = node_kind(last) != NODE_NULL;
	int number = 0, end = 0;

	if (node_kind(first) == NODE_NULL) {
		ret->first = 1;
		ret->last = UINT16_MAX;
	} else if (strict_is_number(first)) {
		if (!strict_number(reader, first, &first_at, 1, UINT16_MAX, &number))
			return;
		ret->first = ret->last = (uint16_t)number;
	} else {
		read_port_name(reader, first, &first_at, ret);
	}
	if (!has_last || !strict_number(reader, last, &last_at, 1, UINT16_MAX, &end))
		return;
	if (number == 0)
		strict_fail(reader, node_line(last), &last_at, "needs a port that is a number");
	else if (end < number)
		strict_fail(reader, node_line(last), &last_at, "%d is below port, which is %d", end,
			    number);
	ret->last = (uint16_t)end;
}

static void read_port(struct strict_reader *reader, const struct node *port,
		      const struct place *place, struct netpol_port *ret)
{
	static const char *const fields[] = {"protocol", "port", "endPort", NULL};
	const struct place protocol_at = {.up = place, .key = fields[0]};

	ret->line = node_line(port);
	if (!strict_mapping(reader, port, place, fields))
		return;
	ret->protocol = read_protocol(reader, node_get(port, fields[0]), &protocol_at);
	read_port_range(reader, port, place, ret);
}

/* ---- rules ---- */

static void read_rule(struct strict_reader *reader, const struct node *rule,
		      const struct place *place, const struct side *side, struct netpol_rule *ret)
{
	const struct place ports_at = {.up = place, .key = "ports"};
	const struct place peers_at = {.up = place, .key = side->peers};
	const struct node *ports, *peers;

	ret->line = node_line(rule);
	if (!strict_mapping(reader, rule, place, side->fields))
		return;
	ports = strict_list(reader, node_get(rule, ports_at.key), &ports_at);
	peers = strict_list(reader, node_get(rule, peers_at.key), &peers_at);
	ret->ports = strict_array(reader, node_count(ports), sizeof(*ret->ports));
	for (size_t i = 0; ret->ports && i < node_count(ports); i++) {
		const struct place entry = {.up = &ports_at, .index = i};

		read_port(reader, node_item(ports, i), &entry, &ret->ports[ret->port_count++]);
	}
	ret->peers = strict_array(reader, node_count(peers), sizeof(*ret->peers));
	for (size_t i = 0; ret->peers && i < node_count(peers); i++) {
		const struct place entry = {.up = &peers_at, .index = i};

		read_peer(reader, node_item(peers, i), &entry, &ret->peers[ret->peer_count++]);
	}
}

static void read_rules(struct strict_reader *reader, const struct node *spec,
		       const struct place *place, enum direction direction, struct netpol *ret)
{
	const struct side *side = &sides[direction];
	const struct place here = {.up = place, .key = side->rules};
	const struct node *list = strict_list(reader, node_get(spec, side->rules), &here);
	struct netpol_rule *rules = strict_array(reader, node_count(list), sizeof(*rules));

	ret->rules[direction] = rules;
	for (size_t i = 0; rules && i < node_count(list); i++) {
		const struct place entry = {.up = &here, .index = i};

		read_rule(reader, node_item(list, i), &entry, side,
			  &rules[ret->rule_count[direction]++]);
	}
}

/* ---- policyTypes ---- */

/* As the API server fills them in: an egress section that is empty does not count. */
static void default_types(struct strict_reader *reader, const struct node *spec,
			  const struct place *place, struct netpol *ret)
{
	const struct place here = {.up = place, .key = "egress"};
	const struct node *egress = node_get(spec, here.key);

	ret->isolates[DIRECTION_INGRESS] = true;
	ret->isolates[DIRECTION_EGRESS] = ret->rule_count[DIRECTION_EGRESS] > 0;
	if (node_kind(egress) == NODE_SEQUENCE && node_count(egress) == 0)
		strict_warn(reader, node_line(egress), &here,
			    "is empty, and without policyTypes then has no effect");
}

static void read_type(struct strict_reader *reader, const struct node *value,
		      const struct place *place, struct netpol *ret)
{
	const char *text = strict_needed_text(reader, value, node_line(value), place);

	for (size_t i = 0; text && i < DIRECTIONS; i++) {
		if (strcmp(text, sides[i].type) != 0)
			continue;
		if (ret->isolates[i])
			strict_warn(reader, node_line(value), place, "%s stands there twice", text);
		ret->isolates[i] = true;
		return;
	}
	if (text)
		strict_fail(reader, node_line(value), place,
			    "expected Ingress or Egress, not \"%.*s\"", NAME_SHOWN_MAX, text);
}

static void check_void(struct strict_reader *reader, const struct node *spec,
		       const struct place *place, const struct netpol *policy)
{
	for (size_t i = 0; i < DIRECTIONS; i++) {
		const struct place here = {.up = place, .key = sides[i].rules};

		if (policy->rule_count[i] > 0 && !policy->isolates[i])
			strict_warn(reader, node_line(node_get(spec, here.key)), &here,
				    "has no effect: policyTypes lacks %s", sides[i].type);
	}
}

static void read_types(struct strict_reader *reader, const struct node *spec,
		       const struct place *place, struct netpol *ret)
{
	const struct place here = {.up = place, .key = "policyTypes"};
	const struct node *list = strict_list(reader, node_get(spec, here.key), &here);

	if (node_count(list) == 0) {
		default_types(reader, spec, place, ret);
		return;
	}
	if (node_count(list) > DIRECTIONS)
		strict_fail(reader, node_line(list), &here, "has more than two entries");
	for (size_t i = 0; i < node_count(list); i++) {
		const struct place entry = {.up = &here, .index = i};

		read_type(reader, node_item(list, i), &entry, ret);
	}
	check_void(reader, spec, place, ret);
}

/* ---- the policy ---- */

static void read_spec(struct strict_reader *reader, const struct node *object, struct netpol *ret)
{
	static const char *const fields[] = {"podSelector", "ingress", "egress", "policyTypes",
					     NULL};
	const struct place here = {.key = "spec"};
	const struct place pods_at = {.up = &here, .key = fields[0]};
	const struct node *spec = node_get(object, here.key), *pods = node_get(spec, fields[0]);

	if (node_kind(spec) != NODE_NULL && !strict_mapping(reader, spec, &here, fields))
		return;
	if (node_kind(pods) != NODE_NULL)
		read_selector(reader, pods, &pods_at, &ret->pods);
	else
		strict_warn(reader,
			    node_line(pods   ? pods
				      : spec ? spec
					     : object),
			    &pods_at, "is missing: all pods of the namespace are selected");
	for (size_t i = 0; i < DIRECTIONS; i++)
		read_rules(reader, spec, &here, (enum direction)i, ret);
	read_types(reader, spec, &here, ret);
}

/* null is "". */
static void check_label(struct strict_reader *reader, const struct node *map, size_t index,
			const struct place *place)
{
	const char *text = strict_text(reader, node_item(map, index), place);

	check_key(reader, node_key_line(map, index), place, place->key);
	if (text && !text_is_label_value(text))
		strict_fail(reader, node_line(node_item(map, index)), place,
			    "\"%.*s\" is no valid value of a label", NAME_SHOWN_MAX, text);
}

static void check_annotation(struct strict_reader *reader, const struct node *map, size_t index,
			     const struct place *place)
{
	strict_text(reader, node_item(map, index), place);
	if (!text_is_annotation_key(place->key))
		strict_fail(reader, node_key_line(map, index), place,
			    "\"%.*s\" is no valid key of an annotation", NAME_SHOWN_MAX,
			    place->key);
}

static void
check_map(struct strict_reader *reader, const struct node *map, const struct place *place,
	  void (*check)(struct strict_reader *, const struct node *, size_t, const struct place *))
{
	if (node_kind(map) != NODE_MAPPING && node_kind(map) != NODE_NULL)
		strict_fail(reader, node_line(map), place, "expected a mapping");
	for (size_t i = 0; node_kind(map) == NODE_MAPPING && i < node_count(map); i++) {
		const struct place here = {.up = place, .key = node_key(map, i)};

		check_plain_key(reader, map, i, &here);
		check(reader, map, i, &here);
	}
}

static void check_mappings(struct strict_reader *reader, const struct node *list,
			   const struct place *place)
{
	for (size_t i = 0; i < node_count(list); i++) {
		const struct place here = {.up = place, .index = i};
		const struct node *entry = node_item(list, i);

		if (node_kind(entry) != NODE_MAPPING)
			strict_fail(reader, node_line(entry), &here, "expected a mapping");
	}
}

/* What says nothing of the policy has to be right as well. */
static void check_metadata(struct strict_reader *reader, const struct node *metadata,
			   const struct place *place)
{
	const struct place labels_at = {.up = place, .key = "labels"};
	const struct place annotations_at = {.up = place, .key = "annotations"};
	const struct place finalizers_at = {.up = place, .key = "finalizers"};
	const struct place owners_at = {.up = place, .key = "ownerReferences"};
	const struct place managed_at = {.up = place, .key = "managedFields"};
	const struct node *finalizers =
	    strict_list(reader, node_get(metadata, finalizers_at.key), &finalizers_at);

	check_map(reader, node_get(metadata, labels_at.key), &labels_at, check_label);
	check_map(reader, node_get(metadata, annotations_at.key), &annotations_at,
		  check_annotation);
	for (size_t i = 0; i < node_count(finalizers); i++) {
		const struct place here = {.up = &finalizers_at, .index = i};

		strict_text(reader, node_item(finalizers, i), &here);
	}
	check_mappings(reader, strict_list(reader, node_get(metadata, owners_at.key), &owners_at),
		       &owners_at);
	check_mappings(reader, strict_list(reader, node_get(metadata, managed_at.key), &managed_at),
		       &managed_at);
}

/* What a policy means does not hang on its name: one that can be told is evaluated. */
static void check_name(struct strict_reader *reader, const struct node *node,
		       const struct place *place, const char *name)
{
	static const char form[] = "is no valid name: at most 253 of a-z, 0-9, - and .";

	if (text_is_subdomain(name))
		return;
	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")])
		strict_fail(reader, node_line(node), place, "%s", form);
	else
		strict_warn(reader, node_line(node), place, "%s; the API server refuses it", form);
}

static void read_names(struct strict_reader *reader, const struct node *object, struct netpol *ret)
{
	/* meta/v1 ObjectMeta */
	static const char *const fields[] = {"name",
					     "namespace",
					     "annotations",
					     "clusterName",
					     "creationTimestamp",
					     "deletionGracePeriodSeconds",
					     "deletionTimestamp",
					     "finalizers",
					     "generateName",
					     "generation",
					     "labels",
					     "managedFields",
					     "ownerReferences",
					     "resourceVersion",
					     "selfLink",
					     "uid",
					     NULL};
	const struct place here = {.key = "metadata"};
	const struct place name_at = {.up = &here, .key = fields[0]};
	const struct place namespace_at = {.up = &here, .key = fields[1]};
	const struct node *metadata = node_get(object, here.key);
	const struct node *name_node = node_get(metadata, fields[0]);
	const struct node *namespace_node = node_get(metadata, fields[1]);
	const char *name, *namespace, *where;

	if (node_kind(metadata) != NODE_NULL && !strict_mapping(reader, metadata, &here, fields))
		return;
	check_metadata(reader, metadata, &here);
	name = strict_needed_text(reader, name_node, node_line(metadata ? metadata : object),
				  &name_at);
	namespace = strict_text(reader, namespace_node, &namespace_at);
	if (name)
		check_name(reader, name_node, &name_at, name);
	ret->namespace_told = namespace && *namespace;
	where = ret->namespace_told ? namespace : "default";
	if (!text_is_dns_label(where))
		strict_fail(reader, node_line(namespace_node), &namespace_at,
			    "is no valid name: at most 63 of a-z, 0-9 and -");
	ret->name = strict_copy(reader, name);
	ret->namespace = strict_copy(reader, where);
}

/* What problems call it; malloc'd. */
static char *print_object(const struct node *object)
{
	const struct node *metadata = node_get(object, "metadata");
	const char *name = node_get_text(metadata, "name");
	const char *namespace = node_get_text(metadata, "namespace");
	char *text;

	if (!name || !*name)
		return strdup("NetworkPolicy");
	if (asprintf(&text, "NetworkPolicy %.*s/%.*s", NAME_SHOWN_MAX,
		     namespace && *namespace ? namespace : "default", NAME_SHOWN_MAX, name) < 0)
		return NULL;
	return text;
}

int netpol_read(const struct node *object, const char *file, struct problems *problems,
		struct netpol *ret)
{
	static const char *const fields[] = {"apiVersion", "kind",   "metadata",
					     "spec",       "status", NULL};
	char *name = print_object(object);
	struct strict_reader reader = {.file = file, .object = name, .problems = problems};

	*ret = (struct netpol){.file = file, .line = node_line(object)};
	if (!name)
		return -ENOMEM;
	if (strict_mapping(&reader, object, NULL, fields)) {
		read_names(&reader, object, ret);
		read_spec(&reader, object, ret);
	}
	if (!reader.error && !reader.failed)
		reader.error = netpol_take_wider(object, ret);
	free(name);
	if (!reader.error && !reader.failed)
		return 0;
	netpol_clear(ret);
	return reader.error ? reader.error : -EINVAL;
}

static void peer_clear(struct netpol_peer *peer)
{
	label_selector_clear(&peer->pods);
	label_selector_clear(&peer->namespaces);
	free(peer->except);
	free(peer->wider);
}

static void rule_clear(struct netpol_rule *rule)
{
	for (size_t i = 0; i < rule->peer_count; i++)
		peer_clear(&rule->peers[i]);
	for (size_t i = 0; i < rule->port_count; i++)
		free(rule->ports[i].name);
	free(rule->peers);
	free(rule->ports);
}

void netpol_clear(struct netpol *policy)
{
	free(policy->namespace);
	free(policy->name);
	label_selector_clear(&policy->pods);
	for (size_t i = 0; i < DIRECTIONS; i++) {
		for (size_t j = 0; j < policy->rule_count[i]; j++)
			rule_clear(&policy->rules[i][j]);
		free(policy->rules[i]);
	}
	*policy = (struct netpol){0};
}
