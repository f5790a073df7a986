#include "sources/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "sources/wal.h"

#define READINGS_MAX 8
#define CHUNK 65536

static int64_t nanoseconds(struct statx_timestamp time)
{
	return time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
}

bool stamp_equal(const struct stamp *a, const struct stamp *b)
{
	return a->inode == b->inode && a->size == b->size && a->modified == b->modified &&
	       a->changed == b->changed;
}

/* *ret_mode is the file's type. */
static int take(int fd, const char *path, int flags, struct stamp *ret, mode_t *ret_mode)
{
	struct statx status;

	if (statx(fd, path, flags | (*path ? 0 : AT_EMPTY_PATH), STATX_BASIC_STATS | STATX_BTIME,
		  &status) < 0)
		return -errno;
	*ret = (struct stamp){.inode = status.stx_ino,
			      .size = status.stx_size,
			      .modified = nanoseconds(status.stx_mtime),
			      .changed = nanoseconds(status.stx_ctime),
			      .born = status.stx_mask & STATX_BTIME ? nanoseconds(status.stx_btime)
								    : 0};
	*ret_mode = status.stx_mode;
	return 0;
}

static int take_file(int fd, const char *path, struct stamp *ret)
{
	mode_t mode;
	int r = take(fd, path, AT_SYMLINK_NOFOLLOW, ret, &mode);

	if (r < 0)
		return r;
	if (S_ISDIR(mode))
		return -EISDIR;
	return S_ISREG(mode) ? 0 : -EMEDIUMTYPE;
}

static int take_path(const char *path, struct stamp *ret)
{
	return take_file(AT_FDCWD, path, ret);
}

int stamp_take_directory(const char *path, struct stamp *ret)
{
	mode_t mode;
	int r = take(AT_FDCWD, path, 0, ret, &mode);

	return r < 0 || S_ISDIR(mode) ? r : -ENOTDIR;
}

static char *beside(const char *path, const char *suffix)
{
	char *name = NULL;

	return asprintf(&name, "%s%s", path, suffix) < 0 ? NULL : name;
}

int snapshot_take_stamps(const char *path, bool has_log, struct snapshot *ret)
{
	char *log;
	int r = take_path(path, &ret->stamp);

	if (r < 0 || !has_log)
		return r;
	log = beside(path, "-wal");
	if (!log)
		return -ENOMEM;
	r = take_path(log, &ret->log_stamp);
	free(log);
	return r == -ENOENT ? 0 : r;
}

static int open_regular(const char *path, struct stamp *stamp)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	int r = fd < 0 ? -errno : take_file(fd, "", stamp);

	if (r < 0 && fd >= 0)
		close(fd);
	if (r < 0)
		return r == -ELOOP ? -EMEDIUMTYPE : r;
	return fd;
}

static int read_file(const char *path, size_t limit, struct stamp *stamp, struct buf *buf)
{
	int fd = open_regular(path, stamp), r = fd;

	if (fd < 0)
		return fd;
	r = stamp->size > limit ? -EFBIG : buf_read_fd(buf, fd, limit);
	close(fd);
	return r;
}

/* What is in use of it, and the header of what follows, by which it is seen to grow. */
static int read_frames(int fd, size_t limit, struct buf *ret)
{
	size_t extent = 0, frame = 0;
	char chunk[CHUNK];

	do {
		ssize_t length = read(fd, chunk, sizeof(chunk));

		if (length < 0)
			return -errno;
		if (length == 0)
			break;
		buf_put(ret, chunk, (size_t)length);
		if (ret->error < 0)
			return ret->error;
		extent = wal_extent(ret->data, ret->length, extent, &frame);
	} while (frame > 0 && ret->length - extent < frame && ret->length <= limit);
	if (ret->length > limit)
		return -EFBIG;
	if (ret->length > extent + WAL_FRAME_HEADER)
		ret->length = extent + WAL_FRAME_HEADER;
	return 0;
}

static int read_log(const char *path, size_t limit, struct snapshot *ret)
{
	char *log = beside(path, "-wal");
	int fd = log ? open_regular(log, &ret->log_stamp) : -ENOMEM, r = fd;

	if (fd >= 0) {
		r = read_frames(fd, limit, &ret->log);
		close(fd);
	}
	free(log);
	if (r == -ENOENT)
		ret->log_stamp = (struct stamp){0};
	return r == -ENOENT ? 0 : r;
}

static bool has_journal(const char *path)
{
	char *journal = beside(path, "-journal");
	struct stamp stamp;
	bool found = !journal || (take_path(journal, &stamp) == 0 && stamp.size > 0);

	free(journal);
	return found;
}

static int read_both(const char *path, size_t limit, struct snapshot *ret)
{
	int r = read_log(path, limit, ret);

	return r < 0 ? r : read_file(path, limit, &ret->stamp, &ret->bytes);
}

/* Has the file from offset on these bytes, and no more of at most WAL_HEADER? */
static bool is_still_there(int fd, size_t offset, const char *bytes, size_t length, size_t most)
{
	char now[WAL_HEADER];

	return pread(fd, now, most, (off_t)offset) == (ssize_t)length &&
	       (length == 0 || memcmp(now, bytes, length) == 0);
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Nothing was added to the log, nor was it begun anew. Whatever was copied from it into the
 * database meanwhile is in what was read of it, too.
 */
static bool is_log_same(const char *path, const struct snapshot *snapshot)
{
	const struct buf *log = &snapshot->log;
	size_t frame, extent = wal_extent(log->data, log->length, 0, &frame);
	struct stamp stamp;
	char *name = beside(path, "-wal");
	int fd = name ? open_regular(name, &stamp) : -ENOMEM;
	bool same =
	    fd >= 0 && stamp.inode == snapshot->log_stamp.inode &&
	    is_still_there(fd, 0, log->data, smaller(log->length, WAL_HEADER), WAL_HEADER) &&
	    is_still_there(fd, extent, log->data + extent, log->length - extent, WAL_FRAME_HEADER);

	free(name);
	if (fd >= 0)
		close(fd);
	return same;
}

static bool is_same_content(const struct buf *a, const struct buf *b)
{
	return a->length == b->length &&
	       (a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
}

/* Without a log the times of files are too coarse to tell: by a second reading. */
static bool is_all_same(const char *path, size_t limit, const struct snapshot *snapshot)
{
	struct snapshot again = {0};
	bool same = read_both(path, limit, &again) == 0 && again.log.length == 0 &&
		    is_same_content(&snapshot->bytes, &again.bytes);

	snapshot_clear(&again);
	return same;
}

static int read_consistently(const char *path, size_t limit, struct snapshot *ret)
{
	for (int i = 0; i < READINGS_MAX; i++) {
		int r;

		snapshot_clear(ret);
		r = read_both(path, limit, ret);
		if (r < 0)
			return r;
		if (ret->log.length > 0 ? is_log_same(path, ret) : is_all_same(path, limit, ret))
			return has_journal(path) ? -EAGAIN : 0;
	}
	return -EAGAIN;
}

int snapshot_read(const char *path, bool has_log, size_t limit, struct snapshot *ret)
{
	return has_log ? read_consistently(path, limit, ret)
		       : read_file(path, limit, &ret->stamp, &ret->bytes);
}

void snapshot_clear(struct snapshot *snapshot)
{
	buf_clear(&snapshot->bytes);
	buf_clear(&snapshot->log);
	*snapshot = (struct snapshot){0};
}
