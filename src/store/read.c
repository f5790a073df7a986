#include "store/reader_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/pod_rows.h"
#include "store/schema.h"
#include "store/sums.h"

static struct addr address_at(struct reader *reader, sqlite3_stmt *statement, int column)
{
	struct addr address = {0};
	const char *text;

	if (sqlite3_column_type(statement, column) == SQLITE_NULL)
		return address;
	text = db_column_text(statement, column);
	if (addr_parse(text, &address) < 0)
		db_fail(&reader->db, -EBADMSG, "damaged: a %s's address is \"%s\"",
			sqlite3_column_name(statement, column), text);
	return address;
}

/* Rows of one node mostly come one after the other. */
static const char *node_name(struct reader *reader, int64_t number)
{
	for (size_t i = 0, at = reader->last_node; i < reader->node_count; i++, at++) {
		if (at >= reader->node_count)
			at = 0;
		if (reader->nodes[at].number != number)
			continue;
		reader->last_node = at;
		return reader->nodes[at].name;
	}
	db_fail(&reader->db, -EBADMSG, "damaged: node %lld is missing", (long long)number);
	return "";
}

int64_t reader_within(struct reader *reader, sqlite3_stmt *statement, int column, int64_t least,
		      int64_t most)
{
	int64_t value = sqlite3_column_int64(statement, column);

	if (value >= least && value <= most)
		return value;
	db_fail(&reader->db, -EBADMSG, "damaged: %s is %lld",
		sqlite3_column_name(statement, column), (long long)value);
	return least;
}

/* Of that address; 0: none. */
static uint8_t prefix_length(struct reader *reader, sqlite3_stmt *statement, int column,
			     struct addr address)
{
	int64_t most = 8 * (int64_t)addr_length(address) - 1;
	uint8_t length;

	if (sqlite3_column_type(statement, column) == SQLITE_NULL || reader->db.error)
		return 0;
	length = (uint8_t)reader_within(reader, statement, column, 1, most);
	if (!addr_equal(prefix_around(address, length).addr, address))
		db_fail(&reader->db, -EBADMSG, "damaged: an address has more bits than its %s",
			sqlite3_column_name(statement, column));
	return length;
}

static struct edge_key key_of(struct reader *reader, sqlite3_stmt *statement)
{
	struct edge_key key;

	memset(&key, 0, sizeof(key));
	key.source = address_at(reader, statement, 2);
	key.destination = address_at(reader, statement, 3);
	key.service = address_at(reader, statement, 4);
	key.translated = address_at(reader, statement, 5);
	key.source_pod = (uint32_t)reader_within(reader, statement, 6, 0, UINT32_MAX);
	key.destination_pod = (uint32_t)reader_within(reader, statement, 7, 0, UINT32_MAX);
	key.protocol = (uint8_t)reader_within(reader, statement, 8, 0, UINT8_MAX);
	key.has_port = sqlite3_column_type(statement, 9) != SQLITE_NULL;
	key.port = (uint16_t)reader_within(reader, statement, 9, 0, UINT16_MAX);
	key.service_port = (uint16_t)reader_within(reader, statement, 10, 0, UINT16_MAX);
	key.verdict = (uint8_t)reader_within(reader, statement, 11, VERDICT_ANSWERED, VERDICT_MAX);
	key.direction_uncertain = (uint8_t)reader_within(reader, statement, 12, 0, 1);
	key.source_prefix = prefix_length(reader, statement, 13, key.source);
	key.destination_prefix = prefix_length(reader, statement, 14, key.destination);
	return key;
}

struct totals reader_totals_of(sqlite3_stmt *statement)
{
	return (struct totals){
	    .connections = sqlite3_column_int64(statement, 15),
	    .closed = sqlite3_column_int64(statement, 16),
	    .counted = sqlite3_column_int64(statement, 17),
	    .packets_sent = sqlite3_column_int64(statement, 18),
	    .packets_received = sqlite3_column_int64(statement, 19),
	    .bytes_sent = sqlite3_column_int64(statement, 20),
	    .bytes_received = sqlite3_column_int64(statement, 21),
	    .timed_out = sqlite3_column_int64(statement, 22),
	    .reset = sqlite3_column_int64(statement, 23),
	    .evicted = sqlite3_column_int64(statement, 24),
	    .deleted = sqlite3_column_int64(statement, 25),
	    .vanished = sqlite3_column_int64(statement, 26),
	};
}

struct edge reader_edge_of(struct reader *reader, sqlite3_stmt *statement)
{
	return (struct edge){
	    .id = sqlite3_column_int64(statement, 0),
	    .node = node_name(reader, sqlite3_column_int64(statement, COLUMN_NODE)),
	    .key = key_of(reader, statement),
	    .totals = reader_totals_of(statement),
	    .first_seen = sqlite3_column_int64(statement, COLUMN_FIRST_SEEN),
	    .begun = sqlite3_column_int64(statement, COLUMN_FIRST_SEEN),
	    .last_seen = sqlite3_column_int64(statement, COLUMN_LAST_SEEN),
	};
}

int64_t reader_first_window(const struct reader *reader, struct interval interval)
{
	int64_t begin;

	if (interval.from == INT64_MIN ||
	    __builtin_sub_overflow(interval.from, reader->longest, &begin))
		return INT64_MIN;
	return begin;
}

static sqlite3_stmt *use_interval(struct reader *reader, enum sql_statement which,
				  struct interval interval)
{
	struct db *db = &reader->db;
	sqlite3_stmt *statement = db_use(db, which);

	db_bind_int(db, statement, 1, interval.from);
	db_bind_int(db, statement, 2, interval.until);
	return statement;
}

bool reader_is_whole(struct interval interval)
{
	return interval.from == INT64_MIN && interval.until == INT64_MAX;
}

/* What an edge did in the interval; false: nothing. */
static bool cut_edge(const struct edge_sums *sums, struct edge *edge)
{
	const struct edge_sum *sum = edge_sums_find(sums, edge->id);

	if (!sum)
		return false;
	edge->totals = sum->totals;
	edge->first_seen = sum->first;
	edge->last_seen = sum->last;
	return true;
}

/* sums NULL: edges as they are. */
static int visit_edges(struct reader *reader, sqlite3_stmt *statement, const struct edge_sums *sums,
		       reader_edge_fn *visit, void *context)
{
	struct db *db = &reader->db;
	int visited = 0;

	while (!visited && db_row(db, statement)) {
		struct edge edge = reader_edge_of(reader, statement);

		if (!db->error && (!sums || cut_edge(sums, &edge)))
			visited = visit(context, &edge);
	}
	db_stop(statement);
	return visited;
}

static int visit_cut_edges(struct reader *reader, struct interval interval, reader_edge_fn *visit,
			   void *context)
{
	struct edge_sums sums = {0};
	int visited;

	edge_sums_read(&sums, reader, interval, INT64_MIN, INT64_MAX);
	visited = visit_edges(reader, use_interval(reader, SQL_READ_EDGES_CUT, interval), &sums,
			      visit, context);
	edge_sums_clear(&sums);
	return visited;
}

int reader_edges(struct reader *reader, struct interval interval, reader_edge_fn *visit,
		 void *context)
{
	int visited;

	reader_need(reader);
	visited = visit_edges(reader, use_interval(reader, SQL_READ_EDGES, interval), NULL, visit,
			      context);
	if (!visited && !reader_is_whole(interval))
		visited = visit_cut_edges(reader, interval, visit, context);
	return reader_finish(reader, visited);
}

int reader_nodes(struct reader *reader, reader_node_fn *visit, void *context)
{
	int visited = 0;

	reader_need(reader);
	for (size_t i = 0; i < reader->node_count && !reader->db.error && !visited; i++) {
		const struct known_node *node = &reader->nodes[i];

		visited = visit(context, node->name, node->first, node->heartbeat);
	}
	return reader_finish(reader, visited);
}

static int visit_pod(struct reader *reader, struct pod_rows *rows, const char *node,
		     reader_pod_fn *visit, void *context)
{
	struct stored_pod pod = {.number = (uint32_t)rows->number, .node = node, .pod = rows->pod};
	int visited = 0;

	if (rows->number < 1 || rows->number > UINT32_MAX)
		db_fail(&reader->db, -EBADMSG, "damaged: pod number %lld", (long long)rows->number);
	if (!reader->db.error)
		visited = visit(context, &pod);
	pod_rows_clear(rows);
	return visited;
}

/* The row's node, in memory that outlives the row. */
static const char *node_of_row(struct reader *reader, sqlite3_stmt *statement, int column)
{
	return node_name(reader, sqlite3_column_int64(statement, column));
}

/* Of SQL_READ_PODS; those before it are pod_rows_add()'s. */
enum { COLUMN_POD_NODE = 16 };

int reader_pods(struct reader *reader, reader_pod_fn *visit, void *context)
{
	struct db *db = &reader->db;
	struct pod_rows rows = {.scale = 1, .with_words = reader->wants_words};
	const char *node = "";
	int visited = 0;
	sqlite3_stmt *statement;

	reader_need(reader);
	statement = db_use(db, SQL_READ_PODS);
	while (!visited && reader_row(reader, statement)) {
		if (pod_rows_add(&rows, db, statement)) {
			visited = visit_pod(reader, &rows, node, visit, context);
			if (!visited)
				pod_rows_add(&rows, db, statement);
		}
		node = node_of_row(reader, statement, COLUMN_POD_NODE);
	}
	if (rows.number && !visited)
		visited = visit_pod(reader, &rows, node, visit, context);
	pod_rows_clear(&rows);
	db_stop(statement);
	return reader_finish(reader, visited);
}

int reader_addresses(struct reader *reader, reader_address_fn *visit, void *context)
{
	struct db *db = &reader->db;
	int visited = 0;
	sqlite3_stmt *statement;

	reader_need(reader);
	statement = db_use(db, SQL_READ_NODE_ADDRESSES);
	while (!visited && reader_row(reader, statement)) {
		bool open = sqlite3_column_type(statement, 3) == SQLITE_NULL;
		struct stored_address address = {
		    .node = db_column_text(statement, 0),
		    .address = address_at(reader, statement, 1),
		    .since = sqlite3_column_int64(statement, 2),
		    .until = open ? INTERVAL_OPEN : sqlite3_column_int64(statement, 3),
		};

		if (!db->error)
			visited = visit(context, &address);
	}
	db_stop(statement);
	return reader_finish(reader, visited);
}

int reader_gaps(struct reader *reader, struct interval interval, reader_gap_fn *visit,
		void *context)
{
	struct db *db = &reader->db;
	int visited = 0;
	sqlite3_stmt *statement;

	reader_need(reader);
	statement = use_interval(reader, SQL_READ_GAPS, interval);
	while (!visited && reader_row(reader, statement)) {
		bool bounded = sqlite3_column_type(statement, 4) != SQLITE_NULL;
		struct gap gap = {
		    .from = sqlite3_column_int64(statement, 2),
		    .until = sqlite3_column_int64(statement, 3),
		    .at_most = bounded ? sqlite3_column_int64(statement, 4) : -1,
		    .reason = db_column_text(statement, 5),
		};
		const char *source = db_column_text(statement, 1);

		if (loss_source_parse(source, &gap.source) < 0)
			db_fail(db, -EBADMSG, "damaged: a gap's source is \"%s\"", source);
		else
			visited = visit(context, db_column_text(statement, 0), &gap);
	}
	db_stop(statement);
	return reader_finish(reader, visited);
}

int reader_facts(struct reader *reader, reader_fact_fn *visit, void *context)
{
	struct db *db = &reader->db;
	int visited = 0;
	sqlite3_stmt *statement;

	reader_need(reader);
	statement = db_use(db, SQL_READ_FACTS);
	while (!visited && reader_row(reader, statement)) {
		struct stored_fact fact = {
		    .node = db_column_text(statement, 0),
		    .name = db_column_text(statement, 1),
		    .value = db_column_text(statement, 2),
		    .since = sqlite3_column_int64(statement, 3),
		};

		visited = visit(context, &fact);
	}
	db_stop(statement);
	return reader_finish(reader, visited);
}

int reader_objects(struct reader *reader, reader_object_fn *visit, void *context)
{
	struct db *db = &reader->db;
	int visited = 0;
	sqlite3_stmt *statement;

	reader_need(reader);
	statement = db_use(db, SQL_READ_OBJECTS);
	while (!visited && reader_row(reader, statement)) {
		bool open = sqlite3_column_type(statement, 7) == SQLITE_NULL;
		struct stored_object object = {
		    .node = db_column_text(statement, 0),
		    .kind = db_column_text(statement, 1),
		    .namespace = db_column_text(statement, 2),
		    .name = db_column_text(statement, 3),
		    .uid = db_column_text(statement, 4),
		    .content = db_column_text(statement, 5),
		    .since = sqlite3_column_int64(statement, 6),
		    .until = open ? INTERVAL_OPEN : sqlite3_column_int64(statement, 7),
		};

		visited = visit(context, &object);
	}
	db_stop(statement);
	return reader_finish(reader, visited);
}

static int64_t bytes_of(const char *path, const char *ending)
{
	char *name = NULL;
	struct stat found;
	int64_t bytes;

	if (asprintf(&name, "%s%s", path, ending) < 0)
		return 0;
	bytes = stat(name, &found) == 0 ? found.st_size : 0;
	free(name);
	return bytes;
}

int reader_figures(struct reader *reader, struct store_figures *ret)
{
	struct db *db = &reader->db;
	struct store_figures figures = {
	    .file_bytes = bytes_of(reader->path, ""),
	    .wal_bytes = bytes_of(reader->path, "-wal"),
	};
	sqlite3_stmt *statement;
	int error;

	reader_need(reader);
	figures.schema = (int)schema_number(db);
	statement = db_use(db, SQL_READ_FIGURES);
	if (db_row(db, statement)) {
		figures.edges = sqlite3_column_int64(statement, 0);
		figures.flows = sqlite3_column_int64(statement, 1);
		figures.pods = sqlite3_column_int64(statement, 2);
		figures.gaps = sqlite3_column_int64(statement, 3);
		db_run(db, statement);
	}
	error = reader_finish(reader, 0);
	if (!error)
		*ret = figures;
	return error;
}
