#include "sources/watch.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLOSED (IN_CLOSE_WRITE | IN_MOVED_TO)
#define WRITTEN (CLOSED | IN_MODIFY)
#define GONE (IN_DELETE | IN_MOVED_FROM)
#define SELF_GONE (IN_DELETE_SELF | IN_MOVE_SELF)
#define LOST (SELF_GONE | IN_IGNORED | IN_UNMOUNT)
#define BUFFER_SIZE 16384
#define READS_MAX 256 /* more than the kernel's queue holds by default */
#define NONE (-1)
#define BUCKETS 1024u

struct spot {
	char *path; /* NULL: not in use */
	unsigned flags;
	size_t next; /* with a watch in the same bucket, or unused; one more than its index */
	int watch;   /* of the directory itself */
	int above;   /* of the one above that exists, while it does not */
	size_t above_length; /* of its path */
	dev_t device;
	ino_t inode;
	int failed; /* the last error told */
};

struct watch {
	struct watch_events events;
	struct spot *spots;
	size_t count;
	size_t capacity;
	size_t outer; /* the spots before this are not inner */
	size_t unused;
	size_t watched[BUCKETS]; /* by watch; one more than the index of a spot */
	int fd;
};

int watch_open(const struct watch_events *events, struct watch **ret)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return -ENOMEM;
	watch->events = *events;
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	*ret = watch;
	return 0;
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

int watch_error(const struct watch *watch, size_t directory)
{
	return watch->spots[directory].failed;
}

bool watch_is_attached(const struct watch *watch, size_t directory)
{
	return directory < watch->count && watch->spots[directory].watch != NONE;
}

static size_t bucket(int number)
{
	return (unsigned)number % BUCKETS;
}

static void set_watch(struct watch *watch, size_t index, int number)
{
	struct spot *spot = &watch->spots[index];

	spot->watch = number;
	spot->next = watch->watched[bucket(number)];
	watch->watched[bucket(number)] = index + 1;
}

/* Returns the watch that was set. */
static int unset_watch(struct watch *watch, size_t index)
{
	struct spot *spot = &watch->spots[index];
	int number = spot->watch;
	size_t *link = &watch->watched[bucket(number)];

	if (number == NONE)
		return NONE;
	while (*link != index + 1)
		link = &watch->spots[*link - 1].next;
	*link = spot->next;
	spot->watch = NONE;
	return number;
}

/* One inode has one watch, whoever asks for it. */
static void drop(struct watch *watch, int number)
{
	if (number == NONE)
		return;
	for (size_t at = watch->watched[bucket(number)]; at; at = watch->spots[at - 1].next)
		if (watch->spots[at - 1].watch == number)
			return;
	for (size_t i = 0; i < watch->outer; i++)
		if (watch->spots[i].above == number)
			return;
	inotify_rm_watch(watch->fd, number);
}

static int make_room(struct watch *watch)
{
	size_t capacity = watch->capacity ? watch->capacity * 2 : 16;
	struct spot *spots;

	if (watch->count < watch->capacity)
		return 0;
	spots = reallocarray(watch->spots, capacity, sizeof(*spots));
	if (!spots)
		return -ENOMEM;
	watch->spots = spots;
	watch->capacity = capacity;
	return 0;
}

int watch_add(struct watch *watch, const char *path, unsigned flags, size_t *ret)
{
	char *copy = strdup(path);
	size_t index = watch->unused ? watch->unused - 1 : watch->count;

	if (!copy || (!watch->unused && make_room(watch) < 0)) {
		free(copy);
		return -ENOMEM;
	}
	if (watch->unused)
		watch->unused = watch->spots[index].next;
	else
		watch->count++;
	watch->spots[index] =
	    (struct spot){.path = copy, .flags = flags, .watch = NONE, .above = NONE};
	if (!(flags & WATCH_INNER))
		watch->outer = watch->count;
	*ret = index;
	return 0;
}

void watch_remove(struct watch *watch, size_t directory)
{
	struct spot *spot = &watch->spots[directory];

	drop(watch, unset_watch(watch, directory));
	free(spot->path);
	*spot = (struct spot){.watch = NONE, .above = NONE, .next = watch->unused};
	watch->unused = directory + 1;
}

static void set_above(struct watch *watch, struct spot *spot, int number)
{
	int old = spot->above;

	spot->above = number;
	if (old != number)
		drop(watch, old);
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

/* An inner directory is what its path names, no link to another. */
static int take_status(const struct spot *spot, struct stat *ret)
{
	if ((spot->flags & WATCH_INNER ? lstat(spot->path, ret) : stat(spot->path, ret)) < 0)
		return -errno;
	return S_ISDIR(ret->st_mode) ? 0 : -ENOTDIR;
}

/* 0, or -errno. */
static int attach_self(struct watch *watch, size_t index)
{
	struct spot *spot = &watch->spots[index];
	uint32_t mask = CLOSED | GONE | SELF_GONE | IN_ONLYDIR | IN_MASK_ADD;
	struct stat status;
	/* Before it is watched: if it is replaced in between, the next comparison shows it. */
	int r = take_status(spot, &status), number;

	if (r < 0)
		return r;
	if (spot->flags & WATCH_INNER)
		mask |= IN_DONT_FOLLOW;
	if (spot->flags & WATCH_NESTS)
		mask |= IN_CREATE;
	if (spot->flags & WATCH_OPEN)
		mask |= IN_MODIFY;
	number = inotify_add_watch(watch->fd, spot->path, mask);
	if (number < 0)
		return -errno;
	set_watch(watch, index, number);
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
static int attach_above(struct watch *watch, struct spot *spot)
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
	spot->above_length = strlen(path);
	free(path);
	return number;
}

static void attach(struct watch *watch, size_t index)
{
	struct spot *spot = &watch->spots[index];
	int r = attach_self(watch, index);

	/* What came into being before the watch above it was set made no event: look until nothing
	 * changes. */
	while (r == -ENOENT && !(spot->flags & WATCH_INNER)) {
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
	drop(watch, unset_watch(watch, index));
	watch->events.detached(watch->events.context, index);
}

static bool is_replaced(const struct spot *spot)
{
	struct stat status;

	return take_status(spot, &status) < 0 || status.st_dev != spot->device ||
	       status.st_ino != spot->inode;
}

void watch_detach(struct watch *watch, size_t directory)
{
	drop(watch, unset_watch(watch, directory));
}

void watch_attach_one(struct watch *watch, size_t directory)
{
	if (watch->fd < 0)
		return;
	if (watch->spots[directory].watch != NONE && is_replaced(&watch->spots[directory]))
		detach(watch, directory);
	if (watch->spots[directory].watch == NONE)
		attach(watch, directory);
}

int watch_attach(struct watch *watch)
{
	if (watch->fd < 0)
		watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->fd < 0)
		return -errno;
	for (size_t i = 0; i < watch->outer; i++)
		watch_attach_one(watch, i);
	return 0;
}

/* Is the entry the next on the way to the directory? */
static bool leads_on(const struct spot *spot, const char *name)
{
	const char *rest = spot->path + spot->above_length;
	size_t length;

	rest += strspn(rest, "/");
	length = strcspn(rest, "/");
	return strlen(name) == length && strncmp(rest, name, length) == 0;
}

static void take_above(struct watch *watch, size_t index, const struct inotify_event *event)
{
	if (event->len > 0 && !leads_on(&watch->spots[index], event->name))
		return;
	if (event->mask & LOST)
		set_above(watch, &watch->spots[index], NONE);
	attach(watch, index);
}

static void take_lost(struct watch *watch, size_t index)
{
	detach(watch, index);
	if (!(watch->spots[index].flags & WATCH_INNER))
		attach(watch, index);
}

static void take_own(struct watch *watch, size_t index, const struct inotify_event *event)
{
	const struct watch_events *events = &watch->events;

	if (event->mask & LOST)
		take_lost(watch, index);
	else if (event->len == 0)
		return;
	else if (event->mask & IN_ISDIR)
		events->nested(events->context, index);
	else if (event->mask & WRITTEN)
		events->written(events->context, index, event->name);
	else if (event->mask & GONE)
		events->gone(events->context, index, event->name);
}

static void take(struct watch *watch, const struct inotify_event *event)
{
	size_t at, next;

	if (event->mask & IN_Q_OVERFLOW)
		watch->events.overflow(watch->events.context);
	if (event->wd < 0)
		return;
	for (at = watch->watched[bucket(event->wd)]; at; at = next) {
		next = watch->spots[at - 1].next;
		if (watch->spots[at - 1].watch == event->wd)
			take_own(watch, at - 1, event);
	}
	for (size_t i = 0; i < watch->outer; i++)
		if (watch->spots[i].above == event->wd)
			take_above(watch, i, event);
}

int watch_read(struct watch *watch)
{
	char buffer[BUFFER_SIZE] __attribute__((aligned(__alignof__(struct inotify_event))));

	for (int reads = 0; watch->fd >= 0 && reads < READS_MAX; reads++) {
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
