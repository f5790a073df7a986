#include "sources/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#define READINGS_MAX 8

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

int stamp_take(const char *path, struct stamp *ret)
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
	int r = stamp_take(path, &ret->stamp);

	if (r < 0 || !has_log)
		return r;
	log = beside(path, "-wal");
	if (!log)
		return -ENOMEM;
	r = stamp_take(log, &ret->log_stamp);
	free(log);
	return r == -ENOENT ? 0 : r;
}

static int read_file(const char *path, size_t limit, struct stamp *stamp, struct buf *buf)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	int r = fd < 0 ? -errno : take_file(fd, "", stamp);

	if (r == 0)
		r = stamp->size > limit ? -EFBIG : buf_read_fd(buf, fd, limit);
	if (fd >= 0)
		close(fd);
	return r == -ELOOP ? -EMEDIUMTYPE : r;
}

static int read_log(const char *path, size_t limit, struct snapshot *ret)
{
	char *log = beside(path, "-wal");
	int r = log ? read_file(log, limit, &ret->log_stamp, &ret->log) : -ENOMEM;

	free(log);
	if (r == -ENOENT)
		ret->log_stamp = (struct stamp){0};
	return r == -ENOENT ? 0 : r;
}

static bool has_journal(const char *path)
{
	char *journal = beside(path, "-journal");
	struct stamp stamp;
	bool found = !journal || (stamp_take(journal, &stamp) == 0 && stamp.size > 0);

	free(journal);
	return found;
}

static int read_both(const char *path, size_t limit, struct snapshot *ret)
{
	int r = read_log(path, limit, ret);

	return r < 0 ? r : read_file(path, limit, &ret->stamp, &ret->bytes);
}

static bool is_same_content(const struct buf *a, const struct buf *b)
{
	return a->length == b->length &&
	       (a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
}

static int read_consistently(const char *path, size_t limit, struct snapshot *ret)
{
	int r = read_both(path, limit, ret);

	for (int i = 0; r == 0 && i < READINGS_MAX; i++) {
		struct snapshot before = *ret;
		bool same;

		*ret = (struct snapshot){0};
		r = read_both(path, limit, ret);
		same = r == 0 && is_same_content(&before.log, &ret->log) &&
		       is_same_content(&before.bytes, &ret->bytes);
		snapshot_clear(&before);
		if (same)
			return has_journal(path) ? -EAGAIN : 0;
	}
	return r == 0 ? -EAGAIN : r;
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
