#include "model/edge_order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/permute.h"
#include "model/counts.h"

static int compare_numbers(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* Most are the same text at the same place. */
static int compare_texts(const char *a, const char *b)
{
	return a == b ? 0 : strcmp(a, b);
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

/* Row ids and pods' numbers depend on the order of writing: they take no part. */
static int compare_beyond_ends(const struct graph_edge *x, const struct graph_edge *y)
{
	int r = compare_keys(&x->edge.key, &y->edge.key);

	r = r ? r : compare_texts(x->from->class, y->from->class);
	r = r ? r : compare_texts(x->to->class, y->to->class);
	r = r ? r : compare_texts(x->edge.node, y->edge.node);
	r = r ? r : compare_numbers(x->edge.first_seen, y->edge.first_seen);
	r = r ? r : compare_numbers(x->edge.last_seen, y->edge.last_seen);
	return r ? r : counts_compare(&x->edge.totals, &y->edge.totals);
}

/* ---- sorting ---- */

struct place {
	uint32_t from, to; /* ranks of the edge's ends */
	uint32_t edge;     /* its index */
};

static int compare_places(const void *a, const void *b, void *context)
{
	const struct place *x = a, *y = b;
	const struct graph_edge *edges = context;
	int r;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	r = compare_beyond_ends(&edges[x->edge], &edges[y->edge]);
	return r ? r : (x->edge > y->edge) - (x->edge < y->edge);
}

static bool is_sorted(const struct place *places, size_t count, struct graph_edge *edges)
{
	for (size_t i = 1; i < count; i++)
		if (compare_places(&places[i - 1], &places[i], edges) > 0)
			return false;
	return true;
}

static uint32_t rank_of(const struct place *place, bool source)
{
	return source ? place->from : place->to;
}

/* By one rank, in the order they had. starts: as many as there are ranks. */
static void distribute(const struct place *places, size_t count, bool source, uint32_t *starts,
		       size_t ranks, struct place *ret)
{
	uint32_t start = 0;

	memset(starts, 0, ranks * sizeof(*starts));
	for (size_t i = 0; i < count; i++)
		starts[rank_of(&places[i], source)]++;
	for (size_t i = 0; i < ranks; i++) {
		uint32_t here = starts[i];

		starts[i] = start;
		start += here;
	}
	for (size_t i = 0; i < count; i++)
		ret[starts[rank_of(&places[i], source)]++] = places[i];
}

/* So few are sorted by putting each in its place. */
#define FEW 8

static void sort_few(struct place *places, size_t count, struct graph_edge *edges)
{
	for (size_t i = 1; i < count; i++) {
		const struct place place = places[i];
		size_t at = i;

		for (; at > 0 && compare_places(&places[at - 1], &place, edges) > 0; at--)
			places[at] = places[at - 1];
		places[at] = place;
	}
}

/* Mostly few edges have the same ends. */
static void sort_beyond_ends(struct place *places, size_t count, struct graph_edge *edges)
{
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count; end++)
			if (places[i].from != places[end].from || places[i].to != places[end].to)
				break;
		if (end - i <= FEW)
			sort_few(&places[i], end - i, edges);
		else
			qsort_r(&places[i], end - i, sizeof(*places), compare_places, edges);
	}
}

_Static_assert(sizeof(struct graph_edge) <= PERMUTE_SIZE_MAX, "edges are moved");

static int sort_and_move(struct graph_edge *edges, struct place *places, size_t count, size_t ranks)
{
	uint32_t *starts = calloc(ranks, sizeof(*starts));
	uint32_t *order = malloc(count * sizeof(*order));
	struct place *room = malloc(count * sizeof(*room));
	int r = starts && order && room ? 0 : -ENOMEM;

	if (r == 0) {
		distribute(places, count, false, starts, ranks, room);
		distribute(room, count, true, starts, ranks, places);
		sort_beyond_ends(places, count, edges);
		for (size_t i = 0; i < count; i++)
			order[i] = places[i].edge;
		permute(edges, (uint32_t)count, sizeof(*edges), order);
	}
	free(room);
	free(order);
	free(starts);
	return r;
}

int edges_sort(struct graph_edge *edges, size_t count, struct ends *ends)
{
	struct place *places = calloc(count + 1, sizeof(*places));
	int r = places && count <= UINT32_MAX ? ends_rank(ends) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < count; i++)
		places[i] = (struct place){
		    .from = edges[i].from->rank, .to = edges[i].to->rank, .edge = (uint32_t)i};
	if (r == 0 && !is_sorted(places, count, edges))
		r = sort_and_move(edges, places, count, ends->count);
	free(places);
	return r;
}

/* ---- joining ---- */

static bool is_same_end(const struct end *a, const struct end *b)
{
	return a == b || (a->rank == b->rank && compare_texts(a->class, b->class) == 0);
}

static bool is_same_edge(const struct graph_edge *a, const struct graph_edge *b)
{
	return is_same_end(a->from, b->from) && is_same_end(a->to, b->to) &&
	       compare_keys(&a->edge.key, &b->edge.key) == 0 &&
	       compare_texts(a->edge.node, b->edge.node) == 0 &&
	       a->service_prefix == b->service_prefix &&
	       (!a->translated || is_same_end(a->translated, b->translated));
}

static void join_edge(struct edge_record *edge, const struct edge_record *more)
{
	counts_add(&edge->totals, &more->totals);
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
