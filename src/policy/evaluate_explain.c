#include "policy/evaluate_internal.h"

/* What is told of one end. */
struct account {
	const struct evaluator *evaluator;
	enum direction direction;
	const struct place *peer;
	size_t port_table;
	evaluator_reason_fn *reason;
	void *context;
};

static bool rule_in(uint64_t word, size_t rule)
{
	return word >> rule % BITS_WORD & 1;
}

/* Does the rule name the peer, wherever it may be? */
static enum match names(const struct account *account, size_t rule)
{
	bool sure = true, possible = false;

	for (size_t i = 0; i < place_alternatives(account->peer); i++) {
		struct peer_rows rows =
		    place_rows(account->evaluator, account->direction, account->peer, i);

		sure = sure && rule_in(peer_sure(&rows, rule / BITS_WORD), rule);
		possible = possible || rule_in(peer_possible(&rows, rule / BITS_WORD), rule);
	}
	if (!possible)
		return MATCH_NO;
	return sure ? MATCH_YES : MATCH_MAYBE;
}

static int are_ports_known(const struct account *account, const struct netpol_rule *rule,
			   const struct port_set *possible, bool *ret)
{
	struct port_set sure = {0};
	int r;

	*ret = true;
	if (account->evaluator->port_tables[account->port_table].known)
		return 0;
	r = evaluator_rule_ports(account->evaluator, rule, account->port_table, BOUND_SURE, &sure);
	*ret = port_set_equal(&sure, possible);
	port_set_clear(&sure);
	return r;
}

static int tell_rule(const struct account *account, const struct selection *selection, size_t rule)
{
	const struct evaluator *evaluator = account->evaluator;
	const struct ruleset *ruleset = &evaluator->rulesets[account->direction];
	const struct netpol_rule *written = ruleset->rules[rule].rule;
	enum match match = names(account, rule);
	struct port_set ports = {0};
	bool ports_known;
	int r;

	if (match == MATCH_NO)
		return 0;
	r = evaluator_rule_ports(evaluator, written, account->port_table, BOUND_POSSIBLE, &ports);
	if (r == 0)
		r = are_ports_known(account, written, &ports, &ports_known);
	if (r == 0)
		account->reason(account->context, account->direction,
				&evaluator->policies[selection->policy], written, &ports,
				selection->is_sure && match == MATCH_YES && ports_known);
	port_set_clear(&ports);
	return r;
}

static int tell_end(const struct account *account, const struct place *end)
{
	const struct ruleset *ruleset = &account->evaluator->rulesets[account->direction];
	const struct subject *subject;
	enum match own_node = place_own_node(end, account->peer);
	int r = 0;

	if (!end->is_pod || place_same_pod(end, account->peer) || own_node == MATCH_YES)
		return 0;
	subject = &ruleset->subjects[end->class];
	for (size_t i = 0; i < subject->count && r == 0; i++) {
		const struct selection *selection = &subject->selections[i];
		size_t policy = selection->policy;

		account->reason(account->context, account->direction,
				&account->evaluator->policies[policy], NULL, NULL,
				selection->is_sure && own_node == MATCH_NO);
		for (size_t rule = ruleset->first_rule[policy];
		     rule < ruleset->first_rule[policy + 1] && r == 0; rule++)
			r = tell_rule(account, selection, rule);
	}
	return r;
}

int evaluator_explain(struct evaluator *evaluator, const struct party *from, const struct party *to,
		      evaluator_reason_fn *reason, void *context)
{
	struct place source = place_of(evaluator, from), destination = place_of(evaluator, to);
	struct account account = {.evaluator = evaluator,
				  .direction = DIRECTION_EGRESS,
				  .peer = &destination,
				  .port_table = place_ports(evaluator, &destination),
				  .reason = reason,
				  .context = context};
	int r = tell_end(&account, &source);

	account.direction = DIRECTION_INGRESS;
	account.peer = &source;
	return r < 0 ? r : tell_end(&account, &destination);
}
