#include "policy/pod_classes.h"

#include <errno.h>
#include <stdlib.h>

/* What a pod is told apart by. */
struct trait {
	size_t class; /* the evaluator's, or on_node what else tells them apart */
	size_t node;  /* 0 where it does not matter */
	size_t pod;
	bool on_node;
};

static int compare_numbers(size_t a, size_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_traits(const struct trait *a, const struct trait *b)
{
	int r = compare_numbers(a->on_node, b->on_node);

	if (r == 0)
		r = compare_numbers(a->class, b->class);
	return r ? r : compare_numbers(a->node, b->node);
}

static int compare(const void *a, const void *b)
{
	const struct trait *first = a, *second = b;
	int r = compare_traits(first, second);

	return r ? r : compare_numbers(first->pod, second->pod);
}

/* A pod and its own node are never kept apart: where nodes are parties, whose it is matters. */
static bool nodes_matter(const struct scene *scene)
{
	for (size_t i = 0; i < scene->pod_count; i++)
		if (scene->pods[i].on_node)
			return true;
	return false;
}

/* What is on a node is that node; by itself where the node's addresses are not known. */
static struct trait trait_of(const struct scene *scene, const struct evaluator *evaluator,
			     size_t pod, bool nodes)
{
	const struct scene_pod *it = &scene->pods[pod];
	struct trait trait = {.pod = pod, .node = nodes ? it->node : 0, .on_node = it->on_node};

	if (!it->on_node)
		trait.class = evaluator_pod_class(evaluator, pod);
	else if (it->node == SCENE_NONE || scene->nodes[it->node].address_count == 0)
		trait.class = 1 + pod;
	return trait;
}

static void number(const struct trait *traits, size_t count, struct pod_classes *classes)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && compare_traits(&traits[i - 1], &traits[i]) == 0) {
			struct pod_class_members *last = &classes->items[classes->count - 1];

			if (last->second == SCENE_NONE)
				last->second = traits[i].pod;
		} else {
			classes->items[classes->count++] =
			    (struct pod_class_members){traits[i].pod, SCENE_NONE};
		}
		classes->of[traits[i].pod] = classes->count - 1;
	}
}

int pod_classes_make(const struct scene *scene, const struct evaluator *evaluator,
		     struct pod_classes *ret)
{
	struct trait *traits = calloc(scene->pod_count + 1, sizeof(*traits));
	bool nodes = nodes_matter(scene);
	int r = traits ? 0 : -ENOMEM;

	*ret = (struct pod_classes){
	    .of = calloc(scene->pod_count + 1, sizeof(*ret->of)),
	    .items = calloc(scene->pod_count + 1, sizeof(*ret->items)),
	};
	if (!ret->of || !ret->items)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < scene->pod_count; i++)
		traits[i] = trait_of(scene, evaluator, i, nodes);
	if (r == 0) {
		qsort(traits, scene->pod_count, sizeof(*traits), compare);
		number(traits, scene->pod_count, ret);
	} else {
		pod_classes_clear(ret);
	}
	free(traits);
	return r;
}

void pod_classes_clear(struct pod_classes *classes)
{
	free(classes->of);
	free(classes->items);
	*classes = (struct pod_classes){0};
}
