#include "sources/finding.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int format_decode(const struct format *format, const struct content *content, struct findings *ret)
{
	int r = content->length > format->bytes_max ? -EFBIG : format->decode(content, ret);

	if (r < 0)
		findings_clear(ret);
	return r;
}

const char *format_error(const struct format *format, int error)
{
	const char *text;

	switch (error) {
	case -EPROTO:
		return format->wrong;
	case -ENODATA:
		return "empty";
	case -EBADMSG:
		return "not JSON";
	case -ENOKEY:
		return "no sandbox id";
	case -EADDRNOTAVAIL:
		return "an address that is none";
	case -EFBIG:
		return format->large;
	case -E2BIG:
		return "too many sandboxes";
	case -EMEDIUMTYPE:
		return "not a regular file";
	case -EAGAIN:
		return "changes while it is read";
	default:
		text = strerrordesc_np(-error);
		return text ? text : "cannot be read";
	}
}

static void finding_clear(struct finding *finding)
{
	free(finding->sandbox);
	free(finding->interface);
	free(finding->netns);
	free(finding->namespace);
	free(finding->name);
	free(finding->uid);
	labels_clear(&finding->labels);
	free(finding->addresses);
}

void findings_clear(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		finding_clear(&findings->items[i]);
	free(findings->items);
	*findings = (struct findings){0};
}

/* Where the sandbox is, or would be. */
static size_t find_place(const struct findings *findings, const char *sandbox)
{
	size_t low = 0, high = findings->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(findings->items[middle].sandbox, sandbox) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct finding *findings_get(const struct findings *findings, const char *sandbox)
{
	size_t at = find_place(findings, sandbox);

	return at < findings->count && strcmp(findings->items[at].sandbox, sandbox) == 0
		   ? &findings->items[at]
		   : NULL;
}

static int make_room(struct findings *findings)
{
	size_t capacity = findings->count ? findings->count * 2 : 1;
	struct finding *items;

	if (findings->count >= FINDINGS_MAX)
		return -E2BIG;
	if (findings->count & (findings->count - 1))
		return 0;
	items = reallocarray(findings->items, capacity, sizeof(*items));
	if (!items)
		return -ENOMEM;
	findings->items = items;
	return 0;
}

static void move(struct findings *findings, size_t from, size_t to, size_t count)
{
	memmove(&findings->items[to], &findings->items[from], count * sizeof(*findings->items));
}

int findings_add(struct findings *findings, const char *sandbox, struct finding **ret)
{
	size_t at;
	char *copy;
	int r;

	if (!sandbox || !*sandbox)
		return -ENOKEY;
	*ret = findings_get(findings, sandbox);
	if (*ret)
		return 0;
	r = make_room(findings);
	if (r < 0)
		return r;
	copy = strdup(sandbox);
	if (!copy)
		return -ENOMEM;
	at = find_place(findings, sandbox);
	move(findings, at, at + 1, findings->count - at);
	findings->items[at] = (struct finding){.sandbox = copy};
	findings->count++;
	*ret = &findings->items[at];
	return 0;
}

void findings_remove(struct findings *findings, size_t index)
{
	finding_clear(&findings->items[index]);
	findings->count--;
	move(findings, index + 1, index, findings->count - index);
}

int finding_set(char **field, const char *text)
{
	char *copy = NULL;

	if (text && *text) {
		copy = strdup(text);
		if (!copy)
			return -ENOMEM;
	}
	free(*field);
	*field = copy;
	return 0;
}

int finding_agree(char **field, const char *text)
{
	if (*field && text && *text)
		return strcmp(*field, text) == 0 ? 0 : -EPROTO;
	return text && *text ? finding_set(field, text) : 0;
}

const struct claim_address *finding_address(const struct finding *finding, struct addr address)
{
	for (size_t i = 0; i < finding->address_count; i++)
		if (addr_equal(finding->addresses[i].address, address))
			return &finding->addresses[i];
	return NULL;
}

static bool is_every_pods(struct addr address)
{
	return addr_is_loopback(address) ||
	       (address.family == ADDR_IPV6 && addr_is_link_local(address));
}

int finding_add_address(struct finding *finding, const struct claim_address *address)
{
	size_t count = finding->address_count;
	struct claim_address *addresses;

	if (is_every_pods(address->address) || finding_address(finding, address->address))
		return 0;
	addresses = reallocarray(finding->addresses, count + 1, sizeof(*addresses));
	if (!addresses)
		return -ENOMEM;
	addresses[count] = *address;
	finding->addresses = addresses;
	finding->address_count++;
	return 0;
}

int finding_parse_address(const char *text, struct addr *ret)
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

bool finding_is_further(const struct finding *finding)
{
	return finding->interface && strcmp(finding->interface, FINDING_PRIMARY_INTERFACE) != 0;
}

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_same_address(const struct claim_address *a, const struct claim_address *b)
{
	return addr_equal(a->address, b->address) && a->since == b->since && a->exact == b->exact &&
	       a->secondary == b->secondary;
}

bool finding_equal(const struct finding *a, const struct finding *b)
{
	if (!is_same_text(a->sandbox, b->sandbox) || !is_same_text(a->interface, b->interface) ||
	    !is_same_text(a->netns, b->netns) || !is_same_text(a->namespace, b->namespace) ||
	    !is_same_text(a->name, b->name) || !is_same_text(a->uid, b->uid) ||
	    a->labelled != b->labelled || !labels_equal(&a->labels, &b->labels) ||
	    a->host_network != b->host_network || a->created != b->created ||
	    a->address_count != b->address_count)
		return false;
	for (size_t i = 0; i < a->address_count; i++)
		if (!is_same_address(&a->addresses[i], &b->addresses[i]))
			return false;
	return true;
}
