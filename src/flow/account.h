/*
 * What a connection adds to the fold table, and the checkpoints that tell a later run what was
 * counted of it. Counted once: where its verdict changes, or a pod becomes known, the connection
 * moves to another edge, and its bytes stay where they were seen. Times are CLOCK_REALTIME ns. One
 * thread.
 */
#ifndef NETPOL_FLOW_ACCOUNT_H
#define NETPOL_FLOW_ACCOUNT_H

#include "flow/fold.h"
#include "flow/live.h"
#include "flow/losses.h"
#include "flow/owners.h"

/* Rows that wait for the store. What is open stops at the first number, so that what lies above is
 * left to connections that end. */
#define ACCOUNT_ROWS_OPEN_MAX (1u << 16)
#define ACCOUNT_ROWS_MAX (1u << 17)

/* Start from {0} and what is borrowed. */
struct account {
	struct fold *fold;     /* borrowed, as losses */
	struct losses *losses; /* told what there was no room for */
	struct owners owners;
	struct checkpoint *rows; /* owned, as account_take() leaves them */
	size_t count;
	size_t capacity;
};

void account_clear(struct account *account);
/* For what one open connection can add. */
bool account_has_room(const struct account *account);
/* Should the fold table and the checkpoints be handed over? */
bool account_wants_room(const struct account *account);

/* Adds to a row, whatever it is of. A clock that was set back does not make it end before it began.
 */
void account_add(struct account *account, const struct edge_key *key, int64_t first, int64_t last,
		 const struct totals *totals);
/* What the event shows beyond what was counted, all of it if nothing was; the entry then has the
 * event's counters. */
struct totals account_grown(struct account *account, struct live_entry *entry,
			    const struct conntrack_event *event, int64_t now);
/* What the entry has and nobody counted. */
struct totals account_uncounted(const struct live_entry *entry);
/*
 * Binds the entry, counts what has grown, and the connection itself if it was not counted on this
 * edge yet. Nothing of a follower. False: there was nothing to add.
 */
bool account_count(struct account *account, struct live_entry *entry, enum verdict verdict,
		   struct totals grown, int64_t now);
/* The connection was counted as one entry, and is from now on as the other, whose verdict, pods and
 * counters are set; its checkpoints follow. */
void account_hand_over(struct account *account, struct live_entry *from, struct live_entry *to,
		       int64_t now);

/* A checkpoint of what was counted, and its end if there is one. */
void account_save(struct account *account, struct live_entry *entry, int64_t now);
void account_drop(struct account *account, struct live_entry *entry, int64_t now);
/* Moves the checkpoints into a batch without any. */
void account_take(struct account *account, struct batch *batch);

#endif
