/*
 * Makes a graph from rows, one at a time: nodes, pods, addresses and gaps, then assembly_index(),
 * then edges, then the flow rows of those that need them; private to model/.
 *
 * The row functions have the shapes of the store's visitors and take the assembly as their context.
 */
#ifndef NETPOL_MODEL_ASSEMBLY_H
#define NETPOL_MODEL_ASSEMBLY_H

#include "model/graph.h"

struct assembly;

/* inventory may be NULL. NULL: out of memory. */
struct assembly *assembly_new(const struct inventory *inventory, struct problems *problems);
struct assembly *assembly_free(struct assembly *assembly); /* NULL is allowed; returns NULL */
/* Before assembly_index(), where assembly_new() had none. */
void assembly_set_inventory(struct assembly *assembly, const struct inventory *inventory);
/* Edges keep all that was counted of them. Before there are any. */
void assembly_want_rests(struct assembly *assembly);
int assembly_node(void *assembly, const char *node, int64_t first, int64_t heartbeat);
int assembly_pod(void *assembly, const struct stored_pod *pod);
int assembly_address(void *assembly, const struct stored_address *address);
int assembly_gap(void *assembly, const char *node, const struct gap *gap);
/* None of these after this, no edges before. */
int assembly_index(struct assembly *assembly, const struct ignored_labels *ignored);
int assembly_edge(void *assembly, const struct edge *edge);
/* Whose addresses changed hands, by id; malloc'd. No edges after this; their flow rows may follow.
 */
int assembly_spans(struct assembly *assembly, struct edge_span **ret, size_t *ret_count);
int assembly_flow(void *assembly, const struct stored_flow *flow);
/* apart: nodes' records of one conversation are not merged. The graph is the caller's; the assembly
 * is only good for assembly_free() then. */
int assembly_finish(struct assembly *assembly, bool apart, struct graph **ret);

#endif
