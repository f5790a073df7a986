#include "cli/verify_json.h"

#include <errno.h>

#include "cli/rule_text.h"
#include "cli/verify_words.h"

static const char *const keys[REPLAY_LISTS] = {[REPLAY_DENIED] = "denied",
					       [REPLAY_UNKNOWN] = "unknown",
					       [REPLAY_UNDEFINED] = "undefined",
					       [REPLAY_ALLOWED_NOW] = "allowed_now"};

/* With these policies; null: that cannot be said. */
static json_t *allowed_json(const struct replay_row *row)
{
	if (row->list == REPLAY_DENIED)
		return json_false();
	return row->list == REPLAY_ALLOWED_NOW && !row->why ? json_true() : json_null();
}

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

static int set_because(const struct verification *verification, const struct replay_row *row,
		       const char *subject, json_t *object)
{
	struct because_ends ends = verify_ends(row, subject);
	struct because because = {0};
	int r = verify_explain(verification, row, &because);

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
	int r = set_place(object, row->policy, row->direction, row->rule, verify_row_line(row));

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

static json_t *unused_json(const struct unused_item *item)
{
	const struct netpol_peer *of_peer = verify_item_peer(item);
	const struct netpol_port *of_port = verify_item_port(item);
	struct buf peer = {0}, port = {0}, why = {0};
	json_t *object;

	if (of_peer)
		rule_put_peer(&peer, of_peer);
	if (of_port)
		rule_put_port(&port, of_port);
	verify_put_why_unused(&why, item);
	object = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "direction",
			   item->rule ? json_string(rule_direction(item->direction)) : json_null(),
			   "peer", text_json(&peer), "port", text_json(&port), "used",
			   item->perhaps ? json_null() : json_false(), "why", text_json(&why),
			   "wider", shape_text(item->wider));
	if (set_place(object, item->policy, item->direction, item->rule, verify_item_line(item)) ==
	    0)
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

static json_t *evidence_json(const struct verification *verification)
{
	const struct graph *graph = verification->session->graph;
	const struct holes *holes = &verification->holes;
	const bool any = verify_has_edges(graph);

	return json_pack("{s:o, s:o, s:I, s:b, s:b}", "from",
			 any ? shape_time(graph->seen.from) : json_null(), "until",
			 any ? shape_time(graph->seen.until) : json_null(), "gaps",
			 (json_int_t)holes->gaps, "complete", holes->gaps == 0 && !holes->invisible,
			 "short", verify_is_short(graph));
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

static json_t *unused_sums_json(const struct verification *verification)
{
	const struct verify_unused counts = verify_count_unused(verification);

	return json_pack("{s:I, s:I, s:I}", "unused", (json_int_t)counts.unused, "perhaps",
			 (json_int_t)counts.perhaps, "wider", (json_int_t)counts.wider);
}

json_t *verify_json(const struct verification *verification)
{
	const struct candidates *candidates = verification->candidates;
	json_t *tree = json_pack(
	    "{s:b, s:o, s:{s:I, s:I}, s:o, s:o}", "passed", verification->passed, "evidence",
	    evidence_json(verification), "policies", "given",
	    (json_int_t)(candidates->count - candidates->generated_count), "generated",
	    (json_int_t)candidates->generated_count, "sums", sums_json(&verification->result),
	    "unused_sums", unused_sums_json(verification));
	int r = tree ? 0 : -ENOMEM;

	for (unsigned i = 0; i < REPLAY_LISTS && r == 0; i++)
		r = shape_set(tree, keys[i], list_json(verification, (enum replay_list)i));
	if (r == 0)
		r = shape_set(tree, "unused", all_unused_json(verification));
	if (r == 0)
		return tree;
	json_decref(tree);
	return NULL;
}
