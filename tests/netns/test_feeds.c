/* kernel/feed and kernel/ct_filter against a real kernel; needs the links of lanes.bash. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "kernel/ct_filter.h"
#include "kernel/feed.h"
#include "kernel/query.h"
#include "kernel/rules.h"
#include "lanes.h"

#define PATIENCE (100 * NSEC_PER_SEC)
#define GROUP 8
#define MEBIBYTE ((size_t)1 << 20)

struct fixture {
	struct rules *rules;
	struct lanes *lanes;
};

static int begin(void **state)
{
	const struct rules_options options = {.table = "feeds", .silent = true};
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	bool owned;

	assert_non_null(fixture);
	fixture->lanes = lanes_open();
	assert_int_equal(rules_open(&options, &fixture->rules, &owned), 0);
	lanes_flush();
	*state = fixture;
	return 0;
}

static int end(void **state)
{
	struct fixture *fixture = *state;

	rules_close(fixture->rules);
	lanes_close(fixture->lanes);
	free(fixture);
	return 0;
}

struct seen {
	const struct prefix *excluded;
	size_t excluded_count;
	uint64_t created, created_excluded, destroyed, destroyed_excluded, drops;
};

static void count_event(void *context, const struct conntrack_event *event)
{
	struct seen *seen = context;
	bool excluded = ct_excluded(seen->excluded, seen->excluded_count, event->original.source,
				    event->reply.source);

	if (event->type == CONNTRACK_NEW) {
		seen->created++;
		seen->created_excluded += excluded;
	} else {
		seen->destroyed++;
		seen->destroyed_excluded += excluded;
	}
}

static void read_events(struct ct_feed *feed, struct seen *seen)
{
	struct ct_burst burst;

	do {
		assert_int_equal(ct_feed_read(feed, count_event, seen, 1024, &burst), 0);
		assert_int_equal(burst.undecodable, 0);
		seen->drops += burst.drops;
	} while (burst.events >= 1024);
}

static void read_until(struct ct_feed *feed, struct seen *seen, uint64_t created,
		       uint64_t destroyed)
{
	const int64_t deadline = clock_monotonic() + PATIENCE;
	struct pollfd fd = {.fd = ct_feed_fd(feed), .events = POLLIN};

	while (seen->created < created || seen->destroyed < destroyed) {
		if (clock_monotonic() >= deadline)
			fail_msg("%ju created, %ju destroyed, %ju drops", (uintmax_t)seen->created,
				 (uintmax_t)seen->destroyed, (uintmax_t)seen->drops);
		poll(&fd, 1, 10);
		read_events(feed, seen);
	}
}

static struct prefix prefix(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix), 0);
	return prefix;
}

static void test_filter(void **state)
{
	const struct prefix excluded[] = {prefix("127.0.0.0/8"),   prefix("::1"),
					  prefix("10.1.3.0/24"),   prefix("10.1.0.16/28"),
					  prefix("fd01::2:0/120"), prefix("fd01::100/121")};
	struct ct_feed_options options = {.buffer_size = MEBIBYTE, .fd = -1};
	struct seen all = {.excluded = excluded, .excluded_count = 6}, kept = all;
	struct fixture *fixture = *state;
	struct ct_feed *open, *filtered;

	assert_int_equal(ct_feed_open(&options, &open), 0);
	options.excluded = excluded;
	options.excluded_count = 6;
	assert_int_equal(ct_feed_open(&options, &filtered), 0);
	for (size_t i = 0; i < 1024; i += 64) {
		lanes_send(fixture->lanes, true, i, 64);
		lanes_send(fixture->lanes, false, i, 64);
		lanes_flush();
		read_events(open, &all);
		read_events(filtered, &kept);
	}
	read_until(open, &all, 2048, 2048);
	assert_int_equal(all.created_excluded, 256 + 16 + 128);
	assert_int_equal(all.destroyed_excluded, all.created_excluded);
	read_events(filtered, &kept);
	assert_int_equal(kept.created_excluded + kept.destroyed_excluded, 0);
	assert_int_equal(kept.created, all.created - all.created_excluded);
	assert_int_equal(kept.destroyed, all.destroyed - all.destroyed_excluded);
	assert_int_equal(all.drops + kept.drops, 0);
	ct_feed_close(open);
	ct_feed_close(filtered);
}

/* What answers counts, not the address that was asked for. */
static void test_filter_behind_nat(void **state)
{
	const struct prefix asked = prefix("10.2.0.1"), backend = prefix("10.2.7.7");
	struct ct_feed_options options = {
	    .buffer_size = MEBIBYTE, .excluded = &asked, .excluded_count = 1, .fd = -1};
	struct ct_feed *without_asked, *without_backend;
	struct seen backends = {0}, others = {0};
	struct fixture *fixture = *state;

	assert_int_equal(system("nft 'table ip service { chain c { "
				"type nat hook prerouting priority dstnat; "
				"ip saddr 10.1.0.0/26 dnat to 10.2.7.7; }; }'"),
			 0);
	assert_int_equal(ct_feed_open(&options, &without_asked), 0);
	options.excluded = &backend;
	assert_int_equal(ct_feed_open(&options, &without_backend), 0);
	lanes_send(fixture->lanes, true, 0, 100);
	lanes_flush();
	read_until(without_asked, &backends, 64, 64);
	read_until(without_backend, &others, 36, 36);
	assert_int_equal(backends.created + backends.destroyed, 2 * 64);
	assert_int_equal(others.created + others.destroyed, 2 * 36);
	ct_feed_close(without_asked);
	ct_feed_close(without_backend);
	assert_int_equal(system("nft delete table ip service"), 0);
}

/* Every DESTROY comes, however small the buffer. */
static void test_reliable(void **state)
{
	const struct ct_feed_options options = {.buffer_size = 65536, .fd = -1};
	const size_t count = 20000;
	struct fixture *fixture = *state;
	struct seen seen = {0};
	struct ct_feed *feed;
	int64_t begun;

	assert_int_equal(ct_feed_open(&options, &feed), 0);
	assert_int_equal(ct_feed_set_reliable(feed, true), 0);
	lanes_send(fixture->lanes, true, 0, count);
	read_events(feed, &seen);
	lanes_flush();
	begun = clock_monotonic();
	read_until(feed, &seen, 0, count);
	print_message("# all delivered after %jd ms, %ju attempts failed\n",
		      (intmax_t)((clock_monotonic() - begun) / NSEC_PER_MSEC),
		      (uintmax_t)seen.drops);
	read_events(feed, &seen);
	assert_int_equal(seen.destroyed, count);
	assert_true(seen.drops > 0);
	ct_feed_close(feed);
}

static void test_unreliable(void **state)
{
	const struct ct_feed_options options = {.buffer_size = 65536, .fd = -1};
	struct fixture *fixture = *state;
	struct seen seen = {0};
	struct ct_feed *feed;

	assert_int_equal(ct_feed_open(&options, &feed), 0);
	assert_int_equal(ct_feed_set_reliable(feed, true), 0);
	assert_int_equal(ct_feed_set_reliable(feed, false), 0);
	lanes_send(fixture->lanes, true, 0, 2000);
	lanes_flush();
	read_events(feed, &seen);
	assert_int_equal(seen.created + seen.destroyed + seen.drops, 4000);
	ct_feed_close(feed);
}

struct dump {
	struct ct_feed *feed;
	struct seen seen;
	size_t entries, pauses, last;
};

static void take_entry(void *context, const struct conntrack_event *entry)
{
	struct dump *dump = context;

	assert_int_equal(entry->type, CONNTRACK_ENTRY);
	assert_true(dump->pauses > 0);
	dump->entries++;
	dump->last = dump->pauses;
}

static void between(void *context)
{
	struct dump *dump = context;

	read_events(dump->feed, &dump->seen);
	dump->pauses++;
}

static void test_dump(void **state)
{
	const struct ct_feed_options options = {.buffer_size = MEBIBYTE, .fd = -1};
	struct fixture *fixture = *state;
	struct dump dump = {0};
	struct ct_query *query;

	assert_int_equal(ct_query_open(&query), 0);
	assert_int_equal(ct_feed_open(&options, &dump.feed), 0);
	lanes_send(fixture->lanes, true, 0, 5000);
	assert_int_equal(ct_query_dump(query, take_entry, between, &dump), 0);
	assert_true(dump.entries >= 5000);
	assert_true(dump.pauses > 10 && dump.last > 10);
	assert_true(dump.seen.created > 100);
	dump.entries = 0;
	assert_int_equal(ct_query_dump(query, take_entry, NULL, &dump), 0);
	assert_true(dump.entries >= 5000);
	ct_feed_close(dump.feed);
	ct_query_close(query);
}

/* Packets that were shown, and those that are known to be lost. */
struct shown {
	uint64_t packets, lost, drops;
};

static void count_packet(void *context, const struct packet_event *packet)
{
	struct shown *shown = context;

	assert_int_equal(packet->group, GROUP);
	shown->packets++;
}

static void read_packets(struct log_feed *log, struct shown *shown)
{
	struct log_burst burst;

	do {
		assert_int_equal(log_feed_read(log, count_packet, shown, 4096, &burst), 0);
		shown->lost += burst.lost + burst.undecodable;
		shown->drops += burst.drops;
	} while (burst.packets >= 4096);
}

/* Until every packet the rule has counted is accounted for. */
static void settle(struct rules *rules, struct log_feed *log, struct shown *shown)
{
	const int64_t deadline = clock_monotonic() + PATIENCE;
	struct pollfd fd = {.fd = log_feed_fd(log), .events = POLLIN};
	uint64_t counter;

	assert_int_equal(rules_read_counter(rules, &counter), 0);
	while (shown->packets + shown->lost < counter) {
		if (clock_monotonic() >= deadline)
			fail_msg("%ju counted, %ju shown, %ju lost", (uintmax_t)counter,
				 (uintmax_t)shown->packets, (uintmax_t)shown->lost);
		poll(&fd, 1, 10);
		read_packets(log, shown);
	}
	assert_int_equal(shown->packets + shown->lost, counter);
}

static void open_log(struct rules **ret_rules, struct log_feed **ret_log)
{
	const struct log_feed_options log_options = {
	    .group = GROUP,
	    .settings = {.copy_range = LOG_FEED_COPY_RANGE,
			 .queue_threshold = LOG_FEED_QUEUE_THRESHOLD,
			 .timeout = LOG_FEED_TIMEOUT,
			 .batch_bytes = LOG_FEED_BATCH_BYTES},
	    .buffer_size = MEBIBYTE,
	    .fd = -1,
	};
	const struct rules_options rules_options = {
	    .table = "shown",
	    .group = GROUP,
	    .queue_threshold = LOG_FEED_QUEUE_THRESHOLD,
	    .snaplen = LOG_FEED_COPY_RANGE,
	};
	bool owned;

	assert_int_equal(log_feed_open(&log_options, ret_log), 0);
	assert_int_equal(rules_open(&rules_options, ret_rules, &owned), 0);
}

static void test_all_packets_shown(void **state)
{
	struct fixture *fixture = *state;
	struct shown shown = {0};
	struct log_feed *log;
	struct rules *rules;
	uint64_t counter;

	open_log(&rules, &log);
	for (size_t i = 0; i < 20000; i += 500) {
		lanes_send(fixture->lanes, true, i, 500);
		read_packets(log, &shown);
	}
	settle(rules, log, &shown);
	assert_int_equal(rules_read_counter(rules, &counter), 0);
	assert_int_equal(counter, 20000);
	assert_int_equal(shown.lost + shown.drops, 0);
	rules_close(rules);
	log_feed_close(log);
	lanes_flush();
}

/* The socket overflows; the hole shows with the next packet that comes. */
static void test_lost_packets_counted(void **state)
{
	struct fixture *fixture = *state;
	struct shown shown = {0};
	struct log_feed *log;
	struct rules *rules;
	uint64_t counter;

	open_log(&rules, &log);
	lanes_send(fixture->lanes, true, 0, 20000);
	read_packets(log, &shown);
	lanes_send(fixture->lanes, true, 20000, 200);
	settle(rules, log, &shown);
	assert_int_equal(rules_read_counter(rules, &counter), 0);
	assert_int_equal(counter, 20200);
	assert_true(shown.lost > 0 && shown.drops > 0 && shown.packets > 0);
	print_message("# %ju shown, %ju lost in %ju batches\n", (uintmax_t)shown.packets,
		      (uintmax_t)shown.lost, (uintmax_t)shown.drops);
	rules_close(rules);
	log_feed_close(log);
	lanes_flush();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_filter, begin, end),
	    cmocka_unit_test_setup_teardown(test_filter_behind_nat, begin, end),
	    cmocka_unit_test_setup_teardown(test_reliable, begin, end),
	    cmocka_unit_test_setup_teardown(test_unreliable, begin, end),
	    cmocka_unit_test_setup_teardown(test_dump, begin, end),
	    cmocka_unit_test_setup_teardown(test_all_packets_shown, begin, end),
	    cmocka_unit_test_setup_teardown(test_lost_packets_counted, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
