/* The YAML writer: golden texts, and random trees that come back as they were. */
#include "tests/unit/base/tree_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/document.h"
#include "output/output.h"

static void assert_yaml(const char *json, const char *expected)
{
	struct tree tree = {0};
	struct buf buf = {0};

	output_yaml(&buf, tree_parse(&tree, json));
	assert_int_equal(buf.error, 0);
	assert_string_equal(buf.data, expected);
	buf_clear(&buf);
	tree_clear(&tree);
}

/* Of one text; to be released with buf_clear(). */
static struct buf yaml_of_text(const char *text)
{
	struct tree tree = {0};
	struct tree_node *list = tree_list(&tree);
	struct buf buf = {0};

	tree_add_text(list, NULL, text);
	output_yaml(&buf, list->first);
	assert_int_equal(buf.error, 0);
	tree_clear(&tree);
	return buf;
}

static void test_shape(void **state)
{
	(void)state;
	assert_yaml(
	    "{\"kind\":\"List\",\"items\":[{\"kind\":\"A\",\"spec\":{\"sel\":{},"
	    "\"ports\":[{\"protocol\":\"TCP\",\"port\":80}],\"none\":[]}},{\"kind\":\"B\"}]}",
	    "kind: List\n"
	    "items:\n"
	    "- kind: A\n"
	    "  spec:\n"
	    "    sel: {}\n"
	    "    ports:\n"
	    "    - protocol: TCP\n"
	    "      port: 80\n"
	    "    none: []\n"
	    "- kind: B\n");
	assert_yaml("[[1,[2,3]],[],{},null,true,false,\"x\"]", "- - 1\n"
							       "  - - 2\n"
							       "    - 3\n"
							       "- []\n"
							       "- {}\n"
							       "- null\n"
							       "- true\n"
							       "- false\n"
							       "- x\n");
	assert_yaml("{}", "{}\n");
	assert_yaml("[]", "[]\n");
	assert_yaml("null", "null\n");
	assert_yaml("\"null\"", "\"null\"\n");
}

static void test_numbers(void **state)
{
	(void)state;
	assert_yaml("[0,-5,9007199254740993]", "- 0\n- -5\n- 9007199254740993\n");
}

static void test_comments(void **state)
{
	(void)state;
	assert_yaml("{\"#\":\"top\\nsecond\\n\\nlast\",\"from\":[{\"#\":\"one\",\"a\":1},{\"#\":"
		    "\"two\",\"b\":{\"#\":\"in\",\"c\":2}},{\"#\":\"three\"},[{\"#\":\"four\","
		    "\"d\":3}]],\"e\":{\"#\":\"five\"}}",
		    "# top\n"
		    "# second\n"
		    "#\n"
		    "# last\n"
		    "from:\n"
		    "# one\n"
		    "- a: 1\n"
		    "# two\n"
		    "- b:\n"
		    "    # in\n"
		    "    c: 2\n"
		    "# three\n"
		    "- {}\n"
		    "-\n"
		    "  # four\n"
		    "  - d: 3\n"
		    "e:\n"
		    "  # five\n"
		    "  {}\n");
}

#define FIVE "12345 "
#define TEN_TIMES(text) text text text text text text text text text text

/* A line ends before the word that does not fit, and goes on indented. */
static void test_long_comments(void **state)
{
	(void)state;
	assert_yaml("{\"#\":\"" TEN_TIMES(FIVE) "12345678901234567890123456789012345678\",\"a\":1}",
		    "# " TEN_TIMES(FIVE) "12345678901234567890123456789012345678\na: 1\n");
	assert_yaml(
	    "{\"#\":\"" TEN_TIMES(FIVE) "123456789012345678901234567890123456789\",\"a\":1}",
	    "# 12345 12345 12345 12345 12345 12345 12345 12345 12345 12345\n"
	    "#   123456789012345678901234567890123456789\na: 1\n");
	assert_yaml("{\"#\":\"" TEN_TIMES("1234567890") "12 b c\",\"a\":1}",
		    "# " TEN_TIMES("1234567890") "12\n#   b c\na: 1\n");
	assert_yaml("{\"#\":\"" TEN_TIMES(FIVE) TEN_TIMES(FIVE)
			TEN_TIMES(FIVE) "6\\nnext\",\"a\":1}",
		    "# " TEN_TIMES(FIVE) "12345 12345 12345 12345 12345 12345\n"
					 "#   " TEN_TIMES(FIVE) "12345 12345 12345 12345 6\n"
								"# next\na: 1\n");
}

/* A comment ends where a YAML reader sees a line end, and that is not \n alone. */
static void test_comments_cannot_break_out(void **state)
{
	(void)state;
	assert_yaml("[{\"#\":\"a\\r- x\\u0085- y\\u2028- z\\u0000- \\u202e\",\"k\":1}]",
		    "# a?- x?- y?- z\n- k: 1\n");
}

static void test_plain_and_quoted(void **state)
{
	static const char *const quoted[] = {"",
					     "yes",
					     "No",
					     "on",
					     "OFF",
					     "y",
					     "N",
					     "true",
					     "FALSE",
					     "null",
					     "~",
					     "Null",
					     "=",
					     "<<",
					     "0",
					     "12",
					     "-7",
					     "+1",
					     "017",
					     "0o17",
					     "0x1F",
					     "0b10",
					     "1_000",
					     "5e_3",
					     "0_x1f",
					     "1e5_0",
					     "0_b1",
					     "+0_o7",
					     "0x1p-2",
					     "._5",
					     "10.0.0.1",
					     "1a",
					     "1.2.3",
					     "12:ab",
					     "2026-01",
					     "20260-01-02",
					     "5x",
					     "1e",
					     "1,000",
					     "1.5",
					     ".5",
					     "1.",
					     "1e3",
					     "1.2e+3",
					     "5e8",
					     ".inf",
					     "-.INF",
					     ".NaN",
					     "12:30",
					     "12:30:45",
					     "-1:30.5",
					     "2026-01-02",
					     "2026-1-2",
					     "2026-01-02T03:04:05Z",
					     "2026-01-02 03:04",
					     " a",
					     "a ",
					     "a: b",
					     "a:",
					     "a #b",
					     "#a",
					     "-",
					     "- a",
					     "?",
					     "? a",
					     ":",
					     "::1",
					     "[a]",
					     "{a}",
					     "&a",
					     "*a",
					     "!a",
					     "|",
					     ">",
					     "'a'",
					     "\"a\"",
					     "%a",
					     "@a",
					     "`a`",
					     "a\nb",
					     "a\tb",
					     "\x7f",
					     "---",
					     "...",
					     ",a",
					     "\xc2\x85",
					     "\xe2\x80\xa8",
					     "\xef\xbb\xbfx",
					     "\xe2\x80\xaex"};
	static const char *const plain[] = {"a",
					    "web",
					    "a b",
					    "a:b",
					    "a#b",
					    "api.shop:80",
					    "10.0.0.1/32",
					    "fd00::1/128",
					    "yesterday",
					    "nullable",
					    "v1",
					    "0xyz",
					    "kubernetes.io/metadata.name",
					    "a\\b",
					    "a\"b",
					    "caf\xc3\xa9",
					    "a-",
					    "_",
					    "networking.k8s.io/v1",
					    "\xf0\x9f\x90\xb3"};
	struct buf buf;

	(void)state;
	for (size_t i = 0; i < sizeof(quoted) / sizeof(quoted[0]); i++) {
		buf = yaml_of_text(quoted[i]);
		if (buf.data[0] != '"')
			fail_msg("not quoted: %s", quoted[i]);
		buf_clear(&buf);
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		buf = yaml_of_text(plain[i]);
		assert_int_equal(buf.length, strlen(plain[i]) + 1);
		assert_memory_equal(buf.data, plain[i], buf.length - 1);
		buf_clear(&buf);
	}
	buf = yaml_of_text("a\n\t\"\\\x01\xc2\x85");
	assert_string_equal(buf.data, "\"a\\n\\t\\\"\\\\\\u0001\\u0085\"\n");
	buf_clear(&buf);
}

static void test_lines(void **state)
{
	(void)state;
	assert_yaml("{\"a\":{\"b\":\"one: 1\\n# two\\n- three\",\"c\":1}}", "a:\n"
									    "  b: |-\n"
									    "    one: 1\n"
									    "    # two\n"
									    "    - three\n"
									    "  c: 1\n");
	assert_yaml("[{\"a\":\"one\\ntwo\"}]", "- a: |-\n    one\n    two\n");
	assert_yaml("[\"one\\ntwo\"]", "- \"one\\ntwo\"\n");
	assert_yaml("{\"a\":\"one\\n\\ntwo\",\"b\":\"one\\n two\",\"c\":\"one \\ntwo\","
		    "\"d\":\"\\none\",\"e\":\"one\\n\",\"f\":\"one\\n\\ttwo\"}",
		    "a: \"one\\n\\ntwo\"\n"
		    "b: \"one\\n two\"\n"
		    "c: \"one \\ntwo\"\n"
		    "d: \"\\none\"\n"
		    "e: \"one\\n\"\n"
		    "f: \"one\\n\\ttwo\"\n");
}

static void test_keys(void **state)
{
	char key[2001], json[2100], expected[2100];

	(void)state;
	assert_yaml("{\"yes\":{\"a: b\":1},\"\":2,\"80\":3}", "\"yes\":\n  \"a: b\": 1\n"
							      "\"\": 2\n\"80\": 3\n");
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	/* The value of an explicit key stands on lines of its own. */
	snprintf(expected, sizeof(expected), "- ? %s\n  :\n    a: 1\n", key);
	snprintf(json, sizeof(json), "[{\"%s\":{\"a\":1}}]", key);
	assert_yaml(json, expected);
}

static void test_stream(void **state)
{
	struct tree tree = {0};
	struct buf buf = {0};

	(void)state;
	output_yaml_stream(&buf, tree_parse(&tree, "[{\"a\":1},{\"#\":\"c\",\"b\":2}]"));
	assert_string_equal(buf.data, "a: 1\n---\n# c\nb: 2\n");
	buf_clear(&buf);
	tree_clear(&tree);
}

/* ---- what is written is read back ---- */

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static json_t *random_string(uint32_t *seed)
{
	static const char *const pieces[] = {"a",
					     "b",
					     "yes",
					     "no",
					     "1",
					     "0",
					     "9",
					     ":",
					     " ",
					     "#",
					     "-",
					     "?",
					     ".",
					     "e",
					     "x",
					     "_",
					     "\n",
					     "\t",
					     "\"",
					     "'",
					     "\\",
					     "[",
					     "]",
					     "{",
					     "}",
					     ",",
					     "&",
					     "*",
					     "!",
					     "|",
					     ">",
					     "%",
					     "@",
					     "`",
					     "=",
					     "<<",
					     "~",
					     "null",
					     "true",
					     "\x01",
					     "\x7f",
					     "\xc2\x85",
					     "\xc2\xa0",
					     "\xe2\x80\xa8",
					     "\xef\xbb\xbf",
					     "\xef\xbf\xbe",
					     "\xf0\x9f\x90\xb3",
					     "\xc3\xa9",
					     "\r",
					     "\x1b"};
	char text[64] = "";
	uint32_t count = next(seed) % 6;

	for (uint32_t i = 0; i < count; i++)
		strcat(text, pieces[next(seed) % (sizeof(pieces) / sizeof(pieces[0]))]);
	return json_string(text);
}

static json_t *random_tree(uint32_t *seed, int depth)
{
	uint32_t kind = next(seed) % (depth > 0 ? 8 : 5);
	uint32_t count = next(seed) % 5;
	json_t *tree;

	if (kind == 0)
		return json_integer((json_int_t)next(seed) - 8000000);
	if (kind == 1)
		return json_boolean(next(seed) & 1);
	if (kind == 2)
		return json_null();
	if (kind < 5)
		return random_string(seed);
	tree = kind < 7 ? json_object() : json_array();
	for (uint32_t i = 0; i < count; i++) {
		json_t *key = random_string(seed);
		json_t *value = random_tree(seed, depth - 1);

		if (kind < 7)
			assert_int_equal(json_object_set(tree, json_string_value(key), value), 0);
		else
			assert_int_equal(json_array_append(tree, value), 0);
		json_decref(key);
		json_decref(value);
	}
	if (kind < 7 && next(seed) % 3 == 0)
		assert_int_equal(json_object_set_new(tree, FIXTURE_COMMENT, random_string(seed)),
				 0);
	return tree;
}

static void assert_same(const struct node *node, const json_t *tree);

static void assert_same_object(const struct node *node, json_t *tree)
{
	size_t entries = 0;
	const char *key;
	json_t *value;

	assert_int_equal(node_kind(node), NODE_MAPPING);
	json_object_foreach(tree, key, value)
	{
		if (strcmp(key, FIXTURE_COMMENT) == 0)
			continue;
		assert_string_equal(node_key(node, entries), key);
		assert_same(node_item(node, entries), value);
		entries++;
	}
	assert_int_equal(node_count(node), entries);
}

static void assert_same(const struct node *node, const json_t *tree)
{
	int64_t number;
	bool boolean;

	if (json_is_object(tree)) {
		assert_same_object(node, (json_t *)tree);
	} else if (json_is_array(tree)) {
		assert_int_equal(node_kind(node), NODE_SEQUENCE);
		assert_int_equal(node_count(node), json_array_size(tree));
		for (size_t i = 0; i < json_array_size(tree); i++)
			assert_same(node_item(node, i), json_array_get(tree, i));
	} else if (json_is_null(tree)) {
		assert_int_equal(node_kind(node), NODE_NULL);
	} else if (json_is_string(tree)) {
		assert_int_equal(node_kind(node), NODE_SCALAR);
		assert_string_equal(node_text(node), json_string_value(tree));
		if (!node_is_quoted(node)) {
			assert_false(node_integer(node, &number));
			assert_false(node_boolean(node, &boolean));
		}
	} else if (json_is_integer(tree)) {
		assert_false(node_is_quoted(node));
		assert_true(node_integer(node, &number));
		assert_int_equal(number, json_integer_value(tree));
	} else {
		assert_false(node_is_quoted(node));
		assert_true(node_boolean(node, &boolean));
		assert_int_equal(boolean, json_is_true(tree));
	}
}

static void assert_read_back(const struct buf *buf, const json_t *tree, uint32_t seed)
{
	struct problems problems = {0};
	struct document *document = NULL;

	if (document_parse(buf->data, buf->length, "tree", &problems, &document) < 0)
		fail_msg("seed %u: %s: %s\n%s", seed, problems.items[0].subject,
			 problems.items[0].message, buf->data);
	assert_int_equal(document_count(document), 1);
	assert_same(document_root(document, 0), tree);
	document_free(document);
	problems_clear(&problems);
}

static void test_read_back(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 3000; seed++) {
		uint32_t random = seed * 2654435761u;
		json_t *value = json_pack("{s:o}", "root", random_tree(&random, 5));
		struct buf yaml = {0}, json = {0};
		struct tree tree = {0};
		struct tree_node *node = tree_of(&tree, value);

		output_yaml(&yaml, node);
		assert_read_back(&yaml, value, seed);
		output_tree_json(&json, node);
		assert_read_back(&json, value, seed);
		buf_clear(&yaml);
		buf_clear(&json);
		tree_clear(&tree);
		json_decref(value);
	}
}

/* ---- a list that is printed while it is made ---- */

static json_t *random_head(uint32_t *seed)
{
	json_t *head = json_object();

	for (uint32_t count = next(seed) % 3; count > 0; count--) {
		json_t *key = random_string(seed);

		assert_int_equal(
		    json_object_set_new(head, json_string_value(key), random_tree(seed, 2)), 0);
		json_decref(key);
	}
	if (next(seed) % 3 == 0)
		assert_int_equal(json_object_set_new(head, FIXTURE_COMMENT, random_string(seed)),
				 0);
	return head;
}

static json_t *random_list(uint32_t *seed)
{
	json_t *list = json_array();

	for (uint32_t count = next(seed) % 4; count > 0; count--)
		assert_int_equal(json_array_append_new(list, random_tree(seed, 3)), 0);
	return list;
}

/* The buffer is emptied after each part. */
static void pass_on(struct buf *all, struct buf *part)
{
	assert_int_equal(part->error, 0);
	buf_put(all, part->data, part->length);
	part->length = 0;
}

static void print_items(struct buf *all, bool json, const struct tree_node *head,
			const struct tree_node *list, bool whole)
{
	struct buf part = {0};
	struct output_items items;

	output_items_begin(&items, &part, json, head, "items");
	pass_on(all, &part);
	for (const struct tree_node *item = list->first; item; item = item->next) {
		output_items_add(&items, item);
		pass_on(all, &part);
	}
	if (whole)
		output_items_end(&items);
	else
		output_items_spoil(&items);
	pass_on(all, &part);
	buf_clear(&part);
}

static void print_whole(struct buf *all, bool json, const json_t *head, const json_t *list)
{
	struct tree tree = {0};
	struct tree_node *node = tree_of(&tree, head);

	fixture_add(node, "items", list);
	if (json)
		output_tree_json(all, node);
	else
		output_yaml(all, node);
	tree_clear(&tree);
}

static void assert_items_as_whole(bool json, uint32_t seed)
{
	uint32_t random = seed * 2654435761u;
	json_t *head = random_head(&random), *list = random_list(&random);
	struct buf parts = {0}, whole = {0};
	struct tree tree = {0};

	print_items(&parts, json, tree_of(&tree, head), tree_of(&tree, list), true);
	print_whole(&whole, json, head, list);
	if (parts.length != whole.length || memcmp(parts.data, whole.data, whole.length) != 0)
		fail_msg("seed %u: %s\ninstead of %s", seed, parts.data, whole.data);
	buf_clear(&parts);
	buf_clear(&whole);
	tree_clear(&tree);
	json_decref(list);
	json_decref(head);
}

static void test_items(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 2000; seed++) {
		assert_items_as_whole(false, seed);
		assert_items_as_whole(true, seed);
	}
}

/* However many there are, there is room for the longest alone. */
static void test_items_leave_nothing(void **state)
{
	struct tree tree = {0};
	struct tree_node *head = tree_parse(&tree, "{\"kind\":\"List\"}");
	struct tree_node *item = tree_parse(&tree, "{\"a\":{\"b\":[1,2,3]}}");
	struct buf buf = {0};
	struct output_items items;
	size_t room;

	(void)state;
	output_items_begin(&items, &buf, false, head, "items");
	output_items_add(&items, item);
	room = buf.capacity;
	for (int i = 0; i < 10000; i++) {
		buf.length = 0;
		output_items_add(&items, item);
	}
	assert_int_equal(buf.error, 0);
	assert_int_equal(buf.capacity, room);
	buf_clear(&buf);
	tree_clear(&tree);
}

static void assert_spoilt(bool json, const char *head, const char *list)
{
	struct problems problems = {0};
	struct document *document = NULL;
	struct buf buf = {0};
	struct tree tree = {0};

	print_items(&buf, json, tree_parse(&tree, head), tree_parse(&tree, list), false);
	assert_true(document_parse(buf.data, buf.length, "tree", &problems, &document) < 0);
	problems_clear(&problems);
	buf_clear(&buf);
	tree_clear(&tree);
}

static void test_nobody_reads_a_part(void **state)
{
	(void)state;
	for (int json = 0; json < 2; json++) {
		assert_spoilt(json, "{}", "[]");
		assert_spoilt(json, "{\"kind\":\"List\"}", "[]");
		assert_spoilt(json, "{\"kind\":\"List\"}", "[{\"a\":{\"b\":[1]}}]");
		assert_spoilt(json, "{\"kind\":\"List\"}", "[{\"a\":\"x\"},\"y\",[]]");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_shape),
	    cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_comments),
	    cmocka_unit_test(test_long_comments),
	    cmocka_unit_test(test_comments_cannot_break_out),
	    cmocka_unit_test(test_plain_and_quoted),
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_stream),
	    cmocka_unit_test(test_read_back),
	    cmocka_unit_test(test_items),
	    cmocka_unit_test(test_items_leave_nothing),
	    cmocka_unit_test(test_nobody_reads_a_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
