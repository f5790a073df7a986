/*
 * Who has which address on this node: the registry, fed from CNI state on disk and from what an
 * earlier run stored.
 *
 * One thread.
 */
#ifndef NETPOL_DAEMON_PODS_H
#define NETPOL_DAEMON_PODS_H

#include "daemon/config.h"
#include "flow/track.h"
#include "identity/interval.h"
#include "store/store.h"

struct pods;

/*
 * Scans the directories of the configuration, which is borrowed. Pods of the earlier run that are
 * no longer there ended when it was last heard. -errno.
 */
int pods_open(const struct config *config, const struct store_state *state, struct pods **ret);
struct pods *pods_free(struct pods *pods); /* NULL is allowed; returns NULL */

const struct registry *pods_registry(const struct pods *pods);
/* inotify; readable when something changed. */
int pods_fd(const struct pods *pods);
/* Takes in what changed. Losses become gaps of the tracker (NULL: not yet). */
int pods_read(struct pods *pods, struct track *track);
/* Looks at everything again: directories that came later, files that were not whole. */
int pods_rescan(struct pods *pods, struct track *track);
/* Copies pods that are new or changed into the batch: all of them, or false for want of memory. */
bool pods_take(struct pods *pods, struct batch *batch);
/* Copies all pods into a batch without any, changed or not; what is changed stays to be taken.
 * -ENOMEM: the batch has none. */
int pods_tell(const struct pods *pods, struct batch *batch);
size_t pods_count(const struct pods *pods);

#endif
