/*
 * The node's inventory file: a thread of its own reads it whenever it was written or replaced, so
 * that the collector never waits, and hands over what changed. A file that cannot be read whole
 * changes nothing; why not stands in the log and in the facts.
 *
 * Functions are for the collector's thread.
 */
#ifndef NETPOL_DAEMON_INVENTORY_FILE_H
#define NETPOL_DAEMON_INVENTORY_FILE_H

#include "flow/flow.h"

#define INVENTORY_FILE_MAX ((size_t)256 << 20) /* bytes */

struct inventory_file;

/* path "": none, so that all that an earlier run stored is gone. Signals must be blocked already.
 * -errno. */
int inventory_file_open(const char *path, struct inventory_file **ret);
/* Waits for nothing: a reading that goes on ends by itself, or with the process. NULL is allowed;
 * returns NULL. */
struct inventory_file *inventory_file_close(struct inventory_file *file);
/* From now on this one is read. -ENOMEM: it stays as it was. */
int inventory_file_set(struct inventory_file *file, const char *path);
/*
 * Moves what changed, or as much of it as a batch should have, into the batch, which has no objects
 * yet, and sets its objects_complete with the last; adds the facts about the source where those
 * changed. Without memory it stays for the next one.
 */
void inventory_file_take(struct inventory_file *file, struct batch *batch);
/* For a database that knows nothing of this run: adds the facts to the batch, and objects are all
 * told again, in later batches. -ENOMEM. */
int inventory_file_tell(struct inventory_file *file, struct batch *batch);

#endif
