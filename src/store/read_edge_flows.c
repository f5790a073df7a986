#include "store/reader_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* More windows than this: all rows are read instead. */
#define WINDOWS_MAX 262144
/* So many looks are fewer than counting rows would be worth. */
#define LOOKS_FREE 100000
/* A look costs as much as reading so many rows, roughly. */
#define LOOK_ROWS 2

struct walk {
	struct reader *reader;
	const struct edge_span *spans;
	size_t count;
	reader_flow_fn *visit;
	void *context;
	int64_t *windows; /* all that rows of the spans may be in */
	size_t window_count, window_capacity;
	struct stored_flow *rows; /* of the page */
	size_t row_count, row_capacity;
	size_t looks; /* in this snapshot */
};

/* From the beginning of the first of them to the end of the last. */
static struct interval hull_of(const struct edge_span *spans, size_t count)
{
	struct interval hull = {.from = INT64_MAX, .until = INT64_MIN};

	for (size_t i = 0; i < count; i++) {
		const struct interval *one = &spans[i].interval;

		hull.from = one->from < hull.from ? one->from : hull.from;
		hull.until = one->until > hull.until ? one->until : hull.until;
	}
	return hull;
}

static int add_window(struct walk *walk, int64_t window)
{
	size_t larger = walk->window_capacity ? walk->window_capacity * 2 : 1024;
	int64_t *windows;

	if (walk->window_count == walk->window_capacity) {
		windows = reallocarray(walk->windows, larger, sizeof(*windows));
		if (!windows)
			return -ENOMEM;
		walk->windows = windows;
		walk->window_capacity = larger;
	}
	walk->windows[walk->window_count++] = window;
	return 0;
}

/* -E2BIG: there are too many. */
static int find_windows(struct walk *walk)
{
	struct db *db = &walk->reader->db;
	struct interval hull = hull_of(walk->spans, walk->count);
	int64_t next = reader_first_window(walk->reader, hull);
	int r = 0;

	while (r == 0 && next < hull.until) {
		sqlite3_stmt *statement = db_use(db, SQL_READ_NEXT_WINDOW);
		int64_t window;

		db_bind_int(db, statement, 1, next);
		if (!db_row(db, statement))
			break;
		window = sqlite3_column_int64(statement, 0);
		db_stop(statement);
		if (window >= hull.until)
			break;
		r = walk->window_count < WINDOWS_MAX ? add_window(walk, window) : -E2BIG;
		next = window + 1;
	}
	return r;
}

/* How many windows are before the moment. */
static size_t windows_before(const struct walk *walk, int64_t moment)
{
	size_t low = 0, high = walk->window_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (walk->windows[middle] < moment)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t first_window(const struct walk *walk, const struct edge_span *span)
{
	return windows_before(walk, reader_first_window(walk->reader, span->interval));
}

static size_t count_looks(const struct walk *walk)
{
	size_t looks = 0;

	for (size_t i = 0; i < walk->count; i++) {
		size_t first = first_window(walk, &walk->spans[i]);
		size_t end = windows_before(walk, walk->spans[i].interval.until);

		looks += end > first ? end - first : 0;
	}
	return looks;
}

/* Would reading all rows be less work? */
static bool is_dense(const struct walk *walk)
{
	struct db *db = &walk->reader->db;
	size_t looks = count_looks(walk);
	sqlite3_stmt *statement;

	if (looks <= LOOKS_FREE)
		return false;
	statement = db_use(db, SQL_READ_FLOW_COUNT);
	db_bind_int(db, statement, 1, walk->windows[0]);
	db_bind_int(db, statement, 2, walk->windows[walk->window_count - 1]);
	return (int64_t)(looks * LOOK_ROWS) > db_run_int(db, statement, 0);
}

static int add_row(struct walk *walk, const struct stored_flow *row)
{
	size_t larger = walk->row_capacity ? walk->row_capacity * 2 : 256;
	struct stored_flow *rows;

	if (walk->row_count == walk->row_capacity) {
		rows = reallocarray(walk->rows, larger, sizeof(*rows));
		if (!rows)
			return -ENOMEM;
		walk->rows = rows;
		walk->row_capacity = larger;
	}
	walk->rows[walk->row_count++] = *row;
	return 0;
}

static int look(struct walk *walk, const struct edge_span *span, int64_t window)
{
	struct db *db = &walk->reader->db;
	sqlite3_stmt *statement = db_use(db, SQL_READ_EDGE_WINDOW);
	int r = 0;

	db_bind_int(db, statement, 1, span->interval.from);
	db_bind_int(db, statement, 2, span->interval.until);
	db_bind_int(db, statement, 3, window);
	db_bind_int(db, statement, 4, span->edge);
	while (r == 0 && db_row(db, statement)) {
		struct stored_flow row = reader_flow_of(walk->reader, statement, NULL);

		r = add_row(walk, &row);
	}
	if (r < 0)
		db_stop(statement);
	walk->looks++;
	return r;
}

/* Ends the page's snapshot, then shows the page. */
static int show(struct walk *walk)
{
	int visited = reader_finish(walk->reader, 0);

	reader_end(walk->reader);
	for (size_t i = 0; i < walk->row_count && !visited; i++)
		visited = walk->visit(walk->context, &walk->rows[i]);
	walk->row_count = 0;
	walk->looks = 0;
	return visited;
}

static int look_through(struct walk *walk, const struct edge_span *span)
{
	size_t end = windows_before(walk, span->interval.until);
	int visited = 0;

	for (size_t i = first_window(walk, span); i < end && !visited; i++) {
		if (walk->looks == 0)
			reader_resume(walk->reader);
		visited = look(walk, span, walk->windows[i]);
		if (!visited && (walk->looks >= walk->reader->limits.page_rows ||
				 walk->row_count >= walk->reader->limits.page_rows))
			visited = show(walk);
	}
	return visited;
}

static int look_at_all(struct walk *walk)
{
	int visited = 0;

	for (size_t i = 0; i < walk->count && !visited; i++)
		visited = look_through(walk, &walk->spans[i]);
	return visited ? reader_finish(walk->reader, visited) : show(walk);
}

int reader_edge_flows(struct reader *reader, const struct edge_span *spans, size_t count,
		      reader_flow_fn *visit, void *context)
{
	struct walk walk = {
	    .reader = reader, .spans = spans, .count = count, .visit = visit, .context = context};
	int r;

	reader_need(reader);
	r = find_windows(&walk);
	if (r == 0 && is_dense(&walk))
		r = -E2BIG;
	if (r == 0)
		r = look_at_all(&walk);
	free(walk.windows);
	free(walk.rows);
	return r == -E2BIG ? reader_flows(reader, hull_of(spans, count), visit, context) : r;
}
