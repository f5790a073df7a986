/* What the writer's source files share. */
#ifndef NETPOL_STORE_STORE_INTERNAL_H
#define NETPOL_STORE_STORE_INTERNAL_H

#include "store/db.h"
#include "store/files.h"
#include "store/idmap.h"
#include "store/lock.h"
#include "store/store.h"

/* In store.pods, beside rows. */
#define POD_PRUNED INT64_C(-1) /* the row was pruned: later flows of this pod have none */
#define POD_UNTOLD INT64_C(-2) /* its batch was rolled back: as if it had never been told */

/* What upkeep.c and renew.c know of the files. */
struct upkeep {
	struct file_id file, log, shared; /* as they were opened */
	int64_t committed;                /* time of the last batch */
	int64_t kept;          /* of the last one that was still in place when looked at later */
	int64_t touched;       /* time of the file after our own last write to it */
	bool suspect;          /* somebody else wrote to it: to be checked */
	int64_t log_frames;    /* in use after the last commit */
	int64_t log_tried;     /* monotonic: when the log was last to be emptied */
	int64_t reserve_tried; /* monotonic */
	int64_t room_target;   /* bytes in use that store_make_room() works towards; 0: not at it */
	struct store_loss loss; /* not taken yet */
	bool renewing;          /* the database is gone, no other is in its place yet */
	bool moved;             /* while renewing: it is another file that is open, or will be */
	char *aside;            /* where the damaged one is */
};

struct store {
	struct db db;
	struct lock lock;
	struct store_options options;
	char *path;      /* absolute */
	char *node_name; /* NULL: none chosen yet */
	struct upkeep upkeep;
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

/* May it be written? 0, or a negative errno with its text. First thing of store_write(). */
int store_ready(struct store *store);
/* Takes part in each commit from now on: the log is brought into the database. */
void store_attend(struct store *store);
/* Opens the file that is there; on failure the handle is closed. */
int store_connect(struct store *store);
/* Remembers which files were opened. */
void store_remember_files(struct store *store);
/* Sets the text; returns error. */
int store_fail(struct store *store, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Moves a damaged database away; the handle must be closed. */
int store_set_aside(struct store *store);

/* Forgets numbers that a rolled-back or pruning transaction made invalid. */
void store_forget_caches(struct store *store);

#endif
