/* Recorded pods and the inventory's, joined; private to model/. */
#ifndef NETPOL_MODEL_PODS_H
#define NETPOL_MODEL_PODS_H

#include "model/graph.h"
#include "model/strings.h"
#include "model/workload.h"

/* A stored pod; texts interned, the arrays its own. */
struct pod_row {
	uint32_t number;
	const char *node;
	const char *namespace;
	const char *name;
	const char *uid;
	const char *sandbox;
	const char *source;
	const char *conflict;
	bool host_network;
	struct pod_address *addresses;
	size_t address_count;
	struct pod_word *words;
	size_t word_count;
	size_t pod;            /* index of the joined pod; set by pods_join() */
	const struct end *end; /* binder_row()'s last of it; or NULL */
};

/* -ENOMEM leaves nothing to release. */
int pod_row_init(struct pod_row *row, const struct stored_pod *pod, struct strings *strings);
void pod_row_clear(struct pod_row *row);

struct pods {
	struct graph_pod *items; /* by namespace, name, uid, node */
	size_t count;
	struct pod_address *addresses; /* of all items */
	struct pod_word *words;        /* likewise */
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
