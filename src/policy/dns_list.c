#include "policy/dns_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "policy/array.h"
#include "policy/order.h"

static int compare_resolvers(const void *a, const void *b)
{
	const struct resolver *x = a, *y = b;
	int r = order_numbers(x->asker, y->asker);

	r = r ? r : order_numbers(x->group, y->group);
	if (r == 0 && x->group == GROUP_NONE && x->end && y->end)
		r = addr_compare(x->end->address, y->end->address);
	else if (r == 0 && x->group == GROUP_NONE)
		r = (x->end != NULL) - (y->end != NULL);
	r = r ? r : order_numbers(x->port, y->port);
	return r ? r : order_numbers(x->protocol, y->protocol);
}

void resolvers_sort(struct resolver_list *list)
{
	size_t kept = 0;

	if (list->count == 0)
		return;
	qsort(list->items, list->count, sizeof(*list->items), compare_resolvers);
	for (size_t i = 0; i < list->count; i++)
		if (kept == 0 || compare_resolvers(&list->items[kept - 1], &list->items[i]) != 0)
			list->items[kept++] = list->items[i];
	list->count = kept;
}

/* Next to one another edges mostly are to the same, over the one and the other protocol. */
static bool is_recent(const struct resolver_list *list, const struct resolver *resolver)
{
	for (size_t i = 0; i < 2 && i < list->count; i++)
		if (compare_resolvers(&list->items[list->count - 1 - i], resolver) == 0)
			return true;
	return false;
}

int resolvers_add(struct resolver_list *list, struct resolver resolver)
{
	if (is_recent(list, &resolver))
		return 0;
	/* Many edges, few resolvers: dropping repetitions mostly makes room enough. */
	if (list->count == list->capacity) {
		resolvers_sort(list);
		if (list->count * 2 >= list->capacity &&
		    array_grow(&list->items, sizeof(*list->items), list->capacity,
			       &list->capacity) < 0)
			return -ENOMEM;
	}
	list->items[list->count++] = resolver;
	return 0;
}

int resolvers_add_both(struct resolver_list *list, struct resolver resolver)
{
	int r;

	resolver.protocol = IPPROTO_TCP;
	r = resolvers_add(list, resolver);
	resolver.protocol = IPPROTO_UDP;
	return r < 0 ? r : resolvers_add(list, resolver);
}

bool resolvers_have_group(const struct resolver_list *list, const struct resolver *wanted)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].group == wanted->group &&
		    list->items[i].protocol == wanted->protocol &&
		    list->items[i].port == wanted->port)
			return true;
	return false;
}

bool resolvers_have(const struct resolver_list *list, struct addr address, uint8_t protocol,
		    uint16_t port)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct resolver *resolver = &list->items[i];

		if (resolver->group == GROUP_NONE && resolver->end &&
		    resolver->protocol == protocol && resolver->port == port &&
		    addr_equal(resolver->end->address, address))
			return true;
	}
	return false;
}
