#include "cli/verify_print.h"

#include <errno.h>
#include <inttypes.h>

#include "base/clock.h"
#include "cli/verify_alike.h"
#include "cli/verify_json.h"
#include "cli/verify_unused.h"
#include "cli/verify_words.h"

static const char *const titles[REPLAY_LISTS] = {
    [REPLAY_DENIED] = "would be denied",
    [REPLAY_UNKNOWN] = "cannot be decided",
    [REPLAY_UNDEFINED] = "of no port, which NetworkPolicy does not define",
    [REPLAY_ALLOWED_NOW] = "was denied, and would be allowed or may be"};

/* Every row of the list as it is. */
static int add_all_rows(const struct verification *verification, struct output_table *table,
			struct verify_columns columns, enum replay_list list)
{
	int r = 0;

	for (size_t i = 0; i < verification->result.row_count && r == 0; i++) {
		struct verify_line line = {0};

		if (verification->result.rows[i].list != list)
			continue;
		r = verify_fill_row(verification, &verification->result.rows[i], &line);
		if (r == 0)
			r = verify_table_add(table, columns, &line);
		verify_line_clear(&line);
	}
	return r;
}

static void print_csv(struct verification *verification)
{
	static const unsigned char all[] = {COLUMN_FINDING, COLUMN_SUBJECT,     COLUMN_DIRECTION,
					    COLUMN_POLICY,  COLUMN_RULE,        COLUMN_PEER,
					    COLUMN_PORT,    COLUMN_CONNECTIONS, COLUMN_LAST_SEEN,
					    COLUMN_WHY,     COLUMN_WHERE,       COLUMN_BECAUSE};
	const struct verify_columns columns = {all,
					       verification->session->options->explain ? 12 : 10};
	struct output_table *table = verify_table_new(columns);
	int r = table ? 0 : -ENOMEM;

	for (unsigned i = 0; i < REPLAY_LISTS && r == 0; i++)
		r = add_all_rows(verification, table, columns, (enum replay_list)i);
	if (r == 0)
		r = verify_add_unused(verification, table, columns);
	if (r < 0)
		table = output_table_free(table);
	session_print_table(verification->session, table);
}

static void put_sum(struct buf *buf, const char *name, const struct replay_sum *sum)
{
	buf_line(buf, "%-12s%zu edge%s, %" PRId64 " connection%s", name, sum->edges,
		 sum->edges == 1 ? "" : "s", sum->connections, sum->connections == 1 ? "" : "s");
}

/* What the record is worth, above all for saying that something is never needed. */
static void put_evidence(const struct verification *verification, struct buf *buf)
{
	const struct graph *graph = verification->session->graph;
	const size_t gaps = verification->holes.gaps;
	char from[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX];

	if (verify_has_edges(graph))
		buf_line(
		    buf, "%-12sfrom %s to %s%s", "evidence", clock_format(graph->seen.from, from),
		    clock_format(graph->seen.until, until),
		    verify_is_short(graph) ? ": too short to show what is done once a week" : "");
	else
		buf_line(buf, "%-12snone: nothing was recorded in this time", "evidence");
	if (gaps > 0)
		buf_line(buf, "%-12s%zu, and what was in %s is not known", "gaps", gaps,
			 gaps == 1 ? "it" : "them");
	if (verification->holes.invisible)
		buf_line(buf, "%-12ssome connections, on some node", "not seen");
}

static void put_unused_sum(const struct verification *verification, struct buf *buf)
{
	const struct verify_unused counts = verify_count_unused(verification);

	if (verification->unused_count == 0)
		return;
	buf_printf(buf, "%-12s%zu", "unused", counts.unused);
	if (counts.perhaps > 0)
		buf_printf(buf, ", perhaps %zu more", counts.perhaps);
	if (counts.wider > 0)
		buf_printf(buf, ", and %zu allowed on purpose", counts.wider);
	buf_putc(buf, '\n');
}

static void put_summary(const struct verification *verification, struct buf *buf)
{
	const struct candidates *candidates = verification->candidates;
	const struct replay_result *result = &verification->result;

	buf_line(buf, "%-12s%zu given, %zu generated", "policies",
		 candidates->count - candidates->generated_count, candidates->generated_count);
	put_sum(buf, "allowed", &result->allowed);
	put_sum(buf, "denied", &result->lists[REPLAY_DENIED]);
	put_sum(buf, "unknown", &result->lists[REPLAY_UNKNOWN]);
	if (result->lists[REPLAY_UNDEFINED].edges > 0)
		put_sum(buf, "undefined", &result->lists[REPLAY_UNDEFINED]);
	if (result->uncovered.edges > 0)
		put_sum(buf, "not covered", &result->uncovered);
	if (result->failed.edges > 0)
		put_sum(buf, "failed", &result->failed);
	put_unused_sum(verification, buf);
	put_evidence(verification, buf);
	buf_line(buf, "%-12s%s", "passed", verification->passed ? "yes" : "no");
}

static void put_table(struct buf *buf, const char *title, struct output_table *table, int error)
{
	if (error < 0 && !buf->error)
		buf->error = error;
	buf_printf(buf, "\n%s:\n", title);
	if (table && error == 0)
		output_table_print(buf, table);
	output_table_free(table);
}

static size_t count_rows(const struct replay_result *result, enum replay_list list)
{
	size_t count = 0;

	for (size_t i = 0; i < result->row_count; i++)
		count += result->rows[i].list == list;
	return count;
}

static void put_list(const struct verification *verification, enum replay_list list,
		     struct buf *buf)
{
	static const unsigned char denied[] = {
	    COLUMN_SUBJECT,     COLUMN_DIRECTION, COLUMN_POLICY, COLUMN_PEER,   COLUMN_PORT,
	    COLUMN_CONNECTIONS, COLUMN_LAST_SEEN, COLUMN_WHERE,  COLUMN_BECAUSE};
	static const unsigned char others[] = {COLUMN_SUBJECT,     COLUMN_DIRECTION, COLUMN_POLICY,
					       COLUMN_RULE,        COLUMN_PEER,      COLUMN_PORT,
					       COLUMN_CONNECTIONS, COLUMN_LAST_SEEN, COLUMN_WHY,
					       COLUMN_WHERE,       COLUMN_BECAUSE};
	static const unsigned char allowed[] = {
	    COLUMN_SUBJECT,   COLUMN_DIRECTION, COLUMN_POLICY,  COLUMN_RULE,
	    COLUMN_PEER,      COLUMN_PORT,      COLUMN_ALLOWED, COLUMN_CONNECTIONS,
	    COLUMN_LAST_SEEN, COLUMN_WHY,       COLUMN_WHERE,   COLUMN_BECAUSE};
	const size_t less = verification->session->options->explain ? 0 : 2;
	struct verify_columns columns = {others, sizeof(others) - less};
	struct output_table *table;
	int r;

	if (list == REPLAY_DENIED)
		columns = (struct verify_columns){denied, sizeof(denied) - less};
	else if (list == REPLAY_ALLOWED_NOW)
		columns = (struct verify_columns){allowed, sizeof(allowed) - less};
	if (count_rows(&verification->result, list) == 0)
		return;
	table = verify_table_new(columns);
	r = table ? verify_add_alike(verification, table, columns, list) : -ENOMEM;
	put_table(buf, titles[list], table, r);
}

/* wider: of what is there on purpose, else of the rest. */
static void put_unused(const struct verification *verification, bool wider, struct buf *buf)
{
	static const unsigned char all[] = {COLUMN_POLICY,  COLUMN_RULE, COLUMN_PEER, COLUMN_PORT,
					    COLUMN_FINDING, COLUMN_WHY,  COLUMN_WHERE};
	const size_t less = verification->session->options->explain ? 0 : 1;
	const struct verify_columns columns = {all, sizeof(all) - less};
	const struct verify_unused counts = verify_count_unused(verification);
	struct output_table *table;
	int r;

	if ((wider ? counts.wider : counts.unused + counts.perhaps) == 0)
		return;
	table = verify_table_new(columns);
	if (!table)
		r = -ENOMEM;
	else if (wider)
		r = verify_add_wider_unused(verification, table, columns);
	else
		r = verify_add_plain_unused(verification, table, columns);
	put_table(buf,
		  wider ? "allowed on purpose beyond what was seen, and never used"
			: "allowed, and never used",
		  table, r);
}

static void print_tables(struct verification *verification)
{
	struct buf buf = {0};

	put_summary(verification, &buf);
	put_list(verification, REPLAY_DENIED, &buf);
	put_list(verification, REPLAY_UNKNOWN, &buf);
	put_list(verification, REPLAY_UNDEFINED, &buf);
	put_unused(verification, false, &buf);
	put_unused(verification, true, &buf);
	put_list(verification, REPLAY_ALLOWED_NOW, &buf);
	session_print(verification->session, &buf);
}

static void print_json(struct verification *verification)
{
	json_t *tree = verify_json(verification);
	struct buf buf = {0};

	if (tree)
		output_json(&buf, tree);
	else
		buf.error = -ENOMEM;
	json_decref(tree);
	session_print(verification->session, &buf);
}

void verify_print(struct verification *verification)
{
	switch (verification->session->options->format) {
	case FORMAT_JSON:
		print_json(verification);
		break;
	case FORMAT_CSV:
		print_csv(verification);
		break;
	default:
		print_tables(verification);
		break;
	}
}
