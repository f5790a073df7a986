#include "tests/unit/store/fixture.h"

#include <errno.h>

static const struct edge *by_port(const struct seen *seen, uint16_t port)
{
	for (size_t i = 0; i < seen->count; i++) {
		if (seen->edges[i].key.port == port)
			return &seen->edges[i];
	}
	return NULL;
}

/* Port 80: minutes 1, 2, 3. Port 81: minute 2 alone. Port 82: minutes 1 and 3. */
static void fill(const char *path)
{
	static const struct {
		uint16_t port;
		int minute;
	} rows[] = {{80, 1}, {80, 2}, {80, 3}, {81, 2}, {82, 1}, {82, 3}};
	struct store *store = open_node(path, "n1");

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct flow flow = a_flow(rows[i].port, rows[i].minute * 60000);

		flow.totals.connections = rows[i].minute * 10;
		flow.totals.timed_out = rows[i].minute;
		flow.totals.reset = rows[i].minute + 1;
		flow.totals.evicted = rows[i].minute + 2;
		flow.totals.deleted = rows[i].minute + 3;
		flow.totals.vanished = rows[i].minute + 4;
		write_one(store, flow);
	}
	store_close(store);
}

/* Of minutes that add up to sum, so many of them. */
static void assert_endings(const struct totals *totals, int sum, int minutes)
{
	assert_int_equal(totals->timed_out, sum);
	assert_int_equal(totals->reset, sum + minutes);
	assert_int_equal(totals->evicted, sum + 2 * minutes);
	assert_int_equal(totals->deleted, sum + 3 * minutes);
	assert_int_equal(totals->vanished, sum + 4 * minutes);
}

static void test_interval_cuts_edges(void **state)
{
	struct place *place = *state;
	struct reader *reader;
	struct seen *seen;
	const struct edge *edge;

	fill(place->path);
	reader = open_reader(place->path);
	seen = edges_in(reader, (struct interval){120000, 180000});
	assert_int_equal(seen->count, 2);
	edge = by_port(seen, 80);
	assert_int_equal(edge->totals.connections, 20);
	assert_int_equal(edge->first_seen, 120005);
	assert_true(edge->begun < 120000);
	assert_int_equal(edge->last_seen, 120010);
	assert_int_equal(by_port(seen, 81)->totals.connections, 20);
	free(seen);
	seen = edges_in(reader, (struct interval){120000, INT64_MAX});
	assert_int_equal(seen->count, 3);
	assert_int_equal(by_port(seen, 80)->totals.connections, 50);
	assert_endings(&by_port(seen, 80)->totals, 5, 2);
	assert_int_equal(by_port(seen, 82)->totals.connections, 30);
	free(seen);
	seen = edges_in(reader, (struct interval){INT64_MIN, 120000});
	assert_int_equal(seen->count, 2);
	assert_int_equal(by_port(seen, 80)->totals.connections, 10);
	assert_int_equal(by_port(seen, 82)->totals.connections, 10);
	free(seen);
	seen = edges_in(reader, ALWAYS);
	assert_int_equal(seen->count, 3);
	assert_int_equal(by_port(seen, 80)->totals.connections, 60);
	assert_int_equal(by_port(seen, 82)->totals.connections, 40);
	free(seen);
	reader_close(reader);
}

static size_t uncut(const char *path, int64_t from, int64_t until)
{
	struct reader *reader = open_reader(path);
	size_t count = SIZE_MAX;

	assert_int_equal(reader_uncut(reader, (struct interval){from, until}, &count), 0);
	reader_close(reader);
	return count;
}

/* Ports 80 and 82 lose minute 1, port 81 all: what is gone is older than all that a node still has,
 * or the whole edge. */
static void test_edges_whose_windows_are_gone(void **state)
{
	struct place *place = *state;

	fill(place->path);
	assert_int_equal(uncut(place->path, 120000, 180000), 0);
	change(place->path, "DELETE FROM flow WHERE window = 60000 OR edge IN"
			    " (SELECT id FROM edge WHERE port = 81)");
	assert_int_equal(uncut(place->path, INT64_MIN, INT64_MAX), 0);
	assert_int_equal(uncut(place->path, 180000, INT64_MAX), 0);
	assert_int_equal(uncut(place->path, INT64_MIN, 120000), 2);
	assert_int_equal(uncut(place->path, 0, 240000), 0);
	assert_int_equal(uncut(place->path, 120007, 180000), 1);
}

static void test_interval_inside_a_window(void **state)
{
	struct place *place = *state;
	struct reader *reader;
	struct seen *seen;

	fill(place->path);
	reader = open_reader(place->path);
	/* Seen at 120005 to 120010. */
	seen = edges_in(reader, (struct interval){120007, 120008});
	assert_int_equal(seen->count, 2);
	free(seen);
	seen = edges_in(reader, (struct interval){120010, 120011});
	assert_int_equal(seen->count, 2);
	free(seen);
	seen = edges_in(reader, (struct interval){120011, 180005});
	assert_int_equal(seen->count, 0);
	free(seen);
	seen = edges_in(reader, (struct interval){120000, 120005});
	assert_int_equal(seen->count, 0);
	free(seen);
	reader_close(reader);
}

/* A row that began long before the interval and reaches into it. */
static void test_long_connection_is_found(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct flow flow = a_flow(80, 1000);
	struct reader *reader;
	struct seen *seen;

	flow.length = 0;
	flow.last_seen = 90000000;
	write_one(store, flow);
	store_close(store);
	store = open_node(place->path, "n1");
	write_one(store, a_flow(81, 80000000));
	reader = open_reader(place->path);
	seen = edges_in(reader, (struct interval){85000000, 85000001});
	assert_int_equal(seen->count, 1);
	assert_int_equal(seen->edges[0].key.port, 80);
	free(seen);
	seen = flows_in(reader, (struct interval){85000000, 85000001});
	assert_int_equal(seen->count, 1);
	assert_int_equal(seen->flows[0].flow.last_seen, 90000000);
	free(seen);
	reader_close(reader);
	store_close(store);
}

static void test_flows_come_by_window_then_edge(void **state)
{
	static const int expected[][2] = {{1, 80}, {1, 82}, {2, 80}, {2, 81}, {3, 80}, {3, 82}};
	struct place *place = *state;
	struct reader *reader;
	struct seen *seen;

	fill(place->path);
	reader = open_reader(place->path);
	seen = flows_in(reader, ALWAYS);
	assert_int_equal(seen->count, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_int_equal(seen->flows[i].flow.window, expected[i][0] * 60000);
		assert_int_equal(seen->flows[i].flow.key.port, expected[i][1]);
	}
	free(seen);
	seen = flows_in(reader, (struct interval){120000, 180000});
	assert_int_equal(seen->count, 2);
	free(seen);
	reader_close(reader);
}

static void test_remainders_come_first_and_only_without_bounds(void **state)
{
	struct place *place = *state;
	struct store *store;
	struct reader *reader;
	struct seen *seen;
	bool more = true;

	fill(place->path);
	store = open_node(place->path, "n1");
	assert_int_equal(store_prune(store, &(struct store_limits){.before = 120000}, 100, &more),
			 0);
	assert_false(more);
	store_close(store);
	reader = open_reader(place->path);
	seen = flows_in(reader, ALWAYS);
	assert_int_equal(seen->count, 6);
	assert_int_equal(seen->flows[0].flow.length, FLOW_WITHOUT_WINDOW);
	assert_int_equal(seen->flows[0].flow.key.port, 80);
	assert_int_equal(seen->flows[0].flow.totals.connections, 10);
	assert_int_equal(seen->flows[0].flow.totals.bytes_received, 20);
	assert_endings(&seen->flows[0].flow.totals, 1, 1);
	assert_int_equal(seen->flows[0].flow.first_seen, 60005);
	assert_int_equal(seen->flows[0].flow.last_seen, 180010);
	assert_int_equal(seen->flows[1].flow.length, FLOW_WITHOUT_WINDOW);
	assert_int_equal(seen->flows[1].flow.key.port, 82);
	assert_int_equal(seen->flows[2].flow.length, 60000);
	free(seen);
	seen = flows_in(reader, (struct interval){0, INT64_MAX});
	assert_int_equal(seen->count, 4);
	free(seen);
	reader_close(reader);
}

/* The connection was opened in one window and counted in the next. */
static void test_remainder_tells_when_the_edge_began(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct flow flow = a_flow(80, 60000);
	struct reader *reader;
	struct seen *seen;

	flow.first_seen = 59650;
	write_one(store, flow);
	store_close(store);
	reader = open_reader(place->path);
	seen = flows_in(reader, ALWAYS);
	assert_int_equal(seen->count, 2);
	assert_int_equal(seen->flows[0].flow.length, FLOW_WITHOUT_WINDOW);
	assert_int_equal(seen->flows[0].flow.totals.connections, 0);
	assert_int_equal(seen->flows[0].flow.totals.bytes_sent, 0);
	assert_int_equal(seen->flows[0].flow.first_seen, 59650);
	assert_int_equal(seen->flows[1].flow.first_seen, 60000);
	assert_int_equal(seen->flows[1].flow.totals.connections, 1);
	free(seen);
	reader_close(reader);
}

struct log {
	char text[2048];
};

static void add(struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct log *log, const char *format, ...)
{
	size_t length = strlen(log->text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(log->text + length, sizeof(log->text) - length, format, arguments);
	va_end(arguments);
}

static int see_pod(void *context, const struct stored_pod *pod)
{
	struct log *log = context;
	char address[ADDR_TEXT_MAX];

	add(log, "%s %s/%s %s %s %s", pod->node, pod->pod.namespace, pod->pod.name, pod->pod.uid,
	    pod->pod.sandbox, pod->pod.source);
	for (size_t i = 0; i < pod->pod.address_count; i++) {
		const struct pod_address *interval = &pod->pod.addresses[i];

		add(log, " %s[%lld,%lld)", addr_format(interval->address, address),
		    (long long)interval->since,
		    interval->until == INTERVAL_OPEN ? -1LL : (long long)interval->until);
	}
	add(log, "\n");
	return 0;
}

#define MS INT64_C(1000000)

static void write_pod(struct store *store, uint32_t number, const char *name, const char *sandbox,
		      struct pod_address *addresses, size_t count)
{
	struct batch_pod pod = {number, a_pod(name, sandbox, addresses, count)};
	struct batch batch = {.time = 1, .pods = &pod, .pod_count = 1};

	write_batch(store, &batch);
}

static void test_pods_are_ordered_and_in_ms(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n2");
	struct pod_address first[] = {{ip("fd00::1"), 7 * MS + 999999, INTERVAL_OPEN, false, false},
				      {ip("10.0.0.9"), 7 * MS, 9 * MS + 1, false, false}};
	struct pod_address second[] = {{ip("10.0.0.8"), 5 * MS, INTERVAL_OPEN, false, false}};
	struct log log = {""};
	struct reader *reader;

	write_pod(store, 1, "z", "s1", first, 2);
	write_pod(store, 2, "a", "s2", second, 1);
	write_pod(store, 3, "a", "s0", NULL, 0);
	second[0].until = 6 * MS;
	write_pod(store, 2, "a", "s2", second, 1);
	assert_int_equal(store_use_node(store, "n1"), 0);
	write_pod(store, 4, "z", "s1", second, 1);
	reader = open_reader(place->path);
	assert_int_equal(reader_pods(reader, see_pod, &log), 0);
	assert_string_equal(log.text,
			    "n1 shop/z uid-1 s1 cni-result 10.0.0.8[5,6)\n"
			    "n2 shop/a uid-1 s0 cni-result\n"
			    "n2 shop/a uid-1 s2 cni-result 10.0.0.8[5,6)\n"
			    "n2 shop/z uid-1 s1 cni-result 10.0.0.9[7,9) fd00::1[7,-1)\n");
	reader_close(reader);
	store_close(store);
}

static int see_address(void *context, const struct stored_address *address)
{
	char text[ADDR_TEXT_MAX];

	add(context, "%s %s[%lld,%lld)\n", address->node, addr_format(address->address, text),
	    (long long)address->since,
	    address->until == INTERVAL_OPEN ? -1LL : (long long)address->until);
	return 0;
}

static int see_node(void *context, const char *node, int64_t first, int64_t heartbeat)
{
	add(context, "%s %lld %lld\n", node, (long long)first, (long long)heartbeat);
	return 0;
}

static void write_addresses(struct store *store, int64_t time, const char *address, bool present)
{
	struct node_address entry = {ip(address), present};
	struct batch batch = {.time = time, .addresses = &entry, .address_count = 1};

	write_batch(store, &batch);
}

static void test_nodes_and_their_addresses(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n2");
	struct log log = {""};
	struct reader *reader;

	write_addresses(store, 10, "fd00::2", true);
	write_addresses(store, 20, "192.0.2.2", true);
	write_addresses(store, 30, "192.0.2.2", true);
	write_addresses(store, 40, "192.0.2.2", false);
	write_addresses(store, 50, "192.0.2.2", true);
	write_addresses(store, 60, "192.0.2.77", false);
	assert_int_equal(store_use_node(store, "n1"), 0);
	reader = open_reader(place->path);
	assert_int_equal(reader_addresses(reader, see_address, &log), 0);
	assert_string_equal(log.text,
			    "n2 192.0.2.2[20,40)\nn2 192.0.2.2[50,-1)\nn2 fd00::2[10,-1)\n");
	log.text[0] = '\0';
	assert_int_equal(reader_nodes(reader, see_node, &log), 0);
	assert_string_equal(log.text, "n1 0 0\nn2 10 60\n");
	reader_close(reader);
	store_close(store);
}

static int stop_at_second(void *context, const struct edge *edge)
{
	int *count = context;

	assert_non_null(edge);
	return ++*count == 2 ? 42 : 0;
}

static void test_visitor_can_stop(void **state)
{
	struct place *place = *state;
	struct reader *reader;
	struct seen *seen;
	int count = 0;

	fill(place->path);
	reader = open_reader(place->path);
	assert_int_equal(reader_edges(reader, ALWAYS, stop_at_second, &count), 42);
	assert_int_equal(count, 2);
	seen = edges_in(reader, ALWAYS);
	assert_int_equal(seen->count, 3);
	free(seen);
	reader_close(reader);
}

/* All that policies ask, and nothing else. */
static void test_edges_in_short(void **state)
{
	struct place *place = *state;
	struct reader *reader;
	struct seen *whole, *seen;
	int count = 0;

	fill(place->path);
	reader = open_reader(place->path);
	whole = edges_in(reader, ALWAYS);
	reader_shorten(reader, true);
	seen = edges_in(reader, ALWAYS);
	assert_int_equal(seen->count, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct edge *edge = &seen->edges[i], *other = &whole->edges[i];
		struct totals totals = {.connections = other->totals.connections,
					.closed = other->totals.closed,
					.packets_sent = other->totals.packets_sent};

		assert_true(other->totals.packets_received > 0);
		assert_totals(&edge->totals, &totals);
		assert_memory_equal(&edge->key, &other->key, sizeof(edge->key));
		assert_int_equal(edge->id, other->id);
		assert_string_equal(edge->node, other->node);
		assert_int_equal(edge->first_seen, other->first_seen);
		assert_int_equal(edge->last_seen, other->last_seen);
		assert_int_equal(edge->begun, other->begun);
	}
	assert_int_equal(reader_edges(reader, ALWAYS, stop_at_second, &count), 42);
	assert_int_equal(count, 2);
	free(seen);
	reader_shorten(reader, false);
	seen = edges_in(reader, ALWAYS);
	assert_totals(&seen->edges[0].totals, &whole->edges[0].totals);
	free(seen);
	free(whole);
	reader_close(reader);
}

static void test_figures(void **state)
{
	struct place *place = *state;
	struct store_figures figures;
	struct reader *reader;

	fill(place->path);
	reader = open_reader(place->path);
	assert_int_equal(reader_figures(reader, &figures), 0);
	assert_int_equal(figures.edges, 3);
	assert_int_equal(figures.flows, 6);
	assert_int_equal(figures.pods, 0);
	assert_int_equal(figures.gaps, 0);
	assert_true(figures.file_bytes > 4096);
	assert_int_equal(figures.wal_bytes, 0);
	assert_true(figures.schema >= 1);
	reader_close(reader);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

/* A prefix longer than its address, and an address with more bits than its prefix. */
static void test_wrong_prefixes(void **state)
{
	static const char *const scripts[] = {
	    "UPDATE edge SET destination_prefix = 32", "UPDATE edge SET destination_prefix = 128",
	    "UPDATE edge SET destination_prefix = 24", "UPDATE edge SET source_prefix = 31"};
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");

	write_one(store, a_flow(80, 0));
	store_close(store);
	for (size_t i = 0; i < COUNT(scripts); i++) {
		struct seen *seen = calloc(1, sizeof(*seen));
		struct reader *reader;

		assert_non_null(seen);
		change(place->path,
		       "UPDATE edge SET source_prefix = NULL, destination_prefix = NULL");
		change(place->path, scripts[i]);
		reader = open_reader(place->path);
		assert_int_equal(reader_edges(reader, ALWAYS, see_edge, seen), -EBADMSG);
		assert_int_equal(reader_flows(reader, ALWAYS, see_flow, seen), -EBADMSG);
		reader_shorten(reader, true);
		assert_int_equal(reader_edges(reader, ALWAYS, see_edge, seen), -EBADMSG);
		assert_int_equal(seen->count, 0);
		free(seen);
		reader_close(reader);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_interval_cuts_edges),
	    TEST(test_edges_whose_windows_are_gone),
	    TEST(test_interval_inside_a_window),
	    TEST(test_long_connection_is_found),
	    TEST(test_flows_come_by_window_then_edge),
	    TEST(test_remainders_come_first_and_only_without_bounds),
	    TEST(test_remainder_tells_when_the_edge_began),
	    TEST(test_pods_are_ordered_and_in_ms),
	    TEST(test_nodes_and_their_addresses),
	    TEST(test_visitor_can_stop),
	    TEST(test_edges_in_short),
	    TEST(test_figures),
	    cmocka_unit_test_setup_teardown(test_wrong_prefixes, place_setup, place_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
