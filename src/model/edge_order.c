#include "model/edge_order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare_numbers(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* Most are the same text at the same place. */
static int compare_texts(const char *a, const char *b)
{
	return a == b ? 0 : strcmp(a, b);
}

static int compare_ends(const struct end *a, const struct end *b)
{
	int r = compare_numbers(a->kind, b->kind);

	/* Pods are sorted by what they are called. */
	if (r == 0 && a->kind != END_NODE)
		r = compare_numbers((int64_t)a->pod, (int64_t)b->pod);
	if (r == 0 && a->kind == END_NODE)
		r = compare_texts(a->name, b->name);
	r = r ? r : addr_compare(a->address, b->address);
	r = r ? r : compare_numbers(a->prefix, b->prefix);
	if (r == 0 && a->kind == END_UNKNOWN)
		r = compare_texts(a->class, b->class);
	return r;
}

static int compare_keys(const struct edge_key *a, const struct edge_key *b)
{
	int r = compare_numbers(a->protocol, b->protocol);

	r = r ? r : compare_numbers(a->has_port, b->has_port);
	r = r ? r : compare_numbers(a->port, b->port);
	r = r ? r : addr_compare(a->service, b->service);
	r = r ? r : compare_numbers(a->service_port, b->service_port);
	r = r ? r : addr_compare(a->translated, b->translated);
	r = r ? r : compare_numbers(a->verdict, b->verdict);
	return r ? r : compare_numbers(a->direction_uncertain, b->direction_uncertain);
}

static int compare_totals(const struct totals *a, const struct totals *b)
{
	int r = compare_numbers(a->connections, b->connections);

	r = r ? r : compare_numbers(a->closed, b->closed);
	r = r ? r : compare_numbers(a->counted, b->counted);
	r = r ? r : compare_numbers(a->packets_sent, b->packets_sent);
	r = r ? r : compare_numbers(a->packets_received, b->packets_received);
	r = r ? r : compare_numbers(a->bytes_sent, b->bytes_sent);
	r = r ? r : compare_numbers(a->bytes_received, b->bytes_received);
	r = r ? r : compare_numbers(a->timed_out, b->timed_out);
	r = r ? r : compare_numbers(a->reset, b->reset);
	r = r ? r : compare_numbers(a->evicted, b->evicted);
	r = r ? r : compare_numbers(a->deleted, b->deleted);
	return r ? r : compare_numbers(a->vanished, b->vanished);
}

/* Row ids and pods' numbers depend on the order of writing: they take no part. */
static int compare_beyond_ends(const struct graph_edge *x, const struct graph_edge *y)
{
	int r = compare_keys(&x->edge.key, &y->edge.key);

	r = r ? r : compare_texts(x->from.class, y->from.class);
	r = r ? r : compare_texts(x->to.class, y->to.class);
	r = r ? r : compare_texts(x->edge.node, y->edge.node);
	r = r ? r : compare_numbers(x->edge.first_seen, y->edge.first_seen);
	r = r ? r : compare_numbers(x->edge.last_seen, y->edge.last_seen);
	return r ? r : compare_totals(&x->edge.totals, &y->edge.totals);
}

static int compare_edges(const struct graph_edge *x, const struct graph_edge *y)
{
	int r = compare_ends(&x->from, &y->from);

	r = r ? r : compare_ends(&x->to, &y->to);
	return r ? r : compare_beyond_ends(x, y);
}

/* ---- sorting ---- */

/*
 * What decides mostly, in two numbers; edges with equal ones are compared as a whole. An end's has
 * its kind, its pod and as much of its address as fits; a node's has the kind alone, as it goes by
 * its name first.
 */
struct place {
	uint64_t from, to;
	size_t edge;   /* its index */
	bool is_whole; /* both numbers tell all that there is to compare of the ends */
};

#define POD_BITS 29
#define POD_LAST ((UINT64_C(1) << POD_BITS) - 1) /* and all beyond it */
#define ADDRESS_BITS 32
#define POD_SHIFT (1 + ADDRESS_BITS)
#define KIND_SHIFT (POD_BITS + POD_SHIFT)

static uint64_t number_of(const struct end *end)
{
	const uint8_t *bytes = end->address.bytes;
	uint64_t kind = (uint64_t)end->kind << KIND_SHIFT;
	uint64_t pod = end->pod == GRAPH_NONE ? 0 : end->pod + 1;
	uint64_t is_ipv6 = end->address.family == ADDR_IPV6;

	if (end->kind == END_NODE)
		return kind;
	if (pod >= POD_LAST)
		return kind | POD_LAST << POD_SHIFT;
	return kind | pod << POD_SHIFT | is_ipv6 << ADDRESS_BITS | (uint64_t)bytes[0] << 24 |
	       (uint64_t)bytes[1] << 16 | (uint64_t)bytes[2] << 8 | bytes[3];
}

static bool is_whole(const struct end *end)
{
	return (end->kind == END_POD || end->kind == END_EXTERNAL) && !end->prefix &&
	       end->address.family == ADDR_IPV4 &&
	       (end->pod == GRAPH_NONE || end->pod + 1 < POD_LAST);
}

static int compare_places(const void *a, const void *b, void *context)
{
	const struct place *x = a, *y = b;
	const struct graph_edge *edges = context;
	int r;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->is_whole && y->is_whole) {
		if (x->to != y->to)
			return x->to < y->to ? -1 : 1;
		r = compare_beyond_ends(&edges[x->edge], &edges[y->edge]);
	} else {
		r = compare_edges(&edges[x->edge], &edges[y->edge]);
	}
	return r ? r : (x->edge > y->edge) - (x->edge < y->edge);
}

static bool is_sorted(const struct place *places, size_t count, struct graph_edge *edges)
{
	for (size_t i = 1; i < count; i++)
		if (compare_places(&places[i - 1], &places[i], edges) > 0)
			return false;
	return true;
}

/* One for each pod, and one for each kind of what is none. */
static size_t shelf_of(const struct place *place, size_t pods)
{
	size_t kind = (size_t)(place->from >> KIND_SHIFT);

	return kind == END_POD ? (size_t)(place->from >> POD_SHIFT) : pods + kind;
}

/* Onto shelves first: few stand on one, so that sorting these costs little. ends: where each shelf
 * ends, and at first 0. */
static void sort_places(struct place *places, size_t count, struct place *sorted, size_t *ends,
			size_t pods, struct graph_edge *edges)
{
	size_t shelves = pods + END_UNKNOWN + 1;

	for (size_t i = 0; i < count; i++)
		ends[shelf_of(&places[i], pods)]++;
	for (size_t i = 1; i < shelves; i++)
		ends[i] += ends[i - 1];
	for (size_t i = count; i-- > 0;)
		sorted[--ends[shelf_of(&places[i], pods)]] = places[i];
	for (size_t i = 0; i < shelves; i++) {
		size_t end = i + 1 < shelves ? ends[i + 1] : count;

		if (!is_sorted(&sorted[ends[i]], end - ends[i], edges))
			qsort_r(&sorted[ends[i]], end - ends[i], sizeof(*sorted), compare_places,
				edges);
	}
}

/* Each edge moves once, along the circles of those that take one another's places. */
static void move_edges(struct graph_edge *edges, struct place *places, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct graph_edge first;
		size_t at = i;

		if (places[i].edge == i)
			continue;
		first = edges[i];
		while (places[at].edge != i) {
			size_t next = places[at].edge;

			edges[at] = edges[next];
			places[at].edge = at;
			at = next;
		}
		edges[at] = first;
		places[at].edge = at;
	}
}

static size_t count_pods(const struct place *places, size_t count)
{
	size_t most = 0;

	for (size_t i = 0; i < count; i++)
		if (places[i].from >> KIND_SHIFT == END_POD && places[i].from >> POD_SHIFT > most)
			most = (size_t)(places[i].from >> POD_SHIFT);
	return most + 1;
}

static int sort_and_move(struct graph_edge *edges, struct place *places, size_t count)
{
	size_t pods = count_pods(places, count);
	size_t *ends = calloc(pods + END_UNKNOWN + 1, sizeof(*ends));
	struct place *sorted = calloc(count, sizeof(*sorted));
	int r = ends && sorted ? 0 : -ENOMEM;

	if (r == 0) {
		sort_places(places, count, sorted, ends, pods, edges);
		move_edges(edges, sorted, count);
	}
	free(sorted);
	free(ends);
	return r;
}

int edges_sort(struct graph_edge *edges, size_t count)
{
	struct place *places = calloc(count + 1, sizeof(*places));
	int r = 0;

	if (!places)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		places[i] =
		    (struct place){.from = number_of(&edges[i].from),
				   .to = number_of(&edges[i].to),
				   .edge = i,
				   .is_whole = is_whole(&edges[i].from) && is_whole(&edges[i].to)};
	if (!is_sorted(places, count, edges))
		r = sort_and_move(edges, places, count);
	free(places);
	return r;
}

/* ---- joining ---- */

static bool is_same_end(const struct end *a, const struct end *b)
{
	return compare_ends(a, b) == 0 && compare_texts(a->class, b->class) == 0;
}

static bool is_same_edge(const struct graph_edge *a, const struct graph_edge *b)
{
	return is_same_end(&a->from, &b->from) && is_same_end(&a->to, &b->to) &&
	       compare_keys(&a->edge.key, &b->edge.key) == 0 &&
	       compare_texts(a->edge.node, b->edge.node) == 0 &&
	       a->service_prefix == b->service_prefix &&
	       (!a->translated || is_same_end(a->translated, b->translated));
}

static void join_edge(struct edge *edge, const struct edge *more)
{
	totals_add(&edge->totals, &more->totals);
	if (more->first_seen < edge->first_seen)
		edge->first_seen = more->first_seen;
	if (more->begun < edge->begun)
		edge->begun = more->begun;
	if (more->last_seen > edge->last_seen)
		edge->last_seen = more->last_seen;
}

size_t edges_join(struct graph_edge *edges, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && is_same_edge(&edges[kept - 1], &edges[i]))
			join_edge(&edges[kept - 1].edge, &edges[i].edge);
		else if (kept++ != i)
			edges[kept - 1] = edges[i];
	}
	return kept;
}
