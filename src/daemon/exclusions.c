#include "daemon/exclusions.h"

#include "kernel/ct_filter.h"

_Static_assert(EXCLUSIONS_MAX <= CT_FILTER_PREFIXES_MAX, "the kernel's filter holds them all");

struct exclusions exclusions_of(const struct config *config)
{
	struct exclusions exclusions = {
	    .items = {{.addr = {.family = ADDR_IPV4, .bytes = {127}}, .length = 8},
		      {.addr = {.family = ADDR_IPV6, .bytes = {[15] = 1}}, .length = 128}},
	    .count = 2,
	};

	for (size_t i = 0; i < config->conntrack.exclude_count; i++)
		exclusions.items[exclusions.count++] = config->conntrack.excludes[i];
	return exclusions;
}

bool exclusions_hold(const struct exclusions *exclusions, struct addr client, struct addr server)
{
	return ct_excluded(exclusions->items, exclusions->count, client, server);
}
