/* The lines of what policies allow and nothing used; private to `verify`. */
#ifndef NETPOL_CLI_VERIFY_UNUSED_H
#define NETPOL_CLI_VERIFY_UNUSED_H

#include "cli/verify_cells.h"

/* Every item, as CSV has it. -ENOMEM. */
int verify_add_unused(const struct verification *verification, struct output_table *table,
		      struct verify_columns columns);
/* Those that are not there on purpose, for a table: what is the same of the rules of many policies
 * is one line. -ENOMEM. */
int verify_add_plain_unused(const struct verification *verification, struct output_table *table,
			    struct verify_columns columns);
/* The others: peers of one rule that differ in nothing else are one line, and then policies that
 * do. -ENOMEM. */
int verify_add_wider_unused(const struct verification *verification, struct output_table *table,
			    struct verify_columns columns);

/* Instead of empty cells. */
void verify_put_all(struct verify_line *line);

#endif
