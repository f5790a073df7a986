#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/special_range.h"

static bool is_mixed(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix), 0);
	return prefix_is_mixed(prefix);
}

static void test_ranges_and_their_parts_are_not_mixed(void **state)
{
	static const char *const cases[] = {
	    "10.0.0.0/8",    "10.1.0.0/16",    "172.16.0.0/12",  "192.168.0.0/16",
	    "100.64.0.0/10", "203.0.113.0/25", "203.0.113.7/32", "8.8.0.0/16",
	    "128.0.0.0/3",   "fc00::/7",       "2001:db8::/32",  "2001:db8:1::/48",
	    "2600::/16",     "fe80::/64",      "64:ff9b::/96",   "::1/128",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_false(is_mixed(cases[i]));
}

static void test_what_is_wider_is_mixed(void **state)
{
	static const char *const cases[] = {
	    "0.0.0.0/0",     "8.0.0.0/6",      "172.0.0.0/8", "192.0.0.0/16", "192.0.2.0/23",
	    "100.0.0.0/8",   "169.254.0.0/15", "198.0.0.0/8", "::/0",         "fc00::/6",
	    "2001:db8::/31", "2001::/16",      "2000::/3",    "64:ff9b::/64", "fe80::/9",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(is_mixed(cases[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ranges_and_their_parts_are_not_mixed),
	    cmocka_unit_test(test_what_is_wider_is_mixed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
