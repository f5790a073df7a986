/* How much of an object an API takes; private to policy/. */
#ifndef NETPOL_POLICY_KIND_SIZE_H
#define NETPOL_POLICY_KIND_SIZE_H

#include <jansson.h>
#include <stddef.h>

/*
 * What etcd stores of one object unless it is told otherwise (--max-request-bytes), less what the
 * API server writes into it: uid, time and managed fields. Objects are stored as JSON, or in fewer
 * bytes.
 */
#define KIND_STORED_MAX (1572864 - 4096)
/* Of all annotations of an object together, with their keys (k8s.io/apimachinery,
 * api/validation/objectmeta.go). */
#define KIND_ANNOTATIONS_MAX 262144

/* Bytes of the tree as compact JSON, without comments, as Go writes it. */
size_t kind_size(const json_t *tree);
/* Bytes of the object's annotations when kubectl apply has added its own, with all of the object.
 */
size_t kind_size_applied(const json_t *object);

#endif
