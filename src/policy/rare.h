/* What was seen less often than was asked for (--min-connections); private to policy/. */
#ifndef NETPOL_POLICY_RARE_H
#define NETPOL_POLICY_RARE_H

#include "policy/atom.h"
#include "policy/basis.h"

/*
 * Leaves out, as LEFT_BELOW_MINIMUM, what has fewer connections than request.min_connections per
 * subject, direction, peer, port and protocol. Addresses outside of the cluster, and nodes that
 * forward for others (forwarding.h), are of one family counted together: a hundred clients of a
 * site come once each. The atoms are sorted; what is added whatever was seen, such as a resolver,
 * stays. -ENOMEM.
 */
int rare_leave(const struct basis *basis, struct atoms *atoms);

#endif
