/*
 * How far the record goes: which nodes it is of, when each was heard, what each missed, and what
 * its dataplane hides.
 */
#ifndef NETPOL_CLI_EXTENT_H
#define NETPOL_CLI_EXTENT_H

#include "cli/session.h"
#include "policy/coverage.h"
#include "policy/readiness.h"

/* Start from {0}; release with extent_clear(). Nodes are in both in the same order. */
struct extent {
	struct coverage coverage;
	struct readiness_evidence evidence;
	struct readiness_node *nodes; /* evidence's own arrays */
	struct readiness_gap *gaps;
	size_t node_capacity, gap_capacity;
};

/* Of the interval and the node asked for. Gaps that can have missed nothing are none. After
 * session_build(); ends the record's snapshots. Negative errno. */
int extent_read(struct session *session, struct extent *extent);
void extent_clear(struct extent *extent);

#endif
