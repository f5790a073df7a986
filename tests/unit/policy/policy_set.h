/* All policies of a request at once, for tests that look at several. */
#ifndef NETPOL_TESTS_POLICY_SET_H
#define NETPOL_TESTS_POLICY_SET_H

#include <stdlib.h>

#include "policy/policy.h"

struct policy_set {
	struct policy *policies;
	size_t count;
};

/* NULL is allowed; returns NULL. */
static inline struct policy_set *policy_set_free(struct policy_set *set)
{
	for (size_t i = 0; set && i < set->count; i++)
		policy_clear(&set->policies[i]);
	if (set)
		free(set->policies);
	free(set);
	return NULL;
}

/* What compiler_new() and compiler_next() return; negative: there is no set. */
static inline int policy_derive(const struct graph *graph, const struct policy_request *request,
				struct problems *problems, struct policy_set **ret)
{
	struct policy_set *set = calloc(1, sizeof(*set));
	struct compiler *compiler = NULL;
	struct policy policy;
	int r = compiler_new(graph, request, problems, &compiler);

	assert_non_null(set);
	while (r >= 0 && (r = compiler_next(compiler, &policy)) > 0) {
		set->policies = reallocarray(set->policies, set->count + 1, sizeof(*set->policies));
		assert_non_null(set->policies);
		set->policies[set->count++] = policy;
	}
	compiler_free(compiler);
	*ret = r < 0 ? policy_set_free(set) : set;
	return r;
}

#endif
