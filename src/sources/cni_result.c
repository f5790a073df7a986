#include "sources/cni_result.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sources/member.h"

#define ID_LENGTH 64
#define INTERFACE_LENGTH_MAX 15
#define LOOPBACK_NETWORK "cni-loopback"

static bool is_id(const char *text)
{
	for (size_t i = 0; i < ID_LENGTH; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return true;
}

/* The last "-ID-INTERFACE" (network names hold dashes, too): where ID begins, or NULL. */
static const char *find_id(const char *file_name)
{
	size_t length = strlen(file_name);

	for (size_t tail = 1; tail <= INTERFACE_LENGTH_MAX; tail++) {
		size_t rest = ID_LENGTH + 1 + tail;
		const char *at = file_name + length - rest;

		if (length < rest)
			break;
		if (at[ID_LENGTH] == '-' && is_id(at) && (at == file_name || at[-1] == '-'))
			return at;
	}
	return NULL;
}

static bool is_loopback(const char *file_name)
{
	const char *id = find_id(file_name);

	return id && (strcmp(id + ID_LENGTH + 1, "lo") == 0 ||
		      strncmp(file_name, LOOPBACK_NETWORK "-", strlen(LOOPBACK_NETWORK "-")) == 0);
}

/* CNI arguments are a list of pairs of texts. */
static bool are_arguments(const json_t *arguments)
{
	for (size_t i = 0; i < json_array_size(arguments); i++) {
		const json_t *pair = json_array_get(arguments, i);

		if (!json_is_string(json_array_get(pair, 0)) ||
		    !json_is_string(json_array_get(pair, 1)))
			return false;
	}
	return true;
}

static const char *get_argument(const json_t *arguments, const char *key)
{
	for (size_t i = 0; i < json_array_size(arguments); i++) {
		const json_t *pair = json_array_get(arguments, i);

		if (strcmp(json_string_value(json_array_get(pair, 0)), key) == 0)
			return json_string_value(json_array_get(pair, 1));
	}
	return "";
}

/* All texts borrowed. */
struct names {
	const char *network, *sandbox, *interface, *netns;
	const json_t *arguments;
	const json_t *result;
};

static int add_address(const char *text, bool secondary, struct finding *finding)
{
	struct claim_address address = {.secondary = secondary};
	int r = finding_parse_address(text, &address.address);

	if (r < 0)
		return r;
	if (addr_is_link_local(address.address))
		address.secondary = false;
	return finding_add_address(finding, &address);
}

/* The interface of this address, if it lies in the sandbox, else NULL; its name may be "". */
static int get_inside(const json_t *ip, const json_t *interfaces, const char **ret)
{
	const json_t *index = json_object_get(ip, "interface"), *interface;
	const char *sandbox, *name;

	*ret = NULL;
	if (!json_is_object(ip))
		return -EPROTO;
	if (!index || json_is_null(index))
		return 0;
	if (!json_is_integer(index))
		return -EPROTO;
	if (json_integer_value(index) < 0)
		return 0;
	interface = json_array_get(interfaces, (size_t)json_integer_value(index));
	if (!interface)
		return 0;
	if (!json_is_object(interface) || !member_text(interface, "sandbox", &sandbox) ||
	    !member_text(interface, "name", &name))
		return -EPROTO;
	*ret = *sandbox ? name : NULL;
	return 0;
}

/* CNI 0.3 and later. The host's end of a veth is listed as well; plugins that name no sandbox mean
 * the pod. */
static int add_ips(const struct names *names, struct finding *finding)
{
	const json_t *ips, *interfaces;
	bool any_inside = false, any_own = false;
	const char *inside;
	int r = 0;

	if (!member_array(names->result, "ips", &ips) ||
	    !member_array(names->result, "interfaces", &interfaces))
		return -EPROTO;
	for (size_t i = 0; i < json_array_size(ips); i++) {
		r = get_inside(json_array_get(ips, i), interfaces, &inside);
		if (r < 0)
			return r;
		any_inside |= inside != NULL;
		any_own |= inside && strcmp(inside, names->interface) == 0;
	}
	for (size_t i = 0; i < json_array_size(ips) && r == 0; i++) {
		const json_t *ip = json_array_get(ips, i);

		get_inside(ip, interfaces, &inside);
		if (!any_inside || inside)
			r = add_address(json_string_value(json_object_get(ip, "address")),
					any_own && strcmp(inside, names->interface) != 0, finding);
	}
	return r;
}

/* CNI 0.1 and 0.2. */
static int add_single(const json_t *result, const char *key, struct finding *finding)
{
	const json_t *value;

	if (!member_object(result, key, &value))
		return -EPROTO;
	return value ? add_address(json_string_value(json_object_get(value, "ip")), false, finding)
		     : 0;
}

static int add_addresses(const struct names *names, struct finding *finding)
{
	int r = add_ips(names, finding);

	if (r == 0)
		r = add_single(names->result, "ip4", finding);
	if (r == 0)
		r = add_single(names->result, "ip6", finding);
	return r;
}

/* Has the object anything that only a result has? */
static bool looks_like_result(const json_t *object)
{
	static const char *const keys[] = {"cniVersion", "ips", "ip4", "ip6", "interfaces"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (json_object_get(object, keys[i]))
			return true;
	return false;
}

static int read_cached(const json_t *root, struct names *names)
{
	if (!member_text(root, "networkName", &names->network) ||
	    !member_text(root, "containerId", &names->sandbox) ||
	    !member_text(root, "ifName", &names->interface) ||
	    !member_text(root, "netns", &names->netns) ||
	    !member_array(root, "cniArgs", &names->arguments) || !are_arguments(names->arguments) ||
	    !member_object(root, "result", &names->result) || !names->result)
		return -EPROTO;
	if (!*names->sandbox)
		names->sandbox = get_argument(names->arguments, "K8S_POD_INFRA_CONTAINER_ID");
	return 0;
}

static int read_names(const json_t *root, struct names *names)
{
	const char *kind;

	*names = (struct names){.network = "", .sandbox = "", .interface = "", .netns = ""};
	if (!json_is_object(root) || !member_text(root, "kind", &kind))
		return -EPROTO;
	if (strcmp(kind, "cniCacheV1") == 0)
		return read_cached(root, names);
	if (*kind || !looks_like_result(root))
		return -EPROTO;
	names->result = root;
	return 0;
}

static int set_names(const struct names *names, struct finding *finding)
{
	const json_t *arguments = names->arguments;
	int r = finding_set(&finding->interface, names->interface);

	if (r == 0)
		r = finding_set(&finding->netns, names->netns);
	if (r == 0)
		r = finding_set(&finding->namespace, get_argument(arguments, "K8S_POD_NAMESPACE"));
	if (r == 0)
		r = finding_set(&finding->name, get_argument(arguments, "K8S_POD_NAME"));
	if (r == 0)
		r = finding_set(&finding->uid, get_argument(arguments, "K8S_POD_UID"));
	return r;
}

static int decode_names(const json_t *root, const char *file_name, struct findings *ret)
{
	const char *id = find_id(file_name);
	char file_id[ID_LENGTH + 1] = "";
	struct finding *finding;
	struct names names;
	int r = read_names(root, &names);

	if (r < 0)
		return r;
	if (strcmp(names.network, LOOPBACK_NETWORK) == 0 || strcmp(names.interface, "lo") == 0 ||
	    is_loopback(file_name))
		return 0;
	if (id)
		memcpy(file_id, id, ID_LENGTH);
	if (id && !*names.interface)
		names.interface = id + ID_LENGTH + 1;
	r = findings_add(ret, *names.sandbox ? names.sandbox : file_id, &finding);
	if (r == 0)
		r = add_addresses(&names, finding);
	if (r == 0)
		r = set_names(&names, finding);
	if (r == 0 && finding->address_count == 0)
		findings_clear(ret);
	return r;
}

static bool is_relevant(const char *file_name)
{
	return file_name[0] != '.' && !is_loopback(file_name);
}

static int decode(const struct content *content, struct findings *ret)
{
	json_t *root;
	int r = member_load(content->bytes, content->length, &root);

	if (r < 0)
		return r;
	r = decode_names(root, content->name, ret);
	json_decref(root);
	return r;
}

const struct format cni_result_format = {.source = CLAIM_CNI_RESULT,
					 .wrong = "not a CNI result",
					 .bytes_max = CNI_RESULT_BYTES_MAX,
					 .large = "larger than 1 MiB",
					 .decode = decode,
					 .is_relevant = is_relevant,
					 .by_network = true};
