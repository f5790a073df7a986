#include "tests/unit/flow/fixture.h"

#include "flow/live.h"

static struct live *new_live(size_t limit)
{
	struct live *live = live_new(limit);

	assert_non_null(live);
	return live;
}

static struct tuple tuple_of(uint32_t number)
{
	return a_tuple(IPPROTO_TCP, "10.0.0.1", (uint16_t)number, "10.0.0.2",
		       (uint16_t)(number >> 16));
}

static void test_find(void **state)
{
	struct live *live = new_live(10);
	struct tuple tuple = tuple_of(1), other = tuple_of(2);
	struct live_entry *entry = live_insert(live, &tuple, 3, 4);

	(void)state;
	assert_non_null(entry);
	assert_ptr_equal(live_find(live, &tuple, 3, 4), entry);
	assert_null(live_find(live, &tuple, 3, 5));
	assert_null(live_find(live, &tuple, 4, 4));
	assert_null(live_find(live, &other, 3, 4));
	other = tuple;
	other.protocol = IPPROTO_UDP;
	assert_null(live_find(live, &other, 3, 4));
	other = tuple;
	other.source = ip("10.0.0.9");
	assert_null(live_find(live, &other, 3, 4));
	other = tuple;
	other.destination = ip("10.0.0.9");
	assert_null(live_find(live, &other, 3, 4));
	assert_int_equal(live_count(live), 1);
	live_free(live);
}

static void test_entries_begin_empty(void **state)
{
	struct live *live = new_live(10);
	struct tuple tuple = tuple_of(1);
	struct live_entry *entry = live_insert(live, &tuple, 3, 4), expected;

	(void)state;
	memset(&entry->reply, 0xff, sizeof(entry->reply));
	entry->verdict = VERDICT_ANSWERED;
	entry->checkpoint = true;
	live_remove(live, entry);
	assert_null(live_find(live, &tuple, 3, 4));
	entry = live_insert(live, &tuple, 3, 4);
	memset(&expected, 0, sizeof(expected));
	expected.original = tuple;
	expected.zone = 3;
	expected.id = 4;
	assert_memory_equal(entry, &expected, sizeof(expected));
	live_free(live);
}

static void test_limit(void **state)
{
	struct live *live = new_live(3);
	struct live_entry *entries[3];
	struct tuple tuple;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		tuple = tuple_of(i);
		entries[i] = live_insert(live, &tuple, 0, i);
		assert_non_null(entries[i]);
	}
	tuple = tuple_of(3);
	assert_null(live_insert(live, &tuple, 0, 3));
	live_remove(live, entries[1]);
	assert_int_equal(live_count(live), 2);
	assert_non_null(live_insert(live, &tuple, 0, 3));
	assert_int_equal(live_count(live), 3);
	live_free(live);
}

#define MANY 10000u

static void fill(struct live *live)
{
	for (uint32_t i = 0; i < MANY; i++) {
		struct tuple tuple = tuple_of(i);
		struct live_entry *entry = live_insert(live, &tuple, 0, i);

		assert_non_null(entry);
		entry->generation = i;
	}
}

static void test_entries_stay_where_they_are(void **state)
{
	struct live *live = new_live(MANY);
	struct tuple first = tuple_of(0);
	struct live_entry *entry;

	(void)state;
	entry = live_insert(live, &first, 9, 9);
	live_remove(live, entry);
	fill(live);
	entry = live_find(live, &first, 0, 0);
	assert_non_null(entry);
	assert_int_equal(entry->generation, 0);
	for (uint32_t i = 0; i < MANY; i++) {
		struct tuple tuple = tuple_of(i);

		entry = live_find(live, &tuple, 0, i);
		assert_non_null(entry);
		assert_int_equal(entry->generation, i);
	}
	live_free(live);
}

struct walk {
	struct live *live;
	unsigned seen[MANY];
	bool remove_odd;
};

static void visit(void *context, struct live_entry *entry)
{
	struct walk *walk = context;

	walk->seen[entry->generation]++;
	if (walk->remove_odd && entry->generation % 2)
		live_remove(walk->live, entry);
}

static void test_walk(void **state)
{
	struct walk *walk = calloc(1, sizeof(*walk));
	struct live *live = new_live(MANY);

	(void)state;
	assert_non_null(walk);
	walk->live = live;
	live_walk(live, visit, walk);
	fill(live);
	walk->remove_odd = true;
	live_walk(live, visit, walk);
	assert_int_equal(live_count(live), MANY / 2);
	walk->remove_odd = false;
	live_walk(live, visit, walk);
	for (uint32_t i = 0; i < MANY; i++) {
		struct tuple tuple = tuple_of(i);

		assert_int_equal(walk->seen[i], i % 2 ? 1 : 2);
		assert_int_equal(live_find(live, &tuple, 0, i) != NULL, i % 2 == 0);
	}
	live_free(live);
	free(walk);
}

static void test_room_is_used_again(void **state)
{
	struct live *live = new_live(MANY);
	struct walk *walk = calloc(1, sizeof(*walk));

	(void)state;
	assert_non_null(walk);
	walk->live = live;
	for (unsigned round = 0; round < 3; round++) {
		walk->remove_odd = true;
		fill(live);
		live_walk(live, visit, walk);
		for (uint32_t i = 0; i < MANY; i += 2) {
			struct tuple tuple = tuple_of(i);

			live_remove(live, live_find(live, &tuple, 0, i));
		}
		assert_int_equal(live_count(live), 0);
	}
	live_free(live);
	free(walk);
}

static void test_free_nothing(void **state)
{
	(void)state;
	assert_null(live_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_find),         cmocka_unit_test(test_entries_begin_empty),
	    cmocka_unit_test(test_limit),        cmocka_unit_test(test_entries_stay_where_they_are),
	    cmocka_unit_test(test_walk),         cmocka_unit_test(test_room_is_used_again),
	    cmocka_unit_test(test_free_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
