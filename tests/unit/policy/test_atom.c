/* Atoms in order, and those that others hold. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "policy/atom.h"
#include "policy/basis.h"
#include "policy/cover.h"

#define ATOMS 400
#define ROUNDS 300

static const struct graph_edge edges[ATOMS];

static uint32_t below(uint32_t *random, uint32_t limit)
{
	*random = *random * 1664525u + 1013904223u;
	return (*random >> 8) % limit;
}

/* Few blocks, so that they meet and hold one another. */
static struct prefix random_block(uint32_t *random)
{
	const bool is_ipv4 = below(random, 2) == 0;
	const uint8_t bits = is_ipv4 ? 32 : 128;
	struct addr addr = {.family = is_ipv4 ? ADDR_IPV4 : ADDR_IPV6};

	addr.bytes[0] = (uint8_t)(below(random, 2) << 7);
	addr.bytes[is_ipv4 ? 3 : 15] = (uint8_t)below(random, 4);
	return prefix_around(addr,
			     (uint8_t)(below(random, 2) ? bits : below(random, 5) * bits / 4));
}

static struct atom random_atom(uint32_t *random, size_t number)
{
	static const char *const namespaces[] = {"a", "b"};
	struct atom atom = {.subject = below(random, 3),
			    .egress = below(random, 2),
			    .peer = (enum atom_peer)below(random, ATOM_ENTITY + 1),
			    .group = GROUP_NONE,
			    .edge = below(random, 4) ? &edges[number] : NULL,
			    .wider = below(random, 2),
			    .port = (uint16_t)(below(random, 2) + 80),
			    .protocol = below(random, 2) ? 6 : 17};

	if (atom.peer == ATOM_GROUP)
		atom.group = below(random, 3);
	if (atom.peer == ATOM_NAMESPACE)
		atom.namespace = namespaces[below(random, 2)];
	if (atom.peer == ATOM_ENTITY)
		atom.entity = (enum entity)below(random, ENTITY_WORLD + 1);
	if (atom.peer == ATOM_BLOCK)
		atom.block = random_block(random);
	atom.end = (const void *)&edges[number]; /* tells them apart, whatever becomes of them */
	return atom;
}

static int compare(const void *a, const void *b)
{
	const struct atom *x = a, *y = b;
	int r = atom_compare(x, y);

	return r ? r : (x->end > y->end) - (x->end < y->end);
}

static void test_order(void **state)
{
	uint32_t random = 7;

	(void)state;
	for (size_t round = 0; round < ROUNDS; round++) {
		struct atom items[ATOMS], expected[ATOMS];
		const size_t count = below(&random, ATOMS);

		for (size_t i = 0; i < count; i++)
			expected[i] = items[i] = random_atom(&random, i);
		atoms_sort(&(struct atoms){.items = items, .count = count});
		qsort(expected, count, sizeof(*expected), compare);
		for (size_t i = 0; i < count; i++)
			assert_ptr_equal(items[i].end, expected[i].end);
		/* Those that are in order stay as they are. */
		atoms_sort(&(struct atoms){.items = items, .count = count});
		for (size_t i = 0; i < count; i++)
			assert_ptr_equal(items[i].end, expected[i].end);
	}
}

/* As if all were sorted at once. */
static void test_added(void **state)
{
	uint32_t random = 11;

	(void)state;
	for (size_t round = 0; round < ROUNDS; round++) {
		struct atom items[ATOMS], expected[ATOMS];
		const size_t count = below(&random, ATOMS);
		const size_t sorted = below(&random, (uint32_t)count + 1);

		for (size_t i = 0; i < count; i++)
			expected[i] = items[i] = random_atom(&random, i);
		qsort(expected, count, sizeof(*expected), compare);
		atoms_sort(&(struct atoms){.items = items, .count = sorted});
		atoms_sort_added(&(struct atoms){.items = items, .count = count}, sorted);
		for (size_t i = 0; i < count; i++)
			assert_ptr_equal(items[i].end, expected[i].end);
	}
}

/* ---- blocks that hold others, the slow way ---- */

static bool is_at_port_of(const struct atom *a, const struct atom *b)
{
	return a->subject == b->subject && a->egress == b->egress && a->port == b->port &&
	       a->protocol == b->protocol;
}

static bool is_around(const struct atom *wider, const struct atom *atom)
{
	return is_at_port_of(wider, atom) && wider->block.length < atom->block.length &&
	       prefix_contains(wider->block, atom->block.addr);
}

static struct atom cover(const struct atom *atoms, size_t count, const struct atom *atom)
{
	struct atom covered = *atom;
	const struct atom *outermost = NULL;
	unsigned bits = 0;
	bool exact = false;

	for (size_t i = 0; i < count; i++)
		if (is_around(&atoms[i], atom) &&
		    (!outermost || atoms[i].block.length < outermost->block.length))
			outermost = &atoms[i];
	if (!outermost)
		return covered;
	for (size_t i = 0; i < count; i++) {
		if (!is_at_port_of(&atoms[i], outermost) || !atom_same_peer(&atoms[i], outermost))
			continue;
		bits |= atoms[i].wider;
		exact |= atoms[i].wider == 0;
	}
	covered.block = outermost->block;
	covered.wider = exact ? 0 : bits | atom->wider;
	return covered;
}

static void test_blocks_inside(void **state)
{
	const struct basis basis = {0};
	uint32_t random = 3;

	(void)state;
	for (size_t round = 0; round < ROUNDS; round++) {
		struct atom items[ATOMS], expected[ATOMS];
		struct atoms atoms = {.items = items, .count = below(&random, 60)};

		for (size_t i = 0; i < atoms.count; i++) {
			items[i] = random_atom(&random, i);
			items[i].peer = ATOM_BLOCK;
			items[i].group = GROUP_NONE;
			items[i].namespace = NULL;
			items[i].entity = ENTITY_HOST;
			items[i].block = random_block(&random);
		}
		for (size_t i = 0; i < atoms.count; i++)
			expected[i] = cover(items, atoms.count, &items[i]);
		atoms_sort(&atoms);
		assert_int_equal(atoms_cover(&basis, &atoms), 0);
		atoms_sort(&(struct atoms){.items = expected, .count = atoms.count});
		for (size_t i = 0; i < atoms.count; i++) {
			assert_int_equal(atom_compare(&items[i], &expected[i]), 0);
			assert_int_equal(items[i].wider, expected[i].wider);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_added),
	    cmocka_unit_test(test_blocks_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
