#include "store/store_internal.h"

#include <errno.h>

/* Edge totals and flow totals stand in the same order in all statements. */
static void bind_totals(struct db *db, sqlite3_stmt *statement, int first,
			const struct totals *totals)
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

static void bind_or_null(struct db *db, sqlite3_stmt *statement, int index, bool there,
			 int64_t value)
{
	if (there)
		db_bind_int(db, statement, index, value);
	else
		db_bind_null(db, statement, index);
}

/* The pod's row, 0 for none. */
static int64_t pod_row(struct store *store, uint32_t number)
{
	int64_t row;

	if (number == 0)
		return 0;
	row = idmap_get(&store->pods, &number);
	if (!row || row == POD_UNTOLD)
		db_fail(&store->db, -EINVAL, "a flow names pod %u, which no batch has told",
			(unsigned)number);
	return row > 0 ? row : 0;
}

static void bind_key(struct store *store, sqlite3_stmt *statement, const struct edge_key *key,
		     const int64_t addresses[4])
{
	struct db *db = &store->db;
	int64_t source_pod = pod_row(store, key->source_pod);
	int64_t destination_pod = pod_row(store, key->destination_pod);

	db_bind_int(db, statement, 1, store->node);
	db_bind_int(db, statement, 2, addresses[0]);
	db_bind_int(db, statement, 3, addresses[1]);
	bind_or_null(db, statement, 4, addresses[2] != 0, addresses[2]);
	bind_or_null(db, statement, 5, addresses[3] != 0, addresses[3]);
	bind_or_null(db, statement, 6, source_pod != 0, source_pod);
	bind_or_null(db, statement, 7, destination_pod != 0, destination_pod);
	db_bind_int(db, statement, 8, key->protocol);
	bind_or_null(db, statement, 9, key->has_port, key->port);
	bind_or_null(db, statement, 10, addresses[2] != 0, key->service_port);
	db_bind_int(db, statement, 11, key->verdict);
	db_bind_int(db, statement, 12, key->direction_uncertain);
	bind_or_null(db, statement, 13, key->source_prefix != 0, key->source_prefix);
	bind_or_null(db, statement, 14, key->destination_prefix != 0, key->destination_prefix);
}

static int64_t put_edge(struct store *store, const struct flow *flow)
{
	struct db *db = &store->db;
	const struct edge_key *key = &flow->key;
	const int64_t addresses[4] = {
	    write_address(store, key->source),
	    write_address(store, key->destination),
	    write_address(store, key->service),
	    write_address(store, key->translated),
	};
	sqlite3_stmt *statement = db_use(db, SQL_EDGE_PUT);
	int64_t edge;

	if (!addresses[0] || !addresses[1])
		db_fail(db, -EINVAL, "an edge without source or destination");
	bind_key(store, statement, key, addresses);
	bind_totals(db, statement, 15, &flow->totals);
	db_bind_int(db, statement, 27, flow->first_seen);
	db_bind_int(db, statement, 28, flow->last_seen);
	edge = db_run_int(db, statement, 0);
	if (!db->error)
		idmap_put(&store->edges, key, edge);
	return edge;
}

static void add_to_edge(struct db *db, int64_t edge, const struct flow *flow)
{
	sqlite3_stmt *statement = db_use(db, SQL_EDGE_ADD);

	db_bind_int(db, statement, 1, edge);
	bind_totals(db, statement, 2, &flow->totals);
	db_bind_int(db, statement, 14, flow->first_seen);
	db_bind_int(db, statement, 15, flow->last_seen);
	db_run(db, statement);
	if (!db->error && db_changes(db) != 1)
		db_fail(db, -EBADMSG, "edge %lld is gone", (long long)edge);
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

static void write_flow(struct store *store, const struct flow *flow)
{
	int64_t edge = idmap_get(&store->edges, &flow->key);

	if (edge)
		add_to_edge(&store->db, edge, flow);
	else
		edge = put_edge(store, flow);
	if (flow->length != FLOW_WITHOUT_WINDOW)
		write_window(store, edge, flow);
}

void write_flows(struct store *store, const struct batch *batch)
{
	for (size_t i = 0; i < batch->flow_count && !store->db.error; i++)
		write_flow(store, &batch->flows[i]);
}
