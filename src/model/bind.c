#include "model/bind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of so many claims of nodes on one address it is asked when each was. More are no address that
 * moves: they stay "a node". */
#define TURNS_MAX 1024

/* Every claim starts with its address, so that one comparison and one search serve them all. */
static int compare_addresses(const void *a, const void *b)
{
	const struct addr *x = a, *y = b;

	return addr_compare(*x, *y);
}

static int compare_networks(const struct pod_claim *a, const struct pod_claim *b)
{
	int r = addr_compare(a->address, b->address);

	return r ? r
		 : (a->turn.secondary > b->turn.secondary) -
		       (a->turn.secondary < b->turn.secondary);
}

static int compare_pod_claims(const void *a, const void *b)
{
	const struct pod_claim *x = a, *y = b;
	int r = compare_networks(x, y);

	r = r ? r : (x->turn.since > y->turn.since) - (x->turn.since < y->turn.since);
	return r ? r : (x->pod > y->pod) - (x->pod < y->pod);
}

static int compare_node_claims(const void *a, const void *b)
{
	const struct node_claim *x = a, *y = b;
	int r = addr_compare(x->address, y->address);

	r = r ? r : strcmp(x->node, y->node);
	return r ? r : (x->since > y->since) - (x->since < y->since);
}

static int compare_service_claims(const void *a, const void *b)
{
	const struct service_claim *x = a, *y = b;
	int r = addr_compare(x->address, y->address);

	r = r ? r : strcmp(x->service->namespace, y->service->namespace);
	return r ? r : strcmp(x->service->name, y->service->name);
}

static int compare_range_claims(const void *a, const void *b)
{
	const struct range_claim *x = a, *y = b;
	int r = addr_compare(x->range.addr, y->range.addr);

	r = r ? r : (x->range.length > y->range.length) - (x->range.length < y->range.length);
	return r ? r : strcmp(x->node, y->node);
}

static void sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	if (count > 0)
		qsort(items, count, size, compare);
}

/* So many are remembered, a power of two. */
#define REMEMBERED_BITS 18

static void note_ends(struct pod_claim *claims, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		claims[i].latest = claims[i].turn.until;
		if (i > 0 && compare_networks(&claims[i - 1], &claims[i]) == 0 &&
		    claims[i - 1].latest > claims[i].latest)
			claims[i].latest = claims[i - 1].latest;
	}
}

static uint64_t address_hash(struct addr address)
{
	uint64_t words[2];
	uint64_t hash;

	memcpy(words, address.bytes, sizeof(words));
	hash = words[0] * UINT64_C(0x9e3779b97f4a7c15) + words[1] * UINT64_C(0xc2b2ae3d27d4eb4f);
	return hash ^ hash >> 32;
}

int binder_sort(struct binder *binder)
{
	sort(binder->recorded_pods, binder->recorded_pod_count, sizeof(*binder->recorded_pods),
	     compare_addresses);
	sort(binder->inventory_pods, binder->inventory_pod_count, sizeof(*binder->inventory_pods),
	     compare_pod_claims);
	note_ends(binder->inventory_pods, binder->inventory_pod_count);
	sort(binder->nodes, binder->node_count, sizeof(*binder->nodes), compare_node_claims);
	sort(binder->ranges, binder->range_count, sizeof(*binder->ranges), compare_range_claims);
	sort(binder->services, binder->service_count, sizeof(*binder->services),
	     compare_service_claims);
	binder->remembered = calloc((size_t)1 << REMEMBERED_BITS, sizeof(*binder->remembered));
	if (sieve_init(&binder->recorded, binder->recorded_pod_count) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < binder->recorded_pod_count; i++)
		sieve_put(&binder->recorded, address_hash(binder->recorded_pods[i]));
	return 0;
}

void binder_clear(struct binder *binder)
{
	registry_free(binder->registry);
	registry_free(binder->further);
	free(binder->rows);
	free(binder->recorded_pods);
	free(binder->inventory_pods);
	free(binder->nodes);
	free(binder->ranges);
	free(binder->services);
	sieve_clear(&binder->recorded);
	free(binder->remembered);
	classes_clear(&binder->classes);
	*binder = (struct binder){0};
}

/* The first claim whose address is not before this one; with after: not before nor equal. */
static size_t claims_bound(const void *claims, size_t count, size_t size, struct addr address,
			   bool after)
{
	const char *base = claims;
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int r = compare_addresses(base + middle * size, &address);

		if (r < 0 || (after && r == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first of the claims with the address, and how many there are. */
static size_t find_claims(const void *claims, size_t count, size_t size, struct addr address,
			  size_t *ret_count)
{
	size_t first = claims_bound(claims, count, size, address, false);
	const char *found;

	*ret_count = 0;
	if (first == count)
		return first;
	found = (const char *)claims + first * size;
	if (compare_addresses(found, &address) == 0)
		*ret_count = claims_bound(found, count - first, size, address, true);
	return first;
}

static struct end plain_end(enum end_kind kind, const char *class, const char *reason,
			    struct addr address)
{
	return (struct end){.kind = kind,
			    .class = class,
			    .reason = reason,
			    .namespace = "",
			    .name = "",
			    .uid = "",
			    .node = "",
			    .address = address,
			    .pod = GRAPH_NONE,
			    .workload = GRAPH_NONE};
}

static struct end pod_end(const struct binder *binder, size_t pod, const struct sighting *sighting)
{
	const struct graph_pod *known = &binder->pods[pod];
	struct end end = plain_end(END_POD, "pod", NULL, sighting->address);

	if (*known->conflict)
		return plain_end(END_UNKNOWN, "ambiguous", GRAPH_REASON_CONFLICT,
				 sighting->address);
	end.namespace = known->namespace;
	end.name = known->name;
	end.uid = known->uid;
	end.node = known->node;
	end.pod = pod;
	end.workload = known->workload;
	return end;
}

/* Of a further network: it may have been of the primary one at another time. */
static bool is_secondary(const struct pod_row *row, const struct sighting *sighting)
{
	bool secondary = false;

	for (size_t i = 0; i < row->address_count; i++) {
		const struct pod_address *address = &row->addresses[i];

		if (!addr_equal(address->address, sighting->address))
			continue;
		secondary = address->secondary;
		if (address->since <= sighting->from && address->until > sighting->from)
			break;
	}
	return secondary;
}

static struct end row_end(const struct binder *binder, const struct pod_row *row,
			  const struct sighting *sighting)
{
	struct end end = pod_end(binder, row->pod, sighting);

	end.secondary = is_secondary(row, sighting);
	return end;
}

const struct end *binder_row(const struct binder *binder, struct pod_row *row,
			     const struct sighting *sighting)
{
	const struct end *last = row->end;
	struct end end;

	if (last && addr_equal(last->address, sighting->address) &&
	    last->secondary == is_secondary(row, sighting))
		return last;
	end = row_end(binder, row, sighting);
	row->end = ends_intern(binder->ends, &end);
	return row->end;
}

static struct end node_end(const struct node_claim *claim, struct addr address)
{
	struct end end = plain_end(END_NODE, "node", claim->reason, address);

	end.name = claim->node;
	return end;
}

/* It was one of several nodes, who knows which. */
static const struct node_claim some_node = {
    .node = "", .reason = "an address that several nodes have", .recorded = true};

/* Claims of one address are sorted by node. NULL: it has none. */
static const struct node_claim *find_claim(const struct node_claim *claims, size_t count,
					   const char *node)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(claims[middle].node, node) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && claims[low].node == node ? &claims[low] : NULL;
}

static bool overlaps(const struct node_claim *claim, const struct sighting *sighting)
{
	return claim->since <= sighting->until && claim->until > sighting->from;
}

/* What a node had when it began to record, or took a moment later, it may have had. */
static bool may_overlap(const struct node_claim *claim, const struct sighting *sighting)
{
	return (claim->began || claim->since <= sighting->until + BIND_SLACK) &&
	       claim->until > sighting->from;
}

/* The one node that had the address at the time; NULL: none. */
static const struct node_claim *
find_node_then(const struct node_claim *claims, size_t count, const struct sighting *sighting,
	       bool recorded, bool (*had_it)(const struct node_claim *, const struct sighting *))
{
	const struct node_claim *then = NULL;

	for (size_t i = 0; i < count; i++) {
		if (claims[i].recorded != recorded || !had_it(&claims[i], sighting))
			continue;
		if (then && then->node != claims[i].node)
			return &some_node;
		then = then ? then : &claims[i];
	}
	return then;
}

/* The recorder's own, if it had the address throughout; recorded: by itself. */
static const struct node_claim *find_own(const struct node_claim *claims, size_t count,
					 const struct sighting *sighting, bool recorded)
{
	const struct node_claim *own = find_claim(claims, count, sighting->recorder);

	for (size_t i = 0; own && i < TURNS_MAX; i++, own++) {
		if (own == claims + count || own->node != sighting->recorder)
			return NULL;
		if (own->recorded == recorded && own->since <= sighting->from &&
		    own->until > sighting->until)
			return own;
	}
	return NULL;
}

/*
 * What nodes recorded of that time comes before what the inventory says. Bridges and tunnels have
 * the same addresses on many nodes: the recorder's own counts. Where several remain, it is a node,
 * but not known which. NULL: none had it then.
 */
static const struct node_claim *find_node(const struct node_claim *claims, size_t count,
					  const struct sighting *sighting)
{
	const struct node_claim *found = find_own(claims, count, sighting, true);

	if (found)
		return found;
	if (count > TURNS_MAX)
		return &some_node;
	found = find_node_then(claims, count, sighting, true, overlaps);
	if (!found)
		found = find_own(claims, count, sighting, false);
	if (!found)
		found = find_node_then(claims, count, sighting, false, overlaps);
	return found ? found : find_node_then(claims, count, sighting, true, may_overlap);
}

/* Ranges of nodes do not overlap: the last that starts at or before the address is the only
 * candidate. */
static const struct range_claim *find_range(const struct binder *binder, struct addr address)
{
	size_t low = 0, high = binder->range_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addr_compare(binder->ranges[middle].range.addr, address) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || !prefix_contains(binder->ranges[low - 1].range, address))
		return NULL;
	return &binder->ranges[low - 1];
}

static bool is_registered(const struct registry *registry, struct addr address)
{
	uint32_t number = 0;

	return registry_bind_span(registry, address, INT64_MIN, INT64_MAX, 0, &number) ==
		   -ENOTUNIQ ||
	       number != 0;
}

static bool was_ever_recorded(const struct binder *binder, struct addr address)
{
	return sieve_may_have(&binder->recorded, address_hash(address)) &&
	       (is_registered(binder->registry, address) ||
		is_registered(binder->further, address));
}

static bool is_last_of(struct prefix range, struct addr address)
{
	size_t length = addr_length(address);

	for (size_t bit = range.length; bit < 8 * length; bit++)
		if (!(address.bytes[bit / 8] & (0x80 >> bit % 8)))
			return false;
	return range.length < 8 * length - 1;
}

/* An address of a range is a pod's, but for the first, which flannel's tunnel has, and the last. */
static struct end ranged_end(const struct range_claim *range, struct addr address)
{
	const struct node_claim tunnel = {.node = range->node, .reason = range->tunnel};

	if (addr_equal(range->range.addr, address))
		return node_end(&tunnel, address);
	if (address.family == ADDR_IPV4 && is_last_of(range->range, address))
		return plain_end(END_EXTERNAL, "broadcast", "last address of a node's pod range",
				 address);
	return plain_end(END_UNKNOWN, "pod", range->inside, address);
}

static const struct service_claim *find_service(const struct binder *binder, struct addr address)
{
	const size_t count = binder->service_count;
	size_t first =
	    claims_bound(binder->services, count, sizeof(*binder->services), address, false);

	return first < count && addr_equal(binder->services[first].address, address)
		   ? &binder->services[first]
		   : NULL;
}

static struct end outside_end(const struct binder *binder, struct addr address)
{
	const struct service_claim *service = find_service(binder, address);
	const char *class, *reason;
	struct end end;

	if (service) {
		end = plain_end(END_EXTERNAL, "service", service->reason, address);
		end.service_address = true;
		return end;
	}
	if (classes_name(address, &class, &reason))
		return plain_end(END_EXTERNAL, class, reason, address);
	return plain_end(END_EXTERNAL, "external", "no pod, node or service is known to have it",
			 address);
}

/* Those of the inventory that had the address at the time. */
struct holders {
	const struct pod_claim *last;
	size_t count;
	size_t throughout; /* that had it in all of the time */
};

/* Where those of that kind of network which begin later would stand. */
static size_t begun_by(const struct pod_claim *claims, size_t count, bool secondary, int64_t moment)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct pod_address *turn = &claims[middle].turn;

		if (turn->secondary == secondary ? turn->since > moment : turn->secondary)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Claims of one address. A further network contests no primary one. */
static struct holders find_holders(const struct pod_claim *claims, size_t count,
				   const struct sighting *sighting, bool secondary)
{
	struct holders holders = {0};

	for (size_t i = begun_by(claims, count, secondary, sighting->until); i-- > 0;) {
		const struct pod_address *turn = &claims[i].turn;

		if (turn->secondary != secondary || claims[i].latest < sighting->from)
			break;
		if (turn->until < sighting->from)
			continue;
		holders.last = &claims[i];
		holders.count++;
		holders.throughout +=
		    turn->since <= sighting->from && turn->until >= sighting->until;
	}
	return holders;
}

static struct end held_end(const struct binder *binder, const struct sighting *sighting,
			   const struct holders *holders, bool *ret_changed)
{
	struct end end;

	*ret_changed = holders->throughout < holders->count && holders->throughout < 2;
	if (holders->count > 1)
		return plain_end(END_UNKNOWN, "ambiguous", "several pods of the inventory have it",
				 sighting->address);
	if (*ret_changed)
		return plain_end(END_UNKNOWN, "ambiguous",
				 "a pod of the inventory had it in a part of this time",
				 sighting->address);
	end = pod_end(binder, holders->last->pod, sighting);
	end.secondary = holders->last->turn.secondary;
	return end;
}

/* Nobody is recorded to have had the address then, and no node had it. was_node: at another time.
 * *ret_validity: always, of what nobody had at any time. */
static struct end unrecorded_end(const struct binder *binder, const struct sighting *sighting,
				 bool was_node, bool *ret_changed, struct interval *ret_validity)
{
	const struct addr address = sighting->address;
	size_t count;
	size_t first = find_claims(binder->inventory_pods, binder->inventory_pod_count,
				   sizeof(*binder->inventory_pods), address, &count);
	const struct pod_claim *claims = count > 0 ? &binder->inventory_pods[first] : NULL;
	struct holders holders = find_holders(claims, count, sighting, false);
	const struct range_claim *range = find_range(binder, address);

	if (holders.count == 0)
		holders = find_holders(claims, count, sighting, true);
	/* An address that moved before or after: an inventory knows less of that. */
	if (holders.count < 2 && was_ever_recorded(binder, address))
		return plain_end(END_UNKNOWN, "pod", "a pod had it at another time", address);
	if (holders.count > 0)
		return held_end(binder, sighting, &holders, ret_changed);
	if (count > 0)
		return plain_end(END_UNKNOWN, "pod",
				 "a pod of the inventory had it at another time", address);
	if (was_node)
		return plain_end(END_UNKNOWN, "node", "a node had it at another time", address);
	*ret_validity = (struct interval){.from = INT64_MIN, .until = INT64_MAX};
	return range ? ranged_end(range, address) : outside_end(binder, address);
}

/* Two pods' at its beginning and at its end: no part of the time would tell more. */
static bool changed_hands(const struct registry *registry, const struct sighting *sighting)
{
	uint32_t number;

	return registry_bind(registry, sighting->address, sighting->from, 0, &number) !=
		   -ENOTUNIQ ||
	       registry_bind(registry, sighting->address, sighting->until, 0, &number) != -ENOTUNIQ;
}

/* The row that had it; NULL with 0: none. */
static int find_row(const struct binder *binder, const struct registry *registry,
		    const struct sighting *sighting, const struct pod_row **ret)
{
	uint32_t number = 0;
	int r = registry_bind_span(registry, sighting->address, sighting->from, sighting->until,
				   sighting->slack, &number);

	*ret = r == 0 && number > 0 ? binder->rows[number] : NULL;
	return r;
}

/* Another node's pod, by another clock: a little earlier or later it was another one's. */
static bool may_be_another(const struct binder *binder, const struct registry *registry,
			   const struct sighting *sighting, const struct pod_row *row)
{
	return binder->pods[row->pod].node != sighting->recorder &&
	       registry_is_shared(registry, sighting->address, sighting->from - BIND_SLACK,
				  sighting->until + BIND_SLACK);
}

/* When the row's pod alone had the address, and nobody ever else; else never. */
static struct interval sole_turn(const struct binder *binder, const struct pod_row *row,
				 struct addr address)
{
	struct interval turn = {.from = INT64_MAX, .until = INT64_MIN};
	size_t count;

	find_claims(binder->recorded_pods, binder->recorded_pod_count,
		    sizeof(*binder->recorded_pods), address, &count);
	for (size_t i = 0; count == 1 && i < row->address_count; i++)
		if (addr_equal(row->addresses[i].address, address))
			turn = (struct interval){.from = row->addresses[i].since,
						 .until = row->addresses[i].until};
	return turn;
}

static int find_end(const struct binder *binder, const struct sighting *sighting, struct end *ret,
		    bool *ret_changed, struct interval *ret_validity)
{
	const struct registry *registry = binder->registry;
	const struct pod_row *row = NULL;
	const struct node_claim *node = NULL;
	size_t first, count;
	bool recorded = sieve_may_have(&binder->recorded, address_hash(sighting->address));
	int r = 0;

	if (recorded)
		r = find_row(binder, registry, sighting, &row);
	if (recorded && r == 0 && !row) {
		registry = binder->further;
		r = find_row(binder, registry, sighting, &row);
	}
	if (r < 0 && r != -ENOTUNIQ)
		return r;
	if (row && may_be_another(binder, registry, sighting, row)) {
		*ret_changed = sighting->from < sighting->until;
		*ret = plain_end(END_UNKNOWN, "ambiguous",
				 "another pod had it a moment before or after", sighting->address);
		return 0;
	}
	if (r == -ENOTUNIQ) {
		*ret_changed = changed_hands(registry, sighting);
		*ret = plain_end(END_UNKNOWN, "ambiguous", "several pods had it in this time",
				 sighting->address);
		return 0;
	}
	if (row) {
		*ret = row_end(binder, row, sighting);
		*ret_validity = sole_turn(binder, row, sighting->address);
		return 0;
	}
	first = find_claims(binder->nodes, binder->node_count, sizeof(*binder->nodes),
			    sighting->address, &count);
	if (count > 0)
		node = find_node(&binder->nodes[first], count, sighting);
	if (!node) {
		*ret = unrecorded_end(binder, sighting, count > 0, ret_changed, ret_validity);
		return 0;
	}
	*ret = node_end(node, sighting->address);
	ret->service_address = node->recorded && find_service(binder, sighting->address);
	return 0;
}

/* NULL: nothing is remembered of any address. */
static struct remembered *slot_of(const struct binder *binder, uint64_t hash)
{
	const uint64_t mask = (UINT64_C(1) << REMEMBERED_BITS) - 1;

	return binder->remembered ? &binder->remembered[hash & mask] : NULL;
}

void binder_fetch_place(const struct binder *binder, struct addr address)
{
	__builtin_prefetch(slot_of(binder, address_hash(address)));
}

void binder_fetch_end(const struct binder *binder, struct addr address)
{
	const struct remembered *slot = slot_of(binder, address_hash(address));

	if (slot)
		__builtin_prefetch(slot->end);
}

static bool is_remembered(const struct remembered *slot, const struct sighting *sighting)
{
	return slot && slot->end && addr_equal(slot->end->address, sighting->address) &&
	       sighting->from >= slot->from && sighting->from <= sighting->until &&
	       sighting->until < slot->until;
}

int binder_address(const struct binder *binder, const struct sighting *sighting,
		   const struct end **ret, bool *ret_changed)
{
	struct remembered *slot = slot_of(binder, address_hash(sighting->address));
	struct interval validity = {.from = INT64_MAX, .until = INT64_MIN};
	struct end end;
	int r;

	*ret_changed = false;
	if (is_remembered(slot, sighting)) {
		*ret = slot->end;
		return 0;
	}
	r = find_end(binder, sighting, &end, ret_changed, &validity);
	if (r < 0)
		return r;
	*ret = ends_intern(binder->ends, &end);
	if (!*ret)
		return -ENOMEM;
	if (slot && validity.from < validity.until)
		*slot = (struct remembered){
		    .end = *ret, .from = validity.from, .until = validity.until};
	return 0;
}

/* The claims start with their addresses and are sorted by them. */
static bool has_within(const void *claims, size_t count, size_t size, struct prefix prefix)
{
	size_t first = claims_bound(claims, count, size, prefix.addr, false);
	struct addr address;

	if (first == count)
		return false;
	memcpy(&address, (const char *)claims + first * size, sizeof(address));
	return prefix_contains(prefix, address);
}

static bool is_of_cluster(const struct binder *binder, struct prefix prefix)
{
	return find_range(binder, prefix.addr) ||
	       has_within(binder->ranges, binder->range_count, sizeof(*binder->ranges), prefix) ||
	       has_within(binder->recorded_pods, binder->recorded_pod_count,
			  sizeof(*binder->recorded_pods), prefix) ||
	       has_within(binder->inventory_pods, binder->inventory_pod_count,
			  sizeof(*binder->inventory_pods), prefix) ||
	       has_within(binder->nodes, binder->node_count, sizeof(*binder->nodes), prefix);
}

const struct end *binder_prefix(const struct binder *binder, struct addr address, uint8_t prefix)
{
	struct end end =
	    plain_end(END_EXTERNAL, "external", "many addresses, recorded as one prefix", address);

	if (is_of_cluster(binder, (struct prefix){.addr = address, .length = prefix}))
		end = plain_end(END_UNKNOWN, "ambiguous", GRAPH_REASON_FOLDED, address);
	end.prefix = prefix;
	return ends_intern(binder->ends, &end);
}

bool binder_is_own(const struct binder *binder, struct addr address, const char *node)
{
	size_t count;
	size_t first =
	    find_claims(binder->nodes, binder->node_count, sizeof(*binder->nodes), address, &count);

	return count > 0 && find_claim(&binder->nodes[first], count, node);
}

const struct inventory_service *binder_service(const struct binder *binder, struct addr address)
{
	const struct service_claim *claim = find_service(binder, address);

	return claim ? claim->service : NULL;
}
