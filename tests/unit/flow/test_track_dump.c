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
	assert_int_equal(bench->checkpoints[1].start_ns, T0);
	assert_true(bench->checkpoints[1].remove);
	assert_int_equal(bench->checkpoints[2].start_ns, T0 + SECONDS(9));
	bench_free(bench);
}

static void test_announced_twice(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	tell(bench, tcp(CONNTRACK_NEW), T0);
	tell(bench, tcp(CONNTRACK_NEW), T0 + SECONDS(9));
	tell(bench, answered(CONNTRACK_DESTROY, T0 + SECONDS(9)), T0 + SECONDS(10));
	take(bench);
	assert_int_equal(bench->row_count, 2);
	assert_totals(row_of(bench, VERDICT_UNKNOWN)->totals, 1, 1, 0, 0, 0, 0, 0);
	assert_totals(row_of(bench, VERDICT_ANSWERED)->totals, 1, 1, 0, 0, 0, 0, 0);
	assert_int_equal(bench->gap_count, 1);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
