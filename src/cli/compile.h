/* The compiler as the options ask for it, with what it needs to know beside the graph. */
#ifndef NETPOL_CLI_COMPILE_H
#define NETPOL_CLI_COMPILE_H

#include "cli/extent.h"
#include "cli/session.h"
#include "policy/policy.h"

/* Start from {0}; release with compile_end(). */
struct compile {
	struct policy_request request;
	struct extent extent;
	struct readinesses *readinesses; /* NULL: nobody asks */
	struct known_networks *known_networks;
	struct compiler *compiler;
};

/* After session_build(); ends the record's snapshots. Negative errno; -EINVAL where a file is
 * wrong, which is said, and the session's status is set. */
int compile_begin(struct session *session, struct compile *compile);
void compile_end(struct compile *compile);

#endif
