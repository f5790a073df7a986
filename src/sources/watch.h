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

/* Called from within watch_read() and watch_attach(). directory: index into the paths. */
struct watch_events {
	void (*written)(void *context, size_t directory,
			const char *name);                               /* closed, or moved in */
	void (*gone)(void *context, size_t directory, const char *name); /* deleted, or moved out */
	void (*attached)(void *context, size_t directory); /* watched from now on: scan it */
	void (*detached)(void *context, size_t directory); /* removed or replaced: scan it, too */
	void (*failed)(void *context, size_t directory,
		       int error);       /* cannot be watched, -errno; once */
	void (*overflow)(void *context); /* events were lost: scan all */
	void *context;
};

/* paths: absolute; copied. Nothing is watched before watch_attach(). -ENOMEM, or what
 * inotify_init1(2) says. */
int watch_open(const char *const *paths, size_t count, const struct watch_events *events,
	       struct watch **ret);
struct watch *watch_close(struct watch *watch); /* NULL is allowed; returns NULL */
int watch_fd(const struct watch *watch);
/* Takes all that is there, without blocking. 0, or what read(2) says. */
int watch_read(struct watch *watch);
/* Makes the watches what they should be: at the start, and now and then. */
void watch_attach(struct watch *watch);
bool watch_is_attached(const struct watch *watch, size_t directory);

#endif
