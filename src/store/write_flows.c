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

/* A flow of the batch and where it goes. */
struct item {
	int64_t edge; /* 0: not in the cache */
	struct edge_mark mark;
	size_t index; /* in the batch */
};

static int compare_numbers(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* The order of the tables and of the index, so that each page is visited once. */
static int compare_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = compare_numbers(x->edge, y->edge);

	if (!order && !x->edge)
		order = compare_numbers(x->mark.fingerprint, y->mark.fingerprint);
	return order ? order : (x->index > y->index) - (x->index < y->index);
}

static void write_flow(struct store *store, const struct flow *flow, const struct item *item)
{
	int64_t edge = write_edge(store, flow, &item->mark, item->edge);

	if (flow->length != FLOW_WITHOUT_WINDOW)
		write_window(store, edge, flow);
}

void write_flows(struct store *store, const struct batch *batch)
{
	struct db *db = &store->db;
	struct item *items = calloc(batch->flow_count + 1, sizeof(*items));

	if (!items) {
		db_fail(db, -ENOMEM, "out of memory");
		return;
	}
	for (size_t i = 0; i < batch->flow_count && !db->error; i++) {
		items[i].index = i;
		items[i].mark = edge_mark(store, &batch->flows[i].key);
		items[i].edge = idmap_get(&store->edges, &items[i].mark);
	}
	qsort(items, batch->flow_count, sizeof(*items), compare_items);
	for (size_t i = 0; i < batch->flow_count && !db->error; i++)
		write_flow(store, &batch->flows[items[i].index], &items[i]);
	free(items);
}
