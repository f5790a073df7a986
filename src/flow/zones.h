/*
 * One connection, several entries: Open vSwitch and `ct zone set` rules let a packet pass conntrack
 * more than once, each time in another zone (Antrea 65520 and 65521, OVN-Kubernetes one for each
 * port and router). Here it is said which entry of a connection is counted, its leader.
 *
 * Entries of different zones are one connection if their paths are one (protocol, address and port
 * of the client and of the backend) and they overlap in time; two of one zone never are. So of n
 * entries in one zone and m in another, in whatever order they come and go, max(n, m) are counted.
 * The price: tenants that share addresses in zones of their own, and use the same five numbers at
 * the same moment, are taken for one.
 *
 * A member is known by zone and CTA_ID. A connection is remembered until ZONES_MEMORY after its
 * leader's end, for members that are told later: the kernel may take a minute to notice that an
 * entry's time is over. Not recognized, and counted again: a member whose DESTROY alone is told,
 * and later than that; the first connection of all that has two zones if its leader ended before
 * the second zone was seen; and after a restart one whose leader ended before it.
 *
 * Nothing is kept while there is only one zone. Bounded; 100 bytes a connection then, taken and
 * given back in many small steps. Times are CLOCK_REALTIME ns. One thread.
 */
#ifndef NETPOL_FLOW_ZONES_H
#define NETPOL_FLOW_ZONES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "flow/resolve.h"

#define ZONES_MEMORY (20 * NSEC_PER_SEC)
/* An entry that began so much later than a leader ended is another connection's. */
#define ZONES_SLACK (2 * NSEC_PER_SEC)

struct zones;

struct zone_entry {
	struct path path;    /* path_of_connection() */
	struct addr service; /* its original destination, where that is not the path's; or none */
	uint16_t service_port;
	uint16_t zone;
	uint32_t id;
	int64_t begun; /* 0: nobody knows */
};

enum zones_place {
	ZONES_LEADS,
	ZONES_FOLLOWS,
	/* Follows one that has no service address, while it has one itself: zones_lead() makes it
	   the leader. */
	ZONES_EXPLAINS
};

struct zones *zones_new(size_t limit);         /* limit: of connections; NULL: no memory */
struct zones *zones_free(struct zones *zones); /* NULL is allowed; returns NULL */

/*
 * An event has this zone. True: it is the second that was ever seen, so from now on everything is
 * to be told here; first all entries that are alive, which are leaders.
 */
bool zones_notice(struct zones *zones, uint16_t zone);
bool zones_are_several(const struct zones *zones);
/* Zones seen so far, and one of them, other than 0 if there is such. */
size_t zones_count(const struct zones *zones);
uint16_t zones_example(const struct zones *zones);

/*
 * An entry that was not known: begun (NEW, or shown by a dump), or told of by its DESTROY alone.
 * One that was told before and has not ended keeps its place. Where there is no memory it leads.
 */
enum zones_place zones_join(struct zones *zones, const struct zone_entry *entry, int64_t now);
/* The leader of the connection of this member, which zone and id tell. False: it is not known. */
bool zones_leader(const struct zones *zones, const struct zone_entry *member,
		  struct zone_entry *ret_leader);
void zones_lead(struct zones *zones, const struct zone_entry *member);
/* It has ended, or is given up. */
void zones_end(struct zones *zones, const struct zone_entry *member, int64_t now);
/* Forgets what is old. */
void zones_expire(struct zones *zones, int64_t now);
void zones_shift(struct zones *zones, int64_t delta); /* the clock was set by delta ns */

#endif
