#include "store/sums.h"

#include <errno.h>
#include <stdlib.h>

/* Columns of SQL_READ_FLOWS behind those of an edge. */
enum { COLUMN_WINDOW = EDGE_COLUMNS, COLUMN_LENGTH, COLUMN_SEQUENCE };

struct place {
	int64_t window, edge, sequence;
};

/* The edges and windows that were there at the beginning bound the walk: it ends, however slow the
 * visitor, and no row names what later snapshots alone know. */
struct walk {
	struct reader *reader;
	struct interval interval;
	reader_flow_fn *visit;
	void *context;
	int64_t last_edge, last_window;
	struct stored_flow *page;
	size_t count;
};

static void find_ends(struct walk *walk)
{
	struct db *db = &walk->reader->db;
	sqlite3_stmt *statement = db_use(db, SQL_READ_FLOW_ENDS);

	if (!db_row(db, statement))
		return;
	walk->last_edge = sqlite3_column_int64(statement, 0);
	walk->last_window = sqlite3_column_int64(statement, 1);
	db_run(db, statement);
	if (walk->last_window > walk->interval.until)
		walk->last_window = walk->interval.until;
}

static struct stored_flow flow_of(const struct edge *edge)
{
	return (struct stored_flow){
	    .node = edge->node,
	    .edge = edge->id,
	    .flow = {.key = edge->key,
		     .window = edge->first_seen,
		     .length = FLOW_WITHOUT_WINDOW,
		     .totals = edge->totals,
		     .first_seen = edge->first_seen,
		     .last_seen = edge->last_seen},
	};
}

struct stored_flow reader_flow_of(struct reader *reader, sqlite3_stmt *statement,
				  int64_t *ret_sequence)
{
	struct edge edge = reader_edge_of(reader, statement);
	struct stored_flow row = flow_of(&edge);

	row.flow.window = sqlite3_column_int64(statement, COLUMN_WINDOW);
	row.flow.length =
	    (uint32_t)reader_within(reader, statement, COLUMN_LENGTH, 0, FLOW_WITHOUT_WINDOW - 1);
	if (ret_sequence)
		*ret_sequence = sqlite3_column_int64(statement, COLUMN_SEQUENCE);
	return row;
}

/* Of edges after one number up to another. */
static void read_remainders(struct walk *walk, int64_t after, int64_t until)
{
	struct reader *reader = walk->reader;
	struct db *db = &reader->db;
	struct edge_sums sums = {0};
	sqlite3_stmt *statement;

	edge_sums_read(&sums, reader, walk->interval, after, until);
	statement = db_use(db, SQL_READ_EDGE_RANGE);
	db_bind_int(db, statement, 1, after);
	db_bind_int(db, statement, 2, until);
	while (db_row(db, statement)) {
		struct edge edge = reader_edge_of(reader, statement);
		const struct edge_sum *sum = edge_sums_find(&sums, edge.id);

		edge.totals = edge_sums_rest(&sums, reader, edge.id, &edge.totals);
		if (!totals_are_zero(&edge.totals) || (sum && edge.first_seen < sum->first))
			walk->page[walk->count++] = flow_of(&edge);
	}
	edge_sums_clear(&sums);
}

static void read_windows(struct walk *walk, struct place *place)
{
	struct reader *reader = walk->reader;
	struct db *db = &reader->db;
	sqlite3_stmt *statement = db_use(db, SQL_READ_FLOWS);

	db_bind_int(db, statement, 1, walk->interval.from);
	db_bind_int(db, statement, 2, walk->interval.until);
	db_bind_int(db, statement, 3, place->window);
	db_bind_int(db, statement, 4, place->edge);
	db_bind_int(db, statement, 5, place->sequence);
	db_bind_int(db, statement, 6, walk->last_window);
	db_bind_int(db, statement, 7, walk->last_edge);
	db_bind_int(db, statement, 8, (int64_t)reader->limits.page_rows);
	while (db_row(db, statement)) {
		int64_t sequence;
		struct stored_flow row = reader_flow_of(reader, statement, &sequence);

		*place = (struct place){row.flow.window, row.edge, sequence};
		walk->page[walk->count++] = row;
	}
}

/* Ends the page's snapshot, then shows the page. */
static int show(struct walk *walk)
{
	int visited = reader_finish(walk->reader, 0);

	reader_end(walk->reader);
	for (size_t i = 0; i < walk->count && !visited; i++)
		visited = walk->visit(walk->context, &walk->page[i]);
	walk->count = 0;
	return visited;
}

static int64_t find_page(struct walk *walk, int64_t after)
{
	struct db *db = &walk->reader->db;
	sqlite3_stmt *statement = db_use(db, SQL_READ_EDGE_PAGE);

	db_bind_int(db, statement, 1, after);
	db_bind_int(db, statement, 2, walk->last_edge);
	db_bind_int(db, statement, 3, (int64_t)walk->reader->limits.page_rows);
	return db_run_int(db, statement, 0);
}

static int visit_remainders(struct walk *walk)
{
	int64_t after = 0, until;
	int visited = 0;

	while (!visited && after < walk->last_edge) {
		reader_resume(walk->reader);
		until = find_page(walk, after);
		if (until > after)
			read_remainders(walk, after, until);
		after = until > after ? until : walk->last_edge;
		visited = show(walk);
	}
	return visited;
}

static int visit_windows(struct walk *walk)
{
	struct place place = {reader_first_window(walk->reader, walk->interval), INT64_MIN,
			      INT64_MIN};
	size_t count = walk->reader->limits.page_rows;
	int visited = 0;

	while (!visited && count == walk->reader->limits.page_rows) {
		reader_resume(walk->reader);
		read_windows(walk, &place);
		count = walk->count;
		visited = show(walk);
	}
	return visited;
}

int reader_flows(struct reader *reader, struct interval interval, reader_flow_fn *visit,
		 void *context)
{
	struct walk walk = {
	    .reader = reader, .interval = interval, .visit = visit, .context = context};
	int visited = 0;

	walk.page = calloc(reader->limits.page_rows, sizeof(*walk.page));
	if (!walk.page)
		return -ENOMEM;
	reader_need(reader);
	find_ends(&walk);
	if (reader_is_whole(interval))
		visited = visit_remainders(&walk);
	if (!visited)
		visited = visit_windows(&walk);
	free(walk.page);
	return visited;
}
