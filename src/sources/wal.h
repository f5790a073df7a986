/*
 * A database of SQLite as it is with what its write-ahead log holds, without touching either file:
 * SQLite itself could only look at them with locks and an index file beside them. Pure.
 *
 * Format: sqlite.org/fileformat2.html, sections 1.3 and 4.
 */
#ifndef NETPOL_SOURCES_WAL_H
#define NETPOL_SOURCES_WAL_H

#include <stddef.h>

/*
 * The database with all committed transactions of the log, marked as one that has no log, for
 * sqlite3_deserialize(). What follows the last transaction that is whole is left out. *ret is
 * malloc'd. -EPROTO if bytes are no database; -EFBIG if the result is larger than limit; -ENOMEM.
 */
int wal_apply(const char *bytes, size_t length, const char *log, size_t log_length, size_t limit,
	      unsigned char **ret, size_t *ret_length);
/*
 * Where the header and the whole frames of the log's present use end: those behind them have other
 * salts, from an earlier use, and are read for nothing. from: what it was for fewer bytes; 0 at
 * first. *ret_frame: bytes of a frame, 0 if the header is none.
 */
#define WAL_HEADER 32u
#define WAL_FRAME_HEADER 24u
size_t wal_extent(const char *log, size_t length, size_t from, size_t *ret_frame);

#endif
