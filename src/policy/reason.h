/* Why a peer is there; private to policy/. */
#ifndef NETPOL_POLICY_REASON_H
#define NETPOL_POLICY_REASON_H

#include "base/buf.h"
#include "policy/atom.h"
#include "policy/basis.h"

/*
 * In one line: who it is, how many connections, which service was asked, and for each of its WIDER_
 * bits what is allowed beyond what was seen. The atoms are all of one subject, direction and
 * peer, whose evidence is taken.
 */
void reason_put(const struct basis *basis, const struct atom *atoms, size_t count,
		const struct policy_peer *peer, struct buf *buf);

#endif
