/* Whatever connections do and whenever they are dumped, committed and restarted: the rows add up.
 */
#include "tests/unit/flow/fixture.h"

#include <stdio.h>

#include "flow/track.h"

#define CONNECTIONS_MAX 4000
#define EDGES_MAX 512
#define STEPS 12000
#define ROUNDS 12u

struct connection {
	struct tuple original, reply;
	uint32_t id;
	int64_t start;
	bool alive, told_end, seen_reply, has_counters;
	bool dumped, committed; /* counted by a dump; … which was committed before it ended */
	uint64_t sent, received, bytes_sent, bytes_received;
	struct totals at_dump, at_commit; /* what was counted then */
};

struct world {
	uint64_t random;
	int64_t now;
	bool crashes; /* restarts lose what was not committed */
	bool has_counters;
	struct connection connections[CONNECTIONS_MAX];
	size_t count;
	struct fold *fold;
	struct registry *registry;
	struct track *track;
	struct checkpoint checkpoints[CONNECTIONS_MAX]; /* the store's */
	size_t checkpoint_count;
	struct flow edges[EDGES_MAX]; /* the store's */
	size_t edge_count;
};

/* xorshift64: the same steps for the same seed on every machine. */
static uint64_t roll(struct world *world, uint64_t sides)
{
	world->random ^= world->random << 13;
	world->random ^= world->random >> 7;
	world->random ^= world->random << 17;
	return world->random % sides;
}

static void start_run(struct world *world)
{
	const struct track_options options = {
	    .live_limit = CONNECTIONS_MAX,
	    .pending = {.packet_limit = 1000, .confirmed_limit = 100000},
	};

	world->track = track_new(options, world->fold, world->registry);
	assert_non_null(world->track);
	for (size_t i = 0; i < world->checkpoint_count; i++)
		track_restore(world->track, &world->checkpoints[i], world->now);
}

static void world_begin(struct world *world)
{
	world->now = T0;
	world->fold = fold_new((struct fold_options){.window = 60000, .limit = 100000});
	world->registry = registry_new();
	assert_non_null(world->fold);
	assert_non_null(world->registry);
	start_run(world);
}

static void world_end(struct world *world)
{
	track_free(world->track);
	fold_free(world->fold);
	registry_free(world->registry);
	free(world);
}

/* ---- the store ---- */

static size_t checkpoint_find(const struct world *world, const struct checkpoint *checkpoint)
{
	size_t i = 0;

	while (i < world->checkpoint_count &&
	       (world->checkpoints[i].id != checkpoint->id ||
		world->checkpoints[i].start_ns != checkpoint->start_ns ||
		memcmp(&world->checkpoints[i].original, &checkpoint->original,
		       sizeof(checkpoint->original)) != 0))
		i++;
	return i;
}

static void store_checkpoint(struct world *world, const struct checkpoint *checkpoint)
{
	size_t at = checkpoint_find(world, checkpoint);

	/* One that began and ended between two commits was never stored. */
	if (checkpoint->remove && at == world->checkpoint_count)
		return;
	if (checkpoint->remove) {
		world->checkpoints[at] = world->checkpoints[--world->checkpoint_count];
		return;
	}
	assert_true(at < CONNECTIONS_MAX);
	world->checkpoints[at] = *checkpoint;
	world->checkpoint_count += at == world->checkpoint_count;
}

static void store_row(struct world *world, const struct flow *row)
{
	size_t i = 0;

	while (i < world->edge_count &&
	       memcmp(&world->edges[i].key, &row->key, sizeof(row->key)) != 0)
		i++;
	assert_true(i < EDGES_MAX);
	if (i < world->edge_count) {
		totals_add(&world->edges[i].totals, &row->totals);
		return;
	}
	world->edges[world->edge_count++] = *row;
}

static void hand_over(struct world *world, bool keep)
{
	struct batch batch = {0};

	fold_take(world->fold, &batch.flows, &batch.flow_count);
	track_take(world->track, &batch);
	for (size_t i = 0; keep && i < batch.flow_count; i++)
		store_row(world, &batch.flows[i]);
	for (size_t i = 0; keep && i < batch.checkpoint_count; i++)
		store_checkpoint(world, &batch.checkpoints[i]);
	free(batch.flows);
	free(batch.gaps);
	free(batch.checkpoints);
}

static void commit(struct world *world)
{
	hand_over(world, true);
	for (size_t i = 0; i < world->count; i++) {
		struct connection *connection = &world->connections[i];

		if (connection->alive && connection->dumped) {
			connection->committed = true;
			connection->at_commit = connection->at_dump;
		}
	}
}

/* ---- the kernel ---- */

static struct conntrack_event event_of(const struct connection *connection,
				       enum conntrack_event_type type)
{
	struct conntrack_event event = an_event(type, connection->original, connection->reply);

	event.id = connection->id;
	if (connection->seen_reply)
		event.status |= CONNTRACK_SEEN_REPLY;
	if (type == CONNTRACK_NEW) {
		event.has_tcp_state = event.original.protocol == IPPROTO_TCP;
		event.tcp_state = TCP_CONNTRACK_SYN_SENT;
		return event;
	}
	set_start(&event, connection->start);
	if (connection->has_counters)
		set_counters(&event, connection->sent, connection->received, connection->bytes_sent,
			     connection->bytes_received);
	return event;
}

/* Few client ports and ids, so that keys come back. */
static void choose_tuples(struct world *world, struct connection *connection)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};
	uint8_t protocol = protocols[roll(world, COUNT(protocols))];
	uint16_t port = (uint16_t)(80 + roll(world, 3)), client = (uint16_t)(1 + roll(world, 400));
	const char *source = roll(world, 2) ? "10.0.0.1" : "fd00::1";
	const char *destination = source[0] == 'f' ? "fd00::2" : "10.0.0.2";

	connection->original = a_tuple(protocol, source, client, destination, port);
	connection->reply = reversed(connection->original);
	if (roll(world, 3) == 0)
		connection->reply.source_port = 8080;
}

static bool is_taken(const struct world *world, const struct connection *wanted)
{
	for (size_t i = 0; i < world->count; i++)
		if (world->connections[i].alive &&
		    memcmp(&world->connections[i].original, &wanted->original,
			   sizeof(wanted->original)) == 0)
			return true;
	return false;
}

static struct connection *kernel_open(struct world *world)
{
	struct connection *connection = &world->connections[world->count];

	if (world->count == CONNECTIONS_MAX)
		return NULL;
	memset(connection, 0, sizeof(*connection));
	choose_tuples(world, connection);
	if (is_taken(world, connection))
		return NULL;
	connection->id = (uint32_t)roll(world, 3);
	connection->start = world->now;
	connection->alive = true;
	connection->seen_reply = world->crashes;
	connection->has_counters = world->has_counters;
	world->count++;
	return connection;
}

static struct connection *choose_alive(struct world *world)
{
	size_t first = world->count ? roll(world, world->count) : 0;

	for (size_t i = 0; i < world->count; i++) {
		struct connection *connection = &world->connections[(first + i) % world->count];

		if (connection->alive)
			return connection;
	}
	return NULL;
}

static void kernel_traffic(struct world *world, struct connection *connection)
{
	if (!connection)
		return;
	connection->sent += 1 + roll(world, 9);
	connection->bytes_sent += roll(world, 9000);
	if (connection->seen_reply || roll(world, 3) == 0) {
		connection->seen_reply = true;
		connection->received += 1 + roll(world, 9);
		connection->bytes_received += roll(world, 9000);
	}
}

static void tell(struct world *world, const struct connection *connection,
		 enum conntrack_event_type type)
{
	struct conntrack_event event = event_of(connection, type);

	track_event(world->track, &event, world->now);
}

static void kernel_close(struct world *world, struct connection *connection, bool told)
{
	if (!connection)
		return;
	connection->alive = false;
	connection->told_end = told;
	if (told)
		tell(world, connection, CONNTRACK_DESTROY);
}

/* ---- the daemon ---- */

static void note_dumped(struct connection *connection)
{
	connection->dumped = true;
	connection->at_dump = (struct totals){
	    .connections = 1,
	    .closed = 1,
	    .counted = connection->has_counters,
	    .packets_sent = connection->has_counters ? (int64_t)connection->sent : 0,
	    .packets_received = connection->has_counters ? (int64_t)connection->received : 0,
	    .bytes_sent = connection->has_counters ? (int64_t)connection->bytes_sent : 0,
	    .bytes_received = connection->has_counters ? (int64_t)connection->bytes_received : 0,
	};
}

/* Some open and close while the dump is read. */
static void meanwhile(struct world *world)
{
	for (uint64_t i = roll(world, 3); i > 0; i--) {
		struct connection *connection = kernel_open(world);

		world->now += NSEC_PER_MSEC;
		if (connection)
			tell(world, connection, CONNTRACK_NEW);
	}
	for (uint64_t i = roll(world, 3); i > 0; i--)
		kernel_close(world, choose_alive(world), true);
}

#define ANSWERS_AHEAD 16

/* The kernel answers for some connections ahead of our reading. */
static void dump_some(struct world *world, size_t from, size_t until)
{
	struct conntrack_event answers[ANSWERS_AHEAD];
	bool answered[ANSWERS_AHEAD];

	for (size_t i = from; i < until; i++) {
		answered[i - from] = world->connections[i].alive;
		answers[i - from] = event_of(&world->connections[i], CONNTRACK_ENTRY);
	}
	if (roll(world, 8) == 0)
		meanwhile(world);
	for (size_t i = from; i < until; i++) {
		if (answered[i - from])
			track_dump_entry(world->track, &answers[i - from], world->now);
		if (world->connections[i].alive)
			note_dumped(&world->connections[i]);
	}
}

static size_t dump(struct world *world)
{
	size_t count = world->count;

	track_dump_begin(world->track);
	for (size_t i = 0; i < count; i += ANSWERS_AHEAD)
		dump_some(world, i, count - i < ANSWERS_AHEAD ? count : i + ANSWERS_AHEAD);
	for (uint64_t i = roll(world, 4); i > 0; i--) {
		struct connection *connection = kernel_open(world);

		world->now += NSEC_PER_MSEC;
		if (!connection)
			continue;
		if (roll(world, 2)) {
			struct conntrack_event event = event_of(connection, CONNTRACK_ENTRY);

			track_dump_entry(world->track, &event, world->now);
			note_dumped(connection);
		}
		tell(world, connection, CONNTRACK_NEW);
	}
	for (uint64_t i = roll(world, 4); i > 0; i--)
		kernel_close(world, choose_alive(world), true);
	if (roll(world, 10) == 0) {
		track_dump_cancel(world->track);
		return 0;
	}
	return track_dump_end(world->track, world->now);
}

static int look_nowhere(void *context, const struct path *path)
{
	(void)context;
	(void)path;
	return 0;
}

static void stop_and_start(struct world *world)
{
	if (world->crashes) {
		hand_over(world, false);
	} else {
		if (roll(world, 2))
			track_finish(world->track, world->now, look_nowhere, NULL);
		commit(world);
	}
	track_free(world->track);
	for (uint64_t i = world->crashes ? roll(world, 4) : 0; i > 0; i--) {
		kernel_close(world, choose_alive(world), false);
		kernel_open(world);
	}
	start_run(world);
	dump(world);
}

/* What the rows must say of a connection that has ended by the end of all. */
static struct totals truth_of(struct connection *connection)
{
	if (connection->told_end)
		note_dumped(connection);
	else if (connection->committed)
		return connection->at_commit;
	else
		return (struct totals){0};
	return connection->at_dump;
}

/* A crash makes the ends told since the last commit untold. */
static void forget_uncommitted(struct world *world, const bool *ended_before)
{
	for (size_t i = 0; i < world->count; i++) {
		struct connection *connection = &world->connections[i];

		if (!connection->alive && !ended_before[i])
			connection->told_end = false;
		if (connection->alive && !connection->committed)
			connection->dumped = false;
	}
}

static void step(struct world *world, bool *ended_before)
{
	uint64_t what = roll(world, 1000);
	struct connection *connection;

	world->now += (int64_t)roll(world, (uint64_t)SECONDS(1));
	if (what < 350) {
		connection = kernel_open(world);
		if (connection)
			tell(world, connection, CONNTRACK_NEW);
	} else if (what < 700) {
		kernel_traffic(world, choose_alive(world));
	} else if (what < 950) {
		kernel_close(world, choose_alive(world), true);
	} else if (what < 970) {
		size_t vanished = dump(world);

		assert_true(world->crashes || vanished == 0);
	} else if (what < 990 || !world->crashes) {
		if (what < 995)
			commit(world);
		else
			stop_and_start(world);
		for (size_t i = 0; i < world->count; i++)
			ended_before[i] = !world->connections[i].alive;
	} else if (what < 995) {
		forget_uncommitted(world, ended_before);
		stop_and_start(world);
	}
}

static void check_sums(struct world *world)
{
	struct totals sum = {0}, truth = {0};

	for (size_t i = 0; i < world->edge_count; i++) {
		const struct totals *totals = &world->edges[i].totals;

		assert_in_range(totals->closed, 0, totals->connections);
		assert_in_range(totals->counted, 0, totals->connections);
		assert_true(totals->connections >= 0 && totals->bytes_sent >= 0);
		totals_add(&sum, totals);
	}
	for (size_t i = 0; i < world->count; i++) {
		struct totals totals = truth_of(&world->connections[i]);

		totals_add(&truth, &totals);
	}
	assert_totals(sum, truth.connections, truth.closed, truth.counted, truth.packets_sent,
		      truth.packets_received, truth.bytes_sent, truth.bytes_received);
}

/* Two whole dumps close what ended unseen. */
static void settle(struct world *world)
{
	for (int i = 0; i < 2; i++) {
		track_dump_begin(world->track);
		for (size_t j = 0; j < world->count; j++) {
			struct conntrack_event event =
			    event_of(&world->connections[j], CONNTRACK_ENTRY);

			if (world->connections[j].alive)
				track_dump_entry(world->track, &event, world->now);
		}
		track_dump_end(world->track, world->now);
	}
	for (struct connection *open = choose_alive(world); open; open = choose_alive(world))
		kernel_close(world, open, true);
	commit(world);
	assert_int_equal(track_figures(world->track).live, 0);
	assert_int_equal(world->checkpoint_count, 0);
}

static void run(uint64_t seed, bool crashes, bool has_counters)
{
	struct world *world = calloc(1, sizeof(*world));
	bool *ended_before = calloc(CONNECTIONS_MAX, sizeof(*ended_before));

	assert_non_null(world);
	assert_non_null(ended_before);
	print_message("# seed %u\n", (unsigned)seed);
	world->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	world->crashes = crashes;
	world->has_counters = has_counters;
	world_begin(world);
	for (int i = 0; i < STEPS; i++)
		step(world, ended_before);
	settle(world);
	assert_true(world->count > 1000);
	check_sums(world);
	free(ended_before);
	world_end(world);
}

static void test_restarts(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= ROUNDS; seed++)
		run(seed, false, true);
}

static void test_restarts_without_counters(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++)
		run(100 + seed, false, false);
}

/* Open at the crash, or ended and committed: exact. Ended but not committed, or while nobody
 * listened: what the last commit had, once. */
static void test_crashes(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= ROUNDS; seed++)
		run(200 + seed, true, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_restarts),
	    cmocka_unit_test(test_restarts_without_counters),
	    cmocka_unit_test(test_crashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
