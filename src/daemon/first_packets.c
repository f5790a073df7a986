#include "daemon/first_packets.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "kernel/feed.h"
#include "kernel/rules.h"

/* Checks between two tries to have first packets shown. */
#define RETRY_CHECKS 5u
/* Longer than LOG_FEED_TIMEOUT, for which the kernel keeps a batch back. */
#define LAST_PACKETS_PATIENCE (300 * NSEC_PER_MSEC)
/* A batch of 128 messages is charged with some 32 KiB. */
#define LOG_BUFFER_MIN (1u << 20)

struct first_packets {
	const struct config *config;
	const struct exclusions *exclusions;
	struct track *track;
	struct handover *handover;
	struct log_feed *log;
	struct rules *rules;
	bool rules_log;   /* our rule is there and logs to our group */
	unsigned checks;  /* while first packets were not shown */
	int64_t whole;    /* up to when nothing was lost */
	int64_t checked;  /* when the rule was last seen in its place */
	int64_t now;      /* of the packets being read */
	uint64_t shown;   /* messages of the group, those reported lost included */
	uint64_t counter; /* of the rule, at the last check */
	struct first_packets_figures figures;
};

struct first_packets *first_packets_new(const struct config *config,
					const struct exclusions *exclusions, struct track *track,
					struct handover *handover)
{
	struct first_packets *packets = calloc(1, sizeof(*packets));

	if (!packets)
		return NULL;
	packets->config = config;
	packets->exclusions = exclusions;
	packets->track = track;
	packets->handover = handover;
	packets->whole = packets->checked =
	    handover->state.valid ? handover->state.stopped_at : clock_now();
	return packets;
}

struct first_packets *first_packets_free(struct first_packets *packets)
{
	if (!packets)
		return NULL;
	rules_close(packets->rules);
	log_feed_close(packets->log);
	free(packets);
	return NULL;
}

static void lose_unbounded(struct first_packets *packets, enum loss_source source, int64_t from,
			   const char *reason)
{
	track_loss(packets->track, &(struct loss){.source = source}, from, clock_now(), reason);
}

/* Who adopts a socket owns it. */
static int take_socket(struct first_packets *packets, enum handover_socket which)
{
	int fd = packets->handover->sockets[which];

	packets->handover->sockets[which] = -1;
	return fd;
}

static bool adopt_rules(struct first_packets *packets, const struct rules_options *options)
{
	int fd = take_socket(packets, HANDOVER_RULES);

	if (fd >= 0 && !packets->log)
		close(fd);
	if (fd < 0 || !packets->log || rules_adopt(options, fd, &packets->rules) < 0)
		return false;
	packets->figures.rules_owned = true;
	packets->rules_log = true;
	packets->shown = packets->handover->state.log_packets;
	packets->counter = packets->handover->state.rule_packets;
	return true;
}

static void install_rules(struct first_packets *packets)
{
	const struct rules_options options = {
	    .table = RULES_TABLE_DEFAULT,
	    .group = (uint16_t)packets->config->log_new.group,
	    .queue_threshold = LOG_FEED_QUEUE_THRESHOLD,
	    .snaplen = LOG_FEED_COPY_RANGE,
	    .silent = !packets->log,
	};

	packets->rules = rules_close(packets->rules);
	if (adopt_rules(packets, &options))
		return;
	packets->figures.rules_error =
	    rules_open(&options, &packets->rules, &packets->figures.rules_owned);
	packets->rules_log = packets->rules && packets->log;
	packets->counter = packets->shown = 0;
}

static size_t log_buffer_size(const struct config *config)
{
	size_t share = (size_t)config->conntrack.buffer_size / 4;

	return share < LOG_BUFFER_MIN ? LOG_BUFFER_MIN : share;
}

static void bind_log_group(struct first_packets *packets)
{
	const struct handover_state *state = &packets->handover->state;
	struct log_feed_options options = {
	    .group = (uint16_t)packets->config->log_new.group,
	    .settings = {.copy_range = LOG_FEED_COPY_RANGE,
			 .queue_threshold = LOG_FEED_QUEUE_THRESHOLD,
			 .timeout = LOG_FEED_TIMEOUT,
			 .batch_bytes = LOG_FEED_BATCH_BYTES},
	    .buffer_size = log_buffer_size(packets->config),
	    .fd = take_socket(packets, HANDOVER_LOG),
	    .sequence_before = state->log_sequence,
	    .drops_before = state->log_drops,
	};

	if (options.fd >= 0 && state->log_group != options.group) {
		lose_unbounded(packets, LOSS_LOG, packets->whole, "the log group was changed");
		close(options.fd);
		options.fd = -1;
	}
	packets->figures.log_error = log_feed_open(&options, &packets->log);
}

/* Are first packets shown to us, as far as we can know? */
static bool are_shown(const struct first_packets *packets)
{
	return packets->log && (packets->rules_log || !packets->config->nftables.manage_rules);
}

void first_packets_watch(struct first_packets *packets)
{
	const struct handover *handover = packets->handover;
	bool adopted = handover->sockets[HANDOVER_LOG] >= 0 &&
		       handover->state.log_group == (uint32_t)packets->config->log_new.group;

	if (!packets->log)
		bind_log_group(packets);
	if (packets->config->nftables.manage_rules &&
	    (!packets->rules || (packets->log && !packets->rules_log)))
		install_rules(packets);
	if (are_shown(packets) && !adopted)
		packets->whole = clock_now();
}

int first_packets_fd(const struct first_packets *packets)
{
	return packets->log ? log_feed_fd(packets->log) : -1;
}

static void on_packet(void *context, const struct packet_event *packet)
{
	struct first_packets *packets = context;

	if (!exclusions_hold(packets->exclusions, packet->tuple.source, packet->tuple.destination))
		track_packet(packets->track, packet, packets->now);
}

static void lose(struct first_packets *packets, uint64_t count, int64_t from, const char *reason)
{
	struct loss loss = {.source = LOSS_LOG, .bounded = true, .at_most = count};

	if (count == 0)
		return;
	track_loss(packets->track, &loss, from, clock_now(), reason);
	packets->figures.lost += count;
	packets->shown += count;
}

int first_packets_read(struct first_packets *packets, size_t budget, bool *ret_more)
{
	struct log_burst burst = {0};
	int r;

	*ret_more = false;
	if (!packets->log)
		return 0;
	packets->now = clock_now();
	r = log_feed_read(packets->log, on_packet, packets, budget, &burst);
	*ret_more = burst.packets >= budget;
	packets->shown += burst.packets;
	lose(packets, burst.lost, packets->whole, "log messages are missing from their sequence");
	lose(packets, burst.undecodable, packets->whole, "a logged packet could not be decoded");
	packets->whole = packets->now;
	return r;
}

/* More than it counted: of another rule, or of one before it. That must not hide a loss later. */
static void take_counter(struct first_packets *packets, uint64_t counter)
{
	packets->counter = counter;
	packets->checked = clock_now();
	if (packets->shown > counter)
		packets->shown = counter;
}

/*
 * What the rule had counted at the last check has been delivered by now: a batch waits no longer
 * than LOG_FEED_TIMEOUT. The rest is lost without a trace in the sequence.
 */
static void check_rule(struct first_packets *packets)
{
	uint64_t counter = 0;
	int r;

	if (!packets->rules)
		return;
	if (packets->rules_log && packets->counter > packets->shown)
		lose(packets, packets->counter - packets->shown, packets->checked,
		     "the rule counted packets that never came");
	r = rules_read_counter(packets->rules, &counter);
	if (r == 0)
		take_counter(packets, counter);
	if (r != -ENOENT)
		return;
	lose_unbounded(packets, LOSS_RULES, packets->checked, "the nftables table was taken away");
	packets->rules = rules_close(packets->rules);
	packets->rules_log = false;
}

/* Nothing is judged in that time, and each new try may end it. */
static void check_shown(struct first_packets *packets)
{
	if (are_shown(packets))
		return;
	lose_unbounded(packets, packets->log ? LOSS_RULES : LOSS_LOG, packets->whole,
		       "first packets were not shown, so what was denied is not known");
	if (packets->checks++ % RETRY_CHECKS == 0)
		first_packets_watch(packets);
}

void first_packets_check(struct first_packets *packets, bool all_read)
{
	if (all_read)
		check_rule(packets);
	check_shown(packets);
}

static void await(struct first_packets *packets, uint64_t counter, size_t budget)
{
	struct pollfd fd = {.fd = first_packets_fd(packets), .events = POLLIN};
	int64_t deadline = clock_monotonic() + LAST_PACKETS_PATIENCE;
	bool more;

	while (packets->log) {
		int64_t left = deadline - clock_monotonic();

		first_packets_read(packets, budget, &more);
		if (packets->shown >= counter || left <= 0)
			break;
		poll(&fd, 1, (int)(left / NSEC_PER_MSEC) + 1);
	}
}

void first_packets_finish(struct first_packets *packets, size_t budget)
{
	uint64_t counter = UINT64_MAX;

	if (packets->rules && rules_read_counter(packets->rules, &counter) < 0)
		counter = UINT64_MAX;
	packets->rules = rules_close(packets->rules);
	await(packets, counter, budget);
	if (packets->log && counter != UINT64_MAX && packets->shown < counter)
		lose(packets, counter - packets->shown, packets->checked,
		     "the rule counted packets that never came");
	packets->log = log_feed_close(packets->log);
}

void first_packets_hand_over(struct first_packets *packets, size_t budget,
			     struct handover *handover)
{
	struct handover_state *state = &handover->state;
	uint64_t counter = UINT64_MAX;

	if (packets->rules && rules_read_counter(packets->rules, &packets->counter) == 0)
		counter = packets->counter;
	await(packets, counter, budget);
	handover->sockets[HANDOVER_LOG] = first_packets_fd(packets);
	handover->sockets[HANDOVER_RULES] =
	    packets->rules && rules_owned(packets->rules) ? rules_fd(packets->rules) : -1;
	state->log_drops = packets->log ? log_feed_drops(packets->log) : 0;
	state->log_sequence = packets->log ? log_feed_sequence(packets->log) : 0;
	state->log_group = (uint32_t)packets->config->log_new.group;
	state->log_packets = packets->shown;
	state->rule_packets = packets->counter;
}

struct first_packets_figures first_packets_figures(const struct first_packets *packets)
{
	return packets->figures;
}
