/*
 * The second thread: it alone touches the database, so the collector never waits for a disk.
 *
 * Batches wait in a bounded queue and are written in order, each tried again until it is in. What
 * stands in the way is mended where that can be done (daemon/mend.h); what could not be kept is a
 * gap of the store. History is not deleted for its age while the clock is in doubt
 * (daemon/retention.h). Functions are for the collector's thread.
 *
 * Renewals. A database that was deleted, replaced or damaged is followed by one that knows nothing
 * of this run. Then, and after a batch was left out or may have gone in twice, status.renewals
 * rises: until writer_renew() tells all that queued batches build upon, none of them is written,
 * and none is lost. What was told once is told again to each further database.
 */
#ifndef NETPOL_DAEMON_WRITER_H
#define NETPOL_DAEMON_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "daemon/queue.h"
#include "flow/flow.h"
#include "store/store.h"

/* So long one write may take: a disk that is slow, or stalls, holds up every netpold alike, and
 * what is seen meanwhile is folded in memory. */
#define WRITER_DISK_PATIENCE (300 * NSEC_PER_SEC)

struct writer;

struct writer_limits {
	int64_t retention; /* ms */
	int64_t max_bytes; /* of the database; 0: no limit */
	int64_t max_edges; /* 0: no limit */
};

struct writer_status {
	uint64_t committed; /* batches */
	uint64_t flows;     /* rows in them */
	uint64_t renewals;  /* each is to be answered with writer_renew() */
	uint64_t incidents; /* databases lost, batches refused, history given up: see incident */
	size_t waiting;     /* rows in the queue */
	int64_t beat;       /* CLOCK_MONOTONIC ns of the thread's last sign of life */
	bool on_disk;       /* it is at work on the database's files */
	int error;          /* negative errno of the last try; 0: it went well */
	char message[512];  /* of that error */
	char incident[640]; /* the last one */
	char held[160];     /* why nothing is deleted for its age; "": it is */
};

/*
 * Takes the store over, also on failure; a loss found when it was opened is written down. Signals
 * must be blocked already. NULL: no memory or no thread.
 */
struct writer *writer_start(struct store *store, const struct writer_limits *limits);
/* Takes the batch over. -EAGAIN: the queue is full, the batch stays the caller's. */
int writer_submit(struct writer *writer, struct batch *batch);
bool writer_has_room(struct writer *writer);
/* In force from the next round, which begins at once. */
void writer_set_limits(struct writer *writer, const struct writer_limits *limits);
void writer_status(struct writer *writer, struct writer_status *ret);
/* Did the thread give a sign of life of late? patience: ns; at work on the files it has
 * WRITER_DISK_PATIENCE, if that is longer. now: CLOCK_MONOTONIC ns. */
bool writer_is_alive(const struct writer_status *status, int64_t now, int64_t patience);
/*
 * Answers all renewals up to now: takes over a batch with all pods, the node's addresses, and all
 * facts, as they are. It is written before the queue goes on, so it must not use up changes that
 * the next batch is to tell. Checkpoints of live connections follow in batches of the queue.
 */
void writer_renew(struct writer *writer, struct batch *first);
/*
 * Takes the last batch over, for which there is always room; writes all that waits, trying what
 * fails for no more than a few seconds; closes the store. Returns how many batches were lost; after
 * a lost one none is written, so that no later heartbeat hides the hole.
 */
unsigned writer_stop(struct writer *writer, struct batch *last);

#endif
