#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "store/sql.h"

static sqlite3 *open_memory(void)
{
	sqlite3 *handle = NULL;

	assert_int_equal(sqlite3_open(":memory:", &handle), SQLITE_OK);
	return handle;
}

static void run(sqlite3 *handle, const char *name, const char *script)
{
	if (sqlite3_exec(handle, script, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", name, sqlite3_errmsg(handle));
}

/* One line of text for all that a query returns. */
static char *answer(sqlite3 *handle, const char *query)
{
	sqlite3_stmt *statement = NULL;
	char *all = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&all, &length);

	assert_non_null(out);
	if (sqlite3_prepare_v2(handle, query, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", query, sqlite3_errmsg(handle));
	while (sqlite3_step(statement) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(statement); i++) {
			const unsigned char *text = sqlite3_column_text(statement, i);

			fprintf(out, "%s|", text ? (const char *)text : "");
		}
	}
	sqlite3_finalize(statement);
	fclose(out);
	assert_non_null(all);
	return all;
}

static void assert_same_answer(sqlite3 *a, sqlite3 *b, const char *query)
{
	char *from_a = answer(a, query), *from_b = answer(b, query);

	assert_string_equal(from_a, from_b);
	assert_true(strlen(from_a) > 1);
	free(from_a);
	free(from_b);
}

static void test_migrations_add_up_to_the_schema(void **state)
{
	sqlite3 *migrated = open_memory(), *whole = open_memory();

	(void)state;
	for (int i = 0; i < SQL_MIGRATIONS; i++) {
		char expected[32], *number;

		run(migrated, sql_migrations[i].name, sql_migrations[i].text);
		snprintf(expected, sizeof(expected), "%d|", i + 1);
		number = answer(migrated, "PRAGMA user_version");
		assert_string_equal(number, expected);
		free(number);
		assert_int_equal(atoi(sql_migrations[i].name), i + 1);
	}
	run(whole, "schema", sql_schema);
	assert_same_answer(
	    migrated, whole,
	    "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name");
	assert_same_answer(migrated, whole, "PRAGMA user_version");
	assert_same_answer(migrated, whole, "PRAGMA application_id");
	sqlite3_close(migrated);
	sqlite3_close(whole);
}

static void visit_edge(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	(void)values;
	sqlite3_result_int(context, 0);
}

static sqlite3 *open_schema(void)
{
	sqlite3 *handle = open_memory();

	/* The reader's own. */
	sqlite3_create_function(handle, "visit_edge", -1, SQLITE_UTF8, NULL, visit_edge, NULL,
				NULL);
	run(handle, "schema", sql_schema);
	run(handle, "views", sql_views);
	return handle;
}

static void test_every_statement_prepares(void **state)
{
	sqlite3 *handle = open_schema();

	(void)state;
	assert_true(SQL_STATEMENTS > 0);
	for (int i = 0; i < SQL_STATEMENTS; i++) {
		const struct sql_text *sql = &sql_statements[i];
		sqlite3_stmt *statement = NULL;
		const char *tail = "";

		if (sqlite3_prepare_v2(handle, sql->text, -1, &statement, &tail) != SQLITE_OK)
			fail_msg("%s: %s", sql->name, sqlite3_errmsg(handle));
		assert_non_null(statement);
		if (strspn(tail, " \t\n") != strlen(tail))
			fail_msg("%s: more than one statement", sql->name);
		if (strncmp(sql->text, "-- ", 3) != 0)
			fail_msg("%s: no line of purpose", sql->name);
		sqlite3_finalize(statement);
	}
	sqlite3_close(handle);
}

static void test_every_table_and_view_says_what_it_is(void **state)
{
	sqlite3 *handle = open_schema();
	char *silent =
	    answer(handle, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')"
			   " AND name NOT LIKE 'sqlite_%' AND sql NOT LIKE '% -- %'");

	(void)state;
	assert_string_equal(silent, "");
	free(silent);
	sqlite3_close(handle);
}

static void test_tables_are_strict(void **state)
{
	sqlite3 *handle = open_schema();
	char *lax =
	    answer(handle, "SELECT name FROM pragma_table_list WHERE type = 'table' AND NOT strict"
			   " AND schema = 'main' AND name NOT LIKE 'sqlite_%'");

	(void)state;
	assert_string_equal(lax, "");
	free(lax);
	sqlite3_close(handle);
}

/* What a view selects is only checked when it is asked. */
static void test_views_can_be_asked(void **state)
{
	static const char *const views[] = {"nodes", "pods", "pod_words", "objects",       "edges",
					    "flows", "gaps", "facts",     "node_addresses"};
	sqlite3 *handle = open_schema();

	(void)state;
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		char query[64];

		snprintf(query, sizeof(query), "SELECT * FROM %s", views[i]);
		free(answer(handle, query));
	}
	sqlite3_close(handle);
}

static const char *text_of(const char *name)
{
	for (int i = 0; i < SQL_STATEMENTS; i++) {
		if (strcmp(sql_statements[i].name, name) == 0)
			return sql_statements[i].text;
	}
	fail_msg("%s: no such statement", name);
	return NULL;
}

/* A query plan for a statement has to hold the step; otherwise its cost grows with the table. */
static void assert_plan(sqlite3 *handle, const char *name, const char *step)
{
	char *query = NULL, *plan;

	assert_true(asprintf(&query, "EXPLAIN QUERY PLAN %s", text_of(name)) > 0);
	plan = answer(handle, query);
	if (!strstr(plan, step))
		fail_msg("%s: %s", name, plan);
	free(plan);
	free(query);
}

static void test_plans_use_keys(void **state)
{
	sqlite3 *handle = open_schema();

	(void)state;
	assert_plan(handle, "read-flows",
		    "SEARCH flow USING PRIMARY KEY "
		    "((window,edge,sequence)>(?,?,?) AND window<?)");
	assert_plan(handle, "read-edge-page", "SEARCH edge USING INTEGER PRIMARY KEY");
	assert_plan(handle, "read-flows", "SEARCH edge USING INTEGER PRIMARY KEY");
	assert_plan(handle, "read-sums", "SEARCH flow USING PRIMARY KEY (window>? AND window<?)");
	assert_plan(handle, "read-edge-range", "SEARCH edge USING INTEGER PRIMARY KEY");
	assert_plan(handle, "prune-flows", "SEARCH flow USING PRIMARY KEY (window<?)");
	assert_plan(handle, "prune-walk",
		    "SEARCH flow USING PRIMARY KEY ((window,edge,sequence)>(?,?,?))");
	assert_plan(handle, "edge-add", "SEARCH edge USING INTEGER PRIMARY KEY");
	assert_plan(handle, "edge-get", "SEARCH edge USING INDEX edge_fingerprint (fingerprint=?)");
	assert_plan(handle, "gap-near", "USING INDEX gap_until");
	assert_plan(handle, "pod-find", "USING COVERING INDEX pod_sandbox (node=? AND sandbox=?)");
	assert_plan(handle, "pod-find",
		    "USING INDEX pod_name (node=? AND namespace=? AND name=? AND uid=?)");
	assert_plan(handle, "object-get", "(node=? AND kind=? AND namespace=? AND name=?)");
	assert_plan(handle, "object-forget", "(node=? AND kind=? AND namespace=? AND name=?)");
	assert_plan(handle, "prune-objects", "INDEX object_until (until<?)");
	assert_plan(handle, "prune-pods", "USING INDEX pod_ended (ended>? AND ended<?)");
	assert_plan(handle, "prune-pod-intervals", "INDEX pod_address_until ((until,pod)>(?,?)");
	assert_plan(handle, "state-pod-turns", "USING INDEX pod_address_since (address=?)");
	assert_plan(handle, "prune-window", "SEARCH flow");
	sqlite3_close(handle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_migrations_add_up_to_the_schema),
	    cmocka_unit_test(test_every_statement_prepares),
	    cmocka_unit_test(test_every_table_and_view_says_what_it_is),
	    cmocka_unit_test(test_tables_are_strict),
	    cmocka_unit_test(test_views_can_be_asked),
	    cmocka_unit_test(test_plans_use_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
