/*
 * The policies that are made by default are good for tomorrow: who came in from outside by an entry
 * comes back with another address, and by another node, and is let in; and whoever has one of them
 * may ask the cluster's resolvers, whether it was seen to or not.
 */
#include "tests/unit/policy/properties.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS = 1000 };

struct tally {
	unsigned long features[HISTORY_FEATURE_COUNT];
	unsigned long straight, forwarded, told_elsewhere, own_node;
	unsigned long names, names_on_nodes, names_by_label;
};

static struct tally tally;

/* As it comes tomorrow. */
struct visit {
	struct graph_edge edge;
	struct end client;
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
	return is_outside(edge->from) && why_void(edge) == LEFT_NONE && edge->to->kind == END_POD &&
	       (edge->translated || addr_is_set(edge->edge.key.service) ||
		(!edge->from->prefix && is_public(edge->from->address)));
}

/* A client of the port that is told of as this one: by no other record, straight or behind a node
 * whose address is as new as the client's. */
static void come_again(const struct graph_edge *edge, struct visit *ret)
{
	const bool own_node =
	    edge->translated && strcmp(edge->translated->name, edge->to->node) == 0;

	ret->edge = *edge;
	ret->edge.told_elsewhere[0] = ret->edge.told_elsewhere[1] = false;
	ret->client = *edge->from;
	ret->client.address = another(edge->from->address.family);
	ret->client.prefix = 0;
	ret->edge.from = &ret->client;
	if (edge->translated && !own_node)
		ret->edge.translated = &ret->client;
}

static void count(const struct graph_edge *edge)
{
	tally.straight += !edge->translated;
	if (!edge->translated)
		return;
	if (strcmp(edge->translated->name, edge->to->node) == 0)
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

/* ---- names ---- */

/* By the cluster's own service; without it by the usual label. */
static bool resolves(const struct world *world, const struct graph_pod *pod)
{
	static struct label label = {(char *)"k8s-app", (char *)"kube-dns"};
	const struct labels usual = {&label, 1};
	const struct inventory_service *service = graph_dns_service(world->inventory);

	return pod->labels &&
	       strcmp(pod->namespace, service ? service->namespace : "kube-system") == 0 &&
	       labels_match(pod->labels, service ? &service->selector : &usual);
}

static bool is_resolvers(const struct world *world, const struct end *end)
{
	const struct graph *graph = world->graph;

	for (size_t i = 0; i < graph->pod_count; i++)
		if ((i == end->pod ||
		     (end->workload != GRAPH_NONE && graph->pods[i].workload == end->workload)) &&
		    resolves(world, &graph->pods[i]))
			return true;
	return false;
}

/* Where and at which port one that lives is asked; false: it is none, or that is not known. */
static bool is_at(const struct world *world, const struct graph_pod *pod, struct addr *address,
		  uint16_t *port)
{
	const struct history *history = &world->history;
	const struct inventory_pod *known =
	    inventory_find_pod(world->inventory, pod->namespace, pod->name, pod->uid);

	if (!resolves(world, pod) || *pod->conflict || pod->ambiguous)
		return false;
	*port = history->workloads[history->dns].ports[0].port;
	if (!graph_dns_service(world->inventory)) {
		*address = pod->address_count > 0 ? pod->addresses[0].address : (struct addr){0};
		return addr_is_set(*address) && !pod->host_network && *port == 53;
	}
	if (!known || known->finished || *known->conflict || known->address_count == 0)
		return false;
	*address = known->addresses[0];
	return true;
}

static struct end resolver_end(const struct world *world, const struct graph_pod *pod,
			       struct addr address)
{
	return (struct end){.kind = pod->host_network ? END_NODE : END_POD,
			    .class = pod->host_network ? "host-network" : "cluster-dns",
			    .namespace = pod->host_network ? "" : pod->namespace,
			    .name = pod->host_network ? pod->node : pod->name,
			    .uid = pod->host_network ? "" : pod->uid,
			    .node = pod->node,
			    .pod = (size_t)(pod - world->graph->pods),
			    .workload = pod->workload,
			    .address = address};
}

static void check_name(const struct world *world, const struct compiled *compiled,
		       const struct judged *judged, const struct graph_edge *edge,
		       const struct graph_pod *pod)
{
	struct graph_edge asked = *edge;
	struct replayed replayed;
	struct end resolver;
	struct addr address;
	uint16_t port;

	if (!is_at(world, pod, &address, &port))
		return;
	resolver = resolver_end(world, pod, address);
	asked.to = &resolver;
	asked.translated = NULL;
	asked.service = NULL;
	asked.told_elsewhere[0] = asked.told_elsewhere[1] = false;
	asked.edge.key = (struct edge_key){
	    .protocol = IPPROTO_UDP, .has_port = true, .port = port, .verdict = VERDICT_ANSWERED};
	replayed = ask(&judged->replay, &asked);
	if (replayed.decision.sides[DIRECTION_EGRESS].answer == ANSWER_DENIED ||
	    replayed.decision.sides[DIRECTION_INGRESS].answer == ANSWER_DENIED) {
		print_edge(&asked);
		fail_world(world, compiled->text, "a resolver must not be asked");
	}
	tally.names++;
	tally.names_on_nodes += pod->host_network;
	tally.names_by_label += graph_dns_service(world->inventory) == NULL;
}

/* A resolver's own pods ask whom they like. */
static void check_names(const struct world *world, const struct compiled *compiled,
			const struct judged *judged)
{
	const struct graph *graph = world->graph;

	for (size_t i = 0; i < graph->edge_count; i++) {
		const struct graph_edge *edge = &graph->edges[i];

		if (edge->from->kind != END_POD || edge->from->pod == GRAPH_NONE ||
		    is_resolvers(world, edge->from) ||
		    !is_end_isolated(graph, compiled, edge, DIRECTION_EGRESS))
			continue;
		for (size_t j = 0; j < graph->pod_count; j++)
			check_name(world, compiled, judged, edge, &graph->pods[j]);
	}
}

static void check_tally(void)
{
	print_message("%lu of names, %lu of them on nodes, %lu by label\n", tally.names,
		      tally.names_on_nodes, tally.names_by_label);
	assert_true(tally.names_by_label > 0);
	assert_true(tally.names > 1000);
	assert_true(tally.names_on_nodes > 100);
	print_message("%lu straight, %lu behind a node, %lu of which another record tells, %lu "
		      "behind the pod's own\n",
		      tally.straight, tally.forwarded, tally.told_elsewhere, tally.own_node);
	assert_true(tally.straight > 100);
	assert_true(tally.forwarded > 0);
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
		check_names(&world, &compiled, &judged);
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
