/*
 * Of a connection's entries in several zones one is counted, its leader (flow/zones.h); here the
 * live entries are made to follow, and what one of them alone knows is told to the one that is
 * counted: the address of a service, or the client's after source NAT. Times are CLOCK_REALTIME ns.
 * One thread.
 */
#ifndef NETPOL_FLOW_LEADERS_H
#define NETPOL_FLOW_LEADERS_H

#include "flow/account.h"
#include "flow/live.h"
#include "flow/zones.h"

/* All are borrowed. */
struct leaders {
	struct zones *zones;
	struct live *live;
	struct account *account;
};

/*
 * The entry begins, or is told of by its end alone: from now on it follows, or is counted. begun: 0
 * where nobody knows. event: what tells of it, NULL for what an earlier run counted. The entry is
 * not in the live table yet.
 */
void leaders_join(const struct leaders *leaders, struct live_entry *entry, int64_t begun,
		  const struct conntrack_event *event, int64_t now);
/* It has ended; not one whose end is awaited, which parted when it was set aside. */
void leaders_part(const struct leaders *leaders, const struct live_entry *entry, int64_t now);

#endif
