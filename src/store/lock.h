/*
 * One writer per database: an exclusive flock(2) on PATH.lock, which holds the owner's pid as text.
 *
 * The kernel drops the lock with the process, however it ends; the file may stay behind and means
 * nothing by itself.
 */
#ifndef NETPOL_STORE_LOCK_H
#define NETPOL_STORE_LOCK_H

#include <sys/types.h>

/* Start from {.fd = -1}; release with lock_release(). */
struct lock {
	int fd;
	char *path;
};

/* Takes the lock beside path. -EBUSY: held; *ret_owner is then the holder's pid, 0 if it can't be
 * told. Else -errno. */
int lock_take(struct lock *lock, const char *path, pid_t *ret_owner);
/* Takes it once more if somebody removed the file. As lock_take(); the old lock is held either way.
 */
int lock_keep(struct lock *lock, const char *path, pid_t *ret_owner);
/* Removes the file and lets go. Not held: nothing happens. */
void lock_release(struct lock *lock);

#endif
