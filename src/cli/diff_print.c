#include "cli/diff_print.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli/because.h"
#include "cli/shape.h"

#define FLUSH_BYTES (64u << 10)

enum { CHANGE, FROM, TO, ALLOWS, UNKNOWN, CONNECTIONS, DENIED, LAST_SEEN, COLUMNS };
#define COLUMNS_WITHOUT_HISTORY CONNECTIONS

/* A row's cells, or the values of an object. */
struct texts {
	struct buf allows, unknown;
};

struct printer {
	struct session *session;
	const struct diff_answer *answer;
	const struct diff *diff;
	struct buf buf;
	struct output_list list;
	struct texts *ports; /* by diff.ports */
	bool json;
};

/* Between the pods of one workload? */
static bool is_within(const struct diff_line *line)
{
	return line->change->from == line->change->to;
}

static bool is_only_in(const struct diff_row *row, enum diff_side side)
{
	return row->is_in[side] && !row->is_in[!side];
}

static size_t count_columns(const struct printer *printer)
{
	return printer->answer->weighed ? COLUMNS : COLUMNS_WITHOUT_HISTORY;
}

static void flush(struct printer *printer)
{
	if (printer->buf.length >= FLUSH_BYTES)
		session_print(printer->session, &printer->buf);
}

/* ---- texts that many have ---- */

static void put_value(const struct printer *printer, struct buf *buf, json_t *value)
{
	if (!value)
		buf->error = -ENOMEM;
	else
		output_list_value(&printer->list, buf, value);
	json_decref(value);
}

static void put_ports(const struct printer *printer, struct buf *buf, const struct port_set *ports)
{
	if (printer->json) {
		put_value(printer, buf, because_ports_json(ports));
		return;
	}
	buf_puts(buf, ""); /* never NULL */
	because_put_ports(buf, ports);
}

static int make_ports(struct printer *printer)
{
	const struct diff *diff = printer->diff;

	printer->ports = calloc(diff->port_count + 1, sizeof(*printer->ports));
	if (!printer->ports)
		return -ENOMEM;
	for (size_t i = 0; i < diff->port_count; i++) {
		struct texts *texts = &printer->ports[i];

		put_ports(printer, &texts->allows, &diff->ports[i].allows);
		put_ports(printer, &texts->unknown, &diff->ports[i].unknown);
		if (texts->allows.error || texts->unknown.error)
			return -ENOMEM;
	}
	return 0;
}

static void printer_clear(struct printer *printer)
{
	for (size_t i = 0; printer->ports && i < printer->diff->port_count; i++) {
		buf_clear(&printer->ports[i].allows);
		buf_clear(&printer->ports[i].unknown);
	}
	free(printer->ports);
	buf_clear(&printer->buf);
}

/* ---- JSON ---- */

static struct output_member member(const char *name, const struct buf *value)
{
	return (struct output_member){name, value->data, value->length};
}

typedef void put_end_fn(const struct diff *diff, const struct diff_line *line, struct buf *buf);

static void put_end_value(struct printer *printer, const struct diff_line *line, put_end_fn *put,
			  struct buf *buf)
{
	struct buf text = {0};

	put(printer->diff, line, &text);
	put_value(printer, buf, text.error ? NULL : json_string(text.data));
	buf_clear(&text);
}

/* The values that differ from line to line. */
struct values {
	struct buf from, to, connections, denied, last;
};

static int make_values(struct printer *printer, const struct diff_line *line, struct values *ret)
{
	put_end_value(printer, line, diff_line_put_from, &ret->from);
	put_end_value(printer, line, diff_line_put_to, &ret->to);
	if (printer->answer->weighed) {
		buf_printf(&ret->connections, "%" PRId64, line->weight.connections);
		buf_printf(&ret->denied, "%" PRId64, line->weight.denied);
		put_value(printer, &ret->last, shape_time(line->weight.last_seen));
	}
	return ret->from.error || ret->to.error || ret->connections.error || ret->denied.error ||
		       ret->last.error
		   ? -ENOMEM
		   : 0;
}

static void values_clear(struct values *values)
{
	buf_clear(&values->from);
	buf_clear(&values->to);
	buf_clear(&values->connections);
	buf_clear(&values->denied);
	buf_clear(&values->last);
}

static int put_line(struct printer *printer, const struct diff_line *line)
{
	const struct texts *ports = &printer->ports[line->change->ports];
	struct values values = {0};
	int r = make_values(printer, line, &values);

	if (r == 0)
		output_list_object(&printer->list,
				   (const struct output_member[]){
				       member("from", &values.from),
				       member("to", &values.to),
				       member("allows", &ports->allows),
				       member("unknown", &ports->unknown),
				       member("connections", &values.connections),
				       member("denied", &values.denied),
				       member("last_seen", &values.last),
				   },
				   count_columns(printer) - FROM);
	values_clear(&values);
	flush(printer);
	return r;
}

static int put_lines(struct printer *printer, const char *name, enum diff_side side, bool within)
{
	const struct diff_lines *lines = printer->answer->lines;
	int r = 0;

	buf_printf(&printer->buf, "  \"%s\": ", name);
	output_list_begin(&printer->list, &printer->buf, false);
	printer->list.depth = 1;
	for (size_t i = 0; r == 0 && i < lines->count; i++)
		if (lines->items[i].change->side == side && is_within(&lines->items[i]) == within)
			r = put_line(printer, &lines->items[i]);
	output_list_end(&printer->list);
	buf_puts(&printer->buf, ",\n");
	return r;
}

static json_t *only_json(const struct diff *diff, enum diff_side side)
{
	json_t *array = json_array();

	for (size_t i = 0; i < diff->row_count; i++)
		if (is_only_in(&diff->rows[i], side) &&
		    shape_append(array, json_string(diff->rows[i].text)) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

/* The members of an object that has begun, and its end. */
static int put_rest(struct printer *printer)
{
	const struct diff *diff = printer->diff;
	json_t *object = json_object();
	struct buf text = {0};
	int r = shape_set(object, "unchanged", json_integer((json_int_t)diff->unchanged));

	if (r == 0)
		r = shape_set(object, "only_a", only_json(diff, DIFF_OLD));
	if (r == 0)
		r = shape_set(object, "only_b", only_json(diff, DIFF_NEW));
	if (r == 0)
		output_json(&text, object);
	if (r == 0)
		r = text.error;
	if (r == 0)
		buf_puts(&printer->buf, text.data + sizeof("{\n") - 1);
	buf_clear(&text);
	json_decref(object);
	return r;
}

static int print_json(struct printer *printer)
{
	int r;

	buf_puts(&printer->buf, "{\n");
	r = put_lines(printer, "added", DIFF_NEW, false);
	if (r == 0)
		r = put_lines(printer, "removed", DIFF_OLD, false);
	if (r == 0)
		r = put_lines(printer, "added_within", DIFF_NEW, true);
	if (r == 0)
		r = put_lines(printer, "removed_within", DIFF_OLD, true);
	return r < 0 ? r : put_rest(printer);
}

/* ---- tables ---- */

struct cells {
	const char *texts[COLUMNS];
	struct buf from, to;
	char connections[24], denied[24], last_seen[CLOCK_TEXT_MAX];
};

static const char *text_in(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

/* Start from {0}; what was made before is made anew. -ENOMEM. */
static int make_cells(const struct printer *printer, const struct diff_line *line,
		      const char *const *words, struct cells *ret)
{
	const struct texts *ports = &printer->ports[line->change->ports];
	const struct diff_weight *weight = &line->weight;

	ret->from.length = ret->to.length = 0;
	diff_line_put_from(printer->diff, line, &ret->from);
	diff_line_put_to(printer->diff, line, &ret->to);
	snprintf(ret->connections, sizeof(ret->connections), "%" PRId64, weight->connections);
	snprintf(ret->denied, sizeof(ret->denied), "%" PRId64, weight->denied);
	ret->texts[CHANGE] = words[line->change->side];
	ret->texts[FROM] = text_in(&ret->from);
	ret->texts[TO] = text_in(&ret->to);
	ret->texts[ALLOWS] = ports->allows.data;
	ret->texts[UNKNOWN] = ports->unknown.data;
	ret->texts[CONNECTIONS] = ret->connections;
	ret->texts[DENIED] = ret->denied;
	ret->texts[LAST_SEEN] =
	    weight->last_seen > 0 ? clock_format(weight->last_seen, ret->last_seen) : "";
	return ret->from.error ? ret->from.error : ret->to.error;
}

static void cells_clear(struct cells *cells)
{
	buf_clear(&cells->from);
	buf_clear(&cells->to);
}

static int print_csv(struct printer *printer)
{
	static const char *const titles[COLUMNS] = {
	    "change", "from", "to", "allows", "unknown", "connections", "denied", "last_seen"};
	static const char *const words[DIFF_SIDES] = {"removed", "added"};

	const struct diff_lines *lines = printer->answer->lines;
	struct cells cells = {0};
	int r = 0;

	output_row_csv(&printer->buf, titles, count_columns(printer));
	for (size_t i = 0; i < lines->count && r == 0; i++) {
		r = make_cells(printer, &lines->items[i], words, &cells);
		if (r == 0)
			output_row_csv(&printer->buf, cells.texts, count_columns(printer));
		flush(printer);
	}
	cells_clear(&cells);
	return r;
}

static void widen(const char *const *cells, struct output_column columns[static COLUMNS])
{
	for (size_t i = 0; i < COLUMNS; i++) {
		size_t width = output_width(cells[i]);

		if (width > columns[i].width)
			columns[i].width = width;
	}
}

static int put_rows(struct printer *printer)
{
	static const char *const titles[COLUMNS] = {
	    "", "FROM", "TO", "ALLOWS", "UNKNOWN", "CONNECTIONS", "DENIED", "LAST SEEN"};
	static const char *const signs[DIFF_SIDES] = {"-", "+"};
	struct output_column columns[COLUMNS] = {
	    [CONNECTIONS] = {.right = true}, [DENIED] = {.right = true}};
	const struct diff_lines *lines = printer->answer->lines;
	struct cells cells = {0};
	int r = 0;

	widen(titles, columns);
	for (size_t i = 0; i < lines->count && r == 0; i++) {
		r = make_cells(printer, &lines->items[i], signs, &cells);
		if (r == 0)
			widen(cells.texts, columns);
	}
	output_row(&printer->buf, titles, columns, count_columns(printer));
	for (size_t i = 0; i < lines->count && r == 0; i++) {
		r = make_cells(printer, &lines->items[i], signs, &cells);
		if (r == 0)
			output_row(&printer->buf, cells.texts, columns, count_columns(printer));
		flush(printer);
	}
	cells_clear(&cells);
	return r;
}

static void put_only(struct printer *printer, enum diff_side side)
{
	const struct diff *diff = printer->diff;

	for (size_t i = 0; i < diff->row_count; i++)
		if (is_only_in(&diff->rows[i], side))
			buf_line(&printer->buf, "only in %s: %s",
				 printer->session->options->files[side], diff->rows[i].text);
}

static void put_counts(struct printer *printer)
{
	const struct diff_lines *lines = printer->answer->lines;
	size_t counts[DIFF_SIDES] = {0}, within = 0;

	for (size_t i = 0; i < lines->count; i++)
		if (is_within(&lines->items[i]))
			within++;
		else
			counts[lines->items[i].change->side]++;
	buf_printf(&printer->buf, "%zu added, %zu removed, %zu unchanged", counts[DIFF_NEW],
		   counts[DIFF_OLD], printer->diff->unchanged);
	if (within > 0)
		buf_printf(&printer->buf, "; %zu between the pods of one workload", within);
	buf_putc(&printer->buf, '\n');
}

static int print_table(struct printer *printer)
{
	int r = printer->answer->lines->count > 0 ? put_rows(printer) : 0;

	put_only(printer, DIFF_OLD);
	put_only(printer, DIFF_NEW);
	put_counts(printer);
	return r;
}

int diff_print(struct session *session, const struct diff_answer *answer)
{
	struct printer printer = {.session = session,
				  .answer = answer,
				  .diff = answer->diff,
				  .json = session->options->format == FORMAT_JSON,
				  .list.depth = 1};
	int r = make_ports(&printer);

	if (r == 0 && printer.json)
		r = print_json(&printer);
	else if (r == 0 && session->options->format == FORMAT_CSV)
		r = print_csv(&printer);
	else if (r == 0)
		r = print_table(&printer);
	if (r == 0)
		session_print(session, &printer.buf);
	printer_clear(&printer);
	return r;
}
