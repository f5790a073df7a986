#include "policy/used.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "policy/intern.h"
#include "policy/peers.h"
#include "policy/pick.h"
#include "policy/replay.h"

/* A port of the rule at hand that a passage may have used. */
struct hit {
	size_t port;
	mark_t mark;
};

struct marker {
	const struct unused_request *request;
	const struct scene *scene;
	const struct addr_range *ranges; /* within each the policies tell no addresses apart */
	size_t range_count;
	struct policy_uses *policies;
	bool *names_ports;  /* by group of subjects: ingress of one of their policies does */
	struct hit *hits;   /* as many as any rule has ports */
	uint32_t *peers;    /* as many as any rule has */
	struct memo marked; /* passages; to forget some costs time alone */
};

static size_t at_least_one(size_t count)
{
	return count ? count : 1;
}

/* ---- what there is to be used ---- */

static int compare_blocks(const void *a, const void *b, void *context)
{
	const struct netpol_peer *peers = context;
	const struct prefix *x = &peers[*(const uint32_t *)a].block;
	const struct prefix *y = &peers[*(const uint32_t *)b].block;
	int r = addr_compare(x->addr, y->addr);

	return r ? r : (x->length > y->length) - (x->length < y->length);
}

static int order_peers(struct use *use)
{
	const struct netpol_rule *rule = use->rule;
	size_t blocks = 0;

	use->order = calloc(use->peers, sizeof(*use->order));
	if (!use->order)
		return -ENOMEM;
	for (size_t i = 0; i < rule->peer_count; i++) {
		if (!rule->peers[i].has_block) {
			use->order[use->selector_count++] = (uint32_t)i;
			continue;
		}
		use->order[rule->peer_count - ++blocks] = (uint32_t)i;
		use->lengths[rule->peers[i].block.length] = true;
	}
	qsort_r(use->order + use->selector_count, blocks, sizeof(*use->order), compare_blocks,
		rule->peers);
	return 0;
}

static int use_init(const struct netpol_rule *rule, struct use *use)
{
	int r;

	*use = (struct use){.rule = rule,
			    .peers = at_least_one(rule->peer_count),
			    .ports = at_least_one(rule->port_count)};
	if (use->peers > UNUSED_RULE_MAX / use->ports)
		return 0;
	use->open = use->peers * use->ports;
	use->marks = calloc(use->open, sizeof(*use->marks));
	r = use->marks ? order_peers(use) : -ENOMEM;
	if (r == 0)
		r = peer_index_make(&use->by_label, rule);
	return r < 0 ? r : port_index_make(&use->by_number, rule);
}

static int add_uses(const struct netpol *policy, enum direction direction, struct policy_uses *uses)
{
	size_t count = policy->isolates[direction] ? policy->rule_count[direction] : 0;
	int r = 0;

	uses->items[direction] = calloc(count + 1, sizeof(struct use));
	if (!uses->items[direction])
		return -ENOMEM;
	for (size_t i = 0; i < count && r == 0; i++) {
		const struct netpol_rule *rule = &policy->rules[direction][i];

		for (size_t j = 0; j < rule->port_count && direction == DIRECTION_INGRESS; j++)
			uses->names_ports |= rule->ports[j].name != NULL;
		r = use_init(rule, &uses->items[direction][i]);
		uses->count[direction]++;
	}
	return r;
}

static void find_most(const struct policy_uses *uses, size_t *peers, size_t *ports)
{
	for (unsigned i = 0; i < DIRECTIONS; i++)
		for (size_t j = 0; j < uses->count[i]; j++) {
			const struct use *use = &uses->items[i][j];

			*peers = use->peers > *peers ? use->peers : *peers;
			*ports = use->ports > *ports ? use->ports : *ports;
		}
}

static int prepare(struct marker *marker)
{
	const struct unused_request *request = marker->request;
	const struct subjects *subjects = request->subjects;
	size_t peers = 1, ports = 1;
	int r = 0;

	marker->policies = calloc(request->policy_count + 1, sizeof(*marker->policies));
	marker->names_ports = calloc(subjects->group_count + 1, sizeof(*marker->names_ports));
	if (!marker->policies || !marker->names_ports)
		return -ENOMEM;
	for (size_t i = 0; i < request->policy_count && r == 0; i++) {
		struct policy_uses *uses = &marker->policies[i];

		r = add_uses(&request->policies[i], DIRECTION_INGRESS, uses);
		if (r == 0)
			r = add_uses(&request->policies[i], DIRECTION_EGRESS, uses);
		if (r == 0)
			find_most(uses, &peers, &ports);
	}
	for (size_t i = 0; i < subjects->group_count && r == 0; i++)
		for (size_t j = 0; j < subjects->groups[i].count; j++)
			marker->names_ports[i] |=
			    marker->policies[subjects->chosen[subjects->groups[i].first + j].policy]
				.names_ports;
	marker->hits = calloc(ports, sizeof(*marker->hits));
	marker->peers = calloc(peers, sizeof(*marker->peers));
	return marker->hits && marker->peers ? r : -ENOMEM;
}

/* ---- passages ---- */

/* One side of an edge that worked. */
struct passage {
	enum direction direction;
	struct party subject; /* a pod */
	struct party peers[SCENE_GRAPH_PARTIES];
	size_t peer_count;
	uint8_t protocol;
	uint16_t port; /* 0: none */
	mark_t doubt;  /* 0: it was certainly one of this subject */
	bool any_port; /* it is not known which */
};

struct party_key {
	size_t class;         /* of a pod; SIZE_MAX: addresses */
	uint32_t first, last; /* of the ranges; UINT32_MAX: not known */
};

/* What tells passages apart. */
struct passage_key {
	size_t group, class; /* class SIZE_MAX: it does not matter */
	uint16_t port;
	uint8_t direction, protocol, doubt, any_port;
	uint8_t peer_count;
	struct party_key peers[SCENE_GRAPH_PARTIES];
};

static bool is_pod(const struct marker *marker, const struct party *party)
{
	return party->kind == PARTY_POD && !marker->scene->pods[party->index].on_node;
}

static uint32_t find_range(const struct marker *marker, struct addr address)
{
	size_t low = 0, high = marker->range_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addr_compare(marker->ranges[middle].last, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return (uint32_t)low;
}

static void key_party(const struct marker *marker, const struct party *party, struct party_key *key)
{
	if (is_pod(marker, party)) {
		key->class = evaluator_pod_class(marker->request->evaluator, party->index);
		return;
	}
	key->class = SIZE_MAX;
	key->first = key->last = UINT32_MAX;
	if (!addr_is_set(party->range.first))
		return;
	key->first = find_range(marker, party->range.first);
	key->last = addr_equal(party->range.first, party->range.last)
			? key->first
			: find_range(marker, party->range.last);
}

/* *ret_new: none like it was marked before. */
static int ask(struct marker *marker, const struct passage *passage, size_t group, bool *ret_new)
{
	struct passage_key key;
	size_t *answer;
	int r;

	memset(&key, 0, sizeof(key));
	key.group = group;
	key.class = SIZE_MAX;
	if (passage->direction == DIRECTION_INGRESS && marker->names_ports[group])
		key.class = evaluator_pod_class(marker->request->evaluator, passage->subject.index);
	key.port = passage->any_port ? 0 : passage->port;
	key.direction = (uint8_t)passage->direction;
	key.protocol = passage->protocol;
	key.doubt = passage->doubt;
	key.any_port = passage->any_port;
	key.peer_count = (uint8_t)passage->peer_count;
	for (size_t i = 0; i < passage->peer_count; i++)
		key_party(marker, &passage->peers[i], &key.peers[i]);
	r = memo_find(&marker->marked, &key,
		      offsetof(struct passage_key, peers) +
			  passage->peer_count * sizeof(key.peers[0]),
		      &answer);
	if (r < 0)
		return r;
	*ret_new = *answer == MEMO_NEW;
	*answer = 0;
	return 0;
}

/* ---- marks ---- */

static mark_t make_mark(enum match match, mark_t doubt)
{
	if (match == MATCH_NO)
		return MATCH_NO;
	return doubt ? (mark_t)(MATCH_MAYBE | doubt) : (mark_t)MATCH_YES;
}

/* Of all that the peer may be: sure if it is each of them. */
static enum match match_peer(const struct marker *marker, const struct netpol *policy,
			     const struct netpol_peer *peer, const struct passage *passage)
{
	enum match least = MATCH_YES, most = MATCH_NO;

	for (size_t i = 0; i < passage->peer_count; i++) {
		enum match match = pick_peer(marker->scene, marker->request->options, policy, peer,
					     &passage->peers[i]);

		least = match < least ? match : least;
		most = match > most ? match : most;
	}
	return least == most || most == MATCH_NO ? most : MATCH_MAYBE;
}

static enum match match_port(const struct marker *marker, const struct netpol_port *port,
			     const struct passage *passage)
{
	const struct party *destination =
	    passage->direction == DIRECTION_EGRESS ? &passage->peers[0] : &passage->subject;

	if (passage->any_port)
		return port->protocol == passage->protocol ? MATCH_YES : MATCH_NO;
	return pick_port(marker->scene, port, destination, passage->protocol, passage->port);
}

static void add_hits(struct marker *marker, const struct use *use, const struct passage *passage,
		     mark_t doubt, size_t first, size_t end, size_t *count)
{
	for (size_t i = first; i < end; i++) {
		const uint32_t port = use->by_number.order[i];
		enum match match = match_port(marker, &use->rule->ports[port], passage);

		if (match != MATCH_NO)
			marker->hits[(*count)++] = (struct hit){
			    port, make_mark(match, match == MATCH_YES ? doubt : doubt | MARK_NAME)};
	}
}

static size_t find_hits(struct marker *marker, const struct use *use, const struct passage *passage,
			mark_t doubt)
{
	const struct port_index *index = &use->by_number;
	size_t first = 0, end = index->number_count, count = 0;

	if (use->rule->port_count == 0)
		marker->hits[count++] = (struct hit){0, make_mark(MATCH_YES, doubt)};
	if (!passage->any_port)
		port_index_find(index, use->rule, passage->protocol, passage->port, &first, &end);
	add_hits(marker, use, passage, doubt, first, end, &count);
	add_hits(marker, use, passage, doubt, index->number_count, index->count, &count);
	return count;
}

static void put_mark(struct use *use, size_t at, mark_t mark)
{
	mark_t *old = &use->marks[at];

	if (MARK_MATCH(mark) == MATCH_MAYBE && MARK_MATCH(*old) == MATCH_MAYBE)
		*old |= mark;
	if (MARK_MATCH(mark) <= MARK_MATCH(*old))
		return;
	*old = mark;
	use->open -= MARK_MATCH(mark) == MATCH_YES;
}

/* What is at hand of one rule and one passage. */
struct marking {
	const struct marker *marker;
	const struct netpol *policy;
	const struct passage *passage;
	struct use *use;
	size_t hit_count;
};

static void mark_peer(const struct marking *marking, size_t peer)
{
	struct use *use = marking->use;
	enum match match = MATCH_YES;

	if (use->rule->peer_count > 0)
		match = match_peer(marking->marker, marking->policy, &use->rule->peers[peer],
				   marking->passage);
	for (size_t i = 0; i < marking->hit_count && match != MATCH_NO; i++) {
		const struct hit *hit = &marking->marker->hits[i];
		mark_t doubt = hit->mark & (mark_t)~3u;

		put_mark(use, peer * use->ports + hit->port,
			 make_mark(match, match == MATCH_YES ? doubt : doubt | MARK_WHO));
	}
}

/* The first block that is not before the prefix. */
static size_t find_block(const struct use *use, const struct prefix *prefix)
{
	size_t low = use->selector_count, high = use->rule->peer_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct prefix *block = &use->rule->peers[use->order[middle]].block;
		int r = addr_compare(block->addr, prefix->addr);

		if (r < 0 || (r == 0 && block->length < prefix->length))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Blocks that begin before the range and may hold its first address, then those that begin in it.
 */
static void mark_blocks(const struct marking *marking, const struct addr_range *range)
{
	const struct use *use = marking->use;
	const struct prefix first = {.addr = range->first};
	size_t bits = 8 * addr_length(range->first);

	for (size_t i = 0; i <= bits; i++) {
		struct prefix prefix;

		if (!use->lengths[i])
			continue;
		prefix = prefix_around(range->first, (uint8_t)i);
		if (addr_equal(prefix.addr, range->first))
			break;
		for (size_t j = find_block(use, &prefix); j < use->rule->peer_count; j++) {
			const struct prefix *block = &use->rule->peers[use->order[j]].block;

			if (block->length != prefix.length || !addr_equal(block->addr, prefix.addr))
				break;
			mark_peer(marking, use->order[j]);
		}
	}
	for (size_t i = find_block(use, &first); i < use->rule->peer_count; i++) {
		if (addr_compare(use->rule->peers[use->order[i]].block.addr, range->last) > 0)
			break;
		mark_peer(marking, use->order[i]);
	}
}

static void mark_listed(const struct marking *marking, const uint32_t *peers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		mark_peer(marking, peers[i]);
}

static void mark_pod(const struct marking *marking, const struct scene_pod *pod)
{
	const struct marker *marker = marking->marker;
	const struct use *use = marking->use;
	const size_t selectors = use->selector_count;

	if (peer_index_knows(pod))
		mark_listed(marking, marker->peers,
			    peer_index_find(&use->by_label, marker->scene, pod, marker->peers));
	else
		mark_listed(marking, use->order, selectors);
	if (marker->request->options.ipblock_pods)
		mark_listed(marking, use->order + selectors, use->rule->peer_count - selectors);
}

static void mark_use(const struct marking *marking)
{
	const struct marker *marker = marking->marker;
	const struct party *peer = &marking->passage->peers[0];
	const struct use *use = marking->use;
	const bool can_choose = marking->passage->peer_count == 1 && use->rule->peer_count > 0;

	if (can_choose && is_pod(marker, peer))
		mark_pod(marking, &marker->scene->pods[peer->index]);
	else if (can_choose && addr_is_set(peer->range.first))
		mark_blocks(marking, &peer->range);
	else
		mark_listed(marking, use->order, use->peers);
}

static int mark_passage(struct marker *marker, const struct passage *passage)
{
	const struct subjects *subjects = marker->request->subjects;
	const size_t group = subjects->group_of[passage->subject.index];
	const struct chosen *chosen = &subjects->chosen[subjects->groups[group].first];
	bool is_new;
	int r;

	if (subjects->groups[group].count == 0)
		return 0;
	r = ask(marker, passage, group, &is_new);
	if (r < 0 || !is_new)
		return r;
	for (size_t i = 0; i < subjects->groups[group].count; i++) {
		struct policy_uses *uses = &marker->policies[chosen[i].policy];
		mark_t doubt = passage->doubt;

		if (chosen[i].match != MATCH_YES)
			doubt |= MARK_WHO;
		for (size_t j = 0; j < uses->count[passage->direction]; j++) {
			struct marking marking = {.marker = marker,
						  .policy =
						      &marker->request->policies[chosen[i].policy],
						  .passage = passage,
						  .use = &uses->items[passage->direction][j]};

			if (marking.use->open == 0)
				continue;
			marking.hit_count = find_hits(marker, marking.use, passage, doubt);
			if (marking.hit_count > 0)
				mark_use(&marking);
		}
	}
	return 0;
}

/* ---- edges ---- */

static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

/* Of one side: subject and peer are what it may be, and is_destination of the subject. */
static int mark_side(struct marker *marker, const struct end *subject, const struct end *peer,
		     bool is_destination, struct passage passage)
{
	const struct scene_graph *scene = marker->request->scene;
	struct party subjects[SCENE_GRAPH_PARTIES];

	if (scene_graph_parties(scene, subject, is_destination, subjects) > 1)
		passage.doubt |= MARK_WHO;
	if (subjects[0].kind != PARTY_POD)
		return 0;
	passage.subject = subjects[0];
	passage.peer_count = scene_graph_parties(scene, peer, !is_destination, passage.peers);
	return mark_passage(marker, &passage);
}

/* Both of a source and what a node put in its place are used, where plugins differ in which they
 * see.
 */
static int mark_ingress(struct marker *marker, const struct graph_edge *edge,
			struct passage passage)
{
	const struct end *sources[EDGE_PEERS_MAX];
	const size_t count = edge_peers(edge, false, sources);
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = mark_side(marker, edge->to, sources[i], true, passage);
	return r;
}

/* What was picked up in mid-stream may have been asked for by the other end, on any port. */
static int mark_edge(struct marker *marker, const struct graph_edge *edge)
{
	const struct edge_key *key = &edge->edge.key;
	struct passage passage = {.protocol = key->protocol,
				  .port = has_ports(key->protocol) ? key->port : 0,
				  .doubt = key->direction_uncertain ? MARK_STREAM : 0};
	int r;

	passage.direction = DIRECTION_EGRESS;
	r = mark_side(marker, edge->from, edge->to, false, passage);
	passage.direction = DIRECTION_INGRESS;
	if (r == 0)
		r = mark_ingress(marker, edge, passage);
	if (r < 0 || !key->direction_uncertain)
		return r;
	passage.any_port = has_ports(key->protocol);
	r = mark_side(marker, edge->from, edge->to, false, passage);
	passage.direction = DIRECTION_EGRESS;
	return r < 0 ? r : mark_ingress(marker, edge, passage);
}

static int find(struct marker *marker)
{
	const struct graph *graph = marker->request->graph;
	int r = prepare(marker);

	for (size_t i = 0; i < graph->edge_count && r == 0; i++) {
		const struct graph_edge *edge = &graph->edges[i];

		if (replay_is_evidence(edge) && edge->standing != STANDING_OVERRIDDEN &&
		    !edge->from->secondary && !edge->to->secondary)
			r = mark_edge(marker, edge);
	}
	return r;
}

int used_find(const struct unused_request *request, struct policy_uses **ret)
{
	struct marker marker = {.request = request, .scene = scene_graph_scene(request->scene)};
	int r;

	marker.ranges = evaluator_ranges(request->evaluator, &marker.range_count);
	r = find(&marker);
	*ret = marker.policies;
	free(marker.names_ports);
	free(marker.hits);
	free(marker.peers);
	memo_clear(&marker.marked);
	return r;
}

static void uses_clear(struct policy_uses *uses)
{
	for (unsigned i = 0; i < DIRECTIONS; i++) {
		for (size_t j = 0; j < uses->count[i]; j++) {
			free(uses->items[i][j].marks);
			free(uses->items[i][j].order);
			peer_index_clear(&uses->items[i][j].by_label);
			port_index_clear(&uses->items[i][j].by_number);
		}
		free(uses->items[i]);
	}
}

void used_clear(struct policy_uses *uses, size_t policy_count)
{
	for (size_t i = 0; uses && i < policy_count; i++)
		uses_clear(&uses[i]);
	free(uses);
}
