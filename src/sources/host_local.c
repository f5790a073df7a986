#include "sources/host_local.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define BYTES_MAX ((size_t)4096)
#define WORD_MAX 512
#define ID_LENGTH 64

static bool is_relevant(const char *file_name)
{
	struct addr address;

	return addr_parse(file_name, &address) == 0;
}

static size_t skip(const char *text, size_t length, size_t at, bool space)
{
	while (at < length && (isspace((unsigned char)text[at]) != 0) == space)
		at++;
	return at;
}

/* [from, to) as text. -EPROTO if that is no name of anything. */
static int cut(const char *text, size_t from, size_t to, char ret[static WORD_MAX])
{
	if (to - from >= WORD_MAX)
		return -EPROTO;
	for (size_t i = from; i < to; i++)
		if (!isgraph((unsigned char)text[i]))
			return -EPROTO;
	memcpy(ret, text + from, to - from);
	ret[to - from] = '\0';
	return 0;
}

static bool is_whole_id(const char *text)
{
	return strlen(text) == ID_LENGTH && text[strspn(text, "0123456789abcdef")] == '\0';
}

struct allocation {
	char sandbox[WORD_MAX];
	char interface[WORD_MAX]; /* "": an old version does not say */
};

/* What is cut short must not pass for another sandbox or a version without interface. */
static int parse(const char *text, size_t length, struct allocation *ret)
{
	size_t id = skip(text, length, 0, true), id_end = skip(text, length, id, false);
	size_t name = skip(text, length, id_end, true), name_end = skip(text, length, name, false);
	int r = cut(text, id, id_end, ret->sandbox);

	if (r == 0)
		r = cut(text, name, name_end, ret->interface);
	if (r < 0)
		return r;
	if (id == id_end)
		return -ENODATA;
	if (skip(text, length, name_end, true) != length ||
	    (id_end == length && !is_whole_id(ret->sandbox)) ||
	    (id_end < length && text[id_end] == '\r' && name == name_end))
		return -EPROTO;
	return 0;
}

static int decode(const struct content *content, struct findings *ret)
{
	struct claim_address address = {.exact = true};
	struct allocation allocation;
	struct finding *finding;
	int r = addr_parse(content->name, &address.address) < 0 ? -EADDRNOTAVAIL : 0;

	if (r == 0)
		r = parse(content->bytes, content->length, &allocation);
	if (r == 0)
		r = findings_add(ret, allocation.sandbox, &finding);
	if (r == 0)
		r = finding_set(&finding->interface, allocation.interface);
	if (r < 0)
		return r;
	address.secondary = finding_is_further(finding);
	return finding_add_address(finding, &address);
}

const struct format host_local_format = {.source = CLAIM_HOST_LOCAL,
					 .wrong = "not an allocation of host-local",
					 .bytes_max = BYTES_MAX,
					 .large = "larger than 4 KiB",
					 .decode = decode,
					 .is_relevant = is_relevant};
