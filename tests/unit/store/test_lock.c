#include "tests/unit/store/fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "store/lock.h"

/* A child that holds what hold takes until it is killed. */
static pid_t hold_in_child(const struct place *place, void (*hold)(const struct place *))
{
	int ready[2];
	char byte;
	pid_t child;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		hold(place);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return child;
}

static void end_child(pid_t child)
{
	int status;

	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
}

static void hold_lock(const struct place *place)
{
	struct lock lock = {.fd = -1};
	pid_t owner;

	if (lock_take(&lock, place->path, &owner) < 0)
		_exit(1);
}

static void test_one_holder(void **state)
{
	struct place *place = *state;
	struct lock lock = {.fd = -1};
	pid_t owner = 0, child = hold_in_child(place, hold_lock);

	assert_int_equal(lock_take(&lock, place->path, &owner), -EBUSY);
	assert_int_equal(owner, child);
	assert_int_equal(lock.fd, -1);
	end_child(child);
	assert_int_equal(lock_take(&lock, place->path, &owner), 0);
	lock_release(&lock);
	lock_release(&lock);
}

static void test_file_goes_with_the_lock(void **state)
{
	struct place *place = *state;
	struct lock lock = {.fd = -1};
	char name[128];
	pid_t owner;

	snprintf(name, sizeof(name), "%s.lock", place->path);
	assert_int_equal(lock_take(&lock, place->path, &owner), 0);
	assert_int_equal(access(name, F_OK), 0);
	lock_release(&lock);
	assert_int_equal(access(name, F_OK), -1);
	assert_null(lock.path);
}

static void test_no_folder(void **state)
{
	struct lock lock = {.fd = -1};
	pid_t owner;

	(void)state;
	assert_int_equal(lock_take(&lock, "/nonexistent/flows.db", &owner), -ENOENT);
}

static void hold_store(const struct place *place)
{
	open_node(place->path, "n1");
}

static void test_second_writer_is_refused(void **state)
{
	struct place *place = *state;
	pid_t child = hold_in_child(place, hold_store);
	struct store *store = NULL;
	char *error = NULL, expected[128], other[128];

	assert_int_equal(store_open(place->path, NULL, &store, &error), -EBUSY);
	assert_null(store);
	snprintf(expected, sizeof(expected), "%s: in use by process %ld", place->path, (long)child);
	assert_string_equal(error, expected);
	free(error);
	snprintf(other, sizeof(other), "%s/.././%s/flows.db", place->folder,
		 strrchr(place->folder, '/') + 1);
	assert_int_equal(store_open(other, NULL, &store, &error), -EBUSY);
	free(error);
	end_child(child);
	store_close(open_node(place->path, "n1"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_one_holder),
	    TEST(test_file_goes_with_the_lock),
	    TEST(test_no_folder),
	    TEST(test_second_writer_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
