#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "daemon/valve.h"

#define STEP (100 * NSEC_PER_MSEC)

/* Looks every 100 ms that each add so many drops; the first action that is no keeping, which is
 * done, and when. */
static enum valve_action look_for(struct valve_rule *rule, struct valve_look *look, int64_t span,
				  uint32_t drops)
{
	int64_t end = look->now + span;

	while (look->now < end) {
		enum valve_action action;

		look->now += STEP;
		look->drops += drops;
		action = valve_rule_apply(rule, look);
		if (action == VALVE_KEEP)
			continue;
		look->reliable = action == VALVE_TAKE_BACK;
		return action;
	}
	return VALVE_KEEP;
}

static void test_a_quiet_socket_stays_reliable(void **state)
{
	struct valve_rule rule = valve_rule_begin(5000, 7);
	struct valve_look look = {
	    .now = NSEC_PER_SEC, .reliable = true, .drops = 7, .drained = true};

	(void)state;
	assert_int_equal(look_for(&rule, &look, 60 * NSEC_PER_SEC, 0), VALVE_KEEP);
	assert_true(look.reliable);
}

static void test_drops_for_more_than_a_second_end_it(void **state)
{
	struct valve_rule rule = valve_rule_begin(5000, 0);
	struct valve_look look = {.now = NSEC_PER_SEC, .reliable = true};
	int64_t begun = look.now;

	(void)state;
	assert_int_equal(look_for(&rule, &look, 10 * NSEC_PER_SEC, 3), VALVE_GIVE_UP);
	assert_in_range(look.now - begun, NSEC_PER_SEC, NSEC_PER_SEC + 3 * STEP);
	assert_false(look.reliable);
}

static void test_short_bursts_do_not_end_it(void **state)
{
	struct valve_rule rule = valve_rule_begin(5000, 0);
	struct valve_look look = {.now = NSEC_PER_SEC, .reliable = true};

	(void)state;
	for (int i = 0; i < 20; i++) {
		assert_int_equal(look_for(&rule, &look, 9 * STEP, 100), VALVE_KEEP);
		assert_int_equal(look_for(&rule, &look, 4 * STEP, 0), VALVE_KEEP);
		look.drained = i % 2;
	}
}

/* The kernel tries again in bursts: drops that pause for less than a lull are one burst. */
static void test_pauses_shorter_than_a_lull_are_one_burst(void **state)
{
	struct valve_rule rule = valve_rule_begin(5000, 0);
	struct valve_look look = {.now = NSEC_PER_SEC, .reliable = true};
	enum valve_action action = VALVE_KEEP;

	(void)state;
	for (int i = 0; i < 10 && action == VALVE_KEEP; i++) {
		action = look_for(&rule, &look, STEP, 1);
		if (action == VALVE_KEEP)
			action = look_for(&rule, &look, 2 * STEP, 0);
	}
	assert_int_equal(action, VALVE_GIVE_UP);
}

static void test_too_many_undelivered_end_it_at_once(void **state)
{
	struct valve_rule rule = valve_rule_begin(5000, 100);
	struct valve_look look = {.now = NSEC_PER_SEC, .reliable = true, .drops = 5100};

	(void)state;
	assert_int_equal(valve_rule_apply(&rule, &look), VALVE_KEEP);
	look.drops++;
	assert_int_equal(valve_rule_apply(&rule, &look), VALVE_GIVE_UP);
}

/* Bursts with pauses add up while nothing is read. */
static void test_only_a_drained_queue_starts_afresh(void **state)
{
	struct valve_rule rule = valve_rule_begin(5000, 0);
	struct valve_look look = {.now = NSEC_PER_SEC, .reliable = true, .drained = true};

	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(look_for(&rule, &look, STEP, 2000), VALVE_KEEP);
		assert_int_equal(look_for(&rule, &look, 4 * STEP, 0), VALVE_KEEP);
	}
	look.drained = false;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(look_for(&rule, &look, STEP, 2000), VALVE_KEEP);
		assert_int_equal(look_for(&rule, &look, 4 * STEP, 0), VALVE_KEEP);
	}
	assert_int_equal(look_for(&rule, &look, STEP, 2000), VALVE_GIVE_UP);
}

static void test_it_comes_back_when_that_is_over(void **state)
{
	struct valve_rule rule = valve_rule_begin(5000, 0);
	struct valve_look look = {.now = 10 * NSEC_PER_SEC, .drops = 5};
	int64_t quiet;

	(void)state;
	assert_int_equal(valve_rule_apply(&rule, &look), VALVE_KEEP);
	look.drained = true;
	quiet = look.now;
	assert_int_equal(look_for(&rule, &look, 10 * NSEC_PER_SEC, 0), VALVE_TAKE_BACK);
	assert_int_equal(look.now - quiet, VALVE_RECOVERY);
	assert_true(look.reliable);
	assert_int_equal(look_for(&rule, &look, 10 * NSEC_PER_SEC, 0), VALVE_KEEP);
}

static void test_what_could_not_be_done_is_asked_for_again(void **state)
{
	struct valve_rule rule = valve_rule_begin(5000, 0);
	struct valve_look look = {.now = 10 * NSEC_PER_SEC, .drained = true};

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(valve_rule_apply(&rule, &look), VALVE_TAKE_BACK);
		look.now += STEP;
	}
	look.reliable = true;
	look.drained = false;
	look.drops = 6000;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(valve_rule_apply(&rule, &look), VALVE_GIVE_UP);
		look.now += STEP;
	}
}

static void test_it_does_not_come_back_before(void **state)
{
	struct valve_rule rule = valve_rule_begin(5000, 0);
	struct valve_look look = {.now = 10 * NSEC_PER_SEC};

	(void)state;
	assert_int_equal(look_for(&rule, &look, 10 * NSEC_PER_SEC, 0), VALVE_KEEP);
	look.drained = true;
	assert_int_equal(look_for(&rule, &look, 10 * NSEC_PER_SEC, 1), VALVE_KEEP);
	assert_int_equal(look_for(&rule, &look, 10 * NSEC_PER_SEC, 0), VALVE_TAKE_BACK);
}

static void test_the_counter_wraps(void **state)
{
	struct valve_rule rule = valve_rule_begin(5000, UINT32_MAX);
	struct valve_look look = {.now = NSEC_PER_SEC, .reliable = true, .drops = UINT32_MAX};

	(void)state;
	assert_int_equal(look_for(&rule, &look, 2 * NSEC_PER_SEC, 1), VALVE_GIVE_UP);
}

static void test_pauses_grow_up_to_a_bound(void **state)
{
	int64_t pause = 0;

	(void)state;
	pause = valve_pause_after(pause);
	assert_int_equal(pause, VALVE_PAUSE_MIN);
	for (int64_t longer; pause < VALVE_PAUSE_MAX; pause = longer) {
		longer = valve_pause_after(pause);
		assert_in_range(longer, pause + 1, VALVE_PAUSE_MAX);
	}
	assert_int_equal(valve_pause_after(pause), VALVE_PAUSE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_quiet_socket_stays_reliable),
	    cmocka_unit_test(test_drops_for_more_than_a_second_end_it),
	    cmocka_unit_test(test_short_bursts_do_not_end_it),
	    cmocka_unit_test(test_pauses_shorter_than_a_lull_are_one_burst),
	    cmocka_unit_test(test_too_many_undelivered_end_it_at_once),
	    cmocka_unit_test(test_only_a_drained_queue_starts_afresh),
	    cmocka_unit_test(test_it_comes_back_when_that_is_over),
	    cmocka_unit_test(test_what_could_not_be_done_is_asked_for_again),
	    cmocka_unit_test(test_it_does_not_come_back_before),
	    cmocka_unit_test(test_the_counter_wraps),
	    cmocka_unit_test(test_pauses_grow_up_to_a_bound),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
