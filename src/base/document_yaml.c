#include "base/document_build.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

static unsigned line_of(yaml_mark_t mark)
{
	return (unsigned)mark.line + 1;
}

static unsigned line_at(const char *bytes, size_t length, size_t offset)
{
	unsigned line = 1;

	for (size_t i = 0; i < length && i < offset; i++)
		line += bytes[i] == '\n';
	return line;
}

static int fail_syntax(struct builder *builder, const yaml_parser_t *parser, const char *bytes,
		       size_t length)
{
	const char *what = parser->problem ? parser->problem : "not YAML";

	if (parser->error == YAML_MEMORY_ERROR)
		return build_fail(builder, -ENOMEM, line_of(parser->mark), "out of memory");
	if (parser->error == YAML_READER_ERROR)
		return build_fail(builder, -EINVAL, line_at(bytes, length, parser->problem_offset),
				  "%s", what);
	if (parser->context)
		return build_fail(builder, -EINVAL, line_of(parser->problem_mark),
				  "%s %s (from line %u)", what, parser->context,
				  line_of(parser->context_mark));
	return build_fail(builder, -EINVAL, line_of(parser->problem_mark), "%s", what);
}

static bool tag_is(const yaml_char_t *tag, const char *name)
{
	return strcmp((const char *)tag, name) == 0;
}

static int check_anchor(struct builder *builder, const yaml_char_t *anchor, unsigned line)
{
	return anchor ? build_fail(builder, -EINVAL, line, "anchors are not read: write it out")
		      : 0;
}

static int fail_tag(struct builder *builder, const yaml_char_t *tag, unsigned line)
{
	return build_fail(builder, -EINVAL, line, "tag %.80s is not read", (const char *)tag);
}

static int begin(struct builder *builder, const yaml_event_t *event, enum node_kind kind)
{
	bool mapping = kind == NODE_MAPPING;
	const yaml_char_t *tag =
	    mapping ? event->data.mapping_start.tag : event->data.sequence_start.tag;
	unsigned line = line_of(event->start_mark);
	int r;

	if (build_wants_key(builder))
		return build_fail(builder, -EINVAL, line, "a key must be a scalar");
	r = check_anchor(
	    builder, mapping ? event->data.mapping_start.anchor : event->data.sequence_start.anchor,
	    line);
	if (r < 0)
		return r;
	if (tag && !tag_is(tag, mapping ? YAML_MAP_TAG : YAML_SEQ_TAG) && !tag_is(tag, "!"))
		return fail_tag(builder, tag, line);
	return build_begin(builder, kind, line);
}

static bool is_null(const char *text)
{
	return !*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0 ||
	       strcmp(text, "Null") == 0 || strcmp(text, "NULL") == 0;
}

static bool scalar_tag_is_known(const yaml_char_t *tag)
{
	return tag_is(tag, "!") || tag_is(tag, YAML_STR_TAG) || tag_is(tag, YAML_INT_TAG) ||
	       tag_is(tag, YAML_FLOAT_TAG) || tag_is(tag, YAML_BOOL_TAG) ||
	       tag_is(tag, YAML_NULL_TAG);
}

static int scalar(struct builder *builder, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	const yaml_char_t *tag = event->data.scalar.tag;
	unsigned line = line_of(event->start_mark);
	bool quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	int r = check_anchor(builder, event->data.scalar.anchor, line);

	if (r < 0)
		return r;
	if (tag && !scalar_tag_is_known(tag))
		return fail_tag(builder, tag, line);
	if (tag)
		quoted = tag_is(tag, "!") || tag_is(tag, YAML_STR_TAG);
	if (build_wants_key(builder))
		return build_key(builder, text, length, quoted, line);
	return build_scalar(builder, quoted || !is_null(text) ? NODE_SCALAR : NODE_NULL, text,
			    length, quoted, line);
}

static int take(struct builder *builder, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return scalar(builder, event);
	case YAML_SEQUENCE_START_EVENT:
		return begin(builder, event, NODE_SEQUENCE);
	case YAML_MAPPING_START_EVENT:
		return begin(builder, event, NODE_MAPPING);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return build_end(builder);
	case YAML_ALIAS_EVENT:
		return build_fail(builder, -EINVAL, line_of(event->start_mark),
				  "aliases are not read: write it out");
	default:
		return 0;
	}
}

int document_read_yaml(const char *bytes, size_t length, struct builder *builder)
{
	yaml_parser_t parser;
	bool done = false;
	int r = 0;

	if (!yaml_parser_initialize(&parser))
		return build_fail(builder, -ENOMEM, 1, "out of memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, length);
	while (r == 0 && !done) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			r = fail_syntax(builder, &parser, bytes, length);
			break;
		}
		r = take(builder, &event);
		done = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return r;
}
