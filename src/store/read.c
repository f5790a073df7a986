#include "store/reader_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/pod_rows.h"
#include "store/schema.h"
#include "store/sums.h"

static const char *const columns[] = {
    [2] = "source",
    [3] = "destination",
    [4] = "service",
    [5] = "translated",
    [6] = "source_pod",
    [7] = "destination_pod",
    [8] = "protocol",
    [9] = "port",
    [10] = "service_port",
    [11] = "verdict",
    [12] = "direction_uncertain",
    [13] = "source_prefix",
    [14] = "destination_prefix",
};

static bool is_null(sqlite3_value *value)
{
	return sqlite3_value_type(value) == SQLITE_NULL;
}

static struct addr address_of(struct reader *reader, sqlite3_value *value, const char *name)
{
	struct addr address = {0};
	const char *text;

	if (is_null(value))
		return address;
	text = (const char *)sqlite3_value_text(value);
	if (!text)
		db_fail(&reader->db, -ENOMEM, "out of memory");
	else if (addr_parse(text, &address) < 0)
		db_fail(&reader->db, -EBADMSG, "damaged: a %s's address is \"%s\"", name, text);
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

static int64_t bounded(struct reader *reader, int64_t value, const char *name, int64_t least,
		       int64_t most)
{
	if (value >= least && value <= most)
		return value;
	db_fail(&reader->db, -EBADMSG, "damaged: %s is %lld", name, (long long)value);
	return least;
}

int64_t reader_within(struct reader *reader, sqlite3_stmt *statement, int column, int64_t least,
		      int64_t most)
{
	return bounded(reader, sqlite3_column_int64(statement, column),
		       sqlite3_column_name(statement, column), least, most);
}

/* ---- edges ---- */

/* An edge's column that must be in bounds. */
static int64_t within(struct reader *reader, sqlite3_value **row, int column, int64_t most)
{
	return bounded(reader, sqlite3_value_int64(row[column]), columns[column], 0, most);
}

/* Of that address; 0: none. */
static uint8_t prefix_length(struct reader *reader, sqlite3_value **row, int column,
			     struct addr address)
{
	int64_t most;
	uint8_t length;

	if (is_null(row[column]) || reader->db.error)
		return 0;
	most = 8 * (int64_t)addr_length(address) - 1;
	length =
	    (uint8_t)bounded(reader, sqlite3_value_int64(row[column]), columns[column], 1, most);
	if (!addr_equal(prefix_around(address, length).addr, address))
		db_fail(&reader->db, -EBADMSG, "damaged: an address has more bits than its %s",
			columns[column]);
	return length;
}

static struct edge_key key_of(struct reader *reader, sqlite3_value **row)
{
	struct edge_key key;

	memset(&key, 0, sizeof(key));
	key.source = address_of(reader, row[2], columns[2]);
	key.destination = address_of(reader, row[3], columns[3]);
	key.service = address_of(reader, row[4], columns[4]);
	key.translated = address_of(reader, row[5], columns[5]);
	key.source_pod = (uint32_t)within(reader, row, 6, UINT32_MAX);
	key.destination_pod = (uint32_t)within(reader, row, 7, UINT32_MAX);
	key.protocol = (uint8_t)within(reader, row, 8, UINT8_MAX);
	key.has_port = !is_null(row[9]);
	key.port = (uint16_t)within(reader, row, 9, UINT16_MAX);
	key.service_port = (uint16_t)within(reader, row, 10, UINT16_MAX);
	key.verdict = (uint8_t)bounded(reader, sqlite3_value_int64(row[11]), columns[11],
				       VERDICT_ANSWERED, VERDICT_MAX);
	key.direction_uncertain = (uint8_t)within(reader, row, 12, 1);
	key.source_prefix = prefix_length(reader, row, 13, key.source);
	key.destination_prefix = prefix_length(reader, row, 14, key.destination);
	return key;
}

static struct edge short_edge_of(struct reader *reader, sqlite3_value **row)
{
	int64_t first_seen = sqlite3_value_int64(row[COLUMN_FIRST_SEEN]);

	return (struct edge){
	    .id = sqlite3_value_int64(row[0]),
	    .node = node_name(reader, sqlite3_value_int64(row[COLUMN_NODE])),
	    .key = key_of(reader, row),
	    .totals = {.connections = sqlite3_value_int64(row[COLUMN_CONNECTIONS]),
		       .closed = sqlite3_value_int64(row[COLUMN_CLOSED]),
		       .packets_sent = sqlite3_value_int64(row[COLUMN_PACKETS_SENT])},
	    .first_seen = first_seen,
	    .begun = first_seen,
	    .last_seen = sqlite3_value_int64(row[COLUMN_LAST_SEEN]),
	};
}

struct totals reader_totals_of(sqlite3_stmt *statement)
{
	return (struct totals){
	    .connections = sqlite3_column_int64(statement, COLUMN_CONNECTIONS),
	    .closed = sqlite3_column_int64(statement, COLUMN_CLOSED),
	    .packets_sent = sqlite3_column_int64(statement, COLUMN_PACKETS_SENT),
	    .counted = sqlite3_column_int64(statement, COLUMN_COUNTED),
	    .packets_received = sqlite3_column_int64(statement, COLUMN_PACKETS_RECEIVED),
	    .bytes_sent = sqlite3_column_int64(statement, COLUMN_BYTES_SENT),
	    .bytes_received = sqlite3_column_int64(statement, COLUMN_BYTES_RECEIVED),
	    .timed_out = sqlite3_column_int64(statement, COLUMN_TIMED_OUT),
	    .reset = sqlite3_column_int64(statement, COLUMN_RESET),
	    .evicted = sqlite3_column_int64(statement, COLUMN_EVICTED),
	    .deleted = sqlite3_column_int64(statement, COLUMN_DELETED),
	    .vanished = sqlite3_column_int64(statement, COLUMN_VANISHED),
	};
}

/* SQLite asks that values of columns stay on one thread, as the whole handle does here. */
struct edge reader_edge_of(struct reader *reader, sqlite3_stmt *statement)
{
	sqlite3_value *row[SHORT_COLUMNS];
	struct edge edge;

	for (int i = 0; i < SHORT_COLUMNS; i++)
		row[i] = sqlite3_column_value(statement, i);
	edge = short_edge_of(reader, row);
	edge.totals = reader_totals_of(statement);
	return edge;
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

struct edge_visit {
	reader_edge_fn *visit;
	void *context;
	int visited;
};

/* To be called by SQL spares what each column costs that is fetched from a row: half the time of
 * reading an edge. */
static void visit_edge(sqlite3_context *context, int count, sqlite3_value **row)
{
	struct reader *reader = sqlite3_user_data(context);
	struct edge_visit *visit = reader->visit;
	struct edge edge = short_edge_of(reader, row);

	(void)count;
	if (!reader->db.error)
		visit->visited = visit->visit(visit->context, &edge);
	sqlite3_result_int(context, visit->visited || reader->db.error);
}

void reader_offer(struct reader *reader)
{
	if (sqlite3_create_function_v2(reader->db.handle, "visit_edge", SHORT_COLUMNS,
				       SQLITE_UTF8 | SQLITE_DIRECTONLY, reader, visit_edge, NULL,
				       NULL, NULL) != SQLITE_OK)
		db_fail(&reader->db, -ENOMEM, "out of memory");
}

static int visit_in_short(struct reader *reader, reader_edge_fn *visit, void *context)
{
	struct edge_visit walk = {.visit = visit, .context = context};
	sqlite3_stmt *statement = db_use(&reader->db, SQL_READ_EDGES_SHORT);

	reader->visit = &walk;
	if (db_row(&reader->db, statement))
		db_stop(statement);
	reader->visit = NULL;
	return walk.visited;
}

int reader_edges(struct reader *reader, struct interval interval, reader_edge_fn *visit,
		 void *context)
{
	int visited;

	reader_need(reader);
	if (reader->in_short && reader_is_whole(interval))
		return reader_finish(reader, visit_in_short(reader, visit, context));
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
		    .address = address_of(reader, sqlite3_column_value(statement, 1), "node"),
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

/* -ENOMEM. What is not there has none. */
static int64_t bytes_of(const char *path, const char *ending)
{
	char *name = NULL;
	struct stat found;
	int64_t bytes;

	if (asprintf(&name, "%s%s", path, ending) < 0)
		return -ENOMEM;
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

	if (figures.file_bytes < 0 || figures.wal_bytes < 0)
		return -ENOMEM;
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
