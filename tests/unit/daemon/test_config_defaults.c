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

static void assert_same_paths(const struct config_paths *told, const struct config_paths *built_in)
{
	assert_true(built_in->count > 0);
	assert_int_equal(told->count, built_in->count);
	for (size_t i = 0; i < told->count; i++)
		assert_string_equal(told->items[i], built_in->items[i]);
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
	assert_same_paths(&told.identity.cni_results, &built_in.identity.cni_results);
	assert_same_paths(&told.identity.host_local, &built_in.identity.host_local);
	assert_same_paths(&told.identity.kindnet, &built_in.identity.kindnet);
	assert_same_paths(&told.identity.aws_vpc_cni, &built_in.identity.aws_vpc_cni);
	assert_same_paths(&told.identity.cilium, &built_in.identity.cilium);
	assert_same_paths(&told.identity.oci_bundles, &built_in.identity.oci_bundles);
	assert_same_paths(&told.identity.cri_sockets, &built_in.identity.cri_sockets);
	assert_string_equal(told.identity.inventory, built_in.identity.inventory);
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
