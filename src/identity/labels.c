#include "identity/labels.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* The first label whose key is not before this one. */
static size_t find(const struct labels *labels, const char *key)
{
	size_t low = 0, high = labels->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(labels->items[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct labels *labels, size_t at, const char *key)
{
	return at < labels->count && strcmp(labels->items[at].key, key) == 0;
}

const char *labels_get(const struct labels *labels, const char *key)
{
	size_t at = find(labels, key);

	return is_at(labels, at, key) ? labels->items[at].value : NULL;
}

bool labels_match(const struct labels *labels, const struct labels *selector)
{
	for (size_t i = 0; i < selector->count; i++) {
		const char *value = labels_get(labels, selector->items[i].key);

		if (!value || strcmp(value, selector->items[i].value) != 0)
			return false;
	}
	return true;
}

bool labels_equal(const struct labels *a, const struct labels *b)
{
	return a->count == b->count && labels_match(a, b);
}

static int insert(struct labels *labels, size_t at, const char *key, char *value)
{
	struct label *items = reallocarray(labels->items, labels->count + 1, sizeof(*items));
	char *copy = strdup(key);

	if (items)
		labels->items = items;
	if (!items || !copy) {
		free(copy);
		return -ENOMEM;
	}
	memmove(&items[at + 1], &items[at], (labels->count - at) * sizeof(*items));
	items[at] = (struct label){.key = copy, .value = value};
	labels->count++;
	return 0;
}

int labels_set(struct labels *labels, const char *key, const char *value)
{
	size_t at = find(labels, key);
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	if (is_at(labels, at, key)) {
		free(labels->items[at].value);
		labels->items[at].value = copy;
		return 0;
	}
	if (insert(labels, at, key, copy) < 0) {
		free(copy);
		return -ENOMEM;
	}
	return 0;
}

int labels_copy(const struct labels *labels, struct labels *ret)
{
	struct labels copy = {.items = calloc(labels->count + 1, sizeof(*copy.items))};

	if (!copy.items)
		return -ENOMEM;
	for (; copy.count < labels->count; copy.count++) {
		struct label *item = &copy.items[copy.count];

		item->key = strdup(labels->items[copy.count].key);
		item->value = strdup(labels->items[copy.count].value);
		if (!item->key || !item->value) {
			copy.count++;
			labels_clear(&copy);
			return -ENOMEM;
		}
	}
	*ret = copy;
	return 0;
}

void labels_clear(struct labels *labels)
{
	for (size_t i = 0; i < labels->count; i++) {
		free(labels->items[i].key);
		free(labels->items[i].value);
	}
	free(labels->items);
	*labels = (struct labels){0};
}

char *labels_print(const struct labels *labels)
{
	json_t *object = json_object();
	char *text = NULL;
	int r = object ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < labels->count; i++)
		r = json_object_set_new(object, labels->items[i].key,
					json_string(labels->items[i].value));
	if (r == 0)
		text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	return text;
}

/* A copy of a string of ASCII in which nothing is escaped; *text: behind its quotes. NULL: it is
 * none, or there is no memory. */
static char *take_plain(const char **text)
{
	const char *start = *text + 1, *end = start;

	if (**text != '"')
		return NULL;
	while (*end >= ' ' && *end <= '~' && *end != '"' && *end != '\\')
		end++;
	if (*end != '"')
		return NULL;
	*text = end + 1;
	return strndup(start, (size_t)(end - start));
}

/* One more label, behind those before it. */
static bool take_label(const char **text, struct labels *labels)
{
	struct label *label = &labels->items[labels->count];

	label->key = take_plain(text);
	label->value = NULL;
	if (label->key && **text == ':') {
		(*text)++;
		label->value = take_plain(text);
	}
	if (label->value && (labels->count == 0 || strcmp(label[-1].key, label->key) < 0)) {
		labels->count++;
		return true;
	}
	free(label->key);
	free(label->value);
	return false;
}

/* As labels_print() writes them, mostly: there are very many. False: anything else. */
static bool parse_plain(const char *text, struct labels *ret)
{
	struct labels labels = {0};
	size_t colons = 0;

	for (const char *at = text; *at; at++)
		colons += *at == ':';
	labels.items = calloc(colons + 1, sizeof(*labels.items));
	if (!labels.items || *text++ != '{') {
		free(labels.items);
		return false;
	}
	while (take_label(&text, &labels))
		if (*text++ != ',')
			break;
	if (labels.count > 0 && text[-1] == '}' && *text == '\0') {
		*ret = labels;
		return true;
	}
	labels_clear(&labels);
	return false;
}

static int parse_json(const char *text, struct labels *ret)
{
	json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *value;
	struct labels labels = {0};
	const char *key;
	int r = json_is_object(object) ? 0 : -EINVAL;

	json_object_foreach(object, key, value)
	{
		if (r == 0)
			r = json_is_string(value)
				? labels_set(&labels, key, json_string_value(value))
				: -EINVAL;
	}
	json_decref(object);
	if (r < 0) {
		labels_clear(&labels);
		return r;
	}
	*ret = labels;
	return 0;
}

int labels_parse(const char *text, struct labels *ret)
{
	return parse_plain(text, ret) ? 0 : parse_json(text, ret);
}
