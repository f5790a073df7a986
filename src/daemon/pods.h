/*
 * Who has which address on this node: the registry, fed from all sources on the node and from what
 * an earlier run stored.
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
 * Finds the sources that the configuration names, and what they tell; paths are copied. Pods of the
 * earlier run that are still there go on, under the numbers that the state gives them; what is no
 * longer there ended when that run was last heard. What the container runtime tells comes later: it
 * is never waited for. -errno.
 */
int pods_open(const struct config *config, const struct store_state *state, struct pods **ret);
struct pods *pods_free(struct pods *pods); /* NULL is allowed; returns NULL */

const struct registry *pods_registry(const struct pods *pods);
/* Readable when a source has something to tell, or time something to decide. */
int pods_fd(const struct pods *pods);
/* The start is over. What ended before this was dated when the sources had last been read without
 * it, since much may happen between two readings; what ends from now on, when it is noticed. */
void pods_ready(struct pods *pods);
/*
 * Takes in what changed; cheap where nothing did. To be called as well after a connection came and
 * before it is bound: what was on disk before it began is then known. Losses become gaps of the
 * tracker (NULL: not yet).
 */
int pods_read(struct pods *pods, struct track *track);
/* Looks at everything again: directories that came later, files that were not whole, what there
 * was no room for; and, where it may, forgets what no connection needs and the store was told. */
int pods_rescan(struct pods *pods, struct track *track, bool may_forget);
/* CLOCK_REALTIME was set by delta ns. */
void pods_shift(struct pods *pods, int64_t delta);
/* Copies pods and facts that are new or changed into a batch without any, and which numbers were
 * forgotten: all of them, or false for want of memory; then the batch is to be freed, and they stay
 * to be taken. The flows that name them must be in this batch or an earlier one. */
bool pods_take(struct pods *pods, struct batch *batch);
/* Copies all pods and facts into a batch without any, changed or not; what is changed stays to be
 * taken. -ENOMEM: the batch has no pods. */
int pods_tell(const struct pods *pods, struct batch *batch);
size_t pods_count(const struct pods *pods);
/* Does any run that has an address of its own, of the primary network? */
bool pods_any_alive(const struct pods *pods);

#endif
