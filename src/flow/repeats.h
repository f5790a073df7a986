/*
 * Ends that were told of late, so that one that the kernel tells again is known for what it is.
 * Which of them are told again, and for how long: track_event().
 *
 * Only connections that have a start are told apart. Bounded; times are CLOCK_REALTIME ns. One
 * thread.
 */
#ifndef NETPOL_FLOW_REPEATS_H
#define NETPOL_FLOW_REPEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/event.h"

struct repeats;

struct repeats *repeats_new(size_t limit);             /* in 2 s; NULL: no memory */
struct repeats *repeats_free(struct repeats *repeats); /* NULL is allowed; returns NULL */
/* Was this DESTROY told before? Then all are remembered for longer: the kernel may hold back any of
 * them. */
bool repeats_know(struct repeats *repeats, const struct conntrack_event *destroy, int64_t now);
/* It is told for the first time. Returns how many were forgotten to make room for it, of those that
 * may be told again because repeats come: 0 else. */
size_t repeats_note(struct repeats *repeats, const struct conntrack_event *destroy, int64_t now);
/* Events of the time up to now may come late. */
void repeats_hold(struct repeats *repeats, int64_t now);
/* Forgets what is old. */
void repeats_expire(struct repeats *repeats, int64_t now);
void repeats_shift(struct repeats *repeats, int64_t delta); /* the clock was set by delta ns */

#endif
