/* The node's own addresses, as the store was last told. One thread. */
#ifndef NETPOL_DAEMON_NODE_ADDRESSES_H
#define NETPOL_DAEMON_NODE_ADDRESSES_H

#include "flow/flow.h"

/* Start from {0}; release with node_addresses_clear(). */
struct node_addresses {
	struct addr *items; /* sorted */
	size_t count;
};

/* Looks, and adds what came and went since the last look. What cannot be read stays as it was. */
void node_addresses_take(struct node_addresses *addresses, struct batch *batch);
/* Adds all as they were at the last look. -ENOMEM. */
int node_addresses_tell(const struct node_addresses *addresses, struct batch *batch);
void node_addresses_clear(struct node_addresses *addresses);

#endif
