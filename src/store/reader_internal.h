/* What the reader's source files share. */
#ifndef NETPOL_STORE_READER_INTERNAL_H
#define NETPOL_STORE_READER_INTERNAL_H

#include <sys/stat.h>

#include "store/db.h"
#include "store/store.h"

/* A writer that starts or recovers is passed in milliseconds. */
#define READER_PATIENCE_MS 5000
#define READER_PAUSE_NS (20 * NSEC_PER_MSEC)

struct known_node {
	int64_t number;
	char *name;
	int64_t first, heartbeat;
};

struct reader {
	struct db db;
	char *path;
	bool lone;                /* opened without -wal, as a file that nobody writes */
	struct stat as_found;     /* of a lone file */
	struct known_node *nodes; /* by name; as of the snapshot */
	size_t node_count;
	size_t last_node; /* that was looked for */
	int64_t longest;  /* how far before a moment flow rows may begin that reach it */
	struct reader_limits limits;
	bool wants_words;
	bool in_short;            /* edges may come with the first of their counts alone */
	struct edge_visit *visit; /* the walk in progress that is in short */
	bool in_snapshot;
	int64_t begun; /* the snapshot, by the monotonic clock, ns */
};

/* Makes visit_edge() known to SQL, once for a handle. */
void reader_offer(struct reader *reader);
/* Ends statements of this handle once its snapshot is too old. */
void snapshot_watch(struct reader *reader);
/* Begins one, without patience; the error is taken. Nodes are loaded unless they are there. */
int snapshot_begin(struct reader *reader);
/* Nodes, which belong to a snapshot. */
void snapshot_forget(struct reader *reader);

/* Every walk starts so: in the snapshot that is there, else in a new one. Sets the sticky error. */
void reader_need(struct reader *reader);
/* The same for what goes on in a later snapshot and keeps nodes. */
void reader_resume(struct reader *reader);

/* A row of SQL_READ_EDGES and its kin. */
enum {
	COLUMN_NODE = 1,
	COLUMN_FIRST_SEEN = 15,
	COLUMN_LAST_SEEN,
	COLUMN_CONNECTIONS,
	COLUMN_CLOSED,
	COLUMN_PACKETS_SENT,
	COLUMN_COUNTED,
	COLUMN_PACKETS_RECEIVED,
	COLUMN_BYTES_SENT,
	COLUMN_BYTES_RECEIVED,
	COLUMN_TIMED_OUT,
	COLUMN_RESET,
	COLUMN_EVICTED,
	COLUMN_DELETED,
	COLUMN_VANISHED,
	EDGE_COLUMNS
};
#define SHORT_COLUMNS COLUMN_COUNTED
struct totals reader_totals_of(sqlite3_stmt *statement);
struct edge reader_edge_of(struct reader *reader, sqlite3_stmt *statement);
/* The same with the columns of a flow row behind. *ret_sequence may be NULL. */
struct stored_flow reader_flow_of(struct reader *reader, sqlite3_stmt *statement,
				  int64_t *ret_sequence);
/* A column that must be in bounds; else the sticky error is set. */
int64_t reader_within(struct reader *reader, sqlite3_stmt *statement, int column, int64_t least,
		      int64_t most);
bool reader_is_whole(struct interval interval);
/* The earliest window whose row may reach the interval. */
int64_t reader_first_window(const struct reader *reader, struct interval interval);

/* db_row() where text is read: all of it must be UTF-8. Damaged text sets the sticky error. */
bool reader_row(struct reader *reader, sqlite3_stmt *statement);

/* A lone file that changed under the reader is torn: sets the sticky error. Ends every walk, and
 * after a failure the snapshot. */
int reader_finish(struct reader *reader, int visited);

#endif
