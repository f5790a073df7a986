/*
 * The pods of this node as libcni's result cache on disk shows them, watched with inotify(7).
 *
 * One thread, no locks. Time comes in as a parameter (ns since the epoch, CLOCK_REALTIME: files
 * have such times).
 */
#ifndef NETPOL_SOURCES_CNI_CACHE_H
#define NETPOL_SOURCES_CNI_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "identity/pod.h"

#define CNI_CACHE_SOURCE "cni-result" /* pod.source of all it tells */

/* Files beyond this number are a problem each, and not read. */
#define CNI_CACHE_FILES_MAX 16384
/* An undecodable file may be half-written for this long before it is a problem. */
#define CNI_CACHE_SETTLE_NS (2 * INT64_C(1000000000))

struct cni_cache;

struct cni_cache_options {
	const char *const *directories; /* absolute; they need not exist yet; copied */
	size_t directory_count;
	bool check_netns;  /* a file whose network namespace's path is gone stands for no pod */
	int64_t boot_time; /* nor does a file that was last written before this; ns */
};

/* Called from within cni_cache_read() and cni_cache_rescan(); what they are given is valid during
 * the call. */
struct cni_cache_events {
	/*
	 * A pod appeared, changed, or went: all addresses that are now its own, open, and those
	 * that have just ended. Meant for registry_put(), which remembers the ones that ended
	 * earlier. May be told again without a change.
	 */
	void (*pod)(void *context, const struct pod *pod);
	/* A file or directory that cannot be used; once for each state of its content. */
	void (*problem)(void *context, const char *path, const char *reason);
	/* Pods may have come and gone unseen since the moment; reason is static text. */
	void (*loss)(void *context, int64_t from, const char *reason);
	void *context;
};

/*
 * Begins to watch. The first cni_cache_rescan() tells what is there already. -ENOMEM, or what
 * inotify_init1(2) says; a directory that cannot be watched is a problem told by the first rescan,
 * and left to the rescans.
 */
int cni_cache_open(const struct cni_cache_options *options, const struct cni_cache_events *events,
		   struct cni_cache **ret);
struct cni_cache *cni_cache_close(struct cni_cache *cache); /* NULL is allowed; returns NULL */
/* Poll it for reading. */
int cni_cache_fd(const struct cni_cache *cache);
/* Takes what inotify has to say, without blocking. 0, -ENOMEM (a rescan is due), or what read(2)
 * says. */
int cni_cache_read(struct cni_cache *cache, int64_t now);
/*
 * The same, then compares all directories with what is known: for the start and for a slow timer,
 * that finds what no event tells (unreadable files that became readable, network namespaces that
 * went, files that stayed half-written).
 */
int cni_cache_rescan(struct cni_cache *cache, int64_t now);
/* How many of the directories exist and are watched. */
size_t cni_cache_watched(const struct cni_cache *cache);

#endif
