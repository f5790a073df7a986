/* What was seen of a rule's peer; private to policy/. */
#ifndef NETPOL_POLICY_PEER_EVIDENCE_H
#define NETPOL_POLICY_PEER_EVIDENCE_H

#include "policy/atom.h"

/* Sets evidence, wider and known_network from the atoms, which are sorted and of one subject,
 * direction and peer; an edge with several atoms of it counts once. -ENOMEM. */
int peer_evidence_take(struct policy_peer *peer, const struct atom *atoms, size_t count);
/* Adds what was seen of the other, which is the same peer and shares no edge with it, and takes its
 * addresses. -ENOMEM: nothing has changed. */
int peer_evidence_join(struct policy_peer *peer, struct policy_peer *other);
/* The atom that tells who it is: one that was seen, at its own port, if there is any. */
const struct atom *atoms_first_seen(const struct atom *atoms, size_t count);

#endif
