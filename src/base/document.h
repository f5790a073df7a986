/*
 * YAML and JSON files as trees whose nodes know their line: the one way in for users' files.
 *
 * YAML 1.1 through libyaml; JSON is read the same way. Duplicate keys, aliases, anchors, custom
 * tags, nesting beyond DOCUMENT_DEPTH_MAX and more than DOCUMENT_NODES_MAX nodes are errors, so an
 * alias bomb cannot be written down. Keys are scalars.
 */
#ifndef NETPOL_BASE_DOCUMENT_H
#define NETPOL_BASE_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/problem.h"

#define DOCUMENT_DEPTH_MAX 100
#define DOCUMENT_NODES_MAX 20000000
#define DOCUMENT_BYTES_MAX (512u << 20)

/* NODE_NULL: nothing there, or a plain null, Null, NULL, ~ or empty scalar. */
enum node_kind { NODE_NULL, NODE_SCALAR, NODE_SEQUENCE, NODE_MAPPING };

struct document; /* one stream: zero or more roots */
struct node;     /* owned by its document, valid until document_free() */

/*
 * Parses a whole stream. name stands in problems ("name:line"). On failure a PROBLEM_ERROR with
 * line and reason is added and -EINVAL returned (-ENOMEM, -EFBIG likewise with a problem).
 */
int document_parse(const char *bytes, size_t length, const char *name, struct problems *problems,
		   struct document **ret);
/* path "-" is standard input. -errno with a problem if it cannot be read. */
int document_read(const char *path, struct problems *problems, struct document **ret);
struct document *document_free(struct document *document); /* NULL is allowed; returns NULL */

const char *document_name(const struct document *document);
size_t document_count(const struct document *document);
/* NULL beyond the count. Empty documents are NODE_NULL. */
const struct node *document_root(const struct document *document, size_t index);

/* All of these take NULL for "absent" and then answer NODE_NULL, 0 or NULL, so that look-ups chain.
 */
enum node_kind node_kind(const struct node *node);
unsigned node_line(const struct node *node); /* 1 is the first */
size_t node_count(const struct node *node);  /* entries of a sequence or mapping */
const struct node *node_item(const struct node *node,
			     size_t index);                  /* sequence entry or mapping value */
const char *node_key(const struct node *node, size_t index); /* key of a mapping entry */
unsigned node_key_line(const struct node *node, size_t index);
/* Is the key text to Kubernetes, too? Plain booleans, numbers and nulls of YAML 1.1 are not, or are
 * another text ("true" for on); those that are the same (10, true) are text. */
bool node_key_is_text(const struct node *node, size_t index);
const struct node *node_get(const struct node *node,
			    const char *key); /* mapping value, else NULL */
/* Text of a scalar, whatever it looks like; NULL if not a scalar. May hold NUL bytes only in YAML
 * escapes. */
const char *node_text(const struct node *node);
/* With NUL bytes it is more than strlen(node_text(node)). */
size_t node_text_length(const struct node *node);
/* node_text(node_get(node, key)). */
const char *node_get_text(const struct node *node, const char *key);
/* Was the scalar quoted or a block scalar (then it is a string, never a number, bool or null)? */
bool node_is_quoted(const struct node *node);
/* Whole decimal number in range; false otherwise. */
bool node_integer(const struct node *node, int64_t *ret);
/* Is a plain scalar of this text a boolean or a number to YAML 1.1? */
bool document_is_plain_boolean(const char *text);
bool document_is_plain_number(const char *text);
/* Plain true or false (YAML 1.2 core spellings true/True/TRUE, false/…); false if neither. */
bool node_boolean(const struct node *node, bool *ret);

#endif
