/* The answer of `diff`, in each format. */
#ifndef NETPOL_CLI_DIFF_PRINT_H
#define NETPOL_CLI_DIFF_PRINT_H

#include "cli/session.h"
#include "policy/diff.h"
#include "policy/diff_join.h"

struct diff_answer {
	const struct diff *diff;
	const struct diff_lines *lines;
	bool weighed; /* the lines' weights were asked for */
};

/* -ENOMEM, perhaps in the middle of it. */
int diff_print(struct session *session, const struct diff_answer *answer);

#endif
