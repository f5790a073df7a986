#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>

#include "store/idmap.h"

static void test_put_and_get(void **state)
{
	struct idmap map;
	uint32_t key = 5;

	(void)state;
	idmap_init(&map, sizeof(key), 0);
	assert_int_equal(idmap_get(&map, &key), 0);
	for (key = 0; key < 5000; key++)
		assert_true(idmap_put(&map, &key, key + 1));
	for (key = 0; key < 5000; key++)
		assert_int_equal(idmap_get(&map, &key), key + 1);
	assert_int_equal(idmap_get(&map, &key), 0);
	assert_int_equal(map.count, 5000);
	key = 7;
	assert_true(idmap_put(&map, &key, -1));
	assert_int_equal(idmap_get(&map, &key), -1);
	assert_int_equal(map.count, 5000);
	idmap_clear(&map);
	assert_int_equal(idmap_get(&map, &key), 0);
	assert_true(idmap_put(&map, &key, 3));
	assert_int_equal(idmap_get(&map, &key), 3);
	idmap_clear(&map);
}

static void test_limit_empties(void **state)
{
	struct idmap map;

	(void)state;
	idmap_init(&map, 17, 10);
	for (int i = 0; i < 1000; i++) {
		uint8_t key[17] = {(uint8_t)i, (uint8_t)(i >> 8), 0};

		assert_true(idmap_put(&map, key, i + 1));
		assert_int_equal(idmap_get(&map, key), i + 1);
		assert_true(map.count <= 10);
	}
	idmap_clear(&map);
}

static void test_every_number_is_passed_once(void **state)
{
	struct idmap map;
	size_t position = 0;
	int64_t *number, sum = 0;

	(void)state;
	idmap_init(&map, sizeof(int64_t), 0);
	assert_false(idmap_next(&map, &position, &number));
	for (int64_t key = 1; key <= 100; key++)
		assert_true(idmap_put(&map, &key, key));
	while (idmap_next(&map, &position, &number)) {
		sum += *number;
		*number = -1;
	}
	assert_int_equal(sum, 5050);
	sum = 42;
	assert_int_equal(idmap_get(&map, &sum), -1);
	idmap_clear(&map);
}

/* Keys that hash alike stand in a row: none of them may be lost when one goes. */
static void test_remove(void **state)
{
	struct idmap map;
	uint32_t key, random = 1;
	bool there[500] = {false};
	size_t count = 0;

	(void)state;
	idmap_init(&map, sizeof(key), 0);
	key = 3;
	idmap_remove(&map, &key);
	for (int i = 0; i < 50000; i++) {
		random = random * 1664525 + 1013904223;
		key = (random >> 8) % 500;
		if (there[key])
			idmap_remove(&map, &key);
		else
			assert_true(idmap_put(&map, &key, key + 1));
		there[key] = !there[key];
	}
	for (key = 0; key < 500; key++) {
		assert_int_equal(idmap_get(&map, &key), there[key] ? key + 1 : 0);
		count += there[key];
	}
	assert_int_equal(map.count, count);
	assert_true(map.capacity <= 1024);
	idmap_clear(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_put_and_get),
	    cmocka_unit_test(test_limit_empties),
	    cmocka_unit_test(test_remove),
	    cmocka_unit_test(test_every_number_is_passed_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
