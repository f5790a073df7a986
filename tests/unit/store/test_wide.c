#include "tests/unit/store/fixture.h"

#include "store/wide.h"

#define MAX 1000

/* The node's own. */
static bool is_own(const void *context, struct addr address)
{
	const struct addr *own = context;

	return addr_equal(*own, address);
}

static struct edge_key key_of(const char *source, const char *destination, uint8_t verdict)
{
	struct edge_key key = a_flow(443, 0).key;

	key.source = ip(source);
	key.destination = ip(destination);
	key.verdict = verdict;
	return key;
}

static bool fold(struct edge_key *key, int64_t edges)
{
	const struct addr own = ip("198.51.100.1");

	return wide_fold(key, edges, MAX, is_own, &own);
}

/* Does the destination fold? To what? */
static void assert_folds(const char *address, uint8_t verdict, int64_t edges, const char *to)
{
	struct edge_key key = key_of("10.0.0.1", address, verdict), before = key;

	key.source_pod = before.source_pod = 1;
	assert_int_equal(fold(&key, edges), to != NULL);
	if (!to) {
		assert_memory_equal(&key, &before, sizeof(key));
		return;
	}
	before.destination = ip(to);
	before.destination_prefix = before.destination.family == ADDR_IPV4 ? 24 : 48;
	assert_memory_equal(&key, &before, sizeof(key));
}

static void test_public_ends_fold_beyond_the_bound(void **state)
{
	(void)state;
	assert_folds("203.0.113.77", VERDICT_ANSWERED, 899, NULL);
	assert_folds("203.0.113.77", VERDICT_ANSWERED, 900, "203.0.113.0");
	assert_folds("203.0.113.77", VERDICT_ONE_WAY, 900, "203.0.113.0");
	assert_folds("203.0.113.77", VERDICT_UNKNOWN, 899, NULL);
	assert_folds("203.0.113.77", VERDICT_UNKNOWN, 5000, "203.0.113.0");
	assert_folds("2001:db8:5:6:7:8:9:a", VERDICT_ANSWERED, 900, "2001:db8:5::");
}

static void test_failed_ones_fold_first(void **state)
{
	static const uint8_t failed[] = {VERDICT_REFUSED, VERDICT_UNANSWERED, VERDICT_DENIED};

	(void)state;
	for (size_t i = 0; i < COUNT(failed); i++) {
		assert_folds("203.0.113.77", failed[i], 799, NULL);
		assert_folds("203.0.113.77", failed[i], 800, "203.0.113.0");
	}
}

static void test_private_ends_fold_where_it_failed(void **state)
{
	static const char *const private[][2] = {
	    {"10.1.2.3", "10.1.2.0"},        {"172.16.9.9", "172.16.9.0"},
	    {"172.31.9.9", "172.31.9.0"},    {"192.168.7.7", "192.168.7.0"},
	    {"100.64.1.1", "100.64.1.0"},    {"100.127.1.1", "100.127.1.0"},
	    {"fd00:1:2:3::4", "fd00:1:2::"}, {"fc00:1:2:3::4", "fc00:1:2::"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(private); i++) {
		assert_folds(private[i][0], VERDICT_ANSWERED, 5000, NULL);
		assert_folds(private[i][0], VERDICT_ONE_WAY, 5000, NULL);
		assert_folds(private[i][0], VERDICT_REFUSED, 899, NULL);
		assert_folds(private[i][0], VERDICT_REFUSED, 900, private[i][1]);
		assert_folds(private[i][0], VERDICT_UNKNOWN, 900, private[i][1]);
	}
	assert_folds("172.32.9.9", VERDICT_ANSWERED, 900, "172.32.9.0");
	assert_folds("100.128.9.9", VERDICT_ANSWERED, 900, "100.128.9.0");
	assert_folds("11.0.0.9", VERDICT_ANSWERED, 900, "11.0.0.0");
	assert_folds("192.169.0.9", VERDICT_ANSWERED, 900, "192.169.0.0");
}

static void test_some_addresses_never_fold(void **state)
{
	static const char *const never[] = {
	    "127.0.0.1", "::1",     "169.254.1.1",     "fe80::1", "224.0.0.5",
	    "ff02::1",   "0.0.0.0", "255.255.255.255", "::",      "198.51.100.1",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(never); i++)
		assert_folds(never[i], VERDICT_DENIED, 5000, NULL);
}

static void test_pods_and_prefixes_are_left_alone(void **state)
{
	struct edge_key key = key_of("203.0.113.5", "198.51.101.0", VERDICT_ANSWERED);

	(void)state;
	key.source_pod = 3;
	key.destination_prefix = 20;
	assert_false(fold(&key, 5000));
	assert_int_equal(key.destination_prefix, 20);
}

static void test_both_ends_and_their_translations(void **state)
{
	struct edge_key key = key_of("203.0.113.5", "2001:db8:5:6::7", VERDICT_ANSWERED);

	(void)state;
	key.translated = ip("192.0.2.9");
	key.service = ip("2001:db8:9:9::9");
	assert_true(fold(&key, 5000));
	assert_true(addr_equal(key.source, ip("203.0.113.0")));
	assert_true(addr_equal(key.translated, ip("192.0.2.0")));
	assert_true(addr_equal(key.destination, ip("2001:db8:5::")));
	assert_true(addr_equal(key.service, ip("2001:db8:9::")));
	assert_int_equal(key.source_prefix, 24);
	assert_int_equal(key.destination_prefix, 48);
	key = key_of("203.0.113.5", "10.0.0.2", VERDICT_ANSWERED);
	key.translated = ip("198.51.100.1");
	key.service = ip("192.0.2.9");
	assert_true(fold(&key, 5000));
	assert_true(addr_equal(key.translated, ip("198.51.100.1")));
	assert_true(addr_equal(key.service, ip("192.0.2.9")));
	assert_int_equal(key.destination_prefix, 0);
}

static void test_no_bound_no_folding(void **state)
{
	struct edge_key key = key_of("203.0.113.5", "203.0.113.6", VERDICT_DENIED);
	const struct addr own = {0};

	(void)state;
	assert_false(wide_fold(&key, INT64_MAX, 0, is_own, &own));
	assert_false(wide_fold(&key, 5, INT64_MAX, is_own, &own));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_public_ends_fold_beyond_the_bound),
	    cmocka_unit_test(test_failed_ones_fold_first),
	    cmocka_unit_test(test_private_ends_fold_where_it_failed),
	    cmocka_unit_test(test_some_addresses_never_fold),
	    cmocka_unit_test(test_pods_and_prefixes_are_left_alone),
	    cmocka_unit_test(test_both_ends_and_their_translations),
	    cmocka_unit_test(test_no_bound_no_folding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
