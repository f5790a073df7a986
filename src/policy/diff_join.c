#include "policy/diff_join.h"

#include <errno.h>
#include <stdlib.h>

/* Which end is a range; never both. */
enum ranged { RANGED_NONE, RANGED_FROM, RANGED_TO };

static bool is_range(const struct diff *diff, size_t row)
{
	return row >= diff->range_first;
}

static enum ranged ranged_of(const struct diff *diff, const struct diff_change *change)
{
	if (is_range(diff, change->from))
		return RANGED_FROM;
	return is_range(diff, change->to) ? RANGED_TO : RANGED_NONE;
}

/* ---- which are one ---- */

static size_t range_of(enum ranged ranged, const struct diff_change *change)
{
	return ranged == RANGED_FROM ? change->from : change->to;
}

static size_t other_of(enum ranged ranged, const struct diff_change *change)
{
	return ranged == RANGED_FROM ? change->to : change->from;
}

/* Those of one other end and side together, by their ranges. */
static int compare_places(const void *a, const void *b, void *context)
{
	const struct diff *diff = context;
	const struct diff_change *x = &diff->changes[*(const size_t *)a];
	const struct diff_change *y = &diff->changes[*(const size_t *)b];
	const enum ranged of_x = ranged_of(diff, x), of_y = ranged_of(diff, y);

	if (of_x != of_y)
		return of_x < of_y ? -1 : 1;
	if (other_of(of_x, x) != other_of(of_y, y))
		return other_of(of_x, x) < other_of(of_y, y) ? -1 : 1;
	if (x->side != y->side)
		return x->side < y->side ? -1 : 1;
	return (range_of(of_x, x) > range_of(of_y, y)) - (range_of(of_x, x) < range_of(of_y, y));
}

static bool have_same_ports(const struct diff *diff, const struct diff_change *a,
			    const struct diff_change *b)
{
	const struct diff_ports *x = diff_ports_of(diff, a), *y = diff_ports_of(diff, b);

	return x == y ||
	       (port_set_equal(&x->allows, &y->allows) && port_set_equal(&x->unknown, &y->unknown));
}

static bool is_used(const struct diff_weight *weight)
{
	return weight->connections > 0 || weight->denied > 0;
}

/* Does the change go on where the line ends? */
static bool goes_on(const struct diff *diff, const struct diff_line *line,
		    const struct diff_change *next)
{
	const struct diff_change *first = line->change;
	const enum ranged ranged = ranged_of(diff, first);
	size_t last;

	if (ranged == RANGED_NONE || ranged_of(diff, next) != ranged || next->side != first->side ||
	    other_of(ranged, next) != other_of(ranged, first))
		return false;
	last = line->last == DIFF_NONE ? range_of(ranged, first) : line->last;
	return range_of(ranged, next) == last + 1 &&
	       diff->rows[last].range.first.family == diff->rows[last + 1].range.first.family &&
	       have_same_ports(diff, first, next);
}

static void add_change(const struct diff *diff, const struct diff_change *change,
		       struct diff_weight weight, struct diff_lines *lines)
{
	struct diff_line *line = lines->count > 0 ? &lines->items[lines->count - 1] : NULL;

	if (line && !is_used(&weight) && !is_used(&line->weight) && goes_on(diff, line, change))
		line->last = range_of(ranged_of(diff, change), change);
	else
		lines->items[lines->count++] = (struct diff_line){change, DIFF_NONE, weight};
}

/* ---- all of them ---- */

static int compare_lines(const void *a, const void *b)
{
	const struct diff_line *x = a, *y = b;
	const int64_t of_x = x->weight.connections + x->weight.denied;
	const int64_t of_y = y->weight.connections + y->weight.denied;

	if (of_x != of_y)
		return of_x > of_y ? -1 : 1;
	return (x->change > y->change) - (x->change < y->change);
}

int diff_join(const struct diff *diff, const struct diff_weights *weights, struct diff_lines *ret)
{
	size_t *order = calloc(diff->change_count + 1, sizeof(*order));

	*ret = (struct diff_lines){.items = calloc(diff->change_count + 1, sizeof(*ret->items))};
	if (!order || !ret->items) {
		free(order);
		diff_lines_clear(ret);
		return -ENOMEM;
	}
	for (size_t i = 0; i < diff->change_count; i++)
		order[i] = i;
	qsort_r(order, diff->change_count, sizeof(*order), compare_places, (void *)diff);
	for (size_t i = 0; i < diff->change_count; i++)
		add_change(diff, &diff->changes[order[i]],
			   weights ? weights->items[order[i]] : (struct diff_weight){0}, ret);
	free(order);
	qsort(ret->items, ret->count, sizeof(*ret->items), compare_lines);
	return 0;
}

static void put_end(const struct diff *diff, const struct diff_line *line, size_t row,
		    struct buf *buf)
{
	char first[ADDR_TEXT_MAX], last[ADDR_TEXT_MAX];

	if (line->last == DIFF_NONE || !is_range(diff, row))
		buf_puts(buf, diff->rows[row].text);
	else
		buf_printf(buf, "%s-%s", addr_format(diff->rows[row].range.first, first),
			   addr_format(diff->rows[line->last].range.last, last));
}

void diff_line_put_from(const struct diff *diff, const struct diff_line *line, struct buf *buf)
{
	put_end(diff, line, line->change->from, buf);
}

void diff_line_put_to(const struct diff *diff, const struct diff_line *line, struct buf *buf)
{
	put_end(diff, line, line->change->to, buf);
}

void diff_lines_clear(struct diff_lines *lines)
{
	free(lines->items);
	*lines = (struct diff_lines){0};
}
