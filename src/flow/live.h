/*
 * The connections that are alive, and what of each has been counted.
 *
 * Keyed by zone, original tuple and id; a start time tells two connections apart that had the same
 * key one after the other. One that has ended may be kept for a while beside its successor.
 *
 * Entries are packed: about 91 bytes of IPv4 and 139 of IPv6, index and all. The index grows in
 * many small steps, so nothing ever doubles, and memory that is no longer used goes back to the
 * system. What is handed out are working copies. Bounded; the order of keys is seeded. One thread.
 */
#ifndef NETPOL_FLOW_LIVE_H
#define NETPOL_FLOW_LIVE_H

#include "flow/flow.h"

/* The highest limit: an entry's number has 22 bits. */
#define LIVE_LIMIT_MAX ((size_t)1 << 22)

/* A working copy: nothing changes in the table before live_put(). The protocols of both tuples are
 * one. */
struct live_entry {
	struct tuple original;
	struct tuple reply;
	int64_t start_ns; /* CTA_TIMESTAMP; 0: not told yet */
	int64_t first_ns; /* when it began, as well as we know: start_ns where that is not 0; see
			     unbegun */
	uint64_t packets_sent, packets_received, bytes_sent,
	    bytes_received;                   /* as counted, or last seen if not counted */
	uint32_t source_pod, destination_pod; /* as bound last; 0: to nobody */
	uint32_t id;
	uint32_t handle; /* of the table: where it stands */
	uint16_t zone;
	uint8_t generation;   /* of the last dump that showed it, modulo 256 */
	uint8_t verdict;      /* as counted; 0: not counted yet; at most VERDICT_MAX */
	uint8_t silent_dumps; /* dumps that showed it without a reply, up to 2 */
	uint8_t round;        /* in which a dump counted it, modulo 4 */
	bool has_counters;
	bool direction_uncertain;
	bool announced;  /* its NEW was seen */
	bool checkpoint; /* the store has, or will have, a row for it */
	bool replaced;   /* a dump showed it in the place of an older one, which was closed then */
	bool ended;      /* only remembered: live_find() passes over it */
	bool awaited;    /* of one that has ended: its DESTROY is still to come */
	bool follower;   /* another zone's entry of the same connection is counted in its place */
	bool restored;   /* counted by an earlier run, bound to the same pods */
	bool unbegun;    /* nobody knows when it began: it spoke at first_ns or later */
};

struct live;

struct live *live_new(size_t limit);       /* NULL: no memory, or more than LIVE_LIMIT_MAX */
struct live *live_free(struct live *live); /* NULL is allowed; returns NULL */
/* The one that is alive; *ret_entry is filled in if it is found. */
bool live_find(const struct live *live, const struct tuple *original, uint16_t zone, uint32_t id,
	       struct live_entry *ret_entry);
/* The one that has ended and is remembered. */
bool live_find_ended(const struct live *live, const struct tuple *original, uint16_t zone,
		     uint32_t id, struct live_entry *ret_entry);
/*
 * There must be none yet with this key that is alive, or that has ended, as the entry says; sets
 * the handle. False: the limit is reached or no memory.
 */
bool live_insert(struct live *live, struct live_entry *entry);
/* Is the limit not reached? */
bool live_has_room(const struct live *live);
/* Writes back a copy that was found and is still in the table; the key stays as it was. */
void live_put(struct live *live, const struct live_entry *entry);
void live_remove(struct live *live, const struct live_entry *entry);
size_t live_count(const struct live *live); /* with those that have ended */
/*
 * Each entry once, those that have ended too. *cursor is 0 at first and is advanced; between two
 * calls anything may be removed, put or inserted (what is inserted may be left out). False: that
 * was all.
 */
bool live_next(const struct live *live, uint32_t *cursor, struct live_entry *ret_entry);

#endif
