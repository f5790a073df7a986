/* Which sources were found, as facts that begin and end. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "daemon/found.h"

static const char *value_of(const struct batch *batch, const char *name)
{
	for (size_t i = 0; i < batch->fact_count; i++)
		if (strcmp(batch->facts[i].name, name) == 0)
			return batch->facts[i].value ? batch->facts[i].value : "(ended)";
	return "(not told)";
}

static struct batch *take(struct found *found)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	assert_non_null(batch);
	assert_true(found_is_changed(found));
	assert_int_equal(found_take(found, batch), 0);
	assert_false(found_is_changed(found));
	return batch;
}

static void see(struct found *found, const char *first, const char *second)
{
	found_begin(found);
	if (first)
		found_add(found, "cni-result", first);
	if (second)
		found_add(found, "cni-result", second);
	found_end(found);
}

static void test_places_come_and_go(void **state)
{
	char name[] = "source.kindnet", value[] = "/old", other[] = "sysctl.x";
	struct fact facts[] = {{name, value}, {other, value}};
	const struct store_state stored = {.facts = facts, .fact_count = 2};
	struct found *found = found_new(&stored);
	struct batch *batch;

	(void)state;
	assert_non_null(found);
	see(found, "/a", "/b");
	batch = take(found);
	assert_string_equal(value_of(batch, "source.cni-result"), "/a");
	assert_string_equal(value_of(batch, "source.cni-result.2"), "/b");
	assert_string_equal(value_of(batch, "source.kindnet"), "(ended)");
	assert_string_equal(value_of(batch, "sysctl.x"), "(not told)");
	batch_free(batch);
	see(found, "/a", "/b");
	assert_false(found_is_changed(found));
	see(found, "/b", NULL);
	batch = take(found);
	assert_string_equal(value_of(batch, "source.cni-result"), "/b");
	assert_string_equal(value_of(batch, "source.cni-result.2"), "(ended)");
	batch_free(batch);
	batch = calloc(1, sizeof(*batch));
	assert_non_null(batch);
	assert_int_equal(found_tell(found, batch), 0);
	assert_int_equal(batch->fact_count, 1);
	batch_free(batch);
	found_free(found);
}

/* Said once it lasts. */
static void test_nameless(void **state)
{
	const struct store_state stored = {0};
	struct found *found = found_new(&stored);
	struct batch *batch;

	(void)state;
	assert_non_null(found);
	batch_free(take(found));
	found_nameless(found, 3);
	assert_false(found_is_changed(found));
	found_nameless(found, 3);
	batch = take(found);
	assert_string_equal(value_of(batch, "identity.nameless"), "3");
	batch_free(batch);
	found_nameless(found, 0);
	found_nameless(found, 0);
	batch = take(found);
	assert_string_equal(value_of(batch, "identity.nameless"), "(ended)");
	batch_free(batch);
	found_free(found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_places_come_and_go),
	    cmocka_unit_test(test_nameless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
