#include "policy/kind_common.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/clock.h"

/* How many ports of a rule a text names. */
#define PORTS_MAX 8

int kind_set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) < 0 ? -ENOMEM : 0;
}

int kind_append(json_t *array, json_t *value)
{
	return json_array_append_new(array, value) < 0 ? -ENOMEM : 0;
}

static json_t *tree_or_null(json_t *tree, int error)
{
	if (error == 0)
		return tree;
	json_decref(tree);
	return NULL;
}

json_t *kind_object_of(const char *key, json_t *value)
{
	json_t *object = json_object();

	return tree_or_null(object, kind_set(object, key, value));
}

json_t *kind_labels(const struct labels *labels)
{
	json_t *tree = json_object();
	int r = 0;

	for (size_t i = 0; i < labels->count; i++)
		r |= kind_set(tree, labels->items[i].key, json_string(labels->items[i].value));
	return tree_or_null(tree, r);
}

json_t *kind_selector(json_t *labels)
{
	if (json_object_size(labels) > 0)
		return kind_object_of("matchLabels", labels);
	return labels;
}

const char *kind_protocol(uint8_t protocol)
{
	if (protocol == IPPROTO_SCTP)
		return "SCTP";
	return protocol == IPPROTO_UDP ? "UDP" : "TCP";
}

/* ---- subjects ---- */

void kind_problem(const struct policy *policy, struct problems *problems,
		  enum problem_severity severity, const char *text)
{
	struct buf subject = {0};

	buf_printf(&subject, "%s in %s", policy->subject, policy->namespace);
	problem_add(problems, severity, subject.error ? policy->subject : subject.data, "%s", text);
	buf_clear(&subject);
}

/* In the order of their keys. */
static json_t *with_canary(const struct labels *labels, const struct kind_options *options)
{
	json_t *tree = json_object();
	bool is_added = false;
	int r = 0;

	for (size_t i = 0; i < labels->count; i++) {
		if (!is_added && strcmp(options->canary_key, labels->items[i].key) < 0) {
			r |=
			    kind_set(tree, options->canary_key, json_string(options->canary_value));
			is_added = true;
		}
		r |= kind_set(tree, labels->items[i].key, json_string(labels->items[i].value));
	}
	if (!is_added)
		r |= kind_set(tree, options->canary_key, json_string(options->canary_value));
	return tree_or_null(tree, r);
}

static const char *value_of(const struct labels *labels, const char *key)
{
	for (size_t i = 0; i < labels->count; i++)
		if (strcmp(labels->items[i].key, key) == 0)
			return labels->items[i].value;
	return NULL;
}

static void report_canary(const struct policy *policy, const struct kind_options *options,
			  const char *value, struct problems *problems)
{
	struct buf text = {0};

	buf_printf(&text,
		   "no policy: it selects pods with %s=%s, and none of them can be a canary with "
		   "%s=%s; choose another label",
		   options->canary_key, value, options->canary_key, options->canary_value);
	if (!text.error)
		kind_problem(policy, problems, PROBLEM_WARNING, text.data);
	buf_clear(&text);
}

/* NULL: any. */
static const char *other_value(const struct policy *policy, const struct kind_options *options)
{
	const char *value =
	    options->canary_key ? value_of(&policy->selector, options->canary_key) : NULL;

	return value && strcmp(value, options->canary_value) != 0 ? value : NULL;
}

bool policy_kind_passes_over(const struct policy *policy, const struct kind_options *options)
{
	return other_value(policy, options) != NULL;
}

int kind_subject(const struct policy *policy, const struct kind_options *options,
		 struct problems *problems, json_t **ret)
{
	const char *other = other_value(policy, options);
	bool has_label;

	if (other) {
		report_canary(policy, options, other, problems);
		return 0;
	}
	has_label = !options->canary_key || value_of(&policy->selector, options->canary_key);
	*ret = has_label ? kind_labels(&policy->selector) : with_canary(&policy->selector, options);
	return *ret ? 1 : -ENOMEM;
}

/* ---- texts ---- */

void kind_put_peer(struct buf *buf, const struct policy_peer *peer)
{
	static const char *const entities[] = {[ENTITY_HOST] = "the pod's own node",
					       [ENTITY_NODES] = "the nodes",
					       [ENTITY_API_SERVER] = "the API server",
					       [ENTITY_WORLD] = "the world"};
	char text[PREFIX_TEXT_MAX];

	if (peer->kind == PEER_BLOCK) {
		buf_puts(buf, prefix_format(peer->block, text));
		return;
	}
	if (peer->kind == PEER_ENTITY) {
		buf_puts(buf, entities[peer->entity]);
		return;
	}
	if (peer->kind == PEER_ALL_PODS)
		buf_puts(buf, "all pods of all namespaces");
	else if (peer->selector.count == 0)
		buf_puts(buf, "all pods");
	for (size_t i = 0; peer->kind == PEER_PODS && i < peer->selector.count; i++)
		buf_printf(buf, "%s%s=%s", i > 0 ? "," : "", peer->selector.items[i].key,
			   peer->selector.items[i].value);
	if (peer->kind == PEER_PODS && *peer->namespace)
		buf_printf(buf, " in %s", peer->namespace);
}

static void put_ports(struct buf *buf, const struct policy_rule *rule)
{
	for (size_t i = 0; i < rule->port_count && i < PORTS_MAX; i++) {
		const struct policy_port *port = &rule->ports[i];

		buf_printf(buf, "%s%s %u", i > 0 ? ", " : "", kind_protocol(port->protocol),
			   port->port);
		if (port->end_port)
			buf_printf(buf, "-%u", port->end_port);
	}
	if (rule->port_count > PORTS_MAX)
		buf_printf(buf, " and %zu more", rule->port_count - PORTS_MAX);
}

static int64_t whole_second(int64_t ms)
{
	return ms - (ms % MSEC_PER_SEC + MSEC_PER_SEC) % MSEC_PER_SEC;
}

static void put_seen(struct buf *buf, const struct policy_peer *peer, const char *separator)
{
	char first[CLOCK_TEXT_MAX], last[CLOCK_TEXT_MAX];

	if (peer->edges == 0)
		return;
	clock_format(whole_second(peer->first_seen), first);
	clock_format(whole_second(peer->last_seen), last);
	buf_printf(buf, "%sseen %s", separator, first);
	if (strcmp(first, last) != 0)
		buf_printf(buf, " to %s", last);
}

static void put_state(struct buf *buf, const struct policy *policy)
{
	if (!policy->readiness)
		return;
	buf_putc(buf, '\n');
	if (policy->least_ready)
		buf_printf(buf, "the least ready, %s/%s: ", policy->least_ready->kind,
			   policy->least_ready->name);
	readiness_text(policy->readiness, buf);
}

/* Takes what is in the buffer. */
static json_t *text_tree(struct buf *buf)
{
	json_t *tree = buf->error ? NULL : json_stringn(buf->data, buf->length);

	buf_clear(buf);
	return tree;
}

/* ---- comments ---- */

static const char *const directions[DIRECTIONS] = {
    [DIRECTION_INGRESS] = "ingress", [DIRECTION_EGRESS] = "egress"};

static bool is_partial(const struct policy *policy, int direction)
{
	return policy->isolates[direction] && policy->partial[direction];
}

/* What that direction is told as: both together where they are partial for one reason. NULL: it is
 * not partial, or told with the other. */
static const char *partial_directions(const struct policy *policy, int direction)
{
	const bool both =
	    is_partial(policy, DIRECTION_INGRESS) && is_partial(policy, DIRECTION_EGRESS) &&
	    strcmp(policy->partial[DIRECTION_INGRESS], policy->partial[DIRECTION_EGRESS]) == 0;

	if (!both)
		return is_partial(policy, direction) ? directions[direction] : NULL;
	return direction == DIRECTION_INGRESS ? "ingress and egress" : NULL;
}

json_t *kind_object(const struct policy *policy, const struct kind_options *options)
{
	json_t *object = json_object();
	struct buf buf = {0};

	if (!object || options->explain != EXPLAIN_COMMENTS)
		return object;
	buf_puts(&buf, policy->subject);
	put_state(&buf, policy);
	for (int i = 0; i < DIRECTIONS; i++) {
		const char *told = partial_directions(policy, i);

		if (told)
			buf_printf(&buf, "\n%s %s partial: %s", told,
				   told == directions[i] ? "is" : "are", policy->partial[i]);
	}
	for (int i = 0; i < DIRECTIONS; i++)
		if (policy->withheld[i])
			buf_printf(&buf, "\n%s is withheld: %s", directions[i],
				   policy->withheld[i]);
	return tree_or_null(object, kind_set(object, KIND_COMMENT, text_tree(&buf)));
}

int kind_comment_peer(json_t *object, const struct policy_peer *peer,
		      const struct kind_options *options)
{
	const char *others = json_string_value(json_object_get(object, KIND_COMMENT));
	struct buf buf = {0};

	if (options->explain != EXPLAIN_COMMENTS)
		return 0;
	if (others)
		buf_printf(&buf, "%s\n", others);
	buf_puts(&buf, peer->reason);
	put_seen(&buf, peer, "\n");
	return kind_set(object, KIND_COMMENT, text_tree(&buf));
}

json_t *kind_peer(const struct policy_peer *peer, const struct kind_options *options)
{
	json_t *object = json_object();

	return tree_or_null(object, kind_comment_peer(object, peer, options));
}

/* ---- annotations ---- */

struct annotation {
	struct buf text;
	size_t left_out;
};

/* Takes what is in the line. After the first that does not fit none does. */
static void annotation_add(struct annotation *annotation, struct buf *line)
{
	static const size_t room = sizeof("\nand 18446744073709551615 more");

	if (line->error && !annotation->text.error)
		annotation->text.error = line->error;
	if (annotation->left_out > 0 ||
	    annotation->text.length + 1 + line->length + room > KIND_ANNOTATION_MAX) {
		annotation->left_out++;
	} else if (!line->error) {
		if (annotation->text.length > 0)
			buf_putc(&annotation->text, '\n');
		buf_put(&annotation->text, line->data, line->length);
	}
	buf_clear(line);
}

/* Nothing where there is nothing to say. */
static int annotation_end(struct annotation *annotation, const char *key, json_t *annotations)
{
	const char *separator = annotation->text.length > 0 ? "\n" : "";

	if (annotation->left_out > 0)
		buf_printf(&annotation->text, "%sand %zu more", separator, annotation->left_out);
	if (annotation->text.length == 0 && !annotation->text.error)
		return 0;
	return kind_set(annotations, key, text_tree(&annotation->text));
}

static void put_wider(struct buf *buf, unsigned wider)
{
	static const struct {
		unsigned bit;
		const char *text;
	} texts[] = {
	    {WIDER_AGGREGATED, "addresses of the block that were not seen"},
	    {WIDER_KNOWN_NETWORK, "all published ranges of the network"},
	    {WIDER_ANY_CLIENT, "clients that were not seen"},
	    {WIDER_FOLDED, "a prefix that was recorded in place of its addresses"},
	    {WIDER_DNS, "DNS, whether it was seen or not"},
	    {WIDER_SERVICE_PORT, "the service's own port or address"},
	    {WIDER_OWN_NODE, "the own node of a pod that was seen, which needs no rule there"},
	    {WIDER_INCLUDED, "evidence that is left out without --include"},
	    {WIDER_ENTITY, "an entity in place of its addresses"},
	    {WIDER_ALL_OF, "all pods of the namespace"},
	    {WIDER_ENDPOINTS, "other endpoints of the service that was asked"},
	    {WIDER_SOURCE_NAT, "clients whose nodes put their own addresses in, and such nodes"},
	};
	const char *separator = "";

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!(wider & texts[i].bit))
			continue;
		buf_printf(buf, "%s%s", separator, texts[i].text);
		if (texts[i].bit == WIDER_ANY_CLIENT && !(wider & WIDER_ENTITY))
			buf_puts(buf, ", and pods where ipBlock covers them");
		separator = "; ";
	}
}

/* "ingress from app=web in shop, TCP 80: " */
static void put_permission(struct buf *buf, int direction, const struct policy_rule *rule,
			   const struct policy_peer *peer)
{
	buf_printf(buf, "%s %s ", directions[direction],
		   direction == DIRECTION_EGRESS ? "to" : "from");
	kind_put_peer(buf, peer);
	buf_puts(buf, ", ");
	put_ports(buf, rule);
	buf_puts(buf, ": ");
}

static void add_wider(struct annotation *annotation, int direction, const struct policy_rule *rule,
		      const struct policy_peer *peer)
{
	struct buf line = {0};

	if (!peer->wider)
		return;
	put_permission(&line, direction, rule, peer);
	put_wider(&line, peer->wider);
	annotation_add(annotation, &line);
}

static void add_evidence(struct annotation *annotation, int direction,
			 const struct policy_rule *rule, const struct policy_peer *peer)
{
	struct buf line = {0};

	put_permission(&line, direction, rule, peer);
	buf_puts(&line, peer->reason);
	put_seen(&line, peer, "; ");
	annotation_add(annotation, &line);
}

typedef void add_fn(struct annotation *annotation, int direction, const struct policy_rule *rule,
		    const struct policy_peer *peer);

static void add_peers(struct annotation *annotation, const struct policy *policy, add_fn *add)
{
	for (int i = 0; i < DIRECTIONS; i++)
		for (size_t j = 0; j < policy->rule_count[i]; j++)
			for (size_t k = 0; k < policy->rules[i][j].peer_count; k++)
				add(annotation, i, &policy->rules[i][j],
				    &policy->rules[i][j].peers[k]);
}

static int annotate_evidence(json_t *annotations, const struct policy *policy)
{
	struct annotation annotation = {0};
	struct buf line = {0};

	buf_puts(&line, policy->subject);
	put_state(&line, policy);
	annotation_add(&annotation, &line);
	add_peers(&annotation, policy, add_evidence);
	return annotation_end(&annotation, KIND_EVIDENCE, annotations);
}

static int annotate_partial(json_t *annotations, const struct policy *policy)
{
	struct annotation annotation = {0};

	for (int i = 0; i < DIRECTIONS; i++) {
		struct buf line = {0};
		if (!partial_directions(policy, i))
			continue;
		buf_printf(&line, "%s: %s", partial_directions(policy, i), policy->partial[i]);
		annotation_add(&annotation, &line);
	}
	return annotation_end(&annotation, KIND_PARTIAL, annotations);
}

static int annotate_withheld(json_t *annotations, const struct policy *policy)
{
	struct annotation annotation = {0};

	for (int i = 0; i < DIRECTIONS; i++) {
		struct buf line = {0};

		if (!policy->withheld[i])
			continue;
		buf_printf(&line, "%s: %s", directions[i], policy->withheld[i]);
		annotation_add(&annotation, &line);
	}
	return annotation_end(&annotation, KIND_WITHHELD, annotations);
}

static int annotate_wider(json_t *annotations, const struct policy *policy)
{
	struct annotation annotation = {0};

	add_peers(&annotation, policy, add_wider);
	return annotation_end(&annotation, KIND_WIDER, annotations);
}

static json_t *annotations_of(const struct policy *policy, const struct kind_options *options)
{
	json_t *annotations = json_object();
	int r = 0;

	if (options->explain == EXPLAIN_ANNOTATIONS)
		r |= annotate_evidence(annotations, policy);
	r |= annotate_withheld(annotations, policy);
	r |= annotate_partial(annotations, policy);
	r |= annotate_wider(annotations, policy);
	return tree_or_null(annotations, r);
}

json_t *kind_metadata(const struct policy *policy, const struct kind_options *options,
		      const char *name, const char *namespace)
{
	json_t *metadata = json_object();
	json_t *annotations = annotations_of(policy, options);
	int r = kind_set(metadata, "name", json_string(name));

	if (namespace)
		r |= kind_set(metadata, "namespace", json_string(namespace));
	r |= kind_set(metadata, "labels",
		      json_pack("{s:s}", "app.kubernetes.io/managed-by", "netpol"));
	if (annotations && json_object_size(annotations) == 0)
		json_decref(annotations);
	else
		r |= kind_set(metadata, "annotations", annotations);
	return tree_or_null(metadata, r);
}

int kind_add(const struct policy *policy, const struct kind_options *options, const char *kind,
	     json_t *spec, json_t *objects)
{
	json_t *object = kind_object(policy, options);
	int r = kind_set(object, "apiVersion", json_string(options->api_version));

	r |= kind_set(object, "kind", json_string(kind));
	r |= kind_set(object, "metadata",
		      kind_metadata(policy, options, policy->name, policy->namespace));
	r |= kind_set(object, "spec", spec);
	return kind_append(objects, object) | r;
}
