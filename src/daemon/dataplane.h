/*
 * What this node can and cannot show, watched over time: looked at in a thread of its own at the
 * start, when CNI configuration changes, and once a minute. Said in the log at first and when it
 * changes, and told as facts:
 *
 *   dataplane.plugin, dataplane.proxy   NAME
 *   dataplane.ASPECT                    "yes", or "partly", "no", "unknown" with ": REASON"
 *   dataplane.was.no.ASPECT             "TIME REASON": it was so before, and up to when at the
 *   dataplane.was.partly.ASPECT         latest; ends with the retention
 *
 * ASPECT: same-node, cross-node, service, external, denied. One thread.
 */
#ifndef NETPOL_DAEMON_DATAPLANE_H
#define NETPOL_DAEMON_DATAPLANE_H

#include "flow/flow.h"
#include "sources/dataplane.h"

struct dataplane_watch;

/* What netpold itself knows of it. */
struct dataplane_own {
	int log_error; /* first packets are not logged to us */
	size_t zones;  /* of conntrack, seen */
	uint16_t zone; /* one of them, always the same */
	bool pods;     /* some run here that have addresses of their own */
};

/* dataplane_look(). */
typedef void dataplane_look_fn(struct dataplane_observations *ret);

/* look is called in another thread. facts: of an earlier run. NULL: no memory. */
struct dataplane_watch *dataplane_watch_new(dataplane_look_fn *look, const struct fact *facts,
					    size_t fact_count);
/* Waits for a look that is on its way. NULL is allowed; returns NULL. */
struct dataplane_watch *dataplane_watch_free(struct dataplane_watch *watch);

/*
 * To be called about once a second; never waits. now: CLOCK_REALTIME ns. before, ms: what is older
 * may be forgotten. True: facts have changed.
 */
bool dataplane_watch_tick(struct dataplane_watch *watch, const struct dataplane_own *own,
			  int64_t now, int64_t before);
/* Adds the facts; none before the first look. -ENOMEM. */
int dataplane_watch_describe(const struct dataplane_watch *watch, struct batch *batch);

#endif
