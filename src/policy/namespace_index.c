#include "policy/namespace_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/array.h"

static int compare_words(const struct namespace_label *a, const struct namespace_label *b)
{
	int r = strcmp(a->key, b->key);

	return r ? r : strcmp(a->value, b->value);
}

static int compare_labels(const void *a, const void *b)
{
	return compare_words(a, b);
}

static size_t count_labels(const struct scene *scene)
{
	size_t count = 0;

	for (size_t i = 0; i < scene->namespace_count; i++)
		count += scene->namespaces[i].labels ? scene->namespaces[i].labels->count : 0;
	return count;
}

static void fill(struct namespace_index *index, const struct scene *scene)
{
	for (size_t i = 0; i < scene->namespace_count; i++) {
		const struct labels *labels = scene->namespaces[i].labels;

		index->all[i] = i;
		if (!labels)
			index->unknown[index->unknown_count++] = i;
		for (size_t j = 0; labels && j < labels->count; j++)
			index->labels[index->label_count++] = (struct namespace_label){
			    labels->items[j].key, labels->items[j].value, i};
	}
}

int namespace_index_make(struct namespace_index *index, const struct scene *scene)
{
	index->labels = calloc(count_labels(scene) + 1, sizeof(*index->labels));
	index->all = calloc(scene->namespace_count + 1, sizeof(*index->all));
	index->unknown = calloc(scene->namespace_count + 1, sizeof(*index->unknown));
	if (!index->labels || !index->all || !index->unknown)
		return -ENOMEM;
	fill(index, scene);
	qsort(index->labels, index->label_count, sizeof(*index->labels), compare_labels);
	return 0;
}

/* Where what is not before it, or, after, what is behind it begins. */
static size_t find_label(const struct namespace_index *index, const struct namespace_label *label,
			 bool after)
{
	size_t low = 0, high = index->label_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_words(&index->labels[middle], label);

		if (order < 0 || (after && order == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int add_found(struct namespace_index *index, size_t namespace)
{
	if (array_grow(&index->found, sizeof(*index->found), index->found_count,
		       &index->found_capacity) < 0)
		return -ENOMEM;
	index->found[index->found_count++] = namespace;
	return 0;
}

/* Labels of one value; ret_count alone where find is not set. */
static int take_value(struct namespace_index *index, const char *key, const char *value, bool find,
		      size_t *ret_count)
{
	const struct namespace_label label = {key, value, 0};
	const size_t first = find_label(index, &label, false);
	const size_t end = find_label(index, &label, true);
	int r = 0;

	*ret_count += end - first;
	for (size_t i = first; i < end && find && r == 0; i++)
		r = add_found(index, index->labels[i].namespace);
	return r;
}

static bool is_name(const struct requirement *requirement)
{
	return strcmp(requirement->key, SCENE_NAMESPACE_NAME) == 0;
}

/* How many are to be looked at for one requirement; SIZE_MAX: it does not list what it wants. */
static size_t count_listed(struct namespace_index *index, const struct requirement *requirement)
{
	size_t count = index->unknown_count;

	if (requirement->operator!= REQUIREMENT_IN)
		return SIZE_MAX;
	if (is_name(requirement))
		return requirement->value_count;
	for (size_t i = 0; i < requirement->value_count; i++)
		take_value(index, requirement->key, requirement->values[i], false, &count);
	return count;
}

static int take_named(struct namespace_index *index, const struct scene *scene,
		      const struct requirement *requirement)
{
	int r = 0;

	for (size_t i = 0; i < requirement->value_count && r == 0; i++) {
		size_t namespace = scene_find_namespace(scene, requirement->values[i]);

		if (namespace != SCENE_NONE)
			r = add_found(index, namespace);
	}
	return r;
}

static int take_labelled(struct namespace_index *index, const struct requirement *requirement)
{
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; i < index->unknown_count && r == 0; i++)
		r = add_found(index, index->unknown[i]);
	for (size_t i = 0; i < requirement->value_count && r == 0; i++)
		r = take_value(index, requirement->key, requirement->values[i], true, &count);
	return r;
}

int namespace_index_find(struct namespace_index *index, const struct scene *scene,
			 const struct label_selector *selector, const size_t **ret,
			 size_t *ret_count)
{
	const struct requirement *chosen = NULL;
	size_t fewest = scene->namespace_count;
	int r = 0;

	for (size_t i = 0; i < selector->count; i++) {
		size_t count = count_listed(index, &selector->items[i]);

		if (count < fewest) {
			chosen = &selector->items[i];
			fewest = count;
		}
	}
	index->found_count = 0;
	if (chosen)
		r = is_name(chosen) ? take_named(index, scene, chosen)
				    : take_labelled(index, chosen);
	*ret = chosen ? index->found : index->all;
	*ret_count = chosen ? index->found_count : scene->namespace_count;
	return r;
}

void namespace_index_clear(struct namespace_index *index)
{
	free(index->labels);
	free(index->all);
	free(index->unknown);
	free(index->found);
}
