#include "output/output.h"

#include <string.h>
#include <strings.h>

#include "output/items.h"
#include "output/text.h"

#define DIGITS "0123456789"

/* A key on one line with its value may have 1024 characters (YAML 1.1, 9.3.2); quotes included. */
#define SIMPLE_KEY_MAX 1000

/* Of a comment's line, without what it is indented by: a map has the same lines wherever it is. */
#define COMMENT_WIDTH 100

static bool is_word(const char *text, size_t length)
{
	static const char *const words[] = {"y",   "yes",  "n", "no", "true", "false", "on",
					    "off", "null", "~", "=",  "<<",   ".inf",  ".nan"};

	/* The longest has five, and few texts begin like one. */
	if (length > 5 || !strchr("yYnNtTfFoO~=<.", text[0]))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if ((text[0] | 0x20) == words[i][0] && strcasecmp(text, words[i]) == 0)
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

/* ": " begins a value, and " #" a comment. The text begins and ends with other characters. */
static bool has_indicator(const char *text, size_t length)
{
	const char *end = text + length;

	for (const char *at = text; (at = memchr(at, ' ', (size_t)(end - at))); at++)
		if (at[-1] == ':' || at[1] == '#')
			return true;
	return false;
}

/* May the characters stand without quotes? Stricter than YAML: what starts like an indicator is
 * quoted. */
static bool is_plain_text(const char *text, size_t length)
{
	if (length == 0 || strchr("-?:,[]{}#&*!|>'\"%@` ", text[0]) || text[length - 1] == ' ' ||
	    text[length - 1] == ':' || strncmp(text, "...", 3) == 0)
		return false;
	return text_is_all_printable(text, length) && !has_indicator(text, length);
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

static void put_comment_line(struct buf *buf, const char *mark, const char *text, size_t length,
			     size_t column)
{
	text_put_spaces(buf, column);
	buf_puts(buf, mark);
	text_put_visible(buf, text, length);
	buf_putc(buf, '\n');
}

/* How much of the text is words that fit into the room; a longer word is taken whole. */
static size_t words_length(const char *text, size_t length, size_t room)
{
	const char *blank = length > room ? memrchr(text, ' ', room + 1) : NULL;

	if (length > room && !blank)
		blank = memchr(text, ' ', length);
	return blank ? (size_t)(blank - text) : length;
}

/* What goes on in the next line is indented there. */
static void put_comment_wrapped(struct buf *buf, const char *text, size_t length, size_t column)
{
	const char *mark = "# ";

	while (length > 0) {
		size_t words = words_length(text, length, COMMENT_WIDTH - strlen(mark));

		put_comment_line(buf, mark, text, words, column);
		words += words < length;
		text += words;
		length -= words;
		mark = "#   ";
	}
}

static void put_comment_lines(struct buf *buf, const char *lines, size_t column)
{
	while (lines) {
		const char *end = strchrnul(lines, '\n');
		const size_t length = (size_t)(end - lines);

		if (length > COMMENT_WIDTH - strlen("# "))
			put_comment_wrapped(buf, lines, length, column);
		else
			put_comment_line(buf, length > 0 ? "# " : "#", lines, length, column);
		lines = *end ? end + 1 : NULL;
	}
}

static bool has_comment(const struct tree_node *node)
{
	return node && node->kind == TREE_MAP && node->comment;
}

static void put_comment(struct buf *buf, const struct tree_node *node, size_t column)
{
	if (has_comment(node))
		for (const struct tree_comment *at = node->comment; at; at = at->next)
			put_comment_lines(buf, at->text, column);
}

static bool is_block(const struct tree_node *node)
{
	return (node->kind == TREE_MAP || node->kind == TREE_LIST) && node->first;
}

static bool is_line(const char *text, size_t length)
{
	return length > 0 && text[0] != ' ' && text[length - 1] != ' ' &&
	       text_is_all_printable(text, length);
}

/* Lines that a block scalar keeps as they are in every reader: none empty, no space at their ends.
 */
static bool is_lines(const char *text, size_t length)
{
	const char *end = text + length, *newline = memchr(text, '\n', length);

	if (!newline)
		return false;
	for (; newline; newline = memchr(text, '\n', (size_t)(end - text))) {
		if (!is_line(text, (size_t)(newline - text)))
			return false;
		text = newline + 1;
	}
	return is_line(text, (size_t)(end - text));
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

static void put_inline(struct buf *buf, const struct tree_node *node)
{
	if (node->kind == TREE_MAP)
		buf_puts(buf, "{}");
	else if (node->kind == TREE_LIST)
		buf_puts(buf, "[]");
	else if (node->kind == TREE_TEXT)
		put_string(buf, node->text, node->length);
	else
		text_put_node(buf, node);
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

static void put_members(struct buf *buf, const struct tree_node *map, size_t column, bool started);
static void put_items(struct buf *buf, const struct tree_node *list, size_t column, bool started);

/* On lines of its own, below the key. */
static void put_map_below(struct buf *buf, const struct tree_node *map, size_t column)
{
	buf_putc(buf, '\n');
	put_comment(buf, map, column);
	if (is_block(map)) {
		put_members(buf, map, column, false);
		return;
	}
	text_put_spaces(buf, column);
	put_inline(buf, map);
}

static void put_value(struct buf *buf, const struct tree_node *value, size_t column)
{
	if (value->kind == TREE_MAP && (value->comment || is_block(value))) {
		put_map_below(buf, value, column + 2);
	} else if (is_block(value)) {
		buf_putc(buf, '\n');
		put_items(buf, value, column, false);
	} else if (value->kind == TREE_TEXT && is_lines(value->text, value->length)) {
		put_lines(buf, value->text, column + 2);
	} else {
		buf_putc(buf, ' ');
		put_inline(buf, value);
	}
}

/* started: the line already stands at the column. */
static void put_members(struct buf *buf, const struct tree_node *map, size_t column, bool started)
{
	for (const struct tree_node *member = map->first; member; member = member->next) {
		if (!started)
			text_put_spaces(buf, column);
		started = false;
		put_key(buf, member->key, column);
		put_value(buf, member, column);
	}
}

static void put_item(struct buf *buf, const struct tree_node *item, size_t column)
{
	buf_putc(buf, '-');
	if (item->kind == TREE_LIST && has_comment(item->first)) {
		buf_putc(buf, '\n');
		put_items(buf, item, column + 2, false);
		return;
	}
	buf_putc(buf, ' ');
	if (!is_block(item))
		put_inline(buf, item);
	else if (item->kind == TREE_MAP)
		put_members(buf, item, column + 2, true);
	else
		put_items(buf, item, column + 2, true);
}

/* At the beginning of a line. */
static void put_line_item(struct buf *buf, const struct tree_node *item, size_t column)
{
	put_comment(buf, item, column);
	text_put_spaces(buf, column);
	put_item(buf, item, column);
}

static void put_items(struct buf *buf, const struct tree_node *list, size_t column, bool started)
{
	for (const struct tree_node *item = list->first; item; item = item->next) {
		if (started)
			put_item(buf, item, column);
		else
			put_line_item(buf, item, column);
		started = false;
	}
}

void output_yaml(struct buf *buf, const struct tree_node *tree)
{
	put_comment(buf, tree, 0);
	if (!is_block(tree))
		put_inline(buf, tree);
	else if (tree->kind == TREE_MAP)
		put_members(buf, tree, 0, false);
	else
		put_items(buf, tree, 0, false);
}

void output_yaml_stream(struct buf *buf, const struct tree_node *list)
{
	for (const struct tree_node *item = list->first; item; item = item->next) {
		if (item != list->first)
			buf_puts(buf, "---\n");
		output_yaml(buf, item);
	}
}

void yaml_put_head(struct buf *buf, const struct tree_node *head, const char *name)
{
	put_comment(buf, head, 0);
	put_members(buf, head, 0, false);
	put_key(buf, name, 0);
}

void yaml_put_element(struct buf *buf, const struct tree_node *element, bool first)
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
