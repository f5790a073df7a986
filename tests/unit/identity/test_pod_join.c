#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "identity/pod_join.h"

static char none[] = "", shop[] = "shop", web[] = "web", uid[] = "u-1", other[] = "u-2";

static struct pod_address had_from(const char *text, int64_t since, int64_t until, bool exact)
{
	struct pod_address owned = {.since = since, .until = until, .exact = exact};

	assert_int_equal(addr_parse(text, &owned.address), 0);
	return owned;
}

static struct pod a_pod(struct pod_address *addresses, size_t count)
{
	return (struct pod){.namespace = shop,
			    .name = web,
			    .uid = uid,
			    .sandbox = none,
			    .source = none,
			    .conflict = none,
			    .ended = INTERVAL_OPEN,
			    .addresses = addresses,
			    .address_count = count};
}

static void test_of_nothing_it_is_what_is_given(void **state)
{
	struct pod_address addresses[] = {had_from("10.0.0.2", 9, 5, false),
					  had_from("10.0.0.1", 1, INTERVAL_OPEN, true)};
	struct pod given = a_pod(addresses, 2), joined;

	(void)state;
	assert_int_equal(pod_join(NULL, &given, &joined), 0);
	assert_int_equal(joined.address_count, 2);
	assert_int_equal(joined.addresses[0].since, 1);
	assert_int_equal(joined.addresses[1].since, 9);
	assert_int_equal(joined.addresses[1].until, 9);
	pod_clear(&joined);
}

/* What was had and has ended stays; what overlaps is one, and began at the earlier moment unless
 * the later is exact. */
static void test_addresses(void **state)
{
	struct pod_address before[] = {had_from("10.0.0.1", 1, 4, true),
				       had_from("10.0.0.2", 5, INTERVAL_OPEN, false),
				       had_from("10.0.0.3", 6, INTERVAL_OPEN, false),
				       had_from("10.0.0.4", 7, INTERVAL_OPEN, false)};
	struct pod_address now[] = {had_from("10.0.0.2", 8, 20, false),
				    had_from("10.0.0.3", 9, INTERVAL_OPEN, true)};
	struct pod had = a_pod(before, 4), given = a_pod(now, 2), joined;

	(void)state;
	assert_int_equal(pod_join(&had, &given, &joined), 0);
	assert_int_equal(joined.address_count, 3);
	assert_int_equal(joined.addresses[0].until, 4);
	assert_int_equal(joined.addresses[1].since, 5);
	assert_int_equal(joined.addresses[1].until, 20);
	assert_int_equal(joined.addresses[2].since, 9);
	pod_clear(&joined);
}

static void test_what_is_not_said_any_more_stays_known(void **state)
{
	struct pod had = a_pod(NULL, 0), given = a_pod(NULL, 0), joined;

	(void)state;
	had.created = 7;
	had.labelled = true;
	assert_int_equal(labels_set(&had.labels, "app", "web"), 0);
	given.namespace = given.name = given.uid = none;
	assert_true(pod_is_nameless(&given));
	assert_int_equal(pod_join(&had, &given, &joined), 0);
	assert_true(pods_equal(&had, &joined));
	assert_true(pods_are_one(&had, &joined));
	pod_clear(&joined);
	given.uid = other;
	assert_int_equal(pod_join(&had, &given, &joined), 0);
	assert_false(pods_are_one(&had, &joined));
	pod_clear(&joined);
	labels_clear(&had.labels);
}

/* Who ended with its addresses does not live on without one. */
static void test_an_end_stays(void **state)
{
	struct pod_address before[] = {had_from("10.0.0.1", 1, 4, true)};
	struct pod had = a_pod(before, 1), given = a_pod(NULL, 0), joined;

	(void)state;
	had.ended = 4;
	assert_int_equal(pod_join(&had, &given, &joined), 0);
	assert_true(pod_is_ended(&joined));
	assert_int_equal(joined.ended, 4);
	pod_clear(&joined);
	given = a_pod(before, 1);
	assert_int_equal(pod_join(&had, &given, &joined), 0);
	assert_false(pod_is_ended(&joined));
	pod_clear(&joined);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_of_nothing_it_is_what_is_given),
	    cmocka_unit_test(test_addresses),
	    cmocka_unit_test(test_what_is_not_said_any_more_stays_known),
	    cmocka_unit_test(test_an_end_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
