/* Rules by place, against one flag for each rule at each place; and the bound on their tables. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/bits.h"
#include "policy/evaluate.h"
#include "policy/rule_rows.h"

#define ROUNDS 200
#define PLACES 40
#define RULES 150

static uint64_t random_below(uint64_t end)
{
	static uint64_t state = 88172645463325252;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % end;
}

static bool has_rule(const struct rule_rows *rows, size_t place, size_t rule)
{
	return rule_rows_at(rows, place)[rule / BITS_WORD] >> rule % BITS_WORD & 1;
}

static void check_round(size_t places, size_t rules, size_t runs)
{
	static bool plain[PLACES][RULES];
	struct rule_rows rows = {0};
	size_t room = SIZE_MAX;

	memset(plain, 0, sizeof(plain));
	for (size_t i = 0; i < runs; i++) {
		size_t first = random_below(places), last = first + random_below(places - first);
		size_t rule = random_below(rules);

		assert_int_equal(rule_rows_add(&rows, first, last, rule), 0);
		for (size_t place = first; place <= last; place++)
			plain[place][rule] = true;
	}
	assert_int_equal(rule_rows_finish(&rows, places, rules, &room), 0);
	for (size_t place = 0; place < places; place++)
		for (size_t rule = 0; rule < rules; rule++)
			assert_int_equal(has_rule(&rows, place, rule), plain[place][rule]);
	rule_rows_clear(&rows);
}

static void test_random(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROUNDS; i++)
		check_round(1 + random_below(PLACES), 1 + random_below(RULES), random_below(60));
}

/* Each second place has one of few rules, as addresses in lists have: nothing is kept twice. */
static void test_equal_sets_once(void **state)
{
	struct rule_rows rows = {0};
	size_t room = 6 * 4 * sizeof(uint64_t);

	(void)state;
	for (size_t i = 0; i < 10000; i++)
		assert_int_equal(rule_rows_add(&rows, 2 * i, 2 * i, i % 5 * 40), 0);
	assert_int_equal(rule_rows_finish(&rows, 20000, 170, &room), 0);
	assert_int_equal(room, 0);
	assert_int_equal(rows.sets.count, 6);
	assert_true(has_rule(&rows, 19998, 160));
	rule_rows_clear(&rows);
}

static void test_no_room(void **state)
{
	struct rule_rows rows = {0};
	size_t room = 9 * 2 * sizeof(uint64_t);

	(void)state;
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(rule_rows_add(&rows, i, i, i), 0);
	assert_int_equal(rule_rows_finish(&rows, 10, 10, &room), -E2BIG);
	rule_rows_clear(&rows);
}

/* Pods that are all told apart, and as many rules. */
static void test_too_many_rules(void **state)
{
	enum { COUNT = 70000 };
	struct netpol_rule *rules = calloc(COUNT, sizeof(*rules));
	struct scene_pod *pods = calloc(COUNT, sizeof(*pods));
	struct label *labels = calloc(COUNT, sizeof(*labels));
	struct labels *sets = calloc(COUNT, sizeof(*sets));
	char(*values)[8] = calloc(COUNT, sizeof(*values));
	struct requirement exists = {.key = (char[]){"pod"}, .operator= REQUIREMENT_EXISTS };
	struct labels none = {0};
	struct scene_namespace namespace = {"shop", &none};
	struct scene scene = {
	    .namespaces = &namespace, .namespace_count = 1, .pods = pods, .pod_count = COUNT};
	struct netpol policy = {.namespace = (char[]){"shop"},
				.name = (char[]){"all"},
				.pods = {&exists, 1},
				.isolates[DIRECTION_INGRESS] = true,
				.rules[DIRECTION_INGRESS] = rules,
				.rule_count[DIRECTION_INGRESS] = COUNT};
	struct evaluator *evaluator = NULL;

	(void)state;
	assert_true(rules && pods && labels && sets && values);
	for (size_t i = 0; i < COUNT; i++) {
		snprintf(values[i], sizeof(values[i]), "%zu", i);
		labels[i] = (struct label){.key = exists.key, .value = values[i]};
		sets[i] = (struct labels){&labels[i], 1};
		pods[i] =
		    (struct scene_pod){.labels = &sets[i], .ports_known = true, .node = SCENE_NONE};
	}
	assert_int_equal(
	    evaluator_new(&policy, 1, &scene, (struct evaluator_options){0}, &evaluator), -E2BIG);
	assert_null(evaluator);
	free(values);
	free(sets);
	free(labels);
	free(pods);
	free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_random),
	    cmocka_unit_test(test_equal_sets_once),
	    cmocka_unit_test(test_no_room),
	    cmocka_unit_test(test_too_many_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
