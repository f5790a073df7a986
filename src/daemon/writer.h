/*
 * The second thread: it alone touches the database, so the collector never waits for a disk.
 *
 * Batches wait in a bounded queue and are written in order, each tried again until it is in.
 * Functions are for the collector's thread.
 */
#ifndef NETPOL_DAEMON_WRITER_H
#define NETPOL_DAEMON_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/flow.h"
#include "store/store.h"

#define WRITER_QUEUE 8u

struct writer;

struct writer_status {
	uint64_t committed; /* batches */
	uint64_t flows;     /* rows in them */
	int64_t beat;       /* CLOCK_MONOTONIC ns of the thread's last sign of life */
	int error;          /* negative errno of the last try; 0: it went well */
	char message[256];  /* of that error */
};

/*
 * Takes the store over, also on failure. retention in ms. Signals must be blocked already. NULL: no
 * memory or no thread.
 */
struct writer *writer_start(struct store *store, int64_t retention);
/* Takes the batch over. -EAGAIN: the queue is full, the batch stays the caller's. */
int writer_submit(struct writer *writer, struct batch *batch);
bool writer_has_room(struct writer *writer);
void writer_set_retention(struct writer *writer, int64_t retention);
void writer_status(struct writer *writer, struct writer_status *ret);
/*
 * Takes the last batch over, for which there is always room; writes all that waits, trying what
 * fails for no more than a few seconds; closes the store. Returns how many batches were lost.
 */
unsigned writer_stop(struct writer *writer, struct batch *last);

#endif
