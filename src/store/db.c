#include "store/db.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

static int errno_of_system(int system_error, int otherwise)
{
	switch (system_error) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return -ENOSPC;
	case ENOENT:
	case ENOTDIR:
		return -ENOENT;
	case EACCES:
	case EPERM:
	case EROFS:
		return -EACCES;
	case ENOMEM:
		return -ENOMEM;
	default:
		return otherwise;
	}
}

static int last_errno(sqlite3_file *file)
{
	int number = 0;

	if (!file || !file->pMethods ||
	    file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number))
		return 0;
	return number;
}

/* SQLite knows ENOSPC alone as "full"; a quota or a size limit is no less final. The handle's own
 * errno is overwritten by then. */
static int errno_of_write(struct db *db)
{
	sqlite3_file *log = NULL, *file = NULL;
	int error;

	sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
	sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
	error = errno_of_system(last_errno(log), -EIO);
	return error == -EIO ? errno_of_system(last_errno(file), -EIO) : error;
}

/* The files keep the errno of an earlier write that failed. */
static bool is_write(int result)
{
	return result == SQLITE_IOERR_WRITE || result == SQLITE_IOERR_FSYNC ||
	       result == SQLITE_IOERR_TRUNCATE;
}

static int errno_of_result(struct db *db, int result)
{
	switch (result & 0xff) {
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_IOERR:
		if (result == SQLITE_IOERR_NOMEM)
			return -ENOMEM;
		if (result == SQLITE_IOERR_SHMSIZE || result == SQLITE_IOERR_SHMMAP)
			return errno_of_system(sqlite3_system_errno(db->handle), -EIO);
		return is_write(result) ? errno_of_write(db) : -EIO;
	case SQLITE_CANTOPEN:
		return errno_of_system(sqlite3_system_errno(db->handle), -EACCES);
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_READONLY:
		if (result == SQLITE_READONLY || result == SQLITE_READONLY_DIRECTORY)
			return -EACCES;
		return -EBUSY;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return -EBUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR: /* all statements were tested against the schema: this file has another
			    */
		return -EBADMSG;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_TOOBIG:
	case SQLITE_RANGE:
		return -EINVAL;
	default:
		return -EIO;
	}
}

int db_fail(struct db *db, int error, const char *format, ...)
{
	va_list arguments;

	if (db->error)
		return db->error;
	db->error = error;
	va_start(arguments, format);
	vsnprintf(db->text, sizeof(db->text), format, arguments);
	va_end(arguments);
	return error;
}

static void fail_result(struct db *db, int result)
{
	db_fail(db, errno_of_result(db, result), "%s", sqlite3_errmsg(db->handle));
}

int db_take_error(struct db *db)
{
	int error = db->error;

	db->error = 0;
	return error;
}

static void harden(sqlite3 *handle)
{
	sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
}

int db_open(struct db *db, const char *name, int flags)
{
	int result = sqlite3_open_v2(name, &db->handle, flags | SQLITE_OPEN_NOMUTEX, NULL);

	if (!db->handle)
		return db_fail(db, -ENOMEM, "out of memory");
	sqlite3_extended_result_codes(db->handle, 1);
	if (result != SQLITE_OK) {
		fail_result(db, sqlite3_extended_errcode(db->handle));
		return db->error;
	}
	harden(db->handle);
	return 0;
}

static void put_escaped(struct buf *name, const char *path)
{
	static const char hex[] = "0123456789ABCDEF";

	for (const unsigned char *c = (const unsigned char *)path; *c; c++) {
		if (strchr("%?#", *c) || *c < 0x20 || *c >= 0x7f) {
			buf_putc(name, '%');
			buf_putc(name, hex[*c >> 4]);
			buf_putc(name, hex[*c & 15]);
		} else {
			buf_putc(name, (char)*c);
		}
	}
}

int db_open_uri(struct db *db, const char *path, const char *parameters, int flags)
{
	struct buf name = {0};
	int error;

	buf_puts(&name, "file:");
	put_escaped(&name, path);
	buf_puts(&name, "?");
	buf_puts(&name, parameters);
	error = name.error;
	if (error)
		db_fail(db, error, "out of memory");
	else
		error = db_open(db, name.data, flags | SQLITE_OPEN_URI);
	buf_clear(&name);
	return error;
}

void db_close(struct db *db)
{
	for (int i = 0; i < SQL_STATEMENTS; i++) {
		sqlite3_finalize(db->statements[i]);
		db->statements[i] = NULL;
	}
	sqlite3_close(db->handle);
	db->handle = NULL;
}

void db_abandon(struct db *db)
{
	if (db->handle)
		sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	db_close(db);
}

int db_script(struct db *db, const char *script)
{
	int result;

	if (db->error)
		return db->error;
	result = sqlite3_exec(db->handle, script, NULL, NULL, NULL);
	if (result != SQLITE_OK)
		fail_result(db, result);
	return db->error;
}

sqlite3_stmt *db_use(struct db *db, enum sql_statement which)
{
	int result;

	if (db->error)
		return NULL;
	if (db->statements[which])
		return db->statements[which];
	result = sqlite3_prepare_v3(db->handle, sql_statements[which].text, -1,
				    SQLITE_PREPARE_PERSISTENT, &db->statements[which], NULL);
	if (result != SQLITE_OK)
		fail_result(db, result);
	return db->statements[which];
}

static void check_bind(struct db *db, int result)
{
	if (result != SQLITE_OK)
		fail_result(db, result);
}

void db_bind_int(struct db *db, sqlite3_stmt *statement, int index, int64_t value)
{
	if (!db->error)
		check_bind(db, sqlite3_bind_int64(statement, index, value));
}

void db_bind_null(struct db *db, sqlite3_stmt *statement, int index)
{
	if (!db->error)
		check_bind(db, sqlite3_bind_null(statement, index));
}

void db_bind_text(struct db *db, sqlite3_stmt *statement, int index, const char *value)
{
	if (!db->error)
		check_bind(db, sqlite3_bind_text(statement, index, value, -1, SQLITE_STATIC));
}

void db_bind_addr(struct db *db, sqlite3_stmt *statement, int index, const struct addr *value)
{
	if (!db->error)
		check_bind(db, sqlite3_bind_blob(statement, index, value->bytes,
						 (int)addr_length(*value), SQLITE_STATIC));
}

bool db_row(struct db *db, sqlite3_stmt *statement)
{
	int result;

	if (db->error) {
		db_stop(statement);
		return false;
	}
	result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		return true;
	if (result != SQLITE_DONE)
		fail_result(db, result);
	sqlite3_reset(statement);
	return false;
}

void db_run(struct db *db, sqlite3_stmt *statement)
{
	while (db_row(db, statement))
		;
}

int64_t db_run_int(struct db *db, sqlite3_stmt *statement, int64_t is_none)
{
	int64_t value = is_none;

	if (db_row(db, statement)) {
		value = sqlite3_column_int64(statement, 0);
		db_run(db, statement);
	}
	return value;
}

void db_stop(sqlite3_stmt *statement)
{
	sqlite3_reset(statement);
}

int64_t db_changes(struct db *db)
{
	return sqlite3_changes64(db->handle);
}

struct addr db_column_addr(sqlite3_stmt *statement, int column)
{
	const void *bytes = sqlite3_column_blob(statement, column);
	int length = sqlite3_column_bytes(statement, column);

	return addr_from_bytes(bytes, bytes ? (size_t)length : 0);
}

const char *db_column_text(sqlite3_stmt *statement, int column)
{
	const unsigned char *text = sqlite3_column_text(statement, column);

	return text ? (const char *)text : "";
}

int64_t db_bytes_in_use(struct db *db)
{
	int64_t pages = db_run_int(db, db_use(db, SQL_ALL_PAGES), 0);

	return (pages - db_run_int(db, db_use(db, SQL_FREE_PAGES), 0)) * DB_PAGE_BYTES;
}

int db_empty_log(struct db *db)
{
	int result;

	if (db->error)
		return db_take_error(db);
	result =
	    sqlite3_wal_checkpoint_v2(db->handle, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (result != SQLITE_OK)
		fail_result(db, result);
	return db_take_error(db);
}

void db_begin(struct db *db)
{
	db_run(db, db_use(db, SQL_BEGIN));
}

static void roll_back(struct db *db)
{
	if (!db->handle || sqlite3_get_autocommit(db->handle))
		return;
	for (int i = 0; i < SQL_STATEMENTS; i++)
		sqlite3_reset(db->statements[i]);
	sqlite3_exec(db->handle, sql_statements[SQL_ROLLBACK].text, NULL, NULL, NULL);
}

int db_end(struct db *db)
{
	db_run(db, db_use(db, SQL_COMMIT));
	if (db->error)
		roll_back(db);
	return db_take_error(db);
}
