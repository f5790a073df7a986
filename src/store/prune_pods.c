#include "store/store_internal.h"

#include <errno.h>

/* Rows looked at take so much less time than rows deleted. */
#define WALK_SHARE 16
/* A pod is several rows, and entries of several indexes. */
#define ROWS_OF_POD 4

void pod_walk_clear(struct pod_walk *walk)
{
	idmap_clear(&walk->named);
	*walk = (struct pod_walk){.oldest = INT64_MAX};
}

void name_pod(struct store *store, int64_t pod)
{
	struct pod_walk *walk = &store->pruning.pods;

	if (walk->stage != POD_WALK_IDLE && pod && !idmap_put(&walk->named, &pod, 1))
		db_fail(&store->db, -ENOMEM, "out of memory");
}

static void begin_stage(struct pod_walk *walk, enum pod_walk_stage stage)
{
	walk->stage = stage;
	walk->place = (struct pod_place){INT64_MIN, 0};
}

/* Edges that are made meanwhile come through name_pod(). True: that were all. */
static bool walk_edges(struct store *store, unsigned rows)
{
	struct db *db = &store->db;
	struct pod_walk *walk = &store->pruning.pods;
	uint64_t looks = (uint64_t)rows * WALK_SHARE;
	sqlite3_stmt *statement = db_use(db, SQL_PRUNE_NAMING);

	db_bind_int(db, statement, 1, walk->edge);
	for (; looks > 0; looks--) {
		int64_t last_seen;

		if (!db_row(db, statement)) {
			begin_stage(walk, POD_WALK_WORDS);
			return true;
		}
		walk->edge = sqlite3_column_int64(statement, 0);
		name_pod(store, sqlite3_column_int64(statement, 1));
		name_pod(store, sqlite3_column_int64(statement, 2));
		last_seen = sqlite3_column_int64(statement, 3);
		walk->oldest = last_seen < walk->oldest ? last_seen : walk->oldest;
	}
	db_stop(statement);
	return false;
}

static sqlite3_stmt *use_stage(struct store *store, int64_t before)
{
	struct db *db = &store->db;
	const struct pod_walk *walk = &store->pruning.pods;
	sqlite3_stmt *statement = db_use(
	    db, walk->stage == POD_WALK_INTERVALS ? SQL_PRUNE_POD_INTERVALS : SQL_PRUNE_PODS);

	db_bind_int(db, statement, 1, before);
	db_bind_int(db, statement, 2, walk->place.end);
	db_bind_int(db, statement, 3, walk->place.pod);
	return statement;
}

static bool is_victim(const struct pod_walk *walk, sqlite3_stmt *row, int64_t pod)
{
	return walk->stage == POD_WALK_WORDS ? sqlite3_column_int(row, 2) != 0
					     : !idmap_get(&walk->named, &pod);
}

/* Some victims of a stage, from its place on. True: that were all. */
static bool collect(struct store *store, int64_t before, size_t most, struct numbers *victims)
{
	struct db *db = &store->db;
	struct pod_walk *walk = &store->pruning.pods;
	uint64_t looks = (uint64_t)most * WALK_SHARE;
	sqlite3_stmt *statement = use_stage(store, before);

	for (; looks > 0 && victims->count < most; looks--) {
		int64_t pod;

		if (!db_row(db, statement))
			return true;
		pod = sqlite3_column_int64(statement, 1);
		walk->place = (struct pod_place){sqlite3_column_int64(statement, 0), pod};
		if (is_victim(walk, statement, pod))
			numbers_add(db, victims, pod);
	}
	db_stop(statement);
	return false;
}

static int64_t delete_of_pod(struct db *db, enum sql_statement which, int64_t pod, int64_t before)
{
	sqlite3_stmt *statement = db_use(db, which);

	db_bind_int(db, statement, 1, pod);
	if (which != SQL_PRUNE_POD_WORDS)
		db_bind_int(db, statement, 2, before);
	db_run(db, statement);
	return db->error ? 0 : db_changes(db);
}

static void delete_victim(struct store *store, int64_t pod, int64_t before, struct idmap *gone)
{
	struct db *db = &store->db;
	const bool words_alone = store->pruning.pods.stage == POD_WALK_WORDS;

	if (!words_alone) {
		delete_of_pod(db, SQL_PRUNE_POD_ADDRESSES, pod, before);
		if (delete_of_pod(db, SQL_PRUNE_POD, pod, before) == 0)
			return;
		if (!idmap_put(gone, &pod, 1))
			db_fail(db, -ENOMEM, "out of memory");
	}
	delete_of_pod(db, SQL_PRUNE_POD_WORDS, pod, before);
}

/* True: the stage is over, and there was nothing to do. */
static bool walk_pods(struct store *store, int64_t before, unsigned rows, struct idmap *gone)
{
	struct pod_walk *walk = &store->pruning.pods;
	struct numbers victims = {0};
	bool all = collect(store, before, rows / ROWS_OF_POD + 1, &victims);
	bool idle = all && victims.count == 0;

	for (size_t i = 0; i < victims.count && !store->db.error; i++)
		delete_victim(store, victims.items[i], before, gone);
	numbers_clear(&victims);
	if (all)
		begin_stage(walk, walk->stage + 1);
	return idle;
}

static bool has_row(struct db *db, sqlite3_stmt *statement)
{
	bool found = db_row(db, statement);

	if (found)
		db_stop(statement);
	return found;
}

bool has_ended_pods(struct store *store, int64_t before)
{
	struct pod_walk *walk = &store->pruning.pods;
	bool found;

	begin_stage(walk, POD_WALK_INTERVALS);
	found = has_row(&store->db, use_stage(store, before));
	begin_stage(walk, POD_WALK_ENDED);
	found = found || has_row(&store->db, use_stage(store, before));
	pod_walk_clear(walk);
	return found;
}

/* A number may be used again: what names a pod must not outlive it. */
static void begin_walk(struct store *store)
{
	struct db *db = &store->db;
	struct pod_walk *walk = &store->pruning.pods;
	sqlite3_stmt *statement;

	pod_walk_clear(walk);
	idmap_init(&walk->named, sizeof(int64_t), 0);
	walk->stage = POD_WALK_EDGES;
	statement = db_use(db, SQL_PRUNE_LIVE);
	while (db_row(db, statement))
		name_pod(store, sqlite3_column_int64(statement, 0));
}

bool prune_pods(struct store *store, int64_t before, unsigned rows, struct idmap *gone)
{
	struct pod_walk *walk = &store->pruning.pods;

	if (walk->stage == POD_WALK_IDLE)
		begin_walk(store);
	if (walk->stage == POD_WALK_EDGES && !walk_edges(store, rows))
		return true;
	while (walk->stage != POD_WALK_DONE && walk_pods(store, before, rows, gone))
		;
	return walk->stage != POD_WALK_DONE && !store->db.error;
}
