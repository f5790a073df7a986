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
	struct buf *rows;    /* JSON: their texts as values */
	struct texts *ports; /* by diff.ports */
	bool json;
};

/* Between the pods of one workload? */
static bool is_within(const struct diff_change *change)
{
	return change->from == change->to;
}

static bool is_only_in(const struct diff_row *row, enum diff_side side)
{
	return row->is_in[side] && !row->is_in[!side];
}

static size_t count_columns(const struct printer *printer)
{
	return printer->answer->weights ? COLUMNS : COLUMNS_WITHOUT_HISTORY;
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

static int make_rows(struct printer *printer)
{
	const struct diff *diff = printer->diff;

	printer->rows = calloc(diff->row_count + 1, sizeof(*printer->rows));
	if (!printer->rows)
		return -ENOMEM;
	for (size_t i = 0; i < diff->row_count; i++) {
		put_value(printer, &printer->rows[i], json_string(diff->rows[i].text));
		if (printer->rows[i].error)
			return -ENOMEM;
	}
	return 0;
}

static void printer_clear(struct printer *printer)
{
	for (size_t i = 0; printer->rows && i < printer->diff->row_count; i++)
		buf_clear(&printer->rows[i]);
	for (size_t i = 0; printer->ports && i < printer->diff->port_count; i++) {
		buf_clear(&printer->ports[i].allows);
		buf_clear(&printer->ports[i].unknown);
	}
	free(printer->rows);
	free(printer->ports);
	buf_clear(&printer->buf);
}

/* ---- JSON ---- */

static struct output_member member(const char *name, const struct buf *value)
{
	return (struct output_member){name, value->data, value->length};
}

static int put_change(struct printer *printer, size_t at)
{
	const struct diff_change *change = &printer->diff->changes[at];
	const struct texts *ports = &printer->ports[change->ports];
	struct buf connections = {0}, denied = {0}, last = {0};
	const struct diff_weights *weights = printer->answer->weights;
	int r = 0;

	if (weights) {
		const struct diff_weight *weight = &weights->items[at];

		buf_printf(&connections, "%" PRId64, weight->connections);
		buf_printf(&denied, "%" PRId64, weight->denied);
		put_value(printer, &last, shape_time(weight->last_seen));
		if (connections.error || denied.error || last.error)
			r = -ENOMEM;
	}
	if (r == 0)
		output_list_object(&printer->list,
				   (const struct output_member[]){
				       member("from", &printer->rows[change->from]),
				       member("to", &printer->rows[change->to]),
				       member("allows", &ports->allows),
				       member("unknown", &ports->unknown),
				       member("connections", &connections),
				       member("denied", &denied),
				       member("last_seen", &last),
				   },
				   count_columns(printer) - FROM);
	buf_clear(&connections);
	buf_clear(&denied);
	buf_clear(&last);
	flush(printer);
	return r;
}

static int put_changes(struct printer *printer, const char *name, enum diff_side side, bool within)
{
	int r = 0;

	buf_printf(&printer->buf, "  \"%s\": ", name);
	output_list_begin(&printer->list, &printer->buf, false);
	printer->list.depth = 1;
	for (size_t i = 0; r == 0 && i < printer->diff->change_count; i++) {
		const struct diff_change *change =
		    &printer->diff->changes[printer->answer->order[i]];

		if (change->side == side && is_within(change) == within)
			r = put_change(printer, printer->answer->order[i]);
	}
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
	int r = make_rows(printer);

	buf_puts(&printer->buf, "{\n");
	if (r == 0)
		r = put_changes(printer, "added", DIFF_NEW, false);
	if (r == 0)
		r = put_changes(printer, "removed", DIFF_OLD, false);
	if (r == 0)
		r = put_changes(printer, "added_within", DIFF_NEW, true);
	if (r == 0)
		r = put_changes(printer, "removed_within", DIFF_OLD, true);
	return r < 0 ? r : put_rest(printer);
}

/* ---- tables ---- */

struct cells {
	const char *texts[COLUMNS];
	char connections[24], denied[24], last_seen[CLOCK_TEXT_MAX];
};

static void make_cells(const struct printer *printer, size_t at, const char *const *words,
		       struct cells *ret)
{
	static const struct diff_weight none = {0};
	const struct diff *diff = printer->diff;
	const struct diff_change *change = &diff->changes[at];
	const struct diff_weights *weights = printer->answer->weights;
	const struct diff_weight *weight = weights ? &weights->items[at] : &none;

	snprintf(ret->connections, sizeof(ret->connections), "%" PRId64, weight->connections);
	snprintf(ret->denied, sizeof(ret->denied), "%" PRId64, weight->denied);
	ret->texts[CHANGE] = words[change->side];
	ret->texts[FROM] = diff->rows[change->from].text;
	ret->texts[TO] = diff->rows[change->to].text;
	ret->texts[ALLOWS] = printer->ports[change->ports].allows.data;
	ret->texts[UNKNOWN] = printer->ports[change->ports].unknown.data;
	ret->texts[CONNECTIONS] = ret->connections;
	ret->texts[DENIED] = ret->denied;
	ret->texts[LAST_SEEN] =
	    weight->last_seen > 0 ? clock_format(weight->last_seen, ret->last_seen) : "";
}

static int print_csv(struct printer *printer)
{
	static const char *const titles[COLUMNS] = {
	    "change", "from", "to", "allows", "unknown", "connections", "denied", "last_seen"};
	static const char *const words[DIFF_SIDES] = {"removed", "added"};

	output_row_csv(&printer->buf, titles, count_columns(printer));
	for (size_t i = 0; i < printer->diff->change_count; i++) {
		struct cells cells;

		make_cells(printer, printer->answer->order[i], words, &cells);
		output_row_csv(&printer->buf, cells.texts, count_columns(printer));
		flush(printer);
	}
	return 0;
}

static void widen(const char *const *cells, struct output_column columns[static COLUMNS])
{
	for (size_t i = 0; i < COLUMNS; i++) {
		size_t width = output_width(cells[i]);

		if (width > columns[i].width)
			columns[i].width = width;
	}
}

static void put_rows(struct printer *printer)
{
	static const char *const titles[COLUMNS] = {
	    "", "FROM", "TO", "ALLOWS", "UNKNOWN", "CONNECTIONS", "DENIED", "LAST SEEN"};
	static const char *const signs[DIFF_SIDES] = {"-", "+"};
	struct output_column columns[COLUMNS] = {
	    [CONNECTIONS] = {.right = true}, [DENIED] = {.right = true}};
	struct cells cells;

	widen(titles, columns);
	for (size_t i = 0; i < printer->diff->change_count; i++) {
		make_cells(printer, i, signs, &cells);
		widen(cells.texts, columns);
	}
	output_row(&printer->buf, titles, columns, count_columns(printer));
	for (size_t i = 0; i < printer->diff->change_count; i++) {
		make_cells(printer, printer->answer->order[i], signs, &cells);
		output_row(&printer->buf, cells.texts, columns, count_columns(printer));
		flush(printer);
	}
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
	const struct diff *diff = printer->diff;
	size_t counts[DIFF_SIDES] = {0}, within = 0;

	for (size_t i = 0; i < diff->change_count; i++)
		if (is_within(&diff->changes[i]))
			within++;
		else
			counts[diff->changes[i].side]++;
	buf_printf(&printer->buf, "%zu added, %zu removed, %zu unchanged", counts[DIFF_NEW],
		   counts[DIFF_OLD], diff->unchanged);
	if (within > 0)
		buf_printf(&printer->buf, "; %zu between the pods of one workload", within);
	buf_putc(&printer->buf, '\n');
}

static int print_table(struct printer *printer)
{
	if (printer->diff->change_count > 0)
		put_rows(printer);
	put_only(printer, DIFF_OLD);
	put_only(printer, DIFF_NEW);
	put_counts(printer);
	return 0;
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
