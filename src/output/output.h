/*
 * Ways to print a tree, or a value of jansson: text out. Nothing here knows what it means.
 *
 * YAML prints the comment of a map above it, in lines of at most 100 bytes besides the indentation
 * where its words allow that; JSON leaves it out.
 */
#ifndef NETPOL_OUTPUT_OUTPUT_H
#define NETPOL_OUTPUT_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/tree.h"

/* Block style as people write it; strings that YAML 1.1 would take for something else are quoted,
 * members of several lines are block scalars. Keys keep their order. */
void output_yaml(struct buf *buf, const struct tree_node *tree);
/* A stream of documents, one per element of the list, separated by "---". */
void output_yaml_stream(struct buf *buf, const struct tree_node *list);
/* Indented by two, keys in order, newline at the end. */
void output_tree_json(struct buf *buf, const struct tree_node *tree);
void output_json(struct buf *buf, const json_t *value);
/* One line, newline at the end. */
void output_json_line(struct buf *buf, const json_t *value);

/*
 * A list that is printed while it is made, byte for byte as output_json() prints it whole, or each
 * element as output_json_line() does. Its elements are objects, and the values in them text that is
 * made once for as many elements as have it.
 */
struct output_list {
	struct buf *buf; /* may be emptied between the calls */
	size_t depth;    /* of what it is in; set it once it has begun */
	bool lines;
	bool any;
};

struct output_member {
	const char *name; /* as it stands: nothing in it needs an escape */
	const char *value;
	size_t length;
};

void output_list_begin(struct output_list *list, struct buf *buf, bool lines);
/* The text of a value in an element, at the end of text. */
void output_list_value(const struct output_list *list, struct buf *text, const json_t *value);
void output_list_object(struct output_list *list, const struct output_member *members,
			size_t count);
void output_list_end(struct output_list *list);

/*
 * A map whose last member is a list, printed while that is made, byte for byte as output_yaml() or
 * output_tree_json() prints it whole.
 */
struct output_items {
	struct buf *buf; /* may be emptied between the calls */
	bool json;       /* else YAML */
	bool any;
};

/* head: the members before it. */
void output_items_begin(struct output_items *items, struct buf *buf, bool json,
			const struct tree_node *head, const char *name);
void output_items_add(struct output_items *items, const struct tree_node *item);
void output_items_end(struct output_items *items);
/* Instead of the end: what was printed becomes nothing that a parser takes, so that nobody applies
 * a part for the whole. */
void output_items_spoil(struct output_items *items);

/* Columns, left aligned, padded by the display width (wcwidth), two spaces between; numbers
 * and sizes ("1.2 kB") right aligned. */
struct output_table;
struct output_table *output_table_new(const char *const *titles,
				      size_t columns); /* NULL: no memory */
/* cells: columns strings, copied; control characters are shown as '?'. */
int output_table_row(struct output_table *table, const char *const *cells);
void output_table_print(struct buf *buf, const struct output_table *table);
/* RFC 4180. */
void output_table_csv(struct buf *buf, const struct output_table *table);
struct output_table *output_table_free(struct output_table *table);

/* Rows of a table that is printed while it is made: how wide it becomes must be known. */
struct output_column {
	size_t width;
	bool right; /* aligned */
};
void output_row(struct buf *buf, const char *const *cells, const struct output_column *columns,
		size_t count);
void output_row_csv(struct buf *buf, const char *const *cells, size_t count);
/* How many columns of a terminal the text takes. */
size_t output_width(const char *text);

#endif
