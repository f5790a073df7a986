/*
 * ▷ Networks outside of the cluster whose ranges somebody published: where one of their addresses
 * was seen, all their ranges of its family are allowed in its place.
 *
 * A YAML or JSON file: a list of {name: TEXT, cidrs: [CIDR…]}; anything else in it is an error.
 */
#ifndef NETPOL_POLICY_KNOWN_NETWORKS_H
#define NETPOL_POLICY_KNOWN_NETWORKS_H

#include <stddef.h>

#include "base/addr.h"
#include "base/document.h"
#include "base/problem.h"

struct known_network {
	char *name;
	struct prefix *blocks; /* canonical, sorted, none inside another */
	size_t block_count;
};

struct known_networks;

struct known_networks *known_networks_new(void); /* NULL: out of memory */
struct known_networks *
known_networks_free(struct known_networks *networks); /* NULL is allowed; returns NULL */
/* Several files may be added. -EINVAL with a problem that names file, line and member; -ENOMEM. */
int known_networks_add(struct known_networks *networks, const struct document *document,
		       struct problems *problems);
/* The network with the longest prefix that holds all of this one; of equal ones the first by name.
 * NULL: none. */
const struct known_network *known_networks_find(const struct known_networks *networks,
						struct prefix wanted);

#endif
