#include "policy/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- times ---- */

struct span {
	int64_t from, until;
};

struct spans {
	struct span *items;
	size_t count, capacity;
};

static int spans_add(struct spans *spans, int64_t from, int64_t until)
{
	if (spans->count == spans->capacity) {
		size_t capacity = spans->capacity ? 2 * spans->capacity : 16;
		struct span *items = reallocarray(spans->items, capacity, sizeof(*items));

		if (!items)
			return -ENOMEM;
		spans->items = items;
		spans->capacity = capacity;
	}
	spans->items[spans->count++] = (struct span){from, until};
	return 0;
}

static int compare_spans(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->until > y->until) - (x->until < y->until);
}

/* Those that touch or overlap become one. */
static void spans_join(struct spans *spans)
{
	size_t kept = 0;

	if (spans->count > 1)
		qsort(spans->items, spans->count, sizeof(*spans->items), compare_spans);
	for (size_t i = 0; i < spans->count; i++) {
		const struct span *next = &spans->items[i];
		struct span *last = kept > 0 ? &spans->items[kept - 1] : NULL;

		if (!last || last->until < next->from)
			spans->items[kept++] = *next;
		else if (last->until < next->until)
			last->until = next->until;
	}
	spans->count = kept;
}

static int64_t spans_length(const struct spans *spans)
{
	int64_t sum = 0;

	for (size_t i = 0; i < spans->count; i++)
		sum += spans->items[i].until - spans->items[i].from;
	return sum;
}

/* Both joined; each hole is inside one of the spans. */
static int spans_less(const struct spans *spans, const struct spans *holes, struct spans *ret)
{
	size_t hole = 0;
	int r = 0;

	ret->count = 0;
	for (size_t i = 0; i < spans->count && r == 0; i++) {
		const struct span *span = &spans->items[i];
		int64_t at = span->from;

		for (; hole < holes->count && holes->items[hole].from < span->until; hole++) {
			if (r == 0 && at < holes->items[hole].from)
				r = spans_add(ret, at, holes->items[hole].from);
			at = holes->items[hole].until;
		}
		if (r == 0 && at < span->until)
			r = spans_add(ret, at, span->until);
	}
	return r;
}

/* When they had lasted so long; INT64_MAX: they do not. */
static int64_t spans_first(const struct spans *spans, int64_t length)
{
	for (size_t i = 0; i < spans->count; i++) {
		const struct span *span = &spans->items[i];

		if (span->until - span->from >= length)
			return span->from + length;
		length -= span->until - span->from;
	}
	return INT64_MAX;
}

/* From when on they last so long; INT64_MIN: they do not. */
static int64_t spans_last(const struct spans *spans, int64_t length)
{
	for (size_t i = spans->count; i-- > 0;) {
		const struct span *span = &spans->items[i];

		if (span->until - span->from >= length)
			return span->until - length;
		length -= span->until - span->from;
	}
	return INT64_MIN;
}

/* ---- who had which pods ---- */

/* A node has a pod of the workload, which has an address. */
struct presence {
	size_t workload;
	size_t node; /* of the evidence */
	int64_t from, until;
	bool came, went; /* while the node recorded */
};

static int compare_times(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_presences(const void *a, const void *b)
{
	const struct presence *x = a, *y = b;
	int r;

	if (x->workload != y->workload)
		return x->workload < y->workload ? -1 : 1;
	r = compare_times(x->from, y->from);
	r = r ? r : compare_times(x->until, y->until);
	/* Of those that end together one that may have gone on comes last. */
	r = r ? r : y->went - x->went;
	r = r ? r : x->came - y->came;
	return r ? r : (x->node > y->node) - (x->node < y->node);
}

static int compare_node(const void *name, const void *node)
{
	return strcmp(name, ((const struct readiness_node *)node)->name);
}

static const struct readiness_node *find_node(const struct readiness_evidence *evidence,
					      const char *name)
{
	if (evidence->node_count == 0)
		return NULL;
	return bsearch(name, evidence->nodes, evidence->node_count, sizeof(*evidence->nodes),
		       compare_node);
}

/* Adds what the node has of the pod; returns how many presences that are. */
static size_t add_presences(const struct graph_pod *pod, const struct readiness_node *node,
			    size_t at, struct presence *presences)
{
	size_t count = 0;

	for (size_t i = 0; i < pod->address_count; i++) {
		const struct pod_address *turn = &pod->addresses[i];
		const bool came = turn->since > node->from, went = turn->until < node->until;

		if (turn->secondary || turn->since > node->until || turn->until <= node->from)
			continue;
		presences[count++] = (struct presence){
		    .workload = pod->workload,
		    .node = at,
		    .from = came ? turn->since : node->from,
		    .until = went ? turn->until : node->until,
		    .came = came,
		    .went = went,
		};
	}
	return count;
}

static size_t count_addresses(const struct graph *graph)
{
	size_t count = 0;

	for (size_t i = 0; i < graph->pod_count; i++)
		count += graph->pods[i].address_count;
	return count;
}

/* How many of presences there are, which has room for one an address. */
static size_t find_presences(const struct graph *graph, const struct readiness_evidence *evidence,
			     struct watch *watches, struct presence *presences)
{
	size_t count = 0;

	for (size_t i = 0; i < graph->pod_count; i++) {
		const struct graph_pod *pod = &graph->pods[i];
		const struct readiness_node *node = find_node(evidence, pod->node);
		size_t added;

		if (pod->workload == GRAPH_NONE)
			continue;
		watches[pod->workload].pods_known++;
		added = node ? add_presences(pod, node, (size_t)(node - evidence->nodes),
					     presences + count)
			     : 0;
		watches[pod->workload].pods_seen += added > 0;
		count += added;
	}
	if (count > 0)
		qsort(presences, count, sizeof(*presences), compare_presences);
	return count;
}

/* ---- one workload ---- */

struct room {
	struct spans watched, gaps, observed;
};

static size_t first_gap(const struct readiness_evidence *evidence, const char *node)
{
	size_t low = 0, high = evidence->gap_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(evidence->gaps[middle].node, node) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int add_gaps(struct spans *gaps, const struct readiness_evidence *evidence,
		    const struct presence *presence)
{
	const char *node = evidence->nodes[presence->node].name;
	const int64_t since = presence->from, until = presence->until;
	int r = 0;

	for (size_t i = first_gap(evidence, node); i < evidence->gap_count && r == 0; i++) {
		const struct readiness_gap *gap = &evidence->gaps[i];

		if (strcmp(gap->node, node) != 0 || gap->from >= until)
			break;
		if (gap->until > since)
			r = spans_add(gaps, gap->from > since ? gap->from : since,
				      gap->until < until ? gap->until : until);
	}
	return r;
}

/* What lies between its runs, where it is known to have none. */
static int add_pause(struct spans *watched, const struct presence *last,
		     const struct presence *next)
{
	int64_t from = next->from - READINESS_DAY;

	if (!last || !last->went || !next->came || next->from <= last->until)
		return 0;
	return spans_add(watched, from > last->until ? from : last->until, next->from);
}

static int gather(const struct presence *presences, size_t count,
		  const struct readiness_evidence *evidence, struct room *room)
{
	const struct presence *last = NULL;
	int r = 0;

	room->watched.count = room->gaps.count = 0;
	for (size_t i = 0; i < count && r == 0; i++) {
		const struct presence *next = &presences[i];

		r = add_pause(&room->watched, last, next);
		if (r == 0)
			r = spans_add(&room->watched, next->from, next->until);
		if (r == 0)
			r = add_gaps(&room->gaps, evidence, next);
		if (!last || next->until > last->until ||
		    (next->until == last->until && !next->went))
			last = next;
	}
	spans_join(&room->watched);
	spans_join(&room->gaps);
	return r;
}

static int watch_init(const struct presence *presences, size_t count,
		      const struct readiness_evidence *evidence, struct room *room,
		      struct watch *watch)
{
	int r = gather(presences, count, evidence, room);

	if (r == 0)
		r = spans_less(&room->watched, &room->gaps, &room->observed);
	if (r < 0)
		return r;
	watch->since = room->watched.items[0].from;
	watch->observed = spans_length(&room->observed);
	watch->gaps = room->gaps.count;
	watch->missing = spans_length(&room->gaps);
	watch->first_day = spans_first(&room->observed, READINESS_DAY);
	watch->last_day = spans_last(&room->observed, READINESS_DAY);
	return 0;
}

static int watch_all(const struct presence *presences, size_t count,
		     const struct readiness_evidence *evidence, struct watch *watches)
{
	struct room room = {0};
	int r = 0;

	for (size_t i = 0, end; i < count && r == 0; i = end) {
		const size_t workload = presences[i].workload;

		for (end = i + 1; end < count && presences[end].workload == workload; end++)
			;
		r = watch_init(presences + i, end - i, evidence, &room, &watches[workload]);
	}
	free(room.watched.items);
	free(room.gaps.items);
	free(room.observed.items);
	return r;
}

int watches_build(const struct graph *graph, const struct readiness_evidence *evidence,
		  struct watch **ret)
{
	struct watch *watches = calloc(graph->workload_count + 1, sizeof(*watches));
	struct presence *presences = calloc(count_addresses(graph) + 1, sizeof(*presences));
	int r = watches && presences ? 0 : -ENOMEM;

	for (size_t i = 0; i < graph->workload_count && r == 0; i++)
		watches[i] = (struct watch){
		    .since = INT64_MIN, .first_day = INT64_MAX, .last_day = INT64_MIN};
	if (r == 0)
		r = watch_all(presences, find_presences(graph, evidence, watches, presences),
			      evidence, watches);
	free(presences);
	if (r < 0)
		free(watches);
	else
		*ret = watches;
	return r;
}
