/* Single Kubernetes API v1 objects as the inventory keeps them: the reading half of inventory.h,
 * private to it. */
#ifndef NETPOL_IDENTITY_INVENTORY_OBJECT_H
#define NETPOL_IDENTITY_INVENTORY_OBJECT_H

#include "identity/inventory.h"

struct object_reader {
	const char *file;
	struct problems *problems;
	int error; /* 0 or -ENOMEM; once set, what is read must be thrown away */
};

/* A problem at the node's line. */
void object_problem(struct object_reader *reader, const struct node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The text under the key; "" where it is absent or null, and with a problem where it is no scalar.
 */
const char *object_text(struct object_reader *reader, const struct node *object, const char *key);

/*
 * Fill *ret, which must be zero; release with the clear function, also after an error.
 * *ret_static_uid is the uid that the kubelet gave a static pod (annotation
 * kubernetes.io/config.mirror; the API server's differs) or NULL; malloc'd.
 */
void object_read_pod(struct object_reader *reader, const struct node *object,
		     struct inventory_pod *ret, char **ret_static_uid);
void object_read_namespace(struct object_reader *reader, const struct node *object,
			   struct inventory_namespace *ret);
void object_read_service(struct object_reader *reader, const struct node *object,
			 struct inventory_service *ret);
void object_read_node(struct object_reader *reader, const struct node *object,
		      struct inventory_node *ret);

/* Of one struct inventory_pod and so on; untyped, so that one function can sort and thin any of
 * them. */
void inventory_pod_clear(void *pod);
void inventory_namespace_clear(void *namespace);
void inventory_service_clear(void *service);
void inventory_node_clear(void *node);

#endif
