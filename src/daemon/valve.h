/*
 * The valve: reliable delivery never costs the node its forwarding.
 *
 * With reliable delivery (ct_feed_set_reliable()) the kernel keeps what the full event socket
 * cannot take and tries again. Some thousand entries that wait so slow every look-up that meets one
 * of them: on Linux 6.18 forwarding fell from 50,000 to 5,000 new connections a second once 5,000
 * waited, a fifth of a second after the buffer was full. A collector that is stopped could not open
 * a valve of its own. So a process of its own, which holds a duplicate of the event socket and
 * nothing else, watches and gives reliable delivery up in time; it goes when netpold goes, however
 * that ends. It is netpold's program run anew: a copy of netpold's memory, however large that has
 * grown, is neither made nor kept.
 *
 * One thread of the collector uses a valve, and lives as long as it.
 */
#ifndef NETPOL_DAEMON_VALVE_H
#define NETPOL_DAEMON_VALVE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/feed.h"

/* argv[0] of the program that is to be the process. */
#define VALVE_PROGRAM "netpold-valve"

/* ---- the rule, pure; times are CLOCK_MONOTONIC ns ---- */

/* Longer than this drops may not advance. */
#define VALVE_PATIENCE NSEC_PER_SEC
/* So long nothing may have been dropped before reliable delivery comes back. */
#define VALVE_RECOVERY (2 * NSEC_PER_SEC)
/* Drops further apart than this are two bursts. */
#define VALVE_LULL (300 * NSEC_PER_MSEC)

struct valve_rule {
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
	bool reliable;  /* delivery is, and so what was last asked for was done */
};

/* A process that could not begin is started again after a pause, longer each time. */
#define VALVE_PAUSE_MIN NSEC_PER_SEC
#define VALVE_PAUSE_MAX (60 * NSEC_PER_SEC)
/* The pause that follows pause; 0: the first. */
int64_t valve_pause_after(int64_t pause);

enum valve_action { VALVE_KEEP, VALVE_GIVE_UP, VALVE_TAKE_BACK };

/* drops: those before count for nothing. */
struct valve_rule valve_rule_begin(uint32_t undelivered_max, uint32_t drops);
/*
 * Gives up when drops go on for longer than VALVE_PATIENCE, or when there were more than
 * undelivered_max since the queue was last drained: no more entries than that can wait. What could
 * not be done is asked for again.
 */
enum valve_action valve_rule_apply(struct valve_rule *rule, const struct valve_look *look);

/* ---- the process ---- */

struct valve;

/* What main() is where argv[0] is VALVE_PROGRAM: the process. Returns an exit status where it was
 * not started by a valve, or netpold is gone. */
int valve_main(int argc, char **argv);

/*
 * Starts the process, which switches reliable delivery on once it watches. feed is borrowed.
 * -errno: nothing runs.
 */
int valve_open(struct ct_feed *feed, uint32_t undelivered_max, struct valve **ret);
/* Ends the process and switches reliable delivery off. NULL is allowed; returns NULL. */
struct valve *valve_close(struct valve *valve);

/* The process did watch, even if it is gone now. */
bool valve_ran(const struct valve *valve);

/* Did someone else end the process? Then reliable delivery is switched off. */
bool valve_is_dead(struct valve *valve);
/*
 * Was delivery reliable without a break from the last call (or the start) to now? Read the drop
 * counter before: if true, what it counted was kept for later. Not of one that is dead.
 */
bool valve_held(struct valve *valve);

#endif
