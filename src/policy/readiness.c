#include "policy/readiness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "policy/entry.h"
#include "policy/policy.h"
#include "policy/sights.h"
#include "policy/watch.h"

/* ---- distinct edges of one workload ---- */

/* Open addressing; at most half full. The first sight of an edge is the place of all of them: what
 * is put into it becomes FAR_NONE. */
struct table {
	struct sight *const *sights;
	uint32_t *slots; /* index + 1; 0: free */
	size_t size;     /* a power of two */
	size_t capacity;
	struct sight *last; /* the place of the one that was added last */
	struct hash_seed seed;
};

static int table_empty(struct table *table, struct sight *const *sights, size_t count)
{
	size_t size = 16;

	while (size < 2 * count)
		size *= 2;
	if (size > table->capacity) {
		free(table->slots);
		table->capacity = 0;
		table->slots = calloc(size, sizeof(*table->slots));
		if (!table->slots)
			return -ENOMEM;
		table->capacity = size;
	} else {
		memset(table->slots, 0, size * sizeof(*table->slots));
	}
	table->size = size;
	table->sights = sights;
	table->last = NULL;
	return 0;
}

/* Where that edge is, or would be. */
static uint32_t *table_find(const struct table *table, const struct far_end *far)
{
	size_t at = (size_t)hash_bytes(table->seed, far, sizeof(*far));

	for (;; at++) {
		uint32_t *slot = &table->slots[at & (table->size - 1)];

		if (*slot == 0 || memcmp(&table->sights[*slot - 1]->far, far, sizeof(*far)) == 0)
			return slot;
	}
}

static struct sight *table_get(const struct table *table, size_t index)
{
	uint32_t *slot = table_find(table, &table->sights[index]->far);

	if (*slot == 0)
		*slot = (uint32_t)index + 1;
	return table->sights[*slot - 1];
}

static void table_add(struct table *table, size_t index)
{
	struct sight *sight = table->sights[index];

	/* Those of one edge mostly come one after another. */
	if (!table->last || memcmp(&table->last->far, &sight->far, sizeof(sight->far)) != 0)
		table->last = table_get(table, index);
	if (table->last == sight)
		return;
	table->last->connections += sight->connections;
	if (sight->begun < table->last->begun)
		table->last->begun = sight->begun;
	if (sight->ended > table->last->ended)
		table->last->ended = sight->ended;
	sight->far.kind = FAR_NONE;
}

static bool is_open(const struct table *table, const struct sight *sight)
{
	const struct far_end any = far_any_client(&sight->far);

	return *table_find(table, &any) != 0;
}

static bool is_behind_entry(const struct graph *graph, const struct sight *sight)
{
	return entry_leads_to(graph, sight->edge->to, sight->far.protocol, sight->far.port);
}

static void add_as_any(struct table *table, size_t index)
{
	struct sight *sight = table->sights[index];

	sight->far = far_any_client(&sight->far);
	sight->may_be_any = false;
	table_add(table, index);
}

/* Ports that are open to clients from outside are known before their other clients are told apart.
 */
static int table_fill(struct table *table, const struct graph *graph, struct sight *const *sights,
		      size_t count)
{
	int r = table_empty(table, sights, count);

	for (size_t i = 0; i < count && r == 0; i++)
		if (!sights[i]->may_be_any)
			table_add(table, i);
	for (size_t i = 0; i < count && r == 0; i++)
		if (sights[i]->may_be_any && !is_open(table, sights[i]) &&
		    is_behind_entry(graph, sights[i]))
			add_as_any(table, i);
	for (size_t i = 0; i < count && r == 0; i++) {
		if (!sights[i]->may_be_any)
			continue;
		if (is_open(table, sights[i]))
			add_as_any(table, i);
		else
			table_add(table, i);
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

static void count_edges(struct sight *const *edges, size_t count, const struct watch *watch,
			struct readiness *readiness)
{
	size_t later = 0;

	for (size_t i = 0; i < count; i++) {
		const struct sight *edge = edges[i];

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

static void conclude(const struct workload *workload, struct sight *const *edges, size_t count,
		     const struct watch *watch, struct readiness *readiness)
{
	*readiness = (struct readiness){.since = watch->since,
					.observed = watch->observed,
					.gaps = watch->gaps,
					.missing = watch->missing,
					.pods_seen = watch->pods_seen,
					.pods_known = watch->pods_known};
	count_edges(edges, count, watch, readiness);
	readiness->state = judge(workload, readiness, &readiness->reason);
}

static int conclude_all(const struct graph *graph, const struct watch *watches,
			const struct sights *sights, struct readinesses *readinesses)
{
	struct table table = {.seed = hash_seed_random()};
	int r = 0;

	for (size_t i = 0; i < graph->workload_count && r == 0; i++) {
		struct sight *const *edges = sights->by_workload + sights->first[i];
		const size_t count = sights->first[i + 1] - sights->first[i];

		r = table_fill(&table, graph, edges, count);
		if (r == 0)
			conclude(&graph->workloads[i], edges, count, &watches[i],
				 &readinesses->items[i]);
	}
	free(table.slots);
	return r;
}

int readinesses_build(const struct graph *graph, const struct policy_request *request,
		      const struct readiness_evidence *evidence, struct readinesses **ret)
{
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
		r = sights_build(graph, request, &sights);
	if (r == 0)
		r = conclude_all(graph, watches, &sights, readinesses);
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
