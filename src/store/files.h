/*
 * The files of one database: PATH, PATH-wal, PATH-shm, and the reserve beside them.
 *
 * Nothing here opens a database that SQLite has open: POSIX locks go with the first descriptor of a
 * file that a process closes (fcntl(2)).
 */
#ifndef NETPOL_STORE_FILES_H
#define NETPOL_STORE_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FILES_MODE 0640

/* Zero: there is none. */
struct file_id {
	dev_t device;
	ino_t inode;
};

/* Two spellings of one path must meet at one lock. The last component need not exist. -errno. */
int files_absolute(const char *path, char **ret);
/* Which file stands at path followed by ending now? */
struct file_id files_identify(const char *path, const char *ending);
bool files_same(struct file_id a, struct file_id b);

/* Makes the empty database if there is none, with FILES_MODE whatever the umask. One that is there
 * must be ours to read and write; -EEXIST if create_only. */
int files_make(const char *path, bool create_only, bool *ret_made);
/* Gives a database without a log another name in its file system; -EEXIST if that is taken. */
int files_rename(const char *path, const char *name);
/* Removes all three. */
void files_remove(const char *path);
/* Removes PATH-wal and PATH-shm, which belong to a database that is no longer at PATH. */
void files_remove_log(const char *path);
/* When the database or its log was last written, ms; 0: not known. */
int64_t files_written(const char *path);
/* When the database itself was last written, ns; 0: not known. */
int64_t files_touched(const char *path);
/* Bytes of PATH-wal; 0 if there is none. */
int64_t files_log_bytes(const char *path);

/*
 * Renames the three to PATH.corrupt-YYYYMMDDTHHMMSSZ, with their endings; a number is added where
 * that is taken. Nothing is overwritten. *ret_name is malloc'd. On failure, -errno, all stay.
 */
int files_set_aside(const char *path, int64_t now_ms, char **ret_name);

/* Makes PATH.reserve of so many bytes unless it is there or less than twice as much is free. True:
 * it is there. */
bool files_keep_reserve(const char *path, int64_t bytes);
/* Gives its space back. */
void files_use_reserve(const char *path);

#endif
