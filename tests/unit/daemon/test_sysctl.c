#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/sysctl.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const names[SYSCTL_COUNT] = {"nf_conntrack_acct", "nf_conntrack_timestamp",
						"nf_conntrack_events"};

static void path_of(const char *directory, const char *name, char path[static 256])
{
	snprintf(path, 256, "%s/%s", directory, name);
}

static void put(const char *directory, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	path_of(directory, name, path);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* The settings in the order of names. */
static void put_all(const char *directory, const char *const values[SYSCTL_COUNT])
{
	for (size_t i = 0; i < SYSCTL_COUNT; i++)
		put(directory, names[i], values[i]);
}

static void assert_settings(const char *directory, const char *const values[SYSCTL_COUNT])
{
	for (size_t i = 0; i < SYSCTL_COUNT; i++) {
		char path[256], text[32] = "";
		FILE *file;

		path_of(directory, names[i], path);
		file = fopen(path, "r");
		assert_non_null(file);
		assert_non_null(fgets(text, sizeof(text), file));
		fclose(file);
		assert_string_equal(text, values[i]);
	}
}

static int setup(void **state)
{
	char *directory = strdup("/tmp/netpol-sysctl-XXXXXX");

	assert_non_null(directory);
	assert_non_null(mkdtemp(directory));
	*state = directory;
	return 0;
}

static int teardown(void **state)
{
	char path[256];

	for (size_t i = 0; i < SYSCTL_COUNT; i++) {
		path_of(*state, names[i], path);
		unlink(path);
	}
	assert_int_equal(rmdir(*state), 0);
	free(*state);
	return 0;
}

static struct batch *new_batch(void)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	assert_non_null(batch);
	return batch;
}

static const struct fact *fact_of(const struct batch *batch, const char *prefix, const char *name)
{
	char full[128];

	snprintf(full, sizeof(full), "%s%s", prefix, name);
	for (size_t i = 0; i < batch->fact_count; i++)
		if (strcmp(batch->facts[i].name, full) == 0)
			return &batch->facts[i];
	return NULL;
}

static void assert_value(const struct batch *batch, const char *name, const char *value)
{
	const struct fact *fact = fact_of(batch, "sysctl.", name);

	assert_non_null(fact);
	assert_string_equal(fact->value, value);
}

static void test_set_and_restored(void **state)
{
	static const char *const before[] = {"0\n", "1\n", "2\n"}, *const set[] = {"1\n", "1\n",
										   "1\n"};
	struct batch *record = new_batch(), *told = new_batch(), *ended = new_batch();
	struct sysctls sysctls;

	put_all(*state, before);
	sysctls_prepare(&sysctls, *state, NULL, 0);
	assert_settings(*state, before);
	assert_int_equal(sysctls_record(&sysctls, record), 0);
	assert_int_equal(record->fact_count, 2);
	assert_int_equal(strncmp(fact_of(record, "restore.", names[0])->value, "0 ", 2), 0);
	assert_int_equal(strncmp(fact_of(record, "restore.", names[2])->value, "2 ", 2), 0);
	assert_settings(*state, before);

	sysctls_apply(&sysctls);
	assert_settings(*state, set);
	assert_int_equal(sysctls_describe(&sysctls, told), 0);
	assert_int_equal(told->fact_count, 4);
	assert_null(fact_of(told, "restore.", names[1])->value);
	for (size_t i = 0; i < SYSCTL_COUNT; i++)
		assert_value(told, names[i], "1");

	assert_int_equal(sysctls_restore(&sysctls, ended), 0);
	assert_settings(*state, before);
	assert_int_equal(ended->fact_count, 2);
	assert_null(fact_of(ended, "restore.", names[0])->value);
	assert_null(fact_of(ended, "restore.", names[2])->value);
	batch_free(record);
	batch_free(told);
	batch_free(ended);
}

static void test_nothing_to_do(void **state)
{
	static const char *const values[] = {"1\n", "1\n", "1\n"};
	struct batch *batch = new_batch();
	struct sysctls sysctls;

	put_all(*state, values);
	sysctls_prepare(&sysctls, *state, NULL, 0);
	assert_int_equal(sysctls_record(&sysctls, batch), 0);
	sysctls_apply(&sysctls);
	assert_int_equal(sysctls_restore(&sysctls, batch), 0);
	assert_int_equal(batch->fact_count, 0);
	assert_settings(*state, values);
	batch_free(batch);
}

/* What a killed run changed is put back by the next one. */
static void test_killed_predecessor(void **state)
{
	static const char *const before[] = {"0\n", "0\n", "2\n"};
	struct batch *record = new_batch(), *again = new_batch(), *ended = new_batch();
	struct sysctls sysctls;

	put_all(*state, before);
	sysctls_prepare(&sysctls, *state, NULL, 0);
	assert_int_equal(sysctls_record(&sysctls, record), 0);
	sysctls_apply(&sysctls);

	sysctls_prepare(&sysctls, *state, record->facts, record->fact_count);
	assert_int_equal(sysctls_record(&sysctls, again), 0);
	assert_int_equal(again->fact_count, 3);
	for (size_t i = 0; i < SYSCTL_COUNT; i++)
		assert_string_equal(fact_of(again, "restore.", names[i])->value,
				    fact_of(record, "restore.", names[i])->value);
	sysctls_apply(&sysctls);
	assert_int_equal(sysctls_restore(&sysctls, ended), 0);
	assert_settings(*state, before);
	assert_int_equal(ended->fact_count, 3);
	batch_free(record);
	batch_free(again);
	batch_free(ended);
}

static char *text(const char *literal)
{
	return (char *)(uintptr_t)literal;
}

/* Of another boot or namespace, or not to be understood. */
static void test_void_records(void **state)
{
	static const char *const values[] = {"1\n", "1\n", "1\n"};
	struct batch *batch = new_batch();
	struct sysctls sysctls;
	char short_scope[200];
	struct fact facts[] = {
	    {text("restore.nf_conntrack_acct"), text("0 00000000-0000:1")},
	    {text("restore.nf_conntrack_acct"), text("0")},
	    {text("restore.nf_conntrack_acct"), text("0 ")},
	    {text("restore.nf_conntrack_acct"), text("")},
	    {text("restore.nf_conntrack_acct"), NULL},
	    {text("restore.nf_conntrack_timestamp"), short_scope},
	    {text("restore.nf_conntrack_nothing"), NULL},
	    {text("sysctl.nf_conntrack_events"), NULL},
	};

	put_all(*state, values);
	sysctls_prepare(&sysctls, *state, NULL, 0);
	snprintf(short_scope, sizeof(short_scope), "0 %s", sysctls.scope);
	short_scope[strlen(short_scope) - 1] = '\0';
	facts[6].value = facts[7].value = text("0 x");
	sysctls_prepare(&sysctls, *state, facts, COUNT(facts));
	assert_int_equal(sysctls_record(&sysctls, batch), 0);
	assert_int_equal(batch->fact_count, 0);
	assert_int_equal(sysctls_restore(&sysctls, batch), 0);
	assert_settings(*state, values);
	batch_free(batch);
}

static void test_not_there(void **state)
{
	struct batch *batch = new_batch();
	struct sysctls sysctls;

	put(*state, names[1], "0\n");
	sysctls_prepare(&sysctls, *state, NULL, 0);
	sysctls_apply(&sysctls);
	assert_int_equal(sysctls.items[0].error, -ENOENT);
	assert_int_equal(sysctls.items[1].error, 0);
	assert_int_equal(sysctls_describe(&sysctls, batch), 0);
	assert_value(batch, names[0], "not readable: No such file or directory");
	assert_value(batch, names[1], "1");
	assert_int_equal(sysctls_restore(&sysctls, batch), 0);
	assert_null(fact_of(batch, "restore.", names[1])->value);
	assert_null(fact_of(batch, "restore.", names[0])->value);
	batch_free(batch);
}

static void link_to(const char *directory, const char *name, const char *device)
{
	char path[256];

	path_of(directory, name, path);
	assert_int_equal(symlink(device, path), 0);
}

/* Devices that read as 0: one refuses every write, the other forgets it. */
static void test_refused(void **state)
{
	struct batch *batch = new_batch();
	struct sysctls sysctls;

	link_to(*state, names[0], "/dev/full");
	link_to(*state, names[1], "/dev/zero");
	put(*state, names[2], "1\n");
	sysctls_prepare(&sysctls, *state, NULL, 0);
	sysctls_apply(&sysctls);
	assert_int_equal(sysctls.items[0].error, -ENOSPC);
	assert_int_equal(sysctls_describe(&sysctls, batch), 0);
	assert_value(batch, names[0], "0 (wanted 1, refused: No space left on device)");
	assert_value(batch, names[1], "0 (wanted 1, refused: value did not stay)");
	assert_value(batch, names[2], "1");
	/* What was refused is not ours: its record ends and nothing is put back. */
	assert_null(fact_of(batch, "restore.", names[0])->value);
	assert_false(sysctls.items[0].ours);
	assert_true(sysctls.items[1].ours);
	assert_int_equal(sysctls_restore(&sysctls, batch), 0);
	batch_free(batch);
}

static void test_scope(void **state)
{
	static const char *const values[] = {"0\n", "0\n", "0\n"};
	struct sysctls sysctls, again;

	put_all(*state, values);
	sysctls_prepare(&sysctls, *state, NULL, 0);
	sysctls_prepare(&again, *state, NULL, 0);
	assert_string_equal(sysctls.scope, again.scope);
	assert_non_null(strchr(sysctls.scope, ':'));
}

static void test_facts(void **state)
{
	struct batch *batch = new_batch();
	char name[] = "name", value[] = "value";

	(void)state;
	assert_int_equal(batch_add_fact(batch, name, value), 0);
	assert_int_equal(batch_add_fact(batch, "ended", NULL), 0);
	memset(name, 'x', 4);
	memset(value, 'x', 5);
	assert_int_equal(batch->fact_count, 2);
	assert_string_equal(batch->facts[0].name, "name");
	assert_string_equal(batch->facts[0].value, "value");
	assert_null(batch->facts[1].value);
	batch_free(batch);
}

static void take_away(const char *directory, const char *name)
{
	char path[256];

	path_of(directory, name, path);
	assert_int_equal(unlink(path), 0);
}

static void test_idle_times(void **state)
{
	const char *directory = *state;
	struct idle_times usual = idle_times_default();
	struct idle_times times = sysctls_read_idle(directory);

	assert_memory_equal(&times, &usual, sizeof(usual));
	put(directory, "nf_conntrack_tcp_timeout_established", "86400\n");
	put(directory, "nf_conntrack_udp_timeout", "30\n");
	put(directory, "nf_conntrack_udp_timeout_stream", "300\n");
	times = sysctls_read_idle(directory);
	assert_int_equal(times.established, 86400);
	assert_int_equal(times.udp, 30);
	assert_int_equal(times.udp_stream, 300);
	assert_int_equal(times.syn_sent, usual.syn_sent);
	take_away(directory, "nf_conntrack_tcp_timeout_established");
	take_away(directory, "nf_conntrack_udp_timeout");
	take_away(directory, "nf_conntrack_udp_timeout_stream");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_set_and_restored, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_nothing_to_do, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_killed_predecessor, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_void_records, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_not_there, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_scope, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_idle_times, setup, teardown),
	    cmocka_unit_test(test_facts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
