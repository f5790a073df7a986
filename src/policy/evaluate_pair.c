#include <string.h>

#include "policy/evaluate_internal.h"

/* The two bounds, as numbers of port sets. */
struct bounds {
	size_t sure, possible;
};

static const struct bounds everything = {PORT_SETS_ALL, PORT_SETS_ALL};

/* ---- the ports of rules ---- */

static int add_protocol(struct port_set *set, uint8_t protocol)
{
	return port_set_add(set, (struct port_range){protocol, 1, UINT16_MAX});
}

static int add_named(const struct evaluator *evaluator, const struct netpol_port *port,
		     size_t port_table, enum bound bound, struct port_set *set)
{
	const struct port_table *table = &evaluator->port_tables[port_table];
	size_t name = evaluator_find_name(evaluator, port->name, port->protocol);
	int r = 0;

	if (port_table == PORTS_ANY)
		return bound == BOUND_SURE ? 0 : add_protocol(set, port->protocol);
	for (size_t i = 0; i < table->count && r == 0; i++) {
		const struct resolved_port *resolved = &evaluator->resolved[table->first + i];

		if (resolved->name == name && !(resolved->disputed && bound == BOUND_SURE))
			r = port_set_add(set, (struct port_range){resolved->protocol,
								  resolved->port, resolved->port});
	}
	return r;
}

int evaluator_rule_ports(const struct evaluator *evaluator, const struct netpol_rule *rule,
			 size_t port_table, enum bound bound, struct port_set *set)
{
	int r = 0;

	if (rule->port_count == 0)
		return port_set_add_all(set);
	for (size_t i = 0; i < rule->port_count && r == 0; i++) {
		const struct netpol_port *port = &rule->ports[i];

		if (port->name)
			r = add_named(evaluator, port, port_table, bound, set);
		else
			r = port_set_add(
			    set, (struct port_range){port->protocol, port->first, port->last});
	}
	return r;
}

/* ---- unions ---- */

/* The rules of one bound of one end. */
struct hits {
	struct evaluator *evaluator;
	enum direction direction;
	size_t port_table;
	enum bound bound;
	size_t length; /* of evaluator->question */
	bool named;
};

static struct hits begin_hits(struct evaluator *evaluator, enum direction direction,
			      size_t port_table, enum bound bound)
{
	return (struct hits){.evaluator = evaluator,
			     .direction = direction,
			     .port_table = port_table,
			     .bound = bound,
			     .length = QUESTION_HEAD};
}

static void add_hits(struct hits *hits, size_t word, uint64_t bits)
{
	const struct ruleset *ruleset = &hits->evaluator->rulesets[hits->direction];

	if (!bits)
		return;
	hits->named |= (bits & bit_table_row(&ruleset->special, ROW_NAMED)[word]) != 0;
	hits->evaluator->question[hits->length++] = word;
	hits->evaluator->question[hits->length++] = bits;
}

static int unite_rules(const struct hits *hits, size_t *ret)
{
	const struct ruleset *ruleset = &hits->evaluator->rulesets[hits->direction];
	struct port_set set = {0};
	int r = 0;

	for (size_t i = QUESTION_HEAD; i < hits->length; i += 2)
		for (uint64_t bits = hits->evaluator->question[i + 1]; bits && r == 0;
		     bits &= bits - 1) {
			size_t rule = hits->evaluator->question[i] * BITS_WORD + bits_first(bits);

			r = evaluator_rule_ports(hits->evaluator, ruleset->rules[rule].rule,
						 hits->port_table, hits->bound, &set);
		}
	if (r == 0)
		r = port_sets_add(hits->evaluator->sets, &set, ret);
	port_set_clear(&set);
	return r;
}

static int unite_hits(struct hits *hits, size_t *ret)
{
	struct evaluator *evaluator = hits->evaluator;
	size_t *answer;
	int r;

	*ret = PORT_SETS_EMPTY;
	if (hits->length == QUESTION_HEAD)
		return 0;
	if (!hits->named)
		hits->port_table = PORTS_NONE;
	if (evaluator->port_tables[hits->port_table].known)
		hits->bound = BOUND_SURE;
	evaluator->question[0] = (uint64_t)hits->direction << 1 | hits->bound;
	evaluator->question[1] = hits->port_table;
	r = memo_find(&evaluator->unions, evaluator->question,
		      hits->length * sizeof(*evaluator->question), &answer);
	if (r == 0 && *answer == MEMO_NEW)
		r = unite_rules(hits, answer);
	if (r == 0)
		*ret = *answer;
	return r;
}

/* ---- one end ---- */

struct end_question {
	enum direction direction;
	const struct subject *subject;
	struct peer_rows peers;
	size_t port_table; /* of the destination */
};

static int unite_sure(struct evaluator *evaluator, const struct end_question *end, size_t *ret)
{
	struct hits hits = begin_hits(evaluator, end->direction, end->port_table, BOUND_SURE);

	for (size_t i = 0; i < end->subject->word_count; i++) {
		const struct subject_word *rules = &end->subject->words[i];

		add_hits(&hits, rules->word, rules->sure & peer_sure(&end->peers, rules->word));
	}
	return unite_hits(&hits, ret);
}

static int unite_possible(struct evaluator *evaluator, const struct end_question *end, size_t *ret)
{
	struct hits hits = begin_hits(evaluator, end->direction, end->port_table, BOUND_POSSIBLE);

	for (size_t i = 0; i < end->subject->word_count; i++) {
		const struct subject_word *rules = &end->subject->words[i];

		add_hits(&hits, rules->word,
			 rules->possible & peer_possible(&end->peers, rules->word));
	}
	return unite_hits(&hits, ret);
}

static int unite_policy(struct evaluator *evaluator, const struct end_question *end, size_t policy,
			size_t *ret)
{
	const size_t *first = evaluator->rulesets[end->direction].first_rule;
	size_t begin = first[policy], last = first[policy + 1];
	struct hits hits = begin_hits(evaluator, end->direction, end->port_table, BOUND_SURE);

	for (size_t word = begin / BITS_WORD; begin < last && word < bits_words(last); word++)
		add_hits(&hits, word,
			 bits_between(word, begin, last) & peer_sure(&end->peers, word));
	return unite_hits(&hits, ret);
}

/* Whichever of them select it: what each alone would allow. */
static int bound_perhaps_isolated(struct evaluator *evaluator, const struct end_question *end,
				  struct bounds *ret)
{
	struct bounds bounds = everything;
	int r = 0;

	for (size_t i = 0; i < end->subject->count && bounds.sure != PORT_SETS_EMPTY && r == 0;
	     i++) {
		size_t set;

		r = unite_policy(evaluator, end, end->subject->selections[i].policy, &set);
		if (r == 0)
			r = port_sets_intersect(evaluator->sets, bounds.sure, set, &bounds.sure);
	}
	*ret = bounds;
	return r;
}

static bool is_all_known(const struct evaluator *evaluator, const struct end_question *end)
{
	if (!evaluator->port_tables[end->port_table].known)
		return false;
	for (size_t i = 0; i < end->subject->word_count; i++) {
		const struct subject_word *rules = &end->subject->words[i];

		if ((rules->sure & peer_sure(&end->peers, rules->word)) !=
		    (rules->possible & peer_possible(&end->peers, rules->word)))
			return false;
	}
	return true;
}

static int bound(struct evaluator *evaluator, const struct end_question *end, struct bounds *ret)
{
	int r;

	if (end->subject->count == 0) {
		*ret = everything;
		return 0;
	}
	if (end->subject->first_sure == NO_POLICY)
		return bound_perhaps_isolated(evaluator, end, ret);
	r = unite_sure(evaluator, end, &ret->sure);
	if (r < 0 || !is_all_known(evaluator, end))
		return r < 0 ? r : unite_possible(evaluator, end, &ret->possible);
	ret->possible = ret->sure;
	return 0;
}

static int bound_side(struct evaluator *evaluator, enum direction direction,
		      const struct place *end, const struct place *peer, size_t port_table,
		      struct bounds *ret)
{
	struct end_question question = {.direction = direction, .port_table = port_table};
	enum match own_node = place_own_node(end, peer);
	int r = 0;

	*ret = everything;
	if (!end->is_pod || own_node == MATCH_YES || place_same_pod(end, peer))
		return 0;
	question.subject = &evaluator->rulesets[direction].subjects[end->class];
	for (size_t i = 0; i < place_alternatives(peer) && r == 0; i++) {
		struct bounds another;

		question.peers = place_rows(evaluator, direction, peer, i);
		r = bound(evaluator, &question, &another);
		if (r == 0 && i == 0) {
			*ret = another;
			continue;
		}
		if (r == 0)
			r = port_sets_intersect(evaluator->sets, ret->sure, another.sure,
						&ret->sure);
		if (r == 0)
			r = port_sets_unite(evaluator->sets, ret->possible, another.possible,
					    &ret->possible);
	}
	if (own_node == MATCH_MAYBE)
		ret->possible = PORT_SETS_ALL;
	return r;
}

int evaluator_pair(struct evaluator *evaluator, const struct party *from, const struct party *to,
		   struct port_set *sure, struct port_set *possible)
{
	struct place source = place_of(evaluator, from), destination = place_of(evaluator, to);
	size_t port_table = place_ports(evaluator, &destination);
	struct bounds egress, ingress, both = {0};
	int r = bound_side(evaluator, DIRECTION_EGRESS, &source, &destination, port_table, &egress);

	if (r == 0)
		r = bound_side(evaluator, DIRECTION_INGRESS, &destination, &source, port_table,
			       &ingress);
	if (r == 0)
		r = port_sets_intersect(evaluator->sets, egress.sure, ingress.sure, &both.sure);
	if (r == 0)
		r = port_sets_intersect(evaluator->sets, egress.possible, ingress.possible,
					&both.possible);
	if (r == 0)
		r = port_set_copy(port_sets_get(evaluator->sets, both.sure), sure);
	if (r == 0)
		r = port_set_copy(port_sets_get(evaluator->sets, both.possible), possible);
	return r;
}
