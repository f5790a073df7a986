/* A file as it is at one moment, however it is written: read with bounds, never through a symbolic
 * link, never blocking. */
#ifndef NETPOL_SOURCES_SNAPSHOT_H
#define NETPOL_SOURCES_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* What tells one content from another without reading it; of no file, all zero. */
struct stamp {
	uint64_t inode;
	uint64_t size;
	int64_t modified; /* ns since the epoch, as all of these */
	int64_t changed;
	int64_t born; /* 0: unknown */
};

struct snapshot {
	struct stamp stamp;
	struct stamp log_stamp; /* of PATH-wal */
	struct buf bytes;
	struct buf log;
};

bool stamp_equal(const struct stamp *a, const struct stamp *b);
/* Of the directory itself. -ENOTDIR for what is none, else -errno. */
int stamp_take_directory(const char *path, struct stamp *ret);
/*
 * The stamps alone, of regular files: -EISDIR, -EMEDIUMTYPE for what is none, with the stamp
 * filled, else -errno. A log that is not there is none.
 */
int snapshot_take_stamps(const char *path, bool has_log, struct snapshot *ret);
/*
 * Stamps and content, of a log what is in use. With a log both files are read until it has not
 * changed meanwhile, so that they belong to one moment: -EAGAIN if they keep changing, or a
 * rollback journal is there, PATH-journal. -EFBIG beyond limit, otherwise as
 * snapshot_take_stamps(). Start from {0}; clear it whatever is returned.
 */
int snapshot_read(const char *path, bool has_log, size_t limit, struct snapshot *ret);
void snapshot_clear(struct snapshot *snapshot);

#endif
