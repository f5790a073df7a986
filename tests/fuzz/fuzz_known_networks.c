#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/known_networks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* Whatever was read is found by its own addresses, and is as the header says. */
static void check(const struct known_networks *networks, struct addr address)
{
	const struct known_network *found = known_networks_find(networks, prefix_of(address));
	bool is_held = false;

	if (!found)
		return;
	require(found->name && *found->name && found->block_count > 0);
	for (size_t i = 0; i < found->block_count; i++) {
		const struct prefix block = found->blocks[i];

		require(addr_equal(prefix_around(block.addr, block.length).addr, block.addr));
		require(i == 0 || addr_compare(found->blocks[i - 1].addr, block.addr) < 0);
		require(i == 0 || !prefix_contains(found->blocks[i - 1], block.addr));
		is_held |= prefix_contains(block, address);
	}
	require(is_held);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct known_networks *networks = known_networks_new();
	struct problems problems = {0};
	struct document *document = NULL;
	struct addr address;
	int r = networks ? 0 : -ENOMEM;

	if (r == 0)
		r = document_parse((const char *)data, size, "input", &problems, &document);
	if (r == 0)
		r = known_networks_add(networks, document, &problems);
	require(r == -ENOMEM || (r < 0) == (problems.errors > 0));
	document_free(document);
	if (r == 0) {
		for (size_t i = 0; i + 4 <= size; i++)
			check(networks, addr_from_bytes(data + i, 4));
		for (size_t i = 0; i + 16 <= size; i++)
			check(networks, addr_from_bytes(data + i, 16));
		require(addr_parse("192.0.2.1", &address) == 0);
		check(networks, address);
	}
	known_networks_free(networks);
	problems_clear(&problems);
	return 0;
}
