/* Datagrams of the kernel in answer to requests; the first eight bytes are the sequence numbers
 * expected. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernel/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(void *context, const void *message, size_t length)
{
	const uint8_t *bytes = message;

	*(unsigned *)context += bytes[0] + bytes[length - 1];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct answer answer = {0};
	unsigned sum = 0;

	if (size < 8)
		return 0;
	memcpy(&answer.first, data, 4);
	memcpy(&answer.last, data + 4, 4);
	answer_take(&answer, data + 8, size - 8, look, &sum);
	if (answer.error > 0)
		__builtin_trap();
	return 0;
}
