/*
 * Edges as the workloads at their ends have them: what is one to policies is one here, too. Private
 * to policy/.
 */
#ifndef NETPOL_POLICY_SIGHTS_H
#define NETPOL_POLICY_SIGHTS_H

#include "policy/policy.h"

enum far_kind {
	FAR_NONE, /* no rule can name it */
	FAR_WORKLOAD,
	FAR_ADDRESS,
	FAR_NETWORK,    /* of the address's family */
	FAR_ANY_CLIENT, /* the same */
	FAR_ANY_POD
};

/* Zero bytes where unused, padding too: compared and hashed as bytes. */
struct far_end {
	size_t workload;
	const struct known_network *network;
	struct addr address;
	uint8_t prefix;
	uint8_t kind; /* enum far_kind */
	uint8_t direction;
	uint8_t protocol;
	uint16_t port;
};

/* An edge of the graph as one of its ends has it, or all of those that are one to policies. */
struct sight {
	struct far_end far;
	const struct graph_edge *edge;
	size_t near;     /* workload */
	bool may_be_any; /* a client from outside, if its port is open to all of them */
	int64_t connections;
	int64_t begun, ended; /* ms: its first and its last moment */
};

/* Release with sights_clear(). */
struct sights {
	struct sight *items; /* in the order of the edges; none is FAR_NONE */
	size_t count;
	struct sight **by_workload; /* the same */
	size_t *first;              /* of each workload in by_workload; and the end */
};

/* Of the edges that count, for policies of that request. -ENOMEM. */
int sights_build(const struct graph *graph, const struct policy_request *request,
		 struct sights *ret);
void sights_clear(struct sights *sights);
/* All clients from outside, of its family and at its port. */
struct far_end far_any_client(const struct far_end *far);

#endif
