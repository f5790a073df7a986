#include "model/windows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int windows_add(struct windows *windows, int64_t id, size_t edge)
{
	if (windows->count == windows->capacity) {
		size_t capacity = windows->capacity ? windows->capacity * 2 : 16;
		struct split *splits = reallocarray(windows->splits, capacity, sizeof(*splits));

		if (!splits)
			return -ENOMEM;
		windows->splits = splits;
		windows->capacity = capacity;
	}
	windows->splits[windows->count++] = (struct split){.id = id, .edge = edge};
	return 0;
}

static int compare_splits(const void *a, const void *b)
{
	const struct split *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

void windows_sort(struct windows *windows)
{
	if (windows->count > 0)
		qsort(windows->splits, windows->count, sizeof(*windows->splits), compare_splits);
}

void windows_clear(struct windows *windows)
{
	for (size_t i = 0; i < windows->count; i++)
		free(windows->splits[i].pieces);
	free(windows->splits);
	*windows = (struct windows){0};
}

struct split *windows_find(const struct windows *windows, int64_t id)
{
	const struct split wanted = {.id = id};

	if (windows->count == 0)
		return NULL;
	return bsearch(&wanted, windows->splits, windows->count, sizeof(wanted), compare_splits);
}

static bool is_same_end(const struct end *a, const struct end *b)
{
	return a->kind == b->kind && a->pod == b->pod && strcmp(a->name, b->name) == 0 &&
	       strcmp(a->class, b->class) == 0;
}

static bool is_same(const struct graph_edge *a, const struct graph_edge *b)
{
	return is_same_end(a->from, b->from) && is_same_end(a->to, b->to) &&
	       (!a->translated || is_same_end(a->translated, b->translated));
}

/* Rows come in the order of time, so that the last piece is mostly the one. */
static struct graph_edge *find_piece(const struct split *split, const struct graph_edge *row)
{
	for (size_t i = split->count; i-- > 0;)
		if (is_same(&split->pieces[i], row))
			return &split->pieces[i];
	return NULL;
}

static int reserve(struct split *split)
{
	size_t capacity = split->capacity ? split->capacity * 2 : 4;
	struct graph_edge *pieces;

	if (split->count < split->capacity)
		return 0;
	pieces = reallocarray(split->pieces, capacity, sizeof(*pieces));
	if (!pieces)
		return -ENOMEM;
	split->pieces = pieces;
	split->capacity = capacity;
	return 0;
}

void split_give_up(struct split *split)
{
	split->whole = true;
	split->count = 0;
}

static int add_piece(struct split *split, const struct graph_edge *row, struct rests *rests)
{
	struct graph_edge *piece;

	if (split->count == WINDOWS_PIECES_MAX)
		return 0;
	if (reserve(split) < 0)
		return -ENOMEM;
	piece = &split->pieces[split->count++];
	*piece = *row;
	return counts_init(&piece->edge.totals, graph_totals(&row->edge.totals), rests);
}

int split_add(struct split *split, const struct graph_edge *row, struct rests *rests)
{
	struct graph_edge *piece;

	if (split->whole)
		return 0;
	piece = find_piece(split, row);
	if (!piece)
		return add_piece(split, row, rests);
	counts_add(&piece->edge.totals, &row->edge.totals);
	if (row->edge.first_seen < piece->edge.first_seen)
		piece->edge.first_seen = row->edge.first_seen;
	if (row->edge.begun < piece->edge.begun)
		piece->edge.begun = row->edge.begun;
	if (row->edge.last_seen > piece->edge.last_seen)
		piece->edge.last_seen = row->edge.last_seen;
	return 0;
}

bool split_rest(struct split *split, struct edge_record *whole)
{
	struct totals rest = {0};
	struct counts sum = counts_within(&rest);
	bool left;

	if (split->count == 0)
		return true;
	for (size_t i = 0; i < split->count; i++)
		counts_add(&sum, &split->pieces[i].edge.totals);
	/* What was counted while the rows were read may be in these and not in the edge. */
	left = counts_take_away(&whole->totals, &sum);
	if (split->count > 1 || whole->totals.connections > 0)
		return left;
	counts_add(&split->pieces[0].edge.totals, &whole->totals);
	split->pieces[0].edge.last_seen = whole->last_seen;
	return false;
}
