#include "store/schema.h"

#include <errno.h>

/* Also in sql/001-first.sql and sql/stmt/draft-*.sql. */
#define APPLICATION_ID INT64_C(0x6e506f6c)
#define DRAFT_ID INT64_C(0x6e506f64)

int64_t schema_number(struct db *db)
{
	return db_run_int(db, db_use(db, SQL_USER_VERSION), 0);
}

static void check_application(struct db *db)
{
	int64_t id = db_run_int(db, db_use(db, SQL_APPLICATION_ID), 0);

	if (id == DRAFT_ID)
		db_fail(db, -EBADMSG, "not whole: an import that is not finished");
	else if (id != APPLICATION_ID)
		db_fail(db, -EBADMSG, "not a netpol database");
}

static void check_not_newer(struct db *db, int64_t number)
{
	if (number < 0)
		db_fail(db, -EBADMSG, "schema %lld: damaged", (long long)number);
	if (number > SQL_MIGRATIONS)
		db_fail(db, -EPROTO, "made by a newer netpol (schema %lld, this one knows %d)",
			(long long)number, SQL_MIGRATIONS);
}

/* A view could put anything in a table's place. */
static void check_tables(struct db *db)
{
	static const char *const tables[] = {"store", "node", "pod", "pod_address", "node_address",
					     "edge",  "flow", "gap", "checkpoint",  "fact"};

	for (size_t i = 0; !db->error && i < sizeof(tables) / sizeof(tables[0]); i++)
		if (sqlite3_table_column_metadata(db->handle, "main", tables[i], NULL, NULL, NULL,
						  NULL, NULL, NULL) != SQLITE_OK)
			db_fail(db, -EBADMSG, "damaged: there is no table \"%s\"", tables[i]);
}

int schema_check(struct db *db)
{
	int64_t number;

	check_application(db);
	number = schema_number(db);
	check_not_newer(db, number);
	if (number < SQL_MIGRATIONS)
		db_fail(
		    db, -EPROTO,
		    "made by an older netpol (schema %lld): netpold brings it to %d when it starts",
		    (long long)number, SQL_MIGRATIONS);
	check_tables(db);
	return db->error;
}

static void renew_views(struct db *db)
{
	sqlite3_stmt *statement = db_use(db, SQL_VIEWS_CURRENT);

	db_bind_text(db, statement, 1, sql_views);
	if (!db_run_int(db, statement, 1))
		db_script(db, sql_views);
}

/* An empty file may become ours, any other must be. */
int64_t schema_inspect(struct db *db)
{
	int64_t number = schema_number(db);

	if (number != 0 || db_run_int(db, db_use(db, SQL_OBJECT_COUNT), 0) > 0)
		check_application(db);
	check_not_newer(db, number);
	return db->error ? db->error : number;
}

int schema_migrate(struct db *db)
{
	int64_t number;

	db_begin(db);
	number = schema_inspect(db);
	while (!db->error && number < SQL_MIGRATIONS)
		db_script(db, sql_migrations[number++].text);
	renew_views(db);
	return db_end(db);
}
