/* What the writer's source files share. */
#ifndef NETPOL_STORE_STORE_INTERNAL_H
#define NETPOL_STORE_STORE_INTERNAL_H

#include "store/db.h"
#include "store/idmap.h"
#include "store/lock.h"
#include "store/store.h"

/* In store.pods, beside rows. */
#define POD_PRUNED INT64_C(-1) /* the row was pruned: later flows of this pod have none */
#define POD_UNTOLD INT64_C(-2) /* its batch was rolled back: as if it had never been told */

struct store {
	struct db db;
	struct lock lock;
	char *path;             /* absolute */
	int64_t node;           /* 0: none chosen yet */
	int64_t heartbeat;      /* of the node's last run, when it was chosen */
	int64_t longest;        /* node.longest with what the open transaction adds */
	bool settled;           /* intervals left open by the last run have been ended */
	struct idmap addresses; /* struct addr → address.id; a cache */
	struct idmap edges;     /* struct edge_key → edge.id; a cache */
	struct idmap pods;      /* number in this run → pod.id, POD_PRUNED or POD_UNTOLD */
	struct idmap own;       /* the node's addresses named in this run: struct addr → 1 */
	int64_t edges_pruned;   /* since addresses were last swept */
};

/* Numbers read from a statement before another one changes the same table. */
struct numbers {
	int64_t *items;
	size_t count;
	size_t capacity;
};
void numbers_add(struct db *db, struct numbers *numbers, int64_t number);
/* Runs the statement to its end and collects its first column. */
void numbers_collect(struct db *db, sqlite3_stmt *statement, struct numbers *numbers);
void numbers_clear(struct numbers *numbers);

/* Sticky errors, as in db.h. */
int64_t write_address(struct store *store, struct addr address); /* its number; 0 for ADDR_NONE */
void write_identity(struct store *store, const struct batch *batch);
void write_flows(struct store *store, const struct batch *batch);

/* Forgets numbers that a rolled-back or pruning transaction made invalid. */
void store_forget_caches(struct store *store);

#endif
