/*
 * Who came in from outside by an entry comes back tomorrow with another address, and by another
 * node: the policies that are made by default let it in.
 */
#include "tests/unit/policy/properties.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

enum { SEEDS = 1000 };

struct tally {
	unsigned long features[HISTORY_FEATURE_COUNT];
	unsigned long straight, forwarded, told_elsewhere, own_node;
};

static struct tally tally;

/* As it comes tomorrow. */
struct visit {
	struct graph_edge edge;
	struct end seen;
};

static struct addr another(uint8_t family)
{
	return history_addr(family == ADDR_IPV6 ? "2a00:1234::99" : "45.33.32.156");
}

static bool is_outside(const struct end *end)
{
	return end->kind == END_EXTERNAL && strcmp(end->class, "external") == 0;
}

static bool is_public(struct addr address)
{
	return !addr_is_private(address) && !addr_is_link_local(address) &&
	       !addr_is_loopback(address);
}

/* By an entry: it asked for another address than the pod's, or it has an address of its own. */
static bool came_in(const struct graph_edge *edge)
{
	return is_outside(&edge->from) && why_void(edge) == LEFT_NONE && edge->to.kind == END_POD &&
	       (edge->translated || addr_is_set(edge->edge.key.service) ||
		(!edge->from.prefix && is_public(edge->from.address)));
}

/* A client of the port that is told of as this one: by no other record, straight or behind a node
 * whose address is as new as the client's. */
static void come_again(const struct graph_edge *edge, struct visit *ret)
{
	const bool own_node =
	    edge->translated && strcmp(edge->translated->name, edge->to.node) == 0;

	ret->edge = *edge;
	ret->edge.told_elsewhere[0] = ret->edge.told_elsewhere[1] = false;
	ret->edge.from.address = another(edge->from.address.family);
	ret->edge.from.prefix = 0;
	if (!edge->translated || own_node)
		return;
	ret->seen = ret->edge.from;
	ret->edge.translated = &ret->seen;
}

static void count(const struct graph_edge *edge)
{
	tally.straight += !edge->translated;
	if (!edge->translated)
		return;
	if (strcmp(edge->translated->name, edge->to.node) == 0)
		tally.own_node++;
	else if (edge->told_elsewhere[1])
		tally.told_elsewhere++;
	else
		tally.forwarded++;
}

static void check(const struct world *world, const struct compiled *compiled,
		  const struct judged *judged)
{
	for (size_t i = 0; i < world->graph->edge_count; i++) {
		const struct graph_edge *edge = &world->graph->edges[i];
		struct visit visit;
		struct replayed replayed;

		if (!came_in(edge) ||
		    why_left(world->graph, compiled, edge, DIRECTION_INGRESS) != LEFT_NONE)
			continue;
		come_again(edge, &visit);
		replayed = ask(&judged->replay, &visit.edge);
		if (replayed.decision.sides[DIRECTION_INGRESS].answer != ANSWER_ALLOWED) {
			print_edge(edge);
			fail_world(world, compiled->text, "tomorrow's client is not let in");
		}
		count(edge);
	}
}

static void check_tally(void)
{
	print_message("%lu straight, %lu behind a node, %lu of which another record tells, %lu "
		      "behind the pod's own\n",
		      tally.straight, tally.forwarded, tally.told_elsewhere, tally.own_node);
	assert_true(tally.straight > 100);
	assert_true(tally.forwarded >= 10);
	assert_true(tally.told_elsewhere > 20);
	assert_true(tally.own_node > 20);
}

/* 0: all of them. */
static uint64_t only_seed;

static void test_tomorrow(void **state)
{
	static struct world world;

	(void)state;
	for (uint64_t seed = only_seed ? only_seed : 1; seed <= (only_seed ? only_seed : SEEDS);
	     seed++) {
		struct compiled compiled;
		struct judged judged;

		world_make(&world, seed, tally.features);
		policy_request_init(&world.request);
		compile(world.graph, &world.request, EXPLAIN_NONE, &compiled);
		judge(&world, compiled.text, &judged);
		check(&world, &compiled, &judged);
		judged_clear(&judged);
		compiled_clear(&compiled);
		world_clear(&world);
	}
	if (!only_seed)
		check_tally();
}

/* With a number, only that case. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tomorrow),
	};

	only_seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
