/* Who resolves names, so that isolated pods still can; private to policy/. */
#ifndef NETPOL_POLICY_DNS_H
#define NETPOL_POLICY_DNS_H

#include "policy/group.h"

enum dns_origin {
	DNS_OBSERVED,   /* pods were seen to ask them */
	DNS_INVENTORY,  /* the service that the inventory knows, beside addresses that were asked */
	DNS_CONVENTION, /* kube-system, k8s-app=kube-dns, 53; or what OpenShift has */
};

/* One target port of a resolver. */
struct resolver {
	size_t asker;          /* the one group that is allowed to ask it; GROUP_NONE: all are */
	size_t group;          /* GROUP_NONE: end's address, or without an end the selector */
	const struct end *end; /* that was seen, borrowed from the graph; or that is assumed */
	uint16_t port;
	uint8_t protocol;
};

/* What resolvers let in of nodes, as from there no selector picks anybody. */
struct dns_node {
	struct end end;
	struct prefix block; /* its address; or, of too many, the whole family */
};

struct dns {
	enum dns_origin origin;
	struct resolver *resolvers; /* for all; by group, address, port, protocol */
	size_t count;
	struct resolver *own; /* on nodes, each for one group; by asker, address, port, protocol */
	size_t own_count;
	struct dns_node *nodes;
	size_t node_count;
	struct end **assumed; /* ends that nobody was seen to ask */
	size_t assumed_count;
	bool cache;   /* each node has one that resolves names */
	bool *picked; /* with a selector: for each group, does it pick pods of it? */
	const struct inventory_service *service; /* the inventory's; NULL: none */
	const char *namespace;  /* of the selector, a DNS label; "": there is none */
	struct labels selector; /* borrowed */
};

/*
 * Who resolves names for everybody: where pods that are no resolvers themselves got answers from
 * port 53 or through a service's port 53, at their target ports, over UDP and TCP. Pods that the
 * DNS service or the conventional labels pick are resolvers, asked or not. Where the inventory
 * knows the cluster's DNS service, of pods only those behind it count, and if none of them was
 * seen, what the service and its endpoints say is taken; the addresses in the endpoints of one
 * without a selector always. Without that service: of pods those with the conventional labels that
 * were asked; else those that were asked from another namespace than their own, and by workloads
 * rather than by resolvers; whom only its own namespace asks is not for everybody. Besides, what
 * was observed on nodes; else, if no pod has the conventional labels, what was observed outside.
 * Else, and if those with the labels were not seen to be asked, the convention, with a problem.
 *
 * Of pods at more than 32 ports: the selector or the conventional labels, as one resolver; else
 * those that most namespaces asked, with a problem about the others. Whoever asked a resolver that
 * is not for everybody is allowed to by its edge.
 *
 * Of pods on their node's network that a selector would pick it is the node's addresses, which a
 * problem tells where they are not known.
 *
 * With a cache on each node (NodeLocal DNSCache) its link-local address, the one that was seen or
 * the documented 169.254.20.10, and the service's addresses, at which it answers, too. Of resolvers
 * on more nodes than 32, each is for those who asked it. What runs on nodes is let in at resolvers
 * by the addresses of all nodes; of more than 256 of a family, by the family.
 *
 * Problems about a direction that was not asked for are not told.
 */
int dns_find(const struct graph *graph, const struct groups *groups,
	     const struct policy_request *request, struct problems *problems, struct dns *ret);
void dns_clear(struct dns *dns);
/* Did an edge ask for names, and get an answer? */
bool dns_is_asked(const struct edge_key *key);
/* Are pods of the group what the resolver stands for? */
bool dns_is_by(const struct dns *dns, const struct resolver *resolver, size_t group);
/* Does a pod of the group resolve names at that port? */
bool dns_is_at(const struct dns *dns, size_t group, uint8_t protocol, uint16_t port);
/* Those that only the group may ask: *ret_count of them. */
const struct resolver *dns_own(const struct dns *dns, size_t group, size_t *ret_count);
/* Was nobody seen to ask that end of a resolver? */
bool dns_is_assumed(const struct dns *dns, const struct end *end);

#endif
