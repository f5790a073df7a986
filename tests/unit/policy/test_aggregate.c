/* Blocks for addresses: by example, and against the slow way. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/special_range.h"
#include "policy/aggregate.h"
#include "policy/prefixes.h"

#define ITEMS_MAX 300

struct set {
	struct prefix items[ITEMS_MAX];
	size_t count;
};

static struct prefix parse(const char *text)
{
	struct prefix prefix;

	if (prefix_parse(text, &prefix) < 0)
		fail_msg("no prefix: %s", text);
	return prefix;
}

/* Words, with a blank between. */
static struct set set_of(const char *text)
{
	struct set set = {0};
	char *copy = strdup(text), *rest = copy, *word;

	assert_non_null(copy);
	while ((word = strsep(&rest, " ")))
		if (*word)
			set.items[set.count++] = parse(word);
	free(copy);
	set.count = prefixes_tidy(set.items, set.count);
	return set;
}

/* What comes out, as text; "~" is before what is wider than what went in. */
static void assert_blocks(const char *items, size_t threshold, uint8_t floor, const char *reserved,
			  const char *expected)
{
	struct set in = set_of(items), out_of = set_of(reserved);
	const struct aggregate_limits limits = {.threshold = threshold,
						.floor = floor,
						.reserved = out_of.items,
						.reserved_count = out_of.count};
	struct aggregate_block blocks[ITEMS_MAX];
	size_t count = aggregate(in.items, in.count, &limits, blocks);
	char text[ITEMS_MAX * (PREFIX_TEXT_MAX + 2)] = "";

	for (size_t i = 0; i < count; i++) {
		char block[PREFIX_TEXT_MAX];

		strcat(text, i > 0 ? " " : "");
		strcat(text, blocks[i].wider ? "~" : "");
		strcat(text, prefix_format(blocks[i].prefix, block));
	}
	assert_string_equal(text, expected);
}

static void test_up_to_the_threshold_nothing_changes(void **state)
{
	(void)state;
	assert_blocks("", 0, 24, "", "");
	assert_blocks("8.8.8.8", 0, 24, "", "8.8.8.8/32");
	assert_blocks("8.8.8.8 8.8.8.9", 2, 24, "", "8.8.8.8/32 8.8.8.9/32");
}

static void test_halves_are_joined_first(void **state)
{
	(void)state;
	assert_blocks("8.8.8.8 8.8.8.9", 1, 24, "", "8.8.8.8/31");
	assert_blocks("8.8.8.8 8.8.8.9 8.8.8.10 8.8.8.11 8.8.9.1 8.8.9.3", 4, 24, "",
		      "8.8.8.8/30 8.8.9.1/32 8.8.9.3/32");
	assert_blocks("8.8.8.9 8.8.8.10", 1, 24, "", "~8.8.8.8/30");
}

static void test_nearest_neighbours_first(void **state)
{
	(void)state;
	assert_blocks("8.8.8.1 8.8.8.2 8.8.8.128 8.8.8.200", 3, 24, "",
		      "~8.8.8.0/30 8.8.8.128/32 8.8.8.200/32");
	assert_blocks("8.8.8.1 8.8.8.2 8.8.8.129 8.8.8.130", 3, 24, "",
		      "~8.8.8.0/30 8.8.8.129/32 8.8.8.130/32");
	assert_blocks("8.8.8.1 8.8.8.2 8.8.8.128 8.8.8.200", 2, 24, "",
		      "~8.8.8.0/30 ~8.8.8.128/25");
	assert_blocks("8.8.8.1 8.8.8.2 8.8.8.128 8.8.8.200", 1, 24, "", "~8.8.8.0/24");
}

static void test_floor(void **state)
{
	(void)state;
	assert_blocks("8.8.8.1 8.8.9.1", 1, 24, "", "8.8.8.1/32 8.8.9.1/32");
	assert_blocks("8.8.8.1 8.8.9.1", 1, 23, "", "~8.8.8.0/23");
	assert_blocks("8.8.8.0/24 8.8.9.0/24", 1, 24, "", "8.8.8.0/24 8.8.9.0/24");
	assert_blocks("8.8.0.0/16 8.9.1.1", 1, 24, "", "8.8.0.0/16 8.9.1.1/32");
	assert_blocks("2600:1::1 2600:1::2 2600:2::1", 1, 48, "", "~2600:1::/126 2600:2::1/128");
}

static void test_private_and_public_stay_apart(void **state)
{
	(void)state;
	assert_blocks("9.255.255.1 10.0.0.1", 1, 0, "", "9.255.255.1/32 10.0.0.1/32");
	assert_blocks("172.15.0.1 172.16.0.1 172.31.0.1 172.32.0.1", 1, 0, "",
		      "172.15.0.1/32 ~172.16.0.0/12 172.32.0.1/32");
	assert_blocks("192.168.0.1 192.169.0.1", 1, 0, "", "192.168.0.1/32 192.169.0.1/32");
	assert_blocks("203.0.112.1 203.0.113.1", 1, 0, "", "203.0.112.1/32 203.0.113.1/32");
	assert_blocks("fbff::1 fc00::1 fdff::1", 1, 0, "", "fbff::1/128 ~fc00::/7");
}

static void test_reserved_addresses_stay_out(void **state)
{
	(void)state;
	assert_blocks("10.0.0.1 10.0.0.2 10.0.0.200", 1, 8, "10.0.0.3",
		      "10.0.0.1/32 10.0.0.2/32 "
		      "10.0.0.200/32");
	assert_blocks("10.0.0.1 10.0.0.2 10.0.0.200", 1, 8, "10.0.0.128/26",
		      "~10.0.0.0/30 10.0.0.200/32");
	assert_blocks("10.0.0.1 10.0.0.2 10.0.0.200", 1, 8, "10.0.0.64",
		      "~10.0.0.0/30 "
		      "10.0.0.200/32");
	/* What was seen in one of them stays all the same. */
	assert_blocks("10.0.0.1 10.0.0.2", 1, 8, "10.0.0.0/8", "10.0.0.1/32 10.0.0.2/32");
}

static void test_halves_that_widening_made(void **state)
{
	(void)state;
	assert_blocks("8.8.8.0 8.8.8.3 8.8.8.4 8.8.8.7", 2, 24, "", "~8.8.8.0/29");
}

/* ---- the slow way ---- */

static bool may_be(const struct aggregate_limits *limits, struct prefix prefix)
{
	for (size_t i = 0; i < limits->reserved_count; i++)
		if (prefix_covers(prefix, limits->reserved[i]) ||
		    prefix_covers(limits->reserved[i], prefix))
			return false;
	return prefix.length >= limits->floor && !prefix_is_mixed(prefix);
}

static struct prefix shared_by(struct prefix a, struct prefix b)
{
	struct prefix shared = a.length < b.length ? a : b;

	while (!prefix_covers(shared, a) || !prefix_covers(shared, b))
		shared = prefix_around(shared.addr, (uint8_t)(shared.length - 1));
	return shared;
}

static void join(struct aggregate_block *blocks, size_t *count, size_t at, struct prefix shared,
		 bool wider)
{
	blocks[at].prefix = shared;
	blocks[at].wider = wider;
	memmove(&blocks[at + 1], &blocks[at + 2], (*count - at - 2) * sizeof(*blocks));
	--*count;
}

static bool join_a_pair_of_halves(const struct aggregate_limits *limits,
				  struct aggregate_block *blocks, size_t *count)
{
	for (size_t i = 1; i < *count; i++) {
		struct aggregate_block *a = &blocks[i - 1], *b = &blocks[i];
		struct prefix shared = shared_by(a->prefix, b->prefix);

		if (a->prefix.length != b->prefix.length || shared.length + 1 != a->prefix.length ||
		    !may_be(limits, shared))
			continue;
		join(blocks, count, i - 1, shared, a->wider || b->wider);
		return true;
	}
	return false;
}

static bool join_the_nearest(const struct aggregate_limits *limits, struct aggregate_block *blocks,
			     size_t *count)
{
	size_t best = 0;
	struct prefix best_shared = {0};

	for (size_t i = 1; i < *count; i++) {
		struct prefix shared = shared_by(blocks[i - 1].prefix, blocks[i].prefix);

		if (!may_be(limits, shared) || (best > 0 && shared.length <= best_shared.length))
			continue;
		best = i;
		best_shared = shared;
	}
	if (best > 0)
		join(blocks, count, best - 1, best_shared, true);
	return best > 0;
}

static size_t slowly(const struct set *set, const struct aggregate_limits *limits,
		     struct aggregate_block *blocks)
{
	size_t count = set->count;

	for (size_t i = 0; i < count; i++)
		blocks[i] = (struct aggregate_block){.prefix = set->items[i], .first = i};
	if (count <= limits->threshold)
		return count;
	while (join_a_pair_of_halves(limits, blocks, &count))
		;
	if (count <= limits->threshold)
		return count;
	while (count > limits->threshold && join_the_nearest(limits, blocks, &count))
		;
	while (join_a_pair_of_halves(limits, blocks, &count))
		;
	return count;
}

static uint64_t roll(uint64_t *random, uint64_t sides)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random % sides;
}

/* Where there is something to get wrong: around the borders of private ranges. */
static struct addr random_address(uint64_t *random, bool is_ipv6, unsigned spread)
{
	static const char *const nets4[] = {"8.8.8.0", "9.255.255.0", "10.0.0.0", "172.15.255.0"};
	static const char *const nets6[] = {"2600:1::", "fbff:ffff::", "fc00::", "2001:db8::"};
	struct addr addr = parse((is_ipv6 ? nets6 : nets4)[roll(random, 4)]).addr;

	addr.bytes[is_ipv6 ? 15 : 3] = (uint8_t)roll(random, spread);
	addr.bytes[is_ipv6 ? 5 : 2] ^= (uint8_t)roll(random, 3);
	return addr;
}

static struct set random_set(uint64_t *random, bool is_ipv6, size_t most)
{
	struct set set = {0};
	const unsigned spread = roll(random, 2) ? 256 : 24;
	const size_t wanted = roll(random, most + 1);

	for (size_t i = 0; i < wanted; i++) {
		struct addr addr = random_address(random, is_ipv6, spread);
		struct prefix item = prefix_of(addr);

		if (roll(random, 20) == 0)
			item = prefix_around(addr, (uint8_t)(item.length - roll(random, 12)));
		set.items[set.count++] = item;
	}
	set.count = prefixes_tidy(set.items, set.count);
	return set;
}

static void check(const struct set *set, const struct aggregate_limits *limits,
		  const struct aggregate_block *blocks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const size_t end = i + 1 < count ? blocks[i + 1].first : set->count;
		const bool is_item =
		    end - blocks[i].first == 1 &&
		    prefix_compare(blocks[i].prefix, set->items[blocks[i].first]) == 0;

		assert_true(end > blocks[i].first);
		assert_true(is_item || may_be(limits, blocks[i].prefix));
		assert_true(i == 0 || prefix_shared(blocks[i - 1].prefix, blocks[i].prefix) <
					  blocks[i - 1].prefix.length);
		for (size_t j = blocks[i].first; j < end; j++)
			assert_true(prefix_covers(blocks[i].prefix, set->items[j]));
		assert_true(!is_item || !blocks[i].wider);
	}
	assert_true(count == 0 || blocks[0].first == 0);
	for (size_t i = 1; i < count && count > limits->threshold; i++)
		assert_false(may_be(limits, shared_by(blocks[i - 1].prefix, blocks[i].prefix)));
}

/* In 2^16ths of a /112 or /16, which is as fine as the random ones are: how many addresses. */
static void check_wider(const struct set *set, const struct aggregate_block *blocks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const unsigned bits = (unsigned)addr_length(blocks[i].prefix.addr) * 8;
		const size_t end = i + 1 < count ? blocks[i + 1].first : set->count;
		double sum = 0;

		for (size_t j = blocks[i].first; j < end; j++)
			sum += 1.0 / (double)(1ull << (set->items[j].length - (bits - 32)));
		if (blocks[i].prefix.length >= bits - 32)
			assert_int_equal(
			    blocks[i].wider,
			    sum < 1.0 / (double)(1ull << (blocks[i].prefix.length - (bits - 32))));
	}
}

static void test_as_the_slow_way(void **state)
{
	static const uint8_t floors[2][4] = {{0, 16, 24, 30}, {0, 32, 48, 120}};
	struct aggregate_block fast[ITEMS_MAX], slow[ITEMS_MAX];

	(void)state;
	for (uint64_t seed = 1; seed <= 600; seed++) {
		uint64_t random = seed * 0x9e3779b97f4a7c15;
		const bool is_ipv6 = roll(&random, 2) == 1;
		const struct set set = random_set(&random, is_ipv6, 60);
		const struct set reserved = random_set(&random, is_ipv6, roll(&random, 6));
		const struct aggregate_limits limits = {.threshold = roll(&random, 20),
							.floor = floors[is_ipv6][roll(&random, 4)],
							.reserved = reserved.items,
							.reserved_count = reserved.count};
		const size_t count = aggregate(set.items, set.count, &limits, fast);

		assert_int_equal(count, slowly(&set, &limits, slow));
		for (size_t i = 0; i < count; i++) {
			assert_int_equal(prefix_compare(fast[i].prefix, slow[i].prefix), 0);
			assert_int_equal(fast[i].first, slow[i].first);
			assert_int_equal(fast[i].wider, slow[i].wider);
		}
		check(&set, &limits, fast, count);
		check_wider(&set, fast, count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_up_to_the_threshold_nothing_changes),
	    cmocka_unit_test(test_halves_are_joined_first),
	    cmocka_unit_test(test_nearest_neighbours_first),
	    cmocka_unit_test(test_floor),
	    cmocka_unit_test(test_private_and_public_stay_apart),
	    cmocka_unit_test(test_reserved_addresses_stay_out),
	    cmocka_unit_test(test_halves_that_widening_made),
	    cmocka_unit_test(test_as_the_slow_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
