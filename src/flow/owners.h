/*
 * Whose the ends of a connection were: pods bound for the moment at which it began. The rules are
 * in track.h. Times are CLOCK_REALTIME ns. Pure.
 */
#ifndef NETPOL_FLOW_OWNERS_H
#define NETPOL_FLOW_OWNERS_H

#include "flow/live.h"
#include "identity/interval.h"

struct owners {
	const struct registry *registry; /* borrowed */
	int64_t slack;                   /* by which a pod may be known later than it speaks */
};

/* Number of the pod at the moment; 0: nobody's, as that of an address that is ambiguous. spoke: so
 * the pod may be known later. */
uint32_t owners_find(const struct owners *owners, struct addr address, int64_t when, bool spoke);
/* Binds both ends. What becomes known of the moment later counts as well; but what an earlier run
 * bound stays, for the store rounds the times of pods, and so does what is said of a moment of
 * which the registry has forgotten something. */
void owners_bind(const struct owners *owners, struct live_entry *entry, enum verdict verdict,
		 int64_t now);
/* When it is to be said to have begun: early enough for a reader, who has the same slack but knows
 * less of what was unseen, to take an end that is nobody's for nobody's, too. */
int64_t owners_first(const struct owners *owners, const struct live_entry *entry);

#endif
