#include "policy/scene.h"

#include <string.h>

size_t scene_find_namespace(const struct scene *scene, const char *name)
{
	size_t low = 0, high = scene->namespace_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(scene->namespaces[middle].name, name);

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return SCENE_NONE;
}

size_t scene_find_node(const struct scene *scene, const char *name)
{
	size_t low = 0, high = scene->node_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(scene->nodes[middle].name, name);

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return SCENE_NONE;
}

enum match scene_match_namespace(const struct label_selector *selector,
				 const struct scene_namespace *namespace)
{
	struct label implied = {.key = (char[]){SCENE_NAMESPACE_NAME},
				.value = (char *)namespace->name};
	const struct labels implied_alone = {&implied, 1};
	enum match match = MATCH_YES;

	for (size_t i = 0; i < selector->count && match != MATCH_NO; i++) {
		const struct label_selector one = {&selector->items[i], 1};
		bool is_name = strcmp(one.items->key, SCENE_NAMESPACE_NAME) == 0;

		match = match_worse(match, label_selector_match(&one, is_name ? &implied_alone
									      : namespace->labels));
	}
	return match;
}
