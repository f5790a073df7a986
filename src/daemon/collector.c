#include "daemon/collector.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/announce.h"
#include "daemon/dataplane.h"
#include "daemon/handover.h"
#include "daemon/inventory_file.h"
#include "daemon/mend.h"
#include "daemon/node_addresses.h"
#include "daemon/pods.h"
#include "daemon/status.h"
#include "daemon/sysctl.h"
#include "daemon/taps.h"
#include "daemon/writer.h"
#include "sources/dataplane_look.h"

#define USEC_PER_MSEC UINT64_C(1000)
#define TICK (UINT64_C(1000) * USEC_PER_MSEC)
/* A wake-up costs as much as ten events: while they come they are read so often. The buffer holds a
 * tenth of a second and more of the most that a core can offer. */
#define READ_PAUSE (UINT64_C(10) * USEC_PER_MSEC)
/* An idle daemon still says when it was last alive, if less often. */
#define HEARTBEAT (5 * NSEC_PER_SEC)
/* What happened this long before a batch may not be in it: first packets that wait, and a tick. */
#define UNHEARD (PENDING_WAIT + 2 * NSEC_PER_SEC)
#define RESYNC_INTERVAL (5 * NSEC_PER_SEC)
#define RESCAN_TICKS 5u
/* At the end, for checkpoints that a fresh database lacks. */
#define RETELL_PATIENCE (10 * NSEC_PER_SEC)
#define RETELL_PAUSE_MSEC 10
#define FOLD_LIMIT (1u << 19)
#define LIVE_LIMIT (1u << 22)
#define PENDING_PACKETS (1u << 16)
#define PENDING_CONFIRMED (5u << 18)
/* Room for pruning on a full disk. */
#define STORE_RESERVE (INT64_C(8) << 20)
#define FIRST_TRIES 3
#define BIND_SLACK (5 * NSEC_PER_SEC)

struct collector {
	struct collector_options options;
	struct config *config;
	struct store *store; /* until the writer has it */
	struct store_state state;
	struct sysctls sysctls;
	struct dataplane_watch *dataplane;
	struct fold *fold;
	struct pods *pods;
	struct track *track;
	struct taps *taps;
	struct handover taken, given;
	bool restarting;
	struct writer *writer;
	struct inventory_file *inventory;
	sd_event *loop;
	sd_event_source *events_source, *events_timer;
	sd_event_source *commit_timer, *tick_timer, *dump_timer;
	struct node_addresses addresses;
	bool addresses_due;
	bool facts_due;
	int64_t settings_checked;
	int64_t alive_told; /* monotonic: when the watchdog was last fed, or could not be */
	sd_event_source *log_source;
	int64_t dump_took;
	unsigned ticks;
	int64_t submitted; /* monotonic */
	int64_t dumped;
	uint64_t watchdog; /* usec; 0: none */
	uint64_t renewals; /* of the writer, answered */
	bool retelling;    /* checkpoints are told to a fresh database, from the cursor on */
	uint32_t retold;
	int valve_error; /* as at the last tick */
	struct status status;
};

/* ---- batches ---- */

/*
 * What happened later may not be in the batch: events that are not read yet, and before the first
 * dump all since the last run. A gap of a later run begins there.
 */
static int64_t batch_time(const struct collector *collector)
{
	int64_t now = clock_now();
	int64_t heard = collector->taps ? taps_heard(collector->taps) : 0;

	if (!collector->dumped && collector->state.heartbeat)
		return collector->state.heartbeat;
	return clock_msec(heard && heard < now ? heard : now);
}

static struct batch *batch_make(struct collector *collector)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	if (!batch)
		return NULL;
	batch->time = batch_time(collector);
	if (!pods_take(collector->pods, batch))
		return batch_free(batch);
	fold_take(collector->fold, &batch->flows, &batch->flow_count);
	track_take(collector->track, batch);
	batch->pods_complete = true;
	return batch;
}

static int tell_facts(const struct collector *collector, struct batch *batch)
{
	const struct taps_figures taps = taps_figures(collector->taps);
	int r = sysctls_record(&collector->sysctls, batch);

	if (r == 0)
		r = dataplane_watch_describe(collector->dataplane, batch);
	return r < 0 ? r : announce_facts(collector->config, &collector->sysctls, &taps, batch);
}

/* A writer that is behind gets nothing: the fold table goes on folding. */
static void commit(struct collector *collector)
{
	struct batch *batch;

	if (!writer_has_room(collector->writer))
		return;
	if (collector->retelling)
		collector->retelling =
		    track_retell(collector->track, &collector->retold, clock_now());
	batch = batch_make(collector);
	if (!batch)
		return;
	if (collector->addresses_due)
		node_addresses_take(&collector->addresses, batch);
	collector->addresses_due = false;
	if (collector->facts_due)
		collector->facts_due = tell_facts(collector, batch) < 0;
	inventory_file_take(collector->inventory, batch);
	if (batch_is_empty(batch) && clock_monotonic() - collector->submitted < HEARTBEAT) {
		batch_free(batch);
		return;
	}
	collector->submitted = clock_monotonic();
	writer_submit(collector->writer, batch);
}

/* ---- a database that knows nothing of this run ---- */

static struct batch *make_answer(const struct collector *collector)
{
	struct batch *batch = calloc(1, sizeof(*batch));
	int r = batch ? pods_tell(collector->pods, batch) : -ENOMEM;

	if (r == 0)
		r = node_addresses_tell(&collector->addresses, batch);
	if (r == 0)
		r = tell_facts(collector, batch);
	if (r == 0)
		r = inventory_file_tell(collector->inventory, batch);
	if (r < 0)
		return batch_free(batch);
	batch->time = clock_msec(clock_now());
	batch->pods_complete = true;
	return batch;
}

static void answer_renewals(struct collector *collector, const struct writer_status *status)
{
	struct batch *batch;

	if (status->renewals == collector->renewals)
		return;
	batch = make_answer(collector);
	if (!batch)
		return;
	writer_renew(collector->writer, batch);
	collector->renewals = status->renewals;
	collector->retelling = true;
	collector->retold = 0;
}

/* ---- what is said ---- */

/* Only while the writer moves too. */
static void feed_watchdog(struct collector *collector, const struct writer_status *writer)
{
	collector->alive_told = clock_monotonic();
	if (collector->watchdog &&
	    writer_is_alive(writer, collector->alive_told,
			    (int64_t)collector->watchdog * NSEC_PER_USEC / 2))
		sd_notify(0, "WATCHDOG=1");
}

/* A long dump is no hang. */
static void tell_alive(void *context)
{
	struct collector *collector = context;
	struct writer_status writer;

	if (!collector->writer || clock_monotonic() - collector->alive_told < NSEC_PER_SEC)
		return;
	writer_status(collector->writer, &writer);
	feed_watchdog(collector, &writer);
}

static void say_status(struct collector *collector)
{
	struct status_figures figures = {
	    .track = track_figures(collector->track),
	    .taps = taps_figures(collector->taps),
	    .pods = pods_count(collector->pods),
	};

	writer_status(collector->writer, &figures.writer);
	answer_renewals(collector, &figures.writer);
	status_say(&collector->status, &figures);
	feed_watchdog(collector, &figures.writer);
}

/* ---- the loop's callbacks ---- */

/* A source whose callback fails would be switched off in silence: better to end and be started
 * again. */
static int must_go_on(struct collector *collector, const char *subject, int r)
{
	if (r >= 0)
		return 0;
	log_line(LOG_ERROR, subject, "cannot be read any more: %s", strerror(-r));
	return sd_event_exit(collector->loop, r);
}

/* A table that changes under a busy dump, or events that do not end, are no fault: the next dump
 * comes. */
static void dump(struct collector *collector)
{
	int64_t begun = clock_monotonic();
	int r = taps_dump(collector->taps);

	collector->dumped = clock_monotonic();
	collector->dump_took = collector->dumped - begun;
	if (r < 0 && r != -EINTR && r != -EAGAIN)
		log_line(LOG_WARN, "conntrack", "dump of the table was not whole: %s",
			 strerror(-r));
}

static int rearm(sd_event_source *timer, uint64_t interval)
{
	int r = sd_event_source_set_time_relative(timer, interval);

	return r < 0 ? r : sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

/* Woken by the first event after a silence. */
static int on_events(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct collector *collector = context;
	bool more;
	int r = taps_read_events(collector->taps, &more);

	(void)fd, (void)events;
	if (r >= 0 && !more)
		r = sd_event_source_set_enabled(source, SD_EVENT_OFF);
	if (r >= 0 && !more)
		r = rearm(collector->events_timer, READ_PAUSE);
	return must_go_on(collector, "conntrack", r);
}

/* Woken by the clock while events come; a silence hands over to on_events(). */
static int on_pause(sd_event_source *timer, uint64_t time, void *context)
{
	struct collector *collector = context;
	uint64_t before = taps_events(collector->taps);
	bool more = true;
	int r = taps_read_events(collector->taps, &more);

	(void)time;
	if (r >= 0 && taps_events(collector->taps) == before)
		r = sd_event_source_set_enabled(collector->events_source, SD_EVENT_ON);
	else if (r >= 0)
		r = rearm(timer, more ? 0 : READ_PAUSE);
	return must_go_on(collector, "conntrack", r);
}

static int on_packets(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct collector *collector = context;
	bool more;

	(void)source, (void)fd, (void)events;
	return must_go_on(collector, "log", taps_read_packets(collector->taps, &more));
}

static int on_pods(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct collector *collector = context;

	(void)source, (void)fd, (void)events;
	return must_go_on(collector, "identity", pods_read(collector->pods, collector->track));
}

static int on_child(sd_event_source *source, const struct signalfd_siginfo *signal, void *context)
{
	struct collector *collector = context;

	(void)source, (void)signal;
	taps_check_children(collector->taps);
	return 0;
}

static int on_commit(sd_event_source *timer, uint64_t time, void *context)
{
	struct collector *collector = context;

	(void)time;
	commit(collector);
	return rearm(timer, (uint64_t)collector->config->store.commit_interval * USEC_PER_MSEC);
}

/* The log group may become ours later than at the start. */
static int watch_log(struct collector *collector)
{
	int fd = taps_log_fd(collector->taps);

	if (fd < 0 || collector->log_source)
		return 0;
	return sd_event_add_io(collector->loop, &collector->log_source, fd, EPOLLIN, on_packets,
			       collector);
}

/* A dump that takes long must not be the cause of the next. */
static bool is_resync_due(const struct collector *collector)
{
	int64_t pause = 10 * collector->dump_took;

	if (pause < RESYNC_INTERVAL)
		pause = RESYNC_INTERVAL;
	return taps_wants_resync(collector->taps) && clock_monotonic() - collector->dumped >= pause;
}

/* Without events nothing is told of connections that begin meanwhile. */
static void check_settings(struct collector *collector)
{
	int64_t now = clock_now();
	bool changed = false;

	for (size_t i = 0; i < SYSCTL_COUNT; i++) {
		const char *name = collector->sysctls.items[i].name;
		long value;

		if (!sysctls_is_changed(&collector->sysctls, i, &value))
			continue;
		log_line(LOG_WARN, "sysctl", "somebody set %s to %ld; it is set again", name,
			 value);
		if (value == 0 && strcmp(name, "nf_conntrack_events") == 0)
			taps_lose_events(collector->taps, collector->settings_checked,
					 "conntrack events were switched off");
		changed = true;
	}
	if (changed)
		sysctls_apply(&collector->sysctls);
	collector->facts_due = collector->facts_due || changed;
	collector->settings_checked = now;
}

static void check_dataplane(struct collector *collector)
{
	const struct taps_figures taps = taps_figures(collector->taps);
	const struct track_figures track = track_figures(collector->track);
	const struct dataplane_own own = {
	    .log_error = taps.log_error ? taps.log_error : taps.rules_error,
	    .zones = track.zones,
	    .zone = track.zone,
	    .pods = pods_any_alive(collector->pods),
	};
	int64_t now = clock_now();

	if (dataplane_watch_tick(collector->dataplane, &own, now,
				 clock_msec(now) - collector->config->store.retention))
		collector->facts_due = true;
}

static void check_taps(struct collector *collector)
{
	int error;

	taps_check(collector->taps);
	error = taps_figures(collector->taps).valve_error;
	if (error != collector->valve_error)
		collector->facts_due = true;
	collector->valve_error = error;
}

static int on_tick(sd_event_source *timer, uint64_t time, void *context)
{
	struct collector *collector = context;
	int r = watch_log(collector);

	(void)time;
	if (r < 0)
		return must_go_on(collector, "log", r);
	check_settings(collector);
	check_dataplane(collector);
	check_taps(collector);
	if (is_resync_due(collector))
		dump(collector);
	if (++collector->ticks % RESCAN_TICKS == 0) {
		pods_rescan(collector->pods, collector->track, writer_has_room(collector->writer));
		collector->addresses_due = true;
	}
	say_status(collector);
	return rearm(timer, TICK);
}

static int on_dump(sd_event_source *timer, uint64_t time, void *context)
{
	struct collector *collector = context;

	(void)time;
	dump(collector);
	/* Its rows have gone to the writer. */
	malloc_trim(0);
	return rearm(timer, (uint64_t)collector->config->conntrack.dump_interval * USEC_PER_MSEC);
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *signal, void *context)
{
	(void)signal, (void)context;
	return sd_event_exit(sd_event_source_get_event(source), 0);
}

static struct writer_limits limits_of(const struct config *config)
{
	return (struct writer_limits){
	    .retention = config->store.retention,
	    .max_bytes = config->store.max_size,
	    .max_edges = config->store.max_edges,
	};
}

/* One that stays goes on: whoever reads the configuration again and again must not hold it up. */
static void set_interval(sd_event_source *timer, int64_t *interval, int64_t fresh)
{
	if (*interval == fresh)
		return;
	*interval = fresh;
	rearm(timer, (uint64_t)fresh * USEC_PER_MSEC);
}

/* What needs another socket or file stays as it was until a restart. */
static void reload(struct collector *collector, struct config *fresh)
{
	struct config *config = collector->config;
	const struct writer_limits limits = limits_of(fresh);

	config->store.flow_window = fresh->store.flow_window;
	config->store.retention = fresh->store.retention;
	config->store.max_size = fresh->store.max_size;
	config->store.max_edges = fresh->store.max_edges;
	set_interval(collector->commit_timer, &config->store.commit_interval,
		     fresh->store.commit_interval);
	set_interval(collector->dump_timer, &config->conntrack.dump_interval,
		     fresh->conntrack.dump_interval);
	if (inventory_file_set(collector->inventory, fresh->identity.inventory) < 0)
		log_line(LOG_ERROR, "configuration", "no memory for another inventory");
	collector->facts_due = true;
	fold_set_window(collector->fold, (uint32_t)config->store.flow_window);
	writer_set_limits(collector->writer, &limits);
	log_line(LOG_NOTE, "configuration",
		 "read again: flow_window, commit_interval, retention, max_size, max_edges, "
		 "dump_interval and inventory are in force; other changes need a restart");
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *signal, void *context)
{
	struct collector *collector = context;
	struct problems problems = {0};
	struct config fresh;

	(void)source, (void)signal;
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
		   (uint64_t)(clock_monotonic() / NSEC_PER_USEC));
	if (config_defaults(&fresh) == 0) {
		if (!collector->options.config_path ||
		    config_read(collector->options.config_path, &fresh, &problems) == 0)
			reload(collector, &fresh);
		else
			log_line(LOG_ERROR, "configuration", "not changed");
		config_clear(&fresh);
	}
	for (size_t i = 0; i < problems.count; i++)
		log_line(LOG_ERROR, "configuration", "%s: %s", problems.items[i].subject,
			 problems.items[i].message);
	problems_clear(&problems);
	sd_notify(0, "READY=1");
	return 0;
}

/* ---- start ---- */

static int read_store(struct collector *collector)
{
	int r = store_use_node(collector->store, collector->config->node.name);

	return r < 0 ? r : store_load_state(collector->store, &collector->state);
}

static int start_store(struct collector *collector)
{
	const struct config *config = collector->config;
	const struct store_options options = {
	    .readable_after_close = true,
	    .set_damaged_aside = true,
	    .reserve = STORE_RESERVE,
	    .wal_limit = config->store.wal_limit,
	};
	char *error = NULL;
	int r = store_open(config->store.path, &options, &collector->store, &error);

	if (r < 0) {
		log_line(LOG_ERROR, "store", "%s", error ? error : strerror(-r));
		free(error);
		return r;
	}
	r = read_store(collector);
	if (r == -EBADMSG) {
		r = store_renew(collector->store, true);
		if (r == 0)
			r = read_store(collector);
	}
	if (r < 0)
		log_line(LOG_ERROR, "store", "%s: %s", config->store.path,
			 store_error(collector->store));
	return r;
}

static int start_flow(struct collector *collector)
{
	const struct config *config = collector->config;
	const struct track_options options = {
	    .live_limit = LIVE_LIMIT,
	    .pending = {.packet_limit = PENDING_PACKETS, .confirmed_limit = PENDING_CONFIRMED},
	    .bind_slack = BIND_SLACK,
	    .idle = sysctls_read_idle(SYSCTL_DIRECTORY),
	};
	const struct store_state *state = &collector->state;
	int r = pods_open(config, state, &collector->pods);

	if (r < 0)
		return r;
	collector->fold = fold_new((struct fold_options){
	    .window = (uint32_t)config->store.flow_window, .limit = FOLD_LIMIT});
	if (!collector->fold)
		return -ENOMEM;
	collector->track = track_new(options, collector->fold, pods_registry(collector->pods));
	collector->dataplane = dataplane_watch_new(dataplane_look, state->facts, state->fact_count);
	if (!collector->track || !collector->dataplane)
		return -ENOMEM;
	for (size_t i = 0; i < state->checkpoint_count; i++)
		track_restore(collector->track, &state->checkpoints[i], clock_now());
	return 0;
}

/* Before the writer runs there is room enough: the first dump comes after. */
static void relieve(void *context)
{
	struct collector *collector = context;

	if (collector->writer)
		commit(collector);
}

static void shift(void *context, int64_t delta)
{
	struct collector *collector = context;

	pods_shift(collector->pods, delta);
}

/* What cannot be read is on_pods()' to tell. */
static void identify(void *context)
{
	struct collector *collector = context;

	pods_read(collector->pods, collector->track);
}

static int start_taps(struct collector *collector)
{
	const char *what = "";
	const struct taps_relief relief = {
	    .hand_over = relieve,
	    .alive = tell_alive,
	    .shift = shift,
	    .identify = identify,
	    .context = collector,
	};
	int r = taps_open(collector->config, collector->track, relief, &collector->taken,
			  &collector->taps, &what);

	if (r < 0)
		log_line(LOG_ERROR, "conntrack", "cannot %s: %s%s", what, strerror(-r),
			 r == -EPERM ? " (CAP_NET_ADMIN is needed)" : "");
	return r;
}

/* On a full disk, or a damaged file, netpold starts all the same. */
static int write_first(struct store *store, const struct batch *batch)
{
	struct mend state = {0};
	int r = store_write(store, batch);

	for (int tries = 0; r < 0 && tries < FIRST_TRIES; tries++) {
		switch (mend(&state, store, r)) {
		case MEND_WRITTEN:
			return 0;
		case MEND_RETRY:
		case MEND_RENEWED:
			r = store_write(store, batch);
			break;
		case MEND_WAIT:
		case MEND_REFUSED:
			return r;
		}
	}
	return r;
}

/* What was there must be in the database before it is changed. */
static int start_sysctls(struct collector *collector)
{
	struct batch *batch = batch_make(collector);
	int r;

	sysctls_prepare(&collector->sysctls, SYSCTL_DIRECTORY, collector->state.facts,
			collector->state.fact_count);
	if (!batch)
		return -ENOMEM;
	r = sysctls_record(&collector->sysctls, batch);
	node_addresses_take(&collector->addresses, batch);
	if (r == 0)
		r = write_first(collector->store, batch);
	batch_free(batch);
	if (r < 0) {
		log_line(LOG_ERROR, "store", "%s: %s", collector->config->store.path,
			 store_error(collector->store));
		return r;
	}
	sysctls_apply(&collector->sysctls);
	collector->settings_checked = clock_now();
	return 0;
}

static int start_writer(struct collector *collector)
{
	struct batch *batch = calloc(1, sizeof(*batch));
	int r = -ENOMEM;
	struct taps_figures taps = taps_figures(collector->taps);
	const struct writer_limits limits = limits_of(collector->config);

	if (batch)
		r = announce_facts(collector->config, &collector->sysctls, &taps, batch);

	collector->writer = writer_start(collector->store, &limits);
	collector->store = NULL;
	if (r < 0 || !collector->writer) {
		batch_free(batch);
		return -ENOMEM;
	}
	batch->time = batch_time(collector);
	r = writer_submit(collector->writer, batch);
	return r;
}

static int add_timer(struct collector *collector, sd_event_source **ret, uint64_t interval,
		     sd_event_time_handler_t fn)
{
	return sd_event_add_time_relative(collector->loop, ret, CLOCK_MONOTONIC, interval,
					  USEC_PER_MSEC, fn, collector);
}

static int start_loop(struct collector *collector)
{
	const struct config *config = collector->config;
	int r = sd_event_add_io(collector->loop, &collector->events_source,
				taps_event_fd(collector->taps), EPOLLIN, on_events, collector);

	if (r >= 0)
		r = add_timer(collector, &collector->events_timer, READ_PAUSE, on_pause);
	if (r >= 0)
		r = watch_log(collector);
	if (r >= 0)
		r = sd_event_add_io(collector->loop, NULL, pods_fd(collector->pods), EPOLLIN,
				    on_pods, collector);
	if (r >= 0)
		r = sd_event_add_signal(collector->loop, NULL, SIGTERM, on_stop, collector);
	if (r >= 0)
		r = sd_event_add_signal(collector->loop, NULL, SIGINT, on_stop, collector);
	if (r >= 0)
		r = sd_event_add_signal(collector->loop, NULL, SIGHUP, on_reload, collector);
	if (r >= 0)
		r = sd_event_add_signal(collector->loop, NULL, SIGCHLD, on_child, collector);
	if (r >= 0)
		r = add_timer(collector, &collector->commit_timer,
			      (uint64_t)config->store.commit_interval * USEC_PER_MSEC, on_commit);
	if (r >= 0)
		r = add_timer(collector, &collector->tick_timer, TICK, on_tick);
	if (r >= 0)
		r = add_timer(collector, &collector->dump_timer,
			      (uint64_t)config->conntrack.dump_interval * USEC_PER_MSEC, on_dump);
	if (r < 0)
		log_line(LOG_ERROR, "loop", "cannot be set up: %s", strerror(-r));
	return r < 0 ? r : 0;
}

/* From what the last batch may not have had, packets that waited and events unread, to the end of
 * the first dump. */
static void lose_downtime(struct collector *collector)
{
	int64_t heartbeat = collector->state.heartbeat * NSEC_PER_MSEC;

	const struct handover_state *taken = &collector->taken.state;

	/* A hand-over into another database than the one that was left leaves this one a gap. */
	if (heartbeat && (!taken->valid || heartbeat + UNHEARD < taken->stopped_at))
		track_loss(collector->track, &(struct loss){.source = LOSS_DAEMON},
			   heartbeat - UNHEARD, clock_now(), "netpold was not running");
}

static int start(struct collector *collector)
{
	struct taps_figures taps;
	int r = sd_event_new(&collector->loop);

	if (r >= 0)
		r = start_store(collector);
	if (r >= 0)
		r = start_flow(collector);
	if (r >= 0)
		r = start_taps(collector);
	if (r >= 0)
		r = start_sysctls(collector);
	if (r < 0)
		return r;
	taps_protect(collector->taps);
	r = inventory_file_open(collector->config->identity.inventory, &collector->inventory);
	if (r >= 0)
		r = start_writer(collector);
	if (r >= 0)
		r = start_loop(collector);
	if (r < 0)
		return r;
	taps = taps_figures(collector->taps);
	announce_start(collector->config, &collector->sysctls, &taps);
	check_dataplane(collector);
	dump(collector);
	pods_ready(collector->pods);
	lose_downtime(collector);
	commit(collector);
	return 0;
}

/* ---- stop ---- */

/* Without them the next run would count what is alive once more. */
static void retell_rest(struct collector *collector)
{
	int64_t deadline = clock_monotonic() + RETELL_PATIENCE;

	while (collector->retelling && clock_monotonic() < deadline) {
		commit(collector);
		tell_alive(collector);
		if (!writer_has_room(collector->writer))
			poll(NULL, 0, RETELL_PAUSE_MSEC);
	}
}

static int stop_writer(struct collector *collector)
{
	struct writer_status status;
	struct batch *last;
	unsigned lost;

	writer_status(collector->writer, &status);
	status_log_incidents(&collector->status, &status);
	answer_renewals(collector, &status);
	retell_rest(collector);
	last = batch_make(collector);
	if (!last)
		last = calloc(1, sizeof(*last));
	if (!last)
		return -ENOMEM;
	if (!collector->restarting)
		sysctls_restore(&collector->sysctls, last);
	lost = writer_stop(collector->writer, last);
	collector->writer = NULL;
	if (lost > 0)
		log_line(LOG_ERROR, "store", "%u batches could not be written and are lost", lost);
	return lost > 0 ? -EIO : 0;
}

/* A start that failed half-way: the record stays in the database, which does no harm. */
static void restore_unwritten(struct collector *collector)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	if (batch && collector->sysctls.directory)
		sysctls_restore(&collector->sysctls, batch);
	batch_free(batch);
}

static int stop(struct collector *collector, int r)
{
	sd_notify(0, "STOPPING=1");
	if (collector->taps && collector->writer) {
		collector->restarting = r == 0 && handover_is_restart();
		if (collector->restarting)
			taps_hand_over(collector->taps, &collector->given);
		else
			taps_finish(collector->taps);
	}
	if (collector->writer) {
		int written = stop_writer(collector);

		r = r < 0 ? r : written;
		if (collector->restarting && (r < 0 || handover_send(&collector->given) < 0))
			restore_unwritten(collector);
	} else {
		restore_unwritten(collector);
	}
	dataplane_watch_free(collector->dataplane);
	taps_close(collector->taps);
	track_free(collector->track);
	fold_free(collector->fold);
	pods_free(collector->pods);
	inventory_file_close(collector->inventory);
	store_close(collector->store);
	store_state_clear(&collector->state);
	sd_event_source_unref(collector->events_source);
	sd_event_source_unref(collector->events_timer);
	sd_event_source_unref(collector->log_source);
	sd_event_source_unref(collector->commit_timer);
	sd_event_source_unref(collector->tick_timer);
	sd_event_source_unref(collector->dump_timer);
	sd_event_unref(collector->loop);
	node_addresses_clear(&collector->addresses);
	return r;
}

static void block_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* The valve's process is waited for. */
	signal(SIGCHLD, SIG_DFL);
}

int collector_run(const struct collector_options *options, struct config *config)
{
	struct collector collector = {.options = *options, .config = config};
	int r;

	block_signals();
	handover_take(&collector.taken);
	r = start(&collector);
	if (r >= 0) {
		sd_watchdog_enabled(0, &collector.watchdog);
		say_status(&collector);
		sd_notify(0, "READY=1");
		log_line(LOG_NOTE, "netpold", "recording");
		r = sd_event_loop(collector.loop);
		if (r < 0)
			log_line(LOG_ERROR, "loop", "ended: %s", strerror(-r));
	}
	r = stop(&collector, r);
	config_clear(config);
	return r;
}
