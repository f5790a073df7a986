/*
 * The kernel's side of the collector: the event socket, look-ups, the log group and our rules, all
 * feeding one tracker.
 *
 * taps_open() subscribes; taps_protect() then installs the rules, which also switches tracking on;
 * taps_dump() comes after both, so that nothing falls between. Whatever a socket, the table or a
 * rule lost becomes a gap of the tracker here. One thread.
 */
#ifndef NETPOL_DAEMON_TAPS_H
#define NETPOL_DAEMON_TAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/config.h"
#include "daemon/handover.h"
#include "flow/track.h"

struct taps;

struct taps_figures {
	size_t events_granted; /* bytes of receive buffer in force */
	bool rules_owned;      /* and dies with us */
	bool tracked_before;   /* there were entries before our rules */
	int log_error;         /* negative errno: the log group could not be bound */
	int rules_error;
	int valve_error;      /* -ECHILD: the process of the valve ends before it begins */
	unsigned valves_lost; /* processes that watched and were ended by someone */
	uint64_t lost_events, lost_packets;
	uint64_t late_events; /* that the kernel was told to keep for later, at most */
};

/*
 * Called in the middle of reading: hand_over when the tracker is short of room, takes rows from the
 * fold table; alive now and then in what may take long; shift before anything is read after
 * CLOCK_REALTIME was set by delta ns, of which the tracker knows; identify before what came is
 * bound, takes in who has which address by now.
 */
struct taps_relief {
	void (*hand_over)(void *context);
	void (*alive)(void *context);
	void (*shift)(void *context, int64_t delta);
	void (*identify)(void *context);
	void *context;
};

/* config and track are borrowed. *ret_what names what failed. */
int taps_open(const struct config *config, struct track *track, struct taps_relief relief,
	      struct handover *handover, struct taps **ret, const char **ret_what);
struct taps *taps_close(struct taps *taps); /* NULL is allowed; returns NULL */
/*
 * Binds the log group and installs the rules. Failures are in the figures and a gap at every check,
 * which tries again now and then: events alone are evidence too. Without the group the rule only
 * counts, so that nobody else is sent our packets.
 */
void taps_protect(struct taps *taps);

int taps_event_fd(const struct taps *taps);
int taps_log_fd(const struct taps *taps); /* -1: no log group yet; once there, it stays */

/* Reads what is there. *ret_more: the budget ended first. Errors of the socket. */
int taps_read_events(struct taps *taps, bool *ret_more);
int taps_read_packets(struct taps *taps, bool *ret_more);
/* A whole dump, the events queued meanwhile, and what vanished. */
int taps_dump(struct taps *taps);
/* Reads the loss counters of sockets, table and rule, then judges the packets whose time is over.
 */
void taps_check(struct taps *taps);
/* After SIGCHLD: delivery that nobody watches any more is not to stay reliable. */
void taps_check_children(struct taps *taps);
uint64_t taps_events(const struct taps *taps); /* read since taps_open() */
/* CLOCK_REALTIME ns: all events up to this moment have been read; 0: not since taps_open(). */
int64_t taps_heard(const struct taps *taps);
/* Events could not be told of between the moments. */
void taps_lose_events(struct taps *taps, int64_t from, const char *reason);
/* A loss was seen since the last dump. */
bool taps_wants_resync(const struct taps *taps);
/* The last reading and judging of the run. */
void taps_finish(struct taps *taps);
/* In place of it, before a restart: *ret borrows the sockets. */
void taps_hand_over(struct taps *taps, struct handover *ret);
struct taps_figures taps_figures(const struct taps *taps);

#endif
