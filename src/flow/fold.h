/*
 * The fold table: connections of one edge in one window become one row, until the store takes them.
 *
 * Bounded: beyond the limit nothing is added and the caller is told, so that it can hand over early
 * or write a gap. One thread.
 */
#ifndef NETPOL_FLOW_FOLD_H
#define NETPOL_FLOW_FOLD_H

#include "flow/flow.h"

struct fold;

struct fold_options {
	uint32_t window; /* ms; 0: one row per connection */
	size_t limit;    /* rows */
};

struct fold *fold_new(struct fold_options options); /* NULL: no memory */
struct fold *fold_free(struct fold *fold);          /* NULL is allowed; returns NULL */
/* A changed window takes effect for what is added from now on. */
void fold_set_window(struct fold *fold, uint32_t window);

/*
 * Adds to the row of this edge in the window that holds when (ms). first and last are ms. With a
 * zero window a row of its own begins at first. -ENOBUFS: the table is full; -ENOMEM.
 */
int fold_add(struct fold *fold, const struct edge_key *key, int64_t when, int64_t first,
	     int64_t last, const struct totals *totals);
/* Room for what one connection can add at once: two rows. */
bool fold_has_room(const struct fold *fold);
bool fold_is_nearly_full(const struct fold *fold);
/* Gives all rows away (free() them) and starts empty. */
void fold_take(struct fold *fold, struct flow **ret_flows, size_t *ret_count);

#endif
