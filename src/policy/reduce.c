#include "policy/reduce.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/array.h"
#include "policy/order.h"
#include "policy/peer_evidence.h"

static void clear_peer(struct policy_peer *peer)
{
	free(peer->reason);
	free(peer->seen);
	peer->reason = NULL;
	peer->seen = NULL;
}

void permits_clear(struct permit *permits, size_t count)
{
	for (size_t i = 0; i < count; i++)
		clear_peer(&permits[i].peer);
}

void rule_clear(struct policy_rule *rule)
{
	for (size_t i = 0; i < rule->peer_count; i++)
		clear_peer(&rule->peers[i]);
	free(rule->peers);
	free(rule->ports);
	*rule = (struct policy_rule){0};
}

/* ---- each peer once ---- */

static int compare_peers(const void *a, const void *b)
{
	const struct permit *x = a, *y = b;
	int r = order_peers(&x->peer, &y->peer);

	return r ? r : strcmp(x->peer.reason, y->peer.reason);
}

/* b's reason joins a's, unless it says the same. */
static int join_reasons(struct policy_peer *a, const struct policy_peer *b)
{
	char *joined;

	if (strcmp(a->reason, b->reason) == 0)
		return 0;
	if (asprintf(&joined, "%s; %s", a->reason, b->reason) < 0)
		return -ENOMEM;
	free(a->reason);
	a->reason = joined;
	return 0;
}

/* The first is what all of them are, which are the same; the others are nothing any more. */
static int join_peers(struct permit *permits, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (join_reasons(&permits->peer, &permits[i].peer) < 0 ||
		    peer_evidence_join(&permits->peer, &permits[i].peer) < 0)
			return -ENOMEM;
		clear_peer(&permits[i].peer);
	}
	return 0;
}

static int compare_ports(const void *a, const void *b)
{
	return order_ports(a, b);
}

/* Theirs, in order and each once. Returns how many: ret has room for all. */
static size_t join_ports(const struct permit *permits, size_t count, struct policy_port *ret)
{
	size_t ports = 0, kept = 0;

	for (size_t i = 0; i < count; ports += permits[i++].port_count)
		memcpy(ret + ports, permits[i].ports, permits[i].port_count * sizeof(*ret));
	array_sort(ret, sizeof(*ret), ports, compare_ports);
	for (size_t i = 0; i < ports; i++)
		if (kept == 0 || order_ports(&ret[kept - 1], &ret[i]) != 0)
			ret[kept++] = ret[i];
	return kept;
}

/* In order, each peer once. ports has room for all of theirs, and is where they are then. */
static int join_permits(struct permit *permits, size_t *count, struct policy_port *ports)
{
	size_t kept = 0;

	array_sort(permits, sizeof(*permits), *count, compare_peers);
	for (size_t i = 0, end; i < *count; i = end) {
		struct permit joined;

		for (end = i + 1; end < *count; end++)
			if (order_peers(&permits[i].peer, &permits[end].peer) != 0)
				break;
		if (join_peers(permits + i, end - i) < 0)
			return -ENOMEM;
		joined = (struct permit){
		    .peer = permits[i].peer,
		    .ports = ports,
		    .port_count = join_ports(permits + i, end - i, ports),
		};
		permits[i].peer = (struct policy_peer){0};
		permits[kept++] = joined;
		ports += joined.port_count;
	}
	*count = kept;
	return 0;
}

/* ---- those with the same ports ---- */

static int compare_port_lists(const struct permit *a, const struct permit *b)
{
	for (size_t i = 0; i < a->port_count && i < b->port_count; i++) {
		int r = order_ports(&a->ports[i], &b->ports[i]);

		if (r)
			return r;
	}
	return order_numbers(a->port_count, b->port_count);
}

/* Of permits in one array: of equal ones the first is the first there. */
static int compare_by_ports(const void *a, const void *b)
{
	const struct permit *x = *(struct permit *const *)a, *y = *(struct permit *const *)b;
	int r = compare_port_lists(x, y);

	return r ? r : (x > y) - (x < y);
}

/* Permits by their ports; and the runs of those that have the same, by the first peer. */
struct share {
	struct permit **permits;
	size_t count;
};

static int compare_shares(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	return (x->permits[0] > y->permits[0]) - (x->permits[0] < y->permits[0]);
}

static size_t find_shares(struct permit **by_ports, size_t count, struct share *ret)
{
	size_t shares = 0;

	qsort(by_ports, count, sizeof(struct permit *), compare_by_ports);
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count; end++)
			if (compare_port_lists(by_ports[i], by_ports[end]) != 0)
				break;
		ret[shares++] = (struct share){.permits = by_ports + i, .count = end - i};
	}
	qsort(ret, shares, sizeof(*ret), compare_shares);
	return shares;
}

static int make_rule(const struct share *share, struct policy_rule *ret)
{
	const struct permit *first = share->permits[0];
	struct policy_rule rule = {.peers = calloc(share->count, sizeof(*rule.peers)),
				   .ports = calloc(first->port_count, sizeof(*rule.ports))};

	if (!rule.peers || !rule.ports) {
		free(rule.peers);
		free(rule.ports);
		return -ENOMEM;
	}
	for (size_t i = 0; i < share->count; i++) {
		rule.peers[rule.peer_count++] = share->permits[i]->peer;
		share->permits[i]->peer = (struct policy_peer){0};
	}
	memcpy(rule.ports, first->ports, first->port_count * sizeof(*rule.ports));
	rule.port_count = first->port_count;
	*ret = rule;
	return 0;
}

static int make_rules(const struct share *shares, size_t count, struct policy_rule **ret,
		      size_t *ret_count)
{
	struct policy_rule *rules = calloc(count, sizeof(*rules));
	size_t made = 0;

	if (!rules)
		return -ENOMEM;
	while (made < count && make_rule(&shares[made], &rules[made]) == 0)
		made++;
	if (made < count) {
		while (made > 0)
			rule_clear(&rules[--made]);
		free(rules);
		return -ENOMEM;
	}
	*ret = rules;
	*ret_count = count;
	return 0;
}

static int share_ports(struct permit *permits, size_t count, struct policy_rule **ret,
		       size_t *ret_count)
{
	struct permit **by_ports = calloc(count, sizeof(struct permit *));
	struct share *shares = calloc(count, sizeof(*shares));
	int r = -ENOMEM;

	for (size_t i = 0; by_ports && i < count; i++)
		by_ports[i] = &permits[i];
	if (by_ports && shares)
		r = make_rules(shares, find_shares(by_ports, count, shares), ret, ret_count);
	free(by_ports);
	free(shares);
	return r;
}

int permits_reduce(struct permit *permits, size_t count, struct policy_rule **ret,
		   size_t *ret_count)
{
	struct policy_port *ports;
	size_t port_count = 0;
	int r;

	if (count == 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		port_count += permits[i].port_count;
	ports = calloc(port_count, sizeof(*ports));
	if (!ports)
		return -ENOMEM;
	r = join_permits(permits, &count, ports);
	if (r == 0)
		r = share_ports(permits, count, ret, ret_count);
	free(ports);
	return r;
}
