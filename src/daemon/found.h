/*
 * Which sources of pods there are on this node: said in the log, and as facts source.NAME; and how
 * many sandboxes have an address while none of them says whose it is: identity.nameless.
 */
#ifndef NETPOL_DAEMON_FOUND_H
#define NETPOL_DAEMON_FOUND_H

#include <stddef.h>

#include "flow/flow.h"
#include "store/store.h"

struct found;

/* The facts of the earlier run are ended where they no longer hold. NULL: no memory. */
struct found *found_new(const struct store_state *state);
struct found *found_free(struct found *found); /* NULL is allowed; returns NULL */
/* Those that there are now, from the first to the last: what came or went is logged. source is
 * static text. */
void found_begin(struct found *found);
void found_add(struct found *found, const char *source, const char *place);
void found_end(struct found *found);
/* To be told now and then: a number that stays is said. */
void found_nameless(struct found *found, size_t count);
/* Is there anything that found_take() has not told? */
bool found_is_changed(const struct found *found);
/* Adds the facts to the batch, with those that ended. -ENOMEM: again later. */
int found_take(struct found *found, struct batch *batch);
/* The same for a database that knows none of them. */
int found_tell(const struct found *found, struct batch *batch);

#endif
