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

static bool is_wide_block(const struct atom *atom)
{
	return atom->peer == ATOM_BLOCK && atom->block.length < addr_length(atom->block.addr) * 8;
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

/* Blocks either hold one another or have nothing in common. */
static void cover_blocks(struct atom *atoms, size_t count)
{
	const struct atom *wider = NULL;
	unsigned bits = 0;

	for (size_t i = 0; i < count; i++) {
		struct atom *atom = &atoms[i];

		if (atom->peer != ATOM_BLOCK || (wider && atom_same_peer(wider, atom)))
			continue;
		if (wider && prefix_contains(wider->block, atom->block.addr)) {
			put_into(atom, wider, bits);
			continue;
		}
		wider = atom;
		bits = bits_of(atoms, count, i);
	}
}

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
	cover_blocks(atoms, count);
}

static bool has_wide(const struct basis *basis, const struct atom *atoms, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_wide(basis, &atoms[i]) || is_wide_block(&atoms[i]))
			return true;
	return false;
}

/* The atoms are of one subject and direction. */
static int cover_run(const struct basis *basis, struct atom *atoms, size_t count)
{
	size_t *wide;

	if (!has_wide(basis, atoms, count))
		return 0;
	wide = calloc(count, sizeof(*wide));
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
