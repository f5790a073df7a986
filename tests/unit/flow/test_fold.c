#include "tests/unit/flow/fixture.h"

#include <errno.h>

#include "flow/fold.h"

#define MINUTE 60000u

static struct edge_key a_key(uint16_t port)
{
	struct edge_key key;

	memset(&key, 0, sizeof(key));
	key.source = ip("10.0.0.1");
	key.destination = ip("10.0.0.2");
	key.port = port;
	key.has_port = 1;
	key.protocol = IPPROTO_TCP;
	key.verdict = VERDICT_ANSWERED;
	return key;
}

static struct fold *new_fold(uint32_t window, size_t limit)
{
	struct fold *fold = fold_new((struct fold_options){.window = window, .limit = limit});

	assert_non_null(fold);
	return fold;
}

static int add(struct fold *fold, uint16_t port, int64_t when, int64_t first)
{
	struct edge_key key = a_key(port);
	const struct totals totals = {.connections = 1,
				      .closed = 1,
				      .counted = 1,
				      .packets_sent = 2,
				      .packets_received = 3,
				      .bytes_sent = 20,
				      .bytes_received = 30};

	return fold_add(fold, &key, when, first, when, &totals);
}

static struct flow *take(struct fold *fold, size_t expected)
{
	struct flow *rows = NULL;
	size_t count = SIZE_MAX;

	fold_take(fold, &rows, &count);
	assert_int_equal(count, expected);
	return rows;
}

static void test_same_edge_same_window(void **state)
{
	struct fold *fold = new_fold(MINUTE, 10);
	struct flow *rows;

	(void)state;
	assert_int_equal(add(fold, 80, 120500, 120400), 0);
	assert_int_equal(add(fold, 80, 120000, 119000), 0);
	assert_int_equal(add(fold, 80, 179999, 179999), 0);
	rows = take(fold, 1);
	assert_int_equal(rows[0].window, 120000);
	assert_int_equal(rows[0].length, MINUTE);
	assert_int_equal(rows[0].first_seen, 119000);
	assert_int_equal(rows[0].last_seen, 179999);
	assert_totals(rows[0].totals, 3, 3, 3, 6, 9, 60, 90);
	free(rows);
	fold_free(fold);
}

static void test_other_edge_or_window(void **state)
{
	struct fold *fold = new_fold(MINUTE, 10);
	struct edge_key key = a_key(80);
	const struct totals totals = {.connections = 1};

	(void)state;
	assert_int_equal(add(fold, 80, 119999, 119999), 0);
	assert_int_equal(add(fold, 80, 120000, 120000), 0);
	assert_int_equal(add(fold, 81, 120000, 120000), 0);
	key.verdict = VERDICT_REFUSED;
	assert_int_equal(fold_add(fold, &key, 120000, 120000, 120000, &totals), 0);
	key.source_pod = 4;
	assert_int_equal(fold_add(fold, &key, 120000, 120000, 120000, &totals), 0);
	free(take(fold, 5));
	fold_free(fold);
}

static void test_before_the_epoch(void **state)
{
	struct fold *fold = new_fold(MINUTE, 10);
	struct flow *rows;

	(void)state;
	assert_int_equal(add(fold, 80, -1, -1), 0);
	assert_int_equal(add(fold, 80, -60000, -60000), 0);
	rows = take(fold, 1);
	assert_int_equal(rows[0].window, -60000);
	free(rows);
	fold_free(fold);
}

static void test_zero_window(void **state)
{
	struct fold *fold = new_fold(0, 10);
	struct flow *rows;

	(void)state;
	assert_int_equal(add(fold, 80, 500, 100), 0);
	assert_int_equal(add(fold, 80, 500, 100), 0);
	rows = take(fold, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(rows[i].window, 100);
		assert_int_equal(rows[i].length, 0);
		assert_int_equal(rows[i].first_seen, 100);
		assert_int_equal(rows[i].last_seen, 500);
		assert_totals(rows[i].totals, 1, 1, 1, 2, 3, 20, 30);
	}
	free(rows);
	fold_free(fold);
}

static void test_window_changes(void **state)
{
	struct fold *fold = new_fold(0, 10000);
	struct flow *rows;

	(void)state;
	for (uint16_t i = 0; i < 3000; i++)
		assert_int_equal(add(fold, 80, 120000, 120000), 0);
	fold_set_window(fold, MINUTE);
	for (uint16_t i = 0; i < 3000; i++)
		assert_int_equal(add(fold, (uint16_t)(i % 1500), 120000, 120000), 0);
	fold_set_window(fold, MINUTE / 2);
	assert_int_equal(add(fold, 1, 120000, 120000), 0);
	rows = take(fold, 4501);
	assert_int_equal(rows[0].length, 0);
	assert_int_equal(rows[3000].length, MINUTE);
	assert_int_equal(rows[3000].totals.connections, 2);
	assert_int_equal(rows[4500].length, MINUTE / 2);
	free(rows);
	fold_free(fold);
}

static void test_limit(void **state)
{
	struct fold *fold = new_fold(MINUTE, 8);

	(void)state;
	for (uint16_t port = 0; port < 8; port++) {
		assert_int_equal(fold_is_nearly_full(fold), port >= 6);
		assert_int_equal(add(fold, port, 0, 0), 0);
	}
	assert_int_equal(add(fold, 8, 0, 0), -ENOBUFS);
	assert_int_equal(add(fold, 3, 0, 0), 0); /* a row that is there grows on */
	fold_set_window(fold, 0);
	assert_int_equal(add(fold, 3, 0, 0), -ENOBUFS);
	free(take(fold, 8));
	assert_false(fold_is_nearly_full(fold));
	assert_int_equal(add(fold, 8, 0, 0), 0);
	free(take(fold, 1));
	fold_free(fold);
}

static void test_taken_rows_are_gone(void **state)
{
	struct fold *fold = new_fold(MINUTE, 10);
	struct flow *rows;

	(void)state;
	assert_int_equal(add(fold, 80, 0, 0), 0);
	free(take(fold, 1));
	free(take(fold, 0));
	assert_int_equal(add(fold, 80, 0, 0), 0);
	rows = take(fold, 1);
	assert_totals(rows[0].totals, 1, 1, 1, 2, 3, 20, 30);
	free(rows);
	fold_free(fold);
}

static void test_many(void **state)
{
	struct fold *fold = new_fold(MINUTE, 100000);
	struct flow *rows;
	int64_t connections = 0;

	(void)state;
	for (unsigned round = 0; round < 3; round++)
		for (unsigned port = 0; port < 20000; port++)
			assert_int_equal(add(fold, (uint16_t)port, 0, 0), 0);
	rows = take(fold, 20000);
	for (size_t i = 0; i < 20000; i++) {
		assert_int_equal(rows[i].totals.connections, 3);
		connections += rows[i].totals.connections;
	}
	assert_int_equal(connections, 60000);
	free(rows);
	fold_free(fold);
}

static void test_free_with_rows(void **state)
{
	struct fold *fold = new_fold(MINUTE, 10);

	(void)state;
	assert_int_equal(add(fold, 80, 0, 0), 0);
	assert_null(fold_free(fold));
	assert_null(fold_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_same_edge_same_window),
	    cmocka_unit_test(test_other_edge_or_window),
	    cmocka_unit_test(test_before_the_epoch),
	    cmocka_unit_test(test_zero_window),
	    cmocka_unit_test(test_window_changes),
	    cmocka_unit_test(test_limit),
	    cmocka_unit_test(test_taken_rows_are_gone),
	    cmocka_unit_test(test_many),
	    cmocka_unit_test(test_free_with_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
