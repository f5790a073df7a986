/*
 * What was missed: gaps for the store, and the moments on which claims hang. Times are
 * CLOCK_REALTIME ns. One thread.
 */
#ifndef NETPOL_FLOW_LOSSES_H
#define NETPOL_FLOW_LOSSES_H

#include "flow/flow.h"
#include "flow/repeats.h"

/* Of one source and reason there is one gap in a batch. Beyond this number the last one grows. */
#define LOSSES_GAPS_MAX 64u

/* Start from {0} and what is borrowed. */
struct losses {
	struct repeats *repeats; /* borrowed: while events may come late, none is forgotten */
	int64_t last;            /* when something was last missed, or came late; 0: never */
	int64_t of_events;       /* when an event was last missed for good; 0: never */
	struct gap gaps[LOSSES_GAPS_MAX];
	size_t count;
};

/* A gap alone, which says nothing of what is claimed otherwise. reason is static. */
void losses_add_gap(struct losses *losses, const struct loss *loss, int64_t from, int64_t until,
		    const char *reason);
/* Something was missed between the moments: a gap, and both moments are moved. */
void losses_add(struct losses *losses, const struct loss *loss, int64_t from, int64_t until,
		const char *reason);
/* One event, row or packet, now. */
void losses_add_one(struct losses *losses, enum loss_source source, int64_t now,
		    const char *reason);
/* Nothing is missing for good, but may come late. */
void losses_disturb(struct losses *losses, int64_t from, int64_t until);
/* The clock was set by delta. of_events is compared with when connections began, which stays: set
 * forward, none of those that are known may seem to have begun before the loss. */
void losses_shift(struct losses *losses, int64_t delta);
/* Moves the gaps into a batch without any; for want of memory they stay. */
void losses_take(struct losses *losses, struct batch *batch);

#endif
