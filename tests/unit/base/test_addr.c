#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/addr.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct addr ip(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, &addr), 0);
	return addr;
}

static struct prefix net(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix), 0);
	return prefix;
}

static void test_text(void **state)
{
	static const char *const cases[][2] = {
	    {"0.0.0.0", "0.0.0.0"},
	    {"255.255.255.255", "255.255.255.255"},
	    {"10.1.2.3", "10.1.2.3"},
	    {"::", "::"},
	    {"::1", "::1"},
	    {"FD00:0:0:0:0:0:0:00A", "fd00::a"},
	    {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
	    {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
	    {"::ffff:10.0.0.1", "::ffff:10.0.0.1"},
	    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};
	char text[ADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_ptr_equal(addr_format(ip(cases[i][0]), text), text);
		assert_string_equal(text, cases[i][1]);
	}
	assert_string_equal(addr_format((struct addr){0}, text), "");
}

static void test_no_address(void **state)
{
	static const char *const bad[] = {
	    "",          " ",         "10.0.0",      "10.0.0.256",   "10.0.0.1 ",
	    " 10.0.0.1", "010.0.0.1", "10.0.0.1/32", "1.2.3.4.5",    "0x7f.0.0.1",
	    ":::",       "fd00::g",   "[::1]",       "fe80::1%eth0", "1:2:3:4:5:6:7",
	    "::1::",     "localhost",
	};
	struct addr addr = ip("10.0.0.9");

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(addr_parse(bad[i], &addr), -EINVAL);
	assert_true(addr_equal(addr, ip("10.0.0.9")));
}

static void test_bytes(void **state)
{
	static const uint8_t bytes[16] = {10, 0, 0, 1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
	static const uint8_t zero[12];
	struct addr v4 = addr_from_bytes(bytes, 4), v6 = addr_from_bytes(bytes, 16);

	(void)state;
	assert_int_equal(addr_length(v4), 4);
	assert_int_equal(addr_length(v6), 16);
	assert_memory_equal(v4.bytes, bytes, 4);
	assert_memory_equal(v4.bytes + 4, zero, 12);
	assert_memory_equal(v6.bytes, bytes, 16);
	for (size_t length = 0; length < 16; length++)
		assert_int_equal(addr_is_set(addr_from_bytes(bytes, length)), length == 4);
	assert_int_equal(addr_length((struct addr){0}), 0);
	assert_int_equal(addr_length((struct addr){.family = 5}), 0);
}

static void test_order(void **state)
{
	static const char *const sorted[] = {"0.0.0.0", "9.255.255.255", "10.0.0.0", "255.0.0.0",
					     "::",      "::1",           "fd00::",   "ff00::"};

	(void)state;
	for (size_t i = 0; i < COUNT(sorted); i++) {
		assert_true(addr_compare((struct addr){0}, ip(sorted[i])) < 0);
		for (size_t j = 0; j < COUNT(sorted); j++) {
			int order = addr_compare(ip(sorted[i]), ip(sorted[j]));

			assert_int_equal(order < 0, i < j);
			assert_int_equal(order > 0, i > j);
			assert_int_equal(addr_equal(ip(sorted[i]), ip(sorted[j])), i == j);
		}
	}
}

/* Letters of the kinds an address is: loopback, link-local, multicast. */
static void test_kinds(void **state)
{
	static const char *const cases[][2] = {
	    {"127.0.0.1", "o"},
	    {"127.255.255.255", "o"},
	    {"126.255.255.255", ""},
	    {"128.0.0.0", ""},
	    {"::1", "o"},
	    {"::", ""},
	    {"::2", ""},
	    {"169.254.0.0", "l"},
	    {"169.254.255.255", "l"},
	    {"169.253.255.255", ""},
	    {"169.255.0.0", ""},
	    {"fe80::", "l"},
	    {"febf::1", "l"},
	    {"fec0::", ""},
	    {"fe7f::", ""},
	    {"223.255.255.255", ""},
	    {"224.0.0.0", "m"},
	    {"239.255.255.255", "m"},
	    {"240.0.0.0", ""},
	    {"255.255.255.254", ""},
	    {"255.255.255.255", "m"},
	    {"ff02::1", "m"},
	    {"ff00::", "m"},
	    {"feff::", ""},
	    {"9.255.255.255", ""},
	    {"10.0.0.0", "p"},
	    {"10.255.255.255", "p"},
	    {"11.0.0.0", ""},
	    {"100.63.255.255", ""},
	    {"100.64.0.0", "p"},
	    {"100.127.255.255", "p"},
	    {"100.128.0.0", ""},
	    {"172.15.255.255", ""},
	    {"172.16.0.0", "p"},
	    {"172.31.255.255", "p"},
	    {"172.32.0.0", ""},
	    {"192.167.255.255", ""},
	    {"192.168.0.0", "p"},
	    {"192.169.0.0", ""},
	    {"fbff::", ""},
	    {"fc00::", "p"},
	    {"fdff::1", "p"},
	    {"fe00::", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct addr addr = ip(cases[i][0]);

		assert_int_equal(addr_is_loopback(addr), strchr(cases[i][1], 'o') != NULL);
		assert_int_equal(addr_is_link_local(addr), strchr(cases[i][1], 'l') != NULL);
		assert_int_equal(addr_is_multicast(addr), strchr(cases[i][1], 'm') != NULL);
		assert_int_equal(addr_is_private(addr), strchr(cases[i][1], 'p') != NULL);
	}
	assert_false(addr_is_loopback((struct addr){0}));
	assert_false(addr_is_link_local((struct addr){0}));
	assert_false(addr_is_multicast((struct addr){0}));
	assert_false(addr_is_private((struct addr){0}));
}

static void test_prefix_text(void **state)
{
	static const char *const cases[][2] = {
	    {"10.1.2.3/8", "10.0.0.0/8"},
	    {"10.1.2.3", "10.1.2.3/32"},
	    {"10.1.2.3/32", "10.1.2.3/32"},
	    {"10.1.2.255/25", "10.1.2.128/25"},
	    {"255.255.255.255/0", "0.0.0.0/0"},
	    {"fd00::1", "fd00::1/128"},
	    {"fd00:1:2:3:4::/48", "fd00:1:2::/48"},
	    {"ffff::/1", "8000::/1"},
	    {"::/0", "::/0"},
	    {"10.0.0.0/008", "10.0.0.0/8"},
	};
	char text[PREFIX_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(prefix_format(net(cases[i][0]), text), cases[i][1]);
}

static void test_no_prefix(void **state)
{
	static const char *const bad[] = {
	    "",
	    "/8",
	    "10.0.0.0/",
	    "10.0.0.0/33",
	    "10.0.0.0/-1",
	    "10.0.0.0/+8",
	    "10.0.0.0/ 8",
	    "10.0.0.0/8 ",
	    "10.0.0.0/8/8",
	    "fd00::/129",
	    "10.0.0/8",
	    "10.0.0.0/4294967304",
	    "10.0.0.0/0008",
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/8",
	};
	struct prefix prefix = net("10.0.0.0/9");

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(prefix_parse(bad[i], &prefix), -EINVAL);
	assert_int_equal(prefix.length, 9);
}

static void test_contains(void **state)
{
	(void)state;
	assert_true(prefix_contains(net("10.0.0.0/8"), ip("10.255.255.255")));
	assert_false(prefix_contains(net("10.0.0.0/8"), ip("11.0.0.0")));
	assert_true(prefix_contains(net("10.0.0.128/25"), ip("10.0.0.200")));
	assert_false(prefix_contains(net("10.0.0.128/25"), ip("10.0.0.127")));
	assert_true(prefix_contains(net("0.0.0.0/0"), ip("1.2.3.4")));
	assert_false(prefix_contains(net("0.0.0.0/0"), ip("::1")));
	assert_false(prefix_contains(net("::/0"), ip("1.2.3.4")));
	assert_false(prefix_contains(net("::/96"), ip("0.0.0.0")));
	assert_true(prefix_contains(net("fd00::/15"), ip("fd01::5")));
	assert_false(prefix_contains(net("fd00::/16"), ip("fd01::5")));
	assert_false(prefix_contains(net("0.0.0.0/0"), (struct addr){0}));
}

static void test_prefix_of(void **state)
{
	struct addr four = ip("10.0.0.1"), six = ip("fd00::1");

	(void)state;
	assert_int_equal(prefix_of(four).length, 32);
	assert_int_equal(prefix_of(six).length, 128);
	assert_true(prefix_contains(prefix_of(four), four));
	assert_false(prefix_contains(prefix_of(four), ip("10.0.0.0")));
	assert_true(prefix_contains(prefix_of(six), six));
	assert_false(prefix_contains(prefix_of(six), ip("fd00::")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_text),      cmocka_unit_test(test_no_address),
	    cmocka_unit_test(test_bytes),     cmocka_unit_test(test_order),
	    cmocka_unit_test(test_kinds),     cmocka_unit_test(test_prefix_text),
	    cmocka_unit_test(test_no_prefix), cmocka_unit_test(test_contains),
	    cmocka_unit_test(test_prefix_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
