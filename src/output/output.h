/*
 * Ways to print a tree: any jansson value in, text out. Nothing here knows what the tree means.
 *
 * A member named OUTPUT_COMMENT holds a comment (string; lines split at \n): YAML prints it above
 * the object that holds it, JSON and tables leave it out.
 */
#ifndef NETPOL_OUTPUT_OUTPUT_H
#define NETPOL_OUTPUT_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"

#define OUTPUT_COMMENT "#"

/* Block style as people write it; strings that YAML 1.1 would take for something else are quoted.
 * Keys keep their order. */
void output_yaml(struct buf *buf, const json_t *tree);
/* A stream of documents, one per element of the list, separated by "---". */
void output_yaml_stream(struct buf *buf, const json_t *list);
/* Indented by two, keys in order, newline at the end. */
void output_json(struct buf *buf, const json_t *tree);
/* One line, newline at the end. */
void output_json_line(struct buf *buf, const json_t *tree);

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

#endif
