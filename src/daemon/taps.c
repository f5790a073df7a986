#include "daemon/taps.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "daemon/exclusions.h"
#include "daemon/first_packets.h"
#include "daemon/sysctl.h"
#include "daemon/valve.h"
#include "kernel/feed.h"
#include "kernel/query.h"

/* Messages in one turn of the loop, so that no socket starves the others. */
#define READ_BUDGET 8192u
/* Turns after a dump in which queued events are read before anything is called vanished. */
#define DRAIN_TURNS 64u
/* The clock is read once for so many events. */
#define EVENTS_PER_CLOCK 64u

/* A pause in reading after which a packet may come later than its confirmation is remembered. */
#define STALL (PENDING_WAIT - 200 * NSEC_PER_MSEC)
/* What is still undelivered after this long has been given up with a later drop. */
#define HELD_MEMORY (2 * NSEC_PER_SEC)
/* Less is NTP slewing the clock. */
#define CLOCK_STEP (500 * NSEC_PER_MSEC)

struct taps {
	const struct config *config;
	struct handover *handover;
	struct track *track;
	struct taps_relief relief;
	struct exclusions exclusions;
	struct ct_feed *events;
	struct ct_query *query;
	struct first_packets *packets;
	struct valve *valve; /* NULL: delivery is not reliable */
	int64_t valve_pause; /* until it is tried again; 0: none could not begin */
	int64_t valve_due;   /* monotonic */
	struct conntrack_stats stats;
	bool has_stats;
	bool resync;
	int64_t events_whole; /* the moment up to which the event socket had lost nothing */
	int64_t table_whole;
	int64_t heard;
	int64_t held_from;  /* what the kernel keeps for later has come since then */
	int64_t held_last;  /* … at least until then */
	int64_t now;        /* of the events being read */
	int64_t identified; /* who had which address is known up to this moment */
	unsigned now_used;
	uint64_t events_read;
	int64_t read_at;      /* monotonic: when a socket was last read */
	int64_t clock_offset; /* CLOCK_REALTIME less CLOCK_MONOTONIC */
	struct taps_figures figures;
};

struct taps *taps_close(struct taps *taps)
{
	if (!taps)
		return NULL;
	valve_close(taps->valve);
	first_packets_free(taps->packets);
	ct_query_close(taps->query);
	ct_feed_close(taps->events);
	free(taps);
	return NULL;
}

void taps_protect(struct taps *taps)
{
	long entries = 1;

	sysctl_read(SYSCTL_DIRECTORY, "nf_conntrack_count", &entries);
	taps->figures.tracked_before = entries > 0;
	first_packets_watch(taps->packets);
	handover_close(taps->handover);
}

int taps_event_fd(const struct taps *taps)
{
	return ct_feed_fd(taps->events);
}

int taps_log_fd(const struct taps *taps)
{
	return first_packets_fd(taps->packets);
}

static void lose(struct taps *taps, enum loss_source source, uint64_t at_most, int64_t *whole,
		 const char *reason)
{
	struct loss loss = {.source = source, .bounded = true, .at_most = at_most};

	track_loss(taps->track, &loss, *whole, clock_now(), reason);
}

/* Before every reading: were we away for long, was the clock set? */
static void notice_time(struct taps *taps)
{
	int64_t monotonic = clock_monotonic();
	int64_t offset = clock_now() - monotonic;
	int64_t step = offset - taps->clock_offset;

	if (taps->read_at && (step > CLOCK_STEP || step < -CLOCK_STEP)) {
		track_shift(taps->track, step);
		taps->relief.shift(taps->relief.context, step);
	}
	if (taps->read_at && monotonic - taps->read_at > STALL)
		track_stalled(taps->track, clock_now());
	taps->clock_offset = offset;
	taps->read_at = monotonic;
}

/* ---- events ---- */

/* A pod is on disk before it speaks: who is known after a connection came is who can have made it.
 */
static void identify(struct taps *taps)
{
	taps->identified = clock_now();
	taps->relief.identify(taps->relief.context);
}

/* A dump or a burst may fold more rows than there is room for before the loop comes round. */
static void relieve(struct taps *taps)
{
	if (track_wants_room(taps->track))
		taps->relief.hand_over(taps->relief.context);
}

static void on_event(void *context, const struct conntrack_event *event)
{
	struct taps *taps = context;

	if (taps->now_used++ % EVENTS_PER_CLOCK == 0)
		taps->now = clock_now();
	if (event->start >= taps->identified)
		identify(taps);
	track_event(taps->track, event, taps->now);
	relieve(taps);
}

static void valve_failed(struct taps *taps, int error)
{
	taps->figures.valve_error = error;
	taps->valve_pause = valve_pause_after(taps->valve_pause);
	taps->valve_due = clock_monotonic() + taps->valve_pause;
}

void taps_check_children(struct taps *taps)
{
	if (!taps->valve || !valve_is_dead(taps->valve))
		return;
	if (valve_ran(taps->valve))
		taps->figures.valves_lost++;
	else
		valve_failed(taps, -ECHILD);
	taps->valve = valve_close(taps->valve);
}

/* What a reliable socket could not take comes later, but for a NEW that is followed by nothing. */
static bool was_reliable(struct taps *taps)
{
	taps_check_children(taps);
	return taps->valve && valve_held(taps->valve);
}

static void hold_drops(struct taps *taps, uint64_t drops)
{
	int64_t now = clock_now();

	if (!taps->held_last || now - taps->held_last > HELD_MEMORY)
		taps->held_from = taps->events_whole;
	taps->held_last = now;
	track_disturbed(taps->track, taps->events_whole, now);
	taps->figures.late_events += drops;
}

/* With them goes what was held shortly before. */
static void lose_drops(struct taps *taps, uint64_t drops)
{
	bool held = taps->held_last && clock_now() - taps->held_last <= HELD_MEMORY;

	lose(taps, LOSS_CONNTRACK, drops, held ? &taps->held_from : &taps->events_whole,
	     "the event socket's buffer was full");
	taps->figures.lost_events += drops;
}

static void take_drops(struct taps *taps, uint64_t drops)
{
	if (drops == 0)
		return;
	taps->resync = true;
	if (was_reliable(taps))
		hold_drops(taps, drops);
	else
		lose_drops(taps, drops);
}

/*
 * Without it everything works, but for what a full buffer cannot take. What the socket dropped
 * before was not kept: an adopted one had no reader for a while.
 */
static void open_valve(struct taps *taps)
{
	struct ct_burst burst = {0};
	int r = valve_open(taps->events, (uint32_t)taps->config->conntrack.undelivered_max,
			   &taps->valve);

	if (r < 0)
		valve_failed(taps, r);
	if (ct_feed_read(taps->events, on_event, taps, 0, &burst) < 0 || burst.drops == 0)
		return;
	taps->resync = true;
	lose_drops(taps, burst.drops);
}

static void take_undecodable(struct taps *taps, uint64_t count)
{
	if (count == 0)
		return;
	taps->resync = true;
	lose(taps, LOSS_CONNTRACK, count, &taps->events_whole, "an event could not be decoded");
	taps->figures.lost_events += count;
}

int taps_read_events(struct taps *taps, bool *ret_more)
{
	struct ct_burst burst = {0};
	int64_t begun = clock_now();
	int r;

	notice_time(taps);
	identify(taps);
	taps->now_used = 0;
	r = ct_feed_read(taps->events, on_event, taps, READ_BUDGET, &burst);
	*ret_more = burst.events >= READ_BUDGET;
	taps->events_read += burst.events;
	if (r == 0 && !*ret_more)
		taps->heard = begun;
	take_drops(taps, burst.drops);
	take_undecodable(taps, burst.undecodable);
	taps->events_whole = begun;
	return r;
}

int taps_read_packets(struct taps *taps, bool *ret_more)
{
	notice_time(taps);
	return first_packets_read(taps->packets, READ_BUDGET, ret_more);
}

/* ---- opening ---- */

/* Who adopts the socket owns it. */
static int open_events(struct taps *taps)
{
	int *fd = &taps->handover->sockets[HANDOVER_EVENTS];
	const struct ct_feed_options options = {
	    .buffer_size = (size_t)taps->config->conntrack.buffer_size,
	    .excluded = taps->exclusions.items,
	    .excluded_count = taps->exclusions.count,
	    .fd = *fd,
	    .drops_before = taps->handover->state.event_drops,
	};

	*fd = -1;
	return ct_feed_open(&options, &taps->events);
}

static void begin_books(struct taps *taps)
{
	const struct handover_state *state = &taps->handover->state;

	taps->events_whole = taps->table_whole = state->valid ? state->stopped_at : clock_now();
	taps->has_stats = state->valid || ct_query_stats(taps->query, &taps->stats) == 0;
	if (state->valid)
		taps->stats = state->stats;
}

static int open_sockets(struct taps *taps, const char **ret_what)
{
	int r;

	*ret_what = "subscribe to conntrack events";
	r = open_events(taps);
	if (r == 0) {
		*ret_what = "open a conntrack look-up socket";
		r = ct_query_open(&taps->query);
	}
	return r;
}

int taps_open(const struct config *config, struct track *track, struct taps_relief relief,
	      struct handover *handover, struct taps **ret, const char **ret_what)
{
	struct taps *taps = calloc(1, sizeof(*taps));
	int r = -ENOMEM;

	if (!taps)
		return -ENOMEM;
	taps->config = config;
	taps->handover = handover;
	taps->track = track;
	taps->relief = relief;
	taps->exclusions = exclusions_of(config);
	taps->packets = first_packets_new(config, &taps->exclusions, track, handover);
	if (taps->packets)
		r = open_sockets(taps, ret_what);
	if (r < 0) {
		taps_close(taps);
		return r;
	}
	taps->figures.events_granted = ct_feed_granted(taps->events);
	begin_books(taps);
	open_valve(taps);
	*ret = taps;
	return 0;
}

/* ---- dumps ---- */

static void on_entry(void *context, const struct conntrack_event *entry)
{
	struct taps *taps = context;

	if (exclusions_hold(&taps->exclusions, entry->original.source, entry->reply.source))
		return;
	track_dump_entry(taps->track, entry, taps->now);
	relieve(taps);
}

/* A dump of a large table must not let the buffers overflow. An error comes again later. */
static void read_meanwhile(void *context)
{
	struct taps *taps = context;
	bool more;

	taps_read_events(taps, &more);
	taps_read_packets(taps, &more);
	taps->now = clock_now();
	taps->relief.alive(taps->relief.context);
}

static int drain(struct taps *taps)
{
	bool more = true;
	int r = 0;

	for (unsigned turn = 0; more && r == 0 && turn < DRAIN_TURNS; turn++)
		r = taps_read_events(taps, &more);
	return more ? -EAGAIN : r;
}

int taps_dump(struct taps *taps)
{
	int r;

	taps->resync = false;
	taps->now = clock_now();
	track_dump_begin(taps->track);
	r = ct_query_dump(taps->query, on_entry, read_meanwhile, taps);
	if (r == 0)
		r = drain(taps);
	if (r < 0) {
		track_dump_cancel(taps->track);
		taps->resync = true;
		return r;
	}
	track_dump_end(taps->track, clock_now());
	return 0;
}

int64_t taps_heard(const struct taps *taps)
{
	return taps->heard;
}

uint64_t taps_events(const struct taps *taps)
{
	return taps->events_read;
}

bool taps_wants_resync(const struct taps *taps)
{
	return taps->resync;
}

/* ---- checks ---- */

static void lose_unbounded(struct taps *taps, enum loss_source source, int64_t from,
			   const char *reason)
{
	track_loss(taps->track, &(struct loss){.source = source}, from, clock_now(), reason);
}

void taps_lose_events(struct taps *taps, int64_t from, const char *reason)
{
	lose_unbounded(taps, LOSS_CONNTRACK, from, reason);
	taps->resync = true;
}

/* Counters are of 32 bits in the kernel and wrap. */
static uint64_t grown(uint64_t before, uint64_t now)
{
	return (uint32_t)(now - before);
}

static void check_table(struct taps *taps)
{
	struct conntrack_stats stats;
	uint64_t lost;

	if (ct_query_stats(taps->query, &stats) < 0) {
		lose_unbounded(taps, LOSS_TABLE, taps->table_whole,
			       "the conntrack table's statistics cannot be read");
		taps->has_stats = false;
		return;
	}
	lost = grown(taps->stats.drop, stats.drop) +
	       grown(taps->stats.early_drop, stats.early_drop) +
	       grown(taps->stats.insert_failed, stats.insert_failed);
	if (taps->has_stats && lost > 0)
		lose(taps, LOSS_TABLE, lost, &taps->table_whole,
		     "the conntrack table dropped packets or entries, or could not insert");
	taps->stats = stats;
	taps->has_stats = true;
	taps->table_whole = clock_now();
}

/* Near its maximum the kernel evicts entries, and sooner those that are closing. */
static void check_pressure(struct taps *taps)
{
	long entries, most;

	if (sysctl_read(SYSCTL_DIRECTORY, "nf_conntrack_count", &entries) == 0 &&
	    sysctl_read(SYSCTL_DIRECTORY, "nf_conntrack_max", &most) == 0)
		track_set_pressure(taps->track, entries >= most - most / 20);
}

/* A connection's reply goes from where the packet went back to where it came from, unless its
 * source was translated. */
static int look(void *context, const struct path *path)
{
	struct taps *taps = context;
	struct tuple tuple = {
	    .source = path->source,
	    .destination = path->destination,
	    .source_port = path->source_port,
	    .destination_port = path->destination_port,
	    .protocol = path->protocol,
	    .has_ports = protocol_has_ports(path->protocol),
	};
	struct tuple reply = tuple;
	struct conntrack_event found;
	int r = ct_query_find(taps->query, &tuple, false, 0, &found);

	taps->relief.alive(taps->relief.context);
	if (r == -ENOENT && tuple.has_ports) {
		reply.source = tuple.destination;
		reply.destination = tuple.source;
		reply.source_port = tuple.destination_port;
		reply.destination_port = tuple.source_port;
		r = ct_query_find(taps->query, &reply, true, 0, &found);
	}
	if (r == 0)
		return 1;
	return r == -ENOENT ? 0 : r;
}

static void check_valve(struct taps *taps)
{
	was_reliable(taps);
	if (!taps->valve && clock_monotonic() >= taps->valve_due) {
		open_valve(taps);
	} else if (taps->valve && valve_ran(taps->valve)) {
		taps->figures.valve_error = 0;
		taps->valve_pause = 0;
	}
}

void taps_check(struct taps *taps)
{
	bool more_packets, more_events;

	taps_read_packets(taps, &more_packets);
	taps_read_events(taps, &more_events);
	check_table(taps);
	check_pressure(taps);
	check_valve(taps);
	first_packets_check(taps->packets, !more_packets);
	if (!more_packets && !more_events)
		track_expire(taps->track, clock_now(), look, taps);
}

/* ---- the end ---- */

/* Where the store cannot take more, the next run finds what is open. */
static void finish_track(struct taps *taps)
{
	identify(taps);
	while (track_finish(taps->track, clock_now(), look, taps)) {
		taps->relief.hand_over(taps->relief.context);
		if (track_wants_room(taps->track))
			return;
	}
}

void taps_finish(struct taps *taps)
{
	first_packets_finish(taps->packets, READ_BUDGET);
	taps_dump(taps);
	check_table(taps);
	identify(taps);
	while (track_finish(taps->track, clock_now(), look, taps) &&
	       track_wants_room(taps->track)) {
		relieve(taps);
		if (track_wants_room(taps->track))
			break;
	}
}

/*
 * Events are read before packets and not again: then every packet whose event was read has been
 * read too, and the successor has no packet to judge whose connection it cannot know of. A packet
 * that waits now may have its event unread: nothing is called denied.
 */
void taps_hand_over(struct taps *taps, struct handover *ret)
{
	taps->valve = valve_close(taps->valve);
	taps_dump(taps);
	check_table(taps);
	*ret = (struct handover){
	    .sockets = {[HANDOVER_EVENTS] = ct_feed_fd(taps->events)},
	    .state = {.stopped_at = taps->events_whole,
		      .event_drops = ct_feed_drops(taps->events),
		      .stats = taps->stats},
	};
	first_packets_hand_over(taps->packets, READ_BUDGET, ret);
	track_disturbed(taps->track, taps->events_whole, clock_now());
	finish_track(taps);
}

struct taps_figures taps_figures(const struct taps *taps)
{
	struct first_packets_figures packets = first_packets_figures(taps->packets);
	struct taps_figures figures = taps->figures;

	figures.rules_owned = packets.rules_owned;
	figures.rules_error = packets.rules_error;
	figures.log_error = packets.log_error;
	figures.lost_packets = packets.lost;
	return figures;
}
