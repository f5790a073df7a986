/* Services' own ports, for network plugins that look before translation; private to policy/. */
#ifndef NETPOL_POLICY_SERVICE_PORTS_H
#define NETPOL_POLICY_SERVICE_PORTS_H

#include "policy/atom.h"

/*
 * Wherever a service was asked, the peer is allowed at the service's port, too; of a peer that is
 * known by address alone the service's address is instead, as nobody asks that peer at that port.
 * Of egress only: before the destination's pod everybody has translated. Resolvers count as asked
 * at 53. The atoms are sorted and stay so. -ENOMEM.
 */
int service_ports_add(struct atoms *atoms);

#endif
