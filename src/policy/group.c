#include "policy/group.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "policy/manifest_value.h"
#include "policy/order.h"
#include "policy/picks.h"

/* How many of a group's workloads its subject names. */
#define NAMED_MAX 5

struct candidate {
	const struct workload *workload;
	size_t index;
	bool bare; /* a pod without an owner */
	bool dead; /* the inventory has no pod of it that lives */
};

static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int r = strcmp(x->workload->namespace, y->workload->namespace);

	r = r ? r : order_labels(&x->workload->selector, &y->workload->selector);
	r = r ? r : order_numbers(x->bare, y->bare);
	r = r ? r : order_numbers(x->dead, y->dead);
	return r ? r : order_numbers(x->index, y->index);
}

static bool is_any(const char *text)
{
	return !text || !*text;
}

bool filter_matches(const struct policy_filter *filter, const struct workload *workload)
{
	if (!filter)
		return true;
	return (is_any(filter->namespace) || strcmp(filter->namespace, workload->namespace) == 0) &&
	       (is_any(filter->workload_kind) ||
		strcasecmp(filter->workload_kind, workload->kind) == 0) &&
	       (is_any(filter->workload_name) ||
		strcmp(filter->workload_name, workload->name) == 0);
}

static char *subject_of(const struct candidate *run, size_t length)
{
	struct buf buf = {0};

	for (size_t i = 0; i < length && i < NAMED_MAX; i++)
		buf_printf(&buf, "%s%s/%s", i > 0 ? ", " : "", run[i].workload->kind,
			   run[i].workload->name);
	if (length > NAMED_MAX)
		buf_printf(&buf, " and %zu more", length - NAMED_MAX);
	if (length > 1)
		buf_puts(&buf, " (no label tells them apart)");
	if (!buf.error)
		return buf.data;
	buf_clear(&buf);
	return NULL;
}

static int add_group(struct groups *groups, const struct candidate *run, size_t length,
		     const struct policy_filter *filter)
{
	struct group group = {.namespace = run->workload->namespace,
			      .shared = length > 1,
			      .selector = &run->workload->selector,
			      .first = run->index,
			      .also_picks = run->workload->also_picks};

	group.subject = subject_of(run, length);
	if (!group.subject)
		return -ENOMEM;
	for (size_t i = 0; i < length; i++) {
		group.recorded |= run[i].workload->recorded;
		group.wanted |= filter_matches(filter, run[i].workload);
		groups->of_workload[run[i].index] = groups->count;
	}
	groups->items[groups->count++] = group;
	return 0;
}

static bool is_living(const struct graph *graph, const struct graph_pod *pod)
{
	const struct inventory_pod *known =
	    graph->inventory
		? inventory_find_pod(graph->inventory, pod->namespace, pod->name, pod->uid)
		: NULL;

	return known && !known->finished;
}

/* One a workload; NULL: there is no room. */
static bool *find_living(const struct graph *graph)
{
	bool *living = calloc(graph->workload_count + 1, sizeof(*living));

	for (size_t i = 0; living && i < graph->pod_count; i++) {
		const size_t workload = graph->pods[i].workload;

		if (workload != GRAPH_NONE && !living[workload])
			living[workload] = is_living(graph, &graph->pods[i]);
	}
	return living;
}

static size_t collect(const struct graph *graph, const bool *living, struct candidate *candidates)
{
	size_t count = 0;

	for (size_t i = 0; i < graph->workload_count; i++) {
		const struct workload *workload = &graph->workloads[i];

		if (!workload->host_network && workload->selector.count > 0 &&
		    text_is_dns_label(workload->namespace))
			candidates[count++] =
			    (struct candidate){.workload = workload,
					       .index = i,
					       .bare = strcmp(workload->kind, "Pod") == 0,
					       .dead = !living[i]};
	}
	if (count > 0)
		qsort(candidates, count, sizeof(*candidates), compare_candidates);
	return count;
}

int groups_build(const struct graph *graph, const struct policy_filter *filter, struct groups *ret)
{
	struct candidate *candidates = calloc(graph->workload_count + 1, sizeof(*candidates));
	bool *living = find_living(graph);
	struct groups groups = {0};
	size_t count;
	int r = -ENOMEM;

	groups.items = calloc(graph->workload_count + 1, sizeof(*groups.items));
	groups.of_workload = calloc(graph->workload_count + 1, sizeof(*groups.of_workload));
	if (!candidates || !living || !groups.items || !groups.of_workload)
		goto out;
	for (size_t i = 0; i < graph->workload_count; i++)
		groups.of_workload[i] = GROUP_NONE;
	count = collect(graph, living, candidates);
	r = 0;
	for (size_t i = 0, end; i < count && r == 0; i = end) {
		const struct workload *first = candidates[i].workload;

		for (end = i + 1; end < count; end++)
			if (strcmp(candidates[end].workload->namespace, first->namespace) != 0 ||
			    order_labels(&candidates[end].workload->selector, &first->selector) !=
				0)
				break;
		r = add_group(&groups, candidates + i, end - i, filter);
	}
	if (r == 0)
		r = picks_find(graph, &groups);
	if (r < 0)
		goto out;
	*ret = groups;
	groups = (struct groups){0};
out:
	groups_clear(&groups);
	free(living);
	free(candidates);
	return r;
}

bool group_is_subject(const struct group *group)
{
	return group->recorded && group->wanted;
}

void groups_clear(struct groups *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		free(groups->items[i].subject);
		free(groups->items[i].partial);
	}
	free(groups->items);
	free(groups->of_workload);
	free(groups->picks);
	for (int d = 0; d < DIRECTIONS; d++)
		free(groups->holders[d]);
	*groups = (struct groups){0};
}
