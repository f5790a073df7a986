#include "tests/unit/store/fixture.h"

#include <errno.h>

#define MS INT64_C(1000000)
#define QUARTER INT64_C(900000) /* of an hour */
#define DAY (96 * QUARTER)

static struct checkpoint a_checkpoint(uint16_t port)
{
	return (struct checkpoint){
	    .original = {ip("10.0.0.1"), ip("fd00::2"), port, 443, 6, true},
	    .reply = {ip("fd00::3"), ip("10.0.0.9"), 8443, port, 6, true},
	    .first_ns = 1700000000123456000,
	    .direction_uncertain = true,
	    .zone = 3,
	    .id = 4000000000u,
	    .start_ns = 1700000000123456789,
	    .has_counters = true,
	    .verdict = VERDICT_ANSWERED,
	    .packets_sent = 1,
	    .packets_received = 2,
	    .bytes_sent = UINT64_MAX,
	    .bytes_received = 4,
	};
}

static void assert_checkpoint(const struct checkpoint *a, const struct checkpoint *b)
{
	assert_true(addr_equal(a->original.source, b->original.source));
	assert_true(addr_equal(a->original.destination, b->original.destination));
	assert_int_equal(a->original.source_port, b->original.source_port);
	assert_int_equal(a->original.destination_port, b->original.destination_port);
	assert_int_equal(a->original.protocol, b->original.protocol);
	assert_int_equal(a->original.has_ports, b->original.has_ports);
	assert_true(addr_equal(a->reply.source, b->reply.source));
	assert_true(addr_equal(a->reply.destination, b->reply.destination));
	assert_int_equal(a->reply.source_port, b->reply.source_port);
	assert_int_equal(a->reply.destination_port, b->reply.destination_port);
	assert_int_equal(a->reply.protocol, b->reply.protocol);
	assert_int_equal(a->first_ns, b->first_ns);
	assert_int_equal(a->direction_uncertain, b->direction_uncertain);
	assert_int_equal(a->zone, b->zone);
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->start_ns, b->start_ns);
	assert_int_equal(a->has_counters, b->has_counters);
	assert_int_equal(a->verdict, b->verdict);
	assert_int_equal(a->packets_sent, b->packets_sent);
	assert_int_equal(a->packets_received, b->packets_received);
	assert_true(a->bytes_sent == b->bytes_sent);
	assert_int_equal(a->bytes_received, b->bytes_received);
	assert_false(b->remove);
}

static struct store_state load(struct store *store)
{
	struct store_state loaded;

	assert_int_equal(store_load_state(store, &loaded), 0);
	return loaded;
}

static void test_nothing_at_first(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct store_state loaded = load(store);

	assert_int_equal(loaded.heartbeat, 0);
	assert_int_equal(loaded.checkpoint_count, 0);
	assert_int_equal(loaded.fact_count, 0);
	assert_int_equal(loaded.pod_count, 0);
	assert_true(loaded.pods_since == INT64_MIN);
	store_state_clear(&loaded);
	store_close(store);
}

static void test_checkpoints(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct checkpoint rows[4] = {a_checkpoint(1), a_checkpoint(2), a_checkpoint(2),
				     a_checkpoint(3)};
	struct batch batch = {.time = 5, .checkpoints = rows, .checkpoint_count = 4};
	struct store_state loaded;

	rows[2].packets_sent = 77;
	rows[3].start_ns = 0;
	write_batch(store, &batch);
	rows[0].remove = true;
	batch.checkpoint_count = 1;
	write_batch(store, &batch);
	store_close(store);
	store = open_node(place->path, "n1");
	loaded = load(store);
	assert_int_equal(loaded.heartbeat, 5);
	assert_int_equal(loaded.checkpoint_count, 2);
	assert_checkpoint(&rows[2], &loaded.checkpoints[0]);
	assert_checkpoint(&rows[3], &loaded.checkpoints[1]);
	store_state_clear(&loaded);
	assert_int_equal(store_use_node(store, "n2"), 0);
	loaded = load(store);
	assert_int_equal(loaded.checkpoint_count, 0);
	store_state_clear(&loaded);
	store_close(store);
}

static void test_facts(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct fact facts[2] = {{text("b"), text("2")}, {text("a"), text("")}};
	struct batch batch = {.time = 5, .facts = facts, .fact_count = 2};
	struct store_state loaded;

	write_batch(store, &batch);
	loaded = load(store);
	assert_int_equal(loaded.fact_count, 2);
	assert_string_equal(loaded.facts[0].name, "a");
	assert_string_equal(loaded.facts[0].value, "");
	assert_string_equal(loaded.facts[1].name, "b");
	assert_string_equal(loaded.facts[1].value, "2");
	store_state_clear(&loaded);
	store_close(store);
}

static void write_pods(struct store *store, int64_t time, struct batch_pod *pods, size_t count,
		       bool complete)
{
	struct batch batch = {
	    .time = time, .pods = pods, .pod_count = count, .pods_complete = complete};

	write_batch(store, &batch);
}

static void test_pods_return_in_ns_unless_long_gone(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct pod_address open[] = {{ip("10.0.0.1"), 5 * MS + 999, INTERVAL_OPEN, false, false}};
	struct pod_address late[] = {{ip("10.0.0.2"), 5 * MS, 1001 * MS, false, false},
				     {ip("fd00::2"), 6 * MS, 7 * MS, false, false}};
	struct pod_address gone[] = {{ip("10.0.0.3"), 5 * MS, 1000 * MS, false, false}};
	struct batch_pod pods[] = {
	    {1, a_pod("open", "s1", open, 1)},
	    {2, a_pod("late", "s2", late, 2)},
	    {3, a_pod("gone", "s3", gone, 1)},
	};
	struct store_state loaded;

	write_pods(store, QUARTER + 1000, pods, 3, true);
	store_close(store);
	store = open_node(place->path, "n1");
	loaded = load(store);
	assert_int_equal(loaded.pod_count, 2);
	assert_string_equal(loaded.pods[0].name, "open");
	assert_string_equal(loaded.pods[0].namespace, "shop");
	assert_string_equal(loaded.pods[0].uid, "uid-1");
	assert_string_equal(loaded.pods[0].sandbox, "s1");
	assert_string_equal(loaded.pods[0].source, "cni-result");
	assert_int_equal(loaded.pods[0].address_count, 1);
	assert_true(addr_equal(loaded.pods[0].addresses[0].address, ip("10.0.0.1")));
	assert_int_equal(loaded.pods[0].addresses[0].since, 5 * MS);
	assert_true(loaded.pods[0].addresses[0].until == INTERVAL_OPEN);
	assert_string_equal(loaded.pods[1].name, "late");
	assert_int_equal(loaded.pods[1].address_count, 2);
	assert_int_equal(loaded.pods[1].addresses[0].until, 1001 * MS);
	assert_int_equal(loaded.pods[1].addresses[1].until, 7 * MS);
	store_state_clear(&loaded);
	store_close(store);
}

static int64_t until_of(const char *path, const char *name)
{
	char query[256];

	snprintf(
	    query, sizeof(query),
	    "SELECT ifnull(until, -1) FROM pod_address JOIN pod ON pod.id = pod WHERE name = '%s'",
	    name);
	return ask(path, query);
}

static void test_pods_not_named_again_ended_at_the_heartbeat(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct pod_address stays[] = {{ip("10.0.0.1"), 5 * MS, INTERVAL_OPEN, false, false}};
	struct pod_address vanishes[] = {{ip("10.0.0.2"), 5 * MS, INTERVAL_OPEN, false, false}};
	struct pod_address elsewhere[] = {{ip("10.0.0.3"), 5 * MS, INTERVAL_OPEN, false, false}};
	struct batch_pod pods[] = {{1, a_pod("stays", "s1", stays, 1)},
				   {2, a_pod("vanishes", "s2", vanishes, 1)}};
	struct batch_pod other = {3, a_pod("elsewhere", "s3", elsewhere, 1)};

	write_pods(store, 100, pods, 2, true);
	write_pods(store, 200, NULL, 0, true);
	assert_int_equal(until_of(place->path, "vanishes"), -1);
	assert_int_equal(store_use_node(store, "n2"), 0);
	write_pods(store, 150, &other, 1, true);
	store_close(store);
	store = open_node(place->path, "n1");
	pods[0].number = 9;
	write_pods(store, 1000, NULL, 0, false);
	write_pods(store, 1100, pods, 1, false);
	assert_int_equal(until_of(place->path, "vanishes"), -1);
	write_pods(store, 1200, NULL, 0, true);
	assert_int_equal(until_of(place->path, "vanishes"), 200);
	assert_int_equal(until_of(place->path, "stays"), -1);
	assert_int_equal(until_of(place->path, "elsewhere"), -1);
	write_pods(store, 1300, &pods[1], 1, true);
	assert_int_equal(until_of(place->path, "vanishes"), -1);
	store_close(store);
}

static void test_node_addresses_not_named_again_ended_too(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct node_address own[] = {{ip("192.0.2.1"), true}, {ip("192.0.2.2"), true}};
	struct batch batch = {
	    .time = 100, .addresses = own, .address_count = 2, .pods_complete = true};

	write_batch(store, &batch);
	store_close(store);
	store = open_node(place->path, "n1");
	batch.time = 500;
	batch.address_count = 1;
	write_batch(store, &batch);
	assert_int_equal(
	    ask(place->path,
		"SELECT count(*) FROM node_addresses WHERE address = '192.0.2.1' AND until IS NULL"
		" AND since LIKE '%00.100Z'"),
	    1);
	assert_int_equal(ask(place->path, "SELECT until FROM node_address"
					  " WHERE address = '192.0.2.2'"),
			 100);
	store_close(store);
}

/* What was loaded is told, with numbers in its order; checkpoints keep the pods that they name. */
static void test_loaded_pods_are_told(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct pod_address open[] = {{ip("10.0.0.1"), 5 * MS, INTERVAL_OPEN, false, false}};
	struct pod_address gone[] = {{ip("10.0.0.2"), 5 * MS, 6 * MS, false, false}};
	struct batch_pod pods[] = {
	    {7, a_pod("gone", "s1", gone, 1)},
	    {8, a_pod("long-gone", "s2", gone, 1)},
	    {9, a_pod("open", "s3", open, 1)},
	};
	struct checkpoint row = a_checkpoint(1);
	struct batch batch = {.time = 9 * DAY,
			      .pods = pods,
			      .pod_count = 3,
			      .checkpoints = &row,
			      .checkpoint_count = 1};
	struct flow flow = a_flow(80, 9 * DAY);
	struct store_state loaded;

	row.first_ns = row.start_ns = 8 * DAY * MS + DAY * MS / 2;
	row.source_pod = 9;
	row.destination_pod = 7;
	write_batch(store, &batch);
	store_close(store);
	store = open_node(place->path, "n1");
	loaded = load(store);
	assert_int_equal(loaded.pod_count, 2);
	assert_string_equal(loaded.pods[0].name, "gone");
	assert_string_equal(loaded.pods[1].name, "open");
	assert_int_equal(loaded.pods_since, (9 * DAY - QUARTER) * MS);
	assert_int_equal(loaded.checkpoints[0].source_pod, 2);
	assert_int_equal(loaded.checkpoints[0].destination_pod, 1);
	store_state_clear(&loaded);
	flow.key.source_pod = 2;
	write_one(store, flow);
	assert_int_equal(ask(place->path, "SELECT pod.name = 'open' FROM edge"
					  " JOIN pod ON pod.id = edge.source_pod"),
			 1);
	store_close(store);
}

/* A number that was forgotten names nobody from the next batch on, and takes no memory. */
static void test_forgotten_numbers(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct pod_address gone[] = {{ip("10.0.0.2"), 5 * MS, 6 * MS, false, false}};
	struct batch_pod pod = {1, a_pod("gone", "s1", gone, 1)};
	struct flow flow = a_flow(80, 9 * DAY);
	uint32_t forgotten = 1;
	struct batch batch = {.time = 9 * DAY,
			      .pods = &pod,
			      .pod_count = 1,
			      .flows = &flow,
			      .flow_count = 1,
			      .forgotten = &forgotten,
			      .forgotten_count = 1};

	flow.key.source_pod = 1;
	write_batch(store, &batch);
	batch.pod_count = batch.forgotten_count = 0;
	assert_int_equal(store_write(store, &batch), -EINVAL);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge WHERE source_pod = 1"), 1);
	store_close(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_nothing_at_first),
	    TEST(test_checkpoints),
	    TEST(test_facts),
	    TEST(test_loaded_pods_are_told),
	    TEST(test_forgotten_numbers),
	    TEST(test_pods_return_in_ns_unless_long_gone),
	    TEST(test_pods_not_named_again_ended_at_the_heartbeat),
	    TEST(test_node_addresses_not_named_again_ended_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
