/*
 * Which ends of a new edge are folded into their prefix, now that the file is nearly full of edges:
 * IPv4 to 24 bits, IPv6 to 48.
 *
 * An end is outside where no pod of this node is known there and the address is not the node's own.
 * Outside ends with public addresses fold: from eight tenths of the bound on where the connection
 * was refused, unanswered or denied, from nine tenths on whatever it became. Outside ends with
 * private addresses (RFC 1918, RFC 6598, RFC 4193) may be pods and nodes elsewhere: they fold from
 * nine tenths on, and only where the connection was refused, unanswered, denied or unknown. Other
 * addresses (loopback, link-local, multicast, unspecified) never do.
 */
#ifndef NETPOL_STORE_WIDE_H
#define NETPOL_STORE_WIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/flow.h"

/* Is the address the node's own? */
typedef bool wide_own_fn(const void *context, struct addr address);

/*
 * Folds what is to be folded when there are so many edges of at most max_edges (0: no bound). An
 * end that is a prefix already is left alone. With an end, its address before or after translation
 * folds too (service with destination, translated with source), if that is outside by the same
 * rule. True: the key was changed.
 */
bool wide_fold(struct edge_key *key, int64_t edges, int64_t max_edges, wide_own_fn *is_own,
	       const void *context);

#endif
