/*
 * Ranges of addresses with a meaning of their own: IANA's special-purpose registries for IPv4 and
 * IPv6 (RFC 6890, as of 2025), and multicast (RFC 5771, RFC 4291).
 */
#ifndef NETPOL_BASE_SPECIAL_RANGE_H
#define NETPOL_BASE_SPECIAL_RANGE_H

#include <stdbool.h>

#include "base/addr.h"

/* Does the prefix hold all of such a range, and others beside it: private addresses and public
 * ones, documentation's and real ones? */
bool prefix_is_mixed(struct prefix prefix);

#endif
