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
		     size_t port_table, struct port_set *set)
{
	const struct port_table *table = &evaluator->port_tables[port_table];
	size_t name = evaluator_find_name(evaluator, port->name, port->protocol);
	int r = 0;

	if (port_table == PORTS_ANY)
		return add_protocol(set, port->protocol);
	for (size_t i = 0; i < table->count && r == 0; i++) {
		const struct resolved_port *resolved = &evaluator->resolved[table->first + i];

		if (resolved->name == name)
			r = port_set_add(set, (struct port_range){resolved->protocol,
								  resolved->port, resolved->port});
	}
	return r;
}

int evaluator_rule_ports(const struct evaluator *evaluator, const struct netpol_rule *rule,
			 size_t port_table, struct port_set *set)
{
	int r = 0;

	if (rule->port_count == 0)
		return port_set_add_all(set);
	for (size_t i = 0; i < rule->port_count && r == 0; i++) {
		const struct netpol_port *port = &rule->ports[i];

		if (port->name)
			r = add_named(evaluator, port, port_table, set);
		else
			r = port_set_add(
			    set, (struct port_range){port->protocol, port->first, port->last});
	}
	return r;
}

static int add_rule_ports(struct evaluator *evaluator, const struct netpol_rule *rule,
			  size_t port_table, size_t *ret)
{
	struct port_set set = {0};
	int r = evaluator_rule_ports(evaluator, rule, port_table, &set);

	if (r == 0)
		r = port_sets_add(evaluator->sets, &set, ret);
	port_set_clear(&set);
	return r;
}

int evaluator_number_ports(struct evaluator *evaluator)
{
	int r = 0;

	for (int direction = 0; direction < DIRECTIONS; direction++) {
		const struct ruleset *ruleset = &evaluator->rulesets[direction];

		for (size_t i = 0; i < ruleset->count && r == 0; i++)
			r = add_rule_ports(evaluator, ruleset->rules[i].rule, PORTS_NONE,
					   &ruleset->rules[i].set);
	}
	return r;
}

/* ---- unions ---- */

/* One bound of one question. */
struct union_question {
	struct evaluator *evaluator;
	const struct ruleset *ruleset;
	size_t port_table;
	size_t count; /* of evaluator->scratch */
};

static int compare_numbers(const void *left, const void *right)
{
	const size_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

static int add_rule(struct union_question *question, size_t number)
{
	struct evaluator *evaluator = question->evaluator;
	const struct compiled_rule *rule = &question->ruleset->rules[number];
	size_t set = rule->set;

	if (rule->has_names && question->port_table != PORTS_NONE &&
	    add_rule_ports(evaluator, rule->rule, question->port_table, &set) < 0)
		return -ENOMEM;
	while (set >= evaluator->mark_count) {
		if (evaluator_grow(&evaluator->marks, sizeof(*evaluator->marks),
				   evaluator->mark_count, &evaluator->mark_capacity) < 0)
			return -ENOMEM;
		evaluator->marks[evaluator->mark_count++] = 0;
	}
	if (evaluator->marks[set] == evaluator->turn)
		return 0;
	evaluator->marks[set] = evaluator->turn;
	if (evaluator_grow(&evaluator->scratch, sizeof(*evaluator->scratch), question->count,
			   &evaluator->scratch_capacity) < 0)
		return -ENOMEM;
	evaluator->scratch[question->count++] = set;
	return 0;
}

static struct union_question begin_union(struct evaluator *evaluator, enum direction direction,
					 size_t port_table)
{
	evaluator->turn++;
	return (struct union_question){.evaluator = evaluator,
				       .ruleset = &evaluator->rulesets[direction],
				       .port_table = port_table};
}

static int end_union(struct union_question *question, size_t *ret)
{
	struct evaluator *evaluator = question->evaluator;

	if (question->count > 1)
		qsort(evaluator->scratch, question->count, sizeof(*evaluator->scratch),
		      compare_numbers);
	return port_sets_unite_all(evaluator->sets, evaluator->scratch, question->count, ret);
}

static int add_word(struct union_question *question, size_t word, uint64_t bits)
{
	int r = 0;

	for (; bits && r == 0; bits &= bits - 1)
		r = add_rule(question, word * BITS_WORD + bits_first(bits));
	return r;
}

/* ---- one end ---- */

struct end_question {
	enum direction direction;
	const struct subject *subject;
	struct peer_rows peers;
	size_t port_table; /* of the destination */
};

/* What a bound takes for the ports of unknown names: none, or any. */
static size_t sure_table(size_t port_table)
{
	return port_table == PORTS_ANY ? PORTS_NONE : port_table;
}

static int unite_sure(struct evaluator *evaluator, const struct end_question *end, size_t *ret)
{
	struct union_question question =
	    begin_union(evaluator, end->direction, sure_table(end->port_table));
	const struct subject *subject = end->subject;
	int r = 0;

	for (size_t i = 0; i < subject->words && r == 0; i++) {
		size_t word = subject->first_word + i;

		r = add_word(&question, word, subject->sure[i] & peer_sure(&end->peers, word));
	}
	return r < 0 ? r : end_union(&question, ret);
}

static int unite_possible(struct evaluator *evaluator, const struct end_question *end, size_t *ret)
{
	struct union_question question = begin_union(evaluator, end->direction, end->port_table);
	const struct subject *subject = end->subject;
	int r = 0;

	for (size_t i = 0; i < subject->words && r == 0; i++) {
		size_t word = subject->first_word + i;

		r = add_word(&question, word,
			     subject->possible[i] & peer_possible(&end->peers, word));
	}
	return r < 0 ? r : end_union(&question, ret);
}

static int unite_policy(struct evaluator *evaluator, const struct end_question *end, size_t policy,
			size_t *ret)
{
	struct union_question question =
	    begin_union(evaluator, end->direction, sure_table(end->port_table));
	const size_t *first = question.ruleset->first_rule;
	int r = 0;

	for (size_t rule = first[policy]; rule < first[policy + 1] && r == 0; rule++)
		if (peer_sure(&end->peers, rule / BITS_WORD) >> rule % BITS_WORD & 1)
			r = add_rule(&question, rule);
	return r < 0 ? r : end_union(&question, ret);
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

static bool is_all_known(const struct end_question *end)
{
	const struct subject *subject = end->subject;

	if (end->port_table == PORTS_ANY)
		return false;
	for (size_t i = 0; i < subject->words; i++) {
		size_t word = subject->first_word + i;

		if ((subject->sure[i] & peer_sure(&end->peers, word)) !=
		    (subject->possible[i] & peer_possible(&end->peers, word)))
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
	if (r < 0 || !is_all_known(end))
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
