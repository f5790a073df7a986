#include "cli/holes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/dataplane.h"

/* So many gaps of a node are told one by one. */
#define SINGLE_MAX 3
#define LOSS_SOURCES (LOSS_IDENTITY + 1)

struct hole {
	char *node;
	char *reason;
	struct gap gap;
};

struct hole_list {
	struct hole *items;
	size_t count, capacity;
};

static int take_gap(void *context, const char *node, const struct gap *gap)
{
	struct hole_list *list = context;
	struct hole *hole;

	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? 2 * list->capacity : 16;
		struct hole *items = reallocarray(list->items, capacity, sizeof(*items));

		if (!items)
			return -ENOMEM;
		list->items = items;
		list->capacity = capacity;
	}
	hole = &list->items[list->count++];
	*hole = (struct hole){.node = strdup(node), .reason = strdup(gap->reason), .gap = *gap};
	return hole->node && hole->reason ? 0 : -ENOMEM;
}

static void hole_list_clear(struct hole_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].node);
		free(list->items[i].reason);
	}
	free(list->items);
}

static int compare_times(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_holes(const void *a, const void *b)
{
	const struct hole *x = a, *y = b;
	int r = strcmp(x->node, y->node);

	r = r ? r : compare_times(x->gap.from, y->gap.from);
	r = r ? r : compare_times(x->gap.until, y->gap.until);
	r = r ? r : (x->gap.source > y->gap.source) - (x->gap.source < y->gap.source);
	r = r ? r : compare_times(x->gap.at_most, y->gap.at_most);
	return r ? r : strcmp(x->reason, y->reason);
}

static void warn_of_hole(struct problems *problems, const char *subject, const struct hole *hole)
{
	const struct gap *gap = &hole->gap;
	char from[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX], at_most[48] = "";

	if (gap->at_most >= 0)
		snprintf(at_most, sizeof(at_most), " (at most %" PRId64 ")", gap->at_most);
	problem_add(problems, PROBLEM_WARNING, subject, "%s gap from %s to %s: %s%s",
		    loss_source_name(gap->source), clock_format(gap->from, from),
		    clock_format(gap->until, until), hole->reason, at_most);
}

/* Gaps of one node and source; those that overlap are missing once. */
struct holes_sum {
	size_t count;
	int64_t missing, until;
	int64_t at_most; /* -1: no bound known */
	const struct hole *longest;
};

static void sum_add(struct holes_sum *sum, const struct hole *hole)
{
	const struct gap *gap = &hole->gap;
	const int64_t from = sum->count > 0 && gap->from < sum->until ? sum->until : gap->from;

	if (gap->until > from)
		sum->missing += gap->until - from;
	if (sum->count == 0 || gap->until > sum->until)
		sum->until = gap->until;
	if (gap->at_most < 0 || sum->at_most < 0 || gap->at_most > INT64_MAX - sum->at_most)
		sum->at_most = -1;
	else
		sum->at_most += gap->at_most;
	if (!sum->longest ||
	    gap->until - gap->from > sum->longest->gap.until - sum->longest->gap.from)
		sum->longest = hole;
	sum->count++;
}

static void warn_of_sum(struct problems *problems, const char *subject, enum loss_source source,
			const struct holes_sum *sum)
{
	const struct gap *longest = &sum->longest->gap;
	char from[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX], missing[CLOCK_TEXT_MAX], at_most[48] = "";

	if (sum->at_most >= 0)
		snprintf(at_most, sizeof(at_most), ", at most %" PRId64 " events", sum->at_most);
	problem_add(problems, PROBLEM_WARNING, subject,
		    "%zu %s gaps, %s together%s; the longest from %s to %s: %s", sum->count,
		    loss_source_name(source), clock_format_duration(sum->missing, missing), at_most,
		    clock_format(longest->from, from), clock_format(longest->until, until),
		    sum->longest->reason);
}

/* The holes of one node, by time. */
static void warn_of_node(struct problems *problems, const struct hole *holes, size_t count)
{
	struct holes_sum sums[LOSS_SOURCES] = {0};
	char subject[300];

	snprintf(subject, sizeof(subject), "evidence of %s", holes->node);
	for (size_t i = 0; i < count; i++) {
		if (count <= SINGLE_MAX)
			warn_of_hole(problems, subject, &holes[i]);
		else
			sum_add(&sums[holes[i].gap.source], &holes[i]);
	}
	for (enum loss_source i = 0; i < LOSS_SOURCES; i++) {
		if (sums[i].count == 1)
			warn_of_hole(problems, subject, sums[i].longest);
		else if (sums[i].count > 1)
			warn_of_sum(problems, subject, i, &sums[i]);
	}
}

static int warn_of_gaps(struct session *session, struct interval interval, size_t *ret)
{
	struct hole_list list = {0};
	int r = record_gaps(session->record, interval, take_gap, &list);

	if (r == 0 && list.count > 0)
		qsort(list.items, list.count, sizeof(*list.items), compare_holes);
	for (size_t i = 0, end; r == 0 && i < list.count; i = end) {
		for (end = i + 1;
		     end < list.count && strcmp(list.items[end].node, list.items[i].node) == 0;
		     end++)
			;
		warn_of_node(&session->problems, &list.items[i], end - i);
	}
	*ret = list.count;
	hole_list_clear(&list);
	return r;
}

int holes_warn(struct session *session, struct interval interval, struct holes *ret)
{
	struct dataplanes dataplanes = {0};
	int r = warn_of_gaps(session, interval, &ret->gaps);

	if (r == 0)
		r = record_facts(session->record, dataplanes_take, &dataplanes);
	record_end(session->record);
	dataplanes_warn(&session->problems, &dataplanes, interval, session->graph);
	ret->invisible = !dataplanes_are_complete(&dataplanes, interval);
	ret->cilium = dataplanes_have_plugin(&dataplanes, "cilium");
	dataplanes_clear(&dataplanes);
	return r;
}
