#include "policy/atom.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/permute.h"

/* An atom of one subject and direction in few words, which mostly tell how it compares. */
struct key {
	uint64_t peer;
	uint64_t grain;
	const struct graph_edge *edge;
	uint32_t at; /* of items */
};

/* In a grain: the peer is not all told by its word. */
#define IN_PART 1

/* What is to be sorted, and room for it. */
struct sorter {
	struct atom *items;
	size_t count;
	uint32_t *order;   /* of all items */
	struct key *keys;  /* of one shelf */
	struct key *spare; /* as many */
	size_t *ends;      /* of runs of them that are in order */
	size_t room;       /* for so many */
};

/* One for each subject and direction. */
static size_t shelf_of(const struct atom *atom)
{
	return 2 * atom->subject + atom->egress;
}

/* ---- the atoms of one shelf ---- */

#define PEER_SHIFT 61
#define FAMILY_SHIFT 59

static uint64_t block_word(struct prefix block)
{
	const uint64_t half = addr_half(block.addr.bytes);
	const uint64_t family = (uint64_t)block.addr.family >> 1 << FAMILY_SHIFT;

	if (block.addr.family == ADDR_IPV4)
		return family | half >> 32 << 8 | block.length;
	return family | half >> (64 - FAMILY_SHIFT);
}

static bool is_told_in_part(const struct atom *atom)
{
	return atom->peer == ATOM_NAMESPACE ||
	       (atom->peer == ATOM_BLOCK && atom->block.addr.family != ADDR_IPV4);
}

static struct key key_of(const struct sorter *sorter, uint32_t at)
{
	const struct atom *atom = &sorter->items[at];
	struct key key = {.peer = (uint64_t)atom->peer << PEER_SHIFT,
			  .grain = (uint64_t)atom->port << 48 | (uint64_t)atom->protocol << 40 |
				   (uint64_t)(atom->edge == NULL) << 32,
			  .edge = atom->edge,
			  .at = at};

	if (atom->peer == ATOM_GROUP)
		key.peer |= atom->group;
	else if (atom->peer == ATOM_BLOCK)
		key.peer |= block_word(atom->block);
	else if (atom->peer == ATOM_ENTITY)
		key.peer |= atom->entity;
	if (is_told_in_part(atom))
		key.grain |= IN_PART;
	return key;
}

static inline bool is_before(const struct sorter *sorter, const struct key *a, const struct key *b)
{
	if (a->peer != b->peer)
		return a->peer < b->peer;
	if (!(a->grain & IN_PART)) {
		if (a->grain != b->grain)
			return a->grain < b->grain;
		if (a->edge != b->edge)
			return a->edge < b->edge;
	}
	return atom_compare(&sorter->items[a->at], &sorter->items[b->at]) < 0;
}

/* Their ends; returns how many there are. */
static size_t find_runs(const struct sorter *sorter, size_t count)
{
	size_t runs = 0;

	for (size_t i = 1; i < count; i++)
		if (is_before(sorter, &sorter->keys[i], &sorter->keys[i - 1]))
			sorter->ends[runs++] = i;
	sorter->ends[runs++] = count;
	return runs;
}

static void merge(const struct sorter *sorter, const struct key *keys, size_t middle, size_t count,
		  struct key *ret)
{
	size_t low = 0, high = middle;

	while (low < middle && high < count)
		*ret++ = is_before(sorter, &keys[high], &keys[low]) ? keys[high++] : keys[low++];
	memcpy(ret, keys + low, (middle - low) * sizeof(*ret));
	memcpy(ret + (middle - low), keys + high, (count - high) * sizeof(*ret));
}

/* Two become one, all along; an odd one stays. Returns how many there are then. */
static size_t merge_runs(const struct sorter *sorter, size_t runs)
{
	size_t merged = 0;

	for (size_t i = 0, first = 0; i < runs; i += 2) {
		const size_t middle = sorter->ends[i];
		const size_t end = i + 1 < runs ? sorter->ends[i + 1] : middle;

		merge(sorter, sorter->keys + first, middle - first, end - first,
		      sorter->spare + first);
		sorter->ends[merged++] = end;
		first = end;
	}
	return merged;
}

/* Run by run, because what comes is a few of them: one for each pod of the subject, or, where peers
 * have become others, for each port. Equal ones keep their order. */
static void sort_keys(struct sorter *sorter, size_t count)
{
	for (size_t runs = find_runs(sorter, count); runs > 1;) {
		struct key *sorted = sorter->spare;

		runs = merge_runs(sorter, runs);
		sorter->spare = sorter->keys;
		sorter->keys = sorted;
	}
}

/* Room for the keys of a shelf. */
static int reserve(struct sorter *sorter, size_t count)
{
	if (count <= sorter->room)
		return 0;
	free(sorter->keys);
	free(sorter->spare);
	free(sorter->ends);
	sorter->keys = reallocarray(NULL, count, sizeof(*sorter->keys));
	sorter->spare = reallocarray(NULL, count, sizeof(*sorter->spare));
	sorter->ends = reallocarray(NULL, count, sizeof(*sorter->ends));
	sorter->room = count;
	return sorter->keys && sorter->spare && sorter->ends ? 0 : -ENOMEM;
}

static int sort_shelf(struct sorter *sorter, uint32_t *order, size_t count)
{
	if (reserve(sorter, count) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		sorter->keys[i] = key_of(sorter, order[i]);
	sort_keys(sorter, count);
	for (size_t i = 0; i < count; i++)
		order[i] = sorter->keys[i].at;
	return 0;
}

/* ---- all of them ---- */

static bool are_on_shelves(const struct atoms *atoms)
{
	for (size_t i = 1; i < atoms->count; i++)
		if (shelf_of(&atoms->items[i - 1]) > shelf_of(&atoms->items[i]))
			return false;
	return true;
}

static size_t count_shelves(const struct atoms *atoms)
{
	size_t count = 0;

	for (size_t i = 0; i < atoms->count; i++)
		if (shelf_of(&atoms->items[i]) >= count)
			count = shelf_of(&atoms->items[i]) + 1;
	return count;
}

/* Shelf after shelf, each in the order of the items. */
static int put_on_shelves(const struct atoms *atoms, uint32_t *order)
{
	const size_t shelves = count_shelves(atoms);
	size_t *first = calloc(shelves, sizeof(*first));

	if (!first)
		return -ENOMEM;
	for (size_t i = 0; i < atoms->count; i++)
		first[shelf_of(&atoms->items[i])]++;
	for (size_t i = 1; i < shelves; i++)
		first[i] += first[i - 1];
	for (uint32_t i = (uint32_t)atoms->count; i-- > 0;)
		order[--first[shelf_of(&atoms->items[i])]] = i;
	free(first);
	return 0;
}

static int find_shelves(const struct atoms *atoms, uint32_t *order)
{
	if (!are_on_shelves(atoms))
		return put_on_shelves(atoms, order);
	for (uint32_t i = 0; i < atoms->count; i++)
		order[i] = i;
	return 0;
}

static int sort_shelves(struct sorter *sorter)
{
	int r = 0;

	for (size_t i = 0, end; i < sorter->count && r == 0; i = end) {
		const size_t shelf = shelf_of(&sorter->items[sorter->order[i]]);

		for (end = i + 1; end < sorter->count; end++)
			if (shelf_of(&sorter->items[sorter->order[end]]) != shelf)
				break;
		r = sort_shelf(sorter, sorter->order + i, end - i);
	}
	return r;
}

static int compare_atoms(const void *a, const void *b)
{
	return atom_compare(a, b);
}

_Static_assert(sizeof(struct atom) <= PERMUTE_SIZE_MAX, "atoms are moved");

/* By subject and direction first: then few are to be compared. */
static int sort_by_keys(struct atoms *atoms)
{
	struct sorter sorter = {.items = atoms->items, .count = atoms->count};
	int r = -ENOMEM;

	if (atoms->count <= UINT32_MAX)
		sorter.order = reallocarray(NULL, atoms->count, sizeof(*sorter.order));
	if (sorter.order)
		r = find_shelves(atoms, sorter.order);
	if (r == 0)
		r = sort_shelves(&sorter);
	if (r == 0)
		permute(atoms->items, (uint32_t)atoms->count, sizeof(*atoms->items), sorter.order);
	free(sorter.order);
	free(sorter.keys);
	free(sorter.spare);
	free(sorter.ends);
	return r;
}

void atoms_sort(struct atoms *atoms)
{
	if (atoms->count > 1 && sort_by_keys(atoms) < 0)
		qsort(atoms->items, atoms->count, sizeof(*atoms->items), compare_atoms);
}

/* How many of those in order come before this one, or are equal to it. */
static size_t find_place(const struct atom *items, size_t count, const struct atom *atom)
{
	size_t low = 0;

	while (low < count) {
		const size_t middle = low + (count - low) / 2;

		if (atom_compare(&items[middle], atom) <= 0)
			low = middle + 1;
		else
			count = middle;
	}
	return low;
}

/* From the last one on, so that each is moved but once. */
static void insert_sorted(struct atom *items, size_t sorted, const struct atom *added, size_t count)
{
	while (count > 0) {
		const size_t place = find_place(items, sorted, &added[count - 1]);

		memmove(items + place + count, items + place, (sorted - place) * sizeof(*items));
		count--;
		items[place + count] = added[count];
		sorted = place;
	}
}

void atoms_sort_added(struct atoms *atoms, size_t sorted)
{
	const size_t count = atoms->count - sorted;
	struct atoms added = {.items = reallocarray(NULL, count, sizeof(*added.items)),
			      .count = count};

	if (added.items) {
		memcpy(added.items, atoms->items + sorted, count * sizeof(*added.items));
		atoms_sort(&added);
		insert_sorted(atoms->items, sorted, added.items, count);
	} else {
		atoms_sort(atoms);
	}
	free(added.items);
}
