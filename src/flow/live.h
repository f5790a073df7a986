/*
 * The connections that are alive, and what of each has been counted.
 *
 * Keyed by zone, original tuple and id; a start time tells two connections apart that had the same
 * key one after the other. Memory is taken in chunks, so it never doubles; bounded. One thread.
 */
#ifndef NETPOL_FLOW_LIVE_H
#define NETPOL_FLOW_LIVE_H

#include "flow/flow.h"

struct live_entry {
	struct tuple original;
	struct tuple reply;
	int64_t start_ns; /* CTA_TIMESTAMP; 0: not told yet */
	int64_t first_ns; /* when it began, as well as we know */
	uint64_t packets_sent, packets_received, bytes_sent,
	    bytes_received;                   /* as counted, or last seen if not counted */
	uint32_t source_pod, destination_pod; /* bound when first counted */
	uint32_t id;
	uint32_t generation; /* of the last dump that showed it */
	uint16_t zone;
	uint8_t verdict;      /* as counted; 0: not counted yet */
	uint8_t silent_dumps; /* dumps that showed it without a reply, up to 2 */
	bool has_counters;
	bool direction_uncertain;
	bool announced;  /* its NEW was seen */
	bool checkpoint; /* the store has, or will have, a row for it */
	bool replaced;   /* a dump showed it in the place of an older one, which was closed then */
	uint32_t saved_take; /* of the tracker: the row is still at saved_at */
	uint32_t saved_at;
};

struct live;

struct live *live_new(size_t limit);       /* NULL: no memory */
struct live *live_free(struct live *live); /* NULL is allowed; returns NULL */
/* NULL if there is none. Valid until live_remove() of it. */
struct live_entry *live_find(const struct live *live, const struct tuple *original, uint16_t zone,
			     uint32_t id);
/* A zeroed entry but for its key; there must be none yet. NULL: the limit is reached or no memory.
 */
struct live_entry *live_insert(struct live *live, const struct tuple *original, uint16_t zone,
			       uint32_t id);
void live_remove(struct live *live, struct live_entry *entry);
size_t live_count(const struct live *live);
/* Each entry once; visit may remove the entry that it is given. */
void live_walk(struct live *live, void (*visit)(void *context, struct live_entry *entry),
	       void *context);

#endif
