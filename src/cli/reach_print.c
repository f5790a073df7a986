#include "cli/reach_print.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/because.h"
#include "cli/progress.h"
#include "output/output.h"

#define FLUSH_BYTES (64u << 10)

/* What an answer is in the format that is printed. */
struct answer_text {
	struct buf allows, unknown;
};

struct printer {
	struct session *session;
	struct reach *reach;
	struct buf buf;
	struct output_list list;
	struct output_column columns[3];
	struct buf *ends;              /* by end: as a value in JSON, else as it is */
	struct buf joined[DIRECTIONS]; /* several ranges as one, likewise */
	struct answer_text *answers;
	size_t answer_count;
	struct because because;
	struct progress progress;
	bool json;
	bool any; /* row of a table */
};

/* ---- text ---- */

static void put_string(const struct printer *printer, struct buf *buf, const char *text)
{
	json_t *value;

	if (!printer->json) {
		buf_puts(buf, text);
		return;
	}
	value = json_string(text);
	if (!value)
		buf->error = -ENOMEM;
	else
		output_list_value(&printer->list, buf, value);
	json_decref(value);
}

static void put_ports(const struct printer *printer, struct buf *buf, const struct port_set *ports)
{
	json_t *value;

	if (!printer->json) {
		buf_puts(buf, ""); /* never NULL */
		because_put_ports(buf, ports);
		return;
	}
	value = because_ports_json(ports);
	if (!value)
		buf->error = -ENOMEM;
	else
		output_list_value(&printer->list, buf, value);
	json_decref(value);
}

static int make_ends(struct printer *printer)
{
	size_t count = reach_end_count(printer->reach);

	printer->ends = calloc(count + 1, sizeof(*printer->ends));
	if (!printer->ends)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		put_string(printer, &printer->ends[i], reach_end_text(printer->reach, i));
		if (printer->ends[i].error < 0)
			return printer->ends[i].error;
	}
	return 0;
}

/* Answers are numbered as they come up. */
static int make_answers(struct printer *printer)
{
	size_t count = reach_answer_count(printer->reach);
	struct answer_text *grown;

	if (printer->answer_count == count)
		return 0;
	grown = reallocarray(printer->answers, count, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	printer->answers = grown;
	while (printer->answer_count < count) {
		const struct answer_sets *sets =
		    reach_answer(printer->reach, (uint32_t)printer->answer_count);
		struct answer_text *text = &grown[printer->answer_count++];

		*text = (struct answer_text){0};
		put_ports(printer, &text->allows, &sets->allows);
		put_ports(printer, &text->unknown, &sets->unknown);
		if (text->allows.error < 0 || text->unknown.error < 0)
			return -ENOMEM;
	}
	return 0;
}

/* The row's source (EGRESS) or destination; until the next of that direction. */
static const struct buf *end_of(struct printer *printer, const struct reach_row *row,
				enum direction direction)
{
	const size_t end = direction == DIRECTION_EGRESS ? row->from : row->to;
	struct buf *joined = &printer->joined[direction];
	char first[ADDR_TEXT_MAX], last[ADDR_TEXT_MAX], text[2 * ADDR_TEXT_MAX];
	struct addr_range range;

	if (!reach_row_range(printer->reach, row, direction, &range) || row->last == end)
		return &printer->ends[end];
	snprintf(text, sizeof(text), "%s-%s", addr_format(range.first, first),
		 addr_format(range.last, last));
	joined->length = 0;
	put_string(printer, joined, text);
	return joined;
}

/* ---- why ---- */

static int explain(struct printer *printer, const struct reach_row *row, struct because_ends *ret)
{
	struct because *because = &printer->because;
	const struct reach *reach = printer->reach;
	int r;

	because_clear(because);
	*ret = (struct because_ends){0};
	if (!reach_end_is_range(reach, row->from))
		ret->texts[DIRECTION_EGRESS] = reach_end_text(reach, row->from);
	if (!reach_end_is_range(reach, row->to))
		ret->texts[DIRECTION_INGRESS] = reach_end_text(reach, row->to);
	r = reach_explain(printer->reach, row, because_add, because);
	return r < 0 ? r : because->error;
}

static int explain_as_json(struct printer *printer, const struct reach_row *row, struct buf *text)
{
	struct because_ends ends;
	int r = explain(printer, row, &ends);
	json_t *value = r < 0 ? NULL : because_json(&printer->because, &ends);

	if (value)
		output_list_value(&printer->list, text, value);
	json_decref(value);
	if (r < 0)
		return r;
	return value ? text->error : -ENOMEM;
}

static int explain_as_text(struct printer *printer, const struct reach_row *row, const char *indent,
			   const char *end, struct buf *text)
{
	struct because_ends ends;
	int r = explain(printer, row, &ends);

	if (r < 0)
		return r;
	because_put_lines(text, &printer->because, &ends, indent, end);
	return text->error;
}

/* ---- rows ---- */

/* Denied pairs come up between two ends, and are rows where they are explained. */
static bool is_shown(const struct printer *printer, uint32_t answer)
{
	return answer != ANSWERS_NOTHING || printer->session->options->explain;
}

static int print_json(struct printer *printer, const struct reach_row *row,
		      const struct answer_text *answer)
{
	const struct buf *from = end_of(printer, row, DIRECTION_EGRESS);
	const struct buf *to = end_of(printer, row, DIRECTION_INGRESS);
	struct buf because = {0};
	struct output_member members[] = {
	    {"from", from->data, from->length},
	    {"to", to->data, to->length},
	    {"allows", answer->allows.data, answer->allows.length},
	    {"unknown", answer->unknown.data, answer->unknown.length},
	    {"because", NULL, 0},
	};
	bool explains = printer->session->options->explain;
	int r = explains ? explain_as_json(printer, row, &because) : 0;

	members[4].value = because.data;
	members[4].length = because.length;
	if (r == 0)
		output_list_object(&printer->list, members, explains ? 5 : 4);
	buf_clear(&because);
	return r;
}

static int print_csv(struct printer *printer, const struct reach_row *row,
		     const struct answer_text *answer)
{
	const struct buf *from = end_of(printer, row, DIRECTION_EGRESS);
	const struct buf *to = end_of(printer, row, DIRECTION_INGRESS);
	struct buf because = {0};
	bool explains = printer->session->options->explain;
	int r = explains ? explain_as_text(printer, row, "", "; ", &because) : 0;

	/* Without the last "; ". */
	if (because.length >= 2)
		because.data[because.length - 2] = '\0';
	if (r == 0)
		output_row_csv(&printer->buf,
			       (const char *const[]){from->data, to->data, answer->allows.data,
						     answer->unknown.data, because.data},
			       explains ? 5 : 4);
	buf_clear(&because);
	return r;
}

static int print_table(struct printer *printer, const struct reach_row *row,
		       const struct answer_text *answer)
{
	const struct buf *from = end_of(printer, row, DIRECTION_EGRESS);
	const struct buf *to = end_of(printer, row, DIRECTION_INGRESS);
	const bool allows = answer->allows.length > 0, unknown = answer->unknown.length > 0;
	struct buf cell = {0};
	int r;

	buf_printf(&cell, "%s%s%s%s", allows || unknown ? answer->allows.data : "denied",
		   allows && unknown ? "; " : "", unknown ? "unknown: " : "", answer->unknown.data);
	r = cell.error;
	if (r == 0)
		output_row(&printer->buf, (const char *const[]){from->data, to->data, cell.data},
			   printer->columns, 3);
	buf_clear(&cell);
	if (r < 0 || !printer->session->options->explain)
		return r;
	return explain_as_text(printer, row, "  ", "\n", &printer->buf);
}

static void flush(struct printer *printer)
{
	if (!printer->buf.error && printer->buf.length > 0)
		fwrite(printer->buf.data, 1, printer->buf.length, stdout);
	printer->buf.length = 0;
}

static int print_row(void *context, const struct reach_row *row)
{
	struct printer *printer = context;
	const struct answer_text *answer;
	int r = make_answers(printer);

	if (r < 0)
		return r;
	if (!is_shown(printer, row->answer))
		return 0;
	answer = &printer->answers[row->answer];
	if (printer->json)
		r = print_json(printer, row, answer);
	else if (printer->session->options->format == FORMAT_CSV)
		r = print_csv(printer, row, answer);
	else
		r = print_table(printer, row, answer);
	for (int d = 0; d < DIRECTIONS && r == 0; d++)
		r = printer->joined[d].error;
	if (printer->buf.length >= FLUSH_BYTES)
		flush(printer);
	return r < 0 ? r : printer->buf.error;
}

/* ---- the whole ---- */

static void widen(struct output_column *column, const struct buf *text)
{
	size_t width = output_width(text->data ? text->data : "");

	if (width > column->width)
		column->width = width;
}

static int measure_row(void *context, const struct reach_row *row)
{
	struct printer *printer = context;

	if (!is_shown(printer, row->answer))
		return 0;
	printer->any = true;
	widen(&printer->columns[0], end_of(printer, row, DIRECTION_EGRESS));
	widen(&printer->columns[1], end_of(printer, row, DIRECTION_INGRESS));
	return 0;
}

/* A table is as wide as its rows, which are gone through for that; an answer without rows needs no
 * titles. */
static int begin_table(struct printer *printer)
{
	static const char *const titles[] = {"FROM", "TO", "ALLOWS"};
	int r = 0;

	for (size_t i = 0; i < 3; i++)
		printer->columns[i].width = output_width(titles[i]);
	for (size_t i = 0; r == 0 && i < reach_end_count(printer->reach); i++)
		r = reach_from(printer->reach, i, measure_row, printer);
	if (r == 0 && (printer->any || !question_has_both_ends(printer->session->options)))
		output_row(&printer->buf, titles, printer->columns, 3);
	return r;
}

static int begin(struct printer *printer)
{
	static const char *const titles[] = {"from", "to", "allows", "unknown", "because"};
	const struct options *options = printer->session->options;

	if (options->format == FORMAT_CSV)
		output_row_csv(&printer->buf, titles, options->explain ? 5 : 4);
	else if (!printer->json)
		return begin_table(printer);
	else
		output_list_begin(&printer->list, &printer->buf, options->format == FORMAT_JSONL);
	return 0;
}

static int print_rows(struct printer *printer)
{
	size_t count = reach_end_count(printer->reach);
	int r = make_ends(printer);

	if (r == 0)
		r = begin(printer);
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = reach_from(printer->reach, i, print_row, printer);
		progress_steps(&printer->progress, count);
	}
	if (r == 0 && printer->json)
		output_list_end(&printer->list);
	return r < 0 ? r : printer->buf.error;
}

static void printer_clear(struct printer *printer)
{
	for (size_t i = 0; printer->ends && i < reach_end_count(printer->reach); i++)
		buf_clear(&printer->ends[i]);
	for (size_t i = 0; i < printer->answer_count; i++) {
		buf_clear(&printer->answers[i].allows);
		buf_clear(&printer->answers[i].unknown);
	}
	for (int d = 0; d < DIRECTIONS; d++)
		buf_clear(&printer->joined[d]);
	because_clear(&printer->because);
	free(printer->ends);
	free(printer->answers);
	buf_clear(&printer->buf);
}

int reach_print(struct session *session, struct reach *reach, const struct question *question)
{
	const enum format format = session->options->format;
	struct printer printer = {
	    .session = session,
	    .reach = reach,
	    .because = {.ports = question->asked.ports},
	    .json = format == FORMAT_JSON || format == FORMAT_JSONL,
	    .list = {.lines = format == FORMAT_JSONL},
	};
	int r;

	progress_begin(&printer.progress, "pairs");
	/* Where the rows are seen, they are the progress. */
	printer.progress.visible &= !isatty(STDOUT_FILENO);
	r = print_rows(&printer);
	progress_end(&printer.progress);
	if (r == 0)
		flush(&printer);
	printer_clear(&printer);
	return r;
}
