#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/permute.h"

#define COUNT 1000

struct item {
	char bytes[PERMUTE_SIZE_MAX];
};

static struct item item_of(uint32_t number)
{
	struct item item;

	memset(item.bytes, (int)(number % 251), sizeof(item.bytes));
	memcpy(item.bytes, &number, sizeof(number));
	memcpy(item.bytes + sizeof(item.bytes) - sizeof(number), &number, sizeof(number));
	return item;
}

/* Each index once; with these steps in circles of 1, of 2 and of hundreds. */
static void test_every_item_comes_to_its_place(void **state)
{
	static const uint32_t steps[] = {0, COUNT / 2, 1, 7, COUNT - 1};
	static struct item items[COUNT];
	uint32_t order[COUNT], wanted[COUNT];

	(void)state;
	for (size_t s = 0; s < sizeof(steps) / sizeof(*steps); s++) {
		for (uint32_t i = 0; i < COUNT; i++) {
			items[i] = item_of(i);
			order[i] = wanted[i] = (i + steps[s]) % COUNT;
		}
		permute(items, COUNT, sizeof(*items), order);
		for (size_t i = 0; i < COUNT; i++) {
			const struct item item = item_of(wanted[i]);

			assert_memory_equal(&items[i], &item, sizeof(item));
		}
	}
}

static void test_circles_stand_side_by_side(void **state)
{
	uint16_t items[] = {10, 11, 12, 13, 14, 15, 16};
	uint32_t order[] = {0, 4, 2, 6, 5, 1, 3};
	const uint16_t wanted[] = {10, 14, 12, 16, 15, 11, 13};

	(void)state;
	permute(items, 7, sizeof(*items), order);
	assert_memory_equal(items, wanted, sizeof(wanted));
}

static void test_none_and_one_stay(void **state)
{
	uint32_t item = 7;
	uint32_t order = 0;

	(void)state;
	permute(NULL, 0, sizeof(item), NULL);
	permute(&item, 1, sizeof(item), &order);
	assert_int_equal(item, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_item_comes_to_its_place),
	    cmocka_unit_test(test_circles_stand_side_by_side),
	    cmocka_unit_test(test_none_and_one_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
