#include "output/output.h"

#include <string.h>

#include "output/items.h"
#include "output/text.h"

struct printer {
	struct buf *buf;
	bool pretty;
};

static void put_break(const struct printer *printer, size_t depth)
{
	if (!printer->pretty)
		return;
	buf_putc(printer->buf, '\n');
	text_put_spaces(printer->buf, depth * 2);
}

static void put_between(const struct printer *printer, bool first, size_t depth)
{
	if (!first)
		buf_puts(printer->buf, printer->pretty ? "," : ", ");
	put_break(printer, depth);
}

static void put_key(const struct printer *printer, const char *key, bool first, size_t depth)
{
	put_between(printer, first, depth);
	text_put_quoted(printer->buf, key, strlen(key));
	buf_puts(printer->buf, ": ");
}

/* ---- trees ---- */

static void put_node(const struct printer *printer, const struct tree_node *node, size_t depth);

static void put_children(const struct printer *printer, const struct tree_node *parent,
			 size_t depth)
{
	for (const struct tree_node *node = parent->first; node; node = node->next) {
		if (node->key)
			put_key(printer, node->key, node == parent->first, depth);
		else
			put_between(printer, node == parent->first, depth);
		put_node(printer, node, depth);
	}
}

static void put_container(const struct printer *printer, const struct tree_node *parent,
			  const char brackets[static 2], size_t depth)
{
	buf_putc(printer->buf, brackets[0]);
	put_children(printer, parent, depth + 1);
	if (parent->first)
		put_break(printer, depth);
	buf_putc(printer->buf, brackets[1]);
}

static void put_node(const struct printer *printer, const struct tree_node *node, size_t depth)
{
	if (node->kind == TREE_MAP)
		put_container(printer, node, "{}", depth);
	else if (node->kind == TREE_LIST)
		put_container(printer, node, "[]", depth);
	else if (node->kind == TREE_TEXT)
		text_put_quoted(printer->buf, node->text, node->length);
	else
		text_put_node(printer->buf, node);
}

void output_tree_json(struct buf *buf, const struct tree_node *tree)
{
	put_node(&(struct printer){.buf = buf, .pretty = true}, tree, 0);
	buf_putc(buf, '\n');
}

void json_put_head(struct buf *buf, const struct tree_node *head, const char *name)
{
	const struct printer printer = {.buf = buf, .pretty = true};

	buf_putc(buf, '{');
	put_children(&printer, head, 1);
	put_key(&printer, name, !head->first, 1);
	buf_putc(buf, '[');
}

void json_put_element(struct buf *buf, const struct tree_node *element, bool first)
{
	const struct printer printer = {.buf = buf, .pretty = true};

	put_between(&printer, first, 2);
	put_node(&printer, element, 2);
}

void json_put_tail(struct buf *buf, bool empty)
{
	buf_puts(buf, empty ? "]\n}\n" : "\n  ]\n}\n");
}

/* ---- values of jansson ---- */

static void put_value(const struct printer *printer, const json_t *value, size_t depth);

/* False: there are none. */
static bool put_members(const struct printer *printer, const json_t *object, size_t depth)
{
	json_t *members = (json_t *)object;
	json_t *value;
	const char *key;
	bool first = true;

	json_object_foreach(members, key, value)
	{
		put_key(printer, key, first, depth);
		put_value(printer, value, depth);
		first = false;
	}
	return !first;
}

static void put_object(const struct printer *printer, const json_t *object, size_t depth)
{
	buf_putc(printer->buf, '{');
	if (put_members(printer, object, depth + 1))
		put_break(printer, depth);
	buf_putc(printer->buf, '}');
}

static void put_array(const struct printer *printer, const json_t *array, size_t depth)
{
	size_t count = json_array_size(array);

	buf_putc(printer->buf, '[');
	for (size_t i = 0; i < count; i++) {
		put_between(printer, i == 0, depth + 1);
		put_value(printer, json_array_get(array, i), depth + 1);
	}
	if (count > 0)
		put_break(printer, depth);
	buf_putc(printer->buf, ']');
}

static void put_value(const struct printer *printer, const json_t *value, size_t depth)
{
	if (json_is_object(value))
		put_object(printer, value, depth);
	else if (json_is_array(value))
		put_array(printer, value, depth);
	else if (json_is_string(value))
		text_put_quoted(printer->buf, json_string_value(value), json_string_length(value));
	else
		text_put_scalar(printer->buf, value);
}

void output_json(struct buf *buf, const json_t *tree)
{
	put_value(&(struct printer){.buf = buf, .pretty = true}, tree, 0);
	buf_putc(buf, '\n');
}

void output_json_line(struct buf *buf, const json_t *tree)
{
	put_value(&(struct printer){.buf = buf}, tree, 0);
	buf_putc(buf, '\n');
}

void output_list_begin(struct output_list *list, struct buf *buf, bool lines)
{
	*list = (struct output_list){.buf = buf, .lines = lines};
	if (!lines)
		buf_putc(buf, '[');
}

void output_list_value(const struct output_list *list, struct buf *text, const json_t *value)
{
	put_value(&(struct printer){.buf = text, .pretty = !list->lines}, value, list->depth + 2);
}

void output_list_object(struct output_list *list, const struct output_member *members, size_t count)
{
	const struct printer printer = {.buf = list->buf, .pretty = !list->lines};

	if (!list->lines)
		put_between(&printer, !list->any, list->depth + 1);
	buf_putc(list->buf, '{');
	for (size_t i = 0; i < count; i++) {
		put_between(&printer, i == 0, list->depth + 2);
		buf_putc(list->buf, '"');
		buf_puts(list->buf, members[i].name);
		buf_put(list->buf, "\": ", 3);
		buf_put(list->buf, members[i].value, members[i].length);
	}
	if (count > 0)
		put_break(&printer, list->depth + 1);
	buf_putc(list->buf, '}');
	if (list->lines)
		buf_putc(list->buf, '\n');
	list->any = true;
}

void output_list_end(struct output_list *list)
{
	if (list->lines)
		return;
	if (list->any)
		put_break(&(struct printer){.buf = list->buf, .pretty = true}, list->depth);
	buf_puts(list->buf, list->depth > 0 ? "]" : "]\n");
}
