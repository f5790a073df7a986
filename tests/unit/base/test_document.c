#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/document.h"
#include "base/document_build.h"

static struct document *parse(const char *text)
{
	struct problems problems = {0};
	struct document *document = NULL;

	assert_int_equal(document_parse(text, strlen(text), "f", &problems, &document), 0);
	assert_int_equal(problems.count, 0);
	assert_non_null(document);
	return document;
}

/* The parse must fail with this code and exactly this problem. */
static void expect_failure_of(const char *text, size_t length, int code, const char *subject,
			      const char *message)
{
	struct problems problems = {0};
	struct document *untouched = (struct document *)&problems, *document = untouched;

	assert_int_equal(document_parse(text, length, "f", &problems, &document), code);
	assert_ptr_equal(document, untouched);
	assert_int_equal(problems.count, 1);
	assert_int_equal(problems.errors, 1);
	assert_string_equal(problems.items[0].subject, subject);
	assert_string_equal(problems.items[0].message, message);
	problems_clear(&problems);
}

static void expect_failure(const char *text, const char *subject, const char *message)
{
	expect_failure_of(text, strlen(text), -EINVAL, subject, message);
}

static void test_yaml_tree(void **state)
{
	struct document *document = parse("# head\n"
					  "kind: Pod\n"
					  "list:\n"
					  "- 1\n"
					  "- two\n"
					  "-\n"
					  "map: {a: 'x', b: \"y\"}\n"
					  "nothing:\n");
	const struct node *root = document_root(document, 0);
	const struct node *list = node_get(root, "list"), *map = node_get(root, "map");

	(void)state;
	assert_string_equal(document_name(document), "f");
	assert_int_equal(document_count(document), 1);
	assert_null(document_root(document, 1));
	assert_int_equal(node_kind(root), NODE_MAPPING);
	assert_int_equal(node_line(root), 2);
	assert_int_equal(node_count(root), 4);
	assert_string_equal(node_key(root, 1), "list");
	assert_int_equal(node_key_line(root, 1), 3);
	assert_null(node_key(root, 4));
	assert_string_equal(node_get_text(root, "kind"), "Pod");
	assert_int_equal(node_kind(list), NODE_SEQUENCE);
	assert_int_equal(node_count(list), 3);
	assert_string_equal(node_text(node_item(list, 1)), "two");
	assert_int_equal(node_line(node_item(list, 1)), 5);
	assert_int_equal(node_kind(node_item(list, 2)), NODE_NULL);
	assert_null(node_item(list, 3));
	assert_null(node_key(list, 0));
	assert_true(node_is_quoted(node_get(map, "a")));
	assert_true(node_is_quoted(node_get(map, "b")));
	assert_false(node_is_quoted(node_get(root, "kind")));
	assert_int_equal(node_kind(node_get(root, "nothing")), NODE_NULL);
	assert_null(node_text(node_get(root, "nothing")));
	assert_null(node_text(root));
	document_free(document);
}

static void test_absent_chains(void **state)
{
	struct document *document = parse("a: b\n");
	const struct node *none = node_get(document_root(document, 0), "x");
	int64_t number;
	bool truth;

	(void)state;
	assert_null(none);
	assert_null(node_get(node_get(none, "y"), "z"));
	assert_null(node_get(node_get(document_root(document, 0), "a"), "z"));
	assert_null(node_item(none, 0));
	assert_null(node_key(none, 0));
	assert_null(node_text(none));
	assert_null(node_get_text(none, "x"));
	assert_int_equal(node_kind(none), NODE_NULL);
	assert_int_equal(node_line(none), 0);
	assert_int_equal(node_key_line(none, 0), 0);
	assert_int_equal(node_count(none), 0);
	assert_false(node_is_quoted(none));
	assert_false(node_integer(none, &number));
	assert_false(node_boolean(none, &truth));
	document_free(document);
	assert_null(document_free(NULL));
}

static void test_streams(void **state)
{
	struct document *document = parse("");

	(void)state;
	assert_int_equal(document_count(document), 0);
	document_free(document);
	document = parse("# only a comment\n");
	assert_int_equal(document_count(document), 0);
	document_free(document);
	document = parse("a: 1\n---\n---\n- b\n...\n");
	assert_int_equal(document_count(document), 3);
	assert_int_equal(node_kind(document_root(document, 0)), NODE_MAPPING);
	assert_int_equal(node_kind(document_root(document, 1)), NODE_NULL);
	assert_int_equal(node_kind(document_root(document, 2)), NODE_SEQUENCE);
	document_free(document);
	document = parse("{\"a\": 1}\n{\"a\": 2}\n");
	assert_int_equal(document_count(document), 2);
	assert_string_equal(node_get_text(document_root(document, 1), "a"), "2");
	assert_int_equal(node_line(document_root(document, 1)), 2);
	document_free(document);
	document = parse("{\"a\": 1}\n---\n{\"a\": 2}\n");
	assert_int_equal(document_count(document), 2);
	document_free(document);
}

static void test_json_tree(void **state)
{
	struct document *document =
	    parse("\xef\xbb\xbf{\n"
		  "    \"a\": {},\n"
		  "\t\"b\":[],\r\n"
		  "    \"c\": [1, -2.5e+3, true, false, null, \"null\", \"\"],\n"
		  "    \"\"\n"
		  "      : \"d\"\n"
		  "}\n");
	const struct node *root = document_root(document, 0), *list = node_get(root, "c");

	(void)state;
	assert_int_equal(node_count(root), 4);
	assert_int_equal(node_kind(node_get(root, "a")), NODE_MAPPING);
	assert_int_equal(node_count(node_get(root, "a")), 0);
	assert_int_equal(node_kind(node_get(root, "b")), NODE_SEQUENCE);
	assert_int_equal(node_line(node_get(root, "b")), 3);
	assert_int_equal(node_count(list), 7);
	assert_string_equal(node_text(node_item(list, 1)), "-2.5e+3");
	assert_int_equal(node_kind(node_item(list, 4)), NODE_NULL);
	assert_int_equal(node_kind(node_item(list, 5)), NODE_SCALAR);
	assert_string_equal(node_text(node_item(list, 5)), "null");
	assert_true(node_is_quoted(node_item(list, 6)));
	assert_string_equal(node_get_text(root, ""), "d");
	assert_int_equal(node_key_line(root, 3), 5);
	assert_int_equal(node_line(node_get(root, "")), 6);
	document_free(document);
}

static void test_json_escapes(void **state)
{
	struct document *document = parse(
	    "{\"face\": \"<\\ud83d\\ude00>\", \"k\\u00e9y\": \"\\u20AC\", \"all\": "
	    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t.\", \"not\": \"\\\\ud83d\\\\ude00\",\n"
	    "\"html\": \"\\u003cb\\u003e\", \"line\": \"a\xe2\x80\xa8 b\", \"del\": \"\x7f\"}");
	const struct node *root = document_root(document, 0);

	(void)state;
	assert_string_equal(node_get_text(root, "face"), "<\xf0\x9f\x98\x80>");
	assert_string_equal(node_get_text(root, "k\xc3\xa9y"), "\xe2\x82\xac");
	assert_string_equal(node_get_text(root, "all"), "\"\\/\b\f\n\r\t.");
	assert_string_equal(node_get_text(root, "not"), "\\ud83d\\ude00");
	assert_string_equal(node_get_text(root, "html"), "<b>");
	assert_string_equal(node_get_text(root, "line"), "a\xe2\x80\xa8 b");
	assert_string_equal(node_get_text(root, "del"), "\x7f");
	assert_int_equal(node_line(node_get(root, "html")), 2);
	document_free(document);
}

static void test_json_long_texts(void **state)
{
	enum { LONG = 70000 };
	struct buf buf = {0};
	struct document *document;
	const struct node *root;

	(void)state;
	buf_puts(&buf, "{\"");
	for (int i = 0; i < LONG; i++)
		buf_putc(&buf, 'k');
	buf_puts(&buf, "\": \"");
	for (int i = 0; i < LONG; i++)
		buf_puts(&buf, i % 2 ? "v" : "\\n");
	buf_puts(&buf, "\",\n \"after\": 1}");
	assert_int_equal(buf.error, 0);
	document = parse(buf.data);
	root = document_root(document, 0);
	assert_int_equal(strlen(node_key(root, 0)), LONG);
	assert_int_equal(strlen(node_text(node_item(root, 0))), LONG);
	assert_int_equal(node_line(node_get(root, "after")), 2);
	document_free(document);
	buf_clear(&buf);
}

/* Whatever is no JSON by the letter is still read as YAML. */
static void test_flow_yaml(void **state)
{
	struct document *document = parse("{a: 1, 'b': [x, y,], \"c\": \"two\n  lines\"} # end\n");
	const struct node *root = document_root(document, 0);

	(void)state;
	assert_string_equal(node_get_text(root, "a"), "1");
	assert_int_equal(node_count(node_get(root, "b")), 2);
	assert_string_equal(node_get_text(root, "c"), "two lines");
	document_free(document);
}

static void test_typed_values(void **state)
{
	static const struct {
		const char *text;
		bool is_integer;
		int64_t integer;
		int truth; /* -1: none */
	} cases[] = {
	    {"0", true, 0, -1},
	    {"-7", true, -7, -1},
	    {"+7", true, 7, -1},
	    {"9223372036854775807", true, INT64_MAX, -1},
	    {"-9223372036854775808", true, INT64_MIN, -1},
	    {"9223372036854775808", false, 0, -1},
	    {"010", false, 0, -1},
	    {"0x10", false, 0, -1},
	    {"1.0", false, 0, -1},
	    {"-", false, 0, -1},
	    {"1 2", false, 0, -1},
	    {"'1'", false, 0, -1},
	    {"!!str 1", false, 0, -1},
	    {"! 1", false, 0, -1},
	    {"!!int 1", true, 1, -1},
	    {"true", false, 0, 1},
	    {"True", false, 0, 1},
	    {"TRUE", false, 0, 1},
	    {"false", false, 0, 0},
	    {"FALSE", false, 0, 0},
	    {"yes", false, 0, -1},
	    {"'true'", false, 0, -1},
	    {"tRue", false, 0, -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct document *document = parse(cases[i].text);
		const struct node *root = document_root(document, 0);
		int64_t integer = 0;
		bool truth = false;

		assert_int_equal(node_integer(root, &integer), cases[i].is_integer);
		assert_int_equal(integer, cases[i].integer);
		assert_int_equal(node_boolean(root, &truth), cases[i].truth >= 0);
		assert_int_equal(truth, cases[i].truth > 0);
		document_free(document);
	}
}

static void test_nulls(void **state)
{
	static const char *const nulls[] = {"~", "null", "Null", "NULL", "!!null ''", "---"};
	static const char *const texts[] = {"nULL", "'null'", "\"\"", "''", "!!str ~", "|\n  null"};

	(void)state;
	for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++) {
		struct document *document = parse(nulls[i]);

		assert_int_equal(node_kind(document_root(document, 0)), NODE_NULL);
		document_free(document);
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct document *document = parse(texts[i]);

		assert_int_equal(node_kind(document_root(document, 0)), NODE_SCALAR);
		document_free(document);
	}
}

static void test_refused(void **state)
{
	(void)state;
	expect_failure("a: 1\nb: 2\na: 3\n", "f:3", "duplicate key \"a\", first on line 1");
	expect_failure("{\"a\": 1,\n\"b\": 2,\n\"\\u0061\": 3}", "f:3",
		       "duplicate key \"a\", first on line 1");
	expect_failure("x:\n  \"a\x1b[1m\": 1\n", "f:2", "control characters are not allowed");
	expect_failure("x: {\"a\\e\": 1, \"a\\e\": 2}\n", "f:1",
		       "duplicate key \"a?\", first on line 1");
	expect_failure("a: &x 1\n", "f:1", "anchors are not read: write it out");
	expect_failure("a: 1\nb: &x [1]\n", "f:2", "anchors are not read: write it out");
	expect_failure("- 1\n- *x\n", "f:2", "aliases are not read: write it out");
	expect_failure("a: !mine 1\n", "f:1", "tag !mine is not read");
	expect_failure("a: !!set {x}\n", "f:1", "tag tag:yaml.org,2002:set is not read");
	expect_failure("a: !!binary eA==\n", "f:1", "tag tag:yaml.org,2002:binary is not read");
	expect_failure("? [a]\n: b\n", "f:1", "a key must be a scalar");
	expect_failure("? {a: b}\n: b\n", "f:1", "a key must be a scalar");
	expect_failure("\"a\\0b\": 1\n", "f:1", "a key must not hold a NUL character");
	expect_failure("{\"a\\u0000b\": 1}\n", "f:1", "a key must not hold a NUL character");
}

static void test_syntax_errors(void **state)
{
	(void)state;
	expect_failure("a: 1\n b: 2\n", "f:2", "mapping values are not allowed in this context");
	expect_failure("a: [1\nb: 2\n", "f:2",
		       "did not find expected ',' or ']' while parsing a flow sequence "
		       "(from line 1)");
	expect_failure("{\"a\": 1,\n\"b\" 2}\n", "f:2",
		       "did not find expected ',' or '}' while parsing a flow mapping "
		       "(from line 1)");
	expect_failure("{\"a\": \"\\ud83d\"}\n", "f:1",
		       "found invalid Unicode character escape code while parsing a quoted scalar "
		       "(from line 1)");
	expect_failure("{\"a\":\n\"\xff\"}\n", "f:2", "invalid leading UTF-8 octet");
	expect_failure("a: b\n\nc: \x01\n", "f:3", "control characters are not allowed");
}

static void test_depth(void **state)
{
	struct buf buf = {0};
	struct document *document;

	(void)state;
	for (int i = 0; i < DOCUMENT_DEPTH_MAX; i++)
		buf_puts(&buf, "[");
	for (int i = 0; i < DOCUMENT_DEPTH_MAX; i++)
		buf_puts(&buf, "]");
	document = parse(buf.data);
	document_free(document);
	buf_clear(&buf);
	for (int i = 0; i < 1000000; i++)
		buf_puts(&buf, "[");
	expect_failure(buf.data, "f:1", "nested more than 100 deep");
	buf.data[0] = '-';
	buf.data[1] = ' ';
	expect_failure(buf.data, "f:1", "nested more than 100 deep");
	buf_clear(&buf);
}

static void test_node_limit(void **state)
{
	struct problems problems = {0};
	struct builder *builder = builder_new("f", 3, &problems);
	struct document *document = NULL;

	(void)state;
	assert_int_equal(document_read_json("[1,2]", 5, builder), 0);
	assert_int_equal(builder_finish(builder, &document), 0);
	assert_int_equal(node_count(document_root(document, 0)), 2);
	document_free(document);
	builder_free(builder);
	builder = builder_new("f", 3, &problems);
	assert_int_equal(document_read_yaml("[1,\n2,3,4]", 10, builder), -EFBIG);
	assert_int_equal(builder_finish(builder, &document), -EFBIG);
	builder_free(builder);
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.items[0].subject, "f:2");
	assert_string_equal(problems.items[0].message, "more than 3 nodes");
	problems_clear(&problems);
}

static void put_big_mapping(struct buf *buf, int count)
{
	buf_putc(buf, '{');
	for (int i = 0; i < count; i++)
		buf_printf(buf, "%s\"key-%07d\": %d", i ? ",\n" : "",
			   (int)((int64_t)i * 7919 % count), i);
	buf_putc(buf, '}');
}

/* Quadratic work on this many keys would take minutes. */
static void test_big_mapping(void **state)
{
	enum { COUNT = 300000 };
	struct buf buf = {0};
	struct document *document;
	char key[32];

	(void)state;
	put_big_mapping(&buf, COUNT);
	document = parse(buf.data);
	for (int i = 0; i < COUNT; i++) {
		int64_t value;

		snprintf(key, sizeof(key), "key-%07d", (int)((int64_t)i * 7919 % COUNT));
		assert_true(node_integer(node_get(document_root(document, 0), key), &value));
		assert_string_equal(node_key(document_root(document, 0), (size_t)value), key);
	}
	assert_null(node_get(document_root(document, 0), "key-"));
	assert_null(node_get(document_root(document, 0), "zzz"));
	document_free(document);
	buf_clear(&buf);
}

static void test_big_mapping_duplicate(void **state)
{
	struct buf buf = {0};

	(void)state;
	put_big_mapping(&buf, 1000);
	buf.length--;
	buf_puts(&buf, ",\n\"key-0000007\": 0,\n\"key-0000003\": 0}");
	expect_failure(buf.data, "f:1001", "duplicate key \"key-0000007\", first on line 754");
	buf_clear(&buf);
}

static void test_read(void **state)
{
	char path[] = "/tmp/netpol-document-XXXXXX";
	int fd = mkstemp(path);
	struct problems problems = {0};
	struct document *document = NULL;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "a: b\n", 5), 5);
	close(fd);
	assert_int_equal(document_read(path, &problems, &document), 0);
	assert_string_equal(document_name(document), path);
	assert_string_equal(node_get_text(document_root(document, 0), "a"), "b");
	document_free(document);
	unlink(path);
	assert_int_equal(document_read(path, &problems, &document), -ENOENT);
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.items[0].subject, path);
	assert_string_equal(problems.items[0].message, "cannot be read: No such file or directory");
	problems_clear(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_yaml_tree),
	    cmocka_unit_test(test_absent_chains),
	    cmocka_unit_test(test_streams),
	    cmocka_unit_test(test_json_tree),
	    cmocka_unit_test(test_json_escapes),
	    cmocka_unit_test(test_json_long_texts),
	    cmocka_unit_test(test_flow_yaml),
	    cmocka_unit_test(test_typed_values),
	    cmocka_unit_test(test_nulls),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_syntax_errors),
	    cmocka_unit_test(test_depth),
	    cmocka_unit_test(test_node_limit),
	    cmocka_unit_test(test_big_mapping),
	    cmocka_unit_test(test_big_mapping_duplicate),
	    cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
