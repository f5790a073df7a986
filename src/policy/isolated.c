#include "policy/isolated.h"

#include <stdlib.h>
#include <string.h>

#include "policy/default_deny.h"
#include "policy/picks.h"

static uint8_t open_to(const struct group *group)
{
	uint8_t bits = 0;

	for (int d = 0; d < DIRECTIONS; d++)
		if (group->given && group->withheld[d] == LEFT_NONE)
			bits |= (uint8_t)(1u << d);
	return bits;
}

static void isolate_namespace(const struct compiler *compiler, const char *namespace,
			      uint8_t *isolated)
{
	const struct graph *graph = compiler->graph;
	bool directions[DIRECTIONS];

	default_deny_directions(&compiler->groups, namespace, compiler->request.directions,
				directions);
	for (size_t i = find_pods(graph, namespace);
	     i < graph->pod_count && strcmp(graph->pods[i].namespace, namespace) == 0; i++)
		for (int d = 0; d < DIRECTIONS; d++)
			if (directions[d] && !graph->pods[i].host_network)
				isolated[i] |= (uint8_t)(1u << d);
}

uint8_t *isolated_find(const struct compiler *compiler)
{
	const struct groups *groups = &compiler->groups;
	uint8_t *isolated = calloc(compiler->graph->pod_count + 1, sizeof(*isolated));

	if (!isolated)
		return NULL;
	for (size_t i = 0; i < compiler->graph->pod_count; i++) {
		const size_t own = pick_own(compiler->graph, groups, i);

		if (own != GROUP_NONE)
			isolated[i] = open_to(&groups->items[own]);
	}
	for (size_t i = 0; i < groups->pick_count; i++)
		isolated[groups->picks[i].pod] |= open_to(&groups->items[groups->picks[i].picker]);
	for (size_t i = 0; i < compiler->subject_count; i++)
		if (compiler->subjects[i].group == GROUP_NONE)
			isolate_namespace(compiler, compiler->subjects[i].namespace, isolated);
	return isolated;
}
