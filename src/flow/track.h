/*
 * From events to evidence: follows each connection and adds what it did to the fold table.
 *
 * 1. track_restore() with what an earlier run had counted, then a dump, then events as they come.
 * 2. A connection is counted once, when its verdict is known: at its end, or by the first dump that
 * saw a reply. Later dumps and its end add what has come since. If the verdict changes, the
 * connection moves; its bytes stay where they were seen.
 * 3. Pods are bound for the connection's start, whenever it is counted: what became known since
 * moves it. Who was not there yet may only be bound later (bind_slack) to an end that spoke: a
 * source, or a destination that answered. Where nobody knows when it began (dumped or ended without
 * CTA_TIMESTAMP, its NEW not seen), who had the address all the time since it last spoke at the
 * earliest (flow/idle.h); else nobody, for it may be what a pod before left behind.
 * 4. First packets that nothing confirms are denied, or unknown if anything was lost meanwhile.
 * 5. What the kernel tells again is counted once, see track_event().
 * 6. Of a connection's entries in several zones one is counted (flow/zones.h), one with a service
 * address if there is such by the time it is counted, or in a dump; and with the source NAT of any
 * of them that is known before it is counted.
 * 7. track_take() moves gaps and checkpoints into a batch; the fold table is the caller's.
 *
 * Times are CLOCK_REALTIME ns. One thread.
 */
#ifndef NETPOL_FLOW_TRACK_H
#define NETPOL_FLOW_TRACK_H

#include "flow/flow.h"
#include "flow/fold.h"
#include "flow/idle.h"
#include "flow/pending.h"
#include "identity/interval.h"

struct track;

struct track_options {
	size_t live_limit;
	struct pending_options pending;
	int64_t bind_slack; /* ns by which a pod may be known later than it speaks */
	struct idle_times idle;
};

struct track_figures {
	uint64_t created;   /* NEW events */
	uint64_t destroyed; /* DESTROY events */
	uint64_t repeated;  /* of both, told again */
	uint64_t packets;   /* logged first packets */
	uint64_t denied;    /* attempts judged so */
	size_t live;
	size_t waiting; /* packets that wait for their connection */
	size_t zones;   /* of conntrack that were seen */
	uint16_t zone;  /* one of them, other than 0 if there is such */
};

/* Fold table and registry are borrowed and outlive the tracker. NULL: no memory. */
struct track *track_new(struct track_options options, struct fold *fold,
			const struct registry *registry);
struct track *track_free(struct track *track); /* NULL is allowed; returns NULL */

/* What finds no room, for the limit or for want of memory, is a gap: it is counted again, or its
 * end is not. */
void track_restore(struct track *track, const struct checkpoint *checkpoint, int64_t now);

/*
 * NEW or DESTROY.
 *
 * If one reliable listener of the group (NETLINK_BROADCAST_ERROR) has no room, the kernel tells all
 * of them again: NEW with each later event of the entry until all took it, DESTROY of the one that
 * has waited longest every 10 to 100 ms, and of each that waits once more at the end
 * (nf_conntrack_ecache.c). Its id is not given to another meanwhile, and NEW never follows DESTROY.
 *
 * A DESTROY is a repeat if the same connection, of the same start, ended of late. It must have
 * been seen to end: that one is not known and began lately proves nothing, for a NEW may be masked
 * (ct event set), refused by a full table, or lost. Ends are remembered for 2 to 4 s, and for as
 * long as repeats come or we do not read, since the kernel then still holds them back. Beyond two
 * million or twice live_limit (6.4 bytes each) the oldest half is forgotten, with a gap while
 * repeats come. Not recognized, and counted again: what has no start, and what the run before has
 * counted.
 *
 * A NEW of one that is known by its NEW is a repeat, unless an event was lost for good since it
 * began: then it is another's, and the end of the one that is known was lost.
 */
void track_event(struct track *track, const struct conntrack_event *event, int64_t now);

/*
 * A dump: begin, then its entries and all events that come meanwhile in any order (what ends is not
 * revived by an answer that is older than its DESTROY), then the events that were queued when the
 * last entry had come, then end. Connections that two dumps in a row did not show ended unseen:
 * they are closed with their last known counters, each a gap of one event, and the number of them
 * returned. A dump during which there was no room to remember an end says nothing, as if it were
 * cancelled. What there is no room to count waits for the next dump, uncounted; what was counted
 * then yields until all have had their turn.
 */
void track_dump_begin(struct track *track);
void track_dump_entry(struct track *track, const struct conntrack_event *entry, int64_t now);
size_t track_dump_end(struct track *track, int64_t now);
/* In place of the end: the dump was not whole, so what it did not show says nothing. */
void track_dump_cancel(struct track *track);

/* Is the kernel's table near its maximum? Tells eviction from deletion in what ends from now on. */
void track_set_pressure(struct track *track, bool table_is_full);

/* A packet of a connection that was not confirmed when it passed forward. */
void track_packet(struct track *track, const struct packet_event *packet, int64_t now);

/* Is there a connection of this path in the kernel's table? Negative errno: cannot be said. */
typedef int track_look_fn(void *context, const struct path *path);
/* Judges the packets whose time is over. Drop counters must have been read just before: losses
 * count up to now. */
void track_expire(struct track *track, int64_t now, track_look_fn *look, void *context);

/* Something was missed between the moments: a gap, and no claim "denied" for that time. reason is
 * static. */
void track_loss(struct track *track, const struct loss *loss, int64_t from, int64_t until,
		const char *reason);

/* Nothing is missing for good, but events of that time may come late: no claim "denied", no gap. */
void track_disturbed(struct track *track, int64_t from, int64_t until);

/*
 * Nothing was read for so long (near PENDING_WAIT) that packets may come after their confirmation
 * was forgotten: none is called denied for a while.
 */
void track_stalled(struct track *track, int64_t now);
/* CLOCK_REALTIME was set by delta ns: what waits goes on waiting as long as it would have. */
void track_shift(struct track *track, int64_t delta);

/*
 * The end of the run, after a last dump: what is still open or waiting is counted as it stands.
 * True: room ran out before all was counted; again after track_take(). What is never counted here
 * is found by the next run.
 */
bool track_finish(struct track *track, int64_t now, track_look_fn *look, void *context);

/*
 * The store lost all checkpoints (a fresh database): tells those of the live connections again, as
 * many as there is room for. *cursor is 0 at first. True: more are left; again with the same cursor
 * after track_take().
 */
bool track_retell(struct track *track, uint32_t *cursor, int64_t now);

/* Numbers of the pods that connections which are alive were bound to, 0 among them, each as often
 * as it is; walks all of them. Those not counted yet are bound before. */
typedef void track_pod_fn(void *context, uint32_t pod);
void track_visit_pods(struct track *track, int64_t now, track_pod_fn *visit, void *context);

/* The fold table or the list of checkpoints is nearly full. */
bool track_wants_room(const struct track *track);
/* Moves gaps and checkpoints to the batch; gaps stay here if there is no memory for them. */
void track_take(struct track *track, struct batch *batch);
struct track_figures track_figures(const struct track *track);

#endif
