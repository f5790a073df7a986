#include "base/document_build.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INTERNED_SLOTS 1024
#define INTERNED_LENGTH_MAX 40
#define KEY_SHOWN_MAX 80

/* An open container; its values and keys lie on top of the builder's stacks. */
struct frame {
	enum node_kind kind;
	uint32_t line;
	size_t values;
	size_t keys;
};

struct interned {
	const char *text;
	size_t length;
};

struct builder {
	struct document *document;
	const char *name;
	struct problems *problems;
	int error;
	size_t node_limit;
	size_t node_count;
	struct node *values;
	size_t value_count, value_capacity;
	struct key *keys;
	size_t key_count, key_capacity;
	size_t depth;
	struct frame frames[DOCUMENT_DEPTH_MAX + 1]; /* the first is the stream */
	struct interned interned[INTERNED_SLOTS];
};

struct builder *builder_new(const char *name, size_t node_limit, struct problems *problems)
{
	struct builder *builder = calloc(1, sizeof(*builder));

	if (!builder)
		return NULL;
	builder->document = calloc(1, sizeof(*builder->document));
	if (!builder->document)
		return builder_free(builder);
	builder->document->name = arena_copy(&builder->document->arena, name, strlen(name));
	if (!builder->document->name)
		return builder_free(builder);
	builder->name = name;
	builder->problems = problems;
	builder->node_limit = node_limit;
	builder->frames[0] = (struct frame){.kind = NODE_SEQUENCE, .line = 1};
	return builder;
}

struct builder *builder_free(struct builder *builder)
{
	if (!builder)
		return NULL;
	document_free(builder->document);
	free(builder->values);
	free(builder->keys);
	free(builder);
	return NULL;
}

int build_fail(struct builder *builder, int error, unsigned line, const char *format, ...)
{
	char message[256];
	char *subject = NULL;
	va_list arguments;

	if (builder->error)
		return builder->error;
	builder->error = error;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	for (char *at = message; *at; at++)
		if ((unsigned char)*at < ' ' || *at == '\x7f')
			*at = '?';
	if (asprintf(&subject, "%s:%u", builder->name, line) < 0)
		subject = NULL;
	problem_add(builder->problems, PROBLEM_ERROR, subject ? subject : builder->name, "%s",
		    message);
	free(subject);
	return error;
}

static int fail_memory(struct builder *builder, unsigned line)
{
	return build_fail(builder, -ENOMEM, line, "out of memory");
}

static bool grow(void *items, size_t item_size, size_t count, size_t *capacity)
{
	size_t wanted = *capacity ? *capacity * 2 : 64;
	void *grown;

	if (count < *capacity)
		return true;
	grown = reallocarray(*(void **)items, wanted, item_size);
	if (!grown)
		return false;
	*(void **)items = grown;
	*capacity = wanted;
	return true;
}

/* Kubernetes objects repeat their keys and short values endlessly: one copy of each will mostly do.
 */
static const char *text_keep(struct builder *builder, const char *text, size_t length)
{
	struct arena *arena = &builder->document->arena;
	struct interned *slot;
	uint32_t hash = 2166136261u;

	if (length > INTERNED_LENGTH_MAX)
		return arena_copy(arena, text, length);
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)text[i]) * 16777619u;
	slot = &builder->interned[(hash ^ hash >> 16) % INTERNED_SLOTS];
	if (!slot->text || slot->length != length || memcmp(slot->text, text, length) != 0) {
		const char *copy = arena_copy(arena, text, length);

		if (!copy)
			return NULL;
		*slot = (struct interned){copy, length};
	}
	return slot->text;
}

static struct frame *builder_top(struct builder *builder)
{
	return &builder->frames[builder->depth];
}

bool build_wants_key(const struct builder *builder)
{
	const struct frame *top = &builder->frames[builder->depth];

	return top->kind == NODE_MAPPING &&
	       builder->key_count - top->keys == builder->value_count - top->values;
}

static int value_add(struct builder *builder, struct node node)
{
	if (builder->node_count >= builder->node_limit)
		return build_fail(builder, -EFBIG, node.line, "more than %zu nodes",
				  builder->node_limit);
	if (!grow(&builder->values, sizeof(*builder->values), builder->value_count,
		  &builder->value_capacity))
		return fail_memory(builder, node.line);
	builder->values[builder->value_count++] = node;
	builder->node_count++;
	return 0;
}

int build_begin(struct builder *builder, enum node_kind kind, unsigned line)
{
	if (builder->error)
		return builder->error;
	if (builder->depth == DOCUMENT_DEPTH_MAX)
		return build_fail(builder, -EINVAL, line, "nested more than %d deep",
				  DOCUMENT_DEPTH_MAX);
	builder->depth++;
	*builder_top(builder) = (struct frame){
	    .kind = kind, .line = line, .values = builder->value_count, .keys = builder->key_count};
	return 0;
}

int build_key(struct builder *builder, const char *text, size_t length, bool quoted, unsigned line)
{
	const char *copy;

	if (builder->error)
		return builder->error;
	if (memchr(text, '\0', length))
		return build_fail(builder, -EINVAL, line, "a key must not hold a NUL character");
	copy = text_keep(builder, text, length);
	if (!copy || !grow(&builder->keys, sizeof(*builder->keys), builder->key_count,
			   &builder->key_capacity))
		return fail_memory(builder, line);
	builder->keys[builder->key_count++] =
	    (struct key){.text = copy, .line = line & 0x7fffffff, .quoted = quoted};
	return 0;
}

int build_scalar(struct builder *builder, enum node_kind kind, const char *text, size_t length,
		 bool quoted, unsigned line)
{
	struct node node = {.line = line, .kind = (uint32_t)kind & 3, .quoted = quoted};

	if (builder->error)
		return builder->error;
	if (kind == NODE_SCALAR) {
		node.is.text = text_keep(builder, text, length);
		if (!node.is.text)
			return fail_memory(builder, line);
		node.count = (uint32_t)length & 0x1fffffff;
	}
	return value_add(builder, node);
}

static int fail_duplicate(struct builder *builder, const struct key *first,
			  const struct key *second)
{
	int shown = (int)strnlen(second->text, KEY_SHOWN_MAX);

	while (shown > 0 && ((unsigned char)second->text[shown] & 0xc0) == 0x80)
		shown--;
	return build_fail(builder, -EINVAL, second->line,
			  "duplicate key \"%.*s\", first on line %u", shown, second->text,
			  first->line);
}

static int compare_keys(const void *left, const void *right, void *context)
{
	const struct key *keys = context;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	int order = strcmp(keys[a].text, keys[b].text);

	return order ? order : (a > b) - (a < b);
}

static int keys_order(struct builder *builder, struct key *keys, size_t count)
{
	uint32_t *order = calloc(count, sizeof(*order));
	size_t first = 0, second = SIZE_MAX;

	if (!order)
		return fail_memory(builder, keys[0].line);
	for (size_t i = 0; i < count; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, count, sizeof(*order), compare_keys, keys);
	for (size_t i = 0; i < count; i++) {
		keys[i].order = order[i];
		if (i > 0 && order[i] < second &&
		    strcmp(keys[order[i - 1]].text, keys[order[i]].text) == 0) {
			first = order[i - 1];
			second = order[i];
		}
	}
	free(order);
	return second == SIZE_MAX ? 0 : fail_duplicate(builder, &keys[first], &keys[second]);
}

static int keys_check(struct builder *builder, struct key *keys, size_t count)
{
	if (count > KEYS_UNORDERED_MAX)
		return keys_order(builder, keys, count);
	for (size_t i = 1; i < count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(keys[i].text, keys[j].text) == 0)
				return fail_duplicate(builder, &keys[j], &keys[i]);
	return 0;
}

/* Moves the top frame's values and keys from the stacks to the arena. */
static int frame_close(struct builder *builder, struct node *ret)
{
	const struct frame *top = builder_top(builder);
	size_t count = builder->value_count - top->values;
	size_t key_count = builder->key_count - top->keys;
	struct node *items = NULL;
	int r;

	if (count > 0) {
		struct key *keys = key_count > 0 ? builder->keys + top->keys : NULL;

		r = keys_check(builder, keys, key_count);
		if (r < 0)
			return r;
		items = arena_take(&builder->document->arena,
				   count * sizeof(*items) + key_count * sizeof(*keys), 8);
		if (!items)
			return fail_memory(builder, top->line);
		memcpy(items, builder->values + top->values, count * sizeof(*items));
		if (key_count > 0)
			memcpy(items + count, keys, key_count * sizeof(*keys));
	}
	*ret = (struct node){.is.items = items,
			     .line = top->line,
			     .kind = (uint32_t)top->kind & 3,
			     .count = (uint32_t)count & 0x1fffffff};
	builder->value_count = top->values;
	builder->key_count = top->keys;
	return 0;
}

int build_end(struct builder *builder)
{
	struct node node;
	int r;

	if (builder->error)
		return builder->error;
	r = frame_close(builder, &node);
	if (r < 0)
		return r;
	builder->depth--;
	return value_add(builder, node);
}

int builder_finish(struct builder *builder, struct document **ret)
{
	int r = builder->error;

	if (r == 0)
		r = frame_close(builder, &builder->document->stream);
	if (r < 0)
		return r;
	*ret = builder->document;
	builder->document = NULL;
	return 0;
}
