#include "store/store_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/schema.h"

#define OPEN_PATIENCE_MS 2000
#define EDGES_CACHED 65536

const char *store_error(const struct store *store)
{
	return store->db.text;
}

int store_fail(struct store *store, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(store->db.text, sizeof(store->db.text), format, arguments);
	va_end(arguments);
	return error;
}

static void check_wal(struct db *db)
{
	sqlite3_stmt *statement = db_use(db, SQL_JOURNAL_MODE);

	if (!db_row(db, statement))
		return;
	if (strcmp(db_column_text(statement, 0), "wal") != 0)
		db_fail(db, -EIO,
			"this file system has no shared memory for SQLite's write-ahead log");
	db_run(db, statement);
}

static int connect(struct store *store)
{
	struct db *db = &store->db;
	int keep = store->options.readable_after_close, error;

	if (db_open(db, store->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_PRIVATECACHE) < 0)
		return db_take_error(db);
	sqlite3_busy_timeout(db->handle, OPEN_PATIENCE_MS);
	schema_inspect(db);
	db_script(db, sql_writer);
	check_wal(db);
	if (db->error)
		return db_take_error(db);
	sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
	store_attend(store);
	error = schema_migrate(db);
	sqlite3_busy_timeout(db->handle, 0);
	return error;
}

static int try_connect(struct store *store)
{
	int error = connect(store);

	if (error)
		db_abandon(&store->db);
	else
		store_remember_files(store);
	return error;
}

/* Even shared memory needs room. */
int store_connect(struct store *store)
{
	int error = try_connect(store);

	if (error != -ENOSPC || !store->options.reserve)
		return error;
	files_use_reserve(store->path);
	return try_connect(store);
}

static void explain(char **ret_error, const char *path, const char *reason)
{
	if (asprintf(ret_error, "%s: %s", path, reason) < 0)
		*ret_error = NULL;
}

/* A file that is damaged is left behind under another name. */
static int open_files(struct store *store, bool *ret_made)
{
	int error = files_make(store->path, store->options.create_only, ret_made);

	if (error)
		return store_fail(store, error, "%s", strerror(-error));
	error = store_connect(store);
	if (error != -EBADMSG || *ret_made || !store->options.set_damaged_aside)
		return error;
	error = store_set_aside(store);
	if (!error)
		error = files_make(store->path, true, ret_made);
	if (error)
		return store_fail(store, error, "cannot be set aside: %s", strerror(-error));
	return store_connect(store);
}

/* Under its lock: what is at the path was left by a process that was ended. */
static int open_draft(struct store *store, bool *ret_made)
{
	int error;

	files_remove(store->path);
	error = files_make(store->path, true, ret_made);
	if (error)
		return store_fail(store, error, "%s", strerror(-error));
	error = store_connect(store);
	if (error)
		return error;
	db_begin(&store->db);
	db_run(&store->db, db_use(&store->db, SQL_DRAFT_BEGIN));
	return db_end(&store->db);
}

static int lock_and_open(struct store *store, char **ret_error)
{
	pid_t owner = 0;
	bool made = false;
	int error = lock_take(&store->lock, store->path, &owner);

	if (error) {
		char text[64];

		snprintf(text, sizeof(text), "in use by process %ld", (long)owner);
		explain(ret_error, store->path, error == -EBUSY ? text : strerror(-error));
		return error;
	}
	error = store->options.draft ? open_draft(store, &made) : open_files(store, &made);
	if (error) {
		explain(ret_error, store->path, store->db.text);
		if (made)
			files_remove(store->path);
	} else if (store->options.reserve) {
		files_keep_reserve(store->path, store->options.reserve);
	}
	return error;
}

static struct store *release(struct store *store)
{
	db_close(&store->db);
	lock_release(&store->lock);
	idmap_clear(&store->edges);
	pruning_clear(&store->pruning);
	idmap_clear(&store->pods);
	idmap_clear(&store->own);
	idmap_clear(&store->told);
	free(store->upkeep.aside);
	free(store->node_name);
	free(store->path);
	free(store);
	return NULL;
}

int store_open(const char *path, const struct store_options *options, struct store **ret,
	       char **ret_error)
{
	struct store *store = calloc(1, sizeof(*store));
	int error;

	if (!store) {
		explain(ret_error, path, strerror(ENOMEM));
		return -ENOMEM;
	}
	if (options)
		store->options = *options;
	store->lock.fd = -1;
	idmap_init(&store->edges, sizeof(struct edge_mark), EDGES_CACHED);
	idmap_init(&store->pods, sizeof(uint32_t), 0);
	idmap_init(&store->own, sizeof(struct addr), 0);
	idmap_init(&store->told, sizeof(int64_t), 0);
	error = files_absolute(path, &store->path);
	if (error)
		explain(ret_error, path, strerror(-error));
	else
		error = lock_and_open(store, ret_error);
	if (error) {
		release(store);
		return error;
	}
	*ret = store;
	return 0;
}

/* The log alone would hold what the name does not. */
static int finish_file(struct store *store)
{
	int error;

	sqlite3_busy_timeout(store->db.handle, OPEN_PATIENCE_MS);
	db_begin(&store->db);
	db_run(&store->db, db_use(&store->db, SQL_DRAFT_END));
	error = db_end(&store->db);
	if (!error)
		error = db_empty_log(&store->db);
	return error;
}

int store_finish(struct store *store, const char *path)
{
	int error = finish_file(store);

	if (error)
		return error;
	db_close(&store->db);
	error = files_rename(store->path, path);
	if (error)
		return store_fail(store, error, "%s", strerror(-error));
	files_remove_log(store->path);
	store->options.draft = false;
	return 0;
}

struct store *store_close(struct store *store)
{
	if (!store)
		return NULL;
	if (store->options.draft) {
		db_abandon(&store->db);
		files_remove(store->path);
	} else if (store->db.handle) {
		db_empty_log(&store->db);
	}
	return release(store);
}

/* After a clock that was set back while nothing was recorded: the file's own time is yet to come.
 */
static int64_t last_seen_by(struct store *store, int64_t node, int64_t now)
{
	sqlite3_stmt *statement = db_use(&store->db, SQL_STATE_SEEN);

	db_bind_int(&store->db, statement, 1, node);
	db_bind_int(&store->db, statement, 2, now);
	return db_run_int(&store->db, statement, 0);
}

static void load_node(struct store *store, const char *name, int64_t *ret_node,
		      int64_t *ret_heartbeat, int64_t *ret_longest, int64_t *ret_batches)
{
	struct db *db = &store->db;
	int64_t now = clock_msec(clock_now());
	sqlite3_stmt *statement = db_use(db, SQL_NODE_PUT);

	db_bind_text(db, statement, 1, name);
	db_run(db, statement);
	statement = db_use(db, SQL_NODE_GET);
	db_bind_text(db, statement, 1, name);
	if (!db_row(db, statement))
		return;
	*ret_node = sqlite3_column_int64(statement, 0);
	*ret_heartbeat = sqlite3_column_int64(statement, 1);
	*ret_longest = sqlite3_column_int64(statement, 2);
	*ret_batches = sqlite3_column_int64(statement, 3);
	db_run(db, statement);
	if (*ret_heartbeat > now)
		*ret_heartbeat = last_seen_by(store, *ret_node, now);
}

int store_use_node(struct store *store, const char *node)
{
	int64_t number = 0, heartbeat = 0, longest = 0, batches = 0;
	char *name = strdup(node);
	int error = name ? 0 : store_fail(store, -ENOMEM, "out of memory");

	if (!error) {
		db_begin(&store->db);
		load_node(store, node, &number, &heartbeat, &longest, &batches);
		error = db_end(&store->db);
	}
	if (error || number == store->node) {
		free(name);
		return error;
	}
	free(store->node_name);
	store->node_name = name;
	store->node = number;
	store->heartbeat = heartbeat;
	store->longest = longest;
	store->batches = batches;
	store->settled = false;
	store->objects_settled = false;
	idmap_clear(&store->edges);
	idmap_clear(&store->own);
	idmap_clear(&store->told);
	return 0;
}

int64_t store_heartbeat(const struct store *store)
{
	return store->heartbeat;
}

void store_forget_caches(struct store *store)
{
	idmap_clear(&store->edges);
}
