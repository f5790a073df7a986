#include "policy/replay.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "policy/intern.h"
#include "policy/order.h"

/* ---- one edge ---- */

bool replay_is_evidence(const struct graph_edge *edge)
{
	const struct totals *totals = &edge->edge.totals;

	return edge->edge.key.verdict == VERDICT_ANSWERED ||
	       (edge->edge.key.verdict == VERDICT_ONE_WAY &&
		(totals->connections > 0 || totals->packets_sent > 0));
}

bool replay_is_denied(const struct graph_edge *edge)
{
	return edge->edge.key.verdict == VERDICT_DENIED &&
	       !(edge->to.service_address && edge->to.kind == END_EXTERNAL);
}

static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

/* All that the ends may be. */
struct parties {
	struct party from[SCENE_GRAPH_PARTIES], to[SCENE_GRAPH_PARTIES];
	struct party seen[SCENE_GRAPH_PARTIES + 1];
	size_t from_count, seen_count, to_count;
	bool is_forwarded; /* by the destination's own node, which put its address in place of the
			      source's */
};

static const struct scene_pod *pod_at(const struct replay *replay, const struct party *party)
{
	return party->kind == PARTY_POD ? &scene_graph_scene(replay->scene)->pods[party->index]
					: NULL;
}

static bool is_own_node(const struct replay *replay, const struct party *node,
			const struct party *party)
{
	const struct scene_pod *pod = pod_at(replay, party);

	return pod && node->kind == PARTY_NODE && node->index != SCENE_NONE &&
	       node->index == pod->node;
}

/* A node's own traffic is let through, not what it forwards; and on one node it is the plugin's
 * matter whether it looks before or after the address is replaced. */
static void see_both(const struct replay *replay, struct parties *parties)
{
	parties->is_forwarded = is_own_node(replay, &parties->seen[0], &parties->to[0]) &&
				!is_own_node(replay, &parties->from[0], &parties->to[0]);
	if (!parties->is_forwarded)
		return;
	parties->seen[0].kind = PARTY_ADDRESSES;
	for (size_t i = 0; i < parties->from_count; i++)
		parties->seen[parties->seen_count++] = parties->from[i];
}

static void find_parties(const struct replay *replay, const struct graph_edge *edge,
			 struct parties *ret)
{
	ret->from_count = scene_graph_parties(replay->scene, &edge->from, false, ret->from);
	ret->to_count = scene_graph_parties(replay->scene, &edge->to, true, ret->to);
	ret->seen_count = 0;
	ret->is_forwarded = false;
	if (!edge->translated)
		return;
	ret->seen_count = scene_graph_parties(replay->scene, edge->translated, false, ret->seen);
	see_both(replay, ret);
}

static void merge(struct decision *sum, const struct decision *more)
{
	for (size_t i = 0; i < DIRECTIONS; i++) {
		struct side *side = &sum->sides[i];

		if (side->answer == more->sides[i].answer)
			continue;
		if (!side->policy)
			*side = more->sides[i];
		side->answer = ANSWER_UNKNOWN;
	}
}

static enum answer together(const struct decision *decision)
{
	static const enum answer by_weight[] = {ANSWER_DENIED, ANSWER_UNKNOWN, ANSWER_UNDEFINED};

	for (size_t i = 0; i < sizeof(by_weight) / sizeof(by_weight[0]); i++)
		for (size_t j = 0; j < DIRECTIONS; j++)
			if (decision->sides[j].answer == by_weight[i])
				return by_weight[i];
	return ANSWER_ALLOWED;
}

static void decide(const struct replay *replay, const struct graph_edge *edge,
		   const struct parties *parties, struct decision *ret)
{
	const struct edge_key *key = &edge->edge.key;
	const uint16_t port = key->has_port && has_ports(key->protocol) ? key->port : 0;
	const size_t seen_count = parties->seen_count ? parties->seen_count : 1;
	struct decision decision;

	for (size_t i = 0; i < parties->from_count; i++)
		for (size_t j = 0; j < parties->to_count; j++)
			for (size_t k = 0; k < seen_count; k++) {
				evaluator_connection(replay->evaluator, &parties->from[i],
						     parties->seen_count ? &parties->seen[k] : NULL,
						     &parties->to[j], key->protocol, port,
						     &decision);
				if (i + j + k == 0)
					*ret = decision;
				else
					merge(ret, &decision);
			}
	ret->answer = together(ret);
}

static bool has_all_ports(const struct port_set *set, uint8_t protocol)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->items[i].protocol == protocol)
			return set->items[i].first == 1 && set->items[i].last == UINT16_MAX;
	return false;
}

static bool has_any_port(const struct port_set *set, uint8_t protocol)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->items[i].protocol == protocol)
			return true;
	return false;
}

/* What both could say to each other the other way round: may all of it surely pass, any of it
 * perhaps? */
struct reverse {
	bool all, any;
};

static int judge_reverse(const struct replay *replay, const struct parties *parties,
			 uint8_t protocol, struct reverse *ret)
{
	struct port_set sure = {0}, possible = {0};
	int r = 0;

	*ret = (struct reverse){.all = true};
	for (size_t i = 0; i < parties->to_count && r == 0; i++)
		for (size_t j = 0; j < parties->from_count && r == 0; j++) {
			r = evaluator_pair(replay->evaluator, &parties->to[i], &parties->from[j],
					   &sure, &possible);
			ret->all &= r == 0 && has_all_ports(&sure, protocol);
			ret->any |= r == 0 && has_any_port(&possible, protocol);
			port_set_clear(&sure);
			port_set_clear(&possible);
		}
	return r;
}

/* ---- services that nobody translated ---- */

/* The record ends at the service; a pod behind it answered all the same. */
static bool is_service(const struct end *end)
{
	return end->kind == END_EXTERNAL && end->service_address &&
	       (strcmp(end->class, "service") == 0 || strcmp(end->class, "cluster-dns") == 0);
}

static const struct inventory_port *find_service_port(const struct inventory_service *service,
						      const struct edge_key *key)
{
	for (size_t i = 0; i < service->port_count; i++)
		if (service->ports[i].protocol == key->protocol &&
		    service->ports[i].port == key->port)
			return &service->ports[i];
	return NULL;
}

/* 0: not known. */
static uint16_t target_port(const struct inventory_port *port, const struct scene_pod *pod)
{
	char *end;
	unsigned long number = strtoul(port->target, &end, 10);

	if (!*port->target)
		return port->port;
	if (!*end)
		return number <= UINT16_MAX ? (uint16_t)number : 0;
	for (size_t i = 0; i < pod->port_count; i++)
		if (strcmp(pod->ports[i].name, port->target) == 0 &&
		    pod->ports[i].protocol == port->protocol)
			return pod->ports[i].port;
	return 0;
}

/* As if that pod had answered. */
static void add_backend(const struct replay *replay, const struct parties *parties,
			uint8_t protocol, size_t pod, uint16_t port, struct decision *sum)
{
	const struct party to = {.kind = PARTY_POD, .index = pod};
	struct decision decision;

	if (port == 0)
		sum->sides[DIRECTION_EGRESS].answer = ANSWER_UNKNOWN;
	for (size_t i = 0; i < parties->from_count && port != 0; i++) {
		evaluator_connection(replay->evaluator, &parties->from[i], NULL, &to, protocol,
				     port, &decision);
		merge(sum, &decision);
	}
}

static size_t add_backends(const struct replay *replay, const struct graph_edge *edge,
			   const struct parties *parties, struct decision *sum)
{
	const struct scene *scene = scene_graph_scene(replay->scene);
	const struct inventory_service *service = edge->service;
	const struct inventory_port *port =
	    service ? find_service_port(service, &edge->edge.key) : NULL;
	const size_t namespace =
	    service ? scene_find_namespace(scene, service->namespace) : SCENE_NONE;
	size_t count = 0;

	if (!port || service->selector.count == 0 || namespace == SCENE_NONE)
		return 0;
	for (size_t i = 0; i < scene->pod_count; i++) {
		const struct scene_pod *pod = &scene->pods[i];

		if (pod->namespace != namespace || !pod->labels ||
		    !labels_match(pod->labels, &service->selector))
			continue;
		add_backend(replay, parties, edge->edge.key.protocol, i, target_port(port, pod),
			    sum);
		count++;
	}
	return count;
}

/* Some plugins judge the address, others the pod: what all say is so, and where none of its pods
 * is known, what lets the address pass. */
static void judge_service(const struct replay *replay, const struct graph_edge *edge,
			  const struct parties *parties, struct replayed *replayed)
{
	const struct decision address = replayed->decision;

	if (add_backends(replay, edge, parties, &replayed->decision) == 0 &&
	    address.answer == ANSWER_DENIED)
		replayed->decision.sides[DIRECTION_EGRESS].answer = ANSWER_UNKNOWN;
	replayed->decision.answer = together(&replayed->decision);
	if (replayed->decision.answer == ANSWER_UNKNOWN && address.answer != ANSWER_UNKNOWN)
		replayed->why = "address of a service; which pod answered was not seen";
}

/* ---- what is not known ---- */

static const struct scene_namespace *namespace_at(const struct replay *replay,
						  const struct scene_pod *pod)
{
	return pod->namespace == SCENE_NONE
		   ? NULL
		   : &scene_graph_scene(replay->scene)->namespaces[pod->namespace];
}

static bool rule_names_ports(const struct netpol_rule *rule)
{
	for (size_t i = 0; rule && i < rule->port_count; i++)
		if (rule->ports[i].name)
			return true;
	return false;
}

static bool rule_asks_pods(const struct netpol_rule *rule)
{
	for (size_t i = 0; rule && i < rule->peer_count; i++)
		if (rule->peers[i].pods.count > 0)
			return true;
	return false;
}

static bool rule_asks_namespaces(const struct netpol_rule *rule)
{
	for (size_t i = 0; rule && i < rule->peer_count; i++)
		if (rule->peers[i].namespaces.count > 0)
			return true;
	return false;
}

static const char *explain_labels(const struct replay *replay, const struct party *party,
				  bool destination)
{
	if (scene_graph_labels_differ(replay->scene, party->index))
		return destination ? "the pods of the destination's workload differ in their labels"
				   : "the pods of the source's workload differ in their labels";
	return destination ? "the labels of the destination are not known"
			   : "the labels of the source are not known";
}

static const char *explain_ports(const struct replay *replay, const struct party *destination)
{
	return scene_graph_ports_differ(replay->scene, destination->index)
		   ? "the pods of the destination's workload differ in their named ports"
		   : "the destination's ports are not known by name";
}

/* The first that may be the reason; the record itself comes before what the inventory lacks. */
static const char *explain(const struct replay *replay, const struct graph_edge *edge,
			   const struct parties *parties, enum direction direction,
			   const struct side *side)
{
	const bool ingress = direction == DIRECTION_INGRESS;
	const struct end *source = ingress && edge->translated ? edge->translated : &edge->from;
	const struct party *from =
	    ingress && parties->seen_count ? &parties->seen[0] : &parties->from[0];
	const struct party *to = &parties->to[0];
	const struct scene_pod *subject = pod_at(replay, ingress ? to : from);
	const struct scene_pod *peer = pod_at(replay, ingress ? from : to);
	const struct netpol_rule *rule = side->rule;

	if (source->kind == END_UNKNOWN)
		return "it is not known who had the source's address";
	if (edge->to.kind == END_UNKNOWN)
		return "it is not known who had the destination's address";
	if (subject && !subject->labels && (!side->policy || side->policy->pods.count > 0))
		return explain_labels(replay, ingress ? to : from, ingress);
	if (peer && !peer->labels && rule_asks_pods(rule))
		return explain_labels(replay, ingress ? from : to, !ingress);
	if (ingress && parties->is_forwarded)
		return "source NAT on the pod's own node: plugins differ in when they look";
	if (source->prefix || edge->to.prefix)
		return "a prefix stands for many addresses, and only some of them are allowed";
	if (rule_names_ports(rule) && to->kind == PARTY_POD && !pod_at(replay, to)->ports_known)
		return explain_ports(replay, to);
	if (rule_asks_namespaces(rule) && peer && namespace_at(replay, peer) &&
	    !namespace_at(replay, peer)->labels)
		return "the labels of the peer's namespace are not known";
	return "the node of the pod is not known";
}

static const char *explain_unknown(const struct replay *replay, const struct graph_edge *edge,
				   const struct parties *parties, const struct decision *decision)
{
	for (size_t i = 0; i < DIRECTIONS; i++)
		if (decision->sides[i].answer == ANSWER_UNKNOWN)
			return explain(replay, edge, parties, (enum direction)i,
				       &decision->sides[i]);
	return "it is not known what the ends are";
}

static int judge_midstream(const struct replay *replay, const struct graph_edge *edge,
			   const struct parties *parties, struct replayed *ret)
{
	const enum answer forward = ret->decision.answer;
	struct reverse reverse;
	int r = judge_reverse(replay, parties, edge->edge.key.protocol, &reverse);

	if (r < 0 || (forward == ANSWER_ALLOWED && reverse.all) ||
	    (forward == ANSWER_DENIED && !reverse.any && !is_service(&edge->to)))
		return r;
	for (size_t i = 0; i < DIRECTIONS; i++)
		ret->decision.sides[i].answer = ANSWER_UNKNOWN;
	ret->decision.answer = ANSWER_UNKNOWN;
	ret->why = "it was picked up in mid-stream and may run the other way";
	return 0;
}

static void judge_portless(struct decision *decision)
{
	for (size_t i = 0; i < DIRECTIONS; i++)
		if (decision->sides[i].answer != ANSWER_ALLOWED)
			decision->sides[i].answer = ANSWER_UNDEFINED;
	decision->answer = together(decision);
}

/* Both sides as this record has them. */
static int judge_whole(const struct replay *replay, const struct graph_edge *edge,
		       struct replayed *ret)
{
	const struct edge_key *key = &edge->edge.key;
	struct parties parties;

	*ret = (struct replayed){.uncovered = edge->from.secondary || edge->to.secondary};
	if (ret->uncovered)
		return 0;
	find_parties(replay, edge, &parties);
	decide(replay, edge, &parties, &ret->decision);
	if (has_ports(key->protocol) && is_service(&edge->to))
		judge_service(replay, edge, &parties, ret);
	if (!has_ports(key->protocol))
		judge_portless(&ret->decision);
	else if (key->direction_uncertain)
		return judge_midstream(replay, edge, &parties, ret);
	else if (ret->decision.answer == ANSWER_UNKNOWN && !ret->why)
		ret->why = explain_unknown(replay, edge, &parties, &ret->decision);
	return 0;
}

static void leave_to_others(const struct graph_edge *edge, struct replayed *replayed)
{
	struct side *sides = replayed->decision.sides;

	if (edge->told_elsewhere[0])
		sides[DIRECTION_EGRESS] = (struct side){.answer = ANSWER_ALLOWED};
	if (edge->told_elsewhere[1])
		sides[DIRECTION_INGRESS] = (struct side){.answer = ANSWER_ALLOWED};
	replayed->decision.answer = together(&replayed->decision);
	if (replayed->decision.answer != ANSWER_UNKNOWN)
		replayed->why = NULL;
}

int replay_edge(const struct replay *replay, const struct graph_edge *edge, struct replayed *ret)
{
	int r = judge_whole(replay, edge, ret);

	if (r == 0)
		leave_to_others(edge, ret);
	return r;
}

/* ---- rows ---- */

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

static int compare_rows(const struct replay_row *x, const struct replay_row *y)
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
	int r = compare_rows(x, y);

	return r ? r : (x->edge > y->edge) - (x->edge < y->edge);
}

/* What tells rows apart, as bytes; it may tell more apart than compare_rows() does. */
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

struct rows {
	struct replay_row *items;
	size_t count, capacity;
	struct intern keys; /* their numbers are those of the items until these are sorted */
};

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

static void sort_all(struct rows *rows)
{
	size_t kept = 0;

	if (rows->count > 0)
		qsort(rows->items, rows->count, sizeof(*rows->items), sort_rows);
	for (size_t i = 0; i < rows->count; i++) {
		if (kept > 0 && compare_rows(&rows->items[kept - 1], &rows->items[i]) == 0)
			join_row(&rows->items[kept - 1], &rows->items[i]);
		else
			rows->items[kept++] = rows->items[i];
	}
	rows->count = kept;
}

static int grow(struct rows *rows)
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

static int add_row(struct rows *rows, const struct replay_row *row)
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

static struct replay_row make_row(const struct graph_edge *edge, enum replay_list list,
				  const struct replayed *replayed, enum direction direction)
{
	const struct side *side = &replayed->decision.sides[direction];
	const bool ingress = direction == DIRECTION_INGRESS;
	const struct end *source = ingress && edge->translated ? edge->translated : &edge->from;

	return (struct replay_row){.list = list,
				   .direction = direction,
				   .subject = ingress ? &edge->to : source,
				   .peer = ingress ? source : &edge->to,
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

/* Is it this side that makes the answer what it is? */
static bool is_cause(const struct side *side, enum replay_list list)
{
	if (list == REPLAY_DENIED)
		return side->answer == ANSWER_DENIED;
	return side->answer != ANSWER_ALLOWED;
}

static const struct end *subject_of(const struct graph_edge *edge, enum direction direction)
{
	return direction == DIRECTION_INGRESS ? &edge->to : &edge->from;
}

/* Of an end that cannot be named little can be said: it is shown where nothing else is the cause.
 */
static int add_rows(struct rows *rows, const struct graph_edge *edge, enum replay_list list,
		    const struct replayed *replayed)
{
	const struct side *sides = replayed->decision.sides;
	bool added = false;
	int r = 0;

	for (int named = 1; named >= 0 && !added; named--)
		for (unsigned i = 0; i < DIRECTIONS && r == 0; i++) {
			struct replay_row row;

			if (!is_cause(&sides[i], list) ||
			    (subject_of(edge, i)->kind != END_UNKNOWN) != (named == 1))
				continue;
			row = make_row(edge, list, replayed, i);
			r = add_row(rows, &row);
			added = true;
		}
	return r;
}

static void add_sum(struct replay_sum *sum, size_t edges, int64_t connections)
{
	sum->edges += edges;
	sum->connections += connections;
}

static void count(struct replay_sum *sum, const struct graph_edge *edge)
{
	add_sum(sum, 1, edge->edge.totals.connections);
}

static enum replay_list list_of(enum answer answer)
{
	if (answer == ANSWER_DENIED)
		return REPLAY_DENIED;
	return answer == ANSWER_UNKNOWN ? REPLAY_UNKNOWN : REPLAY_UNDEFINED;
}

/* What records that do not count tell of their own sides: the rows that the others look up. */
static int add_superseded(const struct replay *replay, const struct graph_edge *edge,
			  struct rows *rows)
{
	struct replayed replayed;
	int r;

	if (!replay_is_evidence(edge) || (edge->told_elsewhere[0] && edge->told_elsewhere[1]))
		return 0;
	r = replay_edge(replay, edge, &replayed);
	if (r < 0 || replayed.decision.answer == ANSWER_ALLOWED)
		return r;
	return add_rows(rows, edge, list_of(replayed.decision.answer), &replayed);
}

/* Rows of the records that do not count, by which of them are counted with another edge. */
struct told {
	struct rows rows;
	bool *claimed;
};

/* Is there such a row? Its connections are those of the edge that looks for it. */
static bool claim(struct told *told, const struct replay_row *row)
{
	size_t low = 0, high = told->rows.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_rows(&told->rows.items[middle], row) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == told->rows.count || compare_rows(&told->rows.items[low], row) != 0)
		return false;
	told->claimed[low] = true;
	return true;
}

/* Does the record that tells of a side say of it what this one would? */
static bool claim_sides(struct told *told, const struct graph_edge *edge,
			const struct replayed *whole)
{
	const enum replay_list list = list_of(whole->decision.answer);
	bool claimed = false;

	for (unsigned i = 0; i < DIRECTIONS; i++) {
		const struct replay_row row = make_row(edge, list, whole, i);

		if (edge->told_elsewhere[i == DIRECTION_INGRESS] &&
		    is_cause(&whole->decision.sides[i], list))
			claimed |= claim(told, &row);
	}
	return claimed;
}

static int add_worked(const struct replay *replay, const struct graph_edge *edge, struct told *told,
		      struct rows *rows, struct replay_result *result)
{
	struct replayed whole, replayed;
	enum replay_list list;
	bool claimed;
	int r = judge_whole(replay, edge, &whole);

	if (r < 0)
		return r;
	if (whole.uncovered)
		count(&result->uncovered, edge);
	if (whole.decision.answer == ANSWER_ALLOWED) {
		count(&result->allowed, edge);
		return 0;
	}
	replayed = whole;
	leave_to_others(edge, &replayed);
	claimed = claim_sides(told, edge, &whole);
	if (replayed.decision.answer == ANSWER_ALLOWED) {
		count(claimed ? &result->lists[list_of(whole.decision.answer)] : &result->allowed,
		      edge);
		return 0;
	}
	list = list_of(replayed.decision.answer);
	count(&result->lists[list], edge);
	return add_rows(rows, edge, list, &replayed);
}

/* One row: of the destination where it is a pod. */
static int add_denied(const struct replay *replay, const struct graph_edge *edge, struct rows *rows,
		      struct replay_result *result)
{
	const enum direction direction =
	    edge->to.kind == END_POD ? DIRECTION_INGRESS : DIRECTION_EGRESS;
	struct replayed whole;
	struct replay_row row;
	int r = judge_whole(replay, edge, &whole);

	if (r < 0 || whole.uncovered || whole.decision.answer == ANSWER_DENIED ||
	    whole.decision.answer == ANSWER_UNDEFINED)
		return r;
	count(&result->lists[REPLAY_ALLOWED_NOW], edge);
	row = make_row(edge, REPLAY_ALLOWED_NOW, &whole, direction);
	return add_row(rows, &row);
}

static int add_edge(const struct replay *replay, const struct graph_edge *edge, struct told *told,
		    struct rows *rows, struct replay_result *result)
{
	if (replay_is_evidence(edge))
		return add_worked(replay, edge, told, rows, result);
	if (replay_is_denied(edge))
		return add_denied(replay, edge, rows, result);
	count(&result->failed, edge);
	return 0;
}

struct wanted {
	replay_wanted_fn *is_wanted;
	const void *context;
};

static bool wants(struct wanted wanted, const struct graph_edge *edge, enum standing standing)
{
	return edge->standing == standing &&
	       (!wanted.is_wanted || wanted.is_wanted(wanted.context, edge));
}

/* What nobody counted counts by itself: the records do not agree. */
static int add_told(const struct told *told, struct rows *rows, struct replay_result *result)
{
	int r = 0;

	for (size_t i = 0; i < told->rows.count && r == 0; i++) {
		const struct replay_row *row = &told->rows.items[i];

		if (!told->claimed[i])
			add_sum(&result->lists[row->list], row->edges, row->connections);
		r = add_row(rows, row);
	}
	return r;
}

static int walk(const struct replay *replay, const struct graph *graph, struct wanted wanted,
		struct told *told, struct rows *rows, struct replay_result *result)
{
	int r = 0;

	for (size_t i = 0; i < graph->edge_count && r == 0; i++)
		if (wants(wanted, &graph->edges[i], STANDING_SUPERSEDED))
			r = add_superseded(replay, &graph->edges[i], &told->rows);
	sort_all(&told->rows);
	told->claimed = calloc(told->rows.count + 1, sizeof(*told->claimed));
	if (!told->claimed)
		return -ENOMEM;
	for (size_t i = 0; i < graph->edge_count && r == 0; i++)
		if (wants(wanted, &graph->edges[i], STANDING_COUNTS))
			r = add_edge(replay, &graph->edges[i], told, rows, result);
	if (r == 0)
		r = add_told(told, rows, result);
	sort_all(rows);
	return r;
}

int replay_graph(const struct replay *replay, const struct graph *graph, replay_wanted_fn *wanted,
		 const void *context, struct replay_result *ret)
{
	struct replay_result result = {0};
	struct told told = {.rows = {.keys = intern_make()}};
	struct rows rows = {.keys = intern_make()};
	int r = walk(replay, graph, (struct wanted){wanted, context}, &told, &rows, &result);

	intern_clear(&rows.keys);
	intern_clear(&told.rows.keys);
	free(told.rows.items);
	free(told.claimed);
	result.rows = rows.items;
	result.row_count = rows.count;
	if (r < 0)
		replay_result_clear(&result);
	else
		*ret = result;
	return r;
}

void replay_result_clear(struct replay_result *result)
{
	free(result->rows);
	*result = (struct replay_result){0};
}

void replay_row_parties(const struct replay *replay, const struct replay_row *row,
			struct party *ret_from, struct party *ret_to)
{
	struct parties parties;

	find_parties(replay, row->edge, &parties);
	*ret_from = row->direction == DIRECTION_INGRESS && parties.seen_count ? parties.seen[0]
									      : parties.from[0];
	*ret_to = parties.to[0];
}
