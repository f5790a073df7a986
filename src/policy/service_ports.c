#include "policy/service_ports.h"

#define DNS_PORT 53

/* Whoever resolves names at another port is asked through port 53 of a service. */
static int add_for_resolver(struct atoms *atoms, struct atom atom)
{
	if (atom.peer == ATOM_BLOCK || atom.port == DNS_PORT || !(atom.wider & WIDER_DNS))
		return 0;
	atom.port = DNS_PORT;
	atom.wider |= WIDER_SERVICE_PORT;
	return atoms_add(atoms, &atom);
}

static int add_for_edge(struct atoms *atoms, struct atom atom)
{
	const struct edge_key *key = &atom.edge->edge.key;
	const uint8_t prefix = atom.edge->service_prefix;

	if (!addr_is_set(key->service) || key->service_port == 0)
		return 0;
	atom.wider |= WIDER_SERVICE_PORT;
	if (atom.peer == ATOM_BLOCK) {
		atom.block = prefix ? (struct prefix){.addr = key->service, .length = prefix}
				    : prefix_of(key->service);
		atom.known_network = NULL;
	} else if (atom.port == key->service_port) {
		return 0;
	} else {
		atom.again = true;
	}
	atom.port = key->service_port;
	return atoms_add(atoms, &atom);
}

int service_ports_add(struct atoms *atoms)
{
	const size_t count = atoms->count;
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		const struct atom atom = atoms->items[i];

		if (atom.egress)
			r = atom.edge ? add_for_edge(atoms, atom) : add_for_resolver(atoms, atom);
	}
	if (atoms->count > count)
		atoms_sort(atoms);
	return r;
}
