#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/problem.h"

/* What problems_print() prints; free() it. */
static char *printed(const struct problems *problems)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	problems_print(problems, "program", out);
	fclose(out);
	return text;
}

static void test_nothing(void **state)
{
	struct problems problems = {0};
	char *text = printed(&problems);

	(void)state;
	assert_string_equal(text, "");
	free(text);
	problems_clear(&problems);
}

static void test_printed(void **state)
{
	struct problems problems = {0};
	char *text;

	(void)state;
	problem_add(&problems, PROBLEM_NOTE, "a", "one %d", 1);
	problem_add(&problems, PROBLEM_WARNING, "b:2", "%s", "two");
	problem_add(&problems, PROBLEM_ERROR, "c", "100 %%");
	text = printed(&problems);
	assert_string_equal(text, "program: note: a: one 1\n"
				  "program: warning: b:2: two\n"
				  "program: error: c: 100 %\n");
	assert_int_equal(problems.count, 3);
	assert_int_equal(problems.errors, 1);
	free(text);
	problems_clear(&problems);
	assert_int_equal(problems.count, 0);
	assert_int_equal(problems.errors, 0);
}

static void assert_order(const struct problems *problems, const char *const *subjects)
{
	for (size_t i = 0; i < problems->count; i++)
		assert_string_equal(problems->items[i].subject, subjects[i]);
}

static void test_order(void **state)
{
	static const char *const added[] = {"z:9", "b:16", "a:2", "b:9",       "b",
					    "b:9", "b:x",  "a:1", "b:2/c:030", "b:100"};
	static const char *const ordered[] = {"z:9",   "b",   "b:9", "b:9", "b:16",
					      "b:100", "a:1", "a:2", "b:x", "b:2/c:030"};
	struct problems problems = {0};

	(void)state;
	for (size_t i = 0; i < 10; i++)
		problem_add(&problems, PROBLEM_ERROR, added[i], "%zu", i);
	problems_order(&problems, 1);
	assert_order(&problems, ordered);
	assert_string_equal(problems.items[2].message, "3");
	assert_string_equal(problems.items[3].message, "5");
	problems_order(&problems, 11);
	assert_order(&problems, ordered);
	problems_clear(&problems);
}

/* A name from the record must not look like another problem, or speak to the terminal. */
static void test_one_line_each(void **state)
{
	struct problems problems = {0};
	char *text;

	(void)state;
	problem_add(&problems, PROBLEM_NOTE, "a\nb", "c\x1b[31m\rd");
	text = printed(&problems);
	assert_string_equal(text, "program: note: a?b: c?[31m?d\n");
	free(text);
	problems_clear(&problems);
}

static void test_equal_ones_are_kept_once(void **state)
{
	struct problems problems = {0};

	(void)state;
	for (int i = 0; i < 3; i++)
		problem_add(&problems, PROBLEM_ERROR, "a", "b");
	assert_int_equal(problems.count, 1);
	problem_add(&problems, PROBLEM_WARNING, "a", "b");
	problem_add(&problems, PROBLEM_ERROR, "b", "b");
	problem_add(&problems, PROBLEM_ERROR, "a", "c");
	assert_int_equal(problems.count, 4);
	assert_int_equal(problems.left_out, 0);
	problems_clear(&problems);
}

static void test_limit(void **state)
{
	static const char last[] = "program: note: 5 more problems are not shown\n";
	struct problems problems = {0};
	char *text;

	(void)state;
	for (unsigned i = 0; i < PROBLEMS_MAX + 5; i++)
		problem_add(&problems, PROBLEM_ERROR, "a", "%u", i);
	problem_add(&problems, PROBLEM_ERROR, "a", "%u", 7u);
	assert_int_equal(problems.count, PROBLEMS_MAX);
	assert_int_equal(problems.left_out, 5);
	assert_true(problems.errors >= PROBLEMS_MAX + 5);
	text = printed(&problems);
	assert_true(strlen(text) > strlen(last));
	assert_string_equal(text + strlen(text) - strlen(last), last);
	free(text);
	problems_clear(&problems);
}

static void test_errors_are_kept_before_others(void **state)
{
	struct problems problems = {0};

	(void)state;
	for (unsigned i = 0; i < PROBLEMS_MAX; i++)
		problem_add(&problems, i % 2 ? PROBLEM_WARNING : PROBLEM_ERROR, "a", "%u", i);
	problem_add(&problems, PROBLEM_WARNING, "a", "late");
	problem_add(&problems, PROBLEM_ERROR, "a", "late");
	assert_int_equal(problems.count, PROBLEMS_MAX);
	assert_int_equal(problems.left_out, 2);
	assert_string_equal(problems.items[PROBLEMS_MAX - 1].message, "late");
	assert_int_equal(problems.items[PROBLEMS_MAX - 1].severity, PROBLEM_ERROR);
	assert_string_equal(problems.items[PROBLEMS_MAX - 2].message, "998");
	assert_string_equal(problems.items[PROBLEMS_MAX - 3].message, "997");
	problems_clear(&problems);
}

static void test_subject_is_copied(void **state)
{
	struct problems problems = {0};
	char subject[] = "abc";

	(void)state;
	problem_add(&problems, PROBLEM_ERROR, subject, "x");
	subject[0] = 'z';
	assert_string_equal(problems.items[0].subject, "abc");
	problems_clear(&problems);
	problems_clear(&problems);
}

static void test_caveats_are_kept(void **state)
{
	struct problems problems = {0};
	size_t caveats = 0;

	(void)state;
	for (int i = 0; i < PROBLEMS_MAX; i++)
		problem_add(&problems, PROBLEM_WARNING, "w", "%d", i);
	problem_add(&problems, PROBLEM_CAVEAT, "c", "x");
	for (int i = 0; i < PROBLEMS_MAX; i++)
		problem_add(&problems, PROBLEM_ERROR, "e", "%d", i);
	for (size_t i = 0; i < problems.count; i++)
		caveats += problems.items[i].severity == PROBLEM_CAVEAT;
	assert_int_equal(problems.count, PROBLEMS_MAX);
	assert_int_equal(caveats, 1);
	assert_int_equal(problems.left_out, PROBLEMS_MAX + 1);
	assert_int_equal(problems.errors, PROBLEMS_MAX);
	problems_clear(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing),
	    cmocka_unit_test(test_printed),
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_one_line_each),
	    cmocka_unit_test(test_equal_ones_are_kept_once),
	    cmocka_unit_test(test_limit),
	    cmocka_unit_test(test_errors_are_kept_before_others),
	    cmocka_unit_test(test_caveats_are_kept),
	    cmocka_unit_test(test_subject_is_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
