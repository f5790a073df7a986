#include "tests/unit/store/fixture.h"

#include <errno.h>

#include "daemon/inventory_changes.h"

static int update(struct told_objects *told, const char *file, struct problems *problems,
		  struct object_changes *ret)
{
	struct document *document = NULL;
	int r;

	assert_int_equal(document_parse(file, strlen(file), "f", problems, &document), 0);
	r = told_objects_update(told, document, problems, ret);
	document_free(document);
	return r;
}

/* "+kind namespace/name uid" for what is new or changed, "-" for what is gone. */
static void assert_changes(struct object_changes *changes, const char *expected)
{
	char all[2048] = "";

	for (size_t i = 0; i < changes->count; i++) {
		const struct batch_object *object = &changes->items[i];
		size_t length = strlen(all);

		snprintf(all + length, sizeof(all) - length, "%c%s %s/%s %s\n",
			 object->content ? '+' : '-', object->kind, object->namespace, object->name,
			 object->uid);
	}
	assert_string_equal(all, expected);
	object_changes_clear(changes);
}

static void assert_update(struct told_objects *told, const char *file, const char *expected)
{
	struct problems problems = {0};
	struct object_changes changes = {0};

	assert_int_equal(update(told, file, &problems, &changes), 0);
	assert_int_equal(problems.count, 0);
	assert_changes(&changes, expected);
}

#define A "{kind: Node, apiVersion: v1, metadata: {name: a, uid: u1}}\n"
#define A_AGAIN "{kind: Node, apiVersion: v1, metadata: {name: a, uid: u2}}\n"
#define A_MORE                                                                                     \
	"{kind: Node, apiVersion: v1, metadata: {name: a, uid: u1}, spec: {podCIDR: '::/64'}}\n"
#define B "{kind: Namespace, apiVersion: v1, metadata: {name: b}}\n"
#define NEXT "---\n"

static void test_only_changes_are_told(void **state)
{
	struct told_objects *told = told_objects_new();

	(void)state;
	assert_update(told, A NEXT B, "+Namespace /b \n+Node /a u1\n");
	assert_update(told, B NEXT A, "");
	assert_update(told, B NEXT A_MORE, "+Node /a u1\n");
	assert_update(told, B NEXT A, "+Node /a u1\n");
	assert_update(told, B NEXT A_AGAIN, "+Node /a u2\n");
	assert_int_equal(told_objects_count(told), 2);
	assert_update(told, A_AGAIN, "-Namespace /b \n");
	assert_update(told, B, "+Namespace /b \n-Node /a \n");
	told_objects_clear(told);
	assert_update(told, B, "+Namespace /b \n");
	told_objects_free(told);
}

static void test_the_last_of_equals_holds(void **state)
{
	struct told_objects *told = told_objects_new();

	(void)state;
	assert_update(told, A NEXT A_AGAIN, "+Node /a u2\n");
	assert_update(told, A_AGAIN NEXT A, "+Node /a u1\n");
	told_objects_free(told);
}

static void test_without_a_file_all_is_gone(void **state)
{
	struct told_objects *told = told_objects_new();
	struct object_changes changes = {0};

	(void)state;
	assert_int_equal(told_objects_update(told, NULL, NULL, &changes), 0);
	assert_changes(&changes, "");
	assert_update(told, A, "+Node /a u1\n");
	assert_int_equal(told_objects_update(told, NULL, NULL, &changes), 0);
	assert_changes(&changes, "-Node /a \n");
	assert_int_equal(told_objects_count(told), 0);
	told_objects_free(told);
}

static void test_a_bad_file_changes_nothing(void **state)
{
	struct told_objects *told = told_objects_new();
	struct problems problems = {0};
	struct object_changes changes = {0};

	(void)state;
	assert_update(told, A, "+Node /a u1\n");
	assert_int_equal(update(told, B NEXT "- 1\n", &problems, &changes), -EINVAL);
	assert_int_equal(changes.count, 0);
	assert_string_equal(problems.items[0].subject, "f:3");
	assert_update(told, A, "");
	problems_clear(&problems);
	told_objects_free(told);
}

static void test_a_large_object_is_left_out(void **state)
{
	static const char begin[] =
	    A NEXT "{kind: Namespace, apiVersion: v1, metadata: {name: n, labels: {a: ";
	struct told_objects *told = told_objects_new();
	struct problems problems = {0};
	struct object_changes changes = {0};
	char *file = calloc(1, sizeof(begin) + OBJECT_CONTENT_MAX + 8);

	(void)state;
	assert_non_null(file);
	memcpy(file, begin, sizeof(begin));
	memset(file + sizeof(begin) - 1, 'x', OBJECT_CONTENT_MAX);
	strcat(file, "}}}\n");
	assert_int_equal(update(told, file, &problems, &changes), 0);
	assert_changes(&changes, "+Node /a u1\n");
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.items[0].subject, "f:3");
	assert_non_null(strstr(problems.items[0].message, "left out"));
	problems_clear(&problems);
	free(file);
	told_objects_free(told);
}

static void test_too_many_objects_are_refused(void **state)
{
	static const char one[] = "{\"kind\":\"Node\",\"metadata\":{\"name\":\"%06u\"}}\n";
	struct told_objects *told = told_objects_new();
	struct problems problems = {0};
	struct object_changes changes = {0};
	char *file = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&file, &length);

	(void)state;
	assert_non_null(out);
	for (unsigned i = 0; i < INVENTORY_OBJECTS_MAX; i++)
		fprintf(out, one, i);
	fflush(out);
	assert_int_equal(update(told, file, &problems, &changes), 0);
	assert_int_equal(changes.count, INVENTORY_OBJECTS_MAX);
	object_changes_clear(&changes);
	fprintf(out, one, INVENTORY_OBJECTS_MAX);
	fclose(out);
	assert_int_equal(update(told, file, &problems, &changes), -EINVAL);
	assert_int_equal(problems.errors, 1);
	assert_int_equal(told_objects_count(told), INVENTORY_OBJECTS_MAX);
	problems_clear(&problems);
	free(file);
	told_objects_free(told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_only_changes_are_told),
	    cmocka_unit_test(test_the_last_of_equals_holds),
	    cmocka_unit_test(test_without_a_file_all_is_gone),
	    cmocka_unit_test(test_a_bad_file_changes_nothing),
	    cmocka_unit_test(test_a_large_object_is_left_out),
	    cmocka_unit_test(test_too_many_objects_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
