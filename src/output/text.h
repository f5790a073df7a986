/* Characters and scalars as the printers write them; private to output/. */
#ifndef NETPOL_OUTPUT_TEXT_H
#define NETPOL_OUTPUT_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/tree.h"

/* A printable character of ASCII? */
static inline bool text_is_ascii(char c)
{
	return c >= ' ' && c <= '~';
}

/* How many of those come first. */
static inline size_t text_ascii_length(const char *bytes, size_t length)
{
	size_t n = 0;

	while (n < length && text_is_ascii(bytes[n]))
		n++;
	return n;
}

/* One character of UTF-8 (RFC 3629): its length in bytes, 0 if the bytes are none. length is at
 * least 1. */
size_t text_decode(const char *bytes, size_t length, uint32_t *ret_code);
/* False for controls, line and paragraph separators, direction overrides, BOM and noncharacters. */
bool text_is_printable(uint32_t code);
/* UTF-8, and each character printable? */
bool text_is_all_printable(const char *bytes, size_t length);
/* In double quotes, with escapes that JSON (RFC 8259) and YAML 1.1 have in common. */
void text_put_quoted(struct buf *buf, const char *bytes, size_t length);
/* Printable characters as they are, '?' for each of the others. */
void text_put_visible(struct buf *buf, const char *bytes, size_t length);
/* An integer, real, boolean or null in a spelling that JSON and YAML 1.1 read alike. */
void text_put_scalar(struct buf *buf, const json_t *value);
/* The same of a tree's. */
void text_put_node(struct buf *buf, const struct tree_node *node);
void text_put_spaces(struct buf *buf, size_t count);

#endif
