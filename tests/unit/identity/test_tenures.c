#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "identity/interval_registry.h"

static struct registry_entry pods[3] = {{.number = 1}, {.number = 2}, {.number = 3}};

static struct addr address_of(uint32_t number)
{
	uint8_t bytes[4] = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};

	return addr_from_bytes(bytes, sizeof(bytes));
}

static int setup(void **state)
{
	static struct tenures tenures;

	assert_int_equal(tenures_init(&tenures), 0);
	*state = &tenures;
	return 0;
}

static int teardown(void **state)
{
	tenures_clear(*state);
	return 0;
}

static void add(struct tenure_list *list, unsigned pod, int64_t since, int64_t until)
{
	const struct tenure tenure = {
	    .entry = &pods[pod - 1], .number = pod, .since = since, .until = until};

	tenure_list_add(list, &tenure);
}

static void test_in_order(void **state)
{
	struct tenure_list *list = tenures_need(*state, address_of(1), 4);
	static const unsigned numbers[] = {3, 1, 2, 3};

	assert_non_null(list);
	add(list, 3, 20, 30);
	add(list, 2, 10, 15);
	add(list, 1, 10, 25);
	add(list, 3, 5, 40);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(list->items[i].number, numbers[i]);
	assert_int_equal(tenure_list_begun(list, 4), 0);
	assert_int_equal(tenure_list_begun(list, 10), 3);
	assert_int_equal(tenure_list_begun(list, INT64_MAX), 4);
}

/* A search backwards may stop where all before have ended. */
static void test_reach(void **state)
{
	struct tenure_list *list = tenures_need(*state, address_of(1), 3);

	add(list, 1, 0, 50);
	add(list, 2, 10, 20);
	add(list, 3, 30, 60);
	assert_int_equal(list->items[1].reach, 50);
	assert_int_equal(list->items[2].reach, 60);
	tenure_list_drop(list, 0);
	assert_int_equal(list->items[0].reach, 20);
	assert_int_equal(list->items[1].reach, 60);
}

static void test_found_by_entry_and_both_ends(void **state)
{
	struct tenure_list *list = tenures_need(*state, address_of(1), 3);

	add(list, 1, 0, 10);
	add(list, 2, 0, 10);
	add(list, 1, 0, 20);
	assert_int_equal(list->items[tenure_list_find(list, &pods[0], 0, 20)].until, 20);
	assert_int_equal(list->items[tenure_list_find(list, &pods[1], 0, 10)].number, 2);
	assert_int_equal(tenure_list_find(list, &pods[1], 0, 20), SIZE_MAX);
	assert_int_equal(tenure_list_find(list, &pods[2], 0, 10), SIZE_MAX);
}

static void test_many_addresses_come_and_go(void **state)
{
	struct tenures *tenures = *state;

	for (uint32_t i = 0; i < 1000; i++) {
		struct tenure_list *list = tenures_need(tenures, address_of(i), 1);

		assert_non_null(list);
		add(list, 1, i, i + 1);
	}
	assert_int_equal(tenures->count, 1000);
	for (uint32_t i = 0; i < 1000; i++) {
		struct tenure_list *list = tenures_find(tenures, address_of(i));

		assert_non_null(list);
		assert_int_equal(list->items[0].since, i);
		tenures_tidy(tenures, list);
		assert_ptr_equal(tenures_find(tenures, address_of(i)), list);
		tenure_list_drop(list, 0);
		tenures_tidy(tenures, list);
		assert_null(tenures_find(tenures, address_of(i)));
	}
	assert_int_equal(tenures->count, 0);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    STAGED(test_in_order),
	    STAGED(test_reach),
	    STAGED(test_found_by_entry_and_both_ends),
	    STAGED(test_many_addresses_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
