#include "tests/unit/flow/bench.h"

/* ---- first packets ---- */

static void test_denied(void **state)
{
	struct bench *bench = bench_new();
	const struct flow *row;

	(void)state;
	show_packet(bench, T0);
	assert_int_equal(track_figures(bench->track).waiting, 1);
	expire(bench, 0, T0 + PENDING_WAIT / 2);
	take(bench);
	assert_int_equal(bench->row_count, 0);
	expire(bench, 0, T0 + PENDING_WAIT);
	row = take_row(bench);
	assert_int_equal(row->key.verdict, VERDICT_DENIED);
	assert_addr(row->key.source, "10.0.0.1");
	assert_addr(row->key.destination, "10.0.0.2");
	assert_int_equal(row->key.has_port, 1);
	assert_int_equal(row->key.port, 80);
	assert_false(addr_is_set(row->key.service));
	assert_totals(row->totals, 1, 1, 0, 0, 0, 0, 0);
	assert_int_equal(row->first_seen, clock_msec(T0));
	assert_int_equal(row->last_seen, clock_msec(T0));
	assert_int_equal(track_figures(bench->track).denied, 1);
	assert_int_equal(track_figures(bench->track).packets, 1);
	assert_int_equal(track_figures(bench->track).waiting, 0);
	bench_free(bench);
}

/* The event of a connection and the packet that opened it, in either order. */
static void check_confirmed(struct conntrack_event event, bool event_first)
{
	struct bench *bench = bench_new();

	if (!event_first)
		show_packet(bench, T0);
	if (event.type == CONNTRACK_ENTRY)
		dump(bench, &event, T0 + SECONDS(1));
	else
		tell(bench, event, T0 + SECONDS(1));
	if (event_first)
		show_packet(bench, T0 + SECONDS(2));
	assert_int_equal(track_figures(bench->track).waiting, 0);
	expire(bench, 0, T0 + SECONDS(20));
	take(bench);
	assert_int_equal(track_figures(bench->track).denied, 0);
	for (size_t i = 0; i < bench->row_count; i++)
		assert_int_equal(bench->rows[i].key.verdict, VERDICT_ANSWERED);
	bench_free(bench);
}

static void test_confirmed(void **state)
{
	(void)state;
	check_confirmed(tcp(CONNTRACK_NEW), false);
	check_confirmed(tcp(CONNTRACK_NEW), true);
	check_confirmed(answered(CONNTRACK_DESTROY, T0), false);
	check_confirmed(answered(CONNTRACK_DESTROY, T0), true);
	check_confirmed(answered(CONNTRACK_ENTRY, T0), false);
	check_confirmed(answered(CONNTRACK_ENTRY, T0), true);
}

/* In forward a packet has the backend as its destination already, and its own source still. */
static void test_confirmed_behind_a_service(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event event = tcp(CONNTRACK_NEW);

	(void)state;
	show_packet(bench, T0);
	event.original.destination = ip("10.96.0.10");
	event.original.destination_port = 8000;
	event.reply.destination = ip("192.0.2.1");
	tell(bench, event, T0 + SECONDS(1));
	assert_int_equal(track_figures(bench->track).waiting, 0);
	bench_free(bench);
}

static void test_found_in_the_table(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	show_packet(bench, T0);
	expire(bench, 1, T0 + SECONDS(5));
	take(bench);
	assert_int_equal(bench->row_count, 0);
	assert_int_equal(track_figures(bench->track).denied, 0);
	bench_free(bench);
}

static void check_unknown(struct bench *bench, int found)
{
	const struct flow *row;

	expire(bench, found, T0 + SECONDS(5));
	row = take_row(bench);
	assert_int_equal(row->key.verdict, VERDICT_UNKNOWN);
	assert_totals(row->totals, 0, 0, 0, 0, 0, 0, 0);
	assert_int_equal(track_figures(bench->track).denied, 0);
	bench_free(bench);
}

static void test_table_does_not_answer(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	show_packet(bench, T0);
	check_unknown(bench, -5);
}

static void lose(struct bench *bench, enum loss_source source, int64_t from, int64_t until)
{
	const struct loss loss = {.source = source, .bounded = true, .at_most = 3};

	track_loss(bench->track, &loss, from, until, "test");
}

static void test_loss_while_it_waits(void **state)
{
	static const enum loss_source sources[] = {LOSS_CONNTRACK, LOSS_TABLE, LOSS_LOG};

	(void)state;
	for (size_t i = 0; i < COUNT(sources); i++) {
		struct bench *bench = bench_new();

		show_packet(bench, T0);
		lose(bench, sources[i], T0 + SECONDS(1), T0 + SECONDS(2));
		check_unknown(bench, 0);
	}
}

/* Packets are told in batches: their events may be lost before they come. */
static void test_loss_just_before(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	lose(bench, LOSS_CONNTRACK, T0 - SECONDS(2), T0 - SECONDS(1));
	show_packet(bench, T0);
	check_unknown(bench, 0);
}

/* Events come late, none is missing. */
static void test_disturbed(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	show_packet(bench, T0);
	track_disturbed(bench->track, T0 - SECONDS(1), T0 + SECONDS(1));
	expire(bench, 0, T0 + PENDING_WAIT);
	assert_int_equal(take_row(bench)->key.verdict, VERDICT_UNKNOWN);
	assert_int_equal(bench->gap_count, 0);
	assert_int_equal(track_figures(bench->track).denied, 0);
	bench_free(bench);
}

/* Long open when it is shown, it is no news that must be remembered. */
static void test_shown_by_a_dump(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event entry = answered(CONNTRACK_ENTRY, T0 - SECONDS(60));

	(void)state;
	show_packet(bench, T0);
	dump(bench, &entry, T0 + SECONDS(1));
	assert_int_equal(track_figures(bench->track).waiting, 0);
	show_packet(bench, T0 + SECONDS(1));
	assert_int_equal(track_figures(bench->track).waiting, 1);
	expire(bench, 1, T0 + SECONDS(9));
	set_start(&entry, T0 + SECONDS(10));
	entry.id++;
	dump(bench, &entry, T0 + SECONDS(10));
	take(bench);
	show_packet(bench, T0 + SECONDS(200));
	dump(bench, &entry, T0 + SECONDS(200));
	assert_int_equal(track_figures(bench->track).waiting, 0);
	bench_free(bench);
}

static void test_loss_long_before(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	lose(bench, LOSS_CONNTRACK, T0 - SECONDS(60), T0 - SECONDS(30));
	show_packet(bench, T0);
	expire(bench, 0, T0 + SECONDS(5));
	assert_int_equal(take_row(bench)->key.verdict, VERDICT_DENIED);
	bench_free(bench);
}

static void test_confirmations_do_not_fit(void **state)
{
	struct track_options narrow = options;
	struct bench *bench;
	struct conntrack_event event = tcp(CONNTRACK_NEW);

	(void)state;
	narrow.pending.confirmed_limit = 1;
	bench = bench_new_with(narrow, (struct fold_options){.window = WINDOW, .limit = 100});
	event.original.source_port = 1;
	tell(bench, event, T0);
	event.original.source_port = 2;
	tell(bench, event, T0);
	show_packet(bench, T0 + SECONDS(1));
	expire(bench, 0, T0 + SECONDS(9));
	take(bench);
	assert_totals(row_of(bench, VERDICT_UNKNOWN)->totals, 0, 0, 0, 0, 0, 0, 0);
	bench_free(bench);
}

static void test_packets_do_not_fit(void **state)
{
	struct track_options narrow = options;
	struct bench *bench;
	struct conntrack_event event = tcp(CONNTRACK_NEW);

	(void)state;
	narrow.pending.packet_limit = 1;
	bench = bench_new_with(narrow, (struct fold_options){.window = WINDOW, .limit = 100});
	for (uint16_t port = 1; port <= 3; port++) {
		struct packet_event packet = packet_of(&event);

		packet.tuple.source_port = port;
		track_packet(bench->track, &packet, T0);
	}
	take(bench);
	assert_int_equal(bench->gap_count, 1);
	assert_int_equal(bench->gaps[0].source, LOSS_LOG);
	assert_int_equal(bench->gaps[0].at_most, 2);
	bench_free(bench);
}

static void test_retransmissions(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	for (int64_t after = 1; after <= 128; after *= 2) {
		show_packet(bench, T0 + SECONDS(after - 1));
		expire(bench, 0, T0 + SECONDS(after - 1) + PENDING_WAIT);
	}
	assert_totals(take_row(bench)->totals, 1, 1, 0, 0, 0, 0, 0);
	show_packet(bench, T0 + SECONDS(131));
	expire(bench, 0, T0 + SECONDS(140));
	assert_totals(take_row(bench)->totals, 1, 1, 0, 0, 0, 0, 0);
	assert_int_equal(track_figures(bench->track).denied, 2);
	bench_free(bench);
}

static void test_fragments_are_not_judged(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event event = udp(CONNTRACK_NEW);
	struct packet_event packet = packet_of(&event);

	(void)state;
	packet.fragment = true;
	packet.tuple.has_ports = false;
	packet.tuple.source_port = packet.tuple.destination_port = 0;
	track_packet(bench->track, &packet, T0);
	assert_int_equal(track_figures(bench->track).waiting, 0);
	assert_int_equal(track_figures(bench->track).packets, 1);
	bench_free(bench);
}

static void test_denied_ping(void **state)
{
	struct tuple request = a_tuple(IPPROTO_ICMPV6, "fd00::1", 77, "fd00::2", 128 << 8);
	struct packet_event packet = {.tuple = request};
	struct bench *bench = bench_new();
	const struct flow *row;

	(void)state;
	track_packet(bench->track, &packet, T0);
	track_expire(bench->track, T0 + SECONDS(9), look_nowhere, NULL);
	row = take_row(bench);
	assert_int_equal(row->key.verdict, VERDICT_DENIED);
	assert_int_equal(row->key.has_port, 0);
	assert_int_equal(row->key.port, 0);
	bench_free(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_denied),
	    cmocka_unit_test(test_confirmed),
	    cmocka_unit_test(test_confirmed_behind_a_service),
	    cmocka_unit_test(test_found_in_the_table),
	    cmocka_unit_test(test_table_does_not_answer),
	    cmocka_unit_test(test_loss_while_it_waits),
	    cmocka_unit_test(test_loss_just_before),
	    cmocka_unit_test(test_disturbed),
	    cmocka_unit_test(test_shown_by_a_dump),
	    cmocka_unit_test(test_loss_long_before),
	    cmocka_unit_test(test_confirmations_do_not_fit),
	    cmocka_unit_test(test_packets_do_not_fit),
	    cmocka_unit_test(test_retransmissions),
	    cmocka_unit_test(test_fragments_are_not_judged),
	    cmocka_unit_test(test_denied_ping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
