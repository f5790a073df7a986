#include "policy/unused.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "policy/pick.h"
#include "policy/replay.h"

/* A rule, and of each of its peers on each of its ports whether it was used. */
struct use {
	const struct netpol_rule *rule;
	uint8_t *marks;      /* enum match, ports of the first peer first; NULL: too many */
	size_t peers, ports; /* at least one of each: none written is everybody, everything */
	size_t open;         /* marks that are not MATCH_YES */
};

struct policy_uses {
	struct use *items[DIRECTIONS];
	size_t count[DIRECTIONS];
	bool selects, recorded, wanted;
	bool is_perhaps; /* nothing is known to be selected, but something may be */
};

/* A policy that is for a pod. */
struct selected {
	size_t policy;
	enum match match;
};

struct search {
	const struct unused_request *request;
	const struct scene *scene;
	struct policy_uses *policies;
	struct selected *selected; /* by pod */
	size_t selected_count, selected_capacity;
	size_t *first; /* by pod, and one more: of selected */
	struct unused_item *items;
	size_t item_count, item_capacity;
};

static size_t at_least_one(size_t count)
{
	return count ? count : 1;
}

static int grow(void *items, size_t item_size, size_t count, size_t *capacity)
{
	size_t wanted = *capacity ? *capacity * 2 : 64;
	void *grown;

	if (count < *capacity)
		return 0;
	grown = reallocarray(*(void **)items, wanted, item_size);
	if (!grown)
		return -ENOMEM;
	*(void **)items = grown;
	*capacity = wanted;
	return 0;
}

/* ---- what there is to be used ---- */

static int use_init(const struct netpol_rule *rule, struct use *use)
{
	*use = (struct use){.rule = rule,
			    .peers = at_least_one(rule->peer_count),
			    .ports = at_least_one(rule->port_count)};
	if (use->peers > UNUSED_RULE_MAX / use->ports)
		return 0;
	use->open = use->peers * use->ports;
	use->marks = calloc(use->open, 1);
	return use->marks ? 0 : -ENOMEM;
}

static int add_uses(const struct netpol *policy, enum direction direction, struct policy_uses *uses)
{
	size_t count = policy->isolates[direction] ? policy->rule_count[direction] : 0;
	int r = 0;

	uses->items[direction] = calloc(count + 1, sizeof(struct use));
	if (!uses->items[direction])
		return -ENOMEM;
	for (size_t i = 0; i < count && r == 0; i++) {
		r = use_init(&policy->rules[direction][i], &uses->items[direction][i]);
		uses->count[direction]++;
	}
	return r;
}

/* The first policy of the namespace, or where it would be. */
static size_t find_policies(const struct unused_request *request, const char *namespace)
{
	size_t low = 0, high = request->policy_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(request->policies[middle].namespace, namespace) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool wants(const struct unused_request *request, size_t pod)
{
	return !request->wants_pod ||
	       request->wants_pod(request->context, &request->graph->pods[pod]);
}

static int select_for(struct search *search, size_t pod)
{
	const struct unused_request *request = search->request;
	const struct scene_pod *item = &search->scene->pods[pod];
	const char *namespace =
	    item->namespace == SCENE_NONE ? NULL : search->scene->namespaces[item->namespace].name;

	for (size_t i = namespace ? find_policies(request, namespace) : 0;
	     i < request->policy_count; i++) {
		struct policy_uses *uses = &search->policies[i];
		enum match match;

		if (namespace && strcmp(request->policies[i].namespace, namespace) != 0)
			break;
		match = pick_subject(search->scene, &request->policies[i], pod);
		if (match == MATCH_NO)
			continue;
		if (grow(&search->selected, sizeof(*search->selected), search->selected_count,
			 &search->selected_capacity) < 0)
			return -ENOMEM;
		search->selected[search->selected_count++] = (struct selected){i, match};
		if (pod >= request->graph->pod_count)
			continue;
		uses->selects |= match == MATCH_YES;
		uses->is_perhaps |= match == MATCH_MAYBE;
		uses->recorded |= request->graph->pods[pod].local;
		uses->wanted |= wants(request, pod);
	}
	return 0;
}

static int prepare(struct search *search)
{
	const struct unused_request *request = search->request;
	int r = 0;

	search->policies = calloc(request->policy_count + 1, sizeof(*search->policies));
	search->first = calloc(search->scene->pod_count + 1, sizeof(*search->first));
	if (!search->policies || !search->first)
		return -ENOMEM;
	for (size_t i = 0; i < request->policy_count && r == 0; i++) {
		r = add_uses(&request->policies[i], DIRECTION_INGRESS, &search->policies[i]);
		if (r == 0)
			r = add_uses(&request->policies[i], DIRECTION_EGRESS, &search->policies[i]);
	}
	for (size_t i = 0; i < search->scene->pod_count && r == 0; i++) {
		r = select_for(search, i);
		search->first[i + 1] = search->selected_count;
	}
	return r;
}

/* ---- what was used ---- */

/* One side of an edge that worked. */
struct passage {
	enum direction direction;
	struct party subjects[SCENE_GRAPH_PARTIES], peers[SCENE_GRAPH_PARTIES];
	size_t subject_count, peer_count;
	uint8_t protocol;
	uint16_t port; /* 0: none */
	bool is_sure;
};

static enum match worse(enum match a, enum match b)
{
	return a < b ? a : b;
}

/* Of all that the peer may be: sure if it is each of them. */
static enum match match_peer(const struct search *search, const struct netpol *policy,
			     const struct netpol_rule *rule, size_t peer,
			     const struct passage *passage)
{
	enum match least = MATCH_YES, most = MATCH_NO;

	if (rule->peer_count == 0)
		return MATCH_YES;
	for (size_t i = 0; i < passage->peer_count; i++) {
		enum match match = pick_peer(search->scene, search->request->options, policy,
					     &rule->peers[peer], &passage->peers[i]);

		least = match < least ? match : least;
		most = match > most ? match : most;
	}
	return least == most || most == MATCH_NO ? most : MATCH_MAYBE;
}

static enum match match_port(const struct search *search, const struct netpol_rule *rule,
			     size_t port, const struct passage *passage)
{
	const struct party *destination =
	    passage->direction == DIRECTION_EGRESS ? &passage->peers[0] : &passage->subjects[0];

	if (rule->port_count == 0)
		return MATCH_YES;
	return pick_port(search->scene, &rule->ports[port], destination, passage->protocol,
			 passage->port);
}

static void mark(struct use *use, size_t at, enum match match)
{
	if (match <= (enum match)use->marks[at])
		return;
	use->marks[at] = (uint8_t)match;
	use->open -= match == MATCH_YES;
}

/* most: as much as can be said of this passage. */
static void mark_use(const struct search *search, const struct netpol *policy, struct use *use,
		     const struct passage *passage, enum match most)
{
	for (size_t i = 0; i < use->ports && use->open > 0 && use->marks; i++) {
		enum match port = worse(most, match_port(search, use->rule, i, passage));

		for (size_t j = 0; j < use->peers && port != MATCH_NO; j++) {
			size_t at = j * use->ports + i;

			if ((enum match)use->marks[at] < port)
				mark(
				    use, at,
				    worse(port, match_peer(search, policy, use->rule, j, passage)));
		}
	}
}

static void mark_passage(struct search *search, const struct passage *passage)
{
	size_t pod = passage->subjects[0].index;

	if (passage->subjects[0].kind != PARTY_POD)
		return;
	for (size_t i = search->first[pod]; i < search->first[pod + 1]; i++) {
		const struct selected *selected = &search->selected[i];
		struct policy_uses *uses = &search->policies[selected->policy];
		enum match most =
		    passage->is_sure && passage->subject_count == 1 ? selected->match : MATCH_MAYBE;

		for (size_t j = 0; j < uses->count[passage->direction]; j++)
			mark_use(search, &search->request->policies[selected->policy],
				 &uses->items[passage->direction][j], passage, most);
	}
}

static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

static void mark_edge(struct search *search, const struct graph_edge *edge)
{
	const struct scene_graph *scene = search->request->scene;
	const struct edge_key *key = &edge->edge.key;
	const struct end *source = edge->translated ? edge->translated : &edge->from;
	struct passage passage = {.direction = DIRECTION_EGRESS,
				  .protocol = key->protocol,
				  .port = has_ports(key->protocol) ? key->port : 0,
				  .is_sure = !key->direction_uncertain};

	passage.subject_count = scene_graph_parties(scene, &edge->from, false, passage.subjects);
	passage.peer_count = scene_graph_parties(scene, &edge->to, true, passage.peers);
	mark_passage(search, &passage);
	passage.direction = DIRECTION_INGRESS;
	passage.subject_count = scene_graph_parties(scene, &edge->to, true, passage.subjects);
	passage.peer_count = scene_graph_parties(scene, source, false, passage.peers);
	mark_passage(search, &passage);
}

/* ---- what was not ---- */

static int add_item(struct search *search, struct unused_item item)
{
	if (grow(&search->items, sizeof(item), search->item_count, &search->item_capacity) < 0)
		return -ENOMEM;
	search->items[search->item_count++] = item;
	return 0;
}

static bool is_all(const struct use *use, enum match state)
{
	for (size_t i = 0; i < use->peers * use->ports; i++)
		if ((enum match)use->marks[i] != state)
			return false;
	return true;
}

static bool is_all_of_port(const struct use *use, size_t port, enum match state)
{
	for (size_t i = 0; i < use->peers; i++)
		if ((enum match)use->marks[i * use->ports + port] != state)
			return false;
	return true;
}

static bool is_all_of_peer(const struct use *use, size_t peer, enum match state)
{
	for (size_t i = 0; i < use->ports; i++)
		if ((enum match)use->marks[peer * use->ports + i] != state)
			return false;
	return true;
}

static int add_ports_of_peer(struct search *search, const struct use *use, size_t peer,
			     enum match state, const bool *told, struct unused_item item)
{
	int r = 0;

	item.peer = &use->rule->peers[peer];
	if (is_all_of_peer(use, peer, state))
		return add_item(search, item);
	for (size_t i = 0; i < use->ports && r == 0; i++) {
		if (told[i] || (enum match)use->marks[peer * use->ports + i] != state)
			continue;
		item.port = &use->rule->ports[i];
		r = add_item(search, item);
	}
	return r;
}

/* Ports that nobody used, then of each peer what else it did not use. */
static int add_parts(struct search *search, const struct use *use, enum match state,
		     struct unused_item item)
{
	bool *told = calloc(use->ports, sizeof(*told));
	int r = told ? 0 : -ENOMEM;

	for (size_t i = 0; i < use->ports && use->rule->port_count > 0 && r == 0; i++) {
		struct unused_item port = item;

		told[i] = is_all_of_port(use, i, state);
		port.port = &use->rule->ports[i];
		if (told[i])
			r = add_item(search, port);
	}
	for (size_t i = 0; i < use->peers && use->rule->peer_count > 0 && r == 0; i++)
		r = add_ports_of_peer(search, use, i, state, told, item);
	free(told);
	return r;
}

static int add_state(struct search *search, const struct use *use, enum match state,
		     struct unused_item item)
{
	if (is_all(use, state))
		return add_item(search, item);
	return add_parts(search, use, state, item);
}

static int add_use(struct search *search, const struct policy_uses *uses, const struct use *use,
		   struct unused_item item)
{
	int r;

	item.rule = use->rule;
	if (!use->marks) {
		item.perhaps = true;
		item.why = "it has too many peers and ports to tell them apart";
		return add_item(search, item);
	}
	if (use->open == 0)
		return 0;
	if (!uses->recorded) {
		item.perhaps = true;
		item.why = "none of the policy's pods was recorded on its own node";
	}
	r = add_state(search, use, MATCH_NO, item);
	if (r < 0)
		return r;
	item.perhaps = true;
	item.why = "who used it cannot be said";
	return add_state(search, use, MATCH_MAYBE, item);
}

static int add_policy(struct search *search, size_t index)
{
	const struct policy_uses *uses = &search->policies[index];
	struct unused_item item = {.policy = &search->request->policies[index]};
	int r = 0;

	if (!uses->wanted && search->request->wants_pod)
		return 0;
	if (!uses->selects) {
		item.perhaps = uses->is_perhaps;
		item.why = uses->is_perhaps ? "whether it selects any pod cannot be said"
					    : "it selects no pod that is known";
		return add_item(search, item);
	}
	for (unsigned i = 0; i < DIRECTIONS && r == 0; i++) {
		item.direction = (enum direction)i;
		for (size_t j = 0; j < uses->count[i] && r == 0; j++)
			r = add_use(search, uses, &uses->items[i][j], item);
	}
	return r;
}

static int find(struct search *search)
{
	const struct graph *graph = search->request->graph;
	int r = prepare(search);

	for (size_t i = 0; i < graph->edge_count && r == 0; i++) {
		const struct graph_edge *edge = &graph->edges[i];

		if (replay_is_evidence(edge) && edge->standing != STANDING_OVERRIDDEN &&
		    !edge->from.secondary && !edge->to.secondary)
			mark_edge(search, edge);
	}
	for (size_t i = 0; i < search->request->policy_count && r == 0; i++)
		r = add_policy(search, i);
	return r;
}

static void uses_clear(struct policy_uses *uses)
{
	for (unsigned i = 0; i < DIRECTIONS; i++) {
		for (size_t j = 0; j < uses->count[i]; j++)
			free(uses->items[i][j].marks);
		free(uses->items[i]);
	}
}

int unused_find(const struct unused_request *request, struct unused_item **ret, size_t *ret_count)
{
	struct search search = {.request = request, .scene = scene_graph_scene(request->scene)};
	int r = find(&search);

	if (r == 0) {
		*ret = search.items;
		*ret_count = search.item_count;
		search.items = NULL;
	}
	for (size_t i = 0; search.policies && i < request->policy_count; i++)
		uses_clear(&search.policies[i]);
	free(search.policies);
	free(search.selected);
	free(search.first);
	free(search.items);
	return r;
}
