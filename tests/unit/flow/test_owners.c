#include "tests/unit/flow/fixture.h"

#include <stdio.h>

#include "flow/owners.h"

#define SLACK SECONDS(5)

struct stage {
	struct registry *registry;
	struct owners owners;
};

static int setup(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));

	assert_non_null(stage);
	stage->registry = registry_new();
	assert_non_null(stage->registry);
	stage->owners = (struct owners){stage->registry, SLACK};
	*state = stage;
	return 0;
}

static int teardown(void **state)
{
	struct stage *stage = *state;

	registry_free(stage->registry);
	free(stage);
	return 0;
}

static uint32_t put_pod(struct stage *stage, const char *name, const char *address, int64_t since,
			int64_t until)
{
	struct pod_address owned = {.address = ip(address), .since = since, .until = until};
	char text[16], source[] = "cni-result", none[] = "";
	struct pod pod = {.namespace = text,
			  .name = text,
			  .uid = text,
			  .sandbox = text,
			  .source = source,
			  .conflict = none,
			  .addresses = &owned,
			  .address_count = 1};
	uint32_t number = 0;
	bool changed;

	snprintf(text, sizeof(text), "%s", name);
	assert_int_equal(registry_put(stage->registry, &pod, &number, &changed), 0);
	return number;
}

static struct live_entry an_entry(int64_t first)
{
	struct tuple original = a_tuple(IPPROTO_TCP, "10.0.0.1", 40000, "10.0.0.2", 80);

	return (struct live_entry){
	    .original = original, .reply = reversed(original), .first_ns = first};
}

/* Who spoke may be known later than that; who was only spoken to may have been nobody. */
static void test_an_end_that_spoke_may_be_known_later(void **state)
{
	struct stage *stage = *state;
	uint32_t client = put_pod(stage, "client", "10.0.0.1", T0 + SECONDS(1), INTERVAL_OPEN);
	uint32_t server = put_pod(stage, "server", "10.0.0.2", T0 + SECONDS(1), INTERVAL_OPEN);
	struct live_entry entry = an_entry(T0);

	owners_bind(&stage->owners, &entry, VERDICT_UNANSWERED, T0);
	assert_int_equal(entry.source_pod, client);
	assert_int_equal(entry.destination_pod, 0);
	owners_bind(&stage->owners, &entry, VERDICT_ANSWERED, T0);
	assert_int_equal(entry.destination_pod, server);
}

static void test_what_an_earlier_run_bound_stays(void **state)
{
	struct stage *stage = *state;
	struct live_entry entry = an_entry(T0);
	uint32_t server;

	put_pod(stage, "client", "10.0.0.1", T0 - SECONDS(1), INTERVAL_OPEN);
	server = put_pod(stage, "server", "10.0.0.2", T0 - SECONDS(1), INTERVAL_OPEN);
	entry.restored = true;
	entry.source_pod = 77;
	owners_bind(&stage->owners, &entry, VERDICT_ANSWERED, T0);
	assert_int_equal(entry.source_pod, 77);
	assert_int_equal(entry.destination_pod, server);
}

static void test_of_a_forgotten_time_what_was_said_stays(void **state)
{
	struct stage *stage = *state;
	struct live_entry entry = an_entry(T0);

	entry.source_pod = 77;
	put_pod(stage, "client", "10.0.0.1", T0 - SECONDS(9), INTERVAL_OPEN);
	registry_lacks(stage->registry, T0 + 1);
	owners_bind(&stage->owners, &entry, VERDICT_ANSWERED, T0);
	assert_int_equal(entry.source_pod, 77);
	assert_int_equal(entry.destination_pod, 0);
	assert_int_equal(owners_find(&stage->owners, ip("10.0.0.1"), T0, true), 0);
}

static void test_begun_nobody_knows_when(void **state)
{
	struct stage *stage = *state;
	uint32_t client = put_pod(stage, "client", "10.0.0.1", T0 - SECONDS(9), INTERVAL_OPEN);
	struct live_entry entry = an_entry(T0);

	entry.unbegun = true;
	put_pod(stage, "server", "10.0.0.2", T0 + SECONDS(1), INTERVAL_OPEN);
	owners_bind(&stage->owners, &entry, VERDICT_ANSWERED, T0 + SECONDS(2));
	assert_int_equal(entry.source_pod, client);
	assert_int_equal(entry.destination_pod, 0);
}

/* A reader that knows the pod by then has no gap to explain why nobody was bound. */
static void test_first_is_before_a_change_that_went_unseen(void **state)
{
	struct stage *stage = *state;
	struct live_entry entry = an_entry(T0);
	int64_t since = T0 - SECONDS(1);

	assert_int_equal(owners_first(&stage->owners, &entry), T0);
	put_pod(stage, "before", "10.0.0.1", T0 - SECONDS(60), T0 - SECONDS(30));
	put_pod(stage, "after", "10.0.0.1", since, INTERVAL_OPEN);
	registry_unwatched(stage->registry, T0 - SECONDS(40), T0 + SECONDS(1), SECONDS(10));
	owners_bind(&stage->owners, &entry, VERDICT_ANSWERED, T0);
	assert_int_equal(entry.source_pod, 0);
	assert_int_equal(owners_first(&stage->owners, &entry), since - SLACK - NSEC_PER_MSEC);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    STAGED(test_an_end_that_spoke_may_be_known_later),
	    STAGED(test_what_an_earlier_run_bound_stays),
	    STAGED(test_of_a_forgotten_time_what_was_said_stays),
	    STAGED(test_begun_nobody_knows_when),
	    STAGED(test_first_is_before_a_change_that_went_unseen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
