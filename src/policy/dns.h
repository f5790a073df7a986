/* Who resolves names, so that isolated pods still can; private to policy/. */
#ifndef NETPOL_POLICY_DNS_H
#define NETPOL_POLICY_DNS_H

#include "policy/group.h"

enum dns_origin {
	DNS_OBSERVED,   /* pods were seen to ask them */
	DNS_INVENTORY,  /* the service that the inventory knows */
	DNS_CONVENTION, /* kube-system, k8s-app=kube-dns, 53 */
};

/* One target port of a resolver. */
struct resolver {
	size_t group; /* GROUP_NONE: end's address (observed), or the service (otherwise) */
	const struct end *end; /* observed: an end that was it; borrowed from the graph */
	uint16_t port;
};

struct dns {
	enum dns_origin origin;
	struct resolver *resolvers; /* by group, address, port */
	size_t count;
	const struct inventory_service *service; /* DNS_INVENTORY */
	const char *namespace;                   /* not DNS_OBSERVED: of the selector */
	struct labels selector;                  /* borrowed */
};

/*
 * The observed resolvers: where pods that are no resolvers themselves got answers from port 53 or
 * through a service's port 53, at their target ports. Else the inventory's DNS service, else the
 * convention, with a problem.
 */
int dns_find(const struct graph *graph, const struct groups *groups, struct problems *problems,
	     struct dns *ret);
void dns_clear(struct dns *dns);

#endif
