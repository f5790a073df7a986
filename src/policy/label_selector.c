#include "policy/label_selector.h"

#include <stdlib.h>
#include <string.h>

enum match match_worse(enum match a, enum match b)
{
	return a < b ? a : b;
}

static bool has_value(const struct requirement *requirement, const char *value)
{
	for (size_t i = 0; i < requirement->value_count; i++)
		if (strcmp(requirement->values[i], value) == 0)
			return true;
	return false;
}

static bool is_met(const struct requirement *requirement, const char *value)
{
	switch (requirement->operator) {
	case REQUIREMENT_IN:
		return value && has_value(requirement, value);
	case REQUIREMENT_NOT_IN:
		return !value || !has_value(requirement, value);
	case REQUIREMENT_EXISTS:
		return value;
	case REQUIREMENT_DOES_NOT_EXIST:
		return !value;
	}
	return false;
}

/* There is such a label, or may be, of whatever value. */
static enum match match_unknown(const struct requirement *requirement,
				const struct unknown_label *label)
{
	if (label->is_there && requirement->operator== REQUIREMENT_EXISTS)
		return MATCH_YES;
	if (label->is_there && requirement->operator== REQUIREMENT_DOES_NOT_EXIST)
		return MATCH_NO;
	return MATCH_MAYBE;
}

static enum match match_one(const struct requirement *requirement, const struct labels *labels,
			    const struct unknown_label *unknown)
{
	const char *value = labels_get(labels, requirement->key);

	for (; !value && unknown && unknown->key; unknown++)
		if (strcmp(unknown->key, requirement->key) == 0)
			return match_unknown(requirement, unknown);
	return is_met(requirement, value) ? MATCH_YES : MATCH_NO;
}

enum match label_selector_match_partly(const struct label_selector *selector,
				       const struct labels *labels,
				       const struct unknown_label *unknown)
{
	enum match match = MATCH_YES;

	if (selector->count == 0)
		return MATCH_YES;
	if (!labels)
		return MATCH_MAYBE;
	for (size_t i = 0; i < selector->count && match != MATCH_NO; i++) {
		enum match one = match_one(&selector->items[i], labels, unknown);

		match = one < match ? one : match;
	}
	return match;
}

enum match label_selector_match(const struct label_selector *selector, const struct labels *labels)
{
	return label_selector_match_partly(selector, labels, NULL);
}

void label_selector_clear(struct label_selector *selector)
{
	for (size_t i = 0; i < selector->count; i++) {
		struct requirement *requirement = &selector->items[i];

		for (size_t j = 0; j < requirement->value_count; j++)
			free(requirement->values[j]);
		free(requirement->values);
		free(requirement->key);
	}
	free(selector->items);
	*selector = (struct label_selector){0};
}
