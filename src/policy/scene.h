/*
 * Who there is when policies are evaluated: namespaces, pods, nodes. Plain; what is not known is
 * said to be so, and leads to answers of "unknown", never to guesses.
 */
#ifndef NETPOL_POLICY_SCENE_H
#define NETPOL_POLICY_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "identity/inventory.h"
#include "identity/labels.h"
#include "policy/label_selector.h"

#define SCENE_NONE SIZE_MAX
#define SCENE_NAMESPACE_NAME "kubernetes.io/metadata.name" /* KEP-2161 */

struct scene_namespace {
	const char *name;
	const struct labels *labels; /* NULL: not known but for SCENE_NAMESPACE_NAME, which is
					implied for every namespace */
};

/* A container's port that has a name. */
struct scene_port {
	const char *name;
	uint8_t protocol;
	uint16_t port;
};

struct scene_pod {
	size_t namespace;                           /* SCENE_NONE: not known */
	const struct labels *labels;                /* NULL: not known */
	const struct unknown_label *unknown_labels; /* beside labels, ends with a key that is NULL;
						       NULL: none */
	const struct scene_port *ports;
	size_t port_count;
	bool ports_known; /* the containers are known; else any name may be any port */
	bool on_node; /* has its node's network, and is taken for the node: no selector finds it,
			 no policy isolates it */
	size_t node;  /* SCENE_NONE: not known */
	const struct addr *addresses;
	size_t address_count; /* 0: not known */
};

struct scene_node {
	const char *name;
	const struct addr *addresses;
	size_t address_count; /* 0: not known */
};

/* What it points to is owned by whoever filled it, and outlives it. */
struct scene {
	struct scene_namespace *namespaces; /* by name */
	size_t namespace_count;
	struct scene_pod *pods;
	size_t pod_count;
	struct scene_node *nodes; /* by name */
	size_t node_count;
};

/* SCENE_NONE if there is none. */
size_t scene_find_namespace(const struct scene *scene, const char *name);
size_t scene_find_node(const struct scene *scene, const char *name);
/* SCENE_NAMESPACE_NAME is the namespace's name, whatever its object says. */
enum match scene_match_namespace(const struct label_selector *selector,
				 const struct scene_namespace *namespace);

#endif
