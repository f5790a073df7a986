#include "daemon/taps.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "kernel/feed.h"
#include "kernel/rules.h"

/* Messages in one turn of the loop, so that no socket starves the others. */
#define READ_BUDGET 8192u
/* Turns after a dump in which queued events are read before anything is called vanished. */
#define DRAIN_TURNS 64u

/* Checks between two tries to have first packets shown. */
#define RETRY_CHECKS 5u
/* A pause in reading after which a packet may come later than its confirmation is remembered. */
#define STALL (PENDING_WAIT - 200 * NSEC_PER_MSEC)
/* Less is NTP slewing the clock. */
#define CLOCK_STEP (500 * NSEC_PER_MSEC)
/* After the rules are gone; longer than LOG_FEED_TIMEOUT. */
#define LAST_PACKETS_PATIENCE (300 * NSEC_PER_MSEC)

struct taps {
	const struct config *config;
	struct track *track;
	struct taps_relief relief;
	struct ct_feed *events;
	struct ct_query *query;
	struct log_feed *log;
	struct rules *rules;
	struct conntrack_stats stats;
	bool has_stats;
	bool resync;
	int64_t events_whole; /* the moment up to which the event socket had lost nothing */
	int64_t log_whole;
	int64_t table_whole;
	bool rules_log;       /* our rule is there and logs to our group */
	unsigned checks;      /* while first packets were not shown */
	int64_t read_at;      /* monotonic: when a socket was last read */
	int64_t clock_offset; /* CLOCK_REALTIME less CLOCK_MONOTONIC */
	uint64_t packets;     /* messages of the log group, those reported lost included */
	uint64_t counter;     /* of the rule, at the last check */
	struct taps_figures figures;
};

int taps_open(const struct config *config, struct track *track, struct taps_relief relief,
	      struct taps **ret, const char **ret_what)
{
	struct taps *taps = calloc(1, sizeof(*taps));
	int r;

	if (!taps)
		return -ENOMEM;
	taps->config = config;
	taps->track = track;
	taps->relief = relief;
	taps->events_whole = taps->log_whole = taps->table_whole = clock_now();
	*ret_what = "subscribe to conntrack events";
	r = ct_feed_open((size_t)config->conntrack.buffer_size, &taps->events);
	if (r == 0) {
		*ret_what = "open a conntrack look-up socket";
		r = ct_query_open(&taps->query);
	}
	if (r < 0) {
		taps_close(taps);
		return r;
	}
	taps->figures.events_granted = ct_feed_granted(taps->events);
	taps->has_stats = ct_query_stats(taps->query, &taps->stats) == 0;
	*ret = taps;
	return 0;
}

struct taps *taps_close(struct taps *taps)
{
	if (!taps)
		return NULL;
	rules_close(taps->rules);
	log_feed_close(taps->log);
	ct_query_close(taps->query);
	ct_feed_close(taps->events);
	free(taps);
	return NULL;
}

static void count_entry(void *context, const struct conntrack_event *entry)
{
	(void)entry;
	*(bool *)context = true;
}

static void install_rules(struct taps *taps)
{
	const struct rules_options options = {
	    .table = RULES_TABLE_DEFAULT,
	    .group = (uint16_t)taps->config->log_new.group,
	    .queue_threshold = LOG_FEED_QUEUE_THRESHOLD,
	    .snaplen = LOG_FEED_COPY_RANGE,
	    .silent = !taps->log,
	};

	taps->rules = rules_close(taps->rules);
	taps->figures.rules_error = rules_open(&options, &taps->rules, &taps->figures.rules_owned);
	taps->rules_log = taps->rules && taps->log;
	taps->counter = taps->packets = 0;
}

static void bind_log_group(struct taps *taps)
{
	const struct log_feed_options options = {
	    .group = (uint16_t)taps->config->log_new.group,
	    .settings = {.copy_range = LOG_FEED_COPY_RANGE,
			 .queue_threshold = LOG_FEED_QUEUE_THRESHOLD,
			 .timeout = LOG_FEED_TIMEOUT,
			 .batch_bytes = LOG_FEED_BATCH_BYTES},
	    .buffer_size = (size_t)taps->config->conntrack.buffer_size / 4,
	};

	taps->figures.log_error = log_feed_open(&options, &taps->log);
}

/* Are first packets shown to us, as far as we can know? */
static bool sees_first_packets(const struct taps *taps)
{
	return taps->log && (taps->rules_log || !taps->config->nftables.manage_rules);
}

static void watch_first_packets(struct taps *taps)
{
	if (!taps->log)
		bind_log_group(taps);
	if (taps->config->nftables.manage_rules &&
	    (!taps->rules || (taps->log && !taps->rules_log)))
		install_rules(taps);
	if (sees_first_packets(taps))
		taps->log_whole = clock_now();
}

void taps_protect(struct taps *taps)
{
	bool tracked = false;
	int r = ct_query_dump(taps->query, count_entry, &tracked);

	watch_first_packets(taps);
	taps->figures.tracked_before = r < 0 || tracked;
}

int taps_event_fd(const struct taps *taps)
{
	return ct_feed_fd(taps->events);
}

int taps_log_fd(const struct taps *taps)
{
	return taps->log ? log_feed_fd(taps->log) : -1;
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

	if (taps->read_at && (step > CLOCK_STEP || step < -CLOCK_STEP))
		track_shift(taps->track, step);
	if (taps->read_at && monotonic - taps->read_at > STALL)
		track_stalled(taps->track, clock_now());
	taps->clock_offset = offset;
	taps->read_at = monotonic;
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

	if (addr_is_loopback(event->original.source))
		return;
	track_event(taps->track, event, clock_now());
	relieve(taps);
}

int taps_read_events(struct taps *taps, bool *ret_more)
{
	struct ct_burst burst = {0};
	int64_t begun = clock_now();
	uint64_t lost;
	int r;

	notice_time(taps);
	r = ct_feed_read(taps->events, on_event, taps, READ_BUDGET, &burst);
	lost = burst.drops + burst.undecodable;
	*ret_more = burst.events >= READ_BUDGET;
	if (lost > 0) {
		lose(taps, LOSS_CONNTRACK, lost, &taps->events_whole,
		     burst.drops ? "the event socket's buffer was full"
				 : "an event could not be decoded");
		taps->figures.lost_events += lost;
		taps->resync = true;
	}
	taps->events_whole = begun;
	return r;
}

static void on_packet(void *context, const struct packet_event *packet)
{
	struct taps *taps = context;

	track_packet(taps->track, packet, clock_now());
}

static void count_lost_packets(struct taps *taps, uint64_t lost, const char *reason)
{
	if (lost == 0)
		return;
	lose(taps, LOSS_LOG, lost, &taps->log_whole, reason);
	taps->figures.lost_packets += lost;
	taps->packets += lost;
}

int taps_read_packets(struct taps *taps, bool *ret_more)
{
	struct log_burst burst = {0};
	int64_t begun = clock_now();
	int r;

	*ret_more = false;
	if (!taps->log)
		return 0;
	notice_time(taps);
	r = log_feed_read(taps->log, on_packet, taps, READ_BUDGET, &burst);
	*ret_more = burst.packets >= READ_BUDGET;
	taps->packets += burst.packets;
	count_lost_packets(taps, burst.lost, "log messages are missing from their sequence");
	count_lost_packets(taps, burst.undecodable, "a logged packet could not be decoded");
	taps->log_whole = begun;
	return r;
}

static void on_entry(void *context, const struct conntrack_event *entry)
{
	struct taps *taps = context;

	if (addr_is_loopback(entry->original.source))
		return;
	track_dump_entry(taps->track, entry, clock_now());
	relieve(taps);
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
	track_dump_begin(taps->track);
	r = ct_query_dump(taps->query, on_entry, taps);
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

static void lose_unbounded(struct taps *taps, enum loss_source source, int64_t from,
			   const char *reason)
{
	track_loss(taps->track, &(struct loss){.source = source}, from, clock_now(), reason);
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

/*
 * What the rule had counted at the last check has been delivered by now: a batch waits no longer
 * than LOG_FEED_TIMEOUT. The rest is lost without a trace in the sequence.
 */
static void check_rule(struct taps *taps)
{
	uint64_t counter = 0;
	int r;

	if (!taps->rules)
		return;
	if (taps->rules_log && taps->counter > taps->packets)
		count_lost_packets(taps, taps->counter - taps->packets,
				   "the rule counted packets that never came");
	r = rules_read_counter(taps->rules, &counter);
	if (r == 0)
		taps->counter = counter;
	if (r != -ENOENT)
		return;
	lose_unbounded(taps, LOSS_RULES, taps->log_whole, "the nftables table was taken away");
	taps->rules = rules_close(taps->rules);
	taps->rules_log = false;
}

/* Nothing is judged in that time, and each new try may end it. */
static void check_first_packets(struct taps *taps)
{
	if (sees_first_packets(taps))
		return;
	lose_unbounded(taps, taps->log ? LOSS_RULES : LOSS_LOG, taps->log_whole,
		       "first packets were not shown, so what was denied is not known");
	if (taps->checks++ % RETRY_CHECKS == 0)
		watch_first_packets(taps);
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

void taps_check(struct taps *taps)
{
	bool more_packets, more_events;

	taps_read_packets(taps, &more_packets);
	taps_read_events(taps, &more_events);
	check_table(taps);
	if (!more_packets)
		check_rule(taps);
	check_first_packets(taps);
	if (!more_packets && !more_events)
		track_expire(taps->track, clock_now(), look, taps);
}

bool taps_wants_resync(const struct taps *taps)
{
	return taps->resync;
}

/* The kernel keeps a batch of messages back until its timeout is over. */
static void await_last_packets(struct taps *taps)
{
	struct pollfd fd = {.fd = taps_log_fd(taps), .events = POLLIN};
	int64_t deadline = clock_monotonic() + LAST_PACKETS_PATIENCE;
	uint64_t counter = UINT64_MAX;
	bool more;

	if (!taps->log)
		return;
	if (taps->rules && rules_read_counter(taps->rules, &counter) < 0)
		counter = UINT64_MAX;
	taps->rules = rules_close(taps->rules);
	for (;;) {
		int64_t left = deadline - clock_monotonic();

		taps_read_packets(taps, &more);
		if (taps->packets >= counter || left <= 0)
			break;
		poll(&fd, 1, (int)(left / NSEC_PER_MSEC) + 1);
	}
	if (counter != UINT64_MAX && taps->packets < counter)
		count_lost_packets(taps, counter - taps->packets,
				   "the rule counted packets that never came");
}

void taps_finish(struct taps *taps)
{
	await_last_packets(taps);
	taps->log = log_feed_close(taps->log);
	taps_dump(taps);
	check_table(taps);
	while (track_finish(taps->track, clock_now(), look, taps) &&
	       track_wants_room(taps->track)) {
		relieve(taps);
		if (track_wants_room(taps->track))
			break;
	}
}

struct taps_figures taps_figures(const struct taps *taps)
{
	return taps->figures;
}
