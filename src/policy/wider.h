/*
 * What policies that were just generated allow on purpose, for what is read back of them: all of
 * it, whatever room the annotation has (KIND_WIDER).
 */
#ifndef NETPOL_POLICY_WIDER_H
#define NETPOL_POLICY_WIDER_H

#include "policy/manifest.h"
#include "policy/policy.h"

/* Start from {0}; release with wider_clear(). */
struct wider {
	unsigned *items; /* WIDER_ bits of all peers, in the order in which they are printed */
	size_t count, capacity;
};

/* A policy that was printed as a NetworkPolicy, after those before it. -ENOMEM. */
int wider_add(struct wider *wider, const struct policy *policy);
/* Fills in netpol_peer.wider where the policies' annotations were cut. The manifest has just what
 * was added, from one text. -ENOMEM. */
int wider_give(const struct wider *wider, struct manifest *manifest);
void wider_clear(struct wider *wider);

#endif
