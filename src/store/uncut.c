#include "store/sums.h"

#include <errno.h>
#include <stdlib.h>

/* Where a node's rows begin. */
struct beginning {
	int64_t node, since;
};

struct uncut {
	struct reader *reader;
	struct interval interval;
	struct edge_sums sums;
	struct beginning *beginnings; /* one a node of the reader */
	size_t count;
};

static struct beginning *find_beginning(struct uncut *uncut, sqlite3_stmt *statement)
{
	int64_t node = sqlite3_column_int64(statement, COLUMN_NODE);

	for (size_t i = 0; i < uncut->reader->node_count; i++)
		if (uncut->beginnings[i].node == node)
			return &uncut->beginnings[i];
	db_fail(&uncut->reader->db, -EBADMSG, "damaged: node %lld is missing", (long long)node);
	return NULL;
}

typedef void edge_row_fn(struct uncut *uncut, sqlite3_stmt *statement, struct beginning *beginning);

static void note_beginning(struct uncut *uncut, sqlite3_stmt *statement,
			   struct beginning *beginning)
{
	const struct edge_sum *sum =
	    edge_sums_find(&uncut->sums, sqlite3_column_int64(statement, 0));

	if (sum && sum->first < beginning->since)
		beginning->since = sum->first;
}

/* Rows that are gone lie before those that are left; with none left, anywhere. */
static void count_edge(struct uncut *uncut, sqlite3_stmt *statement, struct beginning *beginning)
{
	int64_t edge = sqlite3_column_int64(statement, 0);
	int64_t first = sqlite3_column_int64(statement, COLUMN_FIRST_SEEN);
	int64_t last = sqlite3_column_int64(statement, COLUMN_LAST_SEEN);
	const struct interval interval = uncut->interval;
	struct totals totals = reader_totals_of(statement);
	struct totals rest = edge_sums_rest(&uncut->sums, uncut->reader, edge, &totals);
	bool has_rows = edge_sums_find(&uncut->sums, edge) != NULL;

	if (totals_are_zero(&rest) || first >= interval.until)
		return;
	if (first >= interval.from && last < interval.until)
		return;
	uncut->count += has_rows ? beginning->since > interval.from : last >= interval.from;
}

static void each_edge(struct uncut *uncut, edge_row_fn *row)
{
	struct db *db = &uncut->reader->db;
	sqlite3_stmt *statement = db_use(db, SQL_READ_EDGE_RANGE);

	db_bind_int(db, statement, 1, INT64_MIN);
	db_bind_int(db, statement, 2, INT64_MAX);
	while (db_row(db, statement)) {
		struct beginning *beginning = find_beginning(uncut, statement);

		if (beginning)
			row(uncut, statement, beginning);
	}
}

static void count_edges(struct uncut *uncut)
{
	const struct interval always = {INT64_MIN, INT64_MAX};
	struct reader *reader = uncut->reader;

	uncut->beginnings = calloc(reader->node_count + 1, sizeof(*uncut->beginnings));
	if (!uncut->beginnings) {
		db_fail(&reader->db, -ENOMEM, "out of memory");
		return;
	}
	for (size_t i = 0; i < reader->node_count; i++)
		uncut->beginnings[i] = (struct beginning){reader->nodes[i].number, INT64_MAX};
	edge_sums_read(&uncut->sums, reader, always, INT64_MIN, INT64_MAX);
	each_edge(uncut, note_beginning);
	each_edge(uncut, count_edge);
}

int reader_uncut(struct reader *reader, struct interval interval, size_t *ret)
{
	struct uncut uncut = {.reader = reader, .interval = interval};
	int error;

	if (!reader_is_whole(interval)) {
		reader_need(reader);
		count_edges(&uncut);
	}
	free(uncut.beginnings);
	edge_sums_clear(&uncut.sums);
	error = reader_finish(reader, 0);
	if (!error)
		*ret = uncut.count;
	return error;
}
