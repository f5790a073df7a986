/* How `verify` prints what it found; drift is printed by the command itself. */
#ifndef NETPOL_CLI_VERIFY_PRINT_H
#define NETPOL_CLI_VERIFY_PRINT_H

#include "cli/candidates.h"
#include "cli/holes.h"
#include "cli/session.h"
#include "cli/shape.h"
#include "policy/replay.h"
#include "policy/subjects.h"
#include "policy/unused.h"

struct verification {
	struct session *session;
	const struct candidates *candidates;
	const struct scene_graph *scene;
	struct replay replay;
	struct subjects subjects;
	struct replay_result result;
	struct unused_item *unused;
	size_t unused_count;
	struct holes holes;
	bool passed;
};

/* In the format asked for. */
void verify_print(struct verification *verification);

#endif
