/*
 * ▷ The database: one writer that folds batches into it, and readers that never disturb the writer.
 *
 * SQLite, WAL, STRICT tables, PRAGMA user_version; all SQL stands in sql/. Times are milliseconds
 * since the epoch. Errors are negative errno: -ENOSPC (full), -EIO, -EBUSY, -EBADMSG (not a
 * database, or damaged), -EPROTO (made by a newer netpol; for a reader also by an older one),
 * -EINVAL (a batch that contradicts itself), -ETIMEDOUT (a snapshot grew too old), -ENOENT,
 * -EACCES, -EEXIST, -ENOMEM; the text is in store_error(). Quotas and size limits are -ENOSPC too.
 */
#ifndef NETPOL_STORE_STORE_H
#define NETPOL_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/flow.h"

/* ---- writing: one handle, one thread at a time ---- */

struct store;

struct store_options {
	bool create_only;          /* -EEXIST if the file is there */
	bool draft;                /* what is at the path is removed first, and what is written
				      there is nothing to readers, and goes at close, unless
				      store_finish() came before (import) */
	bool readable_after_close; /* keep -wal and -shm at close, so that a reader without write
				      permission can open */
	bool set_damaged_aside;    /* a file that is damaged or no database is renamed to
				      PATH.corrupt-YYYYMMDDTHHMMSSZ, and a new one made;
				      see store_take_loss() */
	int64_t reserve;   /* bytes of PATH.reserve, which a full disk gives room to prune with;
			      0: none */
	int64_t wal_limit; /* bytes of the write-ahead log, a batch more at most; 0: none */
};

/*
 * Opens or makes the database, migrates an older one. The file is made 0640, whatever the
 * umask. Before anything else the lock file PATH.lock is taken: -EBUSY if another process holds it;
 * it goes at close. On failure *ret_error (malloc'd text, free() it; NULL without memory) says why,
 * and a file that was made here is removed. options may be NULL: none.
 */
int store_open(const char *path, const struct store_options *options, struct store **ret,
	       char **ret_error);
/*
 * A draft is whole: brings all of it into its file, closes that, and gives it the name path, in the
 * same file system. -EEXIST if there is something already. After it, and after a failure, only
 * store_error() and store_close().
 */
int store_finish(struct store *store, const char *path);
/* Checkpoints and closes; NULL is allowed. Returns NULL. */
struct store *store_close(struct store *store);
/* The text of the last failure of this handle; "" if none. */
const char *store_error(const struct store *store);

/*
 * Everything written from here on was recorded by this node; a run of the node begins where it
 * differs from the one before. -EINVAL for "".
 */
int store_use_node(struct store *store, const char *node);
/* Called often while a statement of this handle runs, so that a long one is not taken for a hang;
 * must be quick, and use nothing of the store. Not while SQLite commits or empties the log. NULL,
 * the default: nobody. */
void store_set_beat(struct store *store, void (*beat)(void *context), void *context);
/*
 * Near this many edges, connections that would make a new edge are folded: an outside end becomes
 * its prefix (edge_key.source_prefix, destination_prefix; the rules are in store/wide.h). Edges
 * that are there go on as they are. 0, the default: no bound. Holding the bound is store_prune()'s.
 */
void store_set_max_edges(struct store *store, int64_t max_edges);
/*
 * One transaction: all of the batch or nothing; after a failure the same batch may be given again.
 *
 * Numbers of pods are those of this run of this handle; a flow or checkpoint that names one which
 * no batch has told is -EINVAL, and so is one that was forgotten by an earlier batch. Times of pods
 * are ns and are stored as ms, rounded down. A sandbox of a node is one pod in all runs, whatever
 * becomes known of it: told again, names, uid, source, labels and created that were known and now
 * are not stay, words are added or replaced, and all else is as told; words of a pod that ended go
 * unless it has a conflict. A pod whose sandbox is not known is one by namespace, name and uid;
 * told under its number with more it is the same pod. A pod's intervals are known by address and
 * since: told again, until is what was told last; open ones that are not told again never were. A
 * pod that was pruned is none to later flows until it is told again.
 *
 * With the first pods_complete of a run, pods of the node that have not ended, intervals of its
 * pods and of its own addresses that are still open, and were not named in this run end at the
 * heartbeat of the run before.
 *
 * An object told with the uid and content that it has changes nothing; with others, or gone, its
 * state up to now ends at the batch's time, and of one name the last 16 ended states stay, and
 * the last one of each of its last 16 uids. With the first objects_complete of a run those of the
 * node that it did not tell end at the heartbeat of the run before; later ones say nothing.
 *
 * New edges are numbered in the order of the flows, but for batches of more than 4096.
 *
 * Rows of one window and edge are added up; with length 0 every flow is a row of its own. A row's
 * first_seen is at least its window, its last_seen at least its first_seen: earlier ones are raised
 * (the edge keeps what was told). A gap without reason has "", one that ends before it begins has
 * no length; gaps of the same source and reason that touch or overlap become one, with the sum of
 * their bounds. The batch's time becomes the node's heartbeat and dates facts and node addresses.
 */
int store_write(struct store *store, const struct batch *batch);
/* What a database may keep. */
struct store_limits {
	int64_t before;    /* what ended before this moment goes; INT64_MIN: nothing, which
			      also saves the walk over all edges that looks for it */
	int64_t max_bytes; /* of the file and its WAL; 0: no bound */
	int64_t max_edges; /* 0: no bound */
};

/*
 * One step towards the limits; *ret_more tells whether another is needed. A step deletes at most
 * rows flow rows, edges and states of objects, or a quarter as many pods, rows > 0, and reads few
 * more.
 *
 * By age go flow windows that ended before the moment, oldest first; edges last seen before it once
 * they have no window left; gaps, states of objects, and pods and their addresses that ended before
 * it and that no edge names. So an edge that stays has the states and pods of its last use: they
 * ended no earlier.
 *
 * Beyond max_edges go edges: those refused, unanswered, denied, unknown or with an end that is no
 * pod of the node, then the others, each by last use; a few more than needed, so that the search is
 * rare.
 *
 * Beyond max_bytes go, down to fifteen sixteenths: first words of pods that ended, then pods and
 * intervals that ended and that no edge names, each the oldest first, up to a quarter of an hour
 * before the last batch. Then flow rows, oldest windows first, with states of objects that ended
 * before any row that is left and before the last use of any edge; then edges as above, with their
 * pods. Where pods are more than half of max_bytes edges go before windows. The file shrinks and
 * the WAL is emptied.
 *
 * After the last step both limits hold, but for a WAL that a reader holds, and for what cannot be
 * deleted: pods that live, objects that are so, gaps, checkpoints. Where these take so much that
 * hardly anything is left, flows and edges keep a quarter of max_bytes beside them, and the file
 * may be that much larger. Until the next prune the file and its WAL may be over by what is written
 * meanwhile.
 *
 * The counts of a flow row stay in its edge. Edges that a bound took leave a gap of source store,
 * from the first to the last that was seen on them, of at most their connections.
 */
int store_prune(struct store *store, const struct store_limits *limits, unsigned rows,
		bool *ret_more);
/* Is a bound passed now, and can something be done about it? Cheap: to be asked after each batch.
 * Where max_bytes could not be reached: has the file grown by a sixteenth of it since? false after
 * a failure. */
bool store_is_over(struct store *store, const struct store_limits *limits);
/* When the node was last heard of before this run, ms; 0: never. */
int64_t store_heartbeat(const struct store *store);

/*
 * ---- when things go wrong ----
 *
 * store_write() fails with -ENOENT when another file, an older copy or none stands at the path:
 * store_renew();
 * -EBADMSG: store_reopen(), and store_renew() if it stays; -ENOSPC: store_make_room(); -EIO:
 * store_reopen() if it stays; -EBUSY: later. A reader that holds an old snapshot lets the
 * write-ahead log grow: at wal_limit batches are refused with -EBUSY until the log could be
 * emptied, which is tried once a second.
 *
 * This handle's connection alone checkpoints: SQLite 3.40.1 can damage a database when two
 * connections do so at the same time (sqlite.org/wal.html, "The WAL-Reset Bug").
 */

/* Some time without work: notices that the file is gone (as store_write()), gives a log that grew
 * back to the file system, and makes the reserve again. */
int store_tend(struct store *store);
/*
 * Closes and opens the same file. *ret_written: the batch whose write failed last is in it after
 * all. -ENOENT where batches that were in it no longer are: an older copy was written over it, or
 * its log was lost.
 */
int store_reopen(struct store *store, bool *ret_written);
/*
 * The file is gone or, with damaged, to be set aside: opens what is at the path now, or makes it.
 * The node stays chosen; nothing that this run told is known any more, which store_take_loss() then
 * says. If the old file came back meanwhile, nothing was lost. On failure call it again.
 */
int store_renew(struct store *store, bool damaged);
struct store_loss {
	const char *reason; /* static: what became of the file; NULL: nothing was lost */
	int64_t since;      /* ms: what was written later may be lost; 0: not known */
	const char *aside;  /* where the damaged file is now, until the next renewal; or NULL */
};
/* What store_open() or store_renew() found lost, once. */
struct store_loss store_take_loss(struct store *store);
/* A step towards 90 % of the pages now in use: gives the reserve up and prunes the oldest, unless
 * all is no larger than the reserve. While *ret_more, call it again; a batch that was written ends
 * it. */
int store_make_room(struct store *store, bool *ret_more);

/* What an earlier run left: read once, before the first write. */
struct store_state {
	int64_t
	    heartbeat; /* time of the last committed batch of this node; 0: none. Where that is
			  yet to come, as the clock was set back: the last thing seen up to now */
	struct checkpoint *checkpoints;
	size_t checkpoint_count;
	struct fact *facts;
	size_t fact_count;
	struct pod *pods; /* this node's pods with an interval that is open or ended less than 15
			     min before the heartbeat; without any, those that so ended or did not;
			     those that within a minute of a live connection's beginning had one of
			     its addresses; and those that a checkpoint names. Without words; times
			     in ns, as the daemon has them */
	size_t pod_count;
	int64_t pods_since; /* ns: of those that ended before, some are left out; INT64_MIN: there
			       are none */
};
/* Pods that are read here count as told in this run, with the numbers 1, 2, … in their order, by
 * which checkpoints name them. */
int store_load_state(struct store *store, struct store_state *ret);
void store_state_clear(struct store_state *state);

/* ---- reading: read-only, never writes, never blocks the writer ---- */

struct reader;

/*
 * Opens and looks whether the file can be read. On failure *ret_error is malloc'd text (NULL
 * without memory).
 *
 * A walk reads in a snapshot, which the first walk begins and reader_end() ends: until then all
 * walks see the same, and the writer's log cannot shrink. So a snapshot that is 30 s old ends the
 * walk in progress, or the next, with -ETIMEDOUT, and who reads ends it before it waits for anybody
 * else.
 *
 * Works while a writer writes, after it stopped (with readable_after_close) and after it was
 * killed, for anyone who may read the file, -wal and -shm. Nothing is ever written or made beside
 * the file. A file without -wal is taken as one that nobody writes; if a writer comes to it all the
 * same, the walk in progress ends with -EBUSY, and what it passed counts for nothing.
 */
int reader_open(const char *path, struct reader **ret, char **ret_error);
struct reader *reader_close(struct reader *reader); /* NULL is allowed; returns NULL */
/* Ends the snapshot if there is one: the next walk begins another. */
void reader_end(struct reader *reader);

/* They keep a writer's log short on a large file; a test sets them so that a small one reaches
 * them. */
struct reader_limits {
	int64_t snapshot_ms; /* a snapshot's most age; 30000 at first */
	size_t page_rows;    /* flow rows, or edges, of one snapshot, > 0; 65536 at first */
};
void reader_limit(struct reader *reader, struct reader_limits limits);
const char *reader_error(const struct reader *reader);

/* A stored edge; key.source_pod and key.destination_pod are numbers of reader_pods(). */
struct edge {
	int64_t id;
	const char *node; /* the node that recorded it */
	struct edge_key key;
	struct totals totals;
	int64_t first_seen;
	int64_t last_seen;
	int64_t begun; /* first_seen of the whole edge, where an interval cuts it */
};

struct stored_pod {
	uint32_t number;
	const char *node;
	struct pod pod; /* times in ms; ended INTERVAL_OPEN: it has not */
};

struct stored_address {
	const char *node;
	struct addr address;
	int64_t since;
	int64_t until; /* INTERVAL_OPEN: still */
};

struct stored_flow {
	const char *node;
	struct flow
	    flow;     /* length FLOW_WITHOUT_WINDOW: what the edge's totals have beyond its rows */
	int64_t edge; /* id */
};

struct stored_fact {
	const char *node;
	const char *name;
	const char *value;
	int64_t since;
};

/* An object of a node's inventory file, or an earlier state of it. */
struct stored_object {
	const char *node; /* whose netpold read it */
	const char *kind; /* as in struct batch_object */
	const char *namespace;
	const char *name;
	const char *uid;
	const char *content; /* JSON */
	int64_t since;       /* when netpold read it so first */
	int64_t until;       /* when it read otherwise; INTERVAL_OPEN: still so */
};

/* Half-open; INT64_MIN and INT64_MAX for no bound. */
struct interval {
	int64_t from;
	int64_t until;
};

/*
 * Visitors see rows in a stable order that does not depend on how they were inserted where that is
 * said; pointers are valid during the call. A visitor's non-zero return ends the walk and is
 * returned.
 */
typedef int reader_pod_fn(void *context, const struct stored_pod *pod);
typedef int reader_address_fn(void *context, const struct stored_address *address);
typedef int reader_edge_fn(void *context, const struct edge *edge);
typedef int reader_flow_fn(void *context, const struct stored_flow *flow);
typedef int reader_gap_fn(void *context, const char *node, const struct gap *gap);
typedef int reader_object_fn(void *context, const struct stored_object *object);
typedef int reader_fact_fn(void *context, const struct stored_fact *fact);
typedef int reader_node_fn(void *context, const char *node, int64_t first, int64_t heartbeat);

int reader_nodes(struct reader *reader, reader_node_fn *visit, void *context); /* by name */
int reader_pods(struct reader *reader, reader_pod_fn *visit,
		void *context); /* by node, namespace, name, … */
/* From now on reader_pods() gives pods with their words; at first without: they are most of what
 * there is of a pod. */
void reader_want_words(struct reader *reader);
/* May reader_edges() from now on tell of the totals connections, closed and packets_sent alone? The
 * others are zero then. At first it may not. */
void reader_shorten(struct reader *reader, bool in_short);
int reader_addresses(struct reader *reader, reader_address_fn *visit,
		     void *context); /* by node, address, since */
/*
 * Edges with anything in the interval. One that lies inside has its totals; one that is cut has the
 * sums, first and last seen of its flow rows with anything seen in the interval. So nothing that
 * was seen is left out, and an interval that cuts windows counts up to a window too much at its
 * ends; cut at window boundaries, sums are exact. No order is promised. An edge whose rows there
 * are gone is left out, see reader_uncut().
 */
int reader_edges(struct reader *reader, struct interval interval, reader_edge_fn *visit,
		 void *context);
/*
 * How many edges the interval cuts where some of their rows are gone, or never were: what these
 * told is missing from the edge. Reads all flow rows unless the interval is unbounded.
 */
int reader_uncut(struct reader *reader, struct interval interval, size_t *ret);
/*
 * Flow rows with anything seen in the interval, by window then edge; remainders
 * (FLOW_WITHOUT_WINDOW, window is first_seen) first, by edge, and only without interval bounds. A
 * remainder is what the edge has beyond its rows: counts, or, where these are zero, an earlier
 * first_seen, for no row begins before its window.
 *
 * Read in pages, each in a snapshot of its own; the first is in the snapshot that is there. None is
 * held while the visitor runs, nor afterwards: it may take as long as it likes. The walk ends with
 * the edges and windows that there were at its beginning, so the pods and nodes of that
 * snapshot are all that its rows name. Rows that were there all the time are visited once, in the
 * state of their page; those that came or went meanwhile may be.
 */
int reader_flows(struct reader *reader, struct interval interval, reader_flow_fn *visit,
		 void *context);
/* One edge, and the time of its rows that matter. */
struct edge_span {
	int64_t edge; /* id */
	struct interval interval;
};
/*
 * Flow rows of these edges with anything seen in the edge's interval; of each edge by window. Read
 * as reader_flows() is. Costs one look for each edge and each of the record's windows in its
 * interval; where that would be more work than reading everything, everything in their time is read
 * and visited, as by reader_flows(). -ENOMEM.
 */
int reader_edge_flows(struct reader *reader, const struct edge_span *spans, size_t count,
		      reader_flow_fn *visit, void *context);
int reader_gaps(struct reader *reader, struct interval interval, reader_gap_fn *visit,
		void *context);                                                /* by from */
int reader_facts(struct reader *reader, reader_fact_fn *visit, void *context); /* by node, name */
int reader_objects(struct reader *reader, reader_object_fn *visit,
		   void *context); /* by node, kind, namespace, name, since, uid */

/* Bytes of the database file and of its WAL; schema number; rows. */
struct store_figures {
	int64_t file_bytes, wal_bytes;
	int64_t edges, flows, pods, gaps;
	int schema;
};
int reader_figures(struct reader *reader, struct store_figures *ret);

#endif
