/* The JSON writer: golden texts, and jansson reads back what was written. */
#include "tests/unit/base/tree_fixture.h"

#include "output/output.h"

static void assert_prints(const char *source, const char *pretty, const char *line)
{
	json_t *tree = json_loads(source, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	struct buf buf = {0};

	assert_non_null(tree);
	output_json(&buf, tree);
	assert_string_equal(buf.data, pretty);
	buf_clear(&buf);
	output_json_line(&buf, tree);
	assert_string_equal(buf.data, line);
	buf_clear(&buf);
	json_decref(tree);
}

static void test_golden(void **state)
{
	(void)state;
	assert_prints("{\"b\":[1,{},[],\"x\"],\"a\":{\"c\":null}}",
		      "{\n"
		      "  \"b\": [\n"
		      "    1,\n"
		      "    {},\n"
		      "    [],\n"
		      "    \"x\"\n"
		      "  ],\n"
		      "  \"a\": {\n"
		      "    \"c\": null\n"
		      "  }\n"
		      "}\n",
		      "{\"b\": [1, {}, [], \"x\"], \"a\": {\"c\": null}}\n");
	assert_prints("\"a\\u0000\\n\\u2028\\\"\\\\/\xc3\xa9\"",
		      "\"a\\u0000\\n\\u2028\\\"\\\\/\xc3\xa9\"\n",
		      "\"a\\u0000\\n\\u2028\\\"\\\\/\xc3\xa9\"\n");
	assert_prints("[true,false,1.5]", "[\n  true,\n  false,\n  1.5\n]\n",
		      "[true, false, 1.5]\n");
	assert_prints("[0,9007199254740993,1.0,1e22,1e-10]",
		      "[\n  0,\n  9007199254740993,\n  1.0,\n  1.0e+22,\n  1.0e-10\n]\n",
		      "[0, 9007199254740993, 1.0, 1.0e+22, 1.0e-10]\n");
}

/* As the same value of jansson, but for the comments. */
static void test_trees(void **state)
{
	static const char *const sources[] = {
	    "{}",
	    "[]",
	    "[{},[],null,true,false,-7,\"a\\u0000\\n\\\"\"]",
	    "{\"a\":{\"b\":[1,{\"c\":{}}],\"d: e\":\"x\"},\"f\":[[1,2],[]]}",
	};
	struct buf buf = {0}, expected = {0};
	struct tree tree = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		json_t *value = json_loads(sources[i], JSON_ALLOW_NUL, NULL);

		output_json(&expected, value);
		output_tree_json(&buf, tree_of(&tree, value));
		assert_string_equal(buf.data, expected.data);
		buf_clear(&buf);
		buf_clear(&expected);
		json_decref(value);
	}
	output_tree_json(&buf, tree_parse(&tree, "{\"#\":\"gone\",\"b\":[{\"#\":\"gone\"}]}"));
	assert_string_equal(buf.data, "{\n  \"b\": [\n    {}\n  ]\n}\n");
	buf_clear(&buf);
	tree_clear(&tree);
}

static void put_list(struct output_list *list, const json_t *tree)
{
	size_t i;
	json_t *item;

	json_array_foreach(tree, i, item)
	{
		struct output_member members[4];
		struct buf texts[4] = {0};
		size_t count = 0;
		const char *name;
		json_t *value;

		json_object_foreach(item, name, value)
		{
			output_list_value(list, &texts[count], value);
			members[count] =
			    (struct output_member){name, texts[count].data, texts[count].length};
			count++;
		}
		output_list_object(list, members, count);
		for (size_t n = 0; n < count; n++)
			buf_clear(&texts[n]);
	}
	output_list_end(list);
}

/* The same as a member of an object. */
static void assert_nested_list(const char *source)
{
	json_t *tree = json_loads(source, 0, NULL);
	json_t *object = json_pack("{s:O}", "list", tree);
	struct buf buf = {0}, whole = {0};
	struct output_list list;

	assert_non_null(object);
	buf_puts(&buf, "{\n  \"list\": ");
	output_list_begin(&list, &buf, false);
	list.depth = 1;
	put_list(&list, tree);
	buf_puts(&buf, "\n}\n");
	output_json(&whole, object);
	assert_string_equal(buf.data, whole.data);
	buf_clear(&buf);
	buf_clear(&whole);
	json_decref(object);
	json_decref(tree);
}

/* The list made element by element, and printed whole. */
static void assert_list_as_whole(const char *source, bool lines)
{
	json_t *tree = json_loads(source, 0, NULL);
	struct buf buf = {0}, whole = {0};
	struct output_list list;

	assert_non_null(tree);
	output_list_begin(&list, &buf, lines);
	put_list(&list, tree);
	if (!lines)
		output_json(&whole, tree);
	for (size_t i = 0; lines && i < json_array_size(tree); i++)
		output_json_line(&whole, json_array_get(tree, i));
	assert_int_equal(buf.error, 0);
	assert_int_equal(buf.length, whole.length);
	if (whole.length > 0)
		assert_string_equal(buf.data, whole.data);
	buf_clear(&buf);
	buf_clear(&whole);
	json_decref(tree);
}

static void test_list(void **state)
{
	static const char *const sources[] = {
	    "[]",
	    "[{}]",
	    "[{\"a\":\"x\\n\\\"\",\"b\":[\"TCP 80\",1,null],\"c\":[],\"d\":{}}]",
	    "[{\"a\":{\"b\":[{\"c\":true}]}},{},{\"a\":\"x\"}]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		assert_list_as_whole(sources[i], false);
		assert_list_as_whole(sources[i], true);
		assert_nested_list(sources[i]);
	}
}

static void test_read_back(void **state)
{
	json_t *tree = json_array();
	json_t *back;
	struct buf buf = {0};

	(void)state;
	for (uint32_t code = 1; code < 0x300; code++) {
		char text[3] = {(char)code, 0, 0};

		if (code >= 0x80) {
			text[0] = (char)(0xc0 | code >> 6);
			text[1] = (char)(0x80 | (code & 0x3f));
		}
		assert_int_equal(json_array_append_new(tree, json_string(text)), 0);
	}
	json_array_append_new(tree, json_real(1e300));
	json_array_append_new(tree, json_real(-0.1));
	json_array_append_new(tree, json_string("\xf0\x9f\x90\xb3\xf4\x8f\xbf\xbf"));
	output_json(&buf, tree);
	back = json_loadb(buf.data, buf.length, 0, NULL);
	assert_true(json_equal(tree, back));
	json_decref(back);
	buf_clear(&buf);
	json_decref(tree);
}

static void test_reals_as_people_write_them(void **state)
{
	json_t *tree = json_pack("[f, f, f]", 0.1, 0.07, 12.35);
	struct buf buf = {0};

	(void)state;
	output_json_line(&buf, tree);
	assert_string_equal(buf.data, "[0.1, 0.07, 12.35]\n");
	buf_clear(&buf);
	json_decref(tree);
}

static void test_invalid_bytes_are_replaced(void **state)
{
	json_t *tree = json_string_nocheck("a\xff\xc0\x80z");
	struct buf buf = {0};

	(void)state;
	output_json_line(&buf, tree);
	assert_string_equal(buf.data, "\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\"\n");
	buf_clear(&buf);
	json_decref(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_golden),
	    cmocka_unit_test(test_trees),
	    cmocka_unit_test(test_list),
	    cmocka_unit_test(test_read_back),
	    cmocka_unit_test(test_reals_as_people_write_them),
	    cmocka_unit_test(test_invalid_bytes_are_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
