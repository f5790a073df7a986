/* Messages of nfnetlink_log. */
#include <stddef.h>
#include <stdint.h>

#include "kernel/nflog_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet_event event;
	uint32_t sequence = 0;
	int r;

	r = nflog_decode_sequence(data, size, &sequence);
	if (nflog_decode(data, size, &event) == 0 && event.has_sequence && r != 0)
		__builtin_trap();
	return 0;
}
