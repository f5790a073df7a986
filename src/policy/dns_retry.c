#include "policy/dns_retry.h"

#include <netinet/in.h>

int dns_add_retries(struct atoms *atoms)
{
	const size_t count = atoms->count;
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		struct atom atom = atoms->items[i];

		if (atom.protocol != IPPROTO_UDP || atom.left != LEFT_NONE || !atom.edge ||
		    !dns_is_asked(&atom.edge->edge.key))
			continue;
		atom.protocol = IPPROTO_TCP;
		atom.wider |= WIDER_DNS;
		atom.again = true;
		r = atoms_add(atoms, &atom);
	}
	if (atoms->count > count)
		atoms_sort_added(atoms, count);
	return r;
}
