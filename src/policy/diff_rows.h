/* The rows of a diff: which units are one, and what they are called; private to policy/diff*.c. */
#ifndef NETPOL_POLICY_DIFF_ROWS_H
#define NETPOL_POLICY_DIFF_ROWS_H

#include "policy/diff_units.h"

/* Whom a row is made of: of the diff's rows the one of the same index. */
struct diff_draft {
	struct diff_row row; /* empty once the diff has it */
	size_t unit;         /* that answers for it */
	size_t member;       /* it alone, or DIFF_NONE: all of the owner */
};

/*
 * Fills in the diff's rows and pods. *ret is malloc'd: one for each row before diff->range_first.
 * -ENOMEM; what the diff has by then is diff_free()'s.
 */
int diff_rows_make(struct diff_units *units, struct diff *diff, struct diff_draft **ret);

#endif
