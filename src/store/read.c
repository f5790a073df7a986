#include "store/reader_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/pod_rows.h"
#include "store/schema.h"

static struct addr address_at(struct reader *reader, sqlite3_stmt *statement, int column)
{
	const char *text = db_column_text(statement, column);
	struct addr address = {0};

	if (sqlite3_column_type(statement, column) != SQLITE_NULL && addr_parse(text, &address) < 0)
		db_fail(&reader->db, -EBADMSG, "damaged: a %s's address is \"%s\"",
			sqlite3_column_name(statement, column), text);
	return address;
}

static const char *node_name(struct reader *reader, int64_t number)
{
	for (size_t i = 0; i < reader->node_count; i++) {
		if (reader->nodes[i].number == number)
			return reader->nodes[i].name;
	}
	db_fail(&reader->db, -EBADMSG, "damaged: node %lld is missing", (long long)number);
	return "";
}

static int64_t within(struct reader *reader, sqlite3_stmt *statement, int column, int64_t least,
		      int64_t most)
{
	int64_t value = sqlite3_column_int64(statement, column);

	if (value >= least && value <= most)
		return value;
	db_fail(&reader->db, -EBADMSG, "damaged: %s is %lld",
		sqlite3_column_name(statement, column), (long long)value);
	return least;
}

static struct edge_key key_of(struct reader *reader, sqlite3_stmt *statement)
{
	struct edge_key key;

	memset(&key, 0, sizeof(key));
	key.source = address_at(reader, statement, 2);
	key.destination = address_at(reader, statement, 3);
	key.service = address_at(reader, statement, 4);
	key.translated = address_at(reader, statement, 5);
	key.source_pod = (uint32_t)within(reader, statement, 6, 0, UINT32_MAX);
	key.destination_pod = (uint32_t)within(reader, statement, 7, 0, UINT32_MAX);
	key.protocol = (uint8_t)within(reader, statement, 8, 0, UINT8_MAX);
	key.has_port = sqlite3_column_type(statement, 9) != SQLITE_NULL;
	key.port = (uint16_t)within(reader, statement, 9, 0, UINT16_MAX);
	key.service_port = (uint16_t)within(reader, statement, 10, 0, UINT16_MAX);
	key.verdict = (uint8_t)within(reader, statement, 11, VERDICT_ANSWERED, VERDICT_MAX);
	key.direction_uncertain = (uint8_t)within(reader, statement, 12, 0, 1);
	key.source_prefix = (uint8_t)within(reader, statement, 13, 0, 128);
	key.destination_prefix = (uint8_t)within(reader, statement, 14, 0, 128);
	return key;
}

static struct totals totals_of(sqlite3_stmt *statement, int first)
{
	return (struct totals){
	    .connections = sqlite3_column_int64(statement, first),
	    .closed = sqlite3_column_int64(statement, first + 1),
	    .counted = sqlite3_column_int64(statement, first + 2),
	    .packets_sent = sqlite3_column_int64(statement, first + 3),
	    .packets_received = sqlite3_column_int64(statement, first + 4),
	    .bytes_sent = sqlite3_column_int64(statement, first + 5),
	    .bytes_received = sqlite3_column_int64(statement, first + 6),
	    .timed_out = sqlite3_column_int64(statement, first + 7),
	    .reset = sqlite3_column_int64(statement, first + 8),
	    .evicted = sqlite3_column_int64(statement, first + 9),
	    .deleted = sqlite3_column_int64(statement, first + 10),
	    .vanished = sqlite3_column_int64(statement, first + 11),
	};
}

static struct edge edge_of(struct reader *reader, sqlite3_stmt *statement)
{
	return (struct edge){
	    .id = sqlite3_column_int64(statement, 0),
	    .node = node_name(reader, sqlite3_column_int64(statement, 1)),
	    .key = key_of(reader, statement),
	    .totals = totals_of(statement, 15),
	    .first_seen = sqlite3_column_int64(statement, 27),
	    .last_seen = sqlite3_column_int64(statement, 28),
	};
}

/* The earliest window whose row may reach the interval. */
static int64_t begin_of(const struct reader *reader, struct interval interval)
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
	if (statement && sqlite3_bind_parameter_count(statement) >= 3)
		db_bind_int(db, statement, 3, begin_of(reader, interval));
	return statement;
}

static bool is_whole(struct interval interval)
{
	return interval.from == INT64_MIN && interval.until == INT64_MAX;
}

static int visit_edges(struct reader *reader, sqlite3_stmt *statement, reader_edge_fn *visit,
		       void *context)
{
	struct db *db = &reader->db;
	int visited = 0;

	while (!visited && db_row(db, statement)) {
		struct edge edge = edge_of(reader, statement);

		if (!db->error)
			visited = visit(context, &edge);
	}
	db_stop(statement);
	return visited;
}

int reader_edges(struct reader *reader, struct interval interval, reader_edge_fn *visit,
		 void *context)
{
	sqlite3_stmt *statement;
	int visited;

	statement = use_interval(reader, SQL_READ_EDGES, interval);
	visited = visit_edges(reader, statement, visit, context);
	if (!visited && !is_whole(interval)) {
		statement = use_interval(reader, SQL_READ_EDGES_CUT, interval);
		visited = visit_edges(reader, statement, visit, context);
	}
	return reader_finish(reader, visited);
}

static bool is_uncut(sqlite3_stmt *statement, struct interval interval)
{
	int64_t first = sqlite3_column_int64(statement, 27);
	int64_t last = sqlite3_column_int64(statement, 28);
	int64_t gone = sqlite3_column_int64(statement, 29);

	return (first < interval.from || last >= interval.until) && first < interval.until &&
	       gone >= interval.from;
}

int reader_uncut(struct reader *reader, struct interval interval, size_t *ret)
{
	struct db *db = &reader->db;
	sqlite3_stmt *statement;
	size_t count = 0;
	int error;

	if (!is_whole(interval)) {
		statement = db_use(db, SQL_READ_REMAINDERS);
		while (db_row(db, statement))
			count += is_uncut(statement, interval);
	}
	error = reader_finish(reader, 0);
	if (!error)
		*ret = count;
	return error;
}

static int visit_flows(struct reader *reader, sqlite3_stmt *statement, bool remainders,
		       reader_flow_fn *visit, void *context)
{
	struct db *db = &reader->db;
	int visited = 0;

	while (!visited && db_row(db, statement)) {
		struct edge edge = edge_of(reader, statement);
		struct stored_flow row = {
		    .node = edge.node,
		    .edge = edge.id,
		    .flow = {.key = edge.key,
			     .window = edge.first_seen,
			     .length = FLOW_WITHOUT_WINDOW,
			     .totals = edge.totals,
			     .first_seen = edge.first_seen,
			     .last_seen = edge.last_seen},
		};

		if (!remainders) {
			row.flow.window = sqlite3_column_int64(statement, 29);
			row.flow.length =
			    (uint32_t)within(reader, statement, 30, 0, FLOW_WITHOUT_WINDOW - 1);
		}
		if (!db->error)
			visited = visit(context, &row);
	}
	db_stop(statement);
	return visited;
}

int reader_flows(struct reader *reader, struct interval interval, reader_flow_fn *visit,
		 void *context)
{
	sqlite3_stmt *statement;
	int visited = 0;

	if (is_whole(interval)) {
		statement = db_use(&reader->db, SQL_READ_REMAINDERS);
		visited = visit_flows(reader, statement, true, visit, context);
	}
	if (!visited) {
		statement = use_interval(reader, SQL_READ_FLOWS, interval);
		visited = visit_flows(reader, statement, false, visit, context);
	}
	return reader_finish(reader, visited);
}

int reader_nodes(struct reader *reader, reader_node_fn *visit, void *context)
{
	int visited = 0;

	for (size_t i = 0; i < reader->node_count && !visited; i++) {
		const struct known_node *node = &reader->nodes[i];

		visited = visit(context, node->name, node->first, node->heartbeat);
	}
	return visited;
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

int reader_pods(struct reader *reader, reader_pod_fn *visit, void *context)
{
	struct db *db = &reader->db;
	struct pod_rows rows = {.scale = 1};
	const char *node = "";
	int visited = 0;
	sqlite3_stmt *statement = db_use(db, SQL_READ_PODS);

	while (!visited && reader_row(reader, statement)) {
		if (pod_rows_add(&rows, db, statement)) {
			visited = visit_pod(reader, &rows, node, visit, context);
			if (!visited)
				pod_rows_add(&rows, db, statement);
		}
		node = node_of_row(reader, statement, 9);
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
	sqlite3_stmt *statement = db_use(db, SQL_READ_NODE_ADDRESSES);

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
	sqlite3_stmt *statement = use_interval(reader, SQL_READ_GAPS, interval);

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
	sqlite3_stmt *statement = db_use(db, SQL_READ_FACTS);

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
	    .schema = (int)schema_number(db),
	};
	sqlite3_stmt *statement = db_use(db, SQL_READ_FIGURES);
	int error;

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
