/*
 * Policies that name nodes by address where Cilium does not look for them: its CIDRs are matched
 * against what is outside of the cluster, unless policyCIDRMatchMode has nodes (docs.cilium.io,
 * Layer 3 Policies, Selecting nodes with CIDR).
 */
#ifndef NETPOL_CLI_CILIUM_NOTE_H
#define NETPOL_CLI_CILIUM_NOTE_H

#include "base/problem.h"
#include "policy/policy.h"

/* Start from {0}; release with cilium_note_clear(). */
struct cilium_note {
	char *first; /* policy with such a peer; NULL: none */
	size_t count;
};

/* -ENOMEM. */
int cilium_note_take(struct cilium_note *note, const struct policy *policy);
/* One warning for all of them; advice: what names nodes otherwise. */
void cilium_note_tell(const struct cilium_note *note, const char *advice,
		      struct problems *problems);
void cilium_note_clear(struct cilium_note *note);

#endif
