/*
 * Which edges count as a reason to allow something, and why the others do not; private to policy/.
 *
 * Of an edge alone, and of the end that would be the peer. What hangs on other edges is decided
 * later: few connections, own nodes, too many blocks.
 */
#ifndef NETPOL_POLICY_ADMIT_H
#define NETPOL_POLICY_ADMIT_H

#include "policy/policy.h"

struct admission {
	enum left_reason left; /* LEFT_NONE: it counts */
	bool included;         /* but only as --include has it so */
};

/* Is the reason one of those that were asked to be brought in? include: 1 << LEFT_… */
bool admit_is_included(unsigned include, enum left_reason reason);
/*
 * Answered connections count, and one-way ones that were seen to leave. Of a connection between
 * nodes the records of both do, whichever has it: each tells of the end that it knows. What the
 * destination's node denied does not, whatever the source's made of it.
 */
struct admission admit_edge(const struct graph_edge *edge, unsigned include);
/* Why an end that no selector or block can stand for is such a one: LEFT_AMBIGUOUS to LEFT_FOLDED.
 */
enum left_reason admit_unnamed(const struct end *end);

#endif
