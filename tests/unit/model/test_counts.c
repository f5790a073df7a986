/* What was counted of an edge comes out whole where the rest is wanted, and right without it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "model/counts.h"

#define MEMBERS (sizeof(struct totals) / sizeof(int64_t))

static const struct totals some = {10, 8, 6, 40, 30, 400, 300, 2, 2, 2, 4, 6};

/* A part of each, as far as they are there. */
static void assert_counts(const struct counts *counts, int64_t part, int64_t whole)
{
	struct totals all = graph_totals(counts);
	int64_t given[MEMBERS], found[MEMBERS];

	memcpy(given, &some, sizeof(given));
	memcpy(found, &all, sizeof(found));
	assert_int_equal(counts->connections, some.connections * part / whole);
	assert_int_equal(counts->closed, some.closed * part / whole);
	assert_int_equal(counts->packets_sent, some.packets_sent * part / whole);
	for (size_t i = 0; counts->rest && i < MEMBERS; i++)
		assert_int_equal(found[i], given[i] * part / whole);
}

static void test_with_and_without_a_rest(void **state)
{
	(void)state;
	for (int wanted = 0; wanted < 2; wanted++) {
		struct rests rests = {.wanted = wanted};
		struct counts counts, other;

		assert_int_equal(counts_init(&counts, some, &rests), 0);
		assert_int_equal(counts_init(&other, some, &rests), 0);
		assert_int_equal(counts.rest != NULL, wanted);
		assert_counts(&counts, 1, 1);
		assert_int_equal(counts_compare(&counts, &other), 0);
		counts_add(&counts, &other);
		assert_counts(&counts, 2, 1);
		assert_counts(&other, 1, 1);
		assert_true(counts_compare(&counts, &other) > 0);
		counts_reduce(&counts, 5);
		assert_counts(&counts, 1, 2);
		counts_copy(&counts, &other);
		assert_counts(&counts, 1, 1);
		assert_int_equal(counts.rest != other.rest, wanted);
		assert_false(counts_take_away(&counts, &other));
		assert_counts(&counts, 0, 1);
		assert_false(counts_take_away(&counts, &other));
		assert_counts(&counts, 0, 1);
		rests_clear(&rests);
	}
}

static void test_rests_alone_tell_apart(void **state)
{
	struct rests rests = {.wanted = true};
	struct totals more = some;
	struct counts counts, other;

	(void)state;
	more.vanished++;
	assert_int_equal(counts_init(&counts, some, &rests), 0);
	assert_int_equal(counts_init(&other, more, &rests), 0);
	assert_true(counts_compare(&counts, &other) < 0);
	assert_true(counts_take_away(&other, &counts));
	assert_int_equal(graph_totals(&other).vanished, 1);
	assert_int_equal(other.closed, 0);
	rests_clear(&rests);
}

/* More than are made at once. */
static void test_many(void **state)
{
	struct rests rests = {.wanted = true};
	struct counts counts[1000];

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(counts_init(&counts[i], (struct totals){.bytes_sent = i}, &rests),
				 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(graph_totals(&counts[i]).bytes_sent, i);
	rests_clear(&rests);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_with_and_without_a_rest),
	    cmocka_unit_test(test_rests_alone_tell_apart),
	    cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
