#include "policy/class_index.h"

#include <string.h>

#include "policy/evaluate_internal.h"

/* The number of the label that classes have of whose labels not all is known. */
#define UNKNOWN 0

static int put_text(struct class_index *index, const char *key, const char *value)
{
	index->text.length = 0;
	buf_put(&index->text, key, strlen(key) + 1);
	buf_puts(&index->text, value);
	return index->text.error;
}

static int add_label(struct class_index *index, uint32_t key, const struct label *label,
		     struct class_label *ret)
{
	size_t number;

	if (put_text(index, label->key, label->value) < 0 ||
	    intern_add(&index->labels, index->text.data, index->text.length, &number) < 0)
		return -ENOMEM;
	*ret = (struct class_label){key, (uint32_t)number};
	return 0;
}

/* Is there a label that is asked for and may have any value? */
static bool is_unknown(const struct evaluator *evaluator, const struct scene_pod *pod)
{
	const struct unknown_label *unknown = pod->unknown_labels;

	for (; unknown && unknown->key; unknown++)
		if (evaluator_find_key(evaluator, unknown->key) != SIZE_MAX)
			return true;
	return !pod->labels;
}

static const struct scene_pod *pod_of(const struct evaluator *evaluator, size_t class)
{
	return &evaluator->scene->pods[evaluator->classes[class].pod];
}

static const struct labels *labels_of(const struct evaluator *evaluator, size_t class)
{
	return pod_of(evaluator, class)->labels;
}

static int number_labels(struct class_index *index, const struct evaluator *evaluator)
{
	size_t count = 0;

	for (size_t i = 0; i < evaluator->class_count; i++) {
		const struct labels *labels = labels_of(evaluator, i);

		index->unknown[i] = is_unknown(evaluator, pod_of(evaluator, i));
		for (size_t j = 0; labels && j < labels->count; j++) {
			size_t key = evaluator_find_key(evaluator, labels->items[j].key);

			if (key == SIZE_MAX)
				continue;
			if (add_label(index, (uint32_t)key, &labels->items[j],
				      &index->labels_of[count]) < 0)
				return -ENOMEM;
			count++;
		}
		index->labels_first[i + 1] = count;
	}
	return 0;
}

/* Of each label its classes, by namespace. */
static int list_classes(struct class_index *index, const struct evaluator *evaluator)
{
	size_t labels = index->labels.count;
	size_t count = index->labels_first[evaluator->class_count];

	index->first = calloc(labels + 1, sizeof(*index->first));
	index->classes = calloc(count + evaluator->class_count + 1, sizeof(*index->classes));
	if (!index->first || !index->classes)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		index->first[index->labels_of[i].label]++;
	for (size_t i = 0; i < evaluator->class_count; i++)
		index->first[UNKNOWN] += index->unknown[i];
	for (size_t i = 1; i <= labels; i++)
		index->first[i] += index->first[i - 1];
	for (size_t i = evaluator->class_count; i-- > 0;) {
		size_t class = evaluator->class_order[i];

		for (size_t j = index->labels_first[class]; j < index->labels_first[class + 1]; j++)
			index->classes[--index->first[index->labels_of[j].label]] = class;
		if (index->unknown[class])
			index->classes[--index->first[UNKNOWN]] = class;
	}
	return 0;
}

static size_t count_labels(const struct evaluator *evaluator)
{
	size_t count = 0;

	for (size_t i = 0; i < evaluator->class_count; i++) {
		const struct labels *labels = labels_of(evaluator, i);

		count += labels ? labels->count : 0;
	}
	return count;
}

int class_index_make(struct class_index *index, const struct evaluator *evaluator)
{
	size_t classes = evaluator->class_count, unknown;
	int r;

	index->labels = intern_make();
	index->labels_first = calloc(classes + 1, sizeof(*index->labels_first));
	index->labels_of = calloc(count_labels(evaluator) + 1, sizeof(*index->labels_of));
	index->unknown = calloc(classes + 1, sizeof(*index->unknown));
	index->found = calloc(classes + 1, sizeof(*index->found));
	index->marks = calloc(classes + 1, sizeof(*index->marks));
	if (!index->labels_first || !index->labels_of || !index->unknown || !index->found ||
	    !index->marks)
		return -ENOMEM;
	r = intern_add(&index->labels, "", 0, &unknown);
	if (r == 0)
		r = number_labels(index, evaluator);
	return r < 0 ? r : list_classes(index, evaluator);
}

/* ---- the selector in numbers ---- */

static size_t find_label(struct class_index *index, const char *key, const char *value)
{
	if (put_text(index, key, value) < 0)
		return SIZE_MAX;
	return intern_find(&index->labels, index->text.data, index->text.length);
}

static int ask_value(struct class_index *index, struct asked_requirement *asked, const char *key,
		     const char *value)
{
	size_t label = find_label(index, key, value);

	if (index->text.error < 0)
		return index->text.error;
	if (label == SIZE_MAX)
		return 0;
	if (array_grow(&index->asked_labels, sizeof(*index->asked_labels), index->asked_label_count,
		       &index->asked_label_capacity) < 0)
		return -ENOMEM;
	index->asked_labels[index->asked_label_count++] = (uint32_t)label;
	asked->count++;
	return 0;
}

static int ask_requirement(struct class_index *index, const struct evaluator *evaluator,
			   const struct requirement *requirement)
{
	struct asked_requirement *asked;
	int r = array_grow(&index->asked, sizeof(*index->asked), index->asked_count,
			   &index->asked_capacity);

	if (r < 0)
		return r;
	asked = &index->asked[index->asked_count++];
	*asked = (struct asked_requirement){.operator= requirement->operator,
					    .key =(uint32_t)
						evaluator_find_key(evaluator, requirement->key),
					    .first = index->asked_label_count};
	for (size_t i = 0; i < requirement->value_count && r == 0; i++)
		r = ask_value(index, asked, requirement->key, requirement->values[i]);
	return r;
}

/* How many classes have one of the values; SIZE_MAX: that is not how to find them. */
static size_t count_classes(const struct class_index *index, const struct asked_requirement *asked)
{
	size_t count = 0;

	if (asked->operator!= REQUIREMENT_IN)
		return SIZE_MAX;
	for (size_t i = 0; i < asked->count; i++) {
		size_t label = index->asked_labels[asked->first + i];

		count += index->first[label + 1] - index->first[label];
	}
	return count;
}

int class_index_ask(struct class_index *index, const struct evaluator *evaluator,
		    const struct label_selector *selector)
{
	size_t fewest = SIZE_MAX;
	int r = 0;

	index->selector = selector;
	index->asked_count = index->asked_label_count = 0;
	index->chosen = SIZE_MAX;
	for (size_t i = 0; selector && i < selector->count && r == 0; i++)
		r = ask_requirement(index, evaluator, &selector->items[i]);
	for (size_t i = 0; i < index->asked_count && r == 0; i++) {
		size_t count = count_classes(index, &index->asked[i]);

		if (count < fewest) {
			index->chosen = i;
			fewest = count;
		}
	}
	return r;
}

/* ---- what it matches ---- */

static bool lists(const struct class_index *index, const struct asked_requirement *asked,
		  uint32_t label)
{
	for (size_t i = 0; i < asked->count; i++)
		if (index->asked_labels[asked->first + i] == label)
			return true;
	return false;
}

static bool is_met(const struct class_index *index, const struct asked_requirement *asked,
		   size_t class)
{
	size_t at = index->labels_first[class], end = index->labels_first[class + 1];

	while (at < end && index->labels_of[at].key != asked->key)
		at++;
	switch (asked->operator) {
	case REQUIREMENT_IN:
		return at < end && lists(index, asked, index->labels_of[at].label);
	case REQUIREMENT_NOT_IN:
		return at == end || !lists(index, asked, index->labels_of[at].label);
	case REQUIREMENT_EXISTS:
		return at < end;
	case REQUIREMENT_DOES_NOT_EXIST:
		return at == end;
	}
	return false;
}

static enum match match_class(const struct class_index *index, const struct evaluator *evaluator,
			      size_t class)
{
	const struct scene_pod *pod = pod_of(evaluator, class);

	if (index->asked_count == 0)
		return MATCH_YES;
	if (index->unknown[class])
		return label_selector_match_partly(index->selector, pod->labels,
						   pod->unknown_labels);
	for (size_t i = 0; i < index->asked_count; i++)
		if (!is_met(index, &index->asked[i], class))
			return MATCH_NO;
	return MATCH_YES;
}

static void look_at(struct class_index *index, const struct evaluator *evaluator, size_t class)
{
	enum match match;

	if (index->marks[class] == index->turn)
		return;
	index->marks[class] = index->turn;
	match = match_class(index, evaluator, class);
	if (match != MATCH_NO)
		index->found[index->found_count++] = (struct found_class){class, match};
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

static void look_at_part(struct class_index *index, const struct evaluator *evaluator, size_t label,
			 size_t namespace)
{
	for (size_t i = find_part(index, evaluator, label, namespace); i < index->first[label + 1];
	     i++) {
		if (evaluator_namespace_rank(evaluator, index->classes[i]) != namespace)
			break;
		look_at(index, evaluator, index->classes[i]);
	}
}

const struct found_class *class_index_find(struct class_index *index,
					   const struct evaluator *evaluator, size_t namespace,
					   size_t *ret_count)
{
	const struct asked_requirement *chosen =
	    index->chosen == SIZE_MAX ? NULL : &index->asked[index->chosen];

	index->turn++;
	index->found_count = 0;
	if (chosen) {
		look_at_part(index, evaluator, UNKNOWN, namespace);
		for (size_t i = 0; i < chosen->count; i++)
			look_at_part(index, evaluator, index->asked_labels[chosen->first + i],
				     namespace);
	} else {
		for (size_t i = evaluator->class_first[namespace];
		     i < evaluator->class_first[namespace + 1]; i++)
			look_at(index, evaluator, evaluator->class_order[i]);
	}
	*ret_count = index->found_count;
	return index->found;
}

void class_index_clear(struct class_index *index)
{
	intern_clear(&index->labels);
	buf_clear(&index->text);
	free(index->first);
	free(index->classes);
	free(index->labels_first);
	free(index->labels_of);
	free(index->unknown);
	free(index->asked);
	free(index->asked_labels);
	free(index->found);
	free(index->marks);
}
