/*
 * ▷ Where a service mesh stands between pods, and what of their connections it hides.
 *
 * Told by the inventory (proxies among a pod's containers, labels and annotations of Istio's
 * ambient mode) and by the ports of Istio's proxies on edges.
 */
#ifndef NETPOL_MODEL_MESH_H
#define NETPOL_MODEL_MESH_H

#include "model/graph.h"

enum mesh_way {
	MESH_SIDECAR, /* a proxy in the pod picks the server: service and name are hidden */
	MESH_AMBIENT  /* a proxy on the node: everything comes to one port */
};

struct mesh_member {
	const char *namespace;
	size_t workload; /* index into graph.workloads; GRAPH_NONE: all of the namespace */
	enum mesh_way way;
	const char *proxy; /* "Istio", "Linkerd", …; "a mesh" where it is not known whose */
};

/* Workloads and namespaces that took part, each way once; by namespace, workload, way. *ret is
 * free()d. -ENOMEM. */
int mesh_find(const struct graph *graph, struct mesh_member **ret, size_t *ret_count);
/* What is hidden, one line. */
const char *mesh_hides(enum mesh_way way);
/* "sidecar", "ambient". */
const char *mesh_way_name(enum mesh_way way);

#endif
