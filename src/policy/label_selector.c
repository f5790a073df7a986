#include "policy/label_selector.h"

#include <stdlib.h>
#include <string.h>

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

enum match label_selector_match(const struct label_selector *selector, const struct labels *labels)
{
	if (selector->count == 0)
		return MATCH_YES;
	if (!labels)
		return MATCH_MAYBE;
	for (size_t i = 0; i < selector->count; i++)
		if (!is_met(&selector->items[i], labels_get(labels, selector->items[i].key)))
			return MATCH_NO;
	return MATCH_YES;
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
