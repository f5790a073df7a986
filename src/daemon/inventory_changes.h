/*
 * What an inventory has told the store, and what of another reading is new to it. Pure; one thread.
 */
#ifndef NETPOL_DAEMON_INVENTORY_CHANGES_H
#define NETPOL_DAEMON_INVENTORY_CHANGES_H

#include "base/document.h"
#include "base/problem.h"
#include "flow/flow.h"

#define INVENTORY_OBJECTS_MAX 131072u
/* Of all contents together. */
#define INVENTORY_CONTENT_MAX ((size_t)128 << 20)

struct told_objects; /* names of objects, with a hash of the content */

struct told_objects *told_objects_new(void); /* NULL: no memory */
struct told_objects *
told_objects_free(struct told_objects *told); /* NULL is allowed; returns NULL */
size_t told_objects_count(const struct told_objects *told);
/* Forgets everything: all is new again. */
void told_objects_clear(struct told_objects *told);

/* Start from {0}; release with object_changes_clear(). */
struct object_changes {
	struct batch_object *items; /* by kind, namespace, name; content NULL: it is gone */
	size_t count;
};
void object_changes_clear(struct object_changes *changes);

/*
 * Takes in what the document has, NULL: nothing any more, and gives what changed. Of objects of one
 * kind, namespace and name the last holds. One whose content is too large is left out with a
 * problem. -EINVAL: it is not an inventory, or too many objects, with a problem; -ENOMEM. Then
 * nothing was taken in.
 */
int told_objects_update(struct told_objects *told, const struct document *document,
			struct problems *problems, struct object_changes *ret);

#endif
