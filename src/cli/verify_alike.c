#include "cli/verify_alike.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/verify_words.h"

/* A row, and which of the subjects, directions, policies and rules it is of, in their order. */
struct placed_row {
	const struct replay_row *row;
	size_t place;
};

static bool is_of_one_place(const struct replay_row *a, const struct replay_row *b)
{
	return a->direction == b->direction && a->policy == b->policy && a->rule == b->rule &&
	       replay_compare_ends(a->subject, b->subject) == 0;
}

static bool is_external(const struct replay_row *row)
{
	return row->peer->kind == END_EXTERNAL && strcmp(row->peer->class, "external") == 0;
}

static int compare_ports(const struct replay_row *a, const struct replay_row *b)
{
	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	if (a->has_port != b->has_port)
		return a->has_port ? 1 : -1;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	if (!a->why || !b->why)
		return (a->why != NULL) - (b->why != NULL);
	return strcmp(a->why, b->why);
}

/* External peers after others; these by port, those with most connections first. */
static int compare_placed(const void *a, const void *b)
{
	const struct placed_row *x = a, *y = b;
	int r = 0;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	if (is_external(x->row) != is_external(y->row))
		return is_external(x->row) ? 1 : -1;
	if (is_external(x->row))
		r = compare_ports(x->row, y->row);
	if (r == 0 && is_external(x->row) && x->row->connections != y->row->connections)
		r = x->row->connections > y->row->connections ? -1 : 1;
	return r ? r : (x->row > y->row) - (x->row < y->row);
}

static struct placed_row *place_rows(const struct replay_result *result, enum replay_list list,
				     size_t *ret_count)
{
	struct placed_row *rows = calloc(result->row_count + 1, sizeof(*rows));
	size_t count = 0, place = 0;

	for (size_t i = 0; rows && i < result->row_count; i++) {
		const struct replay_row *row = &result->rows[i];

		if (row->list != list)
			continue;
		if (count > 0 && !is_of_one_place(rows[count - 1].row, row))
			place++;
		rows[count++] = (struct placed_row){row, place};
	}
	if (count > 0)
		qsort(rows, count, sizeof(*rows), compare_placed);
	*ret_count = count;
	return rows;
}

/* How many rows from here on are one line: the same but for external peers. */
static size_t count_alike(const struct placed_row *rows, size_t count)
{
	size_t alike = 1;

	if (!is_external(rows[0].row))
		return 1;
	while (alike < count && rows[alike].place == rows[0].place &&
	       is_external(rows[alike].row) && compare_ports(rows[0].row, rows[alike].row) == 0)
		alike++;
	return alike;
}

static void put_peers(const struct verification *verification, const struct placed_row *rows,
		      size_t count, struct buf *buf)
{
	char cell[SHAPE_CELL_MAX];

	buf_printf(buf, "%zu peers: ", count);
	for (size_t i = 0; i < count && i < VERIFY_NAMED; i++)
		buf_printf(buf, "%s%s", i > 0 ? ", " : "",
			   verify_end_cell(verification->session->graph, rows[i].row->peer, cell));
	verify_put_more(buf, ", ", count);
}

/* Of several the explanation is that of the largest. */
static int add_line(const struct verification *verification, struct output_table *table,
		    struct verify_columns columns, const struct placed_row *rows, size_t count)
{
	struct replay_row row = *rows[0].row;
	struct verify_line line = {0};
	int r;

	for (size_t i = 1; i < count; i++) {
		row.connections += rows[i].row->connections;
		if (rows[i].row->last_seen > row.last_seen)
			row.last_seen = rows[i].row->last_seen;
	}
	r = verify_fill_row(verification, &row, &line);
	if (count > 1) {
		buf_clear(&line.cells[COLUMN_PEER]);
		put_peers(verification, rows, count, &line.cells[COLUMN_PEER]);
	}
	if (r == 0)
		r = verify_table_add(table, columns, &line);
	verify_line_clear(&line);
	return r;
}

int verify_add_alike(const struct verification *verification, struct output_table *table,
		     struct verify_columns columns, enum replay_list list)
{
	size_t count, alike;
	struct placed_row *rows = place_rows(&verification->result, list, &count);
	int r = rows ? 0 : -ENOMEM;

	for (size_t i = 0; i < count && r == 0; i += alike) {
		alike = count_alike(&rows[i], count - i);
		r = add_line(verification, table, columns, &rows[i], alike);
	}
	free(rows);
	return r;
}
