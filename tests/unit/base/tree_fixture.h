/* Trees as they are written down: JSON, whose members "#" are comments. */
#ifndef NETPOL_TESTS_TREE_FIXTURE_H
#define NETPOL_TESTS_TREE_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <string.h>

#include "base/tree.h"

#define FIXTURE_COMMENT "#"

static inline void fixture_add(struct tree_node *parent, const char *key, const json_t *value);

static inline void fixture_add_members(struct tree_node *map, json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		if (strcmp(key, FIXTURE_COMMENT) == 0)
			tree_add_comment(map, json_string_value(value), json_string_length(value));
		else
			fixture_add(map, arena_copy(&map->tree->arena, key, strlen(key)), value);
	}
}

static inline void fixture_add(struct tree_node *parent, const char *key, const json_t *value)
{
	struct tree_node *list;

	if (json_is_object(value)) {
		fixture_add_members(tree_add_map(parent, key), (json_t *)value);
	} else if (json_is_array(value)) {
		list = tree_add_list(parent, key);
		for (size_t i = 0; i < json_array_size(value); i++)
			fixture_add(list, NULL, json_array_get(value, i));
	} else if (json_is_string(value)) {
		tree_add_copy(parent, key, json_string_value(value), json_string_length(value));
	} else if (json_is_integer(value)) {
		tree_add_integer(parent, key, json_integer_value(value));
	} else if (json_is_boolean(value)) {
		tree_add_boolean(parent, key, json_is_true(value));
	} else {
		assert_true(json_is_null(value));
		tree_add_null(parent, key);
	}
}

/* Of a list or map. */
static inline size_t tree_count(const struct tree_node *parent)
{
	size_t count = 0;

	for (const struct tree_node *node = parent->first; node; node = node->next)
		count++;
	return count;
}

static inline struct tree_node *tree_of(struct tree *tree, const json_t *value)
{
	struct tree_node *list = tree_list(tree);

	fixture_add(list, NULL, value);
	assert_int_equal(tree->error, 0);
	return list->first;
}

static inline struct tree_node *tree_parse(struct tree *tree, const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	struct tree_node *node;

	assert_non_null(value);
	node = tree_of(tree, value);
	json_decref(value);
	return node;
}

#endif
