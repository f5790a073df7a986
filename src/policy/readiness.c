#include "policy/readiness.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "policy/admit.h"
#include "policy/entry.h"
#include "policy/peers.h"
#include "policy/policy.h"
#include "policy/watch.h"

#define DNS_PORT 53

/* ---- an edge as its workload has it ---- */

enum far_kind {
	FAR_NONE, /* no rule can name it */
	FAR_WORKLOAD,
	FAR_ADDRESS,
	FAR_NETWORK,    /* of the address's family */
	FAR_ANY_CLIENT, /* the same */
	FAR_ANY_POD
};

/* Zero bytes where unused, padding too: compared and hashed as bytes. */
struct far_end {
	size_t workload;
	const struct known_network *network;
	struct addr address;
	uint8_t prefix;
	uint8_t kind; /* enum far_kind */
	uint8_t direction;
	uint8_t protocol;
	uint16_t port;
};

/* What the policies will be made from. */
struct plan {
	const struct graph *graph;
	const struct policy_request *request;
};

/* The workload that the edge tells of in that direction, or GRAPH_NONE. */
static size_t near_workload(const struct graph_edge *edge, enum direction direction)
{
	const struct end *end = direction == DIRECTION_EGRESS ? &edge->from : &edge->to;

	if (end->kind != END_POD || end->workload == GRAPH_NONE ||
	    edge->told_elsewhere[direction == DIRECTION_INGRESS])
		return GRAPH_NONE;
	return admit_edge(edge, 0).left == LEFT_NONE ? end->workload : GRAPH_NONE;
}

static bool is_asked_for_names(const struct graph_edge *edge)
{
	const struct edge_key *key = &edge->edge.key;

	return strcmp(edge->to.class, "cluster-dns") == 0 &&
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
	if (!lets_in_any(plan) || !is_outside(&edge->from))
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

static void set_any_client(uint8_t family, struct far_end *far)
{
	far->kind = FAR_ANY_CLIENT;
	far->network = NULL;
	far->prefix = 0;
	memset(&far->address, 0, sizeof(far->address));
	far->address.family = family;
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
	if (ingress && is_own_node(plan, &edge->to, peer) && !is_asked_as_service(edge))
		return;
	if (ingress && is_any_pod(plan, edge, peer))
		far->kind = FAR_ANY_POD;
	else if (ingress && is_any_client(plan, edge, peer))
		set_any_client(peer->address.family, far);
	else
		far->kind = (uint8_t)far_kind(plan, peer);
	if (far->kind == FAR_WORKLOAD)
		far->workload = peer->workload;
	if (far->kind == FAR_ADDRESS)
		set_address(plan, peer, far);
}

/* ---- edges by workload ---- */

/* An edge of the graph as one of its ends has it, or all of those that are one to policies. */
struct sight {
	struct far_end far;
	const struct graph_edge *edge;
	bool may_be_any; /* a client from outside, if its port is open to all of them */
	int64_t connections;
	int64_t begun, ended; /* ms: its first and its last moment */
};

/* Copies, because the edges of one workload lie anywhere in the graph, which is large. */
struct sights {
	struct sight *items; /* by workload */
	size_t *first;       /* of each workload; and the end */
};

static void sights_clear(struct sights *sights)
{
	free(sights->items);
	free(sights->first);
}

static bool may_be_any(const struct plan *plan, const struct sight *sight)
{
	return lets_in_any(plan) && sight->far.direction == DIRECTION_INGRESS &&
	       (sight->far.kind == FAR_ADDRESS || sight->far.kind == FAR_NETWORK) &&
	       is_outside(&sight->edge->from);
}

static void add_sights(const struct plan *plan, const struct graph_edge *edge,
		       struct sights *sights)
{
	const int64_t connections = edge->edge.totals.connections;

	for (enum direction i = 0; i < DIRECTIONS; i++) {
		const size_t workload = near_workload(edge, i);
		struct sight *sight;

		if (workload == GRAPH_NONE)
			continue;
		sight = &sights->items[sights->first[workload + 1]++];
		sight->edge = edge;
		far_end_init(plan, edge, i, &sight->far);
		sight->may_be_any = may_be_any(plan, sight);
		sight->connections = connections > 0 ? connections : 0;
		sight->begun = edge->edge.begun;
		sight->ended = edge->edge.last_seen;
	}
}

static void count_sights(const struct graph_edge *edge, struct sights *sights)
{
	for (enum direction i = 0; i < DIRECTIONS; i++) {
		const size_t workload = near_workload(edge, i);

		if (workload != GRAPH_NONE)
			sights->first[workload + 1]++;
	}
}

/* While they are put in, first[i + 1] is where the next one of i goes. */
static int sights_build(const struct plan *plan, struct sights *ret)
{
	const struct graph *graph = plan->graph;
	struct sights sights = {.first = calloc(graph->workload_count + 1, sizeof(*sights.first))};
	size_t sum = 0;

	if (!sights.first)
		return -ENOMEM;
	for (size_t i = 0; i < graph->edge_count; i++)
		count_sights(&graph->edges[i], &sights);
	for (size_t i = 1; i <= graph->workload_count; i++) {
		const size_t own = sights.first[i];

		sights.first[i] = sum;
		sum += own;
	}
	sights.items = calloc(sum + 1, sizeof(*sights.items));
	if (!sights.items) {
		free(sights.first);
		return -ENOMEM;
	}
	for (size_t i = 0; i < graph->edge_count; i++)
		add_sights(plan, &graph->edges[i], &sights);
	*ret = sights;
	return 0;
}

/* ---- distinct edges of one workload ---- */

/* Open addressing; at most half full. A place whose kind is FAR_NONE is free. */
struct table {
	struct sight *places;
	size_t size; /* a power of two */
	size_t capacity;
	struct hash_seed seed;
};

static int table_empty(struct table *table, size_t count)
{
	size_t size = 16;

	while (size < 2 * count)
		size *= 2;
	if (size > table->capacity) {
		free(table->places);
		table->capacity = 0;
		table->places = calloc(size, sizeof(*table->places));
		if (!table->places)
			return -ENOMEM;
		table->capacity = size;
	} else {
		memset(table->places, 0, size * sizeof(*table->places));
	}
	table->size = size;
	return 0;
}

/* The place of that edge, or a free one. */
static struct sight *table_find(const struct table *table, const struct far_end *far)
{
	size_t at = (size_t)hash_bytes(table->seed, far, sizeof(*far));

	for (;; at++) {
		struct sight *place = &table->places[at & (table->size - 1)];

		if (place->far.kind == FAR_NONE || memcmp(&place->far, far, sizeof(*far)) == 0)
			return place;
	}
}

static void table_add(const struct table *table, const struct sight *sight)
{
	struct sight *place;

	if (sight->far.kind == FAR_NONE)
		return;
	place = table_find(table, &sight->far);
	if (place->far.kind == FAR_NONE) {
		memcpy(place, sight, sizeof(*place));
		return;
	}
	place->connections += sight->connections;
	if (sight->begun < place->begun)
		place->begun = sight->begun;
	if (sight->ended > place->ended)
		place->ended = sight->ended;
}

static bool is_open(const struct table *table, const struct sight *sight)
{
	struct far_end any = sight->far;

	set_any_client(any.address.family, &any);
	return table_find(table, &any)->far.kind != FAR_NONE;
}

static bool is_behind_entry(const struct plan *plan, const struct sight *sight)
{
	return entry_leads_to(plan->graph, &sight->edge->to, sight->far.protocol, sight->far.port);
}

static void add_as_any(const struct table *table, struct sight *sight)
{
	set_any_client(sight->far.address.family, &sight->far);
	sight->may_be_any = false;
	table_add(table, sight);
}

/* Ports that are open to clients from outside are known before their other clients are told apart.
 */
static int table_fill(struct table *table, const struct plan *plan, struct sight *sights,
		      size_t count)
{
	int r = table_empty(table, count);

	for (size_t i = 0; i < count && r == 0; i++)
		if (!sights[i].may_be_any)
			table_add(table, &sights[i]);
	for (size_t i = 0; i < count && r == 0; i++)
		if (sights[i].may_be_any && !is_open(table, &sights[i]) &&
		    is_behind_entry(plan, &sights[i]))
			add_as_any(table, &sights[i]);
	for (size_t i = 0; i < count && r == 0; i++) {
		if (!sights[i].may_be_any)
			continue;
		if (is_open(table, &sights[i]))
			add_as_any(table, &sights[i]);
		else
			table_add(table, &sights[i]);
	}
	return r;
}

/* ---- the judgement ---- */

static double share(int64_t part, int64_t whole)
{
	return part < whole ? (double)part / (double)whole : 1;
}

/* Connections that come together tell no more than one. */
static bool is_once(const struct sight *edge)
{
	return edge->connections == 1 || edge->ended - edge->begun <= READINESS_ONCE_MAX;
}

static double a_day(size_t count, int64_t observed)
{
	int64_t after = observed - READINESS_DAY;

	return (double)count * (double)READINESS_DAY /
	       (double)(after > READINESS_DAY ? after : READINESS_DAY);
}

static void count_edges(const struct table *table, const struct watch *watch,
			struct readiness *readiness)
{
	size_t later = 0;

	for (size_t i = 0; i < table->size; i++) {
		const struct sight *edge = &table->places[i];

		if (edge->far.kind == FAR_NONE)
			continue;
		readiness->edges++;
		readiness->edges_once += is_once(edge);
		readiness->connections += edge->connections;
		readiness->new_edges += edge->begun >= watch->last_day;
		later += edge->begun >= watch->first_day;
	}
	readiness->unseen = share((int64_t)readiness->edges_once, readiness->connections);
	readiness->new_edges_per_day = a_day(later, watch->observed);
}

static enum readiness_state judge(const struct workload *workload,
				  const struct readiness *readiness, const char **ret_reason)
{
	*ret_reason = "";
	if (workload->host_network)
		*ret_reason = "its pods share their node's network, which no policy covers";
	else if (readiness->since == INT64_MIN)
		*ret_reason = "no node with its pods was recorded";
	else if (readiness->observed < READINESS_OBSERVED_MIN)
		*ret_reason = "observed for less than a day";
	else if (readiness->connections == 0)
		*ret_reason = "nothing was seen that a policy can allow";
	else if (readiness->connections < READINESS_CONNECTIONS_MIN)
		*ret_reason = "fewer than 100 connections";
	if (**ret_reason)
		return READINESS_LEARNING;
	if (readiness->new_edges > READINESS_NEW_EDGES_MAX)
		*ret_reason = "new edges in the last day";
	else if (readiness->unseen > READINESS_UNSEEN_MAX)
		*ret_reason = "more than 1 % of its connections may be still unseen";
	return **ret_reason ? READINESS_SETTLING : READINESS_READY;
}

static void conclude(const struct workload *workload, const struct table *table,
		     const struct watch *watch, struct readiness *readiness)
{
	*readiness = (struct readiness){.since = watch->since,
					.observed = watch->observed,
					.gaps = watch->gaps,
					.missing = watch->missing,
					.pods_seen = watch->pods_seen,
					.pods_known = watch->pods_known};
	count_edges(table, watch, readiness);
	readiness->state = judge(workload, readiness, &readiness->reason);
}

static int conclude_all(const struct plan *plan, const struct watch *watches,
			const struct sights *sights, struct readinesses *readinesses)
{
	const struct graph *graph = plan->graph;
	struct table table = {.seed = hash_seed_random()};
	int r = 0;

	for (size_t i = 0; i < graph->workload_count && r == 0; i++) {
		r = table_fill(&table, plan, sights->items + sights->first[i],
			       sights->first[i + 1] - sights->first[i]);
		if (r == 0)
			conclude(&graph->workloads[i], &table, &watches[i], &readinesses->items[i]);
	}
	free(table.places);
	return r;
}

int readinesses_build(const struct graph *graph, const struct policy_request *request,
		      const struct readiness_evidence *evidence, struct readinesses **ret)
{
	const struct plan plan = {.graph = graph, .request = request};
	struct readinesses *readinesses = calloc(1, sizeof(*readinesses));
	struct watch *watches = NULL;
	struct sights sights = {0};
	int r = -ENOMEM;

	if (readinesses)
		readinesses->items = calloc(graph->workload_count + 1, sizeof(*readinesses->items));
	if (readinesses && readinesses->items) {
		readinesses->count = graph->workload_count;
		r = watches_build(graph, evidence, &watches);
	}
	if (r == 0)
		r = sights_build(&plan, &sights);
	if (r == 0)
		r = conclude_all(&plan, watches, &sights, readinesses);
	sights_clear(&sights);
	free(watches);
	if (r < 0)
		readinesses_free(readinesses);
	else
		*ret = readinesses;
	return r;
}

struct readinesses *readinesses_free(struct readinesses *readinesses)
{
	if (!readinesses)
		return NULL;
	free(readinesses->items);
	free(readinesses);
	return NULL;
}

/* ---- text ---- */

const char *readiness_state_name(enum readiness_state state)
{
	static const char *const names[] = {[READINESS_LEARNING] = "learning",
					    [READINESS_SETTLING] = "settling",
					    [READINESS_READY] = "ready"};

	return names[state];
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void put_time(const struct readiness *readiness, struct buf *buf)
{
	char since[CLOCK_TEXT_MAX], length[CLOCK_TEXT_MAX], missing[CLOCK_TEXT_MAX];

	if (readiness->since == INT64_MIN) {
		buf_puts(buf, "never observed");
		return;
	}
	buf_printf(buf, "observed since %s for %s", clock_format(readiness->since, since),
		   clock_format_duration(readiness->observed, length));
	if (readiness->gaps > 0)
		buf_printf(buf, " less %zu gap%s of %s", readiness->gaps, plural(readiness->gaps),
			   clock_format_duration(readiness->missing, missing));
}

/* A decimal point whatever the locale: in hundredths. */
static void put_hundredths(struct buf *buf, double value)
{
	const uint64_t hundredths = (uint64_t)(value * 100 + 0.5);

	buf_printf(buf, "%" PRIu64 ".%02" PRIu64, hundredths / 100, hundredths % 100);
}

void readiness_text(const struct readiness *readiness, struct buf *buf)
{
	buf_puts(buf, readiness_state_name(readiness->state));
	if (*readiness->reason)
		buf_printf(buf, " (%s)", readiness->reason);
	buf_puts(buf, ": ");
	put_time(readiness, buf);
	buf_printf(buf, "; %zu of %zu pod%s seen; %" PRId64 " connection%s on %zu edge%s",
		   readiness->pods_seen, readiness->pods_known, plural(readiness->pods_known),
		   readiness->connections, plural((size_t)readiness->connections), readiness->edges,
		   plural(readiness->edges));
	if (readiness->connections == 0)
		return;
	buf_printf(buf, ", %zu new in the last day", readiness->new_edges);
	if (readiness->observed > READINESS_DAY) {
		buf_puts(buf, ", ");
		put_hundredths(buf, readiness->new_edges_per_day);
		buf_puts(buf, " new a day");
	}
	buf_puts(buf, "; about ");
	put_hundredths(buf, 100 * readiness->unseen);
	buf_puts(buf, " % unseen");
}
