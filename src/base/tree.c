#include "base/tree.h"

#include <errno.h>
#include <string.h>

static void *take(struct tree *tree, size_t size)
{
	void *piece = arena_take(&tree->arena, size, sizeof(void *));

	if (!piece)
		tree->error = -ENOMEM;
	return piece;
}

static const char *copy_text(struct tree *tree, const char *text, size_t length)
{
	const char *copy = arena_copy(&tree->arena, text, length);

	if (!copy)
		tree->error = -ENOMEM;
	return copy;
}

static struct tree_node *add_root(struct tree *tree, enum tree_kind kind)
{
	struct tree_node *node = take(tree, sizeof(*node));

	if (node)
		*node = (struct tree_node){.tree = tree, .kind = kind};
	return node;
}

struct tree_node *tree_list(struct tree *tree)
{
	return add_root(tree, TREE_LIST);
}

struct tree_node *tree_map(struct tree *tree)
{
	return add_root(tree, TREE_MAP);
}

/* Takes what the node is of the given one. */
static struct tree_node *add(struct tree_node *parent, const char *key, struct tree_node given)
{
	struct tree_node *node = parent ? take(parent->tree, sizeof(*node)) : NULL;

	if (!node)
		return NULL;
	*node = given;
	node->tree = parent->tree;
	node->key = key;
	if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	return node;
}

struct tree_node *tree_add_list(struct tree_node *parent, const char *key)
{
	return add(parent, key, (struct tree_node){.kind = TREE_LIST});
}

struct tree_node *tree_add_map(struct tree_node *parent, const char *key)
{
	return add(parent, key, (struct tree_node){.kind = TREE_MAP});
}

void tree_add_text(struct tree_node *parent, const char *key, const char *text)
{
	add(parent, key,
	    (struct tree_node){.kind = TREE_TEXT, .text = text, .length = strlen(text)});
}

void tree_add_copy(struct tree_node *parent, const char *key, const char *text, size_t length)
{
	const char *copy = parent ? copy_text(parent->tree, text, length) : NULL;

	if (copy)
		add(parent, key,
		    (struct tree_node){.kind = TREE_TEXT, .text = copy, .length = length});
}

void tree_add_integer(struct tree_node *parent, const char *key, int64_t integer)
{
	add(parent, key, (struct tree_node){.kind = TREE_INTEGER, .integer = integer});
}

void tree_add_boolean(struct tree_node *parent, const char *key, bool boolean)
{
	add(parent, key, (struct tree_node){.kind = TREE_BOOLEAN, .boolean = boolean});
}

void tree_add_null(struct tree_node *parent, const char *key)
{
	add(parent, key, (struct tree_node){.kind = TREE_NULL});
}

static struct tree_comment *make_comment(struct tree *tree, const char *text, size_t length)
{
	const char *copy = copy_text(tree, text, length);
	struct tree_comment *comment = copy ? take(tree, sizeof(*comment)) : NULL;

	if (comment)
		*comment = (struct tree_comment){.text = copy};
	return comment;
}

void tree_add_comment(struct tree_node *map, const char *text, size_t length)
{
	struct tree_comment **end;

	if (!map)
		return;
	end = &map->comment;
	while (*end)
		end = &(*end)->next;
	*end = make_comment(map->tree, text, length);
}

void tree_remove(struct tree_node *parent, const struct tree_node *child)
{
	struct tree_node **link = &parent->first, *before = NULL;

	while (*link != child) {
		before = *link;
		link = &before->next;
	}
	*link = child->next;
	if (parent->last == child)
		parent->last = before;
}

struct tree_node *tree_get(const struct tree_node *map, const char *key)
{
	struct tree_node *member = map && map->kind == TREE_MAP ? map->first : NULL;

	while (member && strcmp(member->key, key) != 0)
		member = member->next;
	return member;
}

const char *tree_get_text(const struct tree_node *map, const char *key)
{
	const struct tree_node *member = tree_get(map, key);

	return member && member->kind == TREE_TEXT ? member->text : NULL;
}

void tree_reset(struct tree *tree)
{
	arena_reset(&tree->arena);
	tree->error = 0;
}

void tree_clear(struct tree *tree)
{
	arena_clear(&tree->arena);
	*tree = (struct tree){0};
}
