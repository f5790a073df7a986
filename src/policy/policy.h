/*
 * ▷ Policies before they have a syntax: one per workload, derived from the graph.
 *
 * Plain, sorted, owned by the set. A kind_*.c turns them into a jansson tree.
 */
#ifndef NETPOL_POLICY_POLICY_H
#define NETPOL_POLICY_POLICY_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/problem.h"
#include "model/graph.h"

enum peer_kind { PEER_PODS, PEER_BLOCK, PEER_ALL_PODS /* of all namespaces */ };

struct policy_peer {
	enum peer_kind kind;
	const char *namespace;  /* PEER_PODS: the peer's namespace; else, and where it is the
				   policy's own, "" */
	struct labels selector; /* PEER_PODS; borrowed: graph, inventory or static text */
	struct prefix block;    /* PEER_BLOCK */
	char *reason;           /* why it is there, one line, never NULL */
};

struct policy_port {
	uint8_t protocol;
	uint16_t port;
};

/* Any of the peers on any of the ports. */
struct policy_rule {
	struct policy_peer *peers;
	size_t peer_count;
	struct policy_port *ports;
	size_t port_count;
};

struct policy {
	char *namespace;
	char *name;    /* "WORKLOAD-netpol", lower case, at most 253 bytes */
	char *subject; /* "Deployment/api"; all of them where no label tells workloads apart */
	struct labels selector; /* borrowed from the graph */
	struct policy_rule *ingress;
	size_t ingress_count;
	struct policy_rule *egress;
	size_t egress_count;
};

/* Outlived by the graph and its inventory. */
struct policy_set {
	struct policy *policies; /* by namespace, name */
	size_t count;
};

/* Which of the graph's workloads: NULL or "" means any. */
struct policy_filter {
	const char *namespace;
	const char *workload_kind;
	const char *workload_name;
};

/* Problems say which workloads got none and what to supply. */
int policy_derive(const struct graph *graph, const struct policy_filter *filter,
		  struct problems *problems, struct policy_set **ret);
struct policy_set *policy_set_free(struct policy_set *set); /* NULL is allowed; returns NULL */

/* networking.k8s.io/v1 NetworkPolicy objects in a v1 List. A key "#" holds a comment for the YAML
 * writer. NULL: no memory. */
json_t *kind_networkpolicy(const struct policy_set *set);

#endif
