#include "tests/unit/store/fixture.h"

#define MS INT64_C(1000000)
#define MINUTE INT64_C(60000)

static int64_t rows(const struct place *place, const char *table)
{
	char query[64];

	snprintf(query, sizeof(query), "SELECT count(*) FROM %s", table);
	return ask(place->path, query);
}

static void prune_all(struct store *store, int64_t before)
{
	bool more = true;

	while (more)
		assert_int_equal(
		    store_prune(store, &(struct store_limits){.before = before}, 1000, &more), 0);
}

static void test_windows_and_edges_go_by_age(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");

	write_one(store, a_flow(80, 1 * MINUTE));
	write_one(store, a_flow(80, 3 * MINUTE));
	write_one(store, a_flow(81, 1 * MINUTE));
	write_one(store, a_flow(82, 2 * MINUTE));
	prune_all(store, 2 * MINUTE - 1);
	assert_int_equal(rows(place, "flow"), 4);
	assert_int_equal(rows(place, "edge"), 3);
	prune_all(store, 2 * MINUTE);
	assert_int_equal(rows(place, "flow"), 2);
	assert_int_equal(rows(place, "edge"), 2);
	assert_int_equal(ask(place->path, "SELECT connections FROM edge WHERE port = 80"), 2);
	write_one(store, a_flow(81, 5 * MINUTE));
	write_one(store, a_flow(80, 5 * MINUTE));
	assert_int_equal(rows(place, "edge"), 3);
	assert_int_equal(ask(place->path, "SELECT connections FROM edge WHERE port = 81"), 1);
	assert_int_equal(ask(place->path, "SELECT connections FROM edge WHERE port = 80"), 3);
	store_close(store);
	assert_sound(place->path);
}

static void test_limit_is_kept(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	bool more = false;

	for (int i = 0; i < 25; i++)
		write_one(store, a_flow((uint16_t)i, MINUTE));
	assert_int_equal(
	    store_prune(store, &(struct store_limits){.before = 10 * MINUTE}, 10, &more), 0);
	assert_true(more);
	assert_int_equal(rows(place, "flow"), 15);
	assert_int_equal(rows(place, "edge"), 25);
	prune_all(store, 10 * MINUTE);
	assert_int_equal(rows(place, "flow"), 0);
	assert_int_equal(rows(place, "edge"), 0);
	assert_int_equal(rows(place, "address"), 0);
	store_close(store);
	assert_sound(place->path);
}

/* The edge was last seen before the moment, its window ends after it. */
static void test_edge_waits_for_its_windows(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");

	write_one(store, a_flow(80, MINUTE));
	prune_all(store, MINUTE + 1000);
	assert_int_equal(rows(place, "flow"), 1);
	assert_int_equal(rows(place, "edge"), 1);
	prune_all(store, 2 * MINUTE);
	assert_int_equal(rows(place, "edge"), 0);
	store_close(store);
}

static void test_gaps_go_by_age(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct gap gaps[] = {{LOSS_LOG, 1, 100, -1, "a"}, {LOSS_LOG, 150, 250, -1, "a"}};
	struct batch batch = {.time = 1, .gaps = gaps, .gap_count = 2};

	write_batch(store, &batch);
	prune_all(store, 200);
	assert_int_equal(rows(place, "gap"), 1);
	assert_int_equal(ask(place->path, "SELECT since FROM gap"), 150);
	store_close(store);
}

static void write_pods(struct store *store, struct batch_pod *pods, size_t count)
{
	struct batch batch = {.time = 1, .pods = pods, .pod_count = count};

	write_batch(store, &batch);
}

static void test_pods_stay_while_something_names_them(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct pod_address named[] = {{ip("10.0.0.1"), 5 * MS, 10 * MS}};
	struct pod_address unnamed[] = {{ip("10.0.0.9"), 5 * MS, 10 * MS}};
	struct pod_address live[] = {{ip("10.0.0.8"), 5 * MS, 10 * MS},
				     {ip("10.0.0.7"), 10 * MS, INTERVAL_OPEN}};
	struct batch_pod pods[] = {
	    {1, a_pod("named", "s1", named, 1)},
	    {2, a_pod("unnamed", "s2", unnamed, 1)},
	    {3, a_pod("live", "s3", live, 2)},
	};
	struct flow flow = a_flow(80, 10 * MINUTE);

	write_pods(store, pods, 3);
	flow.key.source_pod = 1;
	write_one(store, flow);
	prune_all(store, 5 * MINUTE);
	assert_int_equal(rows(place, "pod"), 2);
	assert_int_equal(
	    ask(place->path,
		"SELECT count(*) FROM pods WHERE name = 'named' AND address = '10.0.0.1'"),
	    1);
	assert_int_equal(
	    ask(place->path, "SELECT count(*) FROM pods WHERE name = 'live' AND until IS NULL"), 1);
	assert_int_equal(rows(place, "pod_address"), 2);
	/* A number whose pod was pruned is none; told again, it is one again. */
	flow = a_flow(81, 10 * MINUTE);
	flow.key.source_pod = 2;
	write_one(store, flow);
	assert_int_equal(ask(place->path, "SELECT source_pod IS NULL FROM edge WHERE port = 81"),
			 1);
	write_pods(store, &pods[1], 1);
	write_one(store, flow);
	assert_int_equal(
	    ask(place->path,
		"SELECT count(*) FROM edge WHERE port = 81 AND source_pod IS NOT NULL"),
	    1);
	store_close(store);
	assert_sound(place->path);
}

static void test_file_shrinks(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct stat before, after;
	static struct flow flows[20000];

	for (size_t i = 0; i < COUNT(flows); i++)
		flows[i] = a_flow((uint16_t)i, MINUTE);
	write_flow_array(store, MINUTE, flows, COUNT(flows));
	store_close(store);
	assert_int_equal(stat(place->path, &before), 0);
	store = open_node(place->path, "n1");
	for (int i = 0; i < 5; i++)
		prune_all(store, 10 * MINUTE);
	store_close(store);
	assert_int_equal(stat(place->path, &after), 0);
	assert_true(after.st_size < before.st_size / 2);
	assert_sound(place->path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_windows_and_edges_go_by_age),          TEST(test_limit_is_kept),
	    TEST(test_edge_waits_for_its_windows),           TEST(test_gaps_go_by_age),
	    TEST(test_pods_stay_while_something_names_them), TEST(test_file_shrinks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
