/*
 * What the writer does when the database refuses a batch: makes room, opens it again, sets it
 * aside, or leaves the batch out.
 *
 * For the writer's thread.
 */
#ifndef NETPOL_DAEMON_MEND_H
#define NETPOL_DAEMON_MEND_H

#include "flow/flow.h"
#include "store/store.h"

/* Start from {0}. */
struct mend {
	unsigned failures;           /* in a row */
	bool doubted;                /* opened again for damage since the last success */
	int64_t made_room;           /* monotonic; 0: never, or not at its end */
	bool making_room;            /* the batch is tried in between */
	void (*beat)(void *context); /* called while something takes its time; NULL: nobody */
	void *context;
};

enum mended {
	MEND_WAIT,    /* nothing to be done: try again in a while */
	MEND_RETRY,   /* try again at once */
	MEND_WRITTEN, /* the batch was in after all */
	MEND_RENEWED, /* another database is open, which knows nothing */
	MEND_REFUSED, /* the batch contradicts itself, and will never be taken */
};

/* After store_write() of the batch failed with error. */
enum mended mend(struct mend *mend, struct store *store, int error);
/* After a batch went in. */
void mend_well(struct mend *mend);

/* Takes all but gaps out of a batch that was refused, and adds one for what was in it; one that had
 * nothing else keeps that one alone. False: it is that one that was refused, or there is no memory.
 * since: ms. */
bool mend_reduce(struct batch *batch, int64_t since, const char *reason);
/* Adds a gap of the store's. reason is static. False: no memory. */
bool mend_add_gap(struct batch *batch, int64_t from, int64_t until, int64_t at_most,
		  const char *reason);

#endif
