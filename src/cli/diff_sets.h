/* The two sets of `diff`: what was read, and who there is in each. */
#ifndef NETPOL_CLI_DIFF_SETS_H
#define NETPOL_CLI_DIFF_SETS_H

#include "cli/manifests.h"
#include "policy/diff.h"
#include "policy/scene_graph.h"

struct diff_input {
	struct manifests manifests;
	/* Where the workloads are those of the record: */
	struct scene_graph *recorded;
	struct scene scene;
	struct scene_owner *owners;
	struct evaluator *evaluator;
	/* What to compare. */
	struct diff_set set;
};

/* Reads both, each with what is common to them, for the operands of the session's command. After
 * session_build() with --history. False: said why, and the session's status is set; both are to be
 * cleared all the same. */
bool diff_inputs_read(struct session *session, struct diff_input inputs[static DIFF_SIDES]);
void diff_input_clear(struct diff_input *input);

#endif
