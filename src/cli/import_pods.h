/*
 * Pods that other recorders name, and when each address was theirs: from the first moment at which
 * it was seen as theirs to the last before it was another's, so that two pods that had one address
 * are told apart by time; nobody tells when a pod ends, so the last owner still has it. A pod is
 * one by its namespace and name, as nothing else is told; of its labels and owner what was told
 * last holds.
 */
#ifndef NETPOL_CLI_IMPORT_PODS_H
#define NETPOL_CLI_IMPORT_PODS_H

#include "cli/import_sighting.h"
#include "flow/flow.h"

/* More are not told of, and counted. */
#define SEEN_PODS_MAX 200000u
#define SEEN_TURNS_MAX 1000000u

struct seen_pods;

struct seen_pods *seen_pods_new(void);                    /* NULL: no memory */
struct seen_pods *seen_pods_free(struct seen_pods *pods); /* NULL is allowed; returns NULL */

/*
 * Takes what is told of an end by the node with this number. *ret_home: 0, or a number, counted
 * from 1, of the pod on that node, where it runs there and has an address of its own. -ENOMEM.
 */
int seen_pods_take(struct seen_pods *pods, uint32_t node, enum recorder recorder,
		   const struct sighting_end *end, int64_t time, uint32_t *ret_home);
/* How many pods and turns of addresses had no room. */
uint64_t seen_pods_left_out(const struct seen_pods *pods);

/* Pods on the nodes that told of them, by their numbers; 1 … seen_pods_homes(). */
uint32_t seen_pods_homes(const struct seen_pods *pods);
uint32_t seen_pods_home_node(const struct seen_pods *pods, uint32_t home);
/* As a batch has it; ns. ended: all is known, and what became another's has ended; else all
 * addresses are open. */
int seen_pods_describe(const struct seen_pods *pods, uint32_t home, bool ended, struct pod *ret);

/*
 * Objects of pods that no node told of as its own, with their addresses, and of those whose owner
 * is known. name_of_node gives the names. Objects are owned by who is visited, as in a batch.
 */
typedef int seen_object_fn(void *context, uint32_t node, struct batch_object *object);
typedef const char *node_name_fn(const void *context, uint32_t node);
int seen_pods_objects(const struct seen_pods *pods, node_name_fn *name_of_node,
		      seen_object_fn *visit, void *context);

#endif
