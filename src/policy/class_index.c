#include "policy/class_index.h"

#include <string.h>

#include "policy/evaluate_internal.h"

/* The number of the label that classes have of whose labels not all is known. */
#define UNKNOWN 0

struct pair {
	size_t label, class;
};

struct pairs {
	struct pair *items;
	size_t count;
	size_t capacity;
};

static int put_text(struct class_index *index, const char *key, const char *value)
{
	index->text.length = 0;
	buf_put(&index->text, key, strlen(key) + 1);
	buf_puts(&index->text, value);
	return index->text.error;
}

static int add_pair(struct pairs *pairs, size_t label, size_t class)
{
	if (array_grow(&pairs->items, sizeof(*pairs->items), pairs->count, &pairs->capacity) < 0)
		return -ENOMEM;
	pairs->items[pairs->count++] = (struct pair){label, class};
	return 0;
}

/* Is there a label that is asked for and may have any value? */
static bool is_unknown(const struct evaluator *evaluator, const struct scene_pod *pod)
{
	const struct unknown_label *unknown = pod->unknown_labels;

	for (; unknown && unknown->key; unknown++)
		if (evaluator_asks_for(evaluator, unknown->key))
			return true;
	return !pod->labels;
}

static int add_class(struct class_index *index, const struct evaluator *evaluator, size_t class,
		     struct pairs *pairs)
{
	const struct scene_pod *pod = &evaluator->scene->pods[evaluator->classes[class].pod];
	const struct labels *labels = pod->labels;

	if (is_unknown(evaluator, pod) && add_pair(pairs, UNKNOWN, class) < 0)
		return -ENOMEM;
	for (size_t i = 0; labels && i < labels->count; i++) {
		size_t label;

		if (!evaluator_asks_for(evaluator, labels->items[i].key))
			continue;
		if (put_text(index, labels->items[i].key, labels->items[i].value) < 0 ||
		    intern_add(&index->labels, index->text.data, index->text.length, &label) < 0 ||
		    add_pair(pairs, label, class) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* By label; within one in the order in which they were added. */
static int sort_pairs(struct class_index *index, const struct pairs *pairs)
{
	size_t labels = index->labels.count;

	index->first = calloc(labels + 1, sizeof(*index->first));
	index->classes = calloc(pairs->count + 1, sizeof(*index->classes));
	if (!index->first || !index->classes)
		return -ENOMEM;
	for (size_t i = 0; i < pairs->count; i++)
		index->first[pairs->items[i].label]++;
	for (size_t i = 1; i <= labels; i++)
		index->first[i] += index->first[i - 1];
	for (size_t i = pairs->count; i-- > 0;)
		index->classes[--index->first[pairs->items[i].label]] = pairs->items[i].class;
	return 0;
}

int class_index_make(struct class_index *index, const struct evaluator *evaluator)
{
	struct pairs pairs = {0};
	size_t unknown;
	int r;

	index->labels = intern_make();
	index->found = calloc(evaluator->class_count + 1, sizeof(*index->found));
	index->marks = calloc(evaluator->class_count + 1, sizeof(*index->marks));
	r = index->found && index->marks ? intern_add(&index->labels, "", 0, &unknown) : -ENOMEM;
	for (size_t i = 0; i < evaluator->class_count && r == 0; i++)
		r = add_class(index, evaluator, evaluator->class_order[i], &pairs);
	if (r == 0)
		r = sort_pairs(index, &pairs);
	free(pairs.items);
	return r;
}

static size_t find_label(struct class_index *index, const char *key, const char *value)
{
	if (put_text(index, key, value) < 0)
		return SIZE_MAX;
	return intern_find(&index->labels, index->text.data, index->text.length);
}

/* Where a label's classes of that namespace begin, or would. */
static size_t find_part(const struct class_index *index, const struct evaluator *evaluator,
			size_t label, size_t namespace)
{
	size_t low = index->first[label], high = index->first[label + 1];

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (evaluator_namespace_rank(evaluator, index->classes[middle]) < namespace)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void take_part(struct class_index *index, const struct evaluator *evaluator, size_t label,
		      size_t namespace)
{
	for (size_t i = find_part(index, evaluator, label, namespace); i < index->first[label + 1];
	     i++) {
		size_t class = index->classes[i];

		if (evaluator_namespace_rank(evaluator, class) != namespace)
			break;
		if (index->marks[class] != index->turn)
			index->found[index->found_count++] = class;
		index->marks[class] = index->turn;
	}
}

/* How many classes have one of the values; SIZE_MAX: that is not how to find them. */
static size_t count_classes(struct class_index *index, const struct requirement *requirement)
{
	size_t count = 0;

	if (requirement->operator!= REQUIREMENT_IN)
		return SIZE_MAX;
	for (size_t i = 0; i < requirement->value_count; i++) {
		size_t label = find_label(index, requirement->key, requirement->values[i]);

		if (label != SIZE_MAX)
			count += index->first[label + 1] - index->first[label];
	}
	return count;
}

static const struct requirement *choose(struct class_index *index,
					const struct label_selector *selector)
{
	const struct requirement *chosen = NULL;
	size_t fewest = SIZE_MAX;

	for (size_t i = 0; selector && i < selector->count; i++) {
		size_t count = count_classes(index, &selector->items[i]);

		if (count < fewest) {
			chosen = &selector->items[i];
			fewest = count;
		}
	}
	return chosen;
}

int class_index_find(struct class_index *index, const struct evaluator *evaluator,
		     const struct label_selector *selector, size_t namespace, const size_t **ret,
		     size_t *ret_count)
{
	size_t first = evaluator->class_first[namespace];
	const struct requirement *chosen = choose(index, selector);

	*ret = &evaluator->class_order[first];
	*ret_count = evaluator->class_first[namespace + 1] - first;
	if (!chosen)
		return index->text.error;
	index->turn++;
	index->found_count = 0;
	take_part(index, evaluator, UNKNOWN, namespace);
	for (size_t i = 0; i < chosen->value_count; i++) {
		size_t label = find_label(index, chosen->key, chosen->values[i]);

		if (label != SIZE_MAX)
			take_part(index, evaluator, label, namespace);
	}
	*ret = index->found;
	*ret_count = index->found_count;
	return index->text.error;
}

void class_index_clear(struct class_index *index)
{
	intern_clear(&index->labels);
	buf_clear(&index->text);
	free(index->first);
	free(index->classes);
	free(index->found);
	free(index->marks);
}
