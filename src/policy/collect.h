/* From edges to atoms; private to policy/. */
#ifndef NETPOL_POLICY_COLLECT_H
#define NETPOL_POLICY_COLLECT_H

#include "policy/compiler.h"

/*
 * Adds, in the order of the edges, an atom for each end of an edge that counts and each peer that
 * has a name, to compiler.atoms; to compiler.elsewhere where another record tells the policy of
 * that end. What counts for nothing is in the tally and the leaves, and so are the edges that the
 * filter lets through. -ENOMEM.
 */
int collect_edges(struct compiler *compiler);
/* So with the ends that only a policy meant for others isolates: once the holders are known. */
int collect_held_edges(struct compiler *compiler);
/* What lets every subject ask the resolvers, and others ask those of the subjects. -ENOMEM. */
int collect_resolvers(struct compiler *compiler);
/* Is it what a pod did that policies isolate without being meant for it? It has an edge. */
bool collect_is_of_held(const struct compiler *compiler, const struct atom *atom);

#endif
