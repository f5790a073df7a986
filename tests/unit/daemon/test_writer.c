#include "tests/unit/store/fixture.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "daemon/writer.h"

#define FOREVER (INT64_C(200) * 365 * 24 * 3600 * MSEC_PER_SEC)
#define PATIENCE (30 * NSEC_PER_SEC)

/* One edge with the port, and the fact "last" with its number. */
static struct batch *a_batch(uint16_t port)
{
	struct batch *batch = calloc(1, sizeof(*batch));
	char value[16];

	assert_non_null(batch);
	snprintf(value, sizeof(value), "%u", port);
	batch->time = INT64_C(1700000000000) + port;
	batch->flows = calloc(1, sizeof(*batch->flows));
	batch->facts = calloc(1, sizeof(*batch->facts));
	assert_non_null(batch->flows);
	assert_non_null(batch->facts);
	batch->flows[0] = a_flow(port, INT64_C(1699999980000));
	batch->flow_count = 1;
	batch->facts[0] = (struct fact){.name = strdup("last"), .value = strdup(value)};
	batch->fact_count = 1;
	return batch;
}

static struct writer *start(const struct place *place)
{
	struct writer *writer = writer_start(open_node(place->path, "n1"), FOREVER);

	assert_non_null(writer);
	return writer;
}

static bool is_committed(const struct writer_status *status, uint64_t number)
{
	return status->committed >= number;
}

static bool has_failed(const struct writer_status *status, uint64_t number)
{
	(void)number;
	return status->error < 0;
}

static struct writer_status
wait_for(struct writer *writer, bool (*is)(const struct writer_status *status, uint64_t number),
	 uint64_t number)
{
	int64_t deadline = clock_monotonic() + PATIENCE;
	struct writer_status status;

	for (writer_status(writer, &status); !is(&status, number); writer_status(writer, &status)) {
		assert_true(clock_monotonic() < deadline);
		poll(NULL, 0, 2);
	}
	return status;
}

/* The ports in the order in which they were first written ascend by one. */
static void assert_in_order(const char *path, int64_t count)
{
	assert_int_equal(ask(path, "SELECT count(*) FROM edge"), count);
	assert_int_equal(ask(path, "SELECT count(DISTINCT port - id) FROM edge"), 1);
	assert_int_equal(ask(path, "SELECT value FROM fact WHERE name = 'last'"), count);
	assert_sound(path);
}

static void test_in_order(void **state)
{
	const struct place *place = *state;
	struct writer *writer = start(place);
	struct writer_status status;

	for (uint16_t i = 1; i <= 20; i++) {
		struct batch *batch = a_batch(i);

		while (writer_submit(writer, batch) == -EAGAIN)
			poll(NULL, 0, 2);
	}
	status = wait_for(writer, is_committed, 20);
	assert_int_equal(status.committed, 20);
	assert_int_equal(status.flows, 20);
	assert_int_equal(status.error, 0);
	assert_string_equal(status.message, "");
	assert_true(writer_has_room(writer));
	assert_int_equal(writer_stop(writer, a_batch(21)), 0);
	assert_in_order(place->path, 21);
}

static void test_stop_writes_all(void **state)
{
	const struct place *place = *state;
	struct writer *writer = start(place);

	for (uint16_t i = 1; i <= WRITER_QUEUE; i++)
		assert_int_equal(writer_submit(writer, a_batch(i)), 0);
	assert_int_equal(writer_stop(writer, a_batch(WRITER_QUEUE + 1)), 0);
	assert_in_order(place->path, WRITER_QUEUE + 1);
}

static void test_stop_at_once(void **state)
{
	const struct place *place = *state;

	assert_int_equal(writer_stop(start(place), a_batch(1)), 0);
	assert_in_order(place->path, 1);
}

/* Another process that writes: every try of the writer fails. */
static sqlite3 *hold(const char *path)
{
	sqlite3 *handle = NULL;

	assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
	sqlite3_busy_timeout(handle, 5000);
	assert_int_equal(sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	return handle;
}

static void test_queue_full_then_recovered(void **state)
{
	const struct place *place = *state;
	struct writer *writer = start(place);
	sqlite3 *other = hold(place->path);
	struct batch *refused = a_batch(WRITER_QUEUE + 1);
	struct writer_status status;

	for (uint16_t i = 1; i <= WRITER_QUEUE; i++) {
		assert_true(writer_has_room(writer));
		assert_int_equal(writer_submit(writer, a_batch(i)), 0);
	}
	assert_false(writer_has_room(writer));
	assert_int_equal(writer_submit(writer, refused), -EAGAIN);
	status = wait_for(writer, has_failed, 0);
	assert_int_equal(status.error, -EBUSY);
	assert_true(status.message[0] != '\0');
	assert_int_equal(status.committed, 0);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge"), 0);

	sqlite3_close(other);
	status = wait_for(writer, is_committed, WRITER_QUEUE);
	assert_int_equal(status.error, 0);
	assert_string_equal(status.message, "");
	assert_int_equal(writer_submit(writer, refused), 0);
	assert_int_equal(writer_stop(writer, a_batch(WRITER_QUEUE + 2)), 0);
	assert_in_order(place->path, WRITER_QUEUE + 2);
}

static void test_stop_gives_up(void **state)
{
	const struct place *place = *state;
	struct writer *writer = start(place);
	int64_t begun = clock_monotonic();
	sqlite3 *other = hold(place->path);

	assert_int_equal(writer_submit(writer, a_batch(1)), 0);
	assert_int_equal(writer_submit(writer, a_batch(2)), 0);
	assert_int_equal(writer_stop(writer, a_batch(3)), 3);
	assert_true(clock_monotonic() - begun < PATIENCE);
	sqlite3_close(other);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge"), 0);
	assert_sound(place->path);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) < 0)
		_exit(10);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		_exit(10);
}

/* No assertions here: cmocka's would jump into the parent's tests. */
static int child_of_full_disk(const struct place *place, struct batch *first, struct batch *last)
{
	const struct store_options options = {.readable_after_close = true};
	struct writer_status status = {0};
	struct store *store = NULL;
	struct writer *writer;
	char *error = NULL;

	signal(SIGXFSZ, SIG_IGN);
	if (store_open(place->path, &options, &store, &error) < 0 ||
	    store_use_node(store, "n1") < 0)
		return 11;
	limit_files(4096);
	writer = writer_start(store, FOREVER);
	if (!writer || writer_submit(writer, first) < 0)
		return 12;
	for (int64_t deadline = clock_monotonic() + PATIENCE; !status.error;) {
		if (status.committed > 0 || clock_monotonic() > deadline)
			return 13;
		poll(NULL, 0, 2);
		writer_status(writer, &status);
	}
	if (status.message[0] == '\0')
		return 14;
	limit_files(RLIM_INFINITY);
	return writer_stop(writer, last) == 0 ? 0 : 15;
}

/* Files may not grow for a while, as on a full disk. */
static void test_full_disk_then_recovered(void **state)
{
	const struct place *place = *state;
	struct batch *first = a_batch(1), *last = a_batch(2);
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(child_of_full_disk(place, first, last));
	batch_free(first);
	batch_free(last);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_in_order(place->path, 2);
}

static void test_old_rows_go(void **state)
{
	const struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	int64_t deadline = clock_monotonic() + PATIENCE;
	struct writer *writer;

	write_one(store, a_flow(80, INT64_C(1699999980000)));
	assert_int_equal(ask(place->path, "SELECT count(*) FROM flow"), 1);
	writer = writer_start(store, 60 * MSEC_PER_SEC);
	assert_non_null(writer);
	while (ask(place->path, "SELECT count(*) FROM flow") > 0) {
		assert_true(clock_monotonic() < deadline);
		poll(NULL, 0, 10);
	}
	writer_set_retention(writer, FOREVER);
	assert_int_equal(writer_stop(writer, a_batch(81)), 0);
	assert_int_equal(ask(place->path, "SELECT port FROM edge"), 81);
}

static void test_signs_of_life(void **state)
{
	struct writer *writer = start(*state);
	struct writer_status status;
	int64_t begun = clock_monotonic(), deadline = begun + PATIENCE;

	for (writer_status(writer, &status); status.beat < begun; writer_status(writer, &status)) {
		assert_true(clock_monotonic() < deadline);
		poll(NULL, 0, 10);
	}
	assert_int_equal(writer_stop(writer, a_batch(1)), 0);
}

/* What a run counted is what the next one is told, else it would be counted twice or elsewhere. */
static void test_checkpoint_comes_back_whole(void **state)
{
	const struct place *place = *state;
	struct checkpoint checkpoint = {
	    .original = {ip("10.0.0.1"), ip("10.96.0.10"), 40000, 80, 6, true},
	    .reply = {ip("10.0.1.5"), ip("192.0.2.1"), 8080, 61000, 6, true},
	    .zone = 3,
	    .id = 4000000000u,
	    .start_ns = INT64_C(1700000000123456789),
	    .first_ns = INT64_C(1700000000123456789),
	    .has_counters = true,
	    .direction_uncertain = true,
	    .verdict = VERDICT_ANSWERED,
	    .packets_sent = 1,
	    .packets_received = 2,
	    .bytes_sent = 3,
	    .bytes_received = 4,
	};
	struct batch *batch = a_batch(1);
	struct store_state left;
	struct store *store;

	batch->checkpoints = malloc(sizeof(checkpoint));
	assert_non_null(batch->checkpoints);
	batch->checkpoints[0] = checkpoint;
	batch->checkpoint_count = 1;
	assert_int_equal(writer_stop(start(place), batch), 0);
	store = open_node(place->path, "n1");
	assert_int_equal(store_load_state(store, &left), 0);
	store_close(store);
	assert_int_equal(left.checkpoint_count, 1);
	assert_int_equal(left.checkpoints[0].original.source_port, 40000);
	assert_int_equal(left.checkpoints[0].bytes_received, 4);
	assert_true(addr_equal(left.checkpoints[0].reply.source, checkpoint.reply.source));
	assert_true(
	    addr_equal(left.checkpoints[0].reply.destination, checkpoint.reply.destination));
	assert_int_equal(left.checkpoints[0].reply.source_port, 8080);
	assert_int_equal(left.checkpoints[0].first_ns, checkpoint.first_ns);
	assert_true(left.checkpoints[0].direction_uncertain);
	store_state_clear(&left);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_A_PLACE(test_in_order),
	    IN_A_PLACE(test_stop_writes_all),
	    IN_A_PLACE(test_stop_at_once),
	    IN_A_PLACE(test_queue_full_then_recovered),
	    IN_A_PLACE(test_stop_gives_up),
	    IN_A_PLACE(test_full_disk_then_recovered),
	    IN_A_PLACE(test_old_rows_go),
	    IN_A_PLACE(test_signs_of_life),
	    IN_A_PLACE(test_checkpoint_comes_back_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
