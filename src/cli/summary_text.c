#include "cli/summary_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "output/output.h"

/* "1,234,567" */
static void put_number(struct buf *buf, int64_t number)
{
	char digits[24];
	size_t length;

	snprintf(digits, sizeof(digits), "%" PRId64, number);
	length = strlen(digits);
	for (size_t i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			buf_putc(buf, ',');
		buf_putc(buf, digits[i]);
	}
}

static void put_count(struct buf *buf, int64_t number, const char *noun)
{
	put_number(buf, number);
	buf_printf(buf, " %s%s", noun, number == 1 ? "" : "s");
}

static void put_allowed(struct buf *buf, const struct policy_summary *summary,
			const struct graph *graph)
{
	char from[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX];

	put_count(buf, summary->used_connections, "connection");
	buf_puts(buf, " on ");
	put_count(buf, (int64_t)summary->used_edges, "edge");
	buf_puts(buf, summary->used_connections == 1 ? " is allowed" : " are allowed");
	if (graph->seen.from <= graph->seen.until)
		buf_printf(buf, ", of what was seen from %s to %s",
			   clock_format(graph->seen.from, from),
			   clock_format(graph->seen.until, until));
}

static void put_left(struct buf *buf, const struct policy_summary *summary, enum left_reason reason)
{
	put_count(buf, (int64_t)summary->left_edges[reason], "edge");
	buf_puts(buf, " (");
	put_count(buf, summary->left_connections[reason], "connection");
	buf_printf(buf, ") %s", left_reason_phrase(reason));
}

/* Of pods that were only recorded nobody knows what others there are. */
static bool is_among_recorded(const struct policy_summary *summary, const struct graph *graph)
{
	return summary->used_edges > 0 && !(graph->inventory && graph->inventory->has_objects);
}

#define AMONG_RECORDED                                                                             \
	"selectors are unique among the pods that were recorded: no inventory tells of others"

void summary_text_lines(const struct policy_summary *summary, const struct graph *graph,
			struct buf *buf)
{
	put_allowed(buf, summary, graph);
	for (enum left_reason i = 0; i < LEFT_REASONS; i++) {
		if (summary->left_edges[i] == 0)
			continue;
		buf_puts(buf, "\nleft out: ");
		put_left(buf, summary, i);
		if (left_reason_can_be_included(i))
			buf_printf(buf, "; used with --include %s", left_reason_name(i));
	}
	if (is_among_recorded(summary, graph))
		buf_puts(buf, "\n" AMONG_RECORDED);
}

static void put_options(struct buf *buf, const struct policy_summary *summary)
{
	size_t count = 0;

	for (enum left_reason i = 0; i < LEFT_REASONS; i++)
		if (summary->left_edges[i] > 0 && left_reason_can_be_included(i))
			buf_printf(buf, "%s%s", count++ > 0 ? " or " : "; --include ",
				   left_reason_name(i));
	if (count > 0)
		buf_puts(buf, " brings more in");
}

void summary_text_line(const struct policy_summary *summary, const struct graph *graph,
		       struct buf *buf)
{
	const char *before = "; left out: ";

	put_allowed(buf, summary, graph);
	for (enum left_reason i = 0; i < LEFT_REASONS; i++) {
		if (summary->left_edges[i] == 0)
			continue;
		buf_puts(buf, before);
		put_left(buf, summary, i);
		before = ", ";
	}
	put_options(buf, summary);
	if (is_among_recorded(summary, graph))
		buf_puts(buf, "; " AMONG_RECORDED);
}

void summary_text_refused(const struct policy_refused *refused, const char *kind, struct buf *buf)
{
	put_number(buf, (int64_t)refused->policies);
	buf_puts(buf, " of ");
	put_number(buf, (int64_t)refused->given);
	buf_puts(buf, refused->given == 1 ? " policy" : " policies");
	buf_printf(buf, " could not be said as %s: ", kind);
	put_count(buf, (int64_t)refused->edges, "edge");
	buf_puts(buf, " (");
	put_count(buf, refused->connections, "connection");
	buf_printf(buf, ") %s not allowed by what is printed", refused->edges == 1 ? "is" : "are");
}

int summary_tell(const struct session *session, const struct policy_summary *summary, json_t *head)
{
	const struct options *options = session->options;
	const bool as_comment = head && options->format == FORMAT_YAML &&
				options->kind_options.explain == EXPLAIN_COMMENTS;
	struct buf buf = {0};
	int r;

	if (as_comment)
		summary_text_lines(summary, session->graph, &buf);
	else
		summary_text_line(summary, session->graph, &buf);
	r = buf.error;
	if (r == 0 && as_comment)
		r = json_object_set_new(head, OUTPUT_COMMENT, json_string(buf.data)) < 0 ? -ENOMEM
											 : 0;
	else if (r == 0)
		fprintf(stderr, "%s: note: %s\n", PROGRAM, buf.data);
	buf_clear(&buf);
	return r;
}
