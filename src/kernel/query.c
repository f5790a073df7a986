#include "kernel/query.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "kernel/ct_decode.h"
#include "kernel/ct_request.h"
#include "kernel/nlsock.h"

/* Entries on their way from the dump's thread: about a datagram's in each block. */
#define BLOCK_ENTRIES 128
#define BLOCKS 8u
/* How long the caller waits for a block before it looks elsewhere. */
#define PAUSE (2 * NSEC_PER_MSEC)

struct ct_query {
	struct nlsock *sock; /* NULL: to be opened */
};

int ct_query_open(struct ct_query **ret)
{
	struct ct_query *query = calloc(1, sizeof(*query));
	int r;

	if (!query)
		return -ENOMEM;
	r = nlsock_open(&query->sock);
	if (r < 0) {
		free(query);
		return r;
	}
	*ret = query;
	return 0;
}

struct ct_query *ct_query_close(struct ct_query *query)
{
	if (!query)
		return NULL;
	nlsock_close(query->sock);
	free(query);
	return NULL;
}

/* A broken conversation may leave a dump unfinished, and the kernel allows one at a time for each
 * socket. */
static int query_exchange(struct ct_query *query, union request *request, answer_fn *fn,
			  void *context)
{
	int r = 0;

	if (!query->sock)
		r = nlsock_open(&query->sock);
	if (r < 0)
		return r;
	r = nlsock_exchange(query->sock, request, request->header.nlmsg_len, fn, context);
	if (r < 0 && r != -ENOENT && r != -EINTR)
		query->sock = nlsock_close(query->sock);
	return r;
}

/* ---- dumps ---- */

struct block {
	size_t count;
	struct conntrack_event entries[BLOCK_ENTRIES];
};

/* The thread fills the block behind the filled ones; the caller empties the first. */
struct dump {
	struct ct_query *query;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct block blocks[BLOCKS];
	unsigned filling; /* the thread's own */
	unsigned first;   /* the caller's own */
	unsigned filled;  /* from here on under the mutex */
	bool ended;
	int result; /* with ended */
	bool undecodable;
};

static struct block *block_at(struct dump *dump, unsigned index)
{
	return &dump->blocks[index % BLOCKS];
}

/* Leaves the next block empty. */
static void pass_block(struct dump *dump)
{
	pthread_mutex_lock(&dump->mutex);
	dump->filled++;
	pthread_cond_signal(&dump->changed);
	while (dump->filled == BLOCKS)
		pthread_cond_wait(&dump->changed, &dump->mutex);
	pthread_mutex_unlock(&dump->mutex);
	dump->filling++;
	block_at(dump, dump->filling)->count = 0;
}

static void take_entry(void *context, const void *message, size_t length)
{
	struct dump *dump = context;
	struct block *block = block_at(dump, dump->filling);

	if (ct_decode(message, length, CT_ANSWER, &block->entries[block->count]) < 0)
		dump->undecodable = true;
	else if (++block->count == BLOCK_ENTRIES)
		pass_block(dump);
}

static void *run_dump(void *context)
{
	struct dump *dump = context;
	union request request;
	int r;

	ct_request_dump(&request);
	r = query_exchange(dump->query, &request, take_entry, dump);
	pthread_mutex_lock(&dump->mutex);
	dump->filled++;
	dump->ended = true;
	dump->result = r;
	pthread_cond_signal(&dump->changed);
	pthread_mutex_unlock(&dump->mutex);
	return NULL;
}

/* The first filled block, NULL if none comes in time; *ret_last: and there is none behind it. */
static struct block *await_block(struct dump *dump, bool *ret_last)
{
	int64_t deadline = clock_monotonic() + PAUSE;
	struct timespec until = {.tv_sec = deadline / NSEC_PER_SEC,
				 .tv_nsec = deadline % NSEC_PER_SEC};
	struct block *block = NULL;

	pthread_mutex_lock(&dump->mutex);
	if (dump->filled == 0)
		pthread_cond_timedwait(&dump->changed, &dump->mutex, &until);
	if (dump->filled > 0)
		block = block_at(dump, dump->first);
	*ret_last = dump->ended && dump->filled == 1;
	pthread_mutex_unlock(&dump->mutex);
	return block;
}

static void release_block(struct dump *dump)
{
	dump->first++;
	pthread_mutex_lock(&dump->mutex);
	dump->filled--;
	pthread_cond_signal(&dump->changed);
	pthread_mutex_unlock(&dump->mutex);
}

static void take_blocks(struct dump *dump, ct_entry_fn *fn, ct_between_fn *between, void *context)
{
	bool last = false;

	while (!last) {
		struct block *block = await_block(dump, &last);

		if (between)
			between(context);
		for (size_t i = 0; block && i < block->count; i++)
			fn(context, &block->entries[i]);
		if (block)
			release_block(dump);
	}
}

static struct dump *dump_new(struct ct_query *query)
{
	struct dump *dump = calloc(1, sizeof(*dump));
	pthread_condattr_t attributes;

	if (!dump)
		return NULL;
	dump->query = query;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&dump->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&dump->mutex, NULL);
	return dump;
}

static void dump_free(struct dump *dump)
{
	pthread_cond_destroy(&dump->changed);
	pthread_mutex_destroy(&dump->mutex);
	free(dump);
}

int ct_query_dump(struct ct_query *query, ct_entry_fn *fn, ct_between_fn *between, void *context)
{
	struct dump *dump = dump_new(query);
	pthread_t thread;
	int r;

	if (!dump)
		return -ENOMEM;
	r = -pthread_create(&thread, NULL, run_dump, dump);
	if (r == 0) {
		take_blocks(dump, fn, between, context);
		pthread_join(thread, NULL);
		r = dump->result;
	}
	if (r == 0 && dump->undecodable)
		r = -EBADMSG;
	dump_free(dump);
	return r;
}

/* ---- look-ups ---- */

struct found {
	struct conntrack_event event;
	int error;
};

static void take_found(void *context, const void *message, size_t length)
{
	struct found *found = context;

	found->error = ct_decode(message, length, CT_ANSWER, &found->event);
}

int ct_query_find(struct ct_query *query, const struct tuple *tuple, bool reply, uint16_t zone,
		  struct conntrack_event *ret)
{
	struct found found = {.error = -ENOENT};
	union request request;
	int r;

	r = ct_request_find(&request, tuple, reply, zone);
	if (r == 0)
		r = query_exchange(query, &request, take_found, &found);
	if (r == 0)
		r = found.error;
	if (r == 0)
		*ret = found.event;
	return r;
}

struct sum {
	struct conntrack_stats stats;
	int error;
};

static void take_stats(void *context, const void *message, size_t length)
{
	struct sum *sum = context;
	int r = ct_decode_stats(message, length, &sum->stats);

	if (r < 0)
		sum->error = r;
}

int ct_query_stats(struct ct_query *query, struct conntrack_stats *ret)
{
	struct sum sum = {.error = 0};
	union request request;
	int r;

	ct_request_stats(&request);
	r = query_exchange(query, &request, take_stats, &sum);
	if (r == 0)
		r = sum.error;
	if (r == 0)
		*ret = sum.stats;
	return r;
}
