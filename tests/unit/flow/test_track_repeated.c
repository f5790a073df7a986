/* Another listener of the group has no room, so the kernel tells all of them again. */
#include "tests/unit/flow/bench.h"

#define RETRY (10 * NSEC_PER_MSEC)

static struct conntrack_event end_of(uint16_t port, int64_t start)
{
	struct conntrack_event end = answered(CONNTRACK_DESTROY, start);

	end.original.source_port = end.reply.destination_port = port;
	set_counters(&end, 2, 2, 200, 200);
	return end;
}

static struct conntrack_event new_of(uint16_t port)
{
	struct conntrack_event begin = tcp(CONNTRACK_NEW);

	begin.original.source_port = begin.reply.destination_port = port;
	return begin;
}

static struct conntrack_event late_new_of(uint16_t port)
{
	struct conntrack_event begin = new_of(port);

	begin.tcp_state = TCP_CONNTRACK_ESTABLISHED;
	begin.status |= CONNTRACK_SEEN_REPLY | CONNTRACK_ASSURED;
	return begin;
}

static void check_counted(struct bench *bench, int64_t count, size_t gaps)
{
	struct totals sum = {0};

	take(bench);
	for (size_t i = 0; i < bench->row_count; i++)
		totals_add(&sum, &bench->rows[i].totals);
	assert_totals(sum, count, count, count, 2 * count, 2 * count, 200 * count, 200 * count);
	assert_int_equal(sum.vanished, 0);
	assert_int_equal(bench->gap_count, gaps);
	assert_int_equal(track_figures(bench->track).live, 0);
}

static void test_end_told_again(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	tell(bench, new_of(1), T0);
	for (int64_t i = 0; i < 5; i++)
		tell(bench, end_of(1, T0), T0 + SECONDS(1) + i * RETRY);
	assert_int_equal(track_figures(bench->track).repeated, 4);
	check_counted(bench, 1, 0);
	bench_free(bench);
}

static void test_begin_told_again(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	tell(bench, new_of(1), T0);
	for (int64_t i = 0; i < 5; i++)
		tell(bench, late_new_of(1), T0 + i * RETRY);
	assert_int_equal(track_figures(bench->track).repeated, 5);
	tell(bench, end_of(1, T0), T0 + SECONDS(1));
	check_counted(bench, 1, 0);
	assert_int_equal(bench->rows[0].key.direction_uncertain, 0);
	bench_free(bench);
}

/* What of a connection is told, in order; another, of the same tuple but another id, follows. */
enum told { NEW_A, NEW_A_AGAIN, END_A, NEW_B, END_B, TOLD };

static void tell_step(struct bench *bench, unsigned step, int64_t now)
{
	struct conntrack_event event;

	if (step == NEW_A || step == NEW_B)
		event = new_of(1);
	else if (step == NEW_A_AGAIN)
		event = late_new_of(1);
	else
		event = end_of(1, step == END_A ? T0 : T0 + SECONDS(1));
	event.id = step >= NEW_B ? 2 : 1;
	tell(bench, event, now);
}

struct order {
	unsigned again[2]; /* after which step each end is told again; TOLD: after all */
	unsigned times;
	unsigned dump, answer, dump_end; /* before which step */
	bool shows;                      /* the answer shows A */
};

static void dump_moment(struct bench *bench, const struct order *order, unsigned at, int64_t now)
{
	struct conntrack_event entry = end_of(1, T0);

	entry.type = CONNTRACK_ENTRY;
	entry.id = 1;
	if (order->dump == at)
		track_dump_begin(bench->track);
	if (order->shows && order->answer == at)
		track_dump_entry(bench->track, &entry, now);
	if (order->dump_end == at)
		assert_int_equal(track_dump_end(bench->track, now), 0);
}

static void run_order(const struct order *order)
{
	struct bench *bench = bench_new();

	for (unsigned at = 0; at <= TOLD; at++) {
		int64_t now = T0 + SECONDS(1) + at * RETRY;

		dump_moment(bench, order, at, now);
		if (at < TOLD)
			tell_step(bench, at, now);
		for (unsigned i = 0; i < order->times; i++) {
			if (order->again[0] == at)
				tell_step(bench, END_A, now);
			if (order->again[1] == at)
				tell_step(bench, END_B, now);
		}
	}
	dump(bench, NULL, T0 + SECONDS(100));
	dump(bench, NULL, T0 + SECONDS(200));
	check_counted(bench, 2, 0);
	bench_free(bench);
}

static void run_dumps(struct order order, unsigned *ret_count)
{
	for (order.dump = 0; order.dump <= TOLD; order.dump++) {
		/* An answer that shows A was given before A ended. */
		if (order.shows && order.dump > END_A)
			continue;
		for (order.answer = order.dump; order.answer <= (order.shows ? TOLD : order.dump);
		     order.answer++) {
			for (order.dump_end = order.answer; order.dump_end <= TOLD;
			     order.dump_end++) {
				/* A whole dump ends when the events behind what it showed were
				 * read. */
				if (order.shows && order.dump_end < NEW_A + 1)
					continue;
				run_order(&order);
				++*ret_count;
			}
		}
	}
}

static void test_every_order(void **state)
{
	unsigned count = 0;

	(void)state;
	for (unsigned bits = 0; bits < 4; bits++) {
		struct order order = {.shows = bits & 1, .times = bits & 2 ? 3 : 1};

		for (order.again[0] = END_A; order.again[0] <= TOLD; order.again[0]++)
			for (order.again[1] = END_B; order.again[1] <= TOLD; order.again[1]++)
				run_dumps(order, &count);
	}
	assert_true(count > 500);
}

/* The first of those that wait comes again all the time, the others once it is over. */
static void test_held_for_long(void **state)
{
	struct bench *bench = bench_new();
	int64_t now = T0;

	(void)state;
	for (uint16_t port = 1; port <= 50; port++)
		tell(bench, new_of(port), now);
	for (uint16_t port = 1; port <= 50; port++)
		tell(bench, end_of(port, T0), now);
	for (; now < T0 + SECONDS(300); now += 10 * RETRY) {
		tell(bench, end_of(1, T0), now);
		expire(bench, 0, now);
	}
	for (uint16_t port = 1; port <= 50; port++)
		tell(bench, end_of(port, T0), now);
	check_counted(bench, 50, 0);
	bench_free(bench);
}

/* Neither a stop of ours, nor a full buffer, nor a clock that was set makes a repeat a new one. */
static void test_told_again_after_a_pause(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	tell(bench, new_of(1), T0);
	tell(bench, end_of(1, T0), T0 + SECONDS(1));
	track_stalled(bench->track, T0 + SECONDS(60));
	tell(bench, end_of(1, T0), T0 + SECONDS(60));
	track_disturbed(bench->track, T0 + SECONDS(60), T0 + SECONDS(90));
	tell(bench, end_of(1, T0), T0 + SECONDS(91));
	track_shift(bench->track, -SECONDS(3600));
	tell(bench, end_of(1, T0), T0 - SECONDS(3508));
	track_shift(bench->track, SECONDS(7200));
	tell(bench, end_of(1, T0), T0 + SECONDS(3693));
	assert_int_equal(track_figures(bench->track).repeated, 4);
	check_counted(bench, 1, 0);
	bench_free(bench);
}

/* It began after the loss, whatever the clock was set to since. */
static void test_begin_told_again_after_a_loss_and_a_set_clock(void **state)
{
	static const int64_t deltas[] = {SECONDS(3600), -SECONDS(3600)};

	(void)state;
	for (size_t i = 0; i < COUNT(deltas); i++) {
		struct bench *bench = bench_new();
		struct loss loss = {.source = LOSS_CONNTRACK, .bounded = true, .at_most = 1};

		track_loss(bench->track, &loss, T0, T0, "a test");
		tell(bench, new_of(1), T0 + SECONDS(1));
		track_shift(bench->track, deltas[i]);
		tell(bench, late_new_of(1), T0 + SECONDS(2) + deltas[i]);
		assert_int_equal(track_figures(bench->track).repeated, 1);
		tell(bench, end_of(1, T0 + SECONDS(1)), T0 + SECONDS(3) + deltas[i]);
		check_counted(bench, 1, 1);
		bench_free(bench);
	}
}

/* Masked, or lost: that its NEW was not seen does not make it a repeat. */
static void test_end_without_begin(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	dump(bench, NULL, T0);
	dump(bench, NULL, T0 + SECONDS(1));
	for (uint16_t port = 1; port <= 9; port++)
		tell(bench, end_of(port, T0 + SECONDS(5)), T0 + SECONDS(6));
	for (uint16_t port = 1; port <= 9; port++)
		tell(bench, end_of(port, T0 + SECONDS(5)), T0 + SECONDS(6));
	check_counted(bench, 9, 0);
	bench_free(bench);
}

static void test_another_start_is_another(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	for (int64_t i = 0; i < 4; i++)
		tell(bench, end_of(1, T0 + i), T0 + SECONDS(1));
	assert_int_equal(track_figures(bench->track).repeated, 0);
	check_counted(bench, 4, 0);
	bench_free(bench);
}

static void test_other_keys_are_others(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event end = end_of(1, T0);

	(void)state;
	tell(bench, end, T0 + 1);
	end.zone = 1;
	tell(bench, end, T0 + 1);
	end.id++;
	tell(bench, end, T0 + 1);
	end.original.source = ip("10.0.0.9");
	tell(bench, end, T0 + 1);
	assert_int_equal(track_figures(bench->track).repeated, 0);
	check_counted(bench, 4, 0);
	bench_free(bench);
}

/* Nothing tells it from another of the same key. */
static void test_without_a_start(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event end = end_of(1, 0);

	(void)state;
	end.has_start = false;
	tell(bench, end, T0);
	tell(bench, end, T0);
	check_counted(bench, 2, 0);
	bench_free(bench);
}

static void test_forgotten_in_peace(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	tell(bench, end_of(1, T0), T0);
	for (int64_t i = 1; i <= 10; i++)
		expire(bench, 0, T0 + SECONDS(i));
	tell(bench, end_of(1, T0), T0 + SECONDS(10));
	check_counted(bench, 2, 0);
	bench_free(bench);
}

/* A long row of ends without repeats is no reason for a gap; with repeats it is. */
static void test_too_many_to_remember(void **state)
{
	struct track_options few = options;
	struct bench *bench;

	(void)state;
	few.live_limit = 20;
	bench = bench_new_with(few, (struct fold_options){.window = WINDOW, .limit = 1000});
	for (uint16_t port = 1; port <= 200; port++)
		tell(bench, end_of(port, T0), T0 + 1);
	check_counted(bench, 200, 0);
	tell(bench, end_of(200, T0), T0 + 1);
	for (uint16_t port = 201; port <= 260; port++)
		tell(bench, end_of(port, T0), T0 + 1);
	check_counted(bench, 60, 1);
	assert_int_equal(bench->gaps[0].source, LOSS_CONNTRACK);
	assert_in_range(bench->gaps[0].at_most, 1, 60);
	bench_free(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_end_told_again),
	    cmocka_unit_test(test_begin_told_again),
	    cmocka_unit_test(test_every_order),
	    cmocka_unit_test(test_held_for_long),
	    cmocka_unit_test(test_told_again_after_a_pause),
	    cmocka_unit_test(test_begin_told_again_after_a_loss_and_a_set_clock),
	    cmocka_unit_test(test_end_without_begin),
	    cmocka_unit_test(test_another_start_is_another),
	    cmocka_unit_test(test_other_keys_are_others),
	    cmocka_unit_test(test_without_a_start),
	    cmocka_unit_test(test_forgotten_in_peace),
	    cmocka_unit_test(test_too_many_to_remember),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
