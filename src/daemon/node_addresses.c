#include "daemon/node_addresses.h"

#include <errno.h>
#include <stdlib.h>

#include "sources/host_addr.h"

static int add_change(struct batch *batch, struct addr address, bool present)
{
	struct node_address *addresses =
	    reallocarray(batch->addresses, batch->address_count + 1, sizeof(*batch->addresses));

	if (!addresses)
		return -ENOMEM;
	batch->addresses = addresses;
	addresses[batch->address_count++] =
	    (struct node_address){.address = address, .present = present};
	return 0;
}

/* Both lists are sorted. */
static int add_changes(const struct node_addresses *before, const struct node_addresses *now,
		       struct batch *batch)
{
	size_t i = 0, j = 0;
	int r = 0;

	while (r == 0 && (i < before->count || j < now->count)) {
		int order = i == before->count ? 1
			    : j == now->count  ? -1
					       : addr_compare(before->items[i], now->items[j]);

		if (order < 0)
			r = add_change(batch, before->items[i], false);
		else if (order > 0)
			r = add_change(batch, now->items[j], true);
		i += order <= 0;
		j += order >= 0;
	}
	return r;
}

void node_addresses_take(struct node_addresses *addresses, struct batch *batch)
{
	struct node_addresses now = {0};
	size_t told = batch->address_count;

	if (host_addr_list(&now.items, &now.count) < 0)
		return;
	if (add_changes(addresses, &now, batch) < 0) {
		batch->address_count = told;
		node_addresses_clear(&now);
		return;
	}
	node_addresses_clear(addresses);
	*addresses = now;
}

int node_addresses_tell(const struct node_addresses *addresses, struct batch *batch)
{
	const struct node_addresses none = {0};

	return add_changes(&none, addresses, batch);
}

void node_addresses_clear(struct node_addresses *addresses)
{
	free(addresses->items);
	*addresses = (struct node_addresses){0};
}
