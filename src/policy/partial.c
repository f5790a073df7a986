#include "policy/partial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "policy/order.h"

#define NODES_NAMED_MAX 3

/* Where a pod of a group runs. */
struct place {
	bool ended; /* the record of the node ended before it could tell of today */
	size_t group;
	const char *node;
	const struct coverage_node *record; /* NULL: the node has none */
};

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int r = order_numbers(x->group, y->group);

	return r ? r : strcmp(x->node, y->node);
}

static int compare_name(const void *key, const void *item)
{
	const struct coverage_node *node = item;

	return strcmp(key, node->name);
}

static const struct coverage_node *find_record(const struct coverage *coverage, const char *node)
{
	return coverage->count > 0 ? bsearch(node, coverage->nodes, coverage->count,
					     sizeof(*coverage->nodes), compare_name)
				   : NULL;
}

/* What ends before this ended early; INT64_MIN: nothing did. */
static int64_t early_end(const struct coverage *coverage)
{
	int64_t from = INT64_MAX, until = INT64_MIN, part;

	for (size_t i = 0; i < coverage->count; i++) {
		const struct coverage_node *node = &coverage->nodes[i];

		from = node->from < from ? node->from : from;
		until = node->until > until ? node->until : until;
	}
	if (from > until)
		return INT64_MIN;
	part = (until - from) / COVERAGE_EARLY_SHARE;
	return until - (part > COVERAGE_EARLY_MIN ? part : COVERAGE_EARLY_MIN);
}

static bool is_living(const struct graph *graph, const struct graph_pod *pod)
{
	const struct inventory_pod *known =
	    graph->inventory
		? inventory_find_pod(graph->inventory, pod->namespace, pod->name, pod->uid)
		: NULL;

	return known && !known->finished && *pod->node;
}

static size_t find_places(const struct graph *graph, const struct coverage *coverage,
			  const struct groups *groups, struct place *places)
{
	const int64_t early = early_end(coverage);
	size_t count = 0;

	for (size_t i = 0; i < graph->pod_count; i++) {
		const struct graph_pod *pod = &graph->pods[i];
		const struct coverage_node *record = find_record(coverage, pod->node);
		size_t group =
		    pod->workload == GRAPH_NONE ? GROUP_NONE : groups->of_workload[pod->workload];

		if (group != GROUP_NONE && group_is_subject(&groups->items[group]) &&
		    is_living(graph, pod))
			places[count++] = (struct place){.group = group,
							 .node = pod->node,
							 .record = record,
							 .ended = record && record->until < early};
	}
	if (count > 0)
		qsort(places, count, sizeof(*places), compare_places);
	return count;
}

static bool is_unrecorded(const struct place *place)
{
	return !place->record;
}

static bool is_ended(const struct place *place)
{
	return place->ended;
}

static bool is_hidden(const struct place *place)
{
	return place->record && place->record->hidden;
}

/* Each node once. Returns how many of the places are such. */
static size_t put_nodes(struct buf *buf, const struct place *places, size_t count,
			bool (*is_such)(const struct place *))
{
	const char *last = NULL;
	size_t found = 0, named = 0;

	for (size_t i = 0; i < count; i++) {
		if (!is_such(&places[i]))
			continue;
		found++;
		if (last && strcmp(last, places[i].node) == 0)
			continue;
		last = places[i].node;
		if (named < NODES_NAMED_MAX)
			buf_printf(buf, "%s%s", named > 0 ? ", " : "", last);
		named++;
	}
	if (named > NODES_NAMED_MAX)
		buf_printf(buf, " and %zu more", named - NODES_NAMED_MAX);
	return found;
}

/* What the first such node hides; others may hide other things. */
static void put_hidden(struct buf *buf, const struct place *places, size_t count)
{
	const char *first = NULL;
	bool differ = false;

	for (size_t i = 0; i < count; i++) {
		if (!is_hidden(&places[i]))
			continue;
		if (!first)
			first = places[i].record->hidden;
		differ |= strcmp(first, places[i].record->hidden) != 0;
	}
	buf_printf(buf, ": %s%s", first, differ ? ", and more" : "");
}

static const char *separator(const struct buf *text)
{
	return text->length > 0 ? "; " : "";
}

static void put_missing(struct buf *text, const struct place *places, size_t count,
			bool (*is_such)(const struct place *), const char *where)
{
	struct buf nodes = {0};
	size_t missing = put_nodes(&nodes, places, count, is_such);

	if (missing > 0)
		buf_printf(text, "%s%zu of %zu pods %s on nodes %s (%s)", separator(text), missing,
			   count, missing == 1 ? "is" : "are", where, nodes.data ? nodes.data : "");
	if (nodes.error)
		text->error = nodes.error;
	buf_clear(&nodes);
}

/* The places are one group's. */
static int describe(const struct place *places, size_t count, char **ret)
{
	struct buf hidden = {0}, text = {0};

	put_missing(&text, places, count, is_unrecorded, "without a record here");
	put_missing(&text, places, count, is_ended, "whose record ended before the others");
	if (put_nodes(&hidden, places, count, is_hidden) > 0) {
		buf_printf(&text, "%shidden on %s", separator(&text),
			   hidden.data ? hidden.data : "");
		put_hidden(&text, places, count);
	}
	if (hidden.error)
		text.error = hidden.error;
	buf_clear(&hidden);
	if (text.error) {
		int r = text.error;

		buf_clear(&text);
		return r;
	}
	*ret = text.data;
	return 0;
}

int partial_find(const struct graph *graph, const struct coverage *coverage, struct groups *groups)
{
	struct place *places = calloc(graph->pod_count + 1, sizeof(*places));
	size_t count = places ? find_places(graph, coverage, groups, places) : 0;
	int r = places ? 0 : -ENOMEM;

	for (size_t i = 0, end; i < count && r == 0; i = end) {
		for (end = i + 1; end < count && places[end].group == places[i].group; end++)
			;
		r = describe(places + i, end - i, &groups->items[places[i].group].partial);
	}
	free(places);
	return r;
}

int withheld_text(const struct group *group, enum direction direction,
		  const struct policy_request *request, char **ret)
{
	const struct group *because = group->because[direction];
	struct buf buf = {0};
	int r;

	if (because)
		buf_printf(&buf,
			   "its labels pick pods of %s, too, of whose policy it is withheld: ",
			   because->subject);
	switch (group->withheld[direction]) {
	case LEFT_BEYOND_LIMIT:
		buf_printf(&buf,
			   "one of its ports needs more blocks outside of the cluster than "
			   "--max-blocks %zu",
			   request->max_blocks);
		break;
	case LEFT_PARTIAL:
		buf_puts(&buf, "it would be partial");
		if (group->partial)
			buf_printf(&buf, ": %s", group->partial);
		break;
	case LEFT_NOT_READY:
		buf_puts(&buf, "too little is known of it yet");
		break;
	default:
		buf_puts(&buf, left_reason_phrase(group->withheld[direction]));
		break;
	}
	r = buf.error;
	if (r < 0)
		buf_clear(&buf);
	else
		*ret = buf.data;
	return r;
}
