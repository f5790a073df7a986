/* Recorded pods and the inventory's, joined; private to model/. */
#ifndef NETPOL_MODEL_PODS_H
#define NETPOL_MODEL_PODS_H

#include "model/graph.h"
#include "model/strings.h"
#include "model/workload.h"

/* A stored pod; texts interned, addresses owned by whoever holds the row. */
struct pod_row {
	uint32_t number;
	const char *node;
	const char *namespace;
	const char *name;
	const char *uid;
	const char *sandbox;
	const char *source;
	struct pod_address *addresses;
	size_t address_count;
	size_t pod; /* index of the joined pod; set by pods_join() */
};

struct pods {
	struct graph_pod *items; /* by namespace, name, uid, node */
	size_t count;
	struct pod_address *addresses; /* of all items */
	size_t *of_inventory;          /* for each pod of the inventory its index in items */
};

/* Rows come out in the order of their pods. Released with pods_clear(). */
int pods_join(struct pod_row *rows, size_t row_count, const struct inventory *inventory,
	      const struct workloads *workloads, struct strings *strings, struct problems *problems,
	      struct pods *ret);
void pods_clear(struct pods *pods);
/* Sets ambiguous where two different pods' recorded rows share an address in time, and says so. */
int pods_mark_ambiguous(struct pods *pods, const struct pod_row *rows, size_t row_count,
			struct problems *problems);

#endif
