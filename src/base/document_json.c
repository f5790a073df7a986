#include "base/document_build.h"

#include <string.h>

#include "base/buf.h"

/* libyaml takes most JSON, but neither surrogate pairs nor DEL nor long keys, and it folds U+2028
 * and NEL. */

struct reader {
	const char *at;
	const char *end;
	unsigned line;
	struct builder *builder;
	struct buf text; /* a string with escapes, unescaped */
};

/* A string's text: within the input, or within reader.text. Valid until the next one. */
struct span {
	const char *text;
	size_t length;
	unsigned line;
};

static int read_value(struct reader *reader);

static bool more(const struct reader *reader)
{
	return reader->at < reader->end;
}

static bool next_is(const struct reader *reader, char c)
{
	return more(reader) && *reader->at == c;
}

static bool skip(struct reader *reader, char c)
{
	if (!next_is(reader, c))
		return false;
	reader->at++;
	return true;
}

static void skip_space(struct reader *reader)
{
	for (; more(reader); reader->at++) {
		if (*reader->at == '\n')
			reader->line++;
		else if (*reader->at != ' ' && *reader->at != '\t' && *reader->at != '\r')
			return;
	}
}

static bool skip_word(struct reader *reader, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
		return false;
	reader->at += length;
	return true;
}

/* Length of the well-formed UTF-8 sequence (RFC 3629) of more than one byte; 0 if there is none. */
static size_t sequence_length(const unsigned char *at, size_t left)
{
	size_t length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;

	if (at[0] < 0xc2 || at[0] > 0xf4 || left < length)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
	    (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
		return 0;
	return length;
}

/* To the next quote or backslash. */
static bool skip_literal(struct reader *reader)
{
	while (more(reader)) {
		unsigned char c = (unsigned char)*reader->at;
		size_t length = 1;

		if (c == '"' || c == '\\')
			return true;
		if (c < ' ')
			return false;
		if (c >= 0x80)
			length = sequence_length((const unsigned char *)reader->at,
						 (size_t)(reader->end - reader->at));
		if (length == 0)
			return false;
		reader->at += length;
	}
	return false;
}

static bool read_hex(struct reader *reader, uint32_t *ret)
{
	uint32_t value = 0;

	if (reader->end - reader->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		char c = *reader->at++;

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint32_t)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			value = value << 4 | (uint32_t)((c | 32) - 'a' + 10);
		else
			return false;
	}
	*ret = value;
	return true;
}

static void put_utf8(struct buf *buf, uint32_t c)
{
	if (c < 0x80) {
		buf_putc(buf, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_putc(buf, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_putc(buf, (char)(0xe0 | c >> 12));
		} else {
			buf_putc(buf, (char)(0xf0 | c >> 18));
			buf_putc(buf, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_putc(buf, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_putc(buf, (char)(0x80 | (c & 0x3f)));
}

static bool read_code_point(struct reader *reader)
{
	uint32_t high, low;

	if (!read_hex(reader, &high))
		return false;
	if (high >= 0xd800 && high <= 0xdfff) {
		if (high > 0xdbff || !skip_word(reader, "\\u") || !read_hex(reader, &low) ||
		    low < 0xdc00 || low > 0xdfff)
			return false;
		high = 0x10000 + ((high - 0xd800) << 10 | (low - 0xdc00));
	}
	put_utf8(&reader->text, high);
	return true;
}

static bool read_escape(struct reader *reader)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (!more(reader))
		return false;
	if (skip(reader, 'u'))
		return read_code_point(reader);
	found = memchr(from, *reader->at, sizeof(from) - 1);
	if (!found)
		return false;
	buf_putc(&reader->text, to[found - from]);
	reader->at++;
	return true;
}

static int read_string(struct reader *reader, struct span *ret)
{
	const char *start = reader->at + 1;

	reader->at++;
	if (!skip_literal(reader))
		return DOCUMENT_NOT_JSON;
	*ret = (struct span){start, (size_t)(reader->at - start), reader->line};
	if (skip(reader, '"'))
		return 0;
	reader->text.length = 0;
	for (;;) {
		buf_put(&reader->text, start, (size_t)(reader->at - start));
		if (skip(reader, '"'))
			break;
		reader->at++;
		if (!read_escape(reader))
			return DOCUMENT_NOT_JSON;
		start = reader->at;
		if (!skip_literal(reader))
			return DOCUMENT_NOT_JSON;
	}
	if (reader->text.error)
		return build_fail(reader->builder, reader->text.error, reader->line,
				  "out of memory");
	ret->text = reader->text.data;
	ret->length = reader->text.length;
	return 0;
}

static bool skip_digits(struct reader *reader)
{
	const char *start = reader->at;

	while (more(reader) && *reader->at >= '0' && *reader->at <= '9')
		reader->at++;
	return reader->at > start;
}

static bool skip_number(struct reader *reader)
{
	skip(reader, '-');
	if (!skip(reader, '0') && !skip_digits(reader))
		return false;
	if (skip(reader, '.') && !skip_digits(reader))
		return false;
	if (next_is(reader, 'e') || next_is(reader, 'E')) {
		reader->at++;
		if (!skip(reader, '+'))
			skip(reader, '-');
		return skip_digits(reader);
	}
	return true;
}

/* Number, true, false or null. */
static int read_word(struct reader *reader)
{
	const char *start = reader->at;
	enum node_kind kind = skip_word(reader, "null") ? NODE_NULL : NODE_SCALAR;

	if (kind == NODE_SCALAR && !skip_word(reader, "true") && !skip_word(reader, "false") &&
	    !skip_number(reader))
		return DOCUMENT_NOT_JSON;
	return build_scalar(reader->builder, kind, start, (size_t)(reader->at - start), false,
			    reader->line);
}

static int read_array(struct reader *reader)
{
	int r = build_begin(reader->builder, NODE_SEQUENCE, reader->line);

	reader->at++;
	skip_space(reader);
	if (r == 0 && skip(reader, ']'))
		return build_end(reader->builder);
	while (r == 0) {
		r = read_value(reader);
		if (r != 0)
			break;
		skip_space(reader);
		if (skip(reader, ']'))
			return build_end(reader->builder);
		if (!skip(reader, ','))
			return DOCUMENT_NOT_JSON;
	}
	return r;
}

static int read_member(struct reader *reader)
{
	struct span key;
	int r;

	skip_space(reader);
	if (!next_is(reader, '"'))
		return DOCUMENT_NOT_JSON;
	r = read_string(reader, &key);
	if (r == 0)
		r = build_key(reader->builder, key.text, key.length, true, key.line);
	if (r != 0)
		return r;
	skip_space(reader);
	return skip(reader, ':') ? read_value(reader) : DOCUMENT_NOT_JSON;
}

static int read_object(struct reader *reader)
{
	int r = build_begin(reader->builder, NODE_MAPPING, reader->line);

	reader->at++;
	skip_space(reader);
	if (r == 0 && skip(reader, '}'))
		return build_end(reader->builder);
	while (r == 0) {
		r = read_member(reader);
		if (r != 0)
			break;
		skip_space(reader);
		if (skip(reader, '}'))
			return build_end(reader->builder);
		if (!skip(reader, ','))
			return DOCUMENT_NOT_JSON;
	}
	return r;
}

/* Recursion ends where the builder refuses depth. */
static int read_value(struct reader *reader)
{
	struct span span;
	int r;

	skip_space(reader);
	if (next_is(reader, '{'))
		return read_object(reader);
	if (next_is(reader, '['))
		return read_array(reader);
	if (!next_is(reader, '"'))
		return read_word(reader);
	r = read_string(reader, &span);
	if (r != 0)
		return r;
	return build_scalar(reader->builder, NODE_SCALAR, span.text, span.length, true, span.line);
}

int document_read_json(const char *bytes, size_t length, struct builder *builder)
{
	struct reader reader = {.at = bytes, .end = bytes + length, .line = 1, .builder = builder};
	int r = 0;

	skip_word(&reader, "\xef\xbb\xbf");
	skip_space(&reader);
	if (!more(&reader))
		return DOCUMENT_NOT_JSON;
	while (r == 0 && more(&reader)) {
		/* Only objects and arrays: a lone word is as likely to be the start of YAML. */
		r = next_is(&reader, '{') || next_is(&reader, '[') ? read_value(&reader)
								   : DOCUMENT_NOT_JSON;
		skip_space(&reader);
	}
	buf_clear(&reader.text);
	return r;
}
