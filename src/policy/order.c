#include "policy/order.h"

#include <string.h>

int order_labels(const struct labels *a, const struct labels *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++) {
		int r = strcmp(a->items[i].key, b->items[i].key);

		r = r ? r : strcmp(a->items[i].value, b->items[i].value);
		if (r)
			return r;
	}
	return order_numbers(a->count, b->count);
}

int order_peers(const struct policy_peer *a, const struct policy_peer *b)
{
	int r = order_numbers(a->kind, b->kind);

	if (r || a->kind == PEER_ALL_PODS)
		return r;
	if (a->kind == PEER_PODS) {
		r = strcmp(a->namespace, b->namespace);
		return r ? r : order_labels(&a->selector, &b->selector);
	}
	if (a->kind == PEER_ENTITY)
		return order_numbers(a->entity, b->entity);
	r = addr_compare(a->block.addr, b->block.addr);
	return r ? r : order_numbers(a->block.length, b->block.length);
}

int order_ports(const struct policy_port *a, const struct policy_port *b)
{
	int r = order_numbers(a->port, b->port);

	r = r ? r : order_numbers(a->protocol, b->protocol);
	return r ? r : order_numbers(a->end_port, b->end_port);
}
