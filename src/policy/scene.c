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
