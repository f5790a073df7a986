#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_MODE 0640

static pid_t read_owner(int fd)
{
	char text[24] = "";
	ssize_t length = pread(fd, text, sizeof(text) - 1, 0);
	long owner = length > 0 ? strtol(text, NULL, 10) : 0;

	return owner > 0 ? (pid_t)owner : 0;
}

static int write_owner(int fd)
{
	if (fchmod(fd, LOCK_MODE) < 0 || ftruncate(fd, 0) < 0)
		return -errno;
	/* On a full disk the lock holds without a name. */
	if (dprintf(fd, "%ld\n", (long)getpid()) < 0 && errno != ENOSPC && errno != EDQUOT)
		return -errno;
	return 0;
}

/* The holder removes the file when it lets go: a lock on a removed file guards nothing. */
static bool is_still_there(int fd, const char *path)
{
	struct stat ours, there;

	return fstat(fd, &ours) == 0 && lstat(path, &there) == 0 && ours.st_dev == there.st_dev &&
	       ours.st_ino == there.st_ino;
}

static int take_once(const char *path, int *ret_fd, pid_t *ret_owner)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, LOCK_MODE);
	int error = 0;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		error = errno == EWOULDBLOCK ? -EBUSY : -errno;
		if (error == -EBUSY)
			*ret_owner = read_owner(fd);
	} else if (!is_still_there(fd, path)) {
		error = -EAGAIN;
	} else {
		error = write_owner(fd);
	}
	if (error) {
		close(fd);
		return error;
	}
	*ret_fd = fd;
	return 0;
}

int lock_take(struct lock *lock, const char *path, pid_t *ret_owner)
{
	char *name = NULL;
	int error, fd = -1;

	if (asprintf(&name, "%s.lock", path) < 0)
		return -ENOMEM;
	do {
		error = take_once(name, &fd, ret_owner);
	} while (error == -EAGAIN);
	if (error) {
		free(name);
		return error;
	}
	lock->fd = fd;
	lock->path = name;
	return 0;
}

int lock_keep(struct lock *lock, const char *path, pid_t *ret_owner)
{
	struct lock again = {.fd = -1};
	int error;

	if (lock->fd >= 0 && is_still_there(lock->fd, lock->path))
		return 0;
	error = lock_take(&again, path, ret_owner);
	if (error)
		return error;
	lock_release(lock);
	*lock = again;
	return 0;
}

void lock_release(struct lock *lock)
{
	if (lock->fd < 0)
		return;
	if (is_still_there(lock->fd, lock->path))
		unlink(lock->path);
	close(lock->fd);
	free(lock->path);
	lock->fd = -1;
	lock->path = NULL;
}
