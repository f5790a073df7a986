/*
 * What was seen of late, as seeded fingerprints of 32 bits in a place that the hash chooses: of
 * 10^8 questions about one is answered with yes for something that was never told.
 *
 * Two memories take turns, so each hash is known for one period to two. Memory follows the rate:
 * nothing at rest, about 6.4 bytes a hash. Bounded. Times are ns of one clock. One thread.
 */
#ifndef NETPOL_FLOW_RECENT_H
#define NETPOL_FLOW_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recent;

struct recent *recent_new(int64_t period, size_t limit); /* limit: in a period; NULL: no memory */
struct recent *recent_free(struct recent *recent);       /* NULL is allowed; returns NULL */
/* The hash is of a seed that nobody knows. Over the limit it is refused. */
void recent_add(struct recent *recent, uint64_t hash, int64_t now);
bool recent_has(struct recent *recent, uint64_t hash, int64_t now);
/* Forgets what is old. */
void recent_expire(struct recent *recent, int64_t now);
/* What is remembered is not yet old: it stays for a period from now, as the limit allows. */
void recent_hold(struct recent *recent, int64_t now);
/* The next one would be refused. */
bool recent_is_full(const struct recent *recent);
/* Forgets the older half, which makes room. */
void recent_turn(struct recent *recent, int64_t now);
size_t recent_count_before(const struct recent *recent); /* what that would forget */
void recent_shift(struct recent *recent, int64_t delta); /* the clock was set by delta ns */
int64_t recent_refused(const struct recent *recent);     /* when one was last; 0: never */

#endif
