/* What the record misses, as problems: holes in the evidence are holes in what is said from it. */
#ifndef NETPOL_CLI_HOLES_H
#define NETPOL_CLI_HOLES_H

#include "cli/session.h"

struct holes {
	size_t gaps;    /* of the interval */
	bool invisible; /* connections of some kind cannot be seen on some node */
	bool cilium;    /* is the network plugin of some node */
};

/* Warns of gaps of the interval, one by one if a node has few, else in one problem for each source
 * of losses, so that these do not push out others; and of what the nodes' networks hide in it.
 * After session_build(); ends the record's snapshots. Negative errno of a walk. */
int holes_warn(struct session *session, struct interval interval, struct holes *ret);

#endif
