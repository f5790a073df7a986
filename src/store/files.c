#include "store/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NAMES_TRIED 1000

/* The database first: what is left of it without its log is never taken for the whole. */
static const char *const endings[] = {"", "-wal", "-shm"};

int files_absolute(const char *path, char **ret)
{
	char *found = realpath(path, NULL), *copy = NULL, *folder = NULL, *result = NULL;
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	int error = 0;

	if (found) {
		*ret = found;
		return 0;
	}
	if (errno != ENOENT)
		return -errno;
	copy = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	if (!copy || *name == '\0') {
		error = copy ? -EISDIR : -ENOMEM;
		goto out;
	}
	folder = realpath(copy, NULL);
	if (!folder)
		error = -errno;
	else if (asprintf(&result, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, name) < 0)
		error = -ENOMEM;
	else
		*ret = result;
out:
	free(copy);
	free(folder);
	return error;
}

static bool join(char name[static PATH_MAX], const char *path, const char *ending)
{
	int length = snprintf(name, PATH_MAX, "%s%s", path, ending);

	return length > 0 && length < PATH_MAX;
}

static bool look(const char *path, const char *ending, struct stat *ret)
{
	char name[PATH_MAX];

	return join(name, path, ending) && stat(name, ret) == 0;
}

struct file_id files_identify(const char *path, const char *ending)
{
	struct stat there;

	if (!look(path, ending, &there))
		return (struct file_id){0};
	return (struct file_id){.device = there.st_dev, .inode = there.st_ino};
}

bool files_same(struct file_id a, struct file_id b)
{
	return a.device == b.device && a.inode == b.inode;
}

/* SQLite gives -wal and -shm the mode of the database, so this decides all three. */
int files_make(const char *path, bool create_only, bool *ret_made)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILES_MODE);
	int error = 0;

	if (fd < 0) {
		if (errno != EEXIST || create_only)
			return -errno;
		return faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) < 0 ? -errno : 0;
	}
	if (fchmod(fd, FILES_MODE) < 0)
		error = -errno;
	close(fd);
	*ret_made = true;
	return error;
}

int files_rename(const char *path, const char *name)
{
	if (renameat2(AT_FDCWD, path, AT_FDCWD, name, RENAME_NOREPLACE) == 0)
		return 0;
	/* Not every file system can (renameat2(2)). */
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	return link(path, name) < 0 || unlink(path) < 0 ? -errno : 0;
}

static void remove_from(const char *path, size_t first)
{
	char name[PATH_MAX];

	for (size_t i = first; i < COUNT(endings); i++) {
		if (join(name, path, endings[i]))
			unlink(name);
	}
}

void files_remove(const char *path)
{
	remove_from(path, 0);
}

void files_remove_log(const char *path)
{
	remove_from(path, 1);
}

int64_t files_written(const char *path)
{
	int64_t latest = 0;

	for (size_t i = 0; i < 2; i++) {
		struct stat there;
		int64_t when;

		if (!look(path, endings[i], &there))
			continue;
		when = there.st_mtim.tv_sec * MSEC_PER_SEC + there.st_mtim.tv_nsec / NSEC_PER_MSEC;
		latest = when > latest ? when : latest;
	}
	return latest;
}

int64_t files_touched(const char *path)
{
	struct stat there;

	return look(path, "", &there) ? there.st_mtim.tv_sec * NSEC_PER_SEC + there.st_mtim.tv_nsec
				      : 0;
}

int64_t files_log_bytes(const char *path)
{
	struct stat there;

	return look(path, "-wal", &there) ? there.st_size : 0;
}

static bool is_taken(const char *name)
{
	for (size_t i = 0; i < COUNT(endings); i++) {
		struct stat there;

		if (look(name, endings[i], &there))
			return true;
	}
	return false;
}

/* The lock keeps other writers out, so that nobody takes the name between look and rename. */
static int free_name(const char *path, int64_t now_ms, char **ret)
{
	time_t now = (time_t)(now_ms / MSEC_PER_SEC);
	char stamp[32] = "";
	struct tm utc;

	if (gmtime_r(&now, &utc))
		strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
	for (unsigned i = 1; i <= NAMES_TRIED; i++) {
		char number[16] = "", *name = NULL;

		if (i > 1)
			snprintf(number, sizeof(number), ".%u", i);
		if (asprintf(&name, "%s.corrupt-%s%s", path, stamp, number) < 0)
			return -ENOMEM;
		if (!is_taken(name)) {
			*ret = name;
			return 0;
		}
		free(name);
	}
	return -EEXIST;
}

static int move(const char *from, const char *to, const char *ending)
{
	char source[PATH_MAX], destination[PATH_MAX];

	if (!join(source, from, ending) || !join(destination, to, ending))
		return -ENAMETOOLONG;
	return rename(source, destination) < 0 ? -errno : 0;
}

int files_set_aside(const char *path, int64_t now_ms, char **ret_name)
{
	char *aside = NULL;
	int error = free_name(path, now_ms, &aside);
	size_t moved = 0;

	while (!error && moved < COUNT(endings)) {
		error = move(path, aside, endings[moved]);
		if (error == -ENOENT && moved > 0)
			error = 0;
		if (!error)
			moved++;
	}
	if (!error) {
		*ret_name = aside;
		return 0;
	}
	/* A log that stays behind alone is of no database, and would go. */
	while (moved > 0)
		move(aside, path, endings[--moved]);
	free(aside);
	return error;
}

static bool has_room(const char *path, int64_t bytes)
{
	struct statvfs room;

	return statvfs(path, &room) == 0 &&
	       (uint64_t)room.f_bavail * room.f_frsize >= 2 * (uint64_t)bytes;
}

bool files_keep_reserve(const char *path, int64_t bytes)
{
	struct stat there;
	char name[PATH_MAX];
	int fd;
	bool made;

	if (look(path, ".reserve", &there) && there.st_size >= bytes)
		return true;
	if (!has_room(path, bytes) || !join(name, path, ".reserve"))
		return false;
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILES_MODE);
	if (fd < 0)
		return false;
	made = fchmod(fd, FILES_MODE) == 0 && posix_fallocate(fd, 0, bytes) == 0;
	close(fd);
	if (!made)
		unlink(name);
	return made;
}

void files_use_reserve(const char *path)
{
	char name[PATH_MAX];

	if (join(name, path, ".reserve"))
		unlink(name);
}
