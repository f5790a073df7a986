/*
 * Trees that are made to be printed: lists, maps whose members keep the order in which they were
 * added, and in them texts, whole numbers, booleans and null. They are made from the top down.
 *
 * Whoever makes one need not look for failures on the way: what is added to a node that could not
 * be made is not there, and the tree remembers why.
 */
#ifndef NETPOL_BASE_TREE_H
#define NETPOL_BASE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* Where all nodes are, of however many roots. Start from {0}; release with tree_clear(). */
struct tree {
	struct arena arena;
	int error; /* 0; -ENOMEM: something is missing */
};

enum tree_kind { TREE_NULL, TREE_BOOLEAN, TREE_INTEGER, TREE_TEXT, TREE_LIST, TREE_MAP };

struct tree_comment {
	struct tree_comment *next;
	const char *text;
};

/* To be read by everybody, and written by the functions below alone. */
struct tree_node {
	struct tree *tree;
	struct tree_node *next; /* in the list or map; NULL: it is the last */
	const char *key;        /* of a map's member; else NULL */
	enum tree_kind kind;
	union {
		bool boolean;
		int64_t integer;
		struct {
			const char *text; /* ends with a NUL, and may have others */
			size_t length;
		};
		struct {
			struct tree_node *first, *last; /* NULL: it is empty */
			struct tree_comment *comment;   /* of a map; NULL: none */
		};
	};
};

/* Roots. NULL: out of memory. */
struct tree_node *tree_list(struct tree *tree);
struct tree_node *tree_map(struct tree *tree);

/*
 * The last item of a list (key is NULL), or the last member of a map that has no such key yet. The
 * key is borrowed. Where the parent is NULL nothing happens, and what is returned is NULL.
 */
struct tree_node *tree_add_list(struct tree_node *parent, const char *key);
struct tree_node *tree_add_map(struct tree_node *parent, const char *key);
/* The text is borrowed; or it is copied. */
void tree_add_text(struct tree_node *parent, const char *key, const char *text);
void tree_add_copy(struct tree_node *parent, const char *key, const char *text, size_t length);
void tree_add_integer(struct tree_node *parent, const char *key, int64_t integer);
void tree_add_boolean(struct tree_node *parent, const char *key, bool boolean);
void tree_add_null(struct tree_node *parent, const char *key);
/* The last line of the map's comment, or lines; copied. */
void tree_add_comment(struct tree_node *map, const char *text, size_t length);
/* One of the parent's. */
void tree_remove(struct tree_node *parent, const struct tree_node *child);

/* NULL: there is none, or it is no text; also where the map is NULL. */
struct tree_node *tree_get(const struct tree_node *map, const char *key);
const char *tree_get_text(const struct tree_node *map, const char *key);

/* All nodes are gone, and the next ones get their memory. */
void tree_reset(struct tree *tree);
/* Frees and zeroes. */
void tree_clear(struct tree *tree);

#endif
