#include "daemon/writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* One more for the last batch of the run. */
#define QUEUE_SLOTS (WRITER_QUEUE + 1)
#define RETRY_INTERVAL NSEC_PER_SEC
#define STOP_PATIENCE (5 * NSEC_PER_SEC)
#define PRUNE_INTERVAL (300 * NSEC_PER_SEC)
#define PRUNE_ROWS 20000u

struct writer {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	struct store *store; /* the thread's own */
	struct batch *queue[QUEUE_SLOTS];
	unsigned first;
	unsigned count;
	bool stopping;
	int64_t stop_deadline;
	int64_t retention;
	int64_t pruned;
	struct writer_status status;
	unsigned lost;
};

static void wait_until(struct writer *writer, int64_t deadline)
{
	struct timespec when = {.tv_sec = deadline / NSEC_PER_SEC,
				.tv_nsec = deadline % NSEC_PER_SEC};

	pthread_cond_timedwait(&writer->wake, &writer->mutex, &when);
}

static void note_result(struct writer *writer, const struct batch *batch, int r)
{
	writer->status.beat = clock_monotonic();
	writer->status.error = r;
	if (r == 0) {
		writer->status.message[0] = '\0';
		writer->status.committed++;
		writer->status.flows += batch->flow_count;
		return;
	}
	snprintf(writer->status.message, sizeof(writer->status.message), "%s",
		 store_error(writer->store));
}

/* The mutex is held on entry and exit, not while the disk works. */
static void write_first(struct writer *writer)
{
	struct batch *batch = writer->queue[writer->first];
	int r;

	pthread_mutex_unlock(&writer->mutex);
	/* After a lost batch none may follow: a later heartbeat would hide the hole. */
	r = writer->lost > 0 ? -EIO : store_write(writer->store, batch);
	pthread_mutex_lock(&writer->mutex);
	note_result(writer, batch, r);
	if (r < 0 && !(writer->stopping && clock_monotonic() >= writer->stop_deadline)) {
		wait_until(writer, clock_monotonic() + RETRY_INTERVAL);
		return;
	}
	writer->lost += r < 0;
	writer->first = (writer->first + 1) % QUEUE_SLOTS;
	writer->count--;
	batch_free(batch);
}

static void prune(struct writer *writer)
{
	const struct store_limits limits = {.before = clock_msec(clock_now()) - writer->retention};
	bool more = false;

	if (clock_monotonic() - writer->pruned < PRUNE_INTERVAL || writer->stopping)
		return;
	pthread_mutex_unlock(&writer->mutex);
	store_prune(writer->store, &limits, PRUNE_ROWS, &more);
	pthread_mutex_lock(&writer->mutex);
	if (!more)
		writer->pruned = clock_monotonic();
}

static void *writer_run(void *context)
{
	struct writer *writer = context;

	pthread_mutex_lock(&writer->mutex);
	while (!writer->stopping || writer->count > 0) {
		writer->status.beat = clock_monotonic();
		if (writer->count > 0)
			write_first(writer);
		else
			wait_until(writer, clock_monotonic() + NSEC_PER_SEC);
		prune(writer);
	}
	pthread_mutex_unlock(&writer->mutex);
	return NULL;
}

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

struct writer *writer_start(struct store *store, int64_t retention)
{
	struct writer *writer = calloc(1, sizeof(*writer));

	if (!writer || init_sync(writer) < 0) {
		free(writer);
		store_close(store);
		return NULL;
	}
	writer->store = store;
	writer->retention = retention;
	writer->status.beat = clock_monotonic();
	if (pthread_create(&writer->thread, NULL, writer_run, writer) != 0) {
		pthread_cond_destroy(&writer->wake);
		pthread_mutex_destroy(&writer->mutex);
		free(writer);
		store_close(store);
		return NULL;
	}
	return writer;
}

static void enqueue(struct writer *writer, struct batch *batch)
{
	writer->queue[(writer->first + writer->count) % QUEUE_SLOTS] = batch;
	writer->count++;
	pthread_cond_signal(&writer->wake);
}

int writer_submit(struct writer *writer, struct batch *batch)
{
	int r = -EAGAIN;

	pthread_mutex_lock(&writer->mutex);
	if (writer->count < WRITER_QUEUE) {
		enqueue(writer, batch);
		r = 0;
	}
	pthread_mutex_unlock(&writer->mutex);
	return r;
}

bool writer_has_room(struct writer *writer)
{
	bool room;

	pthread_mutex_lock(&writer->mutex);
	room = writer->count < WRITER_QUEUE;
	pthread_mutex_unlock(&writer->mutex);
	return room;
}

void writer_set_retention(struct writer *writer, int64_t retention)
{
	pthread_mutex_lock(&writer->mutex);
	writer->retention = retention;
	pthread_mutex_unlock(&writer->mutex);
}

void writer_status(struct writer *writer, struct writer_status *ret)
{
	pthread_mutex_lock(&writer->mutex);
	*ret = writer->status;
	pthread_mutex_unlock(&writer->mutex);
}

unsigned writer_stop(struct writer *writer, struct batch *last)
{
	unsigned lost;

	pthread_mutex_lock(&writer->mutex);
	writer->stopping = true;
	writer->stop_deadline = clock_monotonic() + STOP_PATIENCE;
	enqueue(writer, last);
	pthread_mutex_unlock(&writer->mutex);
	pthread_join(writer->thread, NULL);
	lost = writer->lost;
	store_close(writer->store);
	pthread_cond_destroy(&writer->wake);
	pthread_mutex_destroy(&writer->mutex);
	free(writer);
	return lost;
}
