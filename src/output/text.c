#include "output/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t sequence_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	if (first >= 0xf0 && first < 0xf5)
		return 4;
	return 0;
}

size_t text_decode(const char *bytes, size_t length, uint32_t *ret_code)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)bytes;
	size_t n = sequence_length(p[0]);
	uint32_t code;

	if (n == 0 || n > length)
		return 0;
	code = n == 1 ? p[0] : p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < smallest[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	*ret_code = code;
	return n;
}

bool text_is_printable(uint32_t code)
{
	if (code < 0x20 || (code >= 0x7f && code < 0xa0))
		return false;
	/* Marks and overrides of the writing direction can make a line read as another. */
	if ((code >= 0x200e && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	    (code >= 0x2066 && code <= 0x2069) || code == 0x61c)
		return false;
	return code != 0xfeff && code != 0xfffe && code != 0xffff;
}

bool text_is_all_printable(const char *bytes, size_t length)
{
	for (size_t i = text_ascii_length(bytes, length); i < length;) {
		uint32_t code;
		size_t n = text_decode(bytes + i, length - i, &code);

		if (n == 0 || !text_is_printable(code))
			return false;
		i += n;
		i += text_ascii_length(bytes + i, length - i);
	}
	return true;
}

static void put_escape(struct buf *buf, uint32_t code)
{
	static const char plain[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	const char *found = code > 0 && code < 0x80 ? strchr(plain, (int)code) : NULL;

	if (found) {
		buf_putc(buf, '\\');
		buf_putc(buf, letters[found - plain]);
	} else {
		buf_printf(buf, "\\u%04x", (unsigned)code);
	}
}

/* How many characters of ASCII come first that stand for themselves in quotes. */
static size_t literal_length(const char *bytes, size_t length)
{
	size_t n = 0;

	while (n < length && text_is_ascii(bytes[n]) && bytes[n] != '"' && bytes[n] != '\\')
		n++;
	return n;
}

void text_put_quoted(struct buf *buf, const char *bytes, size_t length)
{
	buf_putc(buf, '"');
	for (size_t i = 0; i < length;) {
		uint32_t code;
		size_t n = literal_length(bytes + i, length - i);

		if (n > 0) {
			buf_put(buf, bytes + i, n);
			i += n;
			continue;
		}
		n = text_decode(bytes + i, length - i, &code);
		if (n == 0) {
			buf_puts(buf, "\xef\xbf\xbd");
			i++;
			continue;
		}
		if (text_is_printable(code) && !text_is_ascii(bytes[i]))
			buf_put(buf, bytes + i, n);
		else
			put_escape(buf, code);
		i += n;
	}
	buf_putc(buf, '"');
}

void text_put_visible(struct buf *buf, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length;) {
		uint32_t code = ' ';
		size_t n = text_ascii_length(bytes + i, length - i);

		if (n == 0)
			n = text_decode(bytes + i, length - i, &code);
		if (n > 0 && text_is_printable(code))
			buf_put(buf, bytes + i, n);
		else
			buf_putc(buf, '?');
		i += n > 0 ? n : 1;
	}
}

/* YAML 1.1 knows a real by its point and wants the sign of an exponent. */
static void put_real(struct buf *buf, const char *text)
{
	const char *exponent = strchr(text, 'e');
	size_t length = exponent ? (size_t)(exponent - text) : strlen(text);

	buf_put(buf, text, length);
	if (!memchr(text, '.', length))
		buf_puts(buf, ".0");
	if (!exponent)
		return;
	buf_putc(buf, 'e');
	if (exponent[1] != '-' && exponent[1] != '+')
		buf_putc(buf, '+');
	buf_puts(buf, exponent + 1);
}

void text_put_scalar(struct buf *buf, const json_t *value)
{
	char *text;

	if (json_is_integer(value)) {
		buf_printf(buf, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	} else if (json_is_real(value)) {
		/* Not printf: its decimal point follows the locale. One digit more would make 0.1
		 * 0.10000000000000001. */
		text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
		if (!text && !buf->error)
			buf->error = -ENOMEM;
		if (text)
			put_real(buf, text);
		free(text);
	} else if (json_is_boolean(value)) {
		buf_puts(buf, json_is_true(value) ? "true" : "false");
	} else {
		buf_puts(buf, "null");
	}
}

static void put_integer(struct buf *buf, int64_t integer)
{
	if (integer < 0)
		buf_putc(buf, '-');
	buf_put_number(buf, integer < 0 ? -(uint64_t)integer : (uint64_t)integer);
}

void text_put_node(struct buf *buf, const struct tree_node *node)
{
	if (node->kind == TREE_INTEGER)
		put_integer(buf, node->integer);
	else if (node->kind == TREE_BOOLEAN)
		buf_puts(buf, node->boolean ? "true" : "false");
	else
		buf_puts(buf, "null");
}

void text_put_spaces(struct buf *buf, size_t count)
{
	static const char spaces[] = "                                ";

	for (; count >= sizeof(spaces) - 1; count -= sizeof(spaces) - 1)
		buf_put(buf, spaces, sizeof(spaces) - 1);
	buf_put(buf, spaces, count);
}
