/* What each pair of a diff's rows lost and got; private to policy/diff*.c. */
#ifndef NETPOL_POLICY_DIFF_CHANGES_H
#define NETPOL_POLICY_DIFF_CHANGES_H

#include "policy/diff_rows.h"

/* Fills in the diff's changes, their ports, and what is unchanged. drafts as diff_rows_make() gave
 * them. -ENOMEM; what the diff has by then is diff_free()'s. */
int diff_changes_make(struct diff_units *units, const struct diff_draft *drafts, struct diff *diff);

#endif
