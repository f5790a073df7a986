#include "daemon/mend.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"

/* Then the handle may be what is broken. */
#define PATIENCE 3u
/* Who fills the disk may take all that is pruned: history is given up slowly. */
#define ROOM_INTERVAL (60 * NSEC_PER_SEC)
/* Then the batch may fit, and someone may want to stop. */
#define ROOM_TIME (2 * NSEC_PER_SEC)

static enum mended make_room(struct mend *mend, struct store *store)
{
	int64_t begun = clock_monotonic();
	bool more = true;
	int error = 0;

	if (mend->made_room && begun - mend->made_room < ROOM_INTERVAL)
		return MEND_WAIT;
	while (!error && more && clock_monotonic() - begun < ROOM_TIME) {
		error = store_make_room(store, &more);
		if (mend->beat)
			mend->beat(mend->context);
	}
	mend->making_room = !error && more;
	mend->made_room = mend->making_room ? 0 : clock_monotonic();
	return error ? MEND_WAIT : MEND_RETRY;
}

/* A commit that was reported as failed may be found in the log when the file is opened again. */
static enum mended reopen(struct mend *mend, struct store *store)
{
	bool written = false;

	mend->failures = 0;
	if (store_reopen(store, &written) < 0)
		return MEND_WAIT;
	return written ? MEND_WRITTEN : MEND_RETRY;
}

static enum mended renew(struct mend *mend, struct store *store, bool damaged)
{
	int error = store_renew(store, damaged);

	/* What is in its place is no database either. */
	if (error == -EBADMSG)
		error = store_renew(store, true);
	if (error)
		return MEND_WAIT;
	mend_well(mend);
	return MEND_RENEWED;
}

/* What was read wrong once may be right in a fresh handle. */
static enum mended doubt(struct mend *mend, struct store *store)
{
	if (mend->doubted)
		return renew(mend, store, true);
	mend->doubted = true;
	return reopen(mend, store);
}

enum mended mend(struct mend *mend, struct store *store, int error)
{
	mend->failures++;
	switch (error) {
	case -EINVAL:
		return MEND_REFUSED;
	case -ENOENT:
		return renew(mend, store, false);
	case -ENOSPC:
		return make_room(mend, store);
	case -EBADMSG:
		return doubt(mend, store);
	case -EBUSY:
		return MEND_WAIT;
	default:
		return mend->failures >= PATIENCE ? reopen(mend, store) : MEND_WAIT;
	}
}

void mend_well(struct mend *mend)
{
	if (mend->making_room)
		mend->made_room = clock_monotonic();
	mend->making_room = false;
	mend->failures = 0;
	mend->doubted = false;
}

bool mend_add_gap(struct batch *batch, int64_t from, int64_t until, int64_t at_most,
		  const char *reason)
{
	struct gap *gaps = reallocarray(batch->gaps, batch->gap_count + 1, sizeof(*gaps));

	if (!gaps)
		return false;
	batch->gaps = gaps;
	gaps[batch->gap_count++] = (struct gap){.source = LOSS_STORE,
						.from = from < until ? from : until,
						.until = from < until ? until : from,
						.at_most = at_most,
						.reason = reason};
	return true;
}

static bool add_magnitude(int64_t *sum, int64_t count)
{
	return count != INT64_MIN && !__builtin_add_overflow(*sum, llabs(count), sum);
}

/* Beginnings and ends; a row that has neither tells that a connection went on. */
static int64_t count_connections(const struct batch *batch)
{
	int64_t sum = 0;

	for (size_t i = 0; i < batch->flow_count; i++) {
		const struct totals *totals = &batch->flows[i].totals;
		bool has_neither = !totals->connections && !totals->closed;

		if (!add_magnitude(&sum, totals->connections) ||
		    !add_magnitude(&sum, totals->closed) || !add_magnitude(&sum, has_neither))
			return -1;
	}
	return sum;
}

static int64_t first_seen(const struct batch *batch, int64_t since)
{
	for (size_t i = 0; i < batch->flow_count; i++) {
		if (!since || batch->flows[i].first_seen < since)
			since = batch->flows[i].first_seen;
	}
	return since;
}

static bool has_content(const struct batch *batch)
{
	return batch->flow_count || batch->pod_count || batch->checkpoint_count ||
	       batch->address_count || batch->fact_count || batch->object_count;
}

bool mend_reduce(struct batch *batch, int64_t since, const char *reason)
{
	struct batch *dropped;

	if (!has_content(batch)) {
		if (batch->gap_count < 2)
			return false;
		batch->gaps[0] = batch->gaps[batch->gap_count - 1];
		batch->gap_count = 1;
		return true;
	}
	dropped = malloc(sizeof(*dropped));
	if (!dropped || !mend_add_gap(batch, first_seen(batch, since), batch->time,
				      count_connections(batch), reason)) {
		free(dropped);
		return false;
	}
	*dropped = *batch;
	*batch = (struct batch){
	    .time = dropped->time, .gaps = dropped->gaps, .gap_count = dropped->gap_count};
	dropped->gaps = NULL;
	dropped->gap_count = 0;
	batch_free(dropped);
	return true;
}
