/*
 * Directories watched with inotify(7), also before they exist and after they were replaced. One
 * thread.
 *
 * While a directory is missing, the nearest one above it that exists is watched in its stead.
 */
#ifndef NETPOL_SOURCES_WATCH_H
#define NETPOL_SOURCES_WATCH_H

#include <stdbool.h>
#include <stddef.h>

struct watch;

enum watch_flags {
	WATCH_INNER = 1, /* found by listing the one it lies in, which is watched, too */
	WATCH_NESTS = 2, /* directories that are made in it are told */
	WATCH_OPEN = 4,  /* files are told as written also while they stay open */
};

/* Called from within watch_read(), watch_attach() and watch_attach_one(); they add and remove no
 * directories. directory: its number. */
struct watch_events {
	void (*written)(void *context, size_t directory,
			const char *name);                               /* closed, or moved in */
	void (*gone)(void *context, size_t directory, const char *name); /* deleted, or moved out */
	void (*nested)(void *context, size_t directory);   /* a directory in it came or went */
	void (*attached)(void *context, size_t directory); /* watched from now on: scan it */
	void (*detached)(void *context, size_t directory); /* removed or replaced: scan it, too */
	void (*failed)(void *context, size_t directory,
		       int error);       /* cannot be watched, -errno; once */
	void (*overflow)(void *context); /* events were lost: scan all */
	void *context;
};

/* Without an instance of inotify nothing is attached until watch_attach() gets one. -ENOMEM. */
int watch_open(const struct watch_events *events, struct watch **ret);
struct watch *watch_close(struct watch *watch); /* NULL is allowed; returns NULL */
/* -1 without an instance of inotify; it never changes afterwards. */
int watch_fd(const struct watch *watch);
/*
 * path: absolute; copied. flags: enum watch_flags. Nothing is watched before it is attached.
 * Numbers count from 0, and those of removed directories come again. All that are not inner come
 * first. -ENOMEM.
 */
int watch_add(struct watch *watch, const char *path, unsigned flags, size_t *ret);
/* Of an inner one. */
void watch_remove(struct watch *watch, size_t directory);
/* Takes all that is there, without blocking. 0, or what read(2) says. */
int watch_read(struct watch *watch);
/* Makes the watches of all that are not inner what they should be: at the start, and now and
 * then. 0, or what
 * inotify_init1(2) says. */
int watch_attach(struct watch *watch);
void watch_attach_one(struct watch *watch, size_t directory);
/* Gives its watch to others, silently. */
void watch_detach(struct watch *watch, size_t directory);
/* Why it is not watched, -errno; 0: it is, or is not there. */
int watch_error(const struct watch *watch, size_t directory);
bool watch_is_attached(const struct watch *watch, size_t directory);

#endif
