#include "policy/policy.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/reduce.h"

void policy_request_init(struct policy_request *request)
{
	*request = (struct policy_request){.directions = {true, true},
					   .range_threshold = 10,
					   .block_threshold = 16,
					   .block_floor = {24, 48},
					   .max_blocks = 64};
}

static int set_add(struct policy_set *set, const struct policy *policy)
{
	struct policy *grown;

	if ((set->count & (set->count - 1)) == 0) {
		grown =
		    reallocarray(set->policies, set->count ? 2 * set->count : 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		set->policies = grown;
	}
	set->policies[set->count++] = *policy;
	return 0;
}

static int collect(struct compiler *compiler, struct policy_set *set)
{
	struct policy policy;
	int r;

	while ((r = compiler_next(compiler, &policy)) > 0) {
		r = set_add(set, &policy);
		if (r < 0) {
			policy_clear(&policy);
			return r;
		}
	}
	return r;
}

int policy_derive(const struct graph *graph, const struct policy_request *request,
		  struct problems *problems, struct policy_set **ret)
{
	struct policy_set *set = calloc(1, sizeof(*set));
	struct compiler *compiler = NULL;
	int r = set ? compiler_new(graph, request, problems, &compiler) : -ENOMEM;

	if (r == 0)
		r = collect(compiler, set);
	compiler_free(compiler);
	if (r < 0)
		set = policy_set_free(set);
	else
		*ret = set;
	return r;
}

void policy_clear(struct policy *policy)
{
	for (int i = 0; i < DIRECTIONS; i++) {
		for (size_t j = 0; j < policy->rule_count[i]; j++)
			rule_clear(&policy->rules[i][j]);
		free(policy->rules[i]);
		free(policy->partial[i]);
		free(policy->withheld[i]);
	}
	free(policy->namespace);
	free(policy->subject);
	free(policy->name);
	*policy = (struct policy){0};
}

struct policy_set *policy_set_free(struct policy_set *set)
{
	if (!set)
		return NULL;
	for (size_t i = 0; i < set->count; i++)
		policy_clear(&set->policies[i]);
	free(set->policies);
	free(set);
	return NULL;
}
