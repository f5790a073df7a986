#include "store/store_internal.h"

/* The file shrinks once a quarter of it is empty; less is soon used again. */
#define FREE_SHARE 4
/* Addresses are swept when enough edges went to make the sweep worth its scan. */
#define SWEEP_SHARE 8

static int64_t delete_before(struct store *store, enum sql_statement which, int64_t before)
{
	struct db *db = &store->db;
	sqlite3_stmt *statement = db_use(db, which);

	db_bind_int(db, statement, 1, before);
	db_run(db, statement);
	return db->error ? 0 : db_changes(db);
}

static int64_t delete_some(struct store *store, enum sql_statement which, int64_t before,
			   unsigned limit)
{
	struct db *db = &store->db;
	sqlite3_stmt *statement = db_use(db, which);

	db_bind_int(db, statement, 2, limit);
	return delete_before(store, which, before);
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

static void sweep_addresses(struct store *store)
{
	struct db *db = &store->db;
	int64_t known = db_run_int(db, db_use(db, SQL_ADDRESS_COUNT), 0);

	if (store->edges_pruned <= known / SWEEP_SHARE)
		return;
	db_run(db, db_use(db, SQL_PRUNE_ADDRESSES));
	store->edges_pruned = 0;
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

static void give_back_space(struct db *db)
{
	int64_t unused = db_run_int(db, db_use(db, SQL_FREE_PAGES), 0);

	if (unused > db_run_int(db, db_use(db, SQL_ALL_PAGES), 0) / FREE_SHARE)
		db_run(db, db_use(db, SQL_VACUUM));
}

static bool is_too_large(struct db *db, int64_t max_bytes)
{
	return max_bytes && db_bytes_in_use(db) > max_bytes;
}

static bool prune_aged(struct store *store, int64_t before, unsigned rows, bool *ret_pods_gone)
{
	int64_t edges;

	if (delete_some(store, SQL_PRUNE_FLOWS, before, rows) >= (int64_t)rows)
		return true;
	edges = delete_some(store, SQL_PRUNE_EDGES, before, rows);
	store->edges_pruned += edges;
	if (edges >= (int64_t)rows)
		return true;
	delete_before(store, SQL_PRUNE_GAPS, before);
	delete_before(store, SQL_PRUNE_NODE_ADDRESSES, before);
	*ret_pods_gone = prune_pods(store, before);
	sweep_addresses(store);
	return false;
}

int store_prune(struct store *store, const struct store_limits *limits, unsigned rows,
		bool *ret_more)
{
	struct db *db = &store->db;
	bool more, pods_gone = false;
	int error;

	db_begin(db);
	more = prune_aged(store, limits->before, rows, &pods_gone);
	if (!more && is_too_large(db, limits->max_bytes))
		more = delete_some(store, SQL_PRUNE_FLOWS, INT64_MAX, rows) >= (int64_t)rows;
	error = db_end(db);
	store_forget_caches(store);
	if (error)
		return error;
	if (pods_gone)
		mark_pruned_pods(store);
	give_back_space(db);
	error = db_take_error(db);
	if (!error)
		*ret_more = more;
	return error;
}
