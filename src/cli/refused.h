/* Policies that a kind cannot say. A default-deny would cut off their workloads, and so is not
 * printed in their namespace. */
#ifndef NETPOL_CLI_REFUSED_H
#define NETPOL_CLI_REFUSED_H

#include "base/buf.h"
#include "cli/session.h"
#include "policy/policy.h"

/* Start from {0}; release with refused_clear(). */
struct refused {
	struct buf namespace; /* of the last that was refused */
	struct buf names;     /* the first few that were refused in it */
	size_t count;         /* in it */
};

/* The kind could not say it, which compiler_next() gave last. -ENOMEM. */
int refused_add(struct refused *refused, struct compiler *compiler, const struct policy *policy);
/* May the default-deny that compiler_next() gave last be printed? 1; 0: no, with a problem;
 * -ENOMEM. */
int refused_none(struct refused *refused, struct compiler *compiler, const struct policy *deny,
		 struct problems *problems);
/* After the last of the policies: a note of what is not allowed for that, if anything. -ENOMEM. */
int refused_tell(const struct session *session, const struct compiler *compiler);
void refused_clear(struct refused *refused);

#endif
