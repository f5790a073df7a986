#include "policy/externals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/special_range.h"
#include "policy/aggregate.h"
#include "policy/cluster_ranges.h"
#include "policy/entry.h"
#include "policy/forwarding.h"
#include "policy/order.h"
#include "policy/prefixes.h"
#include "policy/straight.h"

/* Where an atom is in its slice, below its port and protocol. */
#define KEY_INDEX_BITS 40
#define KEY_INDEX ((UINT64_C(1) << KEY_INDEX_BITS) - 1)

/* A block of a network that holds what was seen. */
struct use {
	const struct known_network *network;
	struct prefix block;
	bool is_taken; /* false: it is not only the network's */
};

struct work {
	const struct basis *basis;
	struct problems *problems;
	struct cluster_ranges cluster;
	bool has_cluster;
	struct atoms added;
	uint64_t *keys; /* room for one per atom of a slice, as in the next ones */
	const struct atom **straight;
	struct prefix *items;
	struct aggregate_block *blocks;
	struct use *uses;
	size_t capacity;
	bool has_private; /* addresses that stay for want of a pod range */
	bool has_changed; /* the slice at hand has */
};

/* Atoms of one subject and direction, and the most blocks that one of its ports needs. */
struct slice {
	struct atom *atoms;
	size_t count;
	size_t keys;   /* how many take part */
	size_t beyond; /* ports with too many blocks */
	size_t blocks; /* of the first of them */
	const struct atom *at;
	struct straight straight;
};

/* Those of one port and family that take part, by address. */
struct run {
	struct atom *atoms; /* the slice's */
	const uint64_t *keys;
	size_t count;
};

static struct atom *run_atom(const struct run *run, size_t index)
{
	return &run->atoms[run->keys[index] & KEY_INDEX];
}

static int reserve(struct work *work, size_t count)
{
	if (count <= work->capacity)
		return 0;
	free(work->keys);
	free(work->straight);
	free(work->items);
	free(work->blocks);
	free(work->uses);
	work->capacity = count;
	work->keys = calloc(count, sizeof(*work->keys));
	work->straight = calloc(count, sizeof(*work->straight));
	work->items = calloc(count, sizeof(*work->items));
	work->blocks = calloc(count, sizeof(*work->blocks));
	work->uses = calloc(count, sizeof(*work->uses));
	return work->keys && work->straight && work->items && work->blocks && work->uses ? 0
											 : -ENOMEM;
}

static int know_cluster(struct work *work)
{
	int r = work->has_cluster ? 0 : cluster_ranges_build(work->basis->graph, &work->cluster);

	work->has_cluster = r == 0;
	return r;
}

static bool takes_part(const struct atom *atom)
{
	return atom->peer == ATOM_BLOCK && atom->edge && atom->left == LEFT_NONE &&
	       end_is_outside(atom->end);
}

/* ---- any client ---- */

static bool is_private(struct prefix block)
{
	return (addr_is_private(block.addr) || addr_is_link_local(block.addr) ||
		addr_is_loopback(block.addr)) &&
	       !prefix_is_mixed(block);
}

static bool is_open(const struct work *work, const struct run *run)
{
	const struct graph *graph = work->basis->graph;
	const struct end *last = NULL;

	for (size_t i = 0; i < run->count; i++) {
		const struct atom *atom = run_atom(run, i);

		if (!is_private(atom->block) || addr_is_set(atom->edge->edge.key.service))
			return true;
	}
	for (size_t i = 0; i < run->count; i++) {
		const struct atom *atom = run_atom(run, i);
		const struct end *end = atom->edge->to;

		if (last && last->pod == end->pod)
			continue;
		if (entry_leads_to(graph, end, atom->protocol, atom->port))
			return true;
		last = end;
	}
	return false;
}

static void open_to_any(struct work *work, const struct run *run)
{
	work->has_changed = true;
	for (size_t i = 0; i < run->count; i++) {
		struct atom *atom = run_atom(run, i);

		atom->block = prefix_around(atom->block.addr, 0);
		atom->wider |= WIDER_ANY_CLIENT;
	}
}

static bool are_same(const struct prefix *a, size_t a_count, const struct prefix *b, size_t b_count)
{
	size_t i = 0;

	while (a_count == b_count && i < a_count && prefix_compare(a[i], b[i]) == 0)
		i++;
	return a_count == b_count && i == a_count;
}

static bool are_within(const struct run *run, const struct prefix *ranges, size_t count)
{
	for (size_t i = 0; i < run->count; i++) {
		const struct prefix block = run_atom(run, i)->block;
		const struct prefix *range =
		    prefixes_touching(ranges, count, prefix_of(block.addr));

		if (!range || !prefix_covers(*range, block))
			return false;
	}
	return true;
}

/* Those before all pods that were reached; none where they differ, or a client is of no such. */
static int find_source_ranges(const struct work *work, const struct run *run, struct prefix **ret,
			      size_t *ret_count)
{
	const struct end *last = NULL;
	struct prefix *ranges;
	size_t count;
	int r;

	for (size_t i = 0; i < run->count; i++) {
		const struct atom *atom = run_atom(run, i);
		const struct end *end = atom->edge->to;

		if (last && last->pod == end->pod)
			continue;
		r = entry_source_ranges(work->basis->graph, end, atom->protocol, atom->port,
					&ranges, &count);
		if (r < 0)
			return r;
		if (!last) {
			*ret = ranges;
			*ret_count = count;
		} else {
			if (!are_same(*ret, *ret_count, ranges, count))
				*ret_count = 0;
			free(ranges);
		}
		last = end;
		if (*ret_count == 0)
			return 0;
	}
	if (!are_within(run, *ret, *ret_count))
		*ret_count = 0;
	return 0;
}

#define SOURCE_RANGES "loadBalancerSourceRanges"

static int open_to_ranges(struct work *work, const struct run *run, const struct prefix *ranges,
			  size_t count)
{
	const uint8_t family = run_atom(run, 0)->block.addr.family;
	struct atom unseen = *run_atom(run, 0);
	size_t next = 0;
	int r = 0;

	unseen.edge = NULL;
	unseen.end = NULL;
	unseen.wider = WIDER_KNOWN_NETWORK;
	unseen.known_network = SOURCE_RANGES;
	work->has_changed = true;
	for (size_t i = 0; i < count && r == 0; i++) {
		const size_t first = next;

		while (next < run->count && prefix_covers(ranges[i], run_atom(run, next)->block)) {
			struct atom *atom = run_atom(run, next++);

			if (prefix_compare(atom->block, ranges[i]) != 0)
				atom->wider |= WIDER_KNOWN_NETWORK;
			atom->block = ranges[i];
			atom->known_network = SOURCE_RANGES;
		}
		unseen.block = ranges[i];
		if (next == first && ranges[i].addr.family == family)
			r = atoms_add(&work->added, &unseen);
	}
	return r;
}

static int open_to_clients(struct work *work, const struct run *run)
{
	struct prefix *ranges = NULL;
	size_t count = 0;
	int r = find_source_ranges(work, run, &ranges, &count);

	if (r == 0 && count > 0)
		r = open_to_ranges(work, run, ranges, count);
	else if (r == 0)
		open_to_any(work, run);
	free(ranges);
	return r;
}

/* Of a client behind a node the pod sees the node, and tomorrow's comes in by another. Where it is
 * the pod's own, the client takes part by itself. */
static int open_to_forwarded(struct work *work, const struct slice *slice)
{
	const struct end *peers[EDGE_PEERS_MAX];
	int r = 0;

	for (size_t i = 0; i < slice->count && r == 0; i++) {
		struct atom atom = slice->atoms[i];

		if (atom.left != LEFT_NONE ||
		    forwarding_of(work->basis, &slice->atoms[i], &atom.end) != FORWARDING_OUTSIDE ||
		    edge_peers(atom.edge, false, peers) > 1)
			continue;
		atom.block = prefix_around(atom.block.addr, 0);
		atom.wider |= WIDER_ANY_CLIENT;
		r = atoms_add(&work->added, &atom);
	}
	return r;
}

/* ---- known networks ---- */

static bool is_of_cluster(const struct work *work, struct prefix block)
{
	return cluster_ranges_touching(&work->cluster, block);
}

static bool find_use(const struct work *work, struct prefix seen, struct use *ret)
{
	const struct known_networks *networks = work->basis->request->known_networks;
	const struct known_network *network = known_networks_find(networks, seen);
	const struct prefix *block =
	    network ? prefixes_touching(network->blocks, network->block_count, prefix_of(seen.addr))
		    : NULL;

	if (!block)
		return false;
	*ret = (struct use){
	    .network = network, .block = *block, .is_taken = !is_of_cluster(work, *block)};
	return true;
}

static bool same_use(const struct use *a, const struct use *b)
{
	return a->network == b->network && prefix_compare(a->block, b->block) == 0;
}

static size_t name_networks(struct work *work, const struct run *run)
{
	size_t count = 0;

	for (size_t i = 0; i < run->count; i++) {
		struct atom *atom = run_atom(run, i);
		struct use use;

		if (!find_use(work, atom->block, &use))
			continue;
		if (count == 0 || !same_use(&work->uses[count - 1], &use))
			work->uses[count++] = use;
		if (!use.is_taken)
			continue;
		if (prefix_compare(atom->block, use.block) != 0)
			atom->wider |= WIDER_KNOWN_NETWORK;
		atom->block = use.block;
		atom->known_network = use.network->name;
		work->has_changed = true;
	}
	return count;
}

static int compare_uses(const void *a, const void *b)
{
	const struct use *x = a, *y = b;
	int r = strcmp(x->network->name, y->network->name);

	return r ? r : prefix_compare(x->block, y->block);
}

static void warn_of_own(const struct work *work, const struct known_network *network,
			struct prefix block)
{
	const struct prefix *own = cluster_ranges_touching(&work->cluster, block);
	char text[PREFIX_TEXT_MAX], own_text[PREFIX_TEXT_MAX];

	problem_add(work->problems, PROBLEM_WARNING, network->name,
		    "the cluster itself or its cloud has addresses in %s of this known network, "
		    "%s for one: the block is not used, and addresses in it stay single",
		    prefix_format(block, text), prefix_format(*own, own_text));
}

/* The uses are of one network. What is beyond all limits need not be complete. */
static int add_unseen(struct work *work, const struct atom *seen, const struct use *uses,
		      size_t count)
{
	const struct known_network *network = uses->network;
	const size_t most = work->added.count + work->basis->request->max_blocks + 1;
	struct atom atom = {.subject = seen->subject,
			    .egress = seen->egress,
			    .peer = ATOM_BLOCK,
			    .group = GROUP_NONE,
			    .wider = WIDER_KNOWN_NETWORK,
			    .known_network = network->name,
			    .port = seen->port,
			    .protocol = seen->protocol};
	bool is_taken = false;
	int r = 0;

	for (size_t i = 0; i < count; i++)
		is_taken |= uses[i].is_taken;
	for (size_t i = 0, use = 0; i < network->block_count && r == 0; i++) {
		atom.block = network->blocks[i];
		if (atom.block.addr.family != seen->block.addr.family)
			continue;
		while (use < count && prefix_compare(uses[use].block, atom.block) < 0)
			use++;
		if (is_of_cluster(work, atom.block))
			warn_of_own(work, network, atom.block);
		else if (is_taken && work->added.count < most &&
			 (use == count || prefix_compare(uses[use].block, atom.block) != 0))
			r = atoms_add(&work->added, &atom);
	}
	return r;
}

static int use_networks(struct work *work, const struct run *run)
{
	struct use *uses = work->uses;
	size_t count;
	int r;

	if (!work->basis->request->known_networks)
		return 0;
	r = know_cluster(work);
	if (r < 0)
		return r;
	count = name_networks(work, run);
	if (count > 0)
		qsort(uses, count, sizeof(*uses), compare_uses);
	for (size_t i = 0, end; i < count && r == 0; i = end) {
		for (end = i + 1; end < count && uses[end].network == uses[i].network; end++)
			;
		r = add_unseen(work, run_atom(run, 0), uses + i, end - i);
	}
	return r;
}

/* ---- blocks ---- */

/* Blocks and atoms are both in order. Takes over what the block holds of atoms [at, …) that no
 * network has; returns where the next block's begin. */
static size_t put_into(const struct run *run, size_t at, const struct aggregate_block *block)
{
	unsigned wider = block->wider ? WIDER_AGGREGATED : 0;
	size_t end;

	for (end = at; end < run->count; end++) {
		const struct atom *atom = run_atom(run, end);

		if (atom->known_network)
			continue;
		if (!prefix_covers(block->prefix, atom->block))
			break;
		wider |= atom->wider;
	}
	for (; at < end; at++) {
		struct atom *atom = run_atom(run, at);

		if (atom->known_network || prefix_compare(atom->block, block->prefix) == 0)
			continue;
		atom->block = block->prefix;
		atom->wider |= wider;
	}
	return end;
}

static bool has_private(const struct aggregate_block *blocks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (addr_is_private(blocks[i].prefix.addr))
			return true;
	return false;
}

static void note_private(const struct work *work)
{
	if (work->has_private)
		problem_add(work->problems, PROBLEM_NOTE, "private addresses",
			    "they stay single: no range is known that pods get addresses from, so "
			    "that a block could hold pods; an inventory tells it with nodes that "
			    "have podCIDRs, or with ciliumnodes, ciliumpodippools or ippools");
}

static int join_neighbours(struct work *work, const struct run *run)
{
	const struct policy_request *request = work->basis->request;
	const bool is_ipv6 = run_atom(run, 0)->block.addr.family == ADDR_IPV6;
	struct aggregate_limits limits = {.threshold = request->block_threshold,
					  .floor = request->block_floor[is_ipv6]};
	size_t count = 0;
	int r;

	for (size_t i = 0; i < run->count; i++)
		if (!run_atom(run, i)->known_network)
			work->items[count++] = run_atom(run, i)->block;
	count = prefixes_tidy(work->items, count);
	if (count <= limits.threshold)
		return 0;
	r = know_cluster(work);
	if (r < 0)
		return r;
	limits.reserved = work->cluster.items;
	limits.reserved_count = work->cluster.count;
	limits.private_stay = !work->cluster.knows_pods[is_ipv6];
	count = aggregate(work->items, count, &limits, work->blocks);
	work->has_private |=
	    limits.private_stay && count > limits.threshold && has_private(work->blocks, count);
	for (size_t i = 0, at = 0; i < count; i++)
		at = put_into(run, at, &work->blocks[i]);
	work->has_changed = true;
	return 0;
}

/* ---- ports ---- */

static int settle_family(struct work *work, const struct run *run)
{
	const enum external_ingress ingress = work->basis->request->external_ingress;
	const bool egress = run_atom(run, 0)->egress;
	int r;

	if (!egress && ingress == EXTERNAL_INGRESS_OBSERVED)
		return 0;
	if (!egress && ingress == EXTERNAL_INGRESS_ANY && is_open(work, run))
		return open_to_clients(work, run);
	r = use_networks(work, run);
	if (r == 0 && (egress || ingress == EXTERNAL_INGRESS_LEARNED_CIDR))
		r = join_neighbours(work, run);
	return r;
}

/* Those that stay as they were seen where the port might have been opened to all. */
static void find_straight(const struct work *work, const struct run *run, struct straight *straight)
{
	size_t count = 0;

	if (run_atom(run, 0)->egress ||
	    work->basis->request->external_ingress != EXTERNAL_INGRESS_ANY)
		return;
	for (size_t i = 0; i < run->count; i++) {
		const struct atom *atom = run_atom(run, i);

		if (!(atom->wider & WIDER_ANY_CLIENT) && !atom->known_network)
			work->straight[count++] = atom;
	}
	if (count > 0)
		straight_add(work->basis, work->straight, count, straight);
}

/* Those that were added come from this one on. */
static size_t count_blocks(struct work *work, const struct run *run, size_t added)
{
	size_t count = 0;

	for (size_t i = 0; i < run->count; i++) {
		const struct prefix block = run_atom(run, i)->block;

		if (count == 0 || prefix_compare(work->items[count - 1], block) != 0)
			work->items[count++] = block;
	}
	return prefixes_tidy(work->items, count) + work->added.count - added;
}

static int settle_port(struct work *work, struct slice *slice, const uint64_t *keys, size_t count)
{
	const struct atom *first = &slice->atoms[keys[0] & KEY_INDEX];
	size_t blocks = 0;
	int r = 0;

	for (size_t i = 0, end; i < count && r == 0; i = end) {
		struct run run = {.atoms = slice->atoms, .keys = keys + i};
		const uint8_t family = run_atom(&run, 0)->block.addr.family;
		const size_t added = work->added.count;

		for (end = i + 1; end < count; end++)
			if (slice->atoms[keys[end] & KEY_INDEX].block.addr.family != family)
				break;
		run.count = end - i;
		r = settle_family(work, &run);
		if (r == 0)
			find_straight(work, &run, &slice->straight);
		if (r == 0)
			blocks += count_blocks(work, &run, added);
	}
	/* One that was asked says more than one that was added for DNS's sake. */
	if (blocks > work->basis->request->max_blocks &&
	    (slice->beyond++ == 0 || slice->at->again)) {
		slice->blocks = blocks;
		slice->at = first;
	}
	return r;
}

/* ---- directions ---- */

static int compare_keys(const void *a, const void *b)
{
	return order_numbers(*(const uint64_t *)a, *(const uint64_t *)b);
}

static void find_keys(struct work *work, struct slice *slice)
{
	for (size_t i = 0; i < slice->count; i++) {
		const struct atom *atom = &slice->atoms[i];

		if (takes_part(atom))
			work->keys[slice->keys++] = (uint64_t)atom->port << (KEY_INDEX_BITS + 8) |
						    (uint64_t)atom->protocol << KEY_INDEX_BITS | i;
	}
	if (slice->keys > 0)
		qsort(work->keys, slice->keys, sizeof(*work->keys), compare_keys);
}

static void warn_of_limit(const struct work *work, const struct group *group,
			  const struct slice *slice)
{
	const struct policy_request *request = work->basis->request;
	const bool egress = slice->at->egress;
	const bool is_single =
	    !egress && request->external_ingress != EXTERNAL_INGRESS_LEARNED_CIDR;
	struct buf subject = {0};
	char number[4];

	buf_printf(&subject, "%s in %s", group->subject, group->namespace);
	if (!subject.error)
		problem_add(work->problems, PROBLEM_CAVEAT, subject.data,
			    "%s is withheld: %s %u needs %zu blocks outside of the cluster, more "
			    "than --max-blocks %zu%s; name their networks (--known-networks), %s, "
			    "or allow more",
			    egress ? "egress" : "ingress",
			    protocol_name(slice->at->protocol, number), slice->at->port,
			    slice->blocks, request->max_blocks,
			    slice->beyond > 1 ? ", and so do other ports" : "",
			    is_single ? "join them (--external-ingress learned-cidr)"
				      : "join more of them (--block-floor)");
	buf_clear(&subject);
}

static int settle_slice(struct work *work, struct slice *slice)
{
	const struct atom *first = slice->atoms;
	struct group *group = &work->basis->groups->items[first->subject];
	enum left_reason *withheld =
	    &group->withheld[first->egress ? DIRECTION_EGRESS : DIRECTION_INGRESS];
	const size_t added = work->added.count;
	int r = *withheld == LEFT_NONE ? reserve(work, slice->count) : 0;

	if (r < 0 || *withheld != LEFT_NONE)
		return r;
	work->has_changed = false;
	if (!first->egress && work->basis->request->external_ingress == EXTERNAL_INGRESS_ANY)
		r = open_to_forwarded(work, slice);
	find_keys(work, slice);
	for (size_t i = 0, end; i < slice->keys && r == 0; i = end) {
		for (end = i + 1; end < slice->keys; end++)
			if (work->keys[end] >> KEY_INDEX_BITS != work->keys[i] >> KEY_INDEX_BITS)
				break;
		r = settle_port(work, slice, work->keys + i, end - i);
	}
	if (slice->beyond > 0) {
		*withheld = LEFT_BEYOND_LIMIT;
		warn_of_limit(work, group, slice);
		work->added.count = added;
	} else {
		straight_note(work->basis, &slice->straight, work->problems);
	}
	if (work->has_changed)
		atoms_sort(&(struct atoms){.items = slice->atoms, .count = slice->count});
	return r;
}

static int settle(struct work *work, struct atoms *atoms)
{
	int r = 0;

	for (size_t i = 0, end; i < atoms->count && r == 0; i = end) {
		struct slice slice = {.atoms = atoms->items + i};

		for (end = i + 1; end < atoms->count; end++)
			if (atoms->items[end].subject != atoms->items[i].subject ||
			    atoms->items[end].egress != atoms->items[i].egress)
				break;
		slice.count = end - i;
		r = settle_slice(work, &slice);
	}
	for (size_t i = 0; i < work->added.count && r == 0; i++)
		r = atoms_add(atoms, &work->added.items[i]);
	if (r == 0 && work->added.count > 0)
		atoms_sort(atoms);
	return r;
}

int externals_apply(const struct basis *basis, struct atoms *atoms, struct problems *problems)
{
	struct work work = {.basis = basis, .problems = problems};
	int r;

	if (basis->request->exact)
		return forwarding_warn(basis, atoms, problems);
	r = settle(&work, atoms);
	note_private(&work);
	if (r == 0)
		r = forwarding_warn(basis, atoms, problems);
	cluster_ranges_clear(&work.cluster);
	atoms_clear(&work.added);
	free(work.keys);
	free(work.straight);
	free(work.items);
	free(work.blocks);
	free(work.uses);
	return r;
}
