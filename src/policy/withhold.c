#include "policy/withhold.h"

#include "policy/partial.h"
#include "policy/picks.h"

/* The first reason stays. */
static void withhold(struct group *group, enum left_reason left)
{
	for (int d = 0; d < DIRECTIONS; d++)
		if (group->withheld[d] == LEFT_NONE)
			group->withheld[d] = left;
}

static bool is_less_ready(const struct readiness *a, const struct readiness *b)
{
	const bool a_is_known = a->since != INT64_MIN, b_is_known = b->since != INT64_MIN;

	return a_is_known == b_is_known ? a->state < b->state : !a_is_known;
}

static void set_readiness(const struct basis *basis)
{
	const struct readinesses *all = basis->request->readinesses;

	for (size_t i = 0; all && i < all->count; i++) {
		const struct readiness *readiness = &all->items[i];
		size_t index = basis->groups->of_workload[i];
		struct group *group = index == GROUP_NONE ? NULL : &basis->groups->items[index];

		if (!group)
			continue;
		if (group->readiness && !group->least_ready)
			group->least_ready = &basis->graph->workloads[group->first];
		if (group->readiness && is_less_ready(readiness, group->readiness))
			group->least_ready = &basis->graph->workloads[i];
		if (!group->readiness || is_less_ready(readiness, group->readiness))
			group->readiness = readiness;
	}
}

static bool is_ready(const struct group *group)
{
	return group->readiness && group->readiness->state == READINESS_READY;
}

int withhold_directions(const struct basis *basis)
{
	const struct policy_request *request = basis->request;
	int r = 0;

	if (request->coverage)
		r = partial_find(basis->graph, request->coverage, basis->groups);
	set_readiness(basis);
	for (size_t i = 0; i < basis->groups->count; i++) {
		struct group *group = &basis->groups->items[i];

		for (int d = 0; d < DIRECTIONS; d++)
			if (!request->directions[d])
				group->withheld[d] = LEFT_DIRECTION;
		if (request->ready_only && !is_ready(group))
			withhold(group, LEFT_NOT_READY);
		if (request->withhold_partial && group->partial)
			withhold(group, LEFT_PARTIAL);
	}
	picks_withhold(basis->graph, basis->groups);
	return r;
}
