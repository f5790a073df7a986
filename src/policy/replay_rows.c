#include "policy/replay_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/order.h"

static int rank_end(const struct end *end)
{
	if (end->kind == END_POD)
		return end->workload != GRAPH_NONE ? 0 : 1;
	return end->kind == END_NODE ? 2 : end->kind == END_EXTERNAL ? 3 : 4;
}

int replay_compare_ends(const struct end *a, const struct end *b)
{
	int r = rank_end(a) - rank_end(b);

	if (r != 0)
		return r;
	if (rank_end(a) == 0)
		return order_numbers(a->workload, b->workload);
	r = strcmp(a->namespace, b->namespace);
	r = r ? r : strcmp(a->name, b->name);
	if (a->kind == END_POD)
		return r ? r : strcmp(a->uid, b->uid);
	r = r ? r : addr_compare(a->address, b->address);
	r = r ? r : order_numbers(a->prefix, b->prefix);
	return r ? r : strcmp(a->class, b->class);
}

static int compare_texts(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : (a != NULL) - (b != NULL);
}

static int compare_policies(const struct netpol *a, const struct netpol *b)
{
	if (!a || !b || a == b)
		return (a != NULL) - (b != NULL);
	return a < b ? -1 : 1;
}

static int compare_rules(const struct netpol_rule *a, const struct netpol_rule *b)
{
	if (!a || !b || a == b)
		return (a != NULL) - (b != NULL);
	return a < b ? -1 : 1;
}

int replay_compare_rows(const struct replay_row *x, const struct replay_row *y)
{
	int r = (int)x->list - (int)y->list;

	r = r ? r : replay_compare_ends(x->subject, y->subject);
	r = r ? r : (int)x->direction - (int)y->direction;
	r = r ? r : compare_policies(x->policy, y->policy);
	r = r ? r : compare_rules(x->rule, y->rule);
	r = r ? r : replay_compare_ends(x->peer, y->peer);
	r = r ? r : order_numbers(x->protocol, y->protocol);
	r = r ? r : order_numbers(x->has_port, y->has_port);
	r = r ? r : order_numbers(x->port, y->port);
	return r ? r : compare_texts(x->why, y->why);
}

static int sort_rows(const void *a, const void *b)
{
	const struct replay_row *x = a, *y = b;
	int r = replay_compare_rows(x, y);

	return r ? r : (x->edge > y->edge) - (x->edge < y->edge);
}

/* What tells rows apart, as bytes; it may tell more apart than replay_compare_rows() does. */
struct end_key {
	size_t index;
	const char *name, *class;
	struct addr address;
	uint8_t prefix, rank;
};

struct row_key {
	struct end_key subject, peer;
	const struct netpol *policy;
	const struct netpol_rule *rule;
	const char *why;
	uint8_t list, direction, protocol, has_port;
	uint16_t port;
};

static void key_end(const struct end *end, struct end_key *key)
{
	key->rank = (uint8_t)rank_end(end);
	if (end->kind == END_POD) {
		key->index = end->workload != GRAPH_NONE ? end->workload : end->pod;
		return;
	}
	key->name = end->name;
	key->class = end->class;
	key->address = end->address;
	key->prefix = end->prefix;
}

static void key_row(const struct replay_row *row, struct row_key *key)
{
	memset(key, 0, sizeof(*key));
	key_end(row->subject, &key->subject);
	key_end(row->peer, &key->peer);
	key->policy = row->policy;
	key->rule = row->rule;
	key->why = row->why;
	key->list = (uint8_t)row->list;
	key->direction = (uint8_t)row->direction;
	key->protocol = row->protocol;
	key->has_port = row->has_port;
	key->port = row->port;
}

static void join_row(struct replay_row *row, const struct replay_row *more)
{
	row->edges += more->edges;
	row->connections += more->connections;
	if (more->first_seen < row->first_seen)
		row->first_seen = more->first_seen;
	if (more->last_seen > row->last_seen) {
		row->last_seen = more->last_seen;
		row->edge = more->edge;
		row->subject = more->subject;
		row->peer = more->peer;
	}
}

void replay_rows_sort(struct replay_rows *rows)
{
	size_t kept = 0;

	if (rows->count > 0)
		qsort(rows->items, rows->count, sizeof(*rows->items), sort_rows);
	for (size_t i = 0; i < rows->count; i++) {
		if (kept > 0 && replay_compare_rows(&rows->items[kept - 1], &rows->items[i]) == 0)
			join_row(&rows->items[kept - 1], &rows->items[i]);
		else
			rows->items[kept++] = rows->items[i];
	}
	rows->count = kept;
}

static int grow(struct replay_rows *rows)
{
	size_t larger = rows->capacity ? rows->capacity * 2 : 64;
	struct replay_row *grown;

	if (rows->count < rows->capacity)
		return 0;
	grown = reallocarray(rows->items, larger, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	rows->items = grown;
	rows->capacity = larger;
	return 0;
}

int replay_rows_add(struct replay_rows *rows, const struct replay_row *row)
{
	struct row_key key;
	size_t number;
	int r = grow(rows);

	key_row(row, &key);
	if (r == 0)
		r = intern_add(&rows->keys, &key, sizeof(key), &number);
	if (r < 0)
		return r;
	if (number < rows->count)
		join_row(&rows->items[number], row);
	else
		rows->items[rows->count++] = *row;
	return 0;
}

struct replay_row replay_make_row(const struct graph_edge *edge, enum replay_list list,
				  const struct replayed *replayed, enum direction direction)
{
	const struct side *side = &replayed->decision.sides[direction];
	const bool ingress = direction == DIRECTION_INGRESS;
	const struct end *source = ingress && edge->translated ? edge->translated : edge->from;

	return (struct replay_row){.list = list,
				   .direction = direction,
				   .subject = ingress ? edge->to : source,
				   .peer = ingress ? source : edge->to,
				   .policy = side->policy,
				   .rule = side->rule,
				   .why = replayed->why,
				   .protocol = edge->edge.key.protocol,
				   .has_port = edge->edge.key.has_port,
				   .port = edge->edge.key.port,
				   .edges = 1,
				   .connections = edge->edge.totals.connections,
				   .first_seen = edge->edge.first_seen,
				   .last_seen = edge->edge.last_seen,
				   .edge = edge};
}

bool replay_is_cause(const struct side *side, enum replay_list list)
{
	if (list == REPLAY_DENIED)
		return side->answer == ANSWER_DENIED;
	return side->answer != ANSWER_ALLOWED;
}

static const struct end *subject_of(const struct graph_edge *edge, enum direction direction)
{
	return direction == DIRECTION_INGRESS ? edge->to : edge->from;
}

int replay_rows_add_edge(struct replay_rows *rows, const struct graph_edge *edge,
			 enum replay_list list, const struct replayed *replayed)
{
	const struct side *sides = replayed->decision.sides;
	bool added = false;
	int r = 0;

	for (int named = 1; named >= 0 && !added; named--)
		for (unsigned i = 0; i < DIRECTIONS && r == 0; i++) {
			struct replay_row row;

			if (!replay_is_cause(&sides[i], list) ||
			    (subject_of(edge, i)->kind != END_UNKNOWN) != (named == 1))
				continue;
			row = replay_make_row(edge, list, replayed, i);
			r = replay_rows_add(rows, &row);
			added = true;
		}
	return r;
}
