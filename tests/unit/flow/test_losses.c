#include "tests/unit/flow/fixture.h"

#include <stdio.h>

#include "flow/losses.h"

static const struct loss one = {.source = LOSS_CONNTRACK, .bounded = true, .at_most = 1};
static const struct loss many = {.source = LOSS_CONNTRACK};

static int setup(void **state)
{
	struct losses *losses = calloc(1, sizeof(*losses));

	assert_non_null(losses);
	losses->repeats = repeats_new(100);
	assert_non_null(losses->repeats);
	*state = losses;
	return 0;
}

static int teardown(void **state)
{
	struct losses *losses = *state;

	repeats_free(losses->repeats);
	free(losses);
	return 0;
}

static struct batch take(struct losses *losses)
{
	struct batch batch = {0};

	losses_take(losses, &batch);
	return batch;
}

static void test_of_one_reason_they_are_one(void **state)
{
	struct losses *losses = *state;
	struct batch batch;

	losses_add(losses, &one, T0, T0 + SECONDS(1), "a");
	losses_add(losses, &one, T0 - SECONDS(5), T0, "a");
	losses_add(losses, &one, T0, T0, "b");
	losses_add_one(losses, LOSS_STORE, T0, "a");
	batch = take(losses);
	assert_int_equal(batch.gap_count, 3);
	assert_int_equal(batch.gaps[0].from, clock_msec(T0 - SECONDS(5)));
	assert_int_equal(batch.gaps[0].until, clock_msec(T0 + SECONDS(1)));
	assert_int_equal(batch.gaps[0].at_most, 2);
	assert_string_equal(batch.gaps[1].reason, "b");
	assert_int_equal(batch.gaps[2].source, LOSS_STORE);
	free(batch.gaps);
	batch = take(losses);
	assert_int_equal(batch.gap_count, 0);
	assert_null(batch.gaps);
}

static void test_without_a_bound_there_is_none(void **state)
{
	struct batch batch;

	losses_add(*state, &many, T0, T0, "a");
	losses_add(*state, &one, T0, T0, "a");
	batch = take(*state);
	assert_int_equal(batch.gap_count, 1);
	assert_int_equal(batch.gaps[0].at_most, -1);
	free(batch.gaps);
}

static void test_a_clock_set_back_between(void **state)
{
	struct batch batch;

	losses_add(*state, &one, T0 + SECONDS(60), T0, "a");
	batch = take(*state);
	assert_int_equal(batch.gaps[0].from, clock_msec(T0));
	assert_int_equal(batch.gaps[0].until, clock_msec(T0));
	free(batch.gaps);
}

/* Nothing is left out: what finds no gap of its own makes the last one longer. */
static void test_more_than_there_is_room_for(void **state)
{
	static char reasons[LOSSES_GAPS_MAX + 1][8];
	const struct gap *last;
	struct batch batch;

	for (size_t i = 0; i < COUNT(reasons); i++) {
		snprintf(reasons[i], sizeof(reasons[i]), "%zu", i);
		losses_add(*state, &one, T0, T0 + SECONDS((int64_t)i), reasons[i]);
	}
	batch = take(*state);
	assert_int_equal(batch.gap_count, LOSSES_GAPS_MAX);
	last = &batch.gaps[LOSSES_GAPS_MAX - 1];
	assert_int_equal(last->at_most, 2);
	assert_int_equal(last->until, clock_msec(T0 + SECONDS(LOSSES_GAPS_MAX)));
	free(batch.gaps);
}

static void test_moments(void **state)
{
	struct losses *losses = *state;
	struct loss packets = {.source = LOSS_LOG};
	struct batch batch;

	losses_add_gap(losses, &many, T0, T0, "of nobody's business");
	assert_int_equal(losses->last, 0);
	losses_disturb(losses, T0, T0 + 1);
	assert_int_equal(losses->last, T0 + 1);
	losses_add(losses, &packets, T0, T0 + 2, "a");
	assert_int_equal(losses->last, T0 + 2);
	assert_int_equal(losses->of_events, 0);
	losses_add(losses, &one, T0, T0 + 3, "a");
	losses_add(losses, &one, T0, T0, "a");
	assert_int_equal(losses->last, T0 + 3);
	assert_int_equal(losses->of_events, T0 + 3);
	batch = take(losses);
	free(batch.gaps);
}

static void test_never_stays_never(void **state)
{
	struct losses *losses = *state;

	losses_shift(losses, -SECONDS(60));
	assert_int_equal(losses->last, 0);
	assert_int_equal(losses->of_events, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_of_one_reason_they_are_one, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_without_a_bound_there_is_none, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_clock_set_back_between, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_more_than_there_is_room_for, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_moments, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_never_stays_never, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
