#include "store/reader_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "store/schema.h"

/* Steps of SQLite's machine between two looks at the clock: some tens of rows. */
#define STEPS_PER_LOOK 1000

static bool is_overdue(const struct reader *reader)
{
	int64_t most = reader->limits.snapshot_ms * NSEC_PER_MSEC;

	return reader->in_snapshot && clock_monotonic() - reader->begun >= most;
}

static void fail_overdue(struct reader *reader)
{
	db_fail(&reader->db, -ETIMEDOUT,
		"reading took more than %.3g s, and was ended because the writer's log cannot "
		"shrink meanwhile: ask for less (--since, --until)",
		(double)reader->limits.snapshot_ms / MSEC_PER_SEC);
}

static int look_at_clock(void *context)
{
	struct reader *reader = context;

	if (!is_overdue(reader))
		return 0;
	fail_overdue(reader);
	return 1;
}

void snapshot_watch(struct reader *reader)
{
	sqlite3_progress_handler(reader->db.handle, STEPS_PER_LOOK, look_at_clock, reader);
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

void snapshot_forget(struct reader *reader)
{
	for (size_t i = 0; i < reader->node_count; i++)
		free(reader->nodes[i].name);
	free(reader->nodes);
	reader->nodes = NULL;
	reader->node_count = 0;
}

int snapshot_begin(struct reader *reader)
{
	struct db *db = &reader->db;

	reader->in_snapshot = true;
	reader->begun = clock_monotonic();
	db_run(db, db_use(db, SQL_SNAPSHOT));
	if (schema_check(db) == 0 && !reader->nodes)
		load_nodes(reader);
	if (!db->error)
		return 0;
	reader_end(reader);
	return db_take_error(db);
}

/* A writer that starts or recovers in between is waited for, as at the opening. */
static bool begin_patiently(struct reader *reader)
{
	const int64_t start = clock_monotonic();
	const struct timespec pause = {.tv_nsec = READER_PAUSE_NS};
	int error;

	while ((error = snapshot_begin(reader)) == -EBUSY &&
	       clock_monotonic() - start < READER_PATIENCE_MS * NSEC_PER_MSEC)
		nanosleep(&pause, NULL);
	reader->db.error = error;
	return error == 0;
}

void reader_need(struct reader *reader)
{
	if (!reader->in_snapshot && !reader->db.error) {
		snapshot_forget(reader);
		begin_patiently(reader);
	}
	if (is_overdue(reader))
		fail_overdue(reader);
}

void reader_resume(struct reader *reader)
{
	if (!reader->in_snapshot && !reader->db.error)
		begin_patiently(reader);
	if (is_overdue(reader))
		fail_overdue(reader);
}

void reader_end(struct reader *reader)
{
	struct db *db = &reader->db;

	/* First, so that the clock lets the end through. */
	reader->in_snapshot = false;
	if (!db->handle || sqlite3_get_autocommit(db->handle))
		return;
	for (int i = 0; i < SQL_STATEMENTS; i++)
		sqlite3_reset(db->statements[i]);
	sqlite3_exec(db->handle, sql_statements[SQL_ROLLBACK].text, NULL, NULL, NULL);
}
