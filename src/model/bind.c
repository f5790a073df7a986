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

static int compare_pod_claims(const void *a, const void *b)
{
	const struct pod_claim *x = a, *y = b;
	int r = addr_compare(x->address, y->address);

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

void binder_sort(struct binder *binder)
{
	sort(binder->inventory_pods, binder->inventory_pod_count, sizeof(*binder->inventory_pods),
	     compare_pod_claims);
	sort(binder->nodes, binder->node_count, sizeof(*binder->nodes), compare_node_claims);
	sort(binder->ranges, binder->range_count, sizeof(*binder->ranges), compare_range_claims);
	sort(binder->services, binder->service_count, sizeof(*binder->services),
	     compare_service_claims);
}

void binder_clear(struct binder *binder)
{
	registry_free(binder->registry);
	free(binder->rows);
	free(binder->inventory_pods);
	free(binder->nodes);
	free(binder->ranges);
	free(binder->services);
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

	*ret_count = claims_bound(claims, count, size, address, true) - first;
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
	end.local = *sighting->recorder && known->node == sighting->recorder;
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

struct end binder_row(const struct binder *binder, const struct pod_row *row,
		      const struct sighting *sighting)
{
	struct end end = pod_end(binder, row->pod, sighting);

	end.secondary = is_secondary(row, sighting);
	return end;
}

struct end binder_prefix(struct addr address, uint8_t prefix)
{
	struct end end =
	    plain_end(END_EXTERNAL, "external", "many addresses, recorded as one prefix", address);

	end.prefix = prefix;
	return end;
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

/* The one node that had the address at the time; NULL: none. */
static const struct node_claim *find_node_then(const struct node_claim *claims, size_t count,
					       int64_t from, int64_t until)
{
	const struct node_claim *then = NULL;

	for (size_t i = 0; i < count; i++) {
		if (claims[i].since > until || claims[i].until <= from)
			continue;
		if (then && then->node != claims[i].node)
			return &some_node;
		then = then ? then : &claims[i];
	}
	return then;
}

/*
 * Bridges and tunnels have the same addresses on many nodes: the recorder's own counts first, then
 * those that were there at the time. Where several remain, it is a node, but not known which.
 */
static const struct node_claim *find_node(const struct binder *binder,
					  const struct sighting *sighting)
{
	const struct node_claim *claims, *found = NULL;
	size_t count;
	size_t first = find_claims(binder->nodes, binder->node_count, sizeof(*binder->nodes),
				   sighting->address, &count);

	if (count == 0)
		return NULL;
	claims = &binder->nodes[first];
	if (claims[0].node == claims[count - 1].node)
		return &claims[0];
	found = find_claim(claims, count, sighting->recorder);
	if (!found && count <= TURNS_MAX)
		found = find_node_then(claims, count, sighting->from, sighting->until);
	return found ? found : &some_node;
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

static bool was_ever_recorded(const struct binder *binder, struct addr address)
{
	uint32_t number = 0;

	return registry_bind_span(binder->registry, address, INT64_MIN, INT64_MAX, 0, &number) ==
		   -ENOTUNIQ ||
	       number != 0;
}

/* An address of a range is a pod's, but for the first: flannel's tunnel has it. */
static struct end ranged_end(const struct range_claim *range, struct addr address)
{
	const struct node_claim tunnel = {.node = range->node, .reason = range->tunnel};

	if (addr_equal(range->range.addr, address))
		return node_end(&tunnel, address);
	return plain_end(END_UNKNOWN, "pod", range->inside, address);
}

static const struct service_claim *find_service(const struct binder *binder, struct addr address)
{
	size_t count;
	size_t first = find_claims(binder->services, binder->service_count,
				   sizeof(*binder->services), address, &count);

	return count > 0 ? &binder->services[first] : NULL;
}

static struct end outside_end(const struct binder *binder, struct addr address)
{
	const struct service_claim *service = find_service(binder, address);
	const char *class = "external", *reason = "no pod, node or service is known to have it";
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

/* Nobody is recorded to have had the address then, and it is no node's. */
static struct end unrecorded_end(const struct binder *binder, const struct sighting *sighting)
{
	const struct addr address = sighting->address;
	size_t count;
	size_t first = find_claims(binder->inventory_pods, binder->inventory_pod_count,
				   sizeof(*binder->inventory_pods), address, &count);
	const struct range_claim *range = find_range(binder, address);
	const struct pod_claim *claim;
	struct end end;

	if (count > 1)
		return plain_end(END_UNKNOWN, "ambiguous", "several pods of the inventory have it",
				 address);
	/* An address that moved before or after: the inventory tells of its own moment only. */
	if (was_ever_recorded(binder, address))
		return plain_end(END_UNKNOWN, "pod", "a pod had it at another time", address);
	if (count == 0)
		return range ? ranged_end(range, address) : outside_end(binder, address);
	claim = &binder->inventory_pods[first];
	end = pod_end(binder, claim->pod, sighting);
	end.secondary = claim->secondary;
	return end;
}

/* Two pods' at its beginning and at its end: no part of the time would tell more. */
static bool changed_hands(const struct binder *binder, const struct sighting *sighting)
{
	uint32_t number;

	return registry_bind(binder->registry, sighting->address, sighting->from, 0, &number) !=
		   -ENOTUNIQ ||
	       registry_bind(binder->registry, sighting->address, sighting->until, 0, &number) !=
		   -ENOTUNIQ;
}

/* Another node's pod, by another clock: a little earlier or later it was another one's. */
static bool may_be_another(const struct binder *binder, const struct sighting *sighting,
			   const struct pod_row *row)
{
	return binder->pods[row->pod].node != sighting->recorder &&
	       registry_is_shared(binder->registry, sighting->address, sighting->from - BIND_SLACK,
				  sighting->until + BIND_SLACK);
}

int binder_address(const struct binder *binder, const struct sighting *sighting, struct end *ret,
		   bool *ret_changed)
{
	uint32_t number = 0;
	const struct node_claim *node;
	int r = registry_bind_span(binder->registry, sighting->address, sighting->from,
				   sighting->until, sighting->slack, &number);

	if (r < 0 && r != -ENOTUNIQ)
		return r;
	*ret_changed = r == -ENOTUNIQ && changed_hands(binder, sighting);
	if (r == 0 && number > 0 && may_be_another(binder, sighting, binder->rows[number])) {
		*ret_changed = sighting->from < sighting->until;
		*ret = plain_end(END_UNKNOWN, "ambiguous",
				 "another pod had it a moment before or after", sighting->address);
		return 0;
	}
	if (r == -ENOTUNIQ) {
		*ret = plain_end(END_UNKNOWN, "ambiguous", "several pods had it in this time",
				 sighting->address);
		return 0;
	}
	if (number > 0) {
		*ret = binder_row(binder, binder->rows[number], sighting);
		return 0;
	}
	node = find_node(binder, sighting);
	if (!node) {
		*ret = unrecorded_end(binder, sighting);
		return 0;
	}
	*ret = node_end(node, sighting->address);
	ret->service_address = node->recorded && find_service(binder, sighting->address);
	return 0;
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
