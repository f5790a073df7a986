/* The answer of `diff`, in each format. */
#ifndef NETPOL_CLI_DIFF_PRINT_H
#define NETPOL_CLI_DIFF_PRINT_H

#include "cli/session.h"
#include "policy/diff.h"
#include "policy/diff_weigh.h"

struct diff_answer {
	const struct diff *diff;
	const struct diff_weights *weights; /* NULL: not asked for */
	const size_t *order;                /* of the changes, as they are printed */
};

/* -ENOMEM, perhaps in the middle of it. */
int diff_print(struct session *session, const struct diff_answer *answer);

#endif
