#include "tests/unit/store/fixture.h"

#define MS INT64_C(1000000)
#define MINUTE INT64_C(60000)
#define DAY INT64_C(86400000)

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
	struct pod_address named[] = {{ip("10.0.0.1"), 5 * MS, 10 * MS, false, false}};
	struct pod_address unnamed[] = {{ip("10.0.0.9"), 5 * MS, 10 * MS, false, false}};
	struct pod_address live[] = {{ip("10.0.0.8"), 5 * MS, 10 * MS, false, false},
				     {ip("10.0.0.7"), 10 * MS, INTERVAL_OPEN, false, false}};
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

static void prune_to(struct store *store, const struct store_limits *limits, unsigned rows)
{
	bool more = true;

	for (int i = 0; more; i++) {
		assert_true(i < 10000);
		assert_int_equal(store_prune(store, limits, rows, &more), 0);
	}
}

#define NO_AGE .before = INT64_MIN

/* Ports from 0; the later in the array, the later seen; windows of a minute. */
static void write_edges(struct store *store, size_t count, uint8_t verdict, int64_t begin)
{
	struct flow *flows = calloc(count, sizeof(*flows));

	assert_non_null(flows);
	for (size_t i = 0; i < count; i++) {
		flows[i] = a_flow((uint16_t)i, begin + (int64_t)i * MINUTE);
		flows[i].key.verdict = verdict;
	}
	write_flow_array(store, begin, flows, count);
	free(flows);
}

static void tell_pods(struct store *store)
{
	struct pod_address addresses[] = {{ip("10.0.0.1"), 0, INTERVAL_OPEN, false, false},
					  {ip("10.0.0.2"), 0, INTERVAL_OPEN, false, false}};
	struct batch_pod pods[] = {{1, a_pod("a", "s1", &addresses[0], 1)},
				   {2, a_pod("b", "s2", &addresses[1], 1)}};

	write_pods(store, pods, 2);
}

static void test_edges_are_bounded_and_leave_a_gap(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	const struct store_limits limits = {NO_AGE, .max_edges = 200};

	write_edges(store, 200, VERDICT_ANSWERED, MINUTE);
	assert_false(store_is_over(store, &limits));
	prune_to(store, &limits, 7);
	assert_int_equal(rows(place, "edge"), 200);
	assert_int_equal(rows(place, "gap"), 0);
	write_edges(store, 10, VERDICT_UNKNOWN, 900 * MINUTE);
	write_edges(store, 10, VERDICT_ANSWERED, 1000 * MINUTE);
	assert_true(store_is_over(store, &limits));
	prune_to(store, &limits, 7);
	assert_false(store_is_over(store, &limits));
	assert_in_range(rows(place, "edge"), 180, 200);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM gap"), 1);
	assert_int_equal(ask(place->path, "SELECT sum(connections) FROM edge") +
			     ask(place->path, "SELECT sum(at_most) FROM gap"),
			 220);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM gap WHERE source = 'store' AND"
					  " reason = 'edges were deleted to hold max_edges'"),
			 1);
	assert_int_equal(
	    ask(place->path, "SELECT count(*) FROM flow WHERE edge NOT IN (SELECT id FROM edge)"),
	    0);
	assert_int_equal(ask(place->path, "SELECT count(DISTINCT edge) FROM flow"),
			 rows(place, "edge"));
	store_close(store);
	assert_sound(place->path);
}

/* Between pods and answered: kept longest. Of the rest the one used last. */
static void test_order_in_which_edges_go(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	const struct store_limits limits = {NO_AGE, .max_edges = 2};
	struct flow flows[5];

	tell_pods(store);
	for (size_t i = 0; i < COUNT(flows); i++) {
		flows[i] = a_flow((uint16_t)i, (int64_t)(i + 1) * MINUTE);
		flows[i].key.source_pod = 1;
		flows[i].key.destination_pod = 2;
	}
	flows[1].key.source_pod = 0;
	flows[2].key.destination_pod = 0;
	flows[3].key.verdict = VERDICT_DENIED;
	write_flow_array(store, 1, flows, 5);
	prune_to(store, &limits, 1);
	assert_int_equal(rows(place, "edge"), 1);
	assert_int_equal(ask(place->path, "SELECT port FROM edge"), 4);
	assert_int_equal(ask(place->path, "SELECT min(since) FROM gap"), MINUTE + 5);
	assert_int_equal(ask(place->path, "SELECT max(until) FROM gap"), 4 * MINUTE + 10);
	assert_int_equal(ask(place->path, "SELECT sum(at_most) FROM gap"), 4);
	store_close(store);
}

static void test_edge_seen_again_stays(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	const struct store_limits limits = {NO_AGE, .max_edges = 10};
	bool more = false;

	write_edges(store, 20, VERDICT_ANSWERED, MINUTE);
	assert_int_equal(store_prune(store, &limits, 2, &more), 0);
	assert_true(more);
	assert_int_equal(rows(place, "flow"), 18);
	write_one(store, a_flow(5, 900 * MINUTE));
	prune_to(store, &limits, 2);
	assert_in_range(rows(place, "edge"), 8, 10);
	assert_int_equal(ask(place->path, "SELECT connections FROM edge WHERE port = 5"), 2);
	assert_int_equal(ask(place->path, "SELECT sum(connections) FROM edge") +
			     ask(place->path, "SELECT sum(at_most) FROM gap"),
			 21);
	store_close(store);
}

static void test_each_node_has_its_gap(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	const struct store_limits limits = {NO_AGE, .max_edges = 1};

	write_edges(store, 3, VERDICT_ANSWERED, MINUTE);
	assert_int_equal(store_use_node(store, "n2"), 0);
	write_edges(store, 4, VERDICT_ANSWERED, MINUTE);
	prune_to(store, &limits, 100);
	assert_int_equal(rows(place, "gap"), 2);
	assert_int_equal(ask(place->path, "SELECT sum(connections) FROM edge") +
			     ask(place->path, "SELECT sum(at_most) FROM gap"),
			 7);
	store_close(store);
}

static int64_t bytes_on_disk(const struct place *place)
{
	struct stat file, log;
	char name[128];

	snprintf(name, sizeof(name), "%s-wal", place->path);
	assert_int_equal(stat(place->path, &file), 0);
	assert_int_equal(stat(name, &log), 0);
	return file.st_size + log.st_size;
}

#define MIB INT64_C(1048576)

static void test_bytes_are_bounded(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct store_limits limits = {NO_AGE, .max_bytes = 4 * MIB};
	int64_t told = 0;

	for (int i = 0; i < 4; i++, told += 20000)
		write_edges(store, 20000, VERDICT_ANSWERED, i * MINUTE);
	assert_true(store_is_over(store, &limits));
	prune_to(store, &limits, 3000);
	assert_false(store_is_over(store, &limits));
	assert_in_range(bytes_on_disk(place), 3 * MIB, 4 * MIB);
	assert_int_equal(rows(place, "edge"), 20000);
	assert_int_equal(rows(place, "gap"), 0);
	assert_in_range(rows(place, "flow"), 1, 60000);
	assert_int_equal(ask(place->path, "SELECT sum(connections) FROM edge"), told);
	/* No flow row is left to give: edges follow. */
	limits.max_bytes = 2 * MIB;
	prune_to(store, &limits, 3000);
	assert_true(bytes_on_disk(place) <= 2 * MIB);
	assert_int_equal(rows(place, "flow"), 0);
	assert_in_range(rows(place, "edge"), 5000, 19999);
	assert_int_equal(ask(place->path, "SELECT sum(connections) FROM edge") +
			     ask(place->path, "SELECT sum(at_most) FROM gap WHERE reason ="
					      " 'edges were deleted to hold max_size'"),
			 told);
	write_edges(store, 100, VERDICT_ANSWERED, 5 * MINUTE);
	store_close(store);
	assert_sound(place->path);
}

/* A reader holds the log: what can be done is done, and it ends. */
static void test_bytes_while_somebody_reads(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	const struct store_limits limits = {NO_AGE, .max_bytes = 4 * MIB};
	struct reader *reader;

	write_edges(store, 100, VERDICT_ANSWERED, MINUTE);
	reader = open_snapshot(place->path);
	for (int i = 0; i < 4; i++)
		write_edges(store, 20000, VERDICT_ANSWERED, i * MINUTE);
	prune_to(store, &limits, 3000);
	assert_int_equal(rows(place, "edge"), 20000);
	reader_close(reader);
	prune_to(store, &limits, 3000);
	assert_true(bytes_on_disk(place) <= 4 * MIB);
	assert_int_equal(rows(place, "edge"), 20000);
	assert_int_equal(ask(place->path, "SELECT sum(connections) FROM edge"), 80100);
	store_close(store);
	assert_sound(place->path);
}

/* What remains cannot be deleted: it must end all the same. */
static void test_bound_that_cannot_be_held(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	const struct store_limits limits = {NO_AGE, .max_bytes = 1};

	write_edges(store, 100, VERDICT_ANSWERED, MINUTE);
	prune_to(store, &limits, 10);
	assert_int_equal(rows(place, "edge"), 0);
	assert_true(store_is_over(store, &limits));
	prune_to(store, &limits, 10);
	store_close(store);
	assert_sound(place->path);
}

/* Pods from a number on: ended one a second, or alive. */
static void tell_many_pods(struct store *store, uint32_t first, uint32_t count, bool ended,
			   const char *conflict)
{
	struct batch_pod *pods = calloc(count, sizeof(*pods));
	struct pod_address *addresses = calloc(count, sizeof(*addresses));
	struct pod_word word = {text("cri"), text("/s"),
				text("{\"name\":\"what was said of it\"}")};
	struct batch batch = {
	    .time = 100 * DAY, .pods = pods, .pod_count = count, .pods_complete = true};
	char(*names)[16] = calloc(count, sizeof(*names));

	assert_true(pods && addresses && names);
	for (uint32_t i = 0; i < count; i++) {
		snprintf(names[i], sizeof(names[i]), "%u", first + i);
		addresses[i] = (struct pod_address){
		    .address = ip("10.1.0.1"),
		    .since = (first + i) * 1000 * MS,
		    .until = ended ? (first + i) * 1000 * MS + 500 * MS : INTERVAL_OPEN};
		pods[i].number = first + i;
		pods[i].pod = a_pod(names[i], names[i], &addresses[i], 1);
		pods[i].pod.ended = addresses[i].until;
		pods[i].pod.conflict = text(conflict);
		pods[i].pod.words = &word;
		pods[i].pod.word_count = 1;
	}
	write_batch(store, &batch);
	free(pods);
	free(addresses);
	free(names);
}

static void write_edges_of_pod(struct store *store, size_t count, uint32_t pod)
{
	for (size_t i = 0; i < count; i++) {
		struct flow flow = a_flow((uint16_t)i, DAY);

		flow.key.source_pod = pod;
		write_one(store, flow);
	}
	write_batch(store, &(struct batch){.time = 100 * DAY});
}

static void test_ended_pods_go_before_flows(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	const struct store_limits limits = {NO_AGE, .max_bytes = MIB};

	tell_many_pods(store, 1, 12000, true, "");
	write_edges_of_pod(store, 100, 7);
	assert_true(store_is_over(store, &limits));
	prune_to(store, &limits, 1000);
	assert_false(store_is_over(store, &limits));
	assert_true(bytes_on_disk(place) <= MIB);
	assert_int_equal(rows(place, "edge"), 100);
	assert_int_equal(rows(place, "flow"), 100);
	assert_int_equal(rows(place, "gap"), 0);
	/* The oldest went, but the one that edges name. */
	assert_int_equal(ask(place->path, "SELECT count(*) FROM pod WHERE name IN ('7', '12000')"),
			 2);
	assert_in_range(rows(place, "pod"), 1000, 11000);
	assert_int_equal(rows(place, "pod"), rows(place, "pod_address"));
	assert_int_equal(ask(place->path, "SELECT count(*) + 12000 - max(CAST(name AS INTEGER))"
					  " FROM pod WHERE name <> '7'"),
			 ask(place->path, "SELECT 12001 - min(CAST(name AS INTEGER)) FROM pod"
					  " WHERE name <> '7'"));
	store_close(store);
	assert_sound(place->path);
}

static void test_words_go_before_pods(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct store_limits limits = {NO_AGE, .max_bytes = MIB};
	int64_t left;

	tell_many_pods(store, 1, 3000, true, "cri says another name");
	tell_many_pods(store, 3001, 10, false, "");
	assert_int_equal(rows(place, "pod_word"), 3010);
	store_close(store);
	store = open_node(place->path, "n1");
	limits.max_bytes = bytes_on_disk(place) / 16 * 15;
	prune_to(store, &limits, 400);
	left = rows(place, "pod_word");
	assert_in_range(left, 11, 2900);
	assert_int_equal(rows(place, "pod"), 3010);
	assert_int_equal(ask(place->path, "SELECT min(CAST(name AS INTEGER)) FROM pod_words"),
			 3011 - left);
	store_close(store);
	assert_sound(place->path);
}

/* Flows and edges cannot make up for pods that are there: they keep a share of their own. */
static void test_live_pods_do_not_drive_flows_out(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	const struct store_limits limits = {NO_AGE, .max_bytes = MIB};
	int64_t held;

	tell_many_pods(store, 1, 8000, false, "");
	write_edges_of_pod(store, 100, 7);
	prune_to(store, &limits, 1000);
	assert_int_equal(rows(place, "pod"), 8000);
	assert_int_equal(rows(place, "flow"), 100);
	assert_int_equal(rows(place, "edge"), 100);
	/* Nothing more is tried until it has grown, and then of flows alone a share is left. */
	assert_false(store_is_over(store, &limits));
	held = bytes_on_disk(place);
	assert_true(held > MIB);
	for (int i = 0; i < 100; i++) {
		write_edges(store, 200, VERDICT_ANSWERED, (i + 1) * 1000 * MINUTE);
		if (store_is_over(store, &limits))
			prune_to(store, &limits, 1000);
		assert_true(bytes_on_disk(place) < held + MIB);
	}
	assert_true(rows(place, "flow") >= 100);
	assert_true(rows(place, "edge") >= 100);
	assert_int_equal(rows(place, "pod"), 8000);
	store_close(store);
	assert_sound(place->path);
}

/* A walk over pods takes many steps; what is written in between counts. */
static void test_pod_named_during_the_walk_stays(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	const struct store_limits limits = {.before = 50 * DAY};
	struct flow flow = a_flow(80, 99 * DAY);
	bool more = false;

	tell_many_pods(store, 1, 100, true, "");
	assert_int_equal(store_prune(store, &limits, 40, &more), 0);
	assert_true(more);
	assert_in_range(rows(place, "pod"), 80, 95);
	flow.key.destination_pod = 90;
	write_one(store, flow);
	prune_to(store, &limits, 40);
	assert_int_equal(ask(place->path, "SELECT name = '90' FROM pod"), 1);
	assert_int_equal(rows(place, "pod"), 1);
	assert_int_equal(ask(place->path, "SELECT destination_pod IS NOT NULL FROM edge"), 1);
	store_close(store);
	assert_sound(place->path);
}

static void test_pod_of_a_live_connection_stays(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct checkpoint live = {.original = {ip("10.1.0.1"), ip("10.0.0.2"), 1, 2, 6, true},
				  .reply = {ip("10.0.0.2"), ip("10.1.0.1"), 2, 1, 6, true},
				  .first_ns = DAY * MS,
				  .source_pod = 3,
				  .verdict = VERDICT_ANSWERED};
	struct batch batch = {.time = 100 * DAY, .checkpoints = &live, .checkpoint_count = 1};

	tell_many_pods(store, 1, 5, true, "");
	write_batch(store, &batch);
	prune_to(store, &(struct store_limits){.before = 50 * DAY}, 100);
	assert_int_equal(rows(place, "pod"), 1);
	assert_int_equal(ask(place->path, "SELECT name = '3' FROM pod"), 1);
	store_close(store);
	assert_sound(place->path);
}

static void test_edge_numbers_are_never_used_twice(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	const struct store_limits limits = {.before = INT64_MAX};

	write_edges(store, 5, VERDICT_ANSWERED, MINUTE);
	prune_to(store, &limits, 100);
	assert_int_equal(rows(place, "edge"), 0);
	store_close(store);
	store = open_node(place->path, "n1");
	write_edges(store, 1, VERDICT_ANSWERED, MINUTE);
	assert_int_equal(ask(place->path, "SELECT id FROM edge"), 6);
	store_close(store);
}

static struct flow random_peer(uint32_t n, uint8_t verdict)
{
	struct flow flow = a_flow(443, (int64_t)(n / 1000) * MINUTE);
	const uint8_t bytes[4] = {(uint8_t)(20 + (n * 2654435761u >> 30)), (uint8_t)(n >> 16),
				  (uint8_t)(n >> 8), (uint8_t)n};

	flow.key.destination = addr_from_bytes(bytes, sizeof(bytes));
	flow.key.verdict = verdict;
	return flow;
}

/* Peers without end: what was told is all there, in edges, wide edges and gaps. */
static void test_sums_hold_beyond_the_bounds(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	const struct store_limits limits = {NO_AGE, .max_edges = 1000, .max_bytes = 2 * MIB};
	static struct flow flows[500];
	uint32_t told = 0;

	store_set_max_edges(store, limits.max_edges);
	while (told < 40 * COUNT(flows)) {
		for (size_t i = 0; i < COUNT(flows); i++, told++)
			flows[i] = random_peer(told, told % 3 ? VERDICT_ANSWERED : VERDICT_REFUSED);
		write_flow_array(store, told, flows, COUNT(flows));
		if (store_is_over(store, &limits))
			prune_to(store, &limits, 300);
		assert_in_range(rows(place, "edge"), 1, 1000);
	}
	assert_int_equal(ask(place->path, "SELECT sum(connections) FROM edge") +
			     ask(place->path, "SELECT ifnull(sum(at_most), 0) FROM gap"),
			 told);
	assert_true(ask(place->path, "SELECT count(*) FROM edge WHERE destination_prefix = 24"
				     " AND connections > 1") > 10);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge WHERE source_prefix = 24 AND"
					  " verdict = 1"),
			 0);
	store_close(store);
	assert_sound(place->path);
}

static void test_edges_that_are_there_stay_exact(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct flow first = random_peer(1, VERDICT_ANSWERED),
		    other = random_peer(2, VERDICT_ANSWERED);

	write_one(store, first);
	store_close(store);
	store = open_node(place->path, "n1");
	store_set_max_edges(store, 1);
	write_one(store, first);
	write_one(store, other);
	write_one(store, other);
	write_one(store, first);
	assert_int_equal(rows(place, "edge"), 2);
	assert_int_equal(ask(place->path, "SELECT connections FROM edge WHERE destination_prefix IS"
					  " NULL"),
			 3);
	assert_int_equal(
	    ask(place->path, "SELECT connections FROM edge WHERE destination_prefix = 24"), 2);
	store_close(store);
}

static struct flow taken_back(struct flow flow)
{
	flow.totals = (struct totals){.connections = -1, .counted = -1};
	return flow;
}

/* It was counted on a wide edge: there it is taken back, though there is room again. */
static void test_taken_back_where_it_was_counted(void **state)
{
	static const uint8_t verdicts[] = {VERDICT_ONE_WAY, VERDICT_UNANSWERED};
	static const char sum[] = "SELECT sum(connections) FROM edge";
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct flow flow;

	for (size_t i = 0; i < COUNT(verdicts); i++) {
		flow = random_peer(1, verdicts[i]);
		flow.totals.closed = 0;
		store_set_max_edges(store, 1);
		write_one(store, flow);
		write_one(store, flow);
		store_close(store);
		assert_int_equal(ask(place->path, sum), 2);
		store = open_node(place->path, "n1");
		store_set_max_edges(store, 1000);
		write_one(store, taken_back(flow));
		write_one(store, taken_back(flow));
		assert_int_equal(rows(place, "edge"), (int)i + 1);
		assert_int_equal(ask(place->path, sum), 0);
	}
	assert_int_equal(
	    ask(place->path, "SELECT count(*) FROM edge WHERE destination_prefix = 24"), 2);
	store_close(store);
}

/* The edge is gone and has a gap: no other pays for it. */
static void test_no_edge_is_negative(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	const struct flow back = taken_back(random_peer(1, VERDICT_ANSWERED));

	store_set_max_edges(store, 1000);
	write_one(store, back);
	assert_int_equal(ask(place->path, "SELECT connections + counted FROM edge"), 0);
	assert_int_equal(ask(place->path, "SELECT connections + counted FROM flow"), 0);
	write_one(store, back);
	assert_int_equal(ask(place->path, "SELECT connections + counted FROM edge"), 0);
	store_close(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_windows_and_edges_go_by_age),
	    TEST(test_limit_is_kept),
	    TEST(test_edge_waits_for_its_windows),
	    TEST(test_gaps_go_by_age),
	    TEST(test_pods_stay_while_something_names_them),
	    TEST(test_file_shrinks),
	    TEST(test_edges_are_bounded_and_leave_a_gap),
	    TEST(test_order_in_which_edges_go),
	    TEST(test_edge_seen_again_stays),
	    TEST(test_each_node_has_its_gap),
	    TEST(test_bytes_are_bounded),
	    TEST(test_bound_that_cannot_be_held),
	    TEST(test_bytes_while_somebody_reads),
	    TEST(test_ended_pods_go_before_flows),
	    TEST(test_words_go_before_pods),
	    TEST(test_live_pods_do_not_drive_flows_out),
	    TEST(test_pod_named_during_the_walk_stays),
	    TEST(test_pod_of_a_live_connection_stays),
	    TEST(test_edge_numbers_are_never_used_twice),
	    TEST(test_sums_hold_beyond_the_bounds),
	    TEST(test_edges_that_are_there_stay_exact),
	    TEST(test_taken_back_where_it_was_counted),
	    TEST(test_no_edge_is_negative),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
