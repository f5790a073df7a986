/*
 * The valve: reliable delivery never costs the node its forwarding.
 *
 * With reliable delivery (ct_feed_set_reliable()) the kernel keeps what the full event socket
 * cannot take and tries again. Some thousand entries that wait so slow every look-up that meets one
 * of them: on Linux 6.18 forwarding fell from 50,000 to 5,000 new connections a second once 5,000
 * waited, a fifth of a second after the buffer was full. A collector that is stopped could not open
 * a valve of its own. So a process of its own, which holds a duplicate of the event socket and
 * nothing else, watches and gives reliable delivery up in time; it goes when netpold goes, however
 * that ends.
 *
 * One thread of the collector uses a valve; it must be opened before other threads are started.
 */
#ifndef NETPOL_DAEMON_VALVE_H
#define NETPOL_DAEMON_VALVE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/feed.h"

/* ---- the rule, pure; times are CLOCK_MONOTONIC ns ---- */

/* Longer than this drops may not advance. */
#define VALVE_PATIENCE NSEC_PER_SEC
/* So long nothing may have been dropped before reliable delivery comes back. */
#define VALVE_RECOVERY (2 * NSEC_PER_SEC)
/* Drops further apart than this are two bursts. */
#define VALVE_LULL (300 * NSEC_PER_MSEC)

struct valve_rule {
	bool reliable;
	uint32_t undelivered_max;
	uint32_t drops;   /* as at the last look */
	uint32_t drained; /* as when the queue was last less than half full */
	bool dropping;
	int64_t since;   /* when this burst of drops began */
	int64_t dropped; /* when drops last advanced; 0: never */
};

/* What one look saw. */
struct valve_look {
	int64_t now;
	uint32_t drops; /* of the event socket; wraps */
	bool drained;   /* its queue is less than half full */
};

enum valve_action { VALVE_KEEP, VALVE_GIVE_UP, VALVE_TAKE_BACK };

/* drops: those before count for nothing. */
struct valve_rule valve_rule_begin(bool reliable, uint32_t undelivered_max, uint32_t drops);
/*
 * Gives up when drops go on for longer than VALVE_PATIENCE, or when there were more than
 * undelivered_max since the queue was last drained: no more entries than that can wait.
 */
enum valve_action valve_rule_apply(struct valve_rule *rule, const struct valve_look *look);

/* ---- the process ---- */

struct valve;

/*
 * Switches reliable delivery on and starts the process. feed is borrowed. -errno: it stays off, and
 * nothing runs.
 */
int valve_open(struct ct_feed *feed, uint32_t undelivered_max, struct valve **ret);
/* Ends the process and switches reliable delivery off. NULL is allowed; returns NULL. */
struct valve *valve_close(struct valve *valve);

/*
 * Was delivery reliable without a break from the last call (or the start) to now? Read the drop
 * counter before: if true, what it counted was kept for later. If the process is gone, reliable
 * delivery is switched off, *ret_dead is set and all answers are false.
 */
bool valve_held(struct valve *valve, bool *ret_dead);

#endif
