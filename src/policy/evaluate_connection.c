#include "policy/evaluate_internal.h"

/* The rules that have a port, at one destination. */
struct port_rows {
	const uint64_t *numbers;           /* sure and possible */
	const uint64_t *any_name;          /* possible too, where names are not known */
	const struct resolved_port *names; /* possible, and sure if they are not disputed */
	size_t name_count;
	bool has_ports; /* the protocol has */
};

/* One question about one end. */
struct question {
	const struct evaluator *evaluator;
	const struct ruleset *ruleset;
	const struct subject *subject;
	struct peer_rows peers;
	struct port_rows ports;
};

#define NO_RULE SIZE_MAX

static bool is_port(const struct resolved_port *resolved, uint8_t protocol, uint16_t port)
{
	return resolved->protocol == protocol && resolved->port == port;
}

static struct port_rows find_ports(const struct evaluator *evaluator, enum direction direction,
				   size_t port_table, uint8_t protocol, uint16_t port)
{
	const struct ruleset *ruleset = &evaluator->rulesets[direction];
	const struct port_table *table = &evaluator->port_tables[port_table];
	size_t first = table->first, end = table->first + table->count;
	unsigned rank = protocol_rank(protocol);
	struct port_rows rows = {.any_name = bit_table_row(&ruleset->special, ROW_NOBODY),
				 .has_ports = rank < 3};

	if (!rows.has_ports) {
		rows.numbers = bit_table_row(&ruleset->special, ROW_PORTLESS);
		return rows;
	}
	rows.numbers =
	    rule_rows_at(&ruleset->spans, evaluator_find_span(evaluator, protocol, port));
	if (port_table == PORTS_ANY)
		rows.any_name = bit_table_row(&ruleset->special, ROW_NAMED_TCP + rank);
	while (first < end && !is_port(&evaluator->resolved[first], protocol, port))
		first++;
	while (first + rows.name_count < end &&
	       is_port(&evaluator->resolved[first + rows.name_count], protocol, port))
		rows.name_count++;
	if (rows.name_count > 0)
		rows.names = &evaluator->resolved[first];
	return rows;
}

static uint64_t port_bits(const struct question *question, size_t word, enum bound bound)
{
	const struct port_rows *ports = &question->ports;
	uint64_t bits = ports->numbers[word];

	for (size_t i = 0; i < ports->name_count; i++)
		if (bound == BOUND_POSSIBLE || !ports->names[i].disputed)
			bits |= rule_rows_at(&question->ruleset->names, ports->names[i].name)[word];
	return bound == BOUND_POSSIBLE ? bits | ports->any_name[word] : bits;
}

/* The first rule of all policies that select it; BOUND_SURE: that surely lets the peer in, from one
 * that surely selects. */
static size_t find_rule(const struct question *question, enum bound bound)
{
	const struct subject *subject = question->subject;

	for (size_t i = 0; i < subject->word_count; i++) {
		const struct subject_word *rules = &subject->words[i];
		size_t word = rules->word;
		uint64_t bits = port_bits(question, word, bound);

		if (bound == BOUND_SURE)
			bits &= rules->sure & peer_sure(&question->peers, word);
		else
			bits &= rules->possible & peer_possible(&question->peers, word);
		if (bits)
			return word * BITS_WORD + bits_first(bits);
	}
	return NO_RULE;
}

/* The first rule of one policy that surely lets the peer in. */
static size_t find_rule_of(const struct question *question, size_t policy)
{
	const size_t *first = question->ruleset->first_rule;

	for (size_t rule = first[policy]; rule < first[policy + 1]; rule++) {
		size_t word = rule / BITS_WORD;
		uint64_t bits =
		    peer_sure(&question->peers, word) & port_bits(question, word, BOUND_SURE);

		if (bits >> rule % BITS_WORD & 1)
			return rule;
	}
	return NO_RULE;
}

static struct side side_of_rule(const struct question *question, enum answer answer, size_t rule)
{
	const struct compiled_rule *compiled = &question->ruleset->rules[rule];

	return (struct side){.answer = answer,
			     .isolated = true,
			     .policy = &question->evaluator->policies[compiled->policy],
			     .rule = compiled->rule};
}

static struct side side_of_policy(const struct question *question, enum answer answer,
				  size_t policy)
{
	return (struct side){
	    .answer = answer, .isolated = true, .policy = &question->evaluator->policies[policy]};
}

/* Whichever of them select it: it is allowed if each alone would allow it. */
static struct side judge_perhaps_isolated(const struct question *question)
{
	const struct subject *subject = question->subject;
	size_t first_rule = NO_RULE;

	for (size_t i = 0; i < subject->count; i++) {
		size_t policy = subject->selections[i].policy;
		size_t rule = find_rule_of(question, policy);

		if (rule == NO_RULE)
			return side_of_policy(question, ANSWER_UNKNOWN, policy);
		if (first_rule == NO_RULE)
			first_rule = rule;
	}
	return side_of_rule(question, ANSWER_ALLOWED, first_rule);
}

static struct side judge(const struct question *question)
{
	const struct subject *subject = question->subject;
	size_t rule;

	if (subject->count == 0)
		return (struct side){.answer = ANSWER_ALLOWED};
	if (subject->first_sure == NO_POLICY)
		return judge_perhaps_isolated(question);
	rule = find_rule(question, BOUND_SURE);
	if (rule != NO_RULE)
		return side_of_rule(question, ANSWER_ALLOWED, rule);
	rule = find_rule(question, BOUND_POSSIBLE);
	if (rule != NO_RULE)
		return side_of_rule(question, ANSWER_UNKNOWN, rule);
	return side_of_policy(question,
			      question->ports.has_ports ? ANSWER_DENIED : ANSWER_UNDEFINED,
			      subject->first_sure);
}

/* Two answers of which either may be true. */
static struct side either(struct side a, struct side b)
{
	struct side side = a.rule ? a : b;

	if (a.answer == b.answer)
		return a;
	side.answer = ANSWER_UNKNOWN;
	return side;
}

static struct side judge_side(const struct evaluator *evaluator, enum direction direction,
			      const struct place *end, const struct place *peer,
			      struct port_rows ports)
{
	struct question question = {
	    .evaluator = evaluator, .ruleset = &evaluator->rulesets[direction], .ports = ports};
	enum match own_node = place_own_node(end, peer);
	struct side side = {.answer = ANSWER_ALLOWED};

	if (!end->is_pod)
		return side;
	question.subject = &question.ruleset->subjects[end->class];
	side.isolated = question.subject->count > 0;
	if (own_node == MATCH_YES || place_same_pod(end, peer))
		return side;
	for (size_t i = 0; i < place_alternatives(peer); i++) {
		struct side another;

		question.peers = place_rows(evaluator, direction, peer, i);
		another = judge(&question);
		side = i == 0 ? another : either(side, another);
		if (side.answer == ANSWER_UNKNOWN)
			break;
	}
	if (own_node == MATCH_MAYBE && side.answer != ANSWER_ALLOWED)
		side.answer = ANSWER_UNKNOWN;
	return side;
}

static bool is_any(const struct decision *decision, enum answer answer)
{
	return decision->sides[DIRECTION_INGRESS].answer == answer ||
	       decision->sides[DIRECTION_EGRESS].answer == answer;
}

static enum answer together(const struct decision *decision)
{
	static const enum answer by_weight[] = {ANSWER_DENIED, ANSWER_UNKNOWN, ANSWER_UNDEFINED};

	for (size_t i = 0; i < sizeof(by_weight) / sizeof(by_weight[0]); i++)
		if (is_any(decision, by_weight[i]))
			return by_weight[i];
	return ANSWER_ALLOWED;
}

void evaluator_connection(const struct evaluator *evaluator, const struct party *from,
			  const struct party *seen_as, const struct party *to, uint8_t protocol,
			  uint16_t port, struct decision *ret)
{
	struct place source = place_of(evaluator, from), destination = place_of(evaluator, to);
	struct place seen = seen_as ? place_of(evaluator, seen_as) : source;
	size_t table = place_ports(evaluator, &destination);

	if (place_same_pod(&source, &destination))
		seen = source;
	ret->sides[DIRECTION_EGRESS] =
	    judge_side(evaluator, DIRECTION_EGRESS, &source, &destination,
		       find_ports(evaluator, DIRECTION_EGRESS, table, protocol, port));
	ret->sides[DIRECTION_INGRESS] =
	    judge_side(evaluator, DIRECTION_INGRESS, &destination, &seen,
		       find_ports(evaluator, DIRECTION_INGRESS, table, protocol, port));
	ret->answer = together(ret);
}
