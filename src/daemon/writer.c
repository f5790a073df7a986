#include "daemon/writer.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/mend.h"
#include "daemon/retention.h"

#define RETRY_INTERVAL NSEC_PER_SEC
#define STOP_PATIENCE (5 * NSEC_PER_SEC)
#define PRUNE_INTERVAL (300 * NSEC_PER_SEC)
#define PRUNE_ROWS 20000u

_Static_assert(sizeof((struct writer_status){0}.held) >= RETENTION_TEXT_MAX, "a text must fit");

struct writer {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;

	/* under the mutex */
	struct queue queue;
	struct batch *answer; /* of writer_renew(); goes before the queue */
	bool unanswered;      /* a renewal is; the queue waits */
	bool stopping;
	bool prune_due; /* by age */
	int64_t stop_deadline;
	struct writer_limits limits;
	struct writer_status status;

	/* the thread's own */
	struct store *store;
	struct mend mend;
	struct retention retention;
	struct batch *told; /* the answer, until it is written */
	struct gap gap;     /* goes with the next batch; reason NULL: none */
	int64_t written;    /* time of the last batch written, ms; 0: none */
	int64_t pruned;     /* by age; monotonic */
	bool pruning;       /* more is to be deleted */
	bool ages;          /* the clock is good enough to tell them */
	unsigned lost;
};

static void wait_until(struct writer *writer, int64_t deadline)
{
	struct timespec when = {.tv_sec = deadline / NSEC_PER_SEC,
				.tv_nsec = deadline % NSEC_PER_SEC};

	pthread_cond_timedwait(&writer->wake, &writer->mutex, &when);
}

/* New batches do not hurry what failed. */
static void pause_before_retry(struct writer *writer)
{
	int64_t deadline = clock_monotonic() + RETRY_INTERVAL;
	bool stopping = writer->stopping;

	while (clock_monotonic() < deadline && writer->stopping == stopping && !writer->answer)
		wait_until(writer, deadline);
}

/* ---- what is told ---- */

static void beat(void *context)
{
	struct writer *writer = context;

	pthread_mutex_lock(&writer->mutex);
	writer->status.beat = clock_monotonic();
	pthread_mutex_unlock(&writer->mutex);
}

static void note(struct writer *writer, int error)
{
	struct writer_status *status = &writer->status;

	status->beat = clock_monotonic();
	status->error = error;
	snprintf(status->message, sizeof(status->message), "%s",
		 error ? store_error(writer->store) : "");
}

static void note_incident(struct writer *writer, const char *what, const char *joint,
			  const char *detail)
{
	struct writer_status *status = &writer->status;

	status->incidents++;
	snprintf(status->incident, sizeof(status->incident), "%s%s%s", what, joint, detail);
}

static void ask_for_renewal(struct writer *writer)
{
	writer->unanswered = true;
	writer->status.renewals++;
}

/* ---- the thread; the mutex is held on entry and exit, not while the disk works ---- */

static void go_to_disk(struct writer *writer)
{
	writer->status.on_disk = true;
	pthread_mutex_unlock(&writer->mutex);
}

static void come_back(struct writer *writer)
{
	pthread_mutex_lock(&writer->mutex);
	writer->status.on_disk = false;
	writer->status.beat = clock_monotonic();
}

/* A large one takes its time, which the collector must not wait for. */
static void free_batch(struct writer *writer, struct batch *batch)
{
	pthread_mutex_unlock(&writer->mutex);
	batch_free(batch);
	pthread_mutex_lock(&writer->mutex);
}

/* False: nothing was lost. */
static bool note_loss(struct writer *writer)
{
	struct store_loss loss = store_take_loss(writer->store);
	int64_t now = clock_msec(clock_now());

	if (!loss.reason)
		return false;
	writer->gap = (struct gap){.source = LOSS_STORE,
				   .from = loss.since ? loss.since : now,
				   .until = now,
				   .at_most = -1,
				   .reason = loss.reason};
	note_incident(writer, loss.reason, loss.aside ? " as " : "", loss.aside ? loss.aside : "");
	return true;
}

/* Nothing that the queue has may seem told before it is: the heartbeat stays where the old file
 * left it. */
static void date_answer(struct writer *writer, struct batch *answer)
{
	const struct batch *front = queue_front(&writer->queue);

	if (front && front->time < answer->time)
		answer->time = front->time;
	if (writer->gap.reason && writer->gap.from < answer->time)
		answer->time = writer->gap.from;
}

static void keep_gaps(const struct batch *from, struct batch *to)
{
	for (size_t i = 0; from && i < from->gap_count; i++) {
		const struct gap *gap = &from->gaps[i];

		mend_add_gap(to, gap->from, gap->until, gap->at_most, gap->reason);
	}
}

static void take_answer(struct writer *writer)
{
	struct batch *superseded = writer->told;

	if (!writer->answer)
		return;
	keep_gaps(writer->told, writer->answer);
	writer->told = writer->answer;
	writer->answer = NULL;
	date_answer(writer, writer->told);
	free_batch(writer, superseded);
}

static void add_gap(struct writer *writer, struct batch *batch)
{
	const struct gap *gap = &writer->gap;

	if (gap->reason && mend_add_gap(batch, gap->from, gap->until, gap->at_most, gap->reason))
		writer->gap.reason = NULL;
}

/* Written or given up. */
static void finish(struct writer *writer, struct batch *batch)
{
	if (batch == writer->told) {
		writer->told = NULL;
		writer->unanswered = false;
	} else {
		queue_take(&writer->queue);
	}
	free_batch(writer, batch);
}

static void finish_written(struct writer *writer, struct batch *batch)
{
	note(writer, 0);
	writer->written = batch->time;
	writer->status.committed++;
	writer->status.flows += batch->flow_count;
	mend_well(&writer->mend);
	finish(writer, batch);
}

/* Later batches may build upon what was in it. */
static void reduce(struct writer *writer, struct batch *batch)
{
	static const char reason[] = "a batch could not be written";
	bool is_answer = batch == writer->told, is_reduced;
	size_t rows = batch_rows(batch);

	note(writer, -EINVAL);
	note_incident(writer, reason, ": ", writer->status.message);
	pthread_mutex_unlock(&writer->mutex);
	is_reduced = mend_reduce(batch, writer->written, reason);
	pthread_mutex_lock(&writer->mutex);
	if (!is_reduced) {
		finish(writer, batch);
		return;
	}
	if (is_answer)
		return;
	writer->queue.rows -= rows;
	ask_for_renewal(writer);
}

static bool is_time_over(const struct writer *writer)
{
	return writer->stopping && clock_monotonic() >= writer->stop_deadline;
}

static void give_up_or_wait(struct writer *writer, struct batch *batch, enum mended mended)
{
	if (is_time_over(writer)) {
		writer->lost++;
		finish(writer, batch);
	} else if (mended == MEND_WAIT) {
		pause_before_retry(writer);
	}
}

/* batch NULL: nothing was to be written. */
static void after_mending(struct writer *writer, struct batch *batch, enum mended mended)
{
	if (mended == MEND_RENEWED && note_loss(writer)) {
		if (!batch || batch != writer->told)
			ask_for_renewal(writer);
	} else if (!batch) {
		return;
	} else if (mended == MEND_WRITTEN) {
		finish_written(writer, batch);
		ask_for_renewal(writer);
	} else if (mended == MEND_REFUSED) {
		reduce(writer, batch);
	} else {
		/* The file was there all the time: what it lacked may be lacking still. */
		give_up_or_wait(writer, batch, mended == MEND_RENEWED ? MEND_WAIT : mended);
	}
}

static void handle(struct writer *writer, struct batch *batch, int error)
{
	bool is_known = writer->mend.making_room;
	enum mended mended;

	note(writer, error);
	go_to_disk(writer);
	mended = mend(&writer->mend, writer->store, error);
	come_back(writer);
	if (mended == MEND_WAIT)
		note(writer, error); /* what mending failed at is nearer to the cause */
	if (error == -ENOSPC && mended == MEND_RETRY && !is_known)
		note_incident(writer, "the disk is full", ": ",
			      "the reserve and the oldest history make room");
	after_mending(writer, batch, mended);
}

static void write_batch(struct writer *writer, struct batch *batch)
{
	int error;

	add_gap(writer, batch);
	go_to_disk(writer);
	error = store_write(writer->store, batch);
	come_back(writer);
	if (error)
		handle(writer, batch, error);
	else
		finish_written(writer, batch);
}

/* After a lost batch none may follow: a later heartbeat would hide the hole. */
static void lose_rest(struct writer *writer)
{
	while (queue_front(&writer->queue)) {
		writer->lost++;
		free_batch(writer, queue_take(&writer->queue));
	}
	writer->told = batch_free(writer->told);
	writer->unanswered = false;
}

/* Nobody is left to tell what the queue builds upon: the new database says that it is lost. */
static void lose_unanswered(struct writer *writer)
{
	struct batch last = {.time = clock_msec(clock_now())};

	writer->gap.until = last.time;
	add_gap(writer, &last);
	store_write(writer->store, &last);
	free(last.gaps);
	lose_rest(writer);
}

static void write_next(struct writer *writer)
{
	take_answer(writer);
	if (writer->lost > 0)
		lose_rest(writer);
	else if (writer->told)
		write_batch(writer, writer->told);
	else if (writer->unanswered && writer->stopping && !writer->gap.reason)
		writer->unanswered = false; /* the same file, which knows what it was told */
	else if (writer->unanswered && is_time_over(writer))
		lose_unanswered(writer);
	else if (writer->unanswered)
		pause_before_retry(writer);
	else
		write_batch(writer, queue_front(&writer->queue));
}

static bool has_work(const struct writer *writer)
{
	return queue_front(&writer->queue) || writer->told || writer->answer || writer->unanswered;
}

/* Nothing to write: a look at the files, so that what happened to them is known soon. */
static void tend(struct writer *writer)
{
	int error;

	if (!writer->prune_due || writer->status.error)
		wait_until(writer, clock_monotonic() + RETRY_INTERVAL);
	if (has_work(writer) || writer->stopping)
		return;
	go_to_disk(writer);
	error = store_tend(writer->store);
	come_back(writer);
	if (error)
		handle(writer, NULL, error);
	else
		note(writer, 0);
}

static void look_at_clock(struct writer *writer)
{
	writer->ages = retention_look(&writer->retention, clock_now(), clock_monotonic());
	retention_say(&writer->retention, writer->status.held);
}

static struct store_limits limits_now(const struct writer *writer, bool aging)
{
	int64_t now = clock_msec(clock_now());

	return (struct store_limits){
	    .before = aging && writer->ages ? now - writer->limits.retention : INT64_MIN,
	    .max_bytes = writer->limits.max_bytes,
	    .max_edges = writer->limits.max_edges,
	};
}

/* Ages are looked at now and then: that reads all edges. */
static bool is_aging(struct writer *writer)
{
	if (clock_monotonic() - writer->pruned >= PRUNE_INTERVAL)
		writer->prune_due = true;
	if (writer->prune_due)
		writer->pruned = clock_monotonic();
	return writer->prune_due;
}

/* True: a bound is passed, and another step brings the store nearer to it. */
static bool prune_step(struct writer *writer)
{
	bool aging = is_aging(writer), going_on = aging || writer->pruning;
	const struct store_limits limits = limits_now(writer, aging);
	struct store *store = writer->store;
	bool more = false, over;
	int error = 0;

	writer->prune_due = false;
	go_to_disk(writer);
	store_set_max_edges(store, limits.max_edges);
	over = store_is_over(store, &limits);
	if (over || going_on)
		error = store_tend(store);
	if (!error && (over || going_on))
		error = store_prune(store, &limits, PRUNE_ROWS, &more);
	come_back(writer);
	if (error)
		handle(writer, NULL, error);
	writer->pruning = more;
	writer->prune_due = writer->prune_due || (aging && (more || error));
	return more && (over || !has_work(writer));
}

/* Bounds of size and number hold before the next batch is written: what comes meanwhile waits in
 * the queue. */
static void prune(struct writer *writer)
{
	bool more = true;

	while (more) {
		look_at_clock(writer);
		more = !writer->stopping && !writer->unanswered && !writer->status.error &&
		       prune_step(writer);
	}
}

static void *writer_run(void *context)
{
	struct writer *writer = context;

	pthread_mutex_lock(&writer->mutex);
	while (!writer->stopping || has_work(writer)) {
		writer->status.beat = clock_monotonic();
		if (has_work(writer))
			write_next(writer);
		else
			tend(writer);
		prune(writer);
	}
	pthread_mutex_unlock(&writer->mutex);
	return NULL;
}

/* ---- the collector's side ---- */

static int init_sync(struct writer *writer)
{
	pthread_condattr_t attributes;
	int r = pthread_condattr_init(&attributes);

	if (r)
		return -r;
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	r = pthread_cond_init(&writer->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	if (r)
		return -r;
	pthread_mutex_init(&writer->mutex, NULL);
	return 0;
}

static struct writer *discard(struct writer *writer)
{
	store_close(writer->store);
	pthread_cond_destroy(&writer->wake);
	pthread_mutex_destroy(&writer->mutex);
	batch_free(writer->answer);
	free(writer);
	return NULL;
}

struct writer *writer_start(struct store *store, const struct writer_limits *limits)
{
	struct writer *writer = calloc(1, sizeof(*writer));

	if (!writer || init_sync(writer) < 0) {
		free(writer);
		store_close(store);
		return NULL;
	}
	writer->store = store;
	writer->limits = *limits;
	writer->prune_due = true;
	writer->status.beat = clock_monotonic();
	writer->mend = (struct mend){.beat = beat, .context = writer};
	store_set_max_edges(store, limits->max_edges);
	store_set_beat(store, beat, writer);
	retention_start(&writer->retention, clock_now(), clock_monotonic(), store_heartbeat(store),
			limits->retention);
	note_loss(writer);
	if (pthread_create(&writer->thread, NULL, writer_run, writer) != 0)
		return discard(writer);
	return writer;
}

int writer_submit(struct writer *writer, struct batch *batch)
{
	int r = -EAGAIN;

	pthread_mutex_lock(&writer->mutex);
	if (queue_has_room(&writer->queue)) {
		queue_add(&writer->queue, batch);
		pthread_cond_signal(&writer->wake);
		r = 0;
	}
	pthread_mutex_unlock(&writer->mutex);
	return r;
}

bool writer_has_room(struct writer *writer)
{
	bool room;

	pthread_mutex_lock(&writer->mutex);
	room = queue_has_room(&writer->queue);
	pthread_mutex_unlock(&writer->mutex);
	return room;
}

void writer_set_limits(struct writer *writer, const struct writer_limits *limits)
{
	pthread_mutex_lock(&writer->mutex);
	writer->limits = *limits;
	writer->prune_due = true;
	pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->mutex);
}

void writer_status(struct writer *writer, struct writer_status *ret)
{
	pthread_mutex_lock(&writer->mutex);
	*ret = writer->status;
	ret->waiting = writer->queue.rows;
	pthread_mutex_unlock(&writer->mutex);
}

bool writer_is_alive(const struct writer_status *status, int64_t now, int64_t patience)
{
	if (status->on_disk && patience < WRITER_DISK_PATIENCE)
		patience = WRITER_DISK_PATIENCE;
	return now - status->beat < patience;
}

void writer_renew(struct writer *writer, struct batch *first)
{
	pthread_mutex_lock(&writer->mutex);
	batch_free(writer->answer);
	writer->answer = first;
	pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->mutex);
}

unsigned writer_stop(struct writer *writer, struct batch *last)
{
	unsigned lost;

	pthread_mutex_lock(&writer->mutex);
	writer->stopping = true;
	writer->stop_deadline = clock_monotonic() + STOP_PATIENCE;
	queue_add(&writer->queue, last);
	pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->mutex);
	pthread_join(writer->thread, NULL);
	lost = writer->lost;
	discard(writer);
	return lost;
}
