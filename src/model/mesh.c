#include "model/mesh.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* istio.io, "Ports used by Istio": capture of outbound and inbound traffic, and HBONE. */
enum { PORT_OUTBOUND = 15001, PORT_INBOUND = 15006, PORT_HBONE = 15008 };

#define MODE_LABEL "istio.io/dataplane-mode"

struct found {
	struct mesh_member *members;
	size_t count, capacity;
};

static int add(struct found *found, struct mesh_member member)
{
	if (found->count == found->capacity) {
		size_t capacity = found->capacity ? found->capacity * 2 : 16;
		struct mesh_member *members =
		    reallocarray(found->members, capacity, sizeof(*members));

		if (!members)
			return -ENOMEM;
		found->members = members;
		found->capacity = capacity;
	}
	found->members[found->count++] = member;
	return 0;
}

static bool is_ambient(const struct labels *labels)
{
	const char *mode = labels ? labels_get(labels, MODE_LABEL) : NULL;

	return mode && strcmp(mode, "ambient") == 0;
}

static bool is_ambient_namespace(const struct graph *graph, const char *name)
{
	const struct inventory *inventory = graph->inventory;

	for (size_t i = 0; inventory && i < inventory->namespace_count; i++)
		if (strcmp(inventory->namespaces[i].name, name) == 0)
			return is_ambient(&inventory->namespaces[i].labels);
	return false;
}

/* The namespace stands for all of its workloads. */
static int add_ambient(struct found *found, const struct graph *graph, const char *namespace,
		       size_t workload)
{
	if (is_ambient_namespace(graph, namespace))
		workload = GRAPH_NONE;
	return add(found, (struct mesh_member){.namespace = namespace,
					       .workload = workload,
					       .way = MESH_AMBIENT,
					       .proxy = "Istio"});
}

static int add_workload(struct found *found, const struct graph *graph, size_t index)
{
	const struct workload *workload = &graph->workloads[index];
	int r = 0;

	if (!workload->met || workload->host_network)
		return 0;
	if (*workload->sidecar)
		r = add(found, (struct mesh_member){.namespace = workload->namespace,
						    .workload = index,
						    .way = MESH_SIDECAR,
						    .proxy = workload->sidecar});
	else if (workload->ambient || is_ambient_namespace(graph, workload->namespace))
		r = add_ambient(found, graph, workload->namespace, index);
	return r;
}

/* Whatever is not said of a pod, its proxy's ports tell. */
static int add_edge(struct found *found, const struct graph *graph, const struct graph_edge *edge)
{
	const struct edge_key *key = &edge->edge.key;
	const struct end *end = edge->to;
	const struct mesh_member sidecar = {.namespace = end->namespace,
					    .workload = end->workload,
					    .way = MESH_SIDECAR,
					    .proxy = "Istio"};

	if (end->kind != END_POD || key->protocol != IPPROTO_TCP || !key->has_port ||
	    key->verdict != VERDICT_ANSWERED)
		return 0;
	if (key->port == PORT_OUTBOUND || key->port == PORT_INBOUND)
		return add(found, sidecar);
	if (key->port != PORT_HBONE ||
	    (end->workload != GRAPH_NONE && *graph->workloads[end->workload].sidecar))
		return 0;
	return add_ambient(found, graph, end->namespace, end->workload);
}

static int compare_members(const void *a, const void *b)
{
	const struct mesh_member *x = a, *y = b;
	int r = strcmp(x->namespace, y->namespace);

	r = r ? r : (x->workload > y->workload) - (x->workload < y->workload);
	return r ? r : (x->way > y->way) - (x->way < y->way);
}

static void sort(struct found *found)
{
	size_t kept = 0;

	if (found->count > 0)
		qsort(found->members, found->count, sizeof(*found->members), compare_members);
	for (size_t i = 0; i < found->count; i++)
		if (kept == 0 ||
		    compare_members(&found->members[kept - 1], &found->members[i]) != 0)
			found->members[kept++] = found->members[i];
	found->count = kept;
}

int mesh_find(const struct graph *graph, struct mesh_member **ret, size_t *ret_count)
{
	struct found found = {0};
	int r = 0;

	for (size_t i = 0; i < graph->workload_count && r == 0; i++)
		r = add_workload(&found, graph, i);
	for (size_t i = 0; i < graph->edge_count && r == 0; i++)
		r = add_edge(&found, graph, &graph->edges[i]);
	if (r < 0) {
		free(found.members);
		return r;
	}
	sort(&found);
	*ret = found.members;
	*ret_count = found.count;
	return 0;
}

const char *mesh_hides(enum mesh_way way)
{
	if (way == MESH_SIDECAR)
		return "its proxy picks who answers: the service that was asked for and its name "
		       "are hidden";
	return "its connections come to port 15008 of the node's proxy: the application's ports "
	       "are hidden, and policies have 15008 alone";
}

const char *mesh_way_name(enum mesh_way way)
{
	return way == MESH_SIDECAR ? "sidecar" : "ambient";
}
