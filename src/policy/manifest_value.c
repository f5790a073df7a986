#include "policy/manifest_value.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

#define LABEL_NAME_MAX 63
#define DNS_LABEL_MAX 63
#define SUBDOMAIN_MAX 253
#define PORT_NAME_MAX 15
#define TEXT_SHOWN_MAX 80

/* ---- what is wrong ---- */

static void put_place(struct buf *buf, const struct place *place)
{
	if (!place)
		return;
	put_place(buf, place->up);
	if (place->key)
		buf_printf(buf, "%s%.*s", place->up ? "." : "", TEXT_SHOWN_MAX, place->key);
	else
		buf_printf(buf, "[%zu]", place->index);
}

__attribute__((format(printf, 5, 0))) static void add_problem(struct problems *problems,
							      enum problem_severity severity,
							      const char *file, unsigned line,
							      const char *format, va_list arguments)
{
	char *subject = NULL, *message = NULL;

	/* Of a hostile file there are millions. */
	if (problems->count == PROBLEMS_MAX && problems->errors > PROBLEMS_MAX) {
		problems->errors += severity == PROBLEM_ERROR;
		problems->left_out++;
		return;
	}
	if (asprintf(&subject, "%s:%u", file, line) < 0)
		subject = NULL;
	if (vasprintf(&message, format, arguments) < 0)
		message = NULL;
	problem_add(problems, severity, subject ? subject : file, "%s",
		    message ? message : "out of memory");
	free(subject);
	free(message);
}

void manifest_problem(struct problems *problems, enum problem_severity severity, const char *file,
		      unsigned line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_problem(problems, severity, file, line, format, arguments);
	va_end(arguments);
}

__attribute__((format(printf, 5, 0))) static void report(struct strict_reader *reader,
							 enum problem_severity severity,
							 unsigned line, const struct place *place,
							 const char *format, va_list arguments)
{
	struct buf at = {0};
	char *what = NULL;

	put_place(&at, place);
	if (vasprintf(&what, format, arguments) < 0)
		what = NULL;
	manifest_problem(reader->problems, severity, reader->file, line, "%s: %s%s%s",
			 reader->object, at.data ? at.data : "", at.data ? ": " : "",
			 what ? what : "out of memory");
	buf_clear(&at);
	free(what);
}

void strict_fail(struct strict_reader *reader, unsigned line, const struct place *place,
		 const char *format, ...)
{
	va_list arguments;

	reader->failed = true;
	va_start(arguments, format);
	report(reader, PROBLEM_ERROR, line, place, format, arguments);
	va_end(arguments);
}

void strict_warn(struct strict_reader *reader, unsigned line, const struct place *place,
		 const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report(reader, PROBLEM_WARNING, line, place, format, arguments);
	va_end(arguments);
}

/* ---- fields ---- */

static bool is_one_of(const char *key, const char *const *fields)
{
	for (; *fields; fields++)
		if (strcmp(key, *fields) == 0)
			return true;
	return false;
}

static const char *find_in_any_case(const char *key, const char *const *fields)
{
	for (; *fields; fields++)
		if (strcasecmp(key, *fields) == 0)
			return *fields;
	return NULL;
}

static const char *kind_name(const struct node *node)
{
	switch (node_kind(node)) {
	case NODE_SEQUENCE:
		return "a list";
	case NODE_MAPPING:
		return "a mapping";
	case NODE_SCALAR:
		return "a single value";
	case NODE_NULL:
		break;
	}
	return "nothing";
}

bool strict_mapping(struct strict_reader *reader, const struct node *node,
		    const struct place *place, const char *const *fields)
{
	if (node_kind(node) != NODE_MAPPING) {
		strict_fail(reader, node_line(node), place, "expected a mapping, not %s",
			    kind_name(node));
		return false;
	}
	for (size_t i = 0; i < node_count(node); i++) {
		const struct place field = {.up = place, .key = node_key(node, i)};
		const char *meant;

		if (is_one_of(field.key, fields))
			continue;
		meant = find_in_any_case(field.key, fields);
		strict_fail(reader, node_key_line(node, i), &field, "unknown field%s%s",
			    meant ? ": it is written " : "", meant ? meant : "");
	}
	return true;
}

const struct node *strict_list(struct strict_reader *reader, const struct node *node,
			       const struct place *place)
{
	if (node_kind(node) == NODE_SEQUENCE)
		return node;
	if (node_kind(node) != NODE_NULL)
		strict_fail(reader, node_line(node), place, "expected a list, not %s",
			    kind_name(node));
	return NULL;
}

/* ---- plain values ---- */

const char *strict_text(struct strict_reader *reader, const struct node *node,
			const struct place *place)
{
	const char *text = node_text(node);

	if (node_kind(node) == NODE_NULL)
		return NULL;
	if (!text)
		strict_fail(reader, node_line(node), place, "expected text, not %s",
			    kind_name(node));
	else if (strlen(text) != node_text_length(node))
		strict_fail(reader, node_line(node), place, "holds a NUL character");
	else if (!node_is_quoted(node) &&
		 (document_is_plain_boolean(text) || document_is_plain_number(text)))
		strict_fail(reader, node_line(node), place,
			    "expected text, not the %s %.*s: put it in quotes",
			    document_is_plain_boolean(text) ? "boolean" : "number", TEXT_SHOWN_MAX,
			    text);
	else
		return text;
	return NULL;
}

const char *strict_needed_text(struct strict_reader *reader, const struct node *node, unsigned line,
			       const struct place *place)
{
	if (node_kind(node) == NODE_NULL)
		strict_fail(reader, node ? node_line(node) : line, place, "is missing");
	return strict_text(reader, node, place);
}

bool strict_is_number(const struct node *node)
{
	return node_text(node) && !node_is_quoted(node) &&
	       document_is_plain_number(node_text(node));
}

bool strict_number(struct strict_reader *reader, const struct node *node, const struct place *place,
		   int lowest, int highest, int *ret)
{
	const char *text = node_text(node);
	int64_t value = 0;

	if (node_integer(node, &value) && value >= lowest && value <= highest) {
		*ret = (int)value;
		return true;
	}
	strict_fail(reader, node_line(node), place, "expected a number from %d to %d, not %s%.*s%s",
		    lowest, highest, node_is_quoted(node) ? "the text \"" : "", TEXT_SHOWN_MAX,
		    text ? text : kind_name(node), node_is_quoted(node) ? "\"" : "");
	return false;
}

char *strict_copy(struct strict_reader *reader, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		reader->error = -ENOMEM;
	return copy;
}

void *strict_array(struct strict_reader *reader, size_t count, size_t size)
{
	void *array = count > 0 ? calloc(count, size) : NULL;

	if (count > 0 && !array)
		reader->error = -ENOMEM;
	return array;
}

/* ---- what text can be ---- */

/* Of the letters, and of the ends' at both ends. */
static bool is_word(const char *text, size_t length, const char *letters, const char *ends)
{
	return length > 0 && strspn(text, letters) >= length && strchr(ends, text[0]) &&
	       strchr(ends, text[length - 1]);
}

static bool is_dns_label(const char *text, size_t length)
{
	return is_word(text, length, LOWER DIGITS "-", LOWER DIGITS);
}

/* A label of it may be longer than RFC 1123 allows: the API server does not mind. */
static bool is_subdomain(const char *text, size_t length)
{
	size_t start = 0;

	if (length > SUBDOMAIN_MAX)
		return false;
	for (size_t i = 0; i <= length; i++) {
		if (i < length && text[i] != '.')
			continue;
		if (!is_dns_label(text + start, i - start))
			return false;
		start = i + 1;
	}
	return true;
}

static bool is_label_name(const char *text)
{
	size_t length = strlen(text);

	return length <= LABEL_NAME_MAX &&
	       is_word(text, length, LOWER UPPER DIGITS "-_.", LOWER UPPER DIGITS);
}

bool text_is_label_key(const char *text)
{
	const char *slash = strchr(text, '/');

	if (!slash)
		return is_label_name(text);
	return is_subdomain(text, (size_t)(slash - text)) && is_label_name(slash + 1);
}

bool text_is_annotation_key(const char *text)
{
	const char *slash = strchr(text, '/');
	char prefix[SUBDOMAIN_MAX + 1];
	size_t length = slash ? (size_t)(slash - text) : 0;

	if (!slash)
		return is_label_name(text);
	if (length > SUBDOMAIN_MAX)
		return false;
	for (size_t i = 0; i < length; i++)
		prefix[i] = (char)tolower((unsigned char)text[i]);
	prefix[length] = '\0';
	return is_subdomain(prefix, length) && is_label_name(slash + 1);
}

bool text_is_label_value(const char *text)
{
	return !*text || is_label_name(text);
}

bool text_is_port_name(const char *text)
{
	size_t length = strlen(text);

	return length <= PORT_NAME_MAX && is_dns_label(text, length) && strpbrk(text, LOWER) &&
	       !strstr(text, "--");
}

bool text_is_subdomain(const char *text)
{
	return is_subdomain(text, strlen(text));
}

bool text_is_dns_label(const char *text)
{
	size_t length = strlen(text);

	return length <= DNS_LABEL_MAX && is_dns_label(text, length);
}
