#include "cli/summary_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "output/output.h"

static void put_count(struct buf *buf, int64_t number, const char *noun)
{
	buf_printf(buf, "%" PRId64 " %s%s", number, noun, number == 1 ? "" : "s");
}

static void put_allowed(struct buf *buf, const struct policy_summary *summary,
			const struct graph *graph, const char *separator)
{
	char from[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX];

	put_count(buf, summary->used_connections, "connection");
	buf_puts(buf, " on ");
	put_count(buf, (int64_t)summary->used_edges, "edge");
	buf_puts(buf, summary->used_connections == 1 ? " is allowed" : " are allowed");
	if (graph->seen.from <= graph->seen.until)
		buf_printf(buf, "%sof what was seen from %s to %s", separator,
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
	put_allowed(buf, summary, graph, "\n");
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

	put_allowed(buf, summary, graph, ", ");
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
	buf_printf(buf, "%zu of %zu %s could not be said as %s: ", refused->policies,
		   refused->given, refused->given == 1 ? "policy" : "policies", kind);
	put_count(buf, (int64_t)refused->edges, "edge");
	buf_puts(buf, " (");
	put_count(buf, refused->connections, "connection");
	buf_printf(buf, ") %s not allowed", refused->edges == 1 ? "is" : "are");
}

int summary_tell(const struct session *session, const struct policy_summary *summary,
		 struct tree_node *head)
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
	if (r == 0 && as_comment) {
		tree_add_comment(head, buf.data, buf.length);
		r = head->tree->error;
	} else if (r == 0) {
		fprintf(stderr, "%s: note: %s\n", PROGRAM, buf.data);
	}
	buf_clear(&buf);
	return r;
}
