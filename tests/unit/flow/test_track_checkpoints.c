/* What waits for the store is bounded, and nothing is lost for it. */
#include "tests/unit/flow/bench.h"

#define MANY 100000u
/* What a list may hold before a dump stops counting. */
#define ROOM 65536u

static struct bench *bench_of_many(void)
{
	const struct track_options many = {
	    .live_limit = MANY,
	    .pending = {.packet_limit = 1000, .confirmed_limit = 2 * MANY},
	};

	return bench_new_with(many, (struct fold_options){.window = WINDOW, .limit = 1000});
}

static struct conntrack_event numbered(enum conntrack_event_type type, uint32_t number)
{
	struct conntrack_event event = answered(type, T0);

	event.id = number;
	event.original.source_port = event.reply.destination_port = (uint16_t)number;
	set_counters(&event, 1, 1, 100, 100);
	return event;
}

/* What the list holds, and what the rows of the fold table count. */
struct taken {
	size_t rows, removals, gaps;
	struct totals totals;
};

static struct taken take_many(struct bench *bench)
{
	struct taken taken = {0};
	struct batch batch = {0};

	fold_take(bench->fold, &batch.flows, &batch.flow_count);
	track_take(bench->track, &batch);
	for (size_t i = 0; i < batch.flow_count; i++)
		totals_add(&taken.totals, &batch.flows[i].totals);
	for (size_t i = 0; i < batch.checkpoint_count; i++)
		taken.removals += batch.checkpoints[i].remove;
	taken.rows = batch.checkpoint_count;
	taken.gaps = batch.gap_count;
	free(batch.flows);
	free(batch.gaps);
	free(batch.checkpoints);
	return taken;
}

static void dump_many(struct bench *bench, int64_t now)
{
	track_dump_begin(bench->track);
	for (uint32_t i = 0; i < MANY; i++) {
		struct conntrack_event entry = numbered(CONNTRACK_ENTRY, i);

		track_dump_entry(bench->track, &entry, now);
	}
	assert_int_equal(track_dump_end(bench->track, now), 0);
}

static void test_only_changes_are_saved(void **state)
{
	struct bench *bench = bench_new();
	struct conntrack_event silent = tcp(CONNTRACK_ENTRY);

	(void)state;
	tell(bench, tcp(CONNTRACK_NEW), T0);
	dump(bench, &silent, T0 + SECONDS(1));
	take(bench);
	assert_int_equal(bench->checkpoint_count, 0);
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 3, 300, T0 + SECONDS(2));
	take(bench);
	assert_int_equal(bench->checkpoint_count, 1);
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 3, 300, T0 + SECONDS(3));
	take(bench);
	assert_int_equal(bench->checkpoint_count, 0);
	assert_int_equal(bench->row_count, 0);
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 4, 300, T0 + SECONDS(4));
	take(bench);
	assert_int_equal(bench->checkpoint_count, 1);
	assert_int_equal(bench->checkpoints[0].packets_sent, 4);
	bench_free(bench);
}

static void test_rows_in_order(void **state)
{
	struct bench *bench = bench_new();

	(void)state;
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 3, 300, T0 + SECONDS(1));
	dump_counters(bench, answered(CONNTRACK_ENTRY, T0), 4, 400, T0 + SECONDS(2));
	tell(bench, answered(CONNTRACK_DESTROY, T0), T0 + SECONDS(3));
	take(bench);
	assert_int_equal(bench->checkpoint_count, 3);
	assert_int_equal(bench->checkpoints[0].packets_sent, 3);
	assert_int_equal(bench->checkpoints[1].packets_sent, 4);
	assert_true(bench->checkpoints[2].remove);
	bench_free(bench);
}

/* Nobody takes the rows: the rest waits for the next dump, uncounted, and no gap is written. */
static void test_a_dump_stops_at_the_bound(void **state)
{
	struct bench *bench = bench_of_many();
	struct taken taken;

	(void)state;
	assert_false(track_wants_room(bench->track));
	dump_many(bench, T0 + SECONDS(1));
	assert_true(track_wants_room(bench->track));
	assert_int_equal(track_figures(bench->track).live, MANY);
	taken = take_many(bench);
	assert_int_equal(taken.rows, ROOM);
	assert_int_equal(taken.totals.connections, ROOM);
	assert_int_equal(taken.gaps, 0);
	dump_many(bench, T0 + SECONDS(2));
	taken = take_many(bench);
	assert_int_equal(taken.rows, MANY - ROOM);
	assert_totals(taken.totals, MANY - ROOM, 0, MANY - ROOM, MANY - ROOM, MANY - ROOM,
		      (MANY - ROOM) * 100, (MANY - ROOM) * 100);
	assert_int_equal(taken.gaps, 0);
	bench_free(bench);
}

static void count_rows(struct bench *bench, uint8_t *counted)
{
	struct batch batch = {0};
	struct flow *rows;
	size_t row_count;

	fold_take(bench->fold, &rows, &row_count);
	track_take(bench->track, &batch);
	assert_in_range(batch.checkpoint_count, 1, ROOM);
	for (size_t i = 0; i < batch.checkpoint_count; i++)
		counted[batch.checkpoints[i].id]++;
	free(rows);
	free(batch.gaps);
	free(batch.checkpoints);
}

static void dump_busy(struct bench *bench, unsigned turn, bool whole)
{
	track_dump_begin(bench->track);
	for (uint32_t i = 0; i < (whole ? MANY : MANY / 2); i++) {
		struct conntrack_event entry = numbered(CONNTRACK_ENTRY, i);

		entry.packets_sent = turn;
		track_dump_entry(bench->track, &entry, T0 + SECONDS(turn));
	}
	if (whole)
		assert_int_equal(track_dump_end(bench->track, T0 + SECONDS(turn)), 0);
	else
		track_dump_cancel(bench->track);
}

/* All are busy and each dump shows them in the same order, while there is room for two thirds. */
static void test_all_have_their_turn(void **state)
{
	struct bench *bench = bench_of_many();
	uint8_t *counted = calloc(MANY, 1);

	(void)state;
	assert_non_null(counted);
	for (unsigned turn = 1; turn <= 8; turn++) {
		dump_busy(bench, turn, true);
		count_rows(bench, counted);
		for (uint32_t i = 0; i < MANY; i++)
			assert_in_range(counted[i], turn / 2, (turn + 1) / 2);
	}
	free(counted);
	bench_free(bench);
}

/* Cut short before it shows those who wait: their turn comes with the next. */
static void test_turns_over_a_cancelled_dump(void **state)
{
	struct bench *bench = bench_of_many();
	uint8_t *counted = calloc(MANY, 1);

	(void)state;
	assert_non_null(counted);
	dump_busy(bench, 1, true);
	count_rows(bench, counted);
	assert_int_equal(counted[MANY - 1], 0);
	dump_busy(bench, 2, false);
	dump_busy(bench, 3, true);
	count_rows(bench, counted);
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(counted[i], 1);
	dump_busy(bench, 4, false);
	count_rows(bench, counted);
	assert_int_equal(counted[0], 2);
	free(counted);
	bench_free(bench);
}

/* Above the bound of dumps there is room for ends; beyond that each is counted, with a gap. */
static void test_ends_at_the_bound(void **state)
{
	struct bench *bench = bench_of_many();
	size_t rows = 0;
	struct taken taken;

	(void)state;
	dump_many(bench, T0 + SECONDS(1));
	rows += take_many(bench).rows;
	dump_many(bench, T0 + SECONDS(2));
	rows += take_many(bench).rows;
	assert_int_equal(rows, MANY);
	for (uint32_t i = 0; i < ROOM; i++) {
		struct conntrack_event again = numbered(CONNTRACK_ENTRY, i);

		again.packets_sent = 2;
		track_dump_begin(bench->track);
		track_dump_entry(bench->track, &again, T0 + SECONDS(3));
		track_dump_cancel(bench->track);
	}
	for (uint32_t i = 0; i < MANY; i++)
		tell(bench, numbered(CONNTRACK_DESTROY, i), T0 + SECONDS(4));
	taken = take_many(bench);
	assert_int_equal(taken.totals.closed, MANY);
	assert_int_equal(taken.rows, 2 * ROOM);
	assert_int_equal(taken.removals, ROOM);
	assert_true(taken.gaps > 0);
	bench_free(bench);
}

static void test_retell(void **state)
{
	struct bench *bench = bench_of_many();
	uint32_t cursor = 0;
	size_t rows = 0;
	struct taken taken;
	bool more;

	(void)state;
	for (int i = 0; i < 2; i++) {
		dump_many(bench, T0 + SECONDS(1));
		take_many(bench);
	}
	tell(bench, numbered(CONNTRACK_DESTROY, 0), T0 + SECONDS(2));
	tell(bench, udp(CONNTRACK_NEW), T0 + SECONDS(2));
	take_many(bench);
	do {
		more = track_retell(bench->track, &cursor, T0 + SECONDS(2));
		taken = take_many(bench);
		assert_in_range(taken.rows, 1, ROOM);
		assert_int_equal(taken.removals, 0);
		assert_int_equal(taken.totals.connections, 0);
		rows += taken.rows;
	} while (more);
	/* One was never counted. */
	assert_int_equal(rows, MANY - 1);
	bench_free(bench);
}

/* The end of a run that has more to count than there is room for. */
static void test_finish_in_portions(void **state)
{
	struct bench *bench = bench_of_many();
	int64_t connections = 0;
	struct taken taken;
	bool more;

	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		struct conntrack_event begin = numbered(CONNTRACK_NEW, i);

		tell(bench, begin, T0);
	}
	do {
		more = track_finish(bench->track, T0 + SECONDS(1), look_nowhere, NULL);
		taken = take_many(bench);
		assert_int_equal(taken.rows, taken.totals.connections);
		assert_int_equal(taken.gaps, 0);
		connections += taken.totals.connections;
	} while (more);
	assert_int_equal(connections, MANY);
	bench_free(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_only_changes_are_saved),
	    cmocka_unit_test(test_rows_in_order),
	    cmocka_unit_test(test_a_dump_stops_at_the_bound),
	    cmocka_unit_test(test_all_have_their_turn),
	    cmocka_unit_test(test_turns_over_a_cancelled_dump),
	    cmocka_unit_test(test_ends_at_the_bound),
	    cmocka_unit_test(test_retell),
	    cmocka_unit_test(test_finish_in_portions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
