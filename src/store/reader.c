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
#include "store/schema.h"

/* A writer that starts or recovers is passed in milliseconds. */
#define PATIENCE_MS 5000
/* It makes -wal, and at once -shm. */
#define INDEX_PATIENCE_MS 200
#define PAUSE_NS (20 * NSEC_PER_MSEC)

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

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Whoever writes makes -wal before the file itself changes. */
static bool is_still_lone(const struct reader *reader)
{
	struct stat now;

	return !has_companion(reader->path, "-wal") && stat(reader->path, &now) == 0 &&
	       is_same_file(&now, &reader->as_found);
}

int reader_finish(struct reader *reader, int visited)
{
	struct db *db = &reader->db;

	if (reader->lone && !is_still_lone(reader))
		db_fail(db, -EBUSY, "a writer came while the file was read: try again");
	return db->error ? db_take_error(db) : visited;
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

static void put_escaped(struct buf *name, const char *path)
{
	static const char hex[] = "0123456789ABCDEF";

	for (const unsigned char *c = (const unsigned char *)path; *c; c++) {
		if (strchr("%?#", *c) || *c < 0x20 || *c >= 0x7f) {
			buf_putc(name, '%');
			buf_putc(name, hex[*c >> 4]);
			buf_putc(name, hex[*c & 15]);
		} else {
			buf_putc(name, (char)*c);
		}
	}
}

/*
 * With readonly_shm SQLite never writes or makes anything beside the database, whatever the reader
 * is allowed to: a live writer's -shm is only read, and after a writer that was killed the log is
 * read without repairing anything.
 */
static int open_handle(struct reader *reader)
{
	struct buf name = {0};
	const char *option;
	int error;

	if (reader->lone)
		option = "?immutable=1";
	else
		option = "?readonly_shm=1";
	buf_puts(&name, "file:");
	put_escaped(&name, reader->path);
	buf_puts(&name, option);
	error = name.error;
	if (error)
		db_fail(&reader->db, error, "out of memory");
	else
		error = db_open(&reader->db, name.data,
				SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_PRIVATECACHE);
	buf_clear(&name);
	return error;
}

static void load_nodes(struct reader *reader)
{
	struct db *db = &reader->db;
	sqlite3_stmt *statement = db_use(db, SQL_READ_NODES);

	while (reader_row(reader, statement)) {
		struct known_node *larger =
		    reallocarray(reader->nodes, reader->node_count + 1, sizeof(*larger));

		if (!larger) {
			db_fail(db, -ENOMEM, "out of memory");
			continue;
		}
		reader->nodes = larger;
		larger[reader->node_count] = (struct known_node){
		    .number = sqlite3_column_int64(statement, 0),
		    .name = strdup(db_column_text(statement, 1)),
		    .first = sqlite3_column_int64(statement, 2),
		    .heartbeat = sqlite3_column_int64(statement, 3),
		};
		if (!larger[reader->node_count++].name)
			db_fail(db, -ENOMEM, "out of memory");
	}
	reader->longest = db_run_int(db, db_use(db, SQL_READ_LONGEST), 0);
}

static void forget(struct reader *reader)
{
	db_close(&reader->db);
	for (size_t i = 0; i < reader->node_count; i++)
		free(reader->nodes[i].name);
	free(reader->nodes);
	reader->nodes = NULL;
	reader->node_count = 0;
}

static int try_open(struct reader *reader)
{
	struct db *db = &reader->db;

	reader->lone =
	    !has_companion(reader->path, "-wal") && !has_companion(reader->path, "-journal");
	if (stat(reader->path, &reader->as_found) < 0)
		return db_fail(db, -errno, "%s", strerror(errno)), db_take_error(db);
	if (open_handle(reader) < 0)
		return db_take_error(db);
	sqlite3_busy_timeout(db->handle, PATIENCE_MS);
	db_script(db, sql_reader);
	db_run(db, db_use(db, SQL_SNAPSHOT));
	if (schema_check(db) == 0)
		load_nodes(reader);
	return reader_finish(reader, 0);
}

static bool lacks_index(const struct reader *reader, int error)
{
	return (error == -EACCES || error == -ENOENT) && has_companion(reader->path, "-wal") &&
	       !has_companion(reader->path, "-shm");
}

static int64_t patience(const struct reader *reader, int error)
{
	if (error == -EBUSY)
		return PATIENCE_MS * NSEC_PER_MSEC;
	return lacks_index(reader, error) ? INDEX_PATIENCE_MS * NSEC_PER_MSEC : 0;
}

static int open_patiently(struct reader *reader)
{
	const int64_t start = clock_monotonic();
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
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

	if (reader)
		reader->path = realpath(path, NULL);
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

struct reader *reader_close(struct reader *reader)
{
	if (!reader)
		return NULL;
	forget(reader);
	free(reader->path);
	free(reader);
	return NULL;
}
