#include "cli/verify_print.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/because.h"
#include "cli/rule_text.h"

/* Less than what a week's work may need says little of what is never needed. */
#define SHORT_MSEC (7 * 24 * 3600 * MSEC_PER_SEC)

/* Of external addresses that are one line. */
#define PEERS_SHOWN 3

/* Between the reasons in a cell. */
#define BETWEEN "; "

static const struct {
	const char *key;
	const char *title;
	const char *finding; /* in CSV */
} lists[REPLAY_LISTS] = {
    [REPLAY_DENIED] = {"denied", "would be denied", "denied"},
    [REPLAY_UNKNOWN] = {"unknown", "cannot be decided", "unknown"},
    [REPLAY_UNDEFINED] = {"undefined", "of no port, which NetworkPolicy does not define",
			  "undefined"},
    [REPLAY_ALLOWED_NOW] = {"allowed_now", "was denied, and would be allowed or may be",
			    "allowed now"},
};

const char *verify_end_cell(const struct graph *graph, const struct end *end,
			    char cell[static SHAPE_CELL_MAX])
{
	if (end->kind != END_POD)
		return shape_end_cell(end, cell);
	if (end->workload == GRAPH_NONE)
		snprintf(cell, SHAPE_CELL_MAX, "%s/%s[Pod]", end->namespace, end->name);
	else
		snprintf(
		    cell, SHAPE_CELL_MAX, "%s/%s[%s]", graph->workloads[end->workload].namespace,
		    graph->workloads[end->workload].name, graph->workloads[end->workload].kind);
	return cell;
}

/* ---- explanations ---- */

static void put_policy(struct buf *buf, const struct netpol *policy)
{
	buf_printf(buf, "%s/%s", policy->namespace, policy->name);
}

/* Of the edge seen last, and of the side that the row is about. */
static int explain(const struct verification *verification, const struct replay_row *row,
		   struct because *because)
{
	struct party from, to;
	int r;

	replay_row_parties(&verification->replay, row, &from, &to);
	r = evaluator_explain(verification->replay.evaluator, &from, &to, because_add, because);
	return r < 0 ? r : because->error;
}

static struct because_ends ends_of(const struct replay_row *row, const char *subject)
{
	struct because_ends ends = {0};

	ends.texts[row->direction] = subject;
	return ends;
}

/* With these policies; null: that cannot be said. */
static json_t *allowed_json(const struct replay_row *row)
{
	if (row->list == REPLAY_DENIED)
		return json_false();
	return row->list == REPLAY_ALLOWED_NOW && !row->why ? json_true() : json_null();
}

/* ---- JSON ---- */

/* Takes the buffer. */
static json_t *text_json(struct buf *buf)
{
	json_t *text = buf->error ? NULL : shape_text(buf->data);

	buf_clear(buf);
	return text;
}

/* Where it is written: all null without a policy. */
static int set_place(json_t *object, const struct netpol *policy, enum direction direction,
		     const struct netpol_rule *rule, unsigned line)
{
	struct buf path = {0};
	int r;

	if (policy && rule)
		rule_put_path(&path, policy, direction, rule);
	r = shape_set(object, "policy",
		      policy ? json_sprintf("%s/%s", policy->namespace, policy->name)
			     : json_null());
	if (r == 0)
		r = shape_set(object, "rule", text_json(&path));
	else
		buf_clear(&path);
	if (r == 0)
		r = shape_set(object, "file", policy ? json_string(policy->file) : json_null());
	return r < 0 ? r : shape_set(object, "line", policy ? json_integer(line) : json_null());
}

static unsigned line_of_row(const struct replay_row *row)
{
	if (row->rule)
		return row->rule->line;
	return row->policy ? row->policy->line : 0;
}

static int set_because(const struct verification *verification, const struct replay_row *row,
		       const char *subject, json_t *object)
{
	struct because_ends ends = ends_of(row, subject);
	struct because because = {0};
	int r = explain(verification, row, &because);

	if (r == 0)
		r = shape_set(object, "because", because_json(&because, &ends));
	because_clear(&because);
	return r;
}

static json_t *row_json(const struct verification *verification, const struct replay_row *row)
{
	const struct graph *graph = verification->session->graph;
	char subject[SHAPE_CELL_MAX], peer[SHAPE_CELL_MAX], protocol[4];
	json_t *object = json_pack(
	    "{s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:o, s:o}", "subject",
	    verify_end_cell(graph, row->subject, subject), "direction",
	    rule_direction(row->direction), "peer", verify_end_cell(graph, row->peer, peer),
	    "protocol", protocol_name(row->protocol, protocol), "port",
	    row->has_port ? json_integer(row->port) : json_null(), "why", shape_text(row->why),
	    "edges", (json_int_t)row->edges, "connections", (json_int_t)row->connections,
	    "first_seen", shape_time(row->first_seen), "last_seen", shape_time(row->last_seen));
	int r = set_place(object, row->policy, row->direction, row->rule, line_of_row(row));

	if (r == 0)
		r = shape_set(object, "allowed", allowed_json(row));
	if (r == 0 && verification->session->options->explain)
		r = set_because(verification, row, subject, object);
	if (r == 0)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *list_json(const struct verification *verification, enum replay_list list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < verification->result.row_count; i++) {
		const struct replay_row *row = &verification->result.rows[i];

		if (row->list == list && shape_append(array, row_json(verification, row)) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static unsigned line_of_item(const struct unused_item *item)
{
	if (item->peer)
		return item->peer->line;
	if (item->port)
		return item->port->line;
	return item->rule ? item->rule->line : item->policy->line;
}

static void put_why_unused(struct buf *buf, const struct unused_item *item)
{
	if (item->why)
		buf_puts(buf, item->why);
	else if (item->pods > 0)
		buf_printf(buf, "%zu of the policy's %zu pod%s %s recorded on %s own node",
			   item->recorded, item->pods, item->pods == 1 ? "" : "s",
			   item->recorded == 1 ? "was" : "were",
			   item->recorded == 1 ? "its" : "their");
}

static json_t *unused_json(const struct unused_item *item)
{
	struct buf peer = {0}, port = {0}, why = {0};
	json_t *object;

	if (item->peer)
		rule_put_peer(&peer, item->peer);
	if (item->port)
		rule_put_port(&port, item->port);
	put_why_unused(&why, item);
	object = json_pack("{s:o, s:o, s:o, s:o, s:o}", "direction",
			   item->rule ? json_string(rule_direction(item->direction)) : json_null(),
			   "peer", text_json(&peer), "port", text_json(&port), "used",
			   item->perhaps ? json_null() : json_false(), "why", text_json(&why));
	if (set_place(object, item->policy, item->direction, item->rule, line_of_item(item)) == 0)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *all_unused_json(const struct verification *verification)
{
	json_t *array = json_array();

	for (size_t i = 0; i < verification->unused_count; i++)
		if (shape_append(array, unused_json(&verification->unused[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static bool has_edges(const struct graph *graph)
{
	return graph->seen.from <= graph->seen.until;
}

static bool is_short(const struct graph *graph)
{
	return !has_edges(graph) || graph->seen.until - graph->seen.from < SHORT_MSEC;
}

static json_t *evidence_json(const struct verification *verification)
{
	const struct graph *graph = verification->session->graph;
	const struct holes *holes = &verification->holes;
	const bool any = has_edges(graph);

	return json_pack("{s:o, s:o, s:I, s:b, s:b}", "from",
			 any ? shape_time(graph->seen.from) : json_null(), "until",
			 any ? shape_time(graph->seen.until) : json_null(), "gaps",
			 (json_int_t)holes->gaps, "complete", holes->gaps == 0 && !holes->invisible,
			 "short", is_short(graph));
}

static json_t *sum_json(const struct replay_sum *sum)
{
	return json_pack("{s:I, s:I}", "edges", (json_int_t)sum->edges, "connections",
			 (json_int_t)sum->connections);
}

/* Of what was denied: each edge is in one row there. */
static struct replay_sum sum_allowed_now(const struct replay_result *result)
{
	struct replay_sum sum = {0};

	for (size_t i = 0; i < result->row_count; i++) {
		const struct replay_row *row = &result->rows[i];

		if (row->list != REPLAY_ALLOWED_NOW || row->why)
			continue;
		sum.edges += row->edges;
		sum.connections += row->connections;
	}
	return sum;
}

static json_t *sums_json(const struct replay_result *result)
{
	const struct replay_sum allowed_now = sum_allowed_now(result);

	return json_pack(
	    "{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "allowed", sum_json(&result->allowed), "denied",
	    sum_json(&result->lists[REPLAY_DENIED]), "unknown",
	    sum_json(&result->lists[REPLAY_UNKNOWN]), "undefined",
	    sum_json(&result->lists[REPLAY_UNDEFINED]), "allowed_now", sum_json(&allowed_now),
	    "not_covered", sum_json(&result->uncovered), "failed", sum_json(&result->failed));
}

static void print_json(struct verification *verification)
{
	const struct candidates *candidates = verification->candidates;
	struct buf buf = {0};
	json_t *tree = json_pack("{s:b, s:o, s:{s:I, s:I}, s:o}", "passed", verification->passed,
				 "evidence", evidence_json(verification), "policies", "given",
				 (json_int_t)(candidates->count - candidates->generated_count),
				 "generated", (json_int_t)candidates->generated_count, "sums",
				 sums_json(&verification->result));
	int r = tree ? 0 : -ENOMEM;

	for (unsigned i = 0; i < REPLAY_LISTS && r == 0; i++)
		r = shape_set(tree, lists[i].key, list_json(verification, (enum replay_list)i));
	if (r == 0)
		r = shape_set(tree, "unused", all_unused_json(verification));
	if (r == 0)
		output_json(&buf, tree);
	else
		buf.error = r;
	json_decref(tree);
	session_print(verification->session, &buf);
}

/* ---- tables ---- */

static const char *const titles[] = {"FINDING", "SUBJECT", "DIRECTION",   "POLICY",    "RULE",
				     "PEER",    "PORT",    "CONNECTIONS", "LAST SEEN", "WHY",
				     "WHERE",   "BECAUSE", "ALLOWED"};
enum { COLUMNS = sizeof(titles) / sizeof(titles[0]) };
enum { COLUMN_PEER = 5, COLUMN_WHERE = 10, COLUMN_BECAUSE = 11, COLUMN_ALLOWED = 12 };

/* The cells of a line, made one after the other in one buffer each. */
struct line {
	struct buf cells[COLUMNS];
};

static void line_clear(struct line *line)
{
	for (size_t i = 0; i < COLUMNS; i++)
		buf_clear(&line->cells[i]);
}

static void put_where(struct buf *buf, const struct netpol *policy, unsigned line)
{
	if (policy)
		buf_printf(buf, "%s:%u", policy->file, line);
}

static int put_explanation(const struct verification *verification, const struct replay_row *row,
			   const char *subject, struct buf *buf)
{
	const struct because_ends ends = ends_of(row, subject);
	struct because because = {0};
	int r = explain(verification, row, &because);

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

static int fill_row(const struct verification *verification, const struct replay_row *row,
		    struct line *line)
{
	const struct graph *graph = verification->session->graph;
	char cell[SHAPE_CELL_MAX], port[16], last[CLOCK_TEXT_MAX];
	struct buf *cells = line->cells;

	buf_printf(&cells[0], "%s%s", is_perhaps(row) ? "perhaps " : "", lists[row->list].finding);
	buf_puts(&cells[COLUMN_ALLOWED], is_perhaps(row) ? "unknown" : "yes");
	buf_puts(&cells[1], verify_end_cell(graph, row->subject, cell));
	buf_puts(&cells[2], rule_direction(row->direction));
	if (row->policy)
		put_policy(&cells[3], row->policy);
	rule_put_path(&cells[4], row->policy, row->direction, row->rule);
	buf_puts(&cells[COLUMN_PEER], verify_end_cell(graph, row->peer, cell));
	buf_puts(&cells[6], shape_port_cell(row->protocol, row->has_port, row->port, port));
	buf_printf(&cells[7], "%" PRId64, row->connections);
	buf_puts(&cells[8], clock_format(row->last_seen, last));
	if (row->why)
		buf_puts(&cells[9], row->why);
	if (!verification->session->options->explain)
		return 0;
	put_where(&cells[COLUMN_WHERE], row->policy, line_of_row(row));
	return put_explanation(verification, row, cells[1].data ? cells[1].data : "",
			       &cells[COLUMN_BECAUSE]);
}

static void fill_unused(const struct unused_item *item, struct line *line)
{
	struct buf *cells = line->cells;

	buf_puts(&cells[0], item->perhaps ? "perhaps unused" : "unused");
	if (item->rule)
		buf_puts(&cells[2], rule_direction(item->direction));
	put_policy(&cells[3], item->policy);
	rule_put_path(&cells[4], item->policy, item->direction, item->rule);
	if (item->peer)
		rule_put_peer(&cells[COLUMN_PEER], item->peer);
	if (item->port)
		rule_put_port(&cells[6], item->port);
	put_why_unused(&cells[9], item);
	put_where(&cells[COLUMN_WHERE], item->policy, line_of_item(item));
}

/* The columns of a table, in the order of their titles. */
struct shape {
	const unsigned char *columns;
	size_t count;
};

static int add_line(struct output_table *table, struct shape shape, const struct line *line)
{
	const char *cells[COLUMNS];

	for (size_t i = 0; i < shape.count; i++) {
		const struct buf *buf = &line->cells[shape.columns[i]];

		if (buf->error)
			return buf->error;
		cells[i] = buf->data ? buf->data : "";
	}
	return output_table_row(table, cells);
}

static struct output_table *new_table(struct shape shape)
{
	const char *chosen[COLUMNS];

	for (size_t i = 0; i < shape.count; i++)
		chosen[i] = titles[shape.columns[i]];
	return output_table_new(chosen, shape.count);
}

/* ---- rows ---- */

/* Every row of the list as it is. */
static int add_all_rows(const struct verification *verification, struct output_table *table,
			struct shape shape, enum replay_list list)
{
	int r = 0;

	for (size_t i = 0; i < verification->result.row_count && r == 0; i++) {
		struct line line = {0};

		if (verification->result.rows[i].list != list)
			continue;
		r = fill_row(verification, &verification->result.rows[i], &line);
		if (r == 0)
			r = add_line(table, shape, &line);
		line_clear(&line);
	}
	return r;
}

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
	for (size_t i = 0; i < count && i < PEERS_SHOWN; i++)
		buf_printf(buf, "%s%s", i > 0 ? ", " : "",
			   verify_end_cell(verification->session->graph, rows[i].row->peer, cell));
	if (count > PEERS_SHOWN)
		buf_puts(buf, ", ...");
}

/* Of several the explanation is that of the largest. */
static int add_alike(const struct verification *verification, struct output_table *table,
		     struct shape shape, const struct placed_row *rows, size_t count)
{
	struct replay_row row = *rows[0].row;
	struct line line = {0};
	int r;

	for (size_t i = 1; i < count; i++) {
		row.connections += rows[i].row->connections;
		if (rows[i].row->last_seen > row.last_seen)
			row.last_seen = rows[i].row->last_seen;
	}
	r = fill_row(verification, &row, &line);
	if (count > 1) {
		buf_clear(&line.cells[COLUMN_PEER]);
		put_peers(verification, rows, count, &line.cells[COLUMN_PEER]);
	}
	if (r == 0)
		r = add_line(table, shape, &line);
	line_clear(&line);
	return r;
}

static int add_rows(const struct verification *verification, struct output_table *table,
		    struct shape shape, enum replay_list list)
{
	size_t count, alike;
	struct placed_row *rows = place_rows(&verification->result, list, &count);
	int r = rows ? 0 : -ENOMEM;

	for (size_t i = 0; i < count && r == 0; i += alike) {
		alike = count_alike(&rows[i], count - i);
		r = add_alike(verification, table, shape, &rows[i], alike);
	}
	free(rows);
	return r;
}

static int add_unused(const struct verification *verification, struct output_table *table,
		      struct shape shape)
{
	int r = 0;

	for (size_t i = 0; i < verification->unused_count && r == 0; i++) {
		struct line line = {0};

		fill_unused(&verification->unused[i], &line);
		r = add_line(table, shape, &line);
		line_clear(&line);
	}
	return r;
}

static void print_csv(struct verification *verification)
{
	static const unsigned char columns[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
	const struct shape shape = {columns, verification->session->options->explain ? 12 : 10};
	struct output_table *table = new_table(shape);
	int r = table ? 0 : -ENOMEM;

	for (unsigned i = 0; i < REPLAY_LISTS && r == 0; i++)
		r = add_all_rows(verification, table, shape, (enum replay_list)i);
	if (r == 0)
		r = add_unused(verification, table, shape);
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

	if (has_edges(graph))
		buf_line(buf, "%-12sfrom %s to %s%s", "evidence",
			 clock_format(graph->seen.from, from),
			 clock_format(graph->seen.until, until),
			 is_short(graph) ? ": too short to show what is done once a week" : "");
	else
		buf_line(buf, "%-12snone: nothing was recorded in this time", "evidence");
	if (gaps > 0)
		buf_line(buf, "%-12s%zu, and what was in %s is not known", "gaps", gaps,
			 gaps == 1 ? "it" : "them");
	if (verification->holes.invisible)
		buf_line(buf, "%-12ssome connections, on some node", "not seen");
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
	static const unsigned char denied[] = {1, 2, 3, 5, 6, 7, 8, 10, 11};
	static const unsigned char others[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
	static const unsigned char allowed[] = {1, 2, 3, 4, 5, 6, COLUMN_ALLOWED, 7, 8, 9, 10, 11};
	const size_t less = verification->session->options->explain ? 0 : 2;
	struct shape shape = {others, sizeof(others) - less};
	struct output_table *table;
	int r;

	if (list == REPLAY_DENIED)
		shape = (struct shape){denied, sizeof(denied) - less};
	else if (list == REPLAY_ALLOWED_NOW)
		shape = (struct shape){allowed, sizeof(allowed) - less};
	if (count_rows(&verification->result, list) == 0)
		return;
	table = new_table(shape);
	r = table ? add_rows(verification, table, shape, list) : -ENOMEM;
	put_table(buf, lists[list].title, table, r);
}

static void put_unused(const struct verification *verification, struct buf *buf)
{
	static const unsigned char columns[] = {3, 4, 5, 6, 0, 9, 10};
	const size_t less = verification->session->options->explain ? 0 : 1;
	const struct shape shape = {columns, sizeof(columns) - less};
	struct output_table *table;
	int r;

	if (verification->unused_count == 0)
		return;
	table = new_table(shape);
	r = table ? add_unused(verification, table, shape) : -ENOMEM;
	put_table(buf, "allowed, and never used", table, r);
}

static void print_tables(struct verification *verification)
{
	struct buf buf = {0};

	put_summary(verification, &buf);
	put_list(verification, REPLAY_DENIED, &buf);
	put_list(verification, REPLAY_UNKNOWN, &buf);
	put_list(verification, REPLAY_UNDEFINED, &buf);
	put_unused(verification, &buf);
	put_list(verification, REPLAY_ALLOWED_NOW, &buf);
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
