/* Rows that differ in nothing but who of the outside is at the other end; private to `verify`. */
#ifndef NETPOL_CLI_VERIFY_ALIKE_H
#define NETPOL_CLI_VERIFY_ALIKE_H

#include "cli/verify_cells.h"

/*
 * Adds the rows of that list: external peers after others, and those of one subject, direction,
 * policy, rule and port as one line that names the busiest. -ENOMEM.
 */
int verify_add_alike(const struct verification *verification, struct output_table *table,
		     struct verify_columns columns, enum replay_list list);

#endif
