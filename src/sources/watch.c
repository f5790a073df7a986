#include "sources/watch.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITTEN (IN_CLOSE_WRITE | IN_MOVED_TO)
#define GONE (IN_DELETE | IN_MOVED_FROM)
#define SELF_GONE (IN_DELETE_SELF | IN_MOVE_SELF)
#define LOST (SELF_GONE | IN_IGNORED | IN_UNMOUNT)
#define BUFFER_SIZE 16384
#define READS_MAX 256 /* more than the kernel's queue holds by default */
#define NONE (-1)

struct spot {
	char *path;
	int watch; /* of the directory itself */
	int above; /* of the one above that exists, while it does not */
	dev_t device;
	ino_t inode;
	int failed; /* the last error told */
};

struct watch {
	struct watch_events events;
	struct spot *spots;
	size_t count;
	int fd;
};

int watch_open(const char *const *paths, size_t count, const struct watch_events *events,
	       struct watch **ret)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	int r = -ENOMEM;

	if (!watch)
		return -ENOMEM;
	watch->events = *events;
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->fd < 0) {
		r = -errno;
		goto out;
	}
	watch->spots = calloc(count + 1, sizeof(*watch->spots));
	if (!watch->spots)
		goto out;
	for (; watch->count < count; watch->count++) {
		struct spot *spot = &watch->spots[watch->count];

		*spot = (struct spot){.watch = NONE, .above = NONE};
		spot->path = strdup(paths[watch->count]);
		if (!spot->path)
			goto out;
	}
	*ret = watch;
	watch = NULL;
	r = 0;
out:
	watch_close(watch);
	return r;
}

struct watch *watch_close(struct watch *watch)
{
	if (!watch)
		return NULL;
	for (size_t i = 0; i < watch->count; i++)
		free(watch->spots[i].path);
	free(watch->spots);
	if (watch->fd >= 0)
		close(watch->fd);
	free(watch);
	return NULL;
}

int watch_fd(const struct watch *watch)
{
	return watch->fd;
}

bool watch_is_attached(const struct watch *watch, size_t directory)
{
	return directory < watch->count && watch->spots[directory].watch != NONE;
}

/* One inode has one watch, whoever asks for it. */
static void drop(struct watch *watch, int *dropped)
{
	int number = *dropped;

	*dropped = NONE;
	if (number == NONE)
		return;
	for (size_t i = 0; i < watch->count; i++)
		if (watch->spots[i].watch == number || watch->spots[i].above == number)
			return;
	inotify_rm_watch(watch->fd, number);
}

static void set_above(struct watch *watch, struct spot *spot, int number)
{
	int old = spot->above;

	if (old == number)
		return;
	spot->above = number;
	drop(watch, &old);
}

static void tell_failure(struct watch *watch, size_t index, int error)
{
	struct spot *spot = &watch->spots[index];

	if (spot->failed == error)
		return;
	spot->failed = error;
	if (error < 0)
		watch->events.failed(watch->events.context, index, error);
}

/* 0, or -errno. */
static int attach_self(struct watch *watch, size_t index)
{
	struct spot *spot = &watch->spots[index];
	struct stat status;

	/* Before it is watched: if it is replaced in between, the next comparison shows it. */
	if (stat(spot->path, &status) < 0)
		return -errno;
	spot->watch = inotify_add_watch(watch->fd, spot->path,
					WRITTEN | GONE | SELF_GONE | IN_ONLYDIR | IN_MASK_ADD);
	if (spot->watch < 0)
		return -errno;
	spot->device = status.st_dev;
	spot->inode = status.st_ino;
	set_above(watch, spot, NONE);
	watch->events.attached(watch->events.context, index);
	return 0;
}

/* Cuts the last component off; false if there is none. */
static bool cut(char *path)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	if (length <= 1)
		return false;
	while (length > 1 && path[length - 1] != '/')
		length--;
	while (length > 1 && path[length - 1] == '/')
		length--;
	path[length] = '\0';
	return true;
}

/* Watches the nearest directory above; its watch, or -errno. */
static int attach_above(struct watch *watch, const struct spot *spot)
{
	char *path = strdup(spot->path);
	int number = -ENOENT;

	if (!path)
		return -ENOMEM;
	while (number == -ENOENT && cut(path)) {
		number = inotify_add_watch(watch->fd, path,
					   IN_CREATE | IN_MOVED_TO | SELF_GONE | IN_ONLYDIR |
					       IN_MASK_ADD);
		if (number < 0)
			number = -errno;
	}
	free(path);
	return number;
}

static void attach(struct watch *watch, size_t index)
{
	struct spot *spot = &watch->spots[index];
	int r = attach_self(watch, index);

	/* What came into being before the watch above it was set made no event: look until nothing
	 * changes. */
	while (r == -ENOENT) {
		int above = attach_above(watch, spot), old = spot->above;

		if (above < 0) {
			r = above;
			break;
		}
		set_above(watch, spot, above);
		r = attach_self(watch, index);
		if (above == old)
			break;
	}
	tell_failure(watch, index, r == -ENOENT ? 0 : r);
}

static void detach(struct watch *watch, size_t index)
{
	drop(watch, &watch->spots[index].watch);
	watch->events.detached(watch->events.context, index);
}

static bool is_replaced(const struct spot *spot)
{
	struct stat status;

	return stat(spot->path, &status) < 0 || status.st_dev != spot->device ||
	       status.st_ino != spot->inode;
}

void watch_attach(struct watch *watch)
{
	for (size_t i = 0; i < watch->count; i++) {
		if (watch->spots[i].watch != NONE && is_replaced(&watch->spots[i]))
			detach(watch, i);
		if (watch->spots[i].watch == NONE)
			attach(watch, i);
	}
}

static void take_above(struct watch *watch, size_t index, const struct inotify_event *event)
{
	if (event->mask & LOST)
		drop(watch, &watch->spots[index].above);
	attach(watch, index);
}

static void take_own(struct watch *watch, size_t index, const struct inotify_event *event)
{
	const struct watch_events *events = &watch->events;

	if (event->mask & LOST) {
		detach(watch, index);
		attach(watch, index);
	} else if (event->len > 0 && !(event->mask & IN_ISDIR)) {
		if (event->mask & WRITTEN)
			events->written(events->context, index, event->name);
		else if (event->mask & GONE)
			events->gone(events->context, index, event->name);
	}
}

static void take(struct watch *watch, const struct inotify_event *event)
{
	if (event->mask & IN_Q_OVERFLOW)
		watch->events.overflow(watch->events.context);
	for (size_t i = 0; i < watch->count && event->wd >= 0; i++) {
		if (watch->spots[i].watch == event->wd)
			take_own(watch, i, event);
		else if (watch->spots[i].above == event->wd)
			take_above(watch, i, event);
	}
}

int watch_read(struct watch *watch)
{
	char buffer[BUFFER_SIZE] __attribute__((aligned(__alignof__(struct inotify_event))));

	for (int reads = 0; reads < READS_MAX; reads++) {
		ssize_t length = read(watch->fd, buffer, sizeof(buffer));

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return errno == EAGAIN ? 0 : -errno;
		for (ssize_t at = 0; at < length;) {
			const struct inotify_event *event =
			    (const struct inotify_event *)(const void *)(buffer + at);

			take(watch, event);
			at += (ssize_t)(sizeof(*event) + event->len);
		}
	}
	return 0;
}
