#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "identity/labels.h"

static struct labels labels_of(const char *const *pairs)
{
	struct labels labels = {0};

	for (; pairs[0]; pairs += 2)
		assert_int_equal(labels_set(&labels, pairs[0], pairs[1]), 0);
	return labels;
}

static void keys_are_sorted_and_unique(void **state)
{
	const char *const pairs[] = {"tier", "db", "app", "web", "app", "api", NULL};
	struct labels labels = labels_of(pairs);

	(void)state;
	assert_int_equal(labels.count, 2);
	assert_string_equal(labels.items[0].key, "app");
	assert_string_equal(labels_get(&labels, "app"), "api");
	assert_string_equal(labels_get(&labels, "tier"), "db");
	assert_null(labels_get(&labels, "ti"));
	labels_clear(&labels);
	assert_int_equal(labels.count, 0);
}

static void a_selector_matches_what_carries_all_of_it(void **state)
{
	const char *const pod[] = {"app", "web", "tier", "front", NULL};
	const char *const same[] = {"tier", "front", NULL}, *const other[] = {"tier", "back", NULL};
	const char *const more[] = {"tier", "front", "zone", "a", NULL};
	struct labels labels = labels_of(pod), empty = {0}, a = labels_of(same),
		      b = labels_of(other), c = labels_of(more);

	(void)state;
	assert_true(labels_match(&labels, &empty));
	assert_true(labels_match(&labels, &a));
	assert_false(labels_match(&labels, &b));
	assert_false(labels_match(&labels, &c));
	assert_false(labels_equal(&labels, &a));
	labels_clear(&labels);
	labels_clear(&a);
	labels_clear(&b);
	labels_clear(&c);
}

static void text_comes_back_as_it_was(void **state)
{
	const char *const pairs[] = {"app", "web \"1\"", "empty", "", NULL};
	struct labels labels = labels_of(pairs), back = {0}, copy = {0};
	char *text = labels_print(&labels);

	(void)state;
	assert_string_equal(text, "{\"app\":\"web \\\"1\\\"\",\"empty\":\"\"}");
	assert_int_equal(labels_parse(text, &back), 0);
	assert_true(labels_equal(&labels, &back));
	assert_int_equal(labels_copy(&labels, &copy), 0);
	assert_true(labels_equal(&labels, &copy));
	free(text);
	labels_clear(&labels);
	labels_clear(&back);
	labels_clear(&copy);
}

static void other_text_is_refused(void **state)
{
	static const char *const texts[] = {"",
					    "[]",
					    "{\"a\":1}",
					    "{\"a\":\"b\",\"a\":\"c\"}",
					    "{",
					    "{\"a",
					    "{\"a\"",
					    "{\"a\":",
					    "{\"a\":\"b",
					    "{\"a\":\"b\"",
					    "{\"a\":\"b\",",
					    "{\"a\":\"b\",}",
					    "{\"a\":\"b\",\"c\"",
					    "{\"a\":\"b\",\"c\"}",
					    "{\"a\":\"b\"}}",
					    "{\"a\":\"b\"}x",
					    "{,\"a\":\"b\"}"};
	struct labels labels = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(labels_parse(texts[i], &labels), -EINVAL);
	assert_null(labels.items);
}

static void text_may_be_written_otherwise(void **state)
{
	static const char *const texts[] = {
	    "{\"app\":\"web: a,b\",\"tier\":\"caf\303\251\"}",
	    "{\"tier\":\"caf\303\251\",\"app\":\"web: a,b\"}",
	    " { \"app\" : \"web\\u003a a,b\" , \"tier\" : \"caf\\u00e9\" } "};
	const char *const pairs[] = {"app", "web: a,b", "tier", "caf\303\251", NULL};
	struct labels expected = labels_of(pairs);

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct labels labels = {0};

		assert_int_equal(labels_parse(texts[i], &labels), 0);
		assert_true(labels_equal(&labels, &expected));
		labels_clear(&labels);
	}
	labels_clear(&expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_are_sorted_and_unique),
	    cmocka_unit_test(a_selector_matches_what_carries_all_of_it),
	    cmocka_unit_test(text_comes_back_as_it_was),
	    cmocka_unit_test(other_text_is_refused),
	    cmocka_unit_test(text_may_be_written_otherwise),
	};

	return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
