#include "cli/extent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/dataplane.h"

struct walk {
	const struct options *options;
	struct extent *extent;
};

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Room for one more in both arrays. */
static int reserve_node(struct extent *extent)
{
	size_t capacity = extent->node_capacity ? 2 * extent->node_capacity : 16;
	struct coverage_node *covered;
	struct readiness_node *nodes;

	if (extent->coverage.count < extent->node_capacity)
		return 0;
	covered = reallocarray(extent->coverage.nodes, capacity, sizeof(*covered));
	if (!covered)
		return -ENOMEM;
	extent->coverage.nodes = covered;
	nodes = reallocarray(extent->nodes, capacity, sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	extent->nodes = nodes;
	extent->node_capacity = capacity;
	return 0;
}

static int take_node(void *context, const char *node, int64_t first, int64_t heartbeat)
{
	const struct walk *walk = context;
	const struct interval interval = walk->options->interval;
	struct extent *extent = walk->extent;
	const int64_t from = later(first, interval.from),
		      until = earlier(heartbeat, interval.until);
	char *name;

	if (from > until || (walk->options->node && strcmp(walk->options->node, node) != 0))
		return 0;
	name = reserve_node(extent) == 0 ? strdup(node) : NULL;
	if (!name)
		return -ENOMEM;
	extent->nodes[extent->coverage.count] = (struct readiness_node){name, from, until};
	extent->coverage.nodes[extent->coverage.count++] =
	    (struct coverage_node){.name = name, .from = from, .until = until};
	return 0;
}

static int compare_name(const void *name, const void *node)
{
	return strcmp(name, ((const struct coverage_node *)node)->name);
}

static const struct coverage_node *find_node(const struct coverage *coverage, const char *name)
{
	if (coverage->count == 0)
		return NULL;
	return bsearch(name, coverage->nodes, coverage->count, sizeof(*coverage->nodes),
		       compare_name);
}

static int take_gap(void *context, const char *node, const struct gap *gap)
{
	const struct walk *walk = context;
	struct extent *extent = walk->extent;
	struct readiness_evidence *evidence = &extent->evidence;
	const struct coverage_node *known = find_node(&extent->coverage, node);

	if (!known || gap->at_most == 0)
		return 0;
	if (evidence->gap_count == extent->gap_capacity) {
		size_t capacity = extent->gap_capacity ? 2 * extent->gap_capacity : 16;
		struct readiness_gap *gaps = reallocarray(extent->gaps, capacity, sizeof(*gaps));

		if (!gaps)
			return -ENOMEM;
		extent->gaps = gaps;
		extent->gap_capacity = capacity;
	}
	extent->gaps[evidence->gap_count++] =
	    (struct readiness_gap){known->name, gap->from, gap->until};
	return 0;
}

static int compare_gaps(const void *a, const void *b)
{
	const struct readiness_gap *x = a, *y = b;
	int r = strcmp(x->node, y->node);

	r = r ? r : (x->from > y->from) - (x->from < y->from);
	return r ? r : (x->until > y->until) - (x->until < y->until);
}

static int set_hidden(struct coverage_node *node, const struct dataplanes *dataplanes,
		      struct interval interval)
{
	const struct dataplane_node *told = dataplanes_find(dataplanes, node->name);
	struct buf buf = {0};
	int r;

	if (!told)
		return 0;
	dataplane_put_hidden(&buf, told, interval);
	r = buf.error;
	if (r < 0)
		buf_clear(&buf);
	else
		node->hidden = buf.data;
	return r;
}

static int read_dataplanes(struct session *session, struct extent *extent)
{
	struct dataplanes dataplanes = {0};
	int r = record_facts(session->record, dataplanes_take, &dataplanes);

	for (size_t i = 0; i < extent->coverage.count && r == 0; i++)
		r = set_hidden(&extent->coverage.nodes[i], &dataplanes, session->options->interval);
	dataplanes_clear(&dataplanes);
	return r;
}

int extent_read(struct session *session, struct extent *extent)
{
	struct walk walk = {.options = session->options, .extent = extent};
	struct record *record = session->record;
	int r = record_nodes(record, take_node, &walk);

	if (r == 0)
		r = record_gaps(record, session->options->interval, take_gap, &walk);
	if (r == 0)
		r = read_dataplanes(session, extent);
	record_end(record);
	if (r < 0)
		return r;
	if (extent->evidence.gap_count > 0)
		qsort(extent->gaps, extent->evidence.gap_count, sizeof(*extent->gaps),
		      compare_gaps);
	extent->evidence.nodes = extent->nodes;
	extent->evidence.node_count = extent->coverage.count;
	extent->evidence.gaps = extent->gaps;
	return 0;
}

void extent_clear(struct extent *extent)
{
	for (size_t i = 0; i < extent->coverage.count; i++) {
		free((char *)extent->coverage.nodes[i].name);
		free((char *)extent->coverage.nodes[i].hidden);
	}
	free(extent->coverage.nodes);
	free(extent->nodes);
	free(extent->gaps);
	*extent = (struct extent){0};
}
