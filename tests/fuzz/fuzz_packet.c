/* Packets as a log rule copies them. */
#include <stddef.h>
#include <stdint.h>

#include "kernel/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tuple tuple;
	bool fragment;

	if (packet_decode(data, size, &tuple, &fragment) == 0 &&
	    (!addr_is_set(tuple.source) || (fragment && tuple.has_ports)))
		__builtin_trap();
	return 0;
}
