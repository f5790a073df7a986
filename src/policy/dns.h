/* Who resolves names, so that isolated pods still can; private to policy/. */
#ifndef NETPOL_POLICY_DNS_H
#define NETPOL_POLICY_DNS_H

#include "policy/group.h"

enum dns_origin {
	DNS_OBSERVED,   /* pods were seen to ask them */
	DNS_INVENTORY,  /* the service that the inventory knows, beside addresses that were asked */
	DNS_CONVENTION, /* kube-system, k8s-app=kube-dns, 53 */
};

/* One target port of a resolver. */
struct resolver {
	size_t group; /* GROUP_NONE: end's address (observed), or the selector (otherwise) */
	const struct end *end; /* observed: an end that was it; borrowed from the graph */
	uint16_t port;
	uint8_t protocol;
};

struct dns {
	enum dns_origin origin;
	struct resolver *resolvers; /* by group, address, port, protocol */
	size_t count;
	bool *picked; /* not DNS_OBSERVED: for each group, does the selector pick pods of it? */
	const struct inventory_service *service; /* the inventory's; NULL: none */
	const char *namespace;                   /* not DNS_OBSERVED: of the selector */
	struct labels selector;                  /* borrowed */
};

/*
 * Who resolves names for everybody: where pods that are no resolvers themselves got answers from
 * port 53 or through a service's port 53, at their target ports, over UDP and TCP. Where the
 * inventory knows the cluster's DNS service, of pods only those behind it count, and if none of
 * them was seen, what the service and its endpoints say is taken. Without that service: what was observed in the
 * cluster; else what was observed outside; else the convention, with a problem.
 */
int dns_find(const struct graph *graph, const struct groups *groups, struct problems *problems,
	     struct dns *ret);
void dns_clear(struct dns *dns);
/* Are pods of the group what the resolver stands for? */
bool dns_is_by(const struct dns *dns, const struct resolver *resolver, size_t group);
/* Does a pod of the group resolve names at that port? */
bool dns_is_at(const struct dns *dns, size_t group, uint8_t protocol, uint16_t port);

#endif
