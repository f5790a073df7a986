/* What the record used of what two sets of policies do not both allow. */
#ifndef NETPOL_POLICY_DIFF_WEIGH_H
#define NETPOL_POLICY_DIFF_WEIGH_H

#include <stdint.h>

#include "model/graph.h"
#include "policy/diff.h"

struct diff_weight {
	int64_t connections; /* but for those that were denied */
	int64_t denied;      /* attempts */
	int64_t last_seen;   /* of either; 0: never */
};

struct diff_weights {
	struct diff_weight *items; /* by change */
	int64_t unplaced;          /* connections and attempts with an end that has no row */
};

/*
 * Of the edges that count. An end is the row of its pod, else of the pod's owner, directly or
 * through others; what is no pod is the range of its address, of many addresses each that has any.
 * A source that was translated counts as itself and as the destination saw it. -ENOMEM.
 */
int diff_weigh(const struct diff *diff, const struct graph *graph, struct diff_weights *ret);
void diff_weights_clear(struct diff_weights *weights);

#endif
