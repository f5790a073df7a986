#include "output/output.h"

#include <string.h>
#include <strings.h>

#include "output/items.h"
#include "output/text.h"

#define DIGITS "0123456789"

/* A key on one line with its value may have 1024 characters (YAML 1.1, 9.3.2); quotes included. */
#define SIMPLE_KEY_MAX 1000

static bool is_word(const char *text, size_t length)
{
	static const char *const words[] = {"y",   "yes",  "n", "no", "true", "false", "on",
					    "off", "null", "~", "=",  "<<",   ".inf",  ".nan"};

	/* The longest has five, and few texts begin like one. */
	if (length > 5 || !strchr("yYnNtTfFoO~=<.", text[0]))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}

/*
 * Integers, reals and sexagesimals of YAML 1.1 and 1.2, and all that readers make of their
 * characters: some drop every '_' before they look, and know 0x1p-2 and 1,000.
 */
static bool is_number(const char *text)
{
	const char *p = text + (*text == '-' || *text == '+');

	if (strcasecmp(p, ".inf") == 0)
		return true;
	return *text && strchr(DIGITS "+-.", *text) &&
	       text[strspn(text, DIGITS "abcdefABCDEFxXoOpP_.,:+-")] == '\0';
}

/* yyyy-mm-dd, alone or with a time after it (timestamp type of YAML 1.1). */
static bool is_timestamp(const char *text)
{
	if (strspn(text, DIGITS) != 4)
		return false;
	text += 4;
	for (int part = 0; part < 2; part++) {
		size_t n = *text == '-' ? strspn(text + 1, DIGITS) : 0;

		if (n < 1 || n > 2)
			return false;
		text += 1 + n;
	}
	return *text == '\0' || *text == 'T' || *text == 't' || *text == ' ';
}

/* May the characters stand without quotes? Stricter than YAML: what starts like an indicator is
 * quoted. */
static bool is_plain_text(const char *text, size_t length)
{
	char before = ' ';

	if (length == 0 || strchr("-?:,[]{}#&*!|>'\"%@` ", text[0]) || text[length - 1] == ' ' ||
	    text[length - 1] == ':' || strncmp(text, "...", 3) == 0)
		return false;
	for (size_t i = 0; i < length;) {
		uint32_t code = (unsigned char)text[i];
		size_t n = 1;

		if (!text_is_ascii(text[i])) {
			n = text_decode(text + i, length - i, &code);
			if (n == 0 || !text_is_printable(code))
				return false;
		}
		if ((before == ':' && code == ' ') || (before == ' ' && code == '#'))
			return false;
		before = text[i];
		i += n;
	}
	return true;
}

/* As all numbers and timestamps begin, and few other texts. */
static bool begins_as_number(const char *text)
{
	return (*text >= '0' && *text <= '9') || *text == '+' || *text == '-' || *text == '.';
}

static bool is_plain(const char *text, size_t length)
{
	return is_plain_text(text, length) && !is_word(text, length) &&
	       !(begins_as_number(text) && (is_number(text) || is_timestamp(text)));
}

static void put_string(struct buf *buf, const char *text, size_t length)
{
	if (is_plain(text, length))
		buf_put(buf, text, length);
	else
		text_put_quoted(buf, text, length);
}

static bool is_comment(const char *key)
{
	return strcmp(key, OUTPUT_COMMENT) == 0;
}

static const char *comment_of(const json_t *value)
{
	return json_string_value(json_object_get(value, OUTPUT_COMMENT));
}

static void put_comment(struct buf *buf, const char *comment, size_t column)
{
	while (comment) {
		size_t length = strcspn(comment, "\n");

		text_put_spaces(buf, column);
		buf_puts(buf, length > 0 ? "# " : "#");
		text_put_visible(buf, comment, length);
		buf_putc(buf, '\n');
		comment = comment[length] == '\n' ? comment + length + 1 : NULL;
	}
}

static bool is_empty(const json_t *value)
{
	size_t members = json_object_size(value);

	if (json_is_object(value))
		return members == 0 || (members == 1 && json_object_get(value, OUTPUT_COMMENT));
	return json_is_array(value) && json_array_size(value) == 0;
}

static bool is_block(const json_t *value)
{
	return (json_is_object(value) || json_is_array(value)) && !is_empty(value);
}

/* Lines that a block scalar keeps as they are in every reader: none empty, no space at their ends.
 */
static bool is_lines(const char *text, size_t length)
{
	bool is_first = true;

	if (!memchr(text, '\n', length))
		return false;
	for (size_t i = 0; i <= length;) {
		uint32_t code;
		size_t n = 1;

		if (i == length || text[i] == '\n') {
			if (is_first || text[i - 1] == ' ')
				return false;
			is_first = true;
		} else {
			n = text_decode(text + i, length - i, &code);
			if (n == 0 || !text_is_printable(code) || (is_first && code == ' '))
				return false;
			is_first = false;
		}
		i += n;
	}
	return true;
}

static void put_lines(struct buf *buf, const char *text, size_t column)
{
	buf_puts(buf, " |-\n");
	while (text) {
		size_t length = strcspn(text, "\n");

		text_put_spaces(buf, column);
		buf_put(buf, text, length);
		buf_putc(buf, '\n');
		text = text[length] == '\n' ? text + length + 1 : NULL;
	}
}

static void put_inline(struct buf *buf, const json_t *value)
{
	if (json_is_object(value))
		buf_puts(buf, "{}");
	else if (json_is_array(value))
		buf_puts(buf, "[]");
	else if (json_is_string(value))
		put_string(buf, json_string_value(value), json_string_length(value));
	else
		text_put_scalar(buf, value);
	buf_putc(buf, '\n');
}

static void put_key(struct buf *buf, const char *key, size_t column)
{
	size_t length = strlen(key);
	size_t longest_escape = sizeof("\\u0000") - 1;
	bool simple = length * longest_escape <= SIMPLE_KEY_MAX ||
		      (length <= SIMPLE_KEY_MAX && is_plain(key, length));

	if (!simple)
		buf_puts(buf, "? ");
	put_string(buf, key, length);
	if (!simple) {
		buf_putc(buf, '\n');
		text_put_spaces(buf, column);
	}
	buf_putc(buf, ':');
}

static void put_members(struct buf *buf, const json_t *object, size_t column, bool started);
static void put_items(struct buf *buf, const json_t *array, size_t column, bool started);

static void put_member(struct buf *buf, const json_t *value, size_t column)
{
	const char *comment = comment_of(value);

	if (json_is_object(value) && (comment || is_block(value))) {
		buf_putc(buf, '\n');
		put_comment(buf, comment, column + 2);
		if (is_block(value)) {
			put_members(buf, value, column + 2, false);
		} else {
			text_put_spaces(buf, column + 2);
			put_inline(buf, value);
		}
	} else if (is_block(value)) {
		buf_putc(buf, '\n');
		put_items(buf, value, column, false);
	} else if (json_is_string(value) &&
		   is_lines(json_string_value(value), json_string_length(value))) {
		put_lines(buf, json_string_value(value), column + 2);
	} else {
		buf_putc(buf, ' ');
		put_inline(buf, value);
	}
}

/* started: the line already stands at the column. */
static void put_members(struct buf *buf, const json_t *object, size_t column, bool started)
{
	json_t *members = (json_t *)object;
	json_t *value;
	const char *key;

	json_object_foreach(members, key, value)
	{
		if (is_comment(key))
			continue;
		if (!started)
			text_put_spaces(buf, column);
		started = false;
		put_key(buf, key, column);
		put_member(buf, value, column);
	}
}

static void put_item(struct buf *buf, const json_t *item, size_t column)
{
	buf_putc(buf, '-');
	if (json_is_array(item) && comment_of(json_array_get(item, 0))) {
		buf_putc(buf, '\n');
		put_items(buf, item, column + 2, false);
		return;
	}
	buf_putc(buf, ' ');
	if (!is_block(item))
		put_inline(buf, item);
	else if (json_is_object(item))
		put_members(buf, item, column + 2, true);
	else
		put_items(buf, item, column + 2, true);
}

/* At the beginning of a line. */
static void put_line_item(struct buf *buf, const json_t *item, size_t column)
{
	put_comment(buf, comment_of(item), column);
	text_put_spaces(buf, column);
	put_item(buf, item, column);
}

static void put_items(struct buf *buf, const json_t *array, size_t column, bool started)
{
	size_t count = json_array_size(array);

	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(array, i);

		if (started)
			put_item(buf, item, column);
		else
			put_line_item(buf, item, column);
		started = false;
	}
}

void output_yaml(struct buf *buf, const json_t *tree)
{
	put_comment(buf, comment_of(tree), 0);
	if (!is_block(tree))
		put_inline(buf, tree);
	else if (json_is_object(tree))
		put_members(buf, tree, 0, false);
	else
		put_items(buf, tree, 0, false);
}

void output_yaml_stream(struct buf *buf, const json_t *list)
{
	size_t count = json_array_size(list);

	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_puts(buf, "---\n");
		output_yaml(buf, json_array_get(list, i));
	}
}

void yaml_put_head(struct buf *buf, const json_t *head, const char *name)
{
	put_comment(buf, comment_of(head), 0);
	put_members(buf, head, 0, false);
	put_key(buf, name, 0);
}

void yaml_put_element(struct buf *buf, const json_t *element, bool first)
{
	if (first)
		buf_putc(buf, '\n');
	put_line_item(buf, element, 0);
}

void yaml_put_tail(struct buf *buf, bool empty)
{
	if (empty)
		buf_puts(buf, " []\n");
}
