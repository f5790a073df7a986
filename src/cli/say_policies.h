/* All policies of a compiler in the words of a kind, and what follows from those that it cannot
 * say. */
#ifndef NETPOL_CLI_SAY_POLICIES_H
#define NETPOL_CLI_SAY_POLICIES_H

#include "cli/session.h"
#include "policy/kind.h"

/* 1: it was said; 0: the kind cannot say it, with a problem; negative errno. */
typedef int say_policy_fn(void *context, const struct policy *policy);

struct say_policies {
	struct session *session;
	struct compiler *compiler;
	const struct policy_kind *kind;
	const struct kind_options *options;
	say_policy_fn *say;
	void *context;
};

/*
 * Each is given to say(), until that fails. A default-deny is not where a policy of its namespace
 * could not be said, for it would cut off its workloads, with a problem; a canary's policies leave
 * nobody out who can be no canary. At the end there is a note of what is not allowed because of
 * those that could not be said. Negative errno.
 */
int say_policies(const struct say_policies *all);

#endif
