/* Every operator over labels that are there, are not there, and are not known. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "policy/label_selector.h"

static char *const two[] = {(char *)"web", (char *)"api"};

static struct label_selector only(struct requirement *requirement)
{
	return (struct label_selector){requirement, 1};
}

static enum match match(enum requirement_operator operator, const struct labels * labels)
{
	bool values = operator== REQUIREMENT_IN || operator== REQUIREMENT_NOT_IN;
	struct requirement requirement = {.key = (char *)"app",
					  .operator= operator,
					  .values =(char **) two,
					  .value_count = values ? 2 : 0};
	const struct label_selector selector = only(&requirement);

	return label_selector_match(&selector, labels);
}

static void test_operators(void **state)
{
	struct labels has = {0}, other = {0}, lacks = {0};

	(void)state;
	assert_int_equal(labels_set(&has, "app", "api"), 0);
	assert_int_equal(labels_set(&other, "app", "db"), 0);
	assert_int_equal(labels_set(&lacks, "apple", "api"), 0);
	assert_int_equal(match(REQUIREMENT_IN, &has), MATCH_YES);
	assert_int_equal(match(REQUIREMENT_IN, &other), MATCH_NO);
	assert_int_equal(match(REQUIREMENT_IN, &lacks), MATCH_NO);
	assert_int_equal(match(REQUIREMENT_NOT_IN, &has), MATCH_NO);
	assert_int_equal(match(REQUIREMENT_NOT_IN, &other), MATCH_YES);
	assert_int_equal(match(REQUIREMENT_NOT_IN, &lacks), MATCH_YES);
	assert_int_equal(match(REQUIREMENT_EXISTS, &has), MATCH_YES);
	assert_int_equal(match(REQUIREMENT_EXISTS, &lacks), MATCH_NO);
	assert_int_equal(match(REQUIREMENT_DOES_NOT_EXIST, &has), MATCH_NO);
	assert_int_equal(match(REQUIREMENT_DOES_NOT_EXIST, &lacks), MATCH_YES);
	labels_clear(&has);
	labels_clear(&other);
	labels_clear(&lacks);
}

static enum match match_partly(enum requirement_operator operator, const char * key)
{
	static const struct unknown_label unknown[] = {
	    {"hash", true}, {"app", true}, {"index", false}, {NULL, false}};
	bool values = operator== REQUIREMENT_IN || operator== REQUIREMENT_NOT_IN;
	struct requirement requirements[] = {{.key = (char *)key,
					      .operator= operator,
					      .values =(char **) two,
					      .value_count = values ? 2 : 0},
					     {.key = (char *)"app",
					      .operator= REQUIREMENT_IN,
					      .values = (char **)two,
					      .value_count = 2}};
	const struct label_selector selector = {requirements, 2};
	struct labels labels = {0};
	enum match match;

	assert_int_equal(labels_set(&labels, "app", "api"), 0);
	match = label_selector_match_partly(&selector, &labels, unknown);
	labels_clear(&labels);
	return match;
}

static void test_unknown_values(void **state)
{
	(void)state;
	assert_int_equal(match_partly(REQUIREMENT_IN, "hash"), MATCH_MAYBE);
	assert_int_equal(match_partly(REQUIREMENT_NOT_IN, "hash"), MATCH_MAYBE);
	assert_int_equal(match_partly(REQUIREMENT_EXISTS, "hash"), MATCH_YES);
	assert_int_equal(match_partly(REQUIREMENT_DOES_NOT_EXIST, "hash"), MATCH_NO);
	assert_int_equal(match_partly(REQUIREMENT_IN, "index"), MATCH_MAYBE);
	assert_int_equal(match_partly(REQUIREMENT_EXISTS, "index"), MATCH_MAYBE);
	assert_int_equal(match_partly(REQUIREMENT_DOES_NOT_EXIST, "index"), MATCH_MAYBE);
	/* What is known holds. */
	assert_int_equal(match_partly(REQUIREMENT_IN, "app"), MATCH_YES);
	assert_int_equal(match_partly(REQUIREMENT_NOT_IN, "app"), MATCH_NO);
	assert_int_equal(match_partly(REQUIREMENT_IN, "other"), MATCH_NO);
}

static void test_empty_values_are_values(void **state)
{
	char *empty[] = {(char *)""};
	struct requirement requirement = {(char *)"app", REQUIREMENT_IN, empty, 1};
	const struct label_selector selector = only(&requirement);
	struct labels labels = {0};

	(void)state;
	assert_int_equal(label_selector_match(&selector, &labels), MATCH_NO);
	assert_int_equal(labels_set(&labels, "app", ""), 0);
	assert_int_equal(label_selector_match(&selector, &labels), MATCH_YES);
	labels_clear(&labels);
}

static void test_all_must_be_met(void **state)
{
	struct requirement requirements[] = {
	    {(char *)"app", REQUIREMENT_IN, (char **)two, 2},
	    {(char *)"tier", REQUIREMENT_DOES_NOT_EXIST, NULL, 0},
	};
	const struct label_selector selector = {requirements, 2};
	struct labels labels = {0};

	(void)state;
	assert_int_equal(labels_set(&labels, "app", "web"), 0);
	assert_int_equal(label_selector_match(&selector, &labels), MATCH_YES);
	assert_int_equal(labels_set(&labels, "tier", "x"), 0);
	assert_int_equal(label_selector_match(&selector, &labels), MATCH_NO);
	labels_clear(&labels);
}

static void test_nothing_asked_or_known(void **state)
{
	const struct label_selector all = {0};
	const struct labels none = {0};

	(void)state;
	assert_int_equal(label_selector_match(&all, &none), MATCH_YES);
	assert_int_equal(label_selector_match(&all, NULL), MATCH_YES);
	assert_int_equal(match(REQUIREMENT_IN, NULL), MATCH_MAYBE);
	assert_int_equal(match(REQUIREMENT_NOT_IN, NULL), MATCH_MAYBE);
	assert_int_equal(match(REQUIREMENT_EXISTS, NULL), MATCH_MAYBE);
	assert_int_equal(match(REQUIREMENT_DOES_NOT_EXIST, NULL), MATCH_MAYBE);
}

static void test_clear(void **state)
{
	struct label_selector selector = {calloc(1, sizeof(struct requirement)), 1};

	(void)state;
	assert_non_null(selector.items);
	selector.items[0] =
	    (struct requirement){strdup("k"), REQUIREMENT_IN, calloc(2, sizeof(char *)), 2};
	assert_non_null(selector.items[0].values);
	selector.items[0].values[0] = strdup("v");
	label_selector_clear(&selector);
	assert_int_equal(selector.count, 0);
	assert_null(selector.items);
	label_selector_clear(&selector);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_operators),
	    cmocka_unit_test(test_unknown_values),
	    cmocka_unit_test(test_empty_values_are_values),
	    cmocka_unit_test(test_all_must_be_met),
	    cmocka_unit_test(test_nothing_asked_or_known),
	    cmocka_unit_test(test_clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
