/* Pieces of memory: aligned, apart from each other, and used again after a reset. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"

#define PIECES 3000
#define LARGE ((size_t)1 << 20)

/* Small ones, and now and then one that is larger than a chunk. */
static size_t size_of_piece(size_t i)
{
	return i % 1000 == 999 ? LARGE + i : i % 97;
}

static void fill(struct arena *arena, unsigned char *pieces[PIECES])
{
	for (size_t i = 0; i < PIECES; i++) {
		pieces[i] = arena_take(arena, size_of_piece(i), i % 2 ? 8 : 1);
		assert_non_null(pieces[i]);
		if (i % 2)
			assert_int_equal((uintptr_t)pieces[i] % 8, 0);
		memset(pieces[i], (int)(i % 251), size_of_piece(i));
	}
}

static void assert_filled(unsigned char *pieces[PIECES])
{
	for (size_t i = 0; i < PIECES; i++)
		for (size_t at = 0; at < size_of_piece(i); at++)
			assert_int_equal(pieces[i][at], i % 251);
}

static void test_pieces(void **state)
{
	static unsigned char *pieces[PIECES];
	struct arena arena = {0};

	(void)state;
	fill(&arena, pieces);
	assert_filled(pieces);
	arena_reset(&arena);
	fill(&arena, pieces);
	assert_filled(pieces);
	arena_clear(&arena);
	assert_null(arena.chunks);
	arena_clear(&arena);
}

static void test_memory_is_used_again(void **state)
{
	struct arena arena = {0};
	void *first = arena_take(&arena, 100, 8);

	(void)state;
	for (int i = 0; i < 10000; i++) {
		arena_reset(&arena);
		assert_ptr_equal(arena_take(&arena, 100, 8), first);
		assert_non_null(arena_take(&arena, 10000, 8));
	}
	arena_clear(&arena);
}

static void test_copies(void **state)
{
	struct arena arena = {0};

	(void)state;
	assert_memory_equal(arena_copy(&arena, "a\0b", 3), "a\0b", 4);
	assert_string_equal(arena_copy(&arena, "abc", 2), "ab");
	assert_string_equal(arena_copy(&arena, NULL, 0), "");
	arena_clear(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pieces),
	    cmocka_unit_test(test_memory_is_used_again),
	    cmocka_unit_test(test_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
