#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "identity/pod.h"

static char *text(const char *literal)
{
	return (char *)(uintptr_t)literal;
}

static struct addr ip(const char *literal)
{
	struct addr address;

	assert_int_equal(addr_parse(literal, &address), 0);
	return address;
}

static void test_copy(void **state)
{
	char name[] = "web-1";
	struct pod_address addresses[] = {{ip("10.0.0.1"), 5, INTERVAL_OPEN, false, false},
					  {ip("fd00::1"), 6, 7, false, false}};
	const struct pod pod = {.namespace = text("shop"),
				.name = name,
				.uid = text("u1"),
				.sandbox = text("s1"),
				.source = text("cni-result"),
				.addresses = addresses,
				.address_count = 2};
	struct pod copy;

	(void)state;
	assert_int_equal(pod_copy(&pod, &copy), 0);
	name[0] = 'x';
	addresses[1].since = 0;
	assert_string_equal(copy.namespace, "shop");
	assert_string_equal(copy.name, "web-1");
	assert_string_equal(copy.uid, "u1");
	assert_string_equal(copy.sandbox, "s1");
	assert_string_equal(copy.source, "cni-result");
	assert_int_equal(copy.address_count, 2);
	assert_true(addr_equal(copy.addresses[0].address, ip("10.0.0.1")));
	assert_true(copy.addresses[0].until == INTERVAL_OPEN);
	assert_int_equal(copy.addresses[1].since, 6);
	assert_int_equal(copy.addresses[1].until, 7);
	pod_clear(&copy);
}

static void test_copy_of_nothing(void **state)
{
	const struct pod pod = {0};
	struct pod copy;

	(void)state;
	assert_int_equal(pod_copy(&pod, &copy), 0);
	assert_string_equal(copy.namespace, "");
	assert_string_equal(copy.name, "");
	assert_string_equal(copy.uid, "");
	assert_string_equal(copy.sandbox, "");
	assert_string_equal(copy.source, "");
	assert_int_equal(copy.address_count, 0);
	pod_clear(&copy);
}

static void test_clear(void **state)
{
	static const struct pod zero;
	struct pod_address address = {ip("10.0.0.1"), 5, 6, false, false};
	const struct pod pod = {.name = text("web"), .addresses = &address, .address_count = 1};
	struct pod copy;

	(void)state;
	assert_int_equal(pod_copy(&pod, &copy), 0);
	pod_clear(&copy);
	assert_memory_equal(&copy, &zero, sizeof(copy));
	pod_clear(&copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_copy),
	    cmocka_unit_test(test_copy_of_nothing),
	    cmocka_unit_test(test_clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
