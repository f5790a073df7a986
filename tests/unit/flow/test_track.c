#include "tests/unit/flow/bench.h"

#include <stdio.h>

/* ---- how a connection went ---- */

static void test_answered(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event end = answered(CONNTRACK_DESTROY, T0);
	const struct flow *row;

	(void)state;
	tell(bench, tcp(CONNTRACK_NEW), T0 + NSEC_PER_MSEC);
	assert_int_equal(track_figures(bench->track).live, 1);
	take(bench);
	assert_int_equal(bench->row_count, 0);
	set_counters(&end, 5, 4, 500, 4000);
	set_stop(&end, T0 + SECONDS(50));
	tell(bench, end, T0 + SECONDS(51));
	row = take_row(bench);
	assert_int_equal(row->key.verdict, VERDICT_ANSWERED);
	assert_addr(row->key.source, "10.0.0.1");
	assert_addr(row->key.destination, "10.0.0.2");
	assert_int_equal(row->key.port, 80);
	assert_int_equal(row->key.direction_uncertain, 0);
	assert_int_equal(row->window, INT64_C(1700000040000));
	assert_int_equal(row->first_seen, clock_msec(T0));
	assert_int_equal(row->last_seen, clock_msec(T0 + SECONDS(50)));
	assert_totals(row->totals, 1, 1, 1, 5, 4, 500, 4000);
	assert_int_equal(bench->checkpoint_count, 0);
	assert_int_equal(bench->gap_count, 0);
	assert_int_equal(track_figures(bench->track).live, 0);
	assert_int_equal(track_figures(bench->track).created, 1);
	assert_int_equal(track_figures(bench->track).destroyed, 1);
	bench_free(bench);
}

static void check_end(struct conntrack_event begin, struct conntrack_event end,
		      uint64_t packets_received, enum verdict verdict)
{
	struct bench *bench = bench_new();
	const struct flow *row;

	tell(bench, begin, T0);
	set_counters(&end, 1, packets_received, 60, packets_received * 40);
	tell(bench, end, T0 + SECONDS(1));
	row = take_row(bench);
	assert_int_equal(row->key.verdict, verdict);
	assert_totals(row->totals, 1, 1, 1, 1, (int64_t)packets_received, 60,
		      (int64_t)packets_received * 40);
	bench_free(bench);
}

static void test_ends(void **state)
{
	struct conntrack_event replied = udp(CONNTRACK_DESTROY);

	(void)state;
	replied.status |= CONNTRACK_SEEN_REPLY;
	check_end(tcp(CONNTRACK_NEW), tcp(CONNTRACK_DESTROY), 1, VERDICT_REFUSED);
	check_end(tcp(CONNTRACK_NEW), tcp(CONNTRACK_DESTROY), 0, VERDICT_UNANSWERED);
	check_end(udp(CONNTRACK_NEW), udp(CONNTRACK_DESTROY), 0, VERDICT_ONE_WAY);
	check_end(udp(CONNTRACK_NEW), replied, 2, VERDICT_ANSWERED);
}

static void tell_next(struct bench *bench, struct conntrack_event *end)
{
	tell(bench, *end, T0);
	end->start++;
}

static void test_endings(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event end = answered(CONNTRACK_DESTROY, T0);
	struct totals totals;

	(void)state;
	end.has_tcp_state = true;
	end.tcp_state = TCP_CONNTRACK_TIME_WAIT;
	tell_next(bench, &end);
	end.tcp_state = TCP_CONNTRACK_CLOSE;
	for (unsigned i = 0; i < 2; i++)
		tell_next(bench, &end);
	end.tcp_state = TCP_CONNTRACK_ESTABLISHED;
	for (unsigned i = 0; i < 3; i++)
		tell_next(bench, &end);
	end.has_timeout = true;
	end.timeout = 99;
	for (unsigned i = 0; i < 4; i++)
		tell_next(bench, &end);
	track_set_pressure(bench->track, true);
	for (unsigned i = 0; i < 5; i++)
		tell_next(bench, &end);
	track_set_pressure(bench->track, false);
	tell_next(bench, &end);
	totals = take_row(bench)->totals;
	assert_int_equal(totals.closed, 16);
	assert_int_equal(totals.reset, 2);
	assert_int_equal(totals.timed_out, 3);
	assert_int_equal(totals.deleted, 5);
	assert_int_equal(totals.evicted, 5);
	assert_int_equal(totals.vanished, 0);
	bench_free(bench);
}

static void test_end_alone(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event end = answered(CONNTRACK_DESTROY, T0);
	const struct flow *row;

	(void)state;
	set_counters(&end, 5, 4, 500, 4000);
	tell(bench, end, T0 + SECONDS(600));
	row = take_row(bench);
	assert_totals(row->totals, 1, 1, 1, 5, 4, 500, 4000);
	assert_int_equal(row->first_seen, clock_msec(T0));
	assert_int_equal(row->last_seen, clock_msec(T0 + SECONDS(600)));
	assert_int_equal(bench->checkpoint_count, 0);
	bench_free(bench);
}

static void test_translated(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event end = answered(CONNTRACK_DESTROY, T0);
	const struct flow *row;

	(void)state;
	end.original = a_tuple(IPPROTO_TCP, "10.0.0.1", 40000, "10.96.0.10", 80);
	end.reply = a_tuple(IPPROTO_TCP, "10.0.1.5", 8080, "192.0.2.1", 61000);
	tell(bench, end, T0 + SECONDS(1));
	row = take_row(bench);
	assert_addr(row->key.source, "10.0.0.1");
	assert_addr(row->key.destination, "10.0.1.5");
	assert_int_equal(row->key.port, 8080);
	assert_addr(row->key.service, "10.96.0.10");
	assert_int_equal(row->key.service_port, 80);
	assert_addr(row->key.translated, "192.0.2.1");
	bench_free(bench);
}

static void test_icmp(void **state)
{
	struct tuple request = a_tuple(IPPROTO_ICMP, "10.0.0.1", 77, "10.0.0.2", 8 << 8);
	struct tuple reply = a_tuple(IPPROTO_ICMP, "10.0.0.2", 77, "10.0.0.1", 0);
	struct conntrack_event end = an_event(CONNTRACK_DESTROY, request, reply);
	struct bench *bench = bench_new();

	(void)state;
	tell(bench, end, T0);
	end.status |= CONNTRACK_SEEN_REPLY;
	tell(bench, end, T0);
	take(bench);
	assert_int_equal(bench->row_count, 2);
	assert_int_equal(row_of(bench, VERDICT_UNANSWERED)->key.has_port, 0);
	assert_int_equal(row_of(bench, VERDICT_ANSWERED)->key.port, 0);
	assert_int_equal(row_of(bench, VERDICT_ANSWERED)->key.protocol, IPPROTO_ICMP);
	bench_free(bench);
}

static void test_ipv6(void **state)
{
	struct tuple tuple = a_tuple(IPPROTO_SCTP, "fd00::1", 40000, "fd00::2", 9);
	struct conntrack_event event = an_event(CONNTRACK_NEW, tuple, reversed(tuple));
	struct bench *bench = bench_new();
	const struct flow *row;

	(void)state;
	tell(bench, event, T0);
	event.type = CONNTRACK_DESTROY;
	tell(bench, event, T0);
	row = take_row(bench);
	assert_addr(row->key.destination, "fd00::2");
	assert_int_equal(row->key.verdict, VERDICT_UNANSWERED);
	bench_free(bench);
}

static void test_mid_stream(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event event = tcp(CONNTRACK_NEW);

	(void)state;
	event.tcp_state = TCP_CONNTRACK_ESTABLISHED;
	tell(bench, event, T0);
	tell(bench, answered(CONNTRACK_DESTROY, T0), T0 + SECONDS(1));
	assert_int_equal(take_row(bench)->key.direction_uncertain, 1);

	event = answered(CONNTRACK_ENTRY, T0);
	event.tcp_picked_up = true;
	dump(bench, &event, T0 + SECONDS(2));
	assert_int_equal(take_row(bench)->key.direction_uncertain, 1);
	assert_true(bench->checkpoints[0].direction_uncertain);
	restart(bench);
	tell(bench, answered(CONNTRACK_DESTROY, T0), T0 + SECONDS(3));
	assert_int_equal(take_row(bench)->key.direction_uncertain, 1);
	bench_free(bench);
}

static void test_without_counters(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event entry = answered(CONNTRACK_ENTRY, T0);

	(void)state;
	tell(bench, tcp(CONNTRACK_NEW), T0);
	dump(bench, &entry, T0 + SECONDS(1));
	assert_totals(take_row(bench)->totals, 1, 0, 0, 0, 0, 0, 0);
	assert_false(bench->checkpoints[0].has_counters);
	tell(bench, answered(CONNTRACK_DESTROY, T0), T0 + SECONDS(2));
	assert_totals(take_row(bench)->totals, 0, 1, 0, 0, 0, 0, 0);
	bench_free(bench);
}

static void test_zones_are_apart(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event event = tcp(CONNTRACK_NEW);

	(void)state;
	tell(bench, event, T0);
	event.zone = 1;
	tell(bench, event, T0);
	assert_int_equal(track_figures(bench->track).live, 2);
	take(bench);
	assert_int_equal(bench->gap_count, 0);
	bench_free(bench);
}

/* ---- verdicts that change ---- */

static void test_silence_is_broken(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event entry = udp(CONNTRACK_ENTRY);

	(void)state;
	set_counters(&entry, 4, 0, 400, 0);
	dump(bench, &entry, T0);
	take(bench);
	assert_int_equal(bench->row_count, 0);
	dump(bench, &entry, T0 + SECONDS(1));
	take(bench);
	assert_totals(row_of(bench, VERDICT_ONE_WAY)->totals, 1, 0, 1, 4, 0, 400, 0);
	assert_int_equal(bench->checkpoints[0].verdict, VERDICT_ONE_WAY);

	entry.status |= CONNTRACK_SEEN_REPLY;
	set_counters(&entry, 5, 1, 500, 90);
	dump(bench, &entry, T0 + SECONDS(2));
	take(bench);
	assert_int_equal(bench->row_count, 2);
	assert_totals(row_of(bench, VERDICT_ONE_WAY)->totals, -1, 0, -1, 0, 0, 0, 0);
	assert_totals(row_of(bench, VERDICT_ANSWERED)->totals, 1, 0, 1, 1, 1, 100, 90);
	assert_int_equal(bench->checkpoints[0].verdict, VERDICT_ANSWERED);

	entry.type = CONNTRACK_DESTROY;
	tell(bench, entry, T0 + SECONDS(3));
	assert_totals(take_row(bench)->totals, 0, 1, 0, 0, 0, 0, 0);
	bench_free(bench);
}

/* Whoever has the address when the answer is seen may have come since. */
static void test_what_moves_began_before(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event entry = udp(CONNTRACK_ENTRY);

	(void)state;
	set_start(&entry, T0 - SECONDS(30));
	dump(bench, &entry, T0);
	dump(bench, &entry, T0 + SECONDS(1));
	assert_int_equal(take_row(bench)->first_seen, clock_msec(T0 - SECONDS(30)));
	entry.status |= CONNTRACK_SEEN_REPLY;
	dump(bench, &entry, T0 + SECONDS(2));
	take(bench);
	assert_int_equal(row_of(bench, VERDICT_ANSWERED)->first_seen, clock_msec(T0 - SECONDS(30)));
	assert_int_equal(row_of(bench, VERDICT_ANSWERED)->last_seen, clock_msec(T0 + SECONDS(2)));
	assert_int_equal(row_of(bench, VERDICT_ONE_WAY)->first_seen, clock_msec(T0 - SECONDS(30)));
	bench_free(bench);
}

static void test_silence_is_broken_after_a_restart(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event entry = udp(CONNTRACK_ENTRY);

	(void)state;
	set_counters(&entry, 4, 0, 400, 0);
	dump(bench, &entry, T0);
	dump(bench, &entry, T0 + SECONDS(1));
	take(bench);
	restart(bench);
	entry.type = CONNTRACK_DESTROY;
	entry.status |= CONNTRACK_SEEN_REPLY;
	set_counters(&entry, 5, 1, 500, 90);
	tell(bench, entry, T0 + SECONDS(2));
	take(bench);
	assert_int_equal(bench->row_count, 2);
	assert_totals(row_of(bench, VERDICT_ONE_WAY)->totals, -1, 0, -1, 0, 0, 0, 0);
	assert_totals(row_of(bench, VERDICT_ANSWERED)->totals, 1, 1, 1, 1, 1, 100, 90);
	assert_true(bench->checkpoints[0].remove);
	bench_free(bench);
}

/* What has been counted stays on the edge where it was counted, whatever the NEW says later. */
static void test_direction_stays_as_counted(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event entry = answered(CONNTRACK_ENTRY, T0), new = tcp(CONNTRACK_NEW);

	(void)state;
	track_dump_begin(bench->track);
	track_dump_entry(bench->track, &entry, T0 + SECONDS(1));
	new.tcp_state = TCP_CONNTRACK_ESTABLISHED;
	tell(bench, new, T0 + SECONDS(1));
	track_dump_end(bench->track, T0 + SECONDS(1));
	tell(bench, answered(CONNTRACK_DESTROY, T0), T0 + SECONDS(2));
	assert_totals(take_row(bench)->totals, 1, 1, 0, 0, 0, 0, 0);
	bench_free(bench);
}

/* ---- restarts ---- */

static void test_restored_then_dumped(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event entry = answered(CONNTRACK_ENTRY, T0);
	struct conntrack_event end = answered(CONNTRACK_DESTROY, T0);

	(void)state;
	dump_counters(bench, entry, 10, 1000, T0 + SECONDS(1));
	take(bench);
	restart(bench);
	assert_int_equal(track_figures(bench->track).live, 1);
	dump_counters(bench, entry, 12, 1200, T0 + SECONDS(60));
	assert_totals(take_row(bench)->totals, 0, 0, 0, 2, 2, 200, 200);
	assert_int_equal(bench->checkpoints[0].first_ns, T0);
	restart(bench);
	set_counters(&end, 13, 13, 1300, 1300);
	tell(bench, end, T0 + SECONDS(90));
	assert_totals(take_row(bench)->totals, 0, 1, 0, 1, 1, 100, 100);
	assert_true(bench->checkpoints[0].remove);
	restart(bench);
	bench_free(bench);
}

static void test_restored_and_gone(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 10, 1000, T0 + SECONDS(1));
	take(bench);
	restart(bench);
	assert_int_equal(dump(bench, NULL, T0 + SECONDS(60)), 0);
	assert_int_equal(dump(bench, NULL, T0 + SECONDS(120)), 1);
	assert_totals(take_row(bench)->totals, 0, 1, 0, 0, 0, 0, 0);
	assert_int_equal(bench->gap_count, 1);
	assert_true(bench->checkpoints[0].remove);
	bench_free(bench);
}

/* The key was used again while nobody listened. */
static void test_restored_and_replaced(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event end = answered(CONNTRACK_DESTROY, T0 + SECONDS(50));

	(void)state;
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 10, 1000, T0 + SECONDS(1));
	take(bench);
	restart(bench);
	tell(bench, tcp(CONNTRACK_NEW), T0 + SECONDS(50));
	set_counters(&end, 20, 20, 2000, 2000);
	tell(bench, end, T0 + SECONDS(60));
	assert_totals(take_row(bench)->totals, 1, 2, 1, 20, 20, 2000, 2000);
	assert_int_equal(track_figures(bench->track).live, 0);
	bench_free(bench);
}

static void test_restored_twice(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 10, 1000, T0 + SECONDS(1));
	take(bench);
	restart(bench);
	track_restore(bench->track, &bench->checkpoints[0], T0 + SECONDS(2));
	assert_int_equal(track_figures(bench->track).live, 1);
	bench_free(bench);
}

/* Those that were left out are counted again, and so is one that was awaited. */
static void test_restored_without_room(void **state)
{
	struct track_options narrow = options;
	struct bench *bench = bench_new();
	struct conntrack_event event = answered(CONNTRACK_ENTRY, T0);
	struct checkpoint rows[3];

	(void)state;
	track_dump_begin(bench->track);
	for (uint16_t port = 1; port <= 2; port++) {
		event.original.source_port = port;
		track_dump_entry(bench->track, &event, T0 + SECONDS(1));
	}
	track_dump_end(bench->track, T0 + SECONDS(1));
	take(bench);
	assert_int_equal(bench->checkpoint_count, 2);
	rows[0] = rows[2] = bench->checkpoints[0];
	rows[1] = bench->checkpoints[1];
	rows[2].start_ns -= SECONDS(10);
	track_free(bench->track);
	narrow.live_limit = 1;
	bench_start(bench, narrow);
	for (size_t i = 0; i < COUNT(rows); i++) {
		track_restore(bench->track, &rows[i], T0 + SECONDS(2));
		take(bench);
		assert_int_equal(bench->gap_count, i > 0);
	}
	assert_int_equal(bench->gaps[0].source, LOSS_STORE);
	assert_int_equal(bench->gaps[0].at_most, 1);
	assert_int_equal(bench->gaps[0].from, clock_msec(T0 + SECONDS(2)));
	bench_free(bench);
}

/* ---- the end of a run ---- */

static void finish(struct bench *bench, int64_t now)
{
	track_finish(bench->track, now, look_nowhere, NULL);
}

static void test_finish(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event silent = tcp(CONNTRACK_ENTRY);
	struct conntrack_event other = udp(CONNTRACK_ENTRY);

	(void)state;
	track_dump_begin(bench->track);
	set_counters(&silent, 3, 0, 180, 0);
	track_dump_entry(bench->track, &silent, T0);
	set_counters(&other, 4, 4, 400, 400);
	other.status |= CONNTRACK_SEEN_REPLY;
	track_dump_entry(bench->track, &other, T0);
	track_dump_end(bench->track, T0);
	other.original.source_port = 1;
	other.type = CONNTRACK_NEW;
	tell(bench, other, T0);
	finish(bench, T0 + SECONDS(1));
	take(bench);
	assert_int_equal(bench->row_count, 3);
	assert_totals(row_of(bench, VERDICT_UNANSWERED)->totals, 1, 0, 1, 3, 0, 180, 0);
	assert_totals(row_of(bench, VERDICT_ANSWERED)->totals, 1, 0, 1, 4, 4, 400, 400);
	assert_totals(row_of(bench, VERDICT_ONE_WAY)->totals, 1, 0, 0, 0, 0, 0, 0);
	assert_int_equal(bench->checkpoint_count, 3);
	bench_free(bench);
}

static void test_finished_goes_on(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event entry = tcp(CONNTRACK_ENTRY);

	(void)state;
	set_start(&entry, T0);
	dump_counters(bench, entry, 3, 180, T0);
	finish(bench, T0 + SECONDS(1));
	take(bench);
	assert_int_equal(bench->checkpoint_count, 1);
	restart(bench);
	dump_counters(bench, entry, 4, 240, T0 + SECONDS(2));
	assert_totals(take_row(bench)->totals, 0, 0, 0, 1, 1, 60, 60);
	assert_int_equal(bench->rows[0].key.verdict, VERDICT_UNANSWERED);
	restart(bench);
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 5, 300, T0 + SECONDS(3));
	take(bench);
	assert_int_equal(bench->row_count, 2);
	assert_totals(row_of(bench, VERDICT_UNANSWERED)->totals, -1, 0, -1, 0, 0, 0, 0);
	assert_totals(row_of(bench, VERDICT_ANSWERED)->totals, 1, 0, 1, 1, 1, 60, 60);
	bench_free(bench);
}

/* A run can end before any dump told the start and the counters; the next one learns them. */
static void test_start_and_counters_known_later(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event entry = answered(CONNTRACK_ENTRY, T0);

	(void)state;
	tell(bench, tcp(CONNTRACK_NEW), T0);
	finish(bench, T0 + SECONDS(1));
	assert_totals(take_row(bench)->totals, 1, 0, 0, 0, 0, 0, 0);
	assert_int_equal(bench->checkpoints[0].start_ns, 0);
	restart(bench);
	dump_counters(bench, entry, 4, 240, T0 + SECONDS(2));
	take(bench);
	assert_totals(row_of(bench, VERDICT_UNANSWERED)->totals, -1, 0, 0, 0, 0, 0, 0);
	assert_totals(row_of(bench, VERDICT_ANSWERED)->totals, 1, 0, 1, 4, 4, 240, 240);
	/* The row without a start goes, else the next run would count on. */
	assert_true(bench->checkpoint_count >= 2);
	assert_true(bench->checkpoints[0].remove);
	assert_int_equal(bench->checkpoints[0].start_ns, 0);
	for (size_t i = 1; i < bench->checkpoint_count; i++) {
		assert_false(bench->checkpoints[i].remove);
		assert_int_equal(bench->checkpoints[i].start_ns, T0);
	}
	bench_free(bench);
}

static void test_counters_known_later(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	tell(bench, udp(CONNTRACK_NEW), T0);
	finish(bench, T0 + SECONDS(1));
	take(bench);
	restart(bench);
	dump_counters(bench, udp(CONNTRACK_ENTRY), 4, 240, T0 + SECONDS(2));
	assert_totals(take_row(bench)->totals, 0, 0, 1, 4, 4, 240, 240);
	bench_free(bench);
}

static void test_finish_judges_what_waits(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	show_packet(bench, T0);
	finish(bench, T0 + 1);
	assert_int_equal(take_row(bench)->key.verdict, VERDICT_DENIED);
	assert_int_equal(track_figures(bench->track).waiting, 0);
	bench_free(bench);
}

/* ---- limits ---- */

static void test_live_limit(void **state)
{
	struct track_options narrow = options;
	struct bench *bench;
	struct conntrack_event event = tcp(CONNTRACK_NEW);

	(void)state;
	narrow.live_limit = 2;
	bench = bench_new_with(narrow, (struct fold_options){.window = WINDOW, .limit = 100});
	for (uint16_t port = 1; port <= 3; port++) {
		event.original.source_port = port;
		tell(bench, event, T0);
	}
	assert_int_equal(track_figures(bench->track).live, 2);
	event = answered(CONNTRACK_ENTRY, T0);
	event.original.source_port = 3;
	set_counters(&event, 5, 5, 500, 500);
	dump(bench, &event, T0);
	take(bench);
	assert_int_equal(bench->row_count, 0);
	assert_int_equal(bench->gap_count, 1);
	assert_int_equal(bench->gaps[0].source, LOSS_STORE);
	event.type = CONNTRACK_DESTROY;
	tell(bench, event, T0 + SECONDS(1));
	assert_totals(take_row(bench)->totals, 1, 1, 1, 5, 5, 500, 500);
	bench_free(bench);
}

static void test_fold_limit(void **state)
{
	struct bench *bench =
	    bench_new_with(options, (struct fold_options){.window = WINDOW, .limit = 2});
	struct conntrack_event event = answered(CONNTRACK_DESTROY, T0);

	(void)state;
	for (uint16_t port = 1; port <= 5; port++) {
		event.original.destination_port = event.reply.source_port = port;
		tell(bench, event, T0 + SECONDS(port));
	}
	take(bench);
	assert_int_equal(bench->row_count, 2);
	assert_int_equal(bench->gap_count, 1);
	assert_int_equal(bench->gaps[0].source, LOSS_STORE);
	assert_int_equal(bench->gaps[0].at_most, 3);
	assert_int_equal(bench->gaps[0].from, clock_msec(T0 + SECONDS(3)));
	assert_int_equal(bench->gaps[0].until, clock_msec(T0 + SECONDS(5)));
	bench_free(bench);
}

static void test_zero_window(void **state)
{
	struct bench *bench =
	    bench_new_with(options, (struct fold_options){.window = 0, .limit = 100});

	(void)state;
	for (int64_t i = 0; i < 2; i++)
		tell(bench, answered(CONNTRACK_DESTROY, T0 + i), T0 + SECONDS(70));
	take(bench);
	assert_int_equal(bench->row_count, 2);
	assert_int_equal(bench->rows[0].length, 0);
	assert_int_equal(bench->rows[0].window, clock_msec(T0));
	assert_int_equal(bench->rows[0].last_seen, clock_msec(T0 + SECONDS(70)));
	bench_free(bench);
}

/* ---- gaps ---- */

static void test_gaps(void **state)
{
	struct bench *bench = bench_new();
	const struct loss bounded = {.source = LOSS_CONNTRACK, .bounded = true, .at_most = 4};
	const struct loss unbounded = {.source = LOSS_CONNTRACK};

	(void)state;
	track_loss(bench->track, &bounded, T0, T0 + SECONDS(2), "a");
	track_loss(bench->track, &bounded, T0 - SECONDS(1), T0 + SECONDS(1), "a");
	track_loss(bench->track, &bounded, T0, T0, "b");
	track_loss(bench->track, &unbounded, T0 + SECONDS(5), T0 + SECONDS(6), "b");
	track_loss(bench->track, &bounded, T0, T0, "b");
	take(bench);
	assert_int_equal(bench->gap_count, 2);
	assert_int_equal(bench->gaps[0].from, clock_msec(T0 - SECONDS(1)));
	assert_int_equal(bench->gaps[0].until, clock_msec(T0 + SECONDS(2)));
	assert_int_equal(bench->gaps[0].at_most, 8);
	assert_string_equal(bench->gaps[0].reason, "a");
	assert_int_equal(bench->gaps[1].at_most, -1);
	take(bench);
	assert_int_equal(bench->gap_count, 0);
	bench_free(bench);
}

/* However many kinds there are: none is forgotten, the sum of the bounds stays. */
static void test_many_gaps(void **state)
{
	static char reasons[200][16];
	struct bench *bench = bench_new();
	const struct loss loss = {.source = LOSS_TABLE, .bounded = true, .at_most = 2};
	int64_t sum = 0, until = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		snprintf(reasons[i], sizeof(reasons[i]), "%d", i);
		track_loss(bench->track, &loss, T0, T0 + SECONDS(i), reasons[i]);
	}
	take(bench);
	for (size_t i = 0; i < bench->gap_count; i++) {
		sum += bench->gaps[i].at_most;
		until = bench->gaps[i].until > until ? bench->gaps[i].until : until;
	}
	assert_int_equal(sum, 400);
	assert_int_equal(until, clock_msec(T0 + SECONDS(199)));
	bench_free(bench);
}

/* ---- pods ---- */

static uint32_t put_pod(struct bench *bench, const char *name, const char *address, int64_t since,
			int64_t until)
{
	char *text = (char *)(uintptr_t)name, nothing[] = "", namespace[] = "shop";
	struct pod_address owned = {ip(address), since, until, false, false};
	const struct pod pod = {.namespace = namespace,
				.name = text,
				.uid = text,
				.sandbox = text,
				.source = nothing,
				.addresses = &owned,
				.address_count = 1};
	uint32_t number = 0;
	bool changed;

	assert_int_equal(registry_put(bench->registry, &pod, &number, &changed), 0);
	return number;
}

static void test_pods_of_the_start(void **state)
{
	struct bench *bench = bench_new();
	uint32_t web = put_pod(bench, "web", "10.0.0.1", T0, T0 + SECONDS(10));
	uint32_t api = put_pod(bench, "api", "10.0.0.2", T0, INTERVAL_OPEN);
	uint32_t job = put_pod(bench, "job", "10.0.0.1", T0 + SECONDS(10), INTERVAL_OPEN);

	(void)state;
	tell(bench, tcp(CONNTRACK_NEW), T0 + SECONDS(5));
	tell(bench, answered(CONNTRACK_DESTROY, T0 + SECONDS(5)), T0 + SECONDS(35));
	assert_int_equal(take_row(bench)->key.source_pod, web);
	assert_int_equal(bench->rows[0].key.destination_pod, api);
	tell(bench, answered(CONNTRACK_DESTROY, T0 + SECONDS(10)), T0 + SECONDS(35));
	assert_int_equal(take_row(bench)->key.source_pod, job);
	tell(bench, answered(CONNTRACK_DESTROY, T0 - SECONDS(9)), T0 + SECONDS(35));
	assert_int_equal(take_row(bench)->key.source_pod, 0);
	/* Within the slack. */
	tell(bench, answered(CONNTRACK_DESTROY, T0 - SECONDS(4)), T0 + SECONDS(35));
	assert_int_equal(take_row(bench)->key.source_pod, web);
	bench_free(bench);
}

/* Sums of a pair of pods over all rows. */
static struct totals totals_of(const struct bench *bench, uint32_t source, uint32_t destination)
{
	struct totals totals = {0};

	for (size_t i = 0; i < bench->row_count; i++)
		if (bench->rows[i].key.source_pod == source &&
		    bench->rows[i].key.destination_pod == destination)
			totals_add(&totals, &bench->rows[i].totals);
	return totals;
}

/* Who did not answer may not have been there. */
static void test_only_who_spoke_is_bound_late(void **state)
{
	struct bench *bench = bench_new();
	uint32_t web = put_pod(bench, "web", "10.0.0.1", T0 + SECONDS(2), INTERVAL_OPEN);
	uint32_t api = put_pod(bench, "api", "10.0.0.2", T0 + SECONDS(2), INTERVAL_OPEN);
	struct conntrack_event silent = tcp(CONNTRACK_DESTROY);

	(void)state;
	set_start(&silent, T0);
	tell(bench, silent, T0 + SECONDS(9));
	assert_int_equal(take_row(bench)->key.source_pod, web);
	assert_int_equal(bench->rows[0].key.destination_pod, 0);
	tell(bench, answered(CONNTRACK_DESTROY, T0 + 1), T0 + SECONDS(9));
	assert_int_equal(take_row(bench)->key.source_pod, web);
	assert_int_equal(bench->rows[0].key.destination_pod, api);
	bench_free(bench);
}

static void test_who_was_denied_is_not_bound_late(void **state)
{
	struct bench *bench = bench_new();
	uint32_t web = put_pod(bench, "web", "10.0.0.1", T0 + SECONDS(2), INTERVAL_OPEN);

	(void)state;
	put_pod(bench, "api", "10.0.0.2", T0 + SECONDS(2), INTERVAL_OPEN);
	show_packet(bench, T0);
	expire(bench, 0, T0 + SECONDS(9));
	assert_int_equal(take_row(bench)->key.verdict, VERDICT_DENIED);
	assert_int_equal(bench->rows[0].key.source_pod, web);
	assert_int_equal(bench->rows[0].key.destination_pod, 0);
	bench_free(bench);
}

/* Two pods were told to have had it, until one was told to have ended before. */
static void test_ambiguous_for_a_moment(void **state)
{
	struct bench *bench = bench_new();
	uint32_t job;

	(void)state;
	put_pod(bench, "web", "10.0.0.1", T0 - SECONDS(9), INTERVAL_OPEN);
	job = put_pod(bench, "job", "10.0.0.1", T0, INTERVAL_OPEN);
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 5, 500, T0 + SECONDS(1));
	assert_int_equal(take_row(bench)->key.source_pod, 0);
	put_pod(bench, "web", "10.0.0.1", T0 - SECONDS(9), T0);
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 5, 500, T0 + SECONDS(2));
	take(bench);
	assert_int_equal(totals_of(bench, 0, 0).connections, -1);
	assert_int_equal(totals_of(bench, job, 0).connections, 1);
	bench_free(bench);
}

/* The earlier owner's end is told after the connection was counted. */
static void test_taken_over_later(void **state)
{
	struct bench *bench = bench_new();
	uint32_t web = put_pod(bench, "web", "10.0.0.1", T0 - SECONDS(9), INTERVAL_OPEN), job;

	(void)state;
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 5, 500, T0 + SECONDS(1));
	assert_int_equal(take_row(bench)->key.source_pod, web);
	put_pod(bench, "web", "10.0.0.1", T0 - SECONDS(9), T0 - SECONDS(1));
	job = put_pod(bench, "job", "10.0.0.1", T0 - SECONDS(1), INTERVAL_OPEN);
	tell(bench, answered(CONNTRACK_DESTROY, T0), T0 + SECONDS(2));
	take(bench);
	assert_int_equal(totals_of(bench, web, 0).connections, -1);
	assert_int_equal(totals_of(bench, job, 0).connections, 1);
	assert_int_equal(totals_of(bench, job, 0).closed, 1);
	bench_free(bench);
}

/* It stays where the earlier run counted it; where that knew nobody, it may move. */
static void test_known_later_after_a_restart(void **state)
{
	struct bench *bench = bench_new();
	uint32_t web = put_pod(bench, "web", "10.0.0.1", T0, INTERVAL_OPEN), api;

	(void)state;
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 5, 500, T0 + SECONDS(1));
	assert_int_equal(take_row(bench)->key.source_pod, web);
	restart(bench);
	put_pod(bench, "job", "10.0.0.1", T0, INTERVAL_OPEN);
	api = put_pod(bench, "api", "10.0.0.2", T0, INTERVAL_OPEN);
	tell(bench, answered(CONNTRACK_DESTROY, T0), T0 + SECONDS(40));
	take(bench);
	assert_int_equal(totals_of(bench, web, 0).connections, -1);
	assert_int_equal(totals_of(bench, web, api).connections, 1);
	assert_int_equal(totals_of(bench, web, api).closed, 1);
	bench_free(bench);
}

static bool is_marked(void *context, uint32_t number)
{
	const bool *marks = context;

	return marks[number];
}

static void mark(void *context, uint32_t number)
{
	bool *marks = context;

	assert_true(number < 8);
	marks[number] = true;
}

static void forget_unused(struct bench *bench)
{
	bool marks[8] = {false};

	track_visit_pods(bench->track, T0, mark, marks);
	registry_forget(bench->registry, INT64_MAX - 1, is_marked, marks);
}

/* Whoever a connection began with is known for as long as it is open. */
static void test_pods_of_what_is_open_are_kept(void **state)
{
	struct bench *bench = bench_new();
	uint32_t web = put_pod(bench, "web", "10.0.0.1", T0, T0 + SECONDS(10));
	uint32_t api = put_pod(bench, "api", "10.0.0.2", T0, T0 + SECONDS(10));

	(void)state;
	/* Not counted yet: it is bound by who asks. */
	tell(bench, tcp(CONNTRACK_NEW), T0 + SECONDS(5));
	put_pod(bench, "job", "10.0.0.1", T0 + SECONDS(10), T0 + SECONDS(20));
	forget_unused(bench);
	assert_int_equal(registry_count(bench->registry), 2);
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0 + SECONDS(5)), 5, 500, T0 + SECONDS(60));
	assert_int_equal(take_row(bench)->key.source_pod, web);
	assert_int_equal(bench->rows[0].key.destination_pod, api);
	forget_unused(bench);
	/* What was forgotten by the time of the connection leaves it where it is. */
	put_pod(bench, "later", "10.0.0.1", T0 + SECONDS(1), T0 + SECONDS(9));
	tell(bench, answered(CONNTRACK_DESTROY, T0 + SECONDS(5)), T0 + SECONDS(90));
	assert_int_equal(take_row(bench)->key.source_pod, web);
	forget_unused(bench);
	assert_int_equal(registry_count(bench->registry), 0);
	bench_free(bench);
}

static void test_ambiguous_address(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	put_pod(bench, "web", "10.0.0.1", T0, INTERVAL_OPEN);
	put_pod(bench, "job", "10.0.0.1", T0, INTERVAL_OPEN);
	tell(bench, answered(CONNTRACK_DESTROY, T0 + SECONDS(5)), T0 + SECONDS(35));
	assert_int_equal(take_row(bench)->key.source_pod, 0);
	bench_free(bench);
}

static void test_pods_of_denied(void **state)
{
	struct bench *bench = bench_new();
	uint32_t web = put_pod(bench, "web", "10.0.0.1", T0 - SECONDS(9), T0 + NSEC_PER_SEC);
	uint32_t api = put_pod(bench, "api", "10.0.0.2", T0 - SECONDS(9), INTERVAL_OPEN);

	(void)state;
	put_pod(bench, "job", "10.0.0.1", T0 + NSEC_PER_SEC, INTERVAL_OPEN);
	show_packet(bench, T0);
	expire(bench, 0, T0 + SECONDS(9));
	assert_int_equal(take_row(bench)->key.source_pod, web);
	assert_int_equal(bench->rows[0].key.destination_pod, api);
	bench_free(bench);
}

/* The pod is told after the connection was counted: no edge may be left with an end but without
 * its connection. */
static void test_pod_known_later(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 5, 500, T0 + SECONDS(1));
	put_pod(bench, "web", "10.0.0.1", T0, INTERVAL_OPEN);
	tell(bench, answered(CONNTRACK_DESTROY, T0), T0 + SECONDS(2));
	take(bench);
	for (size_t i = 0; i < bench->row_count; i++) {
		assert_true(bench->rows[i].totals.connections >= 0);
		assert_int_equal(bench->rows[i].totals.closed, bench->rows[i].totals.connections);
		assert_int_equal(bench->rows[i].totals.counted, bench->rows[i].totals.connections);
	}
	bench_free(bench);
}

/* It began while nobody watched, and whoever had the address before may have been there still. */
static void test_began_unseen(void **state)
{
	struct bench *bench = bench_new();
	uint32_t api = put_pod(bench, "api", "10.0.0.2", T0 - SECONDS(60), INTERVAL_OPEN);

	(void)state;
	put_pod(bench, "gone", "10.0.0.1", T0 - SECONDS(60), T0 - SECONDS(3));
	put_pod(bench, "next", "10.0.0.1", T0 - SECONDS(2), INTERVAL_OPEN);
	registry_unwatched(bench->registry, T0 - SECONDS(3), T0 + SECONDS(1), SECONDS(10));
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 5, 500, T0 + SECONDS(1));
	assert_int_equal(take_row(bench)->key.source_pod, 0);
	assert_int_equal(bench->rows[0].key.destination_pod, api);
	/* So that no reader takes it for the next one's. */
	assert_int_equal(bench->rows[0].first_seen,
			 clock_msec(T0 - SECONDS(2) - options.bind_slack) - 1);
	bench_free(bench);
}

/* The edge of a restored connection is the one on which it was counted. */
static void test_pods_after_a_restart(void **state)
{
	struct bench *bench = bench_new();
	uint32_t web = put_pod(bench, "web", "10.0.0.1", T0, T0 + SECONDS(20));

	(void)state;
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 5, 500, T0 + SECONDS(1));
	assert_int_equal(take_row(bench)->key.source_pod, web);
	restart(bench);
	tell(bench, answered(CONNTRACK_DESTROY, T0), T0 + SECONDS(40));
	assert_int_equal(take_row(bench)->key.source_pod, web);
	bench_free(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_answered),
	    cmocka_unit_test(test_ends),
	    cmocka_unit_test(test_endings),
	    cmocka_unit_test(test_end_alone),
	    cmocka_unit_test(test_translated),
	    cmocka_unit_test(test_icmp),
	    cmocka_unit_test(test_ipv6),
	    cmocka_unit_test(test_mid_stream),
	    cmocka_unit_test(test_without_counters),
	    cmocka_unit_test(test_zones_are_apart),
	    cmocka_unit_test(test_silence_is_broken),
	    cmocka_unit_test(test_what_moves_began_before),
	    cmocka_unit_test(test_silence_is_broken_after_a_restart),
	    cmocka_unit_test(test_direction_stays_as_counted),
	    cmocka_unit_test(test_restored_then_dumped),
	    cmocka_unit_test(test_restored_and_gone),
	    cmocka_unit_test(test_restored_and_replaced),
	    cmocka_unit_test(test_restored_twice),
	    cmocka_unit_test(test_restored_without_room),
	    cmocka_unit_test(test_finish),
	    cmocka_unit_test(test_finished_goes_on),
	    cmocka_unit_test(test_start_and_counters_known_later),
	    cmocka_unit_test(test_counters_known_later),
	    cmocka_unit_test(test_finish_judges_what_waits),
	    cmocka_unit_test(test_live_limit),
	    cmocka_unit_test(test_fold_limit),
	    cmocka_unit_test(test_zero_window),
	    cmocka_unit_test(test_gaps),
	    cmocka_unit_test(test_many_gaps),
	    cmocka_unit_test(test_pods_of_the_start),
	    cmocka_unit_test(test_only_who_spoke_is_bound_late),
	    cmocka_unit_test(test_who_was_denied_is_not_bound_late),
	    cmocka_unit_test(test_ambiguous_for_a_moment),
	    cmocka_unit_test(test_taken_over_later),
	    cmocka_unit_test(test_known_later_after_a_restart),
	    cmocka_unit_test(test_pods_of_what_is_open_are_kept),
	    cmocka_unit_test(test_ambiguous_address),
	    cmocka_unit_test(test_pods_of_denied),
	    cmocka_unit_test(test_pod_known_later),
	    cmocka_unit_test(test_began_unseen),
	    cmocka_unit_test(test_pods_after_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
