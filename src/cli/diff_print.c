#include "cli/diff_print.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/shape.h"

/* Between the pods of one workload? */
static bool is_within(const struct diff_change *change)
{
	return change->from == change->to;
}

/* ---- JSON ---- */

static json_t *ports_json(const struct port_set *set)
{
	json_t *array = json_array();
	char text[PORT_SET_RANGE_TEXT_MAX];
	int r = 0;

	if (port_set_is_all(set))
		r = shape_append(array, json_string("all"));
	else
		for (size_t i = 0; r == 0 && i < set->count; i++)
			r = shape_append(array,
					 json_string(port_range_format(set->items[i], text)));
	if (r == 0)
		return array;
	json_decref(array);
	return NULL;
}

static int weight_json(json_t *object, const struct diff_weight *weight)
{
	int r = shape_set(object, "connections", json_integer(weight->connections));

	if (r == 0)
		r = shape_set(object, "denied", json_integer(weight->denied));
	return r < 0 ? r : shape_set(object, "last_seen", shape_time(weight->last_seen));
}

static json_t *change_json(const struct diff_answer *answer, size_t at)
{
	const struct diff *diff = answer->diff;
	const struct diff_change *change = &diff->changes[at];
	const struct diff_ports *ports = diff_ports_of(diff, change);
	json_t *object = json_object();
	int r = shape_set(object, "from", json_string(diff->rows[change->from].text));

	if (r == 0)
		r = shape_set(object, "to", json_string(diff->rows[change->to].text));
	if (r == 0)
		r = shape_set(object, "allows", ports_json(&ports->allows));
	if (r == 0)
		r = shape_set(object, "unknown", ports_json(&ports->unknown));
	if (r == 0 && answer->weights)
		r = weight_json(object, &answer->weights->items[at]);
	if (r == 0)
		return object;
	json_decref(object);
	return NULL;
}

/* As output_json() has it in an array in an object, without keeping all of them. */
static void put_change(const struct diff_answer *answer, size_t at, struct buf *scratch,
		       struct buf *buf)
{
	json_t *object = change_json(answer, at);

	scratch->length = 0;
	if (object)
		output_json(scratch, object);
	else
		buf->error = -ENOMEM;
	json_decref(object);
	if (scratch->error)
		buf->error = scratch->error;
	for (char *line = scratch->data; object && line && *line; ) {
		char *end = strchr(line, '\n');

		buf_puts(buf, "\n    ");
		buf_put(buf, line, (size_t)(end - line));
		line = end + 1;
	}
}

static void put_changes(struct session *session, const struct diff_answer *answer,
			enum diff_side side, bool within, struct buf *buf)
{
	static const char *const names[2][DIFF_SIDES] = {{"removed", "added"},
							 {"removed_within", "added_within"}};
	struct buf scratch = {0};
	bool any = false;

	buf_printf(buf, "  \"%s\": [", names[within][side]);
	for (size_t i = 0; !buf->error && i < answer->diff->change_count; i++) {
		const struct diff_change *change = &answer->diff->changes[answer->order[i]];

		if (change->side != side || is_within(change) != within)
			continue;
		buf_puts(buf, any ? "," : "");
		put_change(answer, answer->order[i], &scratch, buf);
		any = true;
		if (buf->length > FLUSH)
			session_print(session, buf);
	}
	buf_puts(buf, any ? "\n  ],\n" : "],\n");
	buf_clear(&scratch);
}

static bool is_only_in(const struct diff_row *row, enum diff_side side)
{
	return row->is_in[side] && !row->is_in[!side];
}

static void put_only_json(const struct diff *diff, enum diff_side side, struct buf *buf)
{
	bool any = false;

	buf_printf(buf, "  \"only_%c\": [", side == DIFF_OLD ? 'a' : 'b');
	for (size_t i = 0; i < diff->row_count; i++) {
		if (!is_only_in(&diff->rows[i], side))
			continue;
	}
}

/* ---- tables ---- */

static const char *put_ports(const struct port_set *set, struct buf *buf)
{
	char text[PORT_SET_RANGE_TEXT_MAX];

	buf->length = 0;
	buf_puts(buf, port_set_is_all(set) ? "all" : "");
	for (size_t i = 0; !port_set_is_all(set) && i < set->count; i++)
		buf_printf(buf, "%s%s", i > 0 ? ", " : "", port_range_format(set->items[i], text));
	return buf->error ? "" : buf->data;
}

enum { PORT_CELLS = 2, COLUMNS = 8 };

static int change_row(const struct diff_answer *answer, size_t at, bool csv,
		      struct buf texts[static PORT_CELLS], struct output_table *table)
{
	static const char *const signs[] = {"-", "+"}, *const words[] = {"removed", "added"};
	const struct diff_change *change = &answer->diff->changes[at];
	const struct diff_ports *ports = diff_ports_of(answer->diff, change);
	const struct diff_weight none = {0},
				 *weight = answer->weights ? &answer->weights->items[at] : &none;
	char connections[24], denied[24], last[CLOCK_TEXT_MAX];
	const char *cells[COLUMNS] = {
	    (csv ? words : signs)[change->side],
	    answer->diff->rows[change->from].text,
	    answer->diff->rows[change->to].text,
	    put_ports(&ports->allows, &texts[0]),
	    put_ports(&ports->unknown, &texts[1]),
	    connections,
	    denied,
	    weight->last_seen > 0 ? clock_format(weight->last_seen, last) : "",
	};

	snprintf(connections, sizeof(connections), "%" PRId64, weight->connections);
	snprintf(denied, sizeof(denied), "%" PRId64, weight->denied);
	return output_table_row(table, cells);
}

static struct output_table *make_table(const struct diff_answer *answer, bool csv)
{
	const char *titles[COLUMNS] = {csv ? "CHANGE" : "", "FROM",        "TO",     "ALLOWS",
				       "UNKNOWN",           "CONNECTIONS", "DENIED", "LAST SEEN"};
	struct output_table *table = output_table_new(titles, answer->weights ? COLUMNS : 5);
	struct buf ports[PORT_CELLS] = {{0}, {0}};
	int r = table ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < answer->diff->change_count; i++)
		r = change_row(answer, answer->order[i], csv, ports, table);
	if (r == 0 && (ports[0].error || ports[1].error))
		r = -ENOMEM;
	buf_clear(&ports[0]);
	buf_clear(&ports[1]);
	return r < 0 ? output_table_free(table) : table;
}

static void put_only(const struct session *session, const struct diff *diff, enum diff_side side,
		     struct buf *buf)
{
	for (size_t i = 0; i < diff->row_count; i++)
		if (is_only_in(&diff->rows[i], side))
			buf_line(buf, "only in %s: %s", session->options->files[side],
				 diff->rows[i].text);
}

static void put_counts(const struct diff *diff, struct buf *buf)
{
	size_t counts[DIFF_SIDES] = {0}, within = 0;

	for (size_t i = 0; i < diff->change_count; i++)
		if (is_within(&diff->changes[i]))
			within++;
		else
			counts[diff->changes[i].side]++;
	buf_printf(buf, "%zu added, %zu removed, %zu unchanged", counts[DIFF_NEW], counts[DIFF_OLD],
		   diff->unchanged);
	if (within > 0)
		buf_printf(buf, "; %zu between the pods of one workload", within);
	buf_putc(buf, '\n');
}

static void put_table(const struct session *session, const struct diff_answer *answer,
		      struct buf *buf)
{
	bool csv = session->options->format == FORMAT_CSV;
	struct output_table *table = NULL;

	if (csv || answer->diff->change_count > 0) {
		table = make_table(answer, csv);
		if (!table)
			buf->error = -ENOMEM;
		else if (csv)
			output_table_csv(buf, table);
		else
			output_table_print(buf, table);
	}
	output_table_free(table);
	if (csv)
		return;
	put_only(session, answer->diff, DIFF_OLD, buf);
	put_only(session, answer->diff, DIFF_NEW, buf);
	put_counts(answer->diff, buf);
}

void diff_print(struct session *session, const struct diff_answer *answer)
{
	struct buf buf = {0};

	if (session->options->format == FORMAT_JSON)
		put_json(answer, &buf);
	else
		put_table(session, answer, &buf);
	session_print(session, &buf);
}
