#include "policy/unused.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/array.h"
#include "policy/used.h"

struct search {
	const struct unused_request *request;
	struct policy_uses *policies;
	struct unused_item *items;
	size_t item_count, item_capacity;
};

/* Some of a rule's peers on some of its ports. */
struct part {
	const struct use *use;
	size_t peer, peers, port, ports; /* the first, and how many */
};

static struct part whole(const struct use *use)
{
	return (struct part){use, 0, use->peers, 0, use->ports};
}

static bool is_all(struct part part, enum match state)
{
	for (size_t i = part.peer; i < part.peer + part.peers; i++)
		for (size_t j = part.port; j < part.port + part.ports; j++)
			if (MARK_MATCH(part.use->marks[i * part.use->ports + j]) != state)
				return false;
	return true;
}

/* Why it is not known whether it was used. */
static const char *why(struct part part)
{
	mark_t doubts = 0;

	for (size_t i = part.peer; i < part.peer + part.peers; i++)
		for (size_t j = part.port; j < part.port + part.ports; j++)
			doubts |= part.use->marks[i * part.use->ports + j];
	if (doubts & MARK_WHO)
		return "who used it cannot be said";
	if (doubts & MARK_STREAM)
		return "what may have used it was picked up in mid-stream";
	return "the ports of what may have been used are not known by name";
}

static bool is_equal(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* May all of its peers be told of together? */
static bool is_of_one_kind(const struct netpol_rule *rule)
{
	for (size_t i = 1; i < rule->peer_count; i++)
		if (!is_equal(rule->peers[0].wider, rule->peers[i].wider))
			return false;
	return true;
}

static int add_item(struct search *search, struct unused_item item)
{
	if (array_grow(&search->items, sizeof(item), search->item_count, &search->item_capacity) <
	    0)
		return -ENOMEM;
	search->items[search->item_count++] = item;
	return 0;
}

/* A label that is misspelled, or of pods that are no more? */
static int means_nobody(struct search *search, const struct netpol *policy, struct part part,
			bool *ret)
{
	int r = 0;

	*ret = part.use->rule->peer_count > 0;
	for (size_t i = part.peer; i < part.peer + part.peers && *ret && r == 0; i++) {
		const struct netpol_peer *peer = &part.use->rule->peers[i];
		enum match match = MATCH_MAYBE;

		if (!peer->has_block)
			r = evaluator_means(search->request->evaluator, policy, peer,
					    search->request->graph->pod_count, &match);
		*ret = match == MATCH_NO;
	}
	return r;
}

static int add_part(struct search *search, struct part part, enum match state,
		    struct unused_item item)
{
	bool nobody = false;

	if (part.use->rule->peer_count > 0)
		item.wider = part.use->rule->peers[part.peer].wider;
	if (state == MATCH_MAYBE)
		item.why = why(part);
	else if (!item.perhaps && means_nobody(search, item.policy, part, &nobody) < 0)
		return -ENOMEM;
	if (nobody)
		item.why = "it names no pod that is known";
	return add_item(search, item);
}

static int add_ports_of_peer(struct search *search, const struct use *use, size_t peer,
			     enum match state, const bool *told, struct unused_item item)
{
	struct part part = {use, peer, 1, 0, use->ports};
	int r = 0;

	item.peer = &use->rule->peers[peer];
	if (is_all(part, state))
		return add_part(search, part, state, item);
	part.ports = 1;
	for (; part.port < use->ports && r == 0; part.port++) {
		if (told[part.port] || !is_all(part, state))
			continue;
		item.port = &use->rule->ports[part.port];
		r = add_part(search, part, state, item);
	}
	return r;
}

/* Ports that nobody used, then of each peer what else it did not use. */
static int add_parts(struct search *search, const struct use *use, enum match state,
		     struct unused_item item)
{
	const size_t ports = is_of_one_kind(use->rule) ? use->rule->port_count : 0;
	struct part part = {use, 0, use->peers, 0, 1};
	bool *told = calloc(use->ports, sizeof(*told));
	int r = told ? 0 : -ENOMEM;

	for (; part.port < ports && r == 0; part.port++) {
		struct unused_item port = item;

		told[part.port] = is_all(part, state);
		port.port = &use->rule->ports[part.port];
		if (told[part.port])
			r = add_part(search, part, state, port);
	}
	for (size_t i = 0; i < use->rule->peer_count && r == 0; i++)
		r = add_ports_of_peer(search, use, i, state, told, item);
	free(told);
	return r;
}

static int add_state(struct search *search, const struct use *use, enum match state,
		     struct unused_item item)
{
	if (is_of_one_kind(use->rule) && is_all(whole(use), state))
		return add_part(search, whole(use), state, item);
	return add_parts(search, use, state, item);
}

static int add_use(struct search *search, const struct policy_subjects *subjects,
		   const struct use *use, struct unused_item item)
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
	if (subjects->recorded < subjects->pods) {
		item.perhaps = true;
		item.pods = subjects->pods;
		item.recorded = subjects->recorded;
	}
	r = add_state(search, use, MATCH_NO, item);
	item.perhaps = true;
	return r < 0 ? r : add_state(search, use, MATCH_MAYBE, item);
}

static int add_policy(struct search *search, size_t index)
{
	const struct policy_subjects *subjects = &search->request->subjects->policies[index];
	const struct policy_uses *uses = &search->policies[index];
	struct unused_item item = {.policy = &search->request->policies[index]};
	int r = 0;

	if (subjects->pods > 0 && !subjects->wanted)
		return 0;
	if (subjects->sure == 0) {
		item.perhaps = subjects->pods > 0;
		item.why = item.perhaps ? "whether it selects any pod cannot be said"
					: "it selects no pod that is known";
		return add_item(search, item);
	}
	for (unsigned i = 0; i < DIRECTIONS && r == 0; i++) {
		item.direction = (enum direction)i;
		for (size_t j = 0; j < uses->count[i] && r == 0; j++)
			r = add_use(search, subjects, &uses->items[i][j], item);
	}
	return r;
}

int unused_find(const struct unused_request *request, struct unused_item **ret, size_t *ret_count)
{
	struct search search = {.request = request};
	int r = used_find(request, &search.policies);

	for (size_t i = 0; i < request->policy_count && r == 0; i++)
		r = add_policy(&search, i);
	if (r == 0) {
		*ret = search.items;
		*ret_count = search.item_count;
		search.items = NULL;
	}
	used_clear(search.policies, request->policy_count);
	free(search.items);
	return r;
}
