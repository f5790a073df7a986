/* What policies are made from; private to policy/. */
#ifndef NETPOL_POLICY_BASIS_H
#define NETPOL_POLICY_BASIS_H

#include "policy/dns.h"
#include "policy/group.h"

struct atoms;

/* All of it is borrowed. */
struct basis {
	const struct graph *graph;
	const struct policy_request *request;
	struct groups *groups; /* those that become peers are marked as used */
	const struct dns *dns;
	/* Sides of edges that another record of the same connections tells; sorted. */
	const struct atoms *elsewhere;
};

#endif
