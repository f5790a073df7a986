/*
 * Who had an address at a moment: pods under numbers, bound in time. Pure; the clock comes in as a
 * parameter.
 *
 * Unit of time: whatever the caller uses throughout (ns in the daemon, ms in the reader).
 */
#ifndef NETPOL_IDENTITY_INTERVAL_H
#define NETPOL_IDENTITY_INTERVAL_H

#include <stdint.h>

#include "identity/pod.h"

struct registry;

struct registry *registry_new(void);                       /* NULL: out of memory */
struct registry *registry_free(struct registry *registry); /* NULL is allowed; returns NULL */

/*
 * Adds a pod (copied) or updates the one with the same namespace, name, uid and sandbox: its
 * intervals become those given, ended ones that are no longer given stay. *ret_number: from 1,
 * never reused; *ret_changed: was anything new?
 */
int registry_put(struct registry *registry, const struct pod *pod, uint32_t *ret_number,
		 bool *ret_changed);
/* Ends all open intervals of the pod at the moment; false if none was open. */
bool registry_end(struct registry *registry, uint32_t number, int64_t when);
/* NULL if there is no such number. Valid until the next change. */
const struct pod *registry_get(const struct registry *registry, uint32_t number);
size_t registry_count(const struct registry *registry);

/*
 * The number of the pod that owned the address at the moment, 0 if none did. Where none did but
 * exactly one pod took it within slack after the moment and nobody had it meanwhile, that pod (the
 * CNI result is written after the pod may already speak). -ENOTUNIQ when two pods (differing in
 * namespace, name or uid) owned it; sandboxes of one pod do not differ, the later counts.
 */
int registry_bind(const struct registry *registry, struct addr address, int64_t when, int64_t slack,
		  uint32_t *ret_number);
/*
 * The same for a whole span [from, until]: -ENOTUNIQ also if the owner changed in between, or if
 * the address was nobody's at first and somebody's later. An end without a successor is no change:
 * the last packets may be late.
 */
int registry_bind_span(const struct registry *registry, struct addr address, int64_t from,
		       int64_t until, int64_t slack, uint32_t *ret_number);
/* Forgets ended intervals that ended before the moment, and pods left without any; the numbers stay
 * used. */
void registry_forget(struct registry *registry, int64_t before);

#endif
