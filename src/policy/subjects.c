#include "policy/subjects.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/array.h"
#include "policy/intern.h"

struct finder {
	const struct subjects_request *request;
	const struct scene *scene;
	struct subjects *subjects;
	struct intern lists;    /* numbers are those of the groups */
	size_t *group_of_class; /* SIZE_MAX: not seen yet */
	struct chosen *list;    /* of the class at hand */
	size_t list_capacity;
	size_t chosen_count, chosen_capacity, group_capacity;
};

static int list_policies(struct finder *finder, size_t class, size_t *ret_count)
{
	const struct evaluator *evaluator = finder->request->evaluator;
	enum match match = MATCH_NO;

	*ret_count = 0;
	for (size_t i = evaluator_next_policy(evaluator, class, 0, &match); i != SIZE_MAX;
	     i = evaluator_next_policy(evaluator, class, i + 1, &match)) {
		struct chosen *chosen;

		if (array_grow(&finder->list, sizeof(*finder->list), *ret_count,
			       &finder->list_capacity) < 0)
			return -ENOMEM;
		chosen = &finder->list[(*ret_count)++];
		memset(chosen, 0, sizeof(*chosen));
		chosen->policy = i;
		chosen->match = match;
	}
	return 0;
}

static int keep_group(struct finder *finder, size_t count)
{
	struct subjects *subjects = finder->subjects;

	if (array_grow(&subjects->groups, sizeof(*subjects->groups), subjects->group_count,
		       &finder->group_capacity) < 0)
		return -ENOMEM;
	subjects->groups[subjects->group_count++] =
	    (struct subject_group){finder->chosen_count, count};
	for (size_t i = 0; i < count; i++) {
		if (array_grow(&subjects->chosen, sizeof(*subjects->chosen), finder->chosen_count,
			       &finder->chosen_capacity) < 0)
			return -ENOMEM;
		subjects->chosen[finder->chosen_count++] = finder->list[i];
	}
	return 0;
}

/* The list at hand as a group. */
static int find_group(struct finder *finder, size_t count, size_t *ret)
{
	int r = intern_add(&finder->lists, finder->list, count * sizeof(*finder->list), ret);

	if (r == 0 && *ret == finder->subjects->group_count)
		r = keep_group(finder, count);
	return r;
}

static int group_pod(struct finder *finder, size_t pod)
{
	size_t *group = &finder->subjects->group_of[pod];
	size_t count = 0, class;
	int r;

	if (finder->scene->pods[pod].on_node)
		return find_group(finder, 0, group);
	class = evaluator_pod_class(finder->request->evaluator, pod);
	if (finder->group_of_class[class] == SIZE_MAX) {
		r = list_policies(finder, class, &count);
		if (r == 0)
			r = find_group(finder, count, &finder->group_of_class[class]);
		if (r < 0)
			return r;
	}
	*group = finder->group_of_class[class];
	return 0;
}

static void count_pod(struct finder *finder, size_t pod)
{
	const struct subjects_request *request = finder->request;
	const struct graph_pod *item = &request->graph->pods[pod];
	const struct subjects *subjects = finder->subjects;
	const struct subject_group *group = &subjects->groups[subjects->group_of[pod]];
	bool wanted = !request->wants_pod || request->wants_pod(request->context, item);

	for (size_t i = group->first; i < group->first + group->count; i++) {
		struct policy_subjects *policy = &subjects->policies[subjects->chosen[i].policy];

		policy->pods++;
		policy->sure += subjects->chosen[i].match == MATCH_YES;
		policy->recorded += item->local;
		policy->wanted |= wanted;
	}
}

static int find(struct finder *finder)
{
	const size_t pods = finder->scene->pod_count;
	struct subjects *subjects = finder->subjects;
	int r = 0;

	subjects->policies = calloc(finder->request->policy_count + 1, sizeof(*subjects->policies));
	subjects->group_of = calloc(pods + 1, sizeof(*subjects->group_of));
	finder->group_of_class = calloc(pods + 1, sizeof(*finder->group_of_class));
	finder->list = calloc(1, sizeof(*finder->list));
	finder->list_capacity = 1;
	if (!subjects->policies || !subjects->group_of || !finder->group_of_class || !finder->list)
		return -ENOMEM;
	memset(finder->group_of_class, 0xff, pods * sizeof(*finder->group_of_class));
	for (size_t i = 0; i < pods && r == 0; i++)
		r = group_pod(finder, i);
	for (size_t i = 0; i < finder->request->graph->pod_count && r == 0; i++)
		count_pod(finder, i);
	return r;
}

int subjects_find(const struct subjects_request *request, struct subjects *ret)
{
	struct finder finder = {.request = request,
				.scene = scene_graph_scene(request->scene),
				.subjects = ret,
				.lists = intern_make()};
	int r;

	*ret = (struct subjects){0};
	r = find(&finder);
	intern_clear(&finder.lists);
	free(finder.group_of_class);
	free(finder.list);
	if (r < 0)
		subjects_clear(ret);
	return r;
}

void subjects_clear(struct subjects *subjects)
{
	free(subjects->policies);
	free(subjects->chosen);
	free(subjects->groups);
	free(subjects->group_of);
	*subjects = (struct subjects){0};
}
