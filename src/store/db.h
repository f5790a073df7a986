/*
 * A thin layer over SQLite: each statement of sql/stmt/ prepared once per handle, and a first error
 * that sticks.
 *
 * After a failure all binding and stepping does nothing until db_end() or db_take_error(), so that
 * a transaction is written straight through and checked once. One thread at a time. Errors are
 * those of store/store.h.
 */
#ifndef NETPOL_STORE_DB_H
#define NETPOL_STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "base/addr.h"
#include "store/sql.h"

#define DB_TEXT_MAX 512
#define DB_PAGE_BYTES INT64_C(4096) /* as in sql/writer.sql */

/* Start from {0}; release with db_close(). */
struct db {
	sqlite3 *handle;
	sqlite3_stmt *statements[SQL_STATEMENTS]; /* NULL until first used */
	int error;                                /* 0 or the first negative errno */
	char text[DB_TEXT_MAX];                   /* of the last failure; stays after db_end() */
};

/* name: a path, or a URI with SQLITE_OPEN_URI; flags: SQLITE_OPEN_*. Nothing of the file is read
 * yet. */
int db_open(struct db *db, const char *name, int flags);
/* The same with parameters of a URI (sqlite.org/uri.html). */
int db_open_uri(struct db *db, const char *path, const char *parameters, int flags);
/* Brings the log into the database, if nobody else has it open. Closed already: nothing. */
void db_close(struct db *db);
/* Leaves the files as they are. */
void db_abandon(struct db *db);

/* Sets the sticky error unless there is one. Returns the sticky error. */
int db_fail(struct db *db, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Returns the sticky error and clears it; the text stays. */
int db_take_error(struct db *db);

/* Runs a script of statements without results. */
int db_script(struct db *db, const char *script);

/* The statement, ready for binding; NULL after a failure, which all functions below take. */
sqlite3_stmt *db_use(struct db *db, enum sql_statement which);
/* Parameters count from 1. Text and bytes must live until the statement was run. */
void db_bind_int(struct db *db, sqlite3_stmt *statement, int index, int64_t value);
void db_bind_null(struct db *db, sqlite3_stmt *statement, int index);
void db_bind_text(struct db *db, sqlite3_stmt *statement, int index,
		  const char *value); /* NULL is NULL */
void db_bind_addr(struct db *db, sqlite3_stmt *statement, int index,
		  const struct addr *value); /* unset: no bytes */
/* True: there is a row to read with sqlite3_column_*. False: the end, or a failure; the statement
 * is reset. */
bool db_row(struct db *db, sqlite3_stmt *statement);
/* To the end, then reset. */
void db_run(struct db *db, sqlite3_stmt *statement);
/* The first column of the first row, otherwise is_none; then as db_run(). */
int64_t db_run_int(struct db *db, sqlite3_stmt *statement, int64_t is_none);
/* Stops a walk before its end. */
void db_stop(sqlite3_stmt *statement);
/* Rows that the last statement run changed. */
int64_t db_changes(struct db *db);

/* Columns count from 0. */
struct addr db_column_addr(sqlite3_stmt *statement, int column);
/* "" for NULL; valid until the next step. */
const char *db_column_text(sqlite3_stmt *statement, int column);

/* Bytes of the pages that hold something. */
int64_t db_bytes_in_use(struct db *db);
/* Brings the write-ahead log into the database and empties it, never waiting. -EBUSY: readers use
 * it still. Leaves no sticky error. */
int db_empty_log(struct db *db);

void db_begin(struct db *db);
/* Commits, or rolls back after a failure. Returns the sticky error and clears it. */
int db_end(struct db *db);

#endif
