#include "sources/aws_ipam.h"

#include <errno.h>
#include <string.h>

#include "sources/member.h"

#define BYTES_MAX ((size_t)4 << 20)
#define VERSION "vpc-cni-ipam/1"

/* What older versions wrote for allocations that they took over without knowing it. */
#define UNKNOWN_INTERFACE "unknown"

static bool is_primary(const char *interface)
{
	return !*interface || strcmp(interface, FINDING_PRIMARY_INTERFACE) == 0 ||
	       strcmp(interface, UNKNOWN_INTERFACE) == 0;
}

static int read_time(const json_t *entry, int64_t *ret)
{
	const json_t *value = json_object_get(entry, "allocationTimestamp");

	*ret = 0;
	if (!value || json_is_null(value))
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return -EPROTO;
	*ret = json_integer_value(value);
	return 0;
}

static int add_address(const json_t *entry, const char *key, struct claim_address *address,
		       struct finding *finding)
{
	const char *text;
	int r;

	if (!member_text(entry, key, &text))
		return -EPROTO;
	if (!*text)
		return 0;
	r = finding_parse_address(text, &address->address);
	return r < 0 ? r : finding_add_address(finding, address);
}

static int add_addresses(const json_t *entry, struct finding *finding)
{
	struct claim_address address = {0};
	const char *interface;
	int r = read_time(entry, &address.since);

	if (!member_text(entry, "ifName", &interface))
		return -EPROTO;
	address.exact = address.since > 0;
	address.secondary = !is_primary(interface);
	if (r == 0)
		r = add_address(entry, "ipv4", &address, finding);
	if (r == 0)
		r = add_address(entry, "ipv6", &address, finding);
	return r;
}

static int add_names(const json_t *entry, struct finding *finding)
{
	const char *namespace, *name;
	const json_t *metadata;
	int r;

	if (!member_object(entry, "metadata", &metadata) ||
	    !member_text(metadata, "k8sPodNamespace", &namespace) ||
	    !member_text(metadata, "k8sPodName", &name))
		return -EPROTO;
	r = finding_agree(&finding->namespace, namespace);
	return r < 0 ? r : finding_agree(&finding->name, name);
}

static int add_entry(const json_t *entry, struct findings *ret)
{
	struct finding *finding;
	const char *sandbox;
	int r;

	if (!json_is_object(entry) || !member_text(entry, "containerID", &sandbox))
		return -EPROTO;
	r = findings_add(ret, sandbox, &finding);
	if (r == 0)
		r = add_addresses(entry, finding);
	if (r == 0)
		r = add_names(entry, finding);
	return r;
}

static int decode_root(const json_t *root, struct findings *ret)
{
	const json_t *entries;
	const char *version;
	int r = 0;

	if (!json_is_object(root) || !member_text(root, "version", &version) ||
	    strcmp(version, VERSION) != 0 || !member_array(root, "allocations", &entries))
		return -EPROTO;
	for (size_t i = 0; i < json_array_size(entries) && r == 0; i++)
		r = add_entry(json_array_get(entries, i), ret);
	return r;
}

static int decode(const struct content *content, struct findings *ret)
{
	json_t *root;
	int r = member_load(content->bytes, content->length, &root);

	if (r < 0)
		return r;
	r = decode_root(root, ret);
	json_decref(root);
	return r;
}

const struct format aws_ipam_format = {.source = CLAIM_AWS_VPC_CNI,
				       .wrong = "not state of the VPC CNI (" VERSION ")",
				       .bytes_max = BYTES_MAX,
				       .large = "larger than 4 MiB",
				       .decode = decode};
