#include "policy/evaluate_internal.h"

#include <netinet/in.h>
#include <string.h>

unsigned protocol_rank(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return 0;
	case IPPROTO_UDP:
		return 1;
	case IPPROTO_SCTP:
		return 2;
	default:
		return 3;
	}
}

static int add_span(struct evaluator *evaluator, uint32_t first)
{
	int r = array_grow(&evaluator->spans, sizeof(*evaluator->spans), evaluator->span_count,
			   &evaluator->span_capacity);

	if (r == 0)
		evaluator->spans[evaluator->span_count++] = first;
	return r;
}

static int add_key(struct evaluator *evaluator, const char *key)
{
	int r = array_grow(&evaluator->keys, sizeof(*evaluator->keys), evaluator->key_count,
			   &evaluator->key_capacity);

	if (r == 0)
		evaluator->keys[evaluator->key_count++] = key;
	return r;
}

static int add_name(struct evaluator *evaluator, const struct netpol_port *port)
{
	int r = array_grow(&evaluator->port_names, sizeof(*evaluator->port_names),
			   evaluator->port_name_count, &evaluator->port_name_capacity);

	if (r == 0)
		evaluator->port_names[evaluator->port_name_count++] =
		    (struct port_name){port->name, port->protocol};
	return r;
}

static int cut_selector(struct evaluator *evaluator, const struct label_selector *selector)
{
	int r = 0;

	for (size_t i = 0; i < selector->count && r == 0; i++)
		r = add_key(evaluator, selector->items[i].key);
	return r;
}

static int cut_peer(struct evaluator *evaluator, const struct netpol_peer *peer)
{
	int r;

	if (!peer->has_block)
		return peer->has_pods ? cut_selector(evaluator, &peer->pods) : 0;
	r = blocks_cut(&evaluator->blocks, peer->block);
	for (size_t i = 0; i < peer->except_count && r == 0; i++)
		r = blocks_cut(&evaluator->blocks, peer->except[i]);
	return r;
}

static int cut_port(struct evaluator *evaluator, const struct netpol_port *port)
{
	uint32_t rank = protocol_rank(port->protocol);
	int r;

	if (port->name)
		return add_name(evaluator, port);
	r = add_span(evaluator, rank << 16 | port->first);
	return r < 0 ? r : add_span(evaluator, (rank << 16 | port->last) + 1);
}

static int cut_rule(struct evaluator *evaluator, const struct netpol_rule *rule)
{
	int r = 0;

	for (size_t i = 0; i < rule->peer_count && r == 0; i++)
		r = cut_peer(evaluator, &rule->peers[i]);
	for (size_t i = 0; i < rule->port_count && r == 0; i++)
		r = cut_port(evaluator, &rule->ports[i]);
	return r;
}

static int compare_spans(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

static int compare_names(const void *left, const void *right)
{
	const struct port_name *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order ? order : (int)a->protocol - (int)b->protocol;
}

static int compare_keys(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

typedef int compare_fn(const void *left, const void *right);

/* Sorts, and keeps one of equal ones. How many are left. */
static size_t tidy(void *items, size_t count, size_t size, compare_fn *compare)
{
	char *bytes = items;
	size_t kept = 0;

	if (count == 0)
		return 0;
	qsort(items, count, size, compare);
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && compare(bytes + (kept - 1) * size, bytes + i * size) == 0)
			continue;
		memmove(bytes + kept * size, bytes + i * size, size);
		kept++;
	}
	return kept;
}

int evaluator_cut(struct evaluator *evaluator)
{
	int r = add_span(evaluator, 0);

	for (size_t i = 0; i < evaluator->policy_count && r == 0; i++)
		r = cut_selector(evaluator, &evaluator->policies[i].pods);
	for (int direction = 0; direction < DIRECTIONS && r == 0; direction++) {
		const struct ruleset *ruleset = &evaluator->rulesets[direction];

		for (size_t i = 0; i < ruleset->count && r == 0; i++)
			r = cut_rule(evaluator, ruleset->rules[i].rule);
	}
	if (r < 0)
		return r;
	evaluator->span_count =
	    tidy(evaluator->spans, evaluator->span_count, sizeof(*evaluator->spans), compare_spans);
	evaluator->port_name_count = tidy(evaluator->port_names, evaluator->port_name_count,
					  sizeof(*evaluator->port_names), compare_names);
	evaluator->key_count =
	    tidy(evaluator->keys, evaluator->key_count, sizeof(*evaluator->keys), compare_keys);
	return blocks_finish(&evaluator->blocks);
}

size_t evaluator_find_span(const struct evaluator *evaluator, uint8_t protocol, uint16_t port)
{
	uint32_t at = (uint32_t)protocol_rank(protocol) << 16 | port;
	size_t low = 0, high = evaluator->span_count - 1;

	while (low < high) {
		size_t middle = low + (high - low + 1) / 2;

		if (evaluator->spans[middle] <= at)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

size_t evaluator_find_name(const struct evaluator *evaluator, const char *name, uint8_t protocol)
{
	const struct port_name key = {name, protocol}, *found;

	if (evaluator->port_name_count == 0)
		return SIZE_MAX;
	found = bsearch(&key, evaluator->port_names, evaluator->port_name_count, sizeof(key),
			compare_names);
	return found ? (size_t)(found - evaluator->port_names) : SIZE_MAX;
}

size_t evaluator_find_key(const struct evaluator *evaluator, const char *key)
{
	const char **found;

	if (evaluator->key_count == 0)
		return SIZE_MAX;
	found = bsearch(&key, evaluator->keys, evaluator->key_count, sizeof(*evaluator->keys),
			compare_keys);
	return found ? (size_t)(found - evaluator->keys) : SIZE_MAX;
}
