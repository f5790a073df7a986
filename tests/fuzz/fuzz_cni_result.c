#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sources/cni_result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct finding *finding)
{
	if (!*finding->sandbox || finding->address_count == 0)
		abort();
	for (size_t i = 0; i < finding->address_count; i++)
		if (!addr_is_set(finding->addresses[i].address))
			abort();
}

/* The first line is the file's name, the rest its content. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
	size_t name_length = end ? (size_t)(end - data) : 0;
	size_t skipped = end ? name_length + 1 : 0;
	char *name = strndup((const char *)data, name_length);
	struct content content = {
	    .name = name, .bytes = (const char *)data + skipped, .length = size - skipped};
	struct findings findings = {0};
	int r;

	if (!name)
		return 0;
	r = format_decode(&cni_result_format, &content, &findings);
	for (size_t i = 0; i < findings.count; i++)
		check(&findings.items[i]);
	if (r < 0 && (findings.items || !*format_error(&cni_result_format, r)))
		abort();
	findings_clear(&findings);
	free(name);
	return 0;
}
