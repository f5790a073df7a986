/* Every kind, for policies of every shape: what is printed is what its API takes, or there is
 * nothing and a problem. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "policy/kind.h"
#include "tests/unit/base/tree_fixture.h"
#include "tests/unit/policy/published.h"
#include "tests/unit/policy/random_policy.h"

#define SEEDS 300

struct tally {
	size_t objects, without;
};

static void try_policy(const struct policy_kind *kind, uint64_t seed, struct tally *tally)
{
	const char *const *versions = kind->api_versions;
	const struct kind_options options = {
	    .explain = (enum explain)(seed % 3),
	    .api_version = versions[1] && seed % 2 ? versions[1] : versions[0],
	    .canary_key = seed % 5 == 0 ? "netpol.example/canary" : NULL,
	    .canary_value = "yes"};
	struct published published = {0};
	struct problems problems = {0};
	struct tree tree = {0};
	struct tree_node *objects = tree_list(&tree);
	struct policy policy;

	random_policy(seed, kind->entities, &policy);
	assert_int_equal(kind->add(&policy, &options, &problems, objects), 0);
	published_check_tree(&published, objects);
	if (published.count > 0)
		fail_msg("%s, seed %llu:\n%s", kind->name, (unsigned long long)seed,
			 published.wrong.data);
	assert_int_equal(published.objects, tree_count(objects));
	assert_true(published.objects > 0 || problems.count > 0);
	tally->objects += published.objects;
	tally->without += published.objects == 0;
	tree_clear(&tree);
	problems_clear(&problems);
	published_clear(&published);
	policy_clear(&policy);
}

static void test_kinds(void **state)
{
	(void)state;
	for (const struct policy_kind *const *kind = policy_kinds(); *kind; kind++) {
		struct tally tally = {0};

		for (uint64_t seed = 0; seed < SEEDS; seed++)
			try_policy(*kind, seed, &tally);
		/* It is of the kind that there is one; limits are met, and not by most. */
		assert_in_range(tally.objects, SEEDS / 4, 2 * SEEDS);
		assert_in_range(tally.without, 0, SEEDS * 3 / 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_kinds)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
