#include "store/reader_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

/* It makes -wal, and at once -shm. */
#define INDEX_PATIENCE_MS 200
/* How long a snapshot may keep the writer's log from shrinking. */
#define SNAPSHOT_MS 30000
#define PAGE_ROWS 65536

const char *reader_error(const struct reader *reader)
{
	return reader->db.text;
}

static bool has_companion(const char *path, const char *ending)
{
	char *name = NULL;
	bool found;

	if (asprintf(&name, "%s%s", path, ending) < 0)
		return true;
	found = access(name, F_OK) == 0;
	free(name);
	return found;
}

static bool is_empty(const char *path, const char *ending)
{
	struct stat found;
	char *name = NULL;
	bool empty;

	if (asprintf(&name, "%s%s", path, ending) < 0)
		return false;
	empty = stat(name, &found) == 0 && found.st_size == 0;
	free(name);
	return empty;
}

/* Whoever is ended while it opens the file may leave an empty one without an index. */
static bool has_log(const struct reader *reader)
{
	return has_companion(reader->path, "-wal") &&
	       (has_companion(reader->path, "-shm") || !is_empty(reader->path, "-wal"));
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Whoever writes makes -wal before the file itself changes. */
static bool is_still_lone(const struct reader *reader)
{
	struct stat now;

	return !has_log(reader) && stat(reader->path, &now) == 0 &&
	       is_same_file(&now, &reader->as_found);
}

int reader_finish(struct reader *reader, int visited)
{
	struct db *db = &reader->db;

	if (reader->lone && !is_still_lone(reader))
		db_fail(db, -EBUSY, "a writer came while the file was read: try again");
	if (!db->error)
		return visited;
	reader_end(reader);
	return db_take_error(db);
}

bool reader_row(struct reader *reader, sqlite3_stmt *statement)
{
	if (!db_row(&reader->db, statement))
		return false;
	for (int i = 0; i < sqlite3_column_count(statement); i++) {
		const char *text;

		if (sqlite3_column_type(statement, i) != SQLITE_TEXT)
			continue;
		text = (const char *)sqlite3_column_text(statement, i);
		if (text && buf_is_text(text, (size_t)sqlite3_column_bytes(statement, i)))
			continue;
		if (text)
			db_fail(&reader->db, -EBADMSG, "damaged: a %s is not UTF-8",
				sqlite3_column_name(statement, i));
		else
			db_fail(&reader->db, -ENOMEM, "out of memory");
		db_stop(statement);
		return false;
	}
	return true;
}

/*
 * With readonly_shm SQLite never writes or makes anything beside the database, whatever the reader
 * is allowed to: a live writer's -shm is only read, and after a writer that was killed the log is
 * read without repairing anything.
 */
static int open_handle(struct reader *reader)
{
	return db_open_uri(&reader->db, reader->path,
			   reader->lone ? "immutable=1" : "readonly_shm=1",
			   SQLITE_OPEN_READONLY | SQLITE_OPEN_PRIVATECACHE);
}

static void forget(struct reader *reader)
{
	db_close(&reader->db);
	snapshot_forget(reader);
}

static int try_open(struct reader *reader)
{
	struct db *db = &reader->db;
	int error;

	reader->lone = !has_log(reader) && !has_companion(reader->path, "-journal");
	if (stat(reader->path, &reader->as_found) < 0)
		return db_fail(db, -errno, "%s", strerror(errno)), db_take_error(db);
	if (open_handle(reader) < 0)
		return db_take_error(db);
	sqlite3_busy_timeout(db->handle, READER_PATIENCE_MS);
	reader_offer(reader);
	snapshot_watch(reader);
	db_script(db, sql_reader);
	if (!db->error)
		db->error = snapshot_begin(reader);
	error = reader_finish(reader, 0);
	reader_end(reader);
	return error;
}

static bool lacks_index(const struct reader *reader, int error)
{
	return (error == -EACCES || error == -ENOENT) && has_companion(reader->path, "-wal") &&
	       !has_companion(reader->path, "-shm");
}

static int64_t patience(const struct reader *reader, int error)
{
	if (error == -EBUSY)
		return READER_PATIENCE_MS * NSEC_PER_MSEC;
	return lacks_index(reader, error) ? INDEX_PATIENCE_MS * NSEC_PER_MSEC : 0;
}

static int open_patiently(struct reader *reader)
{
	const int64_t start = clock_monotonic();
	const struct timespec pause = {.tv_nsec = READER_PAUSE_NS};
	int error;

	while ((error = try_open(reader)) < 0 &&
	       clock_monotonic() - start < patience(reader, error)) {
		forget(reader);
		nanosleep(&pause, NULL);
	}
	return error;
}

static int check_access(const char *path, const char **ret_reason)
{
	struct stat found;

	if (stat(path, &found) < 0)
		return -errno;
	if (S_ISDIR(found.st_mode))
		return -EISDIR;
	if (!S_ISREG(found.st_mode)) {
		*ret_reason = "not a regular file";
		return -EBADMSG;
	}
	return faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) < 0 ? -errno : 0;
}

int reader_open(const char *path, struct reader **ret, char **ret_error)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	const char *reason = NULL;
	int error;

	if (reader) {
		reader->limits = (struct reader_limits){SNAPSHOT_MS, PAGE_ROWS};
		reader->path = realpath(path, NULL);
	}
	error = !reader ? -ENOMEM : !reader->path ? -errno : check_access(path, &reason);
	if (!error) {
		error = open_patiently(reader);
		reason = reader->db.text;
		if (lacks_index(reader, error))
			reason =
			    "has a -wal but no -shm: to read a copy, copy all three files, or the "
			    "database alone after its netpold has stopped";
	}
	if (!error) {
		*ret = reader;
		return 0;
	}
	if (asprintf(ret_error, "%s: %s", path, reason ? reason : strerror(-error)) < 0)
		*ret_error = NULL;
	reader_close(reader);
	return error;
}

void reader_limit(struct reader *reader, struct reader_limits limits)
{
	reader->limits = limits;
}

void reader_want_words(struct reader *reader)
{
	reader->wants_words = true;
}

void reader_shorten(struct reader *reader, bool in_short)
{
	reader->in_short = in_short;
}

struct reader *reader_close(struct reader *reader)
{
	if (!reader)
		return NULL;
	forget(reader);
	free(reader->path);
	free(reader);
	return NULL;
}
