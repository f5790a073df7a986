#include "policy/replay.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/replay_edge.h"
#include "policy/replay_rows.h"

static void add_sum(struct replay_sum *sum, size_t edges, int64_t connections)
{
	sum->edges += edges;
	sum->connections += connections;
}

static void count(struct replay_sum *sum, const struct graph_edge *edge)
{
	add_sum(sum, 1, edge->edge.totals.connections);
}

static enum replay_list list_of(enum answer answer)
{
	if (answer == ANSWER_DENIED)
		return REPLAY_DENIED;
	return answer == ANSWER_UNKNOWN ? REPLAY_UNKNOWN : REPLAY_UNDEFINED;
}

/* What records that do not count tell of their own sides: the rows that the others look up. */
static int add_superseded(const struct replay *replay, const struct graph_edge *edge,
			  struct replay_rows *rows)
{
	struct replayed replayed;
	int r;

	if (!replay_is_evidence(edge) || (edge->told_elsewhere[0] && edge->told_elsewhere[1]))
		return 0;
	r = replay_edge(replay, edge, &replayed);
	if (r < 0 || replayed.decision.answer == ANSWER_ALLOWED)
		return r;
	return replay_rows_add_edge(rows, edge, list_of(replayed.decision.answer), &replayed);
}

/* Rows of the records that do not count, by which of them are counted with another edge. */
struct told {
	struct replay_rows rows;
	bool *claimed;
};

/* Is there such a row? Its connections are those of the edge that looks for it. */
static bool claim(struct told *told, const struct replay_row *row)
{
	size_t low = 0, high = told->rows.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (replay_compare_rows(&told->rows.items[middle], row) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == told->rows.count || replay_compare_rows(&told->rows.items[low], row) != 0)
		return false;
	told->claimed[low] = true;
	return true;
}

/* Does the record that tells of a side say of it what this one would? */
static bool claim_sides(struct told *told, const struct graph_edge *edge,
			const struct replayed *whole)
{
	const enum replay_list list = list_of(whole->decision.answer);
	bool claimed = false;

	for (unsigned i = 0; i < DIRECTIONS; i++) {
		const struct replay_row row = replay_make_row(edge, list, whole, i);

		if (edge->told_elsewhere[i == DIRECTION_INGRESS] &&
		    replay_is_cause(&whole->decision.sides[i], list))
			claimed |= claim(told, &row);
	}
	return claimed;
}

static int add_worked(const struct replay *replay, const struct graph_edge *edge, struct told *told,
		      struct replay_rows *rows, struct replay_result *result)
{
	struct replayed whole, replayed;
	enum replay_list list;
	bool claimed;
	int r = replay_judge_whole(replay, edge, &whole);

	if (r < 0)
		return r;
	if (whole.uncovered)
		count(&result->uncovered, edge);
	if (whole.decision.answer == ANSWER_ALLOWED) {
		count(&result->allowed, edge);
		return 0;
	}
	replayed = whole;
	replay_leave_to_others(edge, &replayed);
	claimed = claim_sides(told, edge, &whole);
	if (replayed.decision.answer == ANSWER_ALLOWED) {
		count(claimed ? &result->lists[list_of(whole.decision.answer)] : &result->allowed,
		      edge);
		return 0;
	}
	list = list_of(replayed.decision.answer);
	count(&result->lists[list], edge);
	return replay_rows_add_edge(rows, edge, list, &replayed);
}

/* One row: of the destination where it is a pod. */
static int add_denied(const struct replay *replay, const struct graph_edge *edge,
		      struct replay_rows *rows, struct replay_result *result)
{
	const enum direction direction =
	    edge->to->kind == END_POD ? DIRECTION_INGRESS : DIRECTION_EGRESS;
	struct replayed whole;
	struct replay_row row;
	int r = replay_judge_whole(replay, edge, &whole);

	if (r < 0 || whole.uncovered || whole.decision.answer == ANSWER_DENIED ||
	    whole.decision.answer == ANSWER_UNDEFINED)
		return r;
	count(&result->lists[REPLAY_ALLOWED_NOW], edge);
	row = replay_make_row(edge, REPLAY_ALLOWED_NOW, &whole, direction);
	return replay_rows_add(rows, &row);
}

static int add_edge(const struct replay *replay, const struct graph_edge *edge, struct told *told,
		    struct replay_rows *rows, struct replay_result *result)
{
	if (replay_is_evidence(edge))
		return add_worked(replay, edge, told, rows, result);
	if (replay_is_denied(edge))
		return add_denied(replay, edge, rows, result);
	count(&result->failed, edge);
	return 0;
}

struct wanted {
	replay_wanted_fn *is_wanted;
	const void *context;
};

static bool wants(struct wanted wanted, const struct graph_edge *edge, enum standing standing)
{
	return edge->standing == standing &&
	       (!wanted.is_wanted || wanted.is_wanted(wanted.context, edge));
}

/* What nobody counted counts by itself: the records do not agree. */
static int add_told(const struct told *told, struct replay_rows *rows, struct replay_result *result)
{
	int r = 0;

	for (size_t i = 0; i < told->rows.count && r == 0; i++) {
		const struct replay_row *row = &told->rows.items[i];

		if (!told->claimed[i])
			add_sum(&result->lists[row->list], row->edges, row->connections);
		r = replay_rows_add(rows, row);
	}
	return r;
}

static int walk(const struct replay *replay, const struct graph *graph, struct wanted wanted,
		struct told *told, struct replay_rows *rows, struct replay_result *result)
{
	int r = 0;

	for (size_t i = 0; i < graph->edge_count && r == 0; i++)
		if (wants(wanted, &graph->edges[i], STANDING_SUPERSEDED))
			r = add_superseded(replay, &graph->edges[i], &told->rows);
	replay_rows_sort(&told->rows);
	told->claimed = calloc(told->rows.count + 1, sizeof(*told->claimed));
	if (!told->claimed)
		return -ENOMEM;
	for (size_t i = 0; i < graph->edge_count && r == 0; i++)
		if (wants(wanted, &graph->edges[i], STANDING_COUNTS))
			r = add_edge(replay, &graph->edges[i], told, rows, result);
	if (r == 0)
		r = add_told(told, rows, result);
	replay_rows_sort(rows);
	return r;
}

int replay_graph(const struct replay *replay, const struct graph *graph, replay_wanted_fn *wanted,
		 const void *context, struct replay_result *ret)
{
	struct replay_result result = {0};
	struct told told = {.rows = {.keys = intern_make()}};
	struct replay_rows rows = {.keys = intern_make()};
	int r = walk(replay, graph, (struct wanted){wanted, context}, &told, &rows, &result);

	intern_clear(&rows.keys);
	intern_clear(&told.rows.keys);
	free(told.rows.items);
	free(told.claimed);
	result.rows = rows.items;
	result.row_count = rows.count;
	if (r < 0)
		replay_result_clear(&result);
	else
		*ret = result;
	return r;
}

void replay_result_clear(struct replay_result *result)
{
	free(result->rows);
	*result = (struct replay_result){0};
}
