#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "daemon/pod_news.h"

#define PODS 700u

struct stage {
	struct registry *registry;
	struct pod_news news;
};

/* Pods 1 to PODS. */
static int setup(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	char text[16], none[] = "";

	assert_non_null(stage);
	stage->registry = registry_new();
	assert_non_null(stage->registry);
	for (uint32_t i = 1; i <= PODS; i++) {
		const struct pod pod = {.namespace = text,
					.name = text,
					.uid = text,
					.sandbox = text,
					.source = none,
					.conflict = none};
		uint32_t number;
		bool changed;

		snprintf(text, sizeof(text), "%u", i);
		assert_int_equal(registry_put(stage->registry, &pod, &number, &changed), 0);
		assert_int_equal(number, i);
	}
	*state = stage;
	return 0;
}

static int teardown(void **state)
{
	struct stage *stage = *state;

	pod_news_clear(&stage->news);
	registry_free(stage->registry);
	free(stage);
	return 0;
}

static void change(struct stage *stage, uint32_t number)
{
	assert_true(pod_news_make_room(&stage->news, number - 1));
	pod_news_change(&stage->news, number);
}

static struct batch *copy(struct stage *stage)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	assert_non_null(batch);
	assert_int_equal(pod_news_copy(&stage->news, stage->registry, batch), 0);
	return batch;
}

static void test_each_once_until_it_is_taken(void **state)
{
	struct stage *stage = *state;
	struct batch *batch;

	for (unsigned round = 0; round < 2; round++) {
		for (uint32_t number = PODS; number > 0; number--)
			change(stage, number);
		change(stage, 1);
		batch = copy(stage);
		assert_int_equal(batch->pod_count, PODS);
		assert_int_equal(batch->pods[0].number, PODS);
		assert_string_equal(batch->pods[PODS - 1].pod.name, "1");
		batch_free(batch);
	}
	batch = copy(stage);
	pod_news_taken(&stage->news, batch);
	assert_int_equal(batch->pod_count, PODS);
	batch_free(batch);
	change(stage, 7);
	batch = copy(stage);
	assert_int_equal(batch->pod_count, 1);
	assert_int_equal(batch->pods[0].number, 7);
	batch_free(batch);
}

static void test_forgotten_numbers_are_told_once(void **state)
{
	struct stage *stage = *state;
	struct batch *batch;

	assert_true(pod_news_make_room_to_forget(&stage->news, PODS));
	for (uint32_t number = 1; number <= PODS; number++)
		pod_news_forget(&stage->news, number);
	batch = copy(stage);
	assert_int_equal(batch->forgotten_count, 0);
	pod_news_taken(&stage->news, batch);
	assert_int_equal(batch->forgotten_count, PODS);
	assert_int_equal(batch->forgotten[PODS - 1], PODS);
	batch_free(batch);
	batch = copy(stage);
	pod_news_taken(&stage->news, batch);
	assert_int_equal(batch->forgotten_count, 0);
	batch_free(batch);
}

/* One that nobody knows any more has nothing to tell. */
static void test_what_is_gone_is_not_told(void **state)
{
	struct stage *stage = *state;
	struct batch *batch;

	registry_end(stage->registry, 3, 1);
	registry_forget(stage->registry, 2, NULL, NULL);
	change(stage, 3);
	change(stage, 4);
	batch = copy(stage);
	assert_int_equal(batch->pod_count, 1);
	assert_int_equal(batch->pods[0].number, 4);
	batch_free(batch);
}

static void test_all_changed_or_not(void **state)
{
	struct stage *stage = *state;
	struct batch *batch = calloc(1, sizeof(*batch));

	assert_non_null(batch);
	change(stage, 5);
	assert_int_equal(pod_news_copy_all(stage->registry, batch), 0);
	assert_int_equal(batch->pod_count, PODS);
	batch_free(batch);
	batch = copy(stage);
	assert_int_equal(batch->pod_count, 1);
	batch_free(batch);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    STAGED(test_each_once_until_it_is_taken),
	    STAGED(test_forgotten_numbers_are_told_once),
	    STAGED(test_what_is_gone_is_not_told),
	    STAGED(test_all_changed_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
