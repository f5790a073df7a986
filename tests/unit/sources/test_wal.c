#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "sources/wal.h"

#define LIMIT ((size_t)16 << 20)
#define TRANSACTIONS 20

struct files {
	char directory[64];
	sqlite3 *writer;
	struct buf database;
	struct buf log;
};

static void run(sqlite3 *database, const char *sql)
{
	char *error = NULL;

	if (sqlite3_exec(database, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
}

static void path_of(const struct files *files, const char *name, char path[static 128])
{
	snprintf(path, 128, "%s/%s", files->directory, name);
}

static void read_files(struct files *files)
{
	char path[128];

	buf_clear(&files->database);
	buf_clear(&files->log);
	path_of(files, "d", path);
	assert_int_equal(buf_read_file(&files->database, path, LIMIT), 0);
	path_of(files, "d-wal", path);
	assert_int_equal(buf_read_file(&files->log, path, LIMIT), 0);
}

static void begin(struct files *files, const char *pragmas)
{
	char path[128];

	*files = (struct files){.directory = "/tmp/netpol-wal-XXXXXX"};
	assert_non_null(mkdtemp(files->directory));
	path_of(files, "d", path);
	assert_int_equal(sqlite3_open(path, &files->writer), SQLITE_OK);
	run(files->writer, pragmas);
	run(files->writer, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
}

static void end(struct files *files)
{
	char path[128];

	assert_int_equal(sqlite3_close(files->writer), SQLITE_OK);
	path_of(files, "d", path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(files->directory), 0);
	buf_clear(&files->database);
	buf_clear(&files->log);
}

/* Rows of table t, or -1 where there is none. */
static int count_rows(unsigned char *bytes, size_t length)
{
	sqlite3 *database;
	sqlite3_stmt *row;
	int count = -1;

	assert_int_equal(sqlite3_open(":memory:", &database), SQLITE_OK);
	assert_int_equal(sqlite3_deserialize(database, "main", bytes, (sqlite3_int64)length,
					     (sqlite3_int64)length, SQLITE_DESERIALIZE_READONLY),
			 SQLITE_OK);
	run(database, "PRAGMA integrity_check");
	if (sqlite3_prepare_v2(database, "SELECT count(*) FROM t", -1, &row, NULL) == SQLITE_OK) {
		assert_int_equal(sqlite3_step(row), SQLITE_ROW);
		count = sqlite3_column_int(row, 0);
		sqlite3_finalize(row);
	}
	sqlite3_close(database);
	return count;
}

/* What is in the database with the first bytes of the log. */
static int rows_with(const struct files *files, size_t log_length)
{
	unsigned char *bytes = NULL;
	size_t length;
	int r = wal_apply(files->database.data, files->database.length, files->log.data, log_length,
			  LIMIT, &bytes, &length);
	int rows = r < 0 ? r : count_rows(bytes, length);

	free(bytes);
	return rows;
}

static void insert(struct files *files, int from, int to)
{
	for (int i = from; i < to; i++)
		run(files->writer, "INSERT INTO t VALUES (randomblob(700), randomblob(900))");
}

/* However much of the log is there: a state that the database once had, and never an older one
 * than with less of it. */
static void test_every_cut(void **state)
{
	struct files files;
	int rows = -1;

	(void)state;
	begin(&files, "PRAGMA page_size = 1024");
	run(files.writer, "CREATE TABLE t (a, b); CREATE INDEX i ON t (a)");
	insert(&files, 0, TRANSACTIONS);
	read_files(&files);
	assert_true(files.log.length > 20 * 1024);
	for (size_t cut = 0; cut <= files.log.length; cut += 97) {
		int now = rows_with(&files, cut);

		assert_in_range(now - rows + 1, 1, TRANSACTIONS + 1);
		rows = now;
	}
	assert_int_equal(rows_with(&files, files.log.length), TRANSACTIONS);
	end(&files);
}

/* A byte that is wrong ends the log there. */
static void test_damaged_log(void **state)
{
	struct files files;

	(void)state;
	begin(&files, "PRAGMA page_size = 512");
	run(files.writer, "CREATE TABLE t (a, b)");
	insert(&files, 0, TRANSACTIONS);
	read_files(&files);
	for (size_t at = 0; at < files.log.length; at += 61) {
		int rows;

		files.log.data[at] ^= 0x20;
		rows = rows_with(&files, files.log.length);
		assert_in_range(rows + 1, 0, TRANSACTIONS);
		files.log.data[at] ^= 0x20;
	}
	assert_int_equal(rows_with(&files, files.log.length), TRANSACTIONS);
	end(&files);
}

/* After a checkpoint the log is written again from its beginning; what follows is old. */
static void test_log_used_again(void **state)
{
	struct files files;

	(void)state;
	begin(&files, "PRAGMA page_size = 65536");
	run(files.writer, "CREATE TABLE t (a, b)");
	insert(&files, 0, TRANSACTIONS);
	run(files.writer, "PRAGMA wal_checkpoint(RESTART); DELETE FROM t");
	read_files(&files);
	assert_int_equal(rows_with(&files, files.log.length), 0);
	assert_int_equal(rows_with(&files, 0), TRANSACTIONS);
	insert(&files, 0, 1);
	read_files(&files);
	assert_int_equal(rows_with(&files, files.log.length), 1);
	end(&files);
}

/* VACUUM in a transaction of the log leaves fewer pages than the file has. */
static void test_shrunk(void **state)
{
	struct files files;
	unsigned char *bytes;
	size_t length;

	(void)state;
	begin(&files, "PRAGMA page_size = 1024");
	run(files.writer, "CREATE TABLE t (a, b)");
	insert(&files, 0, TRANSACTIONS);
	run(files.writer, "PRAGMA wal_checkpoint(TRUNCATE)");
	run(files.writer, "DELETE FROM t WHERE rowid > 2; VACUUM");
	read_files(&files);
	assert_int_equal(wal_apply(files.database.data, files.database.length, files.log.data,
				   files.log.length, LIMIT, &bytes, &length),
			 0);
	assert_true(length < files.database.length);
	assert_int_equal(count_rows(bytes, length), 2);
	free(bytes);
	end(&files);
}

static void test_no_database(void **state)
{
	static const char nothing[4096] = "SQLite format 3";
	unsigned char *bytes;
	size_t length;

	(void)state;
	assert_int_equal(wal_apply("", 0, NULL, 0, LIMIT, &bytes, &length), -EPROTO);
	assert_int_equal(wal_apply(nothing, 99, NULL, 0, LIMIT, &bytes, &length), -EPROTO);
	assert_int_equal(wal_apply(nothing, 4096, NULL, 0, LIMIT, &bytes, &length), -EPROTO);
	assert_int_equal(wal_apply("x", 1, nothing, 4096, LIMIT, &bytes, &length), -EPROTO);
	assert_int_equal(wal_apply("", 0, nothing, 4096, LIMIT, &bytes, &length), -EPROTO);
}

static void test_limit(void **state)
{
	struct files files;
	unsigned char *bytes;
	size_t length;

	(void)state;
	begin(&files, "PRAGMA page_size = 4096");
	run(files.writer, "CREATE TABLE t (a, b)");
	insert(&files, 0, TRANSACTIONS);
	read_files(&files);
	assert_int_equal(wal_apply(files.database.data, files.database.length, files.log.data,
				   files.log.length, 8192, &bytes, &length),
			 -EFBIG);
	end(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_cut),      cmocka_unit_test(test_damaged_log),
	    cmocka_unit_test(test_log_used_again), cmocka_unit_test(test_shrunk),
	    cmocka_unit_test(test_no_database),    cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
