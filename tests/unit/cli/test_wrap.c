#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/wrap.h"

#define TEN "abcdefghi "
#define FIFTY TEN TEN TEN TEN TEN

static void check(size_t indent, const char *text, const char *expected)
{
	char *written = NULL;
	size_t length;
	FILE *out = open_memstream(&written, &length);

	assert_non_null(out);
	wrap_put(out, indent, text);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(written, expected);
	free(written);
}

static void test_words(void **state)
{
	(void)state;
	check(0, "", "\n");
	check(0, " \n ", "\n");
	check(30, "one", "one\n");
	check(0, " one  two\nthree\n", "one two three\n");
}

static void test_lines(void **state)
{
	(void)state;
	check(0, FIFTY TEN TEN "0123456789", FIFTY TEN TEN "0123456789\n");
	check(0, FIFTY TEN TEN "0123456789x", FIFTY TEN "abcdefghi\n0123456789x\n");
	check(71, "abcdefghi 1",
	      "abcdefghi\n                                                    "
	      "                   1\n");
}

static void test_a_word_that_is_too_long(void **state)
{
	static const char word[] = "0123456789012345678901234567890123456789012345678901234567890"
				   "123456789012345678901234567890";
	char expected[128];

	(void)state;
	snprintf(expected, sizeof(expected), "a\n%s\nb\n", word);
	check(0,
	      "a 0123456789012345678901234567890123456789012345678901234567890"
	      "123456789012345678901234567890 b",
	      expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_a_word_that_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
