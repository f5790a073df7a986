/* Arrays of prefixes in order, none inside another; private to policy/. */
#ifndef NETPOL_POLICY_PREFIXES_H
#define NETPOL_POLICY_PREFIXES_H

#include <stddef.h>

#include "base/addr.h"

/* By address, the shorter first. */
int prefix_compare(struct prefix a, struct prefix b);
/* Does the one hold all of the other? */
bool prefix_covers(struct prefix a, struct prefix b);
/* How many leading bits two prefixes of one family share, of those that both have. */
uint8_t prefix_shared(struct prefix a, struct prefix b);
/* Sorts, and drops what is inside another. Returns how many are left. */
size_t prefixes_tidy(struct prefix *items, size_t count);
/* The first of them with an address of the prefix; NULL: none has one. */
const struct prefix *prefixes_touching(const struct prefix *items, size_t count,
				       struct prefix prefix);

#endif
