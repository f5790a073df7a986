/* What keeps `verify` from proving anything, and `policy` from knowing it, as problems. */
#ifndef NETPOL_CLI_DOUBTS_H
#define NETPOL_CLI_DOUBTS_H

#include "cli/session.h"
#include "policy/subjects.h"

/*
 * Warns of nodes that were last heard of before the end of the interval: where it is open that is
 * now, if the record is not asked for as a whole. After session_build() and before the snapshots
 * end. Negative errno of the walk.
 */
int doubts_of_nodes(struct session *session, struct interval interval, bool whole);
/* Warns where nothing was recorded in the interval. */
bool doubts_of_time(struct session *session, struct interval interval);
/* Warns where it is not known who is in the cluster. */
void doubts_of_pods(struct session *session);
/* Warns of policies that are for no pod that is known; and, but for drift, which each node asks for
 * itself, of those that are for none that was recorded. */
void doubts_of_policies(struct session *session, const struct scene *scene,
			const struct netpol *policies, size_t count,
			const struct subjects *subjects);

#endif
