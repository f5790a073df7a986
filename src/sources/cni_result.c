#include "sources/cni_result.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define ID_LENGTH 64
#define INTERFACE_LENGTH_MAX 15
#define LOOPBACK_NETWORK "cni-loopback"

const char *cni_result_error(int error)
{
	switch (error) {
	case -ENODATA:
		return "empty";
	case -EBADMSG:
		return "not JSON";
	case -EPROTO:
		return "not a CNI result";
	case -ENOKEY:
		return "neither the content nor the file name has a sandbox id";
	case -EADDRNOTAVAIL:
		return "an address that is none";
	case -EFBIG:
		return "larger than 1 MiB";
	case -ENOMEM:
		return "out of memory";
	default:
		return "cannot be decoded";
	}
}

void cni_result_clear(struct cni_result *result)
{
	free(result->sandbox);
	free(result->interface);
	free(result->netns);
	free(result->namespace);
	free(result->name);
	free(result->uid);
	free(result->addresses);
	*result = (struct cni_result){0};
}

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

bool cni_result_is_loopback(const char *file_name)
{
	const char *id = find_id(file_name);

	return id && (strcmp(id + ID_LENGTH + 1, "lo") == 0 ||
		      strncmp(file_name, LOOPBACK_NETWORK "-", strlen(LOOPBACK_NETWORK "-")) == 0);
}

/* "" where absent or null; NULL if it is something else. */
static const char *get_text(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!value || json_is_null(value))
		return "";
	return json_string_value(value);
}

/* An array that may be absent or null. */
static bool get_array(const json_t *object, const char *key, const json_t **ret)
{
	const json_t *value = json_object_get(object, key);

	*ret = json_is_null(value) ? NULL : value;
	return !*ret || json_is_array(*ret);
}

/* CNI arguments are a list of pairs. */
static const char *get_argument(const json_t *arguments, const char *key)
{
	for (size_t i = 0; i < json_array_size(arguments); i++) {
		const json_t *pair = json_array_get(arguments, i);
		const char *name = json_string_value(json_array_get(pair, 0));
		const char *value = json_string_value(json_array_get(pair, 1));

		if (name && value && strcmp(name, key) == 0)
			return value;
	}
	return "";
}

/* "ADDRESS/LENGTH" or "ADDRESS". */
static int parse_address(const char *text, struct addr *ret)
{
	char address[ADDR_TEXT_MAX];
	size_t length = text ? strcspn(text, "/") : 0;
	struct prefix prefix;

	if (length == 0 || length >= sizeof(address) || prefix_parse(text, &prefix) < 0)
		return -EADDRNOTAVAIL;
	memcpy(address, text, length);
	address[length] = '\0';
	return addr_parse(address, ret) < 0 ? -EADDRNOTAVAIL : 0;
}

static int add_address(const char *text, struct cni_result *result)
{
	struct addr address, *addresses;
	int r = parse_address(text, &address);

	if (r < 0)
		return r;
	/* Every pod may have these. */
	if (addr_is_loopback(address) || addr_is_link_local(address))
		return 0;
	for (size_t i = 0; i < result->address_count; i++)
		if (addr_equal(result->addresses[i], address))
			return 0;
	addresses = reallocarray(result->addresses, result->address_count + 1, sizeof(*addresses));
	if (!addresses)
		return -ENOMEM;
	result->addresses = addresses;
	addresses[result->address_count++] = address;
	return 0;
}

/* Is this an address of an interface that lies in the sandbox? */
static bool is_inside(const json_t *ip, const json_t *interfaces)
{
	const json_t *index = json_object_get(ip, "interface");
	const char *sandbox;

	if (!json_is_integer(index) || json_integer_value(index) < 0)
		return false;
	sandbox =
	    get_text(json_array_get(interfaces, (size_t)json_integer_value(index)), "sandbox");
	return sandbox && *sandbox;
}

/* CNI 0.3 and later. The host's end of a veth is listed as well; plugins that name no sandbox mean
 * the pod. */
static int add_ips(const json_t *result, struct cni_result *ret)
{
	const json_t *ips, *interfaces;
	bool any_inside = false;
	int r = 0;

	if (!get_array(result, "ips", &ips) || !get_array(result, "interfaces", &interfaces))
		return -EPROTO;
	for (size_t i = 0; i < json_array_size(ips); i++)
		any_inside |= is_inside(json_array_get(ips, i), interfaces);
	for (size_t i = 0; i < json_array_size(ips) && r == 0; i++) {
		const json_t *ip = json_array_get(ips, i);

		if (!json_is_object(ip))
			return -EPROTO;
		if (!any_inside || is_inside(ip, interfaces))
			r = add_address(json_string_value(json_object_get(ip, "address")), ret);
	}
	return r;
}

/* CNI 0.1 and 0.2. */
static int add_single(const json_t *result, const char *key, struct cni_result *ret)
{
	const json_t *value = json_object_get(result, key);

	if (!value || json_is_null(value))
		return 0;
	if (!json_is_object(value))
		return -EPROTO;
	return add_address(json_string_value(json_object_get(value, "ip")), ret);
}

static int add_addresses(const json_t *result, struct cni_result *ret)
{
	int r = add_ips(result, ret);

	if (r == 0)
		r = add_single(result, "ip4", ret);
	if (r == 0)
		r = add_single(result, "ip6", ret);
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

/* All texts borrowed. */
struct names {
	const char *network, *sandbox, *interface, *netns;
	const json_t *arguments;
	const json_t *result;
};

static int read_cached(const json_t *root, struct names *names)
{
	names->network = get_text(root, "networkName");
	names->sandbox = get_text(root, "containerId");
	names->interface = get_text(root, "ifName");
	names->netns = get_text(root, "netns");
	names->result = json_object_get(root, "result");
	if (!names->network || !names->sandbox || !names->interface || !names->netns ||
	    !get_array(root, "cniArgs", &names->arguments) || !json_is_object(names->result))
		return -EPROTO;
	if (!*names->sandbox)
		names->sandbox = get_argument(names->arguments, "K8S_POD_INFRA_CONTAINER_ID");
	return 0;
}

static int read_names(const json_t *root, struct names *names)
{
	const char *kind = get_text(root, "kind");

	*names = (struct names){.network = "", .sandbox = "", .interface = "", .netns = ""};
	if (!json_is_object(root) || !kind)
		return -EPROTO;
	if (strcmp(kind, "cniCacheV1") == 0)
		return read_cached(root, names);
	if (*kind || !looks_like_result(root))
		return -EPROTO;
	names->result = root;
	return 0;
}

static int copy(const char *text, size_t length, char **ret)
{
	*ret = strndup(text, length);
	return *ret ? 0 : -ENOMEM;
}

static int copy_names(const struct names *names, const char *file_name, struct cni_result *ret)
{
	const char *id = find_id(file_name), *sandbox = names->sandbox;
	const char *interface = names->interface;
	size_t sandbox_length = strlen(sandbox);
	const char *const texts[] = {names->netns,
				     get_argument(names->arguments, "K8S_POD_NAMESPACE"),
				     get_argument(names->arguments, "K8S_POD_NAME"),
				     get_argument(names->arguments, "K8S_POD_UID")};
	char **const copies[] = {&ret->netns, &ret->namespace, &ret->name, &ret->uid};
	int r;

	if (sandbox_length == 0 && id) {
		sandbox = id;
		sandbox_length = ID_LENGTH;
	}
	if (sandbox_length == 0)
		return -ENOKEY;
	if (!*interface && id)
		interface = id + ID_LENGTH + 1;
	r = copy(sandbox, sandbox_length, &ret->sandbox);
	if (r == 0)
		r = copy(interface, strlen(interface), &ret->interface);
	for (size_t i = 0; i < 4 && r == 0; i++)
		r = copy(texts[i], strlen(texts[i]), copies[i]);
	return r;
}

static int decode(const json_t *root, const char *file_name, struct cni_result *ret)
{
	struct cni_result result = {0};
	struct names names;
	int r = read_names(root, &names);

	if (r < 0)
		return r;
	if (strcmp(names.network, LOOPBACK_NETWORK) == 0 || strcmp(names.interface, "lo") == 0 ||
	    cni_result_is_loopback(file_name))
		return CNI_RESULT_SKIPPED;
	r = add_addresses(names.result, &result);
	if (r == 0 && result.address_count == 0)
		r = CNI_RESULT_SKIPPED;
	if (r == 0)
		r = copy_names(&names, file_name, &result);
	if (r == 0)
		*ret = result;
	else
		cni_result_clear(&result);
	return r;
}

int cni_result_decode(const char *bytes, size_t length, const char *file_name,
		      struct cni_result *ret)
{
	json_error_t error;
	json_t *root;
	int r;

	if (length > CNI_RESULT_BYTES_MAX)
		return -EFBIG;
	if (length == 0)
		return -ENODATA;
	root = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EBADMSG;
	r = decode(root, file_name, ret);
	json_decref(root);
	return r;
}
