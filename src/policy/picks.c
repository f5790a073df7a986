#include "policy/picks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

size_t find_pods(const struct graph *graph, const char *namespace)
{
	size_t low = 0, high = graph->pod_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(graph->pods[middle].namespace, namespace) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t find_workloads(const struct graph *graph, const char *namespace)
{
	size_t low = 0, high = graph->workload_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(graph->workloads[middle].namespace, namespace) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t pick_own(const struct graph *graph, const struct groups *groups, size_t pod)
{
	const size_t workload = graph->pods[pod].workload;
	const size_t group = workload == GRAPH_NONE ? GROUP_NONE : groups->of_workload[workload];

	return group != GROUP_NONE && group_is_subject(&groups->items[group]) ? group : GROUP_NONE;
}

/* ---- who picks whom ---- */

static bool is_picked(const struct graph_pod *pod, const struct group *group)
{
	return pod->labels && !*pod->conflict && !pod->host_network &&
	       labels_match(pod->labels, group->selector);
}

static int add(struct groups *groups, size_t pod, size_t picker)
{
	if ((groups->pick_count & (groups->pick_count - 1)) == 0) {
		const size_t capacity = groups->pick_count ? 2 * groups->pick_count : 1;
		struct pick *grown = reallocarray(groups->picks, capacity, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		groups->picks = grown;
	}
	groups->picks[groups->pick_count++] = (struct pick){.pod = pod, .picker = picker};
	return 0;
}

static int add_picked(const struct graph *graph, struct groups *groups, size_t picker)
{
	const struct group *group = &groups->items[picker];
	int r = 0;

	for (size_t i = find_pods(graph, group->namespace);
	     r == 0 && i < graph->pod_count &&
	     strcmp(graph->pods[i].namespace, group->namespace) == 0;
	     i++)
		if (is_picked(&graph->pods[i], group) && pick_own(graph, groups, i) != picker)
			r = add(groups, i, picker);
	return r;
}

int picks_find(const struct graph *graph, struct groups *groups)
{
	int r = 0;

	for (int d = 0; d < DIRECTIONS; d++) {
		groups->holders[d] = malloc((graph->pod_count + 1) * sizeof(*groups->holders[d]));
		if (!groups->holders[d])
			return -ENOMEM;
		for (size_t i = 0; i < graph->pod_count; i++)
			groups->holders[d][i] = GROUP_NONE;
	}
	for (size_t i = 0; i < groups->count && r == 0; i++)
		if (group_is_subject(&groups->items[i]) && *groups->items[i].also_picks)
			r = add_picked(graph, groups, i);
	return r;
}

/* ---- directions ---- */

/* It would be wrong to enforce it. */
static bool is_withheld(const struct group *group, enum direction direction)
{
	return group->withheld[direction] == LEFT_PARTIAL ||
	       group->withheld[direction] == LEFT_NOT_READY ||
	       group->withheld[direction] == LEFT_BEYOND_LIMIT;
}

static bool withhold(const struct graph *graph, struct groups *groups, const struct pick *pick,
		     enum direction direction)
{
	struct group *picker = &groups->items[pick->picker];
	size_t own = pick_own(graph, groups, pick->pod);
	const struct group *group;

	if (own == GROUP_NONE)
		own = groups->holders[direction][pick->pod];
	if (own == GROUP_NONE || picker->withheld[direction] != LEFT_NONE)
		return false;
	group = &groups->items[own];
	if (!is_withheld(group, direction))
		return false;
	picker->withheld[direction] = group->withheld[direction];
	picker->because[direction] = group;
	return true;
}

void picks_withhold(const struct graph *graph, struct groups *groups)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (size_t i = 0; i < groups->pick_count; i++)
			for (enum direction d = 0; d < DIRECTIONS; d++)
				changed |= withhold(graph, groups, &groups->picks[i], d);
	}
}

/* ---- holders ---- */

static bool isolates(const struct group *group, enum direction direction)
{
	return group->seen && group->withheld[direction] == LEFT_NONE;
}

static void hold(struct groups *groups, const struct pick *pick, enum direction direction)
{
	size_t *holder = &groups->holders[direction][pick->pod];

	if (*holder == GROUP_NONE || (!isolates(&groups->items[*holder], direction) &&
				      isolates(&groups->items[pick->picker], direction)))
		*holder = pick->picker;
}

bool picks_hold(const struct graph *graph, struct groups *groups)
{
	bool any = false;

	for (size_t i = 0; i < groups->pick_count; i++) {
		const struct pick *pick = &groups->picks[i];

		if (pick_own(graph, groups, pick->pod) != GROUP_NONE)
			continue;
		any = true;
		for (enum direction d = 0; d < DIRECTIONS; d++)
			hold(groups, pick, d);
	}
	return any;
}
