/*
 * Nodes that put their own address in the place of a client's, in front of a pod; private to
 * policy/.
 */
#ifndef NETPOL_POLICY_FORWARDING_H
#define NETPOL_POLICY_FORWARDING_H

#include "policy/atom.h"
#include "policy/basis.h"

enum forwarding {
	FORWARDING_NONE,
	FORWARDING_INSIDE, /* for clients in the cluster alone */
	FORWARDING_OUTSIDE /* for clients outside, or so it seems */
};

/* Is it an address outside of the cluster, and none with a meaning of its own? */
bool end_is_outside(const struct end *end);

/*
 * What the peer of the atom does. Either the record says who asked, this one or that of another
 * node (basis.elsewhere); or no record does, and an entry leads to the port by other nodes
 * (entry.h): then it is taken for FORWARDING_OUTSIDE. *ret_client, unless NULL: one of those
 * outside, or the peer itself where none is known.
 */
enum forwarding forwarding_of(const struct basis *basis, const struct atom *atom,
			      const struct end **ret_client);

/* Is the atom's port open to all of its family, by one of these atoms, which are sorted? */
bool is_open_to_all(const struct atoms *atoms, const struct atom *atom);

/*
 * Warns of each port to which clients outside come through other nodes than the pod's own, where
 * not all addresses are let in: the policy has the nodes that were seen. The atoms are sorted.
 * -ENOMEM.
 */
int forwarding_warn(const struct basis *basis, const struct atoms *atoms,
		    struct problems *problems);

#endif
