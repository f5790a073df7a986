/* kernel/rules: the rules as text, and the names they refuse. What the kernel makes of them is for
 * tests/netns. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "kernel/rules.h"

static void test_text(void **state)
{
	const struct rules_options options = {
	    .table = "net_pol-2", .group = 65535, .queue_threshold = 64, .snaplen = 128};
	struct buf buf = {0};

	(void)state;
	assert_int_equal(rules_print(&options, &buf), 0);
	assert_string_equal(buf.data, "table inet net_pol-2\n"
				      "delete table inet net_pol-2\n"
				      "\n"
				      "table inet net_pol-2 {\n"
				      "\tchain forward {\n"
				      "\t\ttype filter hook forward priority -300; policy accept;\n"
				      "\t\tct state new,related ct status & confirmed == 0 counter"
				      " log group 65535 queue-threshold 64 snaplen 128\n"
				      "\t}\n"
				      "}\n");
	buf_clear(&buf);
}

static void test_names(void **state)
{
	char longest[RULES_TABLE_MAX + 1];
	const char *refused[] = {"",    "1table",    "a b",  "a;flush ruleset", "a{", "-a",
				 "a\n", "t\xc3\xa4", longest};
	struct rules_options options = {.group = 1};
	struct rules *rules = NULL;
	struct buf buf = {0};
	bool owned;

	(void)state;
	memset(longest, 'a', RULES_TABLE_MAX);
	longest[RULES_TABLE_MAX] = '\0';
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		options.table = refused[i];
		assert_int_equal(rules_print(&options, &buf), -EINVAL);
		assert_int_equal(rules_open(&options, &rules, &owned), -EINVAL);
	}
	options.table = NULL;
	assert_int_equal(rules_print(&options, &buf), -EINVAL);
	assert_int_equal(buf.length, 0);
	options.table = longest + 1;
	assert_int_equal(rules_print(&options, &buf), 0);
	assert_null(rules);
	buf_clear(&buf);
}

static void test_close_nothing(void **state)
{
	(void)state;
	assert_null(rules_close(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_close_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
