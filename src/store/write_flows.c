#include "store/store_internal.h"

#include <errno.h>
#include <stdlib.h>

void bind_totals(struct db *db, sqlite3_stmt *statement, int first, const struct totals *totals)
{
	db_bind_int(db, statement, first, totals->connections);
	db_bind_int(db, statement, first + 1, totals->closed);
	db_bind_int(db, statement, first + 2, totals->counted);
	db_bind_int(db, statement, first + 3, totals->packets_sent);
	db_bind_int(db, statement, first + 4, totals->packets_received);
	db_bind_int(db, statement, first + 5, totals->bytes_sent);
	db_bind_int(db, statement, first + 6, totals->bytes_received);
	db_bind_int(db, statement, first + 7, totals->timed_out);
	db_bind_int(db, statement, first + 8, totals->reset);
	db_bind_int(db, statement, first + 9, totals->evicted);
	db_bind_int(db, statement, first + 10, totals->deleted);
	db_bind_int(db, statement, first + 11, totals->vanished);
}

/* A clock that was set back must not lose a batch: nothing is seen before its window or ends before
 * it begins. */
static void offsets(struct db *db, const struct flow *flow, int64_t *ret_first, int64_t *ret_last)
{
	int64_t first, last;

	if (__builtin_sub_overflow(flow->first_seen, flow->window, &first) ||
	    __builtin_sub_overflow(flow->last_seen, flow->window, &last)) {
		db_fail(db, -EINVAL, "a flow's times are out of range");
		return;
	}
	*ret_first = first > 0 ? first : 0;
	*ret_last = last > *ret_first ? last : *ret_first;
}

static void write_window(struct store *store, int64_t edge, const struct flow *flow)
{
	struct db *db = &store->db;
	sqlite3_stmt *statement = db_use(db, flow->length ? SQL_FLOW_FOLD : SQL_FLOW_APPEND);
	int64_t first = 0, last = 0;

	offsets(db, flow, &first, &last);
	db_bind_int(db, statement, 1, edge);
	db_bind_int(db, statement, 2, flow->window);
	db_bind_int(db, statement, 3, flow->length);
	bind_totals(db, statement, 4, &flow->totals);
	db_bind_int(db, statement, 16, first);
	db_bind_int(db, statement, 17, last);
	db_run(db, statement);
	if (last > store->longest)
		store->longest = last;
}

/* A flow of the batch and its edge. */
struct item {
	struct edge_mark mark;
	int64_t edge; /* 0: not made yet */
	size_t index; /* in the batch */
	size_t first; /* the first of the batch that has this mark */
};

static int compare_numbers(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_indexes(const struct item *a, const struct item *b)
{
	return (a->index > b->index) - (a->index < b->index);
}

static bool is_same_mark(const struct edge_mark *a, const struct edge_mark *b)
{
	return a->fingerprint == b->fingerprint && a->check == b->check;
}

/* As the index of fingerprints has them, so that each of its pages is visited once. */
static int compare_marks(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = compare_numbers(x->mark.fingerprint, y->mark.fingerprint);

	if (!order && !is_same_mark(&x->mark, &y->mark))
		order = x->mark.check < y->mark.check ? -1 : 1;
	return order ? order : compare_indexes(x, y);
}

static int compare_edges(const struct item *a, const struct item *b)
{
	int order = (a->edge == 0) - (b->edge == 0);

	return order ? order : compare_numbers(a->edge, b->edge);
}

/* As the tables have them; new edges come last, in the order of the batch. */
static int compare_told(const void *a, const void *b)
{
	int order = compare_edges(a, b);

	return order ? order : compare_indexes(a, b);
}

/* The same, but new edges in the order of the index, of which they may touch every page. */
static int compare_many(const void *a, const void *b)
{
	int order = compare_edges(a, b);

	return order ? order : compare_marks(a, b);
}

static void find_edges(struct store *store, const struct batch *batch, struct item *items)
{
	const size_t count = batch->flow_count;

	for (size_t i = 0; i < count && !store->db.error; i++)
		items[i] = (struct item){
		    .mark = edge_mark(store, &batch->flows[i].key), .index = i, .first = i};
	qsort(items, count, sizeof(*items), compare_marks);
	for (size_t i = 0; i < count && !store->db.error; i++) {
		if (i > 0 && is_same_mark(&items[i].mark, &items[i - 1].mark)) {
			items[i].first = items[i - 1].first;
			items[i].edge = items[i - 1].edge;
			continue;
		}
		items[i].edge = find_edge(store, &batch->flows[items[i].index].key, &items[i].mark);
	}
	qsort(items, count, sizeof(*items), count > LARGE_BATCH ? compare_many : compare_told);
}

static int64_t write_flow(struct store *store, const struct flow *flow,
			  const struct edge_mark *mark, int64_t edge)
{
	struct flow taken = *flow;

	edge = write_edge(store, &taken, mark, edge);
	if (taken.length != FLOW_WITHOUT_WINDOW)
		write_window(store, edge, &taken);
	return edge;
}

void write_flows(struct store *store, const struct batch *batch)
{
	struct db *db = &store->db;
	const size_t count = batch->flow_count;
	struct item *items = calloc(count + 1, sizeof(*items));
	int64_t *edges = calloc(count + 1, sizeof(*edges)); /* by index; 0: not yet */

	if (items && edges)
		find_edges(store, batch, items);
	else
		db_fail(db, -ENOMEM, "out of memory");
	for (size_t i = 0; i < count && !db->error; i++) {
		const struct item *item = &items[i];
		int64_t edge = item->edge ? item->edge : edges[item->first];

		edges[item->index] =
		    write_flow(store, &batch->flows[item->index], &item->mark, edge);
	}
	free(items);
	free(edges);
}
