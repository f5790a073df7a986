/* The state of a hand-over: what is read is what would be written. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "daemon/handover_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct handover_state state;
	struct buf text = {0};

	if (handover_decode((const char *)data, size, &state) < 0)
		return 0;
	handover_encode(&state, &text);
	if (text.error || text.length != size || memcmp(text.data, data, size) != 0)
		__builtin_trap();
	buf_clear(&text);
	return 0;
}
