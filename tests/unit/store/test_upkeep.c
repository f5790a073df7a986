/* A database that is full, gone or damaged. */
#include "tests/unit/store/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "store/files.h"

#define MINUTE 60000

static const struct store_options options = {
    .readable_after_close = true, .set_damaged_aside = true, .reserve = 64 << 10};

static struct store *open_with_care(const char *path)
{
	struct store *store = NULL;
	char *error = NULL;

	if (store_open(path, &options, &store, &error) < 0)
		fail_msg("%s", error);
	assert_int_equal(store_use_node(store, "n1"), 0);
	return store;
}

static char *beside(const struct place *place, const char *ending)
{
	char *name = NULL;

	assert_true(asprintf(&name, "%s%s", place->path, ending) > 0);
	return name;
}

static bool is_there(const struct place *place, const char *ending)
{
	char *name = beside(place, ending);
	bool there = access(name, F_OK) == 0;

	free(name);
	return there;
}

static void take_away(const struct place *place, const char *ending)
{
	char *name = beside(place, ending);

	assert_int_equal(unlink(name), 0);
	free(name);
}

static int try_one(struct store *store, uint16_t port)
{
	struct flow flow = a_flow(port, MINUTE);
	const struct batch batch = {.time = flow.last_seen, .flows = &flow, .flow_count = 1};

	return store_write(store, &batch);
}

static void put(const char *path, const char *bytes, size_t count)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	for (size_t i = 0; i < count; i++)
		assert_true(fputs(bytes, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void test_reserve(void **state)
{
	const struct place *place = *state;
	struct store *store;
	struct stat there;
	char *name = beside(place, ".reserve");

	umask(0);
	store = open_with_care(place->path);
	assert_int_equal(stat(name, &there), 0);
	assert_int_equal(there.st_size, 64 << 10);
	assert_true(there.st_blocks * 512 >= 64 << 10);
	assert_int_equal(there.st_mode & 07777, 0640);
	files_use_reserve(place->path);
	assert_false(is_there(place, ".reserve"));
	/* More than any disk has. */
	assert_false(files_keep_reserve(place->path, INT64_C(1) << 60));
	assert_false(is_there(place, ".reserve"));
	assert_int_equal(store_tend(store), 0);
	assert_true(is_there(place, ".reserve"));
	store_close(store);
	free(name);
}

static void test_makes_room(void **state)
{
	const struct place *place = *state;
	struct store *store = open_with_care(place->path);
	int64_t before, rows = 0;
	bool more = true;

	for (int64_t i = 0; i < 20; i++) {
		static struct flow flows[1000];

		for (int64_t j = 0; j < 1000; j++)
			flows[j] = a_flow(80, (i * 1000 + j) * MINUTE);
		write_flow_array(store, i * 1000 * MINUTE, flows, 1000);
	}
	store_close(store);
	before = ask(place->path, "SELECT page_count FROM pragma_page_count");
	store = open_with_care(place->path);
	while (more)
		assert_int_equal(store_make_room(store, &more), 0);
	store_close(store);
	rows = ask(place->path, "SELECT count(*) FROM flow");
	assert_in_range(rows, 16000, 18500);
	assert_int_equal(ask(place->path, "SELECT min(window) FROM flow"), (20000 - rows) * MINUTE);
	assert_true(ask(place->path, "SELECT page_count FROM pragma_page_count") * 10 <=
		    before * 9 + 10);
	assert_sound(place->path);
}

static void pin(sqlite3 *handle)
{
	assert_int_equal(sqlite3_exec(handle, "BEGIN; SELECT count(*) FROM edge", NULL, NULL, NULL),
			 SQLITE_OK);
}

static sqlite3 *open_idle(const char *path)
{
	sqlite3 *handle = NULL;

	assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
	pin(handle);
	assert_int_equal(sqlite3_exec(handle, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	return handle;
}

static struct flow far_edge(size_t number)
{
	struct flow flow = a_flow((uint16_t)number, MINUTE);

	flow.length = FLOW_WITHOUT_WINDOW;
	flow.key.destination.bytes[2] = (uint8_t)(number >> 16);
	return flow;
}

static void fill_with_edges(struct store *store, size_t count)
{
	struct flow *flows = calloc(count, sizeof(*flows));

	assert_non_null(flows);
	for (size_t i = 0; i < count; i++)
		flows[i] = far_edge(i);
	write_flow_array(store, 2 * MINUTE, flows, count);
	free(flows);
}

/* A step on a full disk writes little, however much of the file is empty. */
static void test_room_in_small_steps(void **state)
{
	static const char pages[] = "SELECT page_count FROM pragma_page_count";
	const struct place *place = *state;
	struct store *store = open_with_care(place->path);
	int64_t before;
	bool more = false;

	fill_with_edges(store, 60000);
	store_close(store);
	change(place->path, "DELETE FROM edge WHERE id % 100 <> 0 AND id < 50000");
	assert_true(ask(place->path, "SELECT freelist_count FROM pragma_freelist_count") > 1000);
	before = ask(place->path, pages);
	store = open_with_care(place->path);
	assert_int_equal(store_make_room(store, &more), 0);
	assert_true(more);
	assert_in_range(ask(place->path, pages), before - 300, before - 1);
	store_close(store);
	assert_sound(place->path);
}

static void test_edges_that_made_room(void **state)
{
	const struct place *place = *state;
	struct store *store = open_with_care(place->path);
	bool more = true;

	fill_with_edges(store, 5000);
	while (more)
		assert_int_equal(store_make_room(store, &more), 0);
	store_close(store);
	assert_int_equal(
	    ask(place->path,
		"SELECT count(*) FROM gap WHERE reason <> 'edges were deleted because the disk "
		"was full' OR at_most + (SELECT sum(connections) FROM edge) <> 5000"),
	    0);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM gap"), 1);
}

static void test_log_taken_away(void **state)
{
	const struct place *place = *state;
	struct store *store = open_with_care(place->path);

	write_one(store, a_flow(1, MINUTE));
	take_away(place, "-wal");
	take_away(place, "-shm");
	write_one(store, a_flow(2, MINUTE));
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge"), 2);
	store_close(store);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge"), 2);
	assert_sound(place->path);
}

/* Who has the database open, and is idle, keeps the log from being brought in at close. */
static void test_log_taken_away_beside_another(void **state)
{
	const struct place *place = *state;
	struct store *store = open_with_care(place->path);
	sqlite3 *idle = open_idle(place->path);

	for (uint16_t port = 1; port <= 20; port++)
		write_one(store, a_flow(port, MINUTE));
	take_away(place, "-wal");
	assert_int_equal(try_one(store, 21), 0);
	sqlite3_close(idle);
	assert_null(store_take_loss(store).reason);
	store_close(store);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge"), 21);
	assert_sound(place->path);
}

/* What an old snapshot keeps out of the database is not given up: it waits for the reader. */
static void test_log_taken_away_below_a_snapshot(void **state)
{
	const struct place *place = *state;
	struct store *store = open_with_care(place->path);
	sqlite3 *reader = NULL;

	write_one(store, a_flow(1, MINUTE));
	assert_int_equal(sqlite3_open(place->path, &reader), SQLITE_OK);
	pin(reader);
	write_one(store, a_flow(2, 2 * MINUTE));
	take_away(place, "-wal");
	assert_int_equal(try_one(store, 3), -EBUSY);
	assert_non_null(strstr(store_error(store), "old snapshot"));
	sqlite3_close(reader);
	assert_int_equal(try_one(store, 3), 0);
	store_close(store);
	assert_int_equal(ask(place->path, "SELECT sum(port) FROM edge"), 6);
	assert_sound(place->path);
}

/* The log belongs to the file, whatever its name is now. */
static void test_moved(void **state)
{
	const struct place *place = *state;
	struct store *store = open_with_care(place->path);
	char *name = beside(place, ".old");

	for (uint16_t port = 1; port <= 20; port++)
		write_one(store, a_flow(port, MINUTE));
	assert_int_equal(rename(place->path, name), 0);
	assert_int_equal(try_one(store, 21), -ENOENT);
	assert_int_equal(store_renew(store, false), 0);
	assert_int_equal(try_one(store, 21), 0);
	store_close(store);
	assert_int_equal(ask(place->path, "SELECT port FROM edge"), 21);
	assert_int_equal(ask(name, "SELECT count(*) FROM edge"), 20);
	assert_sound(place->path);
	assert_sound(name);
	free(name);
}

static void copy_over(const char *from, const char *to)
{
	static char bytes[1 << 20];
	FILE *in = fopen(from, "r"), *out = fopen(to, "w");
	size_t length;

	assert_non_null(in);
	assert_non_null(out);
	length = fread(bytes, 1, sizeof(bytes), in);
	assert_true(length < sizeof(bytes));
	assert_int_equal(fwrite(bytes, 1, length, out), length);
	assert_int_equal(fclose(in), 0);
	assert_int_equal(fclose(out), 0);
}

/* The same file, but an older state of it: what followed is lost, and pods have other rows. */
static void test_older_copy(void **state)
{
	const struct place *place = *state;
	struct store *store = open_with_care(place->path);
	char *name = beside(place, ".copy");
	struct pod_address address = {ip("10.0.0.1"), 0, INTERVAL_OPEN, false, false};
	struct batch_pod pod = {.number = 1, .pod = a_pod("web", "s1", &address, 1)};
	struct flow flow = a_flow(3, 3 * MINUTE);
	struct batch batch = {.time = 2 * MINUTE, .pods = &pod, .pod_count = 1};
	struct store_loss loss;

	write_one(store, a_flow(1, MINUTE));
	store_close(store);
	copy_over(place->path, name);
	store = open_with_care(place->path);
	write_one(store, a_flow(2, 2 * MINUTE));
	write_batch(store, &batch);
	change(place->path, "PRAGMA wal_checkpoint(TRUNCATE)");
	copy_over(name, place->path);
	flow.key.source_pod = 1;
	batch = (struct batch){.time = flow.last_seen, .flows = &flow, .flow_count = 1};
	assert_int_equal(store_write(store, &batch), -ENOENT);
	assert_int_equal(store_renew(store, false), 0);
	loss = store_take_loss(store);
	assert_string_equal(loss.reason, "the database went back in time");
	assert_int_equal(loss.since, MINUTE + 10);
	write_batch(store, &batch);
	assert_null(store_take_loss(store).reason);
	store_close(store);
	assert_int_equal(ask(place->path, "SELECT sum(port) FROM edge"), 4);
	assert_int_equal(ask(place->path, "SELECT count(source_pod) FROM edge"), 0);
	assert_sound(place->path);
	free(name);
}

/* The same while there is a log of the newer state. */
static void test_older_copy_below_the_log(void **state)
{
	const struct place *place = *state;
	struct store *store = open_with_care(place->path);
	char *name = beside(place, ".copy");
	struct store_loss loss;
	bool more = true;

	write_one(store, a_flow(1, MINUTE));
	store_close(store);
	copy_over(place->path, name);
	store = open_with_care(place->path);
	fill_with_edges(store, 5000);
	while (more)
		assert_int_equal(store_make_room(store, &more), 0);
	write_one(store, a_flow(2, 2 * MINUTE));
	assert_true(files_log_bytes(place->path) > 0);
	copy_over(name, place->path);
	assert_int_equal(try_one(store, 3), -ENOENT);
	assert_int_equal(store_renew(store, false), 0);
	loss = store_take_loss(store);
	assert_string_equal(loss.reason, "the database went back in time");
	assert_int_equal(loss.since, MINUTE + 10);
	assert_int_equal(try_one(store, 3), 0);
	store_close(store);
	assert_int_equal(ask(place->path, "SELECT sum(port) FROM edge"), 4);
	assert_sound(place->path);
	free(name);
}

/* A batch is in the file after all if the file has one more than was known to be in. */
static void test_reopen_tells_what_is_in(void **state)
{
	const struct place *place = *state;
	struct store *store = open_with_care(place->path);
	bool written = true;

	write_one(store, a_flow(1, MINUTE));
	assert_int_equal(store_reopen(store, &written), 0);
	assert_false(written);
	change(place->path, "UPDATE store SET batches = batches + 1");
	assert_int_equal(store_reopen(store, &written), 0);
	assert_true(written);
	assert_int_equal(store_reopen(store, &written), 0);
	assert_false(written);
	store_close(store);
}

static void test_lock_taken_away_with_all(void **state)
{
	const struct place *place = *state;
	struct store *store = open_with_care(place->path), *other = NULL;
	char *error = NULL;

	write_one(store, a_flow(1, MINUTE));
	take_away(place, "");
	take_away(place, ".lock");
	assert_int_equal(try_one(store, 2), -ENOENT);
	assert_non_null(strstr(store_error(store), "deleted"));
	assert_int_equal(store_renew(store, false), 0);
	assert_string_equal(store_take_loss(store).reason, "the database was deleted by someone");
	assert_null(store_take_loss(store).reason);
	assert_int_equal(store_open(place->path, NULL, &other, &error), -EBUSY);
	free(error);
	assert_int_equal(try_one(store, 2), 0);
	store_close(store);
	assert_int_equal(ask(place->path, "SELECT port FROM edge"), 2);
	assert_false(is_there(place, ".lock"));
}

/* A number that was told to the file that is gone names nobody in the next one until it is told
 * again. */
static void test_forgets_pods(void **state)
{
	const struct place *place = *state;
	struct store *store = open_with_care(place->path);
	struct pod_address address = {ip("10.0.0.1"), 0, INTERVAL_OPEN, false, false};
	struct batch_pod pod = {.number = 1, .pod = a_pod("web", "s1", &address, 1)};
	struct flow flow = a_flow(1, MINUTE);
	struct batch batch = {
	    .time = MINUTE, .flows = &flow, .flow_count = 1, .pods = &pod, .pod_count = 1};

	flow.key.source_pod = 1;
	write_batch(store, &batch);
	take_away(place, "");
	assert_int_equal(store_write(store, &batch), -ENOENT);
	assert_int_equal(store_renew(store, false), 0);
	batch.pod_count = 0;
	write_batch(store, &batch);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge WHERE source_pod IS NULL"), 1);
	batch.pod_count = 1;
	write_batch(store, &batch);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge WHERE source_pod > 0"), 1);
	store_close(store);
	assert_sound(place->path);
}

/* Another database of the node came in its place: its own time counts. */
static void test_replaced(void **state)
{
	const struct place *place = *state;
	struct store *store = open_with_care(place->path);
	char *name = beside(place, ".copy");
	struct store_loss loss;

	write_one(store, a_flow(1, MINUTE));
	store_close(store);
	assert_int_equal(rename(place->path, name), 0);
	store = open_with_care(place->path);
	write_one(store, a_flow(2, 100 * MINUTE));
	assert_int_equal(rename(name, place->path), 0);
	assert_int_equal(try_one(store, 3), -ENOENT);
	assert_int_equal(store_renew(store, false), 0);
	loss = store_take_loss(store);
	assert_string_equal(loss.reason, "the database was replaced by someone");
	assert_int_equal(loss.since, MINUTE + 10);
	assert_int_equal(try_one(store, 3), 0);
	store_close(store);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge WHERE port IN (1, 3)"), 2);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge"), 2);
	assert_sound(place->path);
	free(name);
}

static void test_set_aside_at_open(void **state)
{
	const struct place *place = *state;
	struct store *store;
	struct store_loss loss;
	struct stat there;

	put(place->path, "no database", 1000);
	store = open_with_care(place->path);
	loss = store_take_loss(store);
	assert_string_equal(loss.reason, "the database was damaged and set aside");
	assert_true(loss.since > clock_msec(clock_now()) - MINUTE);
	assert_int_equal(stat(loss.aside, &there), 0);
	assert_int_equal(there.st_size, 11000);
	store_close(store);
	assert_sound(place->path);
}

/* A newer netpol made it: it stays where it is. An import leaves any file alone. */
static void test_not_set_aside(void **state)
{
	const struct place *place = *state;
	struct store *store = open_with_care(place->path);
	char *error = NULL;

	store_close(store);
	change(place->path, "PRAGMA user_version = 9999");
	assert_int_equal(store_open(place->path, &options, &store, &error), -EPROTO);
	free(error);
	put(place->path, "no database", 1000);
	assert_int_equal(store_open(place->path, NULL, &store, &error), -EBADMSG);
	free(error);
	assert_true(is_there(place, ""));
}

/* Nothing that was set aside is overwritten. */
static void test_names_aside(void **state)
{
	const struct place *place = *state;
	char *name = NULL, *expected;
	static const char *const numbers[] = {"", ".2", ".3"};

	for (size_t i = 0; i < COUNT(numbers); i++) {
		put(place->path, "x", i + 1);
		assert_int_equal(files_set_aside(place->path, INT64_C(1700000000000), &name), 0);
		assert_true(asprintf(&expected, "%s.corrupt-20231114T221320Z%s", place->path,
				     numbers[i]) > 0);
		assert_string_equal(name, expected);
		free(expected);
		free(name);
	}
	assert_true(is_there(place, ".corrupt-20231114T221320Z"));
}

/* Its log has no room for a name: the database stays with it. */
static void test_set_aside_whole_or_not(void **state)
{
	const struct place *place = *state;
	char path[512], log[520], *name = NULL;

	snprintf(path, sizeof(path), "%s/%0*d", place->folder, 228, 0);
	snprintf(log, sizeof(log), "%s-wal", path);
	put(path, "x", 1);
	put(log, "y", 1);
	assert_int_equal(files_set_aside(path, INT64_C(1700000000000), &name), -ENAMETOOLONG);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(access(log, F_OK), 0);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Without room for shared memory the database cannot be opened again: the reserve has some. */
static void test_reserve_for_opening_again(void **state)
{
	const struct place *place = *state;
	struct store *store = open_with_care(place->path);
	int error;

	write_one(store, a_flow(1, MINUTE));
	change(place->path, "PRAGMA wal_checkpoint(TRUNCATE)");
	take_away(place, "-wal");
	take_away(place, "-shm");
	limit_files(1000);
	error = try_one(store, 2);
	limit_files(RLIM_INFINITY);
	assert_int_equal(error, -ENOSPC);
	assert_false(is_there(place, ".reserve"));
	assert_int_equal(try_one(store, 2), 0);
	store_close(store);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edge"), 2);
	assert_sound(place->path);
}

/* Another program that writes into the file, as it may, is no damage. */
static void test_touched_by_another(void **state)
{
	const struct place *place = *state;
	struct store *store = open_with_care(place->path);

	write_one(store, a_flow(1, MINUTE));
	change(place->path, "UPDATE edge SET port = 7; PRAGMA wal_checkpoint(TRUNCATE)");
	assert_int_equal(try_one(store, 2), 0);
	store_close(store);
	assert_int_equal(ask(place->path, "SELECT sum(port) FROM edge"), 9);
	assert_sound(place->path);
}

static void test_emptied(void **state)
{
	const struct place *place = *state;
	struct store *store = open_with_care(place->path);

	write_one(store, a_flow(1, MINUTE));
	store_close(store);
	store = open_with_care(place->path);
	assert_int_equal(truncate(place->path, 0), 0);
	assert_int_equal(try_one(store, 2), -EBADMSG);
	assert_int_equal(try_one(store, 2), -EBADMSG);
	assert_int_equal(store_renew(store, true), 0);
	assert_int_equal(try_one(store, 2), 0);
	store_close(store);
	assert_int_equal(ask(place->path, "SELECT port FROM edge"), 2);
	assert_sound(place->path);
}

/* A reader let the log grow beyond what is kept: it is given back when the reader is gone. */
static void test_log_shrinks(void **state)
{
	const struct place *place = *state;
	struct store *store = open_with_care(place->path);
	static struct flow flows[1000];
	sqlite3 *reader = NULL;

	assert_int_equal(sqlite3_open(place->path, &reader), SQLITE_OK);
	pin(reader);
	for (int64_t i = 1; files_log_bytes(place->path) <= INT64_C(70) << 20; i++) {
		assert_true(i < 5000);
		for (int64_t j = 0; j < 1000; j++)
			flows[j] = a_flow((uint16_t)(j + 1), i * MINUTE);
		write_flow_array(store, i * MINUTE, flows, COUNT(flows));
	}
	assert_int_equal(store_tend(store), 0);
	assert_true(files_log_bytes(place->path) > INT64_C(70) << 20);
	sqlite3_close(reader);
	assert_int_equal(store_tend(store), 0);
	assert_int_equal(files_log_bytes(place->path), 0);
	store_close(store);
	assert_sound(place->path);
}

/* What a clock that was ahead wrote is not what the next run goes by. */
static void test_heartbeat_yet_to_come(void **state)
{
	const struct place *place = *state;
	int64_t now = clock_msec(clock_now());
	struct store *store = open_with_care(place->path);
	struct flow flow = a_flow(1, now - 10 * MINUTE);

	write_one(store, flow);
	flow = a_flow(2, now + 1000 * MINUTE);
	write_one(store, flow);
	store_close(store);
	store = open_with_care(place->path);
	assert_int_equal(store_heartbeat(store), now - 10 * MINUTE + 10);
	store_close(store);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_A_PLACE(test_reserve),
	    IN_A_PLACE(test_makes_room),
	    IN_A_PLACE(test_room_in_small_steps),
	    IN_A_PLACE(test_edges_that_made_room),
	    IN_A_PLACE(test_log_taken_away),
	    IN_A_PLACE(test_log_taken_away_beside_another),
	    IN_A_PLACE(test_log_taken_away_below_a_snapshot),
	    IN_A_PLACE(test_moved),
	    IN_A_PLACE(test_older_copy),
	    IN_A_PLACE(test_older_copy_below_the_log),
	    IN_A_PLACE(test_reopen_tells_what_is_in),
	    IN_A_PLACE(test_lock_taken_away_with_all),
	    IN_A_PLACE(test_forgets_pods),
	    IN_A_PLACE(test_replaced),
	    IN_A_PLACE(test_set_aside_at_open),
	    IN_A_PLACE(test_not_set_aside),
	    IN_A_PLACE(test_names_aside),
	    IN_A_PLACE(test_set_aside_whole_or_not),
	    IN_A_PLACE(test_reserve_for_opening_again),
	    IN_A_PLACE(test_touched_by_another),
	    IN_A_PLACE(test_emptied),
	    IN_A_PLACE(test_log_shrinks),
	    IN_A_PLACE(test_heartbeat_yet_to_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
