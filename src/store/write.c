#include "store/store_internal.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static void bind_gap_kind(struct store *store, sqlite3_stmt *statement, int64_t node,
			  const struct gap *gap)
{
	db_bind_int(&store->db, statement, 1, node);
	db_bind_text(&store->db, statement, 2, loss_source_name(gap->source));
	db_bind_int(&store->db, statement, 3, gap->from);
	db_bind_int(&store->db, statement, 4, gap->until);
}

static int64_t add_bounds(int64_t a, int64_t b)
{
	int64_t sum;

	return a < 0 || b < 0 || __builtin_add_overflow(a, b, &sum) ? -1 : sum;
}

/* Takes one neighbour out of the table and into the gap; false when there is none left. */
static bool absorb_neighbour(struct store *store, int64_t node, struct gap *gap)
{
	struct db *db = &store->db;
	sqlite3_stmt *statement = db_use(db, SQL_GAP_NEAR);
	int64_t id, since, until;

	bind_gap_kind(store, statement, node, gap);
	db_bind_text(db, statement, 5, gap->reason);
	if (!db_row(db, statement))
		return false;
	id = sqlite3_column_int64(statement, 0);
	since = sqlite3_column_int64(statement, 1);
	until = sqlite3_column_int64(statement, 2);
	gap->at_most = sqlite3_column_type(statement, 3) == SQLITE_NULL
			   ? -1
			   : add_bounds(gap->at_most, sqlite3_column_int64(statement, 3));
	db_stop(statement);
	gap->from = since < gap->from ? since : gap->from;
	gap->until = until > gap->until ? until : gap->until;
	statement = db_use(db, SQL_GAP_DELETE);
	db_bind_int(db, statement, 1, id);
	db_run(db, statement);
	return !db->error;
}

void write_gap(struct store *store, int64_t node, const struct gap *told)
{
	struct db *db = &store->db;
	struct gap gap = *told;
	sqlite3_stmt *statement;

	if (!gap.reason)
		gap.reason = "";
	/* A clock that was set back leaves a gap without length. */
	if (gap.until < gap.from)
		gap.until = gap.from;
	while (absorb_neighbour(store, node, &gap))
		;
	statement = db_use(db, SQL_GAP_PUT);
	bind_gap_kind(store, statement, node, &gap);
	if (gap.at_most < 0)
		db_bind_null(db, statement, 5);
	else
		db_bind_int(db, statement, 5, gap.at_most);
	db_bind_text(db, statement, 6, gap.reason);
	db_run(db, statement);
}

static void write_gaps(struct store *store, const struct batch *batch)
{
	for (size_t i = 0; i < batch->gap_count && !store->db.error; i++)
		write_gap(store, store->node, &batch->gaps[i]);
}

static void bind_checkpoint(struct store *store, sqlite3_stmt *statement,
			    const struct checkpoint *checkpoint)
{
	struct db *db = &store->db;
	const struct tuple *tuple = &checkpoint->original;

	db_bind_int(db, statement, 1, store->node);
	db_bind_int(db, statement, 2, checkpoint->zone);
	db_bind_addr(db, statement, 3, &tuple->source);
	db_bind_addr(db, statement, 4, &tuple->destination);
	db_bind_int(db, statement, 5, tuple->protocol);
	db_bind_int(db, statement, 6, tuple->source_port);
	db_bind_int(db, statement, 7, tuple->destination_port);
	db_bind_int(db, statement, 8, checkpoint->id);
	db_bind_int(db, statement, 9, checkpoint->start_ns);
}

static void bind_pod(struct store *store, sqlite3_stmt *statement, int index, uint32_t number)
{
	int64_t row = pod_row(store, number);

	name_pod(store, row);
	if (row)
		db_bind_int(&store->db, statement, index, row);
	else
		db_bind_null(&store->db, statement, index);
}

static void bind_counted(struct store *store, sqlite3_stmt *statement,
			 const struct checkpoint *checkpoint)
{
	struct db *db = &store->db;
	const struct tuple *reply = &checkpoint->reply;

	db_bind_int(db, statement, 10, checkpoint->original.has_ports);
	db_bind_int(db, statement, 11, checkpoint->verdict);
	db_bind_int(db, statement, 12, checkpoint->has_counters);
	db_bind_int(db, statement, 13, (int64_t)checkpoint->packets_sent);
	db_bind_int(db, statement, 14, (int64_t)checkpoint->packets_received);
	db_bind_int(db, statement, 15, (int64_t)checkpoint->bytes_sent);
	db_bind_int(db, statement, 16, (int64_t)checkpoint->bytes_received);
	db_bind_addr(db, statement, 17, &reply->source);
	db_bind_addr(db, statement, 18, &reply->destination);
	db_bind_int(db, statement, 19, reply->source_port);
	db_bind_int(db, statement, 20, reply->destination_port);
	db_bind_int(db, statement, 21, checkpoint->first_ns);
	db_bind_int(db, statement, 22, checkpoint->direction_uncertain);
	bind_pod(store, statement, 23, checkpoint->source_pod);
	bind_pod(store, statement, 24, checkpoint->destination_pod);
}

static void write_checkpoint(struct store *store, const struct checkpoint *checkpoint)
{
	struct db *db = &store->db;
	sqlite3_stmt *statement =
	    db_use(db, checkpoint->remove ? SQL_CHECKPOINT_DELETE : SQL_CHECKPOINT_PUT);

	bind_checkpoint(store, statement, checkpoint);
	if (!checkpoint->remove)
		bind_counted(store, statement, checkpoint);
	db_run(db, statement);
}

static void write_checkpoints(struct store *store, const struct batch *batch)
{
	for (size_t i = 0; i < batch->checkpoint_count && !store->db.error; i++)
		write_checkpoint(store, &batch->checkpoints[i]);
}

static void write_facts(struct store *store, const struct batch *batch)
{
	struct db *db = &store->db;

	for (size_t i = 0; i < batch->fact_count && !db->error; i++) {
		const struct fact *fact = &batch->facts[i];
		sqlite3_stmt *statement = db_use(db, fact->value ? SQL_FACT_PUT : SQL_FACT_DELETE);

		db_bind_int(db, statement, 1, store->node);
		db_bind_text(db, statement, 2, fact->name);
		if (fact->value) {
			db_bind_text(db, statement, 3, fact->value);
			db_bind_int(db, statement, 4, batch->time);
		}
		db_run(db, statement);
	}
}

/* Gives the number of batches that there are then. */
static int64_t beat(struct store *store, const struct batch *batch)
{
	struct db *db = &store->db;
	sqlite3_stmt *statement = db_use(db, SQL_NODE_BEAT);

	db_bind_int(db, statement, 1, store->node);
	db_bind_int(db, statement, 2, batch->time);
	db_bind_int(db, statement, 3, store->longest);
	db_run(db, statement);
	return db_run_int(db, db_use(db, SQL_STORE_COUNT), 0);
}

/* Rows that the batch's pods had before, so that a rollback can give them back. */
static int64_t *remember_pods(const struct store *store, const struct batch *batch)
{
	int64_t *rows = calloc(batch->pod_count + 1, sizeof(*rows));

	for (size_t i = 0; rows && i < batch->pod_count; i++)
		rows[i] = idmap_get(&store->pods, &batch->pods[i].number);
	return rows;
}

static void restore_pods(struct store *store, const struct batch *batch, const int64_t *rows)
{
	for (size_t i = 0; i < batch->pod_count; i++) {
		if (idmap_get(&store->pods, &batch->pods[i].number))
			idmap_put(&store->pods, &batch->pods[i].number,
				  rows[i] ? rows[i] : POD_UNTOLD);
	}
}

static void forget_pods(struct store *store, const struct batch *batch)
{
	for (size_t i = 0; i < batch->forgotten_count; i++)
		idmap_remove(&store->pods, &batch->forgotten[i]);
}

/* A burst fills caches that a quiet node does not need: they go with the first small batch. */
static void give_back_memory(struct store *store, size_t rows)
{
	if (rows > LARGE_BATCH)
		store->swollen = true;
	if (rows > LARGE_BATCH || !store->swollen)
		return;
	idmap_clear(&store->edges);
	sqlite3_db_release_memory(store->db.handle);
	malloc_trim(0);
	store->swollen = false;
}

/* From here on an object that goes is told to be gone. */
static void settle_objects(struct store *store)
{
	store->objects_settled = true;
	idmap_clear(&store->told);
}

int store_write(struct store *store, const struct batch *batch)
{
	struct db *db = &store->db;
	const int64_t longest = store->longest;
	struct edge_book book;
	int64_t *pods, batches;
	int error = store_ready(store);

	if (error)
		return error;
	pods = remember_pods(store, batch);
	if (!pods || !store->node) {
		free(pods);
		db_fail(db, store->node ? -ENOMEM : -EINVAL,
			store->node ? "out of memory" : "no node was chosen");
		return db_take_error(db);
	}
	db_begin(db);
	load_book(store);
	book = store->book;
	write_identity(store, batch);
	write_objects(store, batch);
	write_flows(store, batch);
	if (store->book.last != book.last)
		write_book(store);
	write_gaps(store, batch);
	write_checkpoints(store, batch);
	write_facts(store, batch);
	batches = beat(store, batch);
	error = db_end(db);
	if (error) {
		restore_pods(store, batch, pods);
		store_forget_caches(store);
		store->longest = longest;
		store->book = book;
	} else {
		store->batches = batches;
		if (store->upkeep.log_whole)
			store->upkeep.filed = batches;
		store->upkeep.committed = batch->time;
		store->upkeep.room_target = 0;
		store->settled = store->settled || batch->pods_complete;
		if (batch->objects_complete)
			settle_objects(store);
		forget_pods(store, batch);
	}
	free(pods);
	give_back_memory(store, batch->flow_count + batch->checkpoint_count);
	return error;
}
