#include "store/pod_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum {
	COLUMN_POD,
	COLUMN_NAMESPACE,
	COLUMN_NAME,
	COLUMN_UID,
	COLUMN_SANDBOX,
	COLUMN_SOURCE,
	COLUMN_CONFLICT,
	COLUMN_LABELS,
	COLUMN_HOST_NETWORK,
	COLUMN_CREATED,
	COLUMN_ENDED,
	COLUMN_ADDRESS,
	COLUMN_SINCE,
	COLUMN_UNTIL,
	COLUMN_EXACT,
	COLUMN_SECONDARY
};

void pod_rows_clear(struct pod_rows *rows)
{
	pod_clear(&rows->pod);
	rows->number = 0;
	rows->capacity = 0;
}

static char *copy_text(struct db *db, sqlite3_stmt *statement, int column)
{
	char *copy = strdup(db_column_text(statement, column));

	if (!copy)
		db_fail(db, -ENOMEM, "out of memory");
	return copy;
}

static bool is_null(sqlite3_stmt *statement, int column)
{
	return sqlite3_column_type(statement, column) == SQLITE_NULL;
}

static int64_t moment_at(const struct pod_rows *rows, sqlite3_stmt *statement, int column,
			 int64_t is_none)
{
	int64_t ns;

	if (is_null(statement, column))
		return is_none;
	if (__builtin_mul_overflow(sqlite3_column_int64(statement, column), rows->scale, &ns))
		return sqlite3_column_int64(statement, column) < 0 ? INT64_MIN : INTERVAL_OPEN - 1;
	return ns;
}

static void read_labels(struct pod *pod, struct db *db, sqlite3_stmt *statement)
{
	int r;

	pod->labelled = !is_null(statement, COLUMN_LABELS);
	if (!pod->labelled)
		return;
	r = labels_parse(db_column_text(statement, COLUMN_LABELS), &pod->labels);
	if (r == -ENOMEM)
		db_fail(db, r, "out of memory");
	else if (r < 0)
		db_fail(db, -EBADMSG, "damaged: a pod's labels are \"%s\"",
			db_column_text(statement, COLUMN_LABELS));
}

static void check_text(struct db *db, sqlite3_stmt *statement, int column)
{
	if (!buf_is_text(db_column_text(statement, column),
			 (size_t)sqlite3_column_bytes(statement, column)))
		db_fail(db, -EBADMSG, "damaged: a %s is not UTF-8",
			sqlite3_column_name(statement, column));
}

static void add_word(struct pod *pod, struct db *db, sqlite3_stmt *statement)
{
	struct pod_word *words = reallocarray(pod->words, pod->word_count + 1, sizeof(*words));

	if (!words) {
		db_fail(db, -ENOMEM, "out of memory");
		return;
	}
	pod->words = words;
	words[pod->word_count++] = (struct pod_word){.source = copy_text(db, statement, 0),
						     .place = copy_text(db, statement, 1),
						     .said = copy_text(db, statement, 2)};
}

static void read_words(struct pod_rows *rows, struct db *db)
{
	sqlite3_stmt *statement = db_use(db, SQL_POD_WORDS);

	db_bind_int(db, statement, 1, rows->number);
	while (db_row(db, statement)) {
		for (int i = 0; i < 3; i++)
			check_text(db, statement, i);
		add_word(&rows->pod, db, statement);
	}
}

static void begin_pod(struct pod_rows *rows, struct db *db, sqlite3_stmt *statement)
{
	struct pod *pod = &rows->pod;

	rows->number = sqlite3_column_int64(statement, COLUMN_POD);
	pod->namespace = copy_text(db, statement, COLUMN_NAMESPACE);
	pod->name = copy_text(db, statement, COLUMN_NAME);
	pod->uid = copy_text(db, statement, COLUMN_UID);
	pod->sandbox = copy_text(db, statement, COLUMN_SANDBOX);
	pod->source = copy_text(db, statement, COLUMN_SOURCE);
	pod->conflict = copy_text(db, statement, COLUMN_CONFLICT);
	pod->host_network = sqlite3_column_int(statement, COLUMN_HOST_NETWORK) != 0;
	pod->created = moment_at(rows, statement, COLUMN_CREATED, 0);
	pod->ended = moment_at(rows, statement, COLUMN_ENDED, INTERVAL_OPEN);
	read_labels(pod, db, statement);
	if (rows->with_words)
		read_words(rows, db);
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
	const char *address = db_column_text(statement, COLUMN_ADDRESS);
	struct pod_address interval = {
	    .since = moment_at(rows, statement, COLUMN_SINCE, 0),
	    .until = moment_at(rows, statement, COLUMN_UNTIL, INTERVAL_OPEN),
	    .exact = sqlite3_column_int(statement, COLUMN_EXACT) != 0,
	    .secondary = sqlite3_column_int(statement, COLUMN_SECONDARY) != 0,
	};

	if (*address == '\0')
		return;
	if (addr_parse(address, &interval.address) < 0) {
		db_fail(db, -EBADMSG, "damaged: a pod's address is \"%s\"", address);
		return;
	}
	if (make_room(rows))
		rows->pod.addresses[rows->pod.address_count++] = interval;
	else
		db_fail(db, -ENOMEM, "out of memory");
}

bool pod_rows_add(struct pod_rows *rows, struct db *db, sqlite3_stmt *statement)
{
	if (rows->number && rows->number != sqlite3_column_int64(statement, COLUMN_POD))
		return true;
	if (!rows->number)
		begin_pod(rows, db, statement);
	add_address(rows, db, statement);
	return false;
}
