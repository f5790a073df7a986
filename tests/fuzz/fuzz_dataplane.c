/* CNI configuration, and netlink of devices, filters and nftables. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sources/dataplane_cni.h"
#include "sources/dataplane_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_hold(bool claim)
{
	if (!claim)
		__builtin_trap();
}

static void try_messages(const void *bytes, size_t size, struct dataplane_observations *seen)
{
	struct table_seen table = {.name = ""};
	struct link_seen links[2];

	dataplane_take_filter(bytes, size, seen);
	dataplane_take_rule(bytes, size, seen);
	dataplane_decode_early(bytes, size, &table);
	must_hold(memchr(table.name, '\0', sizeof(table.name)));
	if (dataplane_decode_link(bytes, size, &links[0]) < 0)
		return;
	must_hold(memchr(links[0].name, '\0', sizeof(links[0].name)));
	must_hold(memchr(links[0].kind, '\0', sizeof(links[0].kind)));
	links[1] = links[0];
	dataplane_take_links(links, 2, seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dataplane_observations seen = {0};
	struct dataplane dataplane;
	void *copy = malloc(size ? size : 1);

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	dataplane_cni_decode(copy, size, &seen);
	try_messages(copy, size, &seen);
	must_hold(memchr(seen.program, '\0', sizeof(seen.program)));
	dataplane_judge(&seen, &dataplane);
	for (unsigned i = 0; i < DATAPLANE_ASPECTS; i++)
		must_hold((dataplane.answers[i].seen == DATAPLANE_YES) ==
			  (dataplane.answers[i].reason[0] == '\0'));
	free(copy);
	return 0;
}
