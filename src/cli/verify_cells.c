#include "cli/verify_cells.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "cli/rule_text.h"
#include "cli/verify_words.h"

/* Between the reasons in a cell. */
#define BETWEEN "; "

static const char *const titles[VERIFY_COLUMNS] = {
    [COLUMN_FINDING] = "FINDING",     [COLUMN_SUBJECT] = "SUBJECT",
    [COLUMN_DIRECTION] = "DIRECTION", [COLUMN_POLICY] = "POLICY",
    [COLUMN_RULE] = "RULE",           [COLUMN_PEER] = "PEER",
    [COLUMN_PORT] = "PORT",           [COLUMN_CONNECTIONS] = "CONNECTIONS",
    [COLUMN_LAST_SEEN] = "LAST SEEN", [COLUMN_WHY] = "WHY",
    [COLUMN_WHERE] = "WHERE",         [COLUMN_BECAUSE] = "BECAUSE",
    [COLUMN_ALLOWED] = "ALLOWED"};

static const char *const findings[REPLAY_LISTS] = {[REPLAY_DENIED] = "denied",
						   [REPLAY_UNKNOWN] = "unknown",
						   [REPLAY_UNDEFINED] = "undefined",
						   [REPLAY_ALLOWED_NOW] = "allowed now"};

void verify_line_clear(struct verify_line *line)
{
	for (size_t i = 0; i < VERIFY_COLUMNS; i++)
		buf_clear(&line->cells[i]);
}

static void put_policy(struct buf *buf, const struct netpol *policy)
{
	buf_printf(buf, "%s/%s", policy->namespace, policy->name);
}

static void put_where(struct buf *buf, const struct netpol *policy, unsigned line)
{
	if (policy)
		buf_printf(buf, "%s:%u", policy->file, line);
}

static int put_explanation(const struct verification *verification, const struct replay_row *row,
			   const char *subject, struct buf *buf)
{
	const struct because_ends ends = verify_ends(row, subject);
	struct because because = {0};
	int r = verify_explain(verification, row, &because);

	if (r == 0)
		because_put_lines(buf, &because, &ends, "", BETWEEN);
	because_clear(&because);
	if (r == 0 && !buf->error && buf->length > strlen(BETWEEN)) {
		buf->length -= strlen(BETWEEN);
		buf->data[buf->length] = '\0';
	}
	return r < 0 ? r : buf->error;
}

/* Was it denied, and is not known whether it would be allowed? */
static bool is_perhaps(const struct replay_row *row)
{
	return row->list == REPLAY_ALLOWED_NOW && row->why;
}

int verify_fill_row(const struct verification *verification, const struct replay_row *row,
		    struct verify_line *line)
{
	const struct graph *graph = verification->session->graph;
	char cell[SHAPE_CELL_MAX], port[16], last[CLOCK_TEXT_MAX];
	struct buf *cells = line->cells;

	buf_printf(&cells[COLUMN_FINDING], "%s%s", is_perhaps(row) ? "perhaps " : "",
		   findings[row->list]);
	buf_puts(&cells[COLUMN_ALLOWED], is_perhaps(row) ? "unknown" : "yes");
	buf_puts(&cells[COLUMN_SUBJECT], verify_end_cell(graph, row->subject, cell));
	buf_puts(&cells[COLUMN_DIRECTION], rule_direction(row->direction));
	if (row->policy)
		put_policy(&cells[COLUMN_POLICY], row->policy);
	rule_put_path(&cells[COLUMN_RULE], row->policy, row->direction, row->rule);
	buf_puts(&cells[COLUMN_PEER], verify_end_cell(graph, row->peer, cell));
	buf_puts(&cells[COLUMN_PORT],
		 shape_port_cell(row->protocol, row->has_port, row->port, port));
	buf_printf(&cells[COLUMN_CONNECTIONS], "%" PRId64, row->connections);
	buf_puts(&cells[COLUMN_LAST_SEEN], clock_format(row->last_seen, last));
	if (row->why)
		buf_puts(&cells[COLUMN_WHY], row->why);
	if (!verification->session->options->explain)
		return 0;
	put_where(&cells[COLUMN_WHERE], row->policy, verify_row_line(row));
	return put_explanation(verification, row,
			       cells[COLUMN_SUBJECT].data ? cells[COLUMN_SUBJECT].data : "",
			       &cells[COLUMN_BECAUSE]);
}

static void put_all_why(struct buf *buf, const struct unused_item *item)
{
	if (item->wider)
		buf_printf(buf, "%s%s", item->wider, item->why || item->perhaps ? BETWEEN : "");
	verify_put_why_unused(buf, item);
}

void verify_fill_unused(const struct unused_item *item, struct verify_line *line)
{
	const struct netpol_peer *of_peer = verify_item_peer(item);
	const struct netpol_port *of_port = verify_item_port(item);
	struct buf *cells = line->cells;

	buf_printf(&cells[COLUMN_FINDING], "%sunused%s", item->perhaps ? "perhaps " : "",
		   item->wider ? ", wider" : "");
	if (item->rule)
		buf_puts(&cells[COLUMN_DIRECTION], rule_direction(item->direction));
	put_policy(&cells[COLUMN_POLICY], item->policy);
	rule_put_path(&cells[COLUMN_RULE], item->policy, item->direction, item->rule);
	if (of_peer)
		rule_put_peer(&cells[COLUMN_PEER], of_peer);
	if (of_port)
		rule_put_port(&cells[COLUMN_PORT], of_port);
	put_all_why(&cells[COLUMN_WHY], item);
	put_where(&cells[COLUMN_WHERE], item->policy, verify_item_line(item));
}

int verify_table_add(struct output_table *table, struct verify_columns columns,
		     const struct verify_line *line)
{
	const char *cells[VERIFY_COLUMNS];

	for (size_t i = 0; i < columns.count; i++) {
		const struct buf *buf = &line->cells[columns.items[i]];

		if (buf->error)
			return buf->error;
		cells[i] = buf->data ? buf->data : "";
	}
	return output_table_row(table, cells);
}

struct output_table *verify_table_new(struct verify_columns columns)
{
	const char *chosen[VERIFY_COLUMNS];

	for (size_t i = 0; i < columns.count; i++)
		chosen[i] = titles[columns.items[i]];
	return output_table_new(chosen, columns.count);
}
