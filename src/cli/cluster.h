/*
 * The cluster as far as all sources tell: the files of --inventory, over the objects that nodes
 * stored, over what nodes recorded of their own pods. The visitors take rows of as many databases
 * as there are. Of an object that several nodes stored, what was known to be so last counts.
 */
#ifndef NETPOL_CLI_CLUSTER_H
#define NETPOL_CLI_CLUSTER_H

#include "base/problem.h"
#include "identity/inventory.h"
#include "store/store.h"

struct cluster;

struct cluster *cluster_new(struct problems *problems); /* NULL: out of memory */
struct cluster *cluster_free(struct cluster *cluster);  /* NULL is allowed; returns NULL */
/* Visitors of the store's reader, context is the cluster: nodes first. */
int cluster_node(void *context, const char *node, int64_t first, int64_t heartbeat);
int cluster_object(void *context, const struct stored_object *object);
int cluster_pod(void *context, const struct stored_pod *pod);
/* After the objects. "-" is standard input. -errno, with a problem unless it is -ENOMEM. */
int cluster_file(struct cluster *cluster, const char *path);
/* The inventory is the caller's; NULL where there is nothing at all, neither file nor object nor
 * label. Then the cluster is only good for cluster_free(). */
int cluster_finish(struct cluster *cluster, struct inventory **ret);

#endif
