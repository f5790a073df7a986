/* Names that are asked for again; private to policy/. */
#ifndef NETPOL_POLICY_DNS_RETRY_H
#define NETPOL_POLICY_DNS_RETRY_H

#include "policy/atom.h"

/*
 * An answer that is too long for UDP comes back cut, and is asked for again over TCP (RFC 1035,
 * 4.2.1; RFC 7766, 5): adds that for all who asked for names over UDP alone and whom they asked,
 * whether a resolver is for everybody or not, tagged WIDER_DNS. Of what is left out nothing is
 * added. The atoms are sorted and stay so; the new ones are of the edges that they come from, so
 * that they become what these become. -ENOMEM.
 */
int dns_add_retries(struct atoms *atoms);

#endif
