#include "policy/manifest_wider.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/kind_common.h"

/* More of them are not written by what writes the annotation. */
#define LABELS_MAX 32
#define PORTS_MAX (KIND_ANNOTATION_MAX / (sizeof("TCP 1, ") - 1))

/* Of the annotation. */
struct lines {
	char *text;
	const char **items; /* sorted */
	size_t count;
	bool cut;
};

/* ---- lines ---- */

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t count_lines(const char *text)
{
	size_t count = 1;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

static bool says_more(const char *line)
{
	size_t more;
	char end;

	return sscanf(line, KIND_MORE "%c", &more, &end) == 1;
}

static int lines_split(const char *annotation, struct lines *ret)
{
	char *rest, *line;

	ret->text = strdup(annotation);
	ret->items = calloc(count_lines(annotation), sizeof(*ret->items));
	if (!ret->text || !ret->items)
		return -ENOMEM;
	rest = ret->text;
	while ((line = strsep(&rest, "\n"))) {
		ret->cut |= says_more(line);
		ret->items[ret->count++] = line;
	}
	qsort(ret->items, ret->count, sizeof(*ret->items), compare_lines);
	return 0;
}

static void lines_clear(struct lines *lines)
{
	free(lines->items);
	free(lines->text);
}

static int compare_begin(const void *key, const void *item)
{
	const struct buf *begin = key;

	return strncmp(begin->data, *(const char *const *)item, begin->length);
}

/* What goes on after that; NULL: no line begins so. */
static const char *find_rest(const struct lines *lines, const struct buf *begin)
{
	const char **found =
	    bsearch(begin, lines->items, lines->count, sizeof(*lines->items), compare_begin);

	return found ? *found + begin->length : NULL;
}

/* ---- peers as they were written ---- */

static const char *only_value(const struct requirement *requirement)
{
	return requirement->operator== REQUIREMENT_IN && requirement->value_count == 1
		   ? requirement->values[0]
		   : NULL;
}

/* The labels are put into the room; false: it asks for more than labels. */
static bool find_labels(const struct label_selector *selector, struct label room[static LABELS_MAX],
			struct labels *ret)
{
	for (size_t i = 0; i < selector->count; i++) {
		if (i == LABELS_MAX || !only_value(&selector->items[i]))
			return false;
		room[i] = (struct label){selector->items[i].key, selector->items[i].values[0]};
	}
	*ret = (struct labels){room, selector->count};
	return true;
}

static bool find_namespace(const struct netpol_peer *peer, struct policy_peer *ret)
{
	const struct label_selector *selector = &peer->namespaces;

	ret->namespace = "";
	if (!peer->has_namespaces)
		return true;
	if (selector->count == 0) {
		ret->kind = PEER_ALL_PODS;
		return !peer->has_pods;
	}
	ret->namespace = only_value(&selector->items[0]);
	return peer->has_pods && selector->count == 1 && ret->namespace &&
	       strcmp(selector->items[0].key, "kubernetes.io/metadata.name") == 0;
}

/* As a derived policy has it; false: none has. */
static bool find_peer(const struct netpol_peer *peer, struct label room[static LABELS_MAX],
		      struct policy_peer *ret)
{
	*ret = (struct policy_peer){.kind = peer->has_block ? PEER_BLOCK : PEER_PODS,
				    .block = peer->block};
	if (peer->has_block)
		return peer->except_count == 0;
	return find_namespace(peer, ret) && find_labels(&peer->pods, room, &ret->selector);
}

static bool find_port(const struct netpol_port *port, struct policy_port *ret)
{
	*ret = (struct policy_port){.protocol = port->protocol,
				    .port = port->first,
				    .end_port = port->last == port->first ? 0 : port->last};
	return !port->name;
}

/* ports: room for all of the rule's. */
static bool find_ports(const struct netpol_rule *rule, struct policy_port *ports)
{
	for (size_t i = 0; i < rule->port_count; i++)
		if (i == PORTS_MAX || !find_port(&rule->ports[i], &ports[i]))
			return false;
	return true;
}

/* ---- the policy's ---- */

/* written: with the rule's ports; begin: a buffer for all of them. */
static int take_peer(const struct lines *lines, int direction, const struct policy_rule *written,
		     struct netpol_peer *peer, struct buf *begin)
{
	struct label room[LABELS_MAX];
	struct policy_peer who;
	const char *rest;
	int r;

	if (!find_peer(peer, room, &who))
		return 0;
	begin->length = 0;
	kind_put_permission(begin, direction, written, &who);
	if (begin->error)
		return begin->error;
	rest = find_rest(lines, begin);
	r = rest ? kind_is_wider(rest) : 0;
	if (r <= 0)
		return r;
	peer->wider = strdup(rest);
	return peer->wider ? 0 : -ENOMEM;
}

static int take_rule(const struct lines *lines, int direction, struct netpol_rule *rule)
{
	struct policy_rule written = {.ports = calloc(rule->port_count + 1, sizeof(*written.ports)),
				      .port_count = rule->port_count};
	struct buf begin = {0};
	int r = written.ports ? 0 : -ENOMEM;

	if (r == 0 && find_ports(rule, written.ports))
		for (size_t i = 0; i < rule->peer_count && r == 0; i++)
			r = take_peer(lines, direction, &written, &rule->peers[i], &begin);
	free(written.ports);
	buf_clear(&begin);
	return r;
}

int netpol_take_wider(const struct node *object, struct netpol *policy)
{
	const struct node *annotations = node_get(node_get(object, "metadata"), "annotations");
	const char *annotation = node_get_text(annotations, KIND_WIDER);
	struct lines lines = {0};
	int r;

	if (!annotation)
		return 0;
	r = lines_split(annotation, &lines);
	policy->wider_cut = lines.cut;
	for (int i = 0; i < DIRECTIONS; i++)
		for (size_t j = 0; j < policy->rule_count[i] && r == 0; j++)
			r = take_rule(&lines, i, &policy->rules[i][j]);
	lines_clear(&lines);
	return r;
}
