#include "flow/losses.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static void gap_extend(struct gap *gap, const struct gap *more)
{
	if (more->from < gap->from)
		gap->from = more->from;
	if (more->until > gap->until)
		gap->until = more->until;
	gap->at_most = gap->at_most < 0 || more->at_most < 0 ? -1 : gap->at_most + more->at_most;
}

void losses_add_gap(struct losses *losses, const struct loss *loss, int64_t from, int64_t until,
		    const char *reason)
{
	struct gap gap = {
	    .source = loss->source,
	    .from = clock_msec(from < until ? from : until),
	    .until = clock_msec(until),
	    .at_most = loss->bounded ? (int64_t)loss->at_most : -1,
	    .reason = reason,
	};

	for (size_t i = 0; i < losses->count; i++) {
		if (losses->gaps[i].source == gap.source &&
		    strcmp(losses->gaps[i].reason, reason) == 0) {
			gap_extend(&losses->gaps[i], &gap);
			return;
		}
	}
	if (losses->count < LOSSES_GAPS_MAX)
		losses->gaps[losses->count++] = gap;
	else
		gap_extend(&losses->gaps[LOSSES_GAPS_MAX - 1], &gap);
}

void losses_add(struct losses *losses, const struct loss *loss, int64_t from, int64_t until,
		const char *reason)
{
	bool of_events = loss->source == LOSS_CONNTRACK || loss->source == LOSS_DAEMON;

	losses_disturb(losses, until, until);
	if (of_events && until > losses->of_events)
		losses->of_events = until;
	losses_add_gap(losses, loss, from, until, reason);
}

void losses_add_one(struct losses *losses, enum loss_source source, int64_t now, const char *reason)
{
	struct loss loss = {.source = source, .bounded = true, .at_most = 1};

	losses_add(losses, &loss, now, now, reason);
}

void losses_disturb(struct losses *losses, int64_t from, int64_t until)
{
	int64_t last = from > until ? from : until;

	if (last > losses->last)
		losses->last = last;
	repeats_hold(losses->repeats, until);
}

void losses_shift(struct losses *losses, int64_t delta)
{
	if (losses->last)
		losses->last += delta;
	if (losses->of_events && delta < 0)
		losses->of_events += delta;
}

void losses_take(struct losses *losses, struct batch *batch)
{
	if (losses->count == 0)
		return;
	batch->gaps = calloc(losses->count, sizeof(*batch->gaps));
	if (!batch->gaps)
		return;
	memcpy(batch->gaps, losses->gaps, losses->count * sizeof(*batch->gaps));
	batch->gap_count = losses->count;
	losses->count = 0;
}
