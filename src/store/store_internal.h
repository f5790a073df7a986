/* What the writer's source files share. */
#ifndef NETPOL_STORE_STORE_INTERNAL_H
#define NETPOL_STORE_STORE_INTERNAL_H

#include "base/hash.h"
#include "store/db.h"
#include "store/files.h"
#include "store/idmap.h"
#include "store/lock.h"
#include "store/store.h"

/* In store.pods, beside rows. */
#define POD_PRUNED INT64_C(-1) /* the row was pruned: later flows of this pod have none */
#define POD_UNTOLD INT64_C(-2) /* its batch was rolled back: as if it had never been told */

/* Flows. Up to here new edges are numbered in the order of the batch, and caches stay small. */
#define LARGE_BATCH 4096

/* What is known of all edges in the file. */
struct edge_book {
	bool loaded;
	struct hash_seed seed; /* of edge.fingerprint */
	int64_t last;          /* number of the last edge made */
	int64_t count;         /* edges there are */
};

/* Tells edges apart: the number that the file finds an edge by, and another one, so that the cache
 * need not hold keys. */
struct edge_mark {
	int64_t fingerprint;
	uint64_t check;
};

/* Numbers read from a statement before another one changes the same table. */
struct numbers {
	int64_t *items;
	size_t count;
	size_t capacity;
};

/* A row of flow. */
struct flow_place {
	int64_t window, edge, sequence;
};

/* A walk over pods that ended, oldest first; in this order. */
enum pod_walk_stage {
	POD_WALK_IDLE,
	POD_WALK_EDGES,     /* which pods do edges name? */
	POD_WALK_WORDS,     /* what was said of those that ended */
	POD_WALK_INTERVALS, /* addresses, and pods that have none left then */
	POD_WALK_ENDED,     /* pods that had none */
	POD_WALK_DONE
};

struct pod_place {
	int64_t end, pod;
};

struct pod_walk {
	enum pod_walk_stage stage;
	bool by_age;            /* it goes on in the next step */
	struct pod_place place; /* of the stage: up to here all were looked at */
	int64_t edge;           /* the last one that was looked at */
	struct idmap named;     /* pod.id that an edge names → 1 */
	int64_t oldest;         /* no edge was last seen before; once the edges were walked */
};

/* Edges chosen to be deleted, after their windows. */
struct pruning {
	struct numbers victims; /* edge.id, ascending */
	struct idmap doomed;    /* the same → 1; -1 for those seen again since: they stay */
	struct flow_place walk; /* flow rows up to here were looked at */
	bool walked;            /* no row of a victim is left */
	size_t next;            /* the first victim that is not deleted yet */
	const char *reason;     /* of their gap; NULL: none, they went by age */
	int64_t node;           /* of the gap; 0: none yet */
	struct gap trace;       /* of the edges that went; at_most -1: all of it is written */
	struct pod_walk pods;
	bool shrinking; /* max_bytes was passed, and the goal below it is not reached */
	bool weighed;   /* while shrinking: the next two are known */
	bool crowded;   /* pods that edges name are the most of it: edges go before windows */
	int64_t least;  /* bytes that are left to what does not go and to some flows */
	int64_t held;   /* bytes that there were when no more could go; 0: max_bytes was reached */
};

/* What upkeep.c and renew.c know of the files. */
struct upkeep {
	struct file_id file, log, shared; /* as they were opened */
	int64_t committed;                /* time of the last batch */
	int64_t kept;          /* of the last one that was still in place when looked at later */
	int64_t touched;       /* time of the file after our own last write to it */
	bool suspect;          /* somebody else wrote to it: to be checked */
	int64_t log_frames;    /* in use after the last commit */
	bool log_whole;        /* all of them are in the database too */
	int64_t filed;         /* at least so many batches are in the database without its log */
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
	void (*beat)(void *context); /* NULL: nobody listens */
	void *beat_context;
	int64_t node;          /* 0: none chosen yet */
	int64_t heartbeat;     /* of the node's last run, when it was chosen */
	int64_t longest;       /* node.longest with what the open transaction adds */
	int64_t batches;       /* in the file after the last commit of this handle */
	bool settled;          /* intervals left open by the last run have been ended */
	bool objects_settled;  /* the same for objects */
	struct edge_book book; /* with what the open transaction changes */
	struct pruning pruning;
	bool swollen;       /* caches hold more than a small batch needs */
	int64_t max_edges;  /* folding begins near it; 0: none */
	struct idmap edges; /* struct edge_mark → edge.id; a cache */
	struct idmap pods;  /* number in this run → pod.id, POD_PRUNED or POD_UNTOLD */
	struct idmap own;   /* the node's addresses named in this run: struct addr → 1 */
	struct idmap told;  /* object.id told in this run → 1; until objects are settled */
};

void numbers_add(struct db *db, struct numbers *numbers, int64_t number);
/* Runs the statement to its end and collects its first column. */
void numbers_collect(struct db *db, sqlite3_stmt *statement, struct numbers *numbers);
void numbers_clear(struct numbers *numbers);

/* Sticky errors, as in db.h. */
void write_identity(struct store *store, const struct batch *batch);
void write_objects(struct store *store, const struct batch *batch);
void write_flows(struct store *store, const struct batch *batch);
/* The row of a pod by its number in this run; 0: none, or it was pruned. */
int64_t pod_row(struct store *store, uint32_t number);
/* Edge totals and flow totals stand in the same order in all statements. */
void bind_totals(struct db *db, sqlite3_stmt *statement, int first, const struct totals *totals);
struct edge_mark edge_mark(struct store *store, const struct edge_key *key);
/* The edge's number; 0: there is none. */
int64_t find_edge(struct store *store, const struct edge_key *key, const struct edge_mark *mark);
/* Adds a flow to the edge that was found, or makes it (edge 0), and gives its number. No edge has
 * fewer than no connections: where it is made, the flow's are raised to that. */
int64_t write_edge(struct store *store, struct flow *flow, const struct edge_mark *mark,
		   int64_t edge);
/* The book is read once, before the first edge is written or pruned. */
void load_book(struct store *store);
void write_book(struct store *store);
/* A gap of a node. */
void write_gap(struct store *store, int64_t node, const struct gap *gap);
void pruning_clear(struct pruning *pruning);
/*
 * One step of the walk: deletes words, intervals and pods that ended before the moment, of pods
 * that no edge names. True: there is more; false: the walk is done, until pod_walk_clear(). Pods
 * that went are put into gone.
 */
bool prune_pods(struct store *store, int64_t before, unsigned rows, struct idmap *gone);
/* Is there anything for such a walk? Only between walks. */
bool has_ended_pods(struct store *store, int64_t before);
void pod_walk_clear(struct pod_walk *walk);
/* An edge that is made names the pod, 0: none. */
void name_pod(struct store *store, int64_t pod);
/* An edge was seen again: it is not to be deleted. */
void spare_edge(struct store *store, int64_t edge);

/* May it be written? 0, or a negative errno with its text. First thing of store_write(). */
int store_ready(struct store *store);
/* Takes part in each commit from now on: the log is brought into the database. */
void store_attend(struct store *store);
/* Brings the log into the database and empties it. -EBUSY: a reader is in the way. */
int store_empty_log(struct store *store);
/* The same where the handle is about to be given up, and its files may have lost their names. */
int store_save_log(struct store *store);
/* Opens the file that is there, and gives the reserve up if the disk is full; on failure the handle
 * is closed. */
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
