#include "tests/unit/policy/published_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "output/output.h"

static void put_place(struct buf *buf, const struct place *place)
{
	if (!place)
		return;
	put_place(buf, place->above);
	if (!place->name)
		buf_printf(buf, "[%zu]", place->index);
	else
		buf_printf(buf, "%s%s", place->above ? "." : "", place->name);
}

void published_wrong(struct published *published, const struct place *place,
		     const struct node *node, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	buf_printf(&published->wrong, "%u: ", node_line(node));
	put_place(&published->wrong, place);
	buf_printf(&published->wrong, ": %s\n", text);
	published->count++;
}

static void check(struct published *published, const struct place *place, const struct node *node,
		  const struct type *type);

/* To Kubernetes: a plain number, boolean or null is no text. */
static bool is_text(const struct node *node)
{
	const char *text = node_text(node);

	return text && strlen(text) == node_text_length(node) &&
	       (node_is_quoted(node) ||
		(!document_is_plain_boolean(text) && !document_is_plain_number(text)));
}

static bool is_among(const char *text, const char *const *values)
{
	for (size_t i = 0; values[i]; i++)
		if (strcmp(values[i], text) == 0)
			return true;
	return false;
}

static void check_text(struct published *published, const struct place *place,
		       const struct node *node, const struct type *type)
{
	const char *text = node_text(node);
	const char *why;

	if (!is_text(node)) {
		published_wrong(published, place, node, "is no text");
		return;
	}
	if (type->values && !is_among(text, type->values))
		published_wrong(published, place, node, "\"%.80s\" is none of its values", text);
	if (type->most > 0 && strlen(text) > (size_t)type->most)
		published_wrong(published, place, node, "has more than %ld bytes", type->most);
	why = type->text ? type->text(text) : NULL;
	if (why)
		published_wrong(published, place, node, "\"%.80s\" %s", text, why);
}

static void check_integer(struct published *published, const struct place *place,
			  const struct node *node, const struct type *type)
{
	int64_t value;

	if (type->port_name && is_text(node)) {
		if (text_port_name(node_text(node)))
			published_wrong(published, place, node, "\"%s\" is no name of a port",
					node_text(node));
		return;
	}
	if (node_is_quoted(node) || !node_integer(node, &value))
		published_wrong(published, place, node, "is no whole number");
	else if (value < type->least || value > type->most)
		published_wrong(published, place, node, "%lld is not within %ld and %ld",
				(long long)value, type->least, type->most);
}

static void check_count(struct published *published, const struct place *place,
			const struct node *node, const struct type *type)
{
	size_t count = node_count(node);

	if (count < (size_t)type->least)
		published_wrong(published, place, node, "has %zu of at least %ld", count,
				type->least);
	if (type->most > 0 && count > (size_t)type->most)
		published_wrong(published, place, node, "has %zu of at most %ld", count,
				type->most);
}

static void check_set(struct published *published, const struct place *place,
		      const struct node *list)
{
	for (size_t i = 0; i < node_count(list); i++)
		for (size_t j = 0; j < i; j++) {
			const char *a = node_text(node_item(list, i));
			const char *b = node_text(node_item(list, j));

			if (a && b && strcmp(a, b) == 0)
				published_wrong(published, place, list, "\"%s\" is there twice", a);
		}
}

static void check_list(struct published *published, const struct place *place,
		       const struct node *node, const struct type *type)
{
	if (node_kind(node) != NODE_SEQUENCE) {
		published_wrong(published, place, node, "is no list");
		return;
	}
	check_count(published, place, node, type);
	for (size_t i = 0; i < node_count(node); i++)
		check(published, &(struct place){.above = place, .index = i}, node_item(node, i),
		      type->item);
	if (type->set)
		check_set(published, place, node);
}

static void check_map(struct published *published, const struct place *place,
		      const struct node *node, const struct type *type)
{
	if (node_kind(node) != NODE_MAPPING) {
		published_wrong(published, place, node, "is no map");
		return;
	}
	check_count(published, place, node, type);
	for (size_t i = 0; i < node_count(node); i++) {
		struct place inside = {.above = place, .name = node_key(node, i)};
		const char *why = type->key ? type->key(inside.name) : NULL;

		if (why)
			published_wrong(published, &inside, node, "%s", why);
		if (!node_key_is_text(node, i))
			published_wrong(published, &inside, node, "is no text as a key");
		check(published, &inside, node_item(node, i), type->item);
	}
}

static const struct field *find_field(const struct field *fields, const char *name)
{
	for (; fields->name; fields++)
		if (strcmp(fields->name, name) == 0)
			return fields;
	return NULL;
}

static void check_member(struct published *published, const struct place *place,
			 const struct node *node, const struct field *field)
{
	if (!field)
		published_wrong(published, place, node, "the type has no such field");
	else if (node_kind(node) != NODE_NULL)
		check(published, place, node, field->type);
	else if (field->need != NULLABLE)
		published_wrong(published, place, node, "is null");
}

static void check_object(struct published *published, const struct place *place,
			 const struct node *node, const struct type *type)
{
	if (node_kind(node) != NODE_MAPPING) {
		published_wrong(published, place, node, "is no object");
		return;
	}
	check_count(published, place, node, type);
	for (size_t i = 0; i < node_count(node); i++)
		check_member(published, &(struct place){.above = place, .name = node_key(node, i)},
			     node_item(node, i), find_field(type->fields, node_key(node, i)));
	for (const struct field *field = type->fields; field->name; field++)
		if (field->need != OPTIONAL && !node_get(node, field->name))
			published_wrong(published, place, node, "has no %s", field->name);
}

static void check_boolean(struct published *published, const struct place *place,
			  const struct node *node)
{
	const char *text = node_text(node);

	if (!text || node_is_quoted(node) || (strcmp(text, "true") && strcmp(text, "false")))
		published_wrong(published, place, node, "is neither true nor false");
}

static void check(struct published *published, const struct place *place, const struct node *node,
		  const struct type *type)
{
	switch (type->shape) {
	case SHAPE_OBJECT:
		check_object(published, place, node, type);
		break;
	case SHAPE_LIST:
		check_list(published, place, node, type);
		break;
	case SHAPE_MAP:
		check_map(published, place, node, type);
		break;
	case SHAPE_TEXT:
		check_text(published, place, node, type);
		break;
	case SHAPE_INTEGER:
		check_integer(published, place, node, type);
		break;
	case SHAPE_BOOLEAN:
		check_boolean(published, place, node);
		break;
	}
	if (type->whole)
		type->whole(published, place, node);
}

/* ---- how large ---- */

/* etcd's --max-request-bytes, if nobody says another. */
#define OBJECT_BYTES_MAX 1572864

/* As compact JSON. */
static size_t bytes_of(const struct node *node)
{
	const bool is_map = node_kind(node) == NODE_MAPPING;
	size_t bytes = 2;

	if (node_kind(node) == NODE_NULL)
		return sizeof("null") - 1;
	if (!is_map && node_kind(node) != NODE_SEQUENCE)
		return node_text_length(node) + (is_text(node) ? 2 : 0);
	for (size_t i = 0; i < node_count(node); i++) {
		bytes += (i > 0) + bytes_of(node_item(node, i));
		bytes += is_map ? strlen(node_key(node, i)) + 3 : 0;
	}
	return bytes;
}

static void check_size(struct published *published, const struct place *place,
		       const struct node *object)
{
	const size_t bytes = bytes_of(object);

	if (bytes > OBJECT_BYTES_MAX)
		published_wrong(published, place, object, "has %zu bytes, more than are stored",
				bytes);
}

/* ---- objects ---- */

static bool is_of(const struct node *object, const char *api_version, const char *kind)
{
	const char *its_version = node_get_text(object, "apiVersion");
	const char *its_kind = node_get_text(object, "kind");

	return its_version && its_kind && strcmp(its_version, api_version) == 0 &&
	       strcmp(its_kind, kind) == 0;
}

static void check_kind(struct published *published, const struct place *place,
		       const struct node *object)
{
	const struct published_kind *kind = published_kinds;

	while (kind->api_version && !is_of(object, kind->api_version, kind->kind))
		kind++;
	published->objects++;
	if (!kind->api_version) {
		published_wrong(published, place, object, "apiVersion and kind are none known");
		return;
	}
	check(published, place, object, kind->type);
	check_size(published, place, object);
}

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_name(const struct node *a, const struct node *b)
{
	const struct node *of_a = node_get(a, "metadata"), *of_b = node_get(b, "metadata");

	return same_text(node_get_text(of_a, "name"), node_get_text(of_b, "name")) &&
	       same_text(node_get_text(of_a, "namespace"), node_get_text(of_b, "namespace")) &&
	       same_text(node_get_text(a, "kind"), node_get_text(b, "kind"));
}

static void check_items(struct published *published, const struct node *list)
{
	const struct place items = {.name = "items"};

	if (node_kind(list) != NODE_SEQUENCE) {
		published_wrong(published, &items, list, "is no list");
		return;
	}
	for (size_t i = 0; i < node_count(list); i++) {
		struct place place = {.above = &items, .index = i};

		check_kind(published, &place, node_item(list, i));
		for (size_t j = 0; j < i; j++)
			if (same_name(node_item(list, i), node_item(list, j)))
				published_wrong(published, &place, node_item(list, i),
						"is named as item %zu is", j);
	}
}

static void check_root(struct published *published, const struct node *root)
{
	if (!is_of(root, "v1", "List")) {
		check_kind(published, NULL, root);
		return;
	}
	if (node_count(root) != 3)
		published_wrong(published, NULL, root,
				"a List has apiVersion, kind and items alone");
	check_items(published, node_get(root, "items"));
}

void published_check(struct published *published, const struct document *document)
{
	for (size_t i = 0; i < document_count(document); i++)
		check_root(published, document_root(document, i));
}

static void check_printed(struct published *published, const struct buf *text)
{
	struct problems problems = {0};
	struct document *document = NULL;

	if (text->error == 0 &&
	    document_parse(text->data, text->length, "printed", &problems, &document) == 0)
		published_check(published, document);
	else
		published_wrong(published, NULL, NULL, "cannot be read: %s",
				problems.count > 0 ? problems.items[0].message : "no text");
	document_free(document);
	problems_clear(&problems);
}

void published_check_tree(struct published *published, const struct tree_node *tree)
{
	struct buf text = {0};

	if (tree->kind == TREE_LIST)
		output_yaml_stream(&text, tree);
	else
		output_yaml(&text, tree);
	if (tree->first)
		check_printed(published, &text);
	buf_clear(&text);
}

void published_clear(struct published *published)
{
	buf_clear(&published->wrong);
	*published = (struct published){0};
}
