/* Private clients outside that reach pods straight; private to policy/. */
#ifndef NETPOL_POLICY_STRAIGHT_H
#define NETPOL_POLICY_STRAIGHT_H

#include "policy/atom.h"
#include "policy/basis.h"

/* Those of one subject that are allowed one by one at ports that a Service leads to. */
struct straight {
	const struct atom *first;
	const struct inventory_service *service; /* the first one's */
	size_t ports;
	size_t addresses; /* of the first port */
};

/*
 * Takes those of one port, which are in order: blocks that hold nothing but what was seen. None
 * counts where no Service of the inventory leads to the port, as a load balancer has its targets
 * from one.
 */
void straight_add(const struct basis *basis, const struct atom *const *atoms, size_t count,
		  struct straight *straight);
/* Tells of them, if there are any: a load balancer's own addresses change. */
void straight_note(const struct basis *basis, const struct straight *straight,
		   struct problems *problems);

#endif
