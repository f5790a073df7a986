/*
 * What holds of generated policies when more than what was seen is asked for, in any mixture of
 * options: what is meant to be allowed still is, and whatever allows more says so.
 */
#include "tests/unit/policy/properties.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { SEEDS = 1000 };

#define WIDER_BITS 10

struct tally {
	unsigned long features[HISTORY_FEATURE_COUNT];
	unsigned long sides, denied, tagged[WIDER_BITS], exact_peers;
	unsigned long left[LEFT_REASONS];
};

static struct tally tally;

/* ---- what is asked for ---- */

static struct known_networks *networks;

static void read_networks(void)
{
	static const char text[] =
	    "- name: cdn\n"
	    "  cidrs: [93.184.217.0/24, 151.101.100.0/23, \"2606:2800::/32\"]\n"
	    "- name: other\n"
	    "  cidrs: [198.51.100.0/24]\n";
	struct problems problems = {0};
	struct document *document = NULL;

	networks = known_networks_new();
	assert_non_null(networks);
	assert_int_equal(document_parse(text, strlen(text), "networks", &problems, &document), 0);
	assert_int_equal(known_networks_add(networks, document, &problems), 0);
	document_free(document);
	problems_clear(&problems);
}

/* Some of the nodes hide something. */
static void make_coverage(struct world *world, struct coverage *ret)
{
	static struct coverage_node nodes[HISTORY_NODES];

	*ret = (struct coverage){.nodes = nodes};
	for (size_t i = 0; i < world->history.node_count; i++)
		if (world->history.nodes[i].recorded)
			nodes[ret->count++] = (struct coverage_node){
			    .name = world->history.nodes[i].name,
			    .hidden = history_chance(&world->history, 20) ? "a part of it" : NULL};
}

static unsigned any_reasons(struct history *history)
{
	unsigned include = 0;

	for (enum left_reason i = 0; i < LEFT_REASONS; i++)
		if (left_reason_can_be_included(i) && history_chance(history, 25))
			include |= 1u << i;
	return include;
}

static void choose(struct world *world, struct coverage *coverage)
{
	struct history *history = &world->history;
	struct policy_request *request = &world->request;

	policy_request_init(request);
	request->external_ingress = (enum external_ingress)history_roll(history, 3);
	request->service_ports = history_chance(history, 30);
	request->default_deny = history_chance(history, 20);
	if (history_chance(history, 20))
		request->directions[history_roll(history, DIRECTIONS)] = false;
	if (history_chance(history, 30))
		request->include = any_reasons(history);
	if (history_chance(history, 20))
		request->min_connections = 2 + (int64_t)history_roll(history, 8);
	if (history_chance(history, 60))
		request->block_threshold = 1 + (size_t)history_roll(history, 4);
	if (history_chance(history, 30))
		request->max_blocks = 1 + (size_t)history_roll(history, 4);
	if (history_chance(history, 60))
		request->range_threshold = 1 + (size_t)history_roll(history, 4);
	if (history_chance(history, 40)) {
		request->block_floor[0] = (uint8_t)(4 * history_roll(history, 7));
		request->block_floor[1] = (uint8_t)(12 * history_roll(history, 5));
	}
	if (history_chance(history, 40))
		request->known_networks = networks;
	if (history_chance(history, 30)) {
		make_coverage(world, coverage);
		request->coverage = coverage;
		request->withhold_partial = history_chance(history, 50);
	}
}

/* ---- what is meant to be allowed still is ---- */

static int64_t connections_of(const struct graph_edge *edge)
{
	return edge->edge.totals.connections;
}

/* Does a policy that is not a default-deny speak of the pod? */
static bool is_spoken_of(const struct world *world, const struct compiled *compiled,
			 const struct end *end, enum direction direction)
{
	const struct labels *labels =
	    end->kind == END_POD ? world->graph->pods[end->pod].labels : NULL;

	for (size_t i = 0; i < compiled->count && labels; i++) {
		const struct policy *policy = &compiled->policies[i];

		if (policy->workload && policy->isolates[direction] &&
		    strcmp(policy->namespace, end->namespace) == 0 &&
		    labels_match(labels, &policy->selector))
			return true;
	}
	return false;
}

/* May it be denied? */
static bool may_be_left(const struct world *world, const struct compiled *compiled,
			const struct graph_edge *edge, enum direction direction)
{
	const struct policy_request *request = &world->request;
	const enum left_reason left = why_left(world->graph, compiled, edge, direction);
	const struct end *end = direction == DIRECTION_EGRESS ? edge->from : edge->to;

	if (connections_of(edge) < request->min_connections)
		return true;
	if (request->default_deny && !is_spoken_of(world, compiled, end, direction))
		return true;
	return left != LEFT_NONE && left != LEFT_NO_POLICY;
}

static void check_allowed(const struct world *world, const struct compiled *compiled,
			  const struct judged *judged)
{
	for (size_t i = 0; i < world->graph->edge_count; i++) {
		const struct graph_edge *edge = &world->graph->edges[i];
		const enum left_reason left = why_void(edge);
		struct replayed replayed;

		if (left != LEFT_NONE && !(world->request.include & 1u << left))
			continue;
		replayed = ask(&judged->replay, edge);
		for (enum direction d = 0; d < DIRECTIONS; d++) {
			tally.sides++;
			if (replayed.decision.sides[d].answer != ANSWER_DENIED)
				continue;
			tally.denied++;
			if (may_be_left(world, compiled, edge, d))
				continue;
			print_edge(edge);
			fail_world(world, compiled->text, "what worked is denied in %s",
				   d == DIRECTION_EGRESS ? "egress" : "ingress");
		}
	}
}

/* ---- whatever allows more says so ---- */

static bool holds(const struct policy_peer *a, const struct policy_peer *b)
{
	if (a->kind == PEER_ALL_PODS)
		return b->kind != PEER_BLOCK;
	if (a->kind != b->kind)
		return false;
	if (a->kind == PEER_PODS)
		return strcmp(a->namespace, b->namespace) == 0 &&
		       labels_match(&b->selector, &a->selector);
	return a->block.length <= b->block.length && prefix_contains(a->block, b->block.addr);
}

static bool has_port(const struct policy_rule *rule, uint8_t protocol, uint16_t port)
{
	for (size_t i = 0; i < rule->port_count; i++) {
		const struct policy_port *own = &rule->ports[i];
		const uint16_t last = own->end_port ? own->end_port : own->port;

		if (own->protocol == protocol && own->port <= port && port <= last)
			return true;
	}
	return false;
}

static const struct policy *find_policy(const struct compiled *compiled,
					const struct policy *wanted)
{
	for (size_t i = 0; i < compiled->count; i++)
		if (strcmp(compiled->policies[i].name, wanted->name) == 0 &&
		    strcmp(compiled->policies[i].namespace, wanted->namespace) == 0)
			return &compiled->policies[i];
	return NULL;
}

static bool allows_whole(const struct policy *policy, enum direction direction,
			 const struct policy_peer *peer, uint8_t protocol, uint16_t port)
{
	for (size_t i = 0; policy && i < policy->rule_count[direction]; i++) {
		const struct policy_rule *rule = &policy->rules[direction][i];

		for (size_t j = 0; j < rule->peer_count; j++)
			if (holds(&rule->peers[j], peer) && has_port(rule, protocol, port))
				return true;
	}
	return false;
}

/* A block may be all of the addresses that were seen. */
static bool allows(const struct policy *policy, enum direction direction,
		   const struct policy_peer *peer, uint8_t protocol, uint16_t port)
{
	struct policy_peer half = *peer;

	if (allows_whole(policy, direction, peer, protocol, port))
		return true;
	if (peer->kind != PEER_BLOCK || peer->block.length == 8 * addr_length(peer->block.addr))
		return false;
	half.block.length++;
	if (!allows(policy, direction, &half, protocol, port))
		return false;
	half.block.addr.bytes[peer->block.length / 8] |= (uint8_t)(0x80u >> peer->block.length % 8);
	return allows(policy, direction, &half, protocol, port);
}

/* All that it allows, the policy of what was seen allows, too. */
static bool is_exact(const struct policy *exact, enum direction direction,
		     const struct policy_rule *rule, const struct policy_peer *peer)
{
	for (size_t i = 0; i < rule->port_count; i++) {
		const struct policy_port *port = &rule->ports[i];
		const unsigned last = port->end_port ? port->end_port : port->port;

		for (unsigned number = port->port; number <= last; number++)
			if (!allows(exact, direction, peer, port->protocol, (uint16_t)number))
				return false;
	}
	return true;
}

static bool is_of_cluster(const struct world *world, struct prefix block)
{
	for (size_t i = 0; i < world->graph->pod_count; i++)
		for (size_t j = 0; j < world->graph->pods[i].address_count; j++)
			if (prefix_contains(block, world->graph->pods[i].addresses[j].address))
				return true;
	for (size_t i = 0; i < world->history.node_count; i++)
		for (size_t j = 0; j < 2; j++)
			if (world->history.nodes[i].recorded &&
			    prefix_contains(block, world->history.nodes[i].address[j]))
				return true;
	for (size_t i = 0; i < world->history.service_count && world->history.has_objects; i++)
		if (addr_is_set(world->history.services[i].address) &&
		    prefix_contains(block, world->history.services[i].address))
			return true;
	return false;
}

/* Are private addresses in it, and others? */
static bool is_mixed(struct prefix block)
{
	static const char *const private[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
					      "100.64.0.0/10", "fc00::/7"};

	for (size_t i = 0; i < COUNT(private); i++) {
		struct prefix range;

		assert_int_equal(prefix_parse(private[i], &range), 0);
		if (block.length < range.length && prefix_contains(block, range.addr))
			return true;
	}
	return false;
}

static void check_aggregated(const struct world *world, const struct compiled *compiled,
			     const struct policy_peer *peer)
{
	const size_t family = peer->block.addr.family == ADDR_IPV6;
	char text[PREFIX_TEXT_MAX];

	prefix_format(peer->block, text);
	if (peer->block.length < world->request.block_floor[family])
		fail_world(world, compiled->text, "%s is too wide", text);
	if (is_of_cluster(world, peer->block))
		fail_world(world, compiled->text, "%s holds addresses of the cluster", text);
	if (is_mixed(peer->block))
		fail_world(world, compiled->text, "%s joins private and public", text);
}

static void check_peer(const struct world *world, const struct compiled *compiled,
		       const struct policy *exact, enum direction direction,
		       const struct policy_rule *rule, const struct policy_peer *peer)
{
	for (unsigned i = 0; i < WIDER_BITS; i++)
		tally.tagged[i] += peer->wider >> i & 1;
	if (peer->wider & WIDER_AGGREGATED)
		check_aggregated(world, compiled, peer);
	if (peer->wider)
		return;
	tally.exact_peers++;
	if (!is_exact(exact, direction, rule, peer))
		fail_world(world, compiled->text, "not told: wider than what was seen: %s",
			   peer->reason);
}

static void check_tags(const struct world *world, const struct compiled *compiled,
		       const struct compiled *exact)
{
	size_t wider = 0, told = 0;

	for (size_t i = 0; i < compiled->count; i++) {
		const struct policy *policy = &compiled->policies[i];
		const struct policy *same = find_policy(exact, policy);
		bool is_wider = false;

		for (enum direction d = 0; d < DIRECTIONS; d++)
			for (size_t j = 0; j < policy->rule_count[d]; j++)
				for (size_t k = 0; k < policy->rules[d][j].peer_count; k++) {
					const struct policy_rule *rule = &policy->rules[d][j];

					check_peer(world, compiled, same, d, rule, &rule->peers[k]);
					is_wider |= rule->peers[k].wider != 0;
				}
		wider += is_wider;
	}
	for (const char *at = compiled->text; (at = strstr(at, KIND_WIDER ":")); at++)
		told++;
	if (wider != told)
		fail_world(world, compiled->text, "%zu policies are wider, %zu say so", wider,
			   told);
}

static void check_sums(const struct world *world, const struct compiled *compiled)
{
	const struct policy_summary *summary = &compiled->summary;
	size_t edges = summary->used_edges;
	int64_t connections = summary->used_connections;

	for (enum left_reason i = 0; i < LEFT_REASONS; i++) {
		edges += summary->left_edges[i];
		connections += summary->left_connections[i];
		tally.left[i] += summary->left_edges[i];
	}
	if (edges != summary->edges || connections != summary->connections)
		fail_world(world, compiled->text, "the summary does not add up");
}

/* ---- many ---- */

static void check(struct world *world)
{
	struct policy_request exact_request;
	struct history_telling shuffled = {.order = world->seed};
	struct compiled compiled, exact;
	struct coverage coverage;
	struct judged judged;
	char *text;

	choose(world, &coverage);
	policy_request_init(&exact_request);
	exact_request.exact = true;
	exact_request.external_ingress = EXTERNAL_INGRESS_OBSERVED;
	compile(world->graph, &exact_request, EXPLAIN_NONE, &exact);
	compile(world->graph, &world->request, EXPLAIN_COMMENTS, &compiled);
	judge(world, compiled.text, &judged);
	check_allowed(world, &compiled, &judged);
	check_tags(world, &compiled, &exact);
	check_sums(world, &compiled);
	text = tell(world, &shuffled, EXPLAIN_COMMENTS, NULL);
	expect_same(world, compiled.text, text, "shuffled");
	free(text);
	judged_clear(&judged);
	compiled_clear(&compiled);
	compiled_clear(&exact);
}

static void check_tally(void)
{
	print_message("%lu sides, %lu denied; %lu peers as they were seen\n", tally.sides,
		      tally.denied, tally.exact_peers);
	for (unsigned i = 0; i < WIDER_BITS; i++)
		if (tally.tagged[i] == 0 && 1u << i != WIDER_ENTITY)
			fail_msg("never tagged: %u", i);
	for (enum left_reason i = LEFT_REFUSED; i < LEFT_REASONS; i++)
		if (tally.left[i] == 0 && i != LEFT_NOT_READY)
			fail_msg("never left out as %s", left_reason_name(i));
	assert_true(tally.denied < tally.sides / 5);
}

/* 0: all of them. */
static uint64_t only_seed;

static void test_options(void **state)
{
	static struct world world;

	(void)state;
	read_networks();
	for (uint64_t seed = only_seed ? only_seed : 1; seed <= (only_seed ? only_seed : SEEDS);
	     seed++) {
		world_make(&world, seed, tally.features);
		check(&world);
		world_clear(&world);
	}
	known_networks_free(networks);
	if (!only_seed)
		check_tally();
}

/* With a number, only that case. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_options),
	};

	only_seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
