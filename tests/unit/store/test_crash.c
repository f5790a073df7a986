#include "tests/unit/store/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define BATCH_FLOWS 200

/* Batch number n raises edge port 1 to BATCH_FLOWS by one connection, each in window n. */
static void write_whole_batch(struct store *store, int64_t n)
{
	struct flow flows[BATCH_FLOWS];

	for (uint16_t i = 0; i < BATCH_FLOWS; i++)
		flows[i] = a_flow((uint16_t)(i + 1), n * 60000);
	write_flow_array(store, n, flows, BATCH_FLOWS);
}

static pid_t start_writing(const char *path, int done)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		struct store *store = open_node(path, "n1");
		struct store_state before;

		if (store_load_state(store, &before) < 0)
			_exit(1);
		for (int64_t n = before.heartbeat + 1;; n++) {
			write_whole_batch(store, n);
			if (write(done, &n, sizeof(n)) != sizeof(n))
				_exit(1);
		}
	}
	return child;
}

static void test_kill_leaves_whole_batches(void **state)
{
	struct place *place = *state;
	unsigned random = 7;
	int64_t told = 0;

	for (int round = 0; round < 30; round++) {
		int done[2], status;
		pid_t child;

		assert_int_equal(pipe(done), 0);
		child = start_writing(place->path, done[1]);
		close(done[1]);
		for (int i = 0; i < 5; i++)
			assert_int_equal(read(done[0], &told, sizeof(told)), sizeof(told));
		random = random * 1664525u + 1013904223u;
		usleep(random % 3000);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		while (read(done[0], &told, sizeof(told)) == sizeof(told))
			;
		close(done[0]);
		assert_true(ask(place->path, "SELECT heartbeat FROM node") >= told);
		assert_int_equal(
		    ask(place->path,
			"SELECT max(window) / 60000 - (SELECT heartbeat FROM node) FROM flow"),
		    0);
		assert_int_equal(
		    ask(place->path,
			"SELECT count(*) - 200 * (SELECT heartbeat FROM node) FROM flow"),
		    0);
		assert_int_equal(ask(place->path, "SELECT count(*) FROM edge WHERE connections <>"
						  " (SELECT heartbeat FROM node)"),
				 0);
	}
	assert_sound(place->path);
}

/* In a child, because a limit stays: writes until the disk is full. Its status is the number of
 * whole batches, 200 and above a failure. */
static int write_until_full(const char *path)
{
	const struct rlimit limit = {400000, 400000};
	struct flow flows[BATCH_FLOWS];
	struct store *store = open_node(path, "n1");
	int error = 0, batches = 0;

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		return 201;
	while (batches < 190) {
		struct batch batch = {
		    .time = batches + 1, .flows = flows, .flow_count = BATCH_FLOWS};

		for (uint16_t i = 0; i < BATCH_FLOWS; i++)
			flows[i] = a_flow((uint16_t)(i + 1), batches * 60000);
		error = store_write(store, &batch);
		if (error)
			break;
		batches++;
	}
	if (error != -ENOSPC) {
		fprintf(stderr, "# %d %s\n", error, store_error(store));
		return 202;
	}
	store_close(store);
	return batches;
}

static void test_full_disk_keeps_what_was_committed(void **state)
{
	struct place *place = *state;
	int status;
	pid_t child = fork();
	struct store *store;

	assert_true(child >= 0);
	if (child == 0)
		_exit(write_until_full(place->path));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_in_range(WEXITSTATUS(status), 1, 189);
	assert_int_equal(ask(place->path, "SELECT heartbeat FROM node"), WEXITSTATUS(status));
	assert_int_equal(ask(place->path, "SELECT count(*) FROM flow"),
			 WEXITSTATUS(status) * BATCH_FLOWS);
	assert_int_equal(
	    ask(place->path,
		"SELECT count(*) FROM edge WHERE connections <> (SELECT heartbeat FROM node)"),
	    0);
	store = open_node(place->path, "n1");
	write_whole_batch(store, 1000);
	store_close(store);
	assert_sound(place->path);
}

static void damage(const char *path, off_t from, off_t until)
{
	int fd = open(path, O_WRONLY);

	assert_true(fd >= 0);
	for (; from < until; from += 8)
		assert_int_equal(pwrite(fd, "\xde\xad\xbe\xef\xde\xad\xbe\xef", 8, from), 8);
	close(fd);
}

static void test_damaged_file_is_said(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct reader *reader = NULL;
	struct seen *seen = calloc(1, sizeof(*seen));
	struct stat found;
	char *error = NULL;
	int result;

	assert_non_null(seen);
	for (int64_t n = 1; n < 5; n++)
		write_whole_batch(store, n);
	store_close(store);
	assert_int_equal(stat(place->path, &found), 0);
	damage(place->path, 4096, found.st_size);
	result = reader_open(place->path, &reader, &error);
	if (result == 0)
		result = reader_edges(reader, ALWAYS, see_edge, seen);
	assert_int_equal(result, -EBADMSG);
	free(error);
	reader_close(reader);
	damage(place->path, 0, 4096);
	error = NULL;
	assert_int_equal(open_reader_error(place->path, &error), -EBADMSG);
	free(error);
	error = NULL;
	assert_int_equal(store_open(place->path, NULL, &store, &error), -EBADMSG);
	free(error);
	free(seen);
}

static void test_rows_that_name_nothing_are_damage(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");
	struct reader *reader;
	struct seen *seen = calloc(1, sizeof(*seen));

	assert_non_null(seen);
	write_one(store, a_flow(80, 0));
	store_close(store);
	change(place->path, "UPDATE edge SET source = '10.0.0.256'");
	reader = open_reader(place->path);
	assert_int_equal(reader_edges(reader, ALWAYS, see_edge, seen), -EBADMSG);
	assert_non_null(strstr(reader_error(reader), "address"));
	assert_int_equal(reader_flows(reader, ALWAYS, see_flow, seen), -EBADMSG);
	reader_close(reader);
	change(place->path, "PRAGMA ignore_check_constraints = ON; UPDATE edge SET source = "
			    "destination, verdict = 77");
	reader = open_reader(place->path);
	assert_int_equal(reader_edges(reader, ALWAYS, see_edge, seen), -EBADMSG);
	assert_non_null(strstr(reader_error(reader), "verdict"));
	reader_close(reader);
	free(seen);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_kill_leaves_whole_batches),
	    TEST(test_full_disk_keeps_what_was_committed),
	    TEST(test_damaged_file_is_said),
	    TEST(test_rows_that_name_nothing_are_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
