/*
 * What several nodes recorded of one conversation becomes one record of it: whose the addresses
 * were, how the connections went, and how many there were; private to model/.
 *
 * Ends. Each node knows its own pods for certain; the other end was looked up, by another clock. So
 * what the destination's node has of the destination goes before what the source's node has, and
 * the other way round, also where that is that its pod is in contradiction. Where the other node
 * tells of several pods at about that time, it is ambiguous.
 *
 * Verdicts. Equal ones are the same connections, as many as there are of both. Of what is left,
 * what both nodes have is the same connections, seen better by one of them: denied is above
 * answered, then one-way and refused, unanswered, unknown. The destination's node cannot have
 * denied what was answered, nor seen what the source's node denied.
 *
 * Counts. The destination's hold if its node watched throughout and its record begins with the
 * source's (windows and edges may have been deleted there), else the larger ones do. Clients or
 * services that the source's records alone tell apart keep their own counts; pods that the
 * destination's records alone tell apart theirs. What the other side has beyond them counts beside
 * them if those may have missed it.
 *
 * Linear in the records but for sorting.
 */
#ifndef NETPOL_MODEL_MEETING_H
#define NETPOL_MODEL_MEETING_H

#include "model/ends.h"
#include "model/vantage.h"

struct records {
	struct graph_edge **items;
	size_t count;
};

/* An owner of an address, by the node that bound it, and when that saw it. */
struct owner {
	const struct graph_edge *edge;
	const struct end *end;
	int64_t first, last;
};

/* Room for as many owners as there are records on one side, twice: they are looked for by pod and
 * by time. */
struct meeting_room {
	struct owner *by_pod;
	struct owner *by_time;
	struct ends *ends; /* the edges' */
};

/* Records of the same addresses and port on the wire. Their order becomes another. -ENOMEM. */
int meeting_settle(const struct vantages *vantages, const struct meeting_room *room,
		   struct records departed, struct records arrived);

#endif
