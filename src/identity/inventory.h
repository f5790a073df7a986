/*
 * What a cluster says of itself: pods, namespaces, services and nodes from a file that kubectl
 * printed.
 *
 * Kubernetes API v1 objects (Pod, Namespace, Service, Node), lists of them (List, PodList …),
 * several documents or files. Read leniently: unknown kinds and fields are skipped, an object
 * without a name is a problem.
 */
#ifndef NETPOL_IDENTITY_INVENTORY_H
#define NETPOL_IDENTITY_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/document.h"
#include "base/problem.h"
#include "identity/labels.h"

struct inventory_port {
	char *name; /* "" if unnamed */
	uint8_t protocol;
	uint16_t port;
	char *target; /* services: targetPort as written (number or name), "" if absent; containers:
			 "" */
};

struct inventory_pod {
	char *namespace;
	char *name;
	char *uid;
	char *node;       /* spec.nodeName, "" if not scheduled */
	char *owner_kind; /* the controlling ownerReference: "ReplicaSet", …; "" if none */
	char *owner_name;
	char *generate_name; /* metadata.generateName or "" */
	bool host_network;
	bool finished; /* phase Succeeded or Failed: its addresses may be another's */
	struct labels labels;
	struct addr *addresses; /* status.podIPs, else podIP */
	size_t address_count;
	struct inventory_port *ports; /* containers[].ports, with containerPort as port */
	size_t port_count;
	const char *file; /* for problems; owned by the inventory */
	unsigned line;
};

struct inventory_namespace {
	char *name;
	struct labels labels;
};

struct inventory_service {
	char *namespace;
	char *name;
	struct labels labels;
	struct labels selector; /* count 0: none */
	struct addr
	    *addresses; /* clusterIPs (not None), externalIPs, load balancer ingress addresses */
	size_t address_count;
	struct inventory_port *ports;
	size_t port_count;
};

struct inventory_node {
	char *name;
	struct addr *addresses; /* status.addresses that are addresses */
	size_t address_count;
	struct prefix *pod_ranges; /* spec.podCIDRs, else podCIDR */
	size_t pod_range_count;
};

struct inventory {
	struct inventory_pod *pods; /* sorted by namespace, name, uid */
	size_t pod_count;
	struct inventory_namespace *namespaces; /* sorted by name */
	size_t namespace_count;
	struct inventory_service *services; /* sorted by namespace, name */
	size_t service_count;
	struct inventory_node *nodes; /* sorted by name */
	size_t node_count;
	char **files; /* names for problems */
	size_t file_count;
};

struct inventory *inventory_new(void);                         /* NULL: out of memory */
struct inventory *inventory_free(struct inventory *inventory); /* NULL is allowed; returns NULL */
/* Adds all objects of the document; may be called again for more. -ENOMEM, else 0; what is wrong
 * goes to problems. */
int inventory_add(struct inventory *inventory, const struct document *document,
		  struct problems *problems);
/* Sorts; of equal pods (namespace, name, uid) the last read stays. Call once, after the last add.
 */
int inventory_finish(struct inventory *inventory, struct problems *problems);

/* By uid if it is not "", else by namespace and name if exactly one has them; NULL otherwise. */
const struct inventory_pod *inventory_find_pod(const struct inventory *inventory,
					       const char *namespace, const char *name,
					       const char *uid);
const struct inventory_service *inventory_find_service(const struct inventory *inventory,
						       struct addr address);
const struct inventory_node *inventory_find_node(const struct inventory *inventory,
						 struct addr address);
/*
 * The object that people know: ReplicaSet → Deployment (by the pod-template-hash label in its
 * name), Job → CronJob (by the scheduled-time suffix), a static pod (owner Node) → Pod. kind and
 * name are malloc'd; without an owner they are "Pod" and the pod's name.
 */
int inventory_workload(const struct inventory_pod *pod, char **ret_kind, char **ret_name);

#endif
