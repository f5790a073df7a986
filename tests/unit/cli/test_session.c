#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cluster.h"
#include "cli/command.h"
#include "cli/session.h"
#include "store/store.h"

struct cluster *__real_cluster_new(struct problems *problems);
struct cluster *__wrap_cluster_new(struct problems *problems);

static bool has_memory;

struct cluster *__wrap_cluster_new(struct problems *problems)
{
	return has_memory ? __real_cluster_new(problems) : NULL;
}

static void make_database(const char *path)
{
	struct store *store = NULL;
	char *error = NULL;

	if (store_open(path, NULL, &store, &error) < 0)
		fail_msg("%s", error);
	assert_int_equal(store_use_node(store, "n1"), 0);
	store_close(store);
}

static int status_of_answer(const char *path, bool *ret_built)
{
	const char *const paths[] = {path};
	const struct options options = {
	    .db = paths, .db_count = 1, .interval = {.from = INT64_MIN, .until = INT64_MAX}};
	struct session session;

	assert_true(session_begin(&session, &options));
	*ret_built = session_build(&session);
	return session_end(&session);
}

/* Else a verification that never took place would pass. */
static void test_without_memory_is_no_answer(void **state)
{
	char folder[] = "/tmp/netpol-session-XXXXXX";
	char path[64], lock[72];
	bool built;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/a.db", folder);
	snprintf(lock, sizeof(lock), "%s.lock", path);
	make_database(path);
	has_memory = true;
	assert_int_equal(status_of_answer(path, &built), EXIT_DONE);
	assert_true(built);
	has_memory = false;
	assert_int_equal(status_of_answer(path, &built), EXIT_DATABASE);
	assert_false(built);
	unlink(path);
	unlink(lock);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_without_memory_is_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
