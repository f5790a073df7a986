#include "policy/own_node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/admit.h"
#include "policy/order.h"

/* Where a subject was seen with a node that is not its pod's own. */
struct meeting {
	size_t subject;
	uint16_t port;
	uint8_t protocol;
};

struct meetings {
	struct meeting *items;
	size_t count;
};

/* Names of nodes on whose network a pod runs that may run elsewhere tomorrow; sorted. */
struct hosts {
	const char **names;
	size_t count;
};

static int compare_meetings(const void *a, const void *b)
{
	const struct meeting *x = a, *y = b;
	int r = order_numbers(x->subject, y->subject);

	r = r ? r : order_numbers(x->port, y->port);
	return r ? r : order_numbers(x->protocol, y->protocol);
}

static struct meeting meeting_of(const struct atom *atom)
{
	return (struct meeting){
	    .subject = atom->subject, .port = atom->port, .protocol = atom->protocol};
}

static bool is_another_node(const struct atom *atom)
{
	return !atom->egress && atom->peer == ATOM_BLOCK && atom->edge && !atom->own_node &&
	       (atom->end->kind == END_NODE || atom->end->kind == END_POD);
}

static int find_meetings(const struct atoms *atoms, struct meetings *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < atoms->count; i++)
		count += is_another_node(&atoms->items[i]);
	ret->items = calloc(count + 1, sizeof(*ret->items));
	if (!ret->items)
		return -ENOMEM;
	for (size_t i = 0; i < atoms->count; i++)
		if (is_another_node(&atoms->items[i]))
			ret->items[ret->count++] = meeting_of(&atoms->items[i]);
	qsort(ret->items, count, sizeof(*ret->items), compare_meetings);
	return 0;
}

/* Static pods are their node's, and a pod without an owner is never moved. */
static bool is_bound(const struct workload *workload)
{
	static const char *const kinds[] = {"DaemonSet", "StatefulSet", "Node", "Pod"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(workload->kind, kinds[i]) == 0)
			return true;
	return false;
}

static bool is_free(const struct graph *graph, const struct graph_pod *pod)
{
	return pod->host_network && *pod->node && pod->workload != GRAPH_NONE &&
	       !is_bound(&graph->workloads[pod->workload]);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int find_hosts(const struct graph *graph, struct hosts *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < graph->pod_count; i++)
		count += is_free(graph, &graph->pods[i]);
	ret->names = calloc(count + 1, sizeof(*ret->names));
	if (!ret->names)
		return -ENOMEM;
	for (size_t i = 0; i < graph->pod_count; i++)
		if (is_free(graph, &graph->pods[i]))
			ret->names[ret->count++] = graph->pods[i].node;
	qsort(ret->names, count, sizeof(*ret->names), compare_names);
	return 0;
}

/* As a client a pod on the network of its node is that node. */
static bool may_move(const struct graph *graph, const struct hosts *hosts, const struct end *end)
{
	if (end->workload != GRAPH_NONE)
		return !is_bound(&graph->workloads[end->workload]);
	return end->kind == END_NODE && bsearch(&end->name, hosts->names, hosts->count,
						sizeof(*hosts->names), compare_names);
}

static bool stays(const struct basis *basis, const struct meetings *meetings,
		  const struct hosts *hosts, const struct atom *atom)
{
	const struct meeting meeting = meeting_of(atom);

	if (admit_is_included(basis->request->include, LEFT_OWN_NODE))
		return true;
	if (basis->request->exact)
		return false;
	return addr_is_set(atom->edge->edge.key.service) ||
	       may_move(basis->graph, hosts, atom->end) ||
	       bsearch(&meeting, meetings->items, meetings->count, sizeof(meeting),
		       compare_meetings);
}

int own_nodes_leave(const struct basis *basis, struct atoms *atoms)
{
	struct meetings meetings = {0};
	struct hosts hosts = {0};
	int r = find_meetings(atoms, &meetings);

	if (r == 0)
		r = find_hosts(basis->graph, &hosts);
	for (size_t i = 0; r == 0 && i < atoms->count; i++) {
		struct atom *atom = &atoms->items[i];

		if (!atom->own_node || atom->egress)
			continue;
		atom->wider |= WIDER_OWN_NODE;
		if (!stays(basis, &meetings, &hosts, atom))
			atom->left = LEFT_OWN_NODE;
	}
	free(meetings.items);
	free(hosts.names);
	return r;
}
