/*
 * When history may be deleted for its age: a clock that is wrong must not cost it.
 *
 * Age is told by CLOCK_REALTIME. It counts as stepped forward when it gained more than an hour on
 * CLOCK_MONOTONIC since the last look, or, at the start, when it is further from the last heartbeat
 * than half the retention (and an hour): the node was off for long, or its clock is wrong. Nothing
 * is then deleted for its age for an hour of CLOCK_MONOTONIC, in which someone may set the clock
 * right: set back by as much, it is trusted at once. A clock set back deletes less, never more, and
 * needs no care. Limits of size do not depend on the clock and stay in force.
 *
 * Pure: the clocks come in as parameters. ns unless a name says otherwise.
 */
#ifndef NETPOL_DAEMON_RETENTION_H
#define NETPOL_DAEMON_RETENTION_H

#include <stdbool.h>
#include <stdint.h>

#define RETENTION_TEXT_MAX 160

/* Start with retention_start(). */
struct retention {
	int64_t offset;  /* realtime - monotonic at the last look */
	int64_t trusted; /* the same before the step that is held against it */
	int64_t until;   /* monotonic: held until; 0: not held */
	int64_t step;    /* how far it stepped */
};

/* heartbeat_ms, retention_ms: ms; heartbeat 0: none. */
void retention_start(struct retention *retention, int64_t realtime, int64_t monotonic,
		     int64_t heartbeat_ms, int64_t retention_ms);
/* At least once a minute. True: delete by age. */
bool retention_look(struct retention *retention, int64_t realtime, int64_t monotonic);
/* Why nothing is deleted; "" while it is. */
const char *retention_say(const struct retention *retention, char text[static RETENTION_TEXT_MAX]);

#endif
