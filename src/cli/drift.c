#include "cli/drift.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli/json_list.h"
#include "cli/rule_text.h"
#include "cli/verify_words.h"

/* An edge of a record that others supersede, which tells of a side. */
struct told {
	const struct graph_edge *edge;
	struct replayed replayed;
	bool claimed; /* by an edge that counts */
};

struct drift {
	const struct verification *verification;
	int64_t since;
	struct told *told; /* as compare_told() has them */
	size_t told_count;
	struct output_table *table; /* where they go; NULL: to list */
	struct json_list list;
	size_t count;
};

/* ---- judgement ---- */

static bool is_barred(const struct side *side)
{
	return side->answer == ANSWER_DENIED || side->answer == ANSWER_UNKNOWN;
}

static enum answer together(const struct decision *decision)
{
	enum answer answer = ANSWER_ALLOWED;

	for (unsigned i = 0; i < DIRECTIONS; i++) {
		if (decision->sides[i].answer == ANSWER_DENIED)
			return ANSWER_DENIED;
		if (decision->sides[i].answer == ANSWER_UNKNOWN)
			answer = ANSWER_UNKNOWN;
	}
	return answer;
}

static bool is_drift(const struct drift *drift, const struct graph_edge *edge,
		     const struct replayed *replayed)
{
	const enum answer answer = together(&replayed->decision);

	return edge->edge.begun >= drift->since &&
	       (answer == ANSWER_DENIED || (answer == ANSWER_UNKNOWN &&
					    !drift->verification->session->options->allow_unknown));
}

/* from: the end that it is taken to come from. */
static int compare_edges(const struct graph_edge *a, const struct graph_edge *b,
			 const struct end *from)
{
	const struct edge_key *x = &a->edge.key, *y = &b->edge.key;
	int r = replay_compare_ends(a->from, from);

	r = r ? r : replay_compare_ends(a->to, b->to);
	r = r ? r : (int)x->protocol - (int)y->protocol;
	r = r ? r : (int)x->has_port - (int)y->has_port;
	return r ? r : (int)x->port - (int)y->port;
}

static int compare_told(const void *a, const void *b)
{
	const struct told *x = a, *y = b;
	int r = compare_edges(x->edge, y->edge, y->edge->from);

	return r ? r : (x->edge > y->edge) - (x->edge < y->edge);
}

static size_t find_told(const struct drift *drift, const struct graph_edge *edge,
			const struct end *from)
{
	size_t low = 0, high = drift->told_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_edges(drift->told[middle].edge, edge, from) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What other records tell of a side that this one leaves to them. */
static void claim(struct drift *drift, const struct graph_edge *edge, enum direction direction,
		  struct replayed *replayed)
{
	const struct end *from =
	    direction == DIRECTION_INGRESS && edge->translated ? edge->translated : edge->from;

	if (!edge->told_elsewhere[direction == DIRECTION_INGRESS])
		return;
	for (size_t i = find_told(drift, edge, from);
	     i < drift->told_count && compare_edges(drift->told[i].edge, edge, from) == 0; i++) {
		struct told *told = &drift->told[i];

		if (!is_barred(&told->replayed.decision.sides[direction]))
			continue;
		replayed->decision.sides[direction] = told->replayed.decision.sides[direction];
		told->claimed = true;
		if (!replayed->why)
			replayed->why = told->replayed.why;
	}
}

/* ---- one edge ---- */

static void put_sides(const struct decision *decision, struct buf *directions, struct buf *policies)
{
	for (unsigned i = 0; i < DIRECTIONS; i++) {
		const struct netpol *policy = decision->sides[i].policy;

		if (!is_barred(&decision->sides[i]))
			continue;
		buf_printf(directions, "%s%s", directions->length ? ", " : "",
			   rule_direction((enum direction)i));
		if (policy)
			buf_printf(policies, "%s%s/%s", policies->length ? ", " : "",
				   policy->namespace, policy->name);
	}
}

static int add_row(const struct drift *drift, const struct graph_edge *edge,
		   const struct replayed *replayed)
{
	const struct graph *graph = drift->verification->session->graph;
	const struct edge_key *key = &edge->edge.key;
	char from[SHAPE_CELL_MAX], to[SHAPE_CELL_MAX], port[16], connections[24];
	char first[CLOCK_TEXT_MAX];
	struct buf directions = {0}, policies = {0};
	int r;

	put_sides(&replayed->decision, &directions, &policies);
	snprintf(connections, sizeof(connections), "%" PRId64, edge->edge.totals.connections);
	const char *cells[] = {
	    clock_format(edge->edge.begun, first),
	    verify_end_cell(graph, edge->from, from),
	    verify_end_cell(graph, edge->to, to),
	    shape_port_cell(key->protocol, key->has_port, key->port, port),
	    verdict_name((enum verdict)key->verdict),
	    connections,
	    together(&replayed->decision) == ANSWER_DENIED ? "no" : "unknown",
	    directions.data ? directions.data : "",
	    policies.data ? policies.data : "",
	    replayed->why ? replayed->why : "",
	};
	r = directions.error ? directions.error : policies.error;
	if (r == 0)
		r = output_table_row(drift->table, cells);
	buf_clear(&directions);
	buf_clear(&policies);
	return r;
}

static json_t *allowed_json(enum answer answer)
{
	return answer == ANSWER_DENIED ? json_false() : json_null();
}

static json_t *sides_json(const struct decision *decision)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < DIRECTIONS; i++) {
		const struct side *side = &decision->sides[i];

		if (is_barred(side) &&
		    shape_append(
			array,
			json_pack("{s:s, s:o, s:o}", "direction", rule_direction((enum direction)i),
				  "allowed", allowed_json(side->answer), "policy",
				  side->policy ? json_sprintf("%s/%s", side->policy->namespace,
							      side->policy->name)
					       : json_null())) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static int add_object(struct drift *drift, const struct graph_edge *edge,
		      const struct replayed *replayed)
{
	json_t *object = shape_edge(drift->verification->session->graph, edge);
	int r = shape_set(object, "allowed", allowed_json(together(&replayed->decision)));

	if (r == 0)
		r = shape_set(object, "sides", sides_json(&replayed->decision));
	if (r == 0)
		r = shape_set(object, "why", shape_text(replayed->why));
	if (r < 0) {
		json_decref(object);
		return r;
	}
	return json_list_add(&drift->list, object);
}

static int add(struct drift *drift, const struct graph_edge *edge, const struct replayed *replayed)
{
	if (!is_drift(drift, edge, replayed))
		return 0;
	drift->count++;
	return drift->table ? add_row(drift, edge, replayed) : add_object(drift, edge, replayed);
}

/* ---- all edges ---- */

bool drift_wants(const void *session, const struct graph_edge *edge)
{
	return session_wants_end(session, edge->from) || session_wants_end(session, edge->to);
}

static bool wants(const struct drift *drift, const struct graph_edge *edge, enum standing standing)
{
	return edge->standing == standing && drift_wants(drift->verification->session, edge);
}

static int collect_told(struct drift *drift)
{
	const struct graph *graph = drift->verification->session->graph;
	size_t most = 0;
	int r = 0;

	for (size_t i = 0; i < graph->edge_count; i++)
		most += wants(drift, &graph->edges[i], STANDING_SUPERSEDED);
	drift->told = calloc(most + 1, sizeof(*drift->told));
	if (!drift->told)
		return -ENOMEM;
	for (size_t i = 0; i < graph->edge_count && r == 0; i++) {
		struct told *told = &drift->told[drift->told_count];

		if (!wants(drift, &graph->edges[i], STANDING_SUPERSEDED))
			continue;
		told->edge = &graph->edges[i];
		r = replay_edge(&drift->verification->replay, told->edge, &told->replayed);
		drift->told_count += together(&told->replayed.decision) != ANSWER_ALLOWED;
	}
	if (drift->told_count > 0)
		qsort(drift->told, drift->told_count, sizeof(*drift->told), compare_told);
	return r;
}

static int find(struct drift *drift)
{
	const struct graph *graph = drift->verification->session->graph;
	int r = collect_told(drift);

	for (size_t i = 0; i < graph->edge_count && r == 0; i++) {
		const struct graph_edge *edge = &graph->edges[i];
		struct replayed replayed;

		if (!wants(drift, edge, STANDING_COUNTS))
			continue;
		r = replay_edge(&drift->verification->replay, edge, &replayed);
		if (r < 0)
			break;
		for (unsigned j = 0; j < DIRECTIONS; j++)
			claim(drift, edge, (enum direction)j, &replayed);
		r = add(drift, edge, &replayed);
	}
	for (size_t i = 0; i < drift->told_count && r == 0; i++)
		if (!drift->told[i].claimed)
			r = add(drift, drift->told[i].edge, &drift->told[i].replayed);
	return r;
}

int drift_print(struct verification *verification, int64_t since)
{
	static const char *const titles[] = {"FIRST SEEN", "FROM",        "TO",      "PORT",
					     "VERDICT",    "CONNECTIONS", "ALLOWED", "DIRECTION",
					     "POLICY",     "WHY"};
	struct session *session = verification->session;
	struct drift drift = {.verification = verification, .since = since};
	int r;

	if (session->options->format == FORMAT_JSON)
		json_list_begin(&drift.list, session);
	else if (!(drift.table = output_table_new(titles, sizeof(titles) / sizeof(titles[0]))))
		return -ENOMEM;
	r = find(&drift);
	verification->passed = r == 0 && drift.count == 0;
	if (!drift.table) {
		r = json_list_end(&drift.list, r);
	} else if (r == 0 && (drift.count > 0 || session->options->format == FORMAT_CSV)) {
		session_print_table(session, drift.table);
		drift.table = NULL;
	}
	output_table_free(drift.table);
	free(drift.told);
	return r;
}
