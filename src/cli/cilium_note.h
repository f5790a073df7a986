/*
 * Policies that name nodes or pods by address where Cilium does not look for them: its CIDRs are
 * matched against what is outside of the cluster; and nodes, if policyCIDRMatchMode has them
 * (docs.cilium.io, Layer 3 Policies, Selecting nodes with CIDR).
 */
#ifndef NETPOL_CLI_CILIUM_NOTE_H
#define NETPOL_CLI_CILIUM_NOTE_H

#include "base/problem.h"
#include "policy/policy.h"

struct cilium_policies {
	char *first; /* policy with such a peer; NULL: none */
	size_t count;
};

/* Start from {0}; release with cilium_note_clear(). */
struct cilium_note {
	struct cilium_policies nodes, pods; /* that are peers by their addresses */
};

/* -ENOMEM. */
int cilium_note_take(struct cilium_note *note, const struct policy *policy);
/* One warning for all with nodes, and one with pods; advice: what names nodes otherwise. */
void cilium_note_tell(const struct cilium_note *note, const char *advice,
		      struct problems *problems);
void cilium_note_clear(struct cilium_note *note);

#endif
