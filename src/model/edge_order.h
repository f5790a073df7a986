/* The order of a graph's edges; private to model/. */
#ifndef NETPOL_MODEL_EDGE_ORDER_H
#define NETPOL_MODEL_EDGE_ORDER_H

#include "model/ends.h"

/* By from, to, protocol, port and all else that tells edges apart, so that no order of writing
 * shows; their ends have their ranks then. -ENOMEM: the order is what it was. */
int edges_sort(struct graph_edge *edges, size_t count, struct ends *ends);
/* Adds up sorted edges that are the same: what netpold bound and what is bound here may be the same
 * pod; so may two of its sandboxes. How many are left. */
size_t edges_join(struct graph_edge *edges, size_t count);

#endif
