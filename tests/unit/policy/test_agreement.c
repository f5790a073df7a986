/*
 * The evaluator, which works on sets, against the naive one, which judges one connection at a
 * time: exactly the same where everything is known; else what it is sure of must be so in every
 * world there may be. A case that fails is printed with its seed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/policy/worlds.h"

#define CLUSTERS 12500u
#define QUESTIONS 8u
#define OTHER_PORTS 5u

#define BIT(answer) (1u << (answer))

/* What the worlds say, as BIT(answer). */
struct verdict {
	unsigned answers, sides[DIRECTIONS];
	bool is_exact; /* there is one world */
	bool is_whole;
};

struct tally {
	unsigned long features[FEATURES];
	unsigned long cases, exact, answers[ANSWER_UNDEFINED + 1];
	unsigned long settled; /* unknowns, but the same in all worlds */
	unsigned long loose;   /* … and the evaluator did not see it */
};

static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

/* ---- one connection ---- */

static struct verdict verdict_of(struct worlds *worlds, struct cluster *cluster,
				 const struct question *question)
{
	struct verdict ret = {0};

	worlds_begin(worlds, cluster, question);
	ret.is_exact = worlds->all == 1;
	do {
		const struct naive_world *world = &worlds->world;
		const struct naive_connection *connection = &worlds->connection;

		ret.answers |= BIT(naive_answer(world, connection));
		for (enum direction i = 0; i < DIRECTIONS; i++)
			ret.sides[i] |= BIT(naive_side(world, connection, i));
	} while (worlds_next(worlds));
	ret.is_whole = worlds->is_whole;
	return ret;
}

static bool is_right(enum answer answer, unsigned worlds, bool is_exact)
{
	if (answer == ANSWER_UNKNOWN)
		return !is_exact;
	return worlds == BIT(answer);
}

static enum answer both(enum answer a, enum answer b)
{
	static const enum answer order[] = {ANSWER_DENIED, ANSWER_UNKNOWN, ANSWER_UNDEFINED};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return ANSWER_ALLOWED;
}

static void ask(const struct evaluator *evaluator, const struct question *question,
		struct decision *ret)
{
	evaluator_connection(evaluator, &question->from,
			     question->has_seen_as ? &question->seen_as : NULL, &question->to,
			     question->protocol, question->port, ret);
}

static const struct netpol *first_isolating(const struct naive_world *world,
					    const struct naive_connection *connection,
					    enum direction direction)
{
	for (size_t i = 0; i < world->policy_count; i++)
		if (naive_isolates(world, connection, direction, &world->policies[i]))
			return &world->policies[i];
	return NULL;
}

static bool has_rule(const struct netpol *policy, enum direction direction,
		     const struct netpol_rule *rule)
{
	return rule >= policy->rules[direction] &&
	       rule < policy->rules[direction] + policy->rule_count[direction];
}

/* In the one world there is. */
static bool is_reason_right(const struct worlds *worlds, enum direction direction,
			    const struct side *side)
{
	const struct naive_world *world = &worlds->world;
	const struct naive_connection *connection = &worlds->connection;
	const struct netpol *first;

	if (naive_is_exempt(connection, direction))
		return !side->policy && !side->rule;
	first = first_isolating(world, connection, direction);
	if (side->isolated != (first != NULL))
		return false;
	if (!first)
		return !side->policy && !side->rule;
	if (side->answer != ANSWER_ALLOWED)
		return side->policy == first && !side->rule;
	return side->policy && side->rule && has_rule(side->policy, direction, side->rule) &&
	       naive_isolates(world, connection, direction, side->policy) &&
	       naive_rule_allows(world, connection, direction, side->policy, side->rule);
}

static const char *check_connection(const struct evaluator *evaluator, struct worlds *worlds,
				    struct cluster *cluster, const struct question *question,
				    struct tally *tally)
{
	const struct verdict verdict = verdict_of(worlds, cluster, question);
	struct decision decision;

	ask(evaluator, question, &decision);
	tally->answers[decision.answer]++;
	tally->exact += verdict.is_exact;
	if (!verdict.is_exact && verdict.is_whole &&
	    (verdict.answers & (verdict.answers - 1)) == 0) {
		tally->settled++;
		tally->loose += decision.answer == ANSWER_UNKNOWN;
	}
	if (!is_right(decision.answer, verdict.answers, verdict.is_exact))
		return "the answer";
	if (decision.answer != both(decision.sides[0].answer, decision.sides[1].answer))
		return "the sum of both sides";
	for (enum direction i = 0; i < DIRECTIONS; i++) {
		if (!is_right(decision.sides[i].answer, verdict.sides[i], verdict.is_exact))
			return "one side";
		if (verdict.is_exact && !is_reason_right(worlds, i, &decision.sides[i]))
			return "the reason";
	}
	return NULL;
}

/* ---- all connections of a pair ---- */

static unsigned rank(uint8_t protocol)
{
	return protocol == IPPROTO_TCP ? 0 : protocol == IPPROTO_UDP ? 1 : 2;
}

static bool is_canonical(const struct port_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct port_range *range = &set->items[i];

		if (!has_ports(range->protocol) || range->first < 1 || range->last < range->first)
			return false;
		if (i == 0 || rank(set->items[i - 1].protocol) < rank(range->protocol))
			continue;
		if (set->items[i - 1].protocol != range->protocol ||
		    (unsigned)set->items[i - 1].last + 1 >= range->first)
			return false;
	}
	return true;
}

/* The tests' own, not port_set_has(). */
static bool has_port(const struct port_set *set, uint8_t protocol, uint16_t port)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->items[i].protocol == protocol && set->items[i].first <= port &&
		    port <= set->items[i].last)
			return true;
	return false;
}

static bool is_as_sets_say(const struct evaluator *evaluator, const struct question *question,
			   const struct port_set *sure, const struct port_set *possible)
{
	struct decision decision;

	ask(evaluator, question, &decision);
	return has_port(sure, question->protocol, question->port) ==
		   (decision.answer == ANSWER_ALLOWED) &&
	       has_port(possible, question->protocol, question->port) ==
		   (decision.answer != ANSWER_DENIED);
}

static bool are_bounds_as_sets_say(const struct evaluator *evaluator, struct question question,
				   const struct port_set *bounds, const struct port_set *sure,
				   const struct port_set *possible)
{
	for (size_t i = 0; i < bounds->count; i++) {
		const struct port_range *range = &bounds->items[i];
		const unsigned ports[] = {range->first - 1u, range->first, range->last,
					  range->last + 1u};

		question.protocol = range->protocol;
		for (size_t j = 0; j < 4; j++) {
			question.port = (uint16_t)ports[j];
			if (question.port != 0 &&
			    !is_as_sets_say(evaluator, &question, sure, possible))
				return false;
		}
	}
	return true;
}

static bool are_others_as_sets_say(const struct evaluator *evaluator, struct cluster *cluster,
				   struct question question, const struct port_set *sure,
				   const struct port_set *possible)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};

	for (size_t i = 0; i < OTHER_PORTS; i++) {
		question.protocol = protocols[cluster_roll(cluster, 3)];
		question.port = cluster_port(cluster);
		if (!is_as_sets_say(evaluator, &question, sure, possible))
			return false;
	}
	return true;
}

static const char *check_sets(const struct evaluator *evaluator, struct cluster *cluster,
			      const struct question *question, const struct port_set *sure,
			      const struct port_set *possible)
{
	if (!is_canonical(sure) || !is_canonical(possible))
		return "the form of the sets";
	if (has_ports(question->protocol) && !is_as_sets_say(evaluator, question, sure, possible))
		return "the sets at the port that was asked";
	if (!are_bounds_as_sets_say(evaluator, *question, sure, sure, possible) ||
	    !are_bounds_as_sets_say(evaluator, *question, possible, sure, possible))
		return "the sets at their bounds";
	if (!are_others_as_sets_say(evaluator, cluster, *question, sure, possible))
		return "the sets at any port";
	return NULL;
}

/* ---- what is explained ---- */

struct explained {
	const struct evaluator *evaluator;
	bool is_isolated[DIRECTIONS], is_surely_isolated[DIRECTIONS];
	struct port_set sure[DIRECTIONS], possible[DIRECTIONS];
	int error;
};

static void explain(void *context, enum direction direction, const struct netpol *policy,
		    const struct netpol_rule *rule, const struct port_set *ports, bool is_sure)
{
	struct explained *explained = context;

	if (!policy || !policy->isolates[direction] || (rule != NULL) != (ports != NULL) ||
	    (rule && !has_rule(policy, direction, rule)))
		explained->error = -EINVAL;
	explained->is_isolated[direction] = true;
	if (!rule && is_sure)
		explained->is_surely_isolated[direction] = true;
	if (!explained->error && ports)
		explained->error = port_set_unite(&explained->possible[direction], ports);
	if (!explained->error && ports && is_sure)
		explained->error = port_set_unite(&explained->sure[direction], ports);
}

static bool is_explained_allowed(const struct explained *explained, uint8_t protocol, uint16_t port)
{
	for (enum direction i = 0; i < DIRECTIONS; i++)
		if (explained->is_isolated[i] && !has_port(&explained->sure[i], protocol, port))
			return false;
	return true;
}

static bool is_explained_possible(const struct explained *explained, uint8_t protocol,
				  uint16_t port)
{
	for (enum direction i = 0; i < DIRECTIONS; i++)
		if (explained->is_surely_isolated[i] &&
		    !has_port(&explained->possible[i], protocol, port))
			return false;
	return true;
}

static bool is_as_explained(const struct explained *explained, bool is_exact,
			    const struct port_set *sure, const struct port_set *possible,
			    uint8_t protocol, uint16_t port)
{
	const bool allowed = is_explained_allowed(explained, protocol, port);
	const bool is_possible = is_explained_possible(explained, protocol, port);

	if (is_exact)
		return allowed == has_port(sure, protocol, port) && allowed == is_possible;
	return (!allowed || has_port(sure, protocol, port)) &&
	       (is_possible || !has_port(possible, protocol, port));
}

static const char *check_explanation(struct evaluator *evaluator, struct cluster *cluster,
				     const struct question *question, bool is_exact,
				     const struct port_set *sure, const struct port_set *possible)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};
	struct explained explained = {0};
	const char *wrong = NULL;

	if (evaluator_explain(evaluator, &question->from, &question->to, explain, &explained) ||
	    explained.error)
		wrong = "the form of the explanation";
	for (size_t i = 0; i < 3 * OTHER_PORTS && !wrong; i++)
		if (!is_as_explained(&explained, is_exact, sure, possible, protocols[i % 3],
				     cluster_port(cluster)))
			wrong = "the explanation";
	for (enum direction i = 0; i < DIRECTIONS; i++) {
		port_set_clear(&explained.sure[i]);
		port_set_clear(&explained.possible[i]);
	}
	return wrong;
}

static const char *check_pair(struct evaluator *evaluator, struct worlds *worlds,
			      struct cluster *cluster, const struct question *question)
{
	struct port_set sure = {0}, possible = {0};
	const char *wrong;

	if (evaluator_pair(evaluator, &question->from, &question->to, &sure, &possible))
		return "no memory";
	wrong = check_sets(evaluator, cluster, question, &sure, &possible);
	if (!wrong)
		wrong = check_explanation(evaluator, cluster, question, worlds->all == 1, &sure,
					  &possible);
	port_set_clear(&sure);
	port_set_clear(&possible);
	return wrong;
}

/* ---- ranges ---- */

static bool is_after(struct addr last, struct addr next)
{
	for (size_t i = addr_length(last); i > 0; i--)
		if (++last.bytes[i - 1] != 0)
			return addr_equal(last, next);
	return last.family == ADDR_IPV4 && addr_equal(next, (struct addr){.family = ADDR_IPV6});
}

static bool is_all_ones(struct addr address)
{
	for (size_t i = 0; i < addr_length(address); i++)
		if (address.bytes[i] != 0xff)
			return false;
	return address.family == ADDR_IPV6;
}

static bool tells_apart(const struct netpol_rule *rule, struct addr one, struct addr other)
{
	for (size_t i = 0; i < rule->peer_count; i++)
		if (rule->peers[i].has_block && naive_block_has(&rule->peers[i], one) !=
						    naive_block_has(&rule->peers[i], other))
			return true;
	return false;
}

/* Rules of a direction that the policy does not have are void. */
static bool are_told_apart(const struct cluster *cluster, struct addr one, struct addr other)
{
	for (size_t i = 0; i < cluster->policy_count; i++) {
		const struct netpol *policy = &cluster->policies[i];

		for (enum direction d = 0; d < DIRECTIONS; d++)
			for (size_t j = 0; policy->isolates[d] && j < policy->rule_count[d]; j++)
				if (tells_apart(&policy->rules[d][j], one, other))
					return true;
	}
	return false;
}

static bool is_whole(const struct cluster *cluster, const struct addr_range *range)
{
	for (size_t i = 0; i < cluster->cell_count; i++)
		if (cluster->cells[i].family == range->first.family &&
		    addr_compare(range->first, cluster->cells[i]) < 0 &&
		    addr_compare(cluster->cells[i], range->last) <= 0 &&
		    are_told_apart(cluster, range->first, cluster->cells[i]))
			return false;
	return addr_compare(range->first, range->last) <= 0;
}

static const char *check_ranges(const struct cluster *cluster, const struct evaluator *evaluator)
{
	size_t count;
	const struct addr_range *ranges = evaluator_ranges(evaluator, &count);

	if (count < 2 || !addr_equal(ranges[0].first, (struct addr){.family = ADDR_IPV4}) ||
	    !is_all_ones(ranges[count - 1].last))
		return "the ends of the ranges";
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && !is_after(ranges[i - 1].last, ranges[i].first))
			return "a gap in the ranges";
		if (!is_whole(cluster, &ranges[i]))
			return "a range that a block cuts";
	}
	return NULL;
}

/* What holds of a range holds of each of its addresses. */
static const char *check_within(struct cluster *cluster, const struct evaluator *evaluator,
				struct question question)
{
	size_t count;
	const struct addr_range *ranges = evaluator_ranges(evaluator, &count);
	const struct addr_range range = ranges[cluster_roll(cluster, count)];
	struct addr inside = range.first;
	struct decision all, one;

	for (size_t i = 0; i < addr_length(inside); i++)
		if (inside.bytes[i] != range.last.bytes[i]) {
			inside.bytes[i] =
			    (uint8_t)(inside.bytes[i] + 1u +
				      cluster_roll(cluster, (uint64_t)(range.last.bytes[i] -
								       inside.bytes[i])));
			break;
		}
	if (addr_compare(inside, range.last) > 0)
		inside = range.last;
	question.from = (struct party){.kind = PARTY_ADDRESSES, .range = range};
	question.has_seen_as = false;
	ask(evaluator, &question, &all);
	question.from.range = (struct addr_range){inside, inside};
	ask(evaluator, &question, &one);
	return all.answer == one.answer ? NULL : "an address in a range";
}

/* ---- many ---- */

static void fail_case(const struct cluster *cluster, const struct question *question, uint64_t seed,
		      const char *wrong)
{
	cluster_print(cluster);
	if (question)
		question_print(question);
	fail_msg("seed %llu: %s", (unsigned long long)seed, wrong);
}

static void check_question(struct evaluator *evaluator, struct worlds *worlds,
			   struct cluster *cluster, uint64_t seed, struct tally *tally)
{
	struct question question;
	const char *wrong;

	cluster_ask(cluster, &question);
	wrong = check_connection(evaluator, worlds, cluster, &question, tally);
	if (!wrong && !question.has_seen_as)
		wrong = check_pair(evaluator, worlds, cluster, &question);
	if (!wrong)
		wrong = check_within(cluster, evaluator, question);
	if (wrong)
		fail_case(cluster, &question, seed, wrong);
	tally->cases++;
}

static void check_cluster(struct cluster *cluster, struct worlds *worlds, uint64_t seed,
			  struct tally *tally)
{
	struct evaluator *evaluator;
	const char *wrong;

	cluster_make(cluster, seed, tally->features);
	assert_int_equal(evaluator_new(cluster->policies, cluster->policy_count, &cluster->scene,
				       cluster->options, &evaluator),
			 0);
	wrong = check_ranges(cluster, evaluator);
	if (wrong)
		fail_case(cluster, NULL, seed, wrong);
	for (size_t i = 0; i < QUESTIONS; i++)
		check_question(evaluator, worlds, cluster, seed, tally);
	evaluator_free(evaluator);
}

/* The dice are not loaded: everything occurs, and every answer is given often. That all is unknown
 * would be right always, and of no use. */
static void check_tally(const struct tally *tally)
{
	print_message("%lu cases, %lu with everything known: %lu allowed, %lu denied, %lu unknown, "
		      "%lu undefined; of %lu that unknowns do not matter to %lu unknown\n",
		      tally->cases, tally->exact, tally->answers[ANSWER_ALLOWED],
		      tally->answers[ANSWER_DENIED], tally->answers[ANSWER_UNKNOWN],
		      tally->answers[ANSWER_UNDEFINED], tally->settled, tally->loose);
	for (enum feature i = 0; i < FEATURES; i++)
		if (tally->features[i] < 100)
			fail_msg("%s: %lu times only", cluster_feature_name(i), tally->features[i]);
	assert_int_equal(tally->cases, CLUSTERS * QUESTIONS);
	assert_true(tally->exact > tally->cases / 2);
	assert_true(tally->loose < tally->settled / 100);
	assert_true(tally->answers[ANSWER_ALLOWED] > tally->cases / 10);
	assert_true(tally->answers[ANSWER_DENIED] > tally->cases / 10);
	assert_true(tally->answers[ANSWER_UNKNOWN] > tally->cases / 50);
	assert_true(tally->answers[ANSWER_UNDEFINED] > tally->cases / 200);
}

static void test_agreement(void **state)
{
	static struct cluster cluster;
	static struct worlds worlds;
	static struct tally tally;

	(void)state;
	for (uint64_t seed = 1; seed <= CLUSTERS; seed++)
		check_cluster(&cluster, &worlds, seed, &tally);
	check_tally(&tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_agreement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
