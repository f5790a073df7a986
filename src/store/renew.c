#include "store/store_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define DELETED "the database was deleted by someone"
#define REPLACED "the database was replaced by someone"
#define WENT_BACK "the database went back in time"
#define DAMAGED "the database was damaged and set aside"

static int read_node(struct store *store, int64_t *ret_heartbeat, int64_t *ret_batches)
{
	struct db *db = &store->db;
	sqlite3_stmt *statement = db_use(db, SQL_NODE_GET);
	int64_t number = 0;

	db_bind_text(db, statement, 1, store->node_name);
	if (db_row(db, statement)) {
		number = sqlite3_column_int64(statement, 0);
		*ret_heartbeat = sqlite3_column_int64(statement, 1);
		*ret_batches = sqlite3_column_int64(statement, 3);
		db_run(db, statement);
	}
	if (number != store->node)
		db_fail(db, -EBADMSG, "%s: its content is gone", store->path);
	return db_take_error(db);
}

static void forget_content(struct store *store)
{
	store_forget_caches(store);
	pruning_clear(&store->pruning);
	store->book = (struct edge_book){0};
}

/* Someone wrote an older copy over the file, or the log was lost: to be taken as another file. */
static int go_back(struct store *store, int64_t heartbeat)
{
	struct upkeep *upkeep = &store->upkeep;

	upkeep->loss.reason = WENT_BACK;
	upkeep->loss.since = heartbeat;
	upkeep->renewing = true;
	upkeep->moved = true;
	return store_fail(store, -ENOENT, "%s: " WENT_BACK, store->path);
}

int store_reopen(struct store *store, bool *ret_written)
{
	int64_t heartbeat = 0, batches = 0;
	int error;

	*ret_written = false;
	db_close(&store->db);
	forget_content(store);
	if (!files_same(files_identify(store->path, ""), store->upkeep.file))
		return store_fail(store, -ENOENT, "%s: it was deleted", store->path);
	error = store_connect(store);
	if (error || !store->node_name)
		return error;
	error = read_node(store, &heartbeat, &batches);
	if (error)
		return error;
	if (batches < store->batches)
		return go_back(store, heartbeat);
	*ret_written = batches == store->batches + 1;
	store->batches = batches;
	return 0;
}

/* Connections outlive their pods, and name them still. */
static void forget_pods(struct store *store)
{
	size_t position = 0;
	int64_t *row;

	while (idmap_next(&store->pods, &position, &row))
		*row = POD_PRUNED;
}

static void forget_run(struct store *store)
{
	forget_content(store);
	forget_pods(store);
	idmap_clear(&store->own);
	idmap_clear(&store->told);
	store->node = 0;
	store->settled = false;
	store->objects_settled = false;
	store->upkeep.committed = store->upkeep.kept = 0;
}

static void note_loss(struct store *store, const char *reason)
{
	struct upkeep *upkeep = &store->upkeep;

	if (!upkeep->loss.reason)
		upkeep->loss.since = upkeep->kept ? upkeep->kept : files_written(store->path);
	upkeep->loss.reason = reason;
	upkeep->renewing = true;
}

int store_set_aside(struct store *store)
{
	char *name = NULL;
	int error;

	note_loss(store, DAMAGED);
	error = files_set_aside(store->path, clock_msec(clock_now()), &name);
	if (error)
		return error;
	free(store->upkeep.aside);
	store->upkeep.aside = name;
	store->upkeep.renewing = false;
	return 0;
}

static int leave(struct store *store, bool damaged)
{
	struct file_id there = files_identify(store->path, "");
	int error;

	if (!damaged || !files_same(there, store->upkeep.file)) {
		if (!store->upkeep.loss.reason)
			note_loss(store, there.inode ? REPLACED : DELETED);
		return 0;
	}
	db_abandon(&store->db);
	error = store_set_aside(store);
	store->upkeep.renewing = true;
	if (error)
		return store_fail(store, error, "%s: damaged, and cannot be set aside: %s",
				  store->path, strerror(-error));
	return 0;
}

/* What stands in the log's name is of the database that is gone. */
static void discard_log(struct store *store, bool made)
{
	bool ours = files_same(files_identify(store->path, "-wal"), store->upkeep.log);

	db_abandon(&store->db);
	if (made || ours)
		files_remove_log(store->path);
	store->upkeep.moved = true;
}

static int arrive(struct store *store)
{
	pid_t owner = 0;
	bool made = false;
	int error = lock_keep(&store->lock, store->path, &owner);

	if (error == -EBUSY)
		return store_fail(store, error, "%s: in use by process %ld", store->path,
				  (long)owner);
	if (!error)
		error = files_make(store->path, false, &made);
	if (error)
		return store_fail(store, error, "%s: %s", store->path, strerror(-error));
	if (made || !files_same(files_identify(store->path, ""), store->upkeep.file))
		discard_log(store, made);
	store->upkeep.file = files_identify(store->path, "");
	return store->db.handle ? 0 : store_connect(store);
}

static int settle_down(struct store *store)
{
	int64_t lost_since = store->upkeep.loss.since;
	char *node = store->node_name;
	int error = 0;

	forget_run(store);
	store->node_name = NULL;
	if (node)
		error = store_use_node(store, node);
	if (error) {
		free(store->node_name);
		store->node_name = node;
		return error;
	}
	free(node);
	/* Another database of this node knows better how far it goes. */
	store->upkeep.loss.since = store->heartbeat ? store->heartbeat : lost_since;
	store->upkeep.renewing = false;
	store->upkeep.moved = false;
	store->upkeep.suspect = false;
	return 0;
}

/* Under another name the file is somebody's to keep: whole, then. */
static void save_if_moved(struct store *store)
{
	if (!files_same(files_identify(store->path, ""), store->upkeep.file))
		store_save_log(store);
}

static bool came_back(const struct store *store, bool damaged)
{
	return !damaged && store->db.handle && !store->upkeep.moved &&
	       files_same(files_identify(store->path, ""), store->upkeep.file);
}

int store_renew(struct store *store, bool damaged)
{
	int error;

	save_if_moved(store);
	if (came_back(store, damaged)) {
		store->upkeep.loss = (struct store_loss){0};
		store->upkeep.renewing = false;
		return 0;
	}
	error = leave(store, damaged);
	if (!error)
		error = arrive(store);
	return error ? error : settle_down(store);
}

struct store_loss store_take_loss(struct store *store)
{
	struct store_loss loss = store->upkeep.loss;

	if (store->upkeep.renewing)
		return (struct store_loss){0};
	loss.aside = loss.reason ? store->upkeep.aside : NULL;
	store->upkeep.loss = (struct store_loss){0};
	return loss;
}
