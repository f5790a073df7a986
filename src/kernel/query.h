/*
 * Questions to the conntrack table, on a socket of their own, so that an answer cannot fill the
 * event socket's buffer.
 *
 * An object belongs to one thread. It waits, but never longer than nlsock_exchange() says. After a
 * failure the socket is made anew by the next call.
 */
#ifndef NETPOL_KERNEL_QUERY_H
#define NETPOL_KERNEL_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/event.h"

struct ct_query;

int ct_query_open(struct ct_query **ret);
struct ct_query *ct_query_close(struct ct_query *query); /* NULL is allowed; returns NULL */

/*
 * Hands over every entry (CONNTRACK_ENTRY), both families, as fast as the kernel lists them.
 * Entries can be missed or come twice while the table is resized.
 *
 * Expired entries met on the way are destroyed by the kernel, any number of them within one call,
 * each with a DESTROY event. So a thread of the dump's own waits for the kernel, and this one calls
 * fn with what came, and between (NULL: nothing) at least every few milliseconds, that it may read
 * events meanwhile. What is handed over was listed before the last between: no entry began after
 * it, and one whose DESTROY was read there may still come.
 *
 * 0; -EINTR: complete, but the kernel says that the table changed under it; -EBADMSG: some entries
 * could not be decoded, all others were handed over; -EAGAIN: no thread is to be had; others as
 * nlsock_exchange(), then any number of entries was handed over.
 */
typedef void ct_entry_fn(void *context, const struct conntrack_event *entry);
typedef void ct_between_fn(void *context);
int ct_query_dump(struct ct_query *query, ct_entry_fn *fn, ct_between_fn *between, void *context);

/*
 * The live entry with this original tuple or, with reply true, this reply tuple; zone as in struct
 * conntrack_event, for reply the zone of the reply direction. -ENOENT: there is none; unconfirmed
 * entries are not found.
 */
int ct_query_find(struct ct_query *query, const struct tuple *tuple, bool reply, uint16_t zone,
		  struct conntrack_event *ret);

/* Sums over the CPUs of this network namespace's table. */
int ct_query_stats(struct ct_query *query, struct conntrack_stats *ret);

#endif
