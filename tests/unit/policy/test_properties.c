/*
 * What holds of all policies that are generated, whatever the cluster and its past: everything that
 * worked is allowed, nothing can be taken away, and the same evidence gives the same bytes. Judged
 * as users would: the printed text is read again and replayed against the record.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/policy/properties.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { SEEDS = 1000, STORED_EVERY = 40, LARGE = 40 };

/* Why a connection that worked is neither surely allowed nor surely denied. */
static const char *const unknowns[] = {
    "the labels of the source are not known",
    "the labels of the destination are not known",
    "source NAT on the pod's own node: plugins differ in when they look",
    "address of a service; which pod answered was not seen",
};

struct tally {
	unsigned long features[HISTORY_FEATURE_COUNT];
	unsigned long sides, allowed, left[LEFT_REASONS], unknown[COUNT(unknowns)];
	unsigned long offered, mutations, excused, own_nodes, used;
	unsigned long policies;
};

static struct tally tally;

/* ---- what is left out is said ---- */

static void check_summary(const struct world *world, const struct compiled *compiled)
{
	const struct policy_summary *summary = &compiled->summary;
	size_t expected[LEFT_REASONS] = {0}, all = 0;

	for (size_t i = 0; i < world->graph->edge_count; i++) {
		const struct graph_edge *edge = &world->graph->edges[i];

		if (edge->standing != STANDING_COUNTS ||
		    (edge->from->kind != END_POD && edge->to->kind != END_POD))
			continue;
		expected[fate_of(world->graph, compiled, edge)]++;
		all++;
	}
	for (enum left_reason i = 0; i < LEFT_REASONS; i++) {
		size_t said = i == LEFT_NONE ? summary->used_edges : summary->left_edges[i];

		tally.left[i] += said;
		if (said != expected[i])
			fail_world(world, compiled->text, "left out as %s: %zu are, %zu are said",
				   left_reason_name(i), expected[i], said);
	}
	if (summary->edges != all)
		fail_world(world, compiled->text, "%zu edges, %zu are said", all, summary->edges);
}

/* ---- everything that worked is allowed ---- */

static void count_unknown(const struct world *world, const char *why, const char *text)
{
	for (size_t i = 0; i < COUNT(unknowns); i++)
		if (why && strcmp(unknowns[i], why) == 0) {
			tally.unknown[i]++;
			return;
		}
	fail_world(world, text, "unknown: %s", why ? why : "(no reason)");
}

static bool is_doubtful(const struct judged *judged, const struct end *end)
{
	return end->kind == END_POD && !scene_graph_scene(judged->scene)->pods[end->pod].labels;
}

/* Whether the plugin looks before or after the pod's own node puts its address in. */
static bool is_named_both_ways(const struct world *world, const struct graph_edge *edge,
			       enum direction direction)
{
	return is_forwarded(edge, direction) && why_unnamed(world->graph, edge->from) == LEFT_NONE;
}

static void check_side(const struct world *world, const struct judged *judged,
		       const struct compiled *compiled, const struct graph_edge *edge,
		       const struct replayed *replayed, enum direction direction)
{
	const enum answer answer = replayed->decision.sides[direction].answer;
	const enum left_reason left = why_left(world->graph, compiled, edge, direction);

	if (edge->told_elsewhere[direction == DIRECTION_INGRESS] ||
	    (left != LEFT_NONE && left != LEFT_NO_POLICY))
		return;
	tally.sides++;
	if (answer == ANSWER_ALLOWED) {
		tally.allowed++;
		return;
	}
	/* Of one that is denied at the other end, too, no reason is told. */
	if (answer == ANSWER_UNKNOWN &&
	    (!is_named_both_ways(world, edge, direction) || is_doubtful(judged, edge->from) ||
	     is_doubtful(judged, edge->to))) {
		if (left == LEFT_NONE && replayed->decision.answer == ANSWER_UNKNOWN)
			count_unknown(world, replayed->why, compiled->text);
		return;
	}
	print_edge(edge);
	fail_world(world, compiled->text, "what worked is not allowed in %s",
		   direction == DIRECTION_EGRESS ? "egress" : "ingress");
}

static void check_allowed(const struct world *world, const struct judged *judged,
			  const struct compiled *compiled)
{
	for (size_t i = 0; i < world->graph->edge_count; i++) {
		const struct graph_edge *edge = &world->graph->edges[i];
		struct replayed replayed;

		if (why_void(edge) != LEFT_NONE)
			continue;
		replayed = ask(&judged->replay, edge);
		for (enum direction d = 0; d < DIRECTIONS; d++)
			check_side(world, judged, compiled, edge, &replayed, d);
	}
}

/* ---- what is said to be used is allowed ---- */

/* What a policy names is not denied, though it may be unknown who it is. */
static bool is_kept(const struct world *world, const struct compiled *compiled,
		    const struct graph_edge *edge, enum direction direction, enum answer answer)
{
	return answer == ANSWER_ALLOWED ||
	       (answer == ANSWER_UNKNOWN &&
		why_left(world->graph, compiled, edge, direction) == LEFT_NONE);
}

/* At every end that a policy isolates, and there is one. */
static bool is_used(const struct world *world, const struct judged *judged,
		    const struct compiled *compiled, const struct graph_edge *edge)
{
	const struct replayed replayed = ask(&judged->replay, edge);
	bool isolated = false;

	for (enum direction d = 0; d < DIRECTIONS; d++) {
		if (!is_end_isolated(world->graph, compiled, edge, d) ||
		    why_left(world->graph, compiled, edge, d) == LEFT_OWN_NODE)
			continue;
		isolated = true;
		if (!is_kept(world, compiled, edge, d, replayed.decision.sides[d].answer))
			return false;
	}
	return isolated;
}

/* Labels that are of no use for a rule may happen to be what another rule asks for. */
static bool is_allowed_by_chance(enum left_reason left)
{
	return left == LEFT_UNLABELLED;
}

/* That the summary counts so is checked below. */
static void check_used(const struct world *world, const struct judged *judged,
		       const struct compiled *compiled)
{
	for (size_t i = 0; i < world->graph->edge_count; i++) {
		const struct graph_edge *edge = &world->graph->edges[i];
		const enum left_reason left = fate_of(world->graph, compiled, edge);
		bool used;

		if (edge->standing != STANDING_COUNTS || why_void(edge) != LEFT_NONE)
			continue;
		used = is_used(world, judged, compiled, edge);
		tally.used += used;
		if (used == (left == LEFT_NONE) || (used && is_allowed_by_chance(left)))
			continue;
		print_edge(edge);
		fail_world(world, compiled->text, "it is %sallowed at both ends, but %s",
			   used ? "" : "not ", left_reason_name(left));
	}
}

/* ---- nothing can be taken away ---- */

/* What was said of an edge that worked, before anything is taken away. */
struct verdict_of_edge {
	bool worked;
	enum answer sides[DIRECTIONS];
	/* Of a service: as plugins say that look before translation. Of a client behind the pod's
	 * own node: as those say that look after it. */
	enum answer address;
};

static struct party party_of(const struct end *end)
{
	if (end->kind == END_POD)
		return (struct party){.kind = PARTY_POD, .index = end->pod};
	return (struct party){.kind = PARTY_ADDRESSES, .range = {end->address, end->address}};
}

static enum answer ask_address(const struct replay *replay, const struct graph_edge *edge)
{
	const bool forwarded = is_forwarded(edge, DIRECTION_INGRESS);
	const struct party from = party_of(forwarded ? edge->translated : edge->from),
			   to = party_of(edge->to);
	struct decision decision;

	if (!forwarded && (edge->from->kind != END_POD || !edge->to->service_address))
		return ANSWER_ALLOWED;
	evaluator_connection(replay->evaluator, &from, NULL, &to, edge->edge.key.protocol,
			     edge->edge.key.port, &decision);
	return decision.answer;
}

static struct verdict_of_edge verdict_of(const struct replay *replay, const struct graph_edge *edge)
{
	const struct replayed replayed = ask(replay, edge);

	return (struct verdict_of_edge){
	    .worked = why_void(edge) == LEFT_NONE,
	    .sides = {replayed.decision.sides[0].answer, replayed.decision.sides[1].answer},
	    .address = ask_address(replay, edge)};
}

static unsigned badness(enum answer answer)
{
	static const unsigned by_answer[] = {[ANSWER_ALLOWED] = 0,
					     [ANSWER_UNDEFINED] = 1,
					     [ANSWER_UNKNOWN] = 2,
					     [ANSWER_DENIED] = 3};

	return by_answer[answer];
}

/* Does an edge that worked depend on what is missing now? */
static bool is_missed(const struct world *world, const struct judged *judged,
		      const struct verdict_of_edge *before)
{
	struct replay replay = {.scene = judged->scene};
	bool missed = false;

	assert_int_equal(evaluator_new(judged->manifest->policies, judged->manifest->policy_count,
				       scene_graph_scene(judged->scene),
				       (struct evaluator_options){0}, &replay.evaluator),
			 0);
	for (size_t i = 0; i < world->graph->edge_count && !missed; i++) {
		const struct verdict_of_edge now =
		    before[i].worked ? verdict_of(&replay, &world->graph->edges[i]) : before[i];

		missed = badness(now.address) > badness(before[i].address);
		for (enum direction d = 0; d < DIRECTIONS; d++)
			missed |= badness(now.sides[d]) > badness(before[i].sides[d]);
	}
	evaluator_free(replay.evaluator);
	return missed;
}

static void expect_missed(const struct world *world, const struct judged *judged,
			  const struct verdict_of_edge *before, const struct netpol *policy,
			  const char *what, const char *text)
{
	/* Of many a sample. */
	if (world->graph->edge_count > LARGE && tally.offered++ % 3 > 0)
		return;
	tally.mutations++;
	if (!is_missed(world, judged, before))
		fail_world(world, text, "%s of %s in %s can be taken away", what, policy->name,
			   policy->namespace);
}

/* Without the item at that place; the last takes it, and goes back afterwards. */
#define WITHOUT(items, count, at, STATEMENT)                                                       \
	do {                                                                                       \
		__typeof__(*(items)) kept_ = (items)[at];                                          \
		(items)[at] = (items)[--(count)];                                                  \
		STATEMENT;                                                                         \
		(items)[count] = (items)[at];                                                      \
		(count)++;                                                                         \
		(items)[at] = kept_;                                                               \
	} while (0)

static bool is_of(const struct world *world, const struct policy *policy, const struct end *end)
{
	const struct workload *workload;

	if (end->kind != END_POD || end->workload == GRAPH_NONE)
		return false;
	workload = &world->graph->workloads[end->workload];
	return strcmp(workload->namespace, policy->namespace) == 0 &&
	       same_labels(&workload->selector, &policy->selector);
}

/* NULL: any. */
static bool holds_peer(const struct netpol_rule *rule, const struct netpol_peer *peer,
		       struct addr address)
{
	for (size_t i = 0; i < rule->peer_count; i++)
		if ((!peer || peer == &rule->peers[i]) && rule->peers[i].has_block &&
		    prefix_contains(rule->peers[i].block, address))
			return true;
	return false;
}

static bool holds_port(const struct netpol_rule *rule, const struct netpol_port *port,
		       const struct edge_key *key)
{
	for (size_t i = 0; i < rule->port_count; i++)
		if ((!port || port == &rule->ports[i]) &&
		    rule->ports[i].protocol == key->protocol && rule->ports[i].first <= key->port &&
		    key->port <= rule->ports[i].last)
			return true;
	return false;
}

/* Is it for what the workload's pods asked of their own nodes, too? By the API's words no policy
 * keeps that out, but network plugins do. */
static bool is_for_own_node(const struct world *world, const struct policy *policy,
			    const struct netpol_rule *rule, const struct netpol_peer *peer,
			    const struct netpol_port *port)
{
	for (size_t i = 0; i < world->graph->edge_count; i++) {
		const struct graph_edge *edge = &world->graph->edges[i];
		const char *node = edge->to->kind == END_NODE ? edge->to->name : edge->to->node;

		if (is_of(world, policy, edge->from) && strcmp(edge->from->node, node) == 0 &&
		    holds_peer(rule, peer, edge->to->address) &&
		    holds_port(rule, port, &edge->edge.key))
			return true;
	}
	return false;
}

/* One that a direction's policy has. */
struct taken {
	const struct world *world;
	const struct judged *judged;
	const struct verdict_of_edge *before;
	const struct policy *told;
	const struct netpol *policy;
	enum direction direction;
	const char *text;
};

static void expect_needed(const struct taken *taken, bool is_excused, const char *what)
{
	if (is_excused && taken->direction == DIRECTION_EGRESS)
		tally.own_nodes++;
	else
		expect_missed(taken->world, taken->judged, taken->before, taken->policy, what,
			      taken->text);
}

static void take_from_rule(const struct taken *taken, struct netpol_rule *rule)
{
	for (size_t i = 0; rule->peer_count > 1 && i < rule->peer_count; i++) {
		bool excused =
		    is_for_own_node(taken->world, taken->told, rule, &rule->peers[i], NULL);

		WITHOUT(rule->peers, rule->peer_count, i, expect_needed(taken, excused, "a peer"));
	}
	for (size_t i = 0; rule->port_count > 1 && i < rule->port_count; i++) {
		bool excused =
		    is_for_own_node(taken->world, taken->told, rule, NULL, &rule->ports[i]);

		WITHOUT(rule->ports, rule->port_count, i, expect_needed(taken, excused, "a port"));
	}
}

static void take_from_direction(const struct taken *taken, struct netpol_rule **rules,
				size_t *count)
{
	for (size_t i = 0; i < *count; i++) {
		bool excused = is_for_own_node(taken->world, taken->told, &(*rules)[i], NULL, NULL);

		WITHOUT(*rules, *count, i, expect_needed(taken, excused, "a rule"));
		take_from_rule(taken, &(*rules)[i]);
	}
}

/* Another policy for the same pods allows the same: that labels do not tell them apart is said. */
static bool shares_pods(const struct judged *judged, const struct netpol *policy)
{
	const struct scene *scene = scene_graph_scene(judged->scene);

	for (size_t i = 0; i < scene->pod_count; i++) {
		const struct scene_pod *pod = &scene->pods[i];
		size_t count = 0;

		if (pod->namespace == SCENE_NONE || !pod->labels || pod->on_node ||
		    strcmp(scene->namespaces[pod->namespace].name, policy->namespace) != 0 ||
		    label_selector_match(&policy->pods, pod->labels) != MATCH_YES)
			continue;
		for (size_t j = 0; j < judged->manifest->policy_count; j++) {
			const struct netpol *other = &judged->manifest->policies[j];

			count += strcmp(other->namespace, policy->namespace) == 0 &&
				 label_selector_match(&other->pods, pod->labels) == MATCH_YES;
		}
		if (count > 1)
			return true;
	}
	return false;
}

/* What is seen of pods whose labels are not known tells nothing of a rule: it is not known whether
 * that is for them. */
static bool has_doubts(const struct world *world, const struct judged *judged,
		       const struct policy *policy)
{
	for (size_t i = 0; i < world->graph->edge_count; i++) {
		const struct graph_edge *edge = &world->graph->edges[i];

		if ((is_of(world, policy, edge->from) || is_of(world, policy, edge->to)) &&
		    (is_doubtful(judged, edge->from) || is_doubtful(judged, edge->to)))
			return true;
	}
	return false;
}

static void check_smallest(const struct world *world, const struct judged *judged,
			   const struct compiled *compiled)
{
	const char *text = compiled->text;
	struct verdict_of_edge *before = calloc(world->graph->edge_count + 1, sizeof(*before));

	assert_non_null(before);
	for (size_t i = 0; i < world->graph->edge_count; i++)
		before[i] = verdict_of(&judged->replay, &world->graph->edges[i]);
	for (size_t i = 0; i < judged->manifest->policy_count; i++) {
		struct netpol *policy = &judged->manifest->policies[i];

		assert_string_equal(policy->name, compiled->policies[i].name);
		if (shares_pods(judged, policy) ||
		    has_doubts(world, judged, &compiled->policies[i])) {
			tally.excused++;
			continue;
		}
		for (enum direction d = 0; d < DIRECTIONS; d++)
			take_from_direction(&(struct taken){world, judged, before,
							    &compiled->policies[i], policy, d,
							    text},
					    &policy->rules[d], &policy->rule_count[d]);
	}
	free(before);
}

/* ---- rules that could be one ---- */

static bool same_peer(const struct policy_peer *a, const struct policy_peer *b)
{
	return a->kind == b->kind && strcmp(a->namespace, b->namespace) == 0 &&
	       same_labels(&a->selector, &b->selector) && a->block.length == b->block.length &&
	       addr_equal(a->block.addr, b->block.addr);
}

static bool has_peers_of(const struct policy_rule *a, const struct policy_rule *b)
{
	for (size_t i = 0; i < b->peer_count; i++) {
		bool found = false;

		for (size_t j = 0; j < a->peer_count && !found; j++)
			found = same_peer(&a->peers[j], &b->peers[i]);
		if (!found)
			return false;
	}
	return true;
}

static bool has_ports_of(const struct policy_rule *a, const struct policy_rule *b)
{
	for (size_t i = 0; i < b->port_count; i++) {
		bool found = false;

		for (size_t j = 0; j < a->port_count && !found; j++)
			found = a->ports[j].protocol == b->ports[i].protocol &&
				a->ports[j].port == b->ports[i].port &&
				a->ports[j].end_port == b->ports[i].end_port;
		if (!found)
			return false;
	}
	return true;
}

/* As one rule they would allow what they allow as two. */
static bool could_be_one(const struct policy_rule *a, const struct policy_rule *b)
{
	const bool peers = has_peers_of(a, b), ports = has_ports_of(a, b);

	return (peers && (ports || has_peers_of(b, a))) || (ports && has_ports_of(b, a));
}

static void check_merged(const struct world *world, const struct compiled *compiled)
{
	for (size_t i = 0; i < compiled->count; i++)
		for (enum direction d = 0; d < DIRECTIONS; d++) {
			const struct policy *policy = &compiled->policies[i];

			for (size_t j = 0; j < policy->rule_count[d]; j++)
				for (size_t k = 0; k < policy->rule_count[d]; k++)
					if (j != k && could_be_one(&policy->rules[d][j],
								   &policy->rules[d][k]))
						fail_world(world, compiled->text,
							   "rules of %s could be one",
							   policy->name);
		}
}

/* ---- the same evidence gives the same bytes ---- */

static void check_tellings(const struct world *world, const char *plain, const char *explained,
			   const char *folder)
{
	const struct history_telling shuffled = {.order = world->seed + 1};
	const struct history_telling doubled = {.order = world->seed + 2, .doubled = true};
	char *text = tell(world, &shuffled, EXPLAIN_COMMENTS, NULL);

	expect_same(world, explained, text, "shuffled");
	free(text);
	text = tell(world, &doubled, EXPLAIN_NONE, NULL);
	expect_same(world, plain, text, "doubled");
	free(text);
	if (world->seed % STORED_EVERY)
		return;
	text = tell(world, &doubled, EXPLAIN_COMMENTS, folder);
	expect_same(world, explained, text, "stored");
	free(text);
}

/* ---- what is allowed is all that is needed ---- */

/* Rows of which something is not denied: the addresses of one may have been several pods'. */
static void find_used(const struct world *world, const struct judged *judged,
		      bool used[static HISTORY_ROWS])
{
	const struct graph *graph = world->graph;

	for (size_t i = 0; i < graph->edge_count; i++)
		if (ask(&judged->replay, &graph->edges[i]).decision.answer != ANSWER_DENIED)
			used[history_row_of(graph->edges[i].edge.id)] = true;
}

/* What a node denied is not to count because that is left out: what other nodes have of it goes,
 * too. */
static void drop_denied(const struct history *history, bool used[static HISTORY_ROWS])
{
	for (size_t i = 0; i < history->row_count; i++) {
		const struct history_row *denied = &history->rows[i];

		if (used[i] || denied->key.verdict != VERDICT_DENIED)
			continue;
		for (size_t j = 0; j < history->row_count; j++)
			used[j] &= history->rows[j].flow != denied->flow;
	}
}

static void check_again(const struct world *world, const struct judged *judged, const char *plain)
{
	bool use[HISTORY_ROWS] = {false};
	const struct history_telling telling = {.use = use};
	char *text;

	find_used(world, judged, use);
	drop_denied(&world->history, use);
	text = tell(world, &telling, EXPLAIN_NONE, NULL);
	expect_same(world, plain, text, "only of what is allowed");
	free(text);
}

/* ---- many ---- */

static void check_exact(struct world *world, const char *folder)
{
	struct compiled compiled, plain;
	struct judged judged;

	policy_request_init(&world->request);
	world->request.exact = true;
	world->request.external_ingress = EXTERNAL_INGRESS_OBSERVED;
	compile(world->graph, &world->request, EXPLAIN_COMMENTS, &compiled);
	compile(world->graph, &world->request, EXPLAIN_NONE, &plain);
	judge(world, compiled.text, &judged);
	check_allowed(world, &judged, &compiled);
	check_used(world, &judged, &compiled);
	check_summary(world, &compiled);
	check_smallest(world, &judged, &compiled);
	check_merged(world, &compiled);
	check_tellings(world, plain.text, compiled.text, folder);
	check_again(world, &judged, plain.text);
	tally.policies += compiled.count;
	judged_clear(&judged);
	compiled_clear(&compiled);
	compiled_clear(&plain);
}

/* Everything occurs, and is judged: what is rare, in the worlds that have it for certain. */
static void check_tally(void)
{
	print_message("%lu policies; %lu sides, %lu allowed; %lu edges used; %lu times something "
		      "was taken away; %lu policies excused\n",
		      tally.policies, tally.sides, tally.allowed, tally.used, tally.mutations,
		      tally.excused);
	for (enum history_feature i = 0; i < HISTORY_FEATURE_COUNT; i++)
		if (tally.features[i] == 0)
			fail_msg("never: %s", history_feature_name(i));
	for (enum left_reason i = 0; i < LEFT_BELOW_MINIMUM; i++)
		if (tally.left[i] == 0)
			fail_msg("never left out as %s", left_reason_name(i));
	for (size_t i = 0; i < COUNT(unknowns); i++)
		if (tally.unknown[i] == 0)
			fail_msg("never unknown: %s", unknowns[i]);
	assert_true(tally.allowed > tally.sides / 10 * 9);
	assert_true(tally.excused < tally.policies / 5);
	assert_true(tally.own_nodes > 0 && tally.own_nodes < tally.mutations / 5);
	assert_true(tally.mutations > 5 * SEEDS);
}

/* 0: all of them. */
static uint64_t only_seed;

static void test_exact(void **state)
{
	static struct world world;
	char folder[] = "/tmp/netpol-properties-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(folder));
	for (uint64_t seed = only_seed ? only_seed : 1; seed <= (only_seed ? only_seed : SEEDS);
	     seed++) {
		world_make(&world, seed, tally.features);
		check_exact(&world, folder);
		world_clear(&world);
	}
	rmdir(folder);
	if (!only_seed)
		check_tally();
}

/* With a number, only that case. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_exact),
	};

	only_seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
