/*
 * What a cluster says of itself: pods, namespaces, services, endpoints, nodes and owners, from
 * files that kubectl printed and from what a node recorded.
 *
 * Kubernetes API objects (v1 Pod, Namespace, Service, Endpoints, Node; discovery.k8s.io/v1
 * EndpointSlice; cilium.io CiliumNode and CiliumPodIPPool; networking.k8s.io ServiceCIDR and
 * Ingress; IPPool of projectcalico.org/v3 and crd.projectcalico.org/v1; TargetGroupBinding of
 * elbv2.k8s.aws and eks.amazonaws.com; of every other kind its owner and its selector), lists of
 * them (List, PodList …), several documents or files. Read leniently: unknown kinds and fields are
 * skipped, an object without a name is a problem.
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
#include "identity/pod.h"

/* Who tells of a pod; of several the last here is believed, and the others fill in what it leaves
 * out. */
enum inventory_source {
	INVENTORY_PAST,     /* an earlier state of an object that a node stored */
	INVENTORY_RECORDED, /* no object: a node's own record of it */
	INVENTORY_GONE,     /* the last state of an object that a node stored */
	INVENTORY_STORED,   /* an object of a node's inventory file */
	INVENTORY_FILE
};

struct inventory_port {
	char *name; /* "" if unnamed */
	uint8_t protocol;
	uint16_t port; /* endpoints: 0 for every port */
	char *target;  /* services: targetPort as written (number or name), "" if absent; others: ""
			*/
	uint16_t host_port;       /* containers: hostPort; 0: none */
	struct addr host_address; /* containers: hostIP; not set: all of the node's */
	uint16_t node_port;       /* services: nodePort; 0: none */
};

struct inventory_pod {
	enum inventory_source source; /* the best of those who tell of it */
	char *namespace;
	char *name;
	char *uid;
	char *node;       /* spec.nodeName, "" if not scheduled */
	char *owner_kind; /* the controlling ownerReference: "ReplicaSet", …; "" if none */
	char *owner_name;
	char *top_kind; /* the owner's own controllers, up to the one that people know, by objects
			   that are in the inventory; "": the owner's object is not. Set by
			   inventory_finish() */
	char *top_name;
	char *generate_name; /* metadata.generateName or "" */
	bool host_network;
	bool network_told; /* whether it shares the node's network is told; else host_network false
			      is "not known" */
	bool finished;     /* phase Succeeded or Failed, or the pod is gone: its addresses may be
			      another's */
	bool mirror;       /* of a static pod, which a node runs by itself */
	bool ambient;      /* Istio's ambient mode takes its traffic to ztunnel (annotation
			      ambient.istio.io/redirection) */
	const char *sidecar; /* whose proxy is one of its containers: "Istio", "Linkerd", "Consul",
				"Kuma"; "": none. Static text */
	char *conflict;      /* what its sources contradict one another in, for people; "": nothing.
				Neither its labels nor its addresses prove anything then */
	struct labels labels;
	struct addr *addresses; /* status.podIPs, else podIP; sorted */
	size_t address_count;
	struct addr *secondary; /* of further networks, by Multus' annotation
				   k8s.v1.cni.cncf.io/network-status; none of addresses; sorted */
	size_t secondary_count;
	int64_t started; /* status.startTime, else metadata.creationTimestamp, ms; INT64_MIN:
			    not told */
	struct pod_address *turns; /* all addresses that it is told to have had, each once, with
				      when; none of a node's. since INT64_MIN: not known */
	size_t turn_count;
	struct inventory_port *ports; /* containers[].ports, with containerPort as port */
	size_t port_count;
	bool ports_told; /* these are all that it has; else it may have others */
	char *container; /* the first of its containers that is no mesh's proxy, else the first; "":
			    not told */
	int64_t moment;  /* of the record's sandbox; of one source the later is believed */
	const char *file; /* for problems; owned by the inventory */
	unsigned line;
};

/* What the pods of a workload object are to be. */
struct inventory_template {
	char *namespace;
	char *kind; /* "Deployment", "StatefulSet", …, or one of others' that has spec.template */
	char *name;
	struct labels labels; /* with those of the Job's name, which the API server adds */
	const struct unknown_label *unknown_labels; /* whose values controllers will choose, in
						       static memory; ends with a key that is NULL;
						       NULL: none */
	bool host_network;
	bool network_told;            /* as of pods */
	struct inventory_port *ports; /* containers[].ports, with containerPort as port */
	size_t port_count;
	bool ports_told;  /* these are all that they have */
	const char *file; /* for problems; owned by the inventory */
	unsigned line;
};

struct inventory_namespace {
	char *name;
	struct labels labels;
	const char *file; /* for problems; owned by the inventory */
	unsigned line;
};

struct inventory_service {
	char *namespace;
	char *name;
	char *type;           /* "ClusterIP", "NodePort", "LoadBalancer", "ExternalName" */
	char *external_name;  /* "": none */
	bool external_local;  /* externalTrafficPolicy Local: its clients keep their addresses */
	bool external_ips;    /* it has externalIPs */
	uint16_t health_port; /* healthCheckNodePort; 0: none */
	struct labels labels;
	struct labels selector; /* count 0: none */
	struct addr
	    *addresses; /* clusterIPs (not None), externalIPs, load balancer ingress addresses */
	size_t address_count;
	struct addr *cluster_addresses; /* clusterIPs (not None) alone; sorted */
	size_t cluster_address_count;
	struct prefix *source_ranges; /* loadBalancerSourceRanges; none if one cannot be read */
	size_t source_range_count;
	struct inventory_port *ports;
	size_t port_count;
};

struct inventory_endpoint {
	struct addr address;
	bool ready;        /* conditions.ready, where absent true; subsets[].addresses */
	char *pod;         /* targetRef of kind Pod; "": none */
	char *pod_uid;     /* "": not told */
	char *node;        /* "": not told */
	size_t first_port; /* its ports: port_count from here of the object's ports */
	size_t port_count;
};

/* An EndpointSlice, or an Endpoints object with all of its subsets. */
struct inventory_endpoints {
	char *namespace;
	char *name;
	bool slice;
	char *service; /* label kubernetes.io/service-name, Endpoints: its own name; "": nobody's */
	struct inventory_endpoint *items; /* by address */
	size_t count;
	struct inventory_port *ports;
	size_t port_count;
};

enum { POD_RANGES_OF_NODE = 1 << 0, POD_RANGES_OF_PLUGIN = 1 << 1 };

struct inventory_node {
	char *name;
	struct addr *addresses; /* status.addresses that are addresses, and what flannel and Calico
				   noted as the node's own; sorted */
	size_t address_count;
	struct addr *external; /* those of addresses that are of type ExternalIP; sorted */
	size_t external_count;
	struct addr *tunnels; /* the node's ends of tunnels and gateways into the pod network, by
				 annotations of Calico and Cilium; sorted */
	size_t tunnel_count;
	/* Of its pods alone: spec.podCIDRs, else podCIDR; and of a CiliumNode spec.ipam.podCIDRs
	 * and pools. */
	struct prefix *pod_ranges;
	size_t pod_range_count;
	unsigned pod_ranges_of; /* POD_RANGES_OF_…: who tells of them */
};

/* Ranges that pods' or services' addresses come from: spec.cidrs of a ServiceCIDR, spec.cidr of
 * Calico's IPPool, spec.ipv4 and ipv6 of a CiliumPodIPPool; the subnets of a cloud that a
 * CiliumNode has interfaces in (status.eni, azure, alibaba-cloud), which others may have addresses
 * of, too. */
struct inventory_ranges {
	const char *kind; /* "CiliumNode", "CiliumPodIPPool", "IPPool", "ServiceCIDR"; static text
			   */
	char *name;
	bool of_pods; /* a pool for workloads (spec.allowedUses); else pods get none of them */
	struct prefix *items;
	size_t count;
	int64_t until; /* when it was deleted, ms; INTERVAL_OPEN: it is there */
};

/*
 * A Service's port whose pods a load balancer outside reaches by their own addresses, from its own:
 * by the TargetGroupBinding of the AWS Load Balancer Controller with targetType ip, an Ingress that
 * is for it (alb.ingress.kubernetes.io/target-type: ip) or for Azure's Application Gateway, or the
 * annotation cloud.google.com/neg-status of the Service.
 */
struct inventory_backend {
	char *namespace;
	char *service;
	char *port; /* number or name */
};

/* A label that one and the same pod had with several values, or not always. */
struct inventory_change {
	char *namespace;
	char *key;
	char *pod; /* one on which it was seen */
};

struct inventory {
	struct inventory_pod *pods; /* sorted by namespace, name, uid */
	size_t pod_count;
	struct inventory_template *templates; /* sorted by namespace, kind, name */
	size_t template_count;
	struct inventory_namespace *namespaces; /* sorted by name */
	size_t namespace_count;
	struct inventory_service *services; /* sorted by namespace, name */
	size_t service_count;
	struct inventory_endpoints *endpoints; /* sorted by namespace, name, kind */
	size_t endpoints_count;
	struct inventory_node *nodes; /* sorted by name */
	size_t node_count;
	struct inventory_ranges *ranges; /* sorted by kind, name, until */
	size_t ranges_count;
	struct inventory_backend *backends; /* sorted by namespace, service, port */
	size_t backend_count;
	bool has_objects;                 /* not only pods that a node recorded */
	struct inventory_change *changes; /* sorted by namespace, key, which are unique */
	size_t change_count;
	char **files; /* names for problems */
	size_t file_count;
};

struct inventory *inventory_new(void);                         /* NULL: out of memory */
struct inventory *inventory_free(struct inventory *inventory); /* NULL is allowed; returns NULL */
/*
 * Adds all objects of the document; may be called again for more. Of objects of one name what is
 * added later is believed, and for pods the better source. -ENOMEM, else 0; what is wrong goes to
 * problems.
 */
int inventory_add(struct inventory *inventory, const struct document *document,
		  struct problems *problems);
/*
 * The same for manifests, which are yet to be applied: an object without a namespace belongs to
 * "default", and the templates of workload objects are read. Two objects of one name are a problem
 * where their labels differ, as are pods in contradiction.
 */
int inventory_add_manifest(struct inventory *inventory, const struct document *document,
			   struct problems *problems);
/* What is known of a stored object besides itself. ms */
struct inventory_told {
	enum inventory_source source; /* what its pods become */
	int64_t since, until; /* when it was known to be so; until INTERVAL_OPEN: still is */
	bool first;           /* no earlier state is known: it was so from its start on */
};
/* The same for what a node stored. */
int inventory_add_stored(struct inventory *inventory, const struct document *document,
			 const struct inventory_told *told, struct problems *problems);
/*
 * Adds a pod that a node recorded: its labels, and its controller as far as these and its name
 * prove it. Its addresses stay where they are, with the times at which they were its own. Nothing
 * is added of a pod without labels, or whose sources contradict one another. -ENOMEM.
 */
int inventory_add_pod(struct inventory *inventory, const char *node, const struct pod *pod);
/*
 * Sorts, and makes one of all that is told of one pod (uid, or namespace and name where that is
 * all) or one node: what the best source leaves out the others fill in. What contradicts is a
 * problem, and the pods are marked. Call once, after the last add.
 */
int inventory_finish(struct inventory *inventory, struct problems *problems);

/* How many objects and records were of any use so far. */
size_t inventory_size(const struct inventory *inventory);

/* By uid if it is not "", else by namespace and name if exactly one has them; NULL otherwise. */
const struct inventory_pod *inventory_find_pod(const struct inventory *inventory,
					       const char *namespace, const char *name,
					       const char *uid);
/* Where those of the namespace begin, or would. */
size_t inventory_pods_of(const struct inventory *inventory, const char *namespace);
const struct inventory_service *inventory_find_service(const struct inventory *inventory,
						       struct addr address);
/* Does a load balancer outside lead to the pods behind that port of the service straight? */
bool inventory_is_backend(const struct inventory *inventory,
			  const struct inventory_service *service,
			  const struct inventory_port *port);
const struct inventory_node *inventory_find_node(const struct inventory *inventory,
						 struct addr address);
/* Which pods the workload's object takes for its own, if the inventory has it and it selects them
 * by labels alone; NULL otherwise. */
const struct labels *inventory_own_selector(const struct inventory *inventory,
					    const char *namespace, const char *kind,
					    const char *name);
/* What pods an object is to make, whether there are any now or not; owned by the inventory. */
struct inventory_made {
	const char *namespace;
	const struct labels *labels;
};
/* Those whose labels the inventory knows. *ret is malloc'd. -ENOMEM. */
int inventory_made(const struct inventory *inventory, struct inventory_made **ret,
		   size_t *ret_count);
/* Was the label seen changing in the namespace? */
bool inventory_label_changes(const struct inventory *inventory, const char *namespace,
			     const char *key);
/*
 * The object that people know: by the owners' objects where the inventory has them (ReplicaSets,
 * ReplicationControllers, Jobs and whatever else is made anew for each revision or run lead to what
 * controls them, of any kind), else by names: ReplicaSet → Deployment (by the pod-template-hash
 * label in its name), Job → CronJob (by the scheduled-time suffix). The static pods of a component
 * are StaticPod and what its file calls it, on all nodes together. kind and name are malloc'd;
 * without an owner they are "Pod" and the pod's name.
 */
int inventory_workload(const struct inventory_pod *pod, char **ret_kind, char **ret_name);

#endif
