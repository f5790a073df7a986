/*
 * First packets that wait for their connection: the argument behind "denied".
 *
 * 1. A log rule early in forward shows a packet of a connection that is not confirmed:
 * pending_packet().
 * 2. NEW or DESTROY of the same path, before or after, takes it back: pending_confirmed().
 * 3. Nothing came by the deadline: pending_expire() gives it to the caller, who looks into the
 * table and knows of losses.
 * 4. A retransmission within PENDING_ATTEMPT of the first packet is the same attempt and is not
 * given again.
 *
 * Confirmed paths are remembered for PENDING_WAIT to twice that (recent.h): of 10^8 packets about
 * one is taken for that of another, confirmed path, and not judged.
 *
 * Times are ns of one clock. Bounded: what does not fit is counted, never judged. One thread.
 */
#ifndef NETPOL_FLOW_PENDING_H
#define NETPOL_FLOW_PENDING_H

#include "base/clock.h"
#include "flow/resolve.h"

/* How long a packet waits for its NEW; NFLOG batches come late, NEW does not. */
#define PENDING_WAIT (2 * NSEC_PER_SEC)
/* TCP gives up after about 127 s of retransmissions (tcp_syn_retries 6). */
#define PENDING_ATTEMPT (130 * NSEC_PER_SEC)

struct pending;

struct pending_options {
	size_t packet_limit;    /* packets waiting or remembered */
	size_t confirmed_limit; /* paths remembered as confirmed, per PENDING_WAIT */
};

struct pending *pending_new(struct pending_options options); /* NULL: no memory */
struct pending *pending_free(struct pending *pending);       /* NULL is allowed; returns NULL */

void pending_confirmed(struct pending *pending, const struct path *path, int64_t now);
/* It was confirmed so long ago that none of its packets can still come: only takes back what waits.
 */
void pending_shown(struct pending *pending, const struct path *path);
/* False: no room, this packet will not be judged. */
bool pending_packet(struct pending *pending, const struct path *path, int64_t now);

/* An attempt that nothing confirmed; judged once. */
typedef void pending_fn(void *context, const struct path *path, int64_t first);
/* Gives all whose deadline has passed; forgets what is old. */
void pending_expire(struct pending *pending, int64_t now, pending_fn *judge, void *context);
/* All that wait, now: at the end of the run. */
void pending_flush(struct pending *pending, pending_fn *judge, void *context);
/*
 * The caller did not read for so long that a packet may come after its confirmation was forgotten:
 * what comes in the next PENDING_WAIT cannot be judged.
 */
void pending_stalled(struct pending *pending, int64_t now);
/* The clock was set by delta ns. */
void pending_shift(struct pending *pending, int64_t delta);
size_t pending_waiting(const struct pending *pending);
/*
 * Since when the memory of confirmed paths is whole; a packet older than this cannot be judged. 0:
 * always was.
 */
int64_t pending_whole_since(const struct pending *pending);

#endif
