/*
 * What all sources of a node say, merged into pods: one for each sandbox. Pure; the clock comes in
 * as a parameter (ns, CLOCK_REALTIME). One thread.
 *
 * - A pod is told once it has an address, or namespace and name are known. What one source leaves
 *   out another fills in, also one that says no more: names and labels do not change while the
 *   sandbox lives.
 * - An address is the sandbox's from the earliest exact moment told, else from the earliest told.
 *   Where no source can say, it counts from the sandbox's creation, or from when it was told if
 *   that is not known, but not from before somebody else had it.
 * - It ends when nobody tells it any more, or when the source that allocated it freed it. If others
 *   still tell it MERGE_RELEASE_NS later and nobody else took it, it was never freed (somebody
 *   emptied the IPAM plugin's directory) and it is as if it had not ended.
 * - The end is dated when it is noticed, though a file's directory may tell an earlier moment: what
 *   was denied, and connections of which the kernel tells no start, are dated when they are read.
 *   The sandbox's last ones would come after an end that is not late as well.
 * - Plugins free an address before they take it from the interface, and only then forget their
 *   result: who got it meanwhile and who had it before may both speak. As long as it is told of two
 *   sandboxes it is both's. If it is allocated to one, and no allocator tells it of the other, that
 *   ends MERGE_RELEASE_NS after it was freed, or allocated to the next; that others still tell it
 *   is a problem then. Else it is one, too, if the sandboxes are not of one pod, and stays with
 *   both.
 * - What is told first after nobody told of the one before any more is the next, though by its time
 *   it began earlier, since ends are seen late: then the one before ended when the next began,
 *   where that is no longer than MERGE_RELEASE_NS before, or exact.
 * - A pod has ended when nobody tells of its sandbox any more but that it is stopped, or when it is
 *   orphaned; then at the moment at which the last became silent that told of an address, if any
 *   did.
 * - Where sources name different namespaces, names or uids, or an address of a pod that has none of
 *   its own, the pod has a conflict and is a problem: until who said so says otherwise, not if it
 *   becomes silent.
 */
#ifndef NETPOL_IDENTITY_MERGE_H
#define NETPOL_IDENTITY_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "identity/claim.h"
#include "identity/pod.h"

#define MERGE_RELEASE_NS (10 * INT64_C(1000000000))
/* What is beyond these numbers is a problem, and not merged: sandboxes, and of each of them words
 * and addresses. Sandboxes that are orphaned, and never were anything else, give way. */
#define MERGE_SANDBOXES_MAX 16384u
#define MERGE_WORDS_MAX 32u
#define MERGE_ADDRESSES_MAX 64u

struct merge;

struct merge_events {
	/* The pod as it now is, with its open addresses and those that have ended of late; without
	 * a name while nobody knows it. Meant for registry_put(). May be told again without a
	 * change. Valid during the call. */
	void (*pod)(void *context, const struct pod *pod);
	/* A contradiction, once for each state of it. */
	void (*problem)(void *context, const char *subject, const char *text);
	void *context;
};

struct merge_figures {
	size_t sandboxes;  /* that any source tells of */
	size_t nameless;   /* of these, with an address and without a name */
	size_t unlabelled; /* of these, without labels */
	size_t conflicts;
	size_t contested; /* addresses that two sandboxes have */
};

struct merge *merge_new(const struct merge_events *events); /* NULL: no memory */
struct merge *merge_free(struct merge *merge);              /* NULL is allowed; returns NULL */
/* -ENOSPC: the claim was not taken; when there is room it is, if it is told again. -ENOMEM: the
 * same, or what it changes is told later, by merge_tick(). */
int merge_claim(struct merge *merge, const struct claim *claim, int64_t now);
/* now may be earlier: where the source was not read for a while, when it had been read last. */
int merge_withdraw(struct merge *merge, const char *source, const char *place, const char *sandbox,
		   int64_t now);
/*
 * Who a sandbox was in an earlier run, for as long as nobody says better: its names, labels and
 * creation; and that its sources contradicted one another, until all of them have spoken again. It
 * is no claim, and tells nothing of whether there still is such a sandbox. Beyond
 * MERGE_SANDBOXES_MAX it is not taken.
 */
int merge_remember(struct merge *merge, const struct pod *pod, int64_t now);
/* What only time decides; to be called about once a second while merge_is_waiting(). */
int merge_tick(struct merge *merge, int64_t now);
/* CLOCK_REALTIME was set by delta and is now: nothing that is known came later than that. What is
 * first told within MERGE_RELEASE_NS after the clock was set back may be as old as that, and is not
 * exact. What changes is told at once, or by merge_tick(). After registry_shift(). */
void merge_shift(struct merge *merge, int64_t now, int64_t delta);
bool merge_is_waiting(const struct merge *merge);
/* From now on nothing is told, or it is again: then all that changed meanwhile. */
int merge_hold(struct merge *merge, bool hold, int64_t now);
/* Does any source tell of this sandbox, and that it lives? */
bool merge_has(const struct merge *merge, const char *sandbox);
struct merge_figures merge_figures(const struct merge *merge);

#endif
