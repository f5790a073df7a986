#include "store/store_internal.h"

#include <errno.h>

/* Of one name: labels that change every minute shall not fill the disk. */
#define PAST_STATES_MAX 16

static void bind_object_name(struct store *store, sqlite3_stmt *statement,
			     const struct batch_object *object)
{
	struct db *db = &store->db;

	db_bind_int(db, statement, 1, store->node);
	db_bind_text(db, statement, 2, object->kind);
	db_bind_text(db, statement, 3, object->namespace);
	db_bind_text(db, statement, 4, object->name);
}

static void bind_object(struct store *store, sqlite3_stmt *statement,
			const struct batch_object *object)
{
	bind_object_name(store, statement, object);
	db_bind_text(&store->db, statement, 5, object->uid);
	db_bind_text(&store->db, statement, 6, object->content);
}

/* The row that holds; 0: none. */
static int64_t find_state(struct store *store, const struct batch_object *object, bool *ret_same)
{
	struct db *db = &store->db;
	sqlite3_stmt *statement = db_use(db, SQL_OBJECT_GET);
	int64_t row = 0;

	bind_object(store, statement, object);
	if (db_row(db, statement)) {
		row = sqlite3_column_int64(statement, 0);
		*ret_same = sqlite3_column_int(statement, 1) != 0;
		db_run(db, statement);
	}
	return row;
}

static void end_state(struct store *store, int64_t row, int64_t when)
{
	struct db *db = &store->db;
	sqlite3_stmt *statement = db_use(db, SQL_OBJECT_END);

	db_bind_int(db, statement, 1, row);
	db_bind_int(db, statement, 2, when);
	db_run(db, statement);
}

static void forget_old_states(struct store *store, const struct batch_object *object)
{
	struct db *db = &store->db;
	sqlite3_stmt *statement = db_use(db, SQL_OBJECT_FORGET);

	bind_object_name(store, statement, object);
	db_bind_int(db, statement, 5, PAST_STATES_MAX);
	db_run(db, statement);
}

static int64_t put_state(struct store *store, const struct batch_object *object, int64_t since,
			 int64_t until)
{
	struct db *db = &store->db;
	sqlite3_stmt *statement = db_use(db, SQL_OBJECT_PUT);

	bind_object(store, statement, object);
	db_bind_int(db, statement, 7, since);
	if (until == INTERVAL_OPEN)
		db_bind_null(db, statement, 8);
	else
		db_bind_int(db, statement, 8, until);
	return db_run_int(db, statement, 0);
}

static void write_object(struct store *store, const struct batch_object *object, int64_t when)
{
	bool same = false;
	int64_t row = find_state(store, object, &same);

	if (row && !same) {
		end_state(store, row, when);
		forget_old_states(store, object);
	}
	if (!object->content)
		return;
	if (!same)
		row = put_state(store, object, when, INTERVAL_OPEN);
	if (!store->objects_settled && !store->db.error && !idmap_put(&store->told, &row, 1))
		db_fail(&store->db, -ENOMEM, "out of memory");
}

/* What was gone before anybody looked. */
static void end_untold_objects(struct store *store)
{
	struct db *db = &store->db;
	struct numbers open = {0};
	sqlite3_stmt *statement = db_use(db, SQL_OBJECT_OPEN);

	db_bind_int(db, statement, 1, store->node);
	numbers_collect(db, statement, &open);
	for (size_t i = 0; i < open.count && !db->error; i++) {
		if (!idmap_get(&store->told, &open.items[i]))
			end_state(store, open.items[i], store->heartbeat);
	}
	numbers_clear(&open);
}

void write_objects(struct store *store, const struct batch *batch)
{
	for (size_t i = 0; i < batch->object_count && !store->db.error; i++) {
		const struct batch_object *object = &batch->objects[i];

		if (object->since)
			put_state(store, object, object->since, object->until);
		else
			write_object(store, object, batch->time);
	}
	if (batch->objects_complete && !store->objects_settled)
		end_untold_objects(store);
}
