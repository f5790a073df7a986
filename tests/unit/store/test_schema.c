#include "tests/unit/store/fixture.h"

#include <errno.h>

#include "store/schema.h"

static void assert_open_fails(const char *path, const struct store_options *options, int expected)
{
	struct store *store = NULL;
	char *error = NULL;

	assert_int_equal(store_open(path, options, &store, &error), expected);
	assert_null(store);
	assert_non_null(error);
	assert_non_null(strstr(error, path));
	free(error);
}

static void test_settings_of_a_new_file(void **state)
{
	struct place *place = *state;
	struct store *store = open_node(place->path, "n1");

	assert_int_equal(ask(place->path, "PRAGMA user_version"), SQL_MIGRATIONS);
	assert_int_equal(ask(place->path, "PRAGMA application_id"), 0x6e506f6c);
	assert_int_equal(ask(place->path, "PRAGMA auto_vacuum"), 2);
	assert_int_equal(ask(place->path, "PRAGMA page_size"), 4096);
	assert_int_equal(ask(place->path, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"),
			 1);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM sqlite_schema WHERE type = 'view'"),
			 9);
	store_close(store);
	assert_sound(place->path);
}

static void test_only_what_is_ours_is_opened(void **state)
{
	struct place *place = *state;
	FILE *file;

	change(place->path, "CREATE TABLE other (id INTEGER)");
	assert_open_fails(place->path, NULL, -EBADMSG);
	assert_int_equal(
	    ask(place->path, "SELECT journal_mode = 'delete' FROM pragma_journal_mode"), 1);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM sqlite_schema"), 1);
	file = fopen(place->path, "w");
	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		fputs("not a database at all\n", file);
	fclose(file);
	assert_open_fails(place->path, NULL, -EBADMSG);
	assert_open_fails(place->folder, NULL, -EACCES);
}

static void test_newer_is_refused(void **state)
{
	struct place *place = *state;

	store_close(open_node(place->path, "n1"));
	change(place->path, "PRAGMA user_version = 999");
	assert_open_fails(place->path, NULL, -EPROTO);
	assert_int_equal(ask(place->path, "PRAGMA user_version"), 999);
	change(place->path, "PRAGMA user_version = -1");
	assert_open_fails(place->path, NULL, -EBADMSG);
}

/* Killed between making the file and the first migration. */
static void test_empty_file_becomes_a_database(void **state)
{
	struct place *place = *state;
	FILE *file = fopen(place->path, "w");

	assert_non_null(file);
	fclose(file);
	store_close(open_node(place->path, "n1"));
	assert_int_equal(unlink(place->path), 0);
	change(place->path, "PRAGMA journal_mode = WAL");
	store_close(open_node(place->path, "n1"));
	assert_int_equal(ask(place->path, "PRAGMA user_version"), SQL_MIGRATIONS);
}

static void test_views_follow_the_program(void **state)
{
	struct place *place = *state;

	store_close(open_node(place->path, "n1"));
	change(place->path, "DROP VIEW edges; CREATE VIEW edges AS SELECT 1 AS old; CREATE VIEW "
			    "mine AS SELECT 2 AS x;"
			    "DROP VIEW gaps");
	store_close(open_node(place->path, "n1"));
	assert_int_equal(ask(place->path, "SELECT count(*) FROM edges"), 0);
	assert_int_equal(ask(place->path, "SELECT count(*) FROM gaps"), 0);
	assert_int_equal(ask(place->path, "SELECT x FROM mine"), 2);
}

static void test_create_only(void **state)
{
	struct place *place = *state;
	const struct store_options options = {.create_only = true};
	struct store *store = NULL;
	char *error = NULL;

	assert_int_equal(store_open(place->path, &options, &store, &error), 0);
	store_close(store);
	assert_open_fails(place->path, &options, -EEXIST);
	assert_int_equal(ask(place->path, "PRAGMA user_version"), SQL_MIGRATIONS);
}

static void test_a_draft_is_nothing_until_it_is_finished(void **state)
{
	struct place *place = *state;
	const struct store_options options = {.draft = true};
	struct store *store = NULL;
	struct reader *reader = NULL;
	char *error = NULL, name[128];

	store_close(open_node(place->path, "old"));
	snprintf(name, sizeof(name), "%s.whole", place->path);
	assert_int_equal(store_open(place->path, &options, &store, &error), 0);
	assert_int_equal(store_use_node(store, "n1"), 0);
	assert_int_equal(reader_open(place->path, &reader, &error), -EBADMSG);
	assert_non_null(strstr(error, "not finished"));
	free(error);
	assert_int_equal(store_finish(store, name), 0);
	store_close(store);
	assert_int_equal(access(place->path, F_OK), -1);
	assert_int_equal(ask(name, "SELECT count(*) FROM node WHERE name = 'n1'"), 1);
	assert_int_equal(ask(name, "SELECT count(*) FROM node"), 1);
	assert_int_equal(reader_open(name, &reader, &error), 0);
	reader_close(reader);
}

static void test_a_draft_goes_where_it_cannot_be_finished(void **state)
{
	struct place *place = *state;
	const struct store_options options = {.draft = true};
	struct store *store = NULL;
	char *error = NULL, name[128];

	snprintf(name, sizeof(name), "%s.whole", place->path);
	store_close(open_node(name, "other"));
	assert_int_equal(store_open(place->path, &options, &store, &error), 0);
	assert_int_equal(store_finish(store, name), -EEXIST);
	assert_string_equal(store_error(store), strerror(EEXIST));
	store_close(store);
	assert_int_equal(access(place->path, F_OK), -1);
	assert_int_equal(ask(name, "SELECT count(*) FROM node WHERE name = 'other'"), 1);
}

static void test_no_such_folder(void **state)
{
	(void)state;
	assert_open_fails("/nonexistent/flows.db", NULL, -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_settings_of_a_new_file),
	    TEST(test_only_what_is_ours_is_opened),
	    TEST(test_newer_is_refused),
	    TEST(test_empty_file_becomes_a_database),
	    TEST(test_views_follow_the_program),
	    TEST(test_create_only),
	    TEST(test_no_such_folder),
	    TEST(test_a_draft_is_nothing_until_it_is_finished),
	    TEST(test_a_draft_goes_where_it_cannot_be_finished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
