#include "store/store_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"

/* The file shrinks once a quarter of it is empty; less is soon used again. */
#define FREE_SHARE 4
/* Chosen at once, by one search over all edges. */
#define VICTIMS_MAX 65536
/* A search finds a twentieth of the edges, so that it is rare. */
#define SCAN_SHARE 20
/* Flow rows looked at take so much less time than rows deleted. */
#define WALK_SHARE 16
/* max_bytes is held by going below it by this share. */
#define GOAL_SHARE 16
/* Where what cannot go takes more than there may be, flows have this share beside it. */
#define FLOW_SHARE 4
/* Of max_bytes, in pods: so many that windows alone would be the lesser part. */
#define CROWD_SHARE 2
/* Pages are not full. */
#define PAGE_SHARE 4
/* Ended so short ago: needed at a restart, and named by flows that are counted late. */
#define YOUNG_MS (15 * 60 * MSEC_PER_SEC)

static int64_t delete_before(struct store *store, enum sql_statement which, int64_t before)
{
	struct db *db = &store->db;
	sqlite3_stmt *statement = db_use(db, which);

	db_bind_int(db, statement, 1, before);
	db_run(db, statement);
	return db->error ? 0 : db_changes(db);
}

static int64_t delete_some_before(struct store *store, enum sql_statement which, int64_t before,
				  unsigned rows)
{
	sqlite3_stmt *statement = db_use(&store->db, which);

	db_bind_int(&store->db, statement, 2, rows);
	return delete_before(store, which, before);
}

static int64_t delete_flows_before(struct store *store, int64_t before, unsigned rows)
{
	return delete_some_before(store, SQL_PRUNE_FLOWS, before, rows);
}

/* True: there may be more. */
static bool delete_objects_before(struct store *store, int64_t before, unsigned rows)
{
	return delete_some_before(store, SQL_PRUNE_OBJECTS, before, rows) >= rows;
}

static void mark_pruned_pods(struct store *store, const struct idmap *gone)
{
	size_t position = 0;
	int64_t *pod;

	while (idmap_next(&store->pods, &position, &pod)) {
		if (idmap_get(gone, pod))
			*pod = POD_PRUNED;
	}
}

static bool prune_by_age(struct store *store, int64_t before, unsigned rows)
{
	delete_before(store, SQL_PRUNE_GAPS, before);
	delete_before(store, SQL_PRUNE_NODE_ADDRESSES, before);
	return delete_objects_before(store, before, rows);
}

static void forget_victims(struct pruning *pruning)
{
	numbers_clear(&pruning->victims);
	idmap_clear(&pruning->doomed);
	pruning->walk = (struct flow_place){0};
	pruning->walked = false;
	pruning->next = 0;
	pruning->reason = NULL;
	pruning->node = 0;
	pruning->trace = (struct gap){0};
}

void pruning_clear(struct pruning *pruning)
{
	forget_victims(pruning);
	pod_walk_clear(&pruning->pods);
	*pruning = (struct pruning){0};
}

static bool has_victims(const struct store *store)
{
	return store->pruning.victims.count > 0;
}

void spare_edge(struct store *store, int64_t edge)
{
	struct idmap *doomed = &store->pruning.doomed;

	if (idmap_get(doomed, &edge))
		idmap_put(doomed, &edge, -1);
}

static bool is_doomed(const struct store *store, int64_t edge)
{
	return idmap_get(&store->pruning.doomed, &edge) > 0;
}

static int compare_edges(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Their rows begin no earlier than their first seen less the longest row. */
static void collect_victims(struct store *store, sqlite3_stmt *statement)
{
	struct db *db = &store->db;
	struct pruning *pruning = &store->pruning;
	int64_t begin = INT64_MAX;

	forget_victims(pruning);
	idmap_init(&pruning->doomed, sizeof(int64_t), 0);
	while (db_row(db, statement)) {
		int64_t edge = sqlite3_column_int64(statement, 0);
		int64_t first_seen = sqlite3_column_int64(statement, 1);

		numbers_add(db, &pruning->victims, edge);
		if (!idmap_put(&pruning->doomed, &edge, 1))
			db_fail(db, -ENOMEM, "out of memory");
		begin = first_seen < begin ? first_seen : begin;
	}
	if (has_victims(store))
		qsort(pruning->victims.items, pruning->victims.count, sizeof(int64_t),
		      compare_edges);
	if (__builtin_sub_overflow(begin, db_run_int(db, db_use(db, SQL_READ_LONGEST), 0), &begin))
		begin = INT64_MIN;
	pruning->walk = (struct flow_place){begin, -1, -1};
}

/* All their windows are gone. */
static void choose_expired(struct store *store, int64_t before)
{
	struct db *db = &store->db;
	sqlite3_stmt *statement = db_use(db, SQL_PRUNE_EDGES);

	db_bind_int(db, statement, 1, before);
	db_bind_int(db, statement, 2, VICTIMS_MAX);
	collect_victims(store, statement);
	store->pruning.walked = true;
}

static void choose_least_missed(struct store *store, int64_t over, const char *reason)
{
	struct db *db = &store->db;
	int64_t wanted = over + store->book.count / SCAN_SHARE + 1;
	sqlite3_stmt *statement = db_use(db, SQL_PRUNE_CHOOSE);

	db_bind_int(db, statement, 1, wanted < VICTIMS_MAX ? wanted : VICTIMS_MAX);
	collect_victims(store, statement);
	store->pruning.reason = reason;
}

static void delete_flow(struct db *db, const struct flow_place *place)
{
	sqlite3_stmt *statement = db_use(db, SQL_PRUNE_FLOW);

	db_bind_int(db, statement, 1, place->window);
	db_bind_int(db, statement, 2, place->edge);
	db_bind_int(db, statement, 3, place->sequence);
	db_run(db, statement);
}

/* One step through flow. Returns what is left of the rows. */
static unsigned delete_doomed_flows(struct store *store, unsigned rows)
{
	struct db *db = &store->db;
	struct flow_place *walk = &store->pruning.walk;
	uint64_t looks = (uint64_t)rows * WALK_SHARE;
	sqlite3_stmt *statement = db_use(db, SQL_PRUNE_WALK);

	db_bind_int(db, statement, 1, walk->window);
	db_bind_int(db, statement, 2, walk->edge);
	db_bind_int(db, statement, 3, walk->sequence);
	for (; rows > 0 && looks > 0; looks--) {
		if (!db_row(db, statement)) {
			store->pruning.walked = true;
			return rows;
		}
		*walk = (struct flow_place){sqlite3_column_int64(statement, 0),
					    sqlite3_column_int64(statement, 1),
					    sqlite3_column_int64(statement, 2)};
		if (!is_doomed(store, walk->edge))
			continue;
		delete_flow(db, walk);
		rows--;
	}
	db_stop(statement);
	return 0;
}

/* The gap keeps its bounds for the next step: what they write then becomes one row. */
static void leave_trace(struct store *store)
{
	struct pruning *pruning = &store->pruning;

	if (pruning->trace.at_most >= 0 && pruning->node)
		write_gap(store, pruning->node, &pruning->trace);
	pruning->trace.at_most = -1;
}

static void add_to_trace(struct store *store, int64_t node, const struct gap *gone)
{
	struct pruning *pruning = &store->pruning;
	struct gap *trace = &pruning->trace;

	if (pruning->node != node) {
		leave_trace(store);
		pruning->node = node;
		*trace = *gone;
		return;
	}
	if (gone->from < trace->from)
		trace->from = gone->from;
	if (gone->until > trace->until)
		trace->until = gone->until;
	if (trace->at_most < 0)
		trace->at_most = 0;
	if (__builtin_add_overflow(trace->at_most, gone->at_most, &trace->at_most))
		trace->at_most = INT64_MAX;
}

static void delete_edge(struct store *store, int64_t edge)
{
	struct db *db = &store->db;
	const char *reason = store->pruning.reason;
	sqlite3_stmt *statement = db_use(db, SQL_PRUNE_EDGE);
	struct gap gone = {.source = LOSS_STORE, .reason = reason};
	int64_t node;

	db_bind_int(db, statement, 1, edge);
	if (!db_row(db, statement))
		return;
	node = sqlite3_column_int64(statement, 0);
	gone.from = sqlite3_column_int64(statement, 1);
	gone.until = sqlite3_column_int64(statement, 2);
	gone.at_most = sqlite3_column_int64(statement, 3);
	db_run(db, statement);
	if (gone.at_most < 0)
		gone.at_most = 0;
	if (reason)
		add_to_trace(store, node, &gone);
	store->book.count--;
}

static void delete_edges(struct store *store, unsigned rows)
{
	struct pruning *pruning = &store->pruning;

	for (; rows > 0 && pruning->next < pruning->victims.count && !store->db.error; rows--) {
		int64_t edge = pruning->victims.items[pruning->next++];

		if (is_doomed(store, edge))
			delete_edge(store, edge);
	}
	leave_trace(store);
}

static void delete_victims(struct store *store, unsigned rows)
{
	struct pruning *pruning = &store->pruning;

	if (!pruning->walked)
		rows = delete_doomed_flows(store, rows);
	if (pruning->walked)
		delete_edges(store, rows);
	if (pruning->next == pruning->victims.count)
		forget_victims(pruning);
}

static bool prune_aged_pods(struct store *store, int64_t before, unsigned rows,
			    struct idmap *pods_gone)
{
	struct pod_walk *walk = &store->pruning.pods;

	if (walk->stage == POD_WALK_IDLE && !has_ended_pods(store, before))
		return false;
	walk->by_age = prune_pods(store, before, rows, pods_gone);
	if (!walk->by_age)
		pod_walk_clear(walk);
	return walk->by_age;
}

static bool prune_to_age(struct store *store, int64_t before, unsigned rows,
			 struct idmap *pods_gone)
{
	if (before == INT64_MIN)
		return false;
	/* All else was done before the walk began. */
	if (store->pruning.pods.by_age)
		return prune_aged_pods(store, before, rows, pods_gone);
	if (delete_flows_before(store, before, rows) >= rows)
		return true;
	choose_expired(store, before);
	delete_victims(store, rows);
	return has_victims(store) || prune_by_age(store, before, rows) ||
	       prune_aged_pods(store, before, rows, pods_gone);
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

static int64_t goal_below(const struct store *store, int64_t max_bytes)
{
	int64_t goal = max_bytes - max_bytes / GOAL_SHARE;

	return goal > store->pruning.least ? goal : store->pruning.least;
}

static bool is_making_room(const struct store *store)
{
	return store->upkeep.room_target > 0;
}

/* States of objects that nothing is left of from that time: no flow row, and no edge. */
static bool delete_old_objects(struct store *store, unsigned rows)
{
	struct db *db = &store->db;
	sqlite3_stmt *statement = db_use(db, SQL_PRUNE_WINDOW);
	int64_t oldest = store->pruning.pods.oldest, window;

	db_bind_int(db, statement, 1, INT64_MAX);
	window = db_run_int(db, statement, INT64_MAX);
	return delete_objects_before(store, window < oldest ? window : oldest, rows);
}

/* What stays may be more than the goal: flows would go in vain, all of them. */
static void weigh(struct store *store, int64_t max)
{
	struct db *db = &store->db;
	struct pruning *pruning = &store->pruning;
	sqlite3_stmt *statement = db_use(db, SQL_PRUNE_WEIGHT);
	int64_t stays, pods;

	if (pruning->weighed || !db_row(db, statement))
		return;
	stays = sqlite3_column_int64(statement, 0);
	pods = sqlite3_column_int64(statement, 1);
	db_run(db, statement);
	pruning->weighed = true;
	if (is_making_room(store))
		return;
	pruning->crowded = pods > max / CROWD_SHARE;
	if (stays > 0)
		pruning->least = stays + stays / PAGE_SHARE + max / FLOW_SHARE;
}

static int64_t long_ended(const struct store *store)
{
	int64_t committed = store->upkeep.committed;

	return (committed ? committed : store->heartbeat) - YOUNG_MS;
}

static bool prune_to_bytes(struct store *store, int64_t max, unsigned rows, struct idmap *pods_gone)
{
	struct pruning *pruning = &store->pruning;

	if (!pruning->shrinking || bytes_in_use(&store->db) <= goal_below(store, max))
		return false;
	if (prune_pods(store, long_ended(store), rows, pods_gone) ||
	    delete_old_objects(store, rows))
		return true;
	weigh(store, max);
	if (bytes_in_use(&store->db) <= goal_below(store, max))
		return false;
	if (!pruning->crowded && delete_flows_before(store, INT64_MAX, rows) > 0)
		return true;
	choose_least_missed(store, 0,
			    is_making_room(store) ? "edges were deleted because the disk was full"
						  : "edges were deleted to hold max_size");
	if (!has_victims(store))
		return false;
	delete_victims(store, rows);
	/* Their pods may follow. */
	pod_walk_clear(&pruning->pods);
	return true;
}

static bool prune_step(struct store *store, const struct store_limits *limits, unsigned rows,
		       struct idmap *pods_gone)
{
	if (has_victims(store)) {
		delete_victims(store, rows);
		return true;
	}
	return prune_to_age(store, limits->before, rows, pods_gone) ||
	       prune_to_edges(store, limits->max_edges, rows) ||
	       prune_to_bytes(store, limits->max_bytes, rows, pods_gone);
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

static int64_t bytes_on_disk(const struct store *store)
{
	return file_bytes(store->path, "") + file_bytes(store->path, "-wal");
}

/* Where it could not be reached, not before it grew. */
static bool is_over_bytes(const struct store *store, int64_t max)
{
	int64_t held = store->pruning.held + max / GOAL_SHARE;

	return bytes_on_disk(store) > (store->pruning.held > 0 && held > max ? held : max);
}

bool store_is_over(struct store *store, const struct store_limits *limits)
{
	load_book(store);
	if (db_take_error(&store->db))
		return false;
	return (limits->max_edges > 0 && store->book.count > limits->max_edges) ||
	       (limits->max_bytes > 0 && is_over_bytes(store, limits->max_bytes));
}

/* The log alone may be what is too much. */
static void begin_shrinking(struct store *store, int64_t max)
{
	if (max <= 0)
		store->pruning.shrinking = false;
	else if (!store->pruning.shrinking && is_over_bytes(store, max)) {
		store_empty_log(store);
		store->pruning.shrinking = bytes_on_disk(store) > goal_below(store, max);
	}
}

static void end_shrinking(struct store *store, int64_t max)
{
	struct pruning *pruning = &store->pruning;
	int64_t bytes;

	store_empty_log(store);
	bytes = bytes_on_disk(store);
	pruning->held = pruning->least > 0 && bytes > max ? bytes : 0;
	pruning->least = 0;
	pruning->shrinking = pruning->weighed = pruning->crowded = false;
}

static bool vacuum_some(struct store *store)
{
	struct db *db = &store->db;
	const int64_t before = db_run_int(db, db_use(db, SQL_FREE_PAGES), 0);

	db_run(db, db_use(db, is_making_room(store) ? SQL_VACUUM_SOME : SQL_VACUUM));
	return db_run_int(db, db_use(db, SQL_FREE_PAGES), 0) < before;
}

/* True: there is more to give back. */
static bool give_back_space(struct store *store, int64_t max)
{
	struct db *db = &store->db;
	int64_t all = db_run_int(db, db_use(db, SQL_ALL_PAGES), 0);
	int64_t unused = db_run_int(db, db_use(db, SQL_FREE_PAGES), 0);

	if (store->pruning.shrinking && unused > 0 &&
	    all * db_run_int(db, db_use(db, SQL_PAGE_SIZE), 0) > goal_below(store, max))
		return vacuum_some(store);
	if (unused > all / FREE_SHARE)
		vacuum_some(store);
	return false;
}

static bool end_step(struct store *store, const struct store_limits *limits, bool more)
{
	if (give_back_space(store, limits->max_bytes))
		more = true;
	if (!more && store->pruning.shrinking)
		end_shrinking(store, limits->max_bytes);
	if (!more)
		pod_walk_clear(&store->pruning.pods);
	return more;
}

int store_prune(struct store *store, const struct store_limits *limits, unsigned rows,
		bool *ret_more)
{
	struct db *db = &store->db;
	bool more = false;
	struct edge_book book;
	struct idmap pods_gone;
	int error;

	idmap_init(&pods_gone, sizeof(int64_t), 0);
	begin_shrinking(store, limits->max_bytes);
	db_begin(db);
	load_book(store);
	book = store->book;
	more = prune_step(store, limits, rows, &pods_gone);
	error = db_end(db);
	if (error || store->book.count != book.count)
		store_forget_caches(store);
	if (!error)
		mark_pruned_pods(store, &pods_gone);
	idmap_clear(&pods_gone);
	if (error) {
		pruning_clear(&store->pruning);
		store->book = book;
		return error;
	}
	store->swollen = true;
	more = end_step(store, limits, more);
	error = db_take_error(db);
	if (!error)
		*ret_more = more;
	return error;
}
