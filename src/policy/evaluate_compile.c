#include <netinet/in.h>
#include <string.h>

#include "policy/evaluate_internal.h"

/* ---- numbers ---- */

static size_t count_rules(const struct evaluator *evaluator, enum direction direction)
{
	size_t count = 0;

	for (size_t i = 0; i < evaluator->policy_count; i++)
		if (evaluator->policies[i].isolates[direction])
			count += evaluator->policies[i].rule_count[direction];
	return count;
}

static int number_direction(struct evaluator *evaluator, enum direction direction)
{
	struct ruleset *ruleset = &evaluator->rulesets[direction];
	size_t count = count_rules(evaluator, direction);

	ruleset->rules = calloc(count + 1, sizeof(*ruleset->rules));
	ruleset->first_rule = calloc(evaluator->policy_count + 1, sizeof(*ruleset->first_rule));
	if (!ruleset->rules || !ruleset->first_rule)
		return -ENOMEM;
	for (size_t i = 0; i < evaluator->policy_count; i++) {
		const struct netpol *policy = &evaluator->policies[i];

		for (size_t j = 0; policy->isolates[direction] && j < policy->rule_count[direction];
		     j++)
			ruleset->rules[ruleset->count++] = (struct compiled_rule){
			    .policy = (uint32_t)i, .rule = &policy->rules[direction][j]};
		ruleset->first_rule[i + 1] = ruleset->count;
	}
	return 0;
}

int evaluator_number(struct evaluator *evaluator)
{
	int r = number_direction(evaluator, DIRECTION_INGRESS);

	return r < 0 ? r : number_direction(evaluator, DIRECTION_EGRESS);
}

/* ---- peers ---- */

static int compare_ranges(const void *left, const void *right)
{
	const struct addr_range *a = left, *b = right;

	return addr_compare(a->first, b->first);
}

/* In order; malloc'd. NULL: no memory. */
static struct addr_range *sort_excepts(const struct netpol_peer *peer)
{
	struct addr_range *ranges = calloc(peer->except_count + 1, sizeof(*ranges));

	for (size_t i = 0; ranges && i < peer->except_count; i++)
		ranges[i] = prefix_range(peer->except[i]);
	if (ranges)
		qsort(ranges, peer->except_count, sizeof(*ranges), compare_ranges);
	return ranges;
}

static int admit_block(const struct evaluator *evaluator, struct ruleset *ruleset, size_t rule,
		       const struct netpol_peer *peer)
{
	const struct blocks *blocks = &evaluator->blocks;
	struct addr_range range = prefix_range(peer->block), *excepts = sort_excepts(peer);
	size_t next = blocks_find(blocks, range.first), end = blocks_find(blocks, range.last) + 1;
	int r = excepts ? 0 : -ENOMEM;

	for (size_t i = 0; i < peer->except_count && r == 0 && next < end; i++) {
		size_t first = blocks_find(blocks, excepts[i].first);
		size_t after = blocks_find(blocks, excepts[i].last) + 1;

		if (first > next)
			r = rule_rows_add(&ruleset->blocks, next, (first < end ? first : end) - 1,
					  rule);
		if (after > next)
			next = after;
	}
	if (r == 0 && next < end)
		r = rule_rows_add(&ruleset->blocks, next, end - 1, rule);
	bits_add(bit_table_row(&ruleset->special, ROW_BLOCKS), rule);
	free(excepts);
	return r;
}

static void admit_everybody(const struct evaluator *evaluator, struct ruleset *ruleset, size_t rule)
{
	bits_add(bit_table_row(&ruleset->special, ROW_EVERYBODY), rule);
	for (size_t i = 0; i < evaluator->class_count; i++) {
		bits_add(bit_table_row(&ruleset->sure, i), rule);
		bits_add(bit_table_row(&ruleset->possible, i), rule);
	}
}

static int admit_peers(struct evaluator *evaluator, struct ruleset *ruleset, size_t rule)
{
	const struct netpol_rule *written = ruleset->rules[rule].rule;
	int r = 0;

	if (written->peer_count == 0)
		admit_everybody(evaluator, ruleset, rule);
	for (size_t i = 0; i < written->peer_count && r == 0; i++)
		if (written->peers[i].has_block)
			r = admit_block(evaluator, ruleset, rule, &written->peers[i]);
	return r;
}

/* ---- ports ---- */

static int admit_port(const struct evaluator *evaluator, struct ruleset *ruleset, size_t rule,
		      const struct netpol_port *port)
{
	if (port->name) {
		unsigned row = ROW_NAMED_TCP + protocol_rank(port->protocol);
		size_t name = evaluator_find_name(evaluator, port->name, port->protocol);

		bits_add(bit_table_row(&ruleset->special, row), rule);
		bits_add(bit_table_row(&ruleset->special, ROW_NAMED), rule);
		return rule_rows_add(&ruleset->names, name, name, rule);
	}
	return rule_rows_add(&ruleset->spans,
			     evaluator_find_span(evaluator, port->protocol, port->first),
			     evaluator_find_span(evaluator, port->protocol, port->last), rule);
}

static int admit_ports(const struct evaluator *evaluator, struct ruleset *ruleset, size_t rule)
{
	const struct netpol_rule *written = ruleset->rules[rule].rule;
	int r = 0;

	for (size_t i = 0; i < written->port_count && r == 0; i++)
		r = admit_port(evaluator, ruleset, rule, &written->ports[i]);
	if (written->port_count > 0)
		return r;
	bits_add(bit_table_row(&ruleset->special, ROW_PORTLESS), rule);
	return rule_rows_add(&ruleset->spans, 0, evaluator->span_count - 1, rule);
}

/* ---- subjects ---- */

static int select_class(struct subject *subject, size_t policy, enum match match)
{
	if (array_grow(&subject->selections, sizeof(*subject->selections), subject->count,
		       &subject->capacity) < 0)
		return -ENOMEM;
	subject->selections[subject->count++] =
	    (struct selection){(uint32_t)policy, match == MATCH_YES};
	if (match == MATCH_YES && subject->first_sure == NO_POLICY)
		subject->first_sure = policy;
	return 0;
}

/* most: how surely the policy is of the namespace. */
static int select_namespace(struct evaluator *evaluator, size_t number, size_t namespace,
			    enum match most)
{
	const struct netpol *policy = &evaluator->policies[number];
	size_t count;
	const struct found_class *found =
	    class_index_find(&evaluator->index, evaluator, namespace, &count);
	int r = 0;

	for (size_t i = 0; i < count && most == MATCH_YES; i++)
		if (found[i].match > evaluator->selects[number])
			evaluator->selects[number] = found[i].match;
	for (size_t i = 0; i < count && r == 0; i++)
		for (int direction = 0; direction < DIRECTIONS && r == 0; direction++)
			if (policy->isolates[direction])
				r = select_class(
				    &evaluator->rulesets[direction].subjects[found[i].class],
				    number, found[i].match < most ? found[i].match : most);
	return r;
}

static int select_subjects(struct evaluator *evaluator)
{
	evaluator->selects = calloc(evaluator->policy_count + 1, sizeof(*evaluator->selects));
	if (!evaluator->selects)
		return -ENOMEM;
	for (size_t i = 0; i < evaluator->policy_count; i++) {
		size_t unknown = evaluator->scene->namespace_count;
		size_t own =
		    scene_find_namespace(evaluator->scene, evaluator->policies[i].namespace);

		if (class_index_ask(&evaluator->index, evaluator, &evaluator->policies[i].pods) < 0)
			return -ENOMEM;
		if (own != SCENE_NONE && select_namespace(evaluator, i, own, MATCH_YES) < 0)
			return -ENOMEM;
		if (select_namespace(evaluator, i, unknown, MATCH_MAYBE) < 0)
			return -ENOMEM;
	}
	return 0;
}

static struct subject_word *word_of(struct subject *subject, size_t word)
{
	if (subject->word_count > 0 && subject->words[subject->word_count - 1].word == word)
		return &subject->words[subject->word_count - 1];
	if (array_grow(&subject->words, sizeof(*subject->words), subject->word_count,
		       &subject->word_capacity) < 0)
		return NULL;
	subject->words[subject->word_count] = (struct subject_word){.word = word};
	return &subject->words[subject->word_count++];
}

static int mark_rules(const struct ruleset *ruleset, struct subject *subject)
{
	for (size_t i = 0; i < subject->count; i++) {
		const struct selection *selection = &subject->selections[i];
		size_t first = ruleset->first_rule[selection->policy];
		size_t end = ruleset->first_rule[selection->policy + 1];

		for (size_t word = first / BITS_WORD; first < end && word < bits_words(end);
		     word++) {
			struct subject_word *marked = word_of(subject, word);
			uint64_t bits = bits_between(word, first, end);

			if (!marked)
				return -ENOMEM;
			marked->possible |= bits;
			if (selection->is_sure)
				marked->sure |= bits;
		}
	}
	return 0;
}

static int make_table(struct evaluator *evaluator, struct bit_table *table, size_t rows,
		      size_t rules)
{
	size_t row = (bits_words(rules) + 1) * sizeof(uint64_t);

	if ((rows + 1) > evaluator->room / row)
		return -E2BIG;
	evaluator->room -= (rows + 1) * row;
	return bit_table_make(table, rows, rules);
}

static int make_tables(struct evaluator *evaluator, struct ruleset *ruleset)
{
	const struct {
		struct bit_table *table;
		size_t rows;
	} tables[] = {
	    {&ruleset->special, SPECIAL_ROWS},
	    {&ruleset->sure, evaluator->class_count},
	    {&ruleset->possible, evaluator->class_count},
	};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		int r = make_table(evaluator, tables[i].table, tables[i].rows, ruleset->count);

		if (r < 0)
			return r;
	}
	ruleset->subjects = calloc(evaluator->class_count + 1, sizeof(*ruleset->subjects));
	if (!ruleset->subjects)
		return -ENOMEM;
	for (size_t i = 0; i < evaluator->class_count; i++)
		ruleset->subjects[i].first_sure = NO_POLICY;
	return 0;
}

static size_t longest_question(const struct evaluator *evaluator)
{
	size_t most = 0;

	for (int direction = 0; direction < DIRECTIONS; direction++)
		if (most < bits_words(evaluator->rulesets[direction].count))
			most = bits_words(evaluator->rulesets[direction].count);
	return QUESTION_HEAD + 2 * most;
}

static int fill_ruleset(struct evaluator *evaluator, struct ruleset *ruleset)
{
	size_t rules = ruleset->count;
	int r = make_tables(evaluator, ruleset);

	for (size_t rule = 0; rule < rules && r == 0; rule++) {
		r = admit_peers(evaluator, ruleset, rule);
		if (r == 0)
			r = admit_ports(evaluator, ruleset, rule);
	}
	if (r == 0)
		r = evaluator_admit_pods(evaluator, ruleset);
	if (r == 0)
		r = rule_rows_finish(&ruleset->blocks, evaluator->blocks.count, rules,
				     &evaluator->room);
	if (r == 0)
		r = rule_rows_finish(&ruleset->spans, evaluator->span_count, rules,
				     &evaluator->room);
	if (r == 0)
		r = rule_rows_finish(&ruleset->names, evaluator->port_name_count, rules,
				     &evaluator->room);
	return r;
}

int evaluator_compile(struct evaluator *evaluator)
{
	for (int direction = 0; direction < DIRECTIONS; direction++) {
		int r = fill_ruleset(evaluator, &evaluator->rulesets[direction]);

		if (r < 0)
			return r;
	}
	evaluator->question = calloc(longest_question(evaluator), sizeof(uint64_t));
	if (!evaluator->question || select_subjects(evaluator) < 0)
		return -ENOMEM;
	for (int direction = 0; direction < DIRECTIONS; direction++)
		for (size_t i = 0; i < evaluator->class_count; i++)
			if (mark_rules(&evaluator->rulesets[direction],
				       &evaluator->rulesets[direction].subjects[i]) < 0)
				return -ENOMEM;
	return 0;
}

void ruleset_clear(struct ruleset *ruleset, size_t class_count)
{
	for (size_t i = 0; ruleset->subjects && i < class_count; i++) {
		free(ruleset->subjects[i].selections);
		free(ruleset->subjects[i].words);
	}
	free(ruleset->subjects);
	free(ruleset->rules);
	free(ruleset->first_rule);
	free(ruleset->special.bits);
	free(ruleset->sure.bits);
	free(ruleset->possible.bits);
	rule_rows_clear(&ruleset->blocks);
	rule_rows_clear(&ruleset->spans);
	rule_rows_clear(&ruleset->names);
}
