#include "policy/policy.h"

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
