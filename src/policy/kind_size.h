/* How much of an object an API takes; private to policy/. */
#ifndef NETPOL_POLICY_KIND_SIZE_H
#define NETPOL_POLICY_KIND_SIZE_H

#include <stddef.h>

#include "base/tree.h"

/*
 * What etcd stores of one object unless it is told otherwise (--max-request-bytes), less what the
 * API server writes into it: uid, time and managed fields. Objects are stored as JSON, or in fewer
 * bytes.
 */
#define KIND_STORED_MAX (1572864 - 4096)
/* Of all annotations of an object together, with their keys (k8s.io/apimachinery,
 * api/validation/objectmeta.go). */
#define KIND_ANNOTATIONS_MAX 262144

/* Bytes of the tree as compact JSON, as Go writes it. */
size_t kind_size(const struct tree_node *tree);
/* Bytes of the object's annotations when kubectl apply has added its own, with all of the object,
 * which has that size. */
size_t kind_size_applied(const struct tree_node *object, size_t size);

#endif
