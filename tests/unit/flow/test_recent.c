#include "tests/unit/flow/fixture.h"

#include "flow/recent.h"

#define PERIOD SECONDS(2)

/* Spread as a hash would be. */
static uint64_t hash_of(uint64_t number)
{
	return (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static void test_remembered(void **state)
{
	struct recent *recent = recent_new(PERIOD, 100000);

	(void)state;
	assert_non_null(recent);
	for (uint64_t i = 0; i < 50000; i++)
		recent_add(recent, hash_of(i), T0);
	for (uint64_t i = 0; i < 50000; i++)
		assert_true(recent_has(recent, hash_of(i), T0 + PERIOD));
	for (uint64_t i = 50000; i < 60000; i++)
		assert_false(recent_has(recent, hash_of(i), T0 + PERIOD));
	assert_int_equal(recent_refused(recent), 0);
	assert_false(recent_has(recent, hash_of(1), T0 + 2 * PERIOD));
	recent_free(recent);
}

static void test_held(void **state)
{
	struct recent *recent = recent_new(PERIOD, 10);

	(void)state;
	recent_add(recent, hash_of(1), T0);
	for (int64_t i = 0; i < 20; i++) {
		recent_hold(recent, T0 + i * 2 * PERIOD);
		assert_true(recent_has(recent, hash_of(1), T0 + i * 2 * PERIOD + 1));
	}
	recent_hold(recent, T0); /* not back */
	assert_true(recent_has(recent, hash_of(1), T0 + 19 * 2 * PERIOD + 1));
	recent_shift(recent, SECONDS(1000));
	assert_true(recent_has(recent, hash_of(1), T0 + SECONDS(1000) + 19 * 2 * PERIOD + 1));
	recent_free(recent);
}

static void test_full(void **state)
{
	struct recent *recent = recent_new(PERIOD, 3);

	(void)state;
	for (uint64_t i = 0; i < 3; i++) {
		assert_false(recent_is_full(recent));
		recent_add(recent, hash_of(i), T0);
	}
	assert_true(recent_is_full(recent));
	recent_turn(recent, T0);
	assert_int_equal(recent_count_before(recent), 3);
	assert_false(recent_is_full(recent));
	for (uint64_t i = 3; i < 7; i++)
		recent_add(recent, hash_of(i), T0);
	for (uint64_t i = 0; i < 6; i++)
		assert_true(recent_has(recent, hash_of(i), T0));
	assert_false(recent_has(recent, hash_of(6), T0));
	assert_int_equal(recent_refused(recent), T0);
	recent_turn(recent, T0);
	assert_false(recent_has(recent, hash_of(0), T0));
	assert_true(recent_has(recent, hash_of(3), T0));
	recent_free(recent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_remembered),
	    cmocka_unit_test(test_held),
	    cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
