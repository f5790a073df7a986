#include "policy/sights.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/admit.h"
#include "policy/peers.h"

#define DNS_PORT 53

/* What the policies will be made from. */
struct plan {
	const struct graph *graph;
	const struct policy_request *request;
};

static bool is_asked_for_names(const struct graph_edge *edge)
{
	const struct edge_key *key = &edge->edge.key;

	return strcmp(edge->to->class, "cluster-dns") == 0 &&
	       (key->port == DNS_PORT || key->service_port == DNS_PORT);
}

/* A resolver is open to all pods, known or not. */
static bool is_any_pod(const struct plan *plan, const struct graph_edge *edge,
		       const struct end *peer)
{
	if (plan->request->exact || !is_asked_for_names(edge))
		return false;
	if (peer->kind == END_POD)
		return peer->workload == GRAPH_NONE ||
		       !plan->graph->workloads[peer->workload].host_network;
	return peer->kind == END_UNKNOWN;
}

static bool is_outside(const struct end *end)
{
	return end->kind == END_EXTERNAL && strcmp(end->class, "external") == 0;
}

static bool lets_in_any(const struct plan *plan)
{
	return !plan->request->exact && plan->request->external_ingress == EXTERNAL_INGRESS_ANY;
}

static bool is_public(const struct end *end)
{
	return !(addr_is_private(end->address) || addr_is_link_local(end->address) ||
		 addr_is_loopback(end->address));
}

static bool is_asked_as_service(const struct graph_edge *edge)
{
	return addr_is_set(edge->edge.key.service);
}

/* Also one that a node forwards: tomorrow's comes in by another node. */
static bool is_any_client(const struct plan *plan, const struct graph_edge *edge,
			  const struct end *peer)
{
	if (!lets_in_any(plan) || !is_outside(edge->from))
		return false;
	return peer == edge->translated || is_public(peer) || is_asked_as_service(edge);
}

/* Bound to the pod's own node, which no policy keeps out. */
static bool is_own_node(const struct plan *plan, const struct end *near, const struct end *peer)
{
	const struct workload *workload;

	if (!*near->node)
		return false;
	if (peer->kind == END_NODE)
		return strcmp(peer->name, near->node) == 0;
	if (peer->kind != END_POD || peer->workload == GRAPH_NONE)
		return false;
	workload = &plan->graph->workloads[peer->workload];
	return workload->host_network && strcmp(peer->node, near->node) == 0 &&
	       (strcmp(workload->kind, "DaemonSet") == 0 ||
		strcmp(workload->kind, "StaticPod") == 0);
}

static enum far_kind far_kind(const struct plan *plan, const struct end *peer)
{
	const struct workload *workload;

	if (peer->kind == END_UNKNOWN)
		return FAR_NONE;
	if (peer->kind != END_POD)
		return FAR_ADDRESS;
	if (peer->workload == GRAPH_NONE)
		return FAR_NONE;
	workload = &plan->graph->workloads[peer->workload];
	if (workload->host_network)
		return FAR_ADDRESS;
	return workload->selector.count > 0 ? FAR_WORKLOAD : FAR_NONE;
}

/* NULL: no published range will stand for the peer. */
static const struct known_network *network_of(const struct plan *plan, const struct end *peer,
					      bool ingress)
{
	if (plan->request->exact || !plan->request->known_networks || !is_outside(peer) ||
	    (ingress && plan->request->external_ingress == EXTERNAL_INGRESS_OBSERVED))
		return NULL;
	return known_networks_find(plan->request->known_networks, block_of(peer));
}

static void set_address(const struct plan *plan, const struct end *peer, struct far_end *far)
{
	far->network = network_of(plan, peer, far->direction == DIRECTION_INGRESS);
	if (far->network) {
		far->kind = FAR_NETWORK;
		far->address.family = peer->address.family;
	} else {
		far->address = peer->address;
		far->prefix = peer->prefix;
	}
}

struct far_end far_any_client(const struct far_end *far)
{
	struct far_end any;

	memset(&any, 0, sizeof(any));
	any.kind = FAR_ANY_CLIENT;
	any.address.family = far->address.family;
	any.direction = far->direction;
	any.protocol = far->protocol;
	any.port = far->port;
	return any;
}

/* The peer that policies are about, of two the client. */
static const struct end *peer_of(const struct graph_edge *edge, enum direction direction)
{
	const struct end *peers[EDGE_PEERS_MAX];

	return peers[edge_peers(edge, direction == DIRECTION_EGRESS, peers) - 1];
}

static void far_end_init(const struct plan *plan, const struct graph_edge *edge,
			 enum direction direction, struct far_end *far)
{
	const bool ingress = direction == DIRECTION_INGRESS;
	const struct end *peer = peer_of(edge, direction);

	memset(far, 0, sizeof(*far));
	far->direction = (uint8_t)direction;
	far->protocol = edge->edge.key.protocol;
	far->port = edge->edge.key.port;
	if (ingress && is_own_node(plan, edge->to, peer) && !is_asked_as_service(edge))
		return;
	if (ingress && is_any_pod(plan, edge, peer))
		far->kind = FAR_ANY_POD;
	else if (ingress && is_any_client(plan, edge, peer))
		far->kind = FAR_ANY_CLIENT;
	else
		far->kind = (uint8_t)far_kind(plan, peer);
	if (far->kind == FAR_ANY_CLIENT)
		far->address.family = peer->address.family;
	if (far->kind == FAR_WORKLOAD)
		far->workload = peer->workload;
	if (far->kind == FAR_ADDRESS)
		set_address(plan, peer, far);
}

/* ---- of all edges ---- */

static bool may_be_any(const struct plan *plan, const struct sight *sight)
{
	return lets_in_any(plan) && sight->far.direction == DIRECTION_INGRESS &&
	       (sight->far.kind == FAR_ADDRESS || sight->far.kind == FAR_NETWORK) &&
	       is_outside(sight->edge->from);
}

/* The workload that the edge tells of in that direction, or GRAPH_NONE. */
static size_t near_workload(const struct graph_edge *edge, enum direction direction)
{
	const struct end *end = direction == DIRECTION_EGRESS ? edge->from : edge->to;

	if (end->kind != END_POD || edge->told_elsewhere[direction == DIRECTION_INGRESS])
		return GRAPH_NONE;
	return end->workload;
}

static void add_edge(const struct plan *plan, const struct graph_edge *edge, struct sights *sights)
{
	const int64_t connections = edge->edge.totals.connections;

	if (admit_edge(edge, 0).left != LEFT_NONE)
		return;
	for (enum direction i = 0; i < DIRECTIONS; i++) {
		const size_t workload = near_workload(edge, i);
		struct sight *sight = &sights->items[sights->count];

		if (workload == GRAPH_NONE)
			continue;
		far_end_init(plan, edge, i, &sight->far);
		if (sight->far.kind == FAR_NONE)
			continue;
		sight->near = workload;
		sight->edge = edge;
		sight->may_be_any = may_be_any(plan, sight);
		sight->connections = connections > 0 ? connections : 0;
		sight->begun = edge->edge.begun;
		sight->ended = edge->edge.last_seen;
		sights->first[workload + 1]++;
		sights->count++;
	}
}

/* While they are put in, first[i + 1] is where the next one of i goes. */
static void sort_by_workload(size_t workloads, struct sights *sights)
{
	size_t sum = 0;

	for (size_t i = 1; i <= workloads; i++) {
		const size_t own = sights->first[i];

		sights->first[i] = sum;
		sum += own;
	}
	for (size_t i = 0; i < sights->count; i++) {
		struct sight *sight = &sights->items[i];

		sights->by_workload[sights->first[sight->near + 1]++] = sight;
	}
}

int sights_build(const struct graph *graph, const struct policy_request *request,
		 struct sights *ret)
{
	const struct plan plan = {.graph = graph, .request = request};
	/* Memory that is never written costs nothing. */
	struct sights sights = {
	    .items = reallocarray(NULL, graph->edge_count + 1, DIRECTIONS * sizeof(*sights.items)),
	    .first = calloc(graph->workload_count + 1, sizeof(*sights.first))};

	for (size_t i = 0; sights.items && sights.first && i < graph->edge_count; i++)
		add_edge(&plan, &graph->edges[i], &sights);
	sights.by_workload = calloc(sights.count + 1, sizeof(struct sight *));
	if (!sights.items || !sights.first || !sights.by_workload) {
		sights_clear(&sights);
		return -ENOMEM;
	}
	sort_by_workload(graph->workload_count, &sights);
	*ret = sights;
	return 0;
}

void sights_clear(struct sights *sights)
{
	free(sights->items);
	free(sights->by_workload);
	free(sights->first);
	*sights = (struct sights){0};
}
