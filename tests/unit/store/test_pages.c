#include "tests/unit/store/fixture.h"

#include <errno.h>
#include <poll.h>

#include "base/clock.h"

#define MINUTE 60000

static struct flow of_length(struct flow flow, uint32_t length)
{
	flow.length = length;
	return flow;
}

/* Windows, single connections that began at one moment, and sums without windows. */
static void write_record(struct store *store)
{
	for (uint16_t port = 1; port <= 7; port++) {
		write_one(store, a_flow(port, 0));
		write_one(store, a_flow(port, MINUTE));
		if (port % 2)
			write_one(store, of_length(a_flow(port, 0), FLOW_WITHOUT_WINDOW));
	}
	for (int i = 0; i < 5; i++)
		write_one(store, of_length(a_flow(9, 2 * MINUTE), 0));
}
#define RECORD_ROWS (7 * 2 + 4 + 5)

static struct reader *open_pages(const char *path, size_t rows)
{
	struct reader *reader = open_reader(path);

	reader_limit(reader, (struct reader_limits){.snapshot_ms = 30000, .page_rows = rows});
	return reader;
}

static void assert_same_flows(const struct seen *a, const struct seen *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		assert_int_equal(a->flows[i].edge, b->flows[i].edge);
		assert_memory_equal(&a->flows[i].flow.key, &b->flows[i].flow.key,
				    sizeof(a->flows[i].flow.key));
		assert_int_equal(a->flows[i].flow.window, b->flows[i].flow.window);
		assert_int_equal(a->flows[i].flow.length, b->flows[i].flow.length);
		assert_totals(&a->flows[i].flow.totals, &b->flows[i].flow.totals);
	}
}

static void check_pages(const char *path, struct interval interval, size_t count)
{
	struct reader *whole = open_reader(path);
	struct seen *expected = flows_in(whole, interval);

	reader_close(whole);
	assert_int_equal(expected->count, count);
	for (size_t rows = 1; rows <= count + 1; rows++) {
		struct reader *reader = open_pages(path, rows);
		struct seen *seen = flows_in(reader, interval);

		assert_same_flows(expected, seen);
		free(seen);
		reader_close(reader);
	}
	free(expected);
}

static void test_pages_make_the_whole(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");

	write_record(store);
	check_pages(place->path, ALWAYS, RECORD_ROWS);
	check_pages(place->path, (struct interval){0, INT64_MAX}, RECORD_ROWS - 4);
	check_pages(place->path, (struct interval){0, MINUTE}, 7);
	check_pages(place->path, (struct interval){MINUTE, 2 * MINUTE}, 7);
	check_pages(place->path, (struct interval){MINUTE, 2 * MINUTE + 6}, 12);
	store_close(store);
}

static void test_no_rows(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");

	check_pages(place->path, ALWAYS, 0);
	write_record(store);
	check_pages(place->path, (struct interval){3 * MINUTE, INT64_MAX}, 0);
	check_pages(place->path, (struct interval){0, 0}, 0);
	store_close(store);
}

/* What sqlite3(1) would be told: 0 if the log could be emptied, 1 if a reader was in the way. */
static int empty_log(const char *path)
{
	sqlite3 *handle = NULL;
	sqlite3_stmt *statement = NULL;
	int busy;

	assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
	assert_int_equal(
	    sqlite3_prepare_v2(handle, "PRAGMA wal_checkpoint(TRUNCATE)", -1, &statement, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	busy = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(handle);
	return busy;
}

/* A visitor while which the writer goes on. */
struct meanwhile {
	struct place *place;
	struct store *store;
	struct seen *seen;
	uint16_t port;
};

static int write_meanwhile(void *context, const struct stored_flow *flow)
{
	struct meanwhile *meanwhile = context;

	/* New edges, a new window of an old one, and what adds to an old row. */
	write_one(meanwhile->store, a_flow(meanwhile->port++, MINUTE));
	write_one(meanwhile->store, a_flow(1, meanwhile->port * MINUTE));
	write_one(meanwhile->store, a_flow(7, MINUTE));
	assert_int_equal(empty_log(meanwhile->place->path), 0);
	return see_flow(meanwhile->seen, flow);
}

static void test_the_writer_goes_on(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct seen *expected, *seen = calloc(1, sizeof(*seen));
	struct meanwhile meanwhile = {place, store, seen, 100};
	struct reader *reader;
	size_t last = 0;

	assert_non_null(seen);
	write_record(store);
	reader = open_pages(place->path, 2);
	expected = flows_in(reader, ALWAYS);
	assert_int_equal(reader_flows(reader, ALWAYS, write_meanwhile, &meanwhile), 0);
	assert_int_equal(seen->count, expected->count);
	for (size_t i = 0; i < seen->count; i++) {
		assert_int_equal(seen->flows[i].edge, expected->flows[i].edge);
		assert_int_equal(seen->flows[i].flow.window, expected->flows[i].flow.window);
		if (seen->flows[i].flow.key.port == 7 && seen->flows[i].flow.window == MINUTE)
			last = i;
	}
	/* The newest state of what changed before its page. */
	assert_true(seen->flows[last].flow.totals.connections > 1);
	reader_close(reader);
	free(expected);
	free(seen);
	store_close(store);
}

static int no_edge(void *context, const struct edge *edge)
{
	(void)context;
	(void)edge;
	return 0;
}

static void test_end_lets_the_log_go(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct reader *reader;

	write_record(store);
	reader = open_reader(place->path);
	write_one(store, a_flow(50, 0));
	assert_int_equal(empty_log(place->path), 0);
	assert_int_equal(reader_edges(reader, ALWAYS, no_edge, NULL), 0);
	write_one(store, a_flow(51, 0));
	assert_int_equal(empty_log(place->path), 1);
	reader_end(reader);
	assert_int_equal(empty_log(place->path), 0);
	reader_end(reader);
	reader_close(reader);
	store_close(store);
}

static void assert_overdue(struct reader *reader, int result)
{
	assert_int_equal(result, -ETIMEDOUT);
	assert_non_null(strstr(reader_error(reader), "--since"));
}

static void test_no_time_at_all(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct seen *seen = calloc(1, sizeof(*seen));
	struct reader *reader;
	size_t uncut;

	assert_non_null(seen);
	write_record(store);
	reader = open_reader(place->path);
	reader_limit(reader, (struct reader_limits){.snapshot_ms = 0, .page_rows = 10});
	assert_overdue(reader, reader_edges(reader, ALWAYS, see_edge, seen));
	assert_overdue(reader, reader_flows(reader, ALWAYS, see_flow, seen));
	assert_overdue(reader, reader_uncut(reader, (struct interval){1, 2}, &uncut));
	assert_int_equal(seen->count, 0);
	write_one(store, a_flow(50, 0));
	assert_int_equal(empty_log(place->path), 0);
	/* Not for ever: the next walk has a snapshot of its own. */
	reader_limit(reader, (struct reader_limits){.snapshot_ms = 30000, .page_rows = 10});
	assert_int_equal(reader_edges(reader, ALWAYS, see_edge, seen), 0);
	assert_int_equal(seen->count, 9);
	free(seen);
	reader_close(reader);
	store_close(store);
}

#define SNAPSHOT_MS 1000

/* Longer than a snapshot may be old. */
static int sleep_once(void *context, const struct edge *edge)
{
	int64_t until = clock_monotonic() + (SNAPSHOT_MS + 50) * NSEC_PER_MSEC;
	size_t *count = context;

	(void)edge;
	if ((*count)++ == 0)
		while (clock_monotonic() < until)
			poll(NULL, 0, 50);
	return 0;
}

/* The clock runs out within a walk: SQLite itself is stopped. */
static void test_overdue_in_a_walk(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct flow flows[2000];
	struct reader *reader;
	size_t count = 0;

	for (uint16_t i = 0; i < COUNT(flows); i++)
		flows[i] = a_flow(i, 0);
	write_flow_array(store, MINUTE, flows, COUNT(flows));
	reader = open_reader(place->path);
	reader_limit(reader, (struct reader_limits){.snapshot_ms = SNAPSHOT_MS, .page_rows = 10});
	assert_overdue(reader, reader_edges(reader, ALWAYS, sleep_once, &count));
	assert_true(count < COUNT(flows));
	write_one(store, a_flow(50, 0));
	assert_int_equal(empty_log(place->path), 0);
	reader_close(reader);
	store_close(store);
}

/* The clock of the page, not of the walk: a visitor may take its time. */
static int sleep_flow(void *context, const struct stored_flow *flow)
{
	(void)flow;
	return sleep_once(context, NULL);
}

static void test_slow_visitors_of_flows(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct reader *reader;
	size_t count = 0;

	write_record(store);
	reader = open_reader(place->path);
	reader_limit(reader, (struct reader_limits){.snapshot_ms = SNAPSHOT_MS, .page_rows = 4});
	assert_int_equal(reader_flows(reader, ALWAYS, sleep_flow, &count), 0);
	assert_int_equal(count, RECORD_ROWS);
	reader_close(reader);
	store_close(store);
}

/* Rows of the edges from first to last as reader_flows() has them, but edge by edge. */
static struct seen *rows_of(const char *path, struct interval interval, int64_t first, int64_t last)
{
	struct reader *reader = open_reader(path);
	struct seen *all = flows_in(reader, interval), *own = calloc(1, sizeof(*own));

	assert_non_null(own);
	for (int64_t edge = first; edge <= last; edge++)
		for (size_t i = 0; i < all->count; i++)
			if (all->flows[i].edge == edge &&
			    all->flows[i].flow.length != FLOW_WITHOUT_WINDOW)
				own->flows[own->count++] = all->flows[i];
	free(all);
	reader_close(reader);
	return own;
}

static void check_edges(const char *path, struct interval interval, int64_t first, int64_t last,
			size_t count)
{
	struct seen *expected = rows_of(path, interval, first, last);
	struct edge_span spans[16];
	size_t span_count = 0;

	assert_int_equal(expected->count, count);
	for (int64_t edge = first; edge <= last; edge++)
		spans[span_count++] = (struct edge_span){edge, interval};
	for (size_t rows = 1; rows <= count + 1; rows++) {
		struct reader *reader = open_pages(path, rows);
		struct seen *seen = calloc(1, sizeof(*seen));

		assert_non_null(seen);
		assert_int_equal(reader_edge_flows(reader, spans, span_count, see_flow, seen), 0);
		assert_same_flows(expected, seen);
		free(seen);
		reader_close(reader);
	}
	free(expected);
}

static void test_rows_of_some_edges(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	int64_t portless;

	write_record(store);
	store_close(store);
	portless = ask(place->path, "SELECT max(id) FROM edge");
	check_edges(place->path, (struct interval){0, 10 * MINUTE}, 1, 2, 4);
	check_edges(place->path, (struct interval){0, 10 * MINUTE}, 1, portless, 7 * 2 + 5);
	check_edges(place->path, (struct interval){0, 10 * MINUTE}, portless, portless, 5);
	check_edges(place->path, (struct interval){MINUTE, 2 * MINUTE}, 2, 3, 2);
	check_edges(place->path, (struct interval){5 * MINUTE, 9 * MINUTE}, 1, portless, 0);
	check_edges(place->path, (struct interval){0, 10 * MINUTE}, portless + 1, portless + 1, 0);
}

/* Looks into each window for so many edges would be more work than all rows are. */
static void test_rows_of_very_many_edges(void **state)
{
	enum { EDGES = 60000 };
	const struct interval interval = {0, 10 * MINUTE};
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct edge_span *spans = calloc(EDGES, sizeof(*spans));
	struct reader *reader;
	struct seen *expected, *seen = calloc(1, sizeof(*seen));

	assert_non_null(spans);
	assert_non_null(seen);
	write_record(store);
	store_close(store);
	for (int64_t i = 0; i < EDGES; i++)
		spans[i] = (struct edge_span){i + 1, interval};
	reader = open_reader(place->path);
	expected = flows_in(reader, interval);
	assert_int_equal(reader_edge_flows(reader, spans, EDGES, see_flow, seen), 0);
	assert_same_flows(expected, seen);
	reader_close(reader);
	free(expected);
	free(seen);
	free(spans);
}

static void test_edges_without_time(void **state)
{
	const struct edge_span span = {1, {0, 10 * MINUTE}};
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct seen *seen = calloc(1, sizeof(*seen));
	struct reader *reader;

	assert_non_null(seen);
	write_record(store);
	reader = open_reader(place->path);
	reader_limit(reader, (struct reader_limits){.snapshot_ms = 0, .page_rows = 10});
	assert_overdue(reader, reader_edge_flows(reader, &span, 1, see_flow, seen));
	assert_int_equal(seen->count, 0);
	free(seen);
	reader_close(reader);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_pages_make_the_whole, place_setup, place_teardown),
	    cmocka_unit_test_setup_teardown(test_no_rows, place_setup, place_teardown),
	    cmocka_unit_test_setup_teardown(test_the_writer_goes_on, place_setup, place_teardown),
	    cmocka_unit_test_setup_teardown(test_end_lets_the_log_go, place_setup, place_teardown),
	    cmocka_unit_test_setup_teardown(test_no_time_at_all, place_setup, place_teardown),
	    cmocka_unit_test_setup_teardown(test_overdue_in_a_walk, place_setup, place_teardown),
	    cmocka_unit_test_setup_teardown(test_slow_visitors_of_flows, place_setup,
					    place_teardown),
	    cmocka_unit_test_setup_teardown(test_rows_of_some_edges, place_setup, place_teardown),
	    cmocka_unit_test_setup_teardown(test_rows_of_very_many_edges, place_setup,
					    place_teardown),
	    cmocka_unit_test_setup_teardown(test_edges_without_time, place_setup, place_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
