/*
 * What an end is beyond a pod's, node's or service's address: the API server, a resolver, a port
 * that a node holds for somebody, an address with a meaning of its own; private to model/.
 */
#ifndef NETPOL_MODEL_CLASSES_H
#define NETPOL_MODEL_CLASSES_H

#include "model/graph.h"
#include "model/strings.h"

/* A port of a node that is not its own. */
struct port_claim {
	const char *node;    /* interned; "": every node's */
	struct addr address; /* not set: at all of the node's */
	uint8_t protocol;
	uint16_t port;
	const char *class; /* "host-network", "host-port", "node-port" */
	size_t pod;        /* or GRAPH_NONE */
	const char *reason;
};

struct server_claim {
	struct addr address;
	uint8_t protocol;
	uint16_t port; /* 0: every port */
};

/* Start from {0}; release with classes_clear(). */
struct classes {
	struct port_claim *ports; /* by node, protocol, port */
	size_t port_count, port_capacity;
	struct server_claim *servers; /* of the API, by address */
	size_t server_count, server_capacity;
	const struct inventory_service *api; /* default/kubernetes; or NULL */
	const struct inventory_service *dns; /* as graph_dns_service() has it */
	bool *resolvers;                     /* by pod: stands behind dns */
	const struct graph_pod *pods;        /* borrowed */
};

/* of_inventory: for each pod of the inventory its index in pods. */
int classes_build(struct classes *classes, const struct inventory *inventory,
		  const struct graph_pod *pods, size_t pod_count, const size_t *of_inventory,
		  struct strings *strings);
void classes_clear(struct classes *classes);

/* An address that means the same everywhere; false: it does not. */
bool classes_name(struct addr address, const char **ret_class, const char **ret_reason);
/* May such an end be of another class, by the port or the service? */
bool classes_concern(const struct classes *classes, const struct end *end, bool destination);
/* The end of that edge, of which address, kind and, for the destination, the service are known. */
void classes_refine(const struct classes *classes, const struct graph_edge *edge, bool destination,
		    struct end *end);

#endif
