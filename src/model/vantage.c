#include "model/vantage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/meeting.h"
#include "model/sieve.h"

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

bool end_is_on(const struct end *end, const char *node)
{
	return end->kind == END_POD && *node && end->node == node;
}

static bool is_here(const struct end *end, bool local, const char *recorder)
{
	return end->kind == END_NODE ? end->name == recorder : local || end_is_on(end, recorder);
}

enum vantage vantage_of(const struct graph_edge *edge)
{
	bool at_source = is_here(edge->from, edge->local[0], edge->edge.node);
	bool at_destination = is_here(edge->to, edge->local[1], edge->edge.node);

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

static uint64_t hash_with(uint64_t hash, const void *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

/* Equal for wires that are the same. */
static uint64_t wire_hash(const struct wire *wire)
{
	uint64_t hash = (uint64_t)wire->port << 8 | wire->protocol;

	hash = hash_with(hash, wire->from.bytes);
	hash = hash_with(hash, wire->from.bytes + 8);
	hash = hash_with(hash, wire->to.bytes);
	return hash_with(hash, wire->to.bytes + 8);
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

/* ---- all of them ---- */

struct wires {
	struct wire *items;
	size_t count;
};

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

/* A router's record, which the source's may have all of. */
static bool was_passed(const struct graph_edge *edge)
{
	const struct edge_key *key = &edge->edge.key;

	return edge->vantage == VANTAGE_NEITHER && !addr_is_set(key->translated) &&
	       !addr_is_set(key->service);
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
		const struct graph_edge *source = was_passed(edge) ? find_source(run, edge) : NULL;

		if (!source || !has_all_of(vantages, source, edge))
			continue;
		edge->standing = STANDING_SUPERSEDED;
		edge->told_elsewhere[0] = edge->told_elsewhere[1] = true;
	}
	for (size_t i = 0; i < run->count; i++)
		if (run->items[i].edge->standing == STANDING_COUNTS)
			kept.items[kept.count++] = run->items[i];
	*run = kept;
}

/* Room for all records that meet. */
struct hall {
	struct graph_edge **departed;
	struct graph_edge **arrived;
	struct meeting_room room;
};

static struct records enter(struct graph_edge **items, const struct wires *wires)
{
	for (size_t i = 0; i < wires->count; i++)
		items[i] = wires->items[i].edge;
	return (struct records){.items = items, .count = wires->count};
}

static int meet_all(const struct vantages *vantages, const struct wires *departures,
		    const struct wires *arrivals, const struct hall *hall)
{
	size_t i = 0, j = 0;
	int met = 0;

	while (met == 0 && i < departures->count && j < arrivals->count) {
		struct wires left = run_at(departures, i), came = run_at(arrivals, j);
		int r = compare_wires(left.items, came.items);

		i += r <= 0 ? left.count : 0;
		j += r >= 0 ? came.count : 0;
		if (r == 0)
			met = meeting_settle(vantages, &hall->room, enter(hall->departed, &left),
					     enter(hall->arrived, &came));
	}
	return met;
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

static void sort_all(struct wires *wires)
{
	if (wires->count > 0)
		qsort(wires->items, wires->count, sizeof(*wires->items), sort_wires);
}

/* ---- the wrong way round ---- */

/*
 * Who was picked up under way may be the server: its record leads from there to the client's port.
 * The other node, which saw the connections begin, has more of them than this one then.
 */
struct reversal {
	struct graph_edge *edge;
	struct graph_edge *certain; /* one of the other node's records of them */
};

struct reversals {
	struct reversal *items;
	size_t count;
};

static bool may_be_reversed(const struct graph_edge *edge)
{
	const struct edge_key *key = &edge->edge.key;

	return key->direction_uncertain && key->has_port && !addr_is_set(key->translated) &&
	       !addr_is_set(key->service) &&
	       (edge->vantage == VANTAGE_SOURCE || edge->vantage == VANTAGE_DESTINATION);
}

static struct wire reversed(struct graph_edge *edge)
{
	const struct edge_key *key = &edge->edge.key;

	return (struct wire){.from = key->destination,
			     .to = key->source,
			     .protocol = key->protocol,
			     .node = edge->edge.node,
			     .edge = edge};
}

/* One node's of a run. */
static struct wires of_node(const struct wires *run, size_t at)
{
	struct wires same = {.items = &run->items[at], .count = 1};

	while (at + same.count < run->count && same.items[same.count].node == same.items[0].node)
		same.count++;
	return same;
}

/* What the others have of services on lower ports, begun before any of these, beyond what this node
 * has of them itself. */
static int64_t find_spare(const struct wires *certain, const struct wires *uncertain,
			  struct graph_edge **ret)
{
	int64_t spare = 0, first = INT64_MAX;
	uint16_t port = UINT16_MAX;

	for (size_t i = 0; i < uncertain->count; i++) {
		const struct edge_record *edge = &uncertain->items[i].edge->edge;

		first = edge->first_seen < first ? edge->first_seen : first;
		port = edge->key.port < port ? edge->key.port : port;
	}
	for (size_t i = 0; i < certain->count; i++) {
		struct graph_edge *edge = certain->items[i].edge;

		if (edge->edge.key.port >= port || edge->edge.first_seen > first + BIND_SLACK)
			continue;
		if (certain->items[i].node == uncertain->items[0].node) {
			spare -= edge->edge.totals.connections;
			continue;
		}
		spare += edge->edge.totals.connections;
		*ret = edge;
	}
	return spare;
}

static void reverse_run(const struct wires *certain, const struct wires *run,
			struct reversals *reversals)
{
	for (size_t i = 0, count; i < run->count; i += count) {
		const struct wires uncertain = of_node(run, i);
		struct graph_edge *other = NULL;
		int64_t spare = find_spare(certain, &uncertain, &other);

		count = uncertain.count;
		for (size_t j = 0; j < count; j++) {
			struct graph_edge *edge = uncertain.items[j].edge;
			int64_t connections = edge->edge.totals.connections;

			if (!other || spare < connections)
				continue;
			spare -= connections;
			reversals->items[reversals->count++] =
			    (struct reversal){.edge = edge, .certain = other};
		}
	}
}

/* Each connection that began before both nodes' eyes is on one of these lines, or on one of those
 * that may lead the wrong way. */
static bool make_line(struct graph_edge *edge, const struct binder *binder, struct wire *ret)
{
	if (edge->edge.key.direction_uncertain || (!departs(edge) && !arrives(binder, edge)))
		return false;
	*ret = departs(edge) ? departing(edge) : arriving(edge);
	ret->port = 0;
	return true;
}

static int find_uncertain(struct graph_edge *edges, size_t count, struct wires *wires,
			  struct sieve *sieve)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += may_be_reversed(&edges[i]);
	wires->items = calloc(found + 1, sizeof(*wires->items));
	if (!wires->items || sieve_init(sieve, found) < 0)
		return -ENOMEM;
	for (size_t i = 0; wires->count < found; i++) {
		struct wire *wire = &wires->items[wires->count];

		if (!may_be_reversed(&edges[i]))
			continue;
		*wire = reversed(&edges[i]);
		sieve_put(sieve, wire_hash(wire));
		wires->count++;
	}
	sort_all(wires);
	return 0;
}

/* Those on the lines of uncertain ones. */
static int find_certain(const struct binder *binder, struct graph_edge *edges, size_t count,
			const struct sieve *sieve, struct wires *wires)
{
	struct wire wire;

	wires->items = calloc(count + 1, sizeof(*wires->items));
	if (!wires->items)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (make_line(&edges[i], binder, &wire) && sieve_may_have(sieve, wire_hash(&wire)))
			wires->items[wires->count++] = wire;
	sort_all(wires);
	return 0;
}

static void reverse_all(const struct wires *certain, const struct wires *uncertain,
			struct reversals *ret)
{
	size_t i = 0, j = 0;

	while (i < certain->count && j < uncertain->count) {
		struct wires left = run_at(certain, i), right = run_at(uncertain, j);
		int r = compare_wires(left.items, right.items);

		i += r <= 0 ? left.count : 0;
		j += r >= 0 ? right.count : 0;
		if (r == 0)
			reverse_run(&left, &right, ret);
	}
}

/* Before the records meet, because that changes their counts. */
static int find_reversals(const struct binder *binder, struct graph_edge *edges, size_t count,
			  struct reversals *ret)
{
	struct wires certain = {0}, uncertain = {0};
	struct sieve sieve = {0};
	int r = find_uncertain(edges, count, &uncertain, &sieve);

	if (r == 0 && uncertain.count > 0)
		r = find_certain(binder, edges, count, &sieve, &certain);
	if (r == 0) {
		ret->items = calloc(uncertain.count + 1, sizeof(*ret->items));
		r = ret->items ? 0 : -ENOMEM;
	}
	if (r == 0)
		reverse_all(&certain, &uncertain, ret);
	sieve_clear(&sieve);
	free(certain.items);
	free(uncertain.items);
	return r;
}

/* Those that met no record of their own direction. */
static void settle_reversals(const struct reversals *reversals)
{
	for (size_t i = 0; i < reversals->count; i++) {
		struct graph_edge *edge = reversals->items[i].edge;
		struct graph_edge *certain = reversals->items[i].certain;
		const char *node = edge->edge.node;

		if (edge->recorded_by[1] || edge->standing != STANDING_COUNTS)
			continue;
		edge->standing = STANDING_SUPERSEDED;
		edge->told_elsewhere[0] = edge->told_elsewhere[1] = true;
		if (certain->recorded_by[1])
			continue;
		certain->recorded_by[1] = departs(certain) ? node : certain->edge.node;
		certain->recorded_by[0] = departs(certain) ? certain->edge.node : node;
	}
}

static bool is_of_one_node(const struct graph_edge *edges, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (edges[i].edge.node != edges[0].edge.node)
			return false;
	return true;
}

static void hall_clear(struct hall *hall)
{
	free(hall->departed);
	free(hall->arrived);
	free(hall->room.by_pod);
	free(hall->room.by_time);
}

static int hall_init(struct hall *hall, struct ends *ends, size_t count)
{
	*hall = (struct hall){.departed = calloc(count, sizeof(struct graph_edge *)),
			      .arrived = calloc(count, sizeof(struct graph_edge *)),
			      .room.by_pod = calloc(count, sizeof(struct owner)),
			      .room.by_time = calloc(count, sizeof(struct owner)),
			      .room.ends = ends};
	if (hall->departed && hall->arrived && hall->room.by_pod && hall->room.by_time)
		return 0;
	hall_clear(hall);
	return -ENOMEM;
}

static int meet_on_wires(const struct vantages *vantages, struct ends *ends,
			 struct wires *departures, struct wires *arrivals)
{
	size_t most = departures->count > arrivals->count ? departures->count : arrivals->count;
	struct hall hall;
	int r = hall_init(&hall, ends, most + 1);

	if (r < 0)
		return r;
	sort_all(departures);
	sort_all(arrivals);
	drop_all_passed(vantages, departures);
	r = meet_all(vantages, departures, arrivals, &hall);
	hall_clear(&hall);
	return r;
}

/* An edge's wires, as hashes; 0: it has none. */
struct hashes {
	uint64_t departing;
	uint64_t arriving;
	bool was_passed;
};

/* What there is on the other side, and of routers. */
struct sides {
	struct hashes *hashes; /* one an edge */
	struct sieve departed, arrived, passed;
};

static uint64_t hash_or_one(struct wire wire)
{
	uint64_t hash = wire_hash(&wire);

	return hash ? hash : 1;
}

static int hash_all(struct sides *sides, const struct binder *binder, struct graph_edge *edges,
		    size_t count)
{
	size_t departed = 0, arrived = 0, passed = 0;

	for (size_t i = 0; i < count; i++) {
		struct hashes *hashes = &sides->hashes[i];

		if (departs(&edges[i]))
			hashes->departing = hash_or_one(departing(&edges[i]));
		if (arrives(binder, &edges[i]))
			hashes->arriving = hash_or_one(arriving(&edges[i]));
		hashes->was_passed = hashes->departing && was_passed(&edges[i]);
		departed += hashes->departing != 0;
		arrived += hashes->arriving != 0;
		passed += hashes->was_passed;
	}
	if (sieve_init(&sides->departed, departed) < 0 ||
	    sieve_init(&sides->arrived, arrived) < 0 || sieve_init(&sides->passed, passed) < 0)
		return -ENOMEM;
	return 0;
}

static int sides_init(struct sides *sides, const struct binder *binder, struct graph_edge *edges,
		      size_t count)
{
	int r;

	sides->hashes = calloc(count, sizeof(*sides->hashes));
	r = sides->hashes ? hash_all(sides, binder, edges, count) : -ENOMEM;
	for (size_t i = 0; r == 0 && i < count; i++) {
		const struct hashes *hashes = &sides->hashes[i];

		if (hashes->departing)
			sieve_put(&sides->departed, hashes->departing);
		if (hashes->arriving)
			sieve_put(&sides->arrived, hashes->arriving);
		if (hashes->was_passed)
			sieve_put(&sides->passed, hashes->departing);
	}
	return r;
}

static void sides_clear(struct sides *sides)
{
	free(sides->hashes);
	sieve_clear(&sides->departed);
	sieve_clear(&sides->arrived);
	sieve_clear(&sides->passed);
}

/* Most have nobody to meet. */
static void add_wires(const struct sides *sides, struct graph_edge *edges, size_t count,
		      struct wires *departures, struct wires *arrivals)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t departs = sides->hashes[i].departing, arrives = sides->hashes[i].arriving;

		if (departs && (sieve_may_have(&sides->arrived, departs) ||
				sieve_may_have(&sides->passed, departs)))
			departures->items[departures->count++] = departing(&edges[i]);
		if (arrives && sieve_may_have(&sides->departed, arrives))
			arrivals->items[arrivals->count++] = arriving(&edges[i]);
	}
}

static int merge(const struct vantages *vantages, const struct binder *binder, struct ends *ends,
		 struct graph_edge *edges, size_t count)
{
	struct wires departures = {.items = calloc(count, sizeof(*departures.items))};
	struct wires arrivals = {.items = calloc(count, sizeof(*arrivals.items))};
	struct sides sides = {0};
	int r =
	    departures.items && arrivals.items ? sides_init(&sides, binder, edges, count) : -ENOMEM;

	if (r == 0)
		add_wires(&sides, edges, count, &departures, &arrivals);
	sides_clear(&sides);
	if (r == 0)
		r = meet_on_wires(vantages, ends, &departures, &arrivals);
	free(departures.items);
	free(arrivals.items);
	return r;
}

int vantage_merge(const struct vantages *vantages, const struct binder *binder, struct ends *ends,
		  struct graph_edge *edges, size_t count)
{
	struct reversals reversals = {0};
	int r;

	if (is_of_one_node(edges, count))
		return 0;
	r = find_reversals(binder, edges, count, &reversals);
	if (r == 0)
		r = merge(vantages, binder, ends, edges, count);
	if (r == 0)
		settle_reversals(&reversals);
	free(reversals.items);
	return r < 0 ? r : 1;
}
