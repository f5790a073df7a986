/* History is deleted for its age only while the clock can be believed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/clock.h"
#include "daemon/retention.h"

#define HOUR (3600 * NSEC_PER_SEC)
#define DAY (24 * HOUR)
#define MONTH_MS (30 * 24 * 3600 * MSEC_PER_SEC)
/* The wall clock when the test begins; the monotonic one stands at 5 s. */
#define NOW (INT64_C(1700000000) * NSEC_PER_SEC)
#define BOOTED (5 * NSEC_PER_SEC)

static struct retention begin(int64_t off, int64_t retention_ms)
{
	struct retention retention;

	retention_start(&retention, NOW, BOOTED, (NOW - off) / NSEC_PER_MSEC, retention_ms);
	return retention;
}

/* Both clocks went on by so much, the wall clock by ahead more than that. */
static bool look(struct retention *retention, int64_t passed, int64_t ahead)
{
	return retention_look(retention, NOW + passed + ahead, BOOTED + passed);
}

static void believed(void **state)
{
	struct retention retention = begin(DAY, MONTH_MS);
	char text[RETENTION_TEXT_MAX];

	(void)state;
	assert_true(look(&retention, 0, 0));
	assert_true(look(&retention, HOUR, 0));
	assert_true(look(&retention, 2 * HOUR, HOUR));
	assert_true(look(&retention, 3 * HOUR, -DAY));
	assert_string_equal(retention_say(&retention, text), "");
}

static void the_first_run_has_no_past(void **state)
{
	struct retention retention;

	(void)state;
	retention_start(&retention, NOW, BOOTED, 0, MONTH_MS);
	assert_true(look(&retention, 0, 0));
}

static void off_for_long(void **state)
{
	struct retention retention = begin(15 * DAY, MONTH_MS);

	(void)state;
	assert_true(look(&retention, 0, 0));
	retention = begin(15 * DAY + NSEC_PER_SEC, MONTH_MS);
	assert_false(look(&retention, 0, 0));
	assert_false(look(&retention, HOUR - 1, 0));
	assert_true(look(&retention, HOUR, 0));
}

/* Half of a short retention is soon over. */
static void off_for_an_hour(void **state)
{
	struct retention retention = begin(HOUR, 60 * MSEC_PER_SEC);

	(void)state;
	assert_true(look(&retention, 0, 0));
	retention = begin(HOUR + NSEC_PER_SEC, 60 * MSEC_PER_SEC);
	assert_false(look(&retention, 0, 0));
}

static void stepped_ahead(void **state)
{
	struct retention retention = begin(0, MONTH_MS);
	char text[RETENTION_TEXT_MAX];

	(void)state;
	assert_true(look(&retention, HOUR, 0));
	assert_false(look(&retention, 2 * HOUR, 365 * DAY));
	assert_non_null(strstr(retention_say(&retention, text), "8760 hours ahead"));
	assert_false(look(&retention, 3 * HOUR - 1, 365 * DAY));
	assert_true(look(&retention, 3 * HOUR, 365 * DAY));
	assert_string_equal(retention_say(&retention, text), "");
}

static void set_right_again(void **state)
{
	struct retention retention = begin(0, MONTH_MS);

	(void)state;
	assert_false(look(&retention, NSEC_PER_SEC, 365 * DAY));
	assert_false(look(&retention, 2 * NSEC_PER_SEC, 366 * DAY));
	assert_true(look(&retention, 3 * NSEC_PER_SEC, NSEC_PER_SEC));
}

/* Each step begins another hour; what is trusted is what was before the first. */
static void stepped_twice(void **state)
{
	struct retention retention = begin(0, MONTH_MS);

	(void)state;
	assert_false(look(&retention, 0, 10 * DAY));
	assert_false(look(&retention, HOUR / 2, 20 * DAY));
	assert_false(look(&retention, HOUR, 20 * DAY));
	assert_true(look(&retention, HOUR + HOUR / 2, 20 * DAY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(believed),      cmocka_unit_test(the_first_run_has_no_past),
	    cmocka_unit_test(off_for_long),  cmocka_unit_test(off_for_an_hour),
	    cmocka_unit_test(stepped_ahead), cmocka_unit_test(set_right_again),
	    cmocka_unit_test(stepped_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
