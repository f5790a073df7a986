/* What is known of a pod, joined with what is told of it next. The rules are registry_put()'s.
 * Pure.
 */
#ifndef NETPOL_IDENTITY_POD_JOIN_H
#define NETPOL_IDENTITY_POD_JOIN_H

#include "identity/pod.h"

/* had NULL: nothing is known. *ret is a copy, its addresses by since, then address. -ENOMEM leaves
 * it untouched. */
int pod_join(const struct pod *had, const struct pod *given, struct pod *ret);
/* Are they the same in all that a registry tells? */
bool pods_equal(const struct pod *a, const struct pod *b);
/* Of one namespace, name and uid? */
bool pods_are_one(const struct pod *a, const struct pod *b);
/* Nobody knows who it is, but what it has is nobody else's. */
bool pod_is_nameless(const struct pod *pod);
bool pod_is_ended(const struct pod *pod);
/* By since, then address. */
void pod_sort_addresses(struct pod_address *addresses, size_t count);

#endif
