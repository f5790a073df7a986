/* What no directory shows easily: more files than are read. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sources/cni_result.h"
#include "sources/host_local.h"
#include "sources/state_files.h"
#include "stage.h"

#define FILES_MAX 2

static struct state_files *make_files(struct stage *stage)
{
	const struct state_files_options options = {.files_max = FILES_MAX, .settle = NSEC_PER_SEC};
	const struct claim_events events = {.claim = stage_on_claim,
					    .withdraw = stage_on_withdraw,
					    .problem = stage_on_problem,
					    .loss = stage_on_loss,
					    .context = stage};
	struct state_files *files = state_files_new(&options, &events);

	assert_non_null(files);
	state_files_set_time(files, clock_now());
	return files;
}

static void test_crowded(void **state)
{
	struct stage *stage = *state;
	struct folder folder = {.path = stage->results, .format = &host_local_format};
	struct state_files *files = make_files(stage);

	put_text(stage->results, "10.0.0.1", ID_A);
	put_text(stage->results, "10.0.0.2", ID_A);
	put_text(stage->results, "10.0.0.3", ID_B);
	assert_int_equal(state_files_meet(files, &folder, "10.0.0.1", true), 0);
	assert_int_equal(state_files_meet(files, &folder, "10.0.0.2", true), 0);
	assert_false(state_files_settle(files).crowded);
	assert_int_equal(state_files_meet(files, &folder, "10.0.0.3", true), 0);
	assert_true(state_files_settle(files).crowded);
	assert_int_equal(stage->claim_count, FILES_MAX);
	assert_int_equal(stage->problems, 1);
	/* Those that are known still change. */
	put_text(stage->results, "10.0.0.2", ID_B);
	assert_int_equal(state_files_meet(files, &folder, "10.0.0.2", true), 0);
	assert_string_equal(owner(stage, "10.0.0.2"), ID_B);
	assert_int_equal(state_files_meet(files, &folder, "10.0.0.3", false), 0);
	assert_int_equal(stage->problems, 1);
	assert_true(state_files_settle(files).crowded);
	state_files_remove(files, &folder, "10.0.0.1");
	assert_int_equal(state_files_meet(files, &folder, "10.0.0.3", false), 0);
	assert_false(state_files_settle(files).crowded);
	assert_string_equal(owner(stage, "10.0.0.3"), ID_B);
	state_files_clear(files, &folder);
	assert_int_equal(stage->claim_count, 0);
	assert_null(folder.files);
	state_files_free(files);
}

/* One more and one less, over and over, is said once; what tells nothing is in nobody's way. */
static void test_crowded_for_long(void **state)
{
	enum { MANY = 20 };
	const struct state_files_options options = {.files_max = MANY, .settle = NSEC_PER_SEC};
	const struct claim_events events = {
	    .claim = stage_on_claim, .withdraw = stage_on_withdraw, .problem = stage_on_problem};
	struct stage *stage = *state;
	struct folder folder = {.path = stage->results, .format = &host_local_format};
	struct folder silent = {.path = stage->results, .format = &cni_result_format};
	struct claim_events told = events;
	struct state_files *files;

	told.context = stage;
	files = state_files_new(&options, &told);
	assert_non_null(files);
	for (int i = 0; i < MANY; i++) {
		char name[64];

		snprintf(name, sizeof(name), "cni-loopback-%d-lo", i);
		put_text(stage->results, name,
			 "{\"kind\":\"cniCacheV1\",\"containerId\":\"a\",\"ifName\":\"lo\","
			 "\"networkName\":\"cni-loopback\",\"result\":{\"ips\":[]}}");
		assert_int_equal(state_files_meet(files, &silent, name, true), 0);
		snprintf(name, sizeof(name), "10.0.0.%d", i);
		put_text(stage->results, name, ID_A);
		assert_int_equal(state_files_meet(files, &folder, name, true), 0);
	}
	assert_int_equal(stage->problems, 0);
	put_text(stage->results, "10.0.1.1", ID_A);
	for (int i = 0; i < 5; i++) {
		state_files_remove(files, &folder, "10.0.0.1");
		state_files_meet(files, &folder, "10.0.0.1", true);
		state_files_meet(files, &folder, "10.0.1.1", true);
		assert_true(state_files_settle(files).crowded);
	}
	assert_int_equal(stage->problems, 1);
	assert_int_equal(stage->claim_count, MANY);
	state_files_forget(files, &folder);
	state_files_forget(files, &silent);
	state_files_free(files);
}

static void test_missed(void **state)
{
	struct stage *stage = *state;
	struct folder folder = {.path = stage->results, .format = &host_local_format};
	struct state_files *files = make_files(stage);

	assert_int_equal(state_files_meet(files, &folder, "10.0.0.1", false), -ENOENT);
	assert_false(state_files_settle(files).vanished);
	assert_int_equal(state_files_meet(files, &folder, "10.0.0.1", true), -ENOENT);
	assert_true(state_files_settle(files).vanished);
	assert_false(state_files_settle(files).vanished);
	folder.missable = true;
	assert_int_equal(state_files_meet(files, &folder, "10.0.0.1", true), -ENOENT);
	assert_false(state_files_settle(files).vanished);
	folder.missable = false;
	/* What was claimed was not missed. */
	put_text(stage->results, "10.0.0.1", ID_A);
	assert_int_equal(state_files_meet(files, &folder, "10.0.0.1", true), 0);
	remove_file(stage->results, "10.0.0.1");
	assert_int_equal(state_files_meet(files, &folder, "10.0.0.1", true), -ENOENT);
	assert_false(state_files_settle(files).vanished);
	assert_int_equal(stage->claim_count, 1);
	state_files_refresh(files, &folder);
	assert_int_equal(stage->claim_count, 0);
	state_files_free(files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    STAGED(test_crowded),
	    STAGED(test_crowded_for_long),
	    STAGED(test_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
