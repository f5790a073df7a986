/* Whose address it was: pods by recorded intervals, then nodes, then what the inventory says;
 * private to model/. */
#ifndef NETPOL_MODEL_BIND_H
#define NETPOL_MODEL_BIND_H

#include <stddef.h>
#include <stdint.h>

#include "identity/interval.h"
#include "model/graph.h"

/* The CNI result is written a moment after the pod may already speak. ms. */
#define BIND_SLACK 5000

struct pod_claim {
	struct addr address;
	size_t pod; /* index in pods */
};

struct node_claim {
	struct addr address;
	int64_t since;
	int64_t until;
	const char *node;
};

struct range_claim {
	struct prefix range;
	const char *node;
};

struct service_claim {
	struct addr address;
	const struct inventory_service *service;
};

/* Filled by the assembly, then sorted by binder_sort(). Texts are interned, so that nodes compare
 * as pointers. */
struct binder {
	const struct graph_pod *pods;
	struct registry *registry;        /* recorded intervals */
	size_t *pod_of_number;            /* registry number → index in pods */
	struct pod_claim *inventory_pods; /* living pods with an address of their own */
	size_t inventory_pod_count;
	struct node_claim *nodes; /* recorded, of inventory nodes, of host-network pods */
	size_t node_count;
	struct range_claim *ranges; /* nodes' pod ranges */
	size_t range_count;
	struct service_claim *services;
	size_t service_count;
};

void binder_sort(struct binder *binder);
void binder_clear(struct binder *binder);

/* The end that is this pod, seen by the recorder at this address. */
struct end binder_pod(const struct binder *binder, size_t pod, struct addr address,
		      const char *recorder);
/* The end that had the address throughout [from, until], as the recording node saw it. -ENOMEM. */
int binder_address(const struct binder *binder, struct addr address, int64_t from, int64_t until,
		   const char *recorder, struct end *ret);
/* The end that stands for all addresses of the prefix: outside, and nobody's in particular. */
struct end binder_prefix(struct addr address, uint8_t prefix);
/* NULL if the inventory has no service at the address. */
const struct inventory_service *binder_service(const struct binder *binder, struct addr address);

#endif
