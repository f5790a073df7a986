#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sources/cni_result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct cni_result *result)
{
	if (!*result->sandbox || !result->interface || !result->netns || !result->namespace ||
	    !result->name || !result->uid || result->address_count == 0)
		abort();
	for (size_t i = 0; i < result->address_count; i++)
		if (!addr_is_set(result->addresses[i]))
			abort();
}

/* The first line is the file's name, the rest its content. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
	size_t name_length = end ? (size_t)(end - data) : 0;
	size_t skipped = end ? name_length + 1 : 0;
	char *name = strndup((const char *)data, name_length);
	struct cni_result result = {0};
	int r;

	if (!name)
		return 0;
	r = cni_result_decode((const char *)data + skipped, size - skipped, name, &result);
	if (r == 0)
		check(&result);
	else if (result.sandbox || (r < 0 && !*cni_result_error(r)))
		abort();
	cni_result_clear(&result);
	free(name);
	return 0;
}
