/* Trees: what was added is there, in its order, and nothing else. */
#include "tests/unit/base/tree_fixture.h"

#include <errno.h>

static void test_members_keep_their_order(void **state)
{
	struct tree tree = {0};
	struct tree_node *map = tree_map(&tree), *at;
	char copied[] = "copied";

	(void)state;
	tree_add_text(map, "z", "text");
	tree_add_copy(map, "y", copied, 4);
	tree_add_integer(map, "x", -3);
	tree_add_boolean(map, "w", true);
	tree_add_null(map, "v");
	tree_add_map(map, "u");
	tree_add_list(map, "t");
	memset(copied, '?', sizeof(copied) - 1);

	assert_int_equal(tree.error, 0);
	assert_int_equal(tree_count(map), 7);
	assert_string_equal(tree_get_text(map, "z"), "text");
	assert_string_equal(tree_get_text(map, "y"), "copi");
	assert_int_equal(tree_get(map, "y")->length, 4);
	assert_int_equal(tree_get(map, "x")->integer, -3);
	assert_true(tree_get(map, "w")->boolean);
	assert_int_equal(tree_get(map, "v")->kind, TREE_NULL);
	assert_null(tree_get_text(map, "v"));
	assert_null(tree_get(map, "a"));
	at = map->first;
	for (const char *key = "zyxwvut"; *key; key++, at = at->next)
		assert_int_equal(*at->key, *key);
	assert_null(at);
	tree_clear(&tree);
}

static void test_comments(void **state)
{
	struct tree tree = {0};
	struct tree_node *map = tree_map(&tree);

	(void)state;
	assert_null(map->comment);
	tree_add_comment(map, "one, and more", 3);
	tree_add_comment(map, "two", 3);
	assert_string_equal(map->comment->text, "one");
	assert_string_equal(map->comment->next->text, "two");
	assert_null(map->comment->next->next);
	tree_clear(&tree);
}

static void assert_items(const struct tree_node *list, const char *expected)
{
	const struct tree_node *item = list->first;

	for (; *expected; expected++, item = item->next) {
		assert_int_equal(*item->text, *expected);
		assert_null(item->key);
		assert_true((expected[1] == '\0') == (item == list->last));
	}
	assert_null(item);
}

static void test_remove(void **state)
{
	struct tree tree = {0};
	struct tree_node *list = tree_list(&tree);

	(void)state;
	for (const char *text = "abcd"; *text; text++)
		tree_add_copy(list, NULL, text, 1);
	tree_remove(list, list->first->next);
	assert_items(list, "acd");
	tree_remove(list, list->last);
	assert_items(list, "ac");
	tree_remove(list, list->first);
	assert_items(list, "c");
	tree_add_text(list, NULL, "e");
	assert_items(list, "ce");
	tree_remove(list, list->last);
	tree_remove(list, list->last);
	assert_null(list->first);
	assert_null(list->last);
	tree_add_text(list, NULL, "f");
	assert_items(list, "f");
	tree_clear(&tree);
}

/* What was not made takes nothing, and nobody need look. */
static void test_nothing_in_nothing(void **state)
{
	(void)state;
	assert_null(tree_add_map(NULL, "a"));
	assert_null(tree_add_list(NULL, NULL));
	tree_add_text(NULL, "a", "text");
	tree_add_copy(NULL, "a", "text", 4);
	tree_add_integer(NULL, "a", 1);
	tree_add_comment(NULL, "text", 4);
	assert_null(tree_get(NULL, "a"));
	assert_null(tree_get_text(NULL, "a"));
}

static void test_reset(void **state)
{
	struct tree tree = {0};
	struct tree_node *map = tree_map(&tree), *again;

	(void)state;
	tree_add_text(map, "a", "text");
	tree_add_comment(map, "text", 4);
	tree.error = -ENOMEM;
	tree_reset(&tree);
	again = tree_map(&tree);
	assert_ptr_equal(again, map);
	assert_int_equal(tree.error, 0);
	assert_int_equal(tree_count(again), 0);
	assert_null(again->comment);
	tree_clear(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_members_keep_their_order),
	    cmocka_unit_test(test_comments),
	    cmocka_unit_test(test_remove),
	    cmocka_unit_test(test_nothing_in_nothing),
	    cmocka_unit_test(test_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
