/*
 * Makes a graph from rows, one at a time: pods and addresses, then assembly_index(), then edges;
 * private to model/.
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
int assembly_pod(void *assembly, const struct stored_pod *pod);
int assembly_address(void *assembly, const struct stored_address *address);
/* No pods and addresses after this, no edges before. */
int assembly_index(struct assembly *assembly);
int assembly_edge(void *assembly, const struct edge *edge);
/* The graph is the caller's; the assembly is only good for assembly_free() then. */
struct graph *assembly_finish(struct assembly *assembly);

#endif
