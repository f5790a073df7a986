/* daemon/dataplane: what was seen becomes facts, and what was worse before is not forgotten. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/dataplane.h"

#define PATIENCE (300 * NSEC_PER_SEC)

#define T0 (INT64_C(1700000000) * NSEC_PER_SEC)
#define OLD INT64_MIN

static void bridge(struct dataplane_observations *ret, long filters)
{
	*ret = (struct dataplane_observations){.cni = CNI_FLANNEL,
					       .rules = RULE_KUBE_SERVICES,
					       .bridge_ipv4 = {.value = filters},
					       .bridge_ipv6 = {.value = 1}};
}

static void look_filtering(struct dataplane_observations *ret)
{
	bridge(ret, 1);
}

static void look_passing(struct dataplane_observations *ret)
{
	bridge(ret, 0);
}

static void look_at_nothing(struct dataplane_observations *ret)
{
	*ret = (struct dataplane_observations){.cni_error = -ENOENT};
}

/* The first look of a run is told; false if it was not in time. */
static bool first_look(struct dataplane_watch *watch, int log_error, int64_t now)
{
	const struct dataplane_own own = {.log_error = log_error, .zones = 1};
	int64_t deadline = clock_monotonic() + PATIENCE;

	while (!dataplane_watch_tick(watch, &own, now, OLD)) {
		if (clock_monotonic() > deadline)
			return false;
		poll(NULL, 0, 1);
	}
	return true;
}

/* NULL: not told; "" ends. */
static const char *value_of(const struct batch *batch, const char *name)
{
	for (size_t i = 0; i < batch->fact_count; i++)
		if (strcmp(batch->facts[i].name, name) == 0)
			return batch->facts[i].value ? batch->facts[i].value : "";
	return NULL;
}

static struct batch *described(const struct dataplane_watch *watch)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	assert_non_null(batch);
	assert_int_equal(dataplane_watch_describe(watch, batch), 0);
	return batch;
}

struct told {
	const char *name, *value;
};

static struct dataplane_watch *after(dataplane_look_fn *look, const struct told *facts,
				     size_t count)
{
	struct batch *batch = calloc(1, sizeof(*batch));
	struct dataplane_watch *watch;

	assert_non_null(batch);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(batch_add_fact(batch, facts[i].name, facts[i].value), 0);
	watch = dataplane_watch_new(look, batch->facts, batch->fact_count);
	batch_free(batch);
	return watch;
}

static struct batch *run(dataplane_look_fn *look, const struct told *facts, size_t count)
{
	struct dataplane_watch *watch = after(look, facts, count);
	struct batch *batch;

	assert_non_null(watch);
	assert_true(first_look(watch, 0, T0));
	batch = described(watch);
	dataplane_watch_free(watch);
	return batch;
}

static void nothing_is_told_before_the_first_look(void **state)
{
	struct dataplane_watch *watch = dataplane_watch_new(look_filtering, NULL, 0);
	struct batch *batch = described(watch);

	(void)state;
	assert_int_equal(batch->fact_count, 0);
	batch_free(batch);
	dataplane_watch_free(watch);
	assert_null(dataplane_watch_free(NULL));
}

static void what_was_seen_becomes_facts(void **state)
{
	struct batch *batch = run(look_passing, NULL, 0);

	(void)state;
	assert_string_equal(value_of(batch, "dataplane.plugin"), "flannel");
	assert_string_equal(value_of(batch, "dataplane.proxy"), "iptables");
	assert_string_equal(value_of(batch, "dataplane.same-node"),
			    "no: net.bridge.bridge-nf-call-iptables = 0");
	assert_string_equal(value_of(batch, "dataplane.cross-node"), "yes");
	assert_non_null(value_of(batch, "dataplane.service"));
	assert_string_equal(value_of(batch, "dataplane.external"), "yes");
	assert_non_null(value_of(batch, "dataplane.denied"));
	assert_null(value_of(batch, "dataplane.was.no.same-node"));
	assert_int_equal(batch->fact_count, 7);
	batch_free(batch);
}

static void what_netpold_knows_itself_counts(void **state)
{
	struct dataplane_watch *watch = dataplane_watch_new(look_filtering, NULL, 0);
	struct batch *batch;

	(void)state;
	assert_true(first_look(watch, -EBUSY, T0));
	batch = described(watch);
	assert_memory_equal(value_of(batch, "dataplane.denied"), "no: ", 4);
	batch_free(batch);
	dataplane_watch_free(watch);
}

static void what_was_worse_in_an_earlier_run_is_kept(void **state)
{
	static const struct told facts[] = {{"dataplane.same-node", "no: reason"},
					    {"dataplane.service", "unknown: reason"},
					    {"dataplane.external", "yes"},
					    {"other", "no"}};
	struct batch *batch = run(look_filtering, facts, 4);

	(void)state;
	assert_string_equal(value_of(batch, "dataplane.same-node"), "yes");
	assert_string_equal(value_of(batch, "dataplane.was.no.same-node"),
			    "2023-11-14T22:13:20Z reason");
	assert_null(value_of(batch, "dataplane.was.no.service"));
	assert_null(value_of(batch, "dataplane.was.no.external"));
	batch_free(batch);
}

static void each_of_what_was_before_has_its_end(void **state)
{
	static const struct told facts[] = {
	    {"dataplane.same-node", "partly: less"},
	    {"dataplane.was.no.same-node", "2023-11-01T00:00:00Z worst"},
	    {"dataplane.external", "no: later"},
	    {"dataplane.was.no.external", "2023-11-01T00:00:00Z sooner"},
	    {"dataplane.was.partly.external", "2023-11-02T00:00:00Z less"}};
	struct batch *batch = run(look_filtering, facts, 5);

	(void)state;
	assert_string_equal(value_of(batch, "dataplane.was.no.same-node"),
			    "2023-11-01T00:00:00Z worst");
	assert_string_equal(value_of(batch, "dataplane.was.partly.same-node"),
			    "2023-11-14T22:13:20Z less");
	assert_string_equal(value_of(batch, "dataplane.was.no.external"),
			    "2023-11-14T22:13:20Z later");
	assert_string_equal(value_of(batch, "dataplane.was.partly.external"),
			    "2023-11-02T00:00:00Z less");
	batch_free(batch);
}

/* One that came while the look was on its way may have a device that it did not see. */
static void pods_without_a_device(void **state)
{
	static const struct {
		bool at_first, then;
		const char *seen;
	} cases[] = {
	    {true, true, "unknown: pods run here"}, {false, true, "yes"}, {true, false, "yes"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dataplane_watch *watch = dataplane_watch_new(look_filtering, NULL, 0);
		const struct dataplane_own first = {.pods = cases[i].at_first},
					   then = {.pods = cases[i].then};
		int64_t deadline = clock_monotonic() + PATIENCE;
		struct batch *batch;

		assert_false(dataplane_watch_tick(watch, &first, T0, OLD));
		while (!dataplane_watch_tick(watch, &then, T0, OLD)) {
			assert_true(clock_monotonic() < deadline);
			poll(NULL, 0, 1);
		}
		batch = described(watch);
		assert_memory_equal(value_of(batch, "dataplane.cross-node"), cases[i].seen,
				    strlen(cases[i].seen));
		batch_free(batch);
		dataplane_watch_free(watch);
	}
}

static void not_knowing_does_not_make_it_better(void **state)
{
	static const struct told facts[] = {{"dataplane.same-node", "no: reason"}};
	struct batch *batch = run(look_at_nothing, facts, 1);

	(void)state;
	assert_string_equal(value_of(batch, "dataplane.same-node"),
			    "unknown: no CNI configuration was found");
	assert_string_equal(value_of(batch, "dataplane.was.no.same-node"),
			    "2023-11-14T22:13:20Z reason");
	batch_free(batch);
}

static void what_is_older_than_the_record_is_forgotten(void **state)
{
	static const struct told facts[] = {
	    {"dataplane.same-node", "yes"},
	    {"dataplane.was.no.same-node", "2023-11-01T00:00:00Z worst"}};
	struct dataplane_watch *watch = after(look_filtering, facts, 2);
	const struct dataplane_own own = {.zones = 1};
	struct batch *batch;

	(void)state;
	assert_true(first_look(watch, 0, T0));
	batch = described(watch);
	assert_memory_equal(value_of(batch, "dataplane.was.no.same-node"), "2023-11-01", 10);
	batch_free(batch);
	assert_true(dataplane_watch_tick(watch, &own, T0, clock_msec(T0)));
	batch = described(watch);
	assert_string_equal(value_of(batch, "dataplane.was.no.same-node"), "");
	batch_free(batch);
	dataplane_watch_free(watch);
}

static void facts_that_are_no_such_are_passed_over(void **state)
{
	static const struct told facts[] = {{"dataplane.same-node", "perhaps"},
					    {"dataplane.cross-node", NULL},
					    {"dataplane.was.no.service", "yesterday x"},
					    {"dataplane.was.no.external", "x"},
					    {"dataplane.was.yes.denied", "2023-11-01T00:00:00Z x"},
					    {"dataplane.", "no"},
					    {"dataplane.else", "no"}};
	struct batch *batch = run(look_filtering, facts, 7);

	(void)state;
	assert_int_equal(batch->fact_count, 7);
	batch_free(batch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_told_before_the_first_look),
	    cmocka_unit_test(what_was_seen_becomes_facts),
	    cmocka_unit_test(what_netpold_knows_itself_counts),
	    cmocka_unit_test(what_was_worse_in_an_earlier_run_is_kept),
	    cmocka_unit_test(each_of_what_was_before_has_its_end),
	    cmocka_unit_test(pods_without_a_device),
	    cmocka_unit_test(not_knowing_does_not_make_it_better),
	    cmocka_unit_test(what_is_older_than_the_record_is_forgotten),
	    cmocka_unit_test(facts_that_are_no_such_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
