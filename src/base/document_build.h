/*
 * The hands of the two readers: builds a document's tree in one arena and holds it to the limits.
 *
 * A reader calls build_begin(), build_key(), build_scalar() and build_end() in the order of the
 * text. Every call returns 0 or the negative errno of the first failure, which has been added to
 * the problems with its line.
 */
#ifndef NETPOL_BASE_DOCUMENT_BUILD_H
#define NETPOL_BASE_DOCUMENT_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/document.h"

/* A text in the arena, or the values of a container; a mapping's keys follow its values. */
struct node {
	union {
		const char *text;
		const struct node *items;
	} is;
	uint32_t line;
	uint32_t kind : 2;
	uint32_t quoted : 1;
	uint32_t count : 29; /* of a text: its bytes */
};

/* Mappings with more keys than this have an order to search in. */
#define KEYS_UNORDERED_MAX 16

struct key {
	const char *text;
	uint32_t line : 31;
	uint32_t quoted : 1;
	uint32_t order; /* keys[keys[i].order] is the i-th by strcmp(3) */
};

struct document {
	struct arena arena;
	const char *name;
	struct node stream; /* a sequence of the roots */
};

const struct key *node_keys(const struct node *mapping);

struct builder;

/* node_limit: DOCUMENT_NODES_MAX, less in tests. name and problems are borrowed. NULL: out of
 * memory. */
struct builder *builder_new(const char *name, size_t node_limit, struct problems *problems);
struct builder *builder_free(struct builder *builder); /* NULL is allowed; returns NULL */
/* Hands over the document; all containers must be closed. The builder is good for builder_free()
 * only. */
int builder_finish(struct builder *builder, struct document **ret);

/* kind: NODE_SEQUENCE or NODE_MAPPING. */
int build_begin(struct builder *builder, enum node_kind kind, unsigned line);
int build_end(struct builder *builder);
/* Only where build_wants_key(). */
int build_key(struct builder *builder, const char *text, size_t length, bool quoted, unsigned line);
/* kind: NODE_SCALAR or NODE_NULL (text is ignored). */
int build_scalar(struct builder *builder, enum node_kind kind, const char *text, size_t length,
		 bool quoted, unsigned line);
/* Is the innermost open container a mapping whose next item is a key? */
bool build_wants_key(const struct builder *builder);
/* Adds an error at the line and returns error. */
int build_fail(struct builder *builder, int error, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The bytes are no RFC 8259 JSON; nothing was added to the problems, the builder holds a part and
 * must be freed. */
#define DOCUMENT_NOT_JSON 1

/* Reads JSON texts, one after the other: 0, DOCUMENT_NOT_JSON, or what the builder returned. */
int document_read_json(const char *bytes, size_t length, struct builder *builder);
/* Reads a YAML stream through libyaml. */
int document_read_yaml(const char *bytes, size_t length, struct builder *builder);

#endif
