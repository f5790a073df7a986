#include "policy/evaluate.h"

#include "policy/evaluate_internal.h"

static int build(struct evaluator *evaluator)
{
	int r = evaluator_number(evaluator);

	if (r == 0)
		r = evaluator_cut(evaluator);
	if (r == 0)
		r = evaluator_classify(evaluator);
	if (r == 0)
		r = evaluator_compile(evaluator);
	return r;
}

int evaluator_new(const struct netpol *policies, size_t policy_count, const struct scene *scene,
		  struct evaluator_options options, struct evaluator **ret)
{
	struct evaluator *evaluator = calloc(1, sizeof(*evaluator));
	int r = evaluator ? 0 : -ENOMEM;

	if (r == 0) {
		*evaluator = (struct evaluator){.policies = policies,
						.policy_count = policy_count,
						.scene = scene,
						.options = options,
						.room = EVALUATOR_TABLES_MAX,
						.sets = port_sets_new()};
		r = evaluator->sets ? build(evaluator) : -ENOMEM;
	}
	if (r < 0) {
		evaluator_free(evaluator);
		return r;
	}
	*ret = evaluator;
	return 0;
}

struct evaluator *evaluator_free(struct evaluator *evaluator)
{
	if (!evaluator)
		return NULL;
	for (int direction = 0; direction < DIRECTIONS; direction++)
		ruleset_clear(&evaluator->rulesets[direction], evaluator->class_count);
	blocks_clear(&evaluator->blocks);
	port_sets_free(evaluator->sets);
	free(evaluator->spans);
	free(evaluator->port_names);
	free(evaluator->keys);
	free(evaluator->classes);
	free(evaluator->class_of);
	free(evaluator->class_order);
	free(evaluator->class_first);
	class_index_clear(&evaluator->index);
	namespace_index_clear(&evaluator->namespaces);
	free(evaluator->block_lists);
	free(evaluator->node_blocks);
	free(evaluator->pod_blocks);
	free(evaluator->port_tables);
	free(evaluator->resolved);
	memo_clear(&evaluator->unions);
	free(evaluator->question);
	free(evaluator->selects);
	free(evaluator);
	return NULL;
}

const struct addr_range *evaluator_ranges(const struct evaluator *evaluator, size_t *ret_count)
{
	*ret_count = evaluator->blocks.count;
	return evaluator->blocks.items;
}

enum match evaluator_selects(const struct evaluator *evaluator, size_t policy)
{
	return evaluator->selects[policy];
}

size_t evaluator_pod_class(const struct evaluator *evaluator, size_t pod)
{
	return evaluator->class_of[pod];
}

/* The first that is not before the policy; NULL: none. */
static const struct selection *find_selection(const struct subject *subject, size_t policy)
{
	size_t low = 0, high = subject->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (subject->selections[middle].policy < policy)
			low = middle + 1;
		else
			high = middle;
	}
	return low < subject->count ? &subject->selections[low] : NULL;
}

size_t evaluator_next_policy(const struct evaluator *evaluator, size_t class, size_t from,
			     enum match *ret_match)
{
	const struct selection *next = NULL;

	for (int direction = 0; direction < DIRECTIONS; direction++) {
		const struct selection *found =
		    find_selection(&evaluator->rulesets[direction].subjects[class], from);

		if (found && (!next || found->policy < next->policy))
			next = found;
	}
	if (!next)
		return SIZE_MAX;
	*ret_match = next->is_sure ? MATCH_YES : MATCH_MAYBE;
	return next->policy;
}
