#include "store/wide.h"

#include <string.h>

#define IPV4_BITS 24
#define IPV6_BITS 48

/* What folds at a moment. */
struct rule {
	bool public;
	bool private;
	wide_own_fn *is_own;
	const void *context;
};

static bool is_unspecified(struct addr addr)
{
	static const uint8_t zero[16];

	return memcmp(addr.bytes, zero, sizeof(zero)) == 0;
}

static bool folds(const struct rule *rule, struct addr addr)
{
	if (!addr_is_set(addr) || is_unspecified(addr) || addr_is_loopback(addr) ||
	    addr_is_link_local(addr) || addr_is_multicast(addr))
		return false;
	if (!(addr_is_private(addr) ? rule->private : rule->public))
		return false;
	return !rule->is_own(rule->context, addr);
}

static uint8_t fold(struct addr *addr)
{
	const uint8_t bits = addr->family == ADDR_IPV4 ? IPV4_BITS : IPV6_BITS;

	memset(addr->bytes + bits / 8, 0, sizeof(addr->bytes) - bits / 8);
	return bits;
}

static bool fold_end(const struct rule *rule, struct addr *end, uint32_t pod, uint8_t *prefix,
		     struct addr *other_side)
{
	if (pod || *prefix || !folds(rule, *end))
		return false;
	*prefix = fold(end);
	if (folds(rule, *other_side))
		fold(other_side);
	return true;
}

/* Without overflow, however large the bound. */
static bool is_beyond(int64_t edges, int64_t max_edges, int tenths)
{
	return edges >= max_edges / 10 * tenths + max_edges % 10 * tenths / 10;
}

static struct rule rule_for(uint8_t verdict, int64_t edges, int64_t max_edges)
{
	const bool failed = verdict == VERDICT_REFUSED || verdict == VERDICT_UNANSWERED ||
			    verdict == VERDICT_DENIED;
	const bool full = is_beyond(edges, max_edges, 9);

	return (struct rule){
	    .public = full || (failed && is_beyond(edges, max_edges, 8)),
	    .private = full && (failed || verdict == VERDICT_UNKNOWN),
	};
}

bool wide_fold(struct edge_key *key, int64_t edges, int64_t max_edges, wide_own_fn *is_own,
	       const void *context)
{
	struct rule rule;
	bool source, destination;

	if (max_edges <= 0)
		return false;
	rule = rule_for(key->verdict, edges, max_edges);
	if (!rule.public && !rule.private)
		return false;
	rule.is_own = is_own;
	rule.context = context;
	source =
	    fold_end(&rule, &key->source, key->source_pod, &key->source_prefix, &key->translated);
	destination = fold_end(&rule, &key->destination, key->destination_pod,
			       &key->destination_prefix, &key->service);
	return source || destination;
}
