#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sources/aws_ipam.h"
#include "sources/cilium_endpoint.h"
#include "sources/cni_result.h"
#include "sources/host_local.h"
#include "sources/kindnet.h"
#include "sources/oci_bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct format *find_format(const char *source)
{
	static const struct format *const formats[] = {&aws_ipam_format,   &cilium_endpoint_format,
						       &cni_result_format, &host_local_format,
						       &kindnet_format,    &oci_bundle_format};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i]->source, source) == 0)
			return formats[i];
	return NULL;
}

static void check(const struct finding *finding)
{
	if (!finding->sandbox || !*finding->sandbox)
		abort();
	for (size_t i = 0; i < finding->address_count; i++)
		if (!addr_is_set(finding->addresses[i].address) ||
		    finding_address(finding, finding->addresses[i].address) !=
			&finding->addresses[i])
			abort();
}

static void decode(const struct format *format, const struct content *content)
{
	struct findings findings = {0};
	int r = format_decode(format, content, &findings);

	for (size_t i = 0; i < findings.count; i++) {
		check(&findings.items[i]);
		if (findings_get(&findings, findings.items[i].sandbox) != &findings.items[i])
			abort();
	}
	if (r > 0 || (r < 0 && (findings.items || !*format_error(format, r))))
		abort();
	findings_clear(&findings);
}

/* The first line is "SOURCE NAME" of the file, the rest its content. Where the source has a log,
 * NAME is the length of the file, and the log follows it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
	char *line = end ? strndup((const char *)data, (size_t)(end - data)) : NULL;
	char *name = line ? strchr(line, ' ') : NULL;
	const struct format *format;
	struct content content;

	if (!name) {
		free(line);
		return 0;
	}
	*name++ = '\0';
	content = (struct content){.name = name,
				   .bytes = (const char *)end + 1,
				   .length = size - (size_t)(end + 1 - data)};
	format = find_format(line);
	if (format && format->has_log) {
		size_t length = strtoul(name, NULL, 10);

		length = length < content.length ? length : content.length;
		content.log = content.bytes + length;
		content.log_length = content.length - length;
		content.length = length;
	}
	if (format)
		decode(format, &content);
	free(line);
	return 0;
}
