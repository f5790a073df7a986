/* Sets of ports, against one bit for each port. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "policy/port_set.h"

#define PORTS 65536
#define ROUNDS 300
#define RANGES 6

static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};

struct plain {
	bool has[3][PORTS];
};

static uint64_t random_next(void)
{
	static uint64_t state = 88172645463325252;

	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

/* Few different ends, so that ranges touch. */
static uint16_t random_port(void)
{
	static const uint16_t ends[] = {1, 2, 3, 79, 80, 81, 443, 444, 65534, 65535};

	return ends[random_next() % (sizeof(ends) / sizeof(ends[0]))];
}

static void make_random(struct port_set *set, struct plain *plain)
{
	size_t count = random_next() % (RANGES + 1);

	memset(plain, 0, sizeof(*plain));
	for (size_t i = 0; i < count; i++) {
		size_t protocol = random_next() % 3;
		uint16_t a = random_port(), b = random_port();
		struct port_range range = {protocols[protocol], a < b ? a : b, a < b ? b : a};

		assert_int_equal(port_set_add(set, range), 0);
		for (size_t port = range.first; port <= range.last; port++)
			plain->has[protocol][port] = true;
	}
}

static void check_order(const struct port_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct port_range *range = &set->items[i];

		assert_true(range->first >= 1 && range->first <= range->last);
		if (i == 0 || range[-1].protocol != range->protocol)
			continue;
		assert_true(range[-1].last + 1 < range->first);
	}
}

static void check_same(const struct port_set *set, const struct plain *plain)
{
	static struct plain had;

	check_order(set);
	memset(&had, 0, sizeof(had));
	for (size_t i = 0; i < set->count; i++)
		for (size_t protocol = 0; protocol < 3; protocol++)
			for (size_t port = set->items[i].first;
			     protocols[protocol] == set->items[i].protocol &&
			     port <= set->items[i].last;
			     port++)
				had.has[protocol][port] = true;
	assert_memory_equal(&had, plain, sizeof(had));
	for (size_t i = 0; i < 10; i++) {
		size_t protocol = random_next() % 3;
		uint16_t port = random_port();

		assert_int_equal(port_set_has(set, protocols[protocol], port),
				 plain->has[protocol][port]);
	}
}

typedef int operation_fn(struct port_set *set, const struct port_set *other);

static bool combine_bit(operation_fn *operation, bool a, bool b)
{
	if (operation == port_set_unite)
		return a || b;
	return operation == port_set_intersect ? a && b : a && !b;
}

static void test_random(void **state)
{
	static operation_fn *const operations[] = {port_set_unite, port_set_intersect,
						   port_set_subtract};
	static struct plain a_plain, b_plain;

	(void)state;
	for (size_t round = 0; round < ROUNDS; round++) {
		operation_fn *operation = operations[round % 3];
		struct port_set a = {0}, b = {0};

		make_random(&a, &a_plain);
		make_random(&b, &b_plain);
		check_same(&a, &a_plain);
		assert_int_equal(port_set_equal(&a, &b),
				 memcmp(&a_plain, &b_plain, sizeof(a_plain)) == 0);
		assert_int_equal(operation(&a, &b), 0);
		for (size_t i = 0; i < 3; i++)
			for (size_t port = 0; port < PORTS; port++)
				a_plain.has[i][port] = combine_bit(operation, a_plain.has[i][port],
								   b_plain.has[i][port]);
		check_same(&a, &a_plain);
		check_same(&b, &b_plain);
		port_set_clear(&a);
		port_set_clear(&b);
	}
}

static void test_all(void **state)
{
	struct port_set set = {0}, other = {0};

	(void)state;
	assert_false(port_set_is_all(&set));
	assert_int_equal(port_set_add_all(&set), 0);
	assert_true(port_set_is_all(&set));
	assert_int_equal(set.count, 3);
	assert_false(port_set_has(&set, IPPROTO_TCP, 0));
	assert_false(port_set_has(&set, IPPROTO_ICMP, 1));
	assert_int_equal(port_set_add(&other, (struct port_range){IPPROTO_SCTP, 9, 9}), 0);
	assert_int_equal(port_set_subtract(&set, &other), 0);
	assert_false(port_set_is_all(&set));
	assert_int_equal(set.count, 4);
	assert_int_equal(port_set_unite(&set, &other), 0);
	assert_true(port_set_is_all(&set));
	assert_int_equal(port_set_subtract(&set, &set), 0);
	assert_int_equal(set.count, 0);
	port_set_clear(&set);
	port_set_clear(&other);
}

static void test_copy(void **state)
{
	struct port_set set = {0}, copy = {0};

	(void)state;
	assert_int_equal(port_set_add_all(&set), 0);
	assert_int_equal(port_set_copy(&set, &copy), 0);
	assert_true(port_set_equal(&set, &copy));
	port_set_clear(&set);
	assert_true(port_set_is_all(&copy));
	assert_int_equal(port_set_copy(&set, &copy), 0);
	assert_int_equal(copy.count, 0);
	port_set_clear(&copy);
}

static void test_format(void **state)
{
	char text[PORT_SET_RANGE_TEXT_MAX];

	(void)state;
	assert_string_equal(port_range_format((struct port_range){IPPROTO_TCP, 80, 80}, text),
			    "TCP 80");
	assert_string_equal(port_range_format((struct port_range){IPPROTO_UDP, 53, 60}, text),
			    "UDP 53-60");
	assert_string_equal(
	    port_range_format((struct port_range){IPPROTO_SCTP, 10000, 65535}, text),
	    "SCTP 10000-65535");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_random),
	    cmocka_unit_test(test_all),
	    cmocka_unit_test(test_copy),
	    cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
