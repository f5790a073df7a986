/*
 * Edges out of what other recorders saw: connections are followed from sighting to sighting, each
 * is counted once for each node that saw it, and goes to the store when it is forgotten.
 *
 * 1. A connection is one by its node, protocol, both addresses and both ports. It begins anew where
 *    its first packet is seen again after its end, or 130 s after anything else was seen of it:
 *    what comes sooner is the same attempt.
 * 2. Where it is not known which end asked, the one that is known of the connection holds; else the
 *    one with the smaller port is taken for the server, and the direction is uncertain. So is that
 *    of a TCP connection of which only the middle was seen.
 * 3. A connection to a service's address, and one of the same client's address and port to another
 *    end, are the same before and after translation, on the same or another node.
 * 4. Beyond GATHER_CONNECTIONS_MAX the one is forgotten of which nothing was seen for longest. What
 *    may go on then is a gap, of as many connections.
 * 5. A node of which nothing but losses without a moment was told has a gap from the first to the
 *    last moment of all nodes.
 *
 * Verdicts, the first that holds: answered; refused; denied; unknown where no packet of it was seen
 * past the policies (of a policy's own word, of a SYN that only its sender saw); one-way for what
 * needs no answer; unanswered.
 *
 * One thread. Memory is bounded by the bounds here and in import_pods.h. Times may come in any
 * order, as of several files.
 */
#ifndef NETPOL_CLI_IMPORT_GATHER_H
#define NETPOL_CLI_IMPORT_GATHER_H

#include "cli/import_sighting.h"
#include "store/store.h"

#define GATHER_CONNECTIONS_MAX 262144u

struct gathering;

/* max_connections: GATHER_CONNECTIONS_MAX, less in tests. NULL: no memory. */
struct gathering *gathering_new(struct store *store, uint32_t max_connections);
struct gathering *gathering_free(struct gathering *gathering); /* NULL is allowed; returns NULL */
/* file: where it was read. -E2BIG: too many nodes; else as store_write(). */
int gathering_take(struct gathering *gathering, const struct sighting *sighting, const char *file);
/* Writes what is left, and what is known of nodes and pods. Call once, after the last sighting.
 * -ENODATA: all that was told are losses, and nothing tells when they were. */
int gathering_finish(struct gathering *gathering);
/* Nodes of which anything was told: 0, 1, …; NULL beyond. */
const char *gathering_node(const struct gathering *gathering, uint32_t node);

#endif
