/* Single Kubernetes objects as the inventory keeps them: the reading half of inventory.h, private
 * to it. */
#ifndef NETPOL_IDENTITY_INVENTORY_OBJECT_H
#define NETPOL_IDENTITY_INVENTORY_OBJECT_H

#include "identity/inventory_value.h"

/*
 * Fill *ret, which must be zero; release with the clear function, also after an error.
 * *ret_static_uid is the uid that the kubelet gave a static pod (annotation
 * kubernetes.io/config.mirror; the API server's differs) or NULL; malloc'd.
 */
void object_read_pod(struct object_reader *reader, const struct node *object,
		     struct inventory_pod *ret, char **ret_static_uid);
/* template: a PodTemplateSpec. */
void object_read_template(struct object_reader *reader, const struct node *object,
			  const struct node *template, struct inventory_template *ret);
void object_read_namespace(struct object_reader *reader, const struct node *object,
			   struct inventory_namespace *ret);
void object_read_service(struct object_reader *reader, const struct node *object,
			 struct inventory_service *ret);
void object_read_slice(struct object_reader *reader, const struct node *object,
		       struct inventory_endpoints *ret);
void object_read_endpoints(struct object_reader *reader, const struct node *object,
			   struct inventory_endpoints *ret);
void object_read_node(struct object_reader *reader, const struct node *object,
		      struct inventory_node *ret);
/* What it has beyond the Node of its name. */
void object_read_cilium_node(struct object_reader *reader, const struct node *object,
			     struct inventory_node *ret);
void object_read_service_range(struct object_reader *reader, const struct node *object,
			       struct inventory_ranges *ret);
void object_read_pool(struct object_reader *reader, const struct node *object,
		      struct inventory_ranges *ret);
void object_read_cilium_pool(struct object_reader *reader, const struct node *object,
			     struct inventory_ranges *ret);
/* The subnets of a cloud that a CiliumNode's pods get addresses from; maybe none. */
void object_read_subnets(struct object_reader *reader, const struct node *object,
			 struct inventory_ranges *ret);
/* Add to what load balancers lead to pods straight; whose count may be 0. */
void object_read_endpoint_groups(struct object_reader *reader, const struct node *service,
				 struct inventory_backend **backends, size_t *count);
void object_read_target_group(struct object_reader *reader, const struct node *object,
			      struct inventory_backend **backends, size_t *count);
void object_read_ingress(struct object_reader *reader, const struct node *object,
			 struct inventory_backend **backends, size_t *count);
/* The entry of metadata.ownerReferences that is the controller; NULL: none. For objects of any
 * kind: what is wrong with them is nobody's business here. */
const struct node *object_controller(const struct node *object);

/* Of one struct inventory_pod and so on; untyped, so that one function can sort and thin any of
 * them. */
void inventory_pod_clear(void *pod);
void inventory_template_clear(void *template);
void inventory_namespace_clear(void *namespace);
void inventory_service_clear(void *service);
void inventory_endpoints_clear(void *endpoints);
void inventory_node_clear(void *node);
void inventory_ranges_clear(void *ranges);
void inventory_backend_clear(void *backend);

#endif
