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

/* After the rules are gone; longer than LOG_FEED_TIMEOUT. */
#define LAST_PACKETS_PATIENCE (300 * NSEC_PER_MSEC)

struct taps {
	const struct config *config;
	struct track *track;
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
	uint64_t packets; /* messages of the log group, those reported lost included */
	uint64_t counter; /* of the rule, at the last check */
	struct taps_figures figures;
};

int taps_open(const struct config *config, struct track *track, struct taps **ret,
	      const char **ret_what)
{
	struct taps *taps = calloc(1, sizeof(*taps));
	int r;

	if (!taps)
		return -ENOMEM;
	taps->config = config;
	taps->track = track;
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
	};

	taps->figures.rules_error = rules_open(&options, &taps->rules, &taps->figures.rules_owned);
	taps->figures.rules = taps->figures.rules_error == 0;
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
	if (taps->log)
		taps->figures.log_granted = log_feed_granted(taps->log);
}

void taps_protect(struct taps *taps)
{
	bool tracked = false;

	if (ct_query_dump(taps->query, count_entry, &tracked) == 0)
		taps->figures.tracking_was_off = !tracked;
	bind_log_group(taps);
	if (taps->config->nftables.manage_rules)
		install_rules(taps);
	taps->log_whole = clock_now();
}

void taps_unprotect(struct taps *taps)
{
	taps->rules = rules_close(taps->rules);
	taps->figures.rules = false;
	taps->log = log_feed_close(taps->log);
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

static void on_event(void *context, const struct conntrack_event *event)
{
	struct taps *taps = context;

	if (addr_is_loopback(event->original.source))
		return;
	track_event(taps->track, event, clock_now());
}

int taps_read_events(struct taps *taps, bool *ret_more)
{
	struct ct_burst burst = {0};
	int64_t begun = clock_now();
	int r = ct_feed_read(taps->events, on_event, taps, READ_BUDGET, &burst);
	uint64_t lost = burst.drops + burst.undecodable;

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

	if (!addr_is_loopback(entry->original.source))
		track_dump_entry(taps->track, entry, clock_now());
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
		return r;
	}
	track_dump_end(taps->track, clock_now());
	return 0;
}

static void check_table(struct taps *taps)
{
	struct conntrack_stats stats;
	uint64_t lost;

	if (ct_query_stats(taps->query, &stats) < 0)
		return;
	if (taps->has_stats) {
		lost = stats.drop - taps->stats.drop + stats.early_drop - taps->stats.early_drop +
		       stats.insert_failed - taps->stats.insert_failed;
		if (lost > 0) {
			lose(taps, LOSS_TABLE, lost, &taps->table_whole,
			     "the conntrack table dropped packets or entries, or could not insert");
			taps->figures.table_losses += lost;
		}
	}
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
	if (taps->log && taps->counter > taps->packets)
		count_lost_packets(taps, taps->counter - taps->packets,
				   "the rule counted packets that never came");
	r = rules_read_counter(taps->rules, &counter);
	if (r == 0) {
		taps->counter = counter;
		return;
	}
	if (r != -ENOENT)
		return;
	track_loss(taps->track, &(struct loss){.source = LOSS_RULES}, taps->log_whole, clock_now(),
		   "the nftables table was taken away");
	taps->rules = rules_close(taps->rules);
	install_rules(taps);
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
	bool more;

	taps_read_packets(taps, &more);
	taps_read_events(taps, &more);
	check_table(taps);
	check_rule(taps);
	if (!more)
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
	taps_unprotect(taps);
	taps_dump(taps);
	track_finish(taps->track, clock_now(), look, taps);
}

struct taps_figures taps_figures(const struct taps *taps)
{
	return taps->figures;
}
