#include "cli/verify_unused.h"

/* What is not told of one is told of all of them. */
void verify_put_all(struct verify_line *line)
{
	static const enum verify_column columns[] = {COLUMN_RULE, COLUMN_PEER, COLUMN_PORT};

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		if (line->cells[columns[i]].length == 0)
			buf_puts(&line->cells[columns[i]], "all");
}

static int add_item(const struct unused_item *item, struct output_table *table,
		    struct verify_columns columns)
{
	struct verify_line line = {0};
	int r;

	verify_fill_unused(item, &line);
	r = verify_table_add(table, columns, &line);
	verify_line_clear(&line);
	return r;
}

int verify_add_unused(const struct verification *verification, struct output_table *table,
		      struct verify_columns columns)
{
	int r = 0;

	for (size_t i = 0; i < verification->unused_count && r == 0; i++)
		r = add_item(&verification->unused[i], table, columns);
	return r;
}
