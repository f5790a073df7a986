/*
 * Who had an address at a moment: pods under numbers, bound in time. Pure; the clock comes in as a
 * parameter.
 *
 * Unit of time: whatever the caller uses throughout (ns in the daemon, ms in the reader).
 */
#ifndef NETPOL_IDENTITY_INTERVAL_H
#define NETPOL_IDENTITY_INTERVAL_H

#include <stdint.h>

#include "identity/pod.h"

struct registry;

struct registry *registry_new(void);                       /* NULL: out of memory */
struct registry *registry_free(struct registry *registry); /* NULL is allowed; returns NULL */

/*
 * Adds a pod (copied) or updates the one with the same sandbox; where no sandbox is known, the same
 * namespace, name and uid. Sandboxes of several nodes must be told apart by the caller.
 *
 * Its intervals become those given; ended ones that are no longer given stay. Intervals of one
 * address that overlap are one: it ends as given, and begins as given if that is exact, else at the
 * earlier of the two. What is not said any more of names, labels and creation stays known. A pod
 * that had addresses and has ended does not end later, or begin again, without one.
 *
 * A pod without namespace or name has what it has, and nobody else has that; but as long as nobody
 * knows who it is nothing is bound to it, and it is not among those that the functions below tell.
 *
 * *ret_number: from 1, never reused; *ret_changed: was anything new? -ENOMEM: nothing was done.
 */
int registry_put(struct registry *registry, const struct pod *pod, uint32_t *ret_number,
		 bool *ret_changed);
/* Ends the pod and all its open intervals at the moment; false if it had ended. */
bool registry_end(struct registry *registry, uint32_t number, int64_t when);
/* NULL if there is no such number. Valid until the next change. */
const struct pod *registry_get(const struct registry *registry, uint32_t number);
/* The number of this sandbox, 0 if it is not known. */
uint32_t registry_find(const struct registry *registry, const char *sandbox);
size_t registry_count(const struct registry *registry);
/* The next number after this one that tells a pod, 0 if there is none; from 0 on: all of them. */
uint32_t registry_after(const struct registry *registry, uint32_t number);

/*
 * The number of the pod that owned the address at the moment, 0 if none did. -ENOTUNIQ when two
 * pods (differing in namespace, name or uid) owned it, or may have, or one with a conflict;
 * sandboxes of one pod do not differ, the later counts. Where a pod without a name alone owned it,
 * 0.
 *
 * slack: a pod may speak before its address is told (the CNI result is written after the plugins
 * ran), so where nobody owned the address then, the first that took it within slack counts, unless
 * that one was told when exactly it got it, or another took it beside it. Only for an address that
 * spoke at the moment: one that was only spoken to may have been nobody's, so 0 for that.
 */
int registry_bind(const struct registry *registry, struct addr address, int64_t when, int64_t slack,
		  uint32_t *ret_number);
/*
 * Who had an address in [from, until) may have gone unseen: no slack across that. And whoever had
 * it at from may have had it still for as long as linger after the next got it: until then, within
 * the span, it is ambiguous.
 */
void registry_unwatched(struct registry *registry, int64_t from, int64_t until, int64_t linger);
/* Is it so at the moment? *ret_since: when the next got it. */
bool registry_is_unseen(const struct registry *registry, struct addr address, int64_t when,
			int64_t *ret_since);
/*
 * The same for a whole span [from, until]: -ENOTUNIQ also if the owner changed in between, or if
 * the address was nobody's at first and somebody's later. An end without a successor is no change:
 * the last packets may be late.
 */
int registry_bind_span(const struct registry *registry, struct addr address, int64_t from,
		       int64_t until, int64_t slack, uint32_t *ret_number);
/* Did two pods own the address, one after the other or at once, within [from, until]? */
bool registry_is_shared(const struct registry *registry, struct addr address, int64_t from,
			int64_t until);
/* Did anybody own the address at the moment? *ret_since: the earliest since when. */
bool registry_has_owner(const struct registry *registry, struct addr address, int64_t when,
			int64_t *ret_since);
typedef bool registry_needed_fn(void *context, uint32_t number);
/*
 * Forgets intervals that ended before the moment, and pods left without any, or without an address
 * and ended before it; not of those that is_needed (NULL: none is) names. The numbers stay used.
 */
void registry_forget(struct registry *registry, int64_t before, registry_needed_fn *is_needed,
		     void *context);
/*
 * CLOCK_REALTIME was set by delta and is now: nothing began or ended later than that. A moment that
 * comes twice is ambiguous (-ENOTUNIQ) for an address that was another's the first time. Of
 * merge_shift() and this, first this.
 */
void registry_shift(struct registry *registry, int64_t now, int64_t delta);
/* The latest end that was forgotten: who had an address before that can no longer be said for
 * sure. INT64_MIN: nothing was. */
int64_t registry_forgotten(const struct registry *registry);
/* Intervals that ended before the moment may never have been put: as if they were forgotten. */
void registry_lacks(struct registry *registry, int64_t before);

#endif
