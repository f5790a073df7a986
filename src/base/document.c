#include "base/document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/document_build.h"

static int parse_as(int (*read)(const char *, size_t, struct builder *), const char *bytes,
		    size_t length, const char *name, struct problems *problems,
		    struct document **ret)
{
	struct builder *builder = builder_new(name, DOCUMENT_NODES_MAX, problems);
	int r;

	if (!builder) {
		problem_add(problems, PROBLEM_ERROR, name, "out of memory");
		return -ENOMEM;
	}
	r = read(bytes, length, builder);
	if (r == 0)
		r = builder_finish(builder, ret);
	builder_free(builder);
	return r;
}

static int fail_size(const char *name, struct problems *problems)
{
	problem_add(problems, PROBLEM_ERROR, name, "larger than %u MiB", DOCUMENT_BYTES_MAX >> 20);
	return -EFBIG;
}

int document_parse(const char *bytes, size_t length, const char *name, struct problems *problems,
		   struct document **ret)
{
	int r;

	if (length > DOCUMENT_BYTES_MAX)
		return fail_size(name, problems);
	r = parse_as(document_read_json, bytes, length, name, problems, ret);
	if (r == DOCUMENT_NOT_JSON)
		r = parse_as(document_read_yaml, bytes, length, name, problems, ret);
	return r;
}

int document_read(const char *path, struct problems *problems, struct document **ret)
{
	bool standard_input = strcmp(path, "-") == 0;
	const char *name = standard_input ? "standard input" : path;
	struct buf buf = {0};
	int r;

	if (standard_input)
		r = buf_read_fd(&buf, STDIN_FILENO, DOCUMENT_BYTES_MAX);
	else
		r = buf_read_file(&buf, path, DOCUMENT_BYTES_MAX);
	if (r == -EFBIG)
		fail_size(name, problems);
	else if (r < 0)
		problem_add(problems, PROBLEM_ERROR, name, "cannot be read: %s", strerror(-r));
	else
		r = document_parse(buf.data ? buf.data : "", buf.length, name, problems, ret);
	buf_clear(&buf);
	return r;
}

struct document *document_free(struct document *document)
{
	if (document) {
		arena_clear(&document->arena);
		free(document);
	}
	return NULL;
}

const char *document_name(const struct document *document)
{
	return document->name;
}

size_t document_count(const struct document *document)
{
	return node_count(&document->stream);
}

const struct node *document_root(const struct document *document, size_t index)
{
	return node_item(&document->stream, index);
}

enum node_kind node_kind(const struct node *node)
{
	return node ? (enum node_kind)node->kind : NODE_NULL;
}

unsigned node_line(const struct node *node)
{
	return node ? node->line : 0;
}

static bool is_container(const struct node *node)
{
	return node_kind(node) == NODE_SEQUENCE || node_kind(node) == NODE_MAPPING;
}

size_t node_count(const struct node *node)
{
	return is_container(node) ? node->count : 0;
}

const struct node *node_item(const struct node *node, size_t index)
{
	return index < node_count(node) ? &node->is.items[index] : NULL;
}

const struct key *node_keys(const struct node *mapping)
{
	return (const struct key *)(const void *)(mapping->is.items + mapping->count);
}

static const struct key *key_at(const struct node *node, size_t index)
{
	if (node_kind(node) != NODE_MAPPING || index >= node->count)
		return NULL;
	return &node_keys(node)[index];
}

const char *node_key(const struct node *node, size_t index)
{
	const struct key *key = key_at(node, index);

	return key ? key->text : NULL;
}

unsigned node_key_line(const struct node *node, size_t index)
{
	const struct key *key = key_at(node, index);

	return key ? key->line : 0;
}

static const struct node *get_ordered(const struct node *node, const char *key)
{
	const struct key *keys = node_keys(node);
	size_t low = 0, high = node->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(key, keys[keys[middle].order].text);

		if (order == 0)
			return &node->is.items[keys[middle].order];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct node *node_get(const struct node *node, const char *key)
{
	if (node_kind(node) != NODE_MAPPING)
		return NULL;
	if (node->count > KEYS_UNORDERED_MAX)
		return get_ordered(node, key);
	for (size_t i = 0; i < node->count; i++)
		if (strcmp(node_keys(node)[i].text, key) == 0)
			return &node->is.items[i];
	return NULL;
}

const char *node_text(const struct node *node)
{
	return node_kind(node) == NODE_SCALAR ? node->is.text : NULL;
}

size_t node_text_length(const struct node *node)
{
	return node_kind(node) == NODE_SCALAR ? node->count : 0;
}

const char *node_get_text(const struct node *node, const char *key)
{
	return node_text(node_get(node, key));
}

bool node_is_quoted(const struct node *node)
{
	return node_kind(node) == NODE_SCALAR && node->quoted;
}

static const char *plain_text(const struct node *node)
{
	return node_is_quoted(node) ? NULL : node_text(node);
}

bool node_integer(const struct node *node, int64_t *ret)
{
	const char *text = plain_text(node), *digits;
	long long value;

	if (!text)
		return false;
	digits = text + (*text == '-' || *text == '+');
	/* A leading zero is octal to YAML 1.1 and decimal to 1.2: nobody can mean it. */
	if (!*digits || digits[strspn(digits, "0123456789")] || (digits[0] == '0' && digits[1]))
		return false;
	errno = 0;
	value = strtoll(text, NULL, 10);
	if (errno)
		return false;
	*ret = value;
	return true;
}

static bool is_one_of(const char *text, const char *a, const char *b, const char *c)
{
	return strcmp(text, a) == 0 || strcmp(text, b) == 0 || strcmp(text, c) == 0;
}

bool node_boolean(const struct node *node, bool *ret)
{
	const char *text = plain_text(node);

	if (!text)
		return false;
	if (is_one_of(text, "true", "True", "TRUE"))
		*ret = true;
	else if (is_one_of(text, "false", "False", "FALSE"))
		*ret = false;
	else
		return false;
	return true;
}
