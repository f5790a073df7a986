#include "store/store_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* The file shrinks once a quarter of it is empty; less is soon used again. */
#define FREE_SHARE 4
/* Chosen at once, by one walk over all edges. */
#define VICTIMS_MAX 65536
/* A walk deletes a twentieth of the edges, so that it is rare. */
#define SCAN_SHARE 20
/* max_bytes is held by going below it by this share. */
#define GOAL_SHARE 16

static int64_t delete_before(struct store *store, enum sql_statement which, int64_t before)
{
	struct db *db = &store->db;
	sqlite3_stmt *statement = db_use(db, which);

	db_bind_int(db, statement, 1, before);
	db_run(db, statement);
	return db->error ? 0 : db_changes(db);
}

static int64_t delete_flows_before(struct store *store, int64_t before, unsigned rows)
{
	sqlite3_stmt *statement = db_use(&store->db, SQL_PRUNE_FLOWS);

	db_bind_int(&store->db, statement, 2, rows);
	return delete_before(store, SQL_PRUNE_FLOWS, before);
}

static bool delete_pod(struct db *db, int64_t pod)
{
	sqlite3_stmt *statement = db_use(db, SQL_PRUNE_POD);

	db_bind_int(db, statement, 1, pod);
	db_run(db, statement);
	return !db->error && db_changes(db) > 0;
}

static bool prune_pods(struct store *store, int64_t before)
{
	struct db *db = &store->db;
	struct numbers touched = {0};
	bool gone = false;
	sqlite3_stmt *statement = db_use(db, SQL_PRUNE_POD_ADDRESSES);

	db_bind_int(db, statement, 1, before);
	numbers_collect(db, statement, &touched);
	for (size_t i = 0; i < touched.count; i++) {
		if (delete_pod(db, touched.items[i]))
			gone = true;
	}
	numbers_clear(&touched);
	return gone;
}

/* After a failure here a pod is rather unknown than another one. */
static void mark_pruned_pods(struct store *store)
{
	struct db *db = &store->db;
	size_t position = 0;
	int64_t *pod;

	while (idmap_next(&store->pods, &position, &pod)) {
		sqlite3_stmt *statement = db_use(db, SQL_POD_KNOWN);

		db_bind_int(db, statement, 1, *pod);
		if (*pod > 0 && db_run_int(db, statement, 0) == 0)
			*pod = POD_PRUNED;
	}
}

static void prune_by_age(struct store *store, int64_t before, bool *ret_pods_gone)
{
	delete_before(store, SQL_PRUNE_GAPS, before);
	delete_before(store, SQL_PRUNE_NODE_ADDRESSES, before);
	*ret_pods_gone = prune_pods(store, before);
}

void pruning_clear(struct pruning *pruning)
{
	free(pruning->victims);
	*pruning = (struct pruning){0};
}

static void forget_victims(struct pruning *pruning)
{
	const bool shrinking = pruning->shrinking;

	pruning_clear(pruning);
	pruning->shrinking = shrinking;
}

static int compare_victims(const void *a, const void *b)
{
	const struct victim *x = a, *y = b;

	return (x->edge > y->edge) - (x->edge < y->edge);
}

static void collect_victims(struct store *store, sqlite3_stmt *statement, size_t limit)
{
	struct db *db = &store->db;
	struct pruning *pruning = &store->pruning;

	forget_victims(pruning);
	pruning->victims = calloc(limit + 1, sizeof(*pruning->victims));
	if (!pruning->victims)
		db_fail(db, -ENOMEM, "out of memory");
	while (db_row(db, statement)) {
		if (pruning->count < limit)
			pruning->victims[pruning->count++] = (struct victim){
			    sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1)};
	}
	if (pruning->count)
		qsort(pruning->victims, pruning->count, sizeof(*pruning->victims), compare_victims);
}

static void choose_expired(struct store *store, int64_t before)
{
	struct db *db = &store->db;
	sqlite3_stmt *statement = db_use(db, SQL_PRUNE_EDGES);

	db_bind_int(db, statement, 1, before);
	db_bind_int(db, statement, 2, VICTIMS_MAX);
	collect_victims(store, statement, VICTIMS_MAX);
}

static void choose_least_missed(struct store *store, int64_t over, const char *reason)
{
	struct db *db = &store->db;
	int64_t wanted = over + store->book.count / SCAN_SHARE + 1;
	sqlite3_stmt *statement = db_use(db, SQL_PRUNE_CHOOSE);

	if (wanted > VICTIMS_MAX)
		wanted = VICTIMS_MAX;
	db_bind_int(db, statement, 1, wanted);
	collect_victims(store, statement, (size_t)wanted);
	store->pruning.reason = reason;
}

/* What went of one node, as the gap that it leaves. */
struct trace {
	int64_t node; /* 0: nothing yet */
	struct gap gap;
};

static void leave_trace(struct store *store, struct trace *trace)
{
	if (trace->node)
		write_gap(store, trace->node, &trace->gap);
	trace->node = 0;
}

static void add_to_trace(struct store *store, struct trace *trace, int64_t node,
			 const struct gap *gone)
{
	if (trace->node != node) {
		leave_trace(store, trace);
		*trace = (struct trace){.node = node, .gap = *gone};
		return;
	}
	if (gone->from < trace->gap.from)
		trace->gap.from = gone->from;
	if (gone->until > trace->gap.until)
		trace->gap.until = gone->until;
	if (__builtin_add_overflow(trace->gap.at_most, gone->at_most, &trace->gap.at_most))
		trace->gap.at_most = INT64_MAX;
}

/* False: it was seen again and stays, or is gone already. */
static bool delete_edge(struct store *store, const struct victim *victim, struct trace *trace)
{
	struct db *db = &store->db;
	const char *reason = store->pruning.reason;
	sqlite3_stmt *statement = db_use(db, SQL_PRUNE_EDGE);
	struct gap gone = {.source = LOSS_STORE, .reason = reason};
	int64_t node;

	db_bind_int(db, statement, 1, victim->edge);
	db_bind_int(db, statement, 2, victim->last_seen);
	if (!db_row(db, statement))
		return false;
	node = sqlite3_column_int64(statement, 0);
	gone.from = sqlite3_column_int64(statement, 1);
	gone.until = sqlite3_column_int64(statement, 2);
	gone.at_most = sqlite3_column_int64(statement, 3);
	db_run(db, statement);
	if (gone.at_most < 0)
		gone.at_most = 0;
	if (reason)
		add_to_trace(store, trace, node, &gone);
	store->book.count--;
	return !db->error;
}

static unsigned delete_edge_flows(struct store *store, int64_t edge)
{
	sqlite3_stmt *statement = db_use(&store->db, SQL_PRUNE_EDGE_FLOWS);

	db_bind_int(&store->db, statement, 1, edge);
	db_run(&store->db, statement);
	return store->db.error ? 0 : (unsigned)db_changes(&store->db);
}

/* Returns what is left of the rows. */
static unsigned delete_victims(struct store *store, unsigned rows)
{
	struct pruning *pruning = &store->pruning;
	struct trace trace = {0};

	while (rows > 0 && pruning->next < pruning->count && !store->db.error) {
		const struct victim *victim = &pruning->victims[pruning->next++];
		unsigned deleted = 1;

		if (delete_edge(store, victim, &trace))
			deleted += delete_edge_flows(store, victim->edge);
		rows -= deleted < rows ? deleted : rows;
	}
	leave_trace(store, &trace);
	if (pruning->next == pruning->count)
		forget_victims(pruning);
	return rows;
}

static bool has_victims(const struct store *store)
{
	return store->pruning.count > 0;
}

static bool prune_to_age(struct store *store, int64_t before, unsigned rows, bool *ret_pods_gone)
{
	if (before == INT64_MIN)
		return false;
	if (delete_flows_before(store, before, rows) >= rows)
		return true;
	choose_expired(store, before);
	delete_victims(store, rows);
	if (has_victims(store))
		return true;
	prune_by_age(store, before, ret_pods_gone);
	return false;
}

static bool prune_to_edges(struct store *store, int64_t max, unsigned rows)
{
	int64_t over;

	if (max <= 0 || store->book.count <= max)
		return false;
	over = store->book.count - max;
	choose_least_missed(store, over, "edges were deleted to hold max_edges");
	delete_victims(store, rows);
	return has_victims(store) || store->book.count > max;
}

static int64_t bytes_in_use(struct db *db)
{
	return (db_run_int(db, db_use(db, SQL_ALL_PAGES), 0) -
		db_run_int(db, db_use(db, SQL_FREE_PAGES), 0)) *
	       db_run_int(db, db_use(db, SQL_PAGE_SIZE), 0);
}

static int64_t goal_below(int64_t max_bytes)
{
	return max_bytes - max_bytes / GOAL_SHARE;
}

static bool prune_to_bytes(struct store *store, int64_t max, unsigned rows)
{
	if (!store->pruning.shrinking || bytes_in_use(&store->db) <= goal_below(max))
		return false;
	if (delete_flows_before(store, INT64_MAX, rows) > 0)
		return true;
	choose_least_missed(store, 0, "edges were deleted to hold max_size");
	delete_victims(store, rows);
	return has_victims(store) || store->book.count > 0;
}

static bool prune_step(struct store *store, const struct store_limits *limits, unsigned rows,
		       bool *ret_pods_gone)
{
	if (has_victims(store)) {
		delete_victims(store, rows);
		return true;
	}
	return prune_to_age(store, limits->before, rows, ret_pods_gone) ||
	       prune_to_edges(store, limits->max_edges, rows) ||
	       prune_to_bytes(store, limits->max_bytes, rows);
}

static int64_t file_bytes(const char *path, const char *ending)
{
	char *name = NULL;
	struct stat found;
	int64_t bytes = 0;

	if (asprintf(&name, "%s%s", path, ending) < 0)
		return 0;
	if (stat(name, &found) == 0)
		bytes = found.st_size;
	free(name);
	return bytes;
}

static bool is_over_bytes(const struct store *store, int64_t max)
{
	return max > 0 && file_bytes(store->path, "") + file_bytes(store->path, "-wal") > max;
}

bool store_is_over(struct store *store, const struct store_limits *limits)
{
	load_book(store);
	if (db_take_error(&store->db))
		return false;
	return (limits->max_edges > 0 && store->book.count > limits->max_edges) ||
	       is_over_bytes(store, limits->max_bytes);
}

/* The log alone may be what is too much. */
static void begin_shrinking(struct store *store, int64_t max)
{
	struct db *db = &store->db;

	if (max <= 0)
		store->pruning.shrinking = false;
	else if (!store->pruning.shrinking && is_over_bytes(store, max)) {
		db_run(db, db_use(db, SQL_CHECKPOINT_WAL));
		store->pruning.shrinking = is_over_bytes(store, max);
	}
}

static bool vacuum_some(struct db *db)
{
	const int64_t before = db_run_int(db, db_use(db, SQL_FREE_PAGES), 0);

	db_run(db, db_use(db, SQL_VACUUM));
	return db_run_int(db, db_use(db, SQL_FREE_PAGES), 0) < before;
}

/* True: there is more to give back. */
static bool give_back_space(struct store *store, int64_t max)
{
	struct db *db = &store->db;
	int64_t all = db_run_int(db, db_use(db, SQL_ALL_PAGES), 0);
	int64_t unused = db_run_int(db, db_use(db, SQL_FREE_PAGES), 0);

	if (store->pruning.shrinking && unused > 0 &&
	    all * db_run_int(db, db_use(db, SQL_PAGE_SIZE), 0) > goal_below(max))
		return vacuum_some(db);
	if (unused > all / FREE_SHARE)
		vacuum_some(db);
	return false;
}

static bool end_step(struct store *store, const struct store_limits *limits, bool more)
{
	struct db *db = &store->db;

	if (give_back_space(store, limits->max_bytes))
		more = true;
	if (!more && store->pruning.shrinking) {
		db_run(db, db_use(db, SQL_CHECKPOINT_WAL));
		store->pruning.shrinking = false;
	}
	return more;
}

int store_prune(struct store *store, const struct store_limits *limits, unsigned rows,
		bool *ret_more)
{
	struct db *db = &store->db;
	bool more = false, pods_gone = false;
	struct edge_book book;
	int error;

	begin_shrinking(store, limits->max_bytes);
	db_begin(db);
	load_book(store);
	book = store->book;
	more = prune_step(store, limits, rows, &pods_gone);
	error = db_end(db);
	if (error || store->book.count != book.count)
		store_forget_caches(store);
	if (error) {
		pruning_clear(&store->pruning);
		store->book = book;
		return error;
	}
	if (pods_gone)
		mark_pruned_pods(store);
	store->swollen = true;
	more = end_step(store, limits, more);
	error = db_take_error(db);
	if (!error)
		*ret_more = more;
	return error;
}
