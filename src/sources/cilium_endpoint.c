#include "sources/cilium_endpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sources/base64.h"
#include "sources/member.h"

#define BYTES_MAX ((size_t)8 << 20)
#define PREFIX "CILIUM_BASE64_"

/* A label of every pod, so that where it is the others are as well. */
#define NAMESPACE_LABEL "io.kubernetes.pod.namespace"

/* Labels that Cilium makes of other things than the pod's labels. */
static bool is_derived(const char *key)
{
	return strcmp(key, NAMESPACE_LABEL) == 0 || strncmp(key, "io.cilium.", 10) == 0;
}

/* One set of labels: {KEY: {"key", "value", "source"}}. */
static int add_labels(const json_t *set, struct finding *finding)
{
	const char *key;
	json_t *label;

	json_object_foreach((json_t *)set, key, label)
	{
		const char *name, *value, *source;
		int r = 0;

		if (!json_is_object(label) || !member_text(label, "key", &name) ||
		    !member_text(label, "value", &value) || !member_text(label, "source", &source))
			return -EPROTO;
		if (strcmp(source, "k8s") != 0)
			continue;
		finding->labelled |= strcmp(name, NAMESPACE_LABEL) == 0;
		if (!is_derived(name))
			r = labels_set(&finding->labels, name, value);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_all_labels(const json_t *root, struct finding *finding)
{
	static const char *const sets[] = {"OrchestrationIdentity", "OrchestrationInfo",
					   "Disabled"};
	const json_t *all, *set;

	if (!member_object(root, "OpLabels", &all))
		return -EPROTO;
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		int r = member_object(all, sets[i], &set) ? add_labels(set, finding) : -EPROTO;

		if (r < 0)
			return r;
	}
	if (!finding->labelled)
		labels_clear(&finding->labels);
	return 0;
}

static int add_address(const json_t *root, const char *key, struct finding *finding)
{
	struct claim_address address = {.secondary = finding_is_further(finding)};
	const char *text;
	int r;

	if (!member_text(root, key, &text))
		return -EPROTO;
	if (!*text)
		return 0;
	r = finding_parse_address(text, &address.address);
	return r < 0 ? r : finding_add_address(finding, &address);
}

static int add_text(const json_t *root, const char *key, char **field)
{
	const char *text;

	return member_text(root, key, &text) ? finding_set(field, text) : -EPROTO;
}

static int add_all(const json_t *root, struct finding *finding)
{
	int r = add_text(root, "ContainerIfName", &finding->interface);

	if (r == 0)
		r = add_text(root, "K8sNamespace", &finding->namespace);
	if (r == 0)
		r = add_text(root, "K8sPodName", &finding->name);
	if (r == 0)
		r = add_text(root, "K8sUID", &finding->uid);
	if (r == 0)
		r = add_address(root, "IPv4", finding);
	if (r == 0)
		r = add_address(root, "IPv6", finding);
	return r < 0 ? r : add_all_labels(root, finding);
}

static int decode_endpoint(const json_t *root, struct findings *ret)
{
	struct finding *finding;
	const char *sandbox;
	int r;

	if (!json_is_integer(json_object_get(root, "ID")) ||
	    !member_text(root, "dockerID", &sandbox))
		return -EPROTO;
	if (!*sandbox)
		return 0;
	r = findings_add(ret, sandbox, &finding);
	return r < 0 ? r : add_all(root, finding);
}

static int decode_json(const char *bytes, size_t length, struct findings *ret)
{
	json_t *root;
	int r = member_load(bytes, length, &root);

	if (r < 0)
		return r;
	r = decode_endpoint(root, ret);
	json_decref(root);
	return r;
}

static int decode_base64(const char *text, size_t length, struct findings *ret)
{
	char *bytes = malloc(length + 1);
	size_t decoded;
	int r = bytes ? base64_decode(text, length, bytes, &decoded) : -ENOMEM;

	if (r == 0)
		r = decode_json(bytes, decoded, ret);
	free(bytes);
	return r;
}

/* The rest of the line behind "CILIUM_BASE64_VERSION:"; a line that does not end is cut short. */
static int decode_header(const char *bytes, size_t length, struct findings *ret)
{
	const char *end = bytes + length, *line_end, *text;
	const char *mark = memmem(bytes, length, PREFIX, strlen(PREFIX));

	line_end = mark ? memchr(mark, '\n', (size_t)(end - mark)) : NULL;
	text = line_end ? memchr(mark, ':', (size_t)(line_end - mark)) : NULL;
	if (!text)
		return -EPROTO;
	text++;
	if (text < line_end && *text == '{')
		return decode_json(text, (size_t)(line_end - text), ret);
	return decode_base64(text, (size_t)(line_end - text), ret);
}

static int decode(const struct content *content, struct findings *ret)
{
	if (content->length == 0)
		return -ENODATA;
	if (strcmp(content->name, CILIUM_ENDPOINT_JSON) == 0)
		return decode_json(content->bytes, content->length, ret);
	return decode_header(content->bytes, content->length, ret);
}

const struct format cilium_endpoint_format = {.source = CLAIM_CILIUM,
					      .wrong = "not the state of a Cilium endpoint",
					      .bytes_max = BYTES_MAX,
					      .large = "larger than 8 MiB",
					      .decode = decode};
