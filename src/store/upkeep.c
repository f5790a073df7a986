#include "store/store_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"

/* A page of the log with its header (sqlite.org/fileformat2.html, "WAL Frame Format"). */
#define FRAME_BYTES (DB_PAGE_BYTES + 24)
#define CHECKPOINT_FRAMES 8000
#define LOG_INTERVAL NSEC_PER_SEC
#define RESERVE_INTERVAL (10 * NSEC_PER_SEC)
#define CHECK_TIME (5 * NSEC_PER_SEC)
#define CHECK_STEPS 10000            /* of SQLite's virtual machine, between looks at the clock */
#define BEAT_STEPS 1000              /* on a slow disk each may be a read */
#define LOG_KEPT (INT64_C(32) << 20) /* as in sql/writer.sql */
/* A step on a full disk must not need more room than the reserve has. */
#define ROOM_ROWS 1000u

/* In place of SQLite's own hook, which tells nobody how long the log is. */
static int on_commit(void *context, sqlite3 *handle, const char *schema, int frames)
{
	struct store *store = context;
	int all = -1, done = -1;

	store->upkeep.log_frames = frames;
	store->upkeep.log_whole = false;
	if (frames < CHECKPOINT_FRAMES)
		return SQLITE_OK;
	sqlite3_wal_checkpoint_v2(handle, schema, SQLITE_CHECKPOINT_PASSIVE, &all, &done);
	store->upkeep.log_whole = all >= 0 && done == all;
	store->upkeep.touched = files_touched(store->path);
	return SQLITE_OK;
}

static int on_steps(void *context)
{
	struct store *store = context;

	store->beat(store->beat_context);
	return 0;
}

static void arm_beat(struct store *store)
{
	sqlite3_progress_handler(store->db.handle, store->beat ? BEAT_STEPS : 0,
				 store->beat ? on_steps : NULL, store);
}

void store_set_beat(struct store *store, void (*beat)(void *context), void *context)
{
	store->beat = beat;
	store->beat_context = context;
	if (store->db.handle)
		arm_beat(store);
}

void store_attend(struct store *store)
{
	arm_beat(store);
	store->upkeep.log_frames = 0;
	sqlite3_wal_hook(store->db.handle, on_commit, store);
}

void store_remember_files(struct store *store)
{
	struct upkeep *upkeep = &store->upkeep;

	upkeep->file = files_identify(store->path, "");
	upkeep->log = files_identify(store->path, "-wal");
	upkeep->shared = files_identify(store->path, "-shm");
	upkeep->touched = files_touched(store->path);
	upkeep->filed = 0;
}

int store_empty_log(struct store *store)
{
	int error = db_empty_log(&store->db);

	store->upkeep.touched = files_touched(store->path);
	if (error)
		return error;
	store->upkeep.log_frames = 0;
	if (!store->upkeep.renewing)
		store->upkeep.filed = store->batches;
	return 0;
}

int store_save_log(struct store *store)
{
	return store->db.handle ? store_empty_log(store) : 0;
}

static int check_file(struct store *store)
{
	struct file_id there = files_identify(store->path, "");

	if (!store->upkeep.renewing && files_same(there, store->upkeep.file))
		return 0;
	return store_fail(store, -ENOENT, "%s: %s", store->path,
			  there.inode ? "another file stands in its place" : "it was deleted");
}

/* Without its log or its shared memory a database would be lost to readers, and at a crash. */
static int check_companions(struct store *store)
{
	bool written;
	int error;

	if (store->db.handle &&
	    files_same(files_identify(store->path, "-wal"), store->upkeep.log) &&
	    files_same(files_identify(store->path, "-shm"), store->upkeep.shared))
		return 0;
	error = store_save_log(store);
	if (error == -EBUSY)
		return store_fail(store, error,
				  "a reader holds an old snapshot of %s, whose write-ahead log "
				  "someone deleted",
				  store->path);
	return error ? error : store_reopen(store, &written);
}

struct page_check {
	const struct store *store;
	int64_t deadline;
};

static int is_time_over(void *context)
{
	const struct page_check *check = context;

	if (check->store->beat)
		check->store->beat(check->store->beat_context);
	return clock_monotonic() >= check->deadline;
}

/* As far as it comes in that time: damage elsewhere shows when it is read. */
static int check_pages(struct store *store)
{
	struct db *db = &store->db;
	struct page_check check = {store, clock_monotonic() + CHECK_TIME};
	sqlite3_stmt *statement = db_use(db, SQL_QUICK_CHECK);

	sqlite3_progress_handler(db->handle, CHECK_STEPS, is_time_over, &check);
	if (db_row(db, statement)) {
		const char *answer = db_column_text(statement, 0);

		if (strcmp(answer, "ok") != 0)
			db_fail(db, -EBADMSG, "%s: damaged by someone: %s", store->path, answer);
	}
	if (db->error && sqlite3_errcode(db->handle) == SQLITE_INTERRUPT)
		db_take_error(db);
	db_stop(statement);
	arm_beat(store);
	return db_take_error(db);
}

/* Without the log; where it cannot be told, as many as there may be. */
static int64_t count_filed(const struct store *store)
{
	struct db file = {0};
	int64_t batches = INT64_MAX;

	if (db_open_uri(&file, store->path, "immutable=1",
			SQLITE_OPEN_READONLY | SQLITE_OPEN_PRIVATECACHE) == 0)
		batches = db_run_int(&file, db_use(&file, SQL_STORE_BATCHES), INT64_MAX);
	db_close(&file);
	return batches;
}

/* Brought into an older copy of the file, our log would make one database of two. */
static void leave_older_copy_alone(struct store *store)
{
	if (!store->db.handle || count_filed(store) >= store->upkeep.filed)
		return;
	db_abandon(&store->db);
	files_remove_log(store->path);
}

/* Pages in our cache would hide from us alone what another program did to the file. */
static int check_touched(struct store *store)
{
	struct upkeep *upkeep = &store->upkeep;
	bool written;
	int error;

	if (!upkeep->suspect && files_touched(store->path) == upkeep->touched)
		return 0;
	upkeep->suspect = true;
	leave_older_copy_alone(store);
	error = store_reopen(store, &written);
	if (!error)
		error = check_pages(store);
	upkeep->suspect = error != 0;
	return error;
}

static int check_log(struct store *store)
{
	struct upkeep *upkeep = &store->upkeep;
	int64_t limit = store->options.wal_limit, now = clock_monotonic();
	int error = -EBUSY;

	if (!limit || upkeep->log_frames * FRAME_BYTES < limit)
		return 0;
	if (!upkeep->log_tried || now - upkeep->log_tried >= LOG_INTERVAL) {
		upkeep->log_tried = now;
		error = store_empty_log(store);
	}
	/* Only a reader that was in the way is given time. */
	if (!error)
		upkeep->log_tried = 0;
	if (error == -EBUSY)
		return store_fail(store, error,
				  "a reader holds an old snapshot of %s; the write-ahead log has "
				  "reached its limit of %" PRId64 " MiB",
				  store->path, limit >> 20);
	return error;
}

static void keep_reserve(struct store *store)
{
	struct upkeep *upkeep = &store->upkeep;
	int64_t now = clock_monotonic();

	if (!store->options.reserve || upkeep->room_target ||
	    (upkeep->reserve_tried && now - upkeep->reserve_tried < RESERVE_INTERVAL))
		return;
	upkeep->reserve_tried = now;
	files_keep_reserve(store->path, store->options.reserve);
}

int store_ready(struct store *store)
{
	int error = check_file(store);

	if (!error)
		error = check_companions(store);
	if (!error)
		error = check_touched(store);
	if (error)
		return error;
	store->upkeep.kept = store->upkeep.committed;
	keep_reserve(store);
	return check_log(store);
}

int store_tend(struct store *store)
{
	int error = store_ready(store);

	if (!error && files_log_bytes(store->path) > LOG_KEPT)
		store_empty_log(store);
	return error;
}

/* What it deletes is gone from the log and from the file before it asks for more. */
static int free_some(struct store *store, bool *ret_more)
{
	const struct store_limits limits = {.before = INT64_MIN,
					    .max_bytes = store->upkeep.room_target};
	struct db *db = &store->db;
	int64_t used = db_bytes_in_use(db), unused;
	bool more = false;
	int error = db_take_error(db);

	if (!error && used > limits.max_bytes) {
		error = store_prune(store, &limits, ROOM_ROWS, &more);
		*ret_more = true;
		if (!more)
			store->upkeep.room_target = used;
		return error;
	}
	unused = db_run_int(db, db_use(db, SQL_FREE_PAGES), 0);
	db_run(db, db_use(db, SQL_VACUUM_SOME));
	*ret_more = unused > 0 && db_run_int(db, db_use(db, SQL_FREE_PAGES), 0) < unused;
	return db_take_error(db);
}

static int begin_making_room(struct store *store)
{
	int64_t used = db_bytes_in_use(&store->db);
	int error = db_take_error(&store->db);

	if (error)
		return error;
	files_use_reserve(store->path);
	/* What is no larger than the reserve is not worth its loss. */
	store->upkeep.room_target = used > store->options.reserve ? used / 10 * 9 : used;
	return 0;
}

int store_make_room(struct store *store, bool *ret_more)
{
	struct upkeep *upkeep = &store->upkeep;
	int error = store->db.handle ? 0 : -ENOSPC;

	*ret_more = false;
	if (!error && !upkeep->room_target)
		error = begin_making_room(store);
	if (!error)
		error = free_some(store, ret_more);
	if (store->db.handle)
		store_empty_log(store);
	if (error || !*ret_more) {
		upkeep->room_target = 0;
		*ret_more = false;
		upkeep->reserve_tried = 0;
	}
	return error;
}
