#include "policy/cover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/array.h"
#include "policy/order.h"

/* Ports first, and of these the peers, a block before those that it
 * holds. */
static int compare_ports(const struct atom *a, const struct atom *b)
{
	int r = order_numbers(a->port, b->port);

	return r ? r : order_numbers(a->protocol, b->protocol);
}

static int compare_atoms(const void *a, const void *b)
{
	int r = compare_ports(a, b);

	return r ? r : atom_compare_peers(a, b);
}

static bool has_labels_of(const struct group *group, const struct group *wider)
{
	return strcmp(group->namespace, wider->namespace) == 0 &&
	       group->selector->count > wider->selector->count &&
	       labels_match(group->selector, wider->selector);
}

static bool is_in_namespace(const struct basis *basis, const struct atom *atom,
			    const char *namespace)
{
	if (atom->peer == ATOM_GROUP)
		return strcmp(basis->groups->items[atom->group].namespace, namespace) == 0;
	return atom->peer == ATOM_DNS && strcmp(basis->dns->namespace, namespace) == 0;
}

static bool holds(const struct basis *basis, const struct atom *wider, const struct atom *atom)
{
	const struct group *groups = basis->groups->items;

	if (wider->peer == ATOM_ALL)
		return atom->peer == ATOM_GROUP || atom->peer == ATOM_DNS ||
		       atom->peer == ATOM_NAMESPACE;
	if (wider->peer == ATOM_NAMESPACE)
		return is_in_namespace(basis, atom, wider->namespace);
	return atom->peer == ATOM_GROUP &&
	       has_labels_of(&groups[atom->group], &groups[wider->group]);
}

/* Blocks apart, may it hold another? Labels that pick no other workload's pods hold none. */
static bool is_wide(const struct basis *basis, const struct atom *atom)
{
	if (atom->peer == ATOM_GROUP)
		return *basis->groups->items[atom->group].also_picks;
	return atom->peer == ATOM_ALL || atom->peer == ATOM_NAMESPACE;
}

/* In what the peer at first is wider than was seen. */
static unsigned bits_of(const struct atom *atoms, size_t count, size_t first)
{
	unsigned bits = 0;

	for (size_t i = first; i < count && atom_same_peer(&atoms[first], &atoms[i]); i++) {
		if (atoms[i].wider == 0)
			return 0;
		bits |= atoms[i].wider;
	}
	return bits;
}

static void put_into(struct atom *atom, const struct atom *wider, unsigned bits)
{
	atom->peer = wider->peer;
	atom->group = wider->group;
	atom->namespace = wider->namespace;
	atom->block = wider->block;
	atom->known_network = wider->known_network;
	atom->wider = bits ? atom->wider | bits : 0;
}

/* ---- pods ---- */

/* The atoms are of one port. wide has room for the indices of all. */
static void cover_port(const struct basis *basis, struct atom *atoms, size_t count, size_t *wide)
{
	size_t wide_count = 0;

	for (size_t i = 0; i < count; i++)
		if (is_wide(basis, &atoms[i]) &&
		    (i == 0 || !atom_same_peer(&atoms[i - 1], &atoms[i])))
			wide[wide_count++] = i;
	for (size_t i = 0; i < wide_count; i++) {
		const struct atom wider = atoms[wide[i]];
		const unsigned bits = bits_of(atoms, count, wide[i]);

		for (size_t j = 0; j < count; j++)
			if (holds(basis, &wider, &atoms[j]))
				put_into(&atoms[j], &wider, bits);
	}
}

static bool has_wide(const struct basis *basis, const struct atom *atoms, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_wide(basis, &atoms[i]))
			return true;
	return false;
}

static int cover_pods(const struct basis *basis, struct atom *atoms, size_t count)
{
	size_t *wide = calloc(count, sizeof(*wide));

	if (!wide)
		return -ENOMEM;
	array_sort(atoms, sizeof(*atoms), count, compare_atoms);
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && compare_ports(&atoms[i], &atoms[end]) == 0; end++)
			;
		cover_port(basis, atoms + i, end - i, wide);
	}
	free(wide);
	atoms_sort(&(struct atoms){.items = atoms, .count = count});
	return 0;
}

/* ---- blocks ---- */

/* A port of a block. */
struct opening {
	const struct atom *first;
	unsigned bits; /* in what it is wider than was seen */
};

/* A block and its ports, in order. */
struct area {
	struct prefix block;
	const struct opening *openings;
	size_t count;
};

/* One in another, of different lengths. */
#define NESTED_MAX (128 + 1)

struct areas {
	struct area items[NESTED_MAX];
	size_t count;
};

static bool same_block(const struct atom *a, const struct atom *b)
{
	return a->block.length == b->block.length && addr_equal(a->block.addr, b->block.addr);
}

/* Blocks are in order, and either hold one another or have nothing in common. */
static bool has_nested(const struct atom *atoms, size_t count)
{
	const struct atom *outer = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct atom *atom = &atoms[i];

		if (atom->peer != ATOM_BLOCK || (outer && same_block(outer, atom)))
			continue;
		if (outer && prefix_contains(outer->block, atom->block.addr))
			return true;
		outer = atom;
	}
	return false;
}

static struct area open_area(const struct atom *atoms, size_t count, struct opening *room)
{
	struct area area = {.block = atoms->block, .openings = room};

	for (size_t i = 0, length; i < count; i += length)
		room[area.count++] = (struct opening){
		    .first = &atoms[i], .bits = atoms_wider(atoms + i, count - i, &length)};
	return area;
}

static int compare_opening(const void *key, const void *member)
{
	const struct opening *opening = member;

	return compare_ports(key, opening->first);
}

/* The outermost that is open there, as those inside are covered by it, too. */
static void cover_by(const struct areas *around, struct atom *atom)
{
	const struct opening *found = NULL;

	for (size_t i = 0; i < around->count && !found; i++)
		found = bsearch(atom, around->items[i].openings, around->items[i].count,
				sizeof(*found), compare_opening);
	if (found)
		put_into(atom, found->first, found->bits);
}

static int cover_blocks(struct atom *atoms, size_t count)
{
	struct opening *openings = calloc(count, sizeof(*openings));
	struct areas around = {.count = 0};

	if (!openings)
		return -ENOMEM;
	for (size_t i = 0, end; i < count; i = end) {
		struct area area;

		for (end = i + 1; end < count && atom_same_peer(&atoms[i], &atoms[end]); end++)
			;
		if (atoms[i].peer != ATOM_BLOCK)
			continue;
		area = open_area(atoms + i, end - i, openings + i);
		while (around.count > 0 &&
		       !prefix_contains(around.items[around.count - 1].block, area.block.addr))
			around.count--;
		for (size_t j = i; j < end; j++)
			cover_by(&around, &atoms[j]);
		around.items[around.count++] = area;
	}
	free(openings);
	atoms_sort(&(struct atoms){.items = atoms, .count = count});
	return 0;
}

/* The atoms are of one subject and direction. */
static int cover_run(const struct basis *basis, struct atom *atoms, size_t count)
{
	int r = 0;

	if (has_wide(basis, atoms, count))
		r = cover_pods(basis, atoms, count);
	if (r == 0 && has_nested(atoms, count))
		r = cover_blocks(atoms, count);
	return r;
}

/* A client and the node that forwards for it are of one edge, and may now be one peer. */
static void mark_again(struct atom *atoms, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (atoms[i].edge && atoms[i].edge == atoms[i - 1].edge &&
		    compare_atoms(&atoms[i], &atoms[i - 1]) == 0)
			atoms[i].again = true;
}

int atoms_cover(const struct basis *basis, struct atoms *atoms)
{
	struct atom *items = atoms->items;
	int r = 0;

	for (size_t i = 0, end; i < atoms->count && r == 0; i = end) {
		for (end = i + 1; end < atoms->count; end++)
			if (items[end].subject != items[i].subject ||
			    items[end].egress != items[i].egress)
				break;
		r = cover_run(basis, items + i, end - i);
	}
	mark_again(items, atoms->count);
	return r;
}
