/*
 * The lives of the files that node state consists of, and the claims that come of them.
 *
 * 1. A file is met by an event or by a scan, and read at once.
 * 2. Decoded, what it tells is claimed, unless it is from before the boot: the clock may have been
 *    set since, so what names a network namespace that is there is not. Where that is gone, its
 *    sandbox is claimed as orphaned.
 * 3. Undecodable, it is bad: retried at every event and scan, and a problem when it stays so. What
 *    was claimed stays claimed.
 * 4. Rewritten, it is read again; what it no longer tells is withdrawn.
 * 5. When it goes, all of it is withdrawn.
 *
 * One thread. Time comes in as a parameter (ns since the epoch, CLOCK_REALTIME).
 */
#ifndef NETPOL_SOURCES_STATE_FILES_H
#define NETPOL_SOURCES_STATE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "identity/claim.h"
#include "sources/finding.h"

struct state_file;
struct state_files;

struct state_files_options {
	bool check_netns;
	int64_t boot_time; /* ns */
	size_t files_max;  /* that tell anything, and four times as many in all */
	int64_t settle;    /* ns that a file may be undecodable before it is a problem */
};

/* A directory's files of one format; the caller's, who keeps it where it is. */
struct folder {
	char *path; /* absolute */
	const struct format *format;
	bool missable;            /* one that went before it was read is no loss */
	struct state_file *files; /* NULL at first */
};

/* What was missed since the last state_files_settle(). */
struct state_losses {
	bool vanished; /* a file went before it was read */
	bool crowded;  /* a file was not read, for there are files_max */
	int error;     /* -ENOMEM: some claims were not told; a rescan tells them */
};

/* events are copied. NULL: no memory. */
struct state_files *state_files_new(const struct state_files_options *options,
				    const struct claim_events *events);
/* Tells nothing. The folders' files are forgotten first. NULL is allowed; returns NULL. */
struct state_files *state_files_free(struct state_files *files);
/* From now on it is this late. */
void state_files_set_time(struct state_files *files, int64_t now);
/*
 * Looks at the file. written: an event says that the content is new, whatever its times are.
 * -ENOENT if there is none, which alone removes nothing; else 0.
 */
int state_files_meet(struct state_files *files, struct folder *folder, const char *name,
		     bool written);
void state_files_remove(struct state_files *files, struct folder *folder, const char *name);
/* Looks at all that are known in the folder. */
void state_files_refresh(struct state_files *files, struct folder *folder);
/* Tells all that was told of the folder's files once more, as it is. */
void state_files_retell(struct state_files *files, const struct folder *folder);
/* Between these two all files of the folder are met; the others are removed. */
void state_files_begin(struct state_files *files);
void state_files_sweep(struct state_files *files, struct folder *folder);
/* Removes all, telling so, or silently. */
void state_files_clear(struct state_files *files, struct folder *folder);
void state_files_forget(struct state_files *files, struct folder *folder);
/* Looks again at the bad ones that are no problem yet. */
void state_files_retry(struct state_files *files);
struct state_losses state_files_settle(struct state_files *files);

#endif
