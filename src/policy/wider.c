#include "policy/wider.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/array.h"
#include "policy/kind_common.h"

static int add_rule(struct wider *wider, const struct policy_rule *rule)
{
	for (size_t i = 0; i < rule->peer_count; i++) {
		if (array_grow(&wider->items, sizeof(*wider->items), wider->count,
			       &wider->capacity) < 0)
			return -ENOMEM;
		wider->items[wider->count++] = rule->peers[i].wider;
	}
	return 0;
}

int wider_add(struct wider *wider, const struct policy *policy)
{
	int r = 0;

	for (int i = 0; i < DIRECTIONS; i++)
		for (size_t j = 0; j < policy->rule_count[i] && policy->isolates[i] && r == 0; j++)
			r = add_rule(wider, &policy->rules[i][j]);
	return r;
}

static int compare_lines(const void *a, const void *b)
{
	const struct netpol *x = *(struct netpol *const *)a, *y = *(struct netpol *const *)b;

	return (x->line > y->line) - (x->line < y->line);
}

static int give_peer(unsigned bits, struct netpol_peer *peer)
{
	struct buf text = {0};

	if (bits == 0 || peer->wider)
		return 0;
	kind_put_wider(&text, bits);
	peer->wider = text.data;
	return text.error;
}

/* *at: the policy's first peer, and then the next one's. */
static int give_policy(const struct wider *wider, struct netpol *policy, size_t *at)
{
	int r = 0;

	for (int i = 0; i < DIRECTIONS; i++)
		for (size_t j = 0; j < policy->rule_count[i]; j++) {
			const struct netpol_rule *rule = &policy->rules[i][j];

			for (size_t k = 0; k < rule->peer_count && r == 0; k++, (*at)++)
				if (policy->wider_cut && *at < wider->count)
					r = give_peer(wider->items[*at], &rule->peers[k]);
		}
	policy->wider_cut = false;
	return r;
}

int wider_give(const struct wider *wider, struct manifest *manifest)
{
	struct netpol **order = calloc(manifest->policy_count + 1, sizeof(struct netpol *));
	size_t at = 0;
	int r = order ? 0 : -ENOMEM;

	for (size_t i = 0; i < manifest->policy_count && order; i++)
		order[i] = &manifest->policies[i];
	if (r == 0)
		qsort(order, manifest->policy_count, sizeof(struct netpol *), compare_lines);
	for (size_t i = 0; i < manifest->policy_count && r == 0; i++)
		r = give_policy(wider, order[i], &at);
	free(order);
	return r;
}

void wider_clear(struct wider *wider)
{
	free(wider->items);
	*wider = (struct wider){0};
}
