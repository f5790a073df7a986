/* The defaults that contrib/netpold.conf tells are the built-in ones. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "daemon/config.h"

static char *read_example(size_t *ret_length)
{
	const char *top = getenv("abs_top_srcdir");
	struct buf text = {0};
	char path[4096];

	snprintf(path, sizeof(path), "%s/contrib/netpold.conf", top ? top : ".");
	assert_int_equal(buf_read_file(&text, path, CONFIG_BYTES_MAX), 0);
	*ret_length = text.length;
	return text.data;
}

/* Comments begin with "# ", keys that are commented out with "#" alone. Returns the new length. */
static size_t uncomment(char *text, size_t length)
{
	size_t kept = 0;

	for (size_t i = 0; i < length; i++) {
		bool at_key = i + 1 < length && text[i + 1] >= 'a' && text[i + 1] <= 'z';

		if (text[i] != '#' || !at_key || (i > 0 && text[i - 1] != '\n'))
			text[kept++] = text[i];
	}
	return kept;
}

/* Whatever the file does not set stays zero. */
static void example_sets_the_defaults(void **state)
{
	struct problems problems = {0};
	struct config built_in, told = {0};
	size_t length;
	char *text = read_example(&length);

	(void)state;
	length = uncomment(text, length);
	assert_int_equal(config_parse(text, length, "example", &told, &problems), 0);
	assert_int_equal(config_defaults(&built_in), 0);
	assert_string_equal(told.store.path, built_in.store.path);
	assert_int_equal(told.store.flow_window, built_in.store.flow_window);
	assert_int_equal(told.store.commit_interval, built_in.store.commit_interval);
	assert_int_equal(told.store.retention, built_in.store.retention);
	assert_int_equal(told.store.wal_limit, built_in.store.wal_limit);
	assert_int_equal(told.conntrack.buffer_size, built_in.conntrack.buffer_size);
	assert_int_equal(told.conntrack.dump_interval, built_in.conntrack.dump_interval);
	assert_int_equal(told.nftables.manage_rules, built_in.nftables.manage_rules);
	assert_int_equal(told.log_new.group, built_in.log_new.group);
	assert_int_equal(told.identity.cni_results.count, built_in.identity.cni_results.count);
	for (size_t i = 0; i < told.identity.cni_results.count; i++)
		assert_string_equal(told.identity.cni_results.items[i],
				    built_in.identity.cni_results.items[i]);
	assert_string_equal(told.node.name, "HOSTNAME");
	config_clear(&told);
	config_clear(&built_in);
	problems_clear(&problems);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(example_sets_the_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
