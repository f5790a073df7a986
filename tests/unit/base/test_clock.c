#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/clock.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_now(void **state)
{
	int64_t first = clock_monotonic(), second = clock_monotonic();

	(void)state;
	assert_true(second >= first);
	assert_true(clock_now() > INT64_C(1600000000) * NSEC_PER_SEC);
}

static void test_rounds_down(void **state)
{
	(void)state;
	assert_int_equal(clock_msec(0), 0);
	assert_int_equal(clock_msec(999999), 0);
	assert_int_equal(clock_msec(1000000), 1);
	assert_int_equal(clock_msec(-1), -1);
	assert_int_equal(clock_msec(-1000000), -1);
	assert_int_equal(clock_msec(-1000001), -2);
}

static void test_text_and_back(void **state)
{
	static const struct {
		int64_t msec;
		const char *text;
	} cases[] = {
	    {0, "1970-01-01T00:00:00Z"},
	    {1, "1970-01-01T00:00:00.001Z"},
	    {-1, "1969-12-31T23:59:59.999Z"},
	    {-1000, "1969-12-31T23:59:59Z"},
	    {INT64_C(1700000000123), "2023-11-14T22:13:20.123Z"},
	    {INT64_C(1709164800000), "2024-02-29T00:00:00Z"},
	    {INT64_C(4102444800010), "2100-01-01T00:00:00.010Z"},
	    {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
	    {INT64_C(-62135596800000), "0001-01-01T00:00:00Z"},
	    {INT64_C(-62167219200000), "0000-01-01T00:00:00Z"},
	};
	char text[CLOCK_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t msec = 42;

		assert_ptr_equal(clock_format(cases[i].msec, text), text);
		assert_string_equal(text, cases[i].text);
		assert_int_equal(clock_parse(cases[i].text, &msec), 0);
		assert_int_equal(msec, cases[i].msec);
	}
}

/* Beyond four digits of a year there is no RFC 3339. */
static void test_text_is_clamped(void **state)
{
	char text[CLOCK_TEXT_MAX];
	int64_t msec;

	(void)state;
	assert_string_equal(clock_format(INT64_MAX, text), "9999-12-31T23:59:59Z");
	assert_string_equal(clock_format(INT64_MIN, text), "0000-01-01T00:00:00Z");
	assert_string_equal(clock_format(INT64_C(253402300800000), text), "9999-12-31T23:59:59Z");
	assert_int_equal(clock_parse(text, &msec), 0);
}

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		int64_t msec;
	} cases[] = {
	    {"2023-11-14t22:13:20z", INT64_C(1700000000000)},
	    {"2023-11-14 22:13:20Z", INT64_C(1700000000000)},
	    {"2023-11-14T23:13:20+01:00", INT64_C(1700000000000)},
	    {"2023-11-14T16:43:20-05:30", INT64_C(1700000000000)},
	    {"2023-11-14T22:13:20-00:00", INT64_C(1700000000000)},
	    {"2023-11-14T22:13:20.5Z", INT64_C(1700000000500)},
	    {"2023-11-14T22:13:20.123456789Z", INT64_C(1700000000123)},
	    {"2023-11-14T22:13:20.999999999Z", INT64_C(1700000000999)},
	    {"1969-12-31T23:59:59.9999Z", -1},
	    {"2016-12-31T23:59:60Z", INT64_C(1483228800000)},
	    {"2000-02-29T00:00:00Z", INT64_C(951782400000)},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t msec = 42;

		assert_int_equal(clock_parse(cases[i].text, &msec), 0);
		assert_int_equal(msec, cases[i].msec);
	}
}

static void test_no_moment(void **state)
{
	static const char *const bad[] = {
	    "",
	    "2023",
	    "2023-11-14",
	    "2023-11-14T22:13:20",
	    "2023-11-14T22:13Z",
	    "2023-11-14T22:13:20Zx",
	    " 2023-11-14T22:13:20Z",
	    "2023-11-14T22:13:20.Z",
	    "2023-11-14T22:13:20.1234567890Z",
	    "2023-11-14T22:13:20,5Z",
	    "2023-13-14T22:13:20Z",
	    "2023-00-14T22:13:20Z",
	    "2023-11-00T22:13:20Z",
	    "2023-11-31T22:13:20Z",
	    "2023-02-29T22:13:20Z",
	    "1900-02-29T00:00:00Z",
	    "2023-11-14T24:00:00Z",
	    "2023-11-14T22:60:00Z",
	    "2023-11-14T22:13:61Z",
	    "2023-11-14T22:13:20+24:00",
	    "2023-11-14T22:13:20+01:60",
	    "2023-11-14T22:13:20+0100",
	    "2023-11-14T22:13:20+01",
	    "23-11-14T22:13:20Z",
	    "+023-11-14T22:13:20Z",
	    "2023-11-14X22:13:20Z",
	    "1700000000",
	};
	int64_t msec = 42;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(clock_parse(bad[i], &msec), -EINVAL);
	assert_int_equal(msec, 42);
}

static void test_duration(void **state)
{
	static const struct {
		const char *text;
		int64_t msec;
	} cases[] = {
	    {"0", 0},          {"0s", 0},      {"1ms", 1},
	    {"1s", 1000},      {"2m", 120000}, {"24h", 86400000},
	    {"7d", 604800000}, {"007s", 7000}, {"9223372036854775807ms", INT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t msec = 42;

		assert_int_equal(clock_parse_duration(cases[i].text, &msec), 0);
		assert_int_equal(msec, cases[i].msec);
	}
}

static void test_duration_for_people(void **state)
{
	static const struct {
		int64_t msec;
		const char *text;
	} cases[] = {{0, "0s"},
		     {999, "0s"},
		     {1000, "1s"},
		     {59999, "59s"},
		     {60000, "1m"},
		     {61999, "1m 1s"},
		     {3599999, "59m 59s"},
		     {3600000, "1h"},
		     {3659999, "1h"},
		     {3660000, "1h 1m"},
		     {86399999, "23h 59m"},
		     {86400000, "1d"},
		     {89999999, "1d"},
		     {90000000, "1d 1h"},
		     {INT64_C(365) * 86400000, "365d"},
		     {INT64_MAX, "106751991167d 7h"}};
	char text[CLOCK_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(clock_format_duration(cases[i].msec, text), cases[i].text);
}

static void test_no_duration(void **state)
{
	static const char *const bad[] = {"",   "5",    "s",     "-1s", "+1s", " 1s",  "1 s", "1s ",
					  "1S", "1.5h", "1h30m", "1y",  "1w",  "0x5s", "1mss"};
	int64_t msec = 42;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(clock_parse_duration(bad[i], &msec), -EINVAL);
	assert_int_equal(clock_parse_duration("9223372036854775808ms", &msec), -ERANGE);
	assert_int_equal(clock_parse_duration("9223372036854775807s", &msec), -ERANGE);
	assert_int_equal(clock_parse_duration("106751991168d", &msec), -ERANGE);
	assert_int_equal(msec, 42);
}

static void test_since(void **state)
{
	int64_t msec = 42;

	(void)state;
	assert_int_equal(clock_parse_since("30m", 5000000, &msec), 0);
	assert_int_equal(msec, 5000000 - 1800000);
	assert_int_equal(clock_parse_since("0", 5000000, &msec), 0);
	assert_int_equal(msec, 5000000);
	assert_int_equal(clock_parse_since("1970-01-01T00:00:01Z", 5000000, &msec), 0);
	assert_int_equal(msec, 1000);
	assert_int_equal(clock_parse_since("yesterday", 5000000, &msec), -EINVAL);
	assert_int_equal(clock_parse_since("9223372036854775807h", 5000000, &msec), -ERANGE);
	assert_int_equal(msec, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_now),           cmocka_unit_test(test_rounds_down),
	    cmocka_unit_test(test_text_and_back), cmocka_unit_test(test_text_is_clamped),
	    cmocka_unit_test(test_parse),         cmocka_unit_test(test_no_moment),
	    cmocka_unit_test(test_duration),      cmocka_unit_test(test_duration_for_people),
	    cmocka_unit_test(test_no_duration),   cmocka_unit_test(test_since),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
