#include "sources/kindnet.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "base/clock.h"
#include "sources/wal.h"

#define BYTES_MAX ((size_t)16 << 20)
#define STEPS_AT_ONCE 10000
#define STEPS_MAX 200 /* times as many instructions of SQLite */
#define TEXT_MAX 4096

static const char query[] =
    "SELECT container_id, namespace, name, uid, netns, ip_address_v4, ip_address_v6, "
    "CAST(strftime('%s', creation_timestamp) AS INTEGER) FROM pods";

enum column { SANDBOX, NAMESPACE, NAME, UID, NETNS, ADDRESS_V4, ADDRESS_V6, CREATED };

/* What a hostile file could ask for has an end. */
static int on_progress(void *context)
{
	unsigned *steps = context;

	return ++*steps > STEPS_MAX;
}

static int error_of(int result)
{
	return result == SQLITE_NOMEM ? -ENOMEM : -EPROTO;
}

static const char *text_of(sqlite3_stmt *row, enum column column)
{
	const unsigned char *text = sqlite3_column_text(row, column);

	return text ? (const char *)text : "";
}

static int64_t end_of_second(sqlite3_stmt *row)
{
	int64_t second = sqlite3_column_int64(row, CREATED);

	return second > 0 && second < INT64_MAX / NSEC_PER_SEC - 1 ? (second + 1) * NSEC_PER_SEC
								   : 0;
}

static int add_address(sqlite3_stmt *row, enum column column, struct finding *finding)
{
	struct claim_address address = {.since = end_of_second(row)};
	const char *text = text_of(row, column);
	int r;

	if (!*text)
		return 0;
	address.exact = address.since > 0;
	r = finding_parse_address(text, &address.address);
	return r < 0 ? r : finding_add_address(finding, &address);
}

static int add_row(sqlite3_stmt *row, struct findings *ret)
{
	struct finding *finding;
	int r = findings_add(ret, text_of(row, SANDBOX), &finding);

	if (r == 0)
		r = finding_agree(&finding->namespace, text_of(row, NAMESPACE));
	if (r == 0)
		r = finding_agree(&finding->name, text_of(row, NAME));
	if (r == 0)
		r = finding_agree(&finding->uid, text_of(row, UID));
	if (r == 0)
		r = finding_agree(&finding->netns, text_of(row, NETNS));
	if (r == 0)
		r = add_address(row, ADDRESS_V4, finding);
	return r < 0 ? r : add_address(row, ADDRESS_V6, finding);
}

static int read_rows(sqlite3 *database, struct findings *ret)
{
	sqlite3_stmt *row;
	int result = sqlite3_prepare_v2(database, query, -1, &row, NULL), r = 0;

	if (result != SQLITE_OK)
		return error_of(result);
	while (r == 0 && (result = sqlite3_step(row)) == SQLITE_ROW)
		r = add_row(row, ret);
	if (r == 0 && result != SQLITE_DONE)
		r = error_of(result);
	sqlite3_finalize(row);
	return r;
}

/* Takes the bytes over. */
static int read_database(unsigned char *bytes, size_t length, struct findings *ret)
{
	sqlite3 *database;
	unsigned steps = 0;
	int result = sqlite3_open_v2(":memory:", &database,
				     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	int r = result == SQLITE_OK ? 0 : -ENOMEM;

	if (r == 0) {
		sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
		sqlite3_limit(database, SQLITE_LIMIT_LENGTH, TEXT_MAX * 16);
		sqlite3_progress_handler(database, STEPS_AT_ONCE, on_progress, &steps);
		result = sqlite3_deserialize(database, "main", bytes, (sqlite3_int64)length,
					     (sqlite3_int64)length, SQLITE_DESERIALIZE_READONLY);
		r = result == SQLITE_OK ? read_rows(database, ret) : error_of(result);
	}
	sqlite3_close(database);
	free(bytes);
	return r;
}

static int decode(const struct content *content, struct findings *ret)
{
	unsigned char *bytes;
	size_t length;
	int r = wal_apply(content->bytes, content->length, content->log, content->log_length,
			  BYTES_MAX, &bytes, &length);

	return r < 0 ? r : read_database(bytes, length, ret);
}

const struct format kindnet_format = {.source = CLAIM_KINDNET,
				      .wrong = "not kindnet's database",
				      .bytes_max = BYTES_MAX,
				      .large = "larger than 16 MiB",
				      .decode = decode,
				      .has_log = true};
