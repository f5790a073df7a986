/* Messages of ctnetlink: events, answers and statistics. */
#include <stddef.h>
#include <stdint.h>

#include "kernel/ct_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conntrack_stats stats = {0};
	struct conntrack_event event;

	if (ct_decode(data, size, CT_MULTICAST, &event) == 0 &&
	    (event.type == CONNTRACK_ENTRY || !addr_is_set(event.original.source)))
		__builtin_trap();
	if (ct_decode(data, size, CT_ANSWER, &event) == 0 &&
	    (event.type != CONNTRACK_ENTRY || !addr_is_set(event.reply.source)))
		__builtin_trap();
	ct_decode_stats(data, size, &stats);
	return 0;
}
