#include "tests/unit/store/fixture.h"

#include <errno.h>

static const struct edge *find_edge(const struct seen *seen, const struct edge_key *key)
{
	for (size_t i = 0; i < seen->count; i++) {
		if (memcmp(&seen->edges[i].key, key, sizeof(*key)) == 0)
			return &seen->edges[i];
	}
	return NULL;
}

#define VARIANTS 16

/* Keys that differ from each other in one identifying column each. */
static size_t make_variants(struct flow *flows)
{
	size_t count = 0;

	for (; count < VARIANTS; count++)
		flows[count] = a_flow(80, 600000);
	flows[1].key.source = ip("fd00::1");
	flows[2].key.destination = ip("10.0.0.3");
	flows[3].key.service = ip("10.96.0.1");
	flows[4].key.service = ip("10.96.0.1");
	flows[4].key.service_port = 8080;
	flows[5].key.translated = ip("192.0.2.7");
	flows[6].key.port = 0;
	flows[7].key.port = 0;
	flows[7].key.has_port = 0;
	flows[8].key.protocol = 132;
	flows[9].key.verdict = VERDICT_UNKNOWN;
	flows[10].key.direction_uncertain = 1;
	flows[11].key.port = 65535;
	flows[12].key.source_pod = 7;
	flows[12].key.destination_pod = 7;
	flows[13].key.source = flows[14].key.source = ip("10.0.0.0");
	flows[14].key.source_prefix = 24;
	flows[15].key.destination_prefix = 31;
	for (size_t i = 0; i < count; i++) {
		struct totals *totals = &flows[i].totals;

		totals->bytes_sent = 1000 + (int64_t)i;
		totals->timed_out = 1;
		totals->reset = 2;
		totals->evicted = 3;
		totals->deleted = 4;
		totals->vanished = 5;
	}
	return count;
}

static void test_every_field_returns(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct pod_address address = {ip("10.0.0.1"), 500000 * INT64_C(1000000), INTERVAL_OPEN,
				      false, false};
	struct batch_pod pod = {7, a_pod("api-1", "s1", &address, 1)};
	struct flow flows[VARIANTS];
	struct batch batch = {.time = 700000, .pods = &pod, .pod_count = 1, .flows = flows};
	struct reader *reader;
	struct seen *seen;
	int64_t sent = 0;

	batch.flow_count = make_variants(flows);
	write_batch(store, &batch);
	write_batch(store, &batch);
	reader = open_reader(place->path);
	seen = edges_in(reader, ALWAYS);
	assert_int_equal(seen->count, batch.flow_count);
	for (size_t i = 0; i < batch.flow_count; i++) {
		struct edge_key key = flows[i].key;
		const struct edge *edge;
		struct totals twice = flows[i].totals;

		if (key.source_pod)
			key.source_pod = key.destination_pod = 1;
		edge = find_edge(seen, &key);
		assert_non_null(edge);
		totals_add(&twice, &flows[i].totals);
		assert_totals(&edge->totals, &twice);
		assert_int_equal(edge->first_seen, 600005);
		assert_int_equal(edge->last_seen, 600010);
		assert_string_equal(edge->node, "n1");
	}
	free(seen);
	seen = flows_in(reader, ALWAYS);
	assert_int_equal(seen->count, batch.flow_count);
	for (size_t i = 0; i < seen->count; i++) {
		const struct flow *row = &seen->flows[i].flow;
		struct totals expected = flows[0].totals;

		assert_int_equal(row->window, 600000);
		assert_int_equal(row->length, 60000);
		assert_int_equal(row->first_seen, 600005);
		assert_int_equal(row->last_seen, 600010);
		assert_string_equal(seen->flows[i].node, "n1");
		totals_add(&expected, &flows[0].totals);
		expected.bytes_sent = row->totals.bytes_sent;
		assert_totals(&row->totals, &expected);
		sent += row->totals.bytes_sent;
	}
	assert_int_equal(sent, VARIANTS * 2000 + VARIANTS * (VARIANTS - 1));
	free(seen);
	reader_close(reader);
	store_close(store);
	assert_sound(place->path);
}

static void test_prefixes_and_endings_in_views(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct flow flow = a_flow(80, 0);

	flow.key.source = ip("203.0.113.0");
	flow.key.source_prefix = 24;
	flow.key.destination = ip("2001:db8:5::");
	flow.key.destination_prefix = 48;
	flow.totals.reset = 1;
	write_one(store, flow);
	store_close(store);
	assert_int_equal(ask(place->path,
			     "SELECT count(*) FROM edges WHERE source = '203.0.113.0/24'"
			     " AND destination = '2001:db8:5::/48' AND reset = 1"
			     " AND evicted = 0"),
			 1);
	assert_int_equal(
	    ask(place->path,
		"SELECT count(*) FROM flows WHERE source = '203.0.113.0/24' AND reset = 1"),
	    1);
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

#define EDGES 50
#define WINDOWS 5

static void test_rows_and_edges_are_sums(void **state)
{
	struct place *place = *state;
	struct totals edges[EDGES] = {0}, windows[EDGES][WINDOWS] = {0};
	struct store *store = open_node(place->path, "n1");
	struct reader *reader;
	struct seen *seen;
	uint32_t random = 1;

	for (int i = 0; i < 3000; i++) {
		unsigned edge = next_random(&random) % EDGES,
			 window = next_random(&random) % WINDOWS;
		struct flow flow = a_flow((uint16_t)(1000 + edge), (int64_t)window * 60000);

		flow.totals.bytes_sent = (int64_t)(next_random(&random) % 5000) - 1000;
		flow.totals.vanished = next_random(&random) % 2;
		totals_add(&edges[edge], &flow.totals);
		totals_add(&windows[edge][window], &flow.totals);
		write_one(store, flow);
		if (i % 1000 == 999) {
			store_close(store);
			store = open_node(place->path, "n1");
		}
	}
	reader = open_reader(place->path);
	seen = edges_in(reader, ALWAYS);
	assert_int_equal(seen->count, EDGES);
	for (size_t i = 0; i < seen->count; i++)
		assert_totals(&seen->edges[i].totals, &edges[seen->edges[i].key.port - 1000]);
	free(seen);
	seen = flows_in(reader, ALWAYS);
	assert_int_equal(seen->count, EDGES * WINDOWS);
	for (size_t i = 0; i < seen->count; i++) {
		const struct flow *flow = &seen->flows[i].flow;

		assert_totals(&flow->totals, &windows[flow->key.port - 1000][flow->window / 60000]);
	}
	free(seen);
	reader_close(reader);
	store_close(store);
}

static void test_first_and_last_seen_widen(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct flow flow = a_flow(80, 60000);
	struct reader *reader;
	struct seen *seen;

	flow.first_seen = 60500;
	flow.last_seen = 60600;
	write_one(store, flow);
	flow.first_seen = 60100;
	flow.last_seen = 60550;
	write_one(store, flow);
	flow.first_seen = 60400;
	flow.last_seen = 60900;
	write_one(store, flow);
	reader = open_reader(place->path);
	seen = edges_in(reader, ALWAYS);
	assert_int_equal(seen->edges[0].first_seen, 60100);
	assert_int_equal(seen->edges[0].last_seen, 60900);
	free(seen);
	seen = flows_in(reader, ALWAYS);
	assert_int_equal(seen->count, 1);
	assert_int_equal(seen->flows[0].flow.first_seen, 60100);
	assert_int_equal(seen->flows[0].flow.last_seen, 60900);
	free(seen);
	reader_close(reader);
	store_close(store);
}

/* A clock set back between the window's begin and the packet. */
static void test_times_before_the_window_are_taken(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct flow flow = a_flow(80, 60000);
	struct reader *reader;
	struct seen *seen;

	flow.first_seen = 59000;
	flow.last_seen = 58000;
	write_one(store, flow);
	reader = open_reader(place->path);
	seen = flows_in(reader, ALWAYS);
	assert_int_equal(seen->count, 2);
	assert_int_equal(seen->flows[0].flow.length, FLOW_WITHOUT_WINDOW);
	assert_int_equal(seen->flows[0].flow.first_seen, 59000);
	assert_int_equal(seen->flows[1].flow.first_seen, 60000);
	assert_int_equal(seen->flows[1].flow.last_seen, 60000);
	free(seen);
	reader_close(reader);
	store_close(store);
}

static void test_zero_window_keeps_one_row_per_connection(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct flow flows[3] = {a_flow(80, 1000), a_flow(80, 1000), a_flow(80, 1000)};
	struct reader *reader;
	struct seen *seen;

	for (int i = 0; i < 3; i++) {
		flows[i].length = 0;
		flows[i].totals.bytes_sent = i;
	}
	write_flow_array(store, 2000, flows, 3);
	reader = open_reader(place->path);
	seen = flows_in(reader, ALWAYS);
	assert_int_equal(seen->count, 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(seen->flows[i].flow.length, 0);
		assert_int_equal(seen->flows[i].flow.totals.bytes_sent, i);
	}
	free(seen);
	seen = edges_in(reader, ALWAYS);
	assert_int_equal(seen->count, 1);
	assert_int_equal(seen->edges[0].totals.connections, 3);
	free(seen);
	reader_close(reader);
	store_close(store);
}

static void test_without_window_raises_the_edge_alone(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct flow flow = a_flow(80, 60000);
	struct reader *reader;
	struct seen *seen;

	write_one(store, flow);
	flow.length = FLOW_WITHOUT_WINDOW;
	flow.totals.connections = 41;
	write_one(store, flow);
	reader = open_reader(place->path);
	seen = edges_in(reader, ALWAYS);
	assert_int_equal(seen->edges[0].totals.connections, 42);
	free(seen);
	seen = flows_in(reader, ALWAYS);
	assert_int_equal(seen->count, 2);
	assert_int_equal(seen->flows[0].flow.length, FLOW_WITHOUT_WINDOW);
	assert_int_equal(seen->flows[0].flow.totals.connections, 41);
	assert_int_equal(seen->flows[1].flow.totals.connections, 1);
	assert_int_equal(seen->flows[0].edge, seen->flows[1].edge);
	free(seen);
	reader_close(reader);
	store_close(store);
}

struct seen_gaps {
	size_t count;
	struct gap gaps[16];
	char reasons[16][32];
};

static int see_gap(void *context, const char *node, const struct gap *gap)
{
	struct seen_gaps *seen = context;

	assert_string_equal(node, "n1");
	assert_true(seen->count < 16);
	snprintf(seen->reasons[seen->count], 32, "%s", gap->reason);
	seen->gaps[seen->count++] = *gap;
	return 0;
}

static void assert_gap(const struct gap *gap, enum loss_source source, int64_t from, int64_t until,
		       int64_t at_most)
{
	assert_int_equal(gap->source, source);
	assert_int_equal(gap->from, from);
	assert_int_equal(gap->until, until);
	assert_int_equal(gap->at_most, at_most);
}

static void test_neighbouring_gaps_coalesce(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct gap gaps[] = {
	    {LOSS_CONNTRACK, 100, 200, 5, "full"},
	    {LOSS_CONNTRACK, 300, 400, 7, "full"},  /* apart */
	    {LOSS_LOG, 200, 300, 1, "full"},        /* another source */
	    {LOSS_CONNTRACK, 200, 300, 1, "other"}, /* another reason */
	    {LOSS_CONNTRACK, 200, 300, 2, "full"},  /* touches both */
	    {LOSS_DAEMON, 0, 50, -1, "stopped"},
	    {LOSS_DAEMON, 40, 60, 3, "stopped"}, /* no bound stays none */
	    {LOSS_TABLE, 900, 800, 0, NULL},     /* a clock was set back */
	};
	struct batch batch = {.time = 1000, .gaps = gaps, .gap_count = COUNT(gaps)};
	struct seen_gaps seen = {0};
	struct reader *reader;

	write_batch(store, &batch);
	reader = open_reader(place->path);
	assert_int_equal(reader_gaps(reader, ALWAYS, see_gap, &seen), 0);
	assert_int_equal(seen.count, 5);
	assert_gap(&seen.gaps[0], LOSS_DAEMON, 0, 60, -1);
	assert_gap(&seen.gaps[1], LOSS_CONNTRACK, 100, 400, 14);
	assert_string_equal(seen.reasons[1], "full");
	assert_gap(&seen.gaps[2], LOSS_CONNTRACK, 200, 300, 1);
	assert_string_equal(seen.reasons[2], "other");
	assert_gap(&seen.gaps[3], LOSS_LOG, 200, 300, 1);
	assert_gap(&seen.gaps[4], LOSS_TABLE, 900, 900, 0);
	seen.count = 0;
	assert_int_equal(reader_gaps(reader, (struct interval){60, 200}, see_gap, &seen), 0);
	assert_int_equal(seen.count, 1);
	seen.count = 0;
	assert_int_equal(reader_gaps(reader, (struct interval){900, 901}, see_gap, &seen), 0);
	assert_int_equal(seen.count, 1);
	reader_close(reader);
	store_close(store);
}

static int see_fact(void *context, const struct stored_fact *fact)
{
	char *all = context;

	snprintf(all + strlen(all), 256 - strlen(all), "%s %s=%s@%lld;", fact->node, fact->name,
		 fact->value, (long long)fact->since);
	return 0;
}

static void write_fact(struct store *store, int64_t time, const char *name, const char *value)
{
	struct fact fact = {text(name), text(value)};
	struct batch batch = {.time = time, .facts = &fact, .fact_count = 1};

	write_batch(store, &batch);
}

static void test_facts(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	char all[256] = "";
	struct reader *reader;

	write_fact(store, 10, "b", "1");
	write_fact(store, 20, "b", "1");
	write_fact(store, 30, "a", "1");
	write_fact(store, 40, "a", "2");
	write_fact(store, 50, "c", "x");
	write_fact(store, 60, "c", NULL);
	write_fact(store, 60, "never", NULL);
	reader = open_reader(place->path);
	assert_int_equal(reader_facts(reader, see_fact, all), 0);
	assert_string_equal(all, "n1 a=2@40;n1 b=1@10;");
	reader_close(reader);
	store_close(store);
}

static void test_bad_batch_leaves_nothing(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct pod_address address = {ip("10.0.0.1"), 0, INTERVAL_OPEN, false, false};
	struct batch_pod pod = {1, a_pod("api-1", "s1", &address, 1)};
	struct flow flows[2] = {a_flow(80, 0), a_flow(81, 0)};
	struct batch bad = {
	    .time = 99, .pods = &pod, .pod_count = 1, .flows = flows, .flow_count = 2};
	struct reader *reader;
	struct seen *seen;

	flows[0].key.source_pod = 1;
	flows[1].key.destination_pod = 2;
	assert_int_equal(store_write(store, &bad), -EINVAL);
	assert_non_null(strstr(store_error(store), "pod 2"));
	bad.pod_count = 0;
	bad.flow_count = 1;
	assert_int_equal(store_write(store, &bad), -EINVAL);
	assert_non_null(strstr(store_error(store), "pod 1"));
	assert_int_equal(
	    ask(place->path, "SELECT (SELECT count(*) FROM edge) + (SELECT count(*) FROM pod)"), 0);
	bad.pod_count = 1;
	write_batch(store, &bad);
	reader = open_reader(place->path);
	seen = edges_in(reader, ALWAYS);
	assert_int_equal(seen->count, 1);
	assert_int_equal(seen->edges[0].key.source_pod, 1);
	free(seen);
	reader_close(reader);
	store_close(store);
	assert_sound(place->path);
}

/* A better start became known; then the pod ended. */
static void test_start_of_an_interval_moves(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct pod_address address = {ip("10.0.0.1"), 900 * INT64_C(1000000), INTERVAL_OPEN, false,
				      false};
	struct batch_pod pod = {1, a_pod("api-1", "s1", &address, 1)};
	struct batch batch = {.time = 1000, .pods = &pod, .pod_count = 1};

	write_batch(store, &batch);
	address.since = 800 * INT64_C(1000000);
	write_batch(store, &batch);
	address.until = 2000 * INT64_C(1000000);
	write_batch(store, &batch);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM pod_address"), 1);
	assert_int_equal(ask(place->path, "SELECT since FROM pod_address"), 800);
	assert_int_equal(ask(place->path, "SELECT until FROM pod_address"), 2000);
	store_close(store);
}

static void test_values_out_of_range_are_refused(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct flow flow = a_flow(80, 0);
	struct batch batch = {.flows = &flow, .flow_count = 1};
	struct node_address none = {.present = true};
	struct batch addresses = {.addresses = &none, .address_count = 1};

	flow.key.verdict = 9;
	assert_int_equal(store_write(store, &batch), -EINVAL);
	flow = a_flow(80, 0);
	flow.key.source_prefix = 129;
	assert_int_equal(store_write(store, &batch), -EINVAL);
	flow = a_flow(80, 0);
	flow.window = INT64_MAX;
	flow.first_seen = INT64_MIN;
	assert_int_equal(store_write(store, &batch), -EINVAL);
	flow = a_flow(80, 0);
	memset(&flow.key.source, 0, sizeof(flow.key.source));
	assert_int_equal(store_write(store, &batch), -EINVAL);
	assert_int_equal(store_write(store, &addresses), -EINVAL);
	flow = a_flow(80, 0);
	write_batch(store, &batch);
	store_close(store);
}

static void test_no_node_no_batch(void **state)
{
	struct place *place = *state;
	struct store *store = open_store(place->path);
	struct batch batch = {.time = 1};

	assert_int_equal(store_write(store, &batch), -EINVAL);
	assert_string_not_equal(store_error(store), "");
	assert_int_equal(store_use_node(store, ""), -EINVAL);
	store_close(store);
}

static void test_small_batches_number_edges_in_order(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct flow flows[500];

	for (size_t i = 0; i < COUNT(flows); i++)
		flows[i] = a_flow((uint16_t)(i % 400), 0);
	write_flow_array(store, 1, flows, COUNT(flows));
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge WHERE id = port + 1"), 400);
	assert_int_equal(ask(place->path, "SELECT sum(connections) FROM edge WHERE port < 100"),
			 200);
	store_close(store);
}

/* Each edge twice in a batch, in a window of its own; the caches shrink afterwards. */
static void test_large_batches_add_up(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	static struct flow flows[20000];

	for (size_t i = 0; i < COUNT(flows); i++)
		flows[i] = a_flow((uint16_t)(i % 10000), (int64_t)(i / 10000) * 60000);
	write_flow_array(store, 1, flows, COUNT(flows));
	write_flow_array(store, 2, flows, 10);
	write_flow_array(store, 3, flows, COUNT(flows));
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge"), 10000);
	assert_int_equal(ask(place->path, "SELECT sum(connections) FROM edge"), 40010);
	assert_int_equal(ask(place->path, "SELECT sum(connections) FROM flow"), 40010);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM flow"), 20000);
	store_close(store);
	assert_sound(place->path);
}

/* Files outlive programs: the same edge has to be found again. */
static void test_fingerprints_do_not_change(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct flow flow = a_flow(443, 0);

	store_close(store);
	change(place->path, "UPDATE store SET seed = x'000102030405060708090a0b0c0d0e0f'");
	store = open_node(place->path, "n1");
	flow.key.service = ip("fd00::1");
	flow.key.service_port = 80;
	flow.key.destination_prefix = 24;
	write_one(store, flow);
	assert_int_equal(ask(place->path, "SELECT fingerprint FROM edge"),
			 INT64_C(0x533db9195049afd0));
	store_close(store);
}

/* Port 80 takes the fingerprint of port 81, which is not there. */
static void test_equal_fingerprints_do_no_harm(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");

	write_one(store, a_flow(80, 0));
	write_one(store, a_flow(81, 0));
	store_close(store);
	change(place->path,
	       "UPDATE edge SET fingerprint = (SELECT fingerprint FROM edge WHERE port = 81);"
	       "DELETE FROM flow; DELETE FROM edge WHERE port = 81");
	store = open_node(place->path, "n1");
	write_one(store, a_flow(81, 0));
	write_one(store, a_flow(81, 0));
	assert_int_equal(ask(place->path, "SELECT connections FROM edge WHERE port = 80"), 1);
	assert_int_equal(ask(place->path, "SELECT connections FROM edge WHERE port = 81"), 2);
	assert_int_equal(ask(place->path, "SELECT count(DISTINCT fingerprint) FROM edge"), 1);
	store_close(store);
}

static void test_edges_are_found_without_the_cache(void **state)
{
	struct place *place = *state;
	struct flow flows[VARIANTS];
	size_t count = make_variants(flows);

	flows[12].key.source_pod = flows[12].key.destination_pod = 0;
	flows[12].key.port = 82;
	for (int i = 0; i < 3; i++) {
		struct store *store = open_node(place->path, "n1");

		write_flow_array(store, 1, flows, count);
		store_close(store);
	}
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge"), (int64_t)count);
	assert_int_equal(
	    ask(place->path, "SELECT min(connections) = 3 AND max(connections) = 3 FROM edge"), 1);
}

static void test_lost_seed_is_damage(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	const struct batch batch = {.time = 1};

	store_close(store);
	change(place->path, "DELETE FROM store");
	store = open_node(place->path, "n1");
	assert_int_equal(store_write(store, &batch), -EBADMSG);
	assert_non_null(strstr(store_error(store), "seed"));
	store_close(store);
}

static void test_two_nodes_have_their_own_edges(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct reader *reader;
	struct seen *seen;

	write_one(store, a_flow(80, 0));
	assert_int_equal(store_use_node(store, "n2"), 0);
	write_one(store, a_flow(80, 0));
	assert_int_equal(store_use_node(store, "n1"), 0);
	write_one(store, a_flow(80, 0));
	reader = open_reader(place->path);
	seen = edges_in(reader, ALWAYS);
	assert_int_equal(seen->count, 2);
	assert_string_equal(seen->edges[0].node, "n1");
	assert_int_equal(seen->edges[0].totals.connections, 2);
	assert_string_equal(seen->edges[1].node, "n2");
	assert_int_equal(seen->edges[1].totals.connections, 1);
	free(seen);
	reader_close(reader);
	store_close(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_every_field_returns),
	    TEST(test_prefixes_and_endings_in_views),
	    TEST(test_rows_and_edges_are_sums),
	    TEST(test_first_and_last_seen_widen),
	    TEST(test_times_before_the_window_are_taken),
	    TEST(test_zero_window_keeps_one_row_per_connection),
	    TEST(test_without_window_raises_the_edge_alone),
	    TEST(test_neighbouring_gaps_coalesce),
	    TEST(test_facts),
	    TEST(test_bad_batch_leaves_nothing),
	    TEST(test_values_out_of_range_are_refused),
	    TEST(test_start_of_an_interval_moves),
	    TEST(test_no_node_no_batch),
	    TEST(test_small_batches_number_edges_in_order),
	    TEST(test_large_batches_add_up),
	    TEST(test_fingerprints_do_not_change),
	    TEST(test_equal_fingerprints_do_no_harm),
	    TEST(test_edges_are_found_without_the_cache),
	    TEST(test_lost_seed_is_damage),
	    TEST(test_two_nodes_have_their_own_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
