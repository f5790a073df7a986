#include "tests/unit/flow/fixture.h"

#include "flow/pending.h"

static struct pending *new_pending(size_t packets, size_t confirmed)
{
	struct pending *pending = pending_new(
	    (struct pending_options){.packet_limit = packets, .confirmed_limit = confirmed});

	assert_non_null(pending);
	return pending;
}

static struct path path_of(uint32_t number)
{
	struct tuple tuple = a_tuple(IPPROTO_TCP, "10.0.0.1", (uint16_t)number, "10.0.0.2",
				     (uint16_t)(number >> 16));

	return path_of_packet(&tuple);
}

static bool packet(struct pending *pending, uint32_t number, int64_t now)
{
	struct path path = path_of(number);

	return pending_packet(pending, &path, now);
}

static void confirm(struct pending *pending, uint32_t number, int64_t now)
{
	struct path path = path_of(number);

	pending_confirmed(pending, &path, now);
}

#define JUDGED_MAX 5000
struct judged {
	size_t count;
	struct path paths[JUDGED_MAX];
	int64_t firsts[JUDGED_MAX];
};

static void judge(void *context, const struct path *path, int64_t first)
{
	struct judged *judged = context;

	assert_true(judged->count < JUDGED_MAX);
	judged->paths[judged->count] = *path;
	judged->firsts[judged->count++] = first;
}

static size_t expire(struct pending *pending, int64_t now)
{
	struct judged *judged = calloc(1, sizeof(*judged));
	size_t count;

	assert_non_null(judged);
	pending_expire(pending, now, judge, judged);
	count = judged->count;
	free(judged);
	return count;
}

static void test_nobody_confirms(void **state)
{
	struct pending *pending = new_pending(10, 10);
	struct judged *judged = calloc(1, sizeof(*judged));
	struct path path = path_of(5);

	(void)state;
	assert_non_null(judged);
	assert_true(packet(pending, 5, T0));
	assert_int_equal(pending_waiting(pending), 1);
	pending_expire(pending, T0 + PENDING_WAIT - 1, judge, judged);
	assert_int_equal(judged->count, 0);
	pending_expire(pending, T0 + PENDING_WAIT, judge, judged);
	assert_int_equal(judged->count, 1);
	assert_memory_equal(&judged->paths[0], &path, sizeof(path));
	assert_int_equal(judged->firsts[0], T0);
	assert_int_equal(pending_waiting(pending), 0);
	pending_expire(pending, T0 + SECONDS(60), judge, judged);
	assert_int_equal(judged->count, 1);
	pending_free(pending);
	free(judged);
}

static void test_confirmed_later(void **state)
{
	struct pending *pending = new_pending(10, 10);

	(void)state;
	packet(pending, 1, T0);
	packet(pending, 2, T0);
	confirm(pending, 1, T0 + SECONDS(1));
	assert_int_equal(pending_waiting(pending), 1);
	assert_int_equal(expire(pending, T0 + SECONDS(9)), 1);
	pending_free(pending);
}

static void test_confirmed_before(void **state)
{
	struct pending *pending = new_pending(10, 10);

	(void)state;
	confirm(pending, 1, T0);
	assert_true(packet(pending, 1, T0 + PENDING_WAIT - 1));
	assert_int_equal(pending_waiting(pending), 0);
	/* A path of another port is another path. */
	assert_true(packet(pending, 2, T0 + PENDING_WAIT - 1));
	assert_int_equal(pending_waiting(pending), 1);
	pending_free(pending);
}

/* Confirmed at any moment, it is known for PENDING_WAIT at least. */
static void test_memory_lasts(void **state)
{
	struct pending *pending = new_pending(10, 1000);

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		int64_t now = T0 + i * PENDING_WAIT / 10;

		confirm(pending, i, now);
		if (i >= 10)
			assert_true(packet(pending, i - 10, now));
	}
	assert_int_equal(pending_waiting(pending), 0);
	pending_free(pending);
}

static void test_memory_fades(void **state)
{
	struct pending *pending = new_pending(10, 1000);

	(void)state;
	confirm(pending, 1, T0);
	for (int64_t now = T0; now <= T0 + 3 * PENDING_WAIT; now += PENDING_WAIT / 4)
		assert_int_equal(expire(pending, now), 0);
	assert_true(packet(pending, 1, T0 + 3 * PENDING_WAIT));
	assert_int_equal(pending_waiting(pending), 1);
	pending_free(pending);
}

/* The same when nothing happened in between. */
static void test_memory_fades_in_silence(void **state)
{
	struct pending *pending = new_pending(10, 1000);

	(void)state;
	confirm(pending, 1, T0);
	assert_true(packet(pending, 1, T0 + SECONDS(3600)));
	assert_int_equal(pending_waiting(pending), 1);
	pending_free(pending);
}

static void test_retransmissions(void **state)
{
	struct pending *pending = new_pending(10, 10);
	size_t judged = 0;

	(void)state;
	for (int64_t after = 1; after < 128; after *= 2) {
		assert_true(packet(pending, 1, T0 + SECONDS(after - 1)));
		judged += expire(pending, T0 + SECONDS(after - 1) + PENDING_WAIT);
	}
	assert_int_equal(judged, 1);
	assert_true(packet(pending, 1, T0 + PENDING_ATTEMPT - 1));
	assert_int_equal(pending_waiting(pending), 0);
	assert_true(packet(pending, 1, T0 + PENDING_ATTEMPT));
	assert_int_equal(pending_waiting(pending), 1);
	assert_int_equal(expire(pending, T0 + PENDING_ATTEMPT + PENDING_WAIT), 1);
	pending_free(pending);
}

static void test_packet_limit(void **state)
{
	struct pending *pending = new_pending(3, 10);

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		assert_true(packet(pending, i, T0));
	assert_false(packet(pending, 3, T0));
	assert_true(packet(pending, 2, T0)); /* known already */
	assert_int_equal(pending_waiting(pending), 3);
	confirm(pending, 0, T0);
	assert_true(packet(pending, 3, T0));
	assert_int_equal(pending_waiting(pending), 3);
	pending_free(pending);
}

/* A scan must not switch judging off for everybody else. */
static void test_judged_attempts_make_room(void **state)
{
	struct pending *pending = new_pending(3, 10);

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		assert_true(packet(pending, i, T0));
	assert_false(packet(pending, 3, T0 + SECONDS(1)));
	assert_int_equal(expire(pending, T0 + PENDING_WAIT), 3);
	assert_true(packet(pending, 3, T0 + SECONDS(3)));
	assert_int_equal(pending_waiting(pending), 1);
	assert_int_equal(expire(pending, T0 + SECONDS(3) + PENDING_WAIT), 1);
	pending_free(pending);
}

static void test_stalled(void **state)
{
	struct pending *pending = new_pending(3, 10);

	(void)state;
	assert_int_equal(pending_whole_since(pending), 0);
	pending_stalled(pending, T0);
	assert_true(pending_whole_since(pending) == T0 + PENDING_WAIT);
	pending_free(pending);
}

/* The clock is set while a packet waits and a confirmation is remembered. */
static void test_shift(void **state)
{
	static const int64_t deltas[] = {SECONDS(3600), -SECONDS(3600)};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct pending *pending = new_pending(3, 10);
		int64_t later = T0 + deltas[i];

		confirm(pending, 1, T0);
		assert_true(packet(pending, 2, T0));
		pending_shift(pending, deltas[i]);
		assert_true(packet(pending, 1, later + SECONDS(1)));
		assert_int_equal(pending_waiting(pending), 1);
		assert_int_equal(expire(pending, later + SECONDS(1)), 0);
		assert_int_equal(expire(pending, later + PENDING_WAIT), 1);
		pending_free(pending);
	}
}

static void test_confirmed_limit(void **state)
{
	struct pending *pending = new_pending(10, 2);

	(void)state;
	assert_int_equal(pending_whole_since(pending), 0);
	confirm(pending, 1, T0);
	confirm(pending, 2, T0);
	confirm(pending, 1, T0);
	assert_int_equal(pending_whole_since(pending), 0);
	confirm(pending, 3, T0 + SECONDS(1));
	assert_true(packet(pending, 3, T0 + SECONDS(1) + PENDING_WAIT / 2));
	assert_int_equal(pending_waiting(pending), 1);
	assert_true(pending_whole_since(pending) >= T0 + SECONDS(1) + PENDING_WAIT / 2);
	/* Later ones can be judged again. */
	assert_true(pending_whole_since(pending) < T0 + SECONDS(1) + 3 * PENDING_WAIT);
	pending_free(pending);
}

static void test_flush(void **state)
{
	struct pending *pending = new_pending(10, 10);
	struct judged *judged = calloc(1, sizeof(*judged));

	(void)state;
	assert_non_null(judged);
	packet(pending, 1, T0);
	packet(pending, 2, T0);
	pending_flush(pending, judge, judged);
	assert_int_equal(judged->count, 2);
	assert_int_equal(pending_waiting(pending), 0);
	pending_flush(pending, judge, judged);
	assert_int_equal(judged->count, 2);
	pending_free(pending);
	free(judged);
}

static void test_several_deadlines(void **state)
{
	struct pending *pending = new_pending(100, 10);

	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		packet(pending, i, T0 + SECONDS(i));
	assert_int_equal(expire(pending, T0 + PENDING_WAIT), 1);
	assert_int_equal(expire(pending, T0 + PENDING_WAIT + SECONDS(3)), 3);
	assert_int_equal(pending_waiting(pending), 6);
	assert_int_equal(expire(pending, T0 + PENDING_WAIT + SECONDS(9)), 6);
	pending_free(pending);
}

/* Every other path of many is confirmed in the order of an unrelated sequence; the rest is judged,
 * each once. */
static void test_many(void **state)
{
	struct pending *pending = new_pending(10000, 10000);
	struct judged *judged = calloc(1, sizeof(*judged));

	(void)state;
	assert_non_null(judged);
	for (uint32_t i = 0; i < 6000; i++)
		assert_true(packet(pending, i, T0));
	for (uint32_t i = 0; i < 6000; i++)
		if ((i * 7919) % 6000 % 2)
			confirm(pending, (i * 7919) % 6000, T0);
	assert_int_equal(pending_waiting(pending), 3000);
	pending_expire(pending, T0 + PENDING_WAIT, judge, judged);
	assert_int_equal(judged->count, 3000);
	for (size_t i = 0; i < judged->count; i++)
		assert_int_equal(judged->paths[i].source_port % 2, 0);
	assert_true(packet(pending, 0, T0 + SECONDS(5)));
	assert_int_equal(pending_waiting(pending), 0);
	pending_free(pending);
	free(judged);
}

static void test_free_nothing(void **state)
{
	(void)state;
	assert_null(pending_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nobody_confirms),
	    cmocka_unit_test(test_confirmed_later),
	    cmocka_unit_test(test_confirmed_before),
	    cmocka_unit_test(test_memory_lasts),
	    cmocka_unit_test(test_memory_fades),
	    cmocka_unit_test(test_memory_fades_in_silence),
	    cmocka_unit_test(test_retransmissions),
	    cmocka_unit_test(test_packet_limit),
	    cmocka_unit_test(test_judged_attempts_make_room),
	    cmocka_unit_test(test_stalled),
	    cmocka_unit_test(test_shift),
	    cmocka_unit_test(test_confirmed_limit),
	    cmocka_unit_test(test_flush),
	    cmocka_unit_test(test_several_deadlines),
	    cmocka_unit_test(test_many),
	    cmocka_unit_test(test_free_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
