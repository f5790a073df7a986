#include "policy/reduce.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/order.h"
#include "policy/peer_evidence.h"

typedef int compare_fn(const void *a, const void *b);

void rule_clear(struct policy_rule *rule)
{
	for (size_t i = 0; i < rule->peer_count; i++) {
		free(rule->peers[i].reason);
		free(rule->peers[i].seen);
	}
	free(rule->peers);
	free(rule->ports);
	*rule = (struct policy_rule){0};
}

static int compare_peers(const void *a, const void *b)
{
	const struct policy_peer *x = a, *y = b;
	int r = order_peers(x, y);

	return r ? r : strcmp(x->reason, y->reason);
}

static int compare_ports(const void *a, const void *b)
{
	return order_ports(a, b);
}

static int compare_peer_lists(const struct policy_rule *a, const struct policy_rule *b)
{
	for (size_t i = 0; i < a->peer_count && i < b->peer_count; i++) {
		int r = order_peers(&a->peers[i], &b->peers[i]);

		if (r)
			return r;
	}
	return order_numbers(a->peer_count, b->peer_count);
}

static int compare_port_lists(const struct policy_rule *a, const struct policy_rule *b)
{
	for (size_t i = 0; i < a->port_count && i < b->port_count; i++) {
		int r = order_ports(&a->ports[i], &b->ports[i]);

		if (r)
			return r;
	}
	return order_numbers(a->port_count, b->port_count);
}

static int compare_by_peers(const void *a, const void *b)
{
	int r = compare_peer_lists(a, b);

	return r ? r : compare_port_lists(a, b);
}

static int compare_by_ports(const void *a, const void *b)
{
	int r = compare_port_lists(a, b);

	return r ? r : compare_peer_lists(a, b);
}

/* b's reason joins a's, unless it says the same. */
static char *join_reasons(const struct policy_peer *a, const struct policy_peer *b)
{
	char *joined = NULL;

	if (strcmp(a->reason, b->reason) == 0)
		return strdup(a->reason);
	return asprintf(&joined, "%s; %s", a->reason, b->reason) < 0 ? NULL : joined;
}

static int join_peers(struct policy_peer *a, struct policy_peer *b)
{
	char *reason = join_reasons(a, b);

	if (!reason || peer_evidence_join(a, b) < 0) {
		free(reason);
		return -ENOMEM;
	}
	free(a->reason);
	free(b->reason);
	a->reason = reason;
	return 0;
}

/* Sorts, and makes equal peers one. */
static int tidy_peers(struct policy_rule *rule)
{
	size_t kept = 0;
	int r = 0;

	qsort(rule->peers, rule->peer_count, sizeof(*rule->peers), compare_peers);
	for (size_t i = 0; i < rule->peer_count; i++) {
		if (r == 0 && kept > 0 &&
		    order_peers(&rule->peers[kept - 1], &rule->peers[i]) == 0) {
			r = join_peers(&rule->peers[kept - 1], &rule->peers[i]);
			if (r == 0)
				continue;
		}
		rule->peers[kept++] = rule->peers[i];
	}
	rule->peer_count = kept;
	return r;
}

static void tidy_ports(struct policy_rule *rule)
{
	size_t kept = 0;

	qsort(rule->ports, rule->port_count, sizeof(*rule->ports), compare_ports);
	for (size_t i = 0; i < rule->port_count; i++)
		if (kept == 0 || order_ports(&rule->ports[kept - 1], &rule->ports[i]) != 0)
			rule->ports[kept++] = rule->ports[i];
	rule->port_count = kept;
}

/* The first of the run takes over the peers and ports of the others. */
static int absorb(struct policy_rule *run, size_t length)
{
	size_t peers = 0, ports = 0;
	struct policy_peer *all_peers;
	struct policy_port *all_ports;

	for (size_t i = 0; i < length; i++) {
		peers += run[i].peer_count;
		ports += run[i].port_count;
	}
	all_peers = reallocarray(run->peers, peers, sizeof(*all_peers));
	if (!all_peers)
		return -ENOMEM;
	run->peers = all_peers;
	all_ports = reallocarray(run->ports, ports, sizeof(*all_ports));
	if (!all_ports)
		return -ENOMEM;
	run->ports = all_ports;
	for (size_t i = 1; i < length; i++) {
		memcpy(run->peers + run->peer_count, run[i].peers,
		       run[i].peer_count * sizeof(*run->peers));
		memcpy(run->ports + run->port_count, run[i].ports,
		       run[i].port_count * sizeof(*run->ports));
		run->peer_count += run[i].peer_count;
		run->port_count += run[i].port_count;
		free(run[i].peers);
		free(run[i].ports);
		run[i] = (struct policy_rule){0};
	}
	tidy_ports(run);
	return tidy_peers(run);
}

/* Joins neighbours that are the same by the first part of the order. */
static int join(struct policy_rule *rules, size_t *count, compare_fn *order,
		int (*same)(const struct policy_rule *, const struct policy_rule *))
{
	size_t kept = 0;
	int r = 0;

	qsort(rules, *count, sizeof(*rules), order);
	for (size_t i = 0, end; i < *count; i = end) {
		for (end = i + 1; r == 0 && end < *count && same(&rules[i], &rules[end]) == 0;
		     end++)
			;
		if (r == 0 && end - i > 1)
			r = absorb(&rules[i], end - i);
		rules[kept++] = rules[i];
		/* Those that could not be taken over stay. */
		for (size_t j = i + 1; j < end; j++)
			if (rules[j].peer_count > 0)
				rules[kept++] = rules[j];
	}
	*count = kept;
	return r;
}

int reduce_rules(struct policy_rule *rules, size_t *count)
{
	int r;

	if (*count == 0)
		return 0;
	for (size_t i = 0; i < *count; i++)
		tidy_ports(&rules[i]);
	r = join(rules, count, compare_by_peers, compare_peer_lists);
	if (r == 0)
		r = join(rules, count, compare_by_ports, compare_port_lists);
	qsort(rules, *count, sizeof(*rules), compare_by_peers);
	return r;
}
