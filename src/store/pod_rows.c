#include "store/pod_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void pod_rows_clear(struct pod_rows *rows)
{
	pod_clear(&rows->pod);
	rows->number = 0;
	rows->capacity = 0;
}

static void begin_pod(struct pod_rows *rows, struct db *db, sqlite3_stmt *statement)
{
	struct pod *pod = &rows->pod;

	rows->number = sqlite3_column_int64(statement, 0);
	pod->namespace = strdup(db_column_text(statement, 1));
	pod->name = strdup(db_column_text(statement, 2));
	pod->uid = strdup(db_column_text(statement, 3));
	pod->sandbox = strdup(db_column_text(statement, 4));
	pod->source = strdup(db_column_text(statement, 5));
	if (!pod->namespace || !pod->name || !pod->uid || !pod->sandbox || !pod->source)
		db_fail(db, -ENOMEM, "out of memory");
}

static int64_t scaled(int64_t ms, int64_t scale)
{
	int64_t result;

	if (__builtin_mul_overflow(ms, scale, &result))
		return ms < 0 ? INT64_MIN : INTERVAL_OPEN - 1;
	return result;
}

static bool make_room(struct pod_rows *rows)
{
	size_t capacity = rows->capacity ? rows->capacity * 2 : 2;
	struct pod_address *larger;

	if (rows->pod.address_count < rows->capacity)
		return true;
	larger = reallocarray(rows->pod.addresses, capacity, sizeof(*larger));
	if (!larger)
		return false;
	rows->pod.addresses = larger;
	rows->capacity = capacity;
	return true;
}

static void add_address(struct pod_rows *rows, struct db *db, sqlite3_stmt *statement)
{
	const char *address = db_column_text(statement, 6);
	struct pod_address interval = {0};

	if (*address == '\0')
		return;
	if (addr_parse(address, &interval.address) < 0) {
		db_fail(db, -EBADMSG, "damaged: a pod's address is \"%s\"", address);
		return;
	}
	interval.since = scaled(sqlite3_column_int64(statement, 7), rows->scale);
	interval.until = sqlite3_column_type(statement, 8) == SQLITE_NULL
			     ? INTERVAL_OPEN
			     : scaled(sqlite3_column_int64(statement, 8), rows->scale);
	if (make_room(rows))
		rows->pod.addresses[rows->pod.address_count++] = interval;
	else
		db_fail(db, -ENOMEM, "out of memory");
}

bool pod_rows_add(struct pod_rows *rows, struct db *db, sqlite3_stmt *statement)
{
	if (rows->number && rows->number != sqlite3_column_int64(statement, 0))
		return true;
	if (!rows->number)
		begin_pod(rows, db, statement);
	add_address(rows, db, statement);
	return false;
}
