/*
 * How resolvers are found; private to policy/dns*.c.
 *
 * 1. Who was seen to answer (dns_observed.c), as far as it resolves names for everybody (of pods:
 *    dns_pods.c).
 * 2. Where that is not enough, what the inventory or convention has (dns_assumed.c, by what the
 *    inventory tells of the DNS service: dns_service.c).
 *    Of pods on the network of their nodes it is these (dns_hosts.c).
 * 3. Caches on nodes, which mostly nobody is seen to ask (dns_cache.c).
 * 4. Who asks from nodes (dns_nodes.h).
 */
#ifndef NETPOL_POLICY_DNS_INTERNAL_H
#define NETPOL_POLICY_DNS_INTERNAL_H

#include "policy/dns.h"

#define DNS_PORT 53

/* Beyond that many resolvers outside somebody resolves recursively, and beyond that many nodes
 * each has its own; what they ask is not what everybody needs. Each counts twice, for UDP and TCP.
 */
#define DNS_BLOCKS_MAX 64
/* So many target ports of pods, of one workload or several, of which each counts twice, too. */
#define DNS_PODS_MAX 64

/* The labels that the pods of a cluster's resolver have by convention, and their target port. */
struct dns_convention {
	const char *namespace;
	struct labels labels;
	uint16_t port;
};

struct resolver_list {
	struct resolver *items;
	size_t count;
	size_t capacity;
};

/* A group and a namespace, not its own, that asked it. */
struct foreigner {
	size_t group;
	const char *namespace;
};

struct foreigners {
	struct foreigner *items;
	size_t count;
	size_t capacity;
};

struct dns_work {
	const struct graph *graph;
	const struct groups *groups;
	struct problems *problems; /* NULL: nothing of it is told */
	bool has_entities;
	bool *resolves; /* by group */
	bool *selected; /* by group: the service's selector, or without it convention picks it */
	bool has_resolvers;                      /* pods that service or convention picks */
	const struct dns_convention *convention; /* of pods that were seen; NULL: there are none */
	struct foreigners foreigners;            /* who asked pods */
	bool has_private;                        /* pods answered that are not for everybody */
	bool hosts_unknown; /* a resolver is on the network of a node without a known address */
	bool hosts_beyond;  /* and on too many nodes */
	struct resolver_list all;
	struct resolver_list own;
	size_t assumed_capacity;
	struct dns dns;
};

/* ---- lists ---- */

/* Sorts, and drops what is there twice. */
void resolvers_sort(struct resolver_list *list);
/* -ENOMEM. */
int resolvers_add(struct resolver_list *list, struct resolver resolver);
/* Over UDP and TCP: who answers over the one is asked over the other when the answer is long. */
int resolvers_add_both(struct resolver_list *list, struct resolver resolver);
bool resolvers_have_group(const struct resolver_list *list, const struct resolver *wanted);
bool resolvers_have(const struct resolver_list *list, struct addr address, uint8_t protocol,
		    uint16_t port);

/* ---- what the inventory tells of the service ---- */

/* The one that resolves names for the cluster, with a selector or with endpoints by hand, in a
 * namespace that a cluster can have; NULL: none. */
const struct inventory_service *dns_service_find(const struct inventory *inventory);
/* Are the endpoints of that service? */
bool dns_service_has(const struct inventory_endpoints *endpoints,
		     const struct inventory_service *service);
/* Does it lead there? */
bool dns_service_is_at(const struct inventory *inventory, const struct inventory_service *service,
		       struct addr address);
/* The number of the port that it leads to, also where that is a name; 0: it is not known. */
uint16_t dns_service_target(const struct inventory *inventory,
			    const struct inventory_service *service,
			    const struct inventory_port *port);

/* ---- steps ---- */

/* The one that picks the pod; NULL: none. */
const struct dns_convention *dns_convention_of(const struct graph_pod *pod);
/* As Kubernetes' own installers have it. */
extern const struct dns_convention dns_convention_usual;
bool dns_is_picked(const struct graph_pod *pod, const char *namespace,
		   const struct labels *selector);
size_t dns_group_of_workload(const struct groups *groups, size_t workload);
/* Sets work->all, own and resolves. -ENOMEM. */
int dns_observe(struct dns_work *work);
/* Is one of work->all a pod that is selected? */
bool dns_has_selected(const struct dns_work *work);
/* Somebody in that namespace asked the group. -ENOMEM. */
int dns_add_foreigner(struct dns_work *work, size_t group, const char *namespace);
/* Is one at all? */
bool dns_has_pods(const struct dns_work *work);
/* Drops the pods of work->all that are not for everybody, or too many. -ENOMEM. */
int dns_choose_pods(struct dns_work *work);
/* Completes work->all and dns. -ENOMEM. */
int dns_assume(struct dns_work *work);
int dns_add_cache(struct dns_work *work);
/* For plugins that look before translation: where resolvers are known by address alone, the
 * service's addresses in the cluster; what was asked at others has these by its edges. -ENOMEM. */
int dns_add_service(struct dns_work *work);

/* An end that nobody was seen at. */
struct end dns_end_at(enum end_kind kind, const char *class, struct addr address);
/* Lets all ask there. -ENOMEM. */
int dns_add_assumed(struct dns_work *work, struct end end, uint8_t protocol, uint16_t port);
/* Lets all ask the pods that dns.selector picks in dns.namespace; of those on the network of their
 * node, which no rule's selector picks, the addresses of the node, as far as they are known and not
 * too many. -ENOMEM. */
int dns_add_selected(struct dns_work *work, struct resolver resolver);
/* Tells, after the last of them, where they are not. */
void dns_warn_of_hosts(const struct dns_work *work);

#endif
