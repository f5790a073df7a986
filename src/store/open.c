#include "store/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/schema.h"

#define FILE_MODE 0640
#define OPEN_PATIENCE_MS 2000
#define EDGES_CACHED 65536

const char *store_error(const struct store *store)
{
	return store->db.text;
}

/* Two spellings of one path must meet at one lock. */
static int absolute_path(const char *path, char **ret)
{
	char *found = realpath(path, NULL), *copy = NULL, *folder = NULL, *result = NULL;
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	int error = 0;

	if (found) {
		*ret = found;
		return 0;
	}
	if (errno != ENOENT)
		return -errno;
	copy = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	if (!copy || *name == '\0') {
		error = copy ? -EISDIR : -ENOMEM;
		goto out;
	}
	folder = realpath(copy, NULL);
	if (!folder)
		error = -errno;
	else if (asprintf(&result, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, name) < 0)
		error = -ENOMEM;
	else
		*ret = result;
out:
	free(copy);
	free(folder);
	return error;
}

/* SQLite gives -wal and -shm the mode of the database, so this decides all three whatever the
 * umask. */
static int make_file(const char *path, bool create_only, bool *ret_made)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	int error = 0;

	if (fd < 0) {
		if (errno != EEXIST || create_only)
			return -errno;
		return faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) < 0 ? -errno : 0;
	}
	if (fchmod(fd, FILE_MODE) < 0)
		error = -errno;
	close(fd);
	*ret_made = true;
	return error;
}

static void remove_files(const char *path)
{
	static const char *const endings[] = {"", "-wal", "-shm"};

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		char *name = NULL;

		if (asprintf(&name, "%s%s", path, endings[i]) < 0)
			return;
		unlink(name);
		free(name);
	}
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

static int open_database(struct store *store, const struct store_options *options)
{
	struct db *db = &store->db;
	int keep = options && options->readable_after_close, error;

	if (db_open(db, store->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_PRIVATECACHE) < 0)
		return db_take_error(db);
	sqlite3_busy_timeout(db->handle, OPEN_PATIENCE_MS);
	schema_inspect(db);
	db_script(db, sql_writer);
	check_wal(db);
	if (db->error)
		return db_take_error(db);
	sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
	error = schema_migrate(db);
	sqlite3_busy_timeout(db->handle, 0);
	return error;
}

static void explain(char **ret_error, const char *path, const char *reason)
{
	if (asprintf(ret_error, "%s: %s", path, reason) < 0)
		*ret_error = NULL;
}

static int lock_and_open(struct store *store, const struct store_options *options, char **ret_error)
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
	error = make_file(store->path, options && options->create_only, &made);
	if (error) {
		explain(ret_error, store->path, strerror(-error));
		return error;
	}
	error = open_database(store, options);
	if (error) {
		explain(ret_error, store->path, store->db.text);
		db_close(&store->db);
		if (made)
			remove_files(store->path);
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
	store->lock.fd = -1;
	idmap_init(&store->edges, sizeof(struct edge_mark), EDGES_CACHED);
	idmap_init(&store->pods, sizeof(uint32_t), 0);
	idmap_init(&store->own, sizeof(struct addr), 0);
	error = absolute_path(path, &store->path);
	if (error)
		explain(ret_error, path, strerror(-error));
	else
		error = lock_and_open(store, options, ret_error);
	if (error) {
		release(store);
		return error;
	}
	*ret = store;
	return 0;
}

struct store *store_close(struct store *store)
{
	if (!store)
		return NULL;
	db_run(&store->db, db_use(&store->db, SQL_CHECKPOINT_WAL));
	return release(store);
}

static void load_node(struct store *store, const char *name, int64_t *ret_node,
		      int64_t *ret_heartbeat, int64_t *ret_longest)
{
	struct db *db = &store->db;
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
	db_run(db, statement);
}

int store_use_node(struct store *store, const char *node)
{
	int64_t number = 0, heartbeat = 0, longest = 0;
	int error;

	db_begin(&store->db);
	load_node(store, node, &number, &heartbeat, &longest);
	error = db_end(&store->db);
	if (error)
		return error;
	if (number == store->node)
		return 0;
	store->node = number;
	store->heartbeat = heartbeat;
	store->longest = longest;
	store->settled = false;
	idmap_clear(&store->edges);
	idmap_clear(&store->own);
	return 0;
}

void store_forget_caches(struct store *store)
{
	idmap_clear(&store->edges);
}
