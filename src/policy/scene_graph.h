/*
 * Who there is according to the record: the graph's pods, nodes and namespaces as a scene, and the
 * ends of its edges as parties.
 *
 * A pod's labels and ports are those of today: its own while it is there, of one that is gone
 * those of its workload's pods that are there; not known where these differ in what the policies
 * ask for. One of which the record contradicts itself has nothing known but its node. The
 * namespaces' labels are those of the manifests and of the graph's inventory, of one key that of
 * the manifests.
 */
#ifndef NETPOL_POLICY_SCENE_GRAPH_H
#define NETPOL_POLICY_SCENE_GRAPH_H

#include "model/graph.h"
#include "policy/evaluate.h"
#include "policy/scene.h"

struct scene_graph_options {
	const struct inventory *manifests; /* for its namespaces and pods; may be NULL */
	const struct netpol *policies;     /* that are to be judged */
	size_t policy_count;
	bool hosts_are_pods; /* policies select pods on their node's network, too */
};

struct scene_graph;

/* The graph and the manifests outlive it. -ENOMEM. */
int scene_graph_new(const struct graph *graph, const struct scene_graph_options *options,
		    struct scene_graph **ret);
struct scene_graph *scene_graph_free(struct scene_graph *scene); /* NULL is allowed; returns NULL */
/* Its first pods are the graph's, in their order. */
const struct scene *scene_graph_scene(const struct scene_graph *scene);
/* Are they not known because the pods of its workload differ in them? */
bool scene_graph_labels_differ(const struct scene_graph *scene, size_t pod);
bool scene_graph_ports_differ(const struct scene_graph *scene, size_t pod);

#define SCENE_GRAPH_PARTIES 3
/*
 * What the end may be: one party. A prefix in which a node has an address is that node, too (one
 * not known if there are several). Or, where the record cannot name it, all of a pod of which
 * nothing is known, the address, and a node of which nothing is known; of an address of the pod
 * network the pod alone. destination: of the edge;
 * the two ends of one edge are never taken for the same pod of which nothing is known. Does not
 * allocate.
 */
size_t scene_graph_parties(const struct scene_graph *scene, const struct end *end, bool destination,
			   struct party ret[static SCENE_GRAPH_PARTIES]);

#endif
