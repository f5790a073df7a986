#include "model/vantage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BIT(verdict) (1u << (verdict))

/* ---- when each node recorded ---- */

static int add(struct watched **items, size_t *count, size_t *capacity, struct watched item)
{
	if (*count == *capacity) {
		size_t larger = *capacity ? *capacity * 2 : 16;
		struct watched *grown = reallocarray(*items, larger, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		*items = grown;
		*capacity = larger;
	}
	(*items)[(*count)++] = item;
	return 0;
}

int vantage_add_node(struct vantages *vantages, const char *node, int64_t first, int64_t heartbeat)
{
	return add(&vantages->nodes, &vantages->node_count, &vantages->node_capacity,
		   (struct watched){.node = node, .from = first, .until = heartbeat});
}

int vantage_add_gap(struct vantages *vantages, const char *node, const struct gap *gap)
{
	if (gap->source == LOSS_IDENTITY || gap->at_most == 0)
		return 0;
	return add(&vantages->gaps, &vantages->gap_count, &vantages->gap_capacity,
		   (struct watched){.node = node, .from = gap->from, .until = gap->until});
}

static int compare_watched(const void *a, const void *b)
{
	const struct watched *x = a, *y = b;
	int r = strcmp(x->node, y->node);

	r = r ? r : (x->from > y->from) - (x->from < y->from);
	return r ? r : (x->until > y->until) - (x->until < y->until);
}

/* Gaps that overlap become one, so that they end in the order in which they begin. */
static void join_gaps(struct vantages *vantages)
{
	size_t kept = 0;

	for (size_t i = 0; i < vantages->gap_count; i++) {
		const struct watched *gap = &vantages->gaps[i];
		struct watched *last = kept > 0 ? &vantages->gaps[kept - 1] : NULL;

		if (!last || last->node != gap->node || last->until < gap->from)
			vantages->gaps[kept++] = *gap;
		else if (last->until < gap->until)
			last->until = gap->until;
	}
	vantages->gap_count = kept;
}

void vantage_sort(struct vantages *vantages)
{
	if (vantages->node_count > 0)
		qsort(vantages->nodes, vantages->node_count, sizeof(*vantages->nodes),
		      compare_watched);
	if (vantages->gap_count > 0)
		qsort(vantages->gaps, vantages->gap_count, sizeof(*vantages->gaps),
		      compare_watched);
	join_gaps(vantages);
}

void vantage_clear(struct vantages *vantages)
{
	free(vantages->nodes);
	free(vantages->gaps);
	*vantages = (struct vantages){0};
}

/* The first of the node that ends at the moment or later; NULL: none does. */
static const struct watched *ending_from(const struct watched *items, size_t count,
					 const char *node, int64_t moment)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int r = strcmp(items[middle].node, node);

		if (r < 0 || (r == 0 && items[middle].until < moment))
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && items[low].node == node ? &items[low] : NULL;
}

enum cover vantage_cover(const struct vantages *vantages, const char *node, int64_t from,
			 int64_t until)
{
	const struct watched *recorded =
	    ending_from(vantages->nodes, vantages->node_count, node, from);
	const struct watched *gap = ending_from(vantages->gaps, vantages->gap_count, node, from);

	if (!recorded || recorded->from > from || (gap && gap->from <= until))
		return COVER_PART;
	return recorded->until < until ? COVER_BEGINNING : COVER_WHOLE;
}

/* ---- where they stand ---- */

static bool is_here(const struct end *end, const char *recorder)
{
	if (end->kind == END_NODE)
		return end->name == recorder;
	return end->kind == END_POD && (end->local || end->node == recorder);
}

enum vantage vantage_of(const struct graph_edge *edge)
{
	bool at_source = is_here(&edge->from, edge->edge.node);
	bool at_destination = is_here(&edge->to, edge->edge.node);

	if (at_source)
		return at_destination ? VANTAGE_BOTH : VANTAGE_SOURCE;
	return at_destination ? VANTAGE_DESTINATION : VANTAGE_NEITHER;
}

/* ---- who meets whom ---- */

/* A conversation between two nodes, as it is on the wire. */
struct wire {
	struct addr from;
	struct addr to;
	uint16_t port;
	uint8_t protocol;
	const char *node; /* that recorded it */
	struct graph_edge *edge;
};

static int compare_wires(const struct wire *a, const struct wire *b)
{
	int r = addr_compare(a->from, b->from);

	r = r ? r : addr_compare(a->to, b->to);
	r = r ? r : (a->port > b->port) - (a->port < b->port);
	return r ? r : (a->protocol > b->protocol) - (a->protocol < b->protocol);
}

static int sort_wires(const void *a, const void *b)
{
	const struct wire *x = a, *y = b;
	int r = compare_wires(x, y);

	r = r ? r : strcmp(x->node, y->node);
	return r ? r : (x->edge > y->edge) - (x->edge < y->edge);
}

static struct wire departing(struct graph_edge *edge)
{
	const struct edge_key *key = &edge->edge.key;

	return (struct wire){.from = addr_is_set(key->translated) ? key->translated : key->source,
			     .to = key->destination,
			     .port = key->port,
			     .protocol = key->protocol,
			     .node = edge->edge.node,
			     .edge = edge};
}

static struct wire arriving(struct graph_edge *edge)
{
	const struct edge_key *key = &edge->edge.key;
	bool asked = addr_is_set(key->service);

	return (struct wire){.from = key->source,
			     .to = asked ? key->service : key->destination,
			     .port = asked ? key->service_port : key->port,
			     .protocol = key->protocol,
			     .node = edge->edge.node,
			     .edge = edge};
}

static bool departs(const struct graph_edge *edge)
{
	return edge->vantage == VANTAGE_SOURCE || edge->vantage == VANTAGE_NEITHER;
}

/* At the destination, or at the address that the client took for it: a node's port. */
static bool arrives(const struct binder *binder, const struct graph_edge *edge)
{
	const struct edge_key *key = &edge->edge.key;

	if (edge->vantage == VANTAGE_DESTINATION)
		return true;
	return edge->vantage == VANTAGE_NEITHER && addr_is_set(key->service) &&
	       binder_is_own(binder, key->service, edge->edge.node);
}

/* Records of one conversation: those of any nodes where it departed, of one where it arrived. */
struct meeting {
	const struct vantages *vantages;
	struct graph_edge **departed;
	size_t departed_count;
	struct wire *arrived;
	size_t arrived_count;
	const char *node;  /* where it arrived */
	unsigned verdicts; /* BIT()s of those that arrived */
	enum cover cover;  /* how much of what departed the node can have seen */
};

/* Under which verdicts the destination's node may have what the source's node has under this one.
 * What was denied at the source never came. */
static unsigned counterparts(unsigned verdict)
{
	switch (verdict) {
	case VERDICT_ANSWERED:
		return BIT(VERDICT_ANSWERED);
	case VERDICT_DENIED:
		return 0;
	case VERDICT_UNKNOWN:
		return ~0u;
	default:
		return BIT(verdict) | BIT(VERDICT_DENIED);
	}
}

/* The records of one verdict that departed, and of its counterparts that arrived. */
struct side {
	struct graph_edge *first;
	size_t count;
	int64_t connections;
};

static void take(struct side *side, struct graph_edge *edge)
{
	if (side->count++ == 0)
		side->first = edge;
	side->connections += edge->edge.totals.connections;
}

static struct side departed_with(const struct meeting *meeting, unsigned verdict)
{
	struct side side = {0};

	for (size_t i = 0; i < meeting->departed_count; i++)
		if (meeting->departed[i]->edge.key.verdict == verdict)
			take(&side, meeting->departed[i]);
	return side;
}

static struct side arrived_with(const struct meeting *meeting, unsigned verdicts)
{
	struct side side = {0};

	for (size_t i = 0; i < meeting->arrived_count; i++)
		if (verdicts & BIT(meeting->arrived[i].edge->edge.key.verdict))
			take(&side, meeting->arrived[i].edge);
	return side;
}

static void set_departed(const struct meeting *meeting, unsigned verdict, enum standing standing)
{
	for (size_t i = 0; i < meeting->departed_count; i++) {
		struct graph_edge *edge = meeting->departed[i];

		if (edge->edge.key.verdict != verdict)
			continue;
		edge->recorded_by[1] = meeting->node;
		if (edge->standing == STANDING_COUNTS)
			edge->standing = standing;
	}
}

static void set_arrived(const struct meeting *meeting, unsigned verdicts, const char *source,
			enum standing standing)
{
	for (size_t i = 0; i < meeting->arrived_count; i++) {
		struct graph_edge *edge = meeting->arrived[i].edge;

		if (!(verdicts & BIT(edge->edge.key.verdict)))
			continue;
		edge->recorded_by[0] = source;
		edge->recorded_by[1] = meeting->node;
		if (edge->standing == STANDING_COUNTS)
			edge->standing = standing;
	}
}

/* The source's node knows who asked and for which service, the destination's how it went. */
static void take_counts(struct graph_edge *departed, const struct graph_edge *arrived)
{
	departed->edge.totals = arrived->edge.totals;
	departed->edge.key.verdict = arrived->edge.key.verdict;
	departed->edge.first_seen = arrived->edge.first_seen;
	departed->edge.last_seen = arrived->edge.last_seen;
	departed->vantage = VANTAGE_DESTINATION;
}

/* What was asked for is known where it was translated alone. */
static void carry_service(const struct meeting *meeting, unsigned verdict, unsigned verdicts)
{
	const struct graph_edge *asked = NULL;

	for (size_t i = 0; i < meeting->departed_count; i++) {
		const struct graph_edge *edge = meeting->departed[i];

		if (edge->edge.key.verdict != verdict)
			continue;
		if (asked && (!addr_equal(asked->edge.key.service, edge->edge.key.service) ||
			      asked->edge.key.service_port != edge->edge.key.service_port))
			return;
		asked = edge;
	}
	for (size_t i = 0; asked && i < meeting->arrived_count; i++) {
		struct graph_edge *edge = meeting->arrived[i].edge;

		if (!(verdicts & BIT(edge->edge.key.verdict)) ||
		    addr_is_set(edge->edge.key.service))
			continue;
		edge->edge.key.service = asked->edge.key.service;
		edge->edge.key.service_port = asked->edge.key.service_port;
		edge->service_prefix = asked->service_prefix;
		edge->service = asked->service;
	}
}

/* The destination's counts hold: with what the source's node knows beyond them, if it is clear of
 * which connections. */
static void arrival_counts(const struct meeting *meeting, unsigned verdict, unsigned verdicts)
{
	struct side departed = departed_with(meeting, verdict);
	struct side arrived = arrived_with(meeting, verdicts);
	const struct graph_edge *other = arrived.first;
	const char *source = departed.first->edge.node;

	if (departed.count == 1 && arrived.count == 1 && other->standing == STANDING_COUNTS &&
	    !other->recorded_by[1] && !addr_is_set(other->edge.key.service)) {
		set_departed(meeting, verdict, STANDING_COUNTS);
		carry_service(meeting, verdict, verdicts);
		take_counts(departed.first, other);
		set_arrived(meeting, verdicts, source, STANDING_SUPERSEDED);
		return;
	}
	carry_service(meeting, verdict, verdicts);
	if (verdicts == BIT(verdict) && departed.connections == arrived.connections &&
	    !addr_is_set(other->edge.key.service)) {
		set_departed(meeting, verdict, STANDING_COUNTS);
		set_arrived(meeting, verdicts, source, STANDING_SUPERSEDED);
		return;
	}
	set_departed(meeting, verdict,
		     verdicts == BIT(VERDICT_DENIED) ? STANDING_OVERRIDDEN : STANDING_SUPERSEDED);
	set_arrived(meeting, verdicts, source, STANDING_COUNTS);
}

/* Nodes are read one after the other, and stop so: a little may be missing at the end. */
static bool is_complete(const struct meeting *meeting, unsigned verdict, unsigned verdicts)
{
	if (verdict == VERDICT_UNKNOWN || (verdicts & BIT(VERDICT_DENIED)))
		return true;
	if (meeting->cover == COVER_BEGINNING)
		return arrived_with(meeting, verdicts).connections >=
		       departed_with(meeting, verdict).connections;
	return meeting->cover == COVER_WHOLE;
}

static void settle(const struct meeting *meeting, unsigned verdict)
{
	unsigned verdicts = counterparts(verdict) & meeting->verdicts;
	struct side departed = departed_with(meeting, verdict);

	if (departed.count == 0 || verdicts == 0)
		return;
	if (is_complete(meeting, verdict, verdicts)) {
		arrival_counts(meeting, verdict, verdicts);
		return;
	}
	set_departed(meeting, verdict, STANDING_COUNTS);
	carry_service(meeting, verdict, BIT(verdict));
	set_arrived(meeting, BIT(verdict), departed.first->edge.node, STANDING_SUPERSEDED);
}

static void find_cover(struct meeting *meeting)
{
	int64_t first = INT64_MAX, last = INT64_MIN;

	for (size_t i = 0; i < meeting->departed_count; i++) {
		const struct edge *edge = &meeting->departed[i]->edge;

		first = edge->first_seen < first ? edge->first_seen : first;
		last = edge->last_seen > last ? edge->last_seen : last;
	}
	meeting->cover = vantage_cover(meeting->vantages, meeting->node, first, last);
	for (size_t i = 0; i < meeting->arrived_count; i++)
		meeting->verdicts |= BIT(meeting->arrived[i].edge->edge.key.verdict);
}

/* ---- all of them ---- */

struct wires {
	struct wire *items;
	size_t count;
};

static const char *node_of(const struct end *end)
{
	return end->kind == END_NODE ? end->name : end->node;
}

/* Did it leave for this node? An address may have moved from one node to another. */
static bool leaves_for(const struct wire *wire, const char *node, bool is_only)
{
	const char *there = node_of(&wire->edge->to);

	if (wire->node == node)
		return false;
	return there == node || (is_only && !*there);
}

/* Wires that are all equal, but for the nodes where they arrived. */
static void meet(const struct vantages *vantages, struct wires departures, struct wires arrivals,
		 struct graph_edge **departed)
{
	bool is_only = arrivals.items[0].node == arrivals.items[arrivals.count - 1].node;

	for (size_t i = 0, end; i < arrivals.count; i = end) {
		struct meeting meeting = {.vantages = vantages,
					  .departed = departed,
					  .arrived = &arrivals.items[i],
					  .node = arrivals.items[i].node};

		for (end = i + 1; end < arrivals.count && arrivals.items[end].node == meeting.node;
		     end++)
			;
		meeting.arrived_count = end - i;
		for (size_t j = 0; j < departures.count; j++)
			if (leaves_for(&departures.items[j], meeting.node, is_only))
				departed[meeting.departed_count++] = departures.items[j].edge;
		if (meeting.departed_count == 0)
			continue;
		find_cover(&meeting);
		for (unsigned verdict = 1; verdict <= VERDICT_MAX; verdict++)
			settle(&meeting, verdict);
	}
}

static struct wires run_at(const struct wires *wires, size_t at)
{
	struct wires run = {.items = &wires->items[at], .count = 1};

	while (at + run.count < wires->count &&
	       compare_wires(run.items, &run.items[run.count]) == 0)
		run.count++;
	return run;
}

/* Does this one have what the other one passed on? */
static bool has_all_of(const struct vantages *vantages, const struct graph_edge *edge,
		       const struct graph_edge *passed)
{
	return vantage_cover(vantages, edge->edge.node, passed->edge.first_seen,
			     passed->edge.last_seen) == COVER_WHOLE ||
	       edge->edge.totals.connections >= passed->edge.totals.connections;
}

static const struct graph_edge *find_source(const struct wires *run,
					    const struct graph_edge *passed)
{
	for (size_t i = 0; i < run->count; i++) {
		const struct graph_edge *edge = run->items[i].edge;

		if (edge->vantage == VANTAGE_SOURCE &&
		    edge->edge.key.verdict == passed->edge.key.verdict)
			return edge;
	}
	return NULL;
}

/* A node that is a router between two others records what neither left nor came to it: it counts
 * only where the source's node did not record it. */
static void drop_passed(const struct vantages *vantages, struct wires *run)
{
	struct wires kept = {.items = run->items};

	for (size_t i = 0; i < run->count; i++) {
		struct graph_edge *edge = run->items[i].edge;
		const struct edge_key *key = &edge->edge.key;
		const struct graph_edge *source = NULL;

		if (edge->vantage == VANTAGE_NEITHER && !addr_is_set(key->translated) &&
		    !addr_is_set(key->service))
			source = find_source(run, edge);
		if (source && has_all_of(vantages, source, edge))
			edge->standing = STANDING_SUPERSEDED;
	}
	for (size_t i = 0; i < run->count; i++)
		if (run->items[i].edge->standing == STANDING_COUNTS)
			kept.items[kept.count++] = run->items[i];
	*run = kept;
}

static void meet_all(const struct vantages *vantages, const struct wires *departures,
		     const struct wires *arrivals, struct graph_edge **departed)
{
	size_t i = 0, j = 0;

	while (i < departures->count && j < arrivals->count) {
		struct wires left = run_at(departures, i), came = run_at(arrivals, j);
		int r = compare_wires(left.items, came.items);

		i += r <= 0 ? left.count : 0;
		j += r >= 0 ? came.count : 0;
		if (r == 0)
			meet(vantages, left, came, departed);
	}
}

static void drop_all_passed(const struct vantages *vantages, struct wires *departures)
{
	struct wires kept = {.items = departures->items};

	for (size_t i = 0, count; i < departures->count; i += count) {
		struct wires run = run_at(departures, i);

		count = run.count;
		drop_passed(vantages, &run);
		memmove(&kept.items[kept.count], run.items, run.count * sizeof(*run.items));
		kept.count += run.count;
	}
	*departures = kept;
}

static bool is_of_one_node(const struct graph_edge *edges, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (edges[i].edge.node != edges[0].edge.node)
			return false;
	return true;
}

int vantage_merge(const struct vantages *vantages, const struct binder *binder,
		  struct graph_edge *edges, size_t count)
{
	struct wires departures = {0}, arrivals = {0};
	struct graph_edge **departed;
	int r = -ENOMEM;

	if (is_of_one_node(edges, count))
		return 0;
	departures.items = calloc(count, sizeof(*departures.items));
	arrivals.items = calloc(count, sizeof(*arrivals.items));
	departed = calloc(count, sizeof(struct graph_edge *));
	if (!departures.items || !arrivals.items || !departed)
		goto out;
	for (size_t i = 0; i < count; i++) {
		if (departs(&edges[i]))
			departures.items[departures.count++] = departing(&edges[i]);
		if (arrives(binder, &edges[i]))
			arrivals.items[arrivals.count++] = arriving(&edges[i]);
	}
	if (departures.count > 0)
		qsort(departures.items, departures.count, sizeof(*departures.items), sort_wires);
	if (arrivals.count > 0)
		qsort(arrivals.items, arrivals.count, sizeof(*arrivals.items), sort_wires);
	drop_all_passed(vantages, &departures);
	meet_all(vantages, &departures, &arrivals, departed);
	r = 1;
out:
	free(departures.items);
	free(arrivals.items);
	free(departed);
	return r;
}
