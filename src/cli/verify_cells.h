/* The lines of `verify`'s tables and CSV; private to it. */
#ifndef NETPOL_CLI_VERIFY_CELLS_H
#define NETPOL_CLI_VERIFY_CELLS_H

#include "base/buf.h"
#include "cli/verify_print.h"
#include "output/output.h"

enum verify_column {
	COLUMN_FINDING,
	COLUMN_SUBJECT,
	COLUMN_DIRECTION,
	COLUMN_POLICY,
	COLUMN_RULE,
	COLUMN_PEER,
	COLUMN_PORT,
	COLUMN_CONNECTIONS,
	COLUMN_LAST_SEEN,
	COLUMN_WHY,
	COLUMN_WHERE,
	COLUMN_BECAUSE,
	COLUMN_ALLOWED,
	VERIFY_COLUMNS
};

/* The cells of a line, made one after the other in one buffer each. Start from {0}. */
struct verify_line {
	struct buf cells[VERIFY_COLUMNS];
};

/* -ENOMEM. */
int verify_fill_row(const struct verification *verification, const struct replay_row *row,
		    struct verify_line *line);
void verify_fill_unused(const struct unused_item *item, struct verify_line *line);
void verify_line_clear(struct verify_line *line);

/* The columns of a table: enum verify_column, in the order of their titles. */
struct verify_columns {
	const unsigned char *items;
	size_t count;
};

/* NULL: out of memory. */
struct output_table *verify_table_new(struct verify_columns columns);
/* -ENOMEM, also where a cell had no room. */
int verify_table_add(struct output_table *table, struct verify_columns columns,
		     const struct verify_line *line);

#endif
