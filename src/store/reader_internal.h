/* What the reader's source files share. */
#ifndef NETPOL_STORE_READER_INTERNAL_H
#define NETPOL_STORE_READER_INTERNAL_H

#include <sys/stat.h>

#include "store/db.h"
#include "store/store.h"

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
	struct known_node *nodes; /* by name; loaded at open */
	size_t node_count;
	int64_t longest; /* how far before a moment flow rows may begin that reach it */
};

/* db_row() where text is read: all of it must be UTF-8. Damaged text sets the sticky error. */
bool reader_row(struct reader *reader, sqlite3_stmt *statement);

/* A lone file that changed under the reader is torn: sets the sticky error. Ends every walk. */
int reader_finish(struct reader *reader, int visited);

#endif
