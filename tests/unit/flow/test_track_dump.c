#include "tests/unit/flow/bench.h"

/* ---- dumps ---- */

static void test_counted_once(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event entry = answered(CONNTRACK_ENTRY, T0);
	struct conntrack_event end = answered(CONNTRACK_DESTROY, T0);
	const struct flow *row;

	(void)state;
	tell(bench, tcp(CONNTRACK_NEW), T0);
	assert_int_equal(dump_counters(bench, entry, 10, 1000, T0 + SECONDS(60)), 0);
	row = take_row(bench);
	assert_totals(row->totals, 1, 0, 1, 10, 10, 1000, 1000);
	assert_int_equal(row->first_seen, clock_msec(T0));
	assert_int_equal(bench->checkpoint_count, 1);
	assert_int_equal(bench->checkpoints[0].packets_sent, 10);
	assert_int_equal(bench->checkpoints[0].start_ns, T0);
	assert_false(bench->checkpoints[0].remove);

	dump_counters(bench, entry, 25, 1700, T0 + SECONDS(120));
	row = take_row(bench);
	assert_totals(row->totals, 0, 0, 0, 15, 15, 700, 700);
	assert_int_equal(row->first_seen, clock_msec(T0 + SECONDS(120)));
	assert_int_equal(bench->checkpoints[0].bytes_received, 1700);

	/* Nothing new: no row, and the checkpoint that is there still tells the truth. */
	dump_counters(bench, entry, 25, 1700, T0 + SECONDS(180));
	take(bench);
	assert_int_equal(bench->row_count, 0);
	assert_int_equal(bench->checkpoint_count, 0);

	set_counters(&end, 30, 29, 2000, 1900);
	tell(bench, end, T0 + SECONDS(200));
	assert_totals(take_row(bench)->totals, 0, 1, 0, 5, 4, 300, 200);
	assert_int_equal(bench->checkpoint_count, 1);
	assert_true(bench->checkpoints[0].remove);
	assert_int_equal(bench->checkpoints[0].start_ns, T0);
	assert_int_equal(bench->checkpoints[0].id, 7);
	assert_int_equal(bench->gap_count, 0);
	bench_free(bench);
}

static void test_dump_without_reply(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event entry = tcp(CONNTRACK_ENTRY);
	struct conntrack_event end = answered(CONNTRACK_DESTROY, T0);

	(void)state;
	set_start(&entry, T0);
	for (int64_t i = 1; i <= 3; i++)
		dump_counters(bench, entry, 3, 180, T0 + SECONDS(i * 10));
	take(bench);
	assert_int_equal(bench->row_count, 0);
	assert_int_equal(bench->checkpoint_count, 0);
	set_counters(&end, 7, 4, 700, 400);
	tell(bench, end, T0 + SECONDS(90));
	assert_totals(take_row(bench)->totals, 1, 1, 1, 7, 4, 700, 400);
	bench_free(bench);
}

static void test_dying_entries(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event entry = answered(CONNTRACK_ENTRY, T0);

	(void)state;
	entry.status |= CONNTRACK_DYING;
	dump(bench, &entry, T0 + SECONDS(1));
	assert_int_equal(track_figures(bench->track).live, 0);
	tell(bench, answered(CONNTRACK_DESTROY, T0), T0 + SECONDS(2));
	assert_totals(take_row(bench)->totals, 1, 1, 0, 0, 0, 0, 0);
	bench_free(bench);
}

/* What ended between the dump's answer and its end is not alive again. */
static void test_end_during_dump(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event entry = answered(CONNTRACK_ENTRY, T0);

	(void)state;
	tell(bench, tcp(CONNTRACK_NEW), T0);
	track_dump_begin(bench->track);
	track_dump_entry(bench->track, &entry, T0 + SECONDS(1));
	tell(bench, answered(CONNTRACK_DESTROY, T0), T0 + SECONDS(1));
	assert_int_equal(track_dump_end(bench->track, T0 + SECONDS(1)), 0);
	assert_int_equal(track_figures(bench->track).live, 0);
	assert_totals(take_row(bench)->totals, 1, 1, 0, 0, 0, 0, 0);
	bench_free(bench);
}

static void test_begin_during_dump(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event entry = answered(CONNTRACK_ENTRY, T0);

	(void)state;
	track_dump_begin(bench->track);
	track_dump_entry(bench->track, &entry, T0 + SECONDS(1));
	tell(bench, tcp(CONNTRACK_NEW), T0 + SECONDS(1));
	assert_int_equal(track_dump_end(bench->track, T0 + SECONDS(1)), 0);
	tell(bench, answered(CONNTRACK_DESTROY, T0), T0 + SECONDS(2));
	assert_totals(take_row(bench)->totals, 1, 1, 0, 0, 0, 0, 0);
	assert_int_equal(bench->gap_count, 0);
	bench_free(bench);
}

static void test_vanished_before_it_was_counted(void **state)
{
	struct bench *bench = bench_new();
	const struct flow *row;

	(void)state;
	tell(bench, tcp(CONNTRACK_NEW), T0);
	assert_int_equal(dump(bench, NULL, T0 + SECONDS(60)), 0);
	assert_int_equal(dump(bench, NULL, T0 + SECONDS(120)), 1);
	row = take_row(bench);
	assert_int_equal(row->key.verdict, VERDICT_UNKNOWN);
	assert_totals(row->totals, 1, 1, 0, 0, 0, 0, 0);
	assert_int_equal(bench->gap_count, 1);
	assert_int_equal(bench->gaps[0].source, LOSS_CONNTRACK);
	assert_int_equal(bench->gaps[0].at_most, 1);
	assert_int_equal(bench->checkpoint_count, 0);
	assert_int_equal(track_figures(bench->track).live, 0);
	bench_free(bench);
}

static void test_vanished_after_it_was_counted(void **state)
{
	struct bench *bench = bench_new();
	const struct flow *row;

	(void)state;
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 5, 500, T0 + SECONDS(1));
	take(bench);
	assert_int_equal(dump(bench, NULL, T0 + SECONDS(60)), 0);
	assert_int_equal(dump(bench, NULL, T0 + SECONDS(120)), 1);
	row = take_row(bench);
	assert_int_equal(row->key.verdict, VERDICT_ANSWERED);
	assert_totals(row->totals, 0, 1, 0, 0, 0, 0, 0);
	assert_int_equal(bench->checkpoint_count, 1);
	assert_true(bench->checkpoints[0].remove);
	assert_int_equal(bench->gap_count, 1);
	bench_free(bench);
}

/* Where the clock was set since, the gap begins at the dump all the same, as the clock now has it.
 */
static void test_vanished_across_a_set_clock(void **state)
{
	static const int64_t deltas[] = {SECONDS(86400), -SECONDS(86400)};

	(void)state;
	for (size_t i = 0; i < COUNT(deltas); i++) {
		struct bench *bench = bench_new();
		int64_t now = T0 + SECONDS(60) + deltas[i];

		dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 5, 500, T0 + SECONDS(1));
		track_shift(bench->track, deltas[i]);
		dump(bench, NULL, now);
		take(bench);
		assert_int_equal(dump(bench, NULL, now + SECONDS(60)), 1);
		take(bench);
		assert_int_equal(bench->gap_count, 1);
		assert_int_equal(bench->gaps[0].from, clock_msec(T0 + SECONDS(1) + deltas[i]));
		assert_int_equal(bench->gaps[0].until, clock_msec(now + SECONDS(60)));
		bench_free(bench);
	}
}

/* Seen without a reply, then never again: its last counters are what is known. */
static void test_vanished_with_counters(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event entry = tcp(CONNTRACK_ENTRY);
	const struct flow *row;

	(void)state;
	dump_counters(bench, entry, 3, 180, T0);
	dump(bench, NULL, T0 + SECONDS(60));
	assert_int_equal(dump(bench, NULL, T0 + SECONDS(120)), 1);
	row = take_row(bench);
	assert_int_equal(row->key.verdict, VERDICT_UNKNOWN);
	assert_totals(row->totals, 1, 1, 1, 3, 3, 180, 180);
	bench_free(bench);
}

static void test_seen_again_in_time(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event entry = answered(CONNTRACK_ENTRY, T0);

	(void)state;
	for (int64_t i = 0; i < 6; i++)
		assert_int_equal(dump(bench, i % 2 ? NULL : &entry, T0 + SECONDS(i * 60)), 0);
	assert_int_equal(track_figures(bench->track).live, 1);
	bench_free(bench);
}

static void test_cancelled_dump(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	tell(bench, tcp(CONNTRACK_NEW), T0);
	for (int64_t i = 1; i <= 5; i++) {
		track_dump_begin(bench->track);
		track_dump_cancel(bench->track);
	}
	assert_int_equal(dump(bench, NULL, T0 + SECONDS(60)), 0);
	track_dump_begin(bench->track);
	track_dump_cancel(bench->track);
	assert_int_equal(track_figures(bench->track).live, 1);
	assert_int_equal(dump(bench, NULL, T0 + SECONDS(120)), 1);
	bench_free(bench);
}

static void test_cancelled_dump_counts(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event entry = answered(CONNTRACK_ENTRY, T0);

	(void)state;
	set_counters(&entry, 5, 5, 500, 500);
	track_dump_begin(bench->track);
	track_dump_entry(bench->track, &entry, T0 + SECONDS(1));
	track_dump_cancel(bench->track);
	dump_counters(bench, entry, 6, 600, T0 + SECONDS(2));
	assert_totals(take_row(bench)->totals, 1, 0, 1, 6, 6, 600, 600);
	bench_free(bench);
}

static void test_counters_fell(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 10, 1000, T0 + SECONDS(1));
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 4, 400, T0 + SECONDS(2));
	assert_totals(take_row(bench)->totals, 1, 0, 1, 14, 14, 1400, 1400);
	assert_int_equal(bench->gap_count, 1);
	assert_int_equal(bench->gaps[0].source, LOSS_CONNTRACK);
	bench_free(bench);
}

/* ---- the same key again ---- */

static void test_id_comes_back_at_the_end(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event end = answered(CONNTRACK_DESTROY, T0 + SECONDS(30));

	(void)state;
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 10, 1000, T0 + SECONDS(1));
	set_counters(&end, 2, 2, 200, 200);
	tell(bench, end, T0 + SECONDS(39));
	assert_totals(take_row(bench)->totals, 2, 2, 2, 12, 12, 1200, 1200);
	assert_int_equal(bench->gap_count, 1);
	assert_int_equal(bench->checkpoint_count, 2);
	assert_false(bench->checkpoints[0].remove);
	assert_int_equal(bench->checkpoints[1].start_ns, T0);
	assert_true(bench->checkpoints[1].remove);
	bench_free(bench);
}

/* The dump shows the younger while the older's DESTROY still waits to be read. */
static void test_destroy_of_the_older(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event older = answered(CONNTRACK_DESTROY, T0);
	struct conntrack_event younger = answered(CONNTRACK_DESTROY, T0 + SECONDS(9));

	(void)state;
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 10, 1000, T0 + SECONDS(1));
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0 + SECONDS(9)), 2, 200, T0 + SECONDS(10));
	set_counters(&older, 10, 10, 1000, 1000);
	tell(bench, older, T0 + SECONDS(11));
	assert_int_equal(track_figures(bench->track).live, 1);
	set_counters(&younger, 3, 3, 300, 300);
	tell(bench, younger, T0 + SECONDS(12));
	assert_int_equal(track_figures(bench->track).live, 0);
	assert_totals(take_row(bench)->totals, 2, 2, 2, 13, 13, 1300, 1300);
	bench_free(bench);
}

/* The younger was the first that anybody saw: the older is counted whole at its end. */
static void test_destroy_of_an_unseen_older(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event older = answered(CONNTRACK_DESTROY, T0);

	(void)state;
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0 + SECONDS(9)), 2, 200, T0 + SECONDS(10));
	set_counters(&older, 10, 10, 1000, 1000);
	tell(bench, older, T0 + SECONDS(11));
	assert_int_equal(track_figures(bench->track).live, 1);
	assert_totals(take_row(bench)->totals, 2, 1, 2, 12, 12, 1200, 1200);
	bench_free(bench);
}

static void test_id_comes_back_in_a_dump(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 10, 1000, T0 + SECONDS(1));
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0 + SECONDS(9)), 2, 200, T0 + SECONDS(39));
	assert_totals(take_row(bench)->totals, 2, 1, 2, 12, 12, 1200, 1200);
	assert_int_equal(track_figures(bench->track).live, 1);
	assert_int_equal(bench->checkpoint_count, 3);
	assert_int_equal(bench->checkpoints[1].start_ns, T0 + SECONDS(9));
	assert_int_equal(bench->checkpoints[2].start_ns, T0);
	assert_true(bench->checkpoints[2].remove);
	bench_free(bench);
}

/* Its end was among what was lost. */
static void test_announced_twice(void **state)
{
	struct bench *bench = bench_new();
	const struct loss loss = {.source = LOSS_CONNTRACK, .bounded = true, .at_most = 1};

	(void)state;
	tell(bench, tcp(CONNTRACK_NEW), T0);
	track_loss(bench->track, &loss, T0, T0 + SECONDS(8), "full");
	tell(bench, tcp(CONNTRACK_NEW), T0 + SECONDS(9));
	tell(bench, answered(CONNTRACK_DESTROY, T0 + SECONDS(9)), T0 + SECONDS(10));
	take(bench);
	assert_int_equal(bench->row_count, 2);
	assert_totals(row_of(bench, VERDICT_UNKNOWN)->totals, 1, 1, 0, 0, 0, 0, 0);
	assert_totals(row_of(bench, VERDICT_ANSWERED)->totals, 1, 1, 0, 0, 0, 0, 0);
	assert_int_equal(bench->gap_count, 2);
	bench_free(bench);
}

/* ---- events between the answers of a dump ---- */

/*
 * Two connections of one key, A and then B. Their events come in order, and so do the answers of a
 * dump; how the two run into each other is anybody's guess but for this: an answer that shows A was
 * given before A ended, so its DESTROY is read after the dump began.
 */
enum step { NEW_A, END_A, NEW_B, END_B, STEPS };

struct order {
	bool with_start;
	bool shows_a, shows_b;
	unsigned begin;              /* steps before the dump */
	unsigned answer_a, answer_b; /* steps before each answer */
	unsigned end;                /* steps before its end */
	bool cancelled;
};

static struct conntrack_event event_of_step(const struct order *order, enum step step)
{
	bool is_b = step == NEW_B || step == END_B;
	struct conntrack_event event;

	if (step == NEW_A || step == NEW_B)
		return tcp(CONNTRACK_NEW);
	event = answered(CONNTRACK_DESTROY, T0 + (is_b ? SECONDS(20) : 0));
	event.has_start = order->with_start;
	set_counters(&event, is_b ? 20 : 10, is_b ? 20 : 10, is_b ? 2000 : 1000,
		     is_b ? 2000 : 1000);
	return event;
}

static void answer(struct bench *bench, const struct order *order, bool is_b, int64_t now)
{
	struct conntrack_event entry = answered(CONNTRACK_ENTRY, T0 + (is_b ? SECONDS(20) : 0));

	entry.has_start = order->with_start;
	set_counters(&entry, is_b ? 5 : 7, is_b ? 5 : 7, is_b ? 500 : 700, is_b ? 500 : 700);
	track_dump_entry(bench->track, &entry, now);
}

static void dump_moment(struct bench *bench, const struct order *order, unsigned at, int64_t now)
{
	if (order->begin == at)
		track_dump_begin(bench->track);
	if (order->shows_a && order->answer_a == at)
		answer(bench, order, false, now);
	if (order->shows_b && order->answer_b == at)
		answer(bench, order, true, now);
	if (order->end == at && order->cancelled)
		track_dump_cancel(bench->track);
	else if (order->end == at)
		assert_int_equal(track_dump_end(bench->track, now), 0);
}

static void run_order(const struct order *order)
{
	struct bench *bench = bench_new();
	struct totals sum = {0};

	print_message("# start %d, begin %u, A %d after %u, B %d after %u, end %u%s\n",
		      order->with_start, order->begin, order->shows_a, order->answer_a,
		      order->shows_b, order->answer_b, order->end,
		      order->cancelled ? ", cancelled" : "");
	for (unsigned at = 0; at <= STEPS; at++) {
		int64_t now = T0 + SECONDS(40 + at);

		dump_moment(bench, order, at, now);
		if (at < STEPS)
			tell(bench, event_of_step(order, (enum step)at), now);
	}
	dump(bench, NULL, T0 + SECONDS(100));
	dump(bench, NULL, T0 + SECONDS(200));
	assert_int_equal(track_figures(bench->track).live, 0);
	take(bench);
	for (size_t i = 0; i < bench->row_count; i++)
		totals_add(&sum, &bench->rows[i].totals);
	assert_totals(sum, 2, 2, 2, 30, 30, 3000, 3000);
	assert_int_equal(sum.vanished, 0);
	assert_int_equal(bench->gap_count, 0);
	bench_free(bench);
}

/* A whole dump ends when the events behind what it showed have been read. */
static void run_ends(struct order order, unsigned *ret_count)
{
	unsigned first = order.begin;

	if (order.shows_a && order.answer_a > first)
		first = order.answer_a;
	if (order.shows_b && order.answer_b > first)
		first = order.answer_b;
	if (order.shows_b && !order.cancelled && first < NEW_B + 1)
		first = NEW_B + 1;
	for (order.end = first; order.end <= STEPS; order.end++) {
		run_order(&order);
		++*ret_count;
	}
}

/* With all orders of answers and events; *ret_count: how many there were. */
static void run_orders(struct order order, unsigned *ret_count)
{
	unsigned last_a = order.shows_a ? STEPS : 0, last_b = order.shows_b ? STEPS : 0;

	for (order.begin = 0; order.begin <= (order.shows_a ? 1 : STEPS); order.begin++) {
		for (order.answer_a = order.shows_a ? order.begin : 0; order.answer_a <= last_a;
		     order.answer_a++) {
			for (order.answer_b = order.shows_b ? order.begin : 0;
			     order.answer_b <= last_b; order.answer_b++) {
				if (order.shows_a && order.shows_b &&
				    order.answer_b < order.answer_a)
					continue;
				/* Without a start nobody can tell them apart. */
				if (!order.with_start && order.shows_b &&
				    order.answer_b < NEW_B + 1)
					continue;
				/* B, shown, is there until its DESTROY was read in the dump. */
				if (order.shows_b && order.begin > END_B)
					continue;
				run_ends(order, ret_count);
			}
		}
	}
}

static void test_every_order(void **state)
{
	unsigned count = 0;

	(void)state;
	for (unsigned bits = 0; bits < 16; bits++) {
		struct order order = {.with_start = bits & 1,
				      .shows_a = bits & 2,
				      .shows_b = bits & 4,
				      .cancelled = bits & 8};

		run_orders(order, &count);
	}
	assert_true(count > 100);
}

/* Known before the dump, or not: the answer that is older than the DESTROY revives nothing. */
static void check_not_revived(bool known, bool with_start)
{
	struct bench *bench = bench_new();
	struct conntrack_event end = answered(CONNTRACK_DESTROY, T0);
	struct conntrack_event entry = answered(CONNTRACK_ENTRY, T0);

	end.has_start = entry.has_start = with_start;
	set_counters(&end, 10, 10, 1000, 1000);
	set_counters(&entry, 9, 9, 900, 900);
	if (known)
		tell(bench, tcp(CONNTRACK_NEW), T0);
	track_dump_begin(bench->track);
	tell(bench, end, T0 + SECONDS(1));
	assert_int_equal(track_figures(bench->track).live, 0);
	track_dump_entry(bench->track, &entry, T0 + SECONDS(2));
	assert_int_equal(track_dump_end(bench->track, T0 + SECONDS(3)), 0);
	assert_int_equal(track_figures(bench->track).live, 0);
	assert_totals(take_row(bench)->totals, 1, 1, 1, 10, 10, 1000, 1000);
	assert_int_equal(bench->checkpoint_count, 0);
	bench_free(bench);
}

static void test_nothing_is_revived(void **state)
{
	(void)state;
	check_not_revived(true, true);
	check_not_revived(true, false);
	check_not_revived(false, true);
	check_not_revived(false, false);
}

/* The next dump is not bound by what ended in this one. */
static void test_ends_are_forgotten(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event entry = answered(CONNTRACK_ENTRY, T0);

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		track_dump_begin(bench->track);
		tell(bench, answered(CONNTRACK_DESTROY, T0), T0 + SECONDS(1));
		if (i == 0)
			track_dump_cancel(bench->track);
		else
			track_dump_end(bench->track, T0 + SECONDS(2));
		take(bench);
		dump(bench, &entry, T0 + SECONDS(3));
		assert_int_equal(track_figures(bench->track).live, 1);
		tell(bench, answered(CONNTRACK_DESTROY, T0), T0 + SECONDS(4));
		take(bench);
	}
	bench_free(bench);
}

/* Where an end cannot be remembered, nothing unknown is believed, and nothing has vanished. */
static void test_no_room_for_ends(void **state)
{
	struct track_options few = options;
	struct bench *bench;
	struct conntrack_event end = answered(CONNTRACK_DESTROY, T0), entry;
	struct conntrack_event other = answered(CONNTRACK_ENTRY, T0);

	(void)state;
	few.live_limit = 1;
	bench = bench_new_with(few, (struct fold_options){.window = WINDOW, .limit = 1000});
	other.original.source_port = other.reply.destination_port = 1;
	dump(bench, &other, T0 + SECONDS(1));
	dump(bench, NULL, T0 + SECONDS(2));
	track_dump_begin(bench->track);
	tell(bench, end, T0 + SECONDS(3));
	/* Room comes, too late. */
	other.type = CONNTRACK_DESTROY;
	other.start = T0 + SECONDS(1);
	tell(bench, other, T0 + SECONDS(3));
	entry = end;
	entry.type = CONNTRACK_ENTRY;
	track_dump_entry(bench->track, &entry, T0 + SECONDS(4));
	assert_int_equal(track_figures(bench->track).live, 0);
	assert_int_equal(track_dump_end(bench->track, T0 + SECONDS(5)), 0);
	assert_int_equal(track_figures(bench->track).live, 0);
	bench_free(bench);
}

/* Its successor was shown, its DESTROY is not in the queue: closed unseen, with one gap. */
static void test_awaited_in_vain(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event younger = answered(CONNTRACK_ENTRY, T0 + SECONDS(9));

	(void)state;
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 10, 1000, T0 + SECONDS(1));
	take(bench);
	track_dump_begin(bench->track);
	track_dump_entry(bench->track, &younger, T0 + SECONDS(10));
	assert_int_equal(track_figures(bench->track).live, 1);
	assert_int_equal(track_dump_end(bench->track, T0 + SECONDS(11)), 1);
	take(bench);
	assert_int_equal(bench->gap_count, 1);
	assert_int_equal(bench->gaps[0].at_most, 1);
	assert_int_equal(row_of(bench, VERDICT_ANSWERED)->totals.vanished, 1);
	assert_int_equal(row_of(bench, VERDICT_ANSWERED)->totals.closed, 1);
	assert_int_equal(row_of(bench, VERDICT_ANSWERED)->totals.connections, 1);
	bench_free(bench);
}

/* The dump was cut short before the DESTROY was read. */
static void test_awaited_over_a_cancelled_dump(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event younger = answered(CONNTRACK_ENTRY, T0 + SECONDS(9));
	struct conntrack_event older = answered(CONNTRACK_DESTROY, T0);

	(void)state;
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 10, 1000, T0 + SECONDS(1));
	track_dump_begin(bench->track);
	track_dump_entry(bench->track, &younger, T0 + SECONDS(10));
	track_dump_cancel(bench->track);
	set_counters(&older, 11, 11, 1100, 1100);
	tell(bench, older, T0 + SECONDS(11));
	assert_int_equal(dump_counters(bench, younger, 1, 100, T0 + SECONDS(12)), 0);
	take(bench);
	assert_totals(row_of(bench, VERDICT_ANSWERED)->totals, 2, 1, 2, 12, 12, 1200, 1200);
	assert_int_equal(bench->gap_count, 0);
	bench_free(bench);
}

/* Events may be lost, and NEW without its DESTROY: a dump simply finds who is there. */
static void test_found_after_a_loss(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 3, 300, T0 + SECONDS(9));
	assert_int_equal(track_figures(bench->track).live, 1);
	assert_totals(take_row(bench)->totals, 1, 0, 1, 3, 3, 300, 300);
	assert_int_equal(bench->gap_count, 0);
	bench_free(bench);
}

static void check_all_counted(struct bench *bench, int64_t count, int64_t alive)
{
	struct batch batch = {0};
	struct totals sum = {0};

	fold_take(bench->fold, &batch.flows, &batch.flow_count);
	track_take(bench->track, &batch);
	for (size_t i = 0; i < batch.flow_count; i++)
		totals_add(&sum, &batch.flows[i].totals);
	assert_totals(sum, count, count - alive, count, 2 * count, 2 * count, 200 * count,
		      200 * count);
	assert_int_equal(sum.vanished, 0);
	assert_int_equal(batch.gap_count, 0);
	free(batch.flows);
	free(batch.gaps);
	free(batch.checkpoints);
}

/*
 * The reader stood still: half of the NEWs are lost, every DESTROY comes, late and while a dump
 * runs that shows who was there before. All that ended is recorded, and who lives is known.
 */
static void test_reader_stood_still(void **state)
{
	const uint16_t count = 10000, alive = 500;
	struct track_options many = options;
	struct bench *bench;

	(void)state;
	many.live_limit = many.pending.confirmed_limit = 20000;
	bench = bench_new_with(many, (struct fold_options){.window = WINDOW, .limit = 1000});
	for (uint16_t i = 1; i <= count; i += 2) {
		struct conntrack_event begin = tcp(CONNTRACK_NEW);

		begin.original.source_port = begin.reply.destination_port = i;
		tell(bench, begin, T0 + i);
	}
	track_disturbed(bench->track, T0, T0 + SECONDS(5));
	track_dump_begin(bench->track);
	for (uint16_t i = count; i > 0; i--) {
		struct conntrack_event end = answered(CONNTRACK_DESTROY, T0 + i), entry;

		end.original.source_port = end.reply.destination_port = i;
		set_counters(&end, 2, 2, 200, 200);
		entry = end;
		entry.type = CONNTRACK_ENTRY;
		if (i % 3 == 0)
			track_dump_entry(bench->track, &entry, T0 + SECONDS(5));
		if (i > alive)
			tell(bench, end, T0 + SECONDS(5));
		if (i % 3 != 0 && (i % 5 == 0 || i <= alive))
			track_dump_entry(bench->track, &entry, T0 + SECONDS(5));
	}
	assert_int_equal(track_dump_end(bench->track, T0 + SECONDS(6)), 0);
	assert_int_equal(track_figures(bench->track).live, alive);
	check_all_counted(bench, count, alive);
	bench_free(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_counted_once),
	    cmocka_unit_test(test_dump_without_reply),
	    cmocka_unit_test(test_dying_entries),
	    cmocka_unit_test(test_end_during_dump),
	    cmocka_unit_test(test_begin_during_dump),
	    cmocka_unit_test(test_vanished_before_it_was_counted),
	    cmocka_unit_test(test_vanished_after_it_was_counted),
	    cmocka_unit_test(test_vanished_across_a_set_clock),
	    cmocka_unit_test(test_vanished_with_counters),
	    cmocka_unit_test(test_seen_again_in_time),
	    cmocka_unit_test(test_cancelled_dump),
	    cmocka_unit_test(test_cancelled_dump_counts),
	    cmocka_unit_test(test_counters_fell),
	    cmocka_unit_test(test_id_comes_back_at_the_end),
	    cmocka_unit_test(test_destroy_of_the_older),
	    cmocka_unit_test(test_destroy_of_an_unseen_older),
	    cmocka_unit_test(test_id_comes_back_in_a_dump),
	    cmocka_unit_test(test_announced_twice),
	    cmocka_unit_test(test_every_order),
	    cmocka_unit_test(test_nothing_is_revived),
	    cmocka_unit_test(test_ends_are_forgotten),
	    cmocka_unit_test(test_no_room_for_ends),
	    cmocka_unit_test(test_awaited_in_vain),
	    cmocka_unit_test(test_awaited_over_a_cancelled_dump),
	    cmocka_unit_test(test_found_after_a_loss),
	    cmocka_unit_test(test_reader_stood_still),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
