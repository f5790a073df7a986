#include "tests/unit/flow/fixture.h"

#include <malloc.h>
#include <stdio.h>

#include "flow/live.h"

static struct live *new_live(size_t limit)
{
	struct live *live = live_new(limit);

	assert_non_null(live);
	return live;
}

static struct tuple tuple_of(uint32_t number)
{
	return a_tuple(IPPROTO_TCP, "10.0.0.1", (uint16_t)number, "10.0.0.2",
		       (uint16_t)(number >> 16));
}

static struct tuple tuple6_of(uint32_t number)
{
	return a_tuple(IPPROTO_UDP, "fd00::1", (uint16_t)number, "fd00::2",
		       (uint16_t)(number >> 16));
}

static struct live_entry entry_of(struct tuple original, uint32_t id)
{
	return (struct live_entry){.original = original, .reply = reversed(original), .id = id};
}

static bool add(struct live *live, uint32_t number)
{
	struct live_entry entry = entry_of(tuple_of(number), number);

	entry.packets_sent = number;
	return live_insert(live, &entry);
}

static bool has(const struct live *live, struct tuple tuple, uint16_t zone, uint32_t id)
{
	struct live_entry entry;

	return live_find(live, &tuple, zone, id, &entry);
}

static void take_away(struct live *live, uint32_t number)
{
	struct tuple tuple = tuple_of(number);
	struct live_entry entry;

	assert_true(live_find(live, &tuple, 0, number, &entry));
	live_remove(live, &entry);
}

static void test_find(void **state)
{
	struct live *live = new_live(10);
	struct tuple tuple = tuple_of(1), other;
	struct live_entry entry = entry_of(tuple, 4);

	(void)state;
	entry.zone = 3;
	assert_true(live_insert(live, &entry));
	assert_true(has(live, tuple, 3, 4));
	assert_false(has(live, tuple, 3, 5));
	assert_false(has(live, tuple, 4, 4));
	assert_false(has(live, tuple_of(2), 3, 4));
	other = tuple;
	other.protocol = IPPROTO_UDP;
	assert_false(has(live, other, 3, 4));
	other = tuple;
	other.source = ip("10.0.0.9");
	assert_false(has(live, other, 3, 4));
	other = tuple;
	other.destination = ip("10.0.0.9");
	assert_false(has(live, other, 3, 4));
	assert_int_equal(live_count(live), 1);
	live_free(live);
}

static void assert_same(const struct live_entry *found, const struct live_entry *expected)
{
	assert_memory_equal(&found->original.source, &expected->original.source,
			    sizeof(struct addr));
	assert_memory_equal(&found->original.destination, &expected->original.destination,
			    sizeof(struct addr));
	assert_memory_equal(&found->reply.source, &expected->reply.source, sizeof(struct addr));
	assert_memory_equal(&found->reply.destination, &expected->reply.destination,
			    sizeof(struct addr));
	assert_int_equal(found->original.source_port, expected->original.source_port);
	assert_int_equal(found->original.destination_port, expected->original.destination_port);
	assert_int_equal(found->original.protocol, expected->original.protocol);
	assert_int_equal(found->original.has_ports, expected->original.has_ports);
	assert_int_equal(found->reply.source_port, expected->reply.source_port);
	assert_int_equal(found->reply.destination_port, expected->reply.destination_port);
	assert_int_equal(found->reply.protocol, expected->reply.protocol);
	assert_int_equal(found->reply.has_ports, expected->reply.has_ports);
	assert_int_equal(found->start_ns, expected->start_ns);
	assert_int_equal(found->unbegun, expected->unbegun);
	assert_int_equal(found->first_ns, expected->first_ns);
	assert_true(found->packets_sent == expected->packets_sent);
	assert_true(found->packets_received == expected->packets_received);
	assert_true(found->bytes_sent == expected->bytes_sent);
	assert_true(found->bytes_received == expected->bytes_received);
	assert_int_equal(found->source_pod, expected->source_pod);
	assert_int_equal(found->destination_pod, expected->destination_pod);
	assert_int_equal(found->id, expected->id);
	assert_int_equal(found->zone, expected->zone);
	assert_int_equal(found->generation, expected->generation);
	assert_int_equal(found->verdict, expected->verdict);
	assert_int_equal(found->silent_dumps, expected->silent_dumps);
	assert_int_equal(found->round, expected->round);
	assert_int_equal(found->has_counters, expected->has_counters);
	assert_int_equal(found->direction_uncertain, expected->direction_uncertain);
	assert_int_equal(found->announced, expected->announced);
	assert_int_equal(found->checkpoint, expected->checkpoint);
	assert_int_equal(found->replaced, expected->replaced);
	assert_int_equal(found->ended, expected->ended);
	assert_int_equal(found->awaited, expected->awaited);
	assert_int_equal(found->follower, expected->follower);
	assert_int_equal(found->restored, expected->restored);
}

static void check_kept(struct live *live, struct live_entry entry)
{
	struct live_entry found;

	assert_true(live_insert(live, &entry));
	assert_true(live_find(live, &entry.original, entry.zone, entry.id, &found));
	assert_same(&found, &entry);
	live_remove(live, &found);
	assert_false(live_find(live, &entry.original, entry.zone, entry.id, &found));
}

/* Each field at its widest alone, so that none spills into another. */
static void test_fields(void **state)
{
	struct live *live = new_live(10);
	struct tuple tuples[] = {tuple_of(7), tuple6_of(7)};

	(void)state;
	for (size_t i = 0; i < COUNT(tuples); i++) {
		struct live_entry plain = entry_of(tuples[i], 1), entry;

		check_kept(live, plain);
#define CHECK(field, value)                                                                        \
	entry = plain, entry.field = (value);                                                      \
	check_kept(live, entry)
		entry = plain, entry.start_ns = entry.first_ns = T0;
		check_kept(live, entry);
		CHECK(first_ns, T0);
		CHECK(first_ns, -1);
		CHECK(packets_sent, UINT64_MAX);
		CHECK(packets_received, UINT64_MAX);
		CHECK(bytes_sent, UINT64_MAX);
		CHECK(bytes_received, UINT64_MAX);
		CHECK(source_pod, UINT32_MAX);
		CHECK(destination_pod, UINT32_MAX);
		CHECK(id, UINT32_MAX);
		CHECK(zone, UINT16_MAX);
		CHECK(generation, UINT8_MAX);
		CHECK(verdict, VERDICT_MAX);
		CHECK(silent_dumps, 2);
		CHECK(round, 3);
		CHECK(has_counters, true);
		CHECK(direction_uncertain, true);
		CHECK(announced, true);
		CHECK(checkpoint, true);
		CHECK(replaced, true);
		CHECK(restored, true);
		CHECK(unbegun, true);
		CHECK(awaited, true);
		CHECK(follower, true);
		CHECK(reply.source_port, UINT16_MAX);
		CHECK(reply.destination_port, UINT16_MAX);
		CHECK(original.source_port, UINT16_MAX);
		CHECK(original.destination_port, UINT16_MAX);
#undef CHECK
	}
	live_free(live);
}

static void test_protocols(void **state)
{
	struct live *live = new_live(10);
	struct live_entry entry = entry_of(tuple_of(0), 1);

	(void)state;
	entry.original = a_tuple(IPPROTO_ICMP, "10.0.0.1", 77, "10.0.0.2", 8 << 8);
	entry.reply = a_tuple(IPPROTO_ICMP, "10.0.0.2", 77, "10.0.0.1", 0);
	check_kept(live, entry);
	entry.original = a_tuple(IPPROTO_GRE, "10.0.0.1", 0, "10.0.0.2", 0);
	entry.reply = reversed(entry.original);
	check_kept(live, entry);
	entry.original = a_tuple(UINT8_MAX, "fd00::1", 0, "fd00::2", 0);
	entry.reply = reversed(entry.original);
	check_kept(live, entry);
	live_free(live);
}

/* Whatever the kernel tells is told again as it was: one family in front, another behind, none. */
static void test_families(void **state)
{
	struct live *live = new_live(10);
	struct live_entry entry = entry_of(tuple_of(1), 1);

	(void)state;
	entry.reply.source = ip("fd00::2");
	check_kept(live, entry);
	entry.reply.source = (struct addr){0};
	check_kept(live, entry);
	entry.original.source = ip("fd00::1");
	check_kept(live, entry);
	entry.original.source = (struct addr){0};
	check_kept(live, entry);
	live_free(live);
}

static void test_same_bytes_of_another_family(void **state)
{
	struct live *live = new_live(10);
	struct live_entry short_one = entry_of(tuple_of(1), 1), long_one = short_one;
	struct live_entry found;

	(void)state;
	long_one.original.source = ip("a00:1::");
	long_one.original.destination = ip("a00:2::");
	assert_true(live_insert(live, &short_one));
	assert_false(live_find(live, &long_one.original, 0, 1, &found));
	assert_true(live_insert(live, &long_one));
	assert_true(live_find(live, &long_one.original, 0, 1, &found));
	assert_int_equal(found.original.source.family, ADDR_IPV6);
	assert_true(live_find(live, &short_one.original, 0, 1, &found));
	assert_int_equal(found.original.source.family, ADDR_IPV4);
	live_free(live);
}

static void test_put(void **state)
{
	struct live *live = new_live(10);
	struct live_entry entry = entry_of(tuple_of(1), 1), found;

	(void)state;
	assert_true(live_insert(live, &entry));
	entry.bytes_sent = 99;
	entry.verdict = VERDICT_ANSWERED;
	assert_true(live_find(live, &entry.original, 0, 1, &found));
	assert_int_equal(found.bytes_sent, 0);
	live_put(live, &entry);
	assert_true(live_find(live, &entry.original, 0, 1, &found));
	assert_same(&found, &entry);
	live_free(live);
}

/* One that has ended stands beside its successor. */
static void test_ended(void **state)
{
	struct live *live = new_live(10);
	struct live_entry old = entry_of(tuple_of(1), 1), successor = old, found;

	(void)state;
	old.bytes_sent = 1;
	successor.bytes_sent = 2;
	assert_true(live_insert(live, &old));
	assert_false(live_find_ended(live, &old.original, 0, 1, &found));
	old.ended = true;
	live_put(live, &old);
	assert_false(live_find(live, &old.original, 0, 1, &found));
	assert_true(live_insert(live, &successor));
	assert_true(live_find(live, &old.original, 0, 1, &found));
	assert_int_equal(found.bytes_sent, 2);
	assert_true(live_find_ended(live, &old.original, 0, 1, &found));
	assert_int_equal(found.bytes_sent, 1);
	assert_int_equal(live_count(live), 2);
	live_remove(live, &found);
	assert_false(live_find_ended(live, &old.original, 0, 1, &found));
	assert_true(live_find(live, &old.original, 0, 1, &found));
	live_free(live);
}

static void test_limit(void **state)
{
	struct live *live = new_live(3);

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		assert_true(add(live, i));
	assert_false(add(live, 3));
	take_away(live, 1);
	assert_int_equal(live_count(live), 2);
	assert_true(add(live, 3));
	assert_int_equal(live_count(live), 3);
	live_free(live);
	live = new_live(0);
	assert_false(add(live, 0));
	live_free(live);
	assert_null(live_new(LIVE_LIMIT_MAX + 1));
}

#define MANY 100000u

static void fill(struct live *live)
{
	for (uint32_t i = 0; i < MANY; i++)
		assert_true(add(live, i));
}

static void check_all(struct live *live, bool without_odd)
{
	for (uint32_t i = 0; i < MANY; i++) {
		struct tuple tuple = tuple_of(i);
		struct live_entry entry;
		bool found = live_find(live, &tuple, 0, i, &entry);

		assert_int_equal(found, !without_odd || i % 2 == 0);
		if (found)
			assert_int_equal(entry.packets_sent, i);
	}
}

static void walk(struct live *live, uint8_t *seen, bool remove_odd)
{
	struct live_entry entry;
	uint32_t cursor = 0;

	while (live_next(live, &cursor, &entry)) {
		seen[entry.packets_sent]++;
		if (remove_odd && entry.packets_sent % 2)
			live_remove(live, &entry);
	}
	assert_false(live_next(live, &cursor, &entry));
}

static void test_walk(void **state)
{
	uint8_t *seen = calloc(MANY, 1);
	struct live *live = new_live(MANY);

	(void)state;
	assert_non_null(seen);
	walk(live, seen, false);
	fill(live);
	check_all(live, false);
	walk(live, seen, true);
	assert_int_equal(live_count(live), MANY / 2);
	check_all(live, true);
	walk(live, seen, false);
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(seen[i], i % 2 ? 1 : 2);
	live_free(live);
	free(seen);
}

static void test_walk_of_both_families(void **state)
{
	struct live *live = new_live(10);
	struct live_entry entry = entry_of(tuple6_of(1), 1);
	uint32_t cursor = 0;
	unsigned families = 0;

	(void)state;
	assert_true(live_insert(live, &entry));
	entry = entry_of(tuple_of(1), 1);
	assert_true(live_insert(live, &entry));
	while (live_next(live, &cursor, &entry))
		families += entry.original.source.family;
	assert_int_equal(families, ADDR_IPV4 + ADDR_IPV6);
	live_free(live);
}

/* Filled to the limit and emptied, in two orders, again and again. */
static void test_room_is_used_again(void **state)
{
	struct live *live = new_live(MANY);
	uint8_t *seen = calloc(MANY, 1);

	(void)state;
	assert_non_null(seen);
	for (unsigned round = 0; round < 3; round++) {
		fill(live);
		assert_false(add(live, MANY));
		walk(live, seen, true);
		for (uint32_t i = 0; i < MANY; i += 2)
			take_away(live, round % 2 ? MANY - 2 - i : i);
		assert_int_equal(live_count(live), 0);
	}
	live_free(live);
	free(seen);
}

/* Whatever comes and goes, all that should be there is found and nothing else. */
static void test_churn(void **state)
{
	struct live *live = new_live(MANY);
	uint8_t *there = calloc(MANY, 1);
	uint64_t random = 88172645463325252u;
	size_t count = 0;

	(void)state;
	assert_non_null(there);
	for (unsigned step = 0; step < 400000; step++) {
		uint32_t number;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		number = (uint32_t)(random % (step < 200000 ? MANY : MANY / 100));
		if (there[number])
			take_away(live, number);
		else
			assert_true(add(live, number));
		there[number] ^= 1;
		count = there[number] ? count + 1 : count - 1;
		assert_int_equal(live_count(live), count);
	}
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(has(live, tuple_of(i), 0, i), there[i]);
	live_free(live);
	free(there);
}

static size_t resident(void)
{
	unsigned long all = 0, here = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu %lu", &all, &here), 2);
	fclose(file);
	return here * 4096;
}

#if defined(__SANITIZE_ADDRESS__)
#define MEASURABLE false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MEASURABLE false
#endif
#endif
#ifndef MEASURABLE
#define MEASURABLE true
#endif

static size_t fill_family(struct live *live, struct tuple (*make)(uint32_t number), uint32_t count)
{
	size_t before = resident();

	for (uint32_t i = 0; i < count; i++) {
		struct live_entry entry = entry_of(make(i), i);

		assert_true(live_insert(live, &entry));
	}
	return (resident() - before) / count;
}

static void check_memory(struct tuple (*make)(uint32_t number), size_t limit)
{
	const uint32_t count = 300000;
	struct live *live = new_live(LIVE_LIMIT_MAX);
	size_t before = resident(), bytes = fill_family(live, make, count);
	struct live_entry entry;
	uint32_t cursor = 0;

	if (MEASURABLE)
		assert_in_range(bytes, limit / 2, limit);
	while (live_next(live, &cursor, &entry))
		live_remove(live, &entry);
	malloc_trim(0);
	if (MEASURABLE)
		assert_true(resident() < before + count);
	live_free(live);
}

/* What the table promises for an entry, index and allocator included; and a storm leaves little. */
static void test_memory(void **state)
{
	(void)state;
	check_memory(tuple_of, 100);
	check_memory(tuple6_of, 160);
}

static void test_free_nothing(void **state)
{
	(void)state;
	assert_null(live_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_find),
	    cmocka_unit_test(test_fields),
	    cmocka_unit_test(test_protocols),
	    cmocka_unit_test(test_families),
	    cmocka_unit_test(test_same_bytes_of_another_family),
	    cmocka_unit_test(test_put),
	    cmocka_unit_test(test_ended),
	    cmocka_unit_test(test_limit),
	    cmocka_unit_test(test_walk),
	    cmocka_unit_test(test_walk_of_both_families),
	    cmocka_unit_test(test_room_is_used_again),
	    cmocka_unit_test(test_churn),
	    cmocka_unit_test(test_memory),
	    cmocka_unit_test(test_free_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
