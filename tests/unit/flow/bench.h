/* A tracker, what it is fed with and what it tells. For tests of it. */
#ifndef NETPOL_TESTS_UNIT_FLOW_BENCH_H
#define NETPOL_TESTS_UNIT_FLOW_BENCH_H

#include "tests/unit/flow/fixture.h"

#include "flow/track.h"

#define WINDOW 60000u
#define ROWS_MAX 64

/* A tracker, and what it has told so far. */
struct bench {
	struct fold *fold;
	struct registry *registry;
	struct track *track;
	struct flow rows[ROWS_MAX]; /* of the last take() */
	size_t row_count;
	struct checkpoint checkpoints[ROWS_MAX];
	size_t checkpoint_count;
	struct gap gaps[ROWS_MAX];
	size_t gap_count;
};

static UNUSED const struct track_options options = {
    .live_limit = 1000,
    .pending = {.packet_limit = 1000, .confirmed_limit = 1000},
    .bind_slack = 5 * NSEC_PER_SEC,
    .idle = {.syn_sent = 120,
	     .syn_received = 60,
	     .established = 432000,
	     .closing = 120,
	     .udp = 30,
	     .udp_stream = 120,
	     .icmp = 30,
	     .other = 432000},
};

static UNUSED void bench_start(struct bench *bench, struct track_options with)
{
	bench->track = track_new(with, bench->fold, bench->registry);
	assert_non_null(bench->track);
}

static UNUSED struct bench *bench_new_with(struct track_options with, struct fold_options fold)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	bench->fold = fold_new(fold);
	bench->registry = registry_new();
	assert_non_null(bench->fold);
	assert_non_null(bench->registry);
	bench_start(bench, with);
	return bench;
}

static UNUSED struct bench *bench_new(void)
{
	return bench_new_with(options, (struct fold_options){.window = WINDOW, .limit = 1000});
}

static UNUSED void bench_free(struct bench *bench)
{
	track_free(bench->track);
	fold_free(bench->fold);
	registry_free(bench->registry);
	free(bench);
}

static UNUSED void take(struct bench *bench)
{
	struct batch batch = {0};
	struct flow *rows;

	fold_take(bench->fold, &rows, &bench->row_count);
	track_take(bench->track, &batch);
	assert_true(bench->row_count <= ROWS_MAX);
	assert_true(batch.checkpoint_count <= ROWS_MAX && batch.gap_count <= ROWS_MAX);
	for (size_t i = 0; i < bench->row_count; i++)
		bench->rows[i] = rows[i];
	bench->checkpoint_count = batch.checkpoint_count;
	for (size_t i = 0; i < batch.checkpoint_count; i++)
		bench->checkpoints[i] = batch.checkpoints[i];
	bench->gap_count = batch.gap_count;
	for (size_t i = 0; i < batch.gap_count; i++)
		bench->gaps[i] = batch.gaps[i];
	free(rows);
	free(batch.checkpoints);
	free(batch.gaps);
}

/* A new run that knows the checkpoints of the last take(). */
static UNUSED void restart(struct bench *bench)
{
	track_free(bench->track);
	bench_start(bench, options);
	for (size_t i = 0; i < bench->checkpoint_count; i++)
		track_restore(bench->track, &bench->checkpoints[i], T0);
}

/* The only row. */
static UNUSED const struct flow *take_row(struct bench *bench)
{
	take(bench);
	assert_int_equal(bench->row_count, 1);
	assert_int_equal(bench->rows[0].length, WINDOW);
	return &bench->rows[0];
}

static UNUSED const struct flow *row_of(const struct bench *bench, enum verdict verdict)
{
	const struct flow *found = NULL;

	for (size_t i = 0; i < bench->row_count; i++) {
		if (bench->rows[i].key.verdict != verdict)
			continue;
		assert_null(found);
		found = &bench->rows[i];
	}
	assert_non_null(found);
	return found;
}

static UNUSED struct conntrack_event tcp(enum conntrack_event_type type)
{
	struct tuple tuple = a_tuple(IPPROTO_TCP, "10.0.0.1", 40000, "10.0.0.2", 80);
	struct conntrack_event event = an_event(type, tuple, reversed(tuple));

	event.has_tcp_state = type != CONNTRACK_DESTROY;
	event.tcp_state =
	    type == CONNTRACK_NEW ? TCP_CONNTRACK_SYN_SENT : TCP_CONNTRACK_ESTABLISHED;
	return event;
}

static UNUSED struct conntrack_event udp(enum conntrack_event_type type)
{
	struct tuple tuple = a_tuple(IPPROTO_UDP, "10.0.0.1", 40000, "10.0.0.2", 8125);

	return an_event(type, tuple, reversed(tuple));
}

/* The kernel tells the start in dumps and at the end. */
static UNUSED struct conntrack_event answered(enum conntrack_event_type type, int64_t start)
{
	struct conntrack_event event = tcp(type);

	event.status |= CONNTRACK_SEEN_REPLY | CONNTRACK_ASSURED;
	set_start(&event, start);
	return event;
}

static UNUSED void tell(struct bench *bench, struct conntrack_event event, int64_t now)
{
	track_event(bench->track, &event, now);
}

/* A whole dump of no or one entry. */
static UNUSED size_t dump(struct bench *bench, const struct conntrack_event *entry, int64_t now)
{
	track_dump_begin(bench->track);
	if (entry)
		track_dump_entry(bench->track, entry, now);
	return track_dump_end(bench->track, now);
}

static UNUSED size_t dump_counters(struct bench *bench, struct conntrack_event entry,
				   uint64_t packets, uint64_t bytes, int64_t now)
{
	set_counters(&entry, packets, packets, bytes, bytes);
	return dump(bench, &entry, now);
}

static UNUSED int look(void *context, const struct path *path)
{
	assert_int_equal(path->destination_port, 80);
	return *(int *)context;
}

static UNUSED struct packet_event packet_of(const struct conntrack_event *event)
{
	struct path path = path_of_connection(&event->original, &event->reply);

	return (struct packet_event){.tuple = {.source = path.source,
					       .destination = path.destination,
					       .source_port = path.source_port,
					       .destination_port = path.destination_port,
					       .protocol = path.protocol,
					       .has_ports = protocol_has_ports(path.protocol)}};
}

static UNUSED void show_packet(struct bench *bench, int64_t now)
{
	struct conntrack_event event = tcp(CONNTRACK_NEW);
	struct packet_event packet = packet_of(&event);

	track_packet(bench->track, &packet, now);
}

static UNUSED void expire(struct bench *bench, int found, int64_t now)
{
	track_expire(bench->track, now, look, &found);
}

static UNUSED int look_nowhere(void *context, const struct path *path)
{
	(void)context;
	(void)path;
	return 0;
}

#endif
