#include "policy/kind_common.h"

#include <netinet/in.h>
#include <string.h>

#include "base/clock.h"

/* How many ports of a rule a text names that is only read. */
#define PORTS_MAX 8

void kind_add_single(struct tree_node *parent, const char *key, const char *name, const char *text)
{
	tree_add_text(tree_add_map(parent, key), name, text);
}

struct tree_node *kind_add_labels(struct tree_node *parent, const char *key,
				  const struct labels *labels)
{
	struct tree_node *map = tree_add_map(parent, key);

	for (size_t i = 0; i < labels->count; i++)
		tree_add_text(map, labels->items[i].key, labels->items[i].value);
	return map;
}

void kind_add_selector(struct tree_node *parent, const char *key, const struct labels *labels)
{
	struct tree_node *selector = tree_add_map(parent, key);

	if (labels->count > 0)
		kind_add_labels(selector, "matchLabels", labels);
}

void kind_add_block(struct tree_node *parent, const char *key, struct prefix block)
{
	char text[PREFIX_TEXT_MAX];

	prefix_format(block, text);
	tree_add_copy(parent, key, text, strlen(text));
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

bool kind_has_subject(const struct policy *policy, const struct kind_options *options,
		      struct problems *problems)
{
	const char *other = other_value(policy, options);

	if (other)
		report_canary(policy, options, other, problems);
	return !other;
}

/* In the order of their keys. */
static void add_subject(struct tree_node *map, const struct labels *labels,
			const struct kind_options *options)
{
	const char *canary = options->canary_key;
	bool is_due = canary && !value_of(labels, canary);

	for (size_t i = 0; i < labels->count; i++) {
		if (is_due && strcmp(canary, labels->items[i].key) < 0) {
			tree_add_text(map, canary, options->canary_value);
			is_due = false;
		}
		tree_add_text(map, labels->items[i].key, labels->items[i].value);
	}
	if (is_due)
		tree_add_text(map, canary, options->canary_value);
}

void kind_add_subject(struct tree_node *parent, const char *key, const struct policy *policy,
		      const struct kind_options *options)
{
	add_subject(tree_add_map(parent, key), &policy->selector, options);
}

void kind_add_subject_selector(struct tree_node *parent, const char *key,
			       const struct policy *policy, const struct kind_options *options)
{
	struct tree_node *selector = tree_add_map(parent, key);

	if (policy->selector.count > 0 || options->canary_key)
		kind_add_subject(selector, "matchLabels", policy, options);
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
	for (size_t i = 0; peer->kind == PEER_PODS && i < peer->selector.count; i++) {
		buf_puts(buf, i > 0 ? "," : "");
		buf_puts(buf, peer->selector.items[i].key);
		buf_putc(buf, '=');
		buf_puts(buf, peer->selector.items[i].value);
	}
	if (peer->kind == PEER_PODS && *peer->namespace)
		buf_printf(buf, " in %s", peer->namespace);
}

static void put_ports(struct buf *buf, const struct policy_rule *rule, size_t most)
{
	for (size_t i = 0; i < rule->port_count && i < most; i++) {
		const struct policy_port *port = &rule->ports[i];

		buf_puts(buf, i > 0 ? ", " : "");
		buf_puts(buf, kind_protocol(port->protocol));
		buf_putc(buf, ' ');
		buf_put_number(buf, port->port);
		if (port->end_port) {
			buf_putc(buf, '-');
			buf_put_number(buf, port->end_port);
		}
	}
	if (rule->port_count > most)
		buf_printf(buf, " and %zu more", rule->port_count - most);
}

static int64_t whole_second(int64_t ms)
{
	return ms - (ms % MSEC_PER_SEC + MSEC_PER_SEC) % MSEC_PER_SEC;
}

/* "seen 2026-01-31T12:00:00Z to 2026-01-31T12:00:01Z"; "": it was not seen. */
#define SEEN_TEXT_MAX (sizeof("seen  to ") + 2 * CLOCK_TEXT_MAX)

static const char *seen_text(const struct policy_peer *peer, char text[static SEEN_TEXT_MAX])
{
	char first[CLOCK_TEXT_MAX], last[CLOCK_TEXT_MAX], *end;

	*text = '\0';
	if (peer->edges == 0)
		return text;
	clock_format(whole_second(peer->first_seen), first);
	clock_format(whole_second(peer->last_seen), last);
	end = stpcpy(stpcpy(text, "seen "), first);
	if (strcmp(first, last) != 0)
		stpcpy(stpcpy(end, " to "), last);
	return text;
}

static void put_state(struct buf *buf, const struct policy *policy)
{
	if (!policy->readiness)
		return;
	buf_putc(buf, '\n');
	if (policy->least_ready)
		buf_printf(buf, "none is less ready than %s/%s:\n", policy->least_ready->kind,
			   policy->least_ready->name);
	readiness_text(policy->readiness, buf);
}

void kind_end_text(struct buf *buf, struct tree_node *node)
{
	if (node && buf->error)
		node->tree->error = buf->error;
	buf_clear(buf);
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

static void comment_policy(struct tree_node *object, const struct policy *policy)
{
	struct buf buf = {0};

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
	if (!buf.error)
		tree_add_comment(object, buf.data, buf.length);
	kind_end_text(&buf, object);
}

struct tree_node *kind_add_object(struct tree_node *parent, const char *key,
				  const struct policy *policy, const struct kind_options *options,
				  const char *kind)
{
	struct tree_node *object = tree_add_map(parent, key);

	if (options->explain == EXPLAIN_COMMENTS)
		comment_policy(object, policy);
	tree_add_text(object, "apiVersion", options->api_version);
	tree_add_text(object, "kind", kind);
	return object;
}

void kind_comment_peer(struct tree_node *map, const struct policy_peer *peer,
		       const struct kind_options *options)
{
	char seen[SEEN_TEXT_MAX];

	if (options->explain != EXPLAIN_COMMENTS)
		return;
	tree_add_comment(map, peer->reason, strlen(peer->reason));
	if (*seen_text(peer, seen))
		tree_add_comment(map, seen, strlen(seen));
}

struct tree_node *kind_add_peer(struct tree_node *peers, const struct policy_peer *peer,
				const struct kind_options *options)
{
	struct tree_node *map = tree_add_map(peers, NULL);

	kind_comment_peer(map, peer, options);
	return map;
}

/* ---- annotations ---- */

struct annotation {
	struct buf text;
	size_t line; /* where the last one begins */
	size_t left_out;
};

static struct buf *begin_line(struct annotation *annotation)
{
	annotation->line = annotation->text.length;
	if (annotation->line > 0)
		buf_putc(&annotation->text, '\n');
	return &annotation->text;
}

/* After the first line that does not fit none does. */
static void end_line(struct annotation *annotation)
{
	static const size_t room = sizeof("\nand 18446744073709551615 more");
	struct buf *text = &annotation->text;

	if (text->error)
		return;
	if (annotation->left_out == 0 &&
	    text->length + (annotation->line == 0) + room <= KIND_ANNOTATION_MAX)
		return;
	text->length = annotation->line;
	annotation->left_out++;
}

struct tree_node *kind_annotations(struct tree_node *metadata)
{
	struct tree_node *annotations = tree_get(metadata, "annotations");

	return annotations ? annotations : tree_add_map(metadata, "annotations");
}

/* Nothing where there is nothing to say. */
static void annotation_end(struct annotation *annotation, const char *key,
			   struct tree_node *metadata)
{
	struct buf *text = &annotation->text;

	if (annotation->left_out > 0)
		buf_printf(begin_line(annotation), KIND_MORE, annotation->left_out);
	if (!text->error && text->length > 0)
		tree_add_copy(kind_annotations(metadata), key, text->data, text->length);
	kind_end_text(text, metadata);
}

static const struct {
	unsigned bit;
	const char *text;
} wider_texts[] = {
    {WIDER_AGGREGATED, "addresses of the block that were not seen"},
    {WIDER_KNOWN_NETWORK, "all published ranges of the network"},
    {WIDER_ANY_CLIENT, "clients that were not seen"},
    {WIDER_FOLDED, "a prefix that was recorded in place of its addresses"},
    {WIDER_DNS, "DNS, not all of which was seen"},
    {WIDER_SERVICE_PORT, "the service's own port or address"},
    {WIDER_OWN_NODE, "the own node of a pod that was seen, which needs no rule there"},
    {WIDER_INCLUDED, "evidence that is left out without --include"},
    {WIDER_ENTITY, "an entity in place of its addresses"},
    {WIDER_ALL_OF, "all pods of the namespace"},
    {WIDER_ENDPOINTS, "endpoints of the same service that were not seen"},
    {WIDER_SOURCE_NAT, "clients whose nodes put their own addresses in, and such nodes"},
};
#define WIDER_TEXTS (sizeof(wider_texts) / sizeof(wider_texts[0]))

void kind_put_wider(struct buf *buf, unsigned wider)
{
	const char *separator = "";

	for (size_t i = 0; i < WIDER_TEXTS; i++) {
		if (!(wider & wider_texts[i].bit))
			continue;
		buf_puts(buf, separator);
		buf_puts(buf, wider_texts[i].text);
		if (wider_texts[i].bit == WIDER_ANY_CLIENT && !(wider & WIDER_ENTITY))
			buf_puts(buf, ", and pods where ipBlock covers them");
		separator = "; ";
	}
}

int kind_is_wider(const char *text)
{
	struct buf words = {0};
	unsigned wider = 0;
	int r;

	for (size_t i = 0; i < WIDER_TEXTS; i++)
		if (strstr(text, wider_texts[i].text))
			wider |= wider_texts[i].bit;
	kind_put_wider(&words, wider);
	r = words.error ? words.error : words.data && strcmp(words.data, text) == 0;
	buf_clear(&words);
	return r;
}

static void put_permission(struct buf *buf, int direction, const struct policy_rule *rule,
			   const struct policy_peer *peer, size_t most_ports)
{
	buf_puts(buf, direction == DIRECTION_EGRESS ? "egress to " : "ingress from ");
	kind_put_peer(buf, peer);
	buf_puts(buf, ", ");
	put_ports(buf, rule, most_ports);
	buf_puts(buf, ": ");
}

void kind_put_permission(struct buf *buf, int direction, const struct policy_rule *rule,
			 const struct policy_peer *peer)
{
	put_permission(buf, direction, rule, peer, SIZE_MAX);
}

static void add_wider(struct annotation *annotation, int direction, const struct policy_rule *rule,
		      const struct policy_peer *peer)
{
	struct buf *line;

	if (!peer->wider)
		return;
	if (annotation->left_out > 0) {
		annotation->left_out++;
		return;
	}
	line = begin_line(annotation);
	kind_put_permission(line, direction, rule, peer);
	kind_put_wider(line, peer->wider);
	end_line(annotation);
}

static void add_evidence(struct annotation *annotation, int direction,
			 const struct policy_rule *rule, const struct policy_peer *peer)
{
	struct buf *line = begin_line(annotation);
	char seen[SEEN_TEXT_MAX];

	put_permission(line, direction, rule, peer, PORTS_MAX);
	buf_puts(line, peer->reason);
	if (*seen_text(peer, seen)) {
		buf_puts(line, "; ");
		buf_puts(line, seen);
	}
	end_line(annotation);
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

static void annotate_evidence(struct tree_node *metadata, const struct policy *policy)
{
	struct annotation annotation = {0};
	struct buf *line = begin_line(&annotation);

	buf_puts(line, policy->subject);
	put_state(line, policy);
	end_line(&annotation);
	add_peers(&annotation, policy, add_evidence);
	annotation_end(&annotation, KIND_EVIDENCE, metadata);
}

static void annotate_partial(struct tree_node *metadata, const struct policy *policy)
{
	struct annotation annotation = {0};

	for (int i = 0; i < DIRECTIONS; i++) {
		if (!partial_directions(policy, i))
			continue;
		buf_printf(begin_line(&annotation), "%s: %s", partial_directions(policy, i),
			   policy->partial[i]);
		end_line(&annotation);
	}
	annotation_end(&annotation, KIND_PARTIAL, metadata);
}

static void annotate_withheld(struct tree_node *metadata, const struct policy *policy)
{
	struct annotation annotation = {0};

	for (int i = 0; i < DIRECTIONS; i++) {
		if (!policy->withheld[i])
			continue;
		buf_printf(begin_line(&annotation), "%s: %s", directions[i], policy->withheld[i]);
		end_line(&annotation);
	}
	annotation_end(&annotation, KIND_WITHHELD, metadata);
}

static void annotate_wider(struct tree_node *metadata, const struct policy *policy)
{
	struct annotation annotation = {0};

	add_peers(&annotation, policy, add_wider);
	annotation_end(&annotation, KIND_WIDER, metadata);
}

struct tree_node *kind_add_metadata(struct tree_node *object, const struct policy *policy,
				    const struct kind_options *options, const char *name,
				    const char *namespace)
{
	struct tree_node *metadata = tree_add_map(object, "metadata");

	tree_add_copy(metadata, "name", name, strlen(name));
	if (namespace)
		tree_add_text(metadata, "namespace", namespace);
	kind_add_single(metadata, "labels", "app.kubernetes.io/managed-by", "netpol");
	if (options->explain == EXPLAIN_ANNOTATIONS)
		annotate_evidence(metadata, policy);
	annotate_withheld(metadata, policy);
	annotate_partial(metadata, policy);
	annotate_wider(metadata, policy);
	return metadata;
}
